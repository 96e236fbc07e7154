"""A point in latent space as a hand set it: what is under the sliders."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from latentlab.latent.arrays import FloatArray, frozen
from latentlab.latent.compose import compose
from latentlab.latent.directions import Direction, by_name, offset
from latentlab.latent.priors import Prior, sample

_NO_EDITS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, eq=False)
class Point:
    """A base latent and the edits upon it.

    Attributes:
        base: Shape (z_dim,), float32, read-only.
        seed: The seed that the base was drawn from; None if it came from elsewhere.
        origin: Where it came from if not from a seed, for example ``A - B + C``.
        strengths: Direction name to strength in sigmas; zero strengths are left out.
        truncation: psi, multiplies the base.
        renormalised: Whether the sum is brought back to the norm the prior gives.
        label: The class that it is drawn as, from 0; None where nobody chose one.

    Raises:
        ValueError: If the base is no vector, a number is not finite, or the class is negative.
    """

    base: FloatArray
    seed: int | None = None
    origin: str = ""
    strengths: Mapping[str, float] = field(default_factory=lambda: _NO_EDITS)
    truncation: float = 1.0
    renormalised: bool = False
    label: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "base", frozen(self.base))
        kept = {name: float(value) for name, value in self.strengths.items() if value}
        object.__setattr__(self, "strengths", MappingProxyType(kept))
        object.__setattr__(self, "truncation", float(self.truncation))
        if self.base.ndim != 1 or not np.isfinite(self.base).all():
            raise ValueError("a latent is not a finite vector")
        if not all(math.isfinite(number) for number in (self.truncation, *kept.values())):
            raise ValueError("a strength or the truncation of a latent is not finite")
        if self.label is not None and self.label < 0:
            raise ValueError("the class of a latent is negative")

    @classmethod
    def from_seed(cls, seed: int, z_dim: int, prior: Prior) -> Point:
        """Return the unedited point of a seed."""
        return cls(sample(prior, 1, z_dim, seed)[0], seed)

    def z(self, directions: Sequence[Direction], prior: Prior) -> FloatArray:
        """Return the latent to render, shape (z_dim,), float32; edits along unknown directions are left out."""
        known = {name: value for name, value in self.strengths.items() if _is_known(directions, name)}
        edits = offset(directions, known, len(self.base))
        z: FloatArray = compose(self.base[None], edits, self.truncation, self.renormalised, prior)[0]
        return z

    def with_strength(self, name: str, strength: float) -> Point:
        """Return a copy with one direction set."""
        return replace(self, strengths={**self.strengths, name: strength})

    def title(self) -> str:
        """Name the point in a few words: ``seed 42``, ``seed 42, class 3, edited``, or where it came from."""
        start = f"seed {self.seed}" if self.seed is not None else self.origin or "latent"
        if self.seed is not None and self.label is not None:
            start = f"{start}, class {self.label}"
        edited = bool(self.strengths) or self.truncation != 1.0 or self.renormalised
        return f"{start}, edited" if edited else start

    def same_as(self, other: Point) -> bool:
        """Whether both give the same latent by the same steps."""
        return (
            np.array_equal(self.base, other.base)
            and self.seed == other.seed
            and dict(self.strengths) == dict(other.strengths)
            and self.truncation == other.truncation
            and self.renormalised == other.renormalised
            and self.label == other.label
        )


def _is_known(directions: Sequence[Direction], name: str) -> bool:
    try:
        by_name(directions, name)
    except KeyError:
        return False
    return True
