"""The window while it trains on the CPU: does it answer, does it ever stand still?"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from latentlab.bench.isolation import Bench
from latentlab.bench.measure import Spread
from latentlab.bench.report import Budget, Figure, Found, number

P95_MS, GAP_MS = 50.0, 100.0
_IMAGES, _SIDE = 512, 32


def measure(bench: Bench) -> Found:
    """Drag a slider from the first picture on: through the import of torch, the start of a run, and its training.

    The run is started as its dialog starts it: 32x32 RGB, width 32, batch 64, on all cores but one, with a sheet and a
    model written now and then. Gaps are those between the beats of a 2 ms timer of the event loop.
    """
    bench.say("training in the window")
    data, folder = bench.folder / "images", bench.folder / "run"
    _draw_images(data)
    answer = bench.ask(
        "training",
        data=str(data),
        folder=str(folder),
        seconds=bench.count(20, 5),
        tick_kimg=1.0 if not bench.quick else 0.5,
    )
    idle = Figure("slider to pixels, idle", "ms", Spread.of(answer["idle_ms"]))
    preparing = Figure("slider to pixels, the run starting", "ms", Spread.of(answer["preparing_ms"]))
    training = Figure("slider to pixels, training", "ms", Spread.of(answer["training_ms"]))
    gaps = {
        phase: Figure(f"gap of the event loop, {phase}", "ms", Spread.of(answer[f"{key}_gaps_ms"]))
        for key, phase in (
            ("idle", "idle"),
            ("after_start", "torch being imported"),
            ("preparing", "the run starting"),
            ("training", "training"),
        )
    }
    longest = max((phase for phase in gaps if phase != "idle"), key=lambda phase: gaps[phase].spread.high)
    idle_p95 = f"{number(idle.spread.p95)} ms idle"
    idle_gap = f"{number(gaps['idle'].spread.high)} ms idle"
    return Found(
        "Training on the CPU in the window, a slider moving",
        (idle, preparing, training, *gaps.values()),
        (
            Budget(
                "slider to pixels while training, p95",
                training.spread.p95,
                P95_MS,
                "ms",
                idle_machine=True,
                alternative=idle_p95,
            ),
            Budget(
                "longest gap of the event loop",
                gaps[longest].spread.high,
                GAP_MS,
                "ms",
                idle_machine=True,
                figure=longest,
                alternative=idle_gap,
            ),
        ),
        {
            "platform": answer["platform"],
            "images_per_s": round(answer["images_per_s"], 1),
            "ticks": answer["ticks"],
            "torch_imported_before_first_picture": answer["torch_at_first_picture"],
        },
        (f"trained at {answer['images_per_s']:.0f} images/s meanwhile, {answer['ticks']} sheets and models written",),
    )


def _draw_images(folder: Path) -> None:
    folder.mkdir()
    random = np.random.RandomState(0)
    for index in range(_IMAGES):
        coarse = Image.fromarray(random.randint(0, 256, (4, 4, 3)).astype(np.uint8))
        coarse.resize((_SIDE, _SIDE), Image.Resampling.BICUBIC).save(folder / f"{index:04d}.png")
