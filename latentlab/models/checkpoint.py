"""The model file: one ``.safetensors`` with the tensors of G_ema (and D) and the model card in its header.

Tensors of the generator are called ``G.<layer>.<name>``, of the discriminator ``D.<layer>.<name>``; saved directions
are the rows of ``directions`` (n, z_dim). Reading needs numpy only; the header alone is read without the weights.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from latentlab.errors import ModelFileError, OutputError
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.models.card import METADATA_KEY, DirectionNote, ModelCard
from latentlab.models.spec import NetworkSpec, Shape
from latentlab.paths import replacing

Weights = Mapping[str, npt.NDArray[np.float32]]

SUFFIX = ".safetensors"
_HOW_TO_MAKE_ONE = "A latentlab model is a .safetensors file written by training or by latentlab convert."
_MAGIC = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"PK\x03\x04": "a zip archive or a PyTorch checkpoint",
    b"\x80\x02": "a pickle or an old PyTorch checkpoint",
    b"%PDF": "a PDF document",
}


@dataclass(frozen=True, eq=False)
class Generator:
    """A trained generator, free of any framework.

    Attributes:
        card: What is known of it.
        weights: The tensors of `card.generator`, float32, read-only.
        directions: Those saved with the model.
        path: The file it came from; None for a snapshot of a running training.
        content_hash: 16 hexadecimal digits over architecture and weights; the same in every copy of the model.
    """

    card: ModelCard
    weights: Weights
    directions: tuple[Direction, ...] = ()
    path: Path | None = None
    content_hash: str = ""

    def __post_init__(self) -> None:
        for array in self.weights.values():
            array.flags.writeable = False
        if not self.content_hash:
            object.__setattr__(self, "content_hash", _hash(self.card, self.weights))


def find_model(path: Path) -> Path:
    """Resolve a path that a user gave: a model file, or a run folder, whose newest model is meant.

    Raises:
        ModelFileError: If there is no such file, it cannot be reached, or the folder holds no model.
    """
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except OSError as error:
        raise _cannot_read(path, error) from error
    if is_folder:
        models = sorted(path.glob(f"model-*{SUFFIX}")) or sorted(path.glob(f"*{SUFFIX}"))
        if not models:
            raise ModelFileError(path, "holds no model", "Name a .safetensors file or the folder of a training run.")
        return models[-1]
    if not exists:
        raise ModelFileError(path, "no such file")
    return path


def read_card(path: Path) -> ModelCard:
    """Read the model card from the header, without loading weights.

    Raises:
        ModelFileError: If the file is missing, damaged, or no latentlab model.
    """
    with _opened(path) as file:
        return _card_of(path, file.metadata())


def load_generator(path: Path) -> Generator:
    """Read a model file, checking every tensor's name, type, shape and values against its card.

    Raises:
        ModelFileError: If the file is missing, damaged, no latentlab model, or its tensors do not fit its card.
    """
    with _opened(path) as file:
        card = _card_of(path, file.metadata())
        weights = _read_network(path, file, "G", card.generator.network)
        rows = _read(path, file, "directions", None) if card.directions else np.zeros((0, 0), np.float32)
    if card.directions and rows.shape != (len(card.directions), card.generator.z_dim):
        raise ModelFileError(path, f"its directions have the shape {rows.shape}, which does not fit its header")
    return Generator(card, weights, _named(path, rows, card.directions), path, "")


def load_discriminator(path: Path) -> tuple[NetworkSpec, Weights] | None:
    """Read the discriminator's architecture and weights where the file holds one.

    Raises:
        ModelFileError: As `load_generator`.
    """
    with _opened(path) as file:
        card = _card_of(path, file.metadata())
        if card.discriminator is None:
            return None
        return card.discriminator, _read_network(path, file, "D", card.discriminator)


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
        ValueError: If weights have other names or shapes than the card says.
    """
    _check(weights, card.generator.network)
    if discriminator:
        if card.discriminator is None:
            raise ValueError("the card describes no discriminator")
        _check(discriminator, card.discriminator)
    notes = tuple(DirectionNote(each.name, each.source, each.sigma, each.detail) for each in directions)
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


def _check(weights: Weights, spec: NetworkSpec) -> None:
    actual, expected = {name: value.shape for name, value in weights.items()}, spec.tensors()
    if actual != expected:
        name = min(name for name in actual.keys() | expected.keys() if actual.get(name) != expected.get(name))
        raise ValueError(f"{name} has the shape {actual.get(name)}, the card says {expected.get(name)}")


def _cannot_read(path: Path, error: OSError) -> ModelFileError:
    return ModelFileError(path, f"cannot be read: {error.strerror or error}")


def _opened(path: Path) -> safe_open:
    try:
        with path.open("rb") as file:
            start = file.read(8)
        return safe_open(path, framework="numpy")
    except (FileNotFoundError, ValueError):
        raise ModelFileError(path, "no such file") from None
    except OSError as error:
        raise _cannot_read(path, error) from error
    except SafetensorError as error:
        for magic, meaning in _MAGIC.items():
            if start.startswith(magic):
                raise ModelFileError(path, f"is {meaning}, not a model", _HOW_TO_MAKE_ONE) from error
        raise ModelFileError(path, f"is damaged or no model file ({error})", _HOW_TO_MAKE_ONE) from error


def _card_of(path: Path, metadata: Mapping[str, str] | None) -> ModelCard:
    text = (metadata or {}).get(METADATA_KEY)
    if text is None:
        raise ModelFileError(path, "is a safetensors file, but has no latentlab header", _HOW_TO_MAKE_ONE)
    try:
        return ModelCard.from_json(text)
    except ValueError as error:
        raise ModelFileError(path, str(error)) from error


def _read_network(path: Path, file: safe_open, prefix: str, spec: NetworkSpec) -> Weights:
    weights = {name: _read(path, file, f"{prefix}.{name}", shape) for name, shape in spec.tensors().items()}
    for name, array in weights.items():
        if name.endswith(".running_var") and (array < 0.0).any():
            raise ModelFileError(path, f"the tensor {prefix}.{name} holds negative variances")
    return weights


def _read(path: Path, file: safe_open, name: str, shape: Shape | None) -> FloatArray:
    try:
        array: npt.NDArray[Any] = file.get_tensor(name)  # type: ignore[no-untyped-call]
    except (SafetensorError, TypeError, AttributeError) as error:
        raise ModelFileError(path, f"the tensor {name} is missing or unreadable") from error
    if array.dtype not in (np.float32, np.float16):
        raise ModelFileError(path, f"the tensor {name} is {array.dtype}, expected float32 or float16")
    if shape is not None and array.shape != shape:
        raise ModelFileError(path, f"the tensor {name} has the shape {array.shape}, its header says {shape}")
    if not np.isfinite(array).all():
        raise ModelFileError(path, f"the tensor {name} holds values that are not finite", "The training has diverged.")
    return np.asarray(array, np.float32)


def _named(path: Path, rows: FloatArray, notes: tuple[DirectionNote, ...]) -> tuple[Direction, ...]:
    try:
        return tuple(
            Direction(note.name, note.source, row, note.sigma, note.detail)
            for row, note in zip(rows, notes, strict=True)
        )
    except ValueError as error:
        raise ModelFileError(path, str(error)) from error


def _hash(card: ModelCard, weights: Weights) -> str:
    digest = hashlib.blake2b(repr(card.generator).encode(), digest_size=8)
    for name in sorted(weights):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(weights[name], np.float32).data)
    return digest.hexdigest()
