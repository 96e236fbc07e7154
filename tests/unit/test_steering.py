"""Steering: a direction comes to do what it is to do, and does not shrink to nothing for it."""

from __future__ import annotations

import numpy as np
import pytest
from steering import steered

from latentlab.bench.subject import random_generator
from latentlab.latent.directions import Direction
from latentlab.models.card import DataSource
from latentlab.models.classifier_file import Classifier, ClassifierCard, Output
from latentlab.models.layers import Linear, Reshape
from latentlab.models.spec import NetworkSpec
from latentlab.pixels import to_photo
from latentlab.session.opened import OpenedModel

STRENGTHS = np.linspace(-3.0, 3.0, 9, dtype=np.float32)


def rises(model: OpenedModel, network: Classifier, direction: Direction) -> tuple[float, float]:
    """Return the mean correlation of the output with the strength over fresh seeds, and its mean slope."""
    z = model.sample(64, seed=99)
    moved = (z[:, None] + STRENGTHS[:, None] * direction.vector).reshape(-1, model.z_dim)
    flat = to_photo(model.render(moved)).reshape(len(moved), -1)
    values = (flat @ network.weights["1.weight"][0]).reshape(64, len(STRENGTHS))
    centred = values - values.mean(axis=1, keepdims=True)
    slopes = centred @ STRENGTHS / (STRENGTHS @ STRENGTHS)
    along = STRENGTHS / np.linalg.norm(STRENGTHS)
    return float((centred @ along / np.linalg.norm(centred, axis=1)).mean()), float(slopes.mean())


def test_a_steered_direction_rises_more_steadily() -> None:
    generator = random_generator(16, 1, 4, z_dim=8)
    spec = NetworkSpec((1, 16, 16), (Reshape(256, 0, 0), Linear(256, 1)))
    random = np.random.default_rng(0)
    weights = {"1.weight": random.standard_normal((1, 256)).astype(np.float32), "1.bias": np.zeros(1, np.float32)}
    card = ClassifierCard("x", "sigmoid", spec, (Output("x", 0.9, 1, 1),), DataSource("x"))
    network, model = Classifier(card, weights), OpenedModel(generator)
    start = random.standard_normal(8).astype(np.float32)
    before = Direction("x", "attributes", start / np.linalg.norm(start), 1.0)
    if rises(model, network, before)[1] < 0.0:
        before = Direction("x", "attributes", -before.vector, 1.0)
    after = steered(before, generator, network, 0)
    (steady, slope), (steadier, steeper) = rises(model, network, before), rises(model, network, after)
    assert steadier > steady + 0.1
    assert steeper > 0.5 * slope
    assert np.linalg.norm(after.vector) == pytest.approx(1.0, abs=1e-5)
    assert after.name == before.name
