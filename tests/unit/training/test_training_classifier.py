"""The trainer of classifiers: it learns, it is repeatable, and it is fair to what is rare or unknown."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from latentlab.errors import Cancelled
from latentlab.models.layers import Activation, BatchNorm, Conv, Linear, Reshape
from latentlab.models.networks import build, load
from latentlab.models.spec import NetworkSpec
from latentlab.pixels import Pixels, to_photo
from latentlab.training.classifier import ClassifierConfig, augment, train_classifier

PLAIN = ClassifierConfig(epochs=2, batch=32, shift=0.0, turn_degrees=0.0, scale=0.0)


def network(outputs: int) -> NetworkSpec:
    layers = (Conv(1, 4, 4, 2, 1), BatchNorm(4), Activation("relu"), Reshape(64, 0, 0), Linear(64, outputs))
    return NetworkSpec((1, 8, 8), layers)


def stripes(count: int, seed: int = 0) -> tuple[Pixels, np.ndarray]:
    """Draw noise with a bright row: class 0 in the upper half, class 1 in the lower."""
    random = np.random.RandomState(seed)
    pixels = random.randint(0, 120, (count, 8, 8, 1)).astype(np.uint8)
    rows = random.randint(0, 8, count)
    pixels[np.arange(count), rows] = 250
    return pixels, (rows >= 4).astype(np.int64)


def logits(spec: NetworkSpec, weights: dict[str, np.ndarray], pixels: Pixels) -> np.ndarray:
    with torch.inference_mode():
        return np.asarray(load(build(spec), weights)(torch.from_numpy(to_photo(pixels))))


def test_classes_are_learned() -> None:
    spec, (pixels, classes) = network(2), stripes(1000)
    losses: list[float] = []
    weights = train_classifier(spec, pixels, classes, PLAIN, lambda _, loss: losses.append(loss))
    unseen, truth = stripes(300, seed=1)
    assert (logits(spec, weights, unseen).argmax(axis=1) == truth).mean() > 0.95
    assert len(losses) == 2
    assert losses[1] < losses[0]


def test_the_loss_of_an_epoch_is_the_mean_of_its_batches() -> None:
    """What does not fill a batch is left out, of the loss too: 63 pictures alike lose as much as 32 of them."""
    (pixels, classes), losses = stripes(1), list[float]()
    still = replace(PLAIN, epochs=1, peak_lr=0.0)
    for count in (32, 63):
        alike = pixels.repeat(count, axis=0), classes.repeat(count)
        train_classifier(network(2), *alike, still, lambda _, loss: losses.append(loss))
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_fewer_pictures_than_a_batch_are_refused() -> None:
    with pytest.raises(ValueError, match="31 pictures are no batch of 32"):
        train_classifier(network(2), *stripes(31), PLAIN)


def test_training_is_repeatable_and_leaves_global_chance_alone() -> None:
    spec, (pixels, classes) = network(2), stripes(200)
    before = torch.get_rng_state()
    config = ClassifierConfig(epochs=1, batch=32, light=0.1, flip=True)
    first, second = (train_classifier(spec, pixels, classes, config) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert all(np.array_equal(first[name], second[name]) for name in first)
    other = train_classifier(spec, pixels, classes, ClassifierConfig(epochs=1, batch=32, seed=1))
    assert not np.array_equal(first["4.weight"], other["4.weight"])


def test_unknown_answers_teach_nothing() -> None:
    """Wrong answers to the second question, then the same pictures without them: the first is learned all the same."""
    spec, (pixels, classes) = network(2), stripes(600)
    answers = np.stack([classes, classes], axis=1).astype(np.float32)
    answers[100:, 1] = np.nan
    weights = train_classifier(spec, pixels, answers, PLAIN)
    unseen, truth = stripes(300, seed=1)
    said = logits(spec, weights, unseen) > 0.0
    assert (said[:, 0] == truth).mean() > 0.9
    filled = np.where(np.isnan(answers), 1.0, answers).astype(np.float32)
    assert not np.array_equal(weights["4.weight"], train_classifier(spec, pixels, filled, PLAIN)["4.weight"])


def test_a_rare_attribute_is_judged_as_if_both_answers_were_common() -> None:
    """Where the picture says nothing, the logit is about 0, not the log-odds of one in twenty."""
    random = np.random.RandomState(0)
    pixels = random.randint(0, 256, (2000, 8, 8, 1)).astype(np.uint8)
    answers = (random.rand(2000, 1) < 0.05).astype(np.float32)
    spec = network(1)
    weights = train_classifier(spec, pixels, answers, PLAIN)
    assert abs(float(np.median(logits(spec, weights, pixels)))) < 0.7
    assert float(np.log(0.05 / 0.95)) < -2.9


def test_a_caller_can_stop_it() -> None:
    def stop(epoch: int, loss: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        train_classifier(network(2), *stripes(64), PLAIN, stop)


def test_no_augmentation_changes_nothing() -> None:
    photos = torch.rand(4, 3, 16, 16) * 2 - 1
    assert torch.allclose(augment(photos, PLAIN, torch.Generator()), photos, atol=1e-5)


def test_each_augmentation_does_what_it_says() -> None:
    def moved(photos: torch.Tensor, **amounts: float | bool) -> torch.Tensor:
        still = {"shift": 0.0, "turn_degrees": 0.0, "scale": 0.0}
        return augment(photos, ClassifierConfig(1, **(still | amounts)), torch.Generator().manual_seed(0))

    photos = torch.full((64, 1, 16, 16), -1.0)
    photos[:, :, 4:8, 2:6] = 1.0
    flipped = moved(photos, flip=True)
    mirrored = torch.isclose(flipped, photos.flip(3), atol=1e-4).flatten(1).all(dim=1)
    kept = torch.isclose(flipped, photos, atol=1e-4).flatten(1).all(dim=1)
    assert bool((mirrored | kept).all())
    assert 10 < int(mirrored.sum()) < 54
    columns = torch.arange(16.0)

    def centre(values: torch.Tensor) -> torch.Tensor:
        light = (values + 1.0).sum(dim=(1, 2))
        return (light * columns).sum(dim=1) / light.sum(dim=1)

    distance = centre(moved(photos, shift=0.1)) - centre(photos)
    assert 1.0 < float(distance.abs().max()) <= 1.6 + 1e-3
    area = (moved(photos, scale=0.2) + 1.0).sum(dim=(1, 2, 3)) / (photos + 1.0).sum(dim=(1, 2, 3))
    assert 0.65 < float(area.min()) < 0.8
    assert 1.2 < float(area.max()) < 1.65
    lit = moved(photos, light=0.1)
    assert float(lit.max()) <= 1.0
    assert float(lit.min()) >= -1.0
    assert float(lit[:, 0, 0, 0].std()) > 0.01
