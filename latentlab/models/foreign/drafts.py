"""Layouts combined with what no shape tells, each scored by how usual it is and how well the statistics fit it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from latentlab.models.foreign.hypotheses import Hypothesis, finer, hypotheses, output_costs, usual
from latentlab.models.foreign.known import Output
from latentlab.models.foreign.layouts import Layout, Placed
from latentlab.models.foreign.modules import Network
from latentlab.models.foreign.statistics_fit import Trial, misfits
from latentlab.models.foreign.watching import Watch
from latentlab.models.layers import Activation, BatchNorm, Rescale
from latentlab.models.spec import GeneratorSpec, NetworkSpec

MAX_TRIALS = 64
MAX_TRIAL_COST = 5.0
FIT_WEIGHT = 3.0
FIT_FLOOR = 0.0005
FIT_NOISE = 0.2
"""The share of the least misfit that counts as noise; a misfit is judged by how often that it exceeds the least."""
FIT_DOUBTED = 0.3
"""At this misfit of the best itself its word counts half: the statistics may be stale, or of other weights."""
OUTPUT_LAYERS: dict[Output, tuple[Activation | Rescale, ...]] = {
    "tanh": (Activation("tanh"),),
    "sigmoid": (Activation("sigmoid"), Rescale(2.0, -1.0)),
    "none": (),
}


@dataclass(frozen=True, eq=False)
class Draft:
    """A layout with every answer put in.

    Attributes:
        layout: Where it comes from.
        hypothesis: The answers of its hidden layers.
        output: That of its end.
        placed: Its layers, without the output activation.
        misfit: See `Reading.misfit`.
        score: See `Reading.score`.
    """

    layout: Layout
    hypothesis: Hypothesis
    output: Output
    placed: tuple[Placed, ...]
    misfit: float
    score: float

    @property
    def spec(self) -> GeneratorSpec:
        """Return the generator."""
        layers = tuple(each.layer for each in self.placed) + OUTPUT_LAYERS[self.output]
        return GeneratorSpec(self.hypothesis.prior, NetworkSpec((self.layout.z_dim,), layers))

    @property
    def body(self) -> tuple[object, ...]:
        """Return the layers that the BatchNorm statistics can tell apart."""
        return _body(self.placed)


def fitted(network: Network, layouts: list[Layout], watch: Watch) -> list[Draft]:
    """Combine layouts with hypotheses, and let the statistics judge those that are not too far-fetched.

    What differs from a usual answer in a number alone is tried where that answer is the best.

    Args:
        network: Its modules.
        layouts: At least one, the cheapest first.
        watch: Called between the steps.
    """
    everything = hypotheses(network)
    pairs = _pairs(layouts, usual(everything) or everything)
    found = _measured(pairs, watch)
    scores = _scores(pairs, found)
    best, hypothesis = min(zip(scores, pairs, strict=True), key=lambda scored: scored[0])[1][:2]
    alike = [layout for layout in layouts if _body(layout.placed) == _body(best.placed)]
    more = _pairs(alike, finer(everything, hypothesis))
    pairs, found = pairs + more, found + _measured(more, watch)
    return [
        Draft(layout, hypothesis, output, placed, _mean(distances), score + cost)
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


def _measured(pairs: list[_Pair], watch: Watch) -> list[tuple[float, ...] | None]:
    return misfits([Trial(placed, hypothesis.prior, layout.z_dim) for layout, hypothesis, placed in pairs], watch)


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


def _body(placed: Sequence[Placed]) -> tuple[object, ...]:
    """Return the layers that the BatchNorm statistics can tell apart."""
    last = max((index for index, each in enumerate(placed) if isinstance(each.layer, BatchNorm)), default=-1)
    return tuple(each.layer for each in placed[: last + 1])
