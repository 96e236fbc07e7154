"""The turn vector: one mean less another."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.analysis.contrast import contrast
from latentlab.errors import ValueRangeError
from latentlab.latent.priors import PRIORS, Prior, component_sigma, sample


@given(seed=st.integers(0, 2**31), plus=st.integers(1, 9), minus=st.integers(1, 9), prior=st.sampled_from(PRIORS))
@settings(deadline=None, derandomize=True, max_examples=40)
def test_it_leads_from_one_mean_to_the_other(seed: int, plus: int, minus: int, prior: Prior) -> None:
    z = sample(prior, plus + minus, 12, seed)
    direction = contrast("Turn", z[:plus], z[plus:], prior, "c0ffee")
    way = z[:plus].astype(np.float64).mean(axis=0) - z[plus:].astype(np.float64).mean(axis=0)
    np.testing.assert_allclose(direction.vector, way / np.linalg.norm(way), atol=1e-5)
    back = contrast("Turn", z[plus:], z[:plus], prior)
    np.testing.assert_allclose(back.vector, -direction.vector, atol=1e-6)
    assert (direction.source, direction.model, direction.sigma) == ("cards", "c0ffee", component_sigma(prior))
    distance = np.linalg.norm(way) / component_sigma(prior)
    assert direction.detail == f"{plus} less {minus} cards, {distance:.2g} sigma apart"


@pytest.mark.parametrize(
    ("plus", "minus", "why"),
    [
        (np.zeros((0, 4)), np.ones((1, 4)), "needs cards on both sides"),
        (np.ones((1, 4)), np.zeros((0, 4)), "needs cards on both sides"),
        (np.ones((1, 4)), np.ones((1, 5)), "widths 4 and 5"),
        (np.ones((2, 4)), np.ones((3, 4)), "both sides have the same mean"),
    ],
)
def test_cards_that_say_nothing_are_refused(plus: np.ndarray, minus: np.ndarray, why: str) -> None:
    with pytest.raises(ValueRangeError, match=f"Turn: .*{why}"):
        contrast("Turn", plus.astype(np.float32), minus.astype(np.float32), "normal")
