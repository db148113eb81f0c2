//! Decision trees, checked: every path through them ends.

use std::ops::Range;

/// Trees over the columns of a row. Their structure is checked when a forest is made, so whoever walks it need not
/// fear indices out of range or circles.
#[derive(Debug, Clone, PartialEq)]
pub struct Forest {
    roots: Vec<Child>,
    branches: Vec<Branch>,
    leaves: Vec<Range<u32>>,
    weights: Vec<Leaf>,
    members: Vec<f64>,
    n_targets: usize,
    is_double: bool,
}

/// What a tree or a branch leads to: a position among the forest's branches or leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Child {
    /// A further test.
    Branch(u32),
    /// An end.
    Leaf(u32),
}

/// One test of a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    /// The column that is tested.
    pub feature: u32,
    /// The test.
    pub test: Test,
    /// Whether NaN passes; else it passes only where the comparison does, as for `Ne`.
    pub nan_passes: bool,
    /// Where a row that passes goes.
    pub on_true: Child,
    /// Where any other row goes.
    pub on_false: Child,
}

/// How a column is tested.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// `x <= split`
    Le(f64),
    /// `x < split`
    Lt(f64),
    /// `x >= split`
    Ge(f64),
    /// `x > split`
    Gt(f64),
    /// `x == split`
    Eq(f64),
    /// `x != split`
    Ne(f64),
    /// `x` is one of this range of the forest's members.
    Member(Range<u32>),
}

/// What a leaf gives to a target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Leaf {
    /// The target.
    pub target: u32,
    /// The value.
    pub weight: f64,
}

/// Why trees are none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ForestError {
    /// A tree, branch or leaf refers to one that does not exist.
    #[error("{what} refers to {index}, of {n}")]
    OutOfRange {
        /// What refers.
        what: &'static str,
        /// To which position.
        index: u64,
        /// How many there are.
        n: usize,
    },
    /// A branch leads back to itself.
    #[error("branch {0} leads back to itself")]
    Cycle(usize),
}

impl Forest {
    /// A forest of these parts: a leaf is a range of `weights`.
    ///
    /// # Errors
    /// [`ForestError`] for positions out of range and for branches that lead back to themselves.
    pub fn new(
        roots: Vec<Child>,
        branches: Vec<Branch>,
        leaves: Vec<Range<u32>>,
        weights: Vec<Leaf>,
        members: Vec<f64>,
        n_targets: usize,
    ) -> Result<Forest, ForestError> {
        let is_single = |x: &f64| f64::from(*x as f32) == *x || x.is_nan();
        let splits = branches.iter().filter_map(|branch| branch.test.split());
        let is_double = !splits.chain(weights.iter().map(|leaf| leaf.weight)).all(|x| is_single(&x));
        let forest = Forest { roots, branches, leaves, weights, members, n_targets, is_double };
        forest.check_ranges()?;
        forest.check_paths()?;
        Ok(forest)
    }

    /// Where each tree starts.
    pub fn roots(&self) -> &[Child] {
        &self.roots
    }

    /// All tests.
    pub fn branches(&self) -> &[Branch] {
        &self.branches
    }

    /// All leaves.
    pub fn leaves(&self) -> &[Range<u32>] {
        &self.leaves
    }

    /// What leaves give.
    pub fn weights(&self) -> &[Leaf] {
        &self.weights
    }

    /// What leaf `i` gives.
    pub fn leaf(&self, i: u32) -> &[Leaf] {
        let range = &self.leaves[i as usize];
        &self.weights[range.start as usize..range.end as usize]
    }

    /// The members of a [`Test::Member`].
    pub fn members(&self, range: &Range<u32>) -> &[f64] {
        &self.members[range.start as usize..range.end as usize]
    }

    /// How many targets there are.
    pub fn n_targets(&self) -> usize {
        self.n_targets
    }

    /// Whether a split or weight is not exact in `f32`.
    pub fn is_double(&self) -> bool {
        self.is_double
    }

    fn check_ranges(&self) -> Result<(), ForestError> {
        let in_range = |what, index: u64, n: usize| match index < n as u64 {
            true => Ok(()),
            false => Err(ForestError::OutOfRange { what, index, n }),
        };
        let child = |what, child| match child {
            Child::Branch(i) => in_range(what, i.into(), self.branches.len()),
            Child::Leaf(i) => in_range(what, i.into(), self.leaves.len()),
        };
        let range = |what, range: &Range<u32>, n: usize| {
            in_range(what, range.start.into(), range.end as usize + 1)?;
            in_range(what, range.end.into(), n + 1)
        };
        for &root in &self.roots {
            child("a root", root)?;
        }
        for branch in &self.branches {
            child("a branch", branch.on_true)?;
            child("a branch", branch.on_false)?;
            if let Test::Member(members) = &branch.test {
                range("a membership test", members, self.members.len())?;
            }
        }
        for leaf in &self.leaves {
            range("a leaf", leaf, self.weights.len())?;
        }
        for leaf in &self.weights {
            in_range("a weight", leaf.target.into(), self.n_targets)?;
        }
        Ok(())
    }

    /// Checks that no path returns to a branch, without recursion, which a deep tree would exhaust.
    fn check_paths(&self) -> Result<(), ForestError> {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            New,
            Open,
            Done,
        }
        let mut states = vec![State::New; self.branches.len()];
        let mut path: Vec<(usize, u8)> = Vec::new();
        for start in 0..self.branches.len() {
            if states[start] == State::New {
                states[start] = State::Open;
                path.push((start, 0));
            }
            while let Some((at, n_seen)) = path.last_mut() {
                let next = match n_seen {
                    0 => self.branches[*at].on_true,
                    1 => self.branches[*at].on_false,
                    _ => {
                        states[*at] = State::Done;
                        path.pop();
                        continue;
                    }
                };
                *n_seen += 1;
                let Child::Branch(next) = next else { continue };
                let next = next as usize;
                match states[next] {
                    State::Done => {}
                    State::Open => return Err(ForestError::Cycle(next)),
                    State::New => {
                        states[next] = State::Open;
                        path.push((next, 0));
                    }
                }
            }
        }
        Ok(())
    }
}

impl Test {
    /// The number compared with, if there is one.
    fn split(&self) -> Option<f64> {
        match *self {
            Test::Le(x) | Test::Lt(x) | Test::Ge(x) | Test::Gt(x) | Test::Eq(x) | Test::Ne(x) => Some(x),
            Test::Member(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(on_true: Child, on_false: Child) -> Branch {
        Branch { feature: 0, test: Test::Le(0.0), nan_passes: false, on_true, on_false }
    }

    fn forest(branches: Vec<Branch>) -> Result<Forest, ForestError> {
        let weights = vec![Leaf { target: 0, weight: 1.0 }];
        #[allow(clippy::single_range_in_vec_init, reason = "one leaf, which is a range")]
        Forest::new(vec![Child::Branch(0)], branches, vec![0..1], weights, vec![], 1)
    }

    #[test]
    fn paths_end() {
        let leaf = Child::Leaf(0);
        assert!(forest(vec![branch(leaf, leaf)]).is_ok());
        let shared = vec![
            branch(Child::Branch(1), Child::Branch(2)),
            branch(leaf, Child::Branch(2)),
            branch(leaf, leaf),
        ];
        assert!(forest(shared).is_ok());
        assert_eq!(forest(vec![branch(leaf, Child::Branch(0))]), Err(ForestError::Cycle(0)));
        let circle = vec![branch(Child::Branch(1), leaf), branch(leaf, Child::Branch(0))];
        assert_eq!(forest(circle), Err(ForestError::Cycle(0)));
    }

    #[test]
    fn positions_are_checked() {
        let leaf = Child::Leaf(0);
        assert!(forest(vec![branch(leaf, Child::Leaf(1))]).is_err());
        assert!(forest(vec![branch(Child::Branch(1), leaf)]).is_err());
        let mut member = branch(leaf, leaf);
        member.test = Test::Member(std::ops::Range { start: 1, end: 0 });
        assert!(forest(vec![member]).is_err());
    }
}
