"""Layouts: layers in a row, each with the module of the file that its tensors come from."""

from __future__ import annotations

from dataclasses import dataclass

from latentlab.latent.arrays import FloatArray
from latentlab.models.foreign.modules import Module
from latentlab.models.layers import Activation, Layer, Shape

HIDDEN = Activation("relu")
"""Stands for the activation of hidden layers, whatever it is."""

DEFAULT_EPS = 1e-5
"""Stands for the eps of every BatchNorm, until it is known."""


@dataclass(frozen=True, eq=False)
class Placed:
    """A layer, and the module that its tensors come from.

    Attributes:
        layer: A hidden activation is `HIDDEN` until it is known.
        module: None where the layer has no tensors.
        table: The table of a `JoinClass`.
    """

    layer: Layer
    module: Module | None = None
    table: FloatArray | None = None

    @property
    def tensors(self) -> dict[str, FloatArray]:
        """Return the tensors of the layer, by their names within it."""
        if self.table is not None:
            return {"table": self.table}
        module = self.module
        if module is None:
            return {}
        held = {"weight": module.weight, "bias": module.bias}
        if module.kind == "norm":
            held |= {"running_mean": module.mean, "running_var": module.variance}
        return {name: array for name, array in held.items() if array is not None}


@dataclass(frozen=True, eq=False)
class Layout:
    """One reading of a network.

    Attributes:
        placed: Its layers, without the output activation.
        cost: How unusual it is.
        shape: Of the picture, (C, H, W).
        z_dim: Width of z.
    """

    placed: tuple[Placed, ...]
    cost: float
    shape: Shape
    z_dim: int

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Return the layers alone."""
        return tuple(each.layer for each in self.placed)


@dataclass(frozen=True, eq=False)
class Start:
    """Where a search begins.

    Attributes:
        modules: Those still to be placed, in order.
        z_dim: Width of z.
        shape: What z has become.
        placed: The layers that led there.
        cost: Of those.
    """

    modules: tuple[Module, ...]
    z_dim: int
    shape: Shape
    placed: tuple[Placed, ...] = ()
    cost: float = 0.0
