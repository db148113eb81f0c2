//! Operators of signal processing: Fourier transforms, windows, the mel scale.

use crate::infer::{self, Facts, Inferred};
use crate::shape::resolve_axis;
use crate::{DType, Dim, Dims};

/// Operators of signal processing.
#[derive(Debug, Clone, PartialEq)]
pub enum Signal {
    /// The discrete Fourier transform: data `[.., 1 or 2]`, length, axis.
    Dft(Dft),
    /// Fourier transforms of overlapping frames: signal, step, window, length of a frame.
    Stft(Stft),
    /// A window of the length in input 0.
    Window(Window),
    /// Weights from spectral to mel bins: mel bins, transform length, sample rate, lowest and highest frequency.
    MelWeightMatrix(MelWeightMatrix),
}

/// The attributes of a Fourier transform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dft {
    /// Whether it goes back from frequencies.
    pub inverse: bool,
    /// Whether only the first half of the frequencies is written, or read by the inverse, whose result is real.
    pub onesided: bool,
}

/// The attributes of transforms of frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stft {
    /// Whether only the first half of the frequencies is written.
    pub onesided: bool,
}

/// The attributes of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its form.
    pub kind: WindowKind,
    /// Whether its period is its length, rather than one less.
    pub periodic: bool,
    /// The result's element type.
    pub dtype: DType,
}

/// Forms of windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the standard's")]
pub enum WindowKind {
    Blackman,
    Hamming,
    Hann,
}

/// The attributes of a matrix of mel weights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MelWeightMatrix {
    /// The result's element type.
    pub dtype: DType,
}

impl Signal {
    /// The operator's name, for reports.
    pub fn name(&self) -> &'static str {
        match self {
            Signal::Dft(_) => "DFT",
            Signal::Stft(_) => "STFT",
            Signal::Window(Window { kind: WindowKind::Blackman, .. }) => "BlackmanWindow",
            Signal::Window(Window { kind: WindowKind::Hamming, .. }) => "HammingWindow",
            Signal::Window(Window { kind: WindowKind::Hann, .. }) => "HannWindow",
            Signal::MelWeightMatrix(_) => "MelWeightMatrix",
        }
    }

    /// What is known of the outputs before a run.
    pub fn infer(&self, facts: &Facts<'_>) -> Inferred {
        match self {
            Signal::Dft(dft) => infer::one(facts.dtype(0), dft.dims(facts)),
            Signal::Stft(stft) => infer::one(facts.dtype(0), Some(stft.dims(facts))),
            Signal::Window(window) => infer::one(Some(window.dtype), infer::dims([size(facts, 0)])),
            Signal::MelWeightMatrix(mel) => {
                let spectrum = map(size(facts, 1), |n| n / 2 + 1);
                infer::one(Some(mel.dtype), infer::dims([spectrum, size(facts, 0)]))
            }
        }
    }
}

impl Dft {
    /// The length of a transform, when none is asked for, of `n` given elements.
    pub fn default_len(&self, n: usize) -> usize {
        if self.inverse && self.onesided { 2 * n.saturating_sub(1) } else { n }
    }

    /// How many elements a transform of length `n` writes.
    pub fn output_len(&self, n: usize) -> usize {
        if self.onesided && !self.inverse { n / 2 + 1 } else { n }
    }

    /// How many numbers each element of the result has: 1 if it is real.
    pub fn output_parts(&self) -> usize {
        if self.onesided && self.inverse { 1 } else { 2 }
    }

    fn dims(&self, facts: &Facts<'_>) -> Dims {
        let mut dims: smallvec::SmallVec<[Dim; 4]> = facts.dims(0)?.into();
        let axis = if facts.has(2) { facts.ints(2).and_then(|axis| axis.first().copied()) } else { Some(-2) };
        *dims.last_mut()? = Dim::Known(self.output_parts());
        match axis {
            Some(axis) => {
                let axis = resolve_axis(axis, dims.len())?;
                let n = if facts.has(1) {
                    size(facts, 1)
                } else {
                    map(dims[axis].clone(), |n| self.default_len(n))
                };
                dims[axis] = if self.output_len(3) == 3 { n } else { map(n, |n| self.output_len(n)) };
            }
            None => dims.iter_mut().rev().skip(1).for_each(|dim| *dim = Dim::Unknown),
        }
        Some(dims)
    }
}

impl Stft {
    fn dims(&self, facts: &Facts<'_>) -> smallvec::SmallVec<[Dim; 4]> {
        let signal = facts.dims(0);
        let dim = |i: usize| signal.and_then(|dims| dims.get(i)).cloned().unwrap_or_default();
        let window = || facts.dims(2).and_then(|dims| dims.first()).cloned();
        let length = match (facts.has(3), facts.has(2)) {
            (true, _) => size(facts, 3),
            (false, true) => window().unwrap_or_default(),
            (false, false) => dim(1),
        };
        let frames = match (dim(1).known(), length.known(), size(facts, 1).known()) {
            (Some(n), Some(length), Some(step)) if length <= n && step > 0 => {
                Dim::Known((n - length) / step + 1)
            }
            _ => Dim::Unknown,
        };
        let frequencies = if self.onesided { map(length, |n| n / 2 + 1) } else { length };
        smallvec::smallvec![dim(0), frames, frequencies, Dim::Known(2)]
    }
}

/// A size that is the value of an input.
fn size(facts: &Facts<'_>, i: usize) -> Dim {
    let value = facts.ints(i).and_then(|value| value.first().copied());
    value.and_then(|n| usize::try_from(n).ok()).map_or(Dim::Unknown, Dim::Known)
}

fn map(dim: Dim, f: impl Fn(usize) -> usize) -> Dim {
    dim.known().map_or(Dim::Unknown, |n| Dim::Known(f(n)))
}
