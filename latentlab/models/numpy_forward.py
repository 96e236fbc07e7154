"""A spec computed layer by layer with numpy alone: for looking inside a network, where a runtime shows only its end.

Values travel with the channels first, then the batch: (C, N) for vectors, (C, N, H, W) for maps. So a convolution is
one matrix product per element of its kernel, without any rearrangement.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from latentlab.latent.arrays import FloatArray
from latentlab.models.spec import (
    Activation,
    BatchNorm,
    Conv,
    ConvTranspose,
    Crop,
    JoinClass,
    Layer,
    LayerNorm,
    Linear,
    Rescale,
    Reshape,
    Upsample,
)

MAX_PRODUCT = 2**22
"""Values that a transposed convolution holds at once before it adds them up."""

LayerWeights = Mapping[str, FloatArray]
Classes = npt.NDArray[np.int64]


def to_channels_first(values: FloatArray) -> FloatArray:
    """Turn (N, C, ...) into the (C, N, ...) of this module, or back."""
    return np.ascontiguousarray(values.swapaxes(0, 1))


def step(layer: Layer, weights: LayerWeights, values: FloatArray, y: Classes | None = None) -> FloatArray:
    """Compute one layer in eval mode.

    Args:
        layer: The layer.
        weights: Its tensors, by their names within the layer.
        values: What enters it, shape (C, N) or (C, N, H, W), float32.
        y: The classes, shape (N,), where the layer is a `JoinClass`.

    Returns:
        What leaves it, channels first.
    """
    match layer:
        case Linear():
            return _with_bias(weights["weight"] @ values, weights)
        case ConvTranspose():
            return _with_bias(_conv_transpose(layer, weights["weight"], values), weights)
        case Conv():
            return _with_bias(_conv(layer, weights["weight"], values), weights)
        case BatchNorm():
            scale = weights["weight"] / np.sqrt(weights["running_var"].astype(np.float64) + layer.eps)
            shift = weights["bias"] - weights["running_mean"] * scale
            return values * _over(scale, values) + _over(shift, values)
        case LayerNorm():
            return _layer_norm(layer, weights, values)
        case Reshape():
            return _reshape(layer, values)
        case Activation():
            return _activation(layer, values)
        case Upsample(mode="nearest"):
            return values.repeat(layer.factor, axis=2).repeat(layer.factor, axis=3)
        case Upsample():
            return _bilinear(_bilinear(values, layer.factor, 2), layer.factor, 3)
        case Crop():
            return values[:, :, : layer.height, : layer.width]
        case Rescale():
            return values * np.float32(layer.scale) + np.float32(layer.shift)
        case JoinClass():
            return _join(layer, weights["table"], values, y)
    raise AssertionError(layer)


def channel_statistics(values: FloatArray) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return mean and biased variance per channel, shapes (C,), of values that lie channels first."""
    flat = values.reshape(len(values), -1)
    mean = flat.mean(axis=1, dtype=np.float64)
    variance = np.maximum((flat.astype(np.float64) ** 2).mean(axis=1) - mean**2, 0.0)
    return mean, variance


def _over(numbers: npt.NDArray[np.floating], values: FloatArray) -> FloatArray:
    return numbers.astype(np.float32).reshape(-1, *(1,) * (values.ndim - 1))


def _with_bias(values: FloatArray, weights: LayerWeights) -> FloatArray:
    bias = weights.get("bias")
    return values if bias is None else values + bias.reshape(-1, *(1,) * (values.ndim - 1))


def _layer_norm(layer: LayerNorm, weights: LayerWeights, values: FloatArray) -> FloatArray:
    axes = tuple(axis for axis in range(values.ndim) if axis != 1)
    spread = np.sqrt(values.var(axis=axes, keepdims=True) + layer.eps)
    normal = (values - values.mean(axis=axes, keepdims=True)) / spread
    scaled: FloatArray = normal * _over(weights["weight"], values) + _over(weights["bias"], values)
    return scaled


def _reshape(layer: Reshape, values: FloatArray) -> FloatArray:
    batch_first = values.swapaxes(0, 1)
    shape = (layer.channels, layer.height, layer.width) if layer.height else (layer.channels,)
    return to_channels_first(batch_first.reshape(values.shape[1], *shape))


def _conv_transpose(layer: ConvTranspose, weight: FloatArray, values: FloatArray) -> FloatArray:
    _, count, height, width = values.shape
    kernel, stride, padding = layer.kernel, layer.stride, layer.padding
    full = [(side - 1) * stride + kernel + layer.output_padding for side in (height, width)]
    out = np.zeros((layer.out_channels, count, *full), np.float32)
    # One product for all elements of the kernel reads the weights once, in order.
    rows = weight.reshape(len(weight), -1).T
    chunk = max(1, MAX_PRODUCT // (len(rows) * height * width))
    for start in range(0, count, chunk):
        some = values[:, start : start + chunk]
        product = (rows @ some.reshape(len(some), -1)).reshape(-1, kernel, kernel, *some.shape[1:])
        for row in range(kernel):
            for column in range(kernel):
                out[
                    :,
                    start : start + chunk,
                    row : row + (height - 1) * stride + 1 : stride,
                    column : column + (width - 1) * stride + 1 : stride,
                ] += product[:, row, column]
    return out[:, :, padding : full[0] - padding, padding : full[1] - padding]


def _conv(layer: Conv, weight: FloatArray, values: FloatArray) -> FloatArray:
    padding, stride = layer.padding, layer.stride
    padded = np.pad(values, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    height, width = ((side - layer.kernel) // stride + 1 for side in padded.shape[2:])
    out = np.zeros((layer.out_channels, values.shape[1], height, width), np.float32)
    for row in range(layer.kernel):
        for column in range(layer.kernel):
            seen = padded[
                :,
                :,
                row : row + (height - 1) * stride + 1 : stride,
                column : column + (width - 1) * stride + 1 : stride,
            ]
            out += (weight[:, :, row, column] @ seen.reshape(len(seen), -1)).reshape(out.shape)
    return out


def _activation(layer: Activation, values: FloatArray) -> FloatArray:
    match layer.kind:
        case "relu":
            return np.maximum(values, np.float32(0.0))
        case "leaky_relu":
            return np.where(values >= 0.0, values, values * np.float32(layer.slope))
        case "tanh":
            return np.tanh(values)
        case "sigmoid":
            # By tanh, which does not overflow.
            half = np.float32(0.5)
            rising: FloatArray = np.tanh(values * half) * half + half
            return rising


def _bilinear(values: FloatArray, factor: int, axis: int) -> FloatArray:
    side = values.shape[axis]
    at = np.clip((np.arange(side * factor) + 0.5) / factor - 0.5, 0.0, side - 1.0)
    low = at.astype(np.int64)
    share = (at - low).astype(np.float32).reshape(-1, *(1,) * (values.ndim - 1 - axis))
    high = np.minimum(low + 1, side - 1)
    between: FloatArray = values.take(low, axis) * (1 - share) + values.take(high, axis) * share
    return between


def _join(layer: JoinClass, table: FloatArray, values: FloatArray, y: Classes | None) -> FloatArray:
    if y is None:
        raise ValueError("the generator needs a class")
    rows = to_channels_first(table[y])
    if layer.how == "multiply":
        return values * rows
    return np.concatenate([values, rows] if layer.how == "append" else [rows, values])
