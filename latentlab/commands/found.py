"""Directions out of a file beside those of the model: what ``--directions FILE`` means."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from latentlab.models.direction_file import checked_for, load_directions
from latentlab.session.opened import OpenedModel


def open_with(model: Path, directions: Path | None) -> OpenedModel:
    """Open a model, with the directions of a file ahead of its own.

    Where they were found on another model, a warning goes to stderr.

    Raises:
        ModelFileError: If the model is missing, damaged or none.
        DirectionFileError: If the file is missing or damaged, or its directions do not fit the model.
    """
    opened = OpenedModel.from_file(model)
    if directions is None:
        return opened
    path = directions.expanduser()
    found = load_directions(path)
    if warning := checked_for(found, opened.generator, path):
        print(f"latentlab: warning: {warning}", file=sys.stderr)
    generator = replace(opened.generator, directions=(*found, *opened.generator.directions))
    return OpenedModel(generator, opened.reading)
