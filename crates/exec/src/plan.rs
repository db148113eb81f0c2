//! The plan: a graph made ready to run. Steps in order, where each reads and writes, weights packed.

use std::any::Any;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use dunlin_ir::infer::{Fact, Facts};
use dunlin_ir::{
    DType, Graph, GraphError, MAX_SHAPE_ELEMENTS, Node, Op, Origin, Shape, Tensor, Type, Value, ValueId,
    built, infer_graph,
};
use smallvec::SmallVec;

use crate::cpu;
use crate::device::{self, Backend, Buffer, Place, Refusal, Target};
use crate::run::SpareEnvironments;
use crate::{Evaluator, NodeError, OpError};

/// Weights in the layout that a kernel wants, made once per model.
pub trait Packed: Any + Send + Sync + std::fmt::Debug {
    /// Bytes that it takes.
    fn byte_len(&self) -> usize;

    /// The inputs that the step no longer reads, since the packed form holds all of them.
    fn replaced_inputs(&self) -> &[usize];
}

/// Where a step finds one of its inputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arg {
    /// It is left out, or lives in the packed weights.
    Absent,
    /// A slot of the environment.
    Slot {
        /// Which one.
        index: u32,
        /// Whether nothing reads it afterwards, so that the step may write in place.
        last_use: bool,
    },
    /// A constant of the plan.
    Constant(u32),
}

/// One step: an operator, and where its inputs and outputs live.
#[derive(Debug)]
pub struct Step {
    /// The position among the plan's steps.
    pub id: usize,
    /// What to compute.
    pub op: Op,
    /// Where it came from.
    pub origin: Origin,
    /// Where its inputs are.
    pub inputs: SmallVec<[Arg; 4]>,
    /// The slots for its outputs; `None` where nobody reads one.
    pub outputs: SmallVec<[Option<u32>; 2]>,
    /// Which of its outputs are which of the graph's: (of the step, of the graph).
    pub results: SmallVec<[(u32, u32); 1]>,
    /// Its packed weights.
    pub packed: Option<Arc<dyn Packed>>,
    /// The plans of its nested graphs.
    pub bodies: Vec<Arc<Plan>>,
    /// Which side computes it.
    pub place: Place,
}

/// A graph ready to run, for any input shapes. Immutable: many threads may run one plan at a time.
#[derive(Debug)]
pub struct Plan {
    /// The steps in order.
    pub steps: Vec<Step>,
    /// The constants that steps read as they are, aligned unless their readers only copy bytes.
    pub constants: Vec<Value>,
    /// How many slots the environment needs.
    pub n_slots: usize,
    /// Where each input goes; `None` if nothing reads it.
    pub inputs: Vec<Option<u32>>,
    /// Where each output is found.
    pub outputs: Vec<Arg>,
    /// What inputs are when the caller leaves them out, by position.
    pub defaults: Vec<(usize, Value)>,
    /// The device, if it computes any step.
    pub(crate) device: Option<DevicePlan>,
    /// Slots of runs that are over, if this is the plan of a nested graph.
    pub(crate) spare: SpareEnvironments,
}

/// What a plan knows of the device that computes some of its steps.
#[derive(Debug)]
pub(crate) struct DevicePlan {
    pub backend: Arc<dyn Backend>,
    pub deny_fallback: bool,
    /// In step with the plan's constants: those that the device reads, in its memory.
    pub constants: Vec<Option<Buffer>>,
}

/// Why a graph cannot be planned.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The graph is not well formed.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A node's weights could not be prepared.
    #[error(transparent)]
    Node(#[from] Box<NodeError>),
    /// The plan's constants found no memory.
    #[error(transparent)]
    Op(#[from] OpError),
}

impl Plan {
    /// Plans `graph` for the CPU: decides where values live, aligns constants, packs weights, plans nested graphs.
    ///
    /// # Errors
    /// [`PlanError`] if the graph is malformed or memory runs out.
    pub fn new(graph: &Graph) -> Result<Plan, PlanError> {
        Plan::with_target(graph, &Target::default())
    }

    /// Plans `graph` for a device, with what that cannot compute on the CPU.
    ///
    /// # Errors
    /// As [`Plan::new`], and if the device has no room for the weights.
    pub fn with_target(graph: &Graph, target: &Target) -> Result<Plan, PlanError> {
        graph.verify()?;
        Planner::new(graph, target).plan()
    }

    /// Bytes of packed weights, those that steps share counted once; those of nested plans not.
    pub fn packed_bytes(&self) -> usize {
        let mut seen = HashSet::new();
        let packed = self.steps.iter().filter_map(|step| step.packed.as_ref());
        packed
            .filter(|packed| seen.insert(Arc::as_ptr(packed).cast::<()>()))
            .map(|packed| packed.byte_len())
            .sum()
    }
}

impl Step {
    /// The node's name in the model; its operator's if it has none.
    pub fn label(&self) -> &str {
        if self.origin.name.is_empty() { &self.origin.op_type } else { &self.origin.name }
    }
}

impl std::fmt::Display for Plan {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(
            f,
            "plan of {} steps, {} slots, {} constants",
            self.steps.len(),
            self.n_slots,
            self.constants.len()
        )?;
        self.print(f, 1)
    }
}

impl Plan {
    fn print(&self, f: &mut std::fmt::Formatter<'_>, depth: usize) -> std::fmt::Result {
        let indent = "  ".repeat(depth);
        for step in &self.steps {
            let outputs: Vec<String> =
                step.outputs.iter().map(|slot| slot.map_or("-".into(), |slot| format!("s{slot}"))).collect();
            let inputs: Vec<String> = step.inputs.iter().map(Arg::to_string).collect();
            write!(f, "{indent}{} = {}({})", outputs.join(", "), step.op.name(), inputs.join(", "))?;
            if let Place::Device(_) = step.place {
                f.write_str(" on the device")?;
            }
            if let Some(packed) = &step.packed {
                write!(f, " packed {} bytes", packed.byte_len())?;
            }
            writeln!(f, "  # {}", step.label())?;
            step.bodies.iter().try_for_each(|body| body.print(f, depth + 1))?;
        }
        let outputs: Vec<String> = self.outputs.iter().map(Arg::to_string).collect();
        writeln!(f, "{indent}return {}", outputs.join(", "))
    }
}

impl std::fmt::Display for Arg {
    /// `s3` for slot 3, `s3!` where it is read for the last time, `c1` for constant 1, `-` for none.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Arg::Absent => f.write_str("-"),
            Arg::Slot { index, last_use } => write!(f, "s{index}{}", if *last_use { "!" } else { "" }),
            Arg::Constant(index) => write!(f, "c{index}"),
        }
    }
}

struct Planner<'g> {
    graph: &'g Graph,
    target: &'g Target,
    /// What is known of each value, if there is a device to be asked about it.
    facts: Vec<Fact>,
    /// For each value, how many reads are still to come; graph outputs count as reads that never come.
    reads_left: Vec<u32>,
    slots: Vec<Option<u32>>,
    free_slots: Vec<u32>,
    n_slots: u32,
    constants: Vec<Value>,
    constant_ids: HashMap<ValueId, u32>,
    /// Where values are among the graph's outputs; a value that is there twice, at its last place.
    results: HashMap<ValueId, u32>,
    /// What was packed from which inputs, for the nodes that share weights: layers used repeatedly, loops unrolled.
    shared: HashMap<PackedFrom, Vec<PackedFor<'g>>>,
}

/// An operator, and the weights that were packed for it.
type PackedFor<'g> = (&'g Op, Arc<dyn Packed>);

/// Where a constant's bytes lie, and how they are read.
type BytesAt = (*const u8, DType, Shape);

/// The constants among a node's inputs, by where their bytes lie, and which inputs it has.
type PackedFrom = SmallVec<[(Option<BytesAt>, bool); 4]>;

impl<'g> Planner<'g> {
    fn new(graph: &'g Graph, target: &'g Target) -> Planner<'g> {
        let facts = match target.device {
            Some(_) => infer_graph(graph, &[], Some(&Evaluator::default()), MAX_SHAPE_ELEMENTS),
            None => Vec::new(),
        };
        let mut reads_left = vec![0; graph.values.len()];
        let read = graph.nodes.iter().flat_map(|node| node.inputs.iter().flatten()).chain(&graph.outputs);
        for value in read {
            reads_left[value.index()] += 1;
        }
        Planner {
            graph,
            target,
            facts,
            reads_left,
            slots: vec![None; graph.values.len()],
            free_slots: Vec::new(),
            n_slots: 0,
            constants: Vec::new(),
            constant_ids: HashMap::new(),
            results: graph.outputs.iter().zip(0..).map(|(&id, i)| (id, i)).collect(),
            shared: HashMap::new(),
        }
    }

    fn plan(mut self) -> Result<Plan, PlanError> {
        let graph = self.graph;
        let inputs = graph.inputs.iter().map(|&input| self.new_slot(input)).collect();
        let mut steps = Vec::with_capacity(graph.nodes.len());
        for node in &graph.nodes {
            self.target.stop.check()?;
            let step = self.step(steps.len(), node).map_err(|error| locate(node, error))?;
            steps.push(step);
        }
        let mut outputs = Vec::with_capacity(graph.outputs.len());
        for &output in &graph.outputs {
            outputs.push(self.arg(output, Alignment::Typed)?);
        }
        let position = |id: ValueId| graph.inputs.iter().position(|&input| input == id);
        let mut defaults = Vec::new();
        for (id, tensor) in &graph.defaults {
            if let Some(position) = position(*id) {
                defaults.push((position, Value::Tensor(tensor.to_aligned().map_err(OpError::from)?)));
            }
        }
        Ok(Plan {
            device: device_plan(self.target, &steps, &self.constants)?,
            steps,
            constants: self.constants,
            n_slots: self.n_slots as usize,
            inputs,
            outputs,
            defaults,
            spare: SpareEnvironments::default(),
        })
    }

    fn step(&mut self, id: usize, node: &'g Node) -> Result<Step, OpError> {
        let place = self.place(node);
        let packed = match place {
            Place::Device(_) => None,
            _ => {
                built::check(&node.op)?;
                self.pack(node)?
            }
        };
        let replaced = packed.as_deref().map_or(&[][..], Packed::replaced_inputs);
        let mut inputs = SmallVec::new();
        for (i, input) in node.inputs.iter().enumerate() {
            inputs.push(match input {
                Some(id) if replaced.contains(&i) => {
                    self.reads_left[id.index()] -= 1;
                    Arg::Absent
                }
                Some(id) => {
                    let needs = match place {
                        Place::Cpu | Place::Fallback(_) if cpu::reads_bytes(&node.op, i) => Alignment::Any,
                        _ => Alignment::Typed,
                    };
                    self.arg(*id, needs)?
                }
                None => Arg::Absent,
            });
        }
        // A value read twice by this node is on its last use only at the last of its reads, which `arg` has found.
        // Outputs take their slots before those of the inputs are free: a step never writes where it reads.
        let outputs = node.outputs.iter().map(|output| output.and_then(|id| self.new_slot(id))).collect();
        for input in &inputs {
            if let Arg::Slot { index, last_use: true } = input {
                self.free_slots.push(*index);
            }
        }
        let result = |(output, i): (&Option<ValueId>, u32)| Some((i, *self.results.get(&(*output)?)?));
        let results = node.outputs.iter().zip(0..).filter_map(result).collect();
        let mut bodies = Vec::new();
        for body in node.op.bodies() {
            bodies.push(Arc::new(Plan::with_target(body, self.target).map_err(nested)?));
        }
        Ok(Step {
            id,
            op: node.op.clone(),
            origin: node.origin.clone(),
            inputs,
            outputs,
            results,
            packed,
            bodies,
            place,
        })
    }

    /// The node's packed weights: those of an equal node before it if they read the same constants.
    fn pack(&mut self, node: &'g Node) -> Result<Option<Arc<dyn Packed>>, OpError> {
        let graph = self.graph;
        let constants: SmallVec<[Option<&Tensor>; 4]> =
            node.inputs.iter().map(|input| input.and_then(|id| graph.constant(id))).collect();
        let place = |tensor: &Tensor| (tensor.bytes().as_ptr(), tensor.dtype(), tensor.shape().clone());
        let from: PackedFrom =
            node.inputs.iter().zip(&constants).map(|(input, c)| (c.map(place), input.is_some())).collect();
        let may_share = from.iter().any(|(constant, _)| constant.is_some());
        if may_share && let Some(candidates) = self.shared.get(&from) {
            let equal = candidates.iter().find(|(op, _)| **op == node.op);
            if let Some((_, packed)) = equal {
                return Ok(Some(packed.clone()));
            }
        }
        let is_present = |i: usize| from.get(i).is_some_and(|(_, is_present)| *is_present);
        let types: SmallVec<[Option<&Type>; 4]> =
            node.inputs.iter().map(|input| input.map(|id| &graph.values[id.index()].ty)).collect();
        let packed = cpu::pack(&node.op, &constants, &types, &is_present)?;
        let replaced = packed.as_deref().map_or(&[][..], Packed::replaced_inputs);
        replaced.iter().filter_map(|&i| constants.get(i).copied().flatten()).for_each(Tensor::release_pages);
        if may_share && let Some(packed) = &packed {
            self.shared.entry(from).or_default().push((&node.op, packed.clone()));
        }
        Ok(packed)
    }

    fn place(&self, node: &Node) -> Place {
        let Some(backend) = &self.target.device else { return Place::Cpu };
        let facts: SmallVec<[Option<&Fact>; 4]> =
            node.inputs.iter().map(|input| input.map(|id| &self.facts[id.index()])).collect();
        device::place(&**backend, &node.op, &Facts::new(&facts, node.outputs.len()))
    }

    fn arg(&mut self, id: ValueId, needs: Alignment) -> Result<Arg, OpError> {
        self.reads_left[id.index()] -= 1;
        if let Some(tensor) = self.graph.constant(id) {
            return Ok(Arg::Constant(self.constant(id, tensor, needs)?));
        }
        let last_use = self.reads_left[id.index()] == 0;
        match self.slots[id.index()] {
            Some(index) => Ok(Arg::Slot { index, last_use }),
            None => Ok(Arg::Absent),
        }
    }

    fn constant(&mut self, id: ValueId, tensor: &Tensor, needs: Alignment) -> Result<u32, OpError> {
        let index = *self.constant_ids.entry(id).or_insert_with(|| {
            self.constants.push(Value::Tensor(tensor.clone()));
            self.constants.len() as u32 - 1
        });
        if needs == Alignment::Typed
            && let Value::Tensor(kept) = &mut self.constants[index as usize]
            && !kept.is_aligned()
        {
            *kept = tensor.to_aligned()?;
            tensor.release_pages();
        }
        Ok(index)
    }

    /// A slot for a value, or none if nobody reads it.
    fn new_slot(&mut self, id: ValueId) -> Option<u32> {
        if self.reads_left[id.index()] == 0 {
            return None;
        }
        let slot = self.free_slots.pop().unwrap_or_else(|| {
            self.n_slots += 1;
            self.n_slots - 1
        });
        self.slots[id.index()] = Some(slot);
        Some(slot)
    }
}

/// How a reader wants a constant's bytes to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alignment {
    /// As they are: it copies bytes.
    Any,
    /// So that the element type can be read.
    Typed,
}

/// Copies the constants that steps on the device read to it, if there are such steps.
fn device_plan(target: &Target, steps: &[Step], constants: &[Value]) -> Result<Option<DevicePlan>, OpError> {
    let Some(backend) = &target.device else { return Ok(None) };
    let mut buffers = vec![None; constants.len()];
    for step in steps {
        let Place::Device(host) = step.place else { continue };
        for (i, input) in step.inputs.iter().enumerate() {
            let Arg::Constant(index) = *input else { continue };
            if host.contains(i) {
                continue;
            }
            let (buffer, value) = (&mut buffers[index as usize], &constants[index as usize]);
            if let (None, Some(tensor)) = (&buffer, value.as_tensor()) {
                // What the device declines now it declines in the run, where the CPU takes over.
                match backend.upload(tensor) {
                    Ok(uploaded) => *buffer = Some(uploaded),
                    Err(Refusal::Declined(_)) => {}
                    Err(Refusal::Failed(error)) => return Err(error),
                }
            }
        }
    }
    let is_used = steps.iter().any(|step| step.place != Place::Cpu);
    let plan =
        || DevicePlan { backend: backend.clone(), deny_fallback: target.deny_fallback, constants: buffers };
    Ok(is_used.then(plan))
}

fn nested(error: PlanError) -> OpError {
    match error {
        PlanError::Graph(error) => {
            OpError::unsupported(format!("a nested graph that is malformed ({error})"))
        }
        PlanError::Node(error) => OpError::Nested(error),
        PlanError::Op(error) => error,
    }
}

fn locate(node: &Node, error: OpError) -> Box<NodeError> {
    Box::new(node_error(&node.origin, &node.op, error))
}

pub(crate) fn node_error(origin: &Origin, op: &Op, error: OpError) -> NodeError {
    let node = if origin.name.is_empty() { &origin.op_type } else { &origin.name };
    NodeError { node: node.to_string(), op: op.name().to_owned(), offset: origin.offset, error }
}

#[cfg(test)]
mod tests {
    use dunlin_ir::op::index::Axis;
    use dunlin_ir::op::{Index, Linear};
    use dunlin_ir::{DType, Shape, ValueInfo};
    use dunlin_sys::{AlignedBuf, Arena, Bytes, Serial};

    use super::*;
    use crate::{Environment, Limits, Resources, Stop, run};

    /// `x` times `weights[i]` for each `i`, one after the other.
    fn products(weights: &[usize]) -> Plan {
        let mut graph = Graph::default();
        let constants: Vec<ValueId> = (0..2)
            .map(|i| graph.add_constant(Tensor::from_slice([2, 2], &[1.0f32 + i as f32; 4]).unwrap()))
            .collect();
        let mut x = graph.add_value(ValueInfo::default());
        graph.inputs.push(x);
        for &weight in weights {
            let y = graph.add_value(ValueInfo::default());
            let inputs = [Some(x), Some(constants[weight])];
            graph.nodes.push(Node::new(Linear::MatMul.into(), &inputs, &[Some(y)], Origin::default()));
            x = y;
        }
        graph.outputs.push(x);
        Plan::new(&graph).unwrap()
    }

    #[test]
    fn steps_share_packed_weights() {
        let (once, thrice) = (products(&[0]), products(&[0, 0, 0]));
        assert!(once.packed_bytes() > 0);
        assert_eq!(thrice.packed_bytes(), once.packed_bytes());
        assert!(thrice.steps.iter().all(|step| step.packed.is_some() && step.inputs[1] == Arg::Absent));
        assert_eq!(products(&[0, 1, 0]).packed_bytes(), 2 * once.packed_bytes());
    }

    /// `table[rows]`, and `table times weight` if there is one.
    fn look_up(table: Tensor, weight: Option<Tensor>) -> Plan {
        let mut graph = Graph::default();
        let table = graph.add_constant(table);
        let node = |op: Op, inputs: [ValueId; 2], graph: &mut Graph| {
            let y = graph.add_value(ValueInfo::default());
            graph.nodes.push(Node::new(op, &inputs.map(Some), &[Some(y)], Origin::default()));
            graph.outputs.push(y);
        };
        let rows = graph.add_value(ValueInfo::default());
        graph.inputs.push(rows);
        node(Index::Gather(Axis { axis: 0 }).into(), [table, rows], &mut graph);
        if let Some(weight) = weight {
            let weight = graph.add_constant(weight);
            node(Linear::MatMul.into(), [table, weight], &mut graph);
        }
        Plan::new(&graph).unwrap()
    }

    #[test]
    fn tables_that_are_only_looked_up_stay_unaligned() {
        let elements: Vec<f32> = (0..12).map(|x| x as f32).collect();
        let mut bytes = vec![0u8];
        elements.iter().for_each(|x| bytes.extend(x.to_le_bytes()));
        let bytes = Bytes::from(AlignedBuf::copy_of(&bytes).unwrap()).slice(1..49).unwrap();
        let table = Tensor::new(DType::F32, [3, 4].into(), bytes).unwrap();
        let weight = Tensor::from_slice([4, 1], &[1.0f32; 4]).unwrap();
        let kept = |plan: &Plan| plan.constants[0].as_tensor().unwrap().is_aligned();
        let (plain, both) = (look_up(table.clone(), None), look_up(table, Some(weight)));
        assert_eq!((kept(&plain), kept(&both)), (false, true));
        for (rows, want) in [(vec![2i64], &elements[8..]), (vec![1, 2], &elements[4..]), (vec![], &[])] {
            let n = rows.len();
            let rows = Some(Value::Tensor(Tensor::from_slice([n], &rows).unwrap()));
            let resources = Resources {
                pool: &Serial,
                arena: &Arena::new(),
                limits: &Limits::default(),
                stop: &Stop::default(),
                seed: 0,
                observer: None,
            };
            for plan in [&plain, &both] {
                let outputs =
                    run(plan, None, vec![rows.clone()], &resources, &mut Environment::default()).unwrap();
                let got = outputs[0].as_tensor().unwrap();
                assert_eq!((got.shape(), got.view::<f32>().unwrap()), (&Shape::new(&[n, 4]), want));
            }
        }
    }
}
