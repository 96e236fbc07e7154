"""Directions as a file: one ``.safetensors`` with the unit vectors as rows and what is known of each in its header."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import save_file

from latentlab.errors import LatentlabError, OutputError
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.models.card import METADATA_KEY, DirectionNote
from latentlab.models.checkpoint import Generator
from latentlab.models.weight_file import SUFFIX, opened
from latentlab.paths import replacing

FORMAT = 1
DIRECTIONS_KEY = "latentlab-directions"
TENSOR = "directions"
_HOW_TO_MAKE_ONE = "latentlab directions MODEL --out FILE.safetensors writes one."


class DirectionFileError(LatentlabError):
    """A file of directions cannot be read, or holds directions that do not fit."""


def save_directions(path: Path, directions: Sequence[Direction]) -> Path:
    """Write directions in one step: a failure leaves what stood there before.

    Args:
        path: The target, ``.safetensors``.
        directions: At least one, all of one width, no name twice.

    Returns:
        `path`.

    Raises:
        OutputError: If the name does not end in ``.safetensors``, or the file cannot be written.
        ValueError: If there is no direction, their widths differ, or two have the same name.
    """
    if path.suffix.lower() != SUFFIX:
        raise OutputError(path, "is written as safetensors", f"Name it {path.with_suffix(SUFFIX).name}.")
    if not directions:
        raise ValueError("a file of directions needs at least one")
    names = [direction.name.casefold() for direction in directions]
    if len(set(names)) < len(names):
        raise ValueError("two of the directions have the same name")
    notes = [vars(DirectionNote.of(direction)) for direction in directions]
    header = json.dumps({"format": FORMAT, "directions": notes})
    rows = np.stack([direction.vector for direction in directions])
    with replacing(path) as temporary:
        try:
            save_file({TENSOR: rows}, temporary, {DIRECTIONS_KEY: header})
        except SafetensorError as error:
            raise OutputError(path, f"cannot be written: {error}") from error
    return path


def load_directions(path: Path) -> tuple[Direction, ...]:
    """Read a file of directions, trusting nothing in it.

    Returns:
        At least one, all of one width, in the order of the file; no name is there twice, whatever its case.

    Raises:
        DirectionFileError: If the file is missing, damaged, or holds something else.
    """
    try:
        with opened(path) as file:
            metadata = file.metadata() or {}
            rows = _rows(file) if DIRECTIONS_KEY in metadata else None
    except LatentlabError as error:
        raise DirectionFileError(
            path, error.why.replace("model file", "file of directions"), _HOW_TO_MAKE_ONE
        ) from error
    except (SafetensorError, TypeError, AttributeError, ValueError) as error:
        raise DirectionFileError(path, f"is damaged: {error}", _HOW_TO_MAKE_ONE) from error
    if rows is None:
        held = "is a model, not a file of directions" if METADATA_KEY in metadata else "holds no directions"
        raise DirectionFileError(path, held, _HOW_TO_MAKE_ONE)
    try:
        directions = _named(metadata[DIRECTIONS_KEY], rows)
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DirectionFileError(path, f"is damaged: {error}") from error
    return directions


def checked_for(directions: Sequence[Direction], generator: Generator, path: Path) -> str:
    """Say whether directions may be used on a model.

    Args:
        directions: Those of a file.
        generator: The model that they are to be used on.
        path: The file, for messages.

    Returns:
        Empty where they were found on this very model, else a warning in one line.

    Raises:
        DirectionFileError: If their width is not that of the model's z.
    """
    card = generator.card
    width = len(directions[0].vector) if directions else card.generator.z_dim
    if width != card.generator.z_dim:
        raise DirectionFileError(
            path, f"holds directions of width {width}, {card.name} takes {card.generator.z_dim}", "Find them anew."
        )
    strange = [direction.name for direction in directions if direction.model != generator.content_hash]
    if not strange:
        return ""
    what = "its directions were" if len(strange) == len(directions) else f"{', '.join(strange)} were"
    return f"{path}: {what} found on another model than {card.name} and may mean something else on it"


def _rows(file: Any) -> npt.NDArray[Any]:
    if file.get_slice(TENSOR).get_dtype() not in ("F32", "F16"):
        raise ValueError("its directions are neither float32 nor float16")
    rows: npt.NDArray[Any] = file.get_tensor(TENSOR)
    if rows.ndim != 2 or 0 in rows.shape:
        raise ValueError(f"its directions have the shape {rows.shape}")
    return rows


def _named(header: str, rows: npt.NDArray[Any]) -> tuple[Direction, ...]:
    data = json.loads(header)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ValueError("its header is of a format that this version does not know")
    notes = [DirectionNote.from_json(note) for note in data.get("directions", [])]
    if len(notes) != len(rows):
        raise ValueError(f"its header names {len(notes)} directions, it holds {len(rows)}")
    names = [note.name.strip().casefold() for note in notes]
    if len(set(names)) < len(names) or "" in names:
        raise ValueError("a direction has no name, or the name of another")
    if not all(note.sigma > 0.0 for note in notes):
        raise ValueError("a sigma is not above 0")
    values: FloatArray = rows.astype(np.float32)
    return tuple(note.direction(row) for note, row in zip(notes, values, strict=True))
