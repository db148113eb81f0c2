//! The command as a person runs it: on the digit classifier, whose reference outputs ONNX Runtime made.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/digits")
}

fn dunlin(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dunlin")).current_dir(examples()).args(args).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The class that the summary lists first.
fn best(args: &[&str]) -> String {
    let output = dunlin(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = stdout(&output);
    text.lines().nth(1).and_then(|line| line.split_whitespace().last()).unwrap().to_owned()
}

#[test]
fn pictures_are_classified() {
    let cases: [(&[&str], &str); 4] = [
        (&["run", "digits.onnx", "--image", "three.png"], "3"),
        (&["run", "digits.onnx", "--image", "seven.png"], "7"),
        (&["run", "digits.onnx", "--image", "eight.png"], "8"),
        (&["run", "digits.onnx", "--image", "five-on-paper.png", "--invert"], "5"),
    ];
    for (args, digit) in cases {
        assert_eq!(best(args), digit, "{args:?}");
    }
}

#[test]
fn the_reference_is_met_and_a_wrong_one_is_not() {
    let met =
        dunlin(&["verify", "digits.onnx", "--inputs", "reference.npz", "--tolerance", "1e-5", "--json"]);
    assert!(met.status.success(), "{}", stdout(&met));
    let figures: serde_json::Value = serde_json::from_slice(&met.stdout).unwrap();
    assert_eq!(figures["passed"], true);

    let folder = scratch("verify");
    let wrong = folder.join("wrong.npz");
    let ran = dunlin(&[
        "run",
        "digits.onnx",
        "--noise",
        "1",
        "--shape",
        "batch=16",
        "--outputs",
        wrong.to_str().unwrap(),
    ]);
    assert!(ran.status.success());
    let missed = dunlin(&[
        "verify",
        "digits.onnx",
        "--inputs",
        "reference.npz",
        "--expected",
        wrong.to_str().unwrap(),
    ]);
    assert_eq!(missed.status.code(), Some(20), "{}", stdout(&missed));
}

#[test]
fn archives_go_in_and_come_out() {
    let folder = scratch("archives");
    let out = folder.join("out.npz");
    let ran =
        dunlin(&["run", "digits.onnx", "--inputs", "reference.npz", "--outputs", out.to_str().unwrap()]);
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    let read = |path: &Path| dunlin_formats::npy::read_npz(&std::fs::read(path).unwrap(), 1 << 30).unwrap();
    let (got, want) = (read(&out), read(&examples().join("reference.npz")));
    let tensor = |entries: &[(String, dunlin_core::Tensor)]| {
        let (_, tensor) = entries.iter().find(|(name, _)| name == "probabilities").unwrap();
        tensor.view::<f32>().unwrap().to_vec()
    };
    let (got, want) = (tensor(&got), tensor(&want));
    assert_eq!(got.len(), want.len());
    assert!(got.iter().zip(&want).all(|(got, want)| (got - want).abs() < 1e-5));
}

#[test]
fn failures_have_the_exit_codes_of_the_error_table() {
    let folder = scratch("failures");
    let garbage = folder.join("garbage.onnx");
    std::fs::write(&garbage, b"this is not a model").unwrap();
    let cases: [(&[&str], i32, &str); 5] = [
        (&["run", "nothing.onnx"], 19, "nothing.onnx"),
        (&["inspect", garbage.to_str().unwrap()], 11, "garbage.onnx"),
        (&["run", "digits.onnx"], 1, "\"image\""),
        (&["run", "digits.onnx", "--noise", "1", "--shape", "image=1,1,5,5"], 14, "\"image\""),
        (&["run", "digits.onnx", "--device", "abacus"], 2, "abacus"),
    ];
    for (args, code, named) in cases {
        let output = dunlin(args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{args:?}: {error}");
        assert!(error.contains(named), "{args:?}: {error}");
        assert_eq!(error.matches("os error").count(), usize::from(code == 19), "{args:?}: {error}");
        assert!(output.stdout.is_empty(), "{args:?}: nothing but errors, and those on stderr");
    }
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dunlin"))
        .args(["inspect", "digits.onnx", "--stage", "plan"])
        .current_dir(examples())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn scripts_get_json() {
    for args in [
        &["inspect", "digits.onnx", "--json"][..],
        &["bench", "digits.onnx", "--runs", "3", "--json"],
        &["run", "digits.onnx", "--image", "seven.png", "--json", "--report"],
        &["doctor", "--json"],
    ] {
        let output = dunlin(args);
        let value: Result<serde_json::Value, _> = serde_json::from_slice(&output.stdout);
        assert!(value.is_ok_and(|value| value.is_object()), "{args:?}: {}", stdout(&output));
    }
}

/// A fresh folder of this test run's.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
