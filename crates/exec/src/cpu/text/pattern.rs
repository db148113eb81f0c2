//! Patterns in RE2's syntax, translated to that of the `regex` crate, which is close to it.
//!
//! The differences that matter: in RE2 `\d`, `\w`, `\s` and `\b` know ASCII alone, `\Q..\E` quotes, a `{` that begins
//! no repetition is a character, and bracketed classes know no set operations.

use std::ops::Range;

use regex::Regex;

use crate::OpError;
use crate::plan::Packed;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct Pattern {
    regex: Regex,
    byte_len: usize,
}

/// Bytes that a compiled pattern may take.
const MAX_COMPILED_BYTES: usize = 16 << 20;

impl Pattern {
    /// Compiles a pattern in RE2's syntax.
    pub fn new(pattern: &str) -> Result<Pattern, OpError> {
        Pattern::within(pattern, r"\A(?:", r")\z")
    }

    /// Compiles a pattern in RE2's syntax that may match any part of a string: the leftmost, and of alternatives the
    /// first.
    pub fn of_part(pattern: &str) -> Result<Pattern, OpError> {
        Pattern::within(pattern, "", "")
    }

    fn within(pattern: &str, before: &str, after: &str) -> Result<Pattern, OpError> {
        let bad = |error: &dyn std::fmt::Display| {
            OpError::value("a pattern in RE2's syntax", format!("{pattern:?}: {error}"))
        };
        let translated = translated(pattern).map_err(|error| bad(&error))?;
        let built = regex::RegexBuilder::new(&format!("{before}{translated}{after}"))
            .size_limit(MAX_COMPILED_BYTES)
            .build();
        Ok(Pattern { regex: built.map_err(|error| bad(&error))?, byte_len: pattern.len() })
    }

    /// The first match from `start` on, for a pattern of a part.
    pub fn find(&self, string: &str, start: usize) -> Option<Range<usize>> {
        self.regex.find_at(string, start).map(|found| found.range())
    }

    /// Whether all of `string` matches.
    pub fn matches(&self, string: &str) -> bool {
        self.regex.is_match(string)
    }
}

impl Packed for Pattern {
    fn byte_len(&self) -> usize {
        self.byte_len
    }

    fn replaced_inputs(&self) -> &[usize] {
        &[]
    }
}

fn translated(pattern: &str) -> Result<String, &'static str> {
    let mut out = String::with_capacity(pattern.len() + 16);
    let mut rest = pattern;
    let mut depth = 0usize;
    while let Some(c) = rest.chars().next() {
        let after = &rest[c.len_utf8()..];
        rest = match c {
            '\\' => escape(after, &mut out)?,
            '[' => class(after, &mut out)?,
            '{' if !is_repetition(after) => {
                out.push_str(r"\{");
                after
            }
            '(' | ')' => {
                // An unopened group must not close the one that is put around the pattern.
                depth = if c == '(' { depth + 1 } else { depth.checked_sub(1).ok_or("unexpected )")? };
                out.push(c);
                after
            }
            _ => {
                out.push(c);
                after
            }
        };
    }
    if depth > 0 { Err("missing )") } else { Ok(out) }
}

/// Translates what follows a backslash; returns what is left.
fn escape<'p>(rest: &'p str, out: &mut String) -> Result<&'p str, &'static str> {
    let c = rest.chars().next().ok_or("trailing backslash")?;
    let after = &rest[c.len_utf8()..];
    match c {
        'b' => out.push_str(r"(?-u:\b)"),
        'B' => out.push_str(r"(?-u:\B)"),
        'Q' => {
            let (quoted, after) = after.split_once(r"\E").unwrap_or((after, ""));
            out.push_str(&regex::escape(quoted));
            return Ok(after);
        }
        // These are edges of words in the other syntax.
        '<' | '>' => out.push(c),
        'p' | 'P' | 'x' if after.starts_with('{') => {
            let end = after.find('}').ok_or("missing }")? + 1;
            out.extend(['\\', c]);
            out.push_str(&after[..end]);
            return Ok(&after[end..]);
        }
        _ => class_escape(c, out),
    }
    Ok(after)
}

/// Translates an escape that may stand in brackets too.
fn class_escape(c: char, out: &mut String) {
    match c {
        'd' => out.push_str("[0-9]"),
        'D' => out.push_str("[^0-9]"),
        'w' => out.push_str("[0-9A-Za-z_]"),
        'W' => out.push_str("[^0-9A-Za-z_]"),
        's' => out.push_str(r"[\t\n\f\r ]"),
        'S' => out.push_str(r"[^\t\n\f\r ]"),
        _ => out.extend(['\\', c]),
    }
}

/// Translates a class from behind its opening bracket; returns what is left.
fn class<'p>(rest: &'p str, out: &mut String) -> Result<&'p str, &'static str> {
    out.push('[');
    let mut rest = rest;
    if let Some(after) = rest.strip_prefix('^') {
        out.push('^');
        rest = after;
    }
    if let Some(after) = rest.strip_prefix(']') {
        out.push_str(r"\]");
        rest = after;
    }
    loop {
        let c = rest.chars().next().ok_or("missing ]")?;
        rest = &rest[c.len_utf8()..];
        match c {
            ']' => {
                out.push(']');
                return Ok(rest);
            }
            '\\' => {
                let c = rest.chars().next().ok_or("trailing backslash")?;
                rest = &rest[c.len_utf8()..];
                class_escape(c, out);
            }
            '[' => match rest.strip_prefix(':').and_then(|name| name.split_once(":]")) {
                Some((name, after)) => {
                    out.push_str(&format!("[:{name}:]"));
                    rest = after;
                }
                None => out.push_str(r"\["),
            },
            '&' | '~' => out.extend(['\\', c]),
            _ => out.push(c),
        }
    }
}

/// Whether what follows a `{` makes it a repetition: `n}`, `n,}` or `n,m}`.
fn is_repetition(rest: &str) -> bool {
    let Some((inner, _)) = rest.split_once('}') else { return false };
    let (low, high) = inner.split_once(',').unwrap_or((inner, "0"));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    !low.is_empty() && digits(low) && digits(high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_what_they_mean_in_re2() {
        // What RE2 itself answers.
        let cases: [(&str, &[&str], &[&str]); 22] = [
            ("a|ab", &["ab", "a"], &["b"]),
            (r"\d+", &["12"], &["٣"]),
            (r"\w+", &["abc"], &["é"]),
            (".", &["a", "é"], &["\n", "ab"]),
            ("(?s).", &["\n"], &[]),
            ("(?i)é", &["É"], &["e"]),
            (r"\pL+", &["aé"], &["1"]),
            (r"\p{Greek}+", &["αβ"], &["a"]),
            ("[[:alpha:]]+", &["ab"], &["1"]),
            ("[[a]+", &["[a"], &["b"]),
            (r"\bfoo\b.*", &["foo bar"], &["food"]),
            ("a{,2}", &["a{,2}"], &["aa"]),
            ("a$", &["a"], &["a\n"]),
            (r"[\d-z]", &["-", "5"], &["q"]),
            (r"\Qa.b\E", &["a.b"], &["axb"]),
            ("(?P<n>a)b", &["ab"], &[]),
            ("[a&&b]", &["&", "a"], &[]),
            ("{", &["{"], &[]),
            (r"\s", &[" "], &["\u{b}", "\u{a0}"]),
            ("", &[""], &["a"]),
            (r"[^\D]+", &["12"], &["a"]),
            (r"\<\S+\B\>", &["<a->"], &["<a >"]),
        ];
        for (pattern, matching, others) in cases {
            let compiled = Pattern::new(pattern).unwrap();
            for string in matching {
                assert!(compiled.matches(string), "{pattern:?} {string:?}");
            }
            for string in others {
                assert!(!compiled.matches(string), "{pattern:?} {string:?}");
            }
        }
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for pattern in ["(", ")", "a)(?:b", "[", "\\", "*", r"\1", "(?<=a)b", "(((a{1000}){1000}){1000})"] {
            assert!(Pattern::new(pattern).is_err(), "{pattern:?}");
        }
    }
}
