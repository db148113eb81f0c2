//! Walks of decision trees, eight at a time, so that the memory accesses of one hide behind those of the others.
//!
//! Every test is "left if `x <= split`, else right", the two children side by side. A leaf leads to itself, whatever
//! it is compared with, so that walks of different length keep in step without branches.

use std::fmt::Debug;

/// A number that trees compare.
pub trait Split: Copy + PartialOrd + Debug + Send + Sync + 'static {
    /// What nothing is less than or equal to.
    const NAN: Self;

    /// The largest number that is not above `x`: `y <= x` for exactly the `y` that are not above it.
    fn round_down(x: f64) -> Self;
}

impl Split for f64 {
    const NAN: f64 = f64::NAN;

    fn round_down(x: f64) -> f64 {
        x
    }
}

impl Split for f32 {
    const NAN: f32 = f32::NAN;

    fn round_down(x: f64) -> f32 {
        let near = x as f32;
        if f64::from(near) > x { near.next_down() } else { near }
    }
}

/// What a tree leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The test at this position.
    Test(u32),
    /// The leaf with this number.
    Leaf(u32),
}

/// A test: a row goes left if its column is at most the split.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Test {
    /// The column.
    pub feature: u32,
    /// What it is compared with.
    pub split: f64,
    /// Whether NaN goes left.
    pub nan_left: bool,
    /// Where rows go.
    pub left: Next,
    /// Where all others go.
    pub right: Next,
}

/// A node as it is walked. Of a leaf, `feature` is its number and `child` the position before its own.
#[derive(Debug, Clone, Copy)]
struct Node<T> {
    split: T,
    /// The column; the top bit says that NaN goes left.
    feature: u32,
    /// The left child; the right one is next to it.
    child: u32,
}

/// Why tests do not make trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotTrees;

/// Trees, laid out to be walked.
#[derive(Debug, Clone)]
pub struct Trees<T> {
    /// The roots, then pairs of siblings, each pair behind its parent.
    nodes: Vec<Node<T>>,
    n_trees: usize,
    n_features: usize,
    has_nan: bool,
}

/// Trees or rows that are walked in step.
const LANES: usize = 8;
const NAN_LEFT: u32 = 1 << 31;

impl<T: Split> Trees<T> {
    /// Lays out trees.
    ///
    /// # Errors
    /// [`NotTrees`] if a position is out of range, a test leads back to itself, or a number exceeds 31 bits.
    pub fn new(roots: &[Next], tests: &[Test]) -> Result<Trees<T>, NotTrees> {
        let order = order(roots, tests)?;
        let n_nodes = order.len().checked_mul(2).and_then(|n| n.checked_add(roots.len())).ok_or(NotTrees)?;
        if n_nodes >= NAN_LEFT as usize {
            return Err(NotTrees);
        }
        let mut pair_of = vec![0u32; tests.len()];
        for (i, &test) in order.iter().enumerate() {
            pair_of[test as usize] = (roots.len() + 2 * i) as u32;
        }
        let siblings = order.iter().flat_map(|&i| [tests[i as usize].left, tests[i as usize].right]);
        let mut nodes = Vec::with_capacity(n_nodes);
        for next in roots.iter().copied().chain(siblings) {
            nodes.push(node(next, tests, &pair_of, nodes.len() as u32)?);
        }
        let n_features = tests.iter().map(|test| test.feature as usize + 1).max().unwrap_or(0);
        let has_nan = tests.iter().any(|test| test.nan_left);
        Ok(Trees { nodes, n_trees: roots.len(), n_features, has_nan })
    }

    /// How many trees there are.
    pub fn n_trees(&self) -> usize {
        self.n_trees
    }

    /// How many columns a row must have at least.
    pub fn n_features(&self) -> usize {
        self.n_features
    }

    /// Memory held, in bytes.
    pub fn n_bytes(&self) -> usize {
        size_of_val(&self.nodes[..])
    }

    /// Walks one tree with each row of `x` and writes the numbers of the leaves.
    ///
    /// # Shapes
    /// - `x`: `[leaves.len(), n_columns]`, row-major
    ///
    /// # Panics
    /// If there is no such tree, `x` is too short or rows have fewer columns than are tested: bugs in the caller.
    pub fn leaves_of_rows(&self, tree: usize, x: &[T], n_columns: usize, leaves: &mut [u32]) {
        assert!(tree < self.n_trees && n_columns >= self.n_features, "no such tree or column");
        assert!(x.len() >= leaves.len() * n_columns, "rows are missing");
        let last_row = leaves.len().saturating_sub(1);
        for (i, leaves) in leaves.chunks_mut(LANES).enumerate() {
            // Lanes beyond the last row walk it again.
            let starts = std::array::from_fn(|lane| (i * LANES + lane).min(last_row) * n_columns);
            let found = self.walk([tree as u32; LANES], x, starts, n_columns);
            leaves.copy_from_slice(&found[..leaves.len()]);
        }
    }

    /// Walks the trees from `first` on, as many as `leaves` has room for, with one row, and writes the numbers of the
    /// leaves.
    ///
    /// # Panics
    /// If there are fewer trees, or the row has fewer columns than are tested: bugs in the caller.
    pub fn leaves_of_trees(&self, first: usize, row: &[T], leaves: &mut [u32]) {
        assert!(
            first + leaves.len() <= self.n_trees && row.len() >= self.n_features,
            "no such tree or column"
        );
        for (i, leaves) in leaves.chunks_mut(LANES).enumerate() {
            let last = leaves.len() - 1;
            let roots = std::array::from_fn(|lane| (first + i * LANES + lane.min(last)) as u32);
            let found = self.walk(roots, row, [0; LANES], row.len());
            leaves.copy_from_slice(&found[..leaves.len()]);
        }
    }

    #[inline]
    fn walk(&self, at: [u32; LANES], x: &[T], starts: [usize; LANES], n_columns: usize) -> [u32; LANES] {
        if n_columns == 0 {
            // There are no tests, so the roots are leaves.
            return at.map(|at| self.nodes[at as usize].feature);
        }
        match self.has_nan {
            true => self.walk_in_step::<true>(at, x, starts, n_columns),
            false => self.walk_in_step::<false>(at, x, starts, n_columns),
        }
    }

    #[inline(always)]
    fn walk_in_step<const NAN: bool>(
        &self,
        mut at: [u32; LANES],
        x: &[T],
        starts: [usize; LANES],
        n_columns: usize,
    ) -> [u32; LANES] {
        let nodes = &self.nodes[..];
        let last_column = n_columns - 1;
        loop {
            let mut moved = 0;
            for lane in 0..LANES {
                let node = nodes[at[lane] as usize];
                let column = if NAN { node.feature & !NAN_LEFT } else { node.feature };
                // The number of a leaf is no column, but what is read there is compared with NaN.
                let value = x[starts[lane] + (column as usize).min(last_column)];
                let mut left = value <= node.split;
                if NAN {
                    #[allow(clippy::eq_op, reason = "only NaN differs from itself")]
                    let is_nan = value != value;
                    left |= is_nan && node.feature & NAN_LEFT != 0;
                }
                let next = node.child.wrapping_add(u32::from(!left));
                moved |= next ^ at[lane];
                at[lane] = next;
            }
            if moved == 0 {
                return at.map(|at| nodes[at as usize].feature);
            }
        }
    }
}

fn node<T: Split>(next: Next, tests: &[Test], pair_of: &[u32], at: u32) -> Result<Node<T>, NotTrees> {
    match next {
        Next::Leaf(number) if number < NAN_LEFT => {
            Ok(Node { split: T::NAN, feature: number, child: at.wrapping_sub(1) })
        }
        Next::Test(i) if tests[i as usize].feature < NAN_LEFT => {
            let test = tests[i as usize];
            let flag = if test.nan_left { NAN_LEFT } else { 0 };
            Ok(Node {
                split: T::round_down(test.split),
                feature: test.feature | flag,
                child: pair_of[i as usize],
            })
        }
        _ => Err(NotTrees),
    }
}

/// The tests that roots lead to, each before those it leads to; trees one after the other.
fn order(roots: &[Next], tests: &[Test]) -> Result<Vec<u32>, NotTrees> {
    #[derive(Clone, Copy, PartialEq)]
    enum State {
        New,
        Open,
        Done,
    }
    let mut states = vec![State::New; tests.len()];
    let mut finished = Vec::with_capacity(tests.len());
    let mut path: Vec<(u32, u8)> = Vec::new();
    // Children finish before their parents, so the order is that of finishing, reversed.
    for &root in roots.iter().rev() {
        let mut enter = Some(root);
        loop {
            if let Some(Next::Test(i)) = enter.take() {
                match states.get(i as usize).ok_or(NotTrees)? {
                    State::Open => return Err(NotTrees),
                    State::Done => {}
                    State::New => {
                        states[i as usize] = State::Open;
                        path.push((i, 0));
                    }
                }
            }
            let Some((i, n_seen)) = path.last_mut() else { break };
            *n_seen += 1;
            match n_seen {
                1 => enter = Some(tests[*i as usize].right),
                2 => enter = Some(tests[*i as usize].left),
                _ => {
                    states[*i as usize] = State::Done;
                    finished.push(*i);
                    path.pop();
                }
            }
        }
    }
    finished.reverse();
    Ok(finished)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A complete tree of `depth` with leaves numbered from the left, which tells where a row of one column lies.
    fn complete(depth: u32) -> Vec<Test> {
        let n = (1u32 << depth) - 1;
        let child = |i: u32| if i < n { Next::Test(i) } else { Next::Leaf(i - n) };
        let mut tests = Vec::new();
        for i in 0..n {
            let level = (i + 1).ilog2();
            let place = i + 1 - (1 << level);
            let width = f64::from(1u32 << (depth - level));
            let split = f64::from(place) * width + width / 2.0;
            tests.push(Test {
                feature: 0,
                split,
                nan_left: false,
                left: child(2 * i + 1),
                right: child(2 * i + 2),
            });
        }
        tests
    }

    #[test]
    fn rows_find_their_leaves() {
        let tests = complete(5);
        let trees = Trees::<f32>::new(&[Next::Test(0), Next::Leaf(77), Next::Test(1)], &tests).unwrap();
        for n_rows in [0, 1, 7, 8, 9, 33] {
            let x: Vec<f32> = (0..n_rows).map(|i| (i * 7 % 32) as f32 + 0.5).collect();
            let mut leaves = vec![0; n_rows];
            trees.leaves_of_rows(0, &x, 1, &mut leaves);
            let want: Vec<u32> = x.iter().map(|&x| x as u32).collect();
            assert_eq!(leaves, want);
            trees.leaves_of_rows(1, &x, 1, &mut leaves);
            assert!(leaves.iter().all(|&leaf| leaf == 77));
        }
        let mut leaves = [0; 3];
        trees.leaves_of_trees(0, &[20.25], &mut leaves);
        assert_eq!(leaves, [20, 77, 15]);
        trees.leaves_of_trees(1, &[f32::NAN], &mut leaves[1..]);
        assert_eq!(leaves, [20, 77, 15]);
    }

    #[test]
    fn nan_goes_where_it_is_told() {
        let test =
            |nan_left| Test { feature: 1, split: 0.0, nan_left, left: Next::Leaf(0), right: Next::Leaf(1) };
        for nan_left in [false, true] {
            let trees =
                Trees::<f64>::new(&[Next::Test(0), Next::Test(1)], &[test(nan_left), test(true)]).unwrap();
            let mut leaves = [9; 4];
            let x = [0.0, f64::NAN, f64::NAN, -1.0, 0.0, 1.0, f64::NAN, -0.0];
            trees.leaves_of_rows(0, &x, 2, &mut leaves);
            assert_eq!(leaves, [u32::from(!nan_left), 0, 1, 0]);
        }
    }

    #[test]
    fn circles_are_refused() {
        let test = |left| Test { feature: 0, split: 0.0, nan_left: false, left, right: Next::Leaf(0) };
        assert!(Trees::<f32>::new(&[Next::Test(0)], &[test(Next::Test(0))]).is_err());
        assert!(Trees::<f32>::new(&[Next::Test(0)], &[test(Next::Test(1)), test(Next::Test(0))]).is_err());
        assert!(Trees::<f32>::new(&[Next::Test(0)], &[test(Next::Test(1))]).is_err());
        assert!(
            Trees::<f32>::new(&[Next::Test(1), Next::Test(0)], &[test(Next::Test(1)), test(Next::Leaf(3))])
                .is_ok()
        );
    }

    #[test]
    fn splits_are_rounded_down() {
        for x in [0.1, -0.1, 1e300, -1e300, 0.0, -0.0, f64::INFINITY, -5e-324] {
            let rounded = f32::round_down(x);
            assert!(
                f64::from(rounded) <= x && f64::from(rounded.next_up()) > x || x == f64::INFINITY,
                "{x} {rounded}"
            );
        }
        assert!(f32::round_down(f64::NAN).is_nan());
    }
}
