"""Which reading of a network fits its BatchNorm statistics: the mean and variance that every input had in training.

A hypothesis is run on latents of its prior. Where it is the right one, what enters each BatchNorm has the mean and
variance that the layer has stored; a wrong activation, eps, prior or padding shows at the next BatchNorm.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentlab.latent.arrays import FloatArray
from latentlab.latent.priors import Prior, sample
from latentlab.models.foreign.layouts import Placed
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.models.layers import BatchNorm, Conv, ConvTranspose, JoinClass, Layer
from latentlab.models.numpy_forward import (
    MAX_PRODUCT,
    Classes,
    added_up,
    channel_statistics,
    kernel_products,
    step,
    to_channels_first,
    with_bias,
)

SAMPLES = 128
MAX_VALUES = 2**18
MAX_PRODUCTS = 2**29
"""Samples are left out on the way so that no layer has more values or takes more multiplications."""
MAX_PER_CHANNEL = 4.0
KEPT = 8
"""How many hypotheses are followed past each BatchNorm, at most."""
SEED = 20151119


@dataclass(frozen=True, eq=False)
class Trial:
    """A hypothesis to be run.

    Attributes:
        placed: Its layers.
        prior: Of z.
        z_dim: Width of z.
    """

    placed: tuple[Placed, ...]
    prior: Prior
    z_dim: int


@dataclass(eq=False)
class _Group:
    """Trials that have been the same so far, and what their layers have made of the latents."""

    trials: list[int]
    position: int
    values: FloatArray
    y: Classes | None
    distances: tuple[float, ...] = ()
    is_measured: bool = False


def misfits(trials: Sequence[Trial], watch: Watch = unwatched) -> list[tuple[float, ...] | None]:
    """Measure how far each trial's statistics are from those in its BatchNorm layers.

    Args:
        trials: The hypotheses.
        watch: Called between the layers.

    Returns:
        For each trial the `distance` at each of its BatchNorms; None where it was given up on the way because others
        fit far better. All are empty where no BatchNorm has seen any training.
    """
    if not any(was_trained(each) for trial in trials for each in trial.placed):
        return [()] * len(trials)
    # Weights of any size may come out of a file; what overflows is a bad fit.
    with np.errstate(all="ignore"):
        return _misfits(trials, watch)


def was_trained(placed: Placed) -> bool:
    """Tell whether a layer is a BatchNorm whose statistics are not those it was made with."""
    module = placed.module
    if module is None or module.mean is None or module.variance is None:
        return False
    return bool((module.mean != 0.0).any() or (module.variance != 1.0).any())


def _misfits(trials: Sequence[Trial], watch: Watch) -> list[tuple[float, ...] | None]:
    found: list[tuple[float, ...] | None] = [None] * len(trials)
    frontier = _first_groups(trials)
    while frontier:
        reached: list[_Group] = []
        for group in frontier:
            for split in _advance(trials, group, watch):
                layer = _layer_at(trials, split)
                if layer is None:
                    for trial in split.trials:
                        found[trial] = split.distances
                else:
                    split.distances = (*split.distances, distance(split.values, layer.tensors))
                    split.is_measured = True
                    reached.append(split)
        frontier = _worth_following(reached)
    return found


def distance(values: FloatArray, tensors: Mapping[str, FloatArray]) -> float:
    """Measure how far the statistics of a BatchNorm's input are from its running ones.

    Args:
        values: What enters it, channels first.
        tensors: Its tensors.

    Returns:
        The mean over channels of the Kullback-Leibler divergence between the two normal distributions, each bounded by
        `MAX_PER_CHANNEL`.
    """
    mean, variance = channel_statistics(values)
    stored_mean = tensors["running_mean"].astype(np.float64)
    stored = tensors["running_var"].astype(np.float64)
    floor = 1e-6 * float(np.median(stored)) + 1e-12
    return float(np.minimum(_divergence(stored_mean, stored + floor, mean, variance + floor), MAX_PER_CHANNEL).mean())


Floats = npt.NDArray[np.float64]


def _divergence(mean: Floats, variance: Floats, other_mean: Floats, other: Floats) -> Floats:
    divergence: Floats = 0.5 * (np.log(other / variance) + (variance + (mean - other_mean) ** 2) / other - 1.0)
    return np.nan_to_num(divergence, nan=MAX_PER_CHANNEL, posinf=MAX_PER_CHANNEL)


def latents(prior: Prior, count: int, z_dim: int) -> FloatArray:
    """Draw latents in pairs of z and -z, whose mean is exactly that of the prior; shape (count, z_dim)."""
    half = sample(prior, (count + 1) // 2, z_dim, SEED)
    return np.stack([half, -half], axis=1).reshape(-1, z_dim)[:count]


def class_count(placed: Sequence[Placed]) -> int:
    """Return how many classes a layout knows; 0 where z alone decides."""
    return max((each.layer.classes for each in placed if isinstance(each.layer, JoinClass)), default=0)


def _first_groups(trials: Sequence[Trial]) -> list[_Group]:
    groups: dict[tuple[Prior, int, int], list[int]] = {}
    for index, trial in enumerate(trials):
        groups.setdefault((trial.prior, trial.z_dim, class_count(trial.placed)), []).append(index)
    found = []
    for (prior, z_dim, classes), members in groups.items():
        z = to_channels_first(latents(prior, SAMPLES, z_dim))
        # z and -z are of the same class, and any number of samples from the first on has all classes alike.
        y = np.arange(SAMPLES) // 2 % classes if classes else None
        found.append(_Group(members, 0, z, y))
    return found


def _advance(trials: Sequence[Trial], group: _Group, watch: Watch) -> list[_Group]:
    """Run a group up to its next BatchNorm, parting it where its trials part."""
    waiting, arrived = [group], []
    while waiting:
        current = waiting.pop()
        parts: dict[tuple[object, int], list[int]] = {}
        for trial in current.trials:
            placed = trials[trial].placed
            at_end = current.position == len(placed)
            key = (None, 0) if at_end else (placed[current.position].layer, id(placed[current.position].module))
            parts.setdefault(key, []).append(trial)
        following = []
        for (layer, _), members in parts.items():
            part = _Group(members, current.position, current.values, current.y, current.distances)
            if layer is None or (isinstance(layer, BatchNorm) and not current.is_measured):
                arrived.append(part)
                continue
            # Behind the last BatchNorm there is nothing to learn.
            if not _norms_left(trials[members[0]], part.position + int(isinstance(layer, BatchNorm))):
                part.position = len(trials[members[0]].placed)
                arrived.append(part)
                continue
            following.append((part, trials[members[0]].placed[part.position]))
        _step(following, watch)
        waiting += (part for part, _ in following)
    return arrived


def _step(parts: Sequence[tuple[_Group, Placed]], watch: Watch) -> None:
    """Run groups that have been one so far through the layer in which they differ."""
    for group, placed in parts:
        _thin_out(group, placed.layer)
    multiplied: dict[int, FloatArray] = {}
    for group, placed in sorted(parts, key=lambda part: -part[0].values.shape[1]):
        watch()
        layer, tensors, values = placed.layer, placed.tensors, group.values
        if isinstance(layer, ConvTranspose) and values[0].size * tensors["weight"][0].size <= MAX_PRODUCT:
            # Convolutions that only move in another way multiply the same numbers.
            held = multiplied.get(id(placed.module))
            if held is None:
                held = multiplied[id(placed.module)] = kernel_products(tensors["weight"], values)
            group.values = with_bias(added_up(layer, held[..., : values.shape[1]]), tensors)
        else:
            group.values = step(layer, tensors, values, group.y)
        group.position += 1


def _layer_at(trials: Sequence[Trial], group: _Group) -> Placed | None:
    placed = trials[group.trials[0]].placed
    return placed[group.position] if group.position < len(placed) else None


def _norms_left(trial: Trial, position: int) -> bool:
    return any(isinstance(each.layer, BatchNorm) for each in trial.placed[position:])


def _thin_out(group: _Group, following: Layer) -> None:
    """Leave out samples that would make the next layer too large or too slow."""
    shape = (len(group.values), *group.values.shape[2:])
    after = following.output_shape(shape)
    weight = math.prod(following.tensors().get("weight", (1,)))
    places = math.prod(after[1:]) if isinstance(following, Conv) else math.prod(shape[1:])
    fitting = min(MAX_VALUES // math.prod(after), MAX_PRODUCTS // (weight * places))
    keep = max(16, fitting)
    if keep < group.values.shape[1]:
        group.values = group.values[:, :keep]
        group.y = None if group.y is None else group.y[:keep]


def _worth_following(groups: list[_Group]) -> list[_Group]:
    if not groups:
        return []
    groups = sorted(groups, key=lambda group: sum(group.distances))
    limit = 3.0 * sum(groups[0].distances) + 0.3
    return [group for group in groups[:KEPT] if sum(group.distances) <= limit]
