"""Draw the sample pictures and write reference.npz with the answers of ONNX Runtime.

    python reference.py      # after train.py

Everything comes from the held-out digits. Ends with the answer to each picture, which must be right.
"""

from pathlib import Path

import numpy as np
import onnxruntime
from PIL import Image

from data import load, render

HERE = Path(__file__).parent
SEED, N_REFERENCE = 11, 16
PICTURES = [  # name, digit, pixels of a side, dark on white
    ("three.png", 3, 28, False),
    ("seven.png", 7, 28, False),
    ("eight.png", 8, 96, False),
    ("five-on-paper.png", 5, 120, True),
]


def main():
    _, _, images, labels = load()
    session = onnxruntime.InferenceSession(HERE / "digits.onnx", providers=["CPUExecutionProvider"])
    write_reference(session, images)
    for name, digit, side, on_paper in PICTURES:
        draw(images[labels == digit][:1], side, on_paper).save(HERE / name)
        probabilities = session.run(None, {"image": read(HERE / name, on_paper)})[0][0]
        print(f"{name}: {probabilities.argmax()} at {probabilities.max():.1%}")
        if probabilities.argmax() != digit:
            raise SystemExit(f"{name} shows {digit}")


def write_reference(session, images):
    """Half the batch drawn plainly, half distorted, so that not every answer is nearly one or zero."""
    half = N_REFERENCE // 2
    distorted = render(images[half : 2 * half], rng=np.random.default_rng(SEED))
    image = np.concatenate([render(images[:half]), distorted])[:, None]
    probabilities = session.run(["probabilities"], {"image": image})[0]
    np.savez(HERE / "reference.npz", image=image, probabilities=probabilities)


def draw(image, side, on_paper):
    pixels = render(image, side)[0]
    # Ink and paper in a photograph are neither black nor white.
    pixels = 0.92 - 0.8 * pixels if on_paper else pixels
    return Image.fromarray(np.round(pixels * 255).astype(np.uint8))


def read(path, invert):
    """What a caller does: grey, 28x28, 0..1, and inverted where the digit is dark."""
    grey = Image.open(path).convert("L").resize((28, 28), Image.Resampling.BILINEAR)
    pixels = np.asarray(grey, np.float32)[None, None] / 255
    return 1 - pixels if invert else pixels


if __name__ == "__main__":
    main()
