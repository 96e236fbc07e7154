"""The attribute network's file: a classifier of pictures, one ``.safetensors`` with its card in the header.

Its tensors are called ``C.<layer>.<name>``. Reading needs numpy only; the header alone is read without the weights.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from latentlab.errors import ModelFileError, OutputError
from latentlab.models.card import DataSource, known
from latentlab.models.layers import Linear, finite_number
from latentlab.models.spec import MAX_SIDE_PX, NetworkSpec
from latentlab.models.weight_file import (
    CLASSIFIER_KEY,
    Weights,
    check_network,
    is_classifier,
    opened,
    read_network,
)
from latentlab.paths import replacing

FORMAT = 1
Kind = Literal["softmax", "sigmoid"]
KINDS: tuple[Kind, ...] = ("softmax", "sigmoid")


@dataclass(frozen=True)
class Output:
    """One class or attribute that a network knows.

    Attributes:
        name: What a direction made of it is called, for example ``Eyeglasses``.
        accuracy: Balanced accuracy on pictures that the network never saw: the mean share of pictures with and
            without it that are told rightly, in [0, 1].
        positives: How many of those pictures have it.
        negatives: How many have it not.
    """

    name: str
    accuracy: float
    positives: int
    negatives: int


@dataclass(frozen=True)
class ClassifierCard:
    """What the header of an attribute network's file holds.

    Attributes:
        name: For example ``faces-attributes``.
        kind: ``softmax``: classes of which exactly one holds; ``sigmoid``: attributes of which each may hold.
        network: From photo range (C, H, W), C = 1 or 3, to one logit an output; its last layer is fully connected.
        outputs: In the order of the logits.
        data: What it was trained on.
        metrics: Name to value, for example ``{"test accuracy": 0.994}``.
        command: The command line that made it.
        notes: Limits, bias, anything a user should know.

    Raises:
        ValueError: If the network is not one from a picture to as many logits as there are outputs, or two outputs
            share a name.
    """

    name: str
    kind: Kind
    network: NetworkSpec
    outputs: tuple[Output, ...]
    data: DataSource = field(default_factory=DataSource)
    metrics: Mapping[str, float] = field(default_factory=dict)
    command: str = ""
    notes: str = ""

    def __post_init__(self) -> None:
        shape = self.network.input_shape
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind {self.kind!r}")
        if len(shape) != 3 or shape[0] not in (1, 3) or shape[1] != shape[2] or shape[1] > MAX_SIDE_PX:
            raise ValueError(f"its input {shape} is no square picture in 1 or 3 channels")
        if not isinstance(self.network.layers[-1], Linear) or len(self.network.layers) < 2:
            raise ValueError("its last layer is not fully connected")
        if self.network.output_shape != (len(self.outputs),):
            raise ValueError(f"it has {self.network.output_shape} outputs and {len(self.outputs)} names")
        if len({output.name.casefold() for output in self.outputs}) < len(self.outputs):
            raise ValueError("two of its outputs share a name")

    @property
    def channels(self) -> int:
        """Return 1 for greyscale, 3 for RGB."""
        return self.network.input_shape[0]

    @property
    def side_px(self) -> int:
        """Return the height and width of the pictures it reads, in pixels."""
        return self.network.input_shape[1]

    @property
    def feature_width(self) -> int:
        """Return how many features enter the last layer."""
        return self.network.shapes()[-2][0]

    def to_json(self) -> str:
        """Write the card as one JSON text."""
        return json.dumps(
            {
                "format": FORMAT,
                "name": self.name,
                "kind": self.kind,
                "network": self.network.to_json(),
                "outputs": [vars(output) for output in self.outputs],
                "data": vars(self.data),
                "metrics": dict(self.metrics),
                "command": self.command,
                "notes": self.notes,
            }
        )

    @classmethod
    def from_json(cls, text: str) -> ClassifierCard:
        """Read what `to_json` wrote; keys of newer versions of the same format are ignored.

        Raises:
            ValueError: If it is not JSON, of an unknown format, or a part is missing or does not fit.
        """
        try:
            data = json.loads(text)
            if not isinstance(data, dict) or data.get("format") != FORMAT:
                raise ValueError("its header is of a format that this version does not know")
            return cls(
                name=str(data["name"]),
                kind=data["kind"],
                network=NetworkSpec.from_json(data["network"]),
                outputs=tuple(_output(entry) for entry in data["outputs"]),
                data=DataSource(**known(DataSource, data.get("data", {}))),
                metrics={str(name): finite_number(value) for name, value in data.get("metrics", {}).items()},
                command=str(data.get("command", "")),
                notes=str(data.get("notes", "")),
            )
        except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(f"its header is incomplete or does not fit: {error}") from error


@dataclass(frozen=True, eq=False)
class Classifier:
    """An attribute network, free of any framework.

    Attributes:
        card: What is known of it.
        weights: The tensors of `card.network`, float32, read-only.
        path: The file it came from; None for one just trained.
    """

    card: ClassifierCard
    weights: Weights
    path: Path | None = None

    def __post_init__(self) -> None:
        for array in self.weights.values():
            array.flags.writeable = False


def find_classifiers(folder: Path) -> tuple[Path, ...]:
    """List the attribute networks in a folder, by name."""
    return tuple(path for path in sorted(folder.glob("*.safetensors")) if is_classifier(path))


def read_classifier_card(path: Path) -> ClassifierCard:
    """Read the card from the header, without loading weights.

    Raises:
        ModelFileError: If the file is missing, damaged, or no attribute network.
    """
    with opened(path) as file:
        return _card_of(path, file.metadata())


def load_classifier(path: Path) -> Classifier:
    """Read an attribute network, checking every tensor's name, type, shape and values against its card.

    Raises:
        ModelFileError: If the file is missing, damaged, no attribute network, or its tensors do not fit its card.
    """
    with opened(path) as file:
        card = _card_of(path, file.metadata())
        return Classifier(card, read_network(path, file, "C", card.network), path)


def save_classifier(path: Path, card: ClassifierCard, weights: Weights) -> None:
    """Write an attribute network in one step: a failure leaves what stood there before.

    Args:
        path: The target, ``.safetensors``.
        card: Describes it.
        weights: Tensors of `card.network`, float32 or float16.

    Raises:
        OutputError: If the file cannot be written.
        ValueError: If weights have other names or shapes than the card says.
    """
    check_network(weights, card.network)
    tensors = {f"C.{name}": np.ascontiguousarray(value) for name, value in weights.items()}
    with replacing(path) as temporary:
        try:
            save_file(tensors, temporary, {CLASSIFIER_KEY: card.to_json()})
        except SafetensorError as error:
            raise OutputError(path, f"cannot be written: {error}") from error


def _card_of(path: Path, metadata: Mapping[str, str] | None) -> ClassifierCard:
    text = (metadata or {}).get(CLASSIFIER_KEY)
    if text is None:
        raise ModelFileError(path, "is no attribute network", "Name a file such as digits-classes.safetensors.")
    try:
        return ClassifierCard.from_json(text)
    except ValueError as error:
        raise ModelFileError(path, str(error)) from error


def _output(entry: Mapping[str, Any]) -> Output:
    accuracy = finite_number(entry["accuracy"])
    positives, negatives = entry["positives"], entry["negatives"]
    if not isinstance(entry["name"], str) or not entry["name"].strip() or not 0.0 <= accuracy <= 1.0:
        raise ValueError("an output has no name, or an accuracy outside 0 to 1")
    if not all(isinstance(count, int) and count >= 0 for count in (positives, negatives)):
        raise ValueError("an output does not say how many pictures it was tested on")
    return Output(entry["name"], accuracy, positives, negatives)
