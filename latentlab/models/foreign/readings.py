"""The readings of a network as a generator, best first, and in which words each differs from the first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from latentlab.latent.arrays import FloatArray
from latentlab.models.foreign.differences import difference
from latentlab.models.foreign.drafts import OUTPUT_LAYERS, Draft, fitted
from latentlab.models.foreign.entries import Facts, starts
from latentlab.models.foreign.known import known
from latentlab.models.foreign.layout_search import search
from latentlab.models.foreign.layouts import HIDDEN, Layout, Placed
from latentlab.models.foreign.modules import Module, Network, in_natural_order
from latentlab.models.foreign.ordering import chained
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.models.foreign.witness import MAX_RIVAL, Witness
from latentlab.models.layers import Activation, BatchNorm
from latentlab.models.spec import GeneratorSpec

MAX_READINGS = 8


@dataclass(frozen=True, eq=False)
class Reading:
    """A network read as a generator.

    Attributes:
        spec: The generator.
        weights: Its tensors.
        score: 0 is what everyone would write and the statistics confirm; 1 more is e times less likely, roughly.
        misfit: How far its BatchNorm statistics are from those stored, see `statistics_fit.misfits`; 0 where there is
            nothing to compare.
        words: In which way it differs from the best reading; empty for the best itself.
    """

    spec: GeneratorSpec
    weights: dict[str, FloatArray]
    score: float
    misfit: float
    words: str


@dataclass(frozen=True)
class Ranked:
    """What is enough to have a reading again without measuring: see `Reading`."""

    spec: GeneratorSpec
    score: float
    misfit: float


def readings(
    network: Network,
    facts: Facts,
    critic: Network | None = None,
    ranked: Sequence[Ranked] = (),
    watch: Watch = unwatched,
) -> list[Reading]:
    """List the readings of a network as a generator, best first.

    Args:
        network: Its modules.
        facts: See `Contents.facts`.
        critic: The discriminator beside it, where there is one.
        ranked: What came out before for the same file; nothing is measured if all of it can be read so.
        watch: Called between the steps.

    Returns:
        At most `MAX_READINGS`; empty if the network is no chain from a vector to a picture.
    """
    layouts = _layouts(network, facts, watch)
    if not layouts:
        return []
    if again := _again(layouts, ranked):
        return again
    witness = Witness(critic, watch)
    drafts = witness.judged(fitted(network, witness.weighed(layouts), watch))
    chosen = _chosen(sorted(drafts, key=lambda draft: draft.score))
    best = chosen[0].spec
    return [
        Reading(draft.spec, _weights(draft.placed), draft.score, draft.misfit, difference(best, draft.spec))
        for draft in chosen
    ]


def _again(layouts: list[Layout], ranked: Sequence[Ranked]) -> list[Reading]:
    """Return what was ranked before; nothing if one of it fits no layout."""
    found = []
    for each in ranked:
        fitting = (placed for layout in layouts if (placed := _placed_as(layout, each.spec)) is not None)
        placed = next(fitting, None)
        if placed is None:
            return []
        words = difference(ranked[0].spec, each.spec)
        found.append(Reading(each.spec, _weights(placed), each.score, each.misfit, words))
    return found


def _placed_as(layout: Layout, spec: GeneratorSpec) -> tuple[Placed, ...] | None:
    """Put the answers of a spec into a layout; None if it is not the spec's."""
    count = len(layout.placed)
    inner, end = spec.network.layers[:count], spec.network.layers[count:]
    if len(inner) < count or end not in OUTPUT_LAYERS.values() or layout.z_dim != spec.z_dim:
        return None
    for each, layer in zip(layout.placed, inner, strict=True):
        if each.layer == HIDDEN and isinstance(layer, Activation):
            continue
        if isinstance(each.layer, BatchNorm) and isinstance(layer, BatchNorm):
            layer = replace(layer, eps=each.layer.eps)
        if each.layer != layer:
            return None
    return tuple(replace(each, layer=layer) for each, layer in zip(layout.placed, inner, strict=True))


def _layouts(network: Network, facts: Facts, watch: Watch) -> list[Layout]:
    """Search in the order of the file, else in that of the names, else in that in which the layers fit."""
    repository = known(network)
    sides, size = repository.sides if repository else (), _said_size(facts)
    for modules in _orders(network):
        entering = starts(network, modules, facts)
        found = [layout for start in entering for layout in search(start, network.declared, size, (), watch)]
        if found and sides:
            special = [layout for start in entering for layout in search(start, network.declared, None, sides, watch)]
            gain = min((layout.cost for layout in special), default=0.0) - found[0].cost + 1.0
            found += [replace(layout, cost=layout.cost - gain) for layout in special]
        if found:
            return sorted(found, key=lambda layout: layout.cost)
    return []


def _orders(network: Network) -> Iterator[Sequence[Module]]:
    yield network.modules
    yield in_natural_order(network.modules)
    yield from chained(network.modules)


def _said_size(facts: Facts) -> int | None:
    for name in ("img_shape", "image_size", "img_size", "imagesize"):
        said = facts.get(name)
        if isinstance(said, tuple):
            return max(said)
        if isinstance(said, int):
            return said
    return None


def _chosen(drafts: list[Draft]) -> list[Draft]:
    """Take the best, with what nothing can tell for certain among the first three: the output's end and its size."""
    best = drafts[0]
    alike = [draft for draft in drafts[1:] if draft.score < best.score + MAX_RIVAL]
    other_outputs = [draft for draft in alike if draft.placed == best.placed]
    other_sizes = [
        draft
        for draft in alike
        if draft.output == best.output
        and draft.layout.shape != best.layout.shape
        and draft.hypothesis == best.hypothesis
    ]
    # One that differs in nothing else is preferred.
    other_sizes.sort(key=lambda draft: draft.body != best.body)
    forced = sorted(other_outputs[:1] + other_sizes[:1], key=lambda draft: draft.score)
    rest = [draft for draft in drafts[1:] if draft not in forced]
    found: dict[GeneratorSpec, Draft] = {}
    for draft in (best, *forced, *rest):
        if len(found) < MAX_READINGS:
            found.setdefault(draft.spec, draft)
    return list(found.values())


def _weights(placed: Sequence[Placed]) -> dict[str, FloatArray]:
    return {
        f"{index}.{name}": np.asarray(array, np.float32)
        for index, each in enumerate(placed)
        for name, array in each.tensors.items()
    }
