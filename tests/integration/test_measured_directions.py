"""Measured directions on the real digits: they move what they are named after, and a digit stays that digit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from judge import ROOT, Judge, judge_of, read_mnist

import latentlab
from latentlab.analysis.measured import measured_directions
from latentlab.analysis.quantities import QUANTITIES
from latentlab.analysis.steadiness import STRENGTHS, kendall_tau
from latentlab.latent.directions import Direction
from latentlab.pixels import Pixels
from latentlab.session.opened import OpenedModel

SEEDS = 100
LEAST_TAU, LEAST_SHARE_MOVED, LEAST_SHARE_KEPT = 0.8, 0.85, 0.7
NAMES = ("Slant", "Stroke thickness")


@pytest.fixture(scope="module")
def model() -> OpenedModel:
    return latentlab.open_model(ROOT / "checkpoints" / "digits.safetensors")


@pytest.fixture(scope="module")
def found(model: OpenedModel) -> dict[str, Direction]:
    directions = measured_directions(model.render, model.z_dim, model.prior, NAMES)
    return {direction.name: direction for direction in directions}


@pytest.fixture(scope="module")
def judge(real_data: Path) -> Judge:
    return judge_of(read_mnist(real_data / "mnist"))


def moved(model: OpenedModel, direction: Direction, strength: float) -> Pixels:
    z = np.concatenate([model.sample(1, seed) for seed in range(SEEDS)])
    return model.render(z + np.float32(strength * direction.sigma) * direction.vector)


def test_kendall_tau_is_that_of_the_books() -> None:
    rows = np.array([[1.0, 2, 3, 4], [4, 3, 2, 1], [1, 3, 2, 4], [1, 1, 1, 1]])
    np.testing.assert_allclose(kendall_tau(rows), [1.0, -1.0, 4 / 6, 0.0])


@pytest.mark.parametrize("name", NAMES)
def test_a_direction_moves_what_it_is_named_after(name: str, model: OpenedModel, found: dict[str, Direction]) -> None:
    direction = found[name]
    measured = [QUANTITIES[name].measure(moved(model, direction, strength)) for strength in STRENGTHS]
    values = np.stack(measured, axis=1)
    taus = kendall_tau(values)
    share = float((taus >= LEAST_TAU).mean())
    means = ", ".join(f"{value:.2f}" for value in values.mean(axis=0))
    print(f"\n{name}: R^2 {direction.accuracy:.2f}; tau >= {LEAST_TAU} on {share:.0%} of {SEEDS}; means {means}")
    assert share >= LEAST_SHARE_MOVED


@pytest.mark.parametrize("name", NAMES)
def test_a_digit_stays_that_digit(name: str, model: OpenedModel, found: dict[str, Direction], judge: Judge) -> None:
    read = [judge.probabilities(moved(model, found[name], strength)).argmax(axis=1) for strength in (0.0, -2.0, 2.0)]
    kept = [read[0] == each for each in read[1:]]
    shares = [float(each.mean()) for each in kept]
    both = float((kept[0] & kept[1]).mean())
    print(f"\n{name}: same class on {shares[0]:.0%} at -2, {shares[1]:.0%} at +2 sigma, {both:.0%} at both")
    assert min(shares) >= LEAST_SHARE_KEPT
