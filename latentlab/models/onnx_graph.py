"""A generator as an ONNX graph, ready for any runtime: from z to pixels, or to a layer's output.

BatchNorm is folded into the layer before it; the first transposed convolution, which meets a 1x1 input, becomes a
matrix product; conversion to uint8 and the order (N, H, W, C) are part of the graph. No torch.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from latentlab.models import onnx_wire
from latentlab.models.card import METADATA_KEY, ModelCard
from latentlab.models.checkpoint import Generator
from latentlab.models.layers import (
    Activation,
    BatchNorm,
    Conv,
    ConvTranspose,
    Crop,
    JoinClass,
    LayerNorm,
    Linear,
    Rescale,
    Reshape,
    Shape,
    Upsample,
)
from latentlab.models.onnx_wire import FLOAT, INT64, UINT8
from latentlab.models.spec import GeneratorSpec, NetworkSpec
from latentlab.models.weight_file import Weights

INPUT, CLASS_INPUT, OUTPUT = "z", "y", "pixels"
LAYER_OUTPUT = "output"
OPSET = 17
IR_VERSION = 8
_LARGE_BYTES = 4096

Array = npt.NDArray[np.float32]


@dataclass(frozen=True)
class NamedLayer:
    """A place in a network where its output can be looked at.

    Attributes:
        name: For people, with the shape of the output: ``layer 2: 128 x 8 x 8``, ``picture: 3 x 64 x 64``.
        number: 1 for the first layer with weights; what a command line takes.
        end: How many layers of the spec lead there. The output of a hidden layer is taken after its BatchNorm and
            before its non-linearity, that of the last one in photo range.
        shape: Of the output, without the batch.
    """

    name: str
    number: int
    end: int
    shape: Shape


def named_layers(network: NetworkSpec) -> tuple[NamedLayer, ...]:
    """List the layers with weights, in order; the last is the picture."""
    starts = [
        index for index, layer in enumerate(network.layers) if isinstance(layer, Linear | ConvTranspose | Conv)
    ] + [len(network.layers)]
    shapes, found = network.shapes(), []
    for number, (start, following) in enumerate(pairwise(starts), 1):
        activations = [index for index in range(start, following) if isinstance(network.layers[index], Activation)]
        is_last = following == len(network.layers)
        end = following if is_last or not activations else activations[0]
        shape = shapes[end - 1]
        name = "picture" if is_last else f"layer {number}"
        found.append(NamedLayer(f"{name}: {' x '.join(map(str, shape))}", number, end, shape))
    return tuple(found)


def export(generator: Generator) -> bytes:
    """Serialise a generator as an ONNX model.

    Returns:
        A model with the input ``z`` (N, z_dim) float32, where there are several classes ``y`` (N,) int64, and the
        output ``pixels`` (N, H, W, C) uint8.

    Raises:
        ValueRangeError: If its layers are not known.
    """
    return _picture(generator)


def export_apart(generator: Generator) -> tuple[bytes, dict[str, Array]]:
    """Do as `export`, with the large constants beside the model: a runtime that is handed them need not copy them.

    Returns:
        The model, and the constants that it lacks by name.

    Raises:
        ValueRangeError: If its layers are not known.
    """
    apart: dict[str, Array] = {}
    return _picture(generator, apart), apart


def export_layer(generator: Generator, layer: NamedLayer) -> bytes:
    """Serialise a generator up to a layer.

    Args:
        generator: The generator.
        layer: One of `named_layers`; its last gives the picture in photo range.

    Returns:
        A model with the input ``z`` (N, z_dim) float32 and the output ``output`` (N, *shape) float32.

    Raises:
        ValueRangeError: If its layers are not known.
    """
    generator.check_open("a look at its layers")
    graph = Graph(generator.card.generator, generator.weights)
    graph.layers(layer.end)
    graph.to_layer_output()
    return graph.serialised({LAYER_OUTPUT: (FLOAT, ("N", *layer.shape))})


def _picture(generator: Generator, apart: dict[str, Array] | None = None) -> bytes:
    generator.check_open("an export")
    spec = generator.card.generator
    graph = Graph(spec, generator.weights, apart)
    graph.layers(len(spec.network.layers))
    graph.to_pixels()
    pixels = {OUTPUT: (UINT8, ("N", spec.height, spec.width, spec.channels))}
    return graph.serialised(pixels, metadata={METADATA_KEY: _noted(generator.card)})


def _noted(card: ModelCard) -> str:
    """Write down what a file should know of itself when it is opened again."""
    return json.dumps({"name": card.name, "prior": card.generator.prior, "class_names": list(card.class_names)})


class Graph:
    """Collects nodes and constants; `value` is the name of what the last node put out.

    Args:
        spec: What is drawn.
        weights: Its weights.
        apart: Takes the large constants, if given; the graph then only names them.
    """

    def __init__(self, spec: GeneratorSpec, weights: Weights, apart: dict[str, Array] | None = None) -> None:
        self._spec = spec
        self._weights = weights
        self._apart = apart
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._value = INPUT

    def serialised(
        self,
        outputs: Mapping[str, tuple[int, tuple[int | str, ...]]],
        beside: tuple[str, ...] = (),
        metadata: Mapping[str, str] | None = None,
    ) -> bytes:
        """Close the graph; `beside` names further inputs like z, of which z is then one row."""
        rows: dict[str, int | str] = {INPUT: 1 if beside else "N"} | dict.fromkeys(beside, "N")
        inputs = [onnx_wire.value_info(name, FLOAT, [n, self._spec.z_dim]) for name, n in rows.items()]
        if self._spec.classes > 1:
            inputs.append(onnx_wire.value_info(CLASS_INPUT, INT64, [rows[INPUT]]))
        return onnx_wire.model(
            self._nodes,
            self._constants,
            inputs,
            [onnx_wire.value_info(name, kind, shape) for name, (kind, shape) in outputs.items()],
            opset=OPSET,
            ir_version=IR_VERSION,
            metadata=metadata,
        )

    def layers(self, end: int) -> None:
        """Add the first `end` layers of the spec."""
        network = self._spec.network
        shape, shapes = network.input_shape, network.shapes()
        folded = False
        for index, layer in enumerate(network.layers[:end]):
            after = network.layers[index + 1] if index + 1 < end else None
            match layer:
                case Linear():
                    weight, bias = self._affine(index, layer.out_features, layer.bias)
                    scale, shift = self._fold(index + 1, after)
                    self._linear("Gemm", weight * scale[:, None], bias * scale + shift, transB=1)
                    folded = isinstance(after, BatchNorm)
                case ConvTranspose():
                    weight, bias = self._affine(index, layer.out_channels, layer.bias)
                    scale, shift = self._fold(index + 1, after)
                    weight, bias = weight * scale[None, :, None, None], bias * scale + shift
                    if shape[1:] == (1, 1) and layer.padding == 0 and layer.output_padding == 0:
                        self._projection(weight, bias, shapes[index])
                    else:
                        self._linear(
                            "ConvTranspose",
                            weight,
                            bias,
                            strides=[layer.stride] * 2,
                            pads=[layer.padding] * 4,
                            output_padding=[layer.output_padding] * 2,
                        )
                    folded = isinstance(after, BatchNorm)
                case Conv():
                    weight, bias = self._affine(index, layer.out_channels, layer.bias)
                    scale, shift = self._fold(index + 1, after)
                    self._linear(
                        "Conv",
                        weight * scale[:, None, None, None],
                        bias * scale + shift,
                        strides=[layer.stride] * 2,
                        pads=[layer.padding] * 4,
                    )
                    folded = isinstance(after, BatchNorm)
                case BatchNorm():
                    if not folded:
                        scale, shift = self._fold(index, layer)
                        self._scale(scale, shift, (1, -1, 1, 1) if len(shape) == 3 else (1, -1))
                    folded = False
                case Reshape():
                    self._reshape(shapes[index])
                case Activation():
                    self._activate(layer)
                case Upsample():
                    scales = self._constant(np.array([1, 1, layer.factor, layer.factor], np.float32))
                    if layer.mode == "nearest":
                        how = {"coordinate_transformation_mode": "asymmetric", "nearest_mode": "floor"}
                    else:
                        how = {"coordinate_transformation_mode": "half_pixel", "mode": "linear"}
                    self._rearrange("Resize", "", scales, **how)
                case Crop():
                    ends = np.array([layer.height, layer.width], np.int64)
                    starts, axes = np.zeros(2, np.int64), np.array([2, 3], np.int64)
                    self._rearrange("Slice", *map(self._constant, (starts, ends, axes)))
                case Rescale():
                    self._scale(np.full(1, layer.scale, np.float32), np.full(1, layer.shift, np.float32), (1,))
                case LayerNorm():
                    raise ValueError("a layer_norm belongs into a discriminator, which is never drawn")
                case JoinClass():
                    self._join(layer, self._row(self._weights[f"{index}.table"]))
            shape = shapes[index]

    def to_pixels(self) -> None:
        """Add the conversion to uint8 (N, H, W, C)."""
        # 127.5 (x + 1), rounded half to even and kept within 0 to 255, as pixels.to_pixels does.
        self._node("Add", np.float32(1.0))
        self._node("Mul", np.float32(127.5))
        self._node("QuantizeLinear", np.float32(1.0), np.uint8(0))
        self._node("Transpose", name=OUTPUT, perm=[0, 2, 3, 1])

    def to_layer_output(self) -> None:
        """Put out what the last layer did."""
        self._node("Identity", name=LAYER_OUTPUT)

    def _projection(self, weight: Array, bias: Array, shape: Shape) -> None:
        z_dim = weight.shape[0]
        self._reshape((z_dim,))
        positions = shape[1] * shape[2]
        self._linear("Gemm", weight.reshape(z_dim, -1), bias.repeat(positions))
        self._reshape(shape)

    def _linear(self, op: str, weight: Array, bias: Array, **attributes: Any) -> None:
        self._node(op, weight, bias, **attributes)

    def _scale(self, scale: Array, shift: Array, dims: Shape) -> None:
        self._node("Mul", scale.reshape(dims))
        self._node("Add", shift.reshape(dims))

    def _reshape(self, shape: Shape) -> None:
        self._rearrange("Reshape", self._constant(np.array([-1, *shape], np.int64)))

    def _rearrange(self, op: str, *beside: str, **attributes: Any) -> None:
        self._value = self._add(op, [self._value, *beside], **attributes)

    def _row(self, table: Array) -> str:
        """Return what the class of each latent becomes; where there is one class, it is everyone's."""
        y = CLASS_INPUT
        if len(table) == 1:
            first = self._add("Gather", [INPUT, self._constant(np.int64(0))], axis=1)
            y = self._add("Cast", [self._add("Mul", [first, self._constant(np.float32(0.0))])], to=INT64)
        return self._add("Gather", [self._constant(table), y], axis=0)

    def _join(self, layer: JoinClass, row: str) -> None:
        if layer.how == "multiply":
            self._value = self._add("Mul", [self._value, row])
        else:
            parts = [self._value, row] if layer.how == "append" else [row, self._value]
            self._value = self._add("Concat", parts, axis=1)

    def _activate(self, layer: Activation) -> None:
        match layer.kind:
            case "relu":
                self._node("Relu")
            case "leaky_relu":
                self._node("LeakyRelu", alpha=float(layer.slope))
            case "tanh":
                self._node("Tanh")
            case "sigmoid":
                self._node("Sigmoid")

    def _affine(self, index: int, channels: int, has_bias: bool) -> tuple[Array, Array]:
        bias = self._weights[f"{index}.bias"] if has_bias else np.zeros(channels, np.float32)
        return self._weights[f"{index}.weight"], bias

    def _fold(self, index: int, layer: object) -> tuple[Array, Array]:
        """Return scale and shift per channel of a BatchNorm, or those of the identity."""
        if not isinstance(layer, BatchNorm):
            return np.ones(1, np.float32), np.zeros(1, np.float32)
        weight, bias, mean, variance = (
            self._weights[f"{index}.{name}"].astype(np.float64)
            for name in ("weight", "bias", "running_mean", "running_var")
        )
        scale = weight / np.sqrt(variance + layer.eps)
        return scale.astype(np.float32), (bias - mean * scale).astype(np.float32)

    def _node(self, op: str, *constants: npt.ArrayLike, name: str = "", **attributes: Any) -> None:
        inputs = [self._value, *map(self._constant, constants)]
        self._value = self._add(op, inputs, name, **attributes)

    def _add(self, op: str, inputs: list[str], name: str = "", **attributes: Any) -> str:
        output = name or f"v{len(self._nodes)}"
        self._nodes.append(onnx_wire.node(op, inputs, [output], attributes))
        return output

    def _constant(self, values: npt.ArrayLike) -> str:
        label = f"c{len(self._constants)}"
        array = np.asarray(values)
        if self._apart is None or array.nbytes < _LARGE_BYTES:
            self._constants.append(onnx_wire.tensor(label, array))
        else:
            self._constants.append(onnx_wire.tensor_apart(label, array))
            self._apart[label] = np.ascontiguousarray(array)
        return label
