//! Cutting strings into tokens, as ONNX Runtime's Tokenizer does.

use dunlin_ir::op::text::{Tokenizer, Tokens};
use dunlin_ir::{DType, Tensor};

use super::pattern::Pattern;
use super::strings;
use crate::plan::Packed;
use crate::{Ctx, OpError};

/// The compiled patterns of a [`Tokenizer`].
#[derive(Debug)]
pub(super) struct Cutter(Vec<Pattern>);

/// What stands before and behind the tokens of a string.
const MARKS: [&str; 2] = ["\u{2}", "\u{3}"];

impl Cutter {
    /// Compiles the patterns.
    pub fn new(op: &Tokenizer) -> Result<Cutter, OpError> {
        let patterns: Result<Vec<Pattern>, OpError> = match &op.tokens {
            Tokens::Chars => Ok(Vec::new()),
            Tokens::Matching(pattern) => Ok(vec![Pattern::of_part(pattern)?]),
            Tokens::Between(separators) => {
                separators.iter().map(|pattern| Pattern::of_part(pattern)).collect()
            }
        };
        patterns.map(Cutter)
    }

    /// The tokens of each string of `x`, along a new last axis.
    pub fn tokenize(&self, op: &Tokenizer, x: &Tensor, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
        let mut rows = Vec::new();
        for string in x.strings()? {
            ctx.check_stop()?;
            rows.push(self.tokens(op, string));
        }
        let n_tokens = rows.iter().map(Vec::len).max().unwrap_or(0);
        // Where no string has a token, there are no marks either.
        let n_marks = if op.has_marks && n_tokens > 0 { 2 } else { 0 };
        let mut shape = x.shape().clone();
        shape.push(n_tokens + n_marks);
        ctx.checked_bytes(DType::U64, &shape)?;
        let mut all = strings(shape.n_elements())?;
        let [start, end] = MARKS;
        for row in rows.iter().filter(|_| n_tokens > 0) {
            let n_padding = n_tokens - row.len();
            all.extend((n_marks > 0).then(|| start.to_owned()));
            all.extend(row.iter().map(|&token| token.to_owned()));
            all.extend((n_marks > 0).then(|| end.to_owned()));
            all.extend(std::iter::repeat_n(op.padding.clone(), n_padding));
        }
        Ok(Tensor::from_strings(shape, all)?)
    }

    fn tokens<'s>(&self, op: &Tokenizer, string: &'s str) -> Vec<&'s str> {
        match &op.tokens {
            Tokens::Chars => string.split_inclusive(|_| true).collect(),
            Tokens::Matching(_) => self.0.first().map_or(Vec::new(), |p| matches(p, string, op.min_chars)),
            Tokens::Between(_) => {
                let mut tokens = vec![string];
                for separator in &self.0 {
                    tokens =
                        tokens.into_iter().flat_map(|text| between(separator, text, op.min_chars)).collect();
                }
                tokens
            }
        }
    }
}

fn is_long_enough(token: &str, min_chars: usize) -> bool {
    token.chars().nth(min_chars - 1).is_some()
}

fn matches<'s>(pattern: &Pattern, string: &'s str, min_chars: usize) -> Vec<&'s str> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(found) = pattern.find(string, start) {
        start = behind(string, &found);
        let token = &string[found];
        if is_long_enough(token, min_chars) {
            tokens.push(token);
        }
        if start > string.len() {
            break;
        }
    }
    tokens
}

fn between<'s>(separator: &Pattern, string: &'s str, min_chars: usize) -> Vec<&'s str> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(found) = separator.find(string, start) {
        tokens.push(&string[start..found.start]);
        start = behind(string, &found);
        if start > string.len() {
            break;
        }
    }
    tokens.extend(string.get(start..));
    tokens.retain(|token| is_long_enough(token, min_chars));
    tokens
}

/// Where to look on: behind the match, or if it is empty behind the next character; beyond the end if there is none.
fn behind(string: &str, found: &std::ops::Range<usize>) -> usize {
    match string[found.end..].chars().next() {
        _ if !found.is_empty() => found.end,
        Some(c) => found.end + c.len_utf8(),
        None => string.len() + 1,
    }
}

impl Packed for Cutter {
    fn byte_len(&self) -> usize {
        self.0.iter().map(Packed::byte_len).sum()
    }

    fn replaced_inputs(&self) -> &[usize] {
        &[]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_those_of_onnx_runtime() {
        let between = |separators: &[&str]| Tokens::Between(separators.iter().map(|&s| s.into()).collect());
        let cases: [(Tokens, usize, &str, &[&str]); 8] = [
            (Tokens::Matching("[a-z]+".into()), 1, "ab cd,é", &["ab", "cd"]),
            (Tokens::Matching("[a-zé]+".into()), 2, "  a, bcd é", &["bcd"]),
            (Tokens::Matching("x*".into()), 1, "ab é", &[]),
            (Tokens::Chars, 1, "a é", &["a", " ", "é"]),
            (between(&[" ", ","]), 1, "ab cd,é", &["ab", "cd", "é"]),
            (between(&[",? ", ","]), 2, "  a, bcd", &["bcd"]),
            (between(&["x*"]), 1, "ab é", &[]),
            (between(&[" "]), 1, "", &[]),
        ];
        for (tokens, min_chars, string, want) in cases {
            let op = Tokenizer { tokens, min_chars, has_marks: false, padding: String::new() };
            assert_eq!(Cutter::new(&op).unwrap().tokens(&op, string), want, "{op:?} {string:?}");
        }
    }
}
