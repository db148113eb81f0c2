//! The engines: how each is started, and how it is talked to.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context, Result, bail};
use dunlin_testing::protocol::{Answer, Request};

use crate::python;

/// An engine that can be started any number of times.
pub struct Engine {
    /// Its short name, for tables.
    pub name: &'static str,
    program: Program,
}

enum Program {
    Own(PathBuf),
    Script(&'static str),
}

/// The other engines: a name and a script of crates/xtask/python each.
const PEERS: &[(&str, &str)] = &[("onnxruntime", "peer_onnxruntime.py"), ("openvino", "peer_openvino.py")];

/// Dunlin, and with `peers` the others.
pub fn all(own: PathBuf, peers: bool) -> Result<Vec<Engine>> {
    let mut engines = vec![Engine { name: "dunlin", program: Program::Own(own) }];
    if peers {
        // Installs what is missing before anything is measured.
        python::command(&[python::BASE, python::PEERS], PEERS[0].1)?;
        engines.extend(PEERS.iter().map(|&(name, script)| Engine { name, program: Program::Script(script) }));
    }
    Ok(engines)
}

impl Engine {
    /// Starts a process of the engine.
    pub fn start(&self) -> Result<Process> {
        let mut command = match &self.program {
            Program::Own(path) => Command::new(path),
            Program::Script(script) => python::command(&[], script)?,
        };
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().with_context(|| format!("starting {}", self.name))?;
        let requests = child.stdin.take().context("no standard input")?;
        let answers = BufReader::new(child.stdout.take().context("no standard output")?);
        Ok(Process { child, requests, answers })
    }
}

/// A running engine; dropping it ends the process.
pub struct Process {
    child: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Process {
    /// Asks and waits for the answer.
    pub fn ask(&mut self, request: &Request) -> Result<Answer> {
        writeln!(self.requests, "{}", serde_json::to_string(request)?)?;
        self.requests.flush()?;
        let mut line = String::new();
        // Libraries may print lines of their own.
        while self.answers.read_line(&mut line)? > 0 {
            if let Ok(answer) = serde_json::from_str(&line) {
                return Ok(answer);
            }
            line.clear();
        }
        bail!("ended with {}", self.child.wait()?)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Either fails only if the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
