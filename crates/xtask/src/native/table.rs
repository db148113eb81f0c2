//! The C and C++ programs: the examples, and what a careless or demanding host does.

use super::program::Checker::{self, Address, Thread, Undefined, Valgrind};
use super::program::Expected::{self, Peer, Text};
use super::program::Program;

const DIGITS: &str = "examples/digits/digits.onnx";
const CHAIN: &str = "crates/core/tests/data/chain.onnx";
const SEVEN: &str = "examples/digits/seven.pgm";
const DETECTOR: &str = "models/yolov8n_320.onnx";
const VOICE: &str = "models/silero_vad.onnx";
const RELEASED: &str = "the buffer was released 1 time";
const ENCRYPTED: &str = "{made}/digits.encrypted";
const DECRYPTED: &str = "decrypted: a model of float32[batch, 1, 28, 28]";
const STOPPED: &str = "within a millisecond: deadline\nafter the switch: cancelled";

/// All that look at memory and threads.
const ALL: &[Checker] = &[Address, Thread, Undefined, Valgrind];

/// For programs that load or copy the library themselves, or count threads: what the checkers add would be counted, too.
const NONE: &[Checker] = &[];

/// For programs that set what Valgrind does not imitate, such as rounding.
const SANITIZERS: &[Checker] = &[Address, Thread, Undefined];

/// All programs.
pub const PROGRAMS: &[Program] = &[
    example(&["examples/c/classify.c"], &[DIGITS, SEVEN], Text("7 with 9")),
    example(&["examples/cpp/classify.cpp"], &[DIGITS, SEVEN], Text("7 with 9")),
    example(&["examples/c/detect.c"], &[DETECTOR, "examples/pictures/astronaut.ppm"], Peer("detect")),
    example(&["examples/cpp/detect.cpp"], &[DETECTOR, "examples/pictures/astronaut.ppm"], Peer("detect")),
    example(&["examples/c/voice_activity.c"], &[VOICE, "examples/sounds/words.wav"], Peer("voice_activity")),
    example(
        &["examples/cpp/voice_activity.cpp"],
        &[VOICE, "examples/sounds/words.wav"],
        Peer("voice_activity"),
    ),
    example(&["examples/c/host_buffers.c"], &[DIGITS], Text(RELEASED)),
    example(&["examples/cpp/host_buffers.cpp"], &[DIGITS], Text(RELEASED)),
    example(&["examples/c/cancel.c"], &[DIGITS], Text(STOPPED)),
    example(&["examples/cpp/cancel.cpp"], &[DIGITS], Text(STOPPED)),
    example(&["examples/c/shared_pool.c"], &[DIGITS, DIGITS], Text("2 models ran")),
    example(&["examples/cpp/shared_pool.cpp"], &[DIGITS, DIGITS], Text("2 models ran")),
    example(&["examples/c/report.c"], &[DIGITS], Text("on cpu")),
    example(&["examples/cpp/report.cpp"], &[DIGITS], Text("on cpu")),
    example(&["examples/c/host_pool.c"], &[DIGITS], Text("which helped many times")),
    example(&["examples/cpp/host_pool.cpp"], &[DIGITS], Text("which helped many times")),
    example(&["examples/c/encrypted.c"], &[DIGITS, ENCRYPTED], Text(DECRYPTED)),
    example(&["examples/cpp/encrypted.cpp"], &[DIGITS, ENCRYPTED], Text(DECRYPTED)),
    test(&["tests/c/chacha20.c"], &[], ALL),
    test(&["tests/c/guest.c"], &[DIGITS], ALL),
    test(&["tests/c/hooks.c"], &[DIGITS], ALL),
    test(&["tests/c/storm.c"], &[DIGITS, "5"], ALL),
    // Valgrind looks for leaks in the child, too, where a pool forgets workers that are not there.
    test(&["tests/c/fork.c"], &[DIGITS], &[Address, Undefined]),
    test(&["tests/c/reload.c"], &["{library}", DIGITS], NONE),
    test(&["tests/c/copies.c"], &["{library}", DIGITS, "{made}"], NONE),
    test(&["tests/c/small_stack.c"], &[DIGITS], &[Undefined, Valgrind]),
    test(&["tests/c/small_stack.c"], &[DIGITS, VOICE, "models/ppocr_det.onnx", "models/minilm.onnx"], NONE),
    test(&["tests/c/locale.c"], &[DIGITS, "{made}"], NONE),
    test(&["tests/c/floating.c"], &[DIGITS], SANITIZERS),
    test(&["tests/c/scarce.c"], &["1", "100000", "1", DIGITS, "2", DIGITS, "1", CHAIN], NONE),
    test(&["tests/c/quiet.c"], &[DIGITS, "{made}"], NONE),
    device(&[DIGITS, "candle-cpu"], "nodes were computed on candle-cpu: the same answer"),
    device(&[DIGITS, "cuda:0"], "device: "),
    header(&[]),
    header(&["-std=c++20"]),
    header(&["-fno-exceptions"]),
    header(&["-std=c++20", "-DDUNLIN_NO_EXCEPTIONS"]),
];

const fn example(
    sources: &'static [&'static str],
    args: &'static [&'static str],
    expected: Expected,
) -> Program {
    Program { sources, flags: &[], args, expected, under: ALL }
}

/// A test, which counts what went wrong.
const fn test(
    sources: &'static [&'static str],
    args: &'static [&'static str],
    under: &'static [Checker],
) -> Program {
    Program { sources, flags: &[], args, expected: Text("0 of the calls answered wrongly"), under }
}

/// A device of the library of accelerators, which is built without CUDA here.
const fn device(args: &'static [&'static str], expected: &'static str) -> Program {
    Program { sources: &["tests/c/device.c"], flags: &[], args, expected: Text(expected), under: NONE }
}

/// The C++ header, in one of the ways in which it can be compiled.
const fn header(flags: &'static [&'static str]) -> Program {
    let expected = Text("0 of the calls answered wrongly");
    let sources = &["tests/cpp/header.cpp", "tests/cpp/header_again.cpp"];
    Program { sources, flags, args: &[DIGITS], expected, under: ALL }
}
