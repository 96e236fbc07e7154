"""The search for chains of layers that a list of modules can be, cheapest first.

Shapes leave open how a convolution moves, where maps are up-sampled, where an activation stands. Every open question is
a few options with a cost; a best-first search keeps those chains in which each layer fits the one before and which end
in a picture of a usual size.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from latentlab.latent.arrays import FloatArray
from latentlab.models.foreign.contents import Declared
from latentlab.models.foreign.modules import Module
from latentlab.models.foreign.options import Stepping, keeping_size, size_cost, transposed
from latentlab.models.foreign.slots import ACTIVATIONS, Slot, Slots, slots_between
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.models.spec import (
    MAX_SIDE_PX,
    Activation,
    BatchNorm,
    Conv,
    ConvTranspose,
    Crop,
    Layer,
    Linear,
    Reshape,
    Shape,
    Upsample,
)

MAX_LAYOUTS = 24
MAX_EXCESS = 6.0
MAX_STEPS = 20_000
HIDDEN = Activation("relu")
"""Stands for the activation of hidden layers, whatever it is."""

DEFAULT_EPS = 1e-5
"""Stands for the eps of every BatchNorm, until it is known."""

_CROP_COST = 4.0
_WITHOUT_PADDING = 0.35
"""Whoever leaves out one padding leaves out all: what a share of the cost remains if a network has none at all."""


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


@dataclass(frozen=True, eq=False)
class _Partial:
    placed: tuple[Placed, ...]
    shape: Shape
    position: int
    cost: float
    unpadded: float = 0.0
    padded: bool = False
    cropped: bool = False
    sides: tuple[int, ...] = ()


def search(
    start: Start,
    declared: Mapping[str, Declared],
    size: int | None = None,
    sides: tuple[int, ...] = (),
    watch: Watch = unwatched,
) -> list[Layout]:
    """List the readings of a network, cheapest first.

    Args:
        start: What is to be placed, and on what.
        declared: See `FoundNetwork.declared`.
        size: The side of the pictures where something else in the file tells it; others cost more.
        sides: Of the maps behind each convolution, up-sampling or crop where they are known; then no other is tried.
        watch: Called between the steps of the search.
    """
    found: list[Layout] = []
    searching = _Search(start.modules, declared)
    order = count()
    queue: list[tuple[float, int, _Partial]] = []

    def push(partial: _Partial) -> None:
        heapq.heappush(queue, (partial.cost, next(order), partial))

    push(_Partial(start.placed, start.shape, 0, start.cost))
    for _ in range(MAX_STEPS):
        if not queue or len(found) >= MAX_LAYOUTS or (found and queue[0][0] > found[0].cost + MAX_EXCESS):
            break
        watch()
        _, _, partial = heapq.heappop(queue)
        if partial.position == len(start.modules):
            layout = _finished(partial, start.z_dim, size)
            if layout:
                found.append(layout)
            continue
        for following in searching.steps(partial):
            if not sides or following.sides == sides[: len(following.sides)]:
                push(following)
    return sorted(found, key=lambda layout: layout.cost)


def _finished(partial: _Partial, z_dim: int, size: int | None) -> Layout | None:
    placed, shape = partial.placed, partial.shape
    if len(shape) == 1:
        # A network of linear layers alone ends in a row of pixels.
        for channels in (1, 3):
            side = math.isqrt(shape[0] // channels)
            if channels * side * side == shape[0] and size_cost(side, channels) is not None:
                placed, shape = (*placed, Placed(Reshape(channels, side, side))), (channels, side, side)
                break
    if len(shape) != 3 or shape[0] not in (1, 3) or shape[1] != shape[2]:
        return None
    cost = size_cost(shape[1], shape[0])
    if cost is None:
        return None
    if size is not None:
        cost = 0.0 if size == shape[1] else cost + 4.0
    discount = 0.0 if partial.padded else partial.unpadded * (1.0 - _WITHOUT_PADDING)
    return Layout(placed, partial.cost + cost - discount, shape, z_dim)


class _Search:
    def __init__(self, modules: Sequence[Module], declared: Mapping[str, Declared]) -> None:
        self._modules = modules
        self._declared = declared
        self._slots = slots_between(modules, declared)
        self._mixed = any(
            module.kind == "conv" and module.weight.shape[2] % 2 == 0 for module in modules if module.kind == "conv"
        )

    def steps(self, partial: _Partial) -> Iterator[_Partial]:
        """Place the next module in every way, and what stands between it and the one after it."""
        module = self._modules[partial.position]
        for placed in self._placements(partial, module):
            yield from self._between(replace(placed, position=partial.position + 1))

    def _placements(self, partial: _Partial, module: Module) -> Iterator[_Partial]:
        if module.kind == "norm":
            yield from _norms(partial, module, self._declared.get(module.path))
        elif module.kind == "linear":
            yield from _linears(partial, module)
        elif module.kind == "conv":
            yield from self._convolutions(partial, module)

    def _convolutions(self, partial: _Partial, module: Module) -> Iterator[_Partial]:
        first, second, kernel, width = module.weight.shape
        if kernel != width:
            return
        bias = None if module.bias is None else module.bias.size
        fits_transposed = bias in (None, second) and module.transposed is not False
        fits_plain = bias in (None, first) and module.transposed is not True
        declared = self._declared.get(module.path)
        if declared and declared.kind:
            fits_transposed &= declared.kind == "ConvTranspose2d"
            fits_plain &= declared.kind == "Conv2d"
        # A square weight of 3 by 3 within a generator is nearly always a plain convolution.
        ambiguous = first == second and fits_plain and fits_transposed and kernel % 2 == 1
        for at in _as_maps(partial, (first, second)):
            if fits_transposed and at.shape[0] == first:
                layer = ConvTranspose(first, second, kernel, 1, 0, 0, bias is not None)
                yield from self._moved(at, module, layer, 1.0 if ambiguous and kernel == 3 else 0.0)
            if fits_plain and at.shape[0] == second and at.shape[1] > 1:
                plain = Conv(second, first, kernel, 1, 0, bias is not None)
                yield from self._moved(at, module, plain, 0.5 if ambiguous and kernel != 3 else 0.0)

    def _moved(
        self, partial: _Partial, module: Module, layer: ConvTranspose | Conv, extra: float
    ) -> Iterator[_Partial]:
        side = partial.shape[1]
        known = _declared_stepping(self._declared.get(module.path))
        if known:
            steppings: Sequence[Stepping] = (known,)
        else:
            steppings = (
                transposed(layer.kernel, side) if isinstance(layer, ConvTranspose) else keeping_size(layer.kernel)
            )
        is_last = partial.position == len(self._modules) - 1
        for stepping in steppings:
            # Only the last layer crops by its padding.
            if not is_last and layer.kernel == 1 and stepping.padding:
                continue
            if isinstance(layer, ConvTranspose):
                moved: Layer = replace(
                    layer,
                    stride=stepping.stride,
                    padding=stepping.padding,
                    output_padding=stepping.output_padding,
                )
            else:
                moved = replace(layer, stride=stepping.stride, padding=stepping.padding)
            try:
                shape = moved.output_shape(partial.shape)
            except ValueError:
                continue
            if shape[1] > MAX_SIDE_PX:
                continue
            without = stepping.padding == 0 and layer.kernel > 2 and side > 1
            yield replace(
                partial,
                placed=(*partial.placed, Placed(moved, module)),
                shape=shape,
                cost=partial.cost + stepping.cost + extra,
                unpadded=partial.unpadded + (stepping.cost if without else 0.0),
                padded=partial.padded or stepping.padding > 0,
                sides=(*partial.sides, shape[1]),
            )

    def _between(self, partial: _Partial) -> Iterator[_Partial]:
        """Add what may stand ahead of the next module: an activation, an up-sampling, a crop."""
        if partial.position == len(self._modules):
            yield partial
            return
        before, after = self._modules[partial.position - 1], self._modules[partial.position]
        slots = self._slots[partial.position - 1]
        for is_active, cost in _activations(before, after, slots, partial):
            active = partial
            if is_active:
                active = replace(partial, placed=(*partial.placed, Placed(HIDDEN)))
            active = replace(active, cost=active.cost + cost)
            used = int(is_active)
            free = None if slots is None else len(slots) - used
            yield from self._enlarged(active, after, slots, free)

    def _enlarged(self, partial: _Partial, after: Module, slots: Slots, free: int | None) -> Iterator[_Partial]:
        idle = 0.0 if free is None else 1.0 * max(0, free - (1 if len(partial.shape) == 1 else 0))
        declared = [slot for slot in slots or () if slot.kind == "upsample"]
        if not declared:
            yield replace(partial, cost=partial.cost + idle)
            yield from self._cropped(replace(partial, cost=partial.cost + idle), after)
        is_plain = after.kind == "conv" and after.weight.shape[2] % 2 == 1 and after.weight.shape[2] > 1
        unknown = any(slot.kind == "" for slot in slots or ())
        if not is_plain or free == 0 or not (declared or slots is None or unknown):
            return
        for at in _as_maps(partial, (after.weight.shape[1],)):
            if at.shape[1] < 2:
                continue
            left = 0.0 if free is None else 1.0 * max(0, free - 1 - (1 if len(partial.shape) == 1 else 0))
            layer = _declared_upsample(declared[0]) if declared else Upsample(2)
            shape = layer.output_shape(at.shape)
            cost = 0.0 if declared else 1.0 if self._mixed else 0.2 + 0.01 * partial.position
            if shape[1] <= MAX_SIDE_PX:
                yield replace(
                    at,
                    placed=(*at.placed, Placed(layer)),
                    shape=shape,
                    cost=at.cost + cost + left,
                    sides=(*at.sides, shape[1]),
                )

    def _cropped(self, partial: _Partial, after: Module) -> Iterator[_Partial]:
        shape = partial.shape
        if after.kind == "conv" and len(shape) == 3 and shape[1] == 8 and not partial.cropped:
            # 8 becomes 7 on the way to 28, where nothing else leads there.
            placed = (*partial.placed, Placed(Crop(7, 7)))
            yield replace(
                partial,
                placed=placed,
                shape=(shape[0], 7, 7),
                cost=partial.cost + _CROP_COST,
                cropped=True,
                sides=(*partial.sides, 7),
            )


def _norms(partial: _Partial, module: Module, declared: Declared | None) -> Iterator[_Partial]:
    features = module.weight.size
    eps = declared.attributes.get("eps") if declared else None
    layer = BatchNorm(features, eps if isinstance(eps, float) and 0.0 <= eps <= 10.0 else DEFAULT_EPS)
    if partial.shape[0] == features:
        yield replace(partial, placed=(*partial.placed, Placed(layer, module)))
    elif len(partial.shape) == 1:
        for at in _as_maps(partial, (features,)):
            yield replace(at, placed=(*at.placed, Placed(layer, module)))


def _linears(partial: _Partial, module: Module) -> Iterator[_Partial]:
    rows, columns = module.weight.shape
    if math.prod(partial.shape) != columns or (module.bias is not None and module.bias.size != rows):
        return
    placed = partial.placed
    if len(partial.shape) == 3:
        placed = (*placed, Placed(Reshape(columns, 0, 0)))
    layer = Linear(columns, rows, module.bias is not None)
    yield replace(partial, placed=(*placed, Placed(layer, module)), shape=(rows,))


def _as_maps(partial: _Partial, channels: Sequence[int]) -> Iterator[_Partial]:
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


def _activations(before: Module, after: Module, slots: Slots, partial: _Partial) -> Iterator[tuple[bool, float]]:
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


def _declared_stepping(declared: Declared | None) -> Stepping | None:
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


def _declared_upsample(slot: Slot) -> Upsample:
    factor = slot.settings.get("scale_factor", 2)
    if isinstance(factor, tuple) and factor:
        factor = factor[0]
    whole = int(factor) if isinstance(factor, int | float) and factor in (2, 3, 4, 8) else 2
    return Upsample(whole, "bilinear" if slot.settings.get("mode") == "bilinear" else "nearest")
