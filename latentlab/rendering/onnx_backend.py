"""Rendering on the CPU through ONNX Runtime; imports no torch."""

from __future__ import annotations

import os

import numpy as np
import onnxruntime

from latentlab.errors import ModelFileError
from latentlab.latent.arrays import FloatArray
from latentlab.models.checkpoint import Generator
from latentlab.models.onnx_graph import INPUT, OUTPUT, export
from latentlab.pixels import Pixels

_ERRORS_ONLY = 3


class OnnxBackend:
    """An ONNX Runtime session of a generator; see `Backend`.

    Args:
        generator: The generator.
        threads: Of the session; 0 takes one per core.

    Raises:
        ModelFileError: If the runtime refuses the generator's graph.
    """

    device = "CPU"

    def __init__(self, generator: Generator, threads: int = 0) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or os.cpu_count() or 1
        options.inter_op_num_threads = 1
        options.log_severity_level = _ERRORS_ONLY
        try:
            self._session = onnxruntime.InferenceSession(export(generator), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            source = generator.path or generator.card.name
            raise ModelFileError(source, f"the runtime cannot draw it: {error}") from error

    def render(self, z: FloatArray) -> Pixels:
        """Render latents; see `Backend.render`."""
        pixels: Pixels = self._session.run([OUTPUT], {INPUT: np.ascontiguousarray(z, np.float32)})[0]
        return pixels
