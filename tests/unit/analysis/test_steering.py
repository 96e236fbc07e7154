"""Steering: a direction comes to do what it is to do, and does not shrink to nothing for it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from latentlab.analysis import steering
from latentlab.analysis.steering import Steering
from latentlab.bench.subject import random_generator
from latentlab.data.resize import fit, to_channels
from latentlab.errors import Cancelled
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.models.card import DataSource
from latentlab.models.checkpoint import Generator
from latentlab.models.classifier_file import Classifier, ClassifierCard, Output
from latentlab.models.layers import Linear, Reshape
from latentlab.models.spec import NetworkSpec
from latentlab.pixels import to_photo
from latentlab.session.opened import OpenedModel

STRENGTHS = np.linspace(-3.0, 3.0, 9, dtype=np.float32)


@pytest.fixture(scope="module")
def generator() -> Generator:
    return random_generator(16, 1, 4, z_dim=8)


def reader(kind: str = "sigmoid", outputs: int = 1, side: int = 16) -> Classifier:
    """Return a network that adds up the pixels with random weights, another set for each output."""
    spec = NetworkSpec((1, side, side), (Reshape(side**2, 0, 0), Linear(side**2, outputs)))
    random = np.random.default_rng(0)
    weights = {
        "1.weight": random.standard_normal((outputs, side**2)).astype(np.float32),
        "1.bias": np.zeros(outputs, np.float32),
    }
    named = tuple(Output(f"x{index}", 0.9, 1, 1) for index in range(outputs))
    return Classifier(ClassifierCard("x", kind, spec, named, DataSource("x")), weights)  # type: ignore[arg-type]


def start(seed: int = 0) -> Direction:
    return Direction("x", "attributes", np.random.default_rng(seed).standard_normal(8).astype(np.float32), 1.0)


def values(generator: Generator, network: Classifier, vector: FloatArray) -> FloatArray:
    """Return what the first output says of fresh seeds along a direction, shape (64, strengths)."""
    model = OpenedModel(generator)
    z = model.sample(64, seed=99)
    moved = (z[:, None] + STRENGTHS[:, None] * vector).reshape(-1, model.z_dim)
    flat = to_photo(model.render(moved)).reshape(len(moved), -1)
    return np.asarray((flat @ network.weights["1.weight"][0]).reshape(64, len(STRENGTHS)))


def rises(walked: FloatArray) -> tuple[float, float]:
    """Return the mean correlation with the strength and the mean slope."""
    centred = walked - walked.mean(axis=1, keepdims=True)
    slopes = centred @ STRENGTHS / (STRENGTHS @ STRENGTHS)
    along = STRENGTHS / np.linalg.norm(STRENGTHS)
    return float((centred @ along / np.linalg.norm(centred, axis=1)).mean()), float(slopes.mean())


def test_a_steered_direction_rises_more_steadily(generator: Generator) -> None:
    network = reader()
    before = start(seed=7)
    told: list[float] = []
    steer = Steering(generator, network)
    after = steer(before, 0, told.append)
    (steady, slope), (steadier, steeper) = (rises(values(generator, network, each.vector)) for each in (before, after))
    assert steadier > steady + 0.1
    assert steeper > 0.5 * slope
    assert steer.steadiness(after, 0) > steer.steadiness(before, 0)
    assert after.name == before.name
    assert "steered: rises steadily for" in after.detail
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_a_direction_that_cannot_be_bettered_stays(generator: Generator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steering, "STEPS", 1)
    monkeypatch.setattr(steering, "_LR", 1e-9)
    before = start()
    assert Steering(generator, reader())(before, 0) is before


def test_steering_is_called_off_at_its_next_step(generator: Generator) -> None:
    def stop(done: float) -> None:
        if done > 0.0:
            raise Cancelled

    with pytest.raises(Cancelled):
        Steering(generator, reader())(start(), 0, stop)


def test_of_classes_the_odds_against_all_others_rise(generator: Generator) -> None:
    network = reader("softmax", 3)
    steer = Steering(generator, network)
    z = OpenedModel(generator).sample(5, seed=1)
    photo = to_photo(OpenedModel(generator).render(z)).reshape(5, -1)
    logits = photo @ network.weights["1.weight"].T
    share = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    wanted = np.log(share[:, 1] / (1.0 - share[:, 1]))
    np.testing.assert_allclose(steer._read(z, 1), wanted, rtol=0.02, atol=0.15)


@pytest.mark.parametrize(("height", "width", "channels"), [(28, 28, 1), (32, 32, 3), (24, 20, 1), (32, 32, 1)])
def test_pictures_come_to_a_network_as_they_do_elsewhere(height: int, width: int, channels: int) -> None:
    pixels = np.zeros((2, height, width, channels), np.uint8)
    pixels[:, 4:-4, 6:-5] = np.random.default_rng(0).integers(0, 255, (2, height - 8, width - 11, channels))
    seen = steering._as_seen(torch.from_numpy(to_photo(pixels)), (1, 32, 32)).numpy()
    np.testing.assert_allclose(seen, to_photo(to_channels(fit(pixels, 32), 1)), atol=1.01 / 127.5)


def test_pictures_of_another_size_are_resized() -> None:
    shaded = np.linspace(0, 255, 64).astype(np.uint8)
    pixels = np.broadcast_to(shaded[None, None, :, None], (1, 64, 64, 1)).copy()
    seen = steering._as_seen(torch.from_numpy(to_photo(pixels)), (3, 32, 32)).numpy()
    assert seen.shape == (1, 3, 32, 32)
    np.testing.assert_allclose(seen[:, 0], to_photo(fit(pixels, 32))[:, 0], atol=4 / 127.5)


@pytest.mark.parametrize(("classes", "label"), [(1, 0), (5, 0), (5, 2)])
def test_a_generator_of_classes_is_steered_as_one_of_them(
    class_generator: Callable[..., Generator], classes: int, label: int
) -> None:
    model = OpenedModel(class_generator(classes))
    network = reader(side=model.generator.card.generator.height)
    z = model.sample(5, seed=1)
    photo = to_photo(model.render(z, label)).mean(1).reshape(5, -1)
    said = Steering(model.generator, network, label)._read(z, 0)
    np.testing.assert_allclose(said, photo @ network.weights["1.weight"][0], rtol=0.05, atol=0.3)
