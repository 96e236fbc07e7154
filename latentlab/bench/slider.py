"""Slider to pixels in the real window, against eager PyTorch, Pillow and a QPixmap on the GUI thread."""

from __future__ import annotations

from collections.abc import Sequence

from latentlab.bench.children.pace import PACE_MS
from latentlab.bench.isolation import Bench
from latentlab.bench.measure import Spread
from latentlab.bench.report import Budget, Figure, Found, ratio

OVER_BACKEND, OVER_EAGER = 2.5, 0.5
P50_MS, P95_MS = 8.0, 16.7


def measure(bench: Bench) -> Found:
    """Drag a slider of the window and the eager path in turns, each turn in a process of its own.

    The window's time runs from the mouse event that changes the value to the end of the `paintEvent` that drew the
    request of that very change, the eager path's from the call with the new value to the end of its `paintEvent`. A
    window that draws, or paints, hears late of the next move: that wait is added where it says "from the hand".
    """
    ours = ("paced", "hand", "caught_up", "single", "free", "backend")
    eager = ("paced", "hand", "single")
    samples: dict[str, list[float]] = {name: [] for name in (*ours, *(f"eager {name}" for name in eager))}
    moves, blocks = 60, bench.count(4, 1)
    for turn in range(bench.count(3, 1)):
        bench.say(f"dragging a slider of the window, turn {turn + 1}")
        answer = bench.ask("slider", moves=moves, blocks=blocks)
        bench.say(f"dragging against eager PyTorch, turn {turn + 1}")
        other = bench.ask("eager_slider", moves=moves, blocks=blocks, shown_px=answer["shown_px"])
        for name in ours:
            samples[name] += answer[f"{name}_ms"]
        for name in eager:
            samples[f"eager {name}"] += other[f"{name}_ms"]
    pace = f"{1000 / PACE_MS:.0f} moves/s"
    paced = _figure(f"window, {pace}, the strip following", samples["paced"])
    backend = _figure("backend alone, batch 1", samples["backend"])
    eager_paced = _figure(f"eager PyTorch, Pillow, QPixmap, {pace}", samples["eager paced"])
    replaced = len(samples["caught_up"]) - len(samples["paced"])
    return Found(
        "Slider to pixels: from the change of a value to the paintEvent that drew it",
        (
            paced,
            _figure("  from the hand", samples["hand"]),
            _figure("  until that or a newer value is on the screen", samples["caught_up"]),
            _figure("window, one move at a time, the strip following", samples["single"]),
            _figure(f"window, {pace}, the strip at rest", samples["free"]),
            backend,
            eager_paced,
            _figure("  from the hand", samples["eager hand"]),
            _figure("eager PyTorch, Pillow, QPixmap, one at a time", samples["eager single"]),
        ),
        (
            ratio("slider to pixels against the backend alone", paced, backend, OVER_BACKEND),
            ratio("slider to pixels against eager PyTorch", paced, eager_paced, OVER_EAGER),
            Budget("slider to pixels, median", paced.spread.p50, P50_MS, "ms", idle_machine=True),
            Budget("slider to pixels, p95", paced.spread.p95, P95_MS, "ms", idle_machine=True),
        ),
        {"platform": answer["platform"], "shown_px": answer["shown_px"], "replaced": replaced},
        (f"{replaced} of {len(samples['caught_up'])} moves gave way to a newer one before they were drawn",),
    )


def _figure(name: str, samples: Sequence[float]) -> Figure:
    return Figure(name, "ms", Spread.of(samples))
