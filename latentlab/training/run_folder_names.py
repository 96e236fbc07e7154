"""Names of a run's files, for those who must not import torch to know them."""

from __future__ import annotations

from pathlib import Path

CONFIG = "config.json"
LOG = "log.jsonl"
RESUME = "resume.pt"
SAMPLES = "samples"


def holds_run(folder: Path) -> bool:
    """Whether a run was begun in a folder."""
    return (folder / CONFIG).exists()


def can_resume(folder: Path) -> bool:
    """Whether a run in a folder can be gone on with."""
    return holds_run(folder) and (folder / RESUME).exists()
