"""Train a feature network on the spot: on the classes of the data, or where there are none on which way is up.

torch is imported when training begins.

References:
    Gidaris, Singh & Komodakis 2018, "Unsupervised Representation Learning by Predicting Image Rotations",
    arXiv:1803.07728: the four turns as labels that cost nothing.
    Smith & Topin 2017, "Super-Convergence", arXiv:1708.07120: one cycle of the learning rate.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from latentlab.analysis.classifier import PictureClassifier
from latentlab.analysis.progress import Progress, unwatched
from latentlab.data.dataset import Labels
from latentlab.data.resize import fit
from latentlab.models.card import DataSource
from latentlab.models.classifier_file import Classifier, ClassifierCard, Output
from latentlab.models.layers import Activation, BatchNorm, Conv, Layer, Linear, Reshape
from latentlab.models.spec import NetworkSpec
from latentlab.models.weight_file import Weights
from latentlab.pixels import Pixels, to_photo
from latentlab.preload import preload

LEAST_PICTURES = 500
"""A network learned from fewer pictures says little of others."""

TURNS = 4
FEATURES = 64
_SIDES_PX = (32, 64)
_WIDTHS = (24, 48, 64, 96)
_TURN_MAPS = 8
_TESTED = 0.1
_SHIFT_PX = 2


@dataclass(frozen=True)
class Recipe:
    """How a feature network is trained; part of what a kept one is found by.

    Attributes:
        pictures: Shown in all, each turn of a picture counted on its own.
        batch: Pictures a step.
        peak_lr: Learning rate of AdamW at the top of its cycle.
        seed: Of initialisation and order.
    """

    pictures: int = 60_000
    batch: int = 128
    peak_lr: float = 5e-3
    seed: int = 0


def feature_network(side_px: int, channels: int, outputs: int, on_turns: bool) -> NetworkSpec:
    """Describe a network from pictures to logits, for 32x32 or 64x64 pictures.

    Classes are told from `FEATURES` features. Which way is up is told from narrow maps at once: of some pictures, faces
    for one, it is so easy to tell that features behind another layer would know nothing else of them.

    Args:
        side_px: Of the pictures at hand; the nearest size that it reads is taken.
        channels: 1 or 3.
        outputs: How many logits.
        on_turns: Whether it is to tell which way is up.
    """
    side = _SIDES_PX[0] if side_px <= _SIDES_PX[0] else _SIDES_PX[1]
    layers: list[Layer] = []
    before = channels
    for width in _WIDTHS[: 3 if side == _SIDES_PX[0] else 4]:
        layers += [Conv(before, width, 4, 2, 1), BatchNorm(width), Activation("relu")]
        before = width
    if on_turns:
        flat = _TURN_MAPS * 4 * 4
        layers += [Conv(before, _TURN_MAPS, 3, 1, 1), BatchNorm(_TURN_MAPS), Activation("relu"), Reshape(flat, 0, 0)]
        return NetworkSpec((channels, side, side), (*layers, Linear(flat, outputs)))
    flat = before * 4 * 4
    layers += [Reshape(flat, 0, 0), Linear(flat, FEATURES, False), BatchNorm(FEATURES), Activation("relu")]
    return NetworkSpec((channels, side, side), (*layers, Linear(FEATURES, outputs)))


def train_on_labels(
    pixels: Pixels, labels: Labels, data: DataSource, recipe: Recipe = Recipe(), progress: Progress = unwatched
) -> Classifier:
    """Train on the classes of the data.

    Args:
        pixels: Shape (N, H, W, C), uint8, N at least `LEAST_PICTURES`, none of them among those that are judged.
        labels: Shape (N,), int64, at least two different ones.
        data: What they are called.
        recipe: How.
        progress: Told the fraction done.

    Raises:
        ValueError: If there are too few pictures or classes.
        Cancelled: If `progress` raises it.
    """
    classes, targets = np.unique(labels, return_inverse=True)
    if len(classes) < 2:
        raise ValueError("one class tells nothing apart")
    names = [f"class {each}" for each in classes]
    return _trained(pixels, targets.astype(np.int64), names, data, recipe, progress)


def train_on_turns(
    pixels: Pixels, data: DataSource, recipe: Recipe = Recipe(), progress: Progress = unwatched
) -> Classifier:
    """Train to tell by how many quarters of a circle a picture was turned.

    Args:
        pixels: Shape (N, H, W, C), uint8, N at least `LEAST_PICTURES`, none of them among those that are judged.
        data: What they are called.
        recipe: How.
        progress: Told the fraction done.

    Raises:
        ValueError: If there are too few pictures.
        Cancelled: If `progress` raises it.
    """
    return _trained(pixels, None, [f"turned by {90 * turn}" for turn in range(TURNS)], data, recipe, progress)


def _trained(
    pixels: Pixels,
    labels: npt.NDArray[np.int64] | None,
    names: list[str],
    data: DataSource,
    recipe: Recipe,
    progress: Progress,
) -> Classifier:
    if len(pixels) < LEAST_PICTURES:
        raise ValueError(f"{len(pixels)} pictures are too few to learn from; it takes {LEAST_PICTURES}")
    spec = feature_network(pixels.shape[1], pixels.shape[3], len(names), labels is None)
    fitted = fit(pixels, spec.input_shape[1])
    order = np.random.RandomState(recipe.seed).permutation(len(fitted))
    tested, learned = np.split(order, [max(1, int(_TESTED * len(order)))])
    weights = _fit_network(spec, fitted, labels, learned, recipe, progress)
    kind = "turns" if labels is None else "classes"
    blank = tuple(Output(name, 0.0, 0, 0) for name in names)
    card = ClassifierCard(f"{data.name}-{kind}", "softmax", spec, blank, data)
    return _tested(Classifier(card, weights), fitted, labels, np.sort(tested))


def _fit_network(
    spec: NetworkSpec,
    fitted: Pixels,
    labels: npt.NDArray[np.int64] | None,
    rows: npt.NDArray[np.int64],
    recipe: Recipe,
    progress: Progress,
) -> Weights:
    preload("torch")
    import torch
    from torch.nn.functional import cross_entropy

    from latentlab.models.networks import build, weights_of

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = build(spec).train()
    random = np.random.RandomState(recipe.seed)
    steps = max(1, recipe.pictures // recipe.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.peak_lr, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.peak_lr, total_steps=steps)
    for step in range(steps):
        progress(step / steps)
        photos, targets = _batch(fitted, labels, rows[random.randint(0, len(rows), recipe.batch)], random)
        optimiser.zero_grad()
        cross_entropy(network(torch.from_numpy(photos)), torch.from_numpy(targets)).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
    progress(1.0)
    return weights_of(network)


def _batch(
    fitted: Pixels, labels: npt.NDArray[np.int64] | None, rows: npt.NDArray[np.int64], random: np.random.RandomState
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
    """Return photos, each moved by up to two pixels, and what is to be told of them."""
    some = fitted[rows]
    down, across = random.randint(-_SHIFT_PX, _SHIFT_PX + 1, (2, len(some)))
    reach = np.arange(some.shape[1])
    tops = np.clip(reach + down[:, None], 0, some.shape[1] - 1)
    lefts = np.clip(reach + across[:, None], 0, some.shape[1] - 1)
    moved = some[np.arange(len(some))[:, None, None], tops[:, :, None], lefts[:, None, :]]
    if labels is not None:
        return to_photo(moved), labels[rows]
    turns = random.randint(0, TURNS, len(moved))
    return to_photo(_turned(moved, turns)), turns.astype(np.int64)


def _turned(pixels: Pixels, turns: npt.NDArray[np.int64]) -> Pixels:
    """Turn each picture by its own number of quarters."""
    out = np.empty_like(pixels)
    for turn in range(TURNS):
        own = turns == turn
        out[own] = np.rot90(pixels[own], turn, axes=(1, 2))
    return out


def _tested(
    network: Classifier, fitted: Pixels, labels: npt.NDArray[np.int64] | None, rows: npt.NDArray[np.int64]
) -> Classifier:
    """Write down how well a network does on pictures that it did not learn from."""
    if labels is None:
        truth = np.arange(len(rows)) % TURNS
        pictures = _turned(fitted[rows], truth)
    else:
        truth, pictures = labels[rows], fitted[rows]
    said = PictureClassifier(network).logits(pictures).argmax(axis=1)
    outputs = tuple(
        Output(each.name, _balanced(said == index, truth == index), int((truth == index).sum()), 0)
        for index, each in enumerate(network.card.outputs)
    )
    outputs = tuple(replace(each, negatives=len(rows) - each.positives) for each in outputs)
    metrics = {"test accuracy": float((said == truth).mean())}
    return Classifier(replace(network.card, outputs=outputs, metrics=metrics), network.weights)


def _balanced(said: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> float:
    right = [float((said[own] == answer).mean()) for answer in (True, False) if (own := truth == answer).any()]
    return sum(right) / len(right)
