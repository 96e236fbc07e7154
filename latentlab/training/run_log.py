"""``log.jsonl`` read as it grows, whoever writes it: each look takes in only what is new."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

_MAX_DEPTH = 2


@dataclass(frozen=True)
class Entry:
    """One line of a log.

    Attributes:
        kimg: Thousands of images shown.
        values: Its numbers by name; of a figure with an error, ``{"value": 3.1, "error": 0.2}``, the value.
    """

    kimg: float
    values: Mapping[str, float]

    def get(self, name: str) -> float:
        """Return a number; NaN where the line has none of that name."""
        return self.values.get(name, math.nan)


class RunLog:
    """Reads a log again and again. Belongs to one thread.

    A last line that is still being written waits for its end. A log that was written anew (after a resume, or by a
    tool that synchronises whole files) is read from its start.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._end = 0
        self._last = b""
        self._entries: tuple[Entry, ...] = ()

    def read(self) -> tuple[Entry, ...]:
        """Return all entries there are; the same object while nothing is new.

        Lines that are no entries are left out, as are those that a later line at no higher kimg made void.

        Raises:
            OSError: If the log is not there or cannot be read.
        """
        with self._path.open("rb") as file:
            file.seek(self._end - len(self._last))
            if file.read(len(self._last)) != self._last:
                self._end, self._last = 0, b""
                entries: list[Entry] = []
                file.seek(0)
            else:
                entries = list(self._entries)
            new = file.read()
        whole = new[: new.rfind(b"\n") + 1]
        if whole or len(entries) != len(self._entries):
            lines = whole.splitlines(keepends=True)
            for line in lines:
                entry = _entry(line)
                if entry is not None:
                    while entries and entries[-1].kimg >= entry.kimg:
                        entries.pop()
                    entries.append(entry)
            self._end += len(whole)
            self._last = lines[-1] if lines else self._last
            self._entries = tuple(entries)
        return self._entries


def _entry(line: bytes) -> Entry | None:
    try:
        found = json.loads(line)
        values = dict(numbers(found))
        kimg = values.pop("kimg")
        return Entry(kimg, MappingProxyType(values)) if math.isfinite(kimg) else None
    except (ValueError, KeyError, AttributeError):
        return None


def numbers(found: Mapping[str, object], depth: int = _MAX_DEPTH) -> Iterator[tuple[str, float]]:
    """List the numbers of a line of the log by name; of a figure with an error, its value."""
    for name, value in found.items():
        if isinstance(value, bool):
            continue
        if isinstance(value, int | float):
            yield name, float(value)
        elif isinstance(value, dict) and isinstance(value.get("value"), int | float):
            yield name, float(value["value"])
        elif isinstance(value, dict) and depth:
            yield from numbers(value, depth - 1)
