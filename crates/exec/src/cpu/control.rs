//! Execution of the control family: nested graphs that run once, or again and again.

use dunlin_ir::op::Control;
use dunlin_ir::op::control::{Loop, Scan, SequenceMap, Walk};
use dunlin_ir::{Bool, DType, Dim, Fact, Graph, Shape, Tensor, Type, Value, infer_graph, resolve_axis};
use dunlin_sys::OutOfMemory;

use super::arms::built;
use super::part::{self, Assembly};
use super::sequence::sequence;
use crate::context::Body;
use crate::{Ctx, Inputs, OpError, Outputs};

/// Computes one step.
pub(crate) fn run(op: &Control, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    built!(match op {
        Control::If(_) => {
            let branch = usize::from(!truth(inputs.tensor(0)?)?);
            let captures = (1..inputs.len()).map(|i| inputs.take_value(i).ok());
            let outputs = ctx.body(branch)?.run(captures)?;
            Ok(outputs.into_iter().map(Some).collect())
        }
        Control::Loop(op) => run_loop(op, inputs, ctx),
        Control::Scan(op) if op.batched => run_batched_scan(op, inputs, ctx),
        Control::Scan(op) => run_scan(op, inputs.take_all(), ctx),
        Control::SequenceMap(op) => run_sequence_map(op, inputs, ctx),
    })
}

fn truth(tensor: &Tensor) -> Result<bool, OpError> {
    match tensor.view::<Bool>()? {
        [value] => Ok(value.get()),
        _ => Err(OpError::shape("one truth value", tensor.shape())),
    }
}

fn run_loop(op: &Loop, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let n_max = match inputs.optional_ints(0)?.as_deref() {
        None => None,
        Some(&[n]) => Some(u64::try_from(n).unwrap_or(0)),
        Some(_) => return Err(OpError::shape("one number of iterations", inputs.tensor(0)?.shape())),
    };
    let mut goes_on = inputs.optional(1)?.map(truth).transpose()?.unwrap_or(true);
    let mut carried: Vec<Value> =
        (2..2 + op.n_carried).map(|i| inputs.take_value(i)).collect::<Result<_, _>>()?;
    let captures: Vec<Option<Value>> =
        (2 + op.n_carried..inputs.len()).map(|i| inputs.take_value(i).ok()).collect();
    let n_expected = n_max.filter(|_| goes_on && !op.may_stop());
    let mut stacks: Vec<Stack> = (op.n_carried..ctx.n_outputs()).map(|_| Stack::new(n_expected)).collect();
    let mut body = ctx.body(0)?;
    let mut n_done = 0;
    while goes_on && n_max.is_none_or(|n_max| n_done < n_max) {
        check_steps(n_done, ctx)?;
        let counter = scalar_like(i64::try_from(n_done).unwrap_or(i64::MAX), &op.body, 0, ctx)?;
        let condition = scalar_like(Bool::from(true), &op.body, 1, ctx)?;
        let inputs = [Some(counter), Some(condition)].into_iter();
        let inputs = inputs.chain(carried.drain(..).map(Some)).chain(captures.iter().cloned());
        let mut outputs = body.run(inputs)?.into_iter();
        goes_on = truth(&tensor_of(outputs.next())?)?;
        carried.extend(outputs.by_ref().take(op.n_carried));
        for (i, stack) in stacks.iter_mut().enumerate() {
            let value = tensor_of(outputs.next())?;
            if ctx.wants(op.n_carried + i) {
                stack.push(&value, ctx)?;
            }
        }
        n_done += 1;
    }
    let mut results: Outputs = Outputs::new();
    if n_done == 0 && !stacks.is_empty() {
        let known = carried.iter().map(Some).chain(captures.iter().map(Option::as_ref)).map(fact_of);
        let types = output_types(&op.body, &op.counter_facts().into_iter().chain(known).collect::<Vec<_>>());
        for (stack, ty) in stacks.iter_mut().zip(&types[(1 + op.n_carried).min(types.len())..]) {
            *stack = Stack::empty(ty, 0, ctx)?;
        }
    }
    results.extend(carried.into_iter().map(Some));
    for (i, stack) in stacks.into_iter().enumerate() {
        results.push(if ctx.wants(op.n_carried + i) { Some(stack.finish(ctx)?.into()) } else { None });
    }
    Ok(results)
}

fn check_steps(n_done: u64, ctx: &Ctx<'_>) -> Result<(), OpError> {
    ctx.check_stop()?;
    let limit = ctx.limits().loop_steps;
    if n_done < limit {
        return Ok(());
    }
    Err(OpError::Limit { what: "loop steps", got: n_done.saturating_add(1), limit })
}

/// One value, of rank 0 unless the body declares its input `i` of rank 1.
fn scalar_like<T: dunlin_ir::Element>(
    value: T,
    body: &Graph,
    i: usize,
    ctx: &Ctx<'_>,
) -> Result<Value, OpError> {
    let is_list =
        body.inputs.get(i).is_some_and(|&id| body.value(id).ty.dims().is_some_and(|d| d.len() == 1));
    let shape = if is_list { Shape::new(&[1]) } else { Shape::scalar() };
    let mut tensor = ctx.alloc(T::DTYPE, shape)?;
    tensor.view_mut::<T>()?.fill(value);
    Ok(Value::Tensor(tensor))
}

fn tensor_of(value: Option<Value>) -> Result<Tensor, OpError> {
    match value {
        Some(Value::Tensor(tensor)) => Ok(tensor),
        Some(other) => {
            Err(OpError::value("tensors where a nested graph's outputs are stacked", other.kind()))
        }
        None => Err(OpError::value("as many outputs of the nested graph as are read", "fewer")),
    }
}

fn fact_of(value: Option<&Value>) -> Fact {
    match value {
        Some(Value::Tensor(tensor)) => Fact::known(tensor.dtype(), tensor.shape()),
        Some(Value::Sequence(values)) => {
            let of = values.first().map(|value| fact_of(Some(value)).ty).unwrap_or_default();
            Fact::of(Type::Sequence(Box::new(of)))
        }
        _ => Fact::default(),
    }
}

fn output_types(graph: &Graph, inputs: &[Fact]) -> Vec<Type> {
    let facts = infer_graph(graph, inputs, None, 0);
    graph.outputs.iter().map(|id| facts[id.index()].ty.clone()).collect()
}

/// What an output of a nested graph was in each iteration, along a new first axis.
#[derive(Debug)]
struct Stack {
    /// How many there will be, if that is known.
    n_expected: Option<u64>,
    n: usize,
    /// The shape of one.
    item: Shape,
    assembly: Option<Assembly>,
}

impl Stack {
    fn new(n_expected: Option<u64>) -> Stack {
        Stack { n_expected, n: 0, item: Shape::scalar(), assembly: None }
    }

    /// A stack of nothing: sizes that are not known are 0.
    fn empty(ty: &Type, axis: usize, ctx: &Ctx<'_>) -> Result<Stack, OpError> {
        let dtype = ty.dtype().unwrap_or(DType::F32);
        let mut dims: Vec<usize> =
            ty.dims().unwrap_or_default().iter().map(|dim: &Dim| dim.known().unwrap_or(0)).collect();
        dims.insert(axis.min(dims.len()), 0);
        let assembly = Assembly::new(dtype, dims.into(), axis, ctx)?;
        Ok(Stack { assembly: Some(assembly), ..Stack::new(None) })
    }

    fn push(&mut self, value: &Tensor, ctx: &Ctx<'_>) -> Result<(), OpError> {
        let assembly = match &mut self.assembly {
            Some(assembly) => assembly,
            None => {
                let n = self.n_expected.map_or(8, |n| usize::try_from(n).unwrap_or(usize::MAX));
                let shape = std::iter::once(n).chain(value.shape().iter().copied()).collect();
                self.item = value.shape().clone();
                self.assembly.insert(Assembly::new(value.dtype(), shape, 0, ctx)?)
            }
        };
        if *value.shape() != self.item {
            return Err(OpError::shapes("one shape in all iterations", &self.item, value.shape()));
        }
        if self.n == assembly.len() {
            assembly.grow(self.n.saturating_mul(2), ctx)?;
        }
        assembly.put(self.n, 1, value)?;
        self.n += 1;
        Ok(())
    }

    fn finish(self, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
        let Some(mut assembly) = self.assembly else {
            return Err(OpError::value("an iteration that writes a stacked output", "none"));
        };
        if assembly.len() != self.n {
            assembly.grow(self.n, ctx)?;
        }
        assembly.finish()
    }
}

/// A scan's sliced input.
struct Slices {
    tensor: Tensor,
    axis: usize,
    backward: bool,
}

impl Slices {
    fn new(value: Option<Value>, walk: Walk, i: usize) -> Result<Slices, OpError> {
        let tensor = match value {
            Some(Value::Tensor(tensor)) => tensor,
            Some(other) => return Err(OpError::Kind { index: i, expected: "tensor", got: other.kind() }),
            None => return Err(OpError::MissingInput(i)),
        };
        let axis = axis_of(walk.axis, tensor.rank())?;
        Ok(Slices { tensor, axis, backward: walk.backward })
    }

    fn len(&self) -> usize {
        self.tensor.shape()[self.axis]
    }

    fn slice(&self, step: usize, ctx: &Ctx<'_>) -> Result<Value, OpError> {
        let at = if self.backward { self.len() - 1 - step } else { step };
        drop_axis(part::slice(&self.tensor, self.axis, at, 1, ctx)?, self.axis)
    }
}

fn drop_axis(tensor: Tensor, axis: usize) -> Result<Value, OpError> {
    let mut dims = tensor.shape().to_vec();
    dims.remove(axis);
    Ok(Value::Tensor(tensor.reshaped(dims.into())?))
}

fn axis_of(axis: i64, rank: usize) -> Result<usize, OpError> {
    resolve_axis(axis, rank).ok_or_else(|| OpError::value(format!("an axis of {rank} dimensions"), axis))
}

/// `inputs`: states, sliced inputs, captures.
fn run_scan(op: &Scan, inputs: Vec<Option<Value>>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let mut inputs = inputs.into_iter();
    let mut states = Vec::with_capacity(op.n_states);
    for i in 0..op.n_states {
        states.push(inputs.next().flatten().ok_or(OpError::MissingInput(i))?);
    }
    let mut slices = Vec::with_capacity(op.scanned.len());
    for (i, &walk) in op.scanned.iter().enumerate() {
        slices.push(Slices::new(inputs.next().flatten(), walk, op.n_states + i)?);
    }
    let captures: Vec<Option<Value>> = inputs.collect();
    let n = slices.first().map_or(0, Slices::len);
    if let Some(other) = slices.iter().find(|slices| slices.len() != n) {
        return Err(OpError::shape(format!("{n} slices of every input"), other.len()));
    }
    let mut body = ctx.body(0)?;
    let mut stacks: Vec<Option<Assembly>> = op.stacked.iter().map(|_| None).collect();
    if n == 0 {
        stacks = empty_stacks(op, &states, &slices, &captures, ctx)?;
    }
    for step in 0..n {
        check_steps(step as u64, ctx)?;
        let outputs = scan_step(&mut body, &mut states, &slices, &captures, step, ctx)?;
        for ((stack, walk), value) in stacks.iter_mut().zip(&op.stacked).zip(outputs) {
            let value = tensor_of(Some(value))?;
            let at = if walk.backward { n - 1 - step } else { step };
            put(stack, &value, at, n, walk.axis, ctx)?;
        }
    }
    let mut results: Outputs = states.into_iter().map(Some).collect();
    for stack in stacks {
        results.push(stack.map(Assembly::finish).transpose()?.map(Value::Tensor));
    }
    Ok(results)
}

/// Runs the body for one step: replaces the states, and returns what is stacked.
fn scan_step(
    body: &mut Body<'_>,
    states: &mut Vec<Value>,
    slices: &[Slices],
    captures: &[Option<Value>],
    step: usize,
    ctx: &Ctx<'_>,
) -> Result<impl Iterator<Item = Value> + use<>, OpError> {
    let n_states = states.len();
    let parts: Vec<Value> = slices.iter().map(|slices| slices.slice(step, ctx)).collect::<Result<_, _>>()?;
    let inputs = states.drain(..).chain(parts).map(Some).chain(captures.iter().cloned());
    let mut outputs = body.run(inputs)?.into_iter();
    states.extend(outputs.by_ref().take(n_states));
    Ok(outputs)
}

fn put(
    stack: &mut Option<Assembly>,
    value: &Tensor,
    at: usize,
    n: usize,
    axis: i64,
    ctx: &Ctx<'_>,
) -> Result<(), OpError> {
    let assembly = match stack {
        Some(assembly) => assembly,
        None => {
            let axis = axis_of(axis, value.rank() + 1)?;
            let mut dims = value.shape().to_vec();
            dims.insert(axis, n);
            stack.insert(Assembly::new(value.dtype(), dims.into(), axis, ctx)?)
        }
    };
    assembly.put(at, 1, value)
}

fn empty_stacks(
    op: &Scan,
    states: &[Value],
    slices: &[Slices],
    captures: &[Option<Value>],
    ctx: &Ctx<'_>,
) -> Result<Vec<Option<Assembly>>, OpError> {
    let slice = |slices: &Slices| {
        let mut dims = slices.tensor.shape().to_vec();
        dims.remove(slices.axis);
        Fact::known(slices.tensor.dtype(), &dims.into())
    };
    let states = states.iter().map(|state| fact_of(Some(state)));
    let captures = captures.iter().map(|capture| fact_of(capture.as_ref()));
    let inputs: Vec<Fact> = states.chain(slices.iter().map(slice)).chain(captures).collect();
    let types = output_types(&op.body, &inputs);
    let stacked = op.stacked.iter().zip(types.iter().skip(op.n_states));
    let empty = |(walk, ty): (&Walk, &Type)| {
        let axis = axis_of(walk.axis, ty.dims().map_or(1, |dims| dims.len() + 1))?;
        Ok(Stack::empty(ty, axis, ctx)?.assembly)
    };
    stacked.map(empty).collect()
}

/// One scan per element of the leading dimension; shorter sequences leave zeros behind their last slice.
fn run_batched_scan(op: &Scan, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let lengths = inputs.optional_ints(0)?;
    let n_formal = op.n_states + op.scanned.len();
    let mut tensors = Vec::with_capacity(n_formal);
    for i in 1..=n_formal {
        tensors.push(inputs.take(i)?);
    }
    let captures: Vec<Option<Value>> =
        (1 + n_formal..inputs.len()).map(|i| inputs.take_value(i).ok()).collect();
    let b = tensors.first().and_then(|tensor| tensor.shape().first().copied()).unwrap_or(0);
    if lengths.as_ref().is_some_and(|lengths| lengths.len() != b) {
        return Err(OpError::shape(format!("{b} lengths"), inputs.tensor(0)?.shape()));
    }
    let n_max = tensors.last().and_then(|tensor| tensor.shape().get(1).copied()).unwrap_or(0);
    let mut stacks: Vec<Option<Assembly>> = (0..op.n_states + op.stacked.len()).map(|_| None).collect();
    for at in 0..b {
        let n = lengths.as_ref().map_or(Some(n_max), |lengths| usize::try_from(lengths[at]).ok());
        let n =
            n.filter(|&n| n <= n_max).ok_or_else(|| OpError::value(format!("lengths up to {n_max}"), at))?;
        let mut items = Vec::with_capacity(n_formal + captures.len());
        for (i, tensor) in tensors.iter().enumerate() {
            items.push(Some(batch_item(tensor, at, b, (i >= op.n_states).then_some(n), ctx)?));
        }
        items.extend(captures.iter().cloned());
        for (i, value) in run_scan(op, items, ctx)?.into_iter().enumerate() {
            let mut value = tensor_of(value)?;
            if i >= op.n_states && n < n_max {
                value = padded(&value, n_max, ctx)?;
            }
            put(&mut stacks[i], &value, at, b, 0, ctx)?;
        }
    }
    stacks.into_iter().map(|stack| Ok(stack.map(Assembly::finish).transpose()?.map(Value::Tensor))).collect()
}

/// Element `at` of `b` along the first axis; of what is sliced only the first `n` slices.
fn batch_item(
    tensor: &Tensor,
    at: usize,
    b: usize,
    n: Option<usize>,
    ctx: &Ctx<'_>,
) -> Result<Value, OpError> {
    let needed = if n.is_some() { 2 } else { 1 };
    if tensor.rank() < needed || tensor.shape()[0] != b {
        return Err(OpError::shape(format!("{b} scans of rank {needed} or more"), tensor.shape()));
    }
    let item = part::slice(tensor, 0, at, 1, ctx)?;
    match (drop_axis(item, 0)?, n) {
        (Value::Tensor(item), Some(n)) => Ok(Value::Tensor(part::slice(&item, 0, 0, n, ctx)?)),
        (item, _) => Ok(item),
    }
}

fn padded(tensor: &Tensor, n: usize, ctx: &Ctx<'_>) -> Result<Tensor, OpError> {
    let mut shape = tensor.shape().clone();
    let n_there = shape[0];
    shape[0] = n - n_there;
    let zeros = match tensor.dtype() {
        DType::String => Tensor::zeroed(DType::String, shape.clone())?,
        dtype => ctx.alloc_zeroed(dtype, shape.clone())?,
    };
    shape[0] = n;
    let mut assembly = Assembly::new(tensor.dtype(), shape, 0, ctx)?;
    assembly.put(0, n_there, tensor)?;
    assembly.put(n_there, n - n_there, &zeros)?;
    assembly.finish()
}

fn run_sequence_map(op: &SequenceMap, inputs: &mut Inputs<'_>, ctx: &Ctx<'_>) -> Result<Outputs, OpError> {
    let n = sequence(inputs.value(0)?, 0)?.len();
    let values = inputs.take_all();
    for (i, value) in values[..op.n_inputs].iter().enumerate() {
        if let Some(Value::Sequence(other)) = value
            && other.len() != n
        {
            return Err(OpError::shape(format!("{n} elements in input {i}"), other.len()));
        }
    }
    let mut outputs: Vec<Vec<Value>> = Vec::new();
    for _ in 0..ctx.n_outputs() {
        let mut values = Vec::new();
        let refused = OutOfMemory { requested_bytes: n.saturating_mul(size_of::<Value>()) };
        values.try_reserve_exact(n).map_err(|_| refused)?;
        outputs.push(values);
    }
    let mut body = ctx.body(0)?;
    for at in 0..n {
        check_steps(at as u64, ctx)?;
        let element = |(i, value): (usize, &Option<Value>)| match value {
            Some(value) if i < op.n_inputs => Some(match sequence(value, i) {
                Ok(elements) => elements[at].clone(),
                Err(_) => value.clone(),
            }),
            other => other.clone(),
        };
        let results = body.run(values.iter().enumerate().map(element))?;
        outputs.iter_mut().zip(results).for_each(|(output, value)| output.push(value));
    }
    Ok(outputs.into_iter().map(|values| Some(Value::Sequence(values))).collect())
}
