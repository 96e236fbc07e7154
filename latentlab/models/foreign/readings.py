"""The readings of a network as a generator, best first, and in which words each differs from the first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from latentlab.latent.arrays import FloatArray
from latentlab.models.foreign import critic as critics
from latentlab.models.foreign.differences import difference
from latentlab.models.foreign.entries import Facts, starts
from latentlab.models.foreign.hypotheses import Hypothesis, finer, hypotheses, output_costs, usual
from latentlab.models.foreign.known import Output, known
from latentlab.models.foreign.layouts import HIDDEN, Layout, Placed, search
from latentlab.models.foreign.modules import Module, Network, in_natural_order
from latentlab.models.foreign.ordering import chained
from latentlab.models.foreign.statistics_fit import Trial, class_count, latents, misfits
from latentlab.models.numpy_forward import step, to_channels_first
from latentlab.models.spec import Activation, BatchNorm, GeneratorSpec, NetworkSpec, Rescale, Shape

MAX_TRIALS = 64
MAX_TRIAL_COST = 5.0
MAX_READINGS = 8
MAX_RIVAL = 6.0
"""What scores so much worse than the best is no rival of it."""
FIT_WEIGHT = 3.0
FIT_FLOOR = 0.0005
FIT_NOISE = 0.2
"""The share of the least misfit that counts as noise; a misfit is judged by how often that it exceeds the least."""
FIT_DOUBTED = 0.3
"""At this misfit of the best itself its word counts half: the statistics may be stale, or of other weights."""
CRITIC_WEIGHT = 4.0
CRITIC_PICTURES = 32
CRITIC_LOOKS = 6
"""How many sets of layers the discriminator looks at, at most."""
CRITIC_FLOOR = 0.01
OUTPUT_LAYERS: dict[Output, tuple[Activation | Rescale, ...]] = {
    "tanh": (Activation("tanh"),),
    "sigmoid": (Activation("sigmoid"), Rescale(2.0, -1.0)),
    "none": (),
}


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


@dataclass(frozen=True, eq=False)
class _Draft:
    layout: Layout
    hypothesis: Hypothesis
    output: Output
    placed: tuple[Placed, ...]
    misfit: float
    score: float

    @property
    def spec(self) -> GeneratorSpec:
        return _spec(self.layout.z_dim, self.placed, self.output, self.hypothesis)


def readings(
    network: Network, facts: Facts, critic: Network | None = None, ranked: Sequence[Ranked] = ()
) -> list[Reading]:
    """List the readings of a network as a generator, best first.

    Args:
        network: Its modules.
        facts: See `Contents.facts`.
        critic: The discriminator beside it, where there is one.
        ranked: What came out before for the same file; nothing is measured if all of it can be read so.

    Returns:
        At most `MAX_READINGS`; empty if the network is no chain from a vector to a picture.
    """
    layouts = _layouts(network, facts)
    if not layouts:
        return []
    if again := _again(layouts, ranked):
        return again
    drafts = _fitted(network, _by_critic_size(layouts, critic))
    drafts = _by_critic(drafts, critic)
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


def _layouts(network: Network, facts: Facts) -> list[Layout]:
    """Search in the order of the file, else in that of the names, else in that in which the layers fit."""
    repository = known(network)
    sides = repository.sides if repository else ()
    for modules in _orders(network):
        entering = starts(network, modules, facts)
        found = [layout for start in entering for layout in search(start, network.declared, _said_size(facts))]
        if found and sides:
            special = [layout for start in entering for layout in search(start, network.declared, None, sides)]
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


def _by_critic_size(layouts: list[Layout], critic: Network | None) -> list[Layout]:
    """Let the discriminator have a say about the size of the pictures."""
    if critic is None:
        return layouts
    shapes: dict[Shape, float] = {}
    for shape in {layout.shape for layout in layouts}:
        reading = critics.reading_of(critic, shape)
        if reading is not None:
            shapes[shape] = reading[0]
    if not shapes:
        return layouts
    least = min(shapes.values())
    costs = {shape: min(2.0 * (cost - least), 4.0) for shape, cost in shapes.items()}
    weighed = [replace(each, cost=each.cost + costs.get(each.shape, 4.0)) for each in layouts]
    return sorted(weighed, key=lambda layout: layout.cost)


def _fitted(network: Network, layouts: list[Layout]) -> list[_Draft]:
    """Combine layouts with hypotheses, and let the statistics judge those that are not too far-fetched.

    What differs from a usual answer in a number alone is tried where that answer is the best.
    """
    everything = hypotheses(network)
    pairs = _pairs(layouts, usual(everything) or everything)
    found = _measured(pairs)
    scores = _scores(pairs, found)
    best, hypothesis = min(zip(scores, pairs, strict=True), key=lambda scored: scored[0])[1][:2]
    alike = [layout for layout in layouts if _body(layout.placed) == _body(best.placed)]
    more = _pairs(alike, finer(everything, hypothesis))
    pairs, found = pairs + more, found + _measured(more)
    return [
        _Draft(layout, hypothesis, output, placed, _mean(distances), score + cost)
        for (layout, hypothesis, placed), distances, score in zip(pairs, found, _scores(pairs, found), strict=True)
        if distances is not None
        for output, cost in output_costs(network).items()
    ]


_Pair = tuple[Layout, Hypothesis, tuple[Placed, ...]]


def _pairs(layouts: list[Layout], tried: list[Hypothesis]) -> list[_Pair]:
    """Combine layouts and hypotheses, each combination once, and leave out the far-fetched."""
    pairs: dict[tuple[object, ...], _Pair] = {}
    for layout in layouts:
        for hypothesis in tried:
            placed = hypothesis.applied(layout.placed)
            key = (layout.z_dim, hypothesis.prior, *(each.layer for each in placed))
            held = pairs.get(key)
            if held is None or _prior_cost(held) > layout.cost + hypothesis.cost:
                pairs[key] = layout, hypothesis, placed
    ranked = sorted(pairs.values(), key=_prior_cost)
    return [pair for pair in ranked if _prior_cost(pair) <= _prior_cost(ranked[0]) + MAX_TRIAL_COST][:MAX_TRIALS]


def _prior_cost(pair: _Pair) -> float:
    return pair[0].cost + pair[1].cost


def _measured(pairs: list[_Pair]) -> list[tuple[float, ...] | None]:
    return misfits([Trial(placed, hypothesis.prior, layout.z_dim) for layout, hypothesis, placed in pairs])


def _scores(pairs: list[_Pair], found: list[tuple[float, ...] | None]) -> list[float]:
    """Add to what a combination costs how much worse than the best it fits; infinite where it was given up."""
    measured = [distances for distances in found if distances is not None]
    least = [min(column) for column in zip(*measured, strict=True)]
    noise = FIT_FLOOR + FIT_NOISE * _mean(least)
    weight = FIT_WEIGHT / (1.0 + (_mean(least) / FIT_DOUBTED) ** 2)
    scores = []
    for pair, distances in zip(pairs, found, strict=True):
        if distances is None:
            scores.append(math.inf)
            continue
        excess = _mean([one - other for one, other in zip(distances, least, strict=True)])
        scores.append(_prior_cost(pair) + weight * math.log1p(excess / noise))
    return scores


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers) if numbers else 0.0


def _by_critic(drafts: list[_Draft], critic: Network | None) -> list[_Draft]:
    """Let the discriminator look at the pictures of the best readings, with each end."""
    if critic is None:
        return drafts
    best = min(drafts, key=lambda draft: draft.score)
    rivals: dict[tuple[Placed, ...], list[_Draft]] = {}
    for draft in sorted(drafts, key=lambda draft: draft.score):
        if draft.hypothesis == best.hypothesis and draft.score < best.score + MAX_RIVAL:
            rivals.setdefault(draft.placed, []).append(draft)
    judged: dict[int, float] = {}
    for placed, ends in list(rivals.items())[:CRITIC_LOOKS]:
        reading = critics.reading_of(critic, ends[0].layout.shape)
        if reading is None:
            continue
        with np.errstate(all="ignore"):
            values = _drawn(placed, ends[0])
            for draft in ends:
                found = critics.misfit(reading[1], _shown(values, draft.output))
                if found is not None:
                    judged[id(draft)] = found
    if not judged:
        return drafts
    least = min(judged.values())
    out = []
    for draft in drafts:
        # What was not looked at is no better than the worst that was.
        found = judged.get(id(draft), max(judged.values()))
        penalty = CRITIC_WEIGHT * math.log((found + CRITIC_FLOOR) / (least + CRITIC_FLOOR))
        out.append(replace(draft, score=draft.score + penalty))
    return out


def _same_body(one: _Draft, other: _Draft) -> bool:
    return _body(one.placed) == _body(other.placed)


def _body(placed: Sequence[Placed]) -> tuple[object, ...]:
    """Return the layers that the BatchNorm statistics can tell apart."""
    last = max((index for index, each in enumerate(placed) if isinstance(each.layer, BatchNorm)), default=-1)
    return tuple(each.layer for each in placed[: last + 1])


def _drawn(placed: Sequence[Placed], draft: _Draft) -> FloatArray:
    """Draw pictures as they are ahead of the output activation."""
    values = to_channels_first(latents(draft.hypothesis.prior, CRITIC_PICTURES, draft.layout.z_dim))
    classes = class_count(placed)
    y = np.arange(CRITIC_PICTURES) % classes if classes else None
    for each in placed:
        values = step(each.layer, each.tensors, values, y)
    return values


def _shown(values: FloatArray, output: Output) -> FloatArray:
    """Bring pictures into the range in which the author shows them to the discriminator."""
    for layer in OUTPUT_LAYERS[output][:1]:
        values = step(layer, {}, values)
    return values


def _chosen(drafts: list[_Draft]) -> list[_Draft]:
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
    other_sizes.sort(key=lambda draft: not _same_body(draft, best))
    forced = sorted(other_outputs[:1] + other_sizes[:1], key=lambda draft: draft.score)
    rest = [draft for draft in drafts[1:] if draft not in forced]
    found: dict[GeneratorSpec, _Draft] = {}
    for draft in (best, *forced, *rest):
        if len(found) < MAX_READINGS:
            found.setdefault(draft.spec, draft)
    return list(found.values())


def _spec(z_dim: int, placed: Sequence[Placed], output: Output, hypothesis: Hypothesis) -> GeneratorSpec:
    layers = tuple(each.layer for each in placed) + OUTPUT_LAYERS[output]
    return GeneratorSpec(hypothesis.prior, NetworkSpec((z_dim,), layers))


def _weights(placed: Sequence[Placed]) -> dict[str, FloatArray]:
    return {
        f"{index}.{name}": np.asarray(array, np.float32)
        for index, each in enumerate(placed)
        for name, array in each.tensors.items()
    }
