//! Lays a package out: headers, libraries and their links, what pkg-config and CMake read, licences.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::build::Built;
use super::licences;
use super::system::{System, Version, definition};
use crate::shell::check;
use crate::{native, place};

/// Where a package's files go below its root.
#[derive(Debug, Clone)]
pub struct Layout {
    pub system: System,
    pub version: Version,
    /// The folder of libraries: `lib`, or `lib/x86_64-linux-gnu` where Debian wants it.
    pub lib: String,
    /// The folder of licences.
    pub doc: &'static str,
}

impl Layout {
    /// The layout of a folder that can be put anywhere.
    pub fn portable(system: System) -> Layout {
        Layout { system, version: Version::here(), lib: "lib".to_owned(), doc: "share/doc/dunlin" }
    }

    /// Writes everything below `root`.
    pub fn write(&self, built: &Built, root: &Path) -> Result<()> {
        self.headers(root)?;
        self.libraries(built, root)?;
        self.build_systems(built, root)?;
        self.licences(built, root)
    }

    fn headers(&self, root: &Path) -> Result<()> {
        let include = place::repository().join("include");
        for name in ["dunlin.h", "dunlin.hpp"] {
            if include.join(name).exists() {
                copy(&include.join(name), &root.join("include").join(name))?;
            }
        }
        Ok(())
    }

    fn libraries(&self, built: &Built, root: &Path) -> Result<()> {
        for placed in self.system.libraries(&self.version, &self.lib) {
            let file = root.join(&placed.place);
            copy(&built.folder.join(placed.built), &file)?;
            self.strip(&file)?;
            let mut target = file.file_name().context("a library has a name")?.to_owned();
            for link in &placed.links {
                let place = file.with_file_name(link);
                link_to(target.as_ref(), &place)?;
                target = link.into();
            }
        }
        if self.system == System::Windows {
            let symbols = fs::read_to_string(place::repository().join(native::SYMBOLS))?;
            write(&root.join(&self.lib).join("dunlin.def"), &definition(&symbols))?;
        }
        Ok(())
    }

    /// Takes out what only debuggers read.
    pub fn strip(&self, library: &Path) -> Result<()> {
        let is_static = library.extension().is_some_and(|ending| ending == "a");
        let flag = match self.system {
            System::Linux if is_static => "--strip-debug",
            System::Linux => "--strip-all",
            System::MacOs => "-x",
            System::Windows => return Ok(()),
        };
        check(Command::new("strip").arg(flag).arg(library))
    }

    fn build_systems(&self, built: &Built, root: &Path) -> Result<()> {
        let lib = root.join(&self.lib);
        for (template, file) in [
            ("dunlin.pc.in", "pkgconfig/dunlin.pc"),
            ("dunlinConfig.cmake.in", "cmake/dunlin/dunlinConfig.cmake"),
            ("dunlinConfigVersion.cmake.in", "cmake/dunlin/dunlinConfigVersion.cmake"),
        ] {
            let text = fs::read_to_string(place::repository().join("packaging").join(template))?;
            let depth = self.lib.split('/').count() + file.split('/').count() - 1;
            write(&lib.join(file), &self.filled(&text, built, depth))?;
        }
        Ok(())
    }

    /// A template with its places filled in; the file lies `depth` folders below the root.
    fn filled(&self, template: &str, built: &Built, depth: usize) -> String {
        let number = |n: u32| n.to_string();
        let libs = built.static_libs.iter().map(|lib| lib.trim_start_matches("-l")).collect::<Vec<_>>();
        [
            ("@PREFIX@", vec![".."; depth].join("/")),
            ("@VERSION@", self.version.to_string()),
            ("@MAJOR@", number(self.version.major)),
            ("@MINOR@", number(self.version.minor)),
            ("@URL@", env!("CARGO_PKG_REPOSITORY").to_owned()),
            ("@SHARED_PROPERTIES@", self.system.cmake_properties(&self.version)),
            ("@STATIC_LIBRARY@", self.system.static_library().to_owned()),
            ("@STATIC_LIBS@", built.static_libs.join(" ")),
            ("@STATIC_LIBS_LIST@", libs.join(";")),
        ]
        .iter()
        .fold(template.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    fn licences(&self, built: &Built, root: &Path) -> Result<()> {
        let doc = root.join(self.doc);
        for name in ["LICENSE-MIT", "LICENSE-APACHE"] {
            copy(&place::repository().join(name), &doc.join(name))?;
        }
        write(&doc.join("THIRD-PARTY.txt"), &licences::third_party("dunlin-native", &built.features)?)
    }
}

/// Writes a file and the folders that lead to it.
pub fn write(file: &Path, text: &str) -> Result<()> {
    fs::create_dir_all(file.parent().context("a file lies in a folder")?)?;
    fs::write(file, text).with_context(|| format!("writing {}", file.display()))
}

/// Copies a file and makes the folders that lead to it.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().context("a file lies in a folder")?)?;
    let copied = fs::copy(from, to).map(|_| ());
    copied.with_context(|| format!("copying {} to {}", from.display(), to.display()))
}

/// Makes `place` a link to `target` beside it.
#[cfg(unix)]
pub fn link_to(target: &Path, place: &Path) -> Result<()> {
    if place.is_symlink() {
        fs::remove_file(place)?;
    }
    std::os::unix::fs::symlink(target, place).with_context(|| format!("linking {}", place.display()))
}

/// Where there are no links, a copy.
#[cfg(not(unix))]
pub fn link_to(target: &Path, place: &Path) -> Result<()> {
    copy(&place.with_file_name(target), place)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built() -> Built {
        Built {
            folder: "nowhere".into(),
            static_libs: vec!["-lm".to_owned(), "-lc".to_owned()],
            features: Vec::new(),
        }
    }

    #[test]
    fn files_find_the_package_from_where_they_lie() {
        let mut layout = Layout::portable(System::Linux);
        layout.version = Version { major: 0, minor: 1, patch: 2 };
        let template = "@PREFIX@|@VERSION@|@MAJOR@.@MINOR@|@STATIC_LIBS@|@STATIC_LIBS_LIST@|@STATIC_LIBRARY@";
        assert_eq!(layout.filled(template, &built(), 3), "../../..|0.1.2|0.1|-lm -lc|m;c|libdunlin.a");
    }

    #[test]
    fn no_place_of_a_template_stays_empty() {
        for system in [System::Linux, System::MacOs, System::Windows] {
            for name in ["dunlin.pc.in", "dunlinConfig.cmake.in", "dunlinConfigVersion.cmake.in"] {
                let text = fs::read_to_string(place::repository().join("packaging").join(name)).unwrap();
                let filled = Layout::portable(system).filled(&text, &built(), 2);
                assert!(
                    !filled.contains('@') || filled.contains("@rpath") && filled.matches('@').count() == 1,
                    "{filled}"
                );
            }
        }
    }
}
