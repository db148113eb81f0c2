//! Small graphs for the passes' tests, and the check that a pass keeps the answer.

use dunlin_exec::{Environment, Evaluator, Limits, Plan, Resources, Stop};
use dunlin_ir::op::Elementwise;
use dunlin_ir::op::elementwise::{Binary, Cast, Rounding, Unary};
use dunlin_ir::{DType, Graph, Node, Op, Origin, Shape, Tensor, Type, Value, ValueId, ValueInfo};
use dunlin_sys::{Arena, Serial};

use crate::{Run, Target};

/// A graph in the making.
#[derive(Debug, Default)]
pub(crate) struct Sketch {
    graph: Graph,
}

impl Sketch {
    pub fn new() -> Sketch {
        Sketch::default()
    }

    /// An input of `float32`.
    pub fn input(&mut self, name: &str, shape: &[usize]) -> ValueId {
        self.input_of(DType::F32, name, shape)
    }

    /// An input of `float32` or `uint8`.
    pub fn input_of(&mut self, dtype: DType, name: &str, shape: &[usize]) -> ValueId {
        let ty = Type::tensor(dtype, &Shape::new(shape));
        let id = self.graph.add_value(ValueInfo { name: name.into(), ty, constant: None });
        self.graph.inputs.push(id);
        id
    }

    /// A constant of `float32`.
    pub fn floats(&mut self, shape: &[usize], values: &[f32]) -> ValueId {
        self.graph.add_constant(Tensor::from_slice(shape, values).unwrap())
    }

    /// A constant of `uint8`.
    pub fn bytes(&mut self, shape: &[usize], values: &[u8]) -> ValueId {
        self.graph.add_constant(Tensor::from_slice(shape, values).unwrap())
    }

    /// A list of `int64`.
    pub fn ints(&mut self, values: &[i64]) -> ValueId {
        self.graph.add_constant(Tensor::from_slice([values.len()], values).unwrap())
    }

    /// A constant of any type.
    pub fn constant(&mut self, tensor: Tensor) -> ValueId {
        self.graph.add_constant(tensor)
    }

    /// A node with one output.
    pub fn node(&mut self, op: impl Into<Op>, inputs: &[ValueId]) -> ValueId {
        let inputs: Vec<_> = inputs.iter().copied().map(Some).collect();
        self.node_with(op, &inputs)
    }

    /// A node with one output, some inputs left out.
    pub fn node_with(&mut self, op: impl Into<Op>, inputs: &[Option<ValueId>]) -> ValueId {
        let output = self.graph.add_value(ValueInfo::default());
        let op = op.into();
        let origin = Origin { op_type: op.name().into(), ..Origin::default() };
        self.graph.nodes.push(Node::new(op, inputs, &[Some(output)], origin));
        output
    }

    /// A node with more outputs than one.
    pub fn node_of<const N: usize>(&mut self, op: impl Into<Op>, inputs: &[ValueId]) -> [ValueId; N] {
        let first = self.node(op, inputs);
        let outputs =
            std::array::from_fn(|i| if i == 0 { first } else { self.graph.add_value(ValueInfo::default()) });
        if let Some(node) = self.graph.nodes.last_mut() {
            node.outputs = outputs.iter().copied().map(Some).collect();
        }
        outputs
    }

    pub fn cast(&mut self, to: DType, x: ValueId) -> ValueId {
        self.node(Elementwise::Cast(Cast { to, saturate: true, rounding: Rounding::Up }), &[x])
    }

    pub fn unary(&mut self, unary: Unary, x: ValueId) -> ValueId {
        self.node(Elementwise::Unary(unary), &[x])
    }

    pub fn binary(&mut self, binary: Binary, a: ValueId, b: ValueId) -> ValueId {
        self.node(Elementwise::Binary(binary), &[a, b])
    }

    pub fn finish(mut self, outputs: &[ValueId]) -> Graph {
        self.graph.outputs = outputs.to_vec();
        self.graph.verify().unwrap();
        for (value, fact) in dunlin_ir::infer_graph(&self.graph, &[], None, 0).into_iter().enumerate() {
            self.graph.values[value].ty = fact.ty;
        }
        self.graph
    }
}

/// Runs a pass. Returns whether it changed something.
pub(crate) fn apply(graph: &mut Graph, pass: Run) -> bool {
    let evaluator = Evaluator::default();
    pass(graph, &Target::new(&evaluator)).unwrap()
}

/// As [`check`]. Returns the names of the new graph's operators.
pub(crate) fn check_nodes(graph: &Graph, pass: Run) -> Vec<&'static str> {
    check(graph, pass).nodes.iter().map(|node| node.op.name()).collect()
}

/// Runs a pass on a copy, checks that it changed something and that both graphs compute the same from seeded inputs,
/// within 1e-5 of the largest element, or exactly if it is no
/// `float32`. Returns the new graph.
pub(crate) fn check(graph: &Graph, pass: Run) -> Graph {
    let mut after = graph.clone();
    assert!(apply(&mut after, pass), "the pass changed nothing");
    apply(&mut after, crate::dead::run);
    after.verify().unwrap();
    let (want, got) = (compute(graph), compute(&after));
    assert_eq!(want.len(), got.len());
    for (want, got) in want.iter().zip(&got) {
        assert_eq!((want.dtype(), want.shape()), (got.dtype(), got.shape()));
        if want.dtype() != DType::F32 {
            assert_eq!(want.bytes(), got.bytes());
            continue;
        }
        let (want, got) = (want.view::<f32>().unwrap(), got.view::<f32>().unwrap());
        let scale = want.iter().fold(1e-3f32, |scale, x| scale.max(x.abs()));
        for (i, (want, got)) in want.iter().zip(got).enumerate() {
            assert!((want - got).abs() <= 1e-5 * scale, "element {i}: {want} became {got}");
        }
    }
    after
}

/// The graph's outputs from seeded inputs.
pub(crate) fn compute(graph: &Graph) -> Vec<Tensor> {
    let mut state = 1u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    let inputs = graph.inputs.iter().map(|&id| {
        let ty = &graph.value(id).ty;
        let shape = ty.shape().unwrap();
        let values: Vec<f32> = (0..shape.n_elements()).map(|_| noise()).collect();
        let tensor = match ty.dtype() {
            Some(DType::U8) => {
                let bytes: Vec<u8> = values.iter().map(|x| (x * 127.0 + 128.0) as u8).collect();
                Tensor::from_slice(shape, &bytes)
            }
            _ => Tensor::from_slice(shape, &values),
        };
        Some(Value::Tensor(tensor.unwrap()))
    });
    let resources = Resources {
        pool: &Serial,
        arena: &Arena::new(),
        limits: &Limits::default(),
        stop: &Stop::default(),
        seed: 0,
        observer: None,
    };
    let plan = Plan::new(graph).unwrap();
    let outputs =
        dunlin_exec::run(&plan, None, inputs.collect(), &resources, &mut Environment::default()).unwrap();
    outputs.into_iter().map(|value| value.into_tensor().unwrap()).collect()
}
