"""A generator as an ONNX graph from z to pixels, ready for any runtime.

BatchNorm is folded into the layer before it; the first transposed convolution, which meets a 1x1 input, becomes a
matrix product; conversion to uint8 and the order (N, H, W, C) are part of the graph. No torch.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from latentlab.models.checkpoint import Generator, Weights
from latentlab.models.spec import Activation, BatchNorm, Conv, ConvTranspose, GeneratorSpec, Linear, Reshape

INPUT, OUTPUT = "z", "pixels"
_OPSET = 17
_IR_VERSION = 8

Array = npt.NDArray[np.float32]


def export(generator: Generator) -> bytes:
    """Serialise a generator as an ONNX model.

    Returns:
        A model with the input ``z`` (N, z_dim) float32 and the output ``pixels`` (N, H, W, C) uint8.
    """
    return bytes(_Graph(generator.card.generator, generator.weights).model().SerializeToString())


class _Graph:
    """Collects nodes and constants; `value` is the name of what the last node put out."""

    def __init__(self, spec: GeneratorSpec, weights: Weights) -> None:
        self._spec = spec
        self._weights = weights
        self._nodes: list[NodeProto] = []
        self._constants: list[TensorProto] = []
        self._value = INPUT

    def model(self) -> ModelProto:
        self._layers()
        self._to_pixels()
        spec = self._spec
        graph = helper.make_graph(
            self._nodes,
            "generator",
            [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["N", spec.z_dim])],
            [helper.make_tensor_value_info(OUTPUT, TensorProto.UINT8, ["N", spec.height, spec.width, spec.channels])],
            self._constants,
        )
        opsets = [helper.make_opsetid("", _OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=_IR_VERSION, producer_name="latentlab")

    def _layers(self) -> None:
        network = self._spec.network
        shape, shapes = network.input_shape, network.shapes()
        folded = False
        for index, layer in enumerate(network.layers):
            after = network.layers[index + 1] if index + 1 < len(network.layers) else None
            match layer:
                case Linear():
                    weight, bias = self._affine(index, layer.out_features, layer.bias)
                    scale, shift = self._fold(index + 1, after)
                    self._node("Gemm", weight * scale[:, None], bias * scale + shift, transB=1)
                    folded = isinstance(after, BatchNorm)
                case ConvTranspose():
                    weight, bias = self._affine(index, layer.out_channels, layer.bias)
                    scale, shift = self._fold(index + 1, after)
                    weight, bias = weight * scale[None, :, None, None], bias * scale + shift
                    if shape[1:] == (1, 1) and layer.padding == 0 and layer.output_padding == 0:
                        self._projection(weight, bias, shapes[index])
                    else:
                        self._node(
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
                    self._node(
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
                        dims = (1, -1, 1, 1) if len(shape) == 3 else (1, -1)
                        self._node("Mul", scale.reshape(dims))
                        self._node("Add", shift.reshape(dims))
                    folded = False
                case Reshape():
                    self._node("Reshape", np.array([-1, *shapes[index]], np.int64))
                case Activation(kind="relu"):
                    self._node("Relu")
                case Activation(kind="leaky_relu"):
                    self._node("LeakyRelu", alpha=float(layer.slope))
                case Activation(kind="tanh"):
                    self._node("Tanh")
                case Activation(kind="sigmoid"):
                    self._node("Sigmoid")
            shape = shapes[index]

    def _projection(self, weight: Array, bias: Array, shape: tuple[int, ...]) -> None:
        z_dim = weight.shape[0]
        self._node("Reshape", np.array([-1, z_dim], np.int64))
        positions = shape[1] * shape[2]
        self._node("Gemm", weight.reshape(z_dim, -1), bias.repeat(positions))
        self._node("Reshape", np.array([-1, *shape], np.int64))

    def _to_pixels(self) -> None:
        # 127.5 (x + 1), rounded half to even as pixels.to_pixels does; Clip guards outputs that no tanh bounds.
        self._node("Clip", np.float32(-1.0), np.float32(1.0))
        self._node("Add", np.float32(1.0))
        self._node("Mul", np.float32(127.5))
        self._node("Round")
        self._node("Cast", to=TensorProto.UINT8)
        self._node("Transpose", name=OUTPUT, perm=[0, 2, 3, 1])

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
        output = name or f"v{len(self._nodes)}"
        inputs = [self._value]
        for constant in constants:
            array = np.ascontiguousarray(constant)
            label = f"c{len(self._constants)}"
            # ascontiguousarray turns a scalar into a vector of one, which Clip refuses.
            self._constants.append(numpy_helper.from_array(array.reshape(np.shape(constant)), label))
            inputs.append(label)
        self._nodes.append(helper.make_node(op, inputs, [output], **attributes))
        self._value = output
