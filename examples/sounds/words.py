"""Makes words.wav: two words of vowels, each a glottal pulse train through four formants, between near silence.

    python3 examples/sounds/words.py examples/sounds/words.wav

The sound is ours, made from nothing but these numbers: there is no recording behind it.
"""

import array
import math
import random
import sys
import wave

RATE = 16000
FORMANTS = {  # Hz
    "a": (730, 1090, 2440, 3400),
    "e": (530, 1840, 2480, 3500),
    "i": (270, 2290, 3010, 3600),
    "o": (570, 840, 2410, 3300),
    "u": (300, 870, 2240, 3300),
}
BANDWIDTHS = (60, 90, 120, 150)  # Hz
WORDS = ("aieo", "uea")


def vowel(name, rng):
    """A sixth of a second of a vowel, from -1 to 1."""
    n = RATE * 4 // 25
    pitch = 130 + rng.uniform(-15, 15)
    phase, samples = 0.0, []
    for i in range(n):
        before = math.floor(phase)
        phase += pitch * (1 + 0.05 * math.sin(2 * math.pi * 4 * i / RATE) - 0.1 * i / RATE) / RATE
        samples.append(math.floor(phase) - before)
    for frequency, bandwidth in zip(FORMANTS[name], BANDWIDTHS):
        samples = resonance(samples, frequency, bandwidth)
    peak = max(abs(sample) for sample in samples)
    return [sample / peak * min(1, i / 800, (n - i) / 800) for i, sample in enumerate(samples)]


def resonance(samples, frequency, bandwidth):
    r = math.exp(-math.pi * bandwidth / RATE)
    a1, a2 = 2 * r * math.cos(2 * math.pi * frequency / RATE), -r * r
    one, two, out = 0.0, 0.0, []
    for sample in samples:
        one, two = (1 - a1 - a2) * sample + a1 * one + a2 * two, one
        out.append(one)
    return out


def sound(rng):
    samples = [0.0] * 6400
    for word in WORDS:
        for name in word:
            samples += [0.4 * sample for sample in vowel(name, rng)]
            samples += [rng.gauss(0, 0.03) for _ in range(700)]
        samples += [0.0] * 9600
    return [sample + rng.gauss(0, 0.0005) for sample in samples]


def main(path):
    samples = array.array("h", (int(32767 * max(-1, min(1, sample))) for sample in sound(random.Random(1))))
    if sys.byteorder == "big":
        samples.byteswap()
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.tobytes())


if __name__ == "__main__":
    main(sys.argv[1])
