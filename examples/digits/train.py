"""Train the digit classifier in numpy and write it as digits.onnx and labels.txt.

    python train.py      # about a minute on one core

Two 3x3 convolutions, each with ReLU and 2x2 max pooling, then one dense layer.
"""

import os
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # one order of summation: the same weights each time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from data import load, render

SEED, EPOCHS, BATCH, RATE, SMOOTHING = 7, 80, 48, 2e-3, 0.05
CHANNELS = (16, 32)
LABELS = [str(digit) for digit in range(10)]
HERE = Path(__file__).parent


def main():
    rng = np.random.default_rng(SEED)
    images, labels, held_images, held_labels = load()
    weights = train(images, labels, rng)
    plain = accuracy(weights, render(held_images), held_labels)
    hard = np.mean([accuracy(weights, render(held_images, rng=rng), held_labels) for _ in range(5)])
    print(f"held-out accuracy: {plain:.2%} drawn plainly, {hard:.2%} distorted")
    onnx.save(graph(weights), HERE / "digits.onnx")
    (HERE / "labels.txt").write_text("\n".join(LABELS) + "\n")


# The net. Images are [b, y, x, c], since a convolution is then one matrix product over patches.


def initial(rng):
    """He-initialised weights: convolutions [c, 3, 3, o], dense [y x c, 10]; biases zero."""
    shapes = [(1, 3, 3, CHANNELS[0]), (CHANNELS[0], 3, 3, CHANNELS[1]), (7 * 7 * CHANNELS[1], 10)]
    weights = []
    for shape in shapes:
        scale = np.sqrt(2 / np.prod(shape[:-1]))
        weights += [rng.normal(0, scale, shape).astype(np.float32), np.zeros(shape[-1], np.float32)]
    return weights


def patches(x):
    """The 3x3 neighbourhood of every pixel, zero beyond the edge: [b y x, c 3 3]."""
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return windows.reshape(-1, x.shape[3] * 9)


def convolve(columns, shape, weight):
    return (columns @ weight.reshape(-1, weight.shape[-1])).reshape(*shape[:3], -1)


def blocks(x):
    """The 2x2 blocks that pooling looks at: [b, y/2, 2, x/2, 2, c]."""
    b, y, x_, c = x.shape
    return x.reshape(b, y // 2, 2, x_ // 2, 2, c)


def forward(weights, images):
    """Return probabilities [b, 10] and what `backward` needs."""
    x, kept = images[..., None], []
    for weight, bias in zip(weights[0:4:2], weights[1:4:2]):
        columns = patches(x)
        active = np.maximum(convolve(columns, x.shape, weight) + bias, 0)
        x = blocks(active).max(axis=(2, 4))
        kept.append((columns, active, x))
    logits = x.reshape(len(x), -1) @ weights[4] + weights[5]
    exp = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exp / exp.sum(axis=1, keepdims=True), kept


def backward(weights, kept, slope):
    """Gradients of all weights, given the loss's slope by the logits."""
    flat = kept[-1][2].reshape(len(slope), -1)
    gradients = [flat.T @ slope, slope.sum(axis=0)]
    slope = (slope @ weights[4].T).reshape(kept[-1][2].shape)
    for layer in (1, 0):
        columns, active, pooled = kept[layer]
        winner = (blocks(active) == pooled[:, :, None, :, None]) & (blocks(active) > 0)
        slope = (winner * slope[:, :, None, :, None]).reshape(active.shape)
        weight = weights[2 * layer]
        rows = slope.reshape(-1, slope.shape[3])
        gradients = [(columns.T @ rows).reshape(weight.shape), rows.sum(axis=0)] + gradients
        if layer:
            # Back through a convolution is a convolution with the kernel turned round.
            turned = weight[:, ::-1, ::-1].transpose(3, 1, 2, 0)
            slope = convolve(patches(slope), slope.shape, turned)
    return gradients


def train(images, labels, rng):
    """Adam on cross-entropy with smoothed labels, newly distorted images in every epoch."""
    weights = initial(rng)
    mean, square = ([np.zeros_like(w) for w in weights] for _ in range(2))
    wanted = np.eye(10, dtype=np.float32)[labels] * (1 - SMOOTHING) + SMOOTHING / 10
    step, n_steps = 0, EPOCHS * (len(images) // BATCH)
    for epoch in range(EPOCHS):
        drawn, right = render(images, rng=rng), 0
        order = rng.permutation(len(images))[: n_steps // EPOCHS * BATCH].reshape(-1, BATCH)
        for batch in order:
            got, kept = forward(weights, drawn[batch])
            right += np.sum(got.argmax(axis=1) == labels[batch])
            gradients = backward(weights, kept, (got - wanted[batch]) / BATCH)
            rate = RATE * (1 + np.cos(np.pi * step / n_steps)) / 2
            step += 1
            for w, g, m, s in zip(weights, gradients, mean, square):
                m += 0.1 * (g - m)
                s += 0.001 * (g * g - s)
                w -= rate * (m / (1 - 0.9**step)) / (np.sqrt(s / (1 - 0.999**step)) + 1e-8)
        if epoch % 20 == 19:
            print(f"epoch {epoch + 1}: {right / order.size:.2%} of the distorted training images")
    return weights


def accuracy(weights, images, labels):
    return np.mean(forward(weights, images)[0].argmax(axis=1) == labels)


# The file.


def graph(weights):
    """The same net as an ONNX model: images [batch, 1, 28, 28] in 0..1 to probabilities [batch, 10]."""
    dense = weights[4].reshape(7, 7, CHANNELS[1], 10).transpose(2, 0, 1, 3).reshape(-1, 10)
    tensors = {
        "conv1.weight": weights[0].transpose(3, 0, 1, 2),
        "conv1.bias": weights[1],
        "conv2.weight": weights[2].transpose(3, 0, 1, 2),
        "conv2.bias": weights[3],
        "dense.weight": dense,
        "dense.bias": weights[5],
    }
    same = {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}
    half = {"kernel_shape": [2, 2], "strides": [2, 2]}

    def node(op, name, inputs, output=None, **attributes):
        return helper.make_node(op, inputs, [output or name], name=name, **attributes)

    nodes = [
        node("Conv", "conv1", ["image", "conv1.weight", "conv1.bias"], **same),
        node("Relu", "relu1", ["conv1"]),
        node("MaxPool", "pool1", ["relu1"], **half),
        node("Conv", "conv2", ["pool1", "conv2.weight", "conv2.bias"], **same),
        node("Relu", "relu2", ["conv2"]),
        node("MaxPool", "pool2", ["relu2"], **half),
        node("Flatten", "flatten", ["pool2"], axis=1),
        node("Gemm", "dense", ["flatten", "dense.weight", "dense.bias"]),
        node("Softmax", "softmax", ["dense"], "probabilities", axis=1),
    ]
    model = helper.make_model(
        helper.make_graph(
            nodes,
            "digits",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", 1, 28, 28])],
            [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 10])],
            [numpy_helper.from_array(np.ascontiguousarray(t), name) for name, t in tensors.items()],
        ),
        producer_name="examples/digits/train.py",
        ir_version=8,
        opset_imports=[helper.make_opsetid("", 17)],
    )
    facts = {
        "title": "Handwritten digits",
        "author": "The Dunlin authors",
        "license": "MIT OR Apache-2.0; training data: UCI Optical Recognition of Handwritten Digits, CC BY 4.0",
        "labels": ",".join(LABELS),
    }
    helper.set_model_props(model, facts)
    onnx.checker.check_model(model, full_check=True)
    return model


if __name__ == "__main__":
    main()
