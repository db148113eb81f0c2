//! Execution of the text family.

mod ngram;
mod pattern;
mod token;

use std::collections::HashSet;
use std::sync::Arc;

use dunlin_ir::op::Text;
use dunlin_ir::op::text::{CaseChange, RegexFullMatch, StringNormalizer, StringSplit};
use dunlin_ir::{Bool, DType, Shape, Tensor, Value};
use dunlin_sys::OutOfMemory;

use super::arms::built;
use crate::plan::Packed;
use crate::{Ctx, Inputs, OpError, Outputs, one};
use ngram::NGrams;
use pattern::Pattern;
use token::Cutter;

/// Prepares what attributes describe: patterns and tables of n-grams.
pub(crate) fn pack(op: &Text) -> Result<Option<Arc<dyn Packed>>, OpError> {
    built!(match op {
        Text::RegexFullMatch(op) => Ok(Some(Arc::new(Pattern::new(&op.pattern)?))),
        Text::TfIdfVectorizer(op) => Ok(Some(Arc::new(NGrams::new(op)?))),
        Text::Tokenizer(op) => Ok(Some(Arc::new(Cutter::new(op)?))),
        _ => Ok(None),
    })
}

/// Computes one step.
pub(crate) fn run(op: &Text, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Text::StringConcat => concat(inputs, ctx),
        Text::StringSplit(op) => split(op, inputs, ctx),
        Text::StringNormalizer(op) => normalize(op, inputs),
        Text::RegexFullMatch(op) => full_match(op, inputs, ctx),
        Text::TfIdfVectorizer(op) => match ctx.packed::<NGrams>() {
            Some(grams) => grams.count(op, inputs.tensor(0)?, ctx).map(one),
            None => NGrams::new(op)?.count(op, inputs.tensor(0)?, ctx).map(one),
        },
        Text::Tokenizer(op) => match ctx.packed::<Cutter>() {
            Some(cutter) => cutter.tokenize(op, inputs.tensor(0)?, ctx).map(one),
            None => Cutter::new(op)?.tokenize(op, inputs.tensor(0)?, ctx).map(one),
        },
    })
}

/// Room for `n` strings.
fn strings(n: usize) -> Result<Vec<String>, OpError> {
    let mut strings = Vec::new();
    let refused = OutOfMemory { requested_bytes: n.saturating_mul(size_of::<String>()) };
    strings.try_reserve_exact(n).map_err(|_| refused)?;
    Ok(strings)
}

fn concat(inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let (a, b) = (inputs.tensor(0)?, inputs.tensor(1)?);
    let shape = a
        .shape()
        .broadcast(b.shape())
        .ok_or_else(|| OpError::shapes("shapes that broadcast together", a.shape(), b.shape()))?;
    ctx.checked_bytes(DType::String, &shape)?;
    let mut joined = strings(shape.n_elements())?;
    let (a_at, b_at) = (Broadcast::new(a.shape(), &shape), Broadcast::new(b.shape(), &shape));
    let (a, b) = (a.strings()?, b.strings()?);
    for i in 0..shape.n_elements() {
        let (a, b) = (&a[a_at.index(i)], &b[b_at.index(i)]);
        let (n, limit) = (a.len().saturating_add(b.len()), ctx.limits().string_bytes);
        if n > limit {
            return Err(OpError::Limit { what: "string bytes", got: n as u64, limit: limit as u64 });
        }
        let mut string = String::new();
        string.try_reserve_exact(n).map_err(|_| OutOfMemory { requested_bytes: n })?;
        string.push_str(a);
        string.push_str(b);
        joined.push(string);
    }
    Ok(one(Tensor::from_strings(shape, joined)?))
}

/// From an element's position in a broadcast shape to that in the shape which is broadcast.
struct Broadcast {
    /// Sizes of the broadcast shape, and the strides there are along them.
    axes: Vec<(usize, usize)>,
}

impl Broadcast {
    fn new(from: &Shape, to: &Shape) -> Broadcast {
        let pad = to.rank() - from.rank();
        let strides = from.strides();
        let stride = |axis: usize| if axis < pad || from[axis - pad] == 1 { 0 } else { strides[axis - pad] };
        Broadcast { axes: to.iter().enumerate().map(|(axis, &size)| (size, stride(axis))).collect() }
    }

    fn index(&self, mut position: usize) -> usize {
        let mut index = 0;
        for &(size, stride) in self.axes.iter().rev() {
            index += position % size * stride;
            position /= size;
        }
        index
    }
}

fn split(op: &StringSplit, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let tensor = inputs.tensor(0)?;
    let mut parts = Vec::new();
    for string in tensor.strings()? {
        parts.push(parts_of(op, string));
    }
    let n = parts.iter().map(Vec::len).max().unwrap_or(0);
    let mut shape = tensor.shape().clone();
    shape.push(n);
    ctx.checked_bytes(DType::String, &shape)?;
    let mut all = strings(shape.n_elements())?;
    let mut counts = ctx.alloc(DType::I64, tensor.shape().clone())?;
    for (parts, count) in parts.iter().zip(counts.view_mut::<i64>()?) {
        *count = i64::try_from(parts.len()).unwrap_or(i64::MAX);
        let padding = std::iter::repeat_n(String::new(), n - parts.len());
        all.extend(parts.iter().map(|&part| part.to_owned()).chain(padding));
    }
    let all = Tensor::from_strings(shape, all)?;
    Ok(smallvec::smallvec![Some(Value::Tensor(all)), Some(Value::Tensor(counts))])
}

fn parts_of<'s>(op: &StringSplit, string: &'s str) -> Vec<&'s str> {
    let n_max = op.max_splits.map_or(usize::MAX, |n| n.saturating_add(1));
    if !op.delimiter.is_empty() {
        return string.splitn(n_max, &op.delimiter).collect();
    }
    let mut parts = Vec::new();
    let mut rest = string.trim();
    while !rest.is_empty() {
        let end = rest.find(char::is_whitespace).filter(|_| parts.len() + 1 < n_max);
        let (part, after) = rest.split_at(end.unwrap_or(rest.len()));
        parts.push(part);
        rest = after.trim_start();
    }
    parts
}

fn normalize(op: &StringNormalizer, inputs: &Inputs<'_>) -> Result<Outputs, OpError> {
    let tensor = inputs.tensor(0)?;
    if !matches!(tensor.shape().dims(), [_] | [1, _]) {
        return Err(OpError::shape("[c] or [1, c]", tensor.shape()));
    }
    // Without regard to case, words are compared as they come out, or in lower case.
    let folded = |string: &str| match op.case {
        _ if op.is_case_sensitive => string.to_owned(),
        CaseChange::Upper => string.to_uppercase(),
        CaseChange::None | CaseChange::Lower => string.to_lowercase(),
    };
    let stop_words: HashSet<String> = op.stop_words.iter().map(|word| folded(word)).collect();
    let kept = tensor.strings()?.iter().filter(|string| {
        let stops = !stop_words.is_empty() && stop_words.contains(&folded(string));
        !stops
    });
    let mut kept: Vec<String> = kept
        .map(|string| match op.case {
            CaseChange::None => string.clone(),
            CaseChange::Lower => string.to_lowercase(),
            CaseChange::Upper => string.to_uppercase(),
        })
        .collect();
    if kept.is_empty() {
        kept.push(String::new());
    }
    let mut shape = tensor.shape().clone();
    shape[tensor.rank() - 1] = kept.len();
    Ok(one(Tensor::from_strings(shape, kept)?))
}

fn full_match(op: &RegexFullMatch, inputs: &Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let tensor = inputs.tensor(0)?;
    let own;
    let pattern = match ctx.packed::<Pattern>() {
        Some(pattern) => pattern,
        None => {
            own = Pattern::new(&op.pattern)?;
            &own
        }
    };
    let mut matched = ctx.alloc(DType::Bool, tensor.shape().clone())?;
    for (matched, string) in matched.view_mut::<Bool>()?.iter_mut().zip(tensor.strings()?) {
        ctx.check_stop()?;
        *matched = pattern.matches(string).into();
    }
    Ok(one(matched))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_cut_as_the_standard_says() {
        let cases: [(&str, &str, Option<usize>, &[&str]); 9] = [
            ("  a b c  ", "", None, &["a", "b", "c"]),
            ("  a b c  ", "", Some(1), &["a", "b c"]),
            ("  a b c  ", "", Some(0), &["a b c"]),
            ("a\tb\nc", "", None, &["a", "b", "c"]),
            ("   ", "", None, &[]),
            ("a,b,,c", ",", None, &["a", "b", "", "c"]),
            ("a,b,,c", ",", Some(1), &["a", "b,,c"]),
            ("a,b,,c", ",,", None, &["a,b", "c"]),
            (",", ",", None, &["", ""]),
        ];
        for (string, delimiter, max_splits, want) in cases {
            let op = StringSplit { delimiter: delimiter.into(), max_splits };
            assert_eq!(parts_of(&op, string), want, "{string:?} {delimiter:?} {max_splits:?}");
        }
    }
}
