"""The parts of the benchmark and the document they make."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from latentlab.bench.isolation import Bench, display_platform
from latentlab.bench.machine import machine
from latentlab.bench.report import Found
from latentlab.bench.subject import Subject
from latentlab.models.checkpoint import find_model

PARTS = ("start", "slider", "strip", "throughput", "gif", "training", "memory")
"""Each a module of this package with `measure`."""


def run(
    model: Path | None,
    parts: Sequence[str],
    quick: bool,
    say: Callable[[str], None],
    found: Callable[[str, Found], None],
) -> dict[str, Any]:
    """Measure, and return all of it in JSON types.

    Args:
        model: A model file or run folder; None for one of width 64 at 64x64 RGB with random weights.
        parts: Keys of `PARTS`, in the order wanted.
        quick: Whether few samples will do.
        say: Shows where the bench stands.
        found: Told of each part as it is done.

    Raises:
        LatentlabError: If the model cannot be opened or a part fails.
    """
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="latentlab-bench-"))
    try:
        subject = Subject.from_file(find_model(model.expanduser()).resolve()) if model else Subject.random(folder)
        bench = Bench(subject, quick, folder, display_platform(), say)
        facts = machine()
        results: dict[str, Found] = {}
        for part in parts:
            say(part)
            results[part] = import_module(f"latentlab.bench.{part}").measure(bench)
            found(part, results[part])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    platforms = [each.facts["platform"] for each in results.values() if "platform" in each.facts]
    return {
        "machine": facts,
        "model": subject.to_json() | {"path": str(model) if model else None},
        "quick": quick,
        "platform": platforms[0] if platforms else None,
        "seconds": round(time.monotonic() - started, 1),
        "parts": {part: result.to_json() for part, result in results.items()},
        "budgets": [{"part": part} | budget.to_json() for part, result in results.items() for budget in result.budgets],
    }
