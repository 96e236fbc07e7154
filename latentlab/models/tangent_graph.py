"""The derivative of a generator's picture as an ONNX graph: tangents that go through the network beside z. No torch."""

from __future__ import annotations

from typing import Any

import numpy as np

from latentlab.models.checkpoint import Generator
from latentlab.models.layers import Activation, JoinClass, Shape
from latentlab.models.onnx_graph import Array, Graph
from latentlab.models.onnx_wire import FLOAT
from latentlab.models.spec import GeneratorSpec
from latentlab.models.weight_file import Weights

TANGENTS, CHANGES = "tangents", "changes"


def export_changes(generator: Generator) -> bytes:
    """Serialise the derivative of a generator's picture at one latent, along many tangents at once.

    The tangents go through the network beside z: linear layers without their bias, non-linearities as their slope at z.
    That is forward-mode differentiation, exact, at the cost of one picture a tangent.

    Returns:
        A model with the inputs ``z`` (1, z_dim) and ``tangents`` (N, z_dim), float32, and the output ``changes``
        (N, C, H, W) float32: d/dt of the picture in photo range at z + t * tangent, t = 0.

    Raises:
        ValueRangeError: If its layers are not known.
    """
    generator.check_open("its derivative")
    spec = generator.card.generator
    graph = _TangentGraph(spec, generator.weights)
    graph.layers(len(spec.network.layers))
    graph.to_changes()
    return graph.serialised({CHANGES: (FLOAT, ("N", *spec.network.output_shape))}, (TANGENTS,))


class _TangentGraph(Graph):
    """Carries tangents through the layers beside the value itself, which is a batch of one."""

    def __init__(self, spec: GeneratorSpec, weights: Weights) -> None:
        super().__init__(spec, weights)
        self._tangent = TANGENTS

    def to_changes(self) -> None:
        """Put out the tangents as they arrive."""
        self._tangent = self._add("Identity", [self._tangent], CHANGES)

    def _linear(self, op: str, weight: Array, bias: Array, **attributes: Any) -> None:
        shared = self._constant(weight)
        self._value = self._add(op, [self._value, shared, self._constant(bias)], **attributes)
        self._tangent = self._add(op, [self._tangent, shared], **attributes)

    def _scale(self, scale: Array, shift: Array, dims: Shape) -> None:
        shared = self._constant(scale.reshape(dims))
        scaled = self._add("Mul", [self._value, shared])
        self._value = self._add("Add", [scaled, self._constant(shift.reshape(dims))])
        self._tangent = self._add("Mul", [self._tangent, shared])

    def _rearrange(self, op: str, *beside: str, **attributes: Any) -> None:
        self._value, self._tangent = (
            self._add(op, [each, *beside], **attributes) for each in (self._value, self._tangent)
        )

    def _join(self, layer: JoinClass, row: str) -> None:
        super()._join(layer, row)
        if layer.how == "multiply":
            self._tangent = self._add("Mul", [self._tangent, row])
        else:
            # What the class adds does not change with z.
            rank = 4 if layer.height else 2
            pads = np.zeros(2 * rank, np.int64)
            pads[rank + 1 if layer.how == "append" else 1] = layer.channels
            self._tangent = self._add("Pad", [self._tangent, self._constant(pads)])

    def _activate(self, layer: Activation) -> None:
        before = self._value
        super()._activate(layer)
        self._tangent = self._add("Mul", [self._tangent, self._slope(layer, before)])

    def _slope(self, layer: Activation, before: str) -> str:
        """Return the derivative of a non-linearity that has just been added."""
        one = self._constant(np.float32(1.0))
        if layer.kind in ("relu", "leaky_relu"):
            below = self._constant(np.float32(layer.slope if layer.kind == "leaky_relu" else 0.0))
            is_above = self._add("Greater", [before, self._constant(np.float32(0.0))])
            return self._add("Where", [is_above, one, below])
        if layer.kind == "tanh":
            return self._add("Sub", [one, self._add("Mul", [self._value, self._value])])
        return self._add("Mul", [self._value, self._add("Sub", [one, self._value])])
