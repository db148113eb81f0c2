//! Inputs of a run: arrays from files, pictures, and seeded noise for whatever is left.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::Args;
use dunlin_core::{Bool, DType, Dim, InputInfo, Model, Shape, Tensor, Type, Value};
use dunlin_formats::npy::{NpzEntries, read_npy, read_npz};

use crate::image_input::ImageArgs;

/// One entry of an archive may unpack to so many bytes.
const MAX_ENTRY_BYTES: u64 = 16 << 30;

/// Where inputs come from.
#[derive(Debug, Args)]
pub struct InputArgs {
    /// Input arrays: an .npz archive whose names are the graph's, or an .npy file for the first input.
    #[arg(long, value_name = "FILE")]
    pub inputs: Option<PathBuf>,

    /// One input: NAME=FILE, with an .npy array or a picture (.png, .jpg, .bmp, .ppm, .webp); repeatable.
    #[arg(long = "input", value_name = "NAME=FILE", value_parser = parse_pair)]
    pub input: Vec<(String, PathBuf)>,

    /// A picture for the first input.
    #[arg(long, value_name = "FILE")]
    pub image: Option<PathBuf>,

    #[command(flatten)]
    pub image_args: ImageArgs,

    /// The shape of an input that is filled with noise, or the value of a symbolic size: NAME=1,3,224,224 or batch=1.
    #[arg(long = "shape", value_name = "NAME=N,..", value_parser = parse_shape)]
    pub shapes: Vec<(String, Vec<usize>)>,

    /// Fill the inputs that are not given with noise from this seed (open sizes are 1 unless --shape says more).
    #[arg(long, value_name = "SEED")]
    pub noise: Option<u64>,
}

fn parse_pair(text: &str) -> Result<(String, PathBuf), String> {
    let (name, file) = text.split_once('=').ok_or("expected NAME=FILE")?;
    Ok((name.to_owned(), file.into()))
}

fn parse_shape(text: &str) -> Result<(String, Vec<usize>), String> {
    let (name, sizes) = text.split_once('=').ok_or("expected NAME=N,N,..")?;
    let sizes = sizes
        .split([',', 'x'])
        .map(|size| size.trim().parse().map_err(|_| format!("{size:?} is not a size")));
    Ok((name.to_owned(), sizes.collect::<Result<_, _>>()?))
}

impl InputArgs {
    /// The inputs by name.
    pub fn read(&self, model: &Model) -> anyhow::Result<Vec<(String, Value)>> {
        let mut values: Vec<(String, Value)> = Vec::new();
        if let Some(path) = &self.inputs {
            values.extend(self.archived(path, model)?);
        }
        if let Some(path) = &self.image {
            let first = model.inputs().first().context("the model takes no inputs")?;
            values.push((first.name.to_string(), self.picture(path, first)?));
        }
        for (name, path) in &self.input {
            let info = model.inputs().iter().find(|info| *info.name == **name);
            let info = info.with_context(|| format!("the model has no input {name:?}"))?;
            values.push((name.clone(), self.file(path, info)?));
        }
        for info in model.inputs() {
            let given = values.iter().any(|(name, _)| **name == *info.name);
            if !given && let Some(seed) = self.noise {
                values.push((info.name.to_string(), self.noise(info, seed)?));
            } else if !given && !info.is_optional {
                bail!("input {:?} ({}) is not given; pass it, or --noise SEED", info.name, info.ty);
            }
        }
        Ok(values)
    }

    fn archived(&self, path: &Path, model: &Model) -> anyhow::Result<Vec<(String, Value)>> {
        if has_extension(path, "npz") {
            // Archives of references may hold outputs too.
            let known = |name: &str| model.inputs().iter().any(|input| *input.name == *name);
            let is_sequence = |name: &str| {
                model
                    .inputs()
                    .iter()
                    .any(|input| *input.name == *name && matches!(input.ty, Type::Sequence(_)))
            };
            return Ok(values_of(archive(path)?, is_sequence)
                .into_iter()
                .filter(|(name, _)| known(name))
                .collect());
        }
        let first = model.inputs().first().context("the model takes no inputs")?;
        Ok(vec![(first.name.to_string(), self.file(path, first)?)])
    }

    fn file(&self, path: &Path, info: &InputInfo) -> anyhow::Result<Value> {
        if !has_extension(path, "npy") {
            return self.picture(path, info);
        }
        let data = std::fs::read(path).with_context(|| path.display().to_string())?;
        let tensor = read_npy(&data).with_context(|| path.display().to_string())?;
        Ok(tensor.into())
    }

    fn picture(&self, path: &Path, info: &InputInfo) -> anyhow::Result<Value> {
        let tensor = self.image_args.read(path, info).with_context(|| path.display().to_string())?;
        Ok(tensor.into())
    }

    /// Noise: uniform in -1..1 for floats, 0 or 1 for integers and bool, which are indices more often than numbers.
    fn noise(&self, info: &InputInfo, seed: u64) -> anyhow::Result<Value> {
        let shape = self.shape_of(info)?;
        let Some(dtype) = info.ty.dtype() else { bail!("no noise for input {:?} ({})", info.name, info.ty) };
        let n = shape.n_elements();
        let floats = noise(&info.name, seed, n);
        let floats = || floats.iter().copied();
        let tensor = match dtype {
            DType::F32 => Tensor::from_slice(shape, &floats().collect::<Vec<f32>>())?,
            DType::F64 => Tensor::from_slice(shape, &floats().map(f64::from).collect::<Vec<f64>>())?,
            DType::F16 => {
                let values: Vec<u16> = floats().map(|x| if x < 0.0 { 0xB800 } else { 0x3400 }).collect();
                Tensor::from_slice(shape, &values)?.bit_cast(DType::F16)?
            }
            DType::Bool => {
                Tensor::from_slice(shape, &floats().map(|x| Bool::from(x > 0.0)).collect::<Vec<_>>())?
            }
            DType::String => Tensor::from_strings(shape, vec!["a".to_owned(); n])?,
            _ if dtype.is_integer() && dtype.bits() >= 8 => {
                let width = dtype.bits() / 8;
                let bytes = floats().flat_map(|x| (0..width).map(move |i| u8::from(i == 0 && x > 0.0)));
                integer_tensor(dtype, shape, bytes.collect())?
            }
            other => bail!("no noise of type {other} for input {:?}", info.name),
        };
        Ok(tensor.into())
    }

    /// The shape to fill: `--shape` by the input's name, else the declared one with `--shape` by the sizes' names.
    pub fn shape_of(&self, info: &InputInfo) -> anyhow::Result<Shape> {
        let named =
            |name: &str| self.shapes.iter().find(|(own, _)| own == name).map(|(_, sizes)| sizes.as_slice());
        if let Some(sizes) = named(&info.name) {
            return Ok(Shape::new(sizes));
        }
        let Type::Tensor { dims: Some(dims), .. } = &info.ty else {
            bail!("the shape of input {:?} ({}) is open; pass --shape {}=..", info.name, info.ty, info.name)
        };
        let size = |dim: &Dim| match dim {
            Dim::Known(n) => *n,
            Dim::Symbol(name) => named(name).and_then(|sizes| sizes.first().copied()).unwrap_or(1),
            Dim::Unknown => 1,
        };
        Ok(dims.iter().map(size).collect())
    }
}

fn integer_tensor(dtype: DType, shape: Shape, bytes: Vec<u8>) -> anyhow::Result<Tensor> {
    Ok(match dtype.bits() {
        8 => Tensor::from_slice(shape, &bytes)?.bit_cast(dtype)?,
        16 => Tensor::from_slice(shape, &words::<2>(&bytes).map(u16::from_le_bytes).collect::<Vec<_>>())?
            .bit_cast(dtype)?,
        32 => Tensor::from_slice(shape, &words::<4>(&bytes).map(u32::from_le_bytes).collect::<Vec<_>>())?
            .bit_cast(dtype)?,
        _ => Tensor::from_slice(shape, &words::<8>(&bytes).map(u64::from_le_bytes).collect::<Vec<_>>())?
            .bit_cast(dtype)?,
    })
}

fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
    bytes.as_chunks::<N>().0.iter().copied()
}

/// Uniform numbers in -1..1, other ones for each name.
fn noise(name: &str, seed: u64, n: usize) -> Vec<f32> {
    let mix = |state: u64, byte: u8| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3);
    let mut state = name.bytes().fold(seed ^ 0x9E37_79B9_7F4A_7C15, mix);
    (0..n).map(|_| (next(&mut state) >> 40) as f32 / (1u32 << 23) as f32 - 1.0).collect()
}

/// One step of the SplitMix64 generator (Steele, Lea and Flood 2014).
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Reads an archive.
pub fn archive(path: &Path) -> anyhow::Result<NpzEntries> {
    let data = std::fs::read(path).with_context(|| path.display().to_string())?;
    read_npz(&data, MAX_ENTRY_BYTES).with_context(|| path.display().to_string())
}

/// Entries as values: where `is_sequence(name)`, `name/0`, `name/1`, .. are the elements of one.
pub fn values_of(entries: NpzEntries, is_sequence: impl Fn(&str) -> bool) -> Vec<(String, Value)> {
    let mut values: Vec<(String, Value)> = Vec::new();
    for (name, tensor) in entries {
        let sequence =
            name.rsplit_once('/').map(|(sequence, _)| sequence).filter(|sequence| is_sequence(sequence));
        let Some(sequence) = sequence else {
            values.push((name, tensor.into()));
            continue;
        };
        match values.iter_mut().find(|(own, _)| own == sequence) {
            Some((_, Value::Sequence(elements))) => elements.push(tensor.into()),
            _ => values.push((sequence.to_owned(), Value::Sequence(vec![tensor.into()]))),
        }
    }
    values
}

/// Whether a path ends in `.extension`, in any case.
pub fn has_extension(path: &Path, extension: &str) -> bool {
    path.extension().is_some_and(|own| own.eq_ignore_ascii_case(extension))
}
