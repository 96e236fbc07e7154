"""Neighbours and children of latents: distances, norms, walls, and where components come from."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlab.latent.breeding import MAX_DISTANCE, WAYS, Way, children, neighbours
from latentlab.latent.priors import PRIORS, Prior, expected_norm, sample, typicality

_DIMS = st.integers(2, 128)
_SEEDS = st.integers(0, 2**32 - 1)
_DISTANCES = st.floats(0.0, MAX_DISTANCE)


@given(z_dim=_DIMS, seed=_SEEDS, distance=_DISTANCES)
def test_normal_neighbours_keep_the_norm_and_the_distance(z_dim: int, seed: int, distance: float) -> None:
    z = sample("normal", 1, z_dim, seed)[0]
    found = neighbours(z, "normal", distance, 8, np.random.RandomState([seed, 1])).astype(np.float64)
    norm = np.linalg.norm(z.astype(np.float64))
    assert np.linalg.norm(found, axis=1) == pytest.approx(np.full(8, norm), rel=1e-5)
    wanted = min(distance * expected_norm("normal", z_dim), 2.0 * norm)
    assert np.linalg.norm(found - z, axis=1) == pytest.approx(np.full(8, wanted), abs=1e-4 * norm)


@given(z_dim=st.integers(8, 128), seed=_SEEDS, distance=st.floats(0.0, 0.8))
def test_uniform_neighbours_stay_in_the_cube_at_their_distance(z_dim: int, seed: int, distance: float) -> None:
    z = sample("uniform", 1, z_dim, seed)[0]
    found = neighbours(z, "uniform", distance, 8, np.random.RandomState(seed))
    assert np.abs(found).max() <= 1.0
    far = np.linalg.norm(found.astype(np.float64) - z, axis=1)
    assert far == pytest.approx(np.full(8, distance * expected_norm("uniform", z_dim)), abs=1e-4)


@given(z_dim=_DIMS, seed=_SEEDS, distance=_DISTANCES, reach=st.floats(1.0, 5.0))
def test_a_latent_outside_the_cube_has_its_neighbours_inside(
    z_dim: int, seed: int, distance: float, reach: float
) -> None:
    z = sample("uniform", 1, z_dim, seed)[0] * np.float32(reach)
    assert np.abs(neighbours(z, "uniform", distance, 4, np.random.RandomState(seed))).max() <= 1.0


@pytest.mark.parametrize("prior", PRIORS)
def test_neighbours_of_samples_are_as_typical_as_samples(prior: Prior) -> None:
    """A walk of neighbours nearly leaves the prior as it is, the mean and variance of its components too."""
    slack = 0.05  # steps are lengthened until they reach as far as was asked for
    random = np.random.RandomState(0)
    z = sample(prior, 600, 16, 1)
    for _ in range(3):
        z = np.concatenate([neighbours(row, prior, 0.5, 1, random) for row in z])
    before = sample(prior, 600, 16, 2)
    assert typicality(z, prior).mean() == pytest.approx(typicality(before, prior).mean(), abs=slack)
    assert z.mean() == pytest.approx(0.0, abs=0.02)
    assert z.var() == pytest.approx(before.var(), rel=2 * slack)


@pytest.mark.parametrize("prior", PRIORS)
def test_the_same_draw_gives_the_same_directions_at_any_distance(prior: Prior) -> None:
    z = sample(prior, 1, 100, 3)[0]
    near, far = (neighbours(z, prior, each, 8, np.random.RandomState(5)) - z for each in (0.05, 0.1))
    cosines = (near * far).sum(axis=1) / (np.linalg.norm(near, axis=1) * np.linalg.norm(far, axis=1))
    assert cosines.min() > 0.99


@pytest.mark.parametrize("prior", PRIORS)
def test_no_distance_is_no_step_and_a_zero_latent_has_neighbours(prior: Prior) -> None:
    z = sample(prior, 1, 100, 3)[0]
    assert neighbours(z, prior, 0.0, 8, np.random.RandomState(0)) == pytest.approx(np.repeat(z[None], 8, 0), abs=1e-6)
    around = neighbours(np.zeros(100, np.float32), prior, 0.5, 8, np.random.RandomState(0))
    assert np.linalg.norm(around, axis=1) == pytest.approx(np.full(8, 0.5 * expected_norm(prior, 100)), rel=1e-4)


@pytest.mark.parametrize("distance", [-0.1, MAX_DISTANCE + 0.01, float("nan")])
def test_a_distance_out_of_range_is_refused(distance: float) -> None:
    with pytest.raises(ValueError, match="outside"):
        neighbours(np.ones(4, np.float32), "normal", distance, 1, np.random.RandomState(0))


@given(z_dim=_DIMS, seed=_SEEDS)
def test_crossing_takes_every_component_from_a_parent(z_dim: int, seed: int) -> None:
    a, b = sample("uniform", 2, z_dim, seed)
    found = children(a, b, "cross", "uniform", 0.0, 8, np.random.RandomState(seed))
    assert (np.isclose(found, a, atol=1e-6) | np.isclose(found, b, atol=1e-6)).all()


def test_crossing_takes_half_from_each_and_another_half_for_each_child() -> None:
    a, b = -np.ones(1000, np.float32), np.ones(1000, np.float32)
    found = children(a, b, "cross", "uniform", 0.0, 8, np.random.RandomState(0))
    assert (found > 0).mean(axis=1) == pytest.approx(np.full(8, 0.5), abs=0.06)
    assert len({row.tobytes() for row in found}) == 8


def test_averages_are_spread_on_the_arc() -> None:
    a, b = sample("normal", 2, 512, 0)
    found = children(a, b, "average", "normal", 0.0, 8, np.random.RandomState(0)).astype(np.float64)
    assert np.linalg.norm(found, axis=1).min() > 0.95 * min(np.linalg.norm(a), np.linalg.norm(b))
    to_a = found @ a / np.linalg.norm(found, axis=1) / np.linalg.norm(a)
    steps = -np.diff(np.arccos(to_a))
    assert (np.abs(np.diff(np.arccos(to_a))) > 0.05).all()
    assert (steps < 0).all()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("prior", PRIORS)
def test_mutation_moves_each_child_so_far(prior: Prior, way: Way) -> None:
    a, b = sample(prior, 2, 100, 4)
    bred, moved = (children(a, b, way, prior, each, 8, np.random.RandomState(2)) for each in (0.0, 0.3))
    if way == "cross":
        # The tosses come before the steps: the first child is tossed alike.
        assert np.linalg.norm(moved - bred, axis=1) == pytest.approx(
            np.full(8, 0.3 * expected_norm(prior, 100)), rel=0.01
        )
    if prior == "uniform":
        assert np.abs(moved).max() <= 1.0
    assert not np.allclose(bred, moved)


def test_parents_of_different_widths_are_refused_and_a_zero_parent_is_not() -> None:
    with pytest.raises(ValueError, match="different shapes"):
        children(np.ones(3, np.float32), np.ones(4, np.float32), "cross", "normal", 0.0, 1, np.random.RandomState(0))
    found = children(
        np.zeros(4, np.float32), np.ones(4, np.float32), "average", "normal", 0.0, 3, np.random.RandomState(0)
    )
    assert found == pytest.approx(np.repeat([[0.25], [0.5], [0.75]], 4, axis=1))
