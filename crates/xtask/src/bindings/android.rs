//! `cargo xtask android`: the AAR, with the native libraries where there is an NDK, and the tests of the Android parts in Robolectric.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use super::kotlin::maven;
use super::{elf, library};
use crate::shell::{cargo, check};
use crate::{place, scenario};

/// How the AAR is made.
#[derive(clap::Args)]
pub struct Args {
    /// The profile that the native libraries are built in.
    #[arg(long, default_value = "release")]
    profile: String,
    /// Run the tests in Robolectric, with a library for this machine. The first time fetches about 430 MB.
    #[arg(long)]
    test: bool,
    /// Make the jar of the documentation, too.
    #[arg(long)]
    documentation: bool,
    /// Put the AAR, the sources, the documentation and the POM into this folder, laid out as a Maven repository: fails without an NDK.
    #[arg(long, value_name = "FOLDER")]
    release: Option<PathBuf>,
}

/// Builds the AAR of what can be built here, and says what it lacks.
pub fn run(args: &Args) -> Result<()> {
    let ndk = ndk();
    if let (None, Some(_)) = (&ndk, &args.release) {
        bail!("{NO_NDK}: without the native libraries it is no release");
    }
    compare_gradle()?;
    let natives = natives(ndk.as_deref(), &args.profile)?;
    let documentation = args.documentation || args.release.is_some();
    let aar = aar(&natives, args.test.then_some("dev"), documentation)?;
    match (&ndk, &args.release) {
        (None, _) => println!("{NO_NDK}: {} has the classes alone, and is no release", aar.display()),
        (Some(_), Some(repository)) => publish(&aar, repository)?,
        (Some(_), None) => println!("{}: {} bytes", aar.display(), fs::metadata(&aar)?.len()),
    }
    Ok(())
}

const NO_NDK: &str = "no Android NDK was found (ANDROID_NDK_HOME, or ndk/VERSION in ANDROID_HOME)";

/// What Android calls its processors.
const ABIS: [&str; 3] = ["arm64-v8a", "x86_64", "armeabi-v7a"];

/// The oldest Android that apps with Dunlin run on.
const MIN_SDK: &str = "24";

/// Where the NDK lies: as its variables say, or the newest of the SDK's.
fn ndk() -> Option<PathBuf> {
    let given = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|folder| folder.is_dir());
    let in_sdk = || {
        let sdk = given("ANDROID_HOME").or_else(|| given("ANDROID_SDK_ROOT"))?;
        let folders = fs::read_dir(sdk.join("ndk")).ok()?.flatten().map(|entry| entry.path());
        folders.max_by_key(|folder| version(folder))
    };
    given("ANDROID_NDK_HOME").or_else(|| given("ANDROID_NDK_ROOT")).or_else(in_sdk)
}

/// A folder's name, such as `28.2.13676358`, as numbers.
fn version(folder: &Path) -> Vec<u64> {
    let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    name.split('.').map_while(|part| part.parse().ok()).collect()
}

/// A folder with a folder for each ABI, in it libdunlin.so; an empty one without an NDK.
fn natives(ndk: Option<&Path>, profile: &str) -> Result<PathBuf> {
    let folder = place::target()?.join("bindings/android");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder)?;
    let Some(ndk) = ndk else { return Ok(folder) };
    if !cargo(&["ndk", "--version"]).output()?.status.success() {
        bail!(
            "cargo-ndk is needed: `cargo install --locked cargo-ndk`, and `rustup target add` for its targets"
        );
    }
    let mut build = cargo(&["ndk", "--platform", MIN_SDK, "--output-dir"]);
    build.arg(&folder).args(ABIS.iter().flat_map(|abi| ["--target", abi]));
    build.args(["build", "--package", "dunlin-native", "--features", "uniffi", "--profile", profile]);
    // Pages of 16 KB, which older NDKs do not link for; and the name that apps load it by.
    build.env("RUSTFLAGS", "-Clink-arg=-Wl,-z,max-page-size=16384 -Clink-arg=-Wl,-soname,libdunlin.so");
    check(build.env("ANDROID_NDK_HOME", ndk))?;
    for abi in ABIS {
        ensure!(folder.join(abi).join("libdunlin.so").is_file(), "cargo ndk made no library for {abi}");
    }
    Ok(folder)
}

/// Builds the AAR around these libraries, with tests if they are given the profile of the library that they call.
fn aar(natives: &Path, test: Option<&str>, documentation: bool) -> Result<PathBuf> {
    let mut maven = maven(PROJECT, &["clean", "verify"])?;
    maven.arg(format!("-Ddunlin.natives={}", natives.display()));
    match test {
        Some(profile) => {
            maven.arg(format!("-Ddunlin.library={}", library(profile)?.display()));
            maven.env("DUNLIN_SCENARIOS_OUT", scenario::folder()?.join("android.json"));
        }
        None => drop(maven.arg("-DskipTests")),
    }
    if documentation {
        maven.arg("-Prelease");
    }
    check(&mut maven)?;
    let made = place::repository().join(PROJECT).join("target");
    let aar = made.join(format!("dunlin-android-{VERSION}.aar"));
    fs::rename(aar.with_file_name(format!("dunlin-android-{VERSION}-aar.zip")), &aar)?;
    let has_natives = fs::read_dir(natives)?.next().is_some();
    elf::check_archive(&aar, if has_natives { ABIS.len() } else { 0 })?;
    elf::check_archive(&made.join("checked/jna.aar"), ABIS.len())?;
    elf::check_archive(&made.join("checked/jna.jar"), 2)?;
    Ok(aar)
}

/// Lays the AAR and what belongs to it out in a Maven repository.
fn publish(aar: &Path, repository: &Path) -> Result<()> {
    let beside = |kind: &str| aar.with_file_name(format!("dunlin-android-{VERSION}-{kind}.jar"));
    let made = aar.parent().context("an AAR lies in a folder")?;
    let mut deploy = maven(PROJECT, &["org.apache.maven.plugins:maven-deploy-plugin:3.1.3:deploy-file"])?;
    deploy.arg(format!("-Durl=file://{}", std::path::absolute(repository)?.display()));
    for (key, file) in [
        ("file", aar.to_path_buf()),
        ("pomFile", made.join("aar/pom.xml")),
        ("sources", beside("sources")),
        ("javadoc", beside("javadoc")),
    ] {
        ensure!(file.is_file(), "{} is missing", file.display());
        deploy.arg(format!("-D{key}={}", file.display()));
    }
    check(&mut deploy)?;
    println!("dev.dunlin:dunlin-android:{VERSION} is in {}", repository.display());
    Ok(())
}

/// Where the project lies, from the repository's root.
const PROJECT: &str = "bindings/android";

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Checks that Gradle's file says what Maven's does: Android Studio reads the one, and what is tested comes of the other.
fn compare_gradle() -> Result<()> {
    let folder = place::repository().join(PROJECT);
    let (pom, gradle) =
        (fs::read_to_string(folder.join("pom.xml"))?, fs::read_to_string(folder.join("build.gradle.kts"))?);
    let property = |name: &str| {
        let rest = pom.split_once(&format!("<{name}>")).with_context(|| format!("pom.xml has no {name}"))?.1;
        rest.split_once('<').map(|(value, _)| value.to_owned()).context("an open tag")
    };
    let (kotlin, coroutines, jna) =
        (property("kotlin.version")?, property("coroutines.version")?, property("jna.version")?);
    let lines = [
        format!("version = \"{VERSION}\""),
        format!("minSdk = {}", property("android.minSdk")?),
        format!("id(\"org.jetbrains.kotlin.android\") version \"{kotlin}\""),
        format!("\"org.jetbrains.kotlinx:kotlinx-coroutines-core-jvm:{coroutines}\""),
        format!("\"net.java.dev.jna:jna:{jna}@aar\""),
    ];
    for line in lines {
        ensure!(gradle.contains(&line), "build.gradle.kts differs from pom.xml: it has no {line}");
    }
    ensure!(property("android.minSdk")? == MIN_SDK, "pom.xml is for another Android than {MIN_SDK}");
    for path in gradle.split('"').filter(|text| text.starts_with("../") || text.starts_with("src/")) {
        ensure!(folder.join(path).exists(), "build.gradle.kts names {path}, which is not there");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradle_says_what_maven_does() {
        compare_gradle().unwrap();
    }

    #[test]
    fn the_newest_ndk_is_found_by_number() {
        let newest =
            ["9.0.1", "28.2.13676358", "28.10.1"].into_iter().max_by_key(|name| version(Path::new(name)));
        assert_eq!(newest, Some("28.10.1"));
    }
}
