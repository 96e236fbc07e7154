"""An attribute network on ONNX Runtime gives what torch gives, for pictures of any size and colour."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from latentlab.analysis.classifier import PictureClassifier
from latentlab.errors import Cancelled
from latentlab.models.classifier_file import Classifier, ClassifierCard, Kind, Output
from latentlab.models.layers import Activation, BatchNorm, Conv, Linear, Reshape
from latentlab.models.networks import build, load, weights_of
from latentlab.models.spec import NetworkSpec
from latentlab.pixels import Pixels, to_photo

Make = Callable[[Kind, int], Classifier]


@pytest.fixture(scope="module")
def make() -> Make:
    """Make an untrained network with BatchNorm statistics of its own."""

    def classifier(kind: Kind, channels: int) -> Classifier:
        layers = (
            *(Conv(channels, 6, 4, 2, 1), BatchNorm(6), Activation("relu")),
            *(Conv(6, 6, 3, 1, 1), Activation("leaky_relu")),
            *(Reshape(384, 0, 0), Linear(384, 9, False), BatchNorm(9), Activation("relu"), Linear(9, 5)),
        )
        spec = NetworkSpec((channels, 16, 16), layers)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(3)
            network = build(spec).train()
            for _ in range(3):
                network(torch.rand(32, channels, 16, 16) * 2 - 1)
        card = ClassifierCard("test", kind, spec, tuple(Output(name, 0.8, 5, 5) for name in "abcde"))
        return Classifier(card, weights_of(network))

    return classifier


def noise(count: int, height: int, width: int, channels: int) -> Pixels:
    return np.random.RandomState(0).randint(0, 256, (count, height, width, channels)).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_logits_and_features_are_those_of_torch(make: Make, channels: int) -> None:
    classifier = make("sigmoid", channels)
    reader = PictureClassifier(classifier, threads=1)
    pixels = noise(200, 16, 16, channels)
    network = load(build(classifier.card.network), classifier.weights)
    with torch.inference_mode():
        photos = torch.from_numpy(to_photo(pixels))
        logits, features = network(photos).numpy(), network[:-1](photos).numpy()
    assert reader.logits(pixels) == pytest.approx(logits, abs=1e-4)
    assert reader.features(pixels) == pytest.approx(features, abs=1e-4)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(16, 16), (12, 12), (64, 64), (30, 20)])
@pytest.mark.parametrize("given", [1, 3])
def test_any_picture_can_be_read(make: Make, channels: int, size: tuple[int, int], given: int) -> None:
    logits = PictureClassifier(make("sigmoid", channels), threads=1).logits(noise(3, *size, given))
    assert logits.shape == (3, 5)
    assert np.isfinite(logits).all()


def test_grey_is_read_as_colour_of_equal_parts(make: Make) -> None:
    reader, pixels = PictureClassifier(make("sigmoid", 3), threads=1), noise(4, 16, 16, 1)
    assert np.array_equal(reader.logits(pixels), reader.logits(pixels.repeat(3, axis=3)))


def test_chances_of_classes_are_the_softmax_and_of_attributes_each_its_own(make: Make) -> None:
    pixels = noise(50, 16, 16, 1)
    classes, attributes = (PictureClassifier(make(kind, 1), threads=1) for kind in ("softmax", "sigmoid"))
    logits = classes.logits(pixels).astype(np.float64)
    softmax = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert classes.probabilities(pixels) == pytest.approx(softmax, abs=1e-5)
    assert attributes.probabilities(pixels) == pytest.approx(1.0 / (1.0 + np.exp(-logits)), abs=1e-5)
    most = classes.log_odds(pixels) > 0.0
    assert np.array_equal(most, softmax > 0.5)


def test_no_picture_gives_no_row(make: Make) -> None:
    reader = PictureClassifier(make("softmax", 1), threads=1)
    assert reader.probabilities(noise(0, 16, 16, 1)).shape == (0, 5)


def test_reading_can_be_cancelled(make: Make) -> None:
    def stop(done: float) -> None:
        if done > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        PictureClassifier(make("softmax", 1), threads=1).logits(noise(500, 16, 16, 1), stop)
