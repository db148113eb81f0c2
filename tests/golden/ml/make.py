#!/usr/bin/env python3
"""Small models of classical machine learning, with what ONNX Runtime makes of them: make.py [OUT_DIR]

usage: in an environment with crates/xtask/python/requirements.txt, `python tests/golden/ml/make.py`

Writes NAME/model.onnx, NAME/input_I.pb, NAME/output_I.pb and cases.json, which names the values. The first half are
single operators with everything that their attributes allow, the second half are pipelines of scikit-learn.
"""

import json
import pathlib
import shutil
import sys
import warnings

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto, helper

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2] / "crates/xtask/python"))

import classical  # noqa: E402
import golden  # noqa: E402

ML = "ai.onnx.ml"
FLOAT, DOUBLE, INT64, INT32, STRING = (
    getattr(TensorProto, name) for name in ("FLOAT", "DOUBLE", "INT64", "INT32", "STRING")
)
NUMPY = {FLOAT: np.float32, DOUBLE: np.float64, INT64: np.int64, INT32: np.int32, STRING: object}
MODES = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"]


class Graph:
    """A model in the making: single operators side by side, each with its own outputs."""

    def __init__(self, version=3, joined=False):
        self.version, self.nodes, self.inputs, self.outputs, self.feeds = version, [], [], [], {}
        self.joined = joined

    def feed(self, name, values, kind):
        self.inputs.append(helper.make_tensor_value_info(name, kind, [None] * np.ndim(values)))
        self.feeds[name] = np.array(values, NUMPY[kind])
        return name

    def add(self, op, inputs, *kinds, **attributes):
        inputs = [inputs] if isinstance(inputs, str) else list(inputs)
        names = [f"out{len(self.outputs) + i}" for i in range(len(kinds))]
        self.nodes.append(helper.make_node(op, inputs, names, domain=ML, **attributes))
        for name, kind in zip(names, kinds):
            value = kind if isinstance(kind, onnx.TypeProto) else helper.make_tensor_type_proto(kind, None)
            self.outputs.append(helper.make_value_info(name, value))

    def join(self):
        """Put outputs of one type together: labels end to end, scores side by side."""
        for kind, axis in ((FLOAT, 1), (INT64, 0), (STRING, 0)):
            parts = [value.name for value in self.outputs if value.type.tensor_type.elem_type == kind]
            if parts:
                self.nodes.append(helper.make_node("Concat", parts, [f"all{kind}"], axis=axis))
        joined = [name for node in self.nodes if node.op_type == "Concat" for name in node.output]
        self.outputs = [helper.make_tensor_value_info(name, int(name[3:]), None) for name in joined]

    def model(self):
        if self.joined:
            self.join()
        graph = helper.make_graph(self.nodes, "ml", self.inputs, self.outputs)
        opsets = [helper.make_opsetid("", 18), helper.make_opsetid(ML, self.version)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10), self.feeds


def tensor(values, kind):
    return helper.make_tensor("values", kind, np.shape(values), np.asarray(values).ravel())


def random_trees(rng, n_trees, n_columns, depth, modes=MODES, missing=True):
    """Attributes of random trees, without their leaves' weights, and the leaves as (tree, node)."""
    lists = {key: [] for key in ("treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids")}
    tracks, leaves = [], []

    def grow(tree, level, counter):
        at, node = len(lists["modes"]), next(counter)
        is_leaf = level == 0 or rng.random() < 0.15
        row = dict(treeids=tree, nodeids=node, featureids=0, values=0.0, modes="LEAF", truenodeids=0, falsenodeids=0)
        for key, value in row.items():
            lists[key].append(value)
        tracks.append(0)
        if is_leaf:
            leaves.append((tree, node))
            return node
        lists["featureids"][at] = int(rng.integers(n_columns))
        lists["values"][at] = float(rng.integers(-4, 5)) / 2
        lists["modes"][at] = modes[rng.integers(len(modes))]
        tracks[at] = int(rng.integers(2))
        lists["truenodeids"][at] = grow(tree, level - 1, counter)
        lists["falsenodeids"][at] = grow(tree, level - 1, counter)
        return node

    for tree in range(n_trees):
        grow(tree, depth, iter(range(1 << 20)))
    attributes = {f"nodes_{key}": values for key, values in lists.items()}
    if missing:
        attributes["nodes_missing_value_tracks_true"] = tracks
    return attributes, leaves


def weigh(rng, leaves, prefix, n_targets, per_leaf, positive=False):
    """Weights for the leaves: all targets each, or some."""
    rows = []
    for tree, node in leaves:
        chosen = range(n_targets) if per_leaf == n_targets else rng.choice(n_targets, per_leaf, replace=False)
        rows += [(tree, node, int(target)) for target in chosen]
    weights = rng.normal(size=len(rows)).round(3)
    weights = np.abs(weights) if positive else weights
    columns = list(zip(*rows))
    names = (f"{prefix}_treeids", f"{prefix}_nodeids", f"{prefix}_ids")
    return dict(zip(names, map(list, columns))) | {f"{prefix}_weights": weights.tolist()}


def half_steps(rng, shape):
    """Numbers that often equal a split, and some NaN."""
    x = rng.integers(-5, 6, shape) / 2
    x.ravel()[:: 7] = np.nan
    return x


def tree_tests():
    """Every comparison, NaN, and every element type; all ways to put trees together."""
    rng, graph = np.random.default_rng(1), Graph(joined=True)
    x = graph.feed("x", half_steps(rng, (23, 4)), FLOAT)
    doubles = graph.feed("doubles", half_steps(rng, (23, 4)), DOUBLE)
    for mode in MODES:
        attributes, leaves = random_trees(rng, 2, 4, 4, [mode])
        graph.add("TreeEnsembleRegressor", x, FLOAT, n_targets=1, **attributes, **weigh(rng, leaves, "target", 1, 1))
    for aggregate in ("SUM", "AVERAGE", "MIN", "MAX"):
        for n_targets, per_leaf in ((1, 1), (3, 3), (3, 1)):
            attributes, leaves = random_trees(rng, 3, 4, 4)
            attributes |= weigh(rng, leaves, "target", n_targets, per_leaf)
            graph.add(
                "TreeEnsembleRegressor", x, FLOAT, n_targets=n_targets, aggregate_function=aggregate,
                base_values=[0.25, -0.5, 1.0][:n_targets], **attributes,
            )
    attributes, leaves = random_trees(rng, 3, 4, 4)
    weights = weigh(rng, leaves, "target", 2, 2)
    attributes["nodes_values_as_tensor"] = tensor([v + 1e-12 for v in attributes.pop("nodes_values")], DOUBLE)
    weights["target_weights_as_tensor"] = tensor([w / 3 for w in weights.pop("target_weights")], DOUBLE)
    graph.add("TreeEnsembleRegressor", doubles, FLOAT, n_targets=2, **attributes, **weights)
    return graph.model()


def tree_integers():
    """Integer inputs, and no attribute for NaN."""
    rng, graph = np.random.default_rng(2), Graph(1)
    x = rng.integers(-3, 4, (11, 3))
    for kind in (INT64, INT32):
        name = graph.feed(f"x{kind}", x, kind)
        attributes, leaves = random_trees(rng, 3, 3, 3, missing=False)
        attributes |= weigh(rng, leaves, "class", 3, 1)
        graph.add("TreeEnsembleClassifier", name, INT64, FLOAT, classlabels_int64s=[4, -2, 9], **attributes)
    return graph.model()


def tree_scores():
    """What is done to sums in the end."""
    rng, graph = np.random.default_rng(3), Graph(joined=True)
    x = graph.feed("x", half_steps(rng, (6, 3)), FLOAT)
    for post_transform in ("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO", "PROBIT"):
        attributes, leaves = random_trees(rng, 2, 3, 3)
        weights = weigh(rng, leaves, "class", 3, 2)
        weights["class_weights"] = [abs(w) / 8 for w in weights["class_weights"]]
        graph.add(
            "TreeEnsembleClassifier", x, STRING, FLOAT, classlabels_strings=["a", "b", "c"],
            base_values=[0.1, 0.2, 0.15], post_transform=post_transform, **attributes, **weights,
        )
        weights = weigh(rng, leaves, "target", 1, 1)
        weights["target_weights"] = [abs(w) / 8 + 0.01 for w in weights["target_weights"]]
        graph.add("TreeEnsembleRegressor", x, FLOAT, n_targets=1, post_transform=post_transform, **attributes, **weights)
    return graph.model()


def tree_pairs():
    """Two classes: the weights of one may stand for both, with and without base values."""
    graph = Graph(joined=True)
    x = graph.feed("x", [[-1], [1]], FLOAT)
    nodes = dict(
        nodes_treeids=[0, 0, 0], nodes_nodeids=[0, 1, 2], nodes_featureids=[0, 0, 0], nodes_values=[0.0, 0.0, 0.0],
        nodes_modes=["BRANCH_LEQ", "LEAF", "LEAF"], nodes_truenodeids=[1, 0, 0], nodes_falsenodeids=[2, 0, 0],
    )
    both, first, second, mixed = [(1, 0), (1, 1), (2, 0), (2, 1)], [(1, 0), (2, 0)], [(1, 1), (2, 1)], [(1, 0), (2, 1)]
    for post_transform in ("NONE", "LOGISTIC", "SOFTMAX"):
        for base_values in ([], [0.1], [0.1, 0.2]):
            for leaves, weights in (
                (both, [0.8, 0.2, 0.3, 0.7]), (both, [0.8, -0.2, -0.3, 0.7]), (first, [0.4, 0.6]),
                (first, [-0.4, 0.6]), (second, [0.4, 0.6]), (second, [-0.4, 0.6]), (mixed, [-0.4, 0.6]),
            ):
                if leaves is mixed and len(base_values) == 1:
                    continue  # ONNX Runtime leaves a score unset.
                graph.add(
                    "TreeEnsembleClassifier", x, STRING, FLOAT, classlabels_strings=["no", "yes"],
                    class_treeids=[0] * len(leaves), class_nodeids=[node for node, _ in leaves],
                    class_ids=[target for _, target in leaves], class_weights=weights,
                    post_transform=post_transform, **nodes, **({"base_values": base_values} if base_values else {}),
                )
    return graph.model()


def tree_ensemble():
    """Branches and leaves apart, with tests of membership."""
    rng, graph = np.random.default_rng(4), Graph(5)
    # ONNX Runtime cuts what it looks up in a set to integers, so there are no halves here.
    x = graph.feed("x", half_steps(rng, (17, 2)) * 2, FLOAT)
    doubles = graph.feed("doubles", half_steps(rng, (7, 2)) * 2, DOUBLE)
    for name, kind in ((x, FLOAT), (doubles, DOUBLE)):
        for aggregate in range(4):
            graph.add(
                "TreeEnsemble", name, kind, n_targets=2, aggregate_function=aggregate, tree_roots=[0, 3],
                nodes_featureids=[0, 1, 0, 1, 0], nodes_modes=tensor([0, 6, 4, 6, 3], TensorProto.UINT8),
                nodes_splits=tensor([0.5, 0.0, 1.0, 0.0, -1.0], kind),
                membership_values=tensor([-2.0, 2.0, 5.0, np.nan, 1.0, 3.0, 2.0, -1.0, np.nan], kind),
                nodes_truenodeids=[1, 0, 2, 4, 4], nodes_falsenodeids=[2, 1, 3, 5, 6],
                nodes_trueleafs=[0, 1, 1, 0, 1], nodes_falseleafs=[0, 1, 1, 1, 1],
                nodes_missing_value_tracks_true=[1, 0, 1, 1, 0],
                leaf_targetids=[0, 1, 0, 1, 1, 0, 0], leaf_weights=tensor([1.5, -2, 3, 0.25, 8, -0.5, 4], kind),
            )
    return graph.model()


def linear_models():
    rng, graph = np.random.default_rng(5), Graph(joined=True)
    x = {kind: graph.feed(f"x{kind}", rng.integers(-4, 5, (5, 3)), kind) for kind in (FLOAT, DOUBLE, INT64, INT32)}
    three = dict(coefficients=rng.normal(size=9).tolist(), intercepts=[0.1, -0.2, 0.3])
    one = dict(coefficients=[0.5, -0.25, 0.125], intercepts=[0.1])
    for post_transform in ("NONE", "LOGISTIC", "SOFTMAX", "SOFTMAX_ZERO"):
        graph.add("LinearRegressor", x[FLOAT], FLOAT, targets=3, post_transform=post_transform, **three)
        graph.add("LinearRegressor", x[FLOAT], FLOAT, targets=1, post_transform=post_transform, **one)
        for kind in x:
            graph.add(
                "LinearClassifier", x[kind], INT64, FLOAT, classlabels_ints=[3, 5, 8],
                post_transform=post_transform, **three,
            )
        graph.add(
            "LinearClassifier", x[FLOAT], STRING, FLOAT, classlabels_strings=["no", "yes"],
            post_transform=post_transform, **one,
        )
    graph.add("LinearClassifier", x[FLOAT], INT64, FLOAT, **one)
    return graph.model()


def support_vectors():
    rng, graph = np.random.default_rng(6), Graph(joined=True)
    x = graph.feed("x", rng.normal(size=(7, 3)), FLOAT)
    doubles = graph.feed("doubles", rng.normal(size=(7, 3)), DOUBLE)
    numbers = lambda n: rng.normal(size=n).round(3).tolist()
    for kernel, parameters in (
        ("LINEAR", [0.5, 0.0, 3.0]), ("POLY", [0.5, 1.0, 3.0]), ("POLY", [0.5, 0.5, 2.0]), ("RBF", [0.7, 0.0, 3.0]),
        ("SIGMOID", [0.3, -0.1, 3.0]),
    ):
        kernel = dict(kernel_type=kernel, kernel_params=parameters)
        graph.add(
            "SVMRegressor", x, FLOAT, support_vectors=numbers(12), n_supports=4, coefficients=numbers(4), rho=[0.3],
            **kernel,
        )
        for sizes, labels, probability in (
            ([2, 1, 2], dict(classlabels_ints=[7, 8, 9]), False), ([2, 1, 2], dict(classlabels_ints=[7, 8, 9]), True),
            ([2, 3], dict(classlabels_strings=["u", "v"]), False), ([2, 3], dict(classlabels_strings=["u", "v"]), True),
        ):
            n_classes = len(sizes)
            n_pairs = n_classes * (n_classes - 1) // 2
            extra = dict(prob_a=[-1.5, -1.0, -2.0][:n_pairs], prob_b=[0.1, -0.2, 0.3][:n_pairs]) if probability else {}
            graph.add(
                "SVMClassifier", doubles if probability else x, STRING if n_classes == 2 else INT64, FLOAT,
                support_vectors=numbers(15), vectors_per_class=sizes, coefficients=numbers(5 * (n_classes - 1)),
                rho=numbers(n_pairs), **kernel, **labels, **extra,
            )
    graph.add("SVMRegressor", x, FLOAT, n_supports=0, coefficients=numbers(3), rho=[0.3], one_class=1, kernel_params=[1.0, 0.0, 1.0])
    for post_transform in ("NONE", "LOGISTIC", "SOFTMAX"):
        graph.add(
            "SVMClassifier", x, INT64, FLOAT, coefficients=numbers(9), rho=[0.2], classlabels_ints=[1, 2, 3],
            post_transform=post_transform, kernel_params=[1.0, 0.0, 1.0],
        )
        graph.add(
            "SVMClassifier", x, INT64, FLOAT, coefficients=numbers(6), rho=[0.2], classlabels_ints=[1, 2],
            post_transform=post_transform, kernel_params=[1.0, 0.0, 1.0],
        )
        graph.add(
            "SVMClassifier", x, INT64, FLOAT, support_vectors=numbers(6), vectors_per_class=[1, 1],
            coefficients=numbers(2), rho=[0.1], classlabels_ints=[1, 2], post_transform=post_transform,
            kernel_type="RBF", kernel_params=[0.5, 0.0, 3.0],
        )
    return graph.model()


def columns():
    """Scalers, norms and their kin."""
    graph = Graph(1)
    rows = [[-1.0, -5.0, -2.0], [3.0, -4.0, 0.0], [0.0, 0.0, 0.0], [2.5, 1.0, 7.0]]
    x = {kind: graph.feed(f"x{kind}", rows, kind) for kind in (FLOAT, DOUBLE, INT64, INT32)}
    holes = graph.feed("holes", [[np.nan, 2.0], [1.0, np.nan], [3.0, 1.0]], FLOAT)
    for kind, name in x.items():
        graph.add("Scaler", name, FLOAT, scale=[0.5, 2.0, -1.0], offset=[1.0, 0.0, -2.0])
        graph.add("Scaler", name, FLOAT, scale=[0.5], offset=[1.0])
        graph.add("ArrayFeatureExtractor", [name, indices(graph)], kind)
        for norm in ("MAX", "L1", "L2"):
            graph.add("Normalizer", name, FLOAT, norm=norm)
        graph.add("FeatureVectorizer", [name, name, name], FLOAT, inputdimensions=[2, 3, 4])
    graph.add("Binarizer", x[FLOAT], FLOAT, threshold=0.5)
    graph.add("Imputer", holes, FLOAT, imputed_value_floats=[7.0, 8.0], replaced_value_float=float("nan"))
    graph.add("Imputer", holes, FLOAT, imputed_value_floats=[9.0], replaced_value_float=1.0)
    graph.add("Imputer", x[INT64], INT64, imputed_value_int64s=[9, 8, 7], replaced_value_int64=0)
    return graph.model()


def indices(graph):
    if "indices" not in graph.feeds:
        graph.feed("indices", [2, 0, 2], INT64)
    return "indices"


def labels():
    graph = Graph(2)
    words = graph.feed("words", [["b", "a"], ["?", "c"]], STRING)
    numbers = graph.feed("numbers", [3, 1, 7, 2], INT64)
    floats = graph.feed("floats", [1.5, -0.0, 9.0], FLOAT)
    graph.add("CategoryMapper", words, INT64, cats_strings=["a", "b"], cats_int64s=[10, 20], default_int64=-5)
    graph.add("CategoryMapper", numbers, STRING, cats_strings=["x", "y"], cats_int64s=[1, 2], default_string="none")
    graph.add("LabelEncoder", words, INT64, keys_strings=["a", "b", "b"], values_int64s=[1, 2, 3])
    graph.add("LabelEncoder", words, STRING, keys_strings=["a"], values_strings=["A"])
    graph.add("LabelEncoder", words, FLOAT, keys_strings=["c"], values_floats=[0.5], default_float=-2.0)
    graph.add("LabelEncoder", numbers, STRING, keys_int64s=[1, 2], values_strings=["one", "two"], default_string="?")
    graph.add("LabelEncoder", numbers, INT64, keys_int64s=[1, 2], values_int64s=[10, 20])
    graph.add("LabelEncoder", floats, INT64, keys_floats=[1.5, 0.0], values_int64s=[15, 0], default_int64=4)
    graph.add("LabelEncoder", floats, FLOAT, keys_floats=[1.5], values_floats=[3.0])
    graph.add("OneHotEncoder", words, FLOAT, cats_strings=["a", "b", "c"])
    graph.add("OneHotEncoder", numbers, FLOAT, cats_int64s=[1, 2, 3], zeros=1)
    graph.add("OneHotEncoder", floats, FLOAT, cats_int64s=[0, 1])
    return graph.model()


def label_tensors():
    graph = Graph(4)
    doubles = graph.feed("doubles", [1.5, np.nan, 2.0], DOUBLE)
    words = graph.feed("words", ["b", "z"], STRING)
    short = helper.make_tensor("values", TensorProto.INT16, [2], [5, 6])
    graph.add(
        "LabelEncoder", doubles, DOUBLE, keys_tensor=tensor([1.5, np.nan], DOUBLE),
        values_tensor=tensor([0.1, 0.2], DOUBLE), default_tensor=tensor([-1.0], DOUBLE),
    )
    graph.add(
        "LabelEncoder", words, TensorProto.INT16, keys_strings=["a", "b"], values_tensor=short,
        default_tensor=helper.make_tensor("values", TensorProto.INT16, [1], [-3]),
    )
    return graph.model()


def label_first():
    """The first version of LabelEncoder: positions in a list."""
    graph = Graph(1)
    words = graph.feed("words", ["c", "a", "?"], STRING)
    numbers = graph.feed("numbers", [0, 2, 3], INT64)
    graph.add("LabelEncoder", words, INT64, classes_strings=["a", "b", "c"], default_int64=-9)
    graph.add("LabelEncoder", numbers, STRING, classes_strings=["a", "b", "c"], default_string="none")
    return graph.model()


def map_of(key, value):
    return helper.make_map_type_proto(key, helper.make_tensor_type_proto(value, []))


def maps():
    """Rows to maps and maps to rows."""
    graph = Graph(1)
    x = graph.feed("x", [[0.25, 0.75], [0.5, 0.5]], FLOAT)
    for strings, key, value, numbers in (
        (True, STRING, FLOAT, {"a": 1.5, "c": -2.0}), (False, INT64, FLOAT, {4: 1.5, 2: -2.75}),
    ):
        name = f"map{len(graph.feeds)}"
        graph.inputs.append(helper.make_value_info(name, map_of(key, value)))
        graph.feeds[name] = numbers
        words = dict(string_vocabulary=["c", "b", "a", "c"]) if strings else dict(int64_vocabulary=[2, 3, 4])
        graph.add("DictVectorizer", name, value, **words)
        if (key, value) == (INT64, FLOAT):
            for cast_to, kind in (("TO_FLOAT", FLOAT), ("TO_INT64", INT64), ("TO_STRING", STRING)):
                graph.add("CastMap", name, kind, cast_to=cast_to)
                graph.add("CastMap", name, kind, cast_to=cast_to, map_form="SPARSE", max_map=6)
    graph.add("ZipMap", x, helper.make_sequence_type_proto(map_of(STRING, FLOAT)), classlabels_strings=["p", "q"])
    graph.add("ZipMap", x, helper.make_sequence_type_proto(map_of(INT64, FLOAT)), classlabels_int64s=[4, 2])
    return graph.model()


def pipelines():
    """Small relatives of the pipelines in classical.py, name to (model, feeds)."""
    from sklearn import ensemble, linear_model, naive_bayes, neighbors, pipeline, preprocessing, svm, tree

    few = lambda estimator, data, **options: (lambda: classical.numeric(estimator, data, rows=6, **options))

    def boosted():
        with classical.integer_flags():
            model, feeds = few(ensemble.HistGradientBoostingClassifier(max_iter=3, max_leaf_nodes=5), classical.flowers)()
        feeds["x"][::2, ::2] = np.nan
        return model, feeds

    return {
        "decision_tree": few(tree.DecisionTreeClassifier(max_depth=3, random_state=0), classical.flowers),
        "forest": few(ensemble.RandomForestClassifier(4, max_depth=3, random_state=0), classical.cancer),
        "extra_trees": few(ensemble.ExtraTreesRegressor(3, max_depth=3, random_state=0), classical.diabetes),
        "boosting": few(ensemble.GradientBoostingClassifier(n_estimators=4, max_depth=2), classical.flowers),
        "hist_boosting": boosted,
        "isolation_forest": few(ensemble.IsolationForest(n_estimators=3, max_samples=16, random_state=0), classical.flowers),
        "svc": few(svm.NuSVC(nu=0.1, probability=True, random_state=0), classical.flowers),
        "logistic": few(
            pipeline.make_pipeline(preprocessing.StandardScaler(), linear_model.LogisticRegression()),
            classical.flowers, options={"zipmap": True},
        ),
        "neighbours": few(neighbors.KNeighborsClassifier(3), lambda: tuple(a[::6] for a in classical.flowers())),
        "naive_bayes": few(naive_bayes.GaussianNB(), classical.flowers),
    }


OPERATORS = (
    tree_tests, tree_integers, tree_scores, tree_pairs, tree_ensemble, linear_models, support_vectors, columns, labels,
    label_tensors, label_first, maps,
)


def main() -> None:
    warnings.simplefilter("ignore")
    ort.set_default_logger_severity(4)
    out = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    makers = {make.__name__: make for make in OPERATORS} | pipelines()
    cases = []
    for name, make in makers.items():
        model, feeds = make()
        shutil.rmtree(out / name, ignore_errors=True)
        options = ort.SessionOptions()
        options.intra_op_num_threads = 1
        session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        golden.store(out / name, session, feeds, session.run(None, feeds))
        for archive in (out / name).glob("*.npz"):
            archive.unlink()
        (out / name / "model.onnx").write_bytes(model.SerializeToString())
        values = lambda infos: [{"name": info.name, "kind": kind(info.type)} for info in infos]
        cases.append({"name": name, "inputs": values(session.get_inputs()), "outputs": values(session.get_outputs())})
        print(name, sum(file.stat().st_size for file in (out / name).iterdir()), "bytes")
    (out / "cases.json").write_text(json.dumps(cases, indent=1) + "\n")


def kind(type_name: str) -> str:
    return type_name.split("(")[0].replace("seq", "sequence")


if __name__ == "__main__":
    main()
