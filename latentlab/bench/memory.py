"""What the window holds in memory after a thousand gestures."""

from __future__ import annotations

from latentlab.bench.isolation import Bench
from latentlab.bench.machine import resident_mb
from latentlab.bench.measure import Spread
from latentlab.bench.report import Budget, Figure, Found

GROWTH_MB = 20.0
_TIMEOUT_S = 1800.0
_TITLE = "Memory: gestures of 100 moves of a slider, after a warm-up"


def measure(bench: Bench) -> Found:
    """Play with a slider of the window and read its resident memory ten times on the way."""
    if resident_mb() is None:
        return Found(_TITLE, (), notes=("this system does not tell what a process holds as Linux does: not measured",))
    gestures = bench.count(1000, 10)
    bench.say(f"{gestures} gestures of 100 moves")
    answer = bench.ask("memory", timeout_s=_TIMEOUT_S, gestures=gestures, warm_up=bench.count(100, 5))
    first, *later = answer["resident_mb"]
    growth = max(later) - first
    return Found(
        _TITLE,
        (Figure("resident memory", "MB", Spread.of([first, *later])),),
        (Budget(f"growth over {gestures} gestures, at its height", growth, GROWTH_MB, "MB"),),
        {
            "platform": answer["platform"],
            "gestures": gestures,
            "resident_mb": [round(each, 1) for each in (first, *later)],
        },
    )
