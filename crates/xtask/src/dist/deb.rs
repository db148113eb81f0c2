//! Debian packages: `libdunlin0` with the shared library, `libdunlin-dev` with what programs are built with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::build::Built;
use super::consumer;
use super::layout::{Layout, write};
use super::system::{System, Version};
use crate::place;
use crate::shell::{check, output};

/// The packages' names, without the version of the interface.
const RUN_TIME: &str = "libdunlin";
const DEVELOPMENT: &str = "libdunlin-dev";

/// Makes both packages in `out`, with `scratch` for their contents; their files.
pub fn make(built: &Built, scratch: &Path, out: &Path) -> Result<Vec<PathBuf>> {
    let ask = |variable: &str, flag: &str| -> Result<String> {
        let said = output(Command::new("dpkg-architecture").arg(flag).arg(variable));
        Ok(said.context("Debian packages are made where dpkg-dev is installed")?.trim().to_owned())
    };
    let (architecture, triple) = (ask("DEB_HOST_ARCH", "-q")?, ask("DEB_HOST_MULTIARCH", "-q")?);
    let version = Version::here();
    let name = format!("{RUN_TIME}{}", version.major);
    fs::create_dir_all(out)?;
    let mut files = Vec::new();
    for package in [name.as_str(), DEVELOPMENT] {
        let root = scratch.join(package);
        if root.exists() {
            fs::remove_dir_all(&root)?;
        }
        let layout = Layout {
            system: System::Linux,
            version: version.clone(),
            lib: format!("lib/{triple}"),
            doc: "share/doc/dunlin",
        };
        layout.write(built, &root.join("usr"))?;
        keep_only(&root.join("usr"), &layout.lib, package == DEVELOPMENT)?;
        documents(&root, package)?;
        control(&root, package, &name, &architecture, &version)?;
        let file = out.join(format!("{package}_{version}-1_{architecture}.deb"));
        let mut pack = Command::new("dpkg-deb");
        check(
            pack.args(["--build", "--root-owner-group"])
                .arg(&root)
                .arg(&file)
                .stdout(std::process::Stdio::null()),
        )?;
        files.push(file);
    }
    Ok(files)
}

/// Takes away what the other package holds.
fn keep_only(usr: &Path, lib: &str, is_development: bool) -> Result<()> {
    let lib = usr.join(lib);
    if !is_development {
        fs::remove_dir_all(usr.join("include"))?;
        for folder in ["cmake", "pkgconfig"] {
            fs::remove_dir_all(lib.join(folder))?;
        }
    }
    for entry in fs::read_dir(&lib)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_of_development = !name.contains(".so.");
        if entry.file_type()?.is_dir() || is_of_development == is_development {
            continue;
        }
        fs::remove_file(entry.path())?;
    }
    Ok(())
}

/// Licences and changes, where Debian looks for them.
fn documents(root: &Path, package: &str) -> Result<()> {
    let (from, to) = (root.join("usr/share/doc/dunlin"), root.join("usr/share/doc").join(package));
    let read = |name: &str| fs::read_to_string(from.join(name)).with_context(|| name.to_owned());
    let texts = [read("LICENSE-MIT")?, read("LICENSE-APACHE")?, read("THIRD-PARTY.txt")?];
    fs::remove_dir_all(&from)?;
    let rule = format!("\n{}\n\n", "=".repeat(80));
    write(
        &to.join("copyright"),
        &format!("Dunlin is licensed under either of these, as you choose.\n{rule}{}", texts.join(&rule)),
    )?;
    fs::copy(place::repository().join("CHANGELOG.md"), to.join("changelog"))?;
    check(Command::new("gzip").args(["-9n"]).arg(to.join("changelog")))
}

fn control(root: &Path, package: &str, run_time: &str, architecture: &str, version: &Version) -> Result<()> {
    let installed = installed_kib(&root.join("usr"))?;
    let (section, depends, summary, about) = match package == DEVELOPMENT {
        true => (
            "libdevel",
            format!("{run_time} (= {version}-1)"),
            "inference of ONNX models inside a program (development files)",
            "Headers, the static library, and files for pkg-config and CMake.",
        ),
        false => (
            "libs",
            format!("libc6 (>= {})", super::build::GLIBC_FLOOR),
            "inference of ONNX models inside a program",
            "A library that loads a machine-learning model and runs it inside the program that links it.",
        ),
    };
    let control = format!(
        "Package: {package}\nSource: dunlin\nVersion: {version}-1\nArchitecture: {architecture}\nMulti-Arch: same\n\
         Section: {section}\nPriority: optional\nInstalled-Size: {installed}\nDepends: {depends}\n\
         Maintainer: The Dunlin developers <dunlin@example.org>\nHomepage: {}\nDescription: {summary}\n {about}\n",
        env!("CARGO_PKG_REPOSITORY"),
    );
    let folder = root.join("DEBIAN");
    write(&folder.join("control"), &control)?;
    if package == run_time {
        write(&folder.join("shlibs"), &format!("{RUN_TIME} {} {run_time} (>= {version})\n", version.major))?;
        write(&folder.join("triggers"), "activate-noawait ldconfig\n")?;
    }
    let mut sums = Command::new("sh");
    sums.current_dir(root).args(["-c", "find usr -type f -print0 | sort -z | xargs -0 md5sum"]);
    write(&folder.join("md5sums"), &output(&mut sums)?)
}

fn installed_kib(folder: &Path) -> Result<u64> {
    let mut total = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        total += match entry.file_type()?.is_dir() {
            true => installed_kib(&entry.path())?,
            false => entry.path().symlink_metadata()?.len().div_ceil(1024),
        };
    }
    Ok(total)
}

/// What each package must hold, with `LIB` for its folder of libraries.
const CONTENTS: &[(&str, &[&str])] = &[
    ("libdunlin0_", &["LIB/libdunlin.so.0", "/copyright", "/changelog.gz"]),
    (
        "libdunlin-dev_",
        &[
            "./usr/include/dunlin.h",
            "LIB/libdunlin.so",
            "LIB/libdunlin.a",
            "LIB/pkgconfig/dunlin.pc",
            "dunlinConfig.cmake",
        ],
    ),
];

/// Looks into the packages, unpacks them into one folder as an installation does, and builds programs against that.
pub fn inspect(files: &[PathBuf], scratch: &Path) -> Result<()> {
    let root = scratch.join("installed");
    if root.exists() {
        fs::remove_dir_all(&root)?;
    }
    let triple = output(Command::new("dpkg-architecture").args(["-q", "DEB_HOST_MULTIARCH"]))?;
    let lib = format!("lib/{}", triple.trim());
    for file in files {
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let listed = output(Command::new("dpkg-deb").arg("-c").arg(file))?;
        let wanted =
            CONTENTS.iter().filter(|(package, _)| name.starts_with(package)).flat_map(|(_, parts)| *parts);
        for part in wanted {
            let part = part.replace("LIB", &lib);
            if !listed.contains(&part) {
                bail!("{name} lacks {part}");
            }
        }
        println!(
            "  {name}: {} bytes, {} files and folders",
            fs::metadata(file)?.len(),
            listed.lines().count()
        );
        check(Command::new("dpkg").arg("-x").arg(file).arg(&root))?;
    }
    consumer::check_all(&root.join("usr"), &lib, &scratch.join("consumer"))
}
