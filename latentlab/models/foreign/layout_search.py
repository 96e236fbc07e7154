"""The search for chains of layers that a list of modules can be, cheapest first.

Shapes leave open how a convolution moves, where maps are up-sampled, where an activation stands. Every open question is
a few options with a cost; a best-first search keeps those chains in which each layer fits the one before and which end
in a picture of a usual size.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

from latentlab.models.foreign.contents import Declared
from latentlab.models.foreign.layouts import HIDDEN, Layout, Placed, Start
from latentlab.models.foreign.modules import Module
from latentlab.models.foreign.options import Stepping, keeping_size, size_cost, transposed
from latentlab.models.foreign.placements import (
    Partial,
    activations,
    as_maps,
    declared_stepping,
    declared_upsample,
    linears,
    norms,
)
from latentlab.models.foreign.slots import Slots, slots_between
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.models.layers import Conv, ConvTranspose, Crop, Layer, Reshape, Upsample
from latentlab.models.spec import MAX_SIDE_PX

MAX_LAYOUTS = 24
MAX_EXCESS = 6.0
MAX_STEPS = 20_000
_CROP_COST = 4.0
_WITHOUT_PADDING = 0.35
"""Whoever leaves out one padding leaves out all: what a share of the cost remains if a network has none at all."""


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
    queue: list[tuple[float, int, Partial]] = []

    def push(partial: Partial) -> None:
        heapq.heappush(queue, (partial.cost, next(order), partial))

    push(Partial(start.placed, start.shape, 0, start.cost))
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


def _finished(partial: Partial, z_dim: int, size: int | None) -> Layout | None:
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

    def steps(self, partial: Partial) -> Iterator[Partial]:
        """Place the next module in every way, and what stands between it and the one after it."""
        module = self._modules[partial.position]
        for placed in self._placements(partial, module):
            yield from self._between(replace(placed, position=partial.position + 1))

    def _placements(self, partial: Partial, module: Module) -> Iterator[Partial]:
        if module.kind == "norm":
            yield from norms(partial, module, self._declared.get(module.path))
        elif module.kind == "linear":
            yield from linears(partial, module)
        elif module.kind == "conv":
            yield from self._convolutions(partial, module)

    def _convolutions(self, partial: Partial, module: Module) -> Iterator[Partial]:
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
        for at in as_maps(partial, (first, second)):
            if fits_transposed and at.shape[0] == first:
                layer = ConvTranspose(first, second, kernel, 1, 0, 0, bias is not None)
                yield from self._moved(at, module, layer, 1.0 if ambiguous and kernel == 3 else 0.0)
            if fits_plain and at.shape[0] == second and at.shape[1] > 1:
                plain = Conv(second, first, kernel, 1, 0, bias is not None)
                yield from self._moved(at, module, plain, 0.5 if ambiguous and kernel != 3 else 0.0)

    def _moved(self, partial: Partial, module: Module, layer: ConvTranspose | Conv, extra: float) -> Iterator[Partial]:
        side = partial.shape[1]
        known = declared_stepping(self._declared.get(module.path))
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

    def _between(self, partial: Partial) -> Iterator[Partial]:
        """Add what may stand ahead of the next module: an activation, an up-sampling, a crop."""
        if partial.position == len(self._modules):
            yield partial
            return
        before, after = self._modules[partial.position - 1], self._modules[partial.position]
        slots = self._slots[partial.position - 1]
        for is_active, cost in activations(before, after, slots, partial):
            active = partial
            if is_active:
                active = replace(partial, placed=(*partial.placed, Placed(HIDDEN)))
            active = replace(active, cost=active.cost + cost)
            used = int(is_active)
            free = None if slots is None else len(slots) - used
            yield from self._enlarged(active, after, slots, free)

    def _enlarged(self, partial: Partial, after: Module, slots: Slots, free: int | None) -> Iterator[Partial]:
        idle = 0.0 if free is None else 1.0 * max(0, free - (1 if len(partial.shape) == 1 else 0))
        declared = [slot for slot in slots or () if slot.kind == "upsample"]
        if not declared:
            yield replace(partial, cost=partial.cost + idle)
            yield from self._cropped(replace(partial, cost=partial.cost + idle), after)
        is_plain = after.kind == "conv" and after.weight.shape[2] % 2 == 1 and after.weight.shape[2] > 1
        unknown = any(slot.kind == "" for slot in slots or ())
        if not is_plain or free == 0 or not (declared or slots is None or unknown):
            return
        for at in as_maps(partial, (after.weight.shape[1],)):
            if at.shape[1] < 2:
                continue
            left = 0.0 if free is None else 1.0 * max(0, free - 1 - (1 if len(partial.shape) == 1 else 0))
            layer = declared_upsample(declared[0]) if declared else Upsample(2)
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

    def _cropped(self, partial: Partial, after: Module) -> Iterator[Partial]:
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
