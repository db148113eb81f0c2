//! When an output is right: [`Rule`]s applied to values.

use dunlin_ir::{DType, Map, Tensor, Value};

use crate::protocol::{Distribution, Rule};
use crate::widen::widen;

/// Compares an output with what was expected; the error in the rule's measure, or what is wrong.
///
/// # Errors
/// One line that says where and by how much they differ.
pub fn compare(got: &Value, expected: &Value, rule: Rule) -> Result<f64, String> {
    match (bare(got), bare(expected)) {
        (Some(Value::Tensor(got)), Some(Value::Tensor(expected))) => tensors(got, expected, rule),
        (Some(Value::Sequence(got)), Some(Value::Sequence(expected))) => sequences(got, expected, rule),
        (Some(Value::Map(got)), Some(Value::Map(expected))) => maps(got, expected, rule),
        (None, None) => Ok(0.0),
        (got, expected) => {
            let kind = |value: Option<&Value>| value.map_or("none", Value::kind);
            Err(format!("expected a {}, got a {}", kind(expected), kind(got)))
        }
    }
}

/// How far outputs are from what was expected, whatever the tolerance: over all numeric tensors the largest error relative to
/// the largest magnitude, and the smallest cosine.
///
/// # Errors
/// One line, if types or shapes differ.
pub fn distance(got: &[Value], expected: &[Value]) -> Result<(f64, f64), String> {
    let (mut error, mut cosine) = (0.0f64, 1.0f64);
    for (got, expected) in got.iter().zip(expected) {
        error = error.max(compare(got, expected, Rule::Relative { tolerance: f64::INFINITY })?);
        cosine = cosine.min(1.0 - compare(got, expected, Rule::Cosine { least: -1.0 })?);
    }
    Ok((error, cosine))
}

/// What an optional value holds; any other value itself.
fn bare(value: &Value) -> Option<&Value> {
    match value {
        Value::Optional(inner) => inner.as_deref().and_then(bare),
        value => Some(value),
    }
}

fn sequences(got: &[Value], expected: &[Value], rule: Rule) -> Result<f64, String> {
    if got.len() != expected.len() {
        return Err(format!("expected a sequence of {} values, got {}", expected.len(), got.len()));
    }
    let mut largest = 0.0f64;
    for (i, (got, expected)) in got.iter().zip(expected).enumerate() {
        largest = largest.max(compare(got, expected, rule).map_err(|what| format!("at {i}: {what}"))?);
    }
    Ok(largest)
}

/// Maps are compared by key, whatever their order; the values as one tensor.
fn maps(got: &Map, expected: &Map, rule: Rule) -> Result<f64, String> {
    let (got_keys, expected_keys) = (keys(&got.keys)?, keys(&expected.keys)?);
    if got_keys.len() != expected_keys.len() {
        return Err(format!("expected keys {expected_keys:?}, got {got_keys:?}"));
    }
    let mut pairs = (Vec::new(), Vec::new());
    for (key, value) in expected_keys.iter().zip(&expected.values) {
        let at = got_keys.iter().position(|own| own == key);
        let own = at.and_then(|at| got.values.get(at)).ok_or_else(|| format!("the map has no key {key}"))?;
        match (own, value) {
            (Value::Tensor(own), Value::Tensor(value)) if own.dtype() == value.dtype() => {
                pairs.0.extend(numbers(own)?);
                pairs.1.extend(numbers(value)?);
            }
            _ => return Err(format!("the value of {key} has another type")),
        }
    }
    if pairs.0.len() != pairs.1.len() {
        return Err("the values have other shapes".to_owned());
    }
    floats(&pairs.0, &pairs.1, rule, DType::F32)
}

fn keys(tensor: &Tensor) -> Result<Vec<String>, String> {
    match tensor.strings() {
        Ok(strings) => Ok(strings.to_vec()),
        Err(_) => Ok(numbers(tensor)?.iter().map(ToString::to_string).collect()),
    }
}

fn numbers(tensor: &Tensor) -> Result<Vec<f64>, String> {
    widen(tensor)
        .map_err(|error| error.to_string())?
        .ok_or_else(|| "expected numbers, got strings".to_owned())
}

fn tensors(got: &Tensor, expected: &Tensor, rule: Rule) -> Result<f64, String> {
    if got.dtype() != expected.dtype() {
        return Err(format!("expected {}, got {}", expected.dtype(), got.dtype()));
    }
    if got.shape() != expected.shape() {
        return Err(format!("expected shape {}, got {}", expected.shape(), got.shape()));
    }
    if let (Ok(got), Ok(expected)) = (got.strings(), expected.strings()) {
        let differing = got.iter().zip(expected).position(|(got, expected)| got != expected);
        return match differing {
            Some(i) => Err(format!("at {i}: expected {:?}, got {:?}", expected[i], got[i])),
            None => Ok(0.0),
        };
    }
    let dtype = got.dtype();
    if let Rule::Drawn(distribution) = rule {
        return drawn(&numbers(got)?, &numbers(expected)?, distribution, dtype);
    }
    if !dtype.is_float() && !matches!(dtype, DType::C64 | DType::C128) {
        return exact(got, expected);
    }
    let row = if got.rank() == 2 { got.shape().dims()[1] } else { 0 };
    if rule == Rule::Quantized && row > 0 {
        same_largest(&numbers(got)?, &numbers(expected)?, row)?;
    }
    floats(&numbers(got)?, &numbers(expected)?, rule, dtype)
}

/// Integers and truth values.
fn exact(got: &Tensor, expected: &Tensor) -> Result<f64, String> {
    // Bytes first: widening rounds 64-bit integers.
    if got.bytes() == expected.bytes() {
        return Ok(0.0);
    }
    let (a, b) = (numbers(got)?, numbers(expected)?);
    let differing = a.iter().zip(&b).filter(|(a, b)| a != b).count();
    match a.iter().zip(&b).position(|(a, b)| a != b) {
        Some(i) => Err(format!("at {i}: expected {}, got {}; {differing} of {} differ", b[i], a[i], a.len())),
        None if got.dtype().bits() < 64 => Ok(0.0),
        None => Err("64-bit integers differ in their last bits".to_owned()),
    }
}

fn floats(got: &[f64], expected: &[f64], rule: Rule, dtype: DType) -> Result<f64, String> {
    match rule {
        // Two units in the last place of a bfloat16, as ONNX's own runner has it.
        Rule::Close { rtol, atol } if dtype == DType::BF16 => {
            close(got, expected, rtol.max(1.0 / 64.0), atol)
        }
        Rule::Close { rtol, atol } => close(got, expected, rtol, atol),
        Rule::Relative { tolerance } => relative(got, expected, tolerance),
        Rule::Cosine { least } => cosine(got, expected, least),
        Rule::Half => cosine(got, expected, 0.9999),
        Rule::Quantized => cosine(got, expected, 0.999),
        Rule::Drawn(distribution) => drawn(got, expected, distribution, dtype),
    }
}

fn close(got: &[f64], expected: &[f64], rtol: f64, atol: f64) -> Result<f64, String> {
    let near = |a: f64, b: f64| a.is_finite() && b.is_finite() && (a - b).abs() <= atol + rtol * b.abs();
    let bad = |a: f64, b: f64| !same(a, b) && !near(a, b);
    let largest = got.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    match got.iter().zip(expected).position(|(&a, &b)| bad(a, b)) {
        None => Ok(largest),
        Some(i) => {
            let n_bad = got.iter().zip(expected).filter(|&(&a, &b)| bad(a, b)).count();
            let (a, b, n) = (got[i], expected[i], got.len());
            Err(format!("at {i}: expected {b}, got {a}; {n_bad} of {n} differ, by at most {largest:.2e}"))
        }
    }
}

fn relative(got: &[f64], expected: &[f64], tolerance: f64) -> Result<f64, String> {
    let lost = |a: f64, b: f64| !(same(a, b) || a.is_finite() && b.is_finite());
    if let Some(i) = got.iter().zip(expected).position(|(&a, &b)| lost(a, b)) {
        return Err(format!("at {i}: expected {}, got {}", expected[i], got[i]));
    }
    let finite = || got.iter().zip(expected).filter(|(a, b)| a.is_finite() && b.is_finite());
    let scale = finite().map(|(_, b)| b.abs()).fold(0.0, f64::max);
    let largest = finite().map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    let error = if scale > 0.0 { largest / scale } else { largest };
    if error <= tolerance { Ok(error) } else { Err(format!("error {error:.2e}, allowed {tolerance:.0e}")) }
}

fn cosine(got: &[f64], expected: &[f64], least: f64) -> Result<f64, String> {
    if got.iter().zip(expected).any(|(a, b)| a.is_finite() != b.is_finite()) {
        return Err("infinite or not a number where a number is expected, or the other way round".to_owned());
    }
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let size = (product(got, got) * product(expected, expected)).sqrt();
    let cosine =
        if size > 0.0 { product(got, expected) / size } else { f64::from(u8::from(got == expected)) };
    if cosine >= least {
        Ok(1.0 - cosine)
    } else {
        Err(format!("cosine {cosine:.6}, at least {least} is right"))
    }
}

fn same_largest(got: &[f64], expected: &[f64], row: usize) -> Result<(), String> {
    let largest = |values: &[f64]| (0..row).max_by(|&a, &b| values[a].total_cmp(&values[b]));
    for (i, (got, expected)) in got.chunks(row).zip(expected.chunks(row)).enumerate() {
        if largest(got) != largest(expected) {
            let (got, expected) = (largest(got), largest(expected));
            return Err(format!("row {i}: the largest element is {got:?}, expected {expected:?}"));
        }
    }
    Ok(())
}

fn drawn(got: &[f64], expected: &[f64], distribution: Distribution, dtype: DType) -> Result<f64, String> {
    let allowed = |a: f64, b: f64| match distribution {
        Distribution::Bernoulli => a == 0.0 || a == 1.0,
        Distribution::Dropout if dtype == DType::Bool => true,
        Distribution::Dropout => a == 0.0 || b == 0.0 || (a - b).abs() <= 1e-3 * b.abs(),
    };
    match got.iter().zip(expected).position(|(&a, &b)| !allowed(a, b)) {
        None => Ok(0.0),
        Some(i) => Err(format!("at {i}: {} cannot be drawn", got[i])),
    }
}

/// Equal, or both not a number.
fn same(a: f64, b: f64) -> bool {
    a == b || (a.is_nan() && b.is_nan())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(values: &[f32]) -> Value {
        Tensor::from_slice([values.len()], values).unwrap().into()
    }

    #[test]
    fn rules_accept_and_refuse() {
        let onnx = Rule::Close { rtol: 1e-3, atol: 1e-7 };
        let relative = Rule::Relative { tolerance: 1e-5 };
        let (nan, inf) = (f32::NAN, f32::INFINITY);
        type Row<'a> = (&'a str, &'a [f32], &'a [f32], Rule, bool);
        let cases: [Row<'_>; 14] = [
            ("close", &[1.0009], &[1.0], onnx, true),
            ("not close", &[1.0011], &[1.0], onnx, false),
            ("close to zero", &[2e-7], &[0.0], onnx, false),
            ("not a number", &[nan], &[nan], onnx, true),
            ("not a number, unexpected", &[nan], &[1.0], onnx, false),
            ("infinite", &[inf], &[inf], onnx, true),
            ("infinite, other sign", &[-inf], &[inf], onnx, false),
            ("small beside large", &[100.0, 5e-4], &[100.0, 0.0], relative, true),
            ("large", &[100.002, 0.0], &[100.0, 0.0], relative, false),
            ("a lost number", &[nan, 1.0], &[1.0, 1.0], relative, false),
            ("alike", &[1.0, 2.0, 3.0], &[1.01, 2.0, 3.0], Rule::Quantized, true),
            ("unlike", &[1.0, 2.0, 3.0], &[3.0, 2.0, 1.0], Rule::Quantized, false),
            ("drawn", &[0.0, 1.0], &[1.0, 1.0], Rule::Drawn(Distribution::Bernoulli), true),
            ("not drawn", &[0.5], &[1.0], Rule::Drawn(Distribution::Bernoulli), false),
        ];
        for (name, got, expected, rule, right) in cases {
            let outcome = compare(&tensor(got), &tensor(expected), rule);
            assert_eq!(outcome.is_ok(), right, "{name}: {outcome:?}");
        }
    }

    #[test]
    fn types_shapes_and_optional_values_count() {
        let rule = Rule::Close { rtol: 1.0, atol: 1.0 };
        let float = tensor(&[1.0]);
        let int: Value = Tensor::from_slice([1], &[1i64]).unwrap().into();
        let some = Value::Optional(Some(Box::new(float.clone())));
        assert!(compare(&float, &int, rule).is_err());
        assert!(compare(&float, &tensor(&[1.0, 1.0]), rule).is_err());
        assert!(compare(&float, &some, rule).is_ok());
        assert!(compare(&Value::Optional(None), &some, rule).is_err());
        assert!(compare(&Value::Sequence(vec![float.clone()]), &Value::Sequence(vec![]), rule).is_err());
    }

    #[test]
    fn large_integers_are_not_rounded() {
        let of = |x: i64| Value::from(Tensor::from_slice([1], &[x]).unwrap());
        let rule = Rule::Close { rtol: 1.0, atol: 1.0 };
        assert!(compare(&of(i64::MAX), &of(i64::MAX - 1), rule).is_err());
    }
}
