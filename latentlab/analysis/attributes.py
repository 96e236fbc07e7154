"""Directions from an attribute network: it reads thousands of samples, and every attribute it knows is named.

Identifiable is whatever the network can see and the odds of which rise along a line in z; of the bar renderer in the
tests: brightness, both shifts and thickness, given a network that knows them.

References:
    Shen, Gu, Tang & Zhou 2020, "Interpreting the Latent Space of GANs for Semantic Face Editing", arXiv:1907.10786.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from latentlab.analysis.boundary import boundary
from latentlab.analysis.classifier import PictureClassifier
from latentlab.analysis.picture_metric import Draw
from latentlab.analysis.progress import Progress, batches, unwatched
from latentlab.errors import ValueRangeError
from latentlab.latent.directions import Direction
from latentlab.latent.priors import Prior, sample
from latentlab.models.classifier_file import ClassifierCard

SOURCE = "attributes"
SAMPLES = 5000

_BATCH = 64


@dataclass(frozen=True)
class AttributeDirections:
    """What an attribute network found in a model.

    Attributes:
        directions: One for each attribute that occurs, in the network's order.
        left_out: Name of each other attribute to the reason, in one line.
    """

    directions: tuple[Direction, ...]
    left_out: Mapping[str, str]


def attribute_directions(
    draw: Draw,
    z_dim: int,
    prior: Prior,
    network: PictureClassifier,
    samples: int = SAMPLES,
    seed: int = 0,
    progress: Progress = unwatched,
    model: str = "",
    outputs: Sequence[int] | None = None,
) -> AttributeDirections:
    """Name a direction after each attribute or class that a network knows.

    Args:
        draw: Draws the pictures.
        z_dim: Width of z.
        prior: The distribution z was trained on.
        network: Reads the pictures.
        samples: How many are read, at least 1; rare attributes need more.
        seed: Of the samples.
        progress: Told the fraction done; may cancel.
        model: Content hash of the model, written into the directions.
        outputs: Which of the network's outputs, indices; None for all.

    Returns:
        Directions towards having the attribute, with the balanced accuracy of their boundaries on samples held out;
        their detail tells that of the network on real pictures.

    Raises:
        Cancelled: If `progress` raises it.
    """
    z = sample(prior, samples, z_dim, seed)
    odds = np.empty((samples, len(network.card.outputs)), np.float32)
    for batch in batches(samples, _BATCH, progress):
        odds[batch] = network.log_odds(draw(z[batch]))
    found, left_out = [], {}
    for index in range(len(network.card.outputs)) if outputs is None else outputs:
        output, name = network.card.outputs[index], direction_name(network.card, index)
        detail = f"{network.card.name}, {output.accuracy:.0%} right on real pictures"
        try:
            found.append(boundary(z, odds[:, index], prior, name, SOURCE, model, detail))
        except ValueRangeError as error:
            left_out[name] = error.why
    return AttributeDirections(tuple(found), left_out)


def direction_name(card: ClassifierCard, index: int) -> str:
    """Name the direction of an output: attributes by themselves, classes as ``7-ness``."""
    name = card.outputs[index].name
    return name if card.kind == "sigmoid" else f"{name}-ness"
