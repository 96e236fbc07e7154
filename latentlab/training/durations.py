"""Durations as people say them."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Write a duration as people say it: ``42 s``, ``6 min``, ``2 h 05 min``; ``?`` where unknown."""
    if seconds == float("inf"):
        return "?"
    minutes = round(seconds / 60.0)
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"
