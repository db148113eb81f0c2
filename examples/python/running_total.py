"""A session keeps a state: each run goes on where the last one ended.

    pip install dunlin
    python examples/python/running_total.py
"""

from pathlib import Path

import dunlin
import numpy as np

# The model adds `x` to `total`; what comes out as `new_total` goes in as `total` next time.
path = Path(__file__).parents[2] / "tests/scenarios/models/running_total.onnx"
model = dunlin.load(path, states=[("total", "new_total")])
session = model.session()
session.set_state("total", np.zeros(3, np.float32))
for n, piece in enumerate([1, 2, 3], 1):
    outputs = session.run({"x": np.array([piece, 3 * piece, 6 * piece], np.float32)})
    print(f"after {n} pieces: {outputs['new_total'].sum()} in all")
