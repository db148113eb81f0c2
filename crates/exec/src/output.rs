//! The outputs of a run: values, or the host's memory where a run writes them without a copy.

use dunlin_ir::{Tensor, Value};
use dunlin_sys::{Arena, Bytes};

use crate::OpError;
use crate::context::Ctx;
use crate::plan::Step;

/// One output of a run.
#[derive(Debug, Default)]
pub struct Output {
    /// Memory that the run may write it to, until a step takes it.
    offered: Option<Bytes>,
    /// Where that memory begins, and its bytes.
    lent: Option<(usize, usize)>,
    /// What came out, unless it lies in the lent memory.
    value: Option<Value>,
}

impl Output {
    /// Offers memory to the run. The output lies there afterwards if it has exactly as many bytes and its step writes it
    /// anew; else it is a value as usual.
    pub fn offer(&mut self, memory: Bytes) {
        if memory.is_empty() {
            return;
        }
        self.lent = Some((memory.as_slice().as_ptr().addr(), memory.len()));
        self.offered = Some(memory);
    }

    /// Takes back what was offered and not used.
    pub fn withdraw(&mut self) {
        self.offered = None;
    }

    /// The value, if the output does not lie in the memory that was offered.
    pub fn value(&self) -> Option<&Value> {
        self.value.as_ref()
    }

    /// As [`Output::value`], owned.
    pub fn take(&mut self) -> Option<Value> {
        self.value.take()
    }

    fn is_here(&self, tensor: &Tensor) -> bool {
        self.lent == Some((tensor.bytes().as_ptr().addr(), tensor.bytes().len()))
    }

    /// Takes what came out. No lent memory stays in use, and no foreign memory leaves a run but as a copy: what the host
    /// lends it may write to afterwards.
    pub(crate) fn settle(&mut self, mut value: Value, arena: &Arena) -> Result<(), OpError> {
        let is_here = value.as_tensor().is_some_and(|tensor| is_lent(tensor) && self.is_here(tensor));
        if !is_here {
            copy_where(&mut value, arena, |tensor| is_lent(tensor) || is_foreign(tensor))?;
            self.value = Some(value);
        }
        Ok(())
    }
}

/// Offers a step what the host lends for its outputs; whether there is anything.
pub(crate) fn offer_all(outputs: &mut [Output], step: &Step, ctx: &mut Ctx<'_>) -> bool {
    let mut has_offers = false;
    for &(_, result) in &step.results {
        if let Some(memory) = outputs.get_mut(result as usize).and_then(|output| output.offered.take()) {
            ctx.offer(memory);
            has_offers = true;
        }
    }
    has_offers
}

/// Copies whatever a step has put into memory that was lent for another of its outputs.
pub(crate) fn put_right(
    outputs: &[Output],
    step: &Step,
    values: &mut [Option<Value>],
    arena: &Arena,
) -> Result<(), OpError> {
    for (i, value) in values.iter_mut().enumerate() {
        let Some(value) = value else { continue };
        let result = step.results.iter().find(|(of_step, _)| *of_step as usize == i);
        let own = result.and_then(|(_, of_graph)| outputs.get(*of_graph as usize));
        let is_right = matches!((&own, &value), (Some(own), Value::Tensor(tensor)) if own.is_here(tensor));
        if !is_right {
            copy_where(value, arena, is_lent)?;
        }
    }
    Ok(())
}

fn is_lent(tensor: &Tensor) -> bool {
    tensor.shared_bytes().is_some_and(Bytes::is_lent)
}

fn is_foreign(tensor: &Tensor) -> bool {
    tensor.shared_bytes().is_some_and(Bytes::is_foreign)
}

/// Replaces the tensors within that `must_go` by copies.
fn copy_where(value: &mut Value, arena: &Arena, must_go: impl Fn(&Tensor) -> bool) -> Result<(), OpError> {
    value.try_for_each_tensor_mut(&mut |tensor| {
        if must_go(tensor) {
            let mut copy = arena.alloc(tensor.bytes().len())?;
            copy.as_mut_slice().copy_from_slice(tensor.bytes());
            *tensor = Tensor::new(tensor.dtype(), tensor.shape().clone(), copy.into())?;
        }
        Ok::<(), OpError>(())
    })
}
