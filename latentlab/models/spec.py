"""What a network is: a frozen list of layers with every size in it, free of any framework.

A `NetworkSpec` is all that is needed to build the network in torch (`networks`), to export it as an ONNX graph
(`onnx_graph`) and to check a file's tensors against it (`checkpoint`). Layers are numbered; the tensors of layer 3 are
called ``3.weight``, ``3.bias``, ``3.running_mean``, ``3.running_var``, as in a torch ``Sequential``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from latentlab.latent.priors import PRIORS, Prior
from latentlab.models.layers import JoinClass, Layer, LayerNorm, Opaque, Shape, layer_from_json, whole_number

MAX_SIDE_PX = 1024
MAX_LAYER_ELEMENTS = 2**28


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
            layers = tuple(layer_from_json(entry) for entry in data["layers"])
            return cls(tuple(whole_number(side, 1) for side in data["input_shape"]), layers)
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
