"""Directions once found are kept: by the model's content, the method and its options.

An entry is a file of directions. It is written beside its place and renamed, so that any number of writers and readers
may meet; one that is damaged counts as missing. Nothing breaks if the folder is removed or cannot be written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

from latentlab import log, paths
from latentlab.errors import LatentlabError
from latentlab.latent.directions import Direction
from latentlab.models.direction_file import load_directions, save_directions

_VERSION = 1
"""Raised whenever a source gives other directions for the same options."""

Options = Mapping[str, int | float | str]
_log = log.get(__name__)


def entry(model: str, method: str, options: Options, folder: Path | None = None) -> Path:
    """Name the file in which a result is kept.

    Args:
        model: Content hash of the model.
        method: Name of the source.
        options: All that the result depends on besides; their order does not matter.
        folder: Where the cache is; by default the platform's.
    """
    text = json.dumps([_VERSION, model, method, sorted(options.items())])
    key = hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
    return (folder or paths.cache_dir() / "directions") / f"{method}-{key}.safetensors"


def cached(
    model: str,
    method: str,
    options: Options,
    find: Callable[[], tuple[Direction, ...]],
    folder: Path | None = None,
) -> tuple[Direction, ...]:
    """Return what was found before, else find it and keep it.

    Args:
        model: Content hash of the model.
        method: Name of the source.
        options: All that the result depends on besides.
        find: Finds the directions; whatever it raises is passed on, and nothing is kept.
        folder: Where the cache is; by default the platform's.
    """
    path = entry(model, method, options, folder)
    if path.exists():
        try:
            return load_directions(path)
        except LatentlabError as error:
            _log.info("not taken from the cache: %s", error)
    found = find()
    if found:
        try:
            paths.make_folder(path.parent)
            save_directions(path, found)
        except LatentlabError as error:
            _log.info("not kept: %s", error)
    return found
