"""Seeds as people type them: ``5``, ``1,2,3``, ``0-63``."""

from __future__ import annotations

import re

from latentlab.errors import ValueRangeError
from latentlab.latent.priors import MAX_SEED

MAX_COUNT = 100_000
_PART = re.compile(r"(\d+)(?:-(\d+))?")


def parse_seeds(text: str) -> tuple[int, ...]:
    """Read seeds and ranges of seeds, separated by commas or blanks.

    Args:
        text: For example ``"1,2,3"`` or ``"0-63"``; both ends of a range belong to it.

    Returns:
        The seeds in the order given, at least one.

    Raises:
        ValueRangeError: If a part is no seed or out of range, a range runs backwards, or there are more than 100,000.
    """
    seeds: list[int] = []
    for part in re.split(r"[,\s]+", text.strip()):
        match = _PART.fullmatch(part)
        if match is None:
            raise ValueRangeError(part or "empty text", "is not a seed", "Give a number, a list 1,2,3 or a range 0-63.")
        try:
            first, last = int(match[1]), int(match[2] or match[1])
        except ValueError:  # int() refuses thousands of digits
            raise ValueRangeError(part, f"is outside 0 to {MAX_SEED}") from None
        if last < first:
            raise ValueRangeError(part, "runs backwards", f"Write {last}-{first}.")
        if last > MAX_SEED:
            raise ValueRangeError(part, f"is outside 0 to {MAX_SEED}")
        if len(seeds) + last - first + 1 > MAX_COUNT:
            raise ValueRangeError(part, f"makes more than {MAX_COUNT} seeds", "Give a shorter range.")
        seeds.extend(range(first, last + 1))
    return tuple(seeds)
