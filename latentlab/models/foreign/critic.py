"""The discriminator beside a generator: which size of pictures it takes, and what it says of the generator's output.

Its BatchNorm layers have seen the generator's pictures in training, so their statistics tell an output activation or a
last crop that nothing within the generator can betray. They have seen real pictures besides, of which nothing is known
but that they look like the generated ones.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from latentlab.latent.arrays import FloatArray
from latentlab.models.foreign.layouts import DEFAULT_EPS, Placed
from latentlab.models.foreign.modules import Module, Network
from latentlab.models.foreign.options import strided
from latentlab.models.foreign.statistics_fit import was_trained
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.models.layers import Activation, BatchNorm, Conv, Linear, Reshape, Shape
from latentlab.models.numpy_forward import channel_statistics, step

_ACTIVATION = Activation("leaky_relu", 0.2)
_KEPT = 64
REAL_SHARE = 0.4
"""Of the running statistics, how much comes of real pictures: 0.30 where each step ends with two looks at generated
ones, as in PyTorch's example, 0.47 where with one."""
MAX_PER_CHANNEL = 4.0


@dataclass(frozen=True, eq=False)
class _Partial:
    placed: tuple[Placed, ...]
    shape: Shape
    cost: float


class Reading(NamedTuple):
    """A discriminator read as one of pictures of some shape: how unusual that makes it, and its layers."""

    cost: float
    placed: tuple[Placed, ...]


def reading_of(critic: Network, picture: Shape) -> Reading | None:
    """Read a discriminator as one of pictures of a shape.

    Args:
        critic: Its modules.
        picture: (C, H, W).

    Returns:
        The cheapest reading; None if it takes no such pictures.
    """
    partials = [_Partial((), picture, 0.0)]
    for index, module in enumerate(critic.modules):
        is_last = index == len(critic.modules) - 1
        following = critic.modules[index + 1] if not is_last else None
        partials = [_activated(after, following) for partial in partials for after in _placements(partial, module)]
        partials = sorted(partials, key=lambda partial: partial.cost)[:_KEPT]
    ends = [partial for partial in partials if _is_one_number(partial.shape)]
    if not ends:
        return None
    best = min(ends, key=lambda partial: partial.cost + _end_cost(partial))
    return Reading(best.cost + _end_cost(best), best.placed)


def misfit(
    placed: Sequence[Placed], photo: FloatArray, enough: float = math.inf, watch: Watch = unwatched
) -> float | None:
    """Measure how far pictures are from those that a discriminator has seen; see `distance`.

    Args:
        placed: The discriminator's layers.
        photo: Pictures as the generator's author shows them, channels first, (C, N, H, W).
        enough: Measuring ends where it is certain that they are farther than this.
        watch: Called between the layers.

    Returns:
        The mean over its BatchNorm layers, or, beyond `enough`, something that it is at least; None where it has none,
        or none that has seen any training.
    """
    norms = [index for index, each in enumerate(placed) if was_trained(each)]
    values, found = photo, 0.0
    for index, each in enumerate(placed[: norms[-1] + 1] if norms else ()):
        watch()
        if index in norms:
            found += distance(values, each.tensors) / len(norms)
            if found > enough:
                break
        if index < norms[-1]:
            values = step(each.layer, each.tensors, values)
    return found if norms else None


def distance(values: FloatArray, tensors: Mapping[str, FloatArray]) -> float:
    """Measure how unlike each other generated and real pictures must have been for a BatchNorm's statistics.

    The running mean and variance are averages over batches of either kind, s real + (1 - s) generated with the share s
    of `REAL_SHARE`; those of the real ones follow.

    Args:
        values: What enters it of generated pictures, channels first.
        tensors: Its tensors.

    Returns:
        The mean over channels of half the symmetrised Kullback-Leibler divergence between the two normal distributions,
        each bounded by `MAX_PER_CHANNEL`, which is also what a negative variance costs.
    """
    mean, variance = channel_statistics(values)
    seen_mean = tensors["running_mean"].astype(np.float64)
    seen = tensors["running_var"].astype(np.float64)
    floor = 1e-3 * float(np.median(seen)) + 1e-12
    real_mean = (seen_mean - (1.0 - REAL_SHARE) * mean) / REAL_SHARE
    real = (seen - (1.0 - REAL_SHARE) * variance) / REAL_SHARE
    possible, real, variance = real > floor, np.maximum(real, floor), variance + 1e-12
    gap = (real_mean - mean) ** 2
    divergence = np.nan_to_num(0.25 * ((real + gap) / variance + (variance + gap) / real - 2.0), nan=MAX_PER_CHANNEL)
    bounded = np.where(possible, np.minimum(divergence, MAX_PER_CHANNEL), MAX_PER_CHANNEL)
    return float(bounded.mean())


def _placements(partial: _Partial, module: Module) -> list[_Partial]:
    shape, placed = partial.shape, partial.placed
    if module.kind == "norm":
        if shape[0] != module.weight.size:
            return []
        return [_Partial((*placed, Placed(BatchNorm(shape[0], DEFAULT_EPS), module)), shape, partial.cost)]
    if module.kind == "linear":
        rows, columns = module.weight.shape
        if int(np.prod(shape)) != columns:
            return []
        flat = (*placed, Placed(Reshape(columns, 0, 0))) if len(shape) == 3 else placed
        return [
            _Partial((*flat, Placed(Linear(columns, rows, module.bias is not None), module)), (rows,), partial.cost)
        ]
    if module.kind != "conv" or len(shape) != 3:
        return []
    out, entering, kernel, width = module.weight.shape
    if entering != shape[0] or kernel != width:
        return []
    found = []
    for stepping in strided(kernel):
        layer = Conv(entering, out, kernel, stepping.stride, stepping.padding, module.bias is not None)
        try:
            after = layer.output_shape(shape)
        except ValueError:
            continue
        # The last convolution takes all that is left; only there nothing is padded.
        covers = shape[1] == kernel and stepping.padding == 0 and stepping.stride == 1
        cost = 0.0 if covers else stepping.cost
        found.append(_Partial((*placed, Placed(layer, module)), after, partial.cost + cost))
    return found


def _activated(partial: _Partial, following: Module | None) -> _Partial:
    if following is None or following.kind == "norm":
        return partial
    return _Partial((*partial.placed, Placed(_ACTIVATION)), partial.shape, partial.cost)


def _is_one_number(shape: Shape) -> bool:
    # Patches of 2 by 2 are averaged by some; a linear layer may tell classes besides.
    return (len(shape) == 3 and shape[0] == 1 and shape[1] <= 2) or (len(shape) == 1 and shape[0] == 1)


def _end_cost(partial: _Partial) -> float:
    return 2.0 if len(partial.shape) == 3 and partial.shape[1] > 1 else 0.0
