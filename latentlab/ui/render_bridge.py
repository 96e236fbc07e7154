"""Between the window and the render thread: numbers requests, drops stale results, hands fresh ones to their lane.

What was tried, on two cores of a Xeon with AVX-512, width 64 at 64x64 RGB, `latentlab bench --only slider --quick` in
turns, medians of four runs from the hand to the screen at 100 moves a second:

* giving the interpreter to the render thread as soon as the picture is asked for: 3.6 to 3.1 ms;
* and a switch interval of 0.3 ms instead of 1 ms (`ui.start`): 3.0 ms, four times within 0.1;
* all cores for the picture under a moving hand: 5.4 ms, for the window wants one of them; left out.

And on two Zen 3 cores of 65 GFLOP/s, from the hand, the wait for this thread included, in turns:

* the picture drawn on the render thread by one core, rows of the strip too: 6.2 ms, p95 9.4 ms;
* the picture drawn on this thread with all cores, rows on the render thread with one: 6.3 ms, p95 14.5 ms, for this
  thread, the row and the runtime's spinning thread share two cores; left out;
* both on this thread, a row where it is done before the hand moves again: 4.9 ms, p95 9.1 ms;
* and the path of the strip worked out no more often than a screen shows: 4.3 ms, p95 6.7 ms.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep

import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from latentlab.errors import ErrorReport
from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.pixels import Pixels
from latentlab.rendering.backend import BackendFactory
from latentlab.rendering.freshness import Freshness
from latentlab.rendering.requests import PICTURE, RenderRequest, RenderResult
from latentlab.rendering.service import RenderService


@dataclass(frozen=True, eq=False)
class Frames:
    """Fresh pictures of a lane.

    Attributes:
        seq: Of the request they belong to.
        rows: Which rows of the request.
        pixels: Shape (len(rows), H, W, C), uint8.
    """

    seq: int
    rows: tuple[int, ...]
    pixels: Pixels


@dataclass(frozen=True)
class Timing:
    """What a result cost.

    Attributes:
        lane: Whose it is.
        rows: Pictures in it.
        render_ms: Time the backend took for them.
        answer_ms: From the request to now, on the GUI thread.
    """

    lane: str
    rows: int
    render_ms: float
    answer_ms: float


Receiver = Callable[[Frames], None]


class RenderBridge(QObject):
    """Owns the render service. Every method is called from the GUI thread.

    Signals:
        arrived: A `RenderResult`, emitted on the thread that rendered it, delivered on the GUI thread.
        timed: The `Timing` of each result that is shown; GUI thread.
        failed: An `ErrorReport`; GUI thread.
    """

    arrived = Signal(object)
    timed = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._freshness = Freshness()
        self._seq = 0
        self._receivers: dict[str, Receiver] = {}
        self._asked: dict[str, tuple[FloatArray, IntArray | None]] = {}
        self._label: int | None = None
        self._asked_at_s: dict[str, dict[int, float]] = {}
        self.arrived.connect(self._on_result)
        self._drawing = False
        self._turn = QTimer(self)
        self._turn.setSingleShot(True)
        self._turn.setTimerType(Qt.TimerType.PreciseTimer)
        self._turn.timeout.connect(self._draw_on_the_spot)
        self._service = RenderService(self.arrived.emit)
        self._service.start()

    @property
    def seq(self) -> int:
        """Return the number of the newest request."""
        return self._seq

    def receive(self, lane: str, receiver: Receiver) -> None:
        """Name who gets the pictures of a lane; a bound method of a QObject."""
        self._receivers[lane] = receiver

    def open(self, factory: BackendFactory, on_the_spot: bool = False) -> None:
        """Change the model; all that was rendered or asked for becomes stale.

        Args:
            factory: Makes the backend.
            on_the_spot: Whether pictures that are quick to draw may be drawn on this thread; see
                `RenderService.draw_on_the_spot`.
        """
        self._asked.clear()
        self._asked_at_s.clear()
        self._service.open(factory, self._freshness.new_epoch(), on_the_spot)

    @property
    def draws_here(self) -> bool:
        """Whether pictures are drawn on this thread just now: those of a quick model, while a hand moves it."""
        return self._service.draws_on_the_spot

    @property
    def label(self) -> int | None:
        """Return the class of whatever is asked for without one."""
        return self._label

    def draw_as(self, label: int | None) -> None:
        """Choose the class of whatever is asked for without one; None where the model has no classes."""
        self._label = label

    def request(self, lane: str, z: FloatArray, order: tuple[int, ...] = (), y: IntArray | None = None) -> None:
        """Ask for pictures of latents; nothing happens where the lane has just asked for the same.

        Args:
            lane: Who asks.
            z: Shape (N, z_dim), float32.
            order: The rows in the order in which they are wanted.
            y: Their classes, shape (N,), int64; None for that of `draw_as`.
        """
        if y is None and self._label is not None:
            y = np.full(len(z), self._label, np.int64)
        last = self._asked.get(lane)
        if last is not None and np.array_equal(last[0], z) and _same_classes(last[1], y):
            return
        self._asked[lane] = np.array(z), y
        self._seq += 1
        self._asked_at_s.setdefault(lane, {})[self._seq] = monotonic()
        self._service.submit(RenderRequest(lane, self._freshness.epoch, self._seq, z, order, y))
        if lane == PICTURE:
            if not self._draw_on_the_spot():
                # Let the render thread have the interpreter at once, not when this thread next gives it up.
                sleep(0)
        elif self._service.draws_on_the_spot:
            self._turn.start(0)

    def forget(self, lane: str) -> None:
        """Give up what a lane asked for, so that the same can be asked again."""
        self._asked.pop(lane, None)
        self._freshness.forget(lane, self._seq)
        self._service.cancel(lane)

    def use_threads(self, count: int, at_rest: int | None = None) -> None:
        """Draw with so many CPU threads from now on; see `RenderService.use_threads`."""
        self._service.use_threads(count, at_rest)

    def wait_idle(self, timeout_s: float = 10.0) -> bool:
        """Wait until the render thread has nothing to do; results may still be on their way to this thread."""
        return self._service.wait_idle(timeout_s)

    def close(self) -> None:
        """End the render thread."""
        self._service.close()

    @Slot()
    def _draw_on_the_spot(self) -> bool:
        """Draw what is next where that is quicker than having it drawn; come again for what is left."""
        if self._drawing:
            return False
        self._drawing = True
        try:
            drew = self._service.draw_on_the_spot()
        finally:
            self._drawing = False
        again_s = self._service.on_the_spot_in_s()
        if again_s < math.inf:
            self._turn.start(math.ceil(again_s * 1000.0))
        return drew

    @Slot(object)
    def _on_result(self, result: RenderResult) -> None:
        if not self._drawing and self._service.draws_on_the_spot:
            self._turn.start(0)  # the render thread, which this one may have been waiting for, is done
        if result.error is not None:
            if result.epoch == self._freshness.epoch:
                self._asked.pop(result.lane, None)
                self._report(result.error)
            return
        fresh = self._freshness.accept(result)
        if not fresh:
            return
        rows = tuple(result.rows[position] for position in fresh)
        pixels = result.pixels if len(fresh) == len(result.rows) else result.pixels[list(fresh)]
        receiver = self._receivers.get(result.lane)
        if receiver is not None:
            receiver(Frames(result.seq, rows, pixels))
        self.timed.emit(Timing(result.lane, len(result.rows), result.elapsed_ms, self._answer_ms(result)))

    def _answer_ms(self, result: RenderResult) -> float:
        """Return the time since a result was asked for; forget when those before it were."""
        now = monotonic()
        asked = {seq: at for seq, at in self._asked_at_s.get(result.lane, {}).items() if seq >= result.seq}
        self._asked_at_s[result.lane] = asked
        return (now - asked.get(result.seq, now)) * 1000.0

    def _report(self, error: ErrorReport) -> None:
        self.failed.emit(error)


def _same_classes(one: IntArray | None, other: IntArray | None) -> bool:
    return one is other or (one is not None and other is not None and np.array_equal(one, other))
