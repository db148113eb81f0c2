"""Writes the models of graphs.rs and what they must answer, as ONNX's reference evaluator and ONNX Runtime say.

All who can load a model must agree; some expectations are worked out here by hand too. cases.txt tells which.
Needs onnx, onnxruntime and numpy. Run it in this folder.
"""

import pathlib

import numpy as np
import onnx
import onnx.parser
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

HERE = pathlib.Path(__file__).parent
F = np.float32
lines = []


def parse(text):
    return onnx.parser.parse_model(text)


def show(kind, name, value):
    if value is None:
        return f"  {kind} {name} none"
    if isinstance(value, list):
        return "\n".join([f"  {kind} {name} sequence {len(value)}"] + [show(kind, name, v) for v in value])
    value = np.asarray(value)
    dtype = "string" if value.dtype.kind in "OU" else str(value.dtype)
    shape = ",".join(map(str, value.shape)) or "-"
    flat = [str(int(v)) if value.dtype == bool else str(v) for v in value.reshape(-1).tolist()]
    return " ".join([f"  {kind} {name} {dtype} {shape}"] + flat)


def same(a, b):
    if a is None or b is None:
        return a is None and b is None
    if isinstance(a, list):
        return len(a) == len(b) and all(map(same, a, b))
    a, b = np.asarray(a), np.asarray(b)
    if a.dtype.kind in "OU":
        return a.shape == b.shape and (a == b).all()
    return a.dtype == b.dtype and a.shape == b.shape and np.allclose(a, b)


def case(name, model, inputs, expected=None, data=None, without=None):
    data = data or model.SerializeToString()
    (HERE / f"{name}.onnx").write_bytes(data)
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    engines = {
        "the reference": lambda: ReferenceEvaluator(model).run(None, inputs),
        "ONNX Runtime": lambda: onnxruntime.InferenceSession(data, options).run(None, inputs),
    }
    answers = {} if expected is None else {"hand": expected}
    engines.pop(without, None)
    for engine, run in engines.items():
        try:
            answers[engine] = run()
        except Exception as error:
            print(f"{name}: not by {engine}: {str(error)[-200:]}")
    first, *others = answers.values()
    for other in others:
        if not (len(other) == len(first) and all(map(same, first, other))):
            print("DISAGREE", name, answers)
    lines.append(f"{name}  # by {', '.join(answers)}")
    lines.extend(show("in", key, value) for key, value in inputs.items())
    names = [output.name for output in model.graph.output]
    lines.extend(show("out", key, value) for key, value in zip(names, first))


def refused(name, model, part):
    (HERE / f"{name}.onnx").write_bytes(model.SerializeToString())
    lines.append(f"{name}")
    lines.append(f"  error {part}")


def head(ir=10, opset=18, more=""):
    return f'<ir_version: {ir}, opset_import: ["" : {opset}, "local" : 1{more}]>'


FUNCTION = '<domain: "local", opset_import: ["" : 18, "local" : 1]>'
X = np.array([-1.5, 2, 3], F)

case("function", parse(head() + """
g (float[3] x) => (float[3] y) { t = local.f(x)  y = Add(t, x) }
""" + FUNCTION + " f (a) => (b) { t = Mul(a, a)  b = Sub(t, a) }"), {"x": X})

case("function_calls_function", parse(head() + """
g (float[3] x) => (float[3] y) { t = local.outer(x)  y = local.inner(t) }
""" + FUNCTION + " outer (x) => (y) { t = local.inner(x)  u = local.inner(t)  y = Neg(u) }"
    + FUNCTION + " inner (x) => (y) { t = Mul(x, x)  y = Add(t, x) }"), {"x": X})

case("function_attributes", parse(head() + """
g (float[3] x) => (float[3] y, float[3] z) {
    y = local.outer <slope = 0.5> (x)  z = local.leaky (x)
}
""" + FUNCTION + " leaky <alpha: float = 0.25> (x) => (y) { y = LeakyRelu <alpha: float = @alpha> (x) }"
    + FUNCTION + " outer <slope> (x) => (y) { t = local.leaky <alpha: float = @slope> (x)  y = Neg(t) }"), {"x": X})

# An attribute that the call does not set and that has no default is absent: LeakyRelu falls back to 0.01.
case("function_attribute_absent", parse(head() + """
g (float[3] x) => (float[3] y) { y = local.leaky (x) }
""" + FUNCTION + " leaky <alpha> (x) => (y) { y = LeakyRelu <alpha: float = @alpha> (x) }"), {"x": X}, expected=[np.array([-0.015, 2, 3], F)])

case("function_attribute_in_branch", parse(head() + """
g (float[3] x, bool c) => (float[3] y) { y = local.f <slope = 0.5> (x, c) }
""" + FUNCTION + """ f <slope> (x, c) => (y) {
    y = If (c) <
        then_branch = t () => (float[3] a) { a = LeakyRelu <alpha: float = @slope> (x) },
        else_branch = e () => (float[3] b) { n = Neg(x)  b = LeakyRelu <alpha: float = @slope> (n) }
    >
}"""), {"x": X, "c": np.array(False)})

case("function_input_absent", parse(head() + """
g (float[3] x, float high) => (float[3] y, float[3] z) { y = local.clip(x, "", high)  z = local.clip(x) }
""" + FUNCTION + " clip (x, low, high) => (y) { y = Clip(x, low, high) }"),
    {"x": X, "high": np.array(2.5, F)}, expected=[np.array([-1.5, 2, 2.5], F), X])

case("function_passes_inputs_on", parse(head() + """
g (float[3] x) => (float[3] y, float[3] z, float[3] w, float[3] x) { y, z, w = local.f(x) }
""" + FUNCTION + " f (a) => (a, b, b) { b = Neg(a) }"), {"x": X}, expected=[X, -X, -X, X])

case("function_outputs_unwanted", parse(head() + """
g (float[3] x) => (float[3] y) { "", y = local.f(x) }
""" + FUNCTION + " f (a) => (b, c, d) { b = Neg(a)  c = Mul(a, a)  d = Add(a, a) }"), {"x": X}, expected=[X * X])

case("function_in_branch", parse(head() + """
g (float[3] x, bool c) => (float[3] y) {
    t = Neg(x)
    y = If (c) <
        then_branch = th () => (float[3] a) { a = local.f(t) },
        else_branch = el () => (float[3] b) { b = Identity(x) }
    >
}
""" + FUNCTION + " f (x) => (y) { t = Mul(x, x)  y = Add(t, x) }"), {"x": X, "c": np.array(True)})

case("function_with_loop", parse(head() + """
g (float[3] x, int64 n) => (float[3] y, float[k, 3] all) { y, all = local.f(n, x, x) }
""" + FUNCTION + """ f (n, a, b) => (y, all) {
    y, all = Loop (n, "", a) <
        body = l (int64 i, bool c, float[3] v) => (bool d, float[3] w, float[3] s) {
            d = Identity(c)  u = Add(v, b)  w = Add(u, a)  s = Identity(u)
        }
    >
}"""), {"x": X, "n": np.array(3)})

case("function_of_another_opset", parse(head(opset=18) + """
g (float[2,3] x) => (float[y] y) { y = local.sum(x) }
<domain: "local", opset_import: ["" : 12]> sum (x) => (y) { y = ReduceSum <axes = [1], keepdims = 0> (x) }
"""), {"x": np.arange(6, dtype=F).reshape(2, 3)})

case("function_of_a_standard_name", parse(head() + """
g (float[3] x) => (float[3] y) { t = local.Relu(x)  y = Relu(t) }
""" + FUNCTION + " Relu (x) => (y) { t = Relu(x)  y = Neg(t) }"), {"x": X})

case("function_of_a_known_operator", parse(head() + """
g (float[3] x) => (float[3] y) { y = Relu(x) }
""" + FUNCTION.replace('domain: "local"', 'domain: ""') + " Relu (x) => (y) { y = Neg(x) }"), {"x": X})

case("function_that_captures_one_value_twice", parse(head() + """
g (float[3] x, bool c) => (float[3] y) { y = local.f(c, x, x) }
""" + FUNCTION + """ f (c, a, b) => (y) {
    y = If (c) < then_branch = t () => (float[3] p) { p = Add(a, b) }, else_branch = e () => (float[3] q) { q = Sub(b, a) } >
}"""), {"x": X, "c": np.array(True)})


def overloads():
    def function(overload, op):
        nodes = [helper.make_node(op, ["x"], ["y"])]
        made = helper.make_function("local", "f", ["x"], ["y"], nodes, [helper.make_opsetid("", 18)])
        made.overload = overload
        return made

    def call(overload, x, y):
        made = helper.make_node("f", [x], [y], domain="local")
        made.overload = overload
        return made

    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        [call("first", "x", "t"), call("second", "t", "y"), call("", "x", "z")],
        "g",
        [value("x", TensorProto.FLOAT, [3])],
        [value("y", TensorProto.FLOAT, [3]), value("z", TensorProto.FLOAT, [3])],
    )
    functions = [function("first", "Neg"), function("second", "Relu"), function("", "Abs")]
    imports = [helper.make_opsetid("", 18), helper.make_opsetid("local", 1)]
    return helper.make_model(graph, functions=functions, opset_imports=imports, ir_version=10)


case("function_overloads", overloads(), {"x": X}, expected=[np.maximum(-X, 0), np.abs(X)],
    without="the reference")  # It knows no overloads.

refused("function_recursion", parse(head() + """
g (float[3] x) => (float[3] y) { y = local.f(x) }
""" + FUNCTION + " f (x) => (y) { y = local.h(x) }" + FUNCTION + " h (x) => (y) { y = local.f(x) }"), "functions nest")

doubling = "".join(f"{FUNCTION} f{i} (x) => (y) {{ t = local.f{i+1}(x)  y = local.f{i+1}(t) }}" for i in range(30))
refused("function_explosion", parse(head() + "g (float[3] x) => (float[3] y) { y = local.f0(x) }" + doubling
    + FUNCTION + " f30 (x) => (x) { }"), "nodes")

case("captures_through_levels", parse(head() + """
g (float[3] x, bool c) => (float[3] y) {
    t = Neg(x)
    y = If (c) <
        then_branch = a () => (float[3] p) {
            u = Mul(t, t)
            p = If (c) <
                then_branch = b () => (float[3] q) {
                    v = Add(u, x)
                    q = If (c) <
                        then_branch = d () => (float[3] r) { r0 = Add(t, u)  r = Add(r0, v) },
                        else_branch = e () => (float[3] r2) { r2 = Identity(x) }
                    >
                },
                else_branch = f () => (float[3] q2) { q2 = Identity(t) }
            >
        },
        else_branch = h () => (float[3] p2) { p2 = Identity(x) }
    >
}"""), {"x": X, "c": np.array(True)})

for c in (True, False):
    case(f"branches_of_outer_values_{int(c)}", parse(head() + """
    g (float[3] x, bool c) => (float[3] y) {
        t = Neg(x)
        y = If (c) < then_branch = a () => (float[3] t) { }, else_branch = b () => (float[3] x) { } >
    }"""), {"x": X, "c": np.array(c)}, expected=[-X if c else X])

# The body's own names come back outside, after the loop.
case("names_that_repeat", parse(head() + """
g (float[3] x, int64 n) => (float[3] z) {
    y = Loop (n, "", x) <
        body = l (int64 i, bool c, float[3] v) => (bool d, float[3] w) {
            d = Identity(c)  w = Add(v, v)
        }
    >
    v = Neg(y)
    w = Add(v, x)
    z = Add(w, y)
}"""), {"x": X, "n": np.array(2)}, expected=[X])


def unsorted():
    model = parse(head() + """
    g (float[3] x, bool c) => (float[3] y) {
        t = Neg(x)
        u = Mul(t, t)
        y = If (c) < then_branch = a () => (float[3] p) { p = Add(u, t) }, else_branch = b () => (float[3] q) { q = Neg(u) } >
    }""")
    nodes = list(model.graph.node)[::-1]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


case("nodes_out_of_order", unsorted(), {"x": X, "c": np.array(True)}, expected=[X * X - X])

weights = "<float[3] w = {1, 2, 3}>"
case("initializer_as_input_ir3", parse(head(ir=3, opset=8).replace(', "local" : 1', "")
    + f"g (float[3] x, float[3] w) => (float[3] y) {weights} {{ y = Add(x, w) }}"), {"x": X})
default = parse(head(ir=8).replace(', "local" : 1', "")
    + f"g (float[3] x, float[3] w) => (float[3] y) {weights} {{ y = Add(x, w) }}")
case("initializer_as_default", default, {"x": X})
case("initializer_overridden", default, {"x": X, "w": X})

case("outputs_of_all_kinds", parse(head()
    + f"g (float[3] x) => (float[3] x, float[3] w, float[3] y, float[3] y2) {weights} {{ y = Add(x, w)  y2 = Identity(w) }}"),
    {"x": X}, expected=[X, np.array([1, 2, 3], F), X + np.array([1, 2, 3], F), np.array([1, 2, 3], F)])

case("no_nodes", parse(head() + "g (float[3] x) => (float[3] x) { }"), {"x": X}, expected=[X])

untyped = parse(head() + "g (float[3] x) => (y) { t = Neg(x)  y = Add(t, t) }")
untyped.graph.output[0].ClearField("type")
case("no_types", untyped, {"x": X})

odd = parse(head() + """g (float[3] x) => (float[3] y) { ODDNAME1 = Neg(x)  y = Add(ODDNAME1, ODDNAME2) }""".replace("ODDNAME2", "ODDNAME1"))
odd.graph.node[0].name = "a \"quoted\"\n name"
odd_bytes = odd.SerializeToString().replace(b"ODDNAME1", b"o\xff \xc3(\n\x7f/")
case("names_of_odd_bytes", odd, {"x": X}, data=odd_bytes)

LOOP = """
g (INPUTS float[3] x) => (float[3] y, float[k, 3] all, int64[k] count) {
    y, all, count = Loop (ARGS, x) <
        body = l (int64 i, bool c, float[3] v) => (bool d, float[3] w, float[3] v, int64 j) {
            j = Identity(i)  w = Add(v, v)  limit = Constant <value = float {20.0}> ()  sum = ReduceSum <keepdims = 0> (w)  d = Less(sum, limit)
        }
    >
}"""


# The reference gives counters of rank 1.
def loop(inputs, args):
    return parse(head() + LOOP.replace("INPUTS", inputs).replace("ARGS", args))


expected = lambda n: [X * 2**n, np.stack([X * 2**i for i in range(n)]) if n else np.zeros((0, 3), F), np.arange(n)]
case("loop_to_a_condition", loop("bool c,", '"", c'), {"c": np.array(True), "x": X}, expected=expected(3), without="the reference")
case("loop_to_a_count", loop("int64 n,", 'n, ""'), {"n": np.array(2), "x": X}, expected=expected(2), without="the reference")
case("loop_with_both", loop("int64 n, bool c,", "n, c"), {"n": np.array(9), "c": np.array(True), "x": X}, expected=expected(3), without="the reference")
case("loop_of_no_iterations", loop("int64 n, bool c,", "n, c"), {"n": np.array(0), "c": np.array(True), "x": X}, expected=expected(0), without="the reference")
case("loop_that_does_not_start", loop("int64 n, bool c,", "n, c"), {"n": np.array(5), "c": np.array(False), "x": X}, expected=expected(0), without="the reference")

case("loop_over_a_sequence", parse(head() + """
g (float[3] x, int64 n) => (seq(float[3]) s, int64 length, float[m] joined) {
    e = SequenceEmpty <dtype = 1> ()
    s = Loop (n, "", e) <
        body = l (int64 i, bool c, seq(float[3]) v) => (bool d, seq(float[3]) w) {
            d = Identity(c)  f = CastLike(i, x)  t = Add(x, f)  zero = Constant <value = int64 {0}> ()  w = SequenceInsert(v, t, zero)
        }
    >
    length = SequenceLength(s)
    joined = ConcatFromSequence <axis = 0> (s)
}"""), {"x": X, "n": np.array(3)}, expected=[[X + 2, X + 1, X], np.array(3), np.concatenate([X + 2, X + 1, X])])

case("scan_along_other_axes", parse(head() + """
g (float[2] s, float[2, 3] a, float[3, 2] b) => (float[2] t, float[2, 3] p, float[3, 2] q) {
    t, p, q = Scan <num_scan_inputs = 2, scan_input_axes = [1, 0], scan_input_directions = [0, 1],
        scan_output_axes = [-1, 0], scan_output_directions = [1, 0],
        body = l (float[2] s0, float[2] a0, float[2] b0) => (float[2] s1, float[2] p0, float[2] q0) {
            s1 = Add(s0, a0)  p0 = Mul(s1, b0)  q0 = Sub(a0, b0)
        }> (s, a, b)
}"""), {"s": np.array([1, 2], F), "a": np.arange(6, dtype=F).reshape(2, 3), "b": np.arange(6, dtype=F).reshape(3, 2) - 2})

batched = parse("""<ir_version: 3, opset_import: ["" : 8]>
g (int64[2] n, float[2, 1] s, float[2, 3, 1] a) => (float[2, 1] t, float[2, 3, 1] p) {
    t, p = Scan <num_scan_inputs = 1, directions = [1],
        body = l (float[1] s0, float[1] a0) => (float[1] s1, float[1] p0) { s1 = Add(s0, a0)  p0 = Identity(s1) }> (n, s, a)
}""")
case("scan_of_batches", batched, {"n": np.array([2, 3]), "s": np.array([[1], [2]], F), "a": np.arange(6, dtype=F).reshape(2, 3, 1)})

case("sequence_of_sequences", parse(head() + """
g (seq(float[n]) s, int64 at) => (float[n] e, seq(float[n]) rest, int64 length) {
    e = SequenceAt(s, at)  rest = SequenceErase(s, at)  length = SequenceLength(rest)
}"""), {"s": [X, X[:1], X[:0]], "at": np.array(-3)})

for name, value in (("held", X), ("none", None)):
    case(f"optional_{name}", parse(head() + """
    g (optional(float[3]) o) => (bool h, float[3] y) {
        h = OptionalHasElement(o)
        y = If (h) <
            then_branch = a () => (float[3] t) { t = OptionalGetElement(o) },
            else_branch = b () => (float[3] u) { u = Constant <value = float[3] {7, 8, 9}> () }
        >
    }"""), {"o": value}, expected=[np.array(value is not None), X if value is not None else np.array([7, 8, 9], F)])

# Floats of 6 bits, four to three bytes: constants in either encoding, conversions both ways, scales.
def six_bits(dtype):
    packed = helper.make_tensor("packed", dtype, [5], bytes([0x81, 0xF5, 0x7D, 0x3F]), raw=True)
    listed = onnx.TensorProto(name="listed", data_type=dtype, dims=[5], int32_data=[0x01, 0x16, 0x1F, 0x20, 0x3F])
    scale = helper.make_tensor("scale", TensorProto.FLOAT, [], [0.5])
    tensor = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Cast", ["packed"], ["a"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["listed"], ["b"], to=TensorProto.FLOAT),
        helper.make_node("Cast", ["x"], ["narrow"], to=dtype),
        helper.make_node("Cast", ["narrow"], ["c"], to=TensorProto.FLOAT),
        helper.make_node("QuantizeLinear", ["x", "scale"], ["q"], output_dtype=dtype),
        helper.make_node("DequantizeLinear", ["q", "scale"], ["d"]),
    ]
    outputs = [tensor(name, TensorProto.FLOAT, [5]) for name in "ab"] + [tensor(name, TensorProto.FLOAT, [7]) for name in "cd"]
    graph = helper.make_graph(nodes, "g", [tensor("x", TensorProto.FLOAT, [7])], outputs, [packed, listed, scale])
    return helper.make_model(graph, ir_version=14, opset_imports=[helper.make_opsetid("", 28)])


for name, dtype in (("float6e2m3", TensorProto.FLOAT6E2M3), ("float6e3m2", TensorProto.FLOAT6E3M2)):
    case(name, six_bits(dtype), {"x": np.array([0.1, -0.3, 1.1875, 2.7, -5.5, 17, 1e6], F)})

# Models of tests that need more than inputs and outputs.
ONLY_MODELS = {
    "loop_without_end": """
g (float[3] x) => (float[3] y) {
    y = Loop ("", "", x) <
        body = l (int64 i, bool c, float[3] v) => (bool d, float[3] w) { d = Identity(c)  w = Add(v, v) }
    >
}""",
    "loop_that_draws": """
g (int64 n) => (float[k, 4] y) {
    y = Loop (n, "") <
        body = l (int64 i, bool c) => (bool d, float[4] r) { d = Identity(c)  r = RandomUniform <shape = [4]> () }
    >
}""",
}
for name, text in ONLY_MODELS.items():
    (HERE / f"{name}.onnx").write_bytes(parse(head() + text).SerializeToString())

(HERE / "cases.txt").write_text("\n".join(lines) + "\n")
