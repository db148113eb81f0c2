//! A scenario as lines and raw bytes, for programs in languages without JSON, and their answers, in the same form.
//! tests/c/scenario.c says what the words are.

use anyhow::{Context, Result, anyhow, bail, ensure};
use dunlin_testing::scenario::{Answer, Array, Scenario};

/// Element types with their numbers in the C interface.
const DTYPES: &[(&str, i32)] = &[
    ("float32", 1),
    ("uint8", 2),
    ("int8", 3),
    ("uint16", 4),
    ("int16", 5),
    ("int32", 6),
    ("int64", 7),
    ("string", 8),
    ("bool", 9),
    ("float16", 10),
    ("float64", 11),
    ("uint32", 12),
    ("uint64", 13),
    ("bfloat16", 16),
];

/// A scenario as such a program reads it.
pub fn write(scenario: &Scenario) -> Result<Vec<u8>> {
    let mut out = format!("threads {}\n", scenario.threads);
    for (input, output) in &scenario.states {
        out += &format!("state {input} {output}\n");
    }
    out += &format!("model {}\n", scenario.model);
    if scenario.session {
        out += "session\n";
    }
    let mut out = out.into_bytes();
    for step in &scenario.steps {
        for (name, array) in &step.inputs {
            write_input(name, array, &mut out)?;
        }
        out.extend(b"run\n");
    }
    Ok(out)
}

fn write_input(name: &str, array: &Array, out: &mut Vec<u8>) -> Result<()> {
    let dtype = DTYPES.iter().find(|(name, _)| *name == array.dtype);
    let (_, dtype) = dtype.with_context(|| format!("{} is no type of scenarios", array.dtype))?;
    let bytes = match &*array.dtype {
        "string" => array.strings.iter().flat_map(|text| [text.as_bytes(), b"\0"].concat()).collect(),
        _ => array.bytes().map_err(|error| anyhow!(error))?,
    };
    let dims: String = array.shape.iter().map(|size| format!("{size} ")).collect();
    out.extend(format!("input {name} {dtype} {} {dims}{}\n", array.shape.len(), bytes.len()).as_bytes());
    out.extend([&*bytes, b"\n"].concat());
    Ok(())
}

/// The instruction set that a program tells, and its answers.
pub fn read(text: &[u8]) -> Result<(String, Vec<Answer>)> {
    let mut rest = text;
    ensure!(word(&mut rest)? == "isa", "the answers begin with the instruction set");
    let (isa, mut answers) = (word(&mut rest)?.to_owned(), Vec::new());
    while !rest.is_empty() {
        match word(&mut rest)? {
            "step" => answers.push(Answer::Outputs(Default::default())),
            "error" => {
                let kind = word(&mut rest)?.to_owned();
                let message = String::from_utf8_lossy(block(&mut rest)?).into_owned();
                // Of a step, which began without outputs; or of the load.
                answers.pop();
                answers.push(Answer::Error(kind, message));
            }
            "output" => {
                let (name, array) = read_output(&mut rest)?;
                let Some(Answer::Outputs(outputs)) = answers.last_mut() else {
                    bail!("an output outside of a step")
                };
                outputs.insert(name, array);
            }
            other => bail!("{other:?} is no word of answers"),
        }
    }
    Ok((isa, answers))
}

fn read_output(rest: &mut &[u8]) -> Result<(String, Array)> {
    let name = word(rest)?.to_owned();
    let number = word(rest)?.parse::<i32>()?;
    let dtype = DTYPES.iter().find(|(_, own)| *own == number).with_context(|| format!("type {number}"))?.0;
    let shape = (0..word(rest)?.parse::<usize>()?)
        .map(|_| Ok(word(rest)?.parse()?))
        .collect::<Result<Vec<usize>>>()?;
    let bytes = block(rest)?;
    if dtype != "string" {
        return Ok((name, Array::of_bytes(dtype, shape, bytes)));
    }
    let texts = std::str::from_utf8(bytes)?.split_terminator('\0').map(str::to_owned).collect();
    Ok((name, Array::of_strings(shape, texts)))
}

/// The next word, without the blank or line feed behind it.
fn word<'t>(rest: &mut &'t [u8]) -> Result<&'t str> {
    let end = rest.iter().position(u8::is_ascii_whitespace).context("the answers end too early")?;
    let word = std::str::from_utf8(&rest[..end])?;
    *rest = &rest[end + 1..];
    Ok(word)
}

/// A number of bytes, a line feed, the bytes, a line feed.
fn block<'t>(rest: &mut &'t [u8]) -> Result<&'t [u8]> {
    let n = word(rest)?.parse::<usize>()?;
    ensure!(rest.len() > n, "the answers end too early");
    let block = &rest[..n];
    *rest = &rest[n + 1..];
    Ok(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_in_their_order() {
        let text = b"isa avx2\nstep\noutput y 8 1 2 5\na\0bc\0\nstep\nerror shape 3\nbad\nstep\noutput z 2 0 1\n\n\n";
        let (isa, answers) = read(text).unwrap();
        assert_eq!((isa.as_str(), answers.len()), ("avx2", 3));
        let Answer::Outputs(outputs) = &answers[0] else { panic!("{answers:?}") };
        assert_eq!(outputs["y"], Array::of_strings(vec![2], vec!["a".to_owned(), "bc".to_owned()]));
        assert!(matches!(&answers[1], Answer::Error(kind, why) if kind == "shape" && why == "bad"));
        let Answer::Outputs(outputs) = &answers[2] else { panic!("{answers:?}") };
        assert_eq!(outputs["z"], Array::of_bytes("uint8", Vec::new(), b"\n"));
        assert!(read(b"isa avx2\noutput y").is_err());
    }
}
