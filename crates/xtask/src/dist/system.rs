//! What the systems call their libraries, and where each lies in a package.

use anyhow::{Result, bail};

/// The system that a package is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum System {
    Linux,
    MacOs,
    Windows,
}

/// A file of a package: what cargo calls it, where it goes, and the links that lead to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// Its name in cargo's target folder.
    pub built: &'static str,
    /// Its place in the package; `LIB` stands for the folder of libraries.
    pub place: String,
    /// Links beside it, each to the one before it, the first to it.
    pub links: Vec<String>,
}

impl System {
    /// The system that this program runs on.
    pub fn here() -> Result<System> {
        match std::env::consts::OS {
            "linux" => Ok(System::Linux),
            "macos" => Ok(System::MacOs),
            "windows" => Ok(System::Windows),
            other => bail!("packages are made on Linux, macOS and Windows, not on {other}"),
        }
    }

    /// The name by which programs ask for the shared library when they start.
    pub fn run_time_name(self, version: &Version) -> String {
        match self {
            System::Linux => format!("libdunlin.so.{}", version.major),
            System::MacOs => format!("libdunlin.{}.dylib", version.major),
            System::Windows => "dunlin.dll".to_owned(),
        }
    }

    /// The name of the static library.
    pub fn static_library(self) -> &'static str {
        if self == System::Windows { "dunlin_static.lib" } else { "libdunlin.a" }
    }

    /// The libraries of a package whose folder of libraries is `lib`.
    pub fn libraries(self, version: &Version, lib: &str) -> Vec<Placed> {
        let placed = |built, place: String, links: &[String]| Placed { built, place, links: links.to_vec() };
        let run_time = self.run_time_name(version);
        match self {
            System::Linux => vec![
                placed(
                    "libdunlin.so",
                    format!("{lib}/libdunlin.so.{version}"),
                    &[run_time, "libdunlin.so".to_owned()],
                ),
                placed("libdunlin.a", format!("{lib}/libdunlin.a"), &[]),
            ],
            System::MacOs => vec![
                placed("libdunlin.dylib", format!("{lib}/{run_time}"), &["libdunlin.dylib".to_owned()]),
                placed("libdunlin.a", format!("{lib}/libdunlin.a"), &[]),
            ],
            // An import library and a static one have the same ending; the first has the plain name.
            System::Windows => vec![
                placed("dunlin.dll", format!("bin/{run_time}"), &[]),
                placed("dunlin.dll.lib", format!("{lib}/dunlin.lib"), &[]),
                placed("dunlin.lib", format!("{lib}/{}", self.static_library()), &[]),
            ],
        }
    }

    /// What the linker is told beyond what cargo says, so that programs find the library by its run-time name.
    pub fn link_arguments(self, version: &Version) -> Vec<String> {
        match self {
            System::Linux => vec![format!("-Wl,-soname,{}", self.run_time_name(version))],
            System::MacOs => vec![
                format!("-Wl,-install_name,@rpath/{}", self.run_time_name(version)),
                format!("-Wl,-compatibility_version,{}.{}", version.major, version.minor),
                format!("-Wl,-current_version,{version}"),
            ],
            System::Windows => Vec::new(),
        }
    }

    /// What CMake is told of the shared library; `lib` is how its variable for the folder of libraries is read.
    pub fn cmake_properties(self, version: &Version) -> String {
        let run_time = self.run_time_name(version);
        match self {
            System::Linux => format!(
                "IMPORTED_LOCATION \"${{_dunlin_lib}}/libdunlin.so.{version}\"\n    IMPORTED_SONAME \"{run_time}\""
            ),
            System::MacOs => format!(
                "IMPORTED_LOCATION \"${{_dunlin_lib}}/{run_time}\"\n    IMPORTED_SONAME \"@rpath/{run_time}\""
            ),
            System::Windows => format!(
                "IMPORTED_LOCATION \"${{_dunlin_prefix}}/bin/{run_time}\"\n    \
                 IMPORTED_IMPLIB \"${{_dunlin_lib}}/dunlin.lib\""
            ),
        }
    }
}

/// The workspace's version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

impl Version {
    /// The version that this program, and so all of the workspace, was built at.
    pub fn here() -> Version {
        let number = |text: &str| text.parse().unwrap_or(0);
        Version {
            major: number(env!("CARGO_PKG_VERSION_MAJOR")),
            minor: number(env!("CARGO_PKG_VERSION_MINOR")),
            patch: number(env!("CARGO_PKG_VERSION_PATCH")),
        }
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// The module definition file for Windows: what the library exports.
pub fn definition(symbols: &str) -> String {
    let names = symbols.lines().map(str::trim).filter(|name| !name.is_empty());
    let exports: String = names.map(|name| format!("    {name}\n")).collect();
    format!("LIBRARY dunlin\nEXPORTS\n{exports}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERSION: Version = Version { major: 0, minor: 1, patch: 2 };

    #[test]
    fn each_system_has_its_names() {
        let cases = [
            (
                System::Linux,
                "libdunlin.so.0",
                "LIB/libdunlin.so.0.1.2 <- libdunlin.so.0 <- libdunlin.so; LIB/libdunlin.a",
                "-Wl,-soname,libdunlin.so.0",
            ),
            (
                System::MacOs,
                "libdunlin.0.dylib",
                "LIB/libdunlin.0.dylib <- libdunlin.dylib; LIB/libdunlin.a",
                "-Wl,-install_name,@rpath/libdunlin.0.dylib -Wl,-compatibility_version,0.1 -Wl,-current_version,0.1.2",
            ),
            (System::Windows, "dunlin.dll", "bin/dunlin.dll; LIB/dunlin.lib; LIB/dunlin_static.lib", ""),
        ];
        for (system, run_time, places, arguments) in cases {
            assert_eq!(system.run_time_name(&VERSION), run_time);
            let libraries = system.libraries(&VERSION, "LIB");
            let text =
                |placed: &Placed| [vec![placed.place.clone()], placed.links.clone()].concat().join(" <- ");
            assert_eq!(libraries.iter().map(text).collect::<Vec<_>>().join("; "), places);
            assert_eq!(system.link_arguments(&VERSION).join(" "), arguments);
            assert!(system.cmake_properties(&VERSION).contains(run_time));
        }
    }

    #[test]
    fn the_definition_file_lists_what_is_exported() {
        assert_eq!(
            definition("dunlin_model_free\ndunlin_version\n"),
            "LIBRARY dunlin\nEXPORTS\n    dunlin_model_free\n    dunlin_version\n"
        );
    }
}
