"""What a run has logged, read back for its curves; needs no torch."""

from __future__ import annotations

import json
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

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
            losses = Losses(**{each.name: float(_value(entry, each)) for each in fields(Losses)})
            rates = {name: float(entry.get(name, 0.0)) for name in ("lr_D", "lr_G")}
            entries.append(Progress(float(entry["kimg"]), 0.0, losses, float(entry["images_per_s"]), 0.0, **rates))
        except (ValueError, KeyError, TypeError):
            continue
    return entries


def _value(entry: dict[str, Any], field: Field[Any]) -> Any:
    """Look a field up; what runs of before did not log has its default."""
    return entry[field.name] if field.default is MISSING else entry.get(field.name, field.default)
