"""The search for directions with an attribute network as a user asks for it: which of them, steered or not; cached."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from latentlab.analysis.attributes import SAMPLES, SOURCE, AttributeDirections, attribute_directions, direction_name
from latentlab.analysis.cache import cached
from latentlab.analysis.classifier import PictureClassifier
from latentlab.analysis.picture_metric import Draw
from latentlab.analysis.progress import Progress, part, unwatched
from latentlab.cores import spare
from latentlab.errors import ValueRangeError
from latentlab.latent.directions import Direction
from latentlab.models.checkpoint import Generator
from latentlab.models.classifier_file import ClassifierCard, load_classifier

_READING = 0.2
"""Share of a search that steers which goes by before it does."""


@dataclass(frozen=True)
class AttributeSearch:
    """What is looked for.

    Attributes:
        network: File of the attribute network.
        samples: How many pictures it reads.
        names: Which of its attributes or classes, ignoring case; all where there is none.
        steered: Whether the directions are turned until the network's answer rises steadily along them (`steering`):
            about a minute each, and it imports torch.
        label: The class that is drawn, from 0; None for the first one, and where the model has none.
    """

    network: Path
    samples: int = SAMPLES
    names: tuple[str, ...] = ()
    steered: bool = False
    label: int | None = None


def search_attributes(
    generator: Generator, draw: Draw, search: AttributeSearch, progress: Progress = unwatched
) -> AttributeDirections:
    """Find the directions, or take them from the cache, which does not say why others were left out.

    Args:
        generator: The model.
        draw: Draws its pictures, of the class looked for.
        search: What is looked for.
        progress: Told the fraction done; may cancel.

    Raises:
        ModelFileError: If the network's file is none.
        ValueRangeError: If the network does not know one of the names, or an ``.onnx`` file is to be steered through.
        Cancelled: If `progress` raises it.
    """
    classifier = load_classifier(search.network)
    with search.network.open("rb") as file:
        network_hash = hashlib.file_digest(file, "blake2b").hexdigest()
    card, spec, content_hash = classifier.card, generator.card.generator, generator.content_hash
    outputs = sorted({_output_of(card, name) for name in search.names}) or range(len(card.outputs))
    if search.steered:
        generator.check_open("steering")
    left_out: dict[str, str] = {}

    def find() -> tuple[Direction, ...]:
        reading = part(progress, 0.0, _READING) if search.steered else progress
        network = PictureClassifier(classifier, spare())
        found = attribute_directions(
            draw, spec.z_dim, spec.prior, network, search.samples, 0, reading, content_hash, outputs
        )
        left_out.update(found.left_out)
        return steered(found.directions) if search.steered else found.directions

    def steered(found: tuple[Direction, ...]) -> tuple[Direction, ...]:
        from latentlab.analysis.steering import Steering

        steering = Steering(generator, classifier, search.label or 0)
        places = {direction_name(card, output): output for output in outputs}
        ends = np.linspace(_READING, 1.0, len(found) + 1)
        return tuple(
            steering(each, places[each.name], part(progress, float(start), float(end)))
            for each, start, end in zip(found, ends[:-1], ends[1:], strict=True)
        )

    options: dict[str, int | float | str] = {"network": network_hash, "samples": search.samples}
    if search.names:
        options["outputs"] = ", ".join(map(str, outputs))
    if search.steered:
        options["steered"] = 1
    if search.label:
        options["class"] = search.label
    return AttributeDirections(cached(content_hash, SOURCE, options, find), left_out)


def _output_of(card: ClassifierCard, name: str) -> int:
    """Return which output a name means: an attribute, or a class with or without its ``-ness``."""
    wanted = name.strip().casefold()
    for index, output in enumerate(card.outputs):
        if wanted in (output.name.casefold(), direction_name(card, index).casefold()):
            return index
    known = ", ".join(output.name for output in card.outputs)
    raise ValueRangeError(f"attribute {name!r}", f"{card.name} does not know it", f"It knows {known}.")
