"""Rendering on the CPU through ONNX Runtime; imports no torch.

What was tried, on two cores of an EPYC with AVX-512, width 64 at 64x64 RGB, milliseconds for a batch of 1 / 8 / 64;
`tests/benchmarks/bench_runtimes.py` prints the table anew, these are medians of one run of it:

* one session with a thread per core, which spin between calls: 2.1 / 12.8 / 90; asleep between calls 2.4 / 13.0 / 106;
* the batch split over the cores, each slice in a session of one thread: 3.8 / 10.8 / 75, beside 2.9 / 12.6 / 83 of
  OpenVINO. So: a session of all threads for a few pictures, slices for many;
* chunks of 8 in one session: 103 at 64, no better than the whole; left out;
* one thread alone: 3.1 for a single picture. On the render thread that is the better choice on two cores while a hand
  moves, for the window wants one for itself: it asks for `latentlab.cores.spare`. With that, and strips that hold back
  for the picture, `latentlab bench --only slider` came from 8.1 to 6.0 ms from hand to screen; strips fell from 50 to
  33 a second, and came to 41 once all cores drew them while no hand moves the picture;
* the weights beside the graph instead of inside: opening copies them once less, which at this width was most of it.
"""

from __future__ import annotations

import functools
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import onnxruntime

from latentlab.cores import cores
from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.models.checkpoint import Generator
from latentlab.models.onnx_graph import CLASS_INPUT, INPUT, OUTPUT, export_apart
from latentlab.models.onnx_session import session_of
from latentlab.pixels import Pixels
from latentlab.rendering.onnx_file import Run, file_run, file_session


class OnnxBackend:
    """ONNX Runtime sessions of a generator, one for each number of threads, made when first needed; see `Backend`.

    Args:
        generator: The generator.
    """

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._run: Run = file_run(generator.onnx) if generator.onnx is not None else _own_run(generator)
        self._making = threading.Lock()
        self._sessions: dict[int, onnxruntime.InferenceSession] = {}
        self._graph: tuple[bytes, dict[str, FloatArray]] | None = None

    def render(self, z: FloatArray, y: IntArray | None = None, threads: int = 0) -> Pixels:
        """Render latents; see `Backend.render`.

        Raises:
            ModelFileError: If the runtime refuses the generator's graph.
        """
        z, threads, run = np.ascontiguousarray(z, np.float32), threads or cores(), self._run
        y = np.zeros(len(z), np.int64) if y is None else np.ascontiguousarray(y, np.int64)
        if threads == 1 or len(z) < threads:
            return run(self._session(threads), z, y)
        session = self._session(1)
        first, *others = zip(np.array_split(z, threads), np.array_split(y, threads), strict=True)
        elsewhere = [_pool().submit(run, session, *slice_) for slice_ in others]
        return np.concatenate([run(session, *first), *(each.result() for each in elsewhere)])

    def _session(self, threads: int) -> onnxruntime.InferenceSession:
        with self._making:
            if threads not in self._sessions:
                self._sessions[threads] = self._made(threads)
            return self._sessions[threads]

    def _made(self, threads: int) -> onnxruntime.InferenceSession:
        generator = self._generator
        if generator.onnx is not None:
            return file_session(generator.onnx, threads)
        graph = self._graph or export_apart(generator)
        session = session_of(graph[0], threads, generator.path or generator.card.name, constants=graph[1])
        self._graph = graph
        return session


def _own_run(generator: Generator) -> Run:
    takes_class = generator.card.generator.classes > 1

    def run(session: onnxruntime.InferenceSession, z: FloatArray, y: IntArray) -> Pixels:
        pixels: Pixels = session.run([OUTPUT], {INPUT: z, CLASS_INPUT: y} if takes_class else {INPUT: z})[0]
        return pixels

    return run


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """Return the threads that all models share for slices of a batch."""
    return ThreadPoolExecutor(max(1, cores() - 1), "slices")
