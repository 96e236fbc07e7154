"""Layers: frozen, with every size in them, free of any framework; a network is a list of them (`spec`)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, get_args

ActivationKind = Literal["relu", "leaky_relu", "tanh", "sigmoid"]
UpsampleMode = Literal["nearest", "bilinear"]
JoinKind = Literal["append", "prepend", "multiply"]
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Linear:
    """A fully connected layer; input (in_features,), output (out_features,)."""

    op: ClassVar[str] = "linear"
    in_features: int
    out_features: int
    bias: bool = True

    def tensors(self) -> dict[str, Shape]:
        """Name the tensors the layer needs and their shapes."""
        weight = {"weight": (self.out_features, self.in_features)}
        return weight | ({"bias": (self.out_features,)} if self.bias else {})

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the layer, without the batch; refuse one that does not fit."""
        _expect(shape == (self.in_features,), self, shape)
        return (self.out_features,)


@dataclass(frozen=True)
class Reshape:
    """Turn a vector into feature maps (channels, height, width), or back with ``height = width = 0``."""

    op: ClassVar[str] = "reshape"
    channels: int
    height: int = 1
    width: int = 1

    def tensors(self) -> dict[str, Shape]:
        """Name the tensors the layer needs and their shapes: none."""
        return {}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the layer, without the batch; refuse one that does not fit."""
        size = 1
        for side in shape:
            size *= side
        flat = self.height == 0
        _expect(size == (self.channels if flat else self.channels * self.height * self.width), self, shape)
        return (self.channels,) if flat else (self.channels, self.height, self.width)


@dataclass(frozen=True)
class ConvTranspose:
    """A fractionally strided convolution; weight (in, out, kernel, kernel)."""

    op: ClassVar[str] = "conv_transpose"
    in_channels: int
    out_channels: int
    kernel: int
    stride: int
    padding: int
    output_padding: int = 0
    bias: bool = False

    def __post_init__(self) -> None:
        if self.output_padding >= self.stride:
            raise ValueError(f"output_padding {self.output_padding} is not below the stride {self.stride}")

    def tensors(self) -> dict[str, Shape]:
        """Name the tensors the layer needs and their shapes."""
        weight = {"weight": (self.in_channels, self.out_channels, self.kernel, self.kernel)}
        return weight | ({"bias": (self.out_channels,)} if self.bias else {})

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the layer, without the batch; refuse one that does not fit."""
        _expect(len(shape) == 3 and shape[0] == self.in_channels, self, shape)
        sides = [(side - 1) * self.stride - 2 * self.padding + self.kernel + self.output_padding for side in shape[1:]]
        _expect(min(sides) >= 1, self, shape)
        return (self.out_channels, *sides)


@dataclass(frozen=True)
class Conv:
    """A strided convolution; weight (out, in, kernel, kernel)."""

    op: ClassVar[str] = "conv"
    in_channels: int
    out_channels: int
    kernel: int
    stride: int
    padding: int
    bias: bool = False

    def tensors(self) -> dict[str, Shape]:
        """Name the tensors the layer needs and their shapes."""
        weight = {"weight": (self.out_channels, self.in_channels, self.kernel, self.kernel)}
        return weight | ({"bias": (self.out_channels,)} if self.bias else {})

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the layer, without the batch; refuse one that does not fit."""
        _expect(len(shape) == 3 and shape[0] == self.in_channels, self, shape)
        sides = [(side + 2 * self.padding - self.kernel) // self.stride + 1 for side in shape[1:]]
        _expect(min(sides) >= 1, self, shape)
        return (self.out_channels, *sides)


@dataclass(frozen=True)
class _Normalisation:
    """Bring what enters to a mean and a spread, then scale and shift each feature."""

    op: ClassVar[str]
    parts: ClassVar[tuple[str, ...]]
    features: int
    eps: float = 1e-5

    def __post_init__(self) -> None:
        if self.eps < 0.0:
            raise ValueError(f"eps {self.eps} is negative")

    def tensors(self) -> dict[str, Shape]:
        """Name the tensors the layer needs and their shapes."""
        return dict.fromkeys(self.parts, (self.features,))

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the layer, without the batch; refuse one that does not fit."""
        _expect(shape[0] == self.features, self, shape)
        return shape


@dataclass(frozen=True)
class BatchNorm(_Normalisation):
    """Batch normalisation with running statistics, over vectors or feature maps."""

    op = "batch_norm"
    parts = ("weight", "bias", "running_mean", "running_var")


@dataclass(frozen=True)
class LayerNorm(_Normalisation):
    """Normalise all values of a picture together; for discriminators."""

    op = "layer_norm"
    parts = ("weight", "bias")


@dataclass(frozen=True)
class Activation:
    """An elementwise non-linearity; `slope` is that of leaky_relu."""

    op: ClassVar[str] = "activation"
    kind: ActivationKind
    slope: float = 0.2

    def tensors(self) -> dict[str, Shape]:
        """Name the tensors the layer needs and their shapes: none."""
        return {}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the layer, without the batch."""
        return shape


@dataclass(frozen=True)
class Upsample:
    """Enlarge feature maps by a whole factor; bilinear as torch does it, corners not aligned."""

    op: ClassVar[str] = "upsample"
    factor: int
    mode: UpsampleMode = "nearest"

    def tensors(self) -> dict[str, Shape]:
        """Name the tensors the layer needs and their shapes: none."""
        return {}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the layer, without the batch; refuse one that does not fit."""
        _expect(len(shape) == 3, self, shape)
        return (shape[0], shape[1] * self.factor, shape[2] * self.factor)


@dataclass(frozen=True)
class Crop:
    """Keep the top left corner of feature maps."""

    op: ClassVar[str] = "crop"
    height: int
    width: int

    def tensors(self) -> dict[str, Shape]:
        """Name the tensors the layer needs and their shapes: none."""
        return {}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the layer, without the batch; refuse one that does not fit."""
        _expect(len(shape) == 3 and 1 <= self.height <= shape[1] and 1 <= self.width <= shape[2], self, shape)
        return (shape[0], self.height, self.width)


@dataclass(frozen=True)
class Rescale:
    """Multiply every value by `scale` and add `shift`: brings a sigmoid's [0, 1] to photo range."""

    op: ClassVar[str] = "rescale"
    scale: float
    shift: float

    def tensors(self) -> dict[str, Shape]:
        """Name the tensors the layer needs and their shapes: none."""
        return {}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the layer, without the batch."""
        return shape


@dataclass(frozen=True)
class JoinClass:
    """Bring in the class y: append, prepend or multiply by row y of a table; over vectors, or maps (channels, H, W).

    The table holds what the class becomes before it meets z: rows of the identity, an embedding, or the feature maps
    of a branch of the network that sees the class alone.
    """

    op: ClassVar[str] = "join_class"
    classes: int
    channels: int
    height: int = 0
    width: int = 0
    how: JoinKind = "append"

    def tensors(self) -> dict[str, Shape]:
        """Name the tensors the layer needs and their shapes."""
        return {"table": (self.classes, self.channels, *self._sides)}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the layer, without the batch; refuse one that does not fit."""
        _expect(shape[1:] == self._sides and (self.how != "multiply" or shape[0] == self.channels), self, shape)
        return shape if self.how == "multiply" else (shape[0] + self.channels, *self._sides)

    @property
    def _sides(self) -> Shape:
        return (self.height, self.width) if self.height else ()


@dataclass(frozen=True)
class Opaque:
    """A whole network of which only the ends are known, as of a generator in an ``.onnx`` file; stands alone.

    It has no tensors and is in no model file: what draws it is the file that it came in.
    """

    op: ClassVar[str] = "opaque"
    channels: int
    height: int
    width: int
    classes: int = 0

    def tensors(self) -> dict[str, Shape]:
        """Name the tensors the layer needs and their shapes: none."""
        return {}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the network, without the batch."""
        return (self.channels, self.height, self.width)


Layer = (
    Linear
    | Reshape
    | ConvTranspose
    | Conv
    | BatchNorm
    | LayerNorm
    | Activation
    | Upsample
    | Crop
    | Rescale
    | JoinClass
    | Opaque
)
_LAYERS: dict[str, type[Layer]] = {layer.op: layer for layer in get_args(Layer) if layer is not Opaque}
_CHOICES: dict[str, tuple[str, ...]] = {
    "kind": get_args(ActivationKind),
    "mode": get_args(UpsampleMode),
    "how": get_args(JoinKind),
}


def finite_number(value: object) -> float:
    """Return a number read from JSON as a float.

    Raises:
        ValueError: If it is no number, not finite, or beyond what a float holds.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{value!r} is not a number")
    try:
        number = float(value)
    except OverflowError:
        raise ValueError("a number is too large") from None
    if not math.isfinite(number):
        raise ValueError(f"{number} is not finite")
    return number


def _expect(fits: bool, layer: object, shape: Shape) -> None:
    if not fits:
        raise ValueError(f"{layer} cannot follow an output of shape {shape}")


def whole_number(value: object, least: int) -> int:
    """Return a number read from JSON as a whole one of a plausible size.

    Raises:
        ValueError: If it is none, below `least`, or beyond all reason.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 2**24:
        raise ValueError(f"{value!r} is not a whole number from {least} up")
    return value


def layer_from_json(entry: Mapping[str, Any]) -> Layer:
    """Read one layer of what `NetworkSpec.to_json` wrote.

    Raises:
        ValueError: If it is unknown, or a size is missing or none.
    """
    values = dict(entry)
    op = values.pop("op", None)
    if op not in _LAYERS:
        raise ValueError(f"unknown layer {op!r}")
    kind = _LAYERS[op]
    for field in fields(kind):
        if field.name not in values:
            continue
        value = values[field.name]
        if field.type == "int":
            whole_number(value, 0 if field.name in ("padding", "output_padding", "height", "width") else 1)
        elif field.type == "float":
            values[field.name] = finite_number(value)
        elif field.type == "bool" and not isinstance(value, bool):
            raise ValueError(f"{field.name} = {value!r} is neither true nor false")
        elif field.name in _CHOICES and value not in _CHOICES[field.name]:
            raise ValueError(f"unknown {op} {value!r}")
    return kind(**values)
