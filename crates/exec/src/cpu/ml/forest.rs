//! Forests prepared for their walks: every test made one of "at most", leaves in tables.

use std::ops::{Add, Div, Neg, Sub};
use std::sync::OnceLock;

use dunlin_ir::Element;
use dunlin_ir::op::ml::{Branch, Child, Forest, Test};
use dunlin_kernels::tree::{self, Next, Split, Trees};

use crate::OpError;
use crate::plan::Packed;

/// The numbers that a forest is computed in.
pub(super) trait Real:
    Split + Element + Default + Add<Output = Self> + Sub<Output = Self> + Div<Output = Self> + Neg<Output = Self>
{
    const ONE: Self;
    fn from_f64(x: f64) -> Self;
    fn to_f64(self) -> f64;
    fn to_f32(self) -> f32;
    /// The forest in these numbers.
    fn of(packed: &PackedForest) -> &OnceLock<Flat<Self>>;
}

impl Real for f32 {
    const ONE: f32 = 1.0;

    fn from_f64(x: f64) -> f32 {
        x as f32
    }

    fn to_f64(self) -> f64 {
        self.into()
    }

    fn to_f32(self) -> f32 {
        self
    }

    fn of(packed: &PackedForest) -> &OnceLock<Flat<f32>> {
        &packed.single
    }
}

impl Real for f64 {
    const ONE: f64 = 1.0;

    fn from_f64(x: f64) -> f64 {
        x
    }

    fn to_f64(self) -> f64 {
        self
    }

    fn to_f32(self) -> f32 {
        self as f32
    }

    fn of(packed: &PackedForest) -> &OnceLock<Flat<f64>> {
        &packed.double
    }
}

/// A forest in the precision of its inputs. Their element type is known only at run time, so the likely precision is
/// prepared at once and the other when it is asked for.
#[derive(Debug)]
pub(super) struct PackedForest {
    /// Whether all weights are of one target.
    pub has_one_target: bool,
    /// Whether any weight is below zero.
    pub has_negative: bool,
    single: OnceLock<Flat<f32>>,
    double: OnceLock<Flat<f64>>,
}

impl PackedForest {
    pub fn new(forest: &Forest) -> Result<PackedForest, OpError> {
        let weights = forest.weights();
        let packed = PackedForest {
            has_one_target: weights.windows(2).all(|pair| pair[0].target == pair[1].target),
            has_negative: weights.iter().any(|leaf| leaf.weight < 0.0),
            single: OnceLock::new(),
            double: OnceLock::new(),
        };
        if forest.is_double() {
            packed.flat::<f64>(forest)?;
        } else {
            packed.flat::<f32>(forest)?;
        }
        Ok(packed)
    }

    /// The forest in these numbers, prepared now if it was not before.
    pub fn flat<T: Real>(&self, forest: &Forest) -> Result<&Flat<T>, OpError> {
        let cell = T::of(self);
        if cell.get().is_none() {
            // Two threads may both get here: one's work is then lost.
            let _ = cell.set(Flat::new(forest)?);
        }
        cell.get().ok_or_else(|| OpError::unsupported("a forest that was not prepared"))
    }
}

impl Packed for PackedForest {
    fn byte_len(&self) -> usize {
        self.single.get().map_or(0, Flat::n_bytes) + self.double.get().map_or(0, Flat::n_bytes)
    }

    fn replaced_inputs(&self) -> &[usize] {
        &[]
    }
}

/// Trees and what their leaves give.
#[derive(Debug)]
pub(super) struct Flat<T> {
    pub trees: Trees<T>,
    pub leaves: Leaves<T>,
}

/// What leaves give to targets.
#[derive(Debug)]
pub(super) enum Leaves<T> {
    /// Each leaf gives one value to each of the same targets.
    Dense {
        /// The targets.
        targets: Vec<u32>,
        /// `[n_leaves, targets.len()]`
        values: Vec<T>,
    },
    /// Leaf `i` gives the values `starts[i]..starts[i + 1]`.
    Sparse { starts: Vec<u32>, targets: Vec<u32>, values: Vec<T> },
}

impl<T: Real> Flat<T> {
    fn new(forest: &Forest) -> Result<Flat<T>, OpError> {
        let (roots, tests) = simple_tests(forest);
        let too_large = |_| OpError::unsupported("a forest of more than 2^30 nodes");
        let trees = Trees::new(&roots, &tests).map_err(too_large)?;
        Ok(Flat { trees, leaves: Leaves::new(forest) })
    }

    fn n_bytes(&self) -> usize {
        let leaves = match &self.leaves {
            Leaves::Dense { targets, values } => size_of_val(&targets[..]) + size_of_val(&values[..]),
            Leaves::Sparse { starts, targets, values } => {
                size_of_val(&starts[..]) + size_of_val(&targets[..]) + size_of_val(&values[..])
            }
        };
        self.trees.n_bytes() + leaves
    }
}

impl<T: Real> Leaves<T> {
    fn new(forest: &Forest) -> Leaves<T> {
        let n_leaves = forest.leaves().len() as u32;
        let weight = |leaf: &dunlin_ir::op::ml::Leaf| T::from_f64(leaf.weight);
        let targets: Vec<u32> = match n_leaves {
            0 => Vec::new(),
            _ => forest.leaf(0).iter().map(|leaf| leaf.target).collect(),
        };
        let is_ascending = targets.windows(2).all(|pair| pair[0] < pair[1]);
        let is_like_first = |i| forest.leaf(i).iter().map(|leaf| leaf.target).eq(targets.iter().copied());
        if !targets.is_empty() && is_ascending && (0..n_leaves).all(is_like_first) {
            let values = (0..n_leaves).flat_map(|i| forest.leaf(i).iter().map(weight)).collect();
            return Leaves::Dense { targets, values };
        }
        let mut starts = vec![0];
        let (mut targets, mut values) = (Vec::new(), Vec::new());
        for i in 0..n_leaves {
            targets.extend(forest.leaf(i).iter().map(|leaf| leaf.target));
            values.extend(forest.leaf(i).iter().map(weight));
            starts.push(values.len() as u32);
        }
        Leaves::Sparse { starts, targets, values }
    }
}

/// All branches as tests of "at most", first one for each branch, then the further ones that some need.
fn simple_tests(forest: &Forest) -> (Vec<Next>, Vec<tree::Test>) {
    let next = |child: Child| match child {
        Child::Branch(i) => Next::Test(i),
        Child::Leaf(i) => Next::Leaf(i),
    };
    let empty =
        tree::Test { feature: 0, split: 0.0, nan_left: false, left: Next::Leaf(0), right: Next::Leaf(0) };
    let mut tests = vec![empty; forest.branches().len()];
    for (i, branch) in forest.branches().iter().enumerate() {
        let ways = Ways {
            feature: branch.feature,
            nan_passes: branch.nan_passes,
            yes: next(branch.on_true),
            no: next(branch.on_false),
        };
        simplify(forest, branch, ways, i, &mut tests);
    }
    (forest.roots().iter().map(|&root| next(root)).collect(), tests)
}

/// Where a branch leads.
#[derive(Clone, Copy)]
struct Ways {
    feature: u32,
    nan_passes: bool,
    yes: Next,
    no: Next,
}

/// Writes test `at`, and appends what else is needed, so that together they do what `branch` does.
fn simplify(forest: &Forest, branch: &Branch, ways: Ways, at: usize, tests: &mut Vec<tree::Test>) {
    let Ways { feature, nan_passes, yes, no } = ways;
    tests[at] = match branch.test {
        Test::Le(x) => tree::Test { feature, split: x, nan_left: nan_passes, left: yes, right: no },
        Test::Lt(x) => tree::Test { feature, split: below(x), nan_left: nan_passes, left: yes, right: no },
        // Turned round: what is not at most the split passes, and NaN goes left unless it passes.
        Test::Gt(x) => {
            let split = if x.is_nan() { f64::INFINITY } else { x };
            tree::Test { feature, split, nan_left: !nan_passes, left: no, right: yes }
        }
        Test::Ge(x) => {
            let split = if x.is_nan() { f64::INFINITY } else { below(x) };
            tree::Test { feature, split, nan_left: !nan_passes, left: no, right: yes }
        }
        Test::Eq(x) => equal(x, ways, tests),
        // NaN differs from everything.
        Test::Ne(x) => equal(x, Ways { feature, nan_passes: false, yes: no, no: yes }, tests),
        Test::Member(ref range) => {
            let mut members: Vec<f64> =
                forest.members(range).iter().copied().filter(|x| !x.is_nan()).collect();
            members.sort_by(f64::total_cmp);
            members.dedup();
            member(&members, ways, tests)
        }
    };
}

/// The test that leads to `yes` for `x` alone; the second test that it needs is appended.
fn equal(x: f64, ways: Ways, tests: &mut Vec<tree::Test>) -> tree::Test {
    let Ways { feature, nan_passes, yes, no } = ways;
    let second = tests.len() as u32;
    tests.push(tree::Test { feature, split: below(x), nan_left: false, left: no, right: yes });
    tree::Test { feature, split: x, nan_left: nan_passes, left: Next::Test(second), right: no }
}

/// The test that leads to `yes` for the members alone, which are sorted: a search tree.
fn member(members: &[f64], ways: Ways, tests: &mut Vec<tree::Test>) -> tree::Test {
    let Ways { feature, nan_passes, yes, no } = ways;
    let middle = members.len() / 2;
    let Some(&x) = members.get(middle) else {
        return tree::Test { feature, split: f64::NAN, nan_left: nan_passes, left: yes, right: no };
    };
    let mut side = |members: &[f64], nan_passes: bool| {
        if members.is_empty() && !nan_passes {
            return no;
        }
        let test = member(members, Ways { nan_passes, ..ways }, tests);
        tests.push(test);
        Next::Test(tests.len() as u32 - 1)
    };
    // NaN that passes takes the way of the member itself.
    let smaller = side(&members[..middle], false);
    let greater = side(&members[middle + 1..], false);
    let second = tests.len() as u32;
    tests.push(tree::Test { feature, split: below(x), nan_left: false, left: smaller, right: yes });
    tree::Test { feature, split: x, nan_left: nan_passes, left: Next::Test(second), right: greater }
}

/// The greatest number less than `x`; NaN, which nothing is at most, if there is none.
fn below(x: f64) -> f64 {
    if x == f64::NEG_INFINITY { f64::NAN } else { x.next_down() }
}
