//! Outputs of a run: archives, JSON, or a summary that a person reads.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use anyhow::Context;
use dunlin_core::{DType, Outputs, Tensor, Value};
use dunlin_formats::npy::{widened, write_npz};
use serde_json::{Map, Value as Json, json};

use crate::style;

/// Writes an archive: the graph's names; elements of sequences are numbered (`name/0`), maps are `name/keys` and
/// `name/values`, an empty optional has no entry.
pub fn write_archive(path: &Path, outputs: &Outputs) -> anyhow::Result<()> {
    let mut entries = Vec::new();
    for (name, value) in outputs.iter() {
        flatten(name, value, &mut entries);
    }
    let file = File::create(path).with_context(|| path.display().to_string())?;
    write_npz(BufWriter::new(file), entries.iter().map(|(name, tensor)| (name.as_str(), tensor)))
        .with_context(|| path.display().to_string())
}

/// The tensors within a value and their names in an archive.
pub fn flatten(name: &str, value: &Value, entries: &mut Vec<(String, Tensor)>) {
    match value {
        Value::Tensor(tensor) => entries.push((name.to_owned(), tensor.clone())),
        Value::Sequence(values) => {
            values.iter().enumerate().for_each(|(i, value)| flatten(&format!("{name}/{i}"), value, entries));
        }
        Value::Map(map) => {
            entries.push((format!("{name}/keys"), map.keys.clone()));
            map.values
                .iter()
                .enumerate()
                .for_each(|(i, v)| flatten(&format!("{name}/values/{i}"), v, entries));
        }
        Value::Optional(Some(value)) => flatten(name, value, entries),
        _ => {}
    }
}

/// All outputs as JSON: `{"name": {"dtype", "shape", "data"}}`, sequences as lists, maps as objects.
pub fn to_json(outputs: &Outputs) -> anyhow::Result<Json> {
    let entries = outputs.iter().map(|(name, value)| Ok((name.to_owned(), value_json(value)?)));
    Ok(Json::Object(entries.collect::<anyhow::Result<Map<_, _>>>()?))
}

fn value_json(value: &Value) -> anyhow::Result<Json> {
    Ok(match value {
        Value::Tensor(tensor) => tensor_json(tensor)?,
        Value::Sequence(values) => Json::Array(values.iter().map(value_json).collect::<Result<_, _>>()?),
        Value::Map(map) => {
            let keys = elements(&map.keys)?;
            let key = |key: &Json| key.as_str().map_or_else(|| key.to_string(), str::to_owned);
            let pairs = keys.iter().zip(&map.values).map(|(k, value)| Ok((key(k), value_json(value)?)));
            Json::Object(pairs.collect::<anyhow::Result<_>>()?)
        }
        Value::Optional(Some(value)) => value_json(value)?,
        _ => Json::Null,
    })
}

fn tensor_json(tensor: &Tensor) -> anyhow::Result<Json> {
    let data = elements(tensor)?;
    Ok(json!({ "dtype": tensor.dtype().name(), "shape": tensor.shape().dims(), "data": data }))
}

/// The elements in order. Numbers that JSON cannot hold (NaN, infinities) become strings.
fn elements(tensor: &Tensor) -> anyhow::Result<Vec<Json>> {
    if let Ok(strings) = tensor.strings() {
        return Ok(strings.iter().map(|s| json!(s)).collect());
    }
    let wide = widened(tensor)?;
    let float = |x: f64| if x.is_finite() { json!(x) } else { json!(x.to_string()) };
    Ok(match wide.dtype() {
        DType::I8 => wide.view::<i8>()?.iter().map(|&x| json!(x)).collect(),
        DType::I16 => wide.view::<i16>()?.iter().map(|&x| json!(x)).collect(),
        DType::I32 => wide.view::<i32>()?.iter().map(|&x| json!(x)).collect(),
        DType::I64 => wide.view::<i64>()?.iter().map(|&x| json!(x)).collect(),
        DType::U64 => wide.view::<u64>()?.iter().map(|&x| json!(x)).collect(),
        DType::C64 => wide.view::<[f32; 2]>()?.iter().map(|&[re, im]| json!([re, im])).collect(),
        DType::C128 => wide.view::<[f64; 2]>()?.iter().map(|&[re, im]| json!([re, im])).collect(),
        DType::Bool => wide.bytes().iter().map(|&x| json!(x != 0)).collect(),
        // The shortest text of a float32 is what a reader expects, not that of the float64 next to it.
        DType::F32 => {
            wide.view::<f32>()?.iter().map(|&x| float(x.to_string().parse().unwrap_or(f64::NAN))).collect()
        }
        _ => numbers(&wide)?.into_iter().map(float).collect(),
    })
}

/// The elements as `f64`: for comparisons and summaries. Integers beyond 2^53 lose their last digits.
pub fn numbers(tensor: &Tensor) -> anyhow::Result<Vec<f64>> {
    let wide = widened(tensor)?;
    Ok(match wide.dtype() {
        DType::F32 => wide.view::<f32>()?.iter().map(|&x| f64::from(x)).collect(),
        DType::F64 => wide.view::<f64>()?.to_vec(),
        DType::F16 => wide.view::<half::f16>()?.iter().map(|x| x.to_f64()).collect(),
        DType::I8 => wide.view::<i8>()?.iter().map(|&x| f64::from(x)).collect(),
        DType::I16 => wide.view::<i16>()?.iter().map(|&x| f64::from(x)).collect(),
        DType::I32 => wide.view::<i32>()?.iter().map(|&x| f64::from(x)).collect(),
        DType::I64 => wide.view::<i64>()?.iter().map(|&x| x as f64).collect(),
        DType::U16 => wide.view::<u16>()?.iter().map(|&x| f64::from(x)).collect(),
        DType::U32 => wide.view::<u32>()?.iter().map(|&x| f64::from(x)).collect(),
        DType::U64 => wide.view::<u64>()?.iter().map(|&x| x as f64).collect(),
        DType::C64 => wide.view::<[f32; 2]>()?.iter().flatten().map(|&x| f64::from(x)).collect(),
        DType::C128 => wide.view::<[f64; 2]>()?.iter().flatten().copied().collect(),
        _ => wide.bytes().iter().map(|&x| f64::from(x)).collect(),
    })
}

/// Prints what a person wants to see: type and shape of each output; a list of classes as its best; else the range
/// and the first elements.
pub fn summarize(outputs: &Outputs, top: usize, labels: &[String]) -> anyhow::Result<()> {
    for (name, value) in outputs.iter() {
        match value {
            Value::Tensor(tensor) => summarize_tensor(name, tensor, top, labels)?,
            Value::Sequence(values) => {
                println!("{}: sequence of {}", style::heading(name), values.len());
                for value in values.iter().take(top) {
                    println!("  {}", value_json(value)?);
                }
            }
            other => println!("{}: {}", style::heading(name), value_json(other)?),
        }
    }
    Ok(())
}

fn summarize_tensor(name: &str, tensor: &Tensor, top: usize, labels: &[String]) -> anyhow::Result<()> {
    println!("{}: {} {}", style::heading(name), tensor.dtype(), tensor.shape());
    let n_classes = tensor.shape().last().copied().unwrap_or(0);
    let is_scores = tensor.dtype().is_float() && tensor.rank() <= 2 && n_classes > 1;
    if is_scores && tensor.len() <= 64 * n_classes {
        for row in numbers(tensor)?.chunks(n_classes) {
            print_best(row, top, labels);
        }
        return Ok(());
    }
    if let Ok(strings) = tensor.strings() {
        println!("  {:?}", &strings[..strings.len().min(8)]);
        return Ok(());
    }
    let values = numbers(tensor)?;
    let (low, high) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), &x| (l.min(x), h.max(x)));
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let n_nan = values.iter().filter(|x| x.is_nan()).count();
    if !values.is_empty() {
        println!("  min {low:.6}, max {high:.6}, mean {mean:.6}{}", nan_note(n_nan));
    }
    let first: Vec<String> = values.iter().take(8).map(|x| format!("{x:.6}")).collect();
    let more = if values.len() > 8 { ", .." } else { "" };
    println!("  [{}{more}]", first.join(", "));
    Ok(())
}

fn nan_note(n_nan: usize) -> String {
    if n_nan == 0 { String::new() } else { format!(", {}", style::bad(&format!("{n_nan} NaN"))) }
}

fn print_best(row: &[f64], top: usize, labels: &[String]) {
    let mut order: Vec<usize> = (0..row.len()).collect();
    order.sort_by(|&a, &b| row[b].total_cmp(&row[a]).then(a.cmp(&b)));
    for &class in order.iter().take(top) {
        match labels.get(class) {
            Some(label) => println!("  {:>10.4}  {label}", row[class]),
            None => println!("  {:>10.4}  class {class}", row[class]),
        }
    }
}
