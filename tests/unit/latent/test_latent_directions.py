"""Directions as objects, edits along them, and composing the latent that is rendered."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latentlab.latent import priors
from latentlab.latent.arrays import frozen
from latentlab.latent.compose import compose
from latentlab.latent.directions import Direction, axis_directions, by_name, offset
from latentlab.latent.priors import PRIORS, Prior

quick = settings(deadline=None, derandomize=True, max_examples=40)

SMILING = Direction("Smiling", "measured", np.array([3, 4, 0], np.float32), 1.0)
GLASSES = Direction("Glasses", "measured", np.array([0, 0, -2], np.float32), 0.5)


def test_a_frozen_array_is_a_read_only_copy() -> None:
    original = np.array([1.0, 2.0])
    copy = frozen(original)
    original[0] = 9.0
    assert copy.dtype == np.float32
    np.testing.assert_array_equal(copy, [1.0, 2.0])
    with pytest.raises(ValueError, match="read-only"):
        copy[0] = 5.0


@given(vector=arrays(np.float32, st.integers(1, 200), elements=st.floats(-1e3, 1e3, width=32)))
@quick
def test_a_direction_is_a_read_only_unit_vector(vector: npt.NDArray[np.float32]) -> None:
    norm = np.linalg.norm(vector.astype(np.float64))
    assume(norm > 1e-3)
    direction = Direction("d", "test", vector, 1.0)
    assert direction.vector.dtype == np.float32
    np.testing.assert_allclose(direction.vector, vector / norm, rtol=1e-5, atol=1e-7)
    assert np.linalg.norm(direction.vector.astype(np.float64)) == pytest.approx(1.0, abs=1e-6)
    assert not direction.vector.flags.writeable
    assert not np.shares_memory(direction.vector, vector)


@pytest.mark.parametrize("vector", [[0, 0, 0], [math.nan, 1, 0], [math.inf, 1, 0]])
def test_a_vector_without_direction_is_refused(vector: list[float]) -> None:
    with pytest.raises(ValueError, match="'nowhere' has no direction"):
        Direction("nowhere", "test", np.array(vector, np.float32), 1.0)


@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_the_size_of_a_finite_vector_does_not_matter(size: float) -> None:
    np.testing.assert_allclose(Direction("d", "test", np.array([size, 0], np.float32), 1.0).vector, [1, 0])


@pytest.mark.parametrize("prior", PRIORS)
def test_axes_are_the_components_of_z(prior: Prior) -> None:
    axes = axis_directions(7, prior)
    np.testing.assert_array_equal(np.stack([axis.vector for axis in axes]), np.eye(7, dtype=np.float32))
    assert [axis.name for axis in axes] == [f"z {number}" for number in range(1, 8)]
    assert {axis.sigma for axis in axes} == {priors.component_sigma(prior)}
    assert {axis.source for axis in axes} == {"axis"}


@pytest.mark.parametrize("name", ["Smiling", "smiling", "SMILING", "  smiling "])
def test_names_are_found_in_any_case(name: str) -> None:
    assert by_name((GLASSES, SMILING), name) is SMILING


@pytest.mark.parametrize("name", ["", "Smil", "Smiling 2"])
def test_unknown_names_are_refused(name: str) -> None:
    with pytest.raises(KeyError):
        by_name((GLASSES, SMILING), name)
    with pytest.raises(KeyError):
        offset((GLASSES, SMILING), {name: 1.0}, 3)


def test_an_unknown_name_is_refused_at_strength_zero_too() -> None:
    with pytest.raises(KeyError):
        offset((SMILING,), {"Smilling": 0.0}, 3)


def test_edits_add_up_in_units_of_sigma() -> None:
    edit = offset((SMILING, GLASSES), {"smiling": 2.0, "Glasses": -3.0}, 3)
    np.testing.assert_allclose(edit, 2.0 * np.array([0.6, 0.8, 0]) - 3.0 * 0.5 * np.array([0, 0, -1]), atol=1e-6)
    assert edit.dtype == np.float32


def test_no_edit_is_zero_of_the_right_width() -> None:
    np.testing.assert_array_equal(offset((SMILING,), {}, 5), np.zeros(5, np.float32))
    np.testing.assert_array_equal(offset((SMILING,), {"Smiling": 0.0}, 3), np.zeros(3, np.float32))


# compose: psi * base + offset, then back to the shell where asked


@given(truncation=st.floats(0.0, 2.0), rows=st.integers(1, 4), one_offset=st.booleans())
@quick
def test_composing_is_truncation_then_edits(truncation: float, rows: int, one_offset: bool) -> None:
    base = priors.sample("normal", rows, 9, 0)
    edit = priors.sample("normal", rows, 9, 1)
    edit = edit[0] if one_offset else edit
    result = compose(base, edit, truncation)
    assert result.shape == (rows, 9)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, truncation * base.astype(np.float64) + edit, atol=1e-5)


@pytest.mark.parametrize("prior", PRIORS)
def test_composing_renormalises_the_sum_not_the_parts(prior: Prior) -> None:
    base, edit = priors.sample(prior, 3, 16, 0), 3 * priors.sample(prior, 1, 16, 1)[0]
    result = compose(base, edit, 0.5, True, prior)
    np.testing.assert_allclose(result, priors.renormalise(np.float32(0.5) * base + edit, prior), atol=1e-6)
    if prior == "normal":
        np.testing.assert_allclose(np.linalg.norm(result, axis=1), 4.0, rtol=1e-5)


def test_nothing_set_leaves_the_base_as_it_is() -> None:
    base = priors.sample("normal", 2, 9, 0)
    base.flags.writeable = False
    np.testing.assert_array_equal(compose(base, np.zeros(9, np.float32)), base)
    np.testing.assert_array_equal(compose(base, np.zeros(9, np.float32), 0.0, True), np.zeros((2, 9), np.float32))
