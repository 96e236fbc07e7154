"""Samples of durations, how to take them in turns, and what to say of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

Turn = Callable[[], Sequence[float]]
"""Takes a few samples of one contender."""


@dataclass(frozen=True)
class Spread:
    """Samples summed up.

    Attributes:
        p50: Median.
        p95: 95th percentile.
        low: Smallest.
        high: Largest.
        count: How many there were.
    """

    p50: float
    p95: float
    low: float
    high: float
    count: int

    @classmethod
    def of(cls, samples: Sequence[float]) -> Spread:
        """Sum samples up.

        Raises:
            ValueError: If there are none.
        """
        if not samples:
            raise ValueError("no samples")
        p50, p95 = np.percentile(samples, (50, 95))
        return cls(float(p50), float(p95), float(min(samples)), float(max(samples)), len(samples))


def interleaved(contenders: Mapping[str, Turn], rounds: int, warm_up: int = 0) -> dict[str, list[float]]:
    """Let contenders take turns, so that whatever else the machine does hits all of them.

    Every other round runs backwards: what the first leaves behind for the second, the second leaves for the first.

    Args:
        contenders: Name to what takes its samples.
        rounds: Turns of each.
        warm_up: Turns of each ahead of the first that counts.

    Returns:
        Name to all samples.
    """
    samples: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(-warm_up, rounds):
        for name in list(contenders)[:: 1 if turn % 2 == 0 else -1]:
            taken = contenders[name]()
            if turn >= 0:
                samples[name].extend(taken)
    return samples


def timed_ms(run: Callable[[], object], calls: int, warm_up: int = 0) -> list[float]:
    """Time calls one by one, in milliseconds, after some that do not count."""
    for _ in range(warm_up):
        run()
    samples = []
    for _ in range(calls):
        start = time.perf_counter()
        run()
        samples.append((time.perf_counter() - start) * 1000.0)
    return samples
