"""A picture as code: a command line or lines of Python that draw it again, pixel for pixel.

A point that starts from a seed and moves along the model's own directions is written with its steps, to be read and
changed. Every other one, such as the result of an arithmetic or an edit along a direction that the user found, is
written as its latent. Numbers are written so that reading them gives the very same float.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from latentlab.errors import LatentlabError
from latentlab.latent import z_text
from latentlab.latent.directions import Direction, by_name
from latentlab.latent.priors import sample
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point

MAX_STRENGTH = 1000.0
MAX_TRUNCATION = 10.0
"""What ``latentlab sample`` takes; what lies beyond is written as a latent."""


def as_command(point: Point, model: OpenedModel, directions: Sequence[Direction], out: str = "picture.png") -> str:
    """Write the ``latentlab sample`` that draws a point, quoted for a POSIX shell.

    Args:
        point: What is to be drawn.
        model: Draws it.
        directions: All that the point's strengths may name, the model's among them.
        out: The PNG to write.

    Raises:
        LatentlabError: If the model is in no file.
    """
    words = ["latentlab", "sample", str(_file_of(model))]
    edits = _edits(point, model, directions)
    if edits is None:
        words.append(as_text(point, model, directions))
    else:
        words.append(str(point.seed))
        if edits:
            words += ["--edit", ",".join(f"{name}={strength:+}" for name, strength in edits.items())]
        if point.truncation != 1.0:
            words += ["--truncation", repr(point.truncation)]
        if point.renormalised:
            words.append("--renormalise")
    return shlex.join([*words, *_class_words(point, model), "--out", out])


def as_python(point: Point, model: OpenedModel, directions: Sequence[Direction]) -> str:
    """Write lines of Python that draw a point; ``pixels`` then holds the picture, shape (H, W, C), uint8.

    Args:
        point: What is to be drawn.
        model: Draws it.
        directions: All that the point's strengths may name, the model's among them.

    Raises:
        LatentlabError: If the model is in no file.
    """
    imports = ["import latentlab"]
    lines = [f"model = latentlab.open_model({str(_file_of(model))!r})"]
    edits = _edits(point, model, directions)
    if edits is None:
        imports.append("from latentlab.latent.z_text import decode")
        lines.append(f'z = decode("{as_text(point, model, directions)}")[None]')
    else:
        times = "" if point.truncation == 1.0 else f"{point.truncation!r} * "
        lines.append(f"z = {times}model.sample(1, seed={point.seed})")
        if edits:
            lines.append(f"z = model.edit(z, {edits!r})")
        if point.renormalised:
            imports.append("from latentlab.latent.priors import renormalise")
            lines.append("z = renormalise(z, model.prior)")
    label = _label(point, model)
    lines.append("pixels = model.render(z)[0]" if label is None else f"pixels = model.render(z, {label})[0]")
    return "\n".join([*imports, "", *lines, ""])


def as_text(point: Point, model: OpenedModel, directions: Sequence[Direction]) -> str:
    """Write the latent of a point as text that ``latentlab sample`` takes as a POINT and the window when pasted."""
    return z_text.encode(point.z(directions, model.prior))


def as_traverse_command(
    model: OpenedModel,
    points: Sequence[str],
    direction: str,
    first: float,
    last: float,
    steps: int,
    directions_file: Path | None = None,
    out: str = "traversal.png",
    label: int | None = None,
) -> str:
    """Write the ``latentlab traverse`` that draws a figure, quoted for a POSIX shell.

    Args:
        model: Draws it.
        points: POINTs of the rows.
        direction: Name of the direction.
        first: Strength of the first column, in sigmas.
        last: Strength of the last column.
        steps: Columns.
        directions_file: Where the direction is, if it is none of the model's own.
        out: The PNG to write.
        label: The class of the rows; None where they have none of their own.

    Raises:
        LatentlabError: If the model is in no file.
    """
    words = ["latentlab", "traverse", str(_file_of(model)), *points, f"--direction={direction}"]
    words += [f"--range={first:g}:{last:g}", "--steps", str(steps)]
    if directions_file is not None:
        words += ["--directions", str(directions_file)]
    if label is not None and model.classes:
        words += ["--class", str(label)]
    return shlex.join([*words, "--out", out])


def is_seed_alone(point: Point, model: OpenedModel) -> bool:
    """Whether a point is what its seed gives, unedited."""
    edited = bool(point.strengths) or point.truncation != 1.0 or point.renormalised
    return not edited and _is_of_seed(point, model)


def _label(point: Point, model: OpenedModel) -> int | None:
    """Return the class that a point is drawn as; None where the command line and Python take the same by themselves."""
    y = model.y_of([point])
    return int(y[0]) if y is not None and y[0] else None


def _class_words(point: Point, model: OpenedModel) -> list[str]:
    label = _label(point, model)
    return [] if label is None else ["--class", str(label)]


def _file_of(model: OpenedModel) -> Path:
    if model.generator.path is None:
        raise LatentlabError(model.name, "is in no file yet", "Open its file first.")
    return model.generator.path.resolve()


def _is_of_seed(point: Point, model: OpenedModel) -> bool:
    if point.seed is None:
        return False
    return np.array_equal(point.base, sample(model.prior, 1, model.z_dim, point.seed)[0])


def _edits(point: Point, model: OpenedModel, directions: Sequence[Direction]) -> dict[str, float] | None:
    """Return the strengths by the model's own names; None where the point must be written as a latent."""
    if not _is_of_seed(point, model) or not 0.0 <= point.truncation <= MAX_TRUNCATION:
        return None
    edits: dict[str, float] = {}
    for name, strength in point.strengths.items():
        try:
            meant = by_name(directions, name)
        except KeyError:
            continue  # of another model: it moves nothing, see Point.z
        if not any(meant is own for own in model.directions) or abs(strength) > MAX_STRENGTH or not _can_stand(meant):
            return None
        if meant.name in edits:
            return None
        edits[meant.name] = strength
    return edits


def _can_stand(direction: Direction) -> bool:
    """Whether ``--edit`` reads a name as it is: the number follows the last ``=``, a comma may end it."""
    name = direction.name
    return not ("," in name and "=" in name) and not name.startswith("-") and name == name.strip()
