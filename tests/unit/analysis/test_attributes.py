"""Directions from an attribute network, with the bar as oracle: the network is trained here, on bars of its own.

Identifiable are all four known axes, since the network knows all four; |cosine| >= 0.95.
"""

from __future__ import annotations

from collections.abc import Callable

import bar_renderer as bar
import numpy as np
import pytest

from latentlab.analysis.attributes import attribute_directions
from latentlab.analysis.classifier import PictureClassifier
from latentlab.errors import Cancelled
from latentlab.latent.priors import sample
from latentlab.models.classifier_file import Classifier, ClassifierCard, Output
from latentlab.models.layers import Activation, BatchNorm, Conv, Linear, Reshape
from latentlab.models.spec import NetworkSpec
from latentlab.training.classifier import ClassifierConfig, train_classifier

Record = Callable[[str, str, float], None]

NEVER = "Never seen"
LEAST_COSINE = 0.95


@pytest.fixture(scope="module")
def network() -> PictureClassifier:
    """Train a network to tell on which side of the middle a bar lies on each known axis, and a fifth, empty thing."""
    names = (*bar.KNOWN, NEVER)
    layers = (
        *(Conv(1, 8, 4, 2, 1), BatchNorm(8), Activation("relu")),
        *(Conv(8, 16, 4, 2, 1), BatchNorm(16), Activation("relu")),
        *(Reshape(1024, 0, 0), Linear(1024, 16), Activation("relu"), Linear(16, len(names))),
    )
    spec = NetworkSpec((1, 32, 32), layers)
    z = sample("normal", 2000, bar.Z_DIM, seed=11)
    answers = np.stack([bar.factor(name, z) > 0.0 for name in bar.KNOWN], axis=1).astype(np.float32)
    answers = np.concatenate([answers, np.full((len(z), 1), np.nan, np.float32)], axis=1)
    answers[:2, -1] = (0.0, 1.0)
    config = ClassifierConfig(epochs=3, batch=64, shift=0.0, turn_degrees=0.0, scale=0.0)
    weights = train_classifier(spec, bar.draw(z), answers, config)
    weights["9.weight"][-1], weights["9.bias"][-1] = 0.0, -1.0
    card = ClassifierCard("bars", "sigmoid", spec, tuple(Output(name, 0.9, 10, 10) for name in names))
    return PictureClassifier(Classifier(card, weights), threads=1)


def test_a_network_that_knows_them_finds_the_axes_of_the_bar(network: PictureClassifier, record_cosine: Record) -> None:
    told: list[float] = []
    found = attribute_directions(bar.draw, bar.Z_DIM, "normal", network, 2000, progress=told.append, model="cafe")
    assert tuple(direction.name for direction in found.directions) == bar.KNOWN
    for direction in found.directions:
        cosine = float(direction.vector @ bar.AXES[direction.name])
        record_cosine("5 attributes", direction.name, cosine)
        assert cosine >= LEAST_COSINE
        assert direction.accuracy is not None
        assert direction.accuracy > 0.85
        assert (direction.source, direction.model) == ("attributes", "cafe")
        assert direction.detail.startswith("bars, 90% right on real pictures; boundary ")
    assert found.left_out == {NEVER: "only 0 of 2000 samples have it"}
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_it_can_be_cancelled(network: PictureClassifier) -> None:
    def stop(done: float) -> None:
        if done > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        attribute_directions(bar.draw, bar.Z_DIM, "normal", network, 500, progress=stop)
