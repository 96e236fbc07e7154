"""What a network is: a frozen list of layers with every size in it, free of any framework.

A `NetworkSpec` is all that is needed to build the network in torch (`networks`), to export it as an ONNX graph
(`onnx_graph`) and to check a file's tensors against it (`checkpoint`). Layers are numbered; the tensors of layer 3 are
called ``3.weight``, ``3.bias``, ``3.running_mean``, ``3.running_var``, as in a torch ``Sequential``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, Literal, get_args

from latentlab.latent.priors import PRIORS, Prior

ActivationKind = Literal["relu", "leaky_relu", "tanh", "sigmoid"]
UpsampleMode = Literal["nearest", "bilinear"]
JoinKind = Literal["append", "prepend", "multiply"]
Shape = tuple[int, ...]

MAX_SIDE_PX = 1024
MAX_LAYER_ELEMENTS = 2**28


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
class BatchNorm:
    """Batch normalisation with running statistics, over vectors or feature maps."""

    op: ClassVar[str] = "batch_norm"
    features: int
    eps: float = 1e-5

    def __post_init__(self) -> None:
        if self.eps < 0.0:
            raise ValueError(f"eps {self.eps} is negative")

    def tensors(self) -> dict[str, Shape]:
        """Name the tensors the layer needs and their shapes."""
        return dict.fromkeys(("weight", "bias", "running_mean", "running_var"), (self.features,))

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the layer, without the batch; refuse one that does not fit."""
        _expect(shape[0] == self.features, self, shape)
        return shape


@dataclass(frozen=True)
class LayerNorm:
    """Normalise all values of a picture together, then scale and shift each feature; for discriminators."""

    op: ClassVar[str] = "layer_norm"
    features: int
    eps: float = 1e-5

    def __post_init__(self) -> None:
        if self.eps < 0.0:
            raise ValueError(f"eps {self.eps} is negative")

    def tensors(self) -> dict[str, Shape]:
        """Name the tensors the layer needs and their shapes."""
        return dict.fromkeys(("weight", "bias"), (self.features,))

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape that leaves the layer, without the batch; refuse one that does not fit."""
        _expect(shape[0] == self.features, self, shape)
        return shape


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


@dataclass(frozen=True)
class NetworkSpec:
    """A network as a chain of layers.

    Attributes:
        input_shape: Without the batch: (z_dim,) for a generator, (C, H, W) for a discriminator.
        layers: In order; each fits the one before.

    Raises:
        ValueError: If there is no input or no layer, a layer does not fit the one before it, or a size is beyond all
            reason.
    """

    input_shape: Shape
    layers: tuple[Layer, ...]

    def __post_init__(self) -> None:
        if not self.input_shape:
            raise ValueError("a network needs an input")
        if not self.layers:
            raise ValueError("a network needs at least one layer")
        self.shapes()

    def shapes(self) -> tuple[Shape, ...]:
        """Return the shape that leaves each layer, without the batch."""
        shape, shapes = self.input_shape, []
        for layer in self.layers:
            shape = layer.output_shape(shape)
            elements = 1
            for side in shape:
                elements *= side
            if elements > MAX_LAYER_ELEMENTS:
                raise ValueError(f"a layer of {elements} values is too large")
            shapes.append(shape)
        return tuple(shapes)

    @property
    def output_shape(self) -> Shape:
        """Return the shape of the output, without the batch."""
        return self.shapes()[-1]

    def tensors(self) -> dict[str, Shape]:
        """Name every tensor the network needs, ``<layer>.<name>``, and its shape."""
        return {
            f"{index}.{name}": shape
            for index, layer in enumerate(self.layers)
            for name, shape in layer.tensors().items()
        }

    def to_json(self) -> dict[str, Any]:
        """Describe the network in JSON types."""
        return {
            "input_shape": list(self.input_shape),
            "layers": [{"op": layer.op} | asdict(layer) for layer in self.layers],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> NetworkSpec:
        """Read what `to_json` wrote.

        Raises:
            ValueError: If a layer is unknown or a field is missing, of the wrong type or out of range.
        """
        try:
            layers = tuple(_layer_from_json(entry) for entry in data["layers"])
            return cls(tuple(_whole(side, 1) for side in data["input_shape"]), layers)
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"the architecture is incomplete: {error}") from error


@dataclass(frozen=True)
class GeneratorSpec:
    """A generator: its network and what must be known to feed it.

    Attributes:
        prior: The distribution z was trained on.
        network: From (z_dim,), and the class where a layer is `JoinClass`, to photo range (C, H, W) with C = 1 or 3.

    Raises:
        ValueError: If the network is not one from a vector to a picture.
    """

    prior: Prior
    network: NetworkSpec

    def __post_init__(self) -> None:
        if self.prior not in PRIORS:
            raise ValueError(f"unknown prior {self.prior!r}")
        if len(self.network.input_shape) != 1:
            raise ValueError("its input is not a vector")
        shape = self.network.output_shape
        if len(shape) != 3:
            raise ValueError("its output is not a picture")
        if shape[0] not in (1, 3):
            raise ValueError(f"its output has {shape[0]} channels, expected 1 or 3 colour channels")
        if any(isinstance(layer, LayerNorm) for layer in self.network.layers):
            raise ValueError("its layer_norm belongs into a discriminator")
        if len({layer.classes for layer in self.network.layers if isinstance(layer, JoinClass | Opaque)}) > 1:
            raise ValueError("its layers know different numbers of classes")
        if max(shape[1:]) > MAX_SIDE_PX:
            raise ValueError(f"its pictures of {shape[2]}x{shape[1]} are too large")

    @property
    def z_dim(self) -> int:
        """Return the width of z."""
        return self.network.input_shape[0]

    @property
    def classes(self) -> int:
        """Return how many classes a conditional generator knows; 0 where z alone decides."""
        return max((layer.classes for layer in self.network.layers if isinstance(layer, JoinClass | Opaque)), default=0)

    @property
    def is_opaque(self) -> bool:
        """Return whether nothing is known of its layers."""
        return any(isinstance(layer, Opaque) for layer in self.network.layers)

    @property
    def channels(self) -> int:
        """Return 1 for greyscale, 3 for RGB."""
        return self.network.output_shape[0]

    @property
    def height(self) -> int:
        """Return the height of a picture, in pixels."""
        return self.network.output_shape[1]

    @property
    def width(self) -> int:
        """Return the width of a picture, in pixels."""
        return self.network.output_shape[2]

    def to_json(self) -> dict[str, Any]:
        """Describe the generator in JSON types."""
        return {"prior": self.prior} | self.network.to_json()

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> GeneratorSpec:
        """Read what `to_json` wrote.

        Raises:
            ValueError: If anything is missing or does not fit.
        """
        network = NetworkSpec.from_json(data)
        return cls(data.get("prior", "?"), network)


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


def _expect(fits: bool, layer: Layer, shape: Shape) -> None:
    if not fits:
        raise ValueError(f"{layer} cannot follow an output of shape {shape}")


def _whole(value: object, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= 2**24:
        raise ValueError(f"{value!r} is not a whole number from {least} up")
    return value


def _layer_from_json(entry: Mapping[str, Any]) -> Layer:
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
            _whole(value, 0 if field.name in ("padding", "output_padding", "height", "width") else 1)
        elif field.type == "float":
            values[field.name] = finite_number(value)
        elif field.type == "bool" and not isinstance(value, bool):
            raise ValueError(f"{field.name} = {value!r} is neither true nor false")
        elif field.name in _CHOICES and value not in _CHOICES[field.name]:
            raise ValueError(f"unknown {op} {value!r}")
    return kind(**values)
