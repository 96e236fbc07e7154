"""What the window holds in memory after a thousand gestures, a thousand models and a thousand pages."""

from __future__ import annotations

from latentlab.bench.isolation import Bench
from latentlab.bench.machine import resident_mb
from latentlab.bench.measure import Spread
from latentlab.bench.report import Budget, Figure, Found

GROWTH_MB = 20.0
_TIMEOUT_S = 1800.0
_TITLE = "Memory, each read ten times after a warm-up"
_KINDS = {
    "gestures": "gestures of 100 moves of a slider",
    "models": "models opened in turns with the bundled digits",
    "pages": "pages brought to the front",
}


def measure(bench: Bench) -> Found:
    """Play with the window, open models and turn pages, and read its resident memory on the way."""
    if resident_mb() is None:
        return Found(_TITLE, (), notes=("this system does not tell what a process holds as Linux does: not measured",))
    figures, budgets, count = [], [], bench.count(1000, 10)
    facts: dict[str, object] = {"count": count}
    for kind, words in _KINDS.items():
        bench.say(f"{count} {words}")
        warm_up = bench.count(100, 5)
        answer = bench.ask("memory", timeout_s=_TIMEOUT_S, kind=kind, count=count, warm_up=warm_up)
        first, *later = answer["resident_mb"]
        figures.append(Figure(f"resident memory, {words}", "MB", Spread.of([first, *later])))
        budgets += [
            Budget(f"growth over {count} {words}, at its height", max(later) - first, GROWTH_MB, "MB"),
            Budget(f"threads left by {count} {words}", answer["threads_left"], 0, "threads"),
        ]
        facts |= {"platform": answer["platform"], kind: [round(each, 1) for each in (first, *later)]}
    return Found(_TITLE, tuple(figures), tuple(budgets), facts)
