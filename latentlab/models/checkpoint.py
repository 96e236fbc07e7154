"""The model file: one ``.safetensors`` with the tensors of G_ema (and D) and the model card in its header.

Tensors of the generator are called ``G.<layer>.<name>``, of the discriminator ``D.<layer>.<name>``; saved directions
are the rows of ``directions`` (n, z_dim). Reading needs numpy only; the header alone is read without the weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from latentlab.errors import ModelFileError, OutputError, ValueRangeError
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.models.card import METADATA_KEY, DirectionNote, ModelCard
from latentlab.models.spec import NetworkSpec
from latentlab.models.weight_file import (
    CLASSIFIER_KEY,
    HOW_TO_MAKE_ONE,
    SUFFIX,
    Weights,
    cannot_read,
    check_network,
    is_classifier,
    opened,
    read_network,
    read_tensor,
)
from latentlab.paths import replacing

if TYPE_CHECKING:
    from latentlab.models.foreign.onnx_generator import OnnxGenerator


CLOSED = "an .onnx file shows neither its layers nor their gradients"


@dataclass(frozen=True, eq=False)
class Generator:
    """A trained generator, free of any framework.

    Attributes:
        card: What is known of it.
        weights: The tensors of `card.generator`, float32, read-only.
        directions: Those saved with the model.
        path: The file it came from; None for a snapshot of a running training.
        content_hash: 16 hexadecimal digits over architecture and weights; the same in every copy of the model.
        onnx: What draws it where it came as an ``.onnx`` file; there are no weights then.
    """

    card: ModelCard
    weights: Weights
    directions: tuple[Direction, ...] = ()
    path: Path | None = None
    content_hash: str = ""
    onnx: OnnxGenerator | None = None

    def __post_init__(self) -> None:
        for array in self.weights.values():
            array.flags.writeable = False
        if not self.content_hash:
            object.__setattr__(self, "content_hash", _hash(self.card, self.weights))

    def check_open(self, wanted: str) -> None:
        """Refuse what needs to look at the layers of an ``.onnx`` file.

        Args:
            wanted: What needs them, for the message.

        Raises:
            ValueRangeError: If its layers are not known.
        """
        if self.onnx is not None:
            raise ValueRangeError(
                self.path or self.card.name,
                f"{wanted} is not available: {CLOSED}",
                "Open the weights it was exported from.",
            )


def find_model(path: Path) -> Path:
    """Resolve a path that a user gave: a model file, or a run folder, whose newest model is meant.

    Raises:
        ModelFileError: If there is no such file, it cannot be reached, or the folder holds no model.
    """
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except OSError as error:
        raise cannot_read(path, error) from error
    if is_folder:
        models = sorted(path.glob(f"model-*{SUFFIX}")) or [
            each for each in sorted(path.glob(f"*{SUFFIX}")) if not is_classifier(each)
        ]
        if not models:
            raise ModelFileError(path, "holds no model", "Name a .safetensors file or the folder of a training run.")
        return models[-1]
    if not exists:
        raise ModelFileError(path, "no such file")
    return path


def is_model(path: Path) -> bool:
    """Tell whether a file has the header of a model file; False for any that cannot be read."""
    try:
        with opened(path) as file:
            return METADATA_KEY in (file.metadata() or {})
    except ModelFileError:
        return False


def read_card(path: Path) -> ModelCard:
    """Read the model card from the header, without loading weights.

    Raises:
        ModelFileError: If the file is missing, damaged, or no latentlab model.
    """
    with opened(path) as file:
        return _card_of(path, file.metadata())


def load_generator(path: Path) -> Generator:
    """Read a model file, checking every tensor's name, type, shape and values against its card.

    Raises:
        ModelFileError: If the file is missing, damaged, no latentlab model, or its tensors do not fit its card.
    """
    with opened(path) as file:
        card = _card_of(path, file.metadata())
        weights = read_network(path, file, "G", card.generator.network)
        rows = read_tensor(path, file, "directions", None) if card.directions else np.zeros((0, 0), np.float32)
    if card.directions and rows.shape != (len(card.directions), card.generator.z_dim):
        raise ModelFileError(path, f"its directions have the shape {rows.shape}, which does not fit its header")
    return Generator(card, weights, _named(path, rows, card.directions), path, "")


def load_discriminator(path: Path) -> tuple[NetworkSpec, Weights] | None:
    """Read the discriminator's architecture and weights where the file holds one.

    Raises:
        ModelFileError: As `load_generator`.
    """
    with opened(path) as file:
        card = _card_of(path, file.metadata())
        if card.discriminator is None:
            return None
        return card.discriminator, read_network(path, file, "D", card.discriminator)


def save_model(
    path: Path,
    card: ModelCard,
    weights: Weights,
    discriminator: Weights | None = None,
    directions: tuple[Direction, ...] = (),
) -> None:
    """Write a model file in one step: a failure leaves what stood there before.

    Args:
        path: The target, ``.safetensors``.
        card: Its `directions` field is filled from `directions`.
        weights: Tensors of the generator, float32 or float16.
        discriminator: Tensors of `card.discriminator`; left out where None.
        directions: Saved with the model, in this order.

    Raises:
        OutputError: If the file cannot be written.
        ValueError: If weights have other names or shapes than the card says, or it knows of no layers.
    """
    if card.generator.is_opaque:
        raise ValueError("its layers are not known")
    check_network(weights, card.generator.network)
    if discriminator:
        if card.discriminator is None:
            raise ValueError("the card describes no discriminator")
        check_network(discriminator, card.discriminator)
    notes = tuple(map(DirectionNote.of, directions))
    card = replace(card, directions=notes, discriminator=card.discriminator if discriminator else None)
    tensors = {f"G.{name}": np.ascontiguousarray(value) for name, value in weights.items()}
    tensors |= {f"D.{name}": np.ascontiguousarray(value) for name, value in (discriminator or {}).items()}
    if directions:
        tensors["directions"] = np.stack([each.vector for each in directions])
    with replacing(path) as temporary:
        try:
            save_file(tensors, temporary, {METADATA_KEY: card.to_json()})
        except SafetensorError as error:
            raise OutputError(path, f"cannot be written: {error}") from error


def _card_of(path: Path, metadata: Mapping[str, str] | None) -> ModelCard:
    text = (metadata or {}).get(METADATA_KEY)
    if text is None and CLASSIFIER_KEY in (metadata or {}):
        raise ModelFileError(
            path, "is an attribute network, not a generator", "Name it with latentlab directions --network."
        )
    if text is None:
        raise ModelFileError(path, "is a safetensors file, but has no latentlab header", HOW_TO_MAKE_ONE)
    try:
        return ModelCard.from_json(text)
    except ValueError as error:
        raise ModelFileError(path, str(error)) from error


def _named(path: Path, rows: FloatArray, notes: tuple[DirectionNote, ...]) -> tuple[Direction, ...]:
    try:
        return tuple(note.direction(row) for row, note in zip(rows, notes, strict=True))
    except ValueError as error:
        raise ModelFileError(path, str(error)) from error


def _hash(card: ModelCard, weights: Weights) -> str:
    digest = hashlib.blake2b(repr(card.generator).encode(), digest_size=8)
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(weights[name], np.float32).data)
    return digest.hexdigest()
