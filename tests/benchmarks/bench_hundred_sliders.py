"""Time slider to pixels in the real window beside a hundred further sliders, all with pictures at their ends.

    python tests/benchmarks/bench_hundred_sliders.py

The model is the one of `latentlab bench`. Budget (DESIGN, section 10): p50 <= 8 ms, p95 <= 16.7 ms on an idle machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from latentlab.bench.children import application

if TYPE_CHECKING:
    from latentlab.ui.main_window import MainWindow

SLIDERS = 100
MOVES, BLOCKS = 120, 6


def drive(window: MainWindow, _asked: dict[str, Any]) -> dict[str, Any]:
    """Drag one slider with a few in the panel, then with a hundred more."""
    from latentlab.bench.children.event_loop import settle, wait_for_background
    from latentlab.bench.children.hand import Drag
    from latentlab.latent.directions import Direction
    from latentlab.session.direction_changes import add_directions

    wait_for_background(window)
    drag = Drag(window)
    found: dict[str, list[float]] = {"few sliders": []}
    for _ in range(BLOCKS):
        found["few sliders"] += drag.at_pace(MOVES).to_pixels_ms
    model = window.studio.model
    assert model is not None
    rows = np.random.RandomState(0).standard_normal((SLIDERS, model.z_dim))
    more = [Direction(f"Found {index:03d}", "file", row, 1.0) for index, row in enumerate(rows)]
    taken = [direction.name for direction in window.studio.directions]
    window.studio.apply(add_directions(more, taken), "")
    settle(window)
    wait_for_background(window)
    drag = Drag(window)
    name = f"{SLIDERS} more"
    found[name] = []
    for _ in range(BLOCKS):
        found[name] += drag.at_pace(MOVES).to_pixels_ms
    return found


def main() -> None:
    """Start the window in a process of its own and print what it found."""
    from latentlab.bench.subject import Subject

    with tempfile.TemporaryDirectory() as folder:
        model = Subject.random(Path(folder)).path
        asked = json.dumps({"model": str(model)})
        ended = subprocess.run([sys.executable, __file__, asked], capture_output=True, text=True, check=False)
    if ended.returncode:
        raise SystemExit(ended.stderr)
    for name, samples in json.loads(ended.stdout.splitlines()[-1]).items():
        if isinstance(samples, list):
            p50, p95 = np.percentile(samples, [50, 95])
            print(f"{name:12}  p50 {p50:5.1f} ms  p95 {p95:5.1f} ms  of {len(samples)} moves")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        application.run(drive)
    else:
        main()
