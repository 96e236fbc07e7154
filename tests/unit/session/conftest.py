"""What the tests of the document share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from latentlab.latent.priors import Prior
from latentlab.session.card import Card
from latentlab.session.point import Point
from latentlab.session.state import SessionState, Strip, Term, fresh_state

Z_DIM = 6


@pytest.fixture
def make_card() -> Callable[..., Card]:
    """Make a card of a seed, its picture noise of that seed."""

    def make(seed: int = 0, channels: int = 3, z_dim: int = Z_DIM, prior: Prior = "normal", **changes: object) -> Card:
        point = Point.from_seed(seed, z_dim, prior)
        pixels = np.random.RandomState(seed).randint(0, 256, (5, 7, channels)).astype(np.uint8)
        return replace(Card(f"card {seed}", point, point.z((), prior), pixels, prior, "c0ffee", "digits"), **changes)

    return make


@pytest.fixture
def fresh() -> SessionState:
    return fresh_state(Z_DIM, "normal")


@pytest.fixture
def full(make_card: Callable[..., Card]) -> SessionState:
    """Return a state in which no field has its default."""
    edited = Point(Point.from_seed(5, Z_DIM, "uniform").base, 5, "", {"Slant": 1.25, "z 1": -1 / 3}, 0.7, True, 3)
    sum_of_cards = Point(Point.from_seed(6, Z_DIM, "uniform").base, None, "A − B + C")
    strip = Strip(Point.from_seed(7, Z_DIM, "uniform"), sum_of_cards, "b", "lerp", 11)
    cards = tuple(make_card(seed, channels, prior="uniform") for seed, channels in ((1, 1), (2, 3), (3, 1)))
    foreign = make_card(4, z_dim=3, name="Ünïcode 漢字", model_hash="abad1dea", model_name="")
    edited_card = replace(make_card(8, prior="uniform"), point=edited)
    return SessionState(
        z_dim=Z_DIM,
        prior="uniform",
        picture=edited,
        before=Point.from_seed(9, Z_DIM, "uniform"),
        strip=strip,
        terms=(Term(1, cards[:2]), Term(-1, ()), Term(1, (foreign, cards[2]))),
        arithmetic_renormalised=False,
        shelf=(foreign, edited_card, cards[0]),
    )
