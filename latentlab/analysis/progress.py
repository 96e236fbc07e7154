"""How long work tells how far it is, and learns that nobody waits for it any more."""

from __future__ import annotations

from collections.abc import Callable, Iterator

Progress = Callable[[float], None]
"""Takes the fraction done, 0 to 1, ascending; it may raise `errors.Cancelled`, which ends the work and is passed on."""


def unwatched(_: float) -> None:
    """Take progress that nobody looks at."""


def part(progress: Progress, start: float, end: float) -> Progress:
    """Return the progress of one stage, whose 0 to 1 is `start` to `end` of the whole."""
    return lambda done: progress(start + (end - start) * done)


def batches(count: int, size: int, progress: Progress = unwatched) -> Iterator[slice]:
    """Walk through `count` rows in batches, telling the progress before each one and at the end.

    Args:
        count: Rows in all.
        size: Rows in a batch, at least 1; the last may be smaller.
        progress: Called with the fraction of the rows that lie behind.

    Yields:
        The slice of each batch.

    Raises:
        Cancelled: If `progress` raises it.
    """
    for start in range(0, count, size):
        progress(start / count)
        yield slice(start, min(start + size, count))
    progress(1.0)
