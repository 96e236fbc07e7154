"""A generator's insides on ONNX Runtime: what leaves a layer, and how the picture changes along tangents of z."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from latentlab.errors import ValueRangeError
from latentlab.latent.arrays import FloatArray
from latentlab.models.checkpoint import Generator
from latentlab.models.onnx_graph import (
    CLASS_INPUT,
    INPUT,
    LAYER_OUTPUT,
    NamedLayer,
    export_layer,
    named_layers,
)
from latentlab.models.onnx_session import session_of
from latentlab.models.tangent_graph import CHANGES, TANGENTS, export_changes


def layer_of(generator: Generator, number: int) -> NamedLayer:
    """Find a layer by the number that people give it.

    Raises:
        ValueRangeError: If the generator has no such layer; the message lists those it has.
    """
    generator.check_open("a look at its layers")
    layers = named_layers(generator.card.generator.network)
    for layer in layers:
        if layer.number == number:
            return layer
    known = ", ".join(f"{layer.number} ({layer.name})" for layer in layers)
    raise ValueRangeError(f"layer {number}", f"{generator.card.name} has no such layer", f"It has {known}.")


class LayerOutput:
    """Reads what leaves a layer.

    Args:
        generator: The generator.
        layer: One of `named_layers` of its network.
        label: The class to look at, where the generator knows several.
        threads: Of the runtime; 0 takes one per core.
    """

    def __init__(self, generator: Generator, layer: NamedLayer, label: int = 0, threads: int = 0) -> None:
        self._session = session_of(export_layer(generator, layer), threads, _source(generator), "look into")
        self._label = label if generator.card.generator.classes > 1 else None

    def __call__(self, z: FloatArray) -> FloatArray:
        """Return the layer's outputs, flattened: from (N, z_dim) to (N, features), float32."""
        feed: dict[str, npt.NDArray[Any]] = {INPUT: np.ascontiguousarray(z, np.float32)} | _class(self._label, len(z))
        output: FloatArray = self._session.run([LAYER_OUTPUT], feed)[0]
        return output.reshape(len(z), -1)


class PictureChanges:
    """Differentiates the picture, in photo range, along tangents of z.

    Args:
        generator: The generator.
        label: The class to look at, where the generator knows several.
        threads: Of the runtime; 0 takes one per core.
    """

    def __init__(self, generator: Generator, label: int = 0, threads: int = 0) -> None:
        self._session = session_of(export_changes(generator), threads, _source(generator), "look into")
        self._label = label if generator.card.generator.classes > 1 else None

    def __call__(self, z: FloatArray, tangents: FloatArray) -> FloatArray:
        """Return the derivatives of the picture at a latent.

        Args:
            z: Shape (z_dim,), float32.
            tangents: Shape (N, z_dim), float32.

        Returns:
            Shape (N, C * H * W), float32; with the unit vectors as tangents, the Jacobian transposed.
        """
        feed: dict[str, npt.NDArray[Any]] = {
            INPUT: z[None].astype(np.float32),
            TANGENTS: np.ascontiguousarray(tangents, np.float32),
        }
        feed |= _class(self._label, 1)
        changes: FloatArray = self._session.run([CHANGES], feed)[0]
        return changes.reshape(len(tangents), -1)


def _source(generator: Generator) -> object:
    return generator.path or generator.card.name


def _class(label: int | None, count: int) -> dict[str, npt.NDArray[np.int64]]:
    return {} if label is None else {CLASS_INPUT: np.full(count, label, np.int64)}
