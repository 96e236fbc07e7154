"""One step of the search for layouts: where a module can stand, and what may stand between it and the next."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from latentlab.models.foreign.contents import Declared
from latentlab.models.foreign.layouts import DEFAULT_EPS, Placed
from latentlab.models.foreign.modules import Module
from latentlab.models.foreign.options import Stepping
from latentlab.models.foreign.slots import ACTIVATIONS, Slot, Slots
from latentlab.models.layers import BatchNorm, Linear, Reshape, Shape, Upsample


@dataclass(frozen=True, eq=False)
class Partial:
    """A layout that is not complete.

    Attributes:
        placed: The layers so far.
        shape: What leaves them.
        position: How many of the modules are placed.
        cost: How unusual all that is.
        unpadded: The part of it that comes of convolutions without padding.
        padded: Whether any convolution has padding.
        cropped: Whether maps were cropped.
        sides: Of the maps behind each convolution, up-sampling or crop.
    """

    placed: tuple[Placed, ...]
    shape: Shape
    position: int
    cost: float
    unpadded: float = 0.0
    padded: bool = False
    cropped: bool = False
    sides: tuple[int, ...] = ()


def norms(partial: Partial, module: Module, declared: Declared | None) -> Iterator[Partial]:
    """Place a BatchNorm, in every way in which it fits; `declared` is what the file says of it."""
    features = module.weight.size
    eps = declared.attributes.get("eps") if declared else None
    layer = BatchNorm(features, eps if isinstance(eps, float) and 0.0 <= eps <= 10.0 else DEFAULT_EPS)
    if partial.shape[0] == features:
        yield replace(partial, placed=(*partial.placed, Placed(layer, module)))
    elif len(partial.shape) == 1:
        for at in as_maps(partial, (features,)):
            yield replace(at, placed=(*at.placed, Placed(layer, module)))


def linears(partial: Partial, module: Module) -> Iterator[Partial]:
    """Place a linear layer, if it fits."""
    rows, columns = module.weight.shape
    if math.prod(partial.shape) != columns or (module.bias is not None and module.bias.size != rows):
        return
    placed = partial.placed
    if len(partial.shape) == 3:
        placed = (*placed, Placed(Reshape(columns, 0, 0)))
    layer = Linear(columns, rows, module.bias is not None)
    yield replace(partial, placed=(*placed, Placed(layer, module)), shape=(rows,))


def as_maps(partial: Partial, channels: Sequence[int]) -> Iterator[Partial]:
    """Turn a vector into maps of one of these numbers of channels; leave maps as they are."""
    if len(partial.shape) == 3:
        yield partial
        return
    for number in dict.fromkeys(channels):
        side = math.isqrt(partial.shape[0] // number) if number else 0
        if side and number * side * side == partial.shape[0] and side <= 64:
            placed = (*partial.placed, Placed(Reshape(number, side, side)))
            # Vectors of 1 x 1 maps are z itself; ahead of them no layer but z's own stands.
            yield replace(partial, placed=placed, shape=(number, side, side))


def activations(before: Module, after: Module, slots: Slots, partial: Partial) -> Iterator[tuple[bool, float]]:
    """Say whether an activation may stand between two modules, and what each answer costs."""
    if slots is not None:
        if any(slot.kind in ACTIVATIONS for slot in slots):
            yield True, 0.0
            return
        if all(slot.kind for slot in slots):
            yield False, 0.0
            return
    if after.kind == "norm":
        yield False, 0.0
        if slots is None and before.kind != "norm":
            yield True, 4.0
        elif slots is not None:
            yield True, 0.0
        return
    yield True, 0.0
    is_entry = len([each for each in partial.placed if each.module]) == 1
    if before.kind == "norm":
        first = sum(isinstance(each.layer, BatchNorm) for each in partial.placed) == 1
        behind_linear = first and len(partial.placed) >= 3 and isinstance(partial.placed[-3].layer, Linear)
        yield False, 0.8 if behind_linear else 2.5
    elif is_entry and before.kind == "linear":
        # A layer alone in a Sequential was put there together with its activation.
        yield False, 1.5 if after.kind == "linear" else 0.6 if before.path.endswith(".0") else -0.2
    else:
        yield False, 1.5


def declared_stepping(declared: Declared | None) -> Stepping | None:
    """Read how a convolution moves where the whole module was saved."""
    if declared is None or "stride" not in declared.attributes:
        return None
    values = []
    for name in ("stride", "padding", "output_padding"):
        value = declared.attributes.get(name, 0)
        if isinstance(value, tuple) and len(value) == 2 and value[0] == value[1]:
            value = value[0]
        if type(value) is not int or not 0 <= value <= 64:
            return None
        values.append(value)
    return Stepping(max(values[0], 1), values[1], values[2], 0.0)


def declared_upsample(slot: Slot) -> Upsample:
    """Read how maps are up-sampled where the whole module was saved; twice each side elsewhere."""
    factor = slot.settings.get("scale_factor", 2)
    if isinstance(factor, tuple) and factor:
        factor = factor[0]
    whole = int(factor) if isinstance(factor, int | float) and factor in (2, 3, 4, 8) else 2
    return Upsample(whole, "bilinear" if slot.settings.get("mode") == "bilinear" else "nearest")
