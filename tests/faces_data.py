"""The real faces with their labels, and who of them may be learned from.

5,000 faces are held out for evaluation, whole identities at a time; their numbers are in
``checkpoints/faces-holdout.txt``. The other identities are dealt into two halves: networks that ship learn from the
first, the judges of the tests from the second.
"""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from latentlab.errors import DataError
from latentlab.pixels import Pixels

ROOT = Path(__file__).resolve().parents[1]
HOLDOUT_LIST = ROOT / "checkpoints" / "faces-holdout.txt"
HOLDOUT = 5000
SIDE_PX = 64
FULLY_LABELLED = ("Male", "Young", "Smiling", "Eyeglasses")
"""Known of all faces; the other attributes of CelebA's 40 are known of a seventh of them."""

_SEED = 0
_NUMBERS_A_LINE = 16


@dataclass(frozen=True, eq=False)
class Faces:
    """What is known of the CelebA faces at hand.

    Attributes:
        numbers: CelebA's file numbers, shape (N,), int64.
        identities: Shape (N,), int64.
        parts: In which of the two archives each lies, shape (N,), str.
        names: The 40 attributes as CelebA orders them, with blanks for underscores.
        answers: Shape (N, 40), float32: 1 has it, 0 has not, NaN unknown.
    """

    numbers: npt.NDArray[np.int64]
    identities: npt.NDArray[np.int64]
    parts: npt.NDArray[np.str_]
    names: tuple[str, ...]
    answers: npt.NDArray[np.float32]


def read_faces(folder: Path) -> Faces:
    """Read both tables.

    Raises:
        DataError: If one is missing.
    """
    rows = _table(folder / "labels.csv")
    detailed = {row["file"]: row for row in _table(folder / "attributes40.csv")}
    columns = [name for name in next(iter(detailed.values())) if name != "file"]
    names = tuple(name.replace("_", " ") for name in columns)
    answers = np.full((len(rows), len(names)), np.nan, np.float32)
    for index, row in enumerate(rows):
        if row["file"] in detailed:
            answers[index] = [int(detailed[row["file"]][name]) > 0 for name in columns]
        for name in FULLY_LABELLED:
            answer = int(row[name.lower()])
            answers[index, names.index(name)] = np.nan if answer == 0 else answer > 0
    numbers = np.array([int(row["file"].removesuffix(".webp")) for row in rows], np.int64)
    identities = np.array([int(row["identity"]) for row in rows], np.int64)
    return Faces(numbers, identities, np.array([row["part"] for row in rows]), names, answers)


def decode(folder: Path, faces: Faces, rows: npt.NDArray[np.int64]) -> Pixels:
    """Decode some faces, shape (n, 64, 64, 3), uint8, in the order of `rows`.

    Raises:
        DataError: If an archive is missing.
    """
    pixels = np.empty((len(rows), SIDE_PX, SIDE_PX, 3), np.uint8)
    for part in "ab":
        with zipfile.ZipFile(_existing(folder / f"faces64-{part}.zip")) as archive:
            for place in np.flatnonzero(faces.parts[rows] == part):
                name = f"{faces.numbers[rows[place]]:06d}.webp"
                with Image.open(io.BytesIO(archive.read(name))) as image:
                    pixels[place] = np.asarray(image.convert("RGB"))
    return pixels


def deal(identities: npt.NDArray[np.int64], holdout: int = HOLDOUT) -> npt.NDArray[np.int64]:
    """Deal faces into the held-out ones and two halves, whole identities at a time.

    Args:
        identities: Shape (N,), int64.
        holdout: How many faces are held out, exactly.

    Returns:
        Shape (N,), int64: 0 held out, 1 first half, 2 second half.
    """
    people, faces = np.unique(identities, return_counts=True)
    order = np.random.RandomState(_SEED).permutation(len(people))
    part = {}
    left, turn = holdout, 0
    for index in order:
        if faces[index] <= left:
            part[people[index]] = 0
            left -= int(faces[index])
        else:
            part[people[index]] = 1 + turn
            turn = 1 - turn
    if left:
        raise ValueError(f"{holdout} faces cannot be held out by whole identities")
    return np.array([part[person] for person in identities], np.int64)


def write_holdout(numbers: npt.NDArray[np.int64], path: Path = HOLDOUT_LIST) -> None:
    """Write the numbers of held-out faces, ascending."""
    texts = [f"{number:06d}" for number in np.sort(numbers)]
    lines = [" ".join(texts[start : start + _NUMBERS_A_LINE]) for start in range(0, len(texts), _NUMBERS_A_LINE)]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


def read_holdout(path: Path = HOLDOUT_LIST) -> npt.NDArray[np.int64]:
    """Read the numbers of held-out faces, shape (5000,), int64, ascending."""
    return np.array(path.read_text(encoding="ascii").split(), np.int64)


def _table(path: Path) -> list[dict[str, str]]:
    with _existing(path).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _existing(path: Path) -> Path:
    if not path.exists():
        raise DataError(path, "no such file", "Set LATENTLAB_DATA to the folder that holds faces/.")
    return path
