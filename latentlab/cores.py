"""How many CPU cores there are to share out."""

from __future__ import annotations

import os


def cores() -> int:
    """Count the cores that this process may run on; a container may have fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def spare() -> int:
    """Count the cores that are left when the window has one for itself, at least 1."""
    return max(1, cores() - 1)
