"""The plane of seeds: seeds at its integer points, typical latents everywhere, no jumps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlab.latent.lattice import on_lattice, place_of, seed_at
from latentlab.latent.priors import MAX_SEED, PRIORS, Prior, component_sigma, sample

PLACES = st.tuples(st.floats(-1e4, 1e4), st.floats(-1e4, 1e4))


@given(st.integers(0, MAX_SEED))
def test_every_seed_has_its_place(seed: int) -> None:
    column, row = place_of(seed)
    assert 0 <= column < 100
    assert seed_at(column, row) == seed


@given(st.integers(-(10**6), 10**6), st.integers(-(10**6), 10**6))
def test_every_integer_point_has_a_seed(column: int, row: int) -> None:
    seed = seed_at(column, row)
    assert 0 <= seed <= MAX_SEED
    assert seed_at(column + 1, row) == (seed + 1) % (MAX_SEED + 1)
    assert seed_at(column, row + 1) == (seed + 100) % (MAX_SEED + 1)


@pytest.mark.parametrize("prior", PRIORS)
@given(column=st.integers(-300, 300), row=st.integers(-300, 300))
def test_an_integer_point_is_its_seed_exactly(prior: Prior, column: int, row: int) -> None:
    found = on_lattice([(column, row)], 6, prior)
    assert np.array_equal(found, sample(prior, 1, 6, seed_at(column, row)))


@pytest.mark.parametrize("prior", PRIORS)
@given(place=PLACES, angle=st.floats(0.0, 6.3))
def test_a_small_step_is_a_small_change(prior: Prior, place: tuple[float, float], angle: float) -> None:
    step = 1e-4
    beside = (place[0] + step * np.cos(angle), place[1] + step * np.sin(angle))
    here, there = on_lattice([place, beside], 16, prior)
    # No component of the sixteen changes by more than a few sigmas from one seed to the next.
    assert np.abs(here - there).max() < 40.0 * step


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("within", [(0.5, 0.5), (0.5, 0.0), (0.25, 0.8)])
def test_between_seeds_latents_are_as_typical_as_seeds(prior: Prior, within: tuple[float, float]) -> None:
    places = [(column + within[0], row + within[1]) for column in range(0, 60, 2) for row in range(0, 60, 2)]
    z = on_lattice(places, 8, prior)
    sigma = component_sigma(prior)
    assert abs(float(z.mean())) < 0.05 * sigma
    # Clipping to the cube takes a little of the uniform prior's deviation; a bare average of four would leave half.
    assert float(z.std()) == pytest.approx(sigma, rel=0.03 if prior == "normal" else 0.12)
    if prior == "uniform":
        assert np.abs(z).max() <= 1.0


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="expected"):
        on_lattice([1.0, 2.0], 4, "normal")
