"""Time the directions of one point: width 64, 64x64 RGB, z_dim 100, against finite differences in the same run.

    python tests/benchmarks/bench_local.py

Budget: less than 1 s, torch not imported.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
import onnxruntime

from latentlab.analysis.local import local_directions
from latentlab.analysis.network import PictureChanges
from latentlab.latent.priors import sample
from latentlab.models import dcgan
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator
from latentlab.models.onnx_graph import INPUT, export

REPEATS = 7


def median_s(work: Callable[[], object]) -> float:
    """Run `work` once to warm up, then `REPEATS` times."""
    times = []
    for _ in range(REPEATS + 1):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times[1:]))


def main() -> None:
    """Print one line for each."""
    spec = dcgan.generator(64, 3, 64, 100)
    random = np.random.RandomState(0)
    weights = {
        name: (np.ones(shape) if "running_var" in name else random.standard_normal(shape) * 0.05).astype(np.float32)
        for name, shape in spec.network.tensors().items()
    }
    generator = Generator(ModelCard("bench", spec), weights)
    z = sample("normal", 1, 100, 0)
    session = onnxruntime.InferenceSession(export(generator), providers=["CPUExecutionProvider"])
    both_sides = np.concatenate([z + np.eye(100, dtype=np.float32), z - np.eye(100, dtype=np.float32)])
    changes = PictureChanges(generator)
    rows = {
        "local directions, first time": lambda: local_directions(generator, z[0], 10),
        "local directions, again": lambda: local_directions(generator, z[0], 10, changes=changes),
        "200 pictures for finite differences": lambda: session.run(None, {INPUT: both_sides}),
    }
    for name, work in rows.items():
        print(f"{name:<38}{1000 * median_s(work):8.0f} ms")
    print(f"torch imported: {'torch' in sys.modules}")


if __name__ == "__main__":
    main()
