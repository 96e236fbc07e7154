"""POINTs of the command line: a seed, a range of seeds, a PNG saved by latentlab, a .npy of z, or a copied latent."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tokenize import TokenError

import numpy as np

from latentlab.errors import UsageError, ValueRangeError
from latentlab.export.latent_png import read_tag
from latentlab.export.png_chunks import SIGNATURE
from latentlab.latent import z_text
from latentlab.latent.arrays import FloatArray
from latentlab.latent.seeds import parse_seeds
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point

MAX_ROWS = 100_000
_WHAT_A_POINT_IS = "Give a seed, a range 0-63, a PNG saved by latentlab, a .npy of z, or a copied latent z:…"
_SEEDS = re.compile(r"[\d,\s-]+")
_NPY = b"\x93NUMPY"
# What numpy lets through of a header that is none.
_UNREADABLE = (OSError, ValueError, OverflowError, SyntaxError, TokenError, MemoryError, RecursionError)
_SAME_Z = 1e-4


@dataclass(frozen=True, eq=False)
class Latent:
    """A latent and the steps that led to it.

    Attributes:
        point: The steps.
        z: Shape (z_dim,), float32; what the steps lead to, or bit for bit what a file holds.
    """

    point: Point
    z: FloatArray


def read_points(texts: Sequence[str], seeds: str, model: OpenedModel) -> tuple[Latent, ...]:
    """Find the latents that a command line names.

    Args:
        texts: POINTs; one that looks like seeds is no file, which would have to be written ``./5``.
        seeds: Further seeds, as `parse_seeds` takes them; empty where there are none.
        model: Whose width of z and prior they must have.

    Returns:
        At least one, in the order given, those of `seeds` last.

    Raises:
        UsageError: If nothing is named.
        ValueRangeError: If a text is no POINT, or its latent is not one of this model's.
        LatentTagError: If the latent inside a PNG is damaged.
    """
    if not texts and not seeds:
        raise UsageError("POINT", "none is given", f"{_WHAT_A_POINT_IS} --seeds 1,2,3 is shorthand.")
    found = [latent for text in texts for latent in _of_text(text, model)]
    return (*found, *(_of_seeds(seeds, model) if seeds else ()))


def follow(point: Point, model: OpenedModel) -> Latent:
    """Take the steps of a point, as the window does.

    Raises:
        ValueRangeError: If they lead beyond what float32 holds.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        z = point.z(model.directions if point.strengths else (), model.prior)
    return Latent(point, model.checked(z[None])[0])


def of_class(latents: Sequence[Latent], label: int | None, model: OpenedModel) -> tuple[Latent, ...]:
    """Have latents drawn as a class.

    Args:
        latents: What is to be drawn.
        label: The class; None for those that the latents have, else the first.
        model: Without classes, it leaves the latents as they are.

    Raises:
        ValueRangeError: If the model has no such class.
    """
    model.checked_classes(label, 1)
    if not model.classes:
        return tuple(latents)
    return tuple(
        replace(latent, point=replace(latent.point, label=(latent.point.label or 0) if label is None else label))
        for latent in latents
    )


def common_class(latents: Sequence[Latent], label: int | None, model: OpenedModel) -> int | None:
    """Return the one class that several latents are drawn as; None where the model has none.

    Args:
        latents: At least one.
        label: The class; None for that of the latents, else the first.
        model: Draws them.

    Raises:
        UsageError: If they are of several classes and none is named.
        ValueRangeError: If the model has no such class.
    """
    labels = {latent.point.label for latent in of_class(latents, label, model)}
    if len(labels) > 1:
        raise UsageError("POINT", "the points are of several classes", "Name the one to draw with --class K.")
    return labels.pop() if model.classes else None


def _of_text(text: str, model: OpenedModel) -> list[Latent]:
    if _SEEDS.fullmatch(text):
        return _of_seeds(text, model)
    if text.startswith(z_text.PREFIX):
        return [_of_copied(text, model)]
    path = Path(text).expanduser()
    try:
        with path.open("rb") as file:
            start = file.read(len(SIGNATURE))
    except FileNotFoundError:
        raise ValueRangeError(text, "is neither a seed nor a file", _WHAT_A_POINT_IS) from None
    except OSError as error:
        raise ValueRangeError(text, f"cannot be read: {error.strerror or error}") from error
    if start == SIGNATURE:
        return [_of_png(path, model)]
    if start.startswith(_NPY):
        return _of_npy(path, model)
    raise ValueRangeError(text, "is neither a PNG nor a .npy", _WHAT_A_POINT_IS)


def _of_seeds(text: str, model: OpenedModel) -> list[Latent]:
    return [follow(Point.from_seed(seed, model.z_dim, model.prior), model) for seed in parse_seeds(text)]


def _of_copied(text: str, model: OpenedModel) -> Latent:
    z = z_text.decode(text)
    if len(z) != model.z_dim:
        raise ValueRangeError(f"{text[:20]}…", f"is a latent of width {len(z)}, {model.name} takes {model.z_dim}")
    return Latent(Point(z, origin="copied z"), z)


def _of_png(path: Path, model: OpenedModel) -> Latent:
    tag = read_tag(path)
    if tag is None:
        raise ValueRangeError(path, "holds no latent", "Only a PNG saved by latentlab does.")
    if len(tag.z) != model.z_dim:
        raise ValueRangeError(path, f"holds a latent of width {len(tag.z)}, {model.name} takes {model.z_dim}")
    if tag.prior != model.prior:
        raise ValueRangeError(
            path, f"holds a latent of the {tag.prior} prior, {model.name} takes the {model.prior} one"
        )
    label = tag.label if tag.label is not None and tag.label < model.classes else None
    steps = Point(tag.base, tag.seed, path.name, tag.edits, tag.truncation, tag.renormalised, label)
    # Under another model the same sliders lead elsewhere; what the picture showed is z.
    try:
        same = np.allclose(follow(steps, model).z, tag.z, rtol=_SAME_Z, atol=_SAME_Z)
    except ValueRangeError:
        same = False
    return Latent(steps if same else Point(tag.z, origin=path.name, label=label), tag.z)


def _of_npy(path: Path, model: OpenedModel) -> list[Latent]:
    try:
        # Mapped, not read: a header may promise any size, and here it must agree with that of the file.
        with warnings.catch_warnings(action="ignore"):
            array = np.load(path, mmap_mode="r", allow_pickle=False)
    except _UNREADABLE as error:
        why = str(error) or type(error).__name__
        raise ValueRangeError(path, f"is damaged or holds no numbers ({why})") from error
    if not (np.issubdtype(array.dtype, np.floating) or np.issubdtype(array.dtype, np.integer)):
        raise ValueRangeError(path, f"holds {array.dtype}, expected numbers")
    if array.ndim not in (1, 2) or array.shape[-1] != model.z_dim:
        expected = f"({model.z_dim},) or (N, {model.z_dim})"
        raise ValueRangeError(path, f"has the shape {array.shape}, {model.name} takes {expected}")
    if array.ndim == 2 and not 1 <= len(array) <= MAX_ROWS:
        raise ValueRangeError(path, f"holds {len(array)} latents, expected 1 to {MAX_ROWS}")
    with np.errstate(over="ignore"):
        rows = np.atleast_2d(np.array(array, np.float32))
    if not np.isfinite(rows).all():
        raise ValueRangeError(path, "holds values that are not finite")
    names = [path.name] if len(rows) == 1 else [f"{path.name} row {index}" for index in range(len(rows))]
    return [Latent(Point(row, origin=name), row) for row, name in zip(rows, names, strict=True)]
