"""The threads that a window must not leave behind."""

from __future__ import annotations

import threading

NAMES = ("render", "training", "export", "keeper", "following")


def left_behind() -> list[str]:
    """Return the names of our services' threads that still run."""
    return [thread.name for thread in threading.enumerate() if thread.name in NAMES]
