"""What ONNX Runtime makes of the files of the examples: MODELS REPOSITORY OUT. Writes one text per example to OUT, in the examples' words.

Scaling, boxes and pieces are done here once more, in numpy, so that the examples' own code is checked, too.
"""

import pathlib
import sys
import wave

import numpy as np
import onnxruntime


def detect(models, repository):
    side = 320
    head, size, most, data = (repository / "examples/pictures/astronaut.ppm").read_bytes().split(b"\n", 3)
    assert (head, most) == (b"P6", b"255")
    width, height = map(int, size.split())
    picture = np.frombuffer(data, np.uint8).reshape(height, width, 3)
    longest = max(width, height)
    square = np.zeros((longest, longest, 3), np.float32)
    square[:height, :width] = picture.astype(np.float32) / np.float32(255)
    at = np.arange(side) * longest // side
    pixels = square[at][:, at].transpose(2, 0, 1)[None]
    output = run(models / "yolov8n_320.onnx", {"images": np.ascontiguousarray(pixels)})[0][0]
    scale = longest / side
    center, size, scores = output[:2].T * scale, output[2:4].T * scale, output[4:]
    corners = np.hstack([center - size / 2, center + size / 2])
    found = []
    for i in np.argsort(-scores.max(axis=0), kind="stable"):
        if scores[:, i].max() > 0.3 and all(shared(corners[i], corners[k]) <= 0.5 for k in found):
            found.append(i)
    line = "class {} from {:.0f}, {:.0f} to {:.0f}, {:.0f}: {:.1f} %\n"
    return "".join(line.format(scores[:, i].argmax(), *corners[i], 100 * scores[:, i].max()) for i in found)


def shared(a, b):
    def area(low, high):
        return np.prod(np.maximum(high - low, 0))

    both = area(np.maximum(a[:2], b[:2]), np.minimum(a[2:], b[2:]))
    return both / (area(a[:2], a[2:]) + area(b[:2], b[2:]) - both)


def voice_activity(models, repository):
    with wave.open(str(repository / "examples/sounds/words.wav")) as file:
        rate, sound = file.getframerate(), np.frombuffer(file.readframes(file.getnframes()), "<i2")
    sound = sound.astype(np.float32) / np.float32(32768)
    session = onnxruntime.InferenceSession(models / "silero_vad.onnx")
    state, before, is_speech, text = np.zeros((2, 1, 128), np.float32), np.zeros(64, np.float32), False, ""
    for start in range(0, len(sound) - 511, 512):
        piece = sound[start : start + 512]
        feeds = {"input": np.concatenate([before, piece])[None], "state": state, "sr": np.array(rate)}
        output, state = session.run(None, feeds)
        before, speech = piece[-64:], float(output[0, 0])
        if speech < 0.35 if is_speech else speech > 0.5:
            is_speech = not is_speech
            text += f"{'speech' if is_speech else 'silence'} at {start / rate:.2f} s ({speech:.2f})\n"
    return text


def run(model, feeds):
    return onnxruntime.InferenceSession(model).run(None, feeds)


def main():
    models, repository, out = map(pathlib.Path, sys.argv[1:])
    (out / "detect").write_text(detect(models, repository))
    (out / "voice_activity").write_text(voice_activity(models, repository))


if __name__ == "__main__":
    main()
