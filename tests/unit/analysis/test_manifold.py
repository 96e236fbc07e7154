"""Precision, recall, density and coverage: the authors' package is the oracle."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prdc import compute_prdc

from latentlab.analysis import manifold
from latentlab.analysis.manifold import ManifoldScores, prdc, prdc_with_errors
from latentlab.latent.arrays import FloatArray


def cloud(seed: int, count: int, width: int = 8, scale: float = 1.0, shift: float = 0.0) -> FloatArray:
    return (np.random.RandomState(seed).standard_normal((count, width)) * scale + shift).astype(np.float32)


def values(scores: ManifoldScores) -> list[float]:
    return [scores.precision, scores.recall, scores.density, scores.coverage]


@pytest.mark.parametrize("k", [1, 3, 5])
@pytest.mark.parametrize(
    ("real", "fake"),
    [
        pytest.param(cloud(0, 400), cloud(1, 400), id="same distribution"),
        pytest.param(cloud(0, 300), cloud(1, 250, scale=0.5), id="too narrow"),
        pytest.param(cloud(0, 250), cloud(1, 300, scale=2.0), id="too wide"),
        pytest.param(cloud(0, 300, 128), cloud(1, 300, 128, shift=0.2), id="shifted, 128 wide"),
        pytest.param(cloud(0, 300, shift=100.0), cloud(1, 300, shift=100.0), id="far from the origin"),
        pytest.param(cloud(0, 40, 1), cloud(1, 30, 1), id="one wide"),
    ],
)
def test_agrees_with_the_authors_package(real: FloatArray, fake: FloatArray, k: int) -> None:
    # In float64 the oracle keeps its accuracy far from the origin, too.
    expected = compute_prdc(real.astype(np.float64), fake.astype(np.float64), k)
    assert values(prdc(real, fake, k)) == pytest.approx(
        [expected[name] for name in ("precision", "recall", "density", "coverage")], abs=1e-6
    )


def test_a_line_worked_by_hand() -> None:
    real = np.array([[0.0], [1.0], [3.0]], np.float32)  # radii 1, 1, 2
    fake = np.array([[0.5], [2.5], [9.0]], np.float32)  # radii 2, 2, 6.5
    # 0.5 lies in the balls of 0 and 1, 2.5 in that of 3, 9.0 in none.
    # 0 and 1 lie in the ball of 0.5, 1 and 3 in that of 2.5.
    scores = prdc(real, fake, k=1)
    assert values(scores) == pytest.approx([2 / 3, 1.0, 1.0, 1.0])


@given(seed=st.integers(0, 2**31), real_count=st.integers(6, 60), fake_count=st.integers(6, 60), k=st.integers(1, 5))
@settings(max_examples=60, deadline=None)
def test_ranges_and_symmetry(seed: int, real_count: int, fake_count: int, k: int) -> None:
    real, fake = cloud(seed, real_count, 4), cloud(seed + 1, fake_count, 4, scale=1.5)
    scores, swapped = prdc(real, fake, k), prdc(fake, real, k)
    for share in (scores.precision, scores.recall, scores.coverage):
        assert 0.0 <= share <= 1.0
    assert 0.0 <= scores.density <= real_count / k
    assert (swapped.precision, swapped.recall) == (scores.recall, scores.precision)
    # A covered ball holds a fake sample, which is then precise.
    assert (scores.coverage > 0.0) == (scores.precision > 0.0) == (scores.density > 0.0)


@given(seed=st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_rotation_and_order_change_nothing(seed: int) -> None:
    random = np.random.RandomState(seed)
    real, fake = cloud(seed, 50, 5), cloud(seed + 1, 40, 5)
    rotation = np.linalg.qr(random.standard_normal((5, 5)))[0]
    turned = prdc(
        (real[random.permutation(50)] @ rotation).astype(np.float32),
        (fake[random.permutation(40)] @ rotation).astype(np.float32),
    )
    assert values(turned) == pytest.approx(values(prdc(real, fake)), abs=1e-6)


def test_a_copy_is_perfect_and_a_stranger_worthless() -> None:
    real = cloud(0, 200)
    copy = prdc(real, real.copy())
    assert (copy.precision, copy.recall, copy.coverage) == (1.0, 1.0, 1.0)
    assert values(prdc(real, real + np.float32(1000.0))) == [0.0, 0.0, 0.0, 0.0]


def test_collapse_costs_diversity_not_fidelity() -> None:
    real = cloud(0, 500)
    collapsed = prdc(real, cloud(1, 500, scale=0.2))
    assert collapsed.precision > 0.95
    assert collapsed.density > 1.0
    assert collapsed.recall < 0.1
    assert collapsed.coverage < 0.6


def test_the_size_of_blocks_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real, fake = cloud(0, 101), cloud(1, 97)
    expected = prdc(real, fake)
    monkeypatch.setattr(manifold, "_BLOCK_ELEMENTS", 700)
    assert prdc(real, fake) == expected


def test_memory_stays_far_below_the_full_matrix() -> None:
    real, fake = cloud(0, 4000, 4), cloud(1, 4000, 4)
    tracemalloc.start()
    try:
        prdc(real, fake)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 0.4 * 4000 * 4000 * 8


@pytest.mark.parametrize(
    ("real", "fake", "k", "message"),
    [
        (cloud(0, 20, 4), cloud(1, 20, 5), 5, "cannot be compared"),
        (cloud(0, 20, 4)[0], cloud(1, 20, 4), 5, "cannot be compared"),
        (cloud(0, 5), cloud(1, 20), 5, "need more than 5 samples, not 5"),
        (cloud(0, 20), cloud(1, 4), 5, "need more than 5 samples, not 4"),
        (cloud(0, 20), cloud(1, 20), 0, "k = 0"),
        (cloud(0, 20), np.full((20, 8), np.nan, np.float32), 5, "not finite"),
    ],
)
def test_refuses_what_cannot_be_scored(real: FloatArray, fake: FloatArray, k: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        prdc(real, fake, k)


def test_the_error_of_the_density_is_that_of_a_mean() -> None:
    real = np.array([[0.0], [1.0], [3.0]], np.float32)
    fake = np.array([[0.5], [2.5], [9.0]], np.float32)
    # Of the balls of the first neighbour 2, 1 and 0 hold the samples; their mean has the error 1 / sqrt(3).
    _, errors = prdc_with_errors(real, fake, k=1)
    assert errors.density == pytest.approx(1.0 / np.sqrt(3.0))
    real, fake = cloud(0, 400), cloud(1, 400)
    _, errors = prdc_with_errors(real, fake, k=5)
    drawn = [prdc(real, cloud(seed, 400), k=5).density for seed in range(2, 42)]
    assert errors.density == pytest.approx(float(np.std(drawn, ddof=1)), rel=0.35)
