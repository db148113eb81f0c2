//! Attention over whole keys and values, composed of products and a softmax.

use candle_core::{DType, Tensor};
use dunlin_ir::op::Attention;
use dunlin_ir::op::attention::{PlainAttention, ScaledAttention, Scores, Window};

use super::args::Args;
use super::declined;
use super::linear::{matmul, transposed};
use super::reduce::{max, sum};
use crate::device::Refusal;

type Computed = Result<Tensor, Refusal>;

pub(super) fn run(op: &Attention, args: &Args<'_>) -> Result<Vec<Option<Tensor>>, Refusal> {
    match op {
        Attention::Scaled(op) => scaled(op, args),
        Attention::Plain(op) => Ok(vec![Some(plain(op, args)?)]),
        Attention::PlainRotary => Ok(vec![Some(plain_rotary(args)?)]),
        _ => declined("no such attention on candle"),
    }
}

fn plain(op: &PlainAttention, args: &Args<'_>) -> Computed {
    let swapped = |x: &Tensor, swaps: bool| -> Computed {
        if swaps { Ok(x.transpose(1, 2)?.contiguous()?) } else { Ok(x.clone()) }
    };
    let order = op.tokens_first;
    let q = swapped(args.tensor(0)?, order.queries)?;
    let (k, v) = (swapped(args.tensor(1)?, order.keys)?, swapped(args.tensor(2)?, order.values)?);
    let mut scores = matmul(&q, &transposed(&k)?)?.affine(op.scale.into(), 0.0)?;
    if let Some(mask) = args.optional(3)? {
        scores = if mask.dtype() == DType::U8 {
            let zeros = mask.zeros_like()?.to_dtype(DType::F32)?;
            let scores = scores.broadcast_add(&zeros)?;
            let hidden = Tensor::full(op.hidden.score, scores.dims(), args.device)?;
            let mask = mask.broadcast_as(scores.shape())?.contiguous()?;
            let (at_one, at_zero) = if op.hidden.when { (&hidden, &scores) } else { (&scores, &hidden) };
            mask.where_cond(at_one, at_zero)?
        } else {
            scores.broadcast_add(mask)?
        };
    }
    let axes = [scores.rank() - 1];
    let exp = scores.broadcast_sub(&max(&scores, &axes)?)?.exp()?;
    let mut shares = exp.broadcast_div(&sum(&exp, &axes)?)?;
    if op.zeroes_nan {
        shares = shares.eq(&shares)?.where_cond(&shares, &shares.zeros_like()?)?;
    }
    swapped(&matmul(&shares, &v)?, order.output)
}

fn plain_rotary(args: &Args<'_>) -> Computed {
    let x = args.tensor(0)?;
    let Some(axis) = x.rank().checked_sub(1) else { return declined("a scalar") };
    let (n, width) = (args.ints(3)?, x.dim(axis)?);
    let n = match n[..] {
        [n] => usize::try_from(n).ok().filter(|&n| n > 0 && n < width),
        _ => None,
    };
    let Some(n) = n else { return declined("elements of which none turn") };
    let turned = Tensor::cat(&[&x.narrow(axis, n, width - n)?.neg()?, &x.narrow(axis, 0, n)?], axis)?;
    Ok(x.broadcast_mul(args.tensor(1)?)?.broadcast_add(&turned.broadcast_mul(args.tensor(2)?)?)?)
}

fn scaled(op: &ScaledAttention, args: &Args<'_>) -> Result<Vec<Option<Tensor>>, Refusal> {
    let is_flat = args.tensor(0)?.rank() == 3;
    let q = by_head(args.tensor(0)?, op.n_query_heads)?;
    let (mut k, mut v) = (by_head(args.tensor(1)?, op.n_heads)?, by_head(args.tensor(2)?, op.n_heads)?);
    let n_past = match args.optional(4)? {
        Some(past) => past.dim(2)?,
        None => 0,
    };
    if let (Some(past_k), Some(past_v)) = (args.optional(4)?, args.optional(5)?) {
        k = Tensor::cat(&[&past_k.contiguous()?, &k], 2)?;
        v = Tensor::cat(&[&past_v.contiguous()?, &v], 2)?;
    }
    let (b, h, s, d) = q.dims4()?;
    let scale = op.scale.map_or_else(|| 1.0 / (d as f64).sqrt(), f64::from);
    let mut stages = Stages { wanted: op.scores, kept: None };
    let products = matmul(&q, &transposed(&for_each_query(&k, h)?)?)?.affine(scale, 0.0)?;
    let mut scores = stages.pass(Scores::Products, products);
    if op.softcap != 0.0 {
        let softcap = f64::from(op.softcap);
        scores = scores.affine(1.0 / softcap, 0.0)?.tanh()?.affine(softcap, 0.0)?;
    }
    scores = masked(&stages.pass(Scores::Capped, scores), op, args, n_past)?;
    let scores = stages.pass(Scores::Masked, scores);
    let shares = stages.pass(Scores::Shares, softmax(&scores)?);
    let mut y = matmul(&shares, &for_each_query(&v, h)?)?;
    if is_flat {
        y = y.transpose(1, 2)?.contiguous()?.reshape((b, s, h * v.dim(3)?))?;
    }
    let wanted = |i: usize, tensor: Tensor| args.wants(i).then_some(tensor);
    Ok(vec![Some(y), wanted(1, k), wanted(2, v), stages.kept.filter(|_| args.wants(3))])
}

/// Keeps the scores of the stage that is put out.
struct Stages {
    wanted: Scores,
    kept: Option<Tensor>,
}

impl Stages {
    fn pass(&mut self, stage: Scores, scores: Tensor) -> Tensor {
        if stage == self.wanted {
            self.kept = Some(scores.clone());
        }
        scores
    }
}

/// `[b, h, s, d]`, also from `[b, s, h * d]`.
fn by_head(x: &Tensor, n_heads: Option<usize>) -> Computed {
    match (x.rank(), n_heads) {
        (4, _) => Ok(x.contiguous()?),
        (3, Some(h)) if h > 0 && x.dims()[2].is_multiple_of(h) => {
            let (b, s, width) = x.dims3()?;
            Ok(x.contiguous()?.reshape((b, s, h, width / h))?.transpose(1, 2)?.contiguous()?)
        }
        _ => declined("heads that do not fit"),
    }
}

/// Keys or values of `g` heads, repeated for `h` heads of queries.
fn for_each_query(x: &Tensor, h: usize) -> Computed {
    let (b, g, n, d) = x.dims4()?;
    if g == h {
        return Ok(x.clone());
    }
    if !h.is_multiple_of(g) {
        return declined("heads that do not fit");
    }
    Ok(x.unsqueeze(2)?.broadcast_as((b, g, h / g, n, d))?.contiguous()?.reshape((b, h, n, d))?)
}

fn masked(scores: &Tensor, op: &ScaledAttention, args: &Args<'_>, n_past: usize) -> Computed {
    let mut scores = scores.clone();
    let (s, t) = (scores.dims()[2], scores.dims()[3]);
    if op.window != Window::default() {
        let sees = |query: usize, key: usize| {
            let position = n_past + query;
            op.window.right.is_none_or(|n| key <= position.saturating_add(n))
                && op.window.left.is_none_or(|n| key.saturating_add(n) >= position)
        };
        let places = (0..s * t).map(|i| if sees(i / t, i % t) { 0.0 } else { f32::NEG_INFINITY });
        scores =
            scores.broadcast_add(&Tensor::from_vec(places.collect::<Vec<f32>>(), (s, t), args.device)?)?;
    }
    let Some(mask) = args.optional(3)? else { return Ok(scores) };
    if mask.dims().last() != Some(&t) {
        return declined("a mask of fewer keys");
    }
    if mask.dtype() != DType::U8 {
        return Ok(scores.broadcast_add(mask)?);
    }
    let hidden = Tensor::full(f32::NEG_INFINITY, scores.dims(), args.device)?;
    Ok(mask.broadcast_as(scores.shape())?.where_cond(&scores, &hidden)?)
}

/// Softmax over the last axis; rows that see nothing become zeros.
fn softmax(scores: &Tensor) -> Computed {
    let axes = [scores.rank() - 1];
    let exp = scores.broadcast_sub(&max(scores, &axes)?.maximum(f32::MIN)?)?.exp()?;
    Ok(exp.broadcast_div(&sum(&exp, &axes)?.maximum(f32::MIN_POSITIVE)?)?)
}
