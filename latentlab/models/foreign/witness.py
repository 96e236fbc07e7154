"""What the discriminator beside a generator says about its readings: of which size the pictures are, how they end."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from latentlab.latent.arrays import FloatArray
from latentlab.models.foreign import critic as critics
from latentlab.models.foreign.drafts import OUTPUT_LAYERS, Draft
from latentlab.models.foreign.known import Output
from latentlab.models.foreign.layouts import Layout, Placed
from latentlab.models.foreign.modules import Network
from latentlab.models.foreign.statistics_fit import class_count, latents
from latentlab.models.foreign.watching import Watch
from latentlab.models.layers import Shape
from latentlab.models.numpy_forward import step, to_channels_first

MAX_RIVAL = 6.0
"""What scores so much worse than the best is no rival of it."""
CRITIC_WEIGHT = 4.0
CRITIC_PICTURES = 16
CRITIC_LOOKS = 6
"""How many sets of layers the discriminator looks at, at most."""
CRITIC_FLOOR = 0.01
CRITIC_ENOUGH = math.exp(2.0 * MAX_RIVAL / CRITIC_WEIGHT)
"""So many times as far as the nearest: far from being a rival, how far does not matter."""


class Witness:
    """A discriminator that is asked about the readings of the generator beside it.

    Args:
        critic: Its modules; None where there is none, which leaves everything as it is.
        watch: Called between the steps.
    """

    def __init__(self, critic: Network | None, watch: Watch) -> None:
        self._critic = critic
        self._watch = watch
        self._readings: dict[Shape, critics.Reading | None] = {}

    def weighed(self, layouts: list[Layout]) -> list[Layout]:
        """Let it have a say about the size of the pictures.

        Returns:
            The cheapest first.
        """
        shapes = {layout.shape for layout in layouts}
        said = {shape: reading.cost for shape in shapes if (reading := self._reading(shape)) is not None}
        if not said:
            return layouts
        least = min(said.values())
        costs = {shape: min(2.0 * (cost - least), 4.0) for shape, cost in said.items()}
        found = [replace(each, cost=each.cost + costs.get(each.shape, 4.0)) for each in layouts]
        return sorted(found, key=lambda layout: layout.cost)

    def judged(self, drafts: list[Draft]) -> list[Draft]:
        """Let it look at the pictures of the best readings, with each end.

        Args:
            drafts: As the statistics within the generator score them.
        """
        misfits = self._misfits(drafts) if self._critic is not None else {}
        if not misfits:
            return drafts
        least = min(misfits.values())
        out = []
        for draft in drafts:
            # What was not looked at is no better than the worst that was.
            found = misfits.get(id(draft), max(misfits.values()))
            penalty = CRITIC_WEIGHT * math.log((found + CRITIC_FLOOR) / (least + CRITIC_FLOOR))
            out.append(replace(draft, score=draft.score + penalty))
        return out

    def _reading(self, shape: Shape) -> critics.Reading | None:
        if self._critic is None:
            return None
        if shape not in self._readings:
            self._watch()
            self._readings[shape] = critics.reading_of(self._critic, shape)
        return self._readings[shape]

    def _misfits(self, drafts: list[Draft]) -> dict[int, float]:
        best = min(drafts, key=lambda draft: draft.score)
        rivals: dict[tuple[Placed, ...], list[Draft]] = {}
        for draft in sorted(drafts, key=lambda draft: draft.score):
            if draft.hypothesis == best.hypothesis and draft.score < best.score + MAX_RIVAL:
                rivals.setdefault(draft.placed, []).append(draft)
        found: dict[int, float] = {}
        for placed, ends in list(rivals.items())[:CRITIC_LOOKS]:
            reading = self._reading(ends[0].layout.shape)
            if reading is None:
                continue
            with np.errstate(all="ignore"):
                values = _drawn(placed, ends[0], self._watch)
                for draft in ends:
                    enough = (min(found.values(), default=math.inf) + CRITIC_FLOOR) * CRITIC_ENOUGH
                    misfit = critics.misfit(reading.placed, _shown(values, draft.output), enough, self._watch)
                    if misfit is not None:
                        found[id(draft)] = misfit
        return found


def _drawn(placed: Sequence[Placed], draft: Draft, watch: Watch) -> FloatArray:
    """Draw pictures as they are ahead of the output activation."""
    values = to_channels_first(latents(draft.hypothesis.prior, CRITIC_PICTURES, draft.layout.z_dim))
    classes = class_count(placed)
    y = np.arange(CRITIC_PICTURES) % classes if classes else None
    for each in placed:
        watch()
        values = step(each.layer, each.tensors, values, y)
    return values


def _shown(values: FloatArray, output: Output) -> FloatArray:
    """Bring pictures into the range in which the author shows them to the discriminator."""
    for layer in OUTPUT_LAYERS[output][:1]:
        values = step(layer, {}, values)
    return values
