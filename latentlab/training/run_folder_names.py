"""Names of a run's files, for those who must not import torch to know them."""

from __future__ import annotations

import os
from pathlib import Path

CONFIG = "config.json"
LOG = "log.jsonl"
RESUME = "resume.pt"
SAMPLES = "samples"
_MOST_BYTES = 255
"""Of a name, on all usual file systems."""


def holds_run(folder: Path) -> bool:
    """Whether a run was begun in a folder."""
    return os.path.exists(folder / CONFIG)


def can_be_made(folder: Path) -> bool:
    """Whether a folder can be written to, or made where the next one above it that exists lies."""
    whole = folder.absolute()
    above = next(each for each in (whole, *whole.parents) if os.path.exists(each))
    too_long = any(len(os.fsencode(part)) > _MOST_BYTES for part in whole.parts)
    return above.is_dir() and os.access(above, os.W_OK | os.X_OK) and not too_long


def can_resume(folder: Path) -> bool:
    """Whether a run in a folder can be gone on with."""
    return holds_run(folder) and (folder / RESUME).exists()
