"""The discriminator's scores against those of PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from latentlab.analysis.realism import discriminator_scores
from latentlab.errors import Cancelled
from latentlab.models import dcgan
from latentlab.models.networks import build, load
from latentlab.models.spec import NetworkSpec
from latentlab.models.weight_file import Weights
from latentlab.training.losses import class_score


def judge(channels: int, logits: int = 1) -> tuple[NetworkSpec, Weights]:
    return with_weights(dcgan.discriminator(32, channels, width=4, logits=logits))


def with_weights(spec: NetworkSpec) -> tuple[NetworkSpec, Weights]:
    random, weights = np.random.RandomState(0), {}
    for name, shape in spec.tensors().items():
        values = random.uniform(0.5, 1.5, shape) if name.endswith("running_var") else random.standard_normal(shape)
        weights[name] = values.astype(np.float32)
    return spec, weights


@pytest.mark.parametrize(("channels", "logits"), [(1, 1), (3, 1), (1, 4)])
def test_scores_are_those_of_torch(channels: int, logits: int) -> None:
    spec, weights = judge(channels, logits)
    pixels = np.random.RandomState(1).randint(0, 256, (19, 32, 32, channels)).astype(np.uint8)
    network = load(build(spec), weights).eval()
    with torch.inference_mode():
        photo = torch.from_numpy(pixels.transpose(0, 3, 1, 2)).float() / 127.5 - 1.0
        expected = class_score(network(photo).double()).numpy()
    scores = discriminator_scores(spec, weights, pixels)
    assert scores == pytest.approx(expected, rel=1e-3, abs=1e-3 * float(np.abs(expected).max()))


def test_what_is_told_the_class_scores_each_picture_as_its_own() -> None:
    spec, weights = with_weights(dcgan.discriminator(32, 1, width=4, classes=3))
    pixels = np.random.RandomState(1).randint(0, 256, (5, 32, 32, 1)).astype(np.uint8)
    y = np.array([0, 1, 2, 1, 0])
    network = load(build(spec), weights).eval()
    with torch.inference_mode():
        photo = torch.from_numpy(pixels.transpose(0, 3, 1, 2)).float() / 127.5 - 1.0
        expected = network(photo, torch.from_numpy(y)).double()[:, 0].numpy()
    assert discriminator_scores(spec, weights, pixels, y) == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_what_draws_scores_by_how_near_it_comes() -> None:
    spec, weights = with_weights(dcgan.autoencoder(32, 3, width=4, code=8))
    pixels = np.random.RandomState(1).randint(0, 256, (5, 32, 32, 3)).astype(np.uint8)
    network = load(build(spec), weights).eval()
    with torch.inference_mode():
        photo = torch.from_numpy(pixels.transpose(0, 3, 1, 2)).float() / 127.5 - 1.0
        expected = -((network(photo).double() - photo) ** 2).mean(dim=(1, 2, 3)).numpy()
    assert discriminator_scores(spec, weights, pixels) == pytest.approx(expected, rel=1e-3)


def test_it_can_be_called_off_and_tells_how_far_it_is() -> None:
    spec, weights = judge(1)
    pixels = np.zeros((19, 32, 32, 1), np.uint8)
    told: list[float] = []
    discriminator_scores(spec, weights, pixels, progress=told.append)
    assert told[0] == 0.0
    assert told[-1] == 1.0
    assert len(told) > 2

    def stop(done: float) -> None:
        if done > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        discriminator_scores(spec, weights, pixels, progress=stop)
