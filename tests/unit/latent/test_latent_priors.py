"""Priors: a frozen stream, and norms as statistics gives them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latentlab.latent import priors
from latentlab.latent.priors import PRIORS, Prior

quick = settings(deadline=None, derandomize=True, max_examples=40)

# Recorded once. A change of these is a change of every picture of every seed.
SEED_42: dict[Prior, list[float]] = {
    "normal": [
        0.49671414494514465,
        -0.13826429843902588,
        0.6476885676383972,
        1.5230298042297363,
        -0.2341533750295639,
        -0.23413695394992828,
        1.5792127847671509,
        0.7674347162246704,
        -0.4694743752479553,
        0.5425600409507751,
    ],
    "uniform": [
        -0.25091975927352905,
        0.9014286398887634,
        0.46398788690567017,
        0.197316974401474,
        -0.6879627108573914,
        -0.6880109310150146,
        -0.8838327527046204,
        0.7323523163795471,
        0.20223002135753632,
        0.4161451458930969,
    ],
}


@pytest.mark.parametrize("prior", PRIORS)
def test_the_stream_is_frozen(prior: Prior) -> None:
    expected = np.array(SEED_42[prior], np.float32)
    np.testing.assert_array_equal(priors.sample(prior, 1, 10, 42)[0], expected)
    np.testing.assert_array_equal(priors.sample(prior, 2, 5, 42), expected.reshape(2, 5))


@pytest.mark.parametrize("prior", PRIORS)
@given(count=st.integers(1, 20), z_dim=st.integers(1, 33), seed=st.integers(0, priors.MAX_SEED))
@quick
def test_the_first_row_does_not_depend_on_the_count(prior: Prior, count: int, z_dim: int, seed: int) -> None:
    drawn = priors.sample(prior, count, z_dim, seed)
    assert drawn.shape == (count, z_dim)
    assert drawn.dtype == np.float32
    np.testing.assert_array_equal(drawn[:1], priors.sample(prior, 1, z_dim, seed))


def test_sampling_leaves_the_global_generator_alone() -> None:
    np.random.seed(7)
    expected = np.random.random_sample()
    np.random.seed(7)
    priors.sample("normal", 3, 5, 1)
    assert np.random.random_sample() == expected


@pytest.mark.parametrize("seed", [-1, 2**32, 10**30])
def test_seeds_out_of_range_are_refused(seed: int) -> None:
    with pytest.raises(ValueError, match=str(seed)):
        priors.sample("normal", 1, 4, seed)


def test_the_last_seed_is_a_seed() -> None:
    assert priors.sample("uniform", 1, 4, 2**32 - 1).shape == (1, 4)


def test_unknown_priors_are_refused() -> None:
    with pytest.raises(ValueError, match="laplace"):
        priors.sample("laplace", 1, 4, 0)  # type: ignore[arg-type]


@pytest.mark.parametrize("prior", PRIORS)
def test_sigma_is_that_of_a_projection_on_any_unit_vector(prior: Prior) -> None:
    z = priors.sample(prior, 20_000, 12, 5).astype(np.float64)
    direction = np.random.RandomState(0).standard_normal(12)
    direction /= np.linalg.norm(direction)
    assert (z @ direction).std() == pytest.approx(priors.component_sigma(prior), rel=0.03)
    assert (z @ direction).mean() == pytest.approx(0.0, abs=0.03)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("z_dim", [32, 100, 128])
def test_typicality_is_one_give_or_take_its_spread(prior: Prior, z_dim: int) -> None:
    typical = priors.typicality(priors.sample(prior, 20_000, z_dim, 1), prior)
    assert typical.shape == (20_000,)
    assert typical.mean() == pytest.approx(1.0, abs=0.01)
    # The standard error of a standard deviation of 20,000 is 0.5 %; the formula itself is good to about 1 / z_dim.
    assert typical.std() == pytest.approx(priors.typicality_spread(prior, z_dim), rel=0.015 + 0.5 / z_dim)


@pytest.mark.parametrize(("prior", "mean_square"), [("normal", 1.0), ("uniform", 1.0 / 3.0)])
def test_the_expected_norm_is_the_root_of_the_mean_square(prior: Prior, mean_square: float) -> None:
    assert priors.expected_norm(prior, 48) == pytest.approx(math.sqrt(48 * mean_square), rel=1e-12)


@pytest.mark.parametrize("prior", PRIORS)
def test_typicality_of_midpoints_and_of_sums(prior: Prior) -> None:
    a, b, c = (priors.sample(prior, 2_000, 128, seed) for seed in (1, 2, 3))
    assert priors.typicality((a + b) / 2, prior).mean() == pytest.approx(math.sqrt(0.5), abs=0.01)
    assert priors.typicality(a - b + c, prior).mean() == pytest.approx(math.sqrt(3.0), abs=0.02)


def test_the_share_outside() -> None:
    z = np.array([[0.5, 1.5, -1.5, 1.0], [0, 0, 0, 0]], np.float32)
    np.testing.assert_array_equal(priors.share_outside(z, "uniform"), [0.5, 0.0])
    np.testing.assert_array_equal(priors.share_outside(z, "normal"), [0.0, 0.0])
    assert not priors.share_outside(priors.sample("uniform", 100, 64, 0), "uniform").any()


@given(
    z=arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 40)), elements=st.floats(-50, 50, width=32)),
    prior=st.sampled_from(PRIORS),
)
@quick
def test_renormalising_keeps_the_direction_and_gives_the_norm(z: npt.NDArray[np.float32], prior: Prior) -> None:
    before = z.copy()
    result = priors.renormalise(z, prior)
    np.testing.assert_array_equal(z, before)
    assert result.shape == z.shape
    assert result.dtype == np.float32
    norms = np.linalg.norm(z.astype(np.float64), axis=1)
    target = math.sqrt(z.shape[1]) if prior == "normal" else math.sqrt(z.shape[1] / 3.0)
    for row, original, norm in zip(result, z.astype(np.float64), norms, strict=True):
        expected = original * (target / norm) if norm > 0 else np.zeros_like(original)
        if prior == "uniform":
            expected = np.clip(expected, -1.0, 1.0)
        np.testing.assert_allclose(row, expected, rtol=1e-5, atol=1e-6)


def test_renormalising_twice_is_renormalising_once() -> None:
    z = 1.73 * priors.sample("normal", 10, 64, 0)
    once = priors.renormalise(z, "normal")
    np.testing.assert_allclose(priors.typicality(once, "normal"), 1.0, rtol=1e-6)
    np.testing.assert_allclose(priors.renormalise(once, "normal"), once, rtol=1e-6)
