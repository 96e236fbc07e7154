"""What *Train > Data…* does in the background: open a data set and look for pictures that are there twice."""

from __future__ import annotations

from dataclasses import dataclass

from latentlab.analysis.progress import Progress, part
from latentlab.data.catalogue import open_data
from latentlab.data.dataset import DataSet
from latentlab.data.survey import Rows, find_duplicates
from latentlab.errors import ErrorReport, LatentlabError

_READING = 0.9  # share of the progress; the rest is looking for duplicates


@dataclass(frozen=True)
class DataChoice:
    """A data set and how its pictures are made; the names are those of `open_data`.

    Attributes:
        data: A name or a path.
        size: Side of the pictures in pixels; None takes the data set's own.
        channels: 1, 3, or None for the data set's own.
        crop: Name of a crop; None takes the data set's own.
        label: The attribute that gives the classes; None takes the data set's own.
    """

    data: str
    size: int | None = None
    channels: int | None = None
    crop: str | None = None
    label: str | None = None


@dataclass(frozen=True, eq=False)
class Looked:
    """What a look at a data set found.

    Attributes:
        choice: What was looked at.
        data: The data set.
        duplicates: Rows of equal pictures.
    """

    choice: DataChoice
    data: DataSet
    duplicates: tuple[Rows, ...]


def look_at(choice: DataChoice, download: bool, progress: Progress) -> Looked | ErrorReport:
    """Open a data set and look for duplicates; what is not small is in the cache from then on.

    Returns:
        Why not, where it cannot be opened: unlike an error that is raised, nobody hears of it once it is of no matter.

    Raises:
        Cancelled: If `progress` raises it.
    """

    def called_off() -> bool:
        progress(0.0)
        return False

    reading, comparing = part(progress, 0.0, _READING), part(progress, _READING, 1.0)
    try:
        data = open_data(
            choice.data,
            choice.size,
            choice.channels,
            crop=choice.crop,
            label=choice.label,
            progress=lambda done, total: reading(done / max(1, total)),
            cancelled=called_off,
            download=download,
        )
    except LatentlabError as error:
        return ErrorReport.from_exception(error, choice.data)
    return Looked(choice, data, find_duplicates(data.pixels, lambda done, total: comparing(done / total), called_off))
