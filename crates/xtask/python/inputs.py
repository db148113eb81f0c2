"""Seeded inputs that mean something to a model: photographs, printed text, audio, tokens."""

import functools
import pathlib
import zlib

import numpy as np

TEXT = (
    "A lighthouse keeper once wrote that the sea has no opinion of ships. It lifts them, it lets them down, "
    "and every harbour believes that it was kind to 1,947 of them. Nobody counted the rest."
)
# fmt: off
TEXT_TOKENS = [
    1037, 10171, 10684, 2320, 2626, 2008, 1996, 2712, 2038, 2053, 5448, 1997, 3719, 1012, 2009, 13695, 2068, 1010, 2009, 11082, 2068,
    2091, 1010, 1998, 2296, 7440, 7164, 2008, 2009, 2001, 2785, 2000, 1015, 1010, 3900, 1997, 2068, 1012, 6343, 8897, 1996, 2717, 1012,
]
# fmt: on


def make(spec: dict, seed: str) -> np.ndarray:
    """One input from its table entry: the maker's name with a shape, and the maker's options."""
    spec = dict(spec)
    dtype = spec.pop("dtype", None)
    name = next(key for key in spec if key in MAKERS)
    rng = np.random.default_rng(zlib.crc32(seed.encode()))
    value = MAKERS[name](spec.pop(name), rng, **spec)
    return value.astype(dtype) if dtype else value


def feeds(model: dict, case: int) -> dict[str, np.ndarray]:
    return {name: make(spec, f"{name}/{case}") for name, spec in model["cases"][case].items()}


def zeros(shape, rng):
    return np.zeros(shape, np.float32)


def value(number, rng):
    return np.array(number, np.int64 if isinstance(number, int) else np.float32)


def normal(shape, rng, std=1.0):
    return (rng.standard_normal(shape) * std).astype(np.float32)


def uniform(shape, rng, low=0.0, high=1.0):
    return rng.uniform(low, high, shape).astype(np.float32)


def ints(shape, rng, low=0, high=100):
    return rng.integers(low, high, shape)


def audio(shape, rng):
    """Voice-like sound: harmonics of a gliding pitch under an envelope, with a little noise."""
    rows, samples = shape
    t = np.arange(samples) / 16000
    sound = np.zeros(shape)
    for row in range(rows):
        pitch = rng.uniform(90, 220) * (1 + 0.1 * np.sin(2 * np.pi * 3 * t))
        phase = 2 * np.pi * np.cumsum(pitch) / 16000
        for harmonic in range(1, 12):
            sound[row] += np.sin(harmonic * phase + rng.uniform(0, 6)) / harmonic
    return (0.1 * sound + 0.002 * rng.standard_normal(shape)).astype(np.float32)


def tokens(shape, rng, padded=True):
    """TEXT in BERT's uncased vocabulary, each row from another word on: [CLS], words, [SEP], padding as `mask` has it."""
    ids = np.zeros(shape, np.int64)
    for row, length in enumerate(row_lengths(shape, padded)):
        words = np.resize(np.roll(TEXT_TOKENS, -7 * row), length)
        words[0], words[-1] = 101, 102
        ids[row, :length] = words
    return ids


def mask(shape, rng, padded=True):
    return np.stack([(np.arange(shape[1]) < n).astype(np.int64) for n in row_lengths(shape, padded)])


def row_lengths(shape, padded: bool) -> list[int]:
    """The first row is full, each later one, if padded, shorter by a third of what is left."""
    return [max(1, round(shape[1] * (2 / 3) ** row)) if padded else shape[1] for row in range(shape[0])]


def source_bytes(shape, rng):
    """The first and last 1,024 bytes of files as magika sees them, short ones padded with 256."""
    texts = [pathlib.Path(__file__).read_bytes(), TEXT.encode(), b"\x7fELF" + bytes(range(256)) * 9, b"{}", b"\x89PNG\r\n" * 200]
    half = shape[1] // 2
    rows = []
    for row in range(shape[0]):
        data = texts[row % len(texts)]
        head = np.full(half, 256, np.int32)
        tail = np.full(half, 256, np.int32)
        start, end = data[:half], data[-half:]
        head[: len(start)] = np.frombuffer(start, np.uint8)
        tail[half - len(end) :] = np.frombuffer(end, np.uint8)
        rows.append(np.concatenate([head, tail]))
    return np.stack(rows)


IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])


def photo(shape, rng, mean=IMAGENET[0], std=IMAGENET[1]):
    """scikit-learn's two sample photographs, each row another crop."""
    from PIL import Image

    rows = []
    for row in range(shape[0]):
        picture = Image.fromarray(photographs()[row % 2])
        left, top = int(rng.integers(0, 160)), int(rng.integers(0, 100))
        picture = picture.crop((left, top, left + 480, top + 320))
        rows.append(planes(picture, shape, mean, std))
    return np.stack(rows)


@functools.cache
def photographs():
    from sklearn.datasets import load_sample_images

    return load_sample_images().images


def page(shape, rng, mean=IMAGENET[0], std=IMAGENET[1]):
    """A page of printed text."""
    from PIL import Image, ImageDraw, ImageFont

    rows = []
    for _ in range(shape[0]):
        picture = Image.new("RGB", (shape[3], shape[2]), (244, 240, 230))
        draw = ImageDraw.Draw(picture)
        size = int(rng.integers(14, 22))
        for line, y in enumerate(range(8, shape[2] - size, size * 2)):
            start = (line * 17 + int(rng.integers(0, 30))) % len(TEXT)
            draw.text((8, y), TEXT[start : start + shape[3] // size * 2], (20, 20, 40), ImageFont.load_default(size))
        rows.append(planes(picture, shape, mean, std))
    return np.stack(rows)


def line(shape, rng, mean=0.5, std=0.5):
    """One printed line filling the picture's height."""
    from PIL import Image, ImageDraw, ImageFont

    rows = []
    for _ in range(shape[0]):
        start = int(rng.integers(0, len(TEXT) - 20))
        picture = Image.new("RGB", (shape[3], shape[2]), (250, 250, 250))
        ImageDraw.Draw(picture).text((4, 6), TEXT[start : start + 18], (0, 0, 0), ImageFont.load_default(shape[2] * 0.6))
        rows.append(planes(picture, shape, mean, std))
    return np.stack(rows)


def planes(picture, shape, mean, std):
    """Channels first, resized, scaled to 0..1 and normalised."""
    pixels = np.asarray(picture.resize((shape[3], shape[2])), np.float32) / 255
    return ((pixels - np.float32(mean)) / np.float32(std)).transpose(2, 0, 1).astype(np.float32)


MAKERS = {
    f.__name__: f
    for f in (zeros, value, normal, uniform, ints, audio, tokens, mask, source_bytes, photo, page, line)
}
