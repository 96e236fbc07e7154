"""Names of a run's files, for those who must not import torch to know them."""

from __future__ import annotations

import os
from pathlib import Path

CONFIG = "config.json"
LOG = "log.jsonl"
RESUME = "resume.pt"
SAMPLES = "samples"


def holds_run(folder: Path) -> bool:
    """Whether a run was begun in a folder."""
    return (folder / CONFIG).exists()


def can_be_made(folder: Path) -> bool:
    """Whether a folder can be written to, or made where the next one above it that exists lies."""
    above = next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
    return above.is_dir() and os.access(above, os.W_OK | os.X_OK)


def can_resume(folder: Path) -> bool:
    """Whether a run in a folder can be gone on with."""
    return holds_run(folder) and (folder / RESUME).exists()
