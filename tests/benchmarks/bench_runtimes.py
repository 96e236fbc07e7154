"""Print what `latentlab.rendering.onnx_backend` chose between: threads, spinning, slices, OpenVINO; one run.

    python tests/benchmarks/bench_runtimes.py [--rounds 20]

A model of width 64 at 64x64 RGB with random weights. Contenders take turns of three calls after one that does not
count, so that no other's threads still spin; figures are medians in milliseconds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import onnxruntime
import openvino

from latentlab.bench.measure import Spread, interleaved, timed_ms
from latentlab.bench.subject import random_generator
from latentlab.cores import cores
from latentlab.latent.arrays import FloatArray
from latentlab.models.onnx_graph import INPUT, OUTPUT, export

Draw = Callable[[FloatArray], Any]


def session(graph: bytes, threads: int, *, spinning: bool) -> Draw:
    """Return a session of ONNX Runtime as a function."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    made = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    return lambda z: made.run([OUTPUT], {INPUT: z})[0]


def slices(alone: Draw, count: int) -> Draw:
    """Return a function that draws a batch in equal parts at the same time."""
    pool = ThreadPoolExecutor(count)
    return lambda z: np.concatenate(list(pool.map(alone, np.array_split(z, count))))


def chunks(whole: Draw, size: int) -> Draw:
    """Return a function that draws a batch in parts, one after the other."""
    return lambda z: np.concatenate([whole(z[start : start + size]) for start in range(0, len(z), size)])


def compiled(graph: bytes) -> Draw:
    """Return OpenVINO, compiled for each batch size."""
    core, model = openvino.Core(), openvino.Core().read_model(graph)
    made: dict[int, Any] = {}

    def draw(z: FloatArray) -> Any:
        if len(z) not in made:
            model.reshape(list(z.shape))
            made[len(z)] = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        return np.asarray(made[len(z)]({INPUT: z})[0])

    return draw


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    graph, count = export(random_generator(64, 3, 64)), cores()
    alone, whole = session(graph, 1, spinning=False), session(graph, count, spinning=False)
    contenders: dict[str, Draw] = {
        "1 thread": alone,
        f"{count} threads": whole,
        f"{count} threads, chunks of 8": chunks(whole, 8),
        f"{count} slices": slices(alone, count),
        "OpenVINO": compiled(graph),
        f"{count} threads, spinning": session(graph, count, spinning=True),
    }
    print("batch".ljust(24) + "".join(f"{batch:10}" for batch in (1, 2, 4, 8, 64)))
    table: dict[str, list[float]] = {name: [] for name in contenders}
    for batch in (1, 2, 4, 8, 64):
        z = np.random.RandomState(0).standard_normal((batch, 100)).astype(np.float32)
        bound = {
            name: (lambda draw=draw, z=z: timed_ms(lambda: draw(z), calls=3, warm_up=1))
            for name, draw in contenders.items()
        }
        for name, samples in interleaved(bound, rounds, warm_up=1).items():
            table[name].append(Spread.of(samples).p50)
    for name, figures in table.items():
        print(name.ljust(24) + "".join(f"{figure:10.2f}" for figure in figures))


if __name__ == "__main__":
    main()
