"""Regression of a quantity on z, and the turn towards the least change."""

from __future__ import annotations

import bar_renderer as bar
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score

from latentlab.analysis.measured import fit, measured_directions
from latentlab.analysis.picture_metric import STEP_SIGMA, calmest, picture_metric
from latentlab.errors import Cancelled, ValueRangeError
from latentlab.latent.arrays import FloatArray
from latentlab.latent.priors import PRIORS, Prior, component_sigma, sample
from latentlab.pixels import Pixels

quick = settings(deadline=None, derandomize=True, max_examples=30)


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("count", [40, 400])
def test_the_regression_is_that_of_scikit_learn(prior: Prior, count: int) -> None:
    z = sample(prior, count, 6, 0)
    noise = np.random.RandomState(1).standard_normal(count)
    values = 50.0 + 3.0 * (z @ np.array([1.0, -2, 0.5, 0, 0, 3])) + noise
    seen = count - count // 5
    x = z.astype(np.float64) / component_sigma(prior)
    mean, scale = values[:seen].mean(), values[:seen].std()
    oracle = Ridge(alpha=1.0).fit(x[:seen], (values[:seen] - mean) / scale)
    found = fit(z, values, prior)
    np.testing.assert_allclose(found.gradient, oracle.coef_, atol=1e-9)
    assert found.r2 == pytest.approx(r2_score(values[seen:], mean + scale * oracle.predict(x[seen:])), abs=1e-9)


def test_what_z_does_not_tell_has_no_accuracy() -> None:
    z = sample("normal", 500, 8, 0)
    assert fit(z, np.random.RandomState(3).standard_normal(500), "normal").r2 < 0.05
    assert fit(z, (z[:, 0] ** 2).astype(np.float64), "normal").r2 < 0.1


def linear_pictures(matrix: np.ndarray, prior: Prior = "normal") -> object:
    """Return a renderer of 4x4 grey pictures that are a linear function of z."""

    def draw(z: FloatArray) -> Pixels:
        return np.rint(128 + z @ matrix.T).clip(0, 255).astype(np.uint8).reshape(-1, 4, 4, 1)

    return draw


@pytest.mark.parametrize("prior", PRIORS)
def test_the_metric_of_linear_pictures_is_known(prior: Prior) -> None:
    matrix = np.random.RandomState(0).standard_normal((16, 5)) * 12.0
    expected = matrix.T @ matrix * component_sigma(prior) ** 2
    rounding = 16 / 6 / (2.0 * STEP_SIGMA) ** 2
    found = picture_metric(linear_pictures(matrix), 5, prior, points=600)
    np.testing.assert_allclose(found - rounding * np.eye(5), expected, atol=0.08 * expected.max())
    np.testing.assert_array_equal(found, found.T)


@given(seed=st.integers(0, 2**31), share=st.floats(0.01, 10.0))
@quick
def test_no_direction_buys_the_change_at_less(seed: int, share: float) -> None:
    random = np.random.RandomState(seed)
    factor, gradient = random.standard_normal((7, 7)), random.standard_normal(7)
    metric = factor @ factor.T
    best = calmest(gradient, metric, share)
    price = metric + share * np.trace(metric) / 7 * np.eye(7)

    def cost(direction: np.ndarray) -> float:
        return float(direction @ price @ direction) / float(direction @ gradient) ** 2

    assert best @ gradient > 0.0
    for other in random.standard_normal((20, 7)):
        assert cost(best) <= cost(other) * (1 + 1e-9)
        assert cost(best) <= cost(best + 0.1 * other) * (1 + 1e-9)


def test_where_nothing_changes_the_gradient_stays() -> None:
    gradient = np.arange(3.0)
    np.testing.assert_array_equal(calmest(gradient, np.zeros((3, 3))), gradient)
    np.testing.assert_allclose(calmest(gradient, np.eye(3), 1e9) * 1e9, gradient, rtol=1e-6)


def test_all_quantities_share_their_pictures() -> None:
    drawn = []

    def draw(z: FloatArray) -> Pixels:
        drawn.append(len(z))
        return bar.draw(z)

    measured_directions(draw, bar.Z_DIM, "normal", ["Brightness"], 200)
    alone = sum(drawn)
    drawn.clear()
    measured_directions(draw, bar.Z_DIM, "normal", ["Brightness", "Slant", "Contrast"], 200)
    assert sum(drawn) == alone == 200 + 16 * 2 * bar.Z_DIM


def test_a_direction_tells_where_it_comes_from() -> None:
    found = measured_directions(bar.draw, bar.Z_DIM, "uniform", ["Slant"], 500, model="c0ffee")
    (slant,) = found
    assert (slant.name, slant.source, slant.model) == ("Slant", "measured", "c0ffee")
    assert slant.sigma == pytest.approx(3.0**-0.5)
    assert slant.accuracy is not None
    assert slant.detail.endswith(f"R² {slant.accuracy:.2f} on 100 samples held out")
    assert len(slant.created) == len("2026-01-31")


def test_what_never_varies_gives_no_direction() -> None:
    names = ["Left-right balance", "Brightness"]
    grey = lambda z: np.full((len(z), 8, 8, 1), 90, np.uint8)  # noqa: E731
    assert measured_directions(grey, 4, "normal", names, 100) == ()


@pytest.mark.parametrize(
    ("quantities", "samples", "why"),
    [
        (["Smile"], 100, "Smile: is no quantity. There are Brightness, "),
        (["Slant"], 63, "63 samples: is outside 64 to"),
        (["Slant"], 1_000_001, "1000001 samples: is outside"),
    ],
)
def test_what_is_impossible_is_refused(quantities: list[str], samples: int, why: str) -> None:
    with pytest.raises(ValueRangeError, match=why):
        measured_directions(bar.draw, bar.Z_DIM, "normal", quantities, samples)


@pytest.mark.parametrize("at", [0.0, 0.3, 0.95])
def test_it_can_be_cancelled_at_any_stage(at: float) -> None:
    def cancel(done: float) -> None:
        if done >= at:
            raise Cancelled

    with pytest.raises(Cancelled):
        measured_directions(bar.draw, bar.Z_DIM, "normal", ["Slant"], 600, progress=cancel)


def test_progress_ascends_from_nothing_to_all() -> None:
    seen: list[float] = []
    measured_directions(bar.draw, bar.Z_DIM, "normal", ["Slant"], 600, progress=seen.append)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)
