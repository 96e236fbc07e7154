"""How an ``.onnx`` file of another project is drawn: as much at once as it takes, in bounded memory.

A few bytes of ONNX can ask for any amount of memory, so all such files together get a limited arena; what goes beyond
it is an error of the runtime, which it reports.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.models.foreign.onnx_generator import OnnxGenerator
from latentlab.models.onnx_session import ERRORS, session_of
from latentlab.pixels import Pixels

MAX_MEMORY_BYTES = 2**31
MAX_PIXELS_AT_ONCE = 2**20
_UNKNOWN_AT_ONCE = 2
_SAME_AS_REQUESTED = 1

Run = Callable[[onnxruntime.InferenceSession, FloatArray, IntArray], Pixels]
"""Has a session draw latents (N, z_dim) as classes (N,), at which a generator without classes does not look."""


def file_session(file: OnnxGenerator, threads: int, logged: int = ERRORS) -> onnxruntime.InferenceSession:
    """Have the runtime make a file ready; see `session_of`.

    Raises:
        ModelFileError: If the runtime refuses it.
    """
    _bound_memory()
    return session_of(file.raw, threads, file.path, logged=logged, settings={"session.use_env_allocators": "1"})


def file_run(file: OnnxGenerator) -> Run:
    """Return how a file draws."""

    def run(session: onnxruntime.InferenceSession, z: FloatArray, y: IntArray) -> Pixels:
        return np.concatenate([file.pixels(output, file.range) for output in outputs(file, session, z, y)])

    return run


def outputs(
    file: OnnxGenerator,
    session: onnxruntime.InferenceSession,
    z: FloatArray,
    y: IntArray,
    options: onnxruntime.RunOptions | None = None,
) -> Iterator[npt.NDArray[Any]]:
    """Have a file draw latents.

    Yields:
        What it puts out, in order. Where it takes a fixed number at once, the last are filled up and left out again.
    """
    pixels = file.height * file.width
    size = file.batch or (max(1, MAX_PIXELS_AT_ONCE // pixels) if pixels else _UNKNOWN_AT_ONCE)
    for start in range(0, len(z), size):
        rows = np.arange(start, start + size)
        rows = rows.clip(max=len(z) - 1) if file.batch else rows[: len(z) - start]
        (output,) = session.run([file.output], file.feed(z[rows], y[rows]), options)
        yield output[: len(z) - start]


@functools.cache
def _bound_memory() -> None:
    """Give the process an allocator with an end, for those sessions that ask for it."""
    information = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    limits = {"max_mem": MAX_MEMORY_BYTES, "arena_extend_strategy": _SAME_AS_REQUESTED}
    onnxruntime.create_and_register_allocator(information, onnxruntime.OrtArenaCfg(limits))
