//! The XCFramework: a static framework for each of Apple's systems, as Xcode and the stores want it, and the archive that a package manager
//! takes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::apple::{self, Slice};
use crate::place;
use crate::shell::{check, is_there, output};

/// Builds the slices that this machine can, and lays them out in bindings/swift, with their archive beside them.
pub fn make(profile: &str, filter: Option<&str>, rust_web: Option<&Path>) -> Result<()> {
    let wanted = apple::SLICES.iter().filter(|slice| filter.is_none_or(|id| slice.id() == id));
    let mut built = Vec::new();
    for slice in wanted {
        built.extend(slice.build(profile, rust_web)?);
    }
    if built.is_empty() {
        println!("no XCFramework: this machine can build no slice of it");
        return Ok(());
    }
    let package = place::repository().join("bindings/swift");
    let framework = package.join("Dunlin.xcframework");
    if framework.exists() {
        fs::remove_dir_all(&framework)?;
    }
    for Built { slice, library } in &built {
        lay_out(slice, library, &framework.join(slice.id()))?;
    }
    fs::write(framework.join("Info.plist"), index(&built))?;
    let archive = pack(&package)?;
    println!("{}: {} bytes", framework.display(), bytes_of(&framework)?);
    println!("{}: {} bytes", archive.display(), fs::metadata(&archive)?.len());
    println!("checksum {}", checksum(&archive)?);
    println!("not run here: linking into an app, Xcode, simulators, devices, the stores' checks");
    Ok(())
}

/// A slice and its static library.
pub struct Built {
    /// With the processors that it was built for.
    pub slice: Slice,
    /// The library.
    pub library: PathBuf,
}

/// What the frameworks and the module are called.
const NAME: &str = "CDunlinFFI";

/// Writes a static framework. Its headers lie in a folder of its own, so that they are in no other library's way.
fn lay_out(slice: &Slice, library: &Path, folder: &Path) -> Result<()> {
    let framework = folder.join(format!("{NAME}.framework"));
    let (contents, resources) = match slice.is_deep {
        true => (framework.join("Versions/A"), framework.join("Versions/A/Resources")),
        false => (framework.clone(), framework.clone()),
    };
    for folder in [&contents.join("Headers"), &contents.join("Modules"), &resources] {
        fs::create_dir_all(folder)?;
    }
    fs::copy(library, contents.join(NAME)).with_context(|| format!("copying {}", library.display()))?;
    let header = place::repository().join("bindings/swift/generated/CDunlinFFI.h");
    fs::copy(header, contents.join("Headers/CDunlinFFI.h"))?;
    fs::write(contents.join("Modules/module.modulemap"), MODULE)?;
    fs::write(resources.join("Info.plist"), plist(&information(slice)))?;
    let manifest = fs::read_to_string(place::repository().join("bindings/swift/PrivacyInfo.xcprivacy"))?;
    apple::check_privacy(&fs::read(library)?, &manifest)?;
    fs::write(resources.join("PrivacyInfo.xcprivacy"), manifest)?;
    if slice.is_deep {
        link("A", &framework.join("Versions/Current"))?;
        for name in [NAME, "Headers", "Modules", "Resources"] {
            link(&format!("Versions/Current/{name}"), &framework.join(name))?;
        }
    }
    Ok(())
}

const MODULE: &str = "framework module CDunlinFFI {
    header \"CDunlinFFI.h\"
    export *
}
";

/// What a framework says of itself: the stores refuse one without the oldest system and the platform.
fn information(slice: &Slice) -> String {
    let oldest = if slice.is_deep { "LSMinimumSystemVersion" } else { "MinimumOSVersion" };
    let version = env!("CARGO_PKG_VERSION");
    [
        string("CFBundleDevelopmentRegion", "en"),
        string("CFBundleExecutable", NAME),
        string("CFBundleIdentifier", "dev.dunlin.CDunlinFFI"),
        string("CFBundleInfoDictionaryVersion", "6.0"),
        string("CFBundleName", NAME),
        string("CFBundlePackageType", "FMWK"),
        string("CFBundleShortVersionString", version),
        strings("CFBundleSupportedPlatforms", &[slice.platform_name]),
        string("CFBundleVersion", version),
        string(oldest, slice.oldest),
    ]
    .concat()
}

/// Which slices there are.
fn index(built: &[Built]) -> String {
    let libraries = built.iter().map(|Built { slice, .. }| {
        let binary = if slice.is_deep { format!("Versions/A/{NAME}") } else { NAME.to_owned() };
        let variant = slice.variant.map(|variant| string("SupportedPlatformVariant", variant));
        let keys = [
            string("BinaryPath", &format!("{NAME}.framework/{binary}")),
            string("LibraryIdentifier", &slice.id()),
            string("LibraryPath", &format!("{NAME}.framework")),
            strings("SupportedArchitectures", &slice.processors()),
            string("SupportedPlatform", slice.platform),
            variant.unwrap_or_default(),
        ];
        format!("<dict>\n{}</dict>\n", keys.concat())
    });
    let libraries: String = libraries.collect();
    plist(&format!(
        "<key>AvailableLibraries</key>\n<array>\n{libraries}</array>\n{}{}",
        string("CFBundlePackageType", "XFWK"),
        string("XCFrameworkFormatVersion", "1.0"),
    ))
}

fn plist(keys: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>
<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">
<plist version=\"1.0\">\n<dict>\n{keys}</dict>\n</plist>\n"
    )
}

fn string(key: &str, value: &str) -> String {
    format!("<key>{key}</key>\n<string>{value}</string>\n")
}

fn strings(key: &str, values: &[&str]) -> String {
    let values: String = values.iter().map(|value| format!("<string>{value}</string>\n")).collect();
    format!("<key>{key}</key>\n<array>\n{values}</array>\n")
}

#[cfg(unix)]
fn link(target: &str, place: &Path) -> Result<()> {
    Ok(std::os::unix::fs::symlink(target, place)?)
}

#[cfg(not(unix))]
fn link(_: &str, place: &Path) -> Result<()> {
    bail!("{} must be a link, which are made on Linux and macOS alone", place.display())
}

/// Packs the XCFramework: the same bytes for the same contents, whoever packs them and when.
fn pack(package: &Path) -> Result<PathBuf> {
    if !is_there("zip") {
        bail!("zip is needed");
    }
    let archive = package.join("Dunlin.xcframework.zip");
    if archive.exists() {
        fs::remove_file(&archive)?;
    }
    let mut names = Vec::new();
    list(&package.join("Dunlin.xcframework"), &mut names)?;
    names.sort();
    let in_package = |program: &str| {
        let mut command = Command::new(program);
        command.current_dir(package).env("TZ", "UTC").env("LC_ALL", "C");
        command
    };
    check(in_package("chmod").args(["-R", "u=rwX,go=rX", "Dunlin.xcframework"]))?;
    let relative: Vec<&Path> =
        names.iter().map(|name| name.strip_prefix(package)).collect::<Result<_, _>>()?;
    check(in_package("touch").args(["-h", "-d", "2000-01-01T00:00:00Z"]).args(&relative))?;
    check(in_package("zip").args(["-q", "-X", "-y", "-D", "Dunlin.xcframework.zip"]).args(&relative))?;
    Ok(archive)
}

/// Files and links of a folder and those in it.
fn list(folder: &Path, names: &mut Vec<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            list(&entry.path(), names)?;
        } else {
            names.push(entry.path());
        }
    }
    Ok(())
}

fn bytes_of(folder: &Path) -> Result<u64> {
    let mut names = Vec::new();
    list(folder, &mut names)?;
    names.iter().map(|name| Ok(fs::symlink_metadata(name)?.len())).sum()
}

/// The SHA-256 of a file, as `swift package compute-checksum` gives it.
fn checksum(file: &Path) -> Result<String> {
    let printed = match is_there("sha256sum") {
        true => output(Command::new("sha256sum").arg(file))?,
        false => output(Command::new("shasum").args(["-a", "256"]).arg(file))?,
    };
    printed.split_whitespace().next().map(str::to_owned).context("no checksum")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_framework_says_what_the_stores_ask_for() {
        let text = plist(&information(&apple::SLICES[0]));
        assert!(text.contains("<key>MinimumOSVersion</key>\n<string>15.0</string>"), "{text}");
        assert!(text.contains("<key>CFBundleSupportedPlatforms</key>\n<array>\n<string>iPhoneOS</string>"));
    }

    #[test]
    fn the_index_names_each_slice() {
        let built: Vec<Built> = apple::SLICES
            .iter()
            .map(|slice| Built { slice: slice.clone(), library: PathBuf::new() })
            .collect();
        let text = index(&built);
        for id in ["ios-arm64", "ios-arm64_x86_64-simulator", "macos-arm64_x86_64"] {
            assert!(text.contains(&format!("<string>{id}</string>")), "{text}");
        }
    }
}
