"""A - B + C against plain numpy, and the neighbourhood of figure 7."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latentlab.latent.arithmetic import NEIGHBOUR_SCALE, Term, combine, neighbourhood

finite = st.floats(-20.0, 20.0, width=32)


@given(
    groups=st.lists(
        st.tuples(st.floats(-3, 3), arrays(np.float32, st.tuples(st.integers(1, 4), st.just(6)), elements=finite)),
        min_size=1,
        max_size=5,
    )
)
@settings(deadline=None, derandomize=True, max_examples=60)
def test_an_expression_is_the_weighted_sum_of_means(groups: list[tuple[float, npt.NDArray[np.float32]]]) -> None:
    expected = np.zeros(6)
    for weight, rows in groups:
        for row in rows:
            expected += weight * row.astype(np.float64) / len(rows)
    result = combine([Term(weight, rows) for weight, rows in groups])
    assert result.shape == (6,)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, expected, rtol=1e-6, atol=1e-5)


def test_glasses() -> None:
    a, b, c = np.random.RandomState(0).standard_normal((3, 3, 8)).astype(np.float32)
    result = combine([Term(1, a), Term(-1, b), Term(1, c)])
    np.testing.assert_allclose(result, a.mean(axis=0) - b.mean(axis=0) + c.mean(axis=0), atol=1e-6)


def test_a_term_alone_is_itself() -> None:
    z = np.array([[0.1, -0.2, 1e-9]], np.float32)
    np.testing.assert_array_equal(combine([Term(1, z)]), z[0])


def test_what_cannot_be_added_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one term"):
        combine([])
    with pytest.raises(ValueError, match="at least one exemplar"):
        combine([Term(1, np.zeros((1, 3), np.float32)), Term(1, np.zeros((0, 3), np.float32))])
    with pytest.raises(ValueError, match="different widths"):
        combine([Term(1, np.zeros((1, 3), np.float32)), Term(1, np.zeros((1, 4), np.float32))])


def test_the_neighbourhood_surrounds_the_result() -> None:
    z = np.random.RandomState(1).standard_normal(200).astype(np.float32)
    around = neighbourhood(z, seed=3)
    assert around.shape == (9, 200)
    assert around.dtype == np.float32
    np.testing.assert_array_equal(around[4], z)
    offsets = np.delete(around, 4, axis=0) - z
    assert np.abs(offsets).max() <= NEIGHBOUR_SCALE + 1e-6
    assert offsets.std() == pytest.approx(NEIGHBOUR_SCALE / np.sqrt(3), rel=0.05)
    assert len(np.unique(around, axis=0)) == 9
    np.testing.assert_array_equal(around, neighbourhood(z, seed=3))
    assert not np.array_equal(around, neighbourhood(z, seed=4))
    np.testing.assert_allclose(neighbourhood(z, 3, scale=2.5) - z, 10 * (around - z), atol=1e-4)
