//! A C or C++ program: compiled with all warnings, run, and its output compared.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::library::Library;
use crate::place;
use crate::shell::check;

/// A program, what it is given, and what it must print.
#[derive(Debug)]
pub struct Program {
    /// The source files from the repository's root; the first names the program.
    pub sources: &'static [&'static str],
    /// What its compiler is given besides the usual.
    pub flags: &'static [&'static str],
    /// Its arguments. `models/...` is a fetched model, `{library}` the shared library, `{made}...` a folder for its own files.
    pub args: &'static [&'static str],
    /// What it must print, and exit with 0.
    pub expected: Expected,
    /// Which sanitizers and checkers it is for.
    pub under: &'static [Checker],
}

/// What a program must print.
#[derive(Debug, Clone, Copy)]
pub enum Expected {
    /// This, somewhere in its output.
    Text(&'static str),
    /// Exactly what ONNX Runtime gave for the same files: the text of this name that examples.py wrote.
    Peer(&'static str),
}

/// What can look at a program while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Checker {
    /// AddressSanitizer, with leaks.
    Address,
    /// ThreadSanitizer.
    Thread,
    /// UndefinedBehaviorSanitizer, of the C and C++ side.
    Undefined,
    /// Valgrind's memcheck, with leaks.
    Valgrind,
}

/// The flags of every C program.
const C: &[&str] = &["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"];

/// The flags of every C++ program that says nothing of its standard.
const CPP: &[&str] = &["-std=c++17", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"];

impl Program {
    /// Its first file.
    pub fn name(&self) -> &'static str {
        self.sources.first().copied().unwrap_or_default()
    }

    /// Its first file, with what tells it from others of that file.
    pub fn title(&self) -> String {
        [&[self.name()], self.flags].concat().join(" ")
    }

    /// The fetched model that it needs.
    pub fn model(&self) -> Option<&'static str> {
        self.args.iter().find_map(|arg| arg.strip_prefix("models/"))
    }

    /// Compiles and runs it; what it printed.
    ///
    /// # Errors
    /// If it does not compile, fails, or prints something else.
    pub fn run(&self, library: &Library) -> Result<String> {
        let binary = self.compile(library)?;
        let made = binary.with_extension("made");
        std::fs::create_dir_all(&made)?;
        let mut command = match library.launcher.split_first() {
            Some((launcher, options)) => {
                let mut command = Command::new(launcher);
                command.args(options).arg(&binary);
                command
            }
            None => Command::new(&binary),
        };
        // Cargo points it to its own target folder.
        command.env_remove("LD_LIBRARY_PATH");
        command.current_dir(place::repository()).envs(library.environment.iter().cloned());
        for arg in self.args {
            command.arg(match arg.strip_prefix("models/") {
                Some(model) => place::cache()?.join("models").join(model),
                None if *arg == "{library}" => library.shared(),
                None => PathBuf::from(arg.replace("{made}", &made.to_string_lossy())),
            });
        }
        let output = command.output().with_context(|| format!("starting {}", binary.display()))?;
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let (fits, expected) = match self.expected {
            Expected::Text(text) => (out.contains(text), text.to_owned()),
            Expected::Peer(name) => {
                let text = std::fs::read_to_string(peers()?.join(name)).context(name)?;
                (*out == text, text)
            }
        };
        if !output.status.success() || !fits {
            bail!("ended with {} and printed {out:?}, not {expected:?}\n{err}", output.status);
        }
        Ok(out.into_owned())
    }

    /// Compiles it; the binary.
    ///
    /// # Errors
    /// If it does not compile, which a warning is enough for.
    pub fn compile(&self, library: &Library) -> Result<PathBuf> {
        let source = Path::new(self.name());
        let is_cpp = source.extension().is_some_and(|extension| extension == "cpp");
        let (variable, compiler, usual) = if is_cpp { ("CXX", "c++", CPP) } else { ("CC", "cc", C) };
        let folder = library.folder.join("native");
        std::fs::create_dir_all(&folder)?;
        let binary = folder.join([&self.name().replace(['/', '.'], "-"), &*self.flags.concat()].concat());
        let compiler = std::env::var(variable).unwrap_or_else(|_| compiler.to_owned());
        let mut link = Command::new(&compiler);
        for (at, source) in self.sources.iter().enumerate() {
            let object = binary.with_extension(format!("{at}.o"));
            let mut compile = Command::new(&compiler);
            compile
                .current_dir(place::repository())
                .args(usual)
                .args(self.flags)
                .args(&library.compiler_flags);
            check(compile.args(["-g", "-pthread", "-Iinclude", "-c", source, "-o"]).arg(&object))?;
            link.arg(object);
        }
        link.args(&library.linker_flags).arg("-o").arg(&binary).arg("-L").arg(&library.folder);
        let is_opened = self.args.contains(&"{library}");
        if !is_opened {
            link.args(["-ldunlin".to_owned(), format!("-Wl,-rpath,{}", library.folder.display())]);
        }
        check(link.args(["-pthread", "-ldl", "-lm"]))?;
        Ok(binary)
    }
}

/// The folder for what ONNX Runtime made of the examples' files.
pub fn peers() -> Result<PathBuf> {
    let folder = place::target()?.join("examples");
    std::fs::create_dir_all(&folder)?;
    Ok(folder)
}
