"""The document: everything a user can change and undo, frozen."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

from latentlab.latent.directions import Direction
from latentlab.latent.interpolation import Mode
from latentlab.latent.priors import Prior
from latentlab.session.card import Card
from latentlab.session.point import Point
from latentlab.session.sliders import SliderLayout

End = Literal["a", "b"]
MIN_FRAMES, MAX_FRAMES = 3, 24
FIRST_SEEDS = (42, 7)


@dataclass(frozen=True)
class Strip:
    """The row of pictures between two points.

    Attributes:
        a: The left end where it stands by itself.
        b: The right end where it stands by itself.
        held: The end that is under the sliders and follows the picture; None if both stand by themselves.
        mode: How the frames between are found.
        frames: Pictures in the strip, both ends included.
    """

    a: Point
    b: Point
    held: End | None = "a"
    mode: Mode = "slerp"
    frames: int = 8

    def end(self, which: End) -> Point:
        """Return an end as it stands by itself."""
        return self.a if which == "a" else self.b


@dataclass(frozen=True)
class Term:
    """One term of the arithmetic panel.

    Attributes:
        sign: +1 or -1.
        cards: The exemplars whose mean is taken; none yet where empty.
    """

    sign: int
    cards: tuple[Card, ...] = ()


@dataclass(frozen=True)
class SessionState:
    """What is under the hand and around it.

    Attributes:
        z_dim: Of the open model.
        prior: Of the open model.
        picture: The point under the sliders.
        before: What compare shows instead while it is held: the picture as it was picked up, or its seed unedited.
        strip: The strip and its ends.
        terms: A - B + C.
        arithmetic_renormalised: Whether the result of the arithmetic is brought back to the shell.
        shelf: The user's cards.
        directions: The user's own: found, imported or made; those of the model come with it.
        sliders: Which directions are locked, marked, hidden, and in what order.
    """

    z_dim: int
    prior: Prior
    picture: Point
    before: Point
    strip: Strip
    terms: tuple[Term, Term, Term] = (Term(1), Term(-1), Term(1))
    arithmetic_renormalised: bool = True
    shelf: tuple[Card, ...] = ()
    directions: tuple[Direction, ...] = ()
    sliders: SliderLayout = field(default_factory=SliderLayout)

    def end(self, which: End) -> Point:
        """Return an end of the strip; the one that is held is the picture itself."""
        return self.picture if self.strip.held == which else self.strip.end(which)


def fresh_state(z_dim: int, prior: Prior, seeds: tuple[int, int] = FIRST_SEEDS) -> SessionState:
    """Return the state of a model just opened: a picture, and a strip from it to another."""
    picture, other = (Point.from_seed(seed, z_dim, prior) for seed in seeds)
    return SessionState(z_dim, prior, picture, picture, Strip(picture, other))


def adopted(state: SessionState, z_dim: int, prior: Prior) -> SessionState:
    """Carry a state over to another model.

    Where the new model takes the same latents, everything stays, edits by name; where not, the points start anew and
    all else stays.
    """
    if (z_dim, prior) == (state.z_dim, state.prior):
        return state
    fresh = fresh_state(z_dim, prior)
    strip = replace(fresh.strip, mode=state.strip.mode, frames=state.strip.frames)
    return replace(
        state,
        z_dim=z_dim,
        prior=prior,
        picture=fresh.picture,
        before=fresh.before,
        strip=strip,
        directions=(),
        sliders=SliderLayout(),
    )
