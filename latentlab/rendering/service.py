"""The render thread: takes the newest request of each lane, renders it, hands the result on."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

import numpy as np

from latentlab import log
from latentlab.errors import ErrorReport
from latentlab.rendering.backend import Backend, BackendFactory
from latentlab.rendering.lanes import Lanes
from latentlab.rendering.requests import PICTURE, RenderRequest, RenderResult

CHUNK_MS = 6.0
_AIM_MS = 0.75 * CHUNK_MS  # what a row costs varies
_LATE, _LATE_S = 0.3, 0.001
_HAND_RESTS_AFTER_MS = 150.0
_HAND_MOVES_BELOW_MS = 50.0
_COST_MEMORY = 0.7
_MAX_CHUNK = 64
_log = log.get(__name__)


class RenderService:
    """Renders in a thread of its own.

    Every public method may be called from any thread; all but `wait_idle` and `close` return at once.

    Args:
        on_result: Called on the render thread with every result, errors included; must not block. What it raises is
            logged.
    """

    def __init__(self, on_result: Callable[[RenderResult], None]) -> None:
        self._on_result = on_result
        self._lanes = Lanes()
        self._factory: BackendFactory | None = None
        self._factory_epoch = 0
        self._backend: Backend | None = None
        self._backend_epoch = -1
        self._row_ms: dict[int, float] = {}
        self._picture_at_s = 0.0
        self._picture_every_ms = _HAND_RESTS_AFTER_MS
        self._threads = self._threads_at_rest = 0
        self._busy = False
        self._closing = False
        self._wake = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="render", daemon=True)

    def start(self) -> None:
        """Start the render thread."""
        self._thread.start()

    def open(self, factory: BackendFactory, epoch: int) -> None:
        """Change the model. What waits for the old one is dropped; the backend is built on the render thread."""
        with self._wake:
            self._factory, self._factory_epoch = factory, epoch
            self._lanes.drop()
            self._wake.notify_all()

    def submit(self, request: RenderRequest) -> None:
        """Ask for pictures; replaces what waits in the same lane. A request of another epoch is dropped."""
        with self._wake:
            if request.epoch == self._factory_epoch and not self._closing:
                if request.lane == PICTURE:
                    self._note_picture()
                self._lanes.put(request)
                self._wake.notify_all()

    def use_threads(self, count: int, at_rest: int | None = None) -> None:
        """Draw with so many CPU threads from the next chunk on; 0 for as many as pay.

        Args:
            count: While a hand moves the picture.
            at_rest: While none does, for what comes in so many rows at once; `count` by default.
        """
        with self._wake:
            self._threads = count
            self._threads_at_rest = count if at_rest is None else at_rest

    def cancel(self, lane: str | None = None) -> None:
        """Forget what waits in one lane, or in all."""
        with self._wake:
            self._lanes.drop(lane)
            self._wake.notify_all()

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until nothing waits and nothing is being rendered; return False if that takes longer."""
        with self._wake:
            return self._wake.wait_for(lambda: not self._lanes and not self._busy, timeout_s)

    def close(self) -> None:
        """End the thread after the chunk it is rendering, and wait for it."""
        with self._wake:
            self._closing = True
            self._lanes.drop()
            self._wake.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._busy = False
                self._wake.notify_all()
                self._wake.wait_for(lambda: self._lanes or self._closing)
                if self._closing:
                    return
                threads = self._threads if self._hand_moves() else self._threads_at_rest
                row_ms = self._row_ms_with(threads)
                pause_s = self._pause_s(row_ms) if self._lanes.can_wait else 0.0
                if pause_s > 0.0:
                    self._wake.wait(pause_s)
                    continue
                job = self._lanes.take(self._chunk_rows(row_ms, threads))
                factory = self._factory
                if job is None or factory is None:
                    continue
                self._busy = True
                if job[0].lane == PICTURE or len(job[1]) < threads:
                    threads = self._threads
            self._hand_on(self._render(*job, factory, threads))

    def _hand_on(self, result: RenderResult) -> None:
        try:
            self._on_result(result)
        except Exception:  # noqa: BLE001 - the receiver's fault must not end the render thread
            _log.exception("a result of lane %s was not taken", result.lane)

    def _row_ms_with(self, threads: int) -> float:
        """Return what a row costs the open model with so many threads; 0 where none was drawn so."""
        return self._row_ms.get(threads, 0.0) if self._backend_epoch == self._factory_epoch else 0.0

    def _chunk_rows(self, row_ms: float, threads: int) -> int:
        """Return how many rows fit: into a chunk, and into what is left until the moving hand asks again.

        One for each thread always does, for these are drawn side by side.
        """
        fitting = int(min(_AIM_MS, self._left_ms()) / row_ms) if row_ms > 0.0 else 1
        return max(1, threads, min(_MAX_CHUNK, fitting))

    def _since_picture_ms(self) -> float:
        return (time.perf_counter() - self._picture_at_s) * 1000.0

    def _hand_moves(self) -> bool:
        """Whether a hand moves the picture, which is then about to be asked for again."""
        return self._picture_every_ms < _HAND_MOVES_BELOW_MS and self._since_picture_ms() < _HAND_RESTS_AFTER_MS

    def _left_ms(self) -> float:
        """Return the time until the picture is likely to be asked for again; no end of it where the hand rests."""
        return self._picture_every_ms - self._since_picture_ms() if self._hand_moves() else math.inf

    def _pause_s(self, row_ms: float) -> float:
        """Return how long to hold back what would be in the way of the picture that is about to be asked for."""
        left_ms = self._left_ms()
        is_late = left_ms < -_LATE * self._picture_every_ms
        return 0.0 if left_ms >= row_ms or is_late else max(left_ms, 0.0) / 1000.0 + _LATE_S

    def _note_picture(self) -> None:
        """Remember when the picture was asked for, and how often it is."""
        now = time.perf_counter()
        every_ms = min((now - self._picture_at_s) * 1000.0, _HAND_RESTS_AFTER_MS)
        self._picture_every_ms = _COST_MEMORY * self._picture_every_ms + (1 - _COST_MEMORY) * every_ms
        self._picture_at_s = now

    def _render(
        self, request: RenderRequest, rows: tuple[int, ...], factory: BackendFactory, threads: int
    ) -> RenderResult:
        try:
            if self._backend is None or self._backend_epoch != request.epoch:
                self._backend, self._backend_epoch, self._row_ms = None, request.epoch, {}
                self._backend = factory()
            self._backend.use_threads(threads)
            start = time.perf_counter()
            y = None if request.y is None else request.y[list(rows)]
            pixels = self._backend.render(request.z[list(rows)], y)
            elapsed_ms = (time.perf_counter() - start) * 1000.0
        except Exception as error:  # noqa: BLE001 - crosses to the window as text, whatever it is
            with self._wake:
                self._lanes.drop_rest_of(request)
            report = ErrorReport.from_exception(error, during="Rendering")
            log.report(_log, report, error)
            nothing = np.empty((0, 1, 1, 1), np.uint8)
            return RenderResult(request.lane, request.epoch, request.seq, rows, nothing, 0.0, report)
        if request.lane != PICTURE:
            row_ms = elapsed_ms / len(rows)
            known_ms = self._row_ms.get(threads, row_ms)
            self._row_ms[threads] = _COST_MEMORY * known_ms + (1 - _COST_MEMORY) * row_ms
        return RenderResult(request.lane, request.epoch, request.seq, rows, pixels, elapsed_ms)
