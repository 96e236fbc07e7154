"""Specs as torch modules; the only module of this package that imports torch."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

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
from latentlab.models.spec import NetworkSpec

Weights = Mapping[str, npt.NDArray[np.float32]]


def build(spec: NetworkSpec) -> nn.Sequential:
    """Build a network whose state dict has the names and shapes of `NetworkSpec.tensors`, initialised as torch does.

    Input and output shapes are those of the spec with a batch in front. A network with a `JoinClass` is called with
    the classes too: z (N, z_dim) and y (N,), int64.
    """
    takes_class = any(isinstance(layer, JoinClass) for layer in spec.layers)
    network = _Conditional() if takes_class else nn.Sequential()
    # What may be overwritten: not the caller's input, nor an activation's output, which its gradient is taken from.
    in_place = False
    for layer, shape in zip(spec.layers, (spec.input_shape, *spec.shapes()), strict=False):
        network.append(_module(layer, len(shape) == 3, in_place))
        if not isinstance(layer, Reshape | Crop):
            in_place = not isinstance(layer, Activation)
    return network


def load(network: nn.Module, weights: Weights) -> nn.Module:
    """Copy numpy weights into a network built from the same spec and return it in eval mode."""
    state = {name: torch.from_numpy(np.array(array, np.float32)) for name, array in weights.items()}
    state |= {name: value for name, value in network.state_dict().items() if name.endswith("num_batches_tracked")}
    network.load_state_dict(state)
    return network.eval()


def frozen(spec: NetworkSpec, weights: Weights) -> nn.Module:
    """Build a network with weights on the CPU, channels last, for gradients of what enters it and of nothing else."""
    # On no device nothing is initialised: the global random generator is left alone.
    with torch.device("meta"):
        empty = build(spec)
    network = load(empty.to_empty(device="cpu"), weights).requires_grad_(False)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload,no-any-return]


def weights_of(network: nn.Module) -> dict[str, npt.NDArray[np.float32]]:
    """Copy a network's weights to the CPU as float32 numpy arrays that share no memory with it."""
    return {
        name: value.detach().to("cpu", torch.float32, copy=True).numpy()
        for name, value in network.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }


class _Conditional(nn.Sequential):
    """A sequence of which some members take the class besides."""

    def forward(self, values: torch.Tensor, y: torch.Tensor) -> torch.Tensor:  # type: ignore[override]
        for module in self:
            values = module(values, y) if isinstance(module, _JoinClass) else module(values)
        return values


class _JoinClass(nn.Module):
    """Append, prepend or multiply by the row of the class."""

    def __init__(self, layer: JoinClass) -> None:
        super().__init__()
        self.how = layer.how
        self.table = nn.Parameter(torch.zeros(layer.tensors()["table"]))

    def forward(self, values: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        rows = self.table[y]
        if self.how == "multiply":
            return values * rows
        return torch.cat([values, rows] if self.how == "append" else [rows, values], 1)


class _Crop(nn.Module):
    """Keep the top left corner."""

    def __init__(self, height: int, width: int) -> None:
        super().__init__()
        self.height, self.width = height, width

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values[:, :, : self.height, : self.width]


class _Rescale(nn.Module):
    """Multiply and add a constant."""

    def __init__(self, scale: float, shift: float) -> None:
        super().__init__()
        self.scale, self.shift = scale, shift

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values * self.scale + self.shift


class _View(nn.Module):
    """Give every batch item a fixed shape."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return values.reshape(-1, *self.shape)


def _module(layer: Layer, on_maps: bool, in_place: bool) -> nn.Module:
    match layer:
        case Linear():
            return nn.Linear(layer.in_features, layer.out_features, layer.bias)
        case Reshape():
            return _View((layer.channels, layer.height, layer.width) if layer.height else (layer.channels,))
        case ConvTranspose():
            return nn.ConvTranspose2d(
                layer.in_channels,
                layer.out_channels,
                layer.kernel,
                layer.stride,
                layer.padding,
                layer.output_padding,
                bias=layer.bias,
            )
        case Conv():
            return nn.Conv2d(
                layer.in_channels, layer.out_channels, layer.kernel, layer.stride, layer.padding, bias=layer.bias
            )
        case BatchNorm():
            return (nn.BatchNorm2d if on_maps else nn.BatchNorm1d)(layer.features, eps=layer.eps)
        case LayerNorm():
            return nn.GroupNorm(1, layer.features, eps=layer.eps)
        case Activation(kind="relu"):
            return nn.ReLU(in_place)
        case Activation(kind="leaky_relu"):
            return nn.LeakyReLU(layer.slope, in_place)
        case Activation(kind="tanh"):
            return nn.Tanh()
        case Activation(kind="sigmoid"):
            return nn.Sigmoid()
        case Upsample():
            return nn.Upsample(scale_factor=layer.factor, mode=layer.mode)
        case Crop():
            return _Crop(layer.height, layer.width)
        case Rescale():
            return _Rescale(layer.scale, layer.shift)
        case JoinClass():
            return _JoinClass(layer)
    raise AssertionError(layer)
