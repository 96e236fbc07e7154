"""Changes that a hand makes on a map: the picture goes where the map's middle is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from latentlab.latent.arrays import FloatArray
from latentlab.session.changes import Change
from latentlab.session.state import SessionState


def set_base(base: FloatArray, seed: int | None, origin: str) -> Change:
    """Start the picture from another latent; the sliders stay where they are.

    Args:
        base: Shape (z_dim,), float32.
        seed: Its seed; None if it has none.
        origin: Where it came from if not from a seed.
    """

    def change(state: SessionState) -> SessionState:
        point = replace(state.picture, base=base, seed=seed, origin=origin)
        if point.same_as(state.picture):
            return state
        at_rest = replace(point, strengths={}, truncation=1.0, renormalised=False)
        return replace(state, picture=point, before=at_rest)

    return change


def set_strengths(strengths: Mapping[str, float]) -> Change:
    """Move the picture along several directions at once, in sigmas."""

    def change(state: SessionState) -> SessionState:
        picture = replace(state.picture, strengths={**state.picture.strengths, **strengths})
        return state if picture.same_as(state.picture) else replace(state, picture=picture)

    return change
