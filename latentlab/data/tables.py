"""What tables say of images: classes and attributes, from CSV files or CelebA's ``list_attr_celeba.txt``."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import PurePosixPath

import numpy as np

from latentlab.data.dataset import Answers, Labels
from latentlab.data.picture import SUFFIXES
from latentlab.errors import DataError, ValueRangeError

TABLE_SUFFIXES = (".csv", ".tsv")
CELEBA_TABLE = "list_attr_celeba.txt"
UNLABELLED = "unlabelled"

_FILE_COLUMNS = ("file", "filename", "file_name", "image", "image_id", "image_name", "img", "path", "name", "id")
_CLASS_COLUMNS = ("label", "class", "category", "target", "y")
_MOST_CLASSES, _MOST_NUMBERED = 1000, 100
_DELIMITERS = ",\t;"
_ANSWERS = {"1": 1, "-1": -1, "0": 0, "": 0, "1.0": 1, "-1.0": -1, "0.0": 0, "true": 1, "false": -1}


@dataclass(frozen=True)
class Table:
    """Rows by the file they speak of.

    Attributes:
        name: The file it was read from.
        columns: Names of the columns but that of the file.
        rows: One value per column, by file name.
        damaged: One line if rows had to be left out, else empty.
    """

    name: str
    columns: tuple[str, ...]
    rows: dict[str, tuple[str, ...]]
    damaged: str = ""

    def row(self, name: str) -> tuple[str, ...] | None:
        """Return what is said of a file: by its relative name, its name without folders, or that without suffix."""
        row = self.rows.get(name)
        if row is None:
            base = name.rsplit("/", 1)[-1]
            row = self.rows.get(base) or self.rows.get(base.rsplit(".", 1)[0])
        return row


@dataclass(frozen=True, eq=False)
class Said:
    """What tables say of a sequence of images, in its order.

    Attributes:
        labels, class_names: As in `DataSet`.
        attributes, answers: As in `DataSet`.
        columns: Those that could give the classes, besides the attributes.
    """

    labels: Labels | None = None
    class_names: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    answers: Answers | None = None
    columns: tuple[str, ...] = ()


def is_table(name: str) -> bool:
    """Tell by its lower-case name whether a file is a table."""
    return name.endswith(TABLE_SUFFIXES) or name == CELEBA_TABLE


def read_table(content: bytes, name: str) -> Table:
    """Read a table whose rows each begin with, or name in a column such as ``file``, the image they speak of.

    A first row that names an image has no header above it: its columns are called ``label``, ``column 2`` and so on.

    Raises:
        DataError: If this is no text, or no table with at least two columns.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(name, "is no table: it is not text in UTF-8") from None
    if PurePosixPath(name).name.lower() == CELEBA_TABLE:
        return _read_celeba(text, name)
    first = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    if delimiter not in first:
        raise DataError(name, "is no table: its first line has one column", "Two are needed, for example file,label.")
    # Row by row: lists of all rows at once would keep Python's collector busy, which stops every thread.
    lines = ([cell.strip() for cell in line] for line in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    try:
        header = next(lines)
        if header[0].lower().endswith(SUFFIXES):
            named = ["file", "label", *(f"column {number}" for number in range(2, len(header)))]
            return _table(name, named, 0, chain([header], lines), 1)
        lower = [cell.lower() for cell in header]
        at = next((lower.index(column) for column in _FILE_COLUMNS if column in lower), 0)
        return _table(name, header, at, lines, 2)
    except csv.Error as error:
        raise DataError(name, f"is no table: {error}") from error


def combine(tables: Sequence[Table], names: Sequence[str], label: str | None = None) -> Said:
    """Say of each image what the tables say of it.

    A column ``label`` or ``class``, or the only one, gives the classes; images it does not name are `UNLABELLED`.
    Columns of 1 and -1, or of 1 and 0, are attributes: 1 has it, -1 has it not, 0 beside -1 is unknown. Two columns
    that differ only in case and underscores are one; where the first does not know, the second is asked.

    Args:
        tables: Asked in this order.
        names: The images.
        label: The column that gives the classes.

    Raises:
        ValueRangeError: If no table has the column `label`.
    """
    labels: Labels | None = None
    classes: tuple[str, ...] = ()
    attributes: dict[str, tuple[str, Answers]] = {}
    sorting: dict[str, str] = {}
    for table in tables:
        rows = [table.row(name) for name in names]
        if not any(rows):
            continue
        unsaid = (None,) * len(table.columns)
        chosen = _class_column(table, label)
        for column, values in zip(table.columns, zip(*(row or unsaid for row in rows), strict=True), strict=True):
            answers = _answers(values)
            if answers is None and _sorts(values):
                sorting.setdefault(column.casefold(), column)
            if column == chosen:
                if labels is None:
                    labels, classes = _labels(values)
                continue
            if answers is None:
                continue
            key = column.casefold().replace("_", " ")
            title, before = attributes.get(key, (column.replace("_", " "), answers))
            attributes[key] = (title, np.where(before == 0, answers, before).astype(np.int8))
    if label is not None and labels is None:
        columns = sorted({column for table in tables for column in table.columns})
        raise ValueRangeError(
            "label", f"no table has a column {label!r}", f"There are {', '.join(columns)}." if columns else ""
        )
    answers = np.stack([each for _, each in attributes.values()], axis=1) if attributes else None
    titles = tuple(title for title, _ in attributes.values())
    return Said(labels, classes, titles, answers, tuple(sorting.values()))


def _class_column(table: Table, label: str | None) -> str | None:
    lower = {column.casefold(): column for column in table.columns}
    if label is not None:
        return lower.get(label.casefold())
    named = next((lower[column] for column in _CLASS_COLUMNS if column in lower), None)
    return named or (table.columns[0] if len(table.columns) == 1 else None)


def _sorts(values: Sequence[str | None]) -> bool:
    """Whether a column sorts the images into classes: some, each of several images on average."""
    known = {value for value in values if value}
    most = _MOST_NUMBERED if all(map(_is_whole, known)) else _MOST_CLASSES
    return 2 <= len(known) <= min(most, len(values) // 4)


def _labels(values: Sequence[str | None]) -> tuple[Labels, tuple[str, ...]]:
    found = {value for value in values if value}
    names = sorted(found, key=lambda value: (0, int(value), "") if _is_whole(value) else (1, 0, value))
    index: dict[str | None, int] = {value: number for number, value in enumerate(names)}
    unlabelled = len(names)
    labels = np.array([index.get(value, unlabelled) for value in values], np.int64)
    return labels, (*names, UNLABELLED) if (labels == unlabelled).any() else tuple(names)


def _answers(values: Sequence[str | None]) -> Answers | None:
    known = set(values)
    if not all(value is None or value.lower() in _ANSWERS for value in known):
        return None
    meanings = {value: 0 if value is None else _ANSWERS[value.lower()] for value in known}
    answers = np.array(list(map(meanings.__getitem__, values)), np.int8)
    if (answers == -1).any() or not (answers == 1).any():
        return answers if answers.any() else None
    # Without a -1 a 0 says no; what is not said stays unknown.
    said = np.array([value not in (None, "") for value in values])
    return np.where(said & (answers == 0), -1, answers).astype(np.int8)


def _is_whole(value: str) -> bool:
    return value.removeprefix("-").isdecimal()


def _read_celeba(text: str, name: str) -> Table:
    """Read CelebA's own form: a count, the names of the attributes, then a line of 1 and -1 per image."""
    lines = (line.split() for line in text.splitlines())
    count, names = next(lines, []), next(lines, [])
    if len(count) != 1 or not count[0].isdecimal() or not names:
        raise DataError(name, "is not CelebA's: it does not begin with a count and the names of the attributes")
    return _table(name, ["file", *names], 0, lines, 3)


def _table(name: str, header: list[str], at: int, lines: Iterable[list[str]], first_number: int) -> Table:
    rows = {}
    damaged = []
    for number, line in enumerate(lines, first_number):
        if not line:
            continue
        if len(line) != len(header):
            damaged.append(number)
            continue
        key = line.pop(at).replace("\\", "/").removeprefix("./")
        rows[key] = tuple(map(sys.intern, line))  # CelebA's table holds eight million times the same two values
    if not rows:
        raise DataError(name, "is no table: no row has as many columns as its first line")
    left_out = (
        f"{name}: {len(damaged)} of {len(damaged) + len(rows)} rows are damaged, the first is line {damaged[0]}"
        if damaged
        else ""
    )
    return Table(name, tuple(header[:at] + header[at + 1 :]), rows, left_out)
