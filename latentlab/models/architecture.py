"""The layers of a network in words, a line for each that has weights."""

from __future__ import annotations

from itertools import pairwise

from latentlab.models.layers import (
    Activation,
    BatchNorm,
    Conv,
    ConvTranspose,
    Crop,
    JoinClass,
    Layer,
    Linear,
    Rescale,
    Upsample,
)
from latentlab.models.spec import NetworkSpec

_JOINED = {"append": "class behind", "prepend": "class ahead", "multiply": "times class"}


def worded(network: NetworkSpec) -> tuple[str, ...]:
    """Describe a network, for example ``transposed 4x4 stride 2 padding 1, BatchNorm, ReLU: 128 x 8 x 8``.

    What stands ahead of the first layer with weights has a line of its own.
    """
    weighted = [index for index, layer in enumerate(network.layers) if isinstance(layer, Linear | Conv | ConvTranspose)]
    starts = sorted({0, *weighted, len(network.layers)})
    shapes, lines = network.shapes(), []
    for start, end in pairwise(starts):
        words = [word for layer in network.layers[start:end] if (word := word_of(layer))]
        if words:
            lines.append(f"{', '.join(words)}: {' x '.join(map(str, shapes[end - 1]))}")
    return tuple(lines)


def word_of(layer: Layer) -> str:
    """Name a layer with all that matters to it; empty for one that only rearranges."""
    match layer:
        case Linear():
            return "linear" + _bias(layer.bias)
        case ConvTranspose():
            more = f" output padding {layer.output_padding}" if layer.output_padding else ""
            return f"transposed {_moving(layer)}{more}{_bias(layer.bias)}"
        case Conv():
            return f"convolution {_moving(layer)}{_bias(layer.bias)}"
        case BatchNorm():
            return "BatchNorm" + ("" if layer.eps == 1e-5 else f" eps {layer.eps:g}")
        case Activation():
            return activation_name(layer)
        case Upsample():
            return f"{layer.mode} x{layer.factor}"
        case Crop():
            return f"crop to {layer.height}x{layer.width}"
        case Rescale():
            return f"times {layer.scale:g} plus {layer.shift:g}"
        case JoinClass():
            return f"{_JOINED[layer.how]} ({layer.classes} classes)"
    return ""


def activation_name(layer: Activation) -> str:
    """Name a non-linearity."""
    names = {"relu": "ReLU", "leaky_relu": f"LeakyReLU {layer.slope:g}", "tanh": "tanh", "sigmoid": "sigmoid"}
    return names[layer.kind]


def _moving(layer: Conv | ConvTranspose) -> str:
    return f"{layer.kernel}x{layer.kernel} stride {layer.stride} padding {layer.padding}"


def _bias(has_one: bool) -> str:
    return " with bias" if has_one else ""
