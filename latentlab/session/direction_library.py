"""The user's own directions: for every model those that were found and kept, by its content hash."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from latentlab import log, paths
from latentlab.errors import LatentlabError, OutputError
from latentlab.latent.directions import Direction
from latentlab.models.direction_file import load_directions, save_directions
from latentlab.session.opened import OpenedModel
from latentlab.session.state import SessionState

_log = log.get(__name__)
_HASH = re.compile(r"[0-9a-f]+")


def library_file(model: str, folder: Path | None = None) -> Path:
    """Name the file that holds a user's directions of a model.

    Args:
        model: Content hash of the model.
        folder: Where the library is; by default in the platform's data folder.

    Raises:
        ValueError: If it is no hash.
    """
    if not _HASH.fullmatch(model):
        raise ValueError(f"{model!r:.40} is no content hash")
    return (folder or paths.directions_dir()) / f"{model}.safetensors"


def load_library(model: str, folder: Path | None = None) -> tuple[Direction, ...]:
    """Read a user's directions of a model; none where nothing was kept yet.

    Raises:
        DirectionFileError: If the file is damaged.
    """
    path = library_file(model, folder)
    return load_directions(path) if path.exists() else ()


def save_library(model: str, directions: Sequence[Direction], folder: Path | None = None) -> None:
    """Keep a user's directions of a model in place of those kept before; none removes the file.

    Raises:
        OutputError: If the file cannot be written or removed; the one before is untouched.
        ValueError: If two have the same name, or their widths differ.
    """
    path = library_file(model, folder)
    if directions:
        paths.make_folder(path.parent)
        save_directions(path, directions)
        return
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(path, f"cannot be removed: {error.strerror or error}") from error


def with_library(state: SessionState, model: OpenedModel) -> SessionState:
    """Add to a document what was found on a model before, less what the document has under the same name."""
    try:
        kept = load_library(model.generator.content_hash)
    except LatentlabError as error:
        _log.warning("the directions found before are left out: %s", error)
        return state
    known = {direction.name.casefold() for direction in state.directions}
    missing = tuple(
        direction
        for direction in kept
        if direction.name.casefold() not in known and direction.vector.shape == (state.z_dim,)
    )
    return replace(state, directions=(*state.directions, *missing)) if missing else state


def keep_in_library(state: SessionState, model: OpenedModel) -> None:
    """Keep a document's directions for the next time that a model is opened; those of other models are theirs.

    Raises:
        OutputError: If the file cannot be written.
    """
    content_hash = model.generator.content_hash
    own = tuple(direction for direction in state.directions if direction.model in ("", content_hash))
    try:
        before = load_library(content_hash)
    except LatentlabError:
        before = ()
    if [_key(direction) for direction in own] != [_key(direction) for direction in before]:
        save_library(content_hash, own)


def _key(direction: Direction) -> tuple[str, bytes]:
    return direction.name, direction.vector.tobytes()
