"""Which feature space a model is judged in: the best one at hand, and never without its name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from latentlab import log, paths
from latentlab.analysis.metrics import feature_training
from latentlab.analysis.metrics.feature_space import FeatureSpace, network_space, pixel_space
from latentlab.analysis.metrics.feature_training import Recipe, feature_network
from latentlab.analysis.metrics.held_out import MOST_PICTURES, HeldOut, Learning, Source
from latentlab.analysis.progress import Progress, unwatched
from latentlab.cores import spare
from latentlab.errors import LatentlabError, UsageError
from latentlab.models.classifier_file import (
    Classifier,
    find_classifiers,
    load_classifier,
    read_classifier_card,
    save_classifier,
)

Features = Literal["auto", "network", "labels", "turns", "pixels"]
_log = log.get(__name__)


@dataclass(frozen=True)
class Wish:
    """What someone wants of the feature space.

    Attributes:
        features: ``auto`` takes the network beside the model, else learns from labels, else from turns, else falls
            back to pixels.
        network: A file of classes or attributes to be used; None looks beside the model.
        inception: The weights that torch-fidelity publishes; they go before everything else.
        threads: Of the runtime; 0 leaves a core to the drawing.
    """

    features: Features = "auto"
    network: Path | None = None
    inception: Path | None = None
    threads: int = 0


def prepare(
    source: Source,
    model_folder: Path | None,
    model_data: str,
    wish: Wish = Wish(),
    most: int = MOST_PICTURES,
    progress: Progress = unwatched,
) -> tuple[HeldOut, FeatureSpace]:
    """Deal the data out and make the feature space ready, training it where that is needed.

    Args:
        source: The data to judge by.
        model_folder: Where the model lies; None for a snapshot.
        model_data: What the model says that it was trained on.
        wish: What is wanted.
        most: Largest number of real pictures in each of the two sets.
        progress: Told the fraction done.

    Raises:
        UsageError: If what is wanted cannot be had.
        ModelFileError: If a network's file is damaged.
        DataError: If there are too few pictures.
        Cancelled: If `progress` raises it.
    """
    path = _network_file(source, model_folder, model_data, wish)
    learns = path is None and wish.inception is None and wish.features != "pixels"
    if learns and wish.features == "auto" and source.training is None:
        learns = len(source.data) // 2 >= feature_training.LEAST_PICTURES
    held_out, learning = source.deal(learns, most)
    if wish.inception is not None:
        from latentlab.analysis.metrics.inception import inception_space

        return held_out, inception_space(wish.inception.expanduser())
    if path is not None:
        network = load_classifier(path)
        learned_from = network.card.data.name
        remark = f"trained on {learned_from}" if learned_from else ""
        return held_out, network_space(network, remark, wish.threads or spare())
    if learning is None:
        return held_out, pixel_space(held_out.reference.shape[1], held_out.reference.shape[3])
    classifier = _learned(learning, wish.features, progress)
    accuracy = classifier.card.metrics["test accuracy"]
    remark = f"trained on the spot on {len(learning.pixels):,} pictures, {accuracy:.1%} right on others"
    return held_out, network_space(classifier, remark, wish.threads or spare())


def fitting_network(folder: Path, channels: int, names: tuple[str, ...], any_data: bool) -> Path | None:
    """Find the network of classes or attributes in a folder that can tell such pictures apart.

    Args:
        folder: Where to look.
        channels: Of the pictures.
        names: Of the data, and of what the model was trained on; a network trained on data of such a name goes first.
        any_data: Whether a network that was trained on something else is taken where it is the only one.

    Raises:
        UsageError: If several fit equally well.
        ModelFileError: If a file is damaged.
    """
    cards = {path: read_classifier_card(path) for path in find_classifiers(folder)}
    fitting = {path: card for path, card in cards.items() if card.channels == channels}
    namesakes = [path for path, card in fitting.items() if card.data.name in names]
    chosen = namesakes or (list(fitting) if any_data else [])
    if len(chosen) > 1:
        listed = ", ".join(path.name for path in chosen)
        raise UsageError("--features network", f"several networks fit: {listed}", "Name one with --network FILE.")
    return chosen[0] if chosen else None


def _network_file(source: Source, model_folder: Path | None, model_data: str, wish: Wish) -> Path | None:
    if wish.inception is not None or wish.features in ("labels", "turns", "pixels"):
        return None
    if wish.network is not None:
        return wish.network.expanduser()
    channels, names = source.data.pixels.shape[3], (source.data.name, model_data)
    found = fitting_network(model_folder, channels, names, not source.is_split) if model_folder else None
    if found is None and wish.features == "network":
        where = f"in {model_folder}" if model_folder else "beside a snapshot"
        raise UsageError("--features network", f"no fitting network {where}", "Name one with --network FILE.")
    return found


def _learned(learning: Learning, features: Features, progress: Progress) -> Classifier:
    """Return the network kept for these data, else train it and keep it."""
    labels = learning.labels if features != "turns" else None
    if labels is not None and labels.min() == labels.max():
        labels = None
    if features == "labels" and labels is None:
        raise UsageError("--features labels", f"{learning.data.name} has no classes", "Take --features turns.")
    path = paths.cache_dir() / "features" / f"{_key(learning, labels is None)}.safetensors"
    if path.exists():
        try:
            return load_classifier(path)
        except LatentlabError as error:
            _log.info("not taken from the cache: %s", error)
    try:
        if labels is None:
            classifier = feature_training.train_on_turns(learning.pixels, learning.data, progress=progress)
        else:
            classifier = feature_training.train_on_labels(learning.pixels, labels, learning.data, progress=progress)
    except ValueError as error:
        raise UsageError(learning.data.name, str(error), "Take --features pixels.") from error
    try:
        paths.make_folder(path.parent)
        save_classifier(path, classifier.card, classifier.weights)
    except LatentlabError as error:
        _log.info("not kept: %s", error)
    return classifier


def _key(learning: Learning, on_turns: bool) -> str:
    """Name what a network learned: the same pictures, classes, layers and recipe give the same network."""
    digest = hashlib.blake2b(digest_size=12)
    spec = feature_network(learning.pixels.shape[1], learning.pixels.shape[3], 2, on_turns)
    digest.update(f"{learning.pixels.shape} {on_turns} {spec} {Recipe()}".encode())
    digest.update(np.ascontiguousarray(learning.pixels).data)
    if learning.labels is not None and not on_turns:
        digest.update(learning.labels.tobytes())
    return digest.hexdigest()
