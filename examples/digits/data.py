"""The handwritten digits of scikit-learn (8x8, bundled, no download), drawn as 28x28 pictures.

`load` splits them, `render` draws them: plainly, or with random distortions for training.
"""

import numpy as np
from sklearn.datasets import load_digits

SIDE = 28  # pixels of the model's input
DIGIT = 20  # pixels that the 8x8 digit fills in it, the rest is margin
HELD_OUT = 360  # the last images of the set: contiguous, since neighbours share a writer


def load():
    """Return (train images, train labels, held-out images, held-out labels); images [n, 8, 8] in 0..1."""
    digits = load_digits()
    images, labels = (digits.images / 16).astype(np.float32), digits.target
    return images[:-HELD_OUT], labels[:-HELD_OUT], images[-HELD_OUT:], labels[-HELD_OUT:]


def render(images, side=SIDE, rng=None):
    """Draw 8x8 digits as [n, side, side] float32, white on black; `rng` asks for distortions."""
    n = len(images)
    # Per image: angle, slant, two scales, two shifts (of 28 pixels), stroke threshold, edge gain, ink.
    angle, slant, shift = np.zeros(n), np.zeros(n), np.zeros((2, n))
    scale, threshold, gain, ink = np.ones((2, n)), np.full(n, 0.45), np.full(n, 2.5), np.ones(n)
    if rng:
        angle, slant = rng.uniform(-0.2, 0.2, (2, n))
        scale = rng.uniform(0.75, 1.25, n) * rng.uniform(0.85, 1.15, (2, n))
        shift = rng.uniform(-3, 3, (2, n))
        threshold, gain = rng.uniform(0.3, 0.58, n), rng.uniform(1.5, 6, n)
        ink = rng.uniform(0.6, 1, n)

    # Where each output pixel lies in the digit: centred, in units of an 8x8 cell.
    pixel = ((np.arange(side) + 0.5) / side - 0.5) * SIDE
    y, x = pixel[:, None] - shift[0, :, None, None], pixel - shift[1, :, None, None]
    cos, sin = np.cos(angle)[:, None, None], np.sin(angle)[:, None, None]
    y, x = cos * y - sin * x, sin * y + cos * x
    x = x + slant[:, None, None] * y
    y, x = (v / s[:, None, None] * (8 / DIGIT) for v, s in zip((y, x), scale))

    stroke = sample(smooth(images), y, x)
    pixels = np.clip((stroke - threshold[:, None, None]) * gain[:, None, None] + 0.5, 0, 1)
    pixels *= ink[:, None, None]
    if rng:
        pixels += rng.normal(0, 1, pixels.shape) * rng.uniform(0, 0.06, (n, 1, 1))
    return np.clip(pixels, 0, 1).astype(np.float32)


def smooth(images, factor=4, margin=2):
    """Enlarge by `factor` with a Gaussian, `margin` dark cells added on each side."""
    fine = (np.arange((8 + 2 * margin) * factor) + 0.5) / factor - margin
    weights = np.exp(-((fine[:, None] - np.arange(8) - 0.5) ** 2) / (2 * 0.5**2))
    weights /= np.sqrt(2 * np.pi) * 0.5
    return weights @ images @ weights.T


def sample(fine, y, x, factor=4):
    """Read `fine` at the centred cell coordinates [n, side, side] by bilinear interpolation."""
    last = fine.shape[1] - 1
    y, x = (np.clip(v * factor + last / 2, 0, last - 1e-3) for v in (y, x))
    top, left = y.astype(int), x.astype(int)
    dy, dx, n = y - top, x - left, np.arange(len(fine))[:, None, None]
    upper = fine[n, top, left] * (1 - dx) + fine[n, top, left + 1] * dx
    lower = fine[n, top + 1, left] * (1 - dx) + fine[n, top + 1, left + 1] * dx
    return upper * (1 - dy) + lower * dy
