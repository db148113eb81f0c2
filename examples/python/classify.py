"""Classifies the picture of a digit.

    pip install dunlin
    python examples/python/classify.py

The cells can be run one by one in an editor that knows them.
"""

# %% The model is loaded once, and tells what it takes.
from pathlib import Path

import dunlin
import numpy as np

folder = Path(__file__).parents[1] / "digits"
model = dunlin.load(folder / "digits.onnx")
print(model)

# %% A picture of 28 by 28 bytes behind a short header becomes floats from 0 to 1.
pixels = np.fromfile(folder / "seven.pgm", np.uint8)[-28 * 28 :]
image = (pixels.reshape(1, 1, 28, 28) / 255).astype(np.float32)

# %% The outputs come by name, as arrays that look into Dunlin's memory.
(probabilities,) = model.run(image)["probabilities"]
print(f"{probabilities.argmax()} with {probabilities.max():.1%}".replace("%", " %"))

# %% What each node took.
_, report = model.run_with_report(image)
slowest = max(report.to_dict()["nodes"], key=lambda node: node["seconds"])
print(f"the slowest node is a {slowest['op']}: {slowest['seconds'] * 1e6:.0f} microseconds")
