"""What a look at a data set shows: pictures that go together, and pictures that are there more than once."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from latentlab.data.dataset import DataSet, IsCancelled, Progress, stop_if
from latentlab.pixels import Pixels

Rows = npt.NDArray[np.int64]
Kind = Literal["all", "class", "attribute", "duplicates"]

_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class Group:
    """Pictures that go together.

    Attributes:
        kind: What they share.
        title: The class, the attribute, or the file of the first duplicate; empty for all pictures.
        rows: Which pictures, shape (n,), int64, ascending.
    """

    kind: Kind
    title: str
    rows: Rows


def groups(data: DataSet, duplicates: tuple[Rows, ...] = ()) -> tuple[Group, ...]:
    """Group the pictures: all, those of each class, those with each attribute, and those that are equal.

    Args:
        data: Classes without pictures are groups too.
        duplicates: What `find_duplicates` found.
    """
    found = [Group("all", "", np.arange(len(data)))]
    if data.labels is not None:
        for number, title in enumerate(data.class_names):
            found.append(Group("class", title, np.flatnonzero(data.labels == number)))
    if data.answers is not None:
        for number, title in enumerate(data.attributes):
            found.append(Group("attribute", title, np.flatnonzero(data.answers[:, number] == 1)))
    equal = (Group("duplicates", name_of(data, int(rows[0])), rows) for rows in duplicates)
    return (*found, *equal)


def name_of(data: DataSet, row: int) -> str:
    """Name a picture: by its file, else by its number, counted from 1."""
    return data.names[row] if data.names else f"#{row + 1}"


def find_duplicates(
    pixels: Pixels, progress: Progress | None = None, cancelled: IsCancelled | None = None
) -> tuple[Rows, ...]:
    """Find pictures whose pixels are exactly equal.

    Args:
        pixels: Shape (N, H, W, C), uint8.
        progress: Called with pictures done and pictures in all.
        cancelled: Asked every few hundred pictures.

    Returns:
        The rows of each set of equal pictures, ascending, two or more; sets in the order of their first rows.

    Raises:
        Cancelled: If `cancelled` said so.
    """
    places: defaultdict[bytes, list[int]] = defaultdict(list)
    for start in range(0, len(pixels), _AT_ONCE):
        stop_if(cancelled)
        for row, picture in enumerate(np.ascontiguousarray(pixels[start : start + _AT_ONCE]), start):
            places[hashlib.blake2b(picture.data, digest_size=16).digest()].append(row)
        if progress is not None:
            progress(min(start + _AT_ONCE, len(pixels)), len(pixels))
    return tuple(np.array(rows, np.int64) for rows in places.values() if len(rows) > 1)


def drawn(rows: Rows, count: int, seed: int) -> Rows:
    """Draw so many of some rows at random, without repetition and ascending; all of them where there are fewer."""
    if len(rows) <= count:
        return rows
    return np.sort(np.random.RandomState(seed).choice(rows, count, replace=False))
