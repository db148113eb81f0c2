//! Ensembles of trees: the two encodings of the standard, made one.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use dunlin_ir::DType;
use dunlin_ir::op::Ml;
use dunlin_ir::op::ml::{
    Aggregate, Branch, Child, Forest, Leaf, PostTransform, Test, TreeClassifier, TreeRegressor,
};

use super::{doubles, floats_or_tensor, labels, post_transform, size};
use crate::onnx::lower::{LowerError, Lowered, NodeContext};

pub(super) fn tree_classifier(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let labels = labels(node, "classlabels_strings", "classlabels_int64s")?;
    // One number for two classes is older than the rule and still met with.
    let base_values = floats_or_tensor(node, "base_values")?;
    if !(base_values.len() == 1 && labels.len() == 2) {
        check_base_values(&base_values, labels.len())?;
    }
    let forest = listed_forest(node, "class", labels.len())?;
    let post_transform = post_transform(node)?;
    let op = TreeClassifier { forest, labels, base_values, post_transform };
    Ok(Ml::TreeClassifier(Arc::new(op)).into())
}

pub(super) fn tree_regressor(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let n_targets = size("n_targets", node.required_int("n_targets")?)?;
    let aggregate = match node.string_or("aggregate_function", "SUM")?.as_str() {
        "SUM" => Aggregate::Sum,
        "AVERAGE" => Aggregate::Average,
        "MIN" => Aggregate::Min,
        "MAX" => Aggregate::Max,
        other => return Err(LowerError::attribute("aggregate_function", "SUM, AVERAGE, MIN or MAX", other)),
    };
    let base_values = floats_or_tensor(node, "base_values")?;
    check_base_values(&base_values, n_targets)?;
    let op = TreeRegressor {
        forest: listed_forest(node, "target", n_targets)?,
        aggregate,
        base_values,
        post_transform: post_transform(node)?,
        keeps_dtype: false,
    };
    Ok(Ml::TreeRegressor(Arc::new(op)).into())
}

pub(super) fn tree_ensemble(node: &mut NodeContext<'_, '_>) -> Result<Lowered, LowerError> {
    let n_targets = size("n_targets", node.required_int("n_targets")?)?;
    let aggregate = match node.int_or("aggregate_function", 1)? {
        0 => Aggregate::Average,
        1 => Aggregate::Sum,
        2 => Aggregate::Min,
        3 => Aggregate::Max,
        other => return Err(LowerError::attribute("aggregate_function", "0 to 3", other)),
    };
    let post_transform = match node.int_or("post_transform", 0)? {
        0 => PostTransform::None,
        1 => PostTransform::Softmax,
        2 => PostTransform::Logistic,
        3 => PostTransform::SoftmaxZero,
        4 => PostTransform::Probit,
        other => return Err(LowerError::attribute("post_transform", "0 to 4", other)),
    };
    let forest = indexed_forest(node, n_targets)?;
    let op = TreeRegressor { forest, aggregate, base_values: Vec::new(), post_transform, keeps_dtype: true };
    Ok(Ml::TreeRegressor(Arc::new(op)).into())
}

/// The forest of a node that lists branches and leaves together, each named by a tree's and a node's number. The first
/// node of a tree is its root. `prefix` is that of the attributes with the leaves' weights.
fn listed_forest(node: &NodeContext<'_, '_>, prefix: &str, n_targets: usize) -> Result<Forest, LowerError> {
    let tree_ids = node.ints("nodes_treeids")?.unwrap_or_default();
    let n = tree_ids.len();
    let ids = list(node, "nodes_nodeids", n)?;
    let features = list(node, "nodes_featureids", n)?;
    let on_true = list(node, "nodes_truenodeids", n)?;
    let on_false = list(node, "nodes_falsenodeids", n)?;
    let nan_passes = node.ints("nodes_missing_value_tracks_true")?.unwrap_or_default();
    let modes = node.strings("nodes_modes")?.unwrap_or_default();
    check_len("nodes_modes", modes.len(), n)?;
    let splits = floats_or_tensor(node, "nodes_values")?;
    check_len("nodes_values", splits.len(), n)?;

    let mut places: HashMap<(i64, i64), Child> = HashMap::with_capacity(n);
    let mut roots = Vec::new();
    let (mut n_branches, mut n_leaves) = (0, 0);
    let mut known_trees = std::collections::HashSet::new();
    for i in 0..n {
        let is_leaf = modes[i] == "LEAF";
        let place =
            if is_leaf { Child::Leaf(next(&mut n_leaves)?) } else { Child::Branch(next(&mut n_branches)?) };
        if places.insert((tree_ids[i], ids[i]), place).is_some() {
            let got = (tree_ids[i], ids[i]);
            return Err(LowerError::attribute("nodes_nodeids", "numbers that are unique in their tree", got));
        }
        if known_trees.insert(tree_ids[i]) {
            roots.push(place);
        }
    }
    let child = |name: &str, tree: i64, id: i64| {
        let place = places.get(&(tree, id)).copied();
        place.ok_or_else(|| LowerError::attribute(name, "the number of a node of the same tree", (tree, id)))
    };
    let mut branches = Vec::with_capacity(n_branches as usize);
    for i in (0..n).filter(|&i| modes[i] != "LEAF") {
        branches.push(Branch {
            feature: feature(features[i])?,
            test: test_named(&modes[i], splits[i])?,
            nan_passes: nan_passes.get(i) == Some(&1),
            on_true: child("nodes_truenodeids", tree_ids[i], on_true[i])?,
            on_false: child("nodes_falsenodeids", tree_ids[i], on_false[i])?,
        });
    }
    let (leaves, weights) = listed_leaves(node, prefix, &places, n_leaves as usize)?;
    Forest::new(roots, branches, leaves, weights, Vec::new(), n_targets).map_err(broken)
}

/// The leaves' weights, each named by a tree's and a node's number. Weights of branches mean nothing.
fn listed_leaves(
    node: &NodeContext<'_, '_>,
    prefix: &str,
    places: &HashMap<(i64, i64), Child>,
    n_leaves: usize,
) -> Result<(Vec<Range<u32>>, Vec<Leaf>), LowerError> {
    let ids_name = format!("{prefix}_nodeids");
    let ids = node.ints(&ids_name)?.unwrap_or_default();
    let tree_ids = list(node, &format!("{prefix}_treeids"), ids.len())?;
    let targets = list(node, &format!("{prefix}_ids"), ids.len())?;
    let weights_name = format!("{prefix}_weights");
    let weights = floats_or_tensor(node, &weights_name)?;
    check_len(&weights_name, weights.len(), ids.len())?;

    let mut of_leaves: Vec<(u32, Leaf)> = Vec::with_capacity(ids.len());
    for i in 0..ids.len() {
        match places.get(&(tree_ids[i], ids[i])) {
            Some(&Child::Leaf(leaf)) => {
                of_leaves.push((leaf, Leaf { target: target(targets[i])?, weight: weights[i] }));
            }
            Some(Child::Branch(_)) => {}
            None => {
                let got = (tree_ids[i], ids[i]);
                return Err(LowerError::attribute(&ids_name, "the number of a node of the tree", got));
            }
        }
    }
    // The sort is stable: the weights of a leaf stay in their order.
    of_leaves.sort_by_key(|&(leaf, _)| leaf);
    let mut ranges = vec![0..0; n_leaves];
    let mut start = 0;
    for run in of_leaves.chunk_by(|a, b| a.0 == b.0) {
        let end = position(start as usize + run.len())?;
        ranges[run[0].0 as usize] = start..end;
        start = end;
    }
    Ok((ranges, of_leaves.into_iter().map(|(_, leaf)| leaf).collect()))
}

/// The forest of a node that lists branches and leaves apart, by position.
fn indexed_forest(node: &NodeContext<'_, '_>, n_targets: usize) -> Result<Forest, LowerError> {
    let features = node.ints("nodes_featureids")?.unwrap_or_default();
    let n = features.len();
    let modes = required_tensor(node, "nodes_modes")?.to_aligned()?;
    let modes = match modes.dtype() {
        DType::U8 => modes.view::<u8>()?.to_vec(),
        other => return Err(LowerError::attribute("nodes_modes", "a tensor of uint8", other)),
    };
    check_len("nodes_modes", modes.len(), n)?;
    let splits = doubles("nodes_splits", &required_tensor(node, "nodes_splits")?)?;
    check_len("nodes_splits", splits.len(), n)?;
    let on_true = list(node, "nodes_truenodeids", n)?;
    let on_false = list(node, "nodes_falsenodeids", n)?;
    let true_is_leaf = list(node, "nodes_trueleafs", n)?;
    let false_is_leaf = list(node, "nodes_falseleafs", n)?;
    let nan_passes = node.ints("nodes_missing_value_tracks_true")?.unwrap_or_default();
    let members = match node.tensor("membership_values")? {
        Some(tensor) => doubles("membership_values", &tensor)?,
        None => Vec::new(),
    };
    let mut sets = member_sets(&members)?.into_iter();

    let mut branches = Vec::with_capacity(n);
    for i in 0..n {
        branches.push(Branch {
            feature: feature(features[i])?,
            test: test_numbered(modes[i], splits[i], &mut sets)?,
            nan_passes: nan_passes.get(i) == Some(&1),
            on_true: indexed_child("nodes_truenodeids", on_true[i], true_is_leaf[i] != 0)?,
            on_false: indexed_child("nodes_falsenodeids", on_false[i], false_is_leaf[i] != 0)?,
        });
    }
    let roots = node.ints("tree_roots")?.unwrap_or_default();
    let roots: Result<Vec<Child>, _> = roots.iter().map(|&i| indexed_child("tree_roots", i, false)).collect();
    let targets = node.ints("leaf_targetids")?.unwrap_or_default();
    let weights = doubles("leaf_weights", &required_tensor(node, "leaf_weights")?)?;
    check_len("leaf_weights", weights.len(), targets.len())?;
    let leaves: Result<Vec<Range<u32>>, _> =
        (0..weights.len()).map(|i| Ok::<_, LowerError>(position(i)?..position(i + 1)?)).collect();
    let weights: Result<Vec<Leaf>, LowerError> =
        targets.iter().zip(weights).map(|(&id, weight)| Ok(Leaf { target: target(id)?, weight })).collect();
    Forest::new(roots?, branches, leaves?, weights?, members, n_targets).map_err(broken)
}

/// The sets that NaN ends, one after the other; the last needs no end.
fn member_sets(members: &[f64]) -> Result<Vec<Range<u32>>, LowerError> {
    let mut sets = Vec::new();
    let mut start = 0;
    for set in members.split(|x| x.is_nan()) {
        let end = position(start as usize + set.len())?;
        sets.push(start..end);
        start = end.saturating_add(1);
    }
    Ok(sets)
}

fn test_named(mode: &str, split: f64) -> Result<Test, LowerError> {
    Ok(match mode {
        "BRANCH_LEQ" => Test::Le(split),
        "BRANCH_LT" => Test::Lt(split),
        "BRANCH_GTE" => Test::Ge(split),
        "BRANCH_GT" => Test::Gt(split),
        "BRANCH_EQ" => Test::Eq(split),
        "BRANCH_NEQ" => Test::Ne(split),
        other => {
            return Err(LowerError::attribute("nodes_modes", "BRANCH_LEQ, .. BRANCH_NEQ or LEAF", other));
        }
    })
}

fn test_numbered(
    mode: u8,
    split: f64,
    sets: &mut impl Iterator<Item = Range<u32>>,
) -> Result<Test, LowerError> {
    Ok(match mode {
        0 => Test::Le(split),
        1 => Test::Lt(split),
        2 => Test::Ge(split),
        3 => Test::Gt(split),
        4 => Test::Eq(split),
        5 => Test::Ne(split),
        6 => {
            let missing =
                || LowerError::attribute("membership_values", "a set for each membership test", "fewer");
            Test::Member(sets.next().ok_or_else(missing)?)
        }
        other => return Err(LowerError::attribute("nodes_modes", "0 to 6", other)),
    })
}

fn check_base_values(base_values: &[f64], n: usize) -> Result<(), LowerError> {
    if base_values.is_empty() { Ok(()) } else { check_len("base_values", base_values.len(), n) }
}

fn indexed_child(name: &str, index: i64, is_leaf: bool) -> Result<Child, LowerError> {
    let index = u32::try_from(index).map_err(|_| LowerError::attribute(name, "a position", index))?;
    Ok(if is_leaf { Child::Leaf(index) } else { Child::Branch(index) })
}

fn required_tensor(node: &NodeContext<'_, '_>, name: &str) -> Result<dunlin_ir::Tensor, LowerError> {
    node.tensor(name)?.ok_or_else(|| LowerError::MissingAttribute(name.into()))
}

fn list<'f>(node: &NodeContext<'_, 'f>, name: &str, n: usize) -> Result<&'f [i64], LowerError> {
    let list = node.ints(name)?.unwrap_or_default();
    check_len(name, list.len(), n)?;
    Ok(list)
}

fn check_len(name: &str, len: usize, n: usize) -> Result<(), LowerError> {
    if len != n {
        return Err(LowerError::attribute(name, format!("{n} entries"), len));
    }
    Ok(())
}

fn feature(id: i64) -> Result<u32, LowerError> {
    u32::try_from(id).map_err(|_| LowerError::attribute("nodes_featureids", "the number of a column", id))
}

fn target(id: i64) -> Result<u32, LowerError> {
    u32::try_from(id).map_err(|_| LowerError::attribute("target_ids", "the number of a target", id))
}

fn position(i: usize) -> Result<u32, LowerError> {
    u32::try_from(i).map_err(|_| LowerError::attribute("nodes_treeids", "fewer than 2^32 entries", i))
}

fn next(counter: &mut u32) -> Result<u32, LowerError> {
    let current = *counter;
    *counter = position(current as usize + 1)?;
    Ok(current)
}

fn broken(error: dunlin_ir::op::ml::ForestError) -> LowerError {
    LowerError::attribute("nodes_treeids", "trees whose paths all end", error.to_string())
}
