"""Distances between sets of features: against published implementations, closed forms and scikit-learn."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from scipy.linalg import sqrtm
from scipy.stats import wasserstein_distance
from sklearn.metrics.pairwise import polynomial_kernel
from sklearn.neighbors import NearestNeighbors

from latentlab.analysis.manifold import prdc, prdc_with_errors
from latentlab.analysis.metrics.diversity import mean_pairwise_distance
from latentlab.analysis.metrics.estimate import GROUPS, Estimate, jackknife_error
from latentlab.analysis.metrics.frechet import Moments, frechet, frechet_distance
from latentlab.analysis.metrics.kernel_distance import kernel_distance, polynomial_mmd
from latentlab.analysis.metrics.neighbours import nearest_distance
from latentlab.analysis.metrics.sliced_wasserstein import (
    laplacian_pyramid,
    levels_of,
    sliced_wasserstein,
    slices_distance,
)
from latentlab.errors import Cancelled
from latentlab.latent.arrays import FloatArray

# What torch-fidelity 0.4 makes of `recorded_features`: its formulas run on the very same arrays, Inception left out.
RECORDED_FRECHET = 118.10053356444848
RECORDED_KID = 710.8604023393448  # mean over 20 subsets of 100, rng_seed 2020
RECORDED_PRECISION, RECORDED_RECALL = 0.17666666209697723, 0.699999988079071  # prc_neighborhood 3


def recorded_features() -> tuple[FloatArray, FloatArray]:
    random = np.random.RandomState(5)
    a = np.maximum(random.standard_normal((400, 24)) @ random.standard_normal((24, 24)), 0)
    b = np.maximum(random.standard_normal((300, 24)) @ (random.standard_normal((24, 24)) * 1.2) + 0.3, 0)
    return a.astype(np.float32), b.astype(np.float32)


def gaussian(count: int, width: int, seed: int, mean: float = 0.0, deviation: float = 1.0) -> FloatArray:
    values = np.random.RandomState(seed).standard_normal((count, width)) * deviation + mean
    return values.astype(np.float32)


def exact(mean: npt.ArrayLike, covariance: npt.ArrayLike) -> Moments:
    """Return moments that are known, as if of very many features."""
    count = 10**6
    return Moments(count, np.asarray(mean, np.float64), np.asarray(covariance, np.float64) * (count - 1))


# Fréchet distance


def test_frechet_distance_is_that_of_torch_fidelity() -> None:
    a, b = recorded_features()
    assert frechet_distance(Moments.of(a), Moments.of(b)) == pytest.approx(RECORDED_FRECHET, rel=1e-4)


def test_frechet_distance_of_known_gaussians() -> None:
    """Diagonal covariances commute: the distance is that of means plus that of deviations."""
    a = exact([0.0, 1.0, 2.0], np.diag([1.0, 4.0, 9.0]))
    b = exact([3.0, 1.0, 0.0], np.diag([4.0, 4.0, 1.0]))
    assert frechet_distance(a, b) == pytest.approx(9.0 + 4.0 + (1.0 - 2.0) ** 2 + 0.0 + (3.0 - 1.0) ** 2, rel=1e-9)


def test_frechet_distance_of_covariances_that_do_not_commute() -> None:
    random = np.random.RandomState(0)
    roots = random.standard_normal((2, 6, 6))
    a, b = (each @ each.T for each in roots)
    expected = np.trace(a + b) - 2.0 * np.trace(sqrtm(a @ b).real)
    assert frechet_distance(exact(np.zeros(6), a), exact(np.zeros(6), b)) == pytest.approx(expected, rel=1e-9)
    assert frechet_distance(exact(np.zeros(6), b), exact(np.zeros(6), a)) == pytest.approx(expected, rel=1e-9)


def test_frechet_distance_is_stable_where_covariances_are_singular() -> None:
    """Features that are always zero, and fewer pictures than features: where a plain matrix root turns complex."""
    a, b = gaussian(20, 64, 0), gaussian(20, 64, 1)
    a[:, :8] = b[:, :8] = 0.0
    assert math.isfinite(frechet_distance(Moments.of(a), Moments.of(b)))
    assert frechet_distance(Moments.of(a), Moments.of(a.copy())) == pytest.approx(0.0, abs=1e-6)


def test_moments_without_a_part_are_those_of_the_rest() -> None:
    values = gaussian(500, 7, 3, mean=2.0)
    rest = Moments.of(values).without(Moments.of(values[:120]))
    direct = Moments.of(values[120:])
    assert rest.count == 380
    assert np.allclose(rest.mean, direct.mean, atol=1e-9)
    assert np.allclose(rest.covariance, direct.covariance, atol=1e-6)
    assert np.allclose(Moments.of(values).covariance, np.cov(values, rowvar=False), atol=1e-6)


def test_frechets_error_is_its_scatter_over_other_samples() -> None:
    real = Moments.of(gaussian(4000, 8, 0))
    found = [frechet(real, gaussian(600, 8, seed, mean=0.4, deviation=1.3)) for seed in range(1, 25)]
    scatter = np.std([each.value for each in found], ddof=1)
    assert np.mean([each.error for each in found]) == pytest.approx(scatter, rel=0.4)
    expected = 8 * (0.4**2 + 0.3**2)
    assert np.mean([each.value for each in found]) == pytest.approx(expected, rel=0.05)


def test_frechet_distance_refuses_what_cannot_be_compared() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        frechet_distance(Moments.of(gaussian(9, 3, 0)), Moments.of(gaussian(9, 4, 0)))
    with pytest.raises(ValueError, match="two pictures"):
        frechet_distance(Moments.of(gaussian(1, 3, 0)), Moments.of(gaussian(9, 3, 0)))
    broken = gaussian(9, 3, 0)
    broken[4, 1] = np.inf
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="not finite"):
        frechet_distance(Moments.of(gaussian(9, 3, 0)), Moments.of(broken))


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    values = np.random.RandomState(0).standard_normal(50)
    without = [float(np.delete(values, row).mean()) for row in range(50)]
    assert jackknife_error(without) == pytest.approx(values.std(ddof=1) / math.sqrt(50))


# kernel distance


def test_kernel_discrepancy_is_that_of_torch_fidelity() -> None:
    a, b = recorded_features()
    random = np.random.RandomState(2020)
    values = [
        polynomial_mmd(a[random.choice(400, 100, replace=False)], b[random.choice(300, 100, replace=False)])
        for _ in range(20)
    ]
    assert np.mean(values) == pytest.approx(RECORDED_KID, rel=1e-4)


def test_kernel_discrepancy_is_that_of_scikit_learns_kernel() -> None:
    a, b = gaussian(30, 5, 0), gaussian(40, 5, 1, mean=0.5)
    within_a, within_b, between = (polynomial_kernel(*pair, degree=3) for pair in ((a, a), (b, b), (a, b)))
    np.fill_diagonal(within_a, 0.0)
    np.fill_diagonal(within_b, 0.0)
    expected = within_a.sum() / (30 * 29) + within_b.sum() / (40 * 39) - 2.0 * between.mean()
    assert polynomial_mmd(a, b) == pytest.approx(expected, rel=1e-4)


def test_kernel_distance_takes_all_pictures_at_once() -> None:
    a, b = gaussian(200, 5, 0), gaussian(230, 5, 1, mean=0.5)
    assert kernel_distance(a, b).value == pytest.approx(polynomial_mmd(a, b[:200]), rel=1e-9)


def test_kernel_distance_of_known_gaussians() -> None:
    """In one dimension the kernel compares the first three moments: 3 m^2 + 3 m^4 + (m^3 + 3 m)^2 for a shift by m."""
    shift = 0.5
    expected = 3 * shift**2 + 3 * shift**4 + (shift**3 + 3 * shift) ** 2
    found = kernel_distance(gaussian(3000, 1, 0), gaussian(3000, 1, 1, mean=shift))
    low, high = found.interval()
    assert low < expected < high
    assert 0.0 < found.error < 0.2 * expected


def test_kernel_distance_has_no_bias() -> None:
    """Two samples of one distribution: about as often below zero as above, and the intervals hold zero."""
    found = [kernel_distance(gaussian(200, 4, seed), gaussian(200, 4, 1000 + seed)) for seed in range(40)]
    values = np.array([each.value for each in found])
    assert abs(values.mean()) < 3.0 * values.std(ddof=1) / math.sqrt(len(values))
    assert sum(low < 0.0 < high for low, high in (each.interval() for each in found)) >= 34


def test_kernel_distance_refuses_too_few() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        kernel_distance(gaussian(2 * GROUPS - 1, 3, 0), gaussian(100, 3, 0))


# manifolds


def test_precision_and_recall_are_those_of_torch_fidelity() -> None:
    a, b = recorded_features()
    scores = prdc(a, b, 3)
    assert scores.precision == pytest.approx(RECORDED_PRECISION, abs=1e-4)
    assert scores.recall == pytest.approx(RECORDED_RECALL, abs=1e-4)


def test_the_errors_of_manifold_scores_are_their_scatter() -> None:
    real = gaussian(400, 4, 0)
    found = [prdc_with_errors(real, gaussian(400, 4, seed, deviation=1.5)) for seed in range(1, 25)]
    for name in ("precision", "density"):
        scatter = np.std([getattr(scores, name) for scores, _ in found], ddof=1)
        assert np.mean([getattr(errors, name) for _, errors in found]) == pytest.approx(scatter, rel=0.5)


# nearest neighbours, diversity


def test_nearest_distance_is_that_of_scikit_learn() -> None:
    held_out, samples = gaussian(150, 6, 0, mean=30.0), gaussian(3000, 6, 1, mean=30.0)
    distances, _ = NearestNeighbors(n_neighbors=1).fit(samples).kneighbors(held_out)
    found = nearest_distance(held_out, samples)
    assert found.value == pytest.approx(distances.mean(), rel=1e-4)
    assert found.error == pytest.approx(distances.std(ddof=1) / math.sqrt(150), rel=1e-3)
    assert nearest_distance(held_out, samples[:300]).value > found.value


def test_mean_pairwise_distance_of_a_gaussian() -> None:
    """The difference of two has twice the variance: sqrt(2) times the mean of a chi distribution."""
    width = 5
    expected = math.sqrt(2.0) * math.sqrt(2.0) * math.gamma((width + 1) / 2) / math.gamma(width / 2)
    found = mean_pairwise_distance(gaussian(4000, width, 0))
    assert abs(found.value - expected) < 4.0 * found.error
    assert found.error < 0.02 * expected


# sliced Wasserstein


def test_slices_are_wasserstein_distances() -> None:
    a, b = gaussian(500, 4, 0), gaussian(500, 4, 1, mean=0.7, deviation=2.0)
    directions = gaussian(4, 3, 2)
    directions /= np.linalg.norm(directions, axis=0)
    expected = np.mean([wasserstein_distance(a @ each, b @ each) for each in directions.T])
    assert slices_distance(a, b, directions) == pytest.approx(expected, rel=1e-4)


def test_a_shift_moves_every_slice_by_its_part() -> None:
    points, shift = gaussian(100, 3, 0), np.array([1.0, -2.0, 0.5], np.float32)
    directions = np.eye(3, dtype=np.float32)
    assert slices_distance(points, points + shift, directions) == pytest.approx(3.5 / 3, rel=1e-5)


def test_the_pyramid_splits_pictures_without_loss() -> None:
    photos = gaussian(2 * 3 * 32, 32, 0).reshape(2, 3, 32, 32)
    fine, coarse = laplacian_pyramid(photos, 2)
    assert (fine.shape, coarse.shape) == ((2, 3, 32, 32), (2, 3, 16, 16))
    spread = np.zeros_like(photos)
    spread[:, :, ::2, ::2] = 4.0 * coarse
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256.0
    framed = np.pad(spread, ((0, 0), (0, 0), (2, 2), (2, 2)), mode="reflect")
    windows = np.lib.stride_tricks.sliding_window_view(framed, (5, 5), axis=(2, 3))
    assert np.allclose(fine + np.einsum("nchwij,ij->nchw", windows, kernel), photos, atol=1e-5)
    flat = np.ones((1, 1, 32, 32), np.float32)
    assert np.allclose(next(laplacian_pyramid(flat, 2)), 0.0, atol=1e-6)


@pytest.mark.parametrize(
    ("side", "levels"), [(16, (16,)), (32, (32, 16)), (64, (64, 32, 16)), (28, (28,)), (48, (48, 24))]
)
def test_levels_end_at_sixteen_pixels(side: int, levels: tuple[int, ...]) -> None:
    assert levels_of(side) == levels


def test_sliced_wasserstein_sees_blur() -> None:
    """Pictures of crisp blocks, against others of their kind and against blurred ones."""
    blocks = np.random.RandomState(0).randint(0, 256, (3, 64, 8, 8, 1)).astype(np.uint8)
    real, other, third = blocks.repeat(4, axis=2).repeat(4, axis=3)
    near = [np.roll(third.astype(int), (y, x), (1, 2)) for y in (-1, 0, 1) for x in (-1, 0, 1)]
    blurred = (sum(near) // 9).astype(np.uint8)
    floor, distance = sliced_wasserstein(real, other), sliced_wasserstein(real, blurred)
    assert distance.value > floor.value + 5.0 * (floor.error + distance.error)
    assert sliced_wasserstein(real, other).value == floor.value


# all of them


@pytest.mark.parametrize(
    "work",
    [
        lambda told: frechet(Moments.of(gaussian(100, 3, 0)), gaussian(100, 3, 1), told),
        lambda told: kernel_distance(gaussian(100, 3, 0), gaussian(100, 3, 1), told),
        lambda told: prdc(gaussian(100, 3, 0), gaussian(100, 3, 1), 5, told),
        lambda told: nearest_distance(gaussian(100, 3, 0), gaussian(100, 3, 1), told),
        lambda told: sliced_wasserstein(
            np.zeros((8, 16, 16, 1), np.uint8), np.zeros((8, 16, 16, 1), np.uint8), progress=told
        ),
    ],
)
def test_progress_ascends_to_one_and_may_cancel(work: Callable[[Callable[[float], None]], object]) -> None:
    told: list[float] = []
    work(told.append)
    assert told[0] == 0.0
    assert told[-1] == pytest.approx(1.0)
    assert told == sorted(told)

    def stop(done: float) -> None:
        if done > 0.0:
            raise Cancelled

    with pytest.raises(Cancelled):
        work(stop)


@pytest.mark.parametrize(
    ("value", "error", "words"),
    [
        (0.95, 0.0089, "0.9500 ± 0.0089"),
        (94620.3, 7712.0, "94,620 ± 7,700"),
        (17.868, 3.2, "17.9 ± 3.2"),
        (1.0, 0.0, "1 ± 0"),
        (1.0, float("nan"), "1 ± nan"),
        (-0.758, 0.57, "-0.76 ± 0.57"),
        (-0.0001, 0.2, "0.00 ± 0.20"),
        (1.0, 0.0995, "1.00 ± 0.10"),
        (0.5, 1e-12, "0.5 ± 1e-12"),
    ],
)
def test_a_figure_has_the_decimals_of_its_error(value: float, error: float, words: str) -> None:
    assert Estimate(value, error, 10).in_words() == words
