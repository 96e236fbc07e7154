"""The strip of the real window while one of its ends is dragged."""

from __future__ import annotations

import numpy as np

from latentlab.bench.isolation import Bench
from latentlab.bench.measure import Spread
from latentlab.bench.report import Budget, Figure, Found

STRIPS_PER_S, CHUNK_MS, CURRENT_MS = 30.0, 6.0, 500.0
_USUALLY = 99
"""The percentile of the chunks that is judged: where the system takes the cores away, any picture takes that longer."""


def measure(bench: Bench) -> Found:
    """Drag an end: alone for the rate of full strips, then under the slider, where the strip gives way to the picture.

    A strip counts once every one of its pictures has been painted anew. The main picture waits for at most the chunk of
    the strip that is being rendered; the strip is current when every view has painted the last position.
    """
    bench.say("dragging an end of the strip")
    answer = bench.ask(
        "strip", seconds=1.0, rounds=bench.count(8, 2), gestures=bench.count(12, 3), moves=bench.count(60, 20)
    )
    rate = Figure("full strips a second, an end dragged alone", "/s", Spread.of(answer["strips_per_s"]))
    chunk = Figure("chunk of the strip that the picture may wait for", "ms", Spread.of(answer["chunks_ms"]))
    usually = float(np.percentile(answer["chunks_ms"], _USUALLY))
    over = sum(each > CHUNK_MS for each in answer["chunks_ms"])
    current = Figure("strip current after the last move", "ms", Spread.of(answer["current_ms"]))
    picture = Figure("slider to pixels meanwhile", "ms", Spread.of(answer["picture_ms"]))
    return Found(
        "Strip: 8 pictures, while an end is dragged",
        (rate, chunk, current, picture),
        (
            Budget("full strips a second", rate.spread.p50, STRIPS_PER_S, "/s", at_least=True, idle_machine=True),
            Budget(f"chunk, {_USUALLY}th percentile", usually, CHUNK_MS, "ms", idle_machine=True),
            Budget("strip current after release, longest", current.spread.high, CURRENT_MS, "ms", idle_machine=True),
        ),
        {"platform": answer["platform"], "chunks_over": over},
        (f"{over} of {chunk.spread.count} chunks took over {CHUNK_MS:g} ms, the longest {chunk.spread.high:.1f} ms",),
    )
