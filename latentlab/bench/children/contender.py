"""One contender, made ready once and timed whenever it is asked; or the machine's matrix product."""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from latentlab.bench.children.answer import answers, give, request
from latentlab.bench.children.contenders import MAKERS
from latentlab.bench.measure import timed_ms
from latentlab.session.opened import OpenedModel

SIDE = 1024


def matrix_peak_gflops(seconds: float) -> float:
    """Measure the float32 matrix product, in GFLOP/s; the best of repeated tries."""
    a, b = np.random.default_rng(0).standard_normal((2, SIDE, SIDE)).astype(np.float32)
    best, end = 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        a @ b
        best = max(best, 2.0 * SIDE**3 / (time.perf_counter() - start) / 1e9)
    return best


def main() -> None:
    """Answer requests, one line each, until stdin ends."""
    stream, asked = answers(), request()
    if not asked["name"]:
        for line in sys.stdin:
            give(stream, {"gflops": matrix_peak_gflops(json.loads(line)["seconds"])})
        return
    model = OpenedModel.from_file(asked["model"])
    draw = MAKERS[asked["name"]](model)
    for line in sys.stdin:
        turn = json.loads(line)
        z = model.sample(turn["batch"], seed=0)
        give(stream, {"ms": timed_ms(lambda z=z: draw(z), turn["calls"], turn["warm_up"])})  # type: ignore[misc]


if __name__ == "__main__":
    main()
