"""What a run has logged, read back for its curves; needs no torch."""

from __future__ import annotations

import json
from pathlib import Path

from latentlab.training.events import Losses, Progress
from latentlab.training.run_folder_names import LOG


def read_log(folder: Path) -> list[Progress]:
    """Read ``log.jsonl`` of a run folder; lines that are no entries are left out, a missing file has none.

    Returns:
        One message a tick, in the order of the log; `total_kimg` and `eta_s` are 0.
    """
    try:
        lines = (folder / LOG).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []
    entries = []
    for line in lines:
        try:
            entry = json.loads(line)
            losses = Losses(**{name: float(entry[name]) for name in Losses.__dataclass_fields__})
            entries.append(Progress(float(entry["kimg"]), 0.0, losses, float(entry["images_per_s"]), 0.0))
        except (ValueError, KeyError, TypeError):
            continue
    return entries
