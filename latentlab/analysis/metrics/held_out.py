"""The real pictures that a model is judged by, and those that a feature network may learn from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from latentlab.analysis.progress import Progress, unwatched
from latentlab.data.catalogue import open_data
from latentlab.data.dataset import DataSet, Labels, Split
from latentlab.data.idx import EMNIST_PART, emnist_names, file_names, locate
from latentlab.data.published import PUBLISHED
from latentlab.errors import DataError
from latentlab.models.card import DataSource
from latentlab.paths import data_dir
from latentlab.pixels import Pixels

SPLITS: tuple[Split, ...] = ("test", "train")
LEAST_PICTURES = 200
MOST_PICTURES = 10_000


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Two disjoint random sets of real pictures, of one size.

    Attributes:
        name: What the data are called.
        part: Which part of them this is, and whether the model can have seen it.
        reference: What is compared with, shape (N, H, W, C), uint8.
        second: As many others, whose distance to the reference is the floor, shape (N, H, W, C), uint8.
        resize: How they were brought to that size.
    """

    name: str
    part: str
    reference: Pixels
    second: Pixels
    resize: str


@dataclass(frozen=True, eq=False)
class Learning:
    """What a feature network may learn from; none of it is judged.

    Attributes:
        pixels: Shape (N, H, W, C), uint8.
        labels: Shape (N,), int64; None without classes.
        data: What the data are called.
    """

    pixels: Pixels
    labels: Labels | None
    data: DataSource


@dataclass(frozen=True, eq=False)
class Source:
    """A data set opened for judging.

    Attributes:
        data: What can be judged by: the test split where there is one, else everything.
        training: Opens the training split; None where there is none.
        part: Which part of the data set this is.
        is_split: Whether it is a test split.
    """

    data: DataSet
    training: Callable[[], DataSet] | None
    part: str
    is_split: bool

    def deal(self, learns: bool, most: int = MOST_PICTURES, seed: int = 0) -> tuple[HeldOut, Learning | None]:
        """Deal the pictures out at random.

        Args:
            learns: Whether a feature network must be trained: half of pictures that have no training split go to it.
            most: Largest number for reference and second set, each.
            seed: Of the deal.

        Raises:
            DataError: If there are too few pictures, or the training split cannot be read.
        """
        spares = learns and self.training is None
        each = min(len(self.data) // (4 if spares else 2), most)
        if each < LEAST_PICTURES // 2:
            least = 2 * LEAST_PICTURES if spares else LEAST_PICTURES
            raise DataError(self.data.name, f"{len(self.data)} pictures are too few to judge by", f"It takes {least}.")
        order = np.random.RandomState(seed).permutation(len(self.data))
        reference, second, rest = np.split(order, [each, 2 * each])
        side = self.data.pixels.shape[1]
        held_out = HeldOut(
            self.data.name,
            self.part,
            self.data.pixels[reference],
            self.data.pixels[second],
            f"{side}x{side} by padding with background where that is enough, else by Lanczos",
        )
        if not learns:
            return held_out, None
        taken = self.data if self.training is None else self.training()
        rows = np.sort(rest) if self.training is None else np.arange(len(taken))
        labels = None if taken.labels is None else taken.labels[rows]
        source = DataSource(taken.name, len(rows), taken.licence, taken.source)
        return held_out, Learning(taken.pixels[rows], labels, source)


def open_source(
    name_or_path: str, side_px: int, channels: int, progress: Progress = unwatched, crop: str = ""
) -> Source:
    """Open a data set to judge by.

    Args:
        name_or_path: As `open_data` takes it.
        side_px: Height and width of the model's pictures.
        channels: 1 or 3, as the model's.
        progress: Told the fraction done.
        crop: As `open_data` takes it; empty takes the data set's own.

    Raises:
        DataError: If there is no such data set, or it is damaged, empty or cannot be downloaded.
        Cancelled: If `progress` raises it.
    """

    def told(done: int, total: int) -> None:
        progress(done / max(1, total))

    progress(0.0)
    data = open_data(name_or_path, side_px, channels, crop=crop or None, split="test", progress=told)
    folder = data_dir() / name_or_path if name_or_path in PUBLISHED else Path(name_or_path).expanduser()
    test, train = (_lies_in(folder, name_or_path, split) for split in SPLITS)

    def training() -> DataSet:
        return open_data(name_or_path, side_px, channels, split="train", download=False)

    named = "test split" if test else "all of it; the model may have been trained on it"
    return Source(data, training if test and train else None, named, test)


def only_listed(source: Source, listed: Path) -> Source:
    """Keep the pictures whose files a text file names: what was held out of a training, for example.

    Args:
        source: A folder or archive of images.
        listed: Names of files, with or without folder and suffix, separated by blanks or lines.

    Raises:
        DataError: If the list cannot be read, or names none of the pictures.
    """
    try:
        stems = {Path(name).stem for name in listed.read_text(encoding="utf-8").split()}
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(listed, f"cannot be read as a list of files: {error}") from error
    names = source.data.names
    rows = np.array([row for row, name in enumerate(names) if Path(name).stem in stems], np.int64)
    if not len(rows):
        raise DataError(listed, f"names none of the {len(source.data)} pictures of {source.data.name}")
    labels = None if source.data.labels is None else source.data.labels[rows]
    data = replace(
        source.data,
        pixels=source.data.pixels[rows],
        labels=labels,
        names=tuple(names[row] for row in rows),
        attributes=(),
        answers=None,
    )
    return replace(source, data=data, part=f"the files that {listed.name} lists")


def _lies_in(folder: Path, name: str, split: Split) -> bool:
    images, _ = emnist_names(EMNIST_PART, split) if name == "emnist" else file_names(split)
    return folder.is_dir() and locate(folder, images) is not None
