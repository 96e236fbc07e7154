"""The directions that ship with a model do what they are called, as read by what did not find them."""

from __future__ import annotations

import numpy as np
import pytest
from direction_effects import effects
from judge import ROOT
from name_directions import JUDGE, LEAST_REACHED, judge_of_digits, judge_of_faces

from latentlab.errors import LatentlabError
from latentlab.latent.priors import sample
from latentlab.session.opened import OpenedModel

SEEDS = 40
SEED = 77


def opened(name: str) -> OpenedModel:
    return OpenedModel.from_file(ROOT / "checkpoints" / f"{name}.safetensors")


@pytest.mark.parametrize("name", ["digits", "faces"])
def test_each_model_ships_with_a_dozen_directions_that_differ(name: str) -> None:
    directions = opened(name).generator.directions
    vectors = np.stack([direction.vector for direction in directions])
    assert len(directions) >= 12
    assert np.abs(vectors @ vectors.T - np.eye(len(vectors))).max() < 0.9
    assert all("deviations" in direction.detail for direction in directions)


def test_digits_become_what_a_direction_is_called() -> None:
    model = opened("digits")
    try:
        read, _ = judge_of_digits()
    except LatentlabError as error:
        pytest.skip(str(error))
    directions = model.generator.directions
    found = effects(model.render, read, directions, sample(model.prior, SEEDS, model.z_dim, SEED))
    for direction, steady, reached in zip(directions, found.steady, found.reached, strict=True):
        share = reached if direction.name.endswith("-ness") else steady
        assert share >= LEAST_REACHED, f"{direction.name}: {share:.0%}"


@pytest.mark.skipif(not JUDGE.exists(), reason=f"{JUDGE.name} is made by train_attribute_networks.py faces --judge")
def test_faces_get_what_a_direction_is_called() -> None:
    model = opened("faces")
    read, _ = judge_of_faces()
    # Trained elsewhere, a judge may be just too poor at one of them to be asked.
    directions = [each for each in model.generator.directions if each.name in read.names]
    assert len(directions) >= 12
    found = effects(model.render, read, directions, sample(model.prior, SEEDS, model.z_dim, SEED))
    for direction, steady in zip(directions, found.steady, strict=True):
        assert steady >= 0.7, f"{direction.name}: {steady:.0%}"
