"""Directions as objects, edits along them, and composing the latent that is rendered."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from latentlab.errors import ValueRangeError
from latentlab.latent import priors
from latentlab.latent.arrays import frozen
from latentlab.latent.compose import compose
from latentlab.latent.directions import (
    Direction,
    axis_directions,
    by_name,
    conditioned,
    coordinate,
    cosines,
    offset,
)
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


# cosines, conditioning and coordinates


def directions_of(seed: int, count: int, z_dim: int, prior: Prior = "normal") -> tuple[Direction, ...]:
    sigma = priors.component_sigma(prior)
    rows = priors.sample("normal", count, z_dim, seed)
    return tuple(Direction(f"d{index}", "test", row, sigma) for index, row in enumerate(rows))


@given(seed=st.integers(0, 2**31), count=st.integers(0, 6), z_dim=st.integers(2, 40))
@quick
def test_cosines_are_those_of_the_vectors(seed: int, count: int, z_dim: int) -> None:
    directions = directions_of(seed, count, z_dim)
    matrix = cosines(directions)
    assert matrix.shape == (count, count)
    np.testing.assert_array_equal(matrix, matrix.T)
    np.testing.assert_array_equal(np.diag(matrix), np.ones(count))
    assert (np.abs(matrix) <= 1.0).all()
    for row, column in np.ndindex(count, count):
        a, b = (directions[index].vector.astype(np.float64) for index in (row, column))
        assert matrix[row, column] == pytest.approx(a @ b / np.linalg.norm(a) / np.linalg.norm(b), abs=1e-6)


def test_cosines_of_different_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        cosines((SMILING, Direction("wide", "test", np.ones(4, np.float32), 1.0)))


@given(seed=st.integers(0, 2**31), locked=st.integers(1, 5), z_dim=st.integers(8, 40), prior=st.sampled_from(PRIORS))
@quick
def test_a_conditioned_direction_leaves_the_locked_ones_alone(seed: int, locked: int, z_dim: int, prior: Prior) -> None:
    first, *others = directions_of(seed, locked + 1, z_dim, prior)
    result = conditioned(first, others)
    for other in others:
        assert abs(float(result.vector.astype(np.float64) @ other.vector)) < 1e-5
    # It is what is left of the first one: the rest lies in the span of the others.
    rest = first.vector.astype(np.float64) - (first.vector @ result.vector) * result.vector.astype(np.float64)
    basis = np.linalg.qr(np.stack([other.vector for other in others]).T.astype(np.float64))[0]
    np.testing.assert_allclose(basis @ (basis.T @ rest), rest, atol=1e-5)
    assert float(first.vector @ result.vector) > 0.0
    assert np.linalg.norm(result.vector.astype(np.float64)) == pytest.approx(1.0, abs=1e-6)
    assert result.sigma == priors.component_sigma(prior)


@given(seed=st.integers(0, 2**31), copies=st.integers(1, 3))
@quick
def test_locking_the_same_thing_twice_is_locking_it_once(seed: int, copies: int) -> None:
    first, other = directions_of(seed, 2, 12)
    once = conditioned(first, [other])
    again = conditioned(first, [other, *[Direction("again", "test", -other.vector, 1.0)] * copies])
    np.testing.assert_allclose(again.vector, once.vector, atol=1e-5)
    np.testing.assert_allclose(conditioned(once, [other]).vector, once.vector, atol=1e-5)


def test_a_conditioned_direction_says_what_it_is() -> None:
    tilted = Direction("Tilted", "sefa", np.array([1, 0, 1], np.float32), 0.7, "found", "layer 1", 0.9, "c0ffee")
    result = conditioned(tilted, [GLASSES])
    np.testing.assert_allclose(result.vector, [1, 0, 0], atol=1e-6)
    assert (result.name, result.source, result.sigma) == ("Tilted | Glasses", "sefa", 0.7)
    assert result.detail == "71% of Tilted, orthogonal to Glasses"
    assert (result.layer, result.accuracy, result.model) == ("layer 1", None, "c0ffee")
    assert conditioned(tilted, []) is tilted


@pytest.mark.parametrize("locked", [(SMILING,), (GLASSES, Direction("sum", "test", np.array([3, 4, 7]), 1.0))])
def test_nothing_left_is_said_in_one_line(locked: tuple[Direction, ...]) -> None:
    with pytest.raises(ValueRangeError, match=r"Smiling: nothing of it is left beside .*\. Unlock"):
        conditioned(SMILING, locked)


@given(seed=st.integers(0, 2**31), strength=st.floats(-20, 20), prior=st.sampled_from(PRIORS))
@quick
def test_a_step_of_a_strength_raises_the_coordinate_by_it(seed: int, strength: float, prior: Prior) -> None:
    (direction,) = directions_of(seed, 1, 16, prior)
    z = priors.sample(prior, 1, 16, seed)[0]
    moved = z + offset((direction,), {"d0": strength}, 16)
    assert coordinate(moved, direction) - coordinate(z, direction) == pytest.approx(strength, abs=1e-4)
    assert coordinate(np.zeros(16, np.float32), direction) == 0.0


@pytest.mark.parametrize("prior", PRIORS)
def test_coordinates_of_samples_have_the_deviation_one(prior: Prior) -> None:
    (direction,) = directions_of(5, 1, 16, prior)
    positions = [coordinate(z, direction) for z in priors.sample(prior, 4000, 16, 0)]
    assert np.std(positions) == pytest.approx(1.0, abs=0.03)
