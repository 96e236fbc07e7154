"""The strip of the real window while an end of it is dragged: alone, and beside the picture."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, QTimer, Slot

from latentlab.bench.children import application
from latentlab.bench.children.event_loop import newest_seq, pump, settle, wait_for_background
from latentlab.bench.children.hand import Answers, Drag
from latentlab.bench.children.pace import PACE_MS
from latentlab.rendering.requests import RenderResult
from latentlab.session import changes
from latentlab.ui.panels.strip import LANE, FrameView
from latentlab.ui.widgets.picture import PictureView

if TYPE_CHECKING:
    from latentlab.ui.main_window import MainWindow


class _Watch(QObject):
    """Notes what the strip draws. GUI thread only.

    Attributes:
        chunks_ms: What each chunk of the strip took on the render thread.
        painted: Pictures that each view has drawn.
        newest: (seq, time in seconds) of what each view drew last.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        strip = window.strip
        self.chunks_ms: list[float] = []
        self._views: list[PictureView] = [strip.end_a, *strip.findChildren(FrameView), strip.end_b]
        self.painted = dict.fromkeys(range(len(self._views)), 0)
        self.newest = dict.fromkeys(range(len(self._views)), (-1, 0.0))
        self._index = {id(view): index for index, view in enumerate(self._views)}
        for view in self._views:
            view.painted.connect(self._on_painted)
        window.studio.render.arrived.connect(self._on_result)

    def full_strips(self) -> int:
        """Return how often every view has drawn another picture."""
        return min(self.painted.values())

    def current(self, seq: int) -> bool:
        """Return whether every view has drawn a request newer than `seq`."""
        return min(newest for newest, _ in self.newest.values()) > seq

    @Slot(int)
    def _on_painted(self, seq: int) -> None:
        index = self._index[id(self.sender())]
        if seq > self.newest[index][0]:
            self.newest[index] = (seq, time.perf_counter())
            self.painted[index] += 1

    @Slot(object)
    def _on_result(self, result: RenderResult) -> None:
        if result.lane == LANE and result.error is None:
            self.chunks_ms.append(result.elapsed_ms)


class _End(QObject):
    """Moves end B, which is in nobody's hand, so that the strip alone is drawn."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self._window = window
        model = window.studio.model
        assert model is not None
        self._name = model.directions[0].name
        self._step = 0
        self._timer = QTimer(self)
        self._timer.setInterval(PACE_MS)
        self._timer.timeout.connect(self._on_beat)

    def start(self) -> None:
        """Begin to move, at the pace of a hand."""
        self._timer.start()

    def stop(self) -> None:
        """Rest."""
        self._timer.stop()

    @Slot()
    def _on_beat(self) -> None:
        state = self._window.studio.state
        assert state is not None
        self._step += 1
        point = state.end("b").with_strength(self._name, 0.01 + 0.002 * (self._step % 997))
        self._window.studio.apply(changes.set_end("b", point), "drag the end", ("bench",))


def _drive(window: MainWindow, asked: dict[str, Any]) -> dict[str, Any]:
    wait_for_background(window)
    watch = _Watch(window)
    rates = _strips_per_s(window, watch, asked["seconds"], asked["rounds"])
    window.studio.apply(changes.hold_end("b"), "hold the end")
    settle(window)
    drag = Drag(window)
    drag.at_pace(30)
    settle(window)
    watch.chunks_ms.clear()
    answers = Answers()
    current_ms = []
    for _ in range(asked["gestures"]):
        answers.add(drag.at_pace(asked["moves"]))
        seq, moved_s = drag.last_move
        pump(lambda seq=seq: watch.current(seq) and window.studio.render.wait_idle(0.0), "strip")  # type: ignore[misc]
        current_ms.append((max(painted_s for _, painted_s in watch.newest.values()) - moved_s) * 1000.0)
    return {
        "strips_per_s": rates,
        "chunks_ms": watch.chunks_ms,
        "current_ms": current_ms,
        "picture_ms": answers.to_pixels_ms,
    }


def _strips_per_s(window: MainWindow, watch: _Watch, seconds: float, rounds: int) -> list[float]:
    window.studio.apply(changes.let_go_of_end(), "let go")
    end = _End(window)
    end.start()
    rates = []
    # The first round warms up: costs are not known yet.
    for _ in range(rounds + 1):
        before, start = watch.full_strips(), time.perf_counter()
        until = start + seconds
        pump(lambda until=until: time.perf_counter() >= until, "strip")  # type: ignore[misc]
        rates.append((watch.full_strips() - before) / (time.perf_counter() - start))
    end.stop()
    seq = newest_seq(window)
    pump(lambda: watch.current(seq - 1), "strip")
    return rates[1:]


if __name__ == "__main__":
    application.run(_drive)
