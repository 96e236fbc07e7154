"""Cold launch to the first live picture in the window, against a bare ``import torch``."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence

from latentlab.bench.isolation import Bench
from latentlab.bench.measure import Spread, interleaved
from latentlab.bench.report import Figure, Found, ratio
from latentlab.errors import LatentlabError

RATIO = 0.4
_IMPORT_TORCH = "import torch"


def measure(bench: Bench) -> Found:
    """Launch the application and import torch in turns, each time in a new process.

    Both are timed from the moment the process is asked for: ours to the end of the `paintEvent` that drew the first
    picture, torch to the end of its process. The first of each, which fills the caches of files and fonts, is left out.
    """
    rounds = bench.count(9, 3)
    platforms: set[str] = set()

    def launch() -> Sequence[float]:
        bench.say("launching the window")
        answer = bench.ask("launch")
        platforms.add(answer["platform"])
        return [(answer["painted_ns"] - answer["spawned_ns"]) / 1e6]

    def import_torch() -> Sequence[float]:
        bench.say("importing torch")
        spawned_ns = time.monotonic_ns()
        ended = subprocess.run(
            [sys.executable, "-c", _IMPORT_TORCH], capture_output=True, text=True, timeout=300.0, check=False
        )
        if ended.returncode != 0:
            raise LatentlabError("bench start", "torch cannot be imported", "Install latentlab again.")
        return [(time.monotonic_ns() - spawned_ns) / 1e6]

    samples = interleaved({"launch": launch, "torch": import_torch}, rounds, warm_up=1)
    ours = Figure("launch to first live picture", "ms", Spread.of(samples["launch"]))
    torch = Figure('python -c "import torch"', "ms", Spread.of(samples["torch"]))
    return Found(
        "Start: a new process, to the first live picture in the window",
        (ours, torch),
        (ratio("launch against import torch", ours, torch, RATIO),),
        {"platform": ", ".join(sorted(platforms))},
    )
