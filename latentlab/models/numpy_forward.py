"""A spec computed layer by layer with numpy alone: for looking inside a network, where a runtime shows only its end.

Values travel with the channels first, then the batch: (C, N) for vectors, (C, N, H, W) for maps. So a linear layer is
a matrix product as it stands, and a convolution one with its kernel's elements laid side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from latentlab.latent.arrays import FloatArray
from latentlab.models.layers import (
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
"""Values that a convolution holds at once on either side of its matrix product."""

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
            return with_bias(weights["weight"] @ values, weights)
        case ConvTranspose():
            return with_bias(_conv_transpose(layer, weights["weight"], values), weights)
        case Conv():
            return with_bias(_conv(layer, weights["weight"], values), weights)
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


def with_bias(values: FloatArray, weights: LayerWeights) -> FloatArray:
    """Add a layer's bias, where it has one."""
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
    full_height, full_width = (
        (side - 1) * layer.stride + layer.kernel + layer.output_padding - 2 * layer.padding for side in (height, width)
    )
    out = np.empty((layer.out_channels, count, full_height, full_width), np.float32)
    for some in _chunks(count, weight[0].size * height * width):
        out[:, some] = added_up(layer, kernel_products(weight, values[:, some]))
    return out


def kernel_products(weight: FloatArray, values: FloatArray) -> FloatArray:
    """Multiply maps with each element of the kernel of a transposed convolution, wherever that then goes.

    Args:
        weight: Shape (C, out channels, kernel, kernel).
        values: Shape (C, N, H, W).

    Returns:
        Shape (out channels, kernel, kernel, H, W, N).
    """
    _, count, height, width = values.shape
    product = weight.reshape(len(weight), -1).T @ _batch_last(values).reshape(len(weight), -1)
    return product.reshape(*weight.shape[1:], height, width, count)


def added_up(layer: ConvTranspose, product: FloatArray) -> FloatArray:
    """Put what each element of the kernel makes of a map where it belongs.

    Outputs that are a stride apart are added up side by side, in memory's order, and only then go between each other.

    Args:
        layer: The layer.
        product: As `kernel_products` returns it.

    Returns:
        Shape (out channels, N, H', W'); without the bias.
    """
    channels, kernel, _, height, width, count = product.shape
    stride, padding = layer.stride, layer.padding
    full_height, full_width = ((side - 1) * stride + kernel + layer.output_padding for side in (height, width))
    rows, columns = -(-full_height // stride), -(-full_width // stride)
    sums = np.zeros((stride, stride, channels, rows, columns, count), np.float32)
    for row in range(kernel):
        for column in range(kernel):
            top, left = row // stride, column // stride
            sums[row % stride, column % stride, :, top : top + height, left : left + width] += product[:, row, column]
    whole = sums.transpose(2, 5, 3, 0, 4, 1).reshape(channels, count, rows * stride, columns * stride)
    return whole[:, :, padding : full_height - padding, padding : full_width - padding]


def _conv(layer: Conv, weight: FloatArray, values: FloatArray) -> FloatArray:
    entering, count, *sides = values.shape
    kernel, padding, stride = layer.kernel, layer.padding, layer.stride
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in sides)
    out = np.empty((layer.out_channels, count, height, width), np.float32)
    rows = weight.reshape(len(weight), -1)
    for some in _chunks(count, rows.shape[1] * height * width):
        padded = np.pad(_batch_last(values[:, some]), ((0, 0), (padding, padding), (padding, padding), (0, 0)))
        seen = np.empty((entering, kernel, kernel, height, width, padded.shape[3]), np.float32)
        for row in range(kernel):
            for column in range(kernel):
                seen[:, row, column] = padded[
                    :,
                    row : row + (height - 1) * stride + 1 : stride,
                    column : column + (width - 1) * stride + 1 : stride,
                ]
        product = (rows @ seen.reshape(rows.shape[1], -1)).reshape(len(rows), height, width, -1)
        out[:, some] = product.transpose(0, 3, 1, 2)
    return out


def _chunks(count: int, each: int) -> Iterator[slice]:
    """Part a batch so that no part needs more than `MAX_PRODUCT` values, `each` for each of its members."""
    size = max(1, MAX_PRODUCT // each)
    for start in range(0, count, size):
        yield slice(start, min(start + size, count))


def _batch_last(values: FloatArray) -> FloatArray:
    """Turn (C, N, H, W) into (C, H, W, N): rows of small maps are short, and short rows are slow."""
    return np.ascontiguousarray(values.transpose(0, 2, 3, 1))


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
