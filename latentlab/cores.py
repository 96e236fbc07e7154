"""How many CPU cores there are to share out."""

from __future__ import annotations

import os


def cores() -> int:
    """Count the cores that this process may run on; a container may have fewer than the machine."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def leave_one_to_the_window() -> None:
    """Have numpy's matrix products take the spare cores alone; call it before numpy is imported.

    Their threads wait for each other by spinning: on a busy machine the window stood still for up to 0.4 s while a
    product of a background thread did so. What the user has set is left as it is.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(spare()))


def spare() -> int:
    """Count the cores that are left when the window has one for itself, at least 1."""
    return max(1, cores() - 1)
