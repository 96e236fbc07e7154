"""Pictures a second at batch 1, 8 and 64, against what else could draw them and against the machine's own limit."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from importlib.util import find_spec

from latentlab.bench.children.contenders import MAKERS, NEEDS
from latentlab.bench.isolation import Bench, Worker
from latentlab.bench.measure import Spread, Turn, interleaved
from latentlab.bench.report import Budget, Figure, Found, ratio
from latentlab.bench.subject import floor_ms

BATCHES = (1, 8, 64)
LEAST_SHARE = 0.9
_OURS = "latentlab"
_CALLS = {1: 20, 8: 6, 64: 2}
_PEAK = "matrix product"


def measure(bench: Bench) -> Found:
    """Let all that is installed draw in turns, each in a process of its own, and the matrix product between them."""
    names = [name for name in MAKERS if name not in NEEDS or find_spec(NEEDS[name])]
    figures: list[Figure] = []
    budgets: tuple[Budget, ...] = ()
    peaks: list[float] = []
    with ExitStack() as stack:
        workers = {name: stack.enter_context(Worker(bench, "contender", name=name)) for name in names}
        matrix = stack.enter_context(Worker(bench, "contender", name=""))

        def peak() -> Sequence[float]:
            answer: float = matrix.ask(seconds=0.1)["gflops"]
            return [answer]

        taken: dict[int, dict[str, list[float]]] = {}
        for batch in BATCHES:
            bench.say(f"throughput at batch {batch}")
            turns: dict[str, Turn] = {name: _turn(workers[name], batch) for name in names}
            taken[batch] = interleaved(turns | {_PEAK: peak}, bench.count(8, 2), warm_up=1)
            peaks += taken[batch].pop(_PEAK)
    spec = bench.subject.spec
    for batch, samples in taken.items():
        floor = floor_ms(spec, batch, max(peaks))
        rows = {name: Spread.of(values) for name, values in samples.items()}
        figures += [
            Figure(
                f"{name}, batch {batch}",
                "ms",
                ms,
                f"{batch / ms.p50 * 1000:,.0f} pictures/s, {floor / ms.p50:.0%} of peak",
            )
            for name, ms in rows.items()
        ]
        if batch == max(BATCHES):
            best = min((name for name in rows if name != _OURS), key=lambda name: rows[name].p50)
            ours, other = Figure(_OURS, "ms", rows[_OURS]), Figure(best, "ms", rows[best])
            name = f"speed at batch {batch} against {best}"
            budgets = (ratio(name, ours, other, LEAST_SHARE, at_least=True, inverse=True),)
    floors = {str(batch): float(f"{floor_ms(spec, batch, max(peaks)):.4g}") for batch in BATCHES}
    floor_line = "floor that the peak gives: " + ", ".join(
        f"{ms:.1f} ms at batch {batch}" for batch, ms in floors.items()
    )
    missing = [f"{name} is not installed" for name in MAKERS if name not in names]
    return Found(
        "Throughput: pictures drawn on the CPU, each contender in its own process, in turns",
        (*figures, Figure(_PEAK, "GFLOP/s", Spread.of(peaks))),
        budgets,
        {"peak_gflops": round(max(peaks), 1), "floor_ms": floors},
        (floor_line, *missing),
    )


def _turn(worker: Worker, batch: int) -> Turn:
    def take() -> Sequence[float]:
        samples: list[float] = worker.ask(batch=batch, calls=_CALLS[batch], warm_up=1)["ms"]
        return samples

    return take
