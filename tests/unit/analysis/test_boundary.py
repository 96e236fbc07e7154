"""The boundary in z: it finds what is planted, however rare, and says how good it is."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from latentlab.analysis.boundary import balanced_accuracy, boundary, logistic_regression
from latentlab.errors import ValueRangeError
from latentlab.latent.arrays import FloatArray
from latentlab.latent.priors import PRIORS, Prior, sample

Z_DIM = 32
AXIS = np.linalg.qr(np.random.RandomState(1).standard_normal((Z_DIM, 2)))[0].T.astype(np.float32)


def scored(prior: Prior, count: int, rarity: float, noise: float = 0.5) -> tuple[FloatArray, FloatArray]:
    """Draw z and scores that rise along AXIS[0], blurred, of which a share `rarity` is positive."""
    z = sample(prior, count, Z_DIM, 0)
    raw = z @ AXIS[0] + noise * np.random.RandomState(2).standard_normal(count)
    return z, np.asarray(raw - np.quantile(raw, 1.0 - rarity), np.float32)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("rarity", [0.5, 0.1, 0.02])
def test_a_planted_axis_is_found(prior: Prior, rarity: float) -> None:
    z, scores = scored(prior, 5000, rarity)
    direction = boundary(z, scores, prior, "Planted", "test", "cafe", "known")
    assert float(direction.vector @ AXIS[0]) >= 0.95
    assert (direction.name, direction.source, direction.model) == ("Planted", "test", "cafe")
    assert direction.sigma == pytest.approx(1.0 if prior == "normal" else 3.0**-0.5)
    assert direction.detail.startswith("known; boundary ")
    assert direction.created


def test_the_accuracy_is_what_new_samples_give() -> None:
    z, scores = scored("normal", 6000, 0.2)
    direction = boundary(z[:4000], scores[:4000], "normal", "Planted", "test")
    along, has = z[4000:] @ direction.vector, scores[4000:] > 0.0
    best = max(balanced_accuracy(along > cut, has) for cut in np.linspace(-1.0, 2.0, 61))
    assert direction.accuracy == pytest.approx(best, abs=0.03)


def test_noise_is_no_better_than_guessing() -> None:
    z = sample("normal", 4000, Z_DIM, 0)
    scores = np.random.RandomState(5).standard_normal(4000).astype(np.float32)
    assert boundary(z, scores, "normal", "Nothing", "test").accuracy == pytest.approx(0.5, abs=0.05)


def test_a_property_of_opposite_corners_is_said_to_be_none() -> None:
    z = sample("normal", 4000, Z_DIM, 0)
    direction = boundary(z, np.abs(z @ AXIS[0]) - np.float32(0.67), "normal", "Far out", "test")
    assert direction.accuracy is not None
    assert direction.accuracy < 0.6


@pytest.mark.parametrize(("sign", "which"), [(1, "have"), (-1, "lack")])
def test_too_few_samples_on_one_side_are_refused(sign: int, which: str) -> None:
    z = sample("normal", 200, Z_DIM, 0)
    scores = np.full(200, -sign, np.float32)
    scores[:19] = sign
    with pytest.raises(ValueRangeError, match=f"^Bald: only 19 of 200 samples {which} it. Take more samples.$"):
        boundary(z, scores, "normal", "Bald", "test")


def test_the_regression_is_that_of_scikit_learn() -> None:
    z, scores = scored("normal", 800, 0.15)
    points, has = z.astype(np.float64), scores > 0.0
    slope, offset = logistic_regression(points, has)
    # Its loss is the sum over samples, balanced weights adding up to their number; C is one over the ridge.
    oracle = LogisticRegression(C=1.0 / (1e-3 * len(points)), class_weight="balanced", tol=1e-10, max_iter=2000)
    oracle.fit(points, has)
    assert slope == pytest.approx(oracle.coef_[0], abs=1e-4)
    assert offset == pytest.approx(float(oracle.intercept_[0]), abs=1e-4)


def test_separable_samples_do_not_run_away() -> None:
    z = sample("normal", 500, 4, 0)
    slope, offset = logistic_regression(z.astype(np.float64), z[:, 0] > 0.0)
    assert np.isfinite([*slope, offset]).all()
    assert slope[0] / np.linalg.norm(slope) > 0.99


def test_balanced_accuracy_gives_each_side_half_a_say() -> None:
    truth = np.array([True] + [False] * 9)
    assert balanced_accuracy(np.zeros(10, bool), truth) == 0.5
    assert balanced_accuracy(truth, truth) == 1.0
