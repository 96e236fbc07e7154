"""Rendering on the CPU through ONNX Runtime; imports no torch."""

from __future__ import annotations

import threading

import numpy as np
import onnxruntime

from latentlab.cores import cores
from latentlab.errors import ModelFileError
from latentlab.latent.arrays import FloatArray
from latentlab.models.checkpoint import Generator
from latentlab.models.onnx_graph import INPUT, OUTPUT, export
from latentlab.pixels import Pixels

_ERRORS_ONLY = 3


class OnnxBackend:
    """ONNX Runtime sessions of a generator, one for each number of threads that was asked for; see `Backend`.

    Args:
        generator: The generator.
        threads: Of the session; 0 takes one per core.

    Raises:
        ModelFileError: If the runtime refuses the generator's graph.
    """

    def __init__(self, generator: Generator, threads: int = 0) -> None:
        self._generator = generator
        self._making = threading.Lock()
        self._sessions: dict[int, onnxruntime.InferenceSession] = {}
        self._threads = 0
        self.use_threads(threads)

    def render(self, z: FloatArray) -> Pixels:
        """Render latents; see `Backend.render`."""
        session = self._sessions[self._threads]
        pixels: Pixels = session.run([OUTPUT], {INPUT: np.ascontiguousarray(z, np.float32)})[0]
        return pixels

    def use_threads(self, count: int) -> None:
        """Draw with another number of threads; see `Backend.use_threads`."""
        wanted = count or cores()
        with self._making:
            if wanted not in self._sessions:
                self._sessions[wanted] = self._session(wanted)
            self._threads = wanted

    def _session(self, threads: int) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        try:
            return onnxruntime.InferenceSession(export(self._generator), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            source = self._generator.path or self._generator.card.name
            raise ModelFileError(source, f"the runtime cannot draw it: {error}") from error
