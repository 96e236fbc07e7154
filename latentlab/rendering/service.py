"""The render thread: takes the newest request of each lane, renders it, hands the result on.

Where a picture takes no longer than a chunk, whoever asks for it may draw it on the spot, with all cores, and what is
behind it between two of its moves: handing things over and back, and leaving a core to a thread that only waits for
them, costs more than the wait.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from latentlab import log
from latentlab.errors import ErrorReport
from latentlab.rendering.backend import Backend, BackendFactory
from latentlab.rendering.costs import CHUNK_MS, Costs
from latentlab.rendering.lanes import Lanes
from latentlab.rendering.pace import Pace
from latentlab.rendering.requests import PICTURE, RenderRequest, RenderResult

_AIM_MS = 0.75 * CHUNK_MS  # what a row costs varies
_MAX_CHUNK = 64
_PATIENCE = 3
_log = log.get(__name__)


@dataclass(frozen=True, eq=False)
class _Job:
    """What is rendered in one go, of which model, and with how many threads."""

    request: RenderRequest
    rows: tuple[int, ...]
    factory: BackendFactory
    threads: int
    is_trial: bool


class RenderService:
    """Renders in a thread of its own, or on the spot.

    Every public method may be called from any thread; all but `draw_on_the_spot`, `wait_idle` and `close` return at
    once.

    Args:
        on_result: Called with every result, errors included, on the thread that rendered it; must not block. What it
            raises is logged.
    """

    def __init__(self, on_result: Callable[[RenderResult], None]) -> None:
        self._on_result = on_result
        self._lanes = Lanes()
        self._factory: BackendFactory | None = None
        self._factory_epoch = 0
        self._backend: Backend | None = None
        self._backend_epoch = -1
        self._costs = Costs()
        self._pace = Pace()
        self._on_the_spot = False
        self._threads = self._threads_at_rest = 0
        self._busy = False
        self._untried: RenderRequest | None = None
        self._closing = False
        lock = threading.Lock()
        self._wake, self._done = threading.Condition(lock), threading.Condition(lock)
        self._thread = threading.Thread(target=self._run, name="render", daemon=True)

    def start(self) -> None:
        """Start the render thread."""
        self._thread.start()

    def open(self, factory: BackendFactory, epoch: int, on_the_spot: bool = False) -> None:
        """Change the model. What waits for the old one is dropped; the backend is built on the render thread.

        Args:
            factory: Makes the backend.
            epoch: Of the requests for this model.
            on_the_spot: Whether those who ask call `draw_on_the_spot` after each request, and again when
                `on_the_spot_in_s` says so; the backend must draw as well there as on the render thread.
        """
        with self._wake:
            self._factory, self._factory_epoch, self._on_the_spot = factory, epoch, on_the_spot
            self._lanes.drop()
            self._done.notify_all()

    def submit(self, request: RenderRequest) -> None:
        """Ask for pictures; replaces what waits in the same lane. A request of another epoch is dropped."""
        with self._wake:
            if request.epoch == self._factory_epoch and not self._closing:
                if request.lane == PICTURE:
                    if self._pace.rests:
                        self._known_costs().try_again()
                    self._pace.note()
                self._lanes.put(request)
                if not self._asker_draws():
                    self._wake.notify_all()

    def draw_on_the_spot(self) -> bool:
        """Render what is next on the calling thread, with all cores, if the model is quick and a hand waits for it.

        That is the picture, or else a row of what is behind it that will be done before the hand asks again. Where
        several pictures left no room for one, it is the picture and a row.

        Returns:
            Whether something was rendered.
        """
        with self._wake:
            job = self._next_on_the_spot()
        if job is None:
            return False
        self._draw(job, on_the_spot=True)
        with self._wake:
            owed = self._next_on_the_spot() if self._lanes.passed_over >= _PATIENCE else None
        if owed is not None:
            self._draw(owed, on_the_spot=True)
        return True

    @property
    def draws_on_the_spot(self) -> bool:
        """Whether what waits, and what is asked for in the next moment, is drawn by whoever asks."""
        with self._wake:
            return self._asker_draws()

    def on_the_spot_in_s(self) -> float:
        """Return when `draw_on_the_spot` will next find something, in seconds; infinity where nothing waits for it.

        Where a hand has come to rest, the render thread takes over what is left.
        """
        with self._wake:
            if not self._lanes or self._busy:
                return math.inf
            if not self._asker_draws():
                self._wake.notify_all()
                return math.inf
            return self._pause_on_the_spot_s()

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
            self._done.notify_all()

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until nothing waits and nothing is being rendered; return False if that takes longer."""
        with self._wake:
            self._wake.notify_all()  # whoever waits here draws nothing on the spot
            return self._done.wait_for(lambda: not self._has_work() and not self._busy, timeout_s)

    def close(self) -> None:
        """End the thread after the chunk it is rendering, and wait for it."""
        with self._wake:
            self._closing = True
            self._lanes.drop()
            self._wake.notify_all()
            self._done.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: (self._has_work() and not self._busy) or self._closing)
                if self._closing:
                    return
                pause_s = self._pace.rests_in_s if self._asker_draws() else self._pause_s()
                if pause_s > 0.0:
                    self._wake.wait(pause_s)
                    continue
                job = self._next() if self._lanes else self._trial()
                if job is None:
                    self._done.notify_all()
                    continue
            if job.is_trial:
                self._try(job)
            else:
                self._draw(job)

    def _next_on_the_spot(self) -> _Job | None:
        if self._busy or not self._lanes or not self._asker_draws() or self._pause_on_the_spot_s() > 0.0:
            return None
        return self._begun(self._lanes.take_picture() or self._lanes.take_turn(1), self._threads_at_rest)

    def _pause_on_the_spot_s(self) -> float:
        """Return how long what waits is held back on the spot: a row is, until it is owed, if the picture is due."""
        if self._lanes.has_picture or self._lanes.passed_over >= _PATIENCE:
            return 0.0
        return self._pace.pause_s(self._known_costs().row_ms(self._threads_at_rest))

    def _has_work(self) -> bool:
        return bool(self._lanes) or self._untried is not None

    def _trial(self) -> _Job | None:
        """Return the first picture of a model to be drawn once more, with all cores, now that nothing else waits."""
        request, self._untried = self._untried, None
        if request is None or request.epoch != self._factory_epoch:
            return None
        return self._begun((request, request.order), self._threads_at_rest, is_trial=True)

    def _try(self, job: _Job) -> None:
        """Find out what the picture takes with all cores: the second time, for the first makes the backend ready."""
        results = [self._render(job) for _ in range(2)]
        with self._wake:
            self._costs.note_picture(results[1].elapsed_ms if results[1].error is None else math.inf)
            self._ended()

    def _next(self) -> _Job | None:
        threads = self._threads_for_rows()
        taken = self._lanes.take(self._chunk_rows(threads))
        if taken is not None:
            # The first picture of a model does not wait until the backend is ready for all cores.
            takes_all = self._known_costs().knows_picture if taken[0].lane == PICTURE else len(taken[1]) >= threads
            threads = threads if takes_all else self._threads
        return self._begun(taken, threads)

    def _begun(
        self, taken: tuple[RenderRequest, tuple[int, ...]] | None, threads: int, is_trial: bool = False
    ) -> _Job | None:
        if taken is None or self._factory is None:
            return None
        self._busy = True
        return _Job(*taken, self._factory, threads, is_trial)

    def _draw(self, job: _Job, on_the_spot: bool = False) -> None:
        result = self._render(job)
        if result.error is None:
            with self._wake:
                self._note_cost(job, result.elapsed_ms, on_the_spot)
        self._hand_on(result)
        with self._wake:
            self._ended()

    def _note_cost(self, job: _Job, elapsed_ms: float, on_the_spot: bool) -> None:
        if job.request.lane != PICTURE:
            self._costs.note_rows(job.threads, len(job.rows), elapsed_ms)
        elif on_the_spot:
            self._costs.note_on_the_spot(elapsed_ms)
        elif not self._costs.knows_picture:
            self._untried = job.request if self._on_the_spot else None
        elif job.threads == self._threads_at_rest:
            self._costs.note_picture(elapsed_ms)

    def _ended(self) -> None:
        self._busy = False
        if not self._lanes:
            self._done.notify_all()
        elif not self._asker_draws():
            self._wake.notify_all()

    def _hand_on(self, result: RenderResult) -> None:
        try:
            self._on_result(result)
        except Exception:  # noqa: BLE001 - the receiver's fault must not end the render thread
            _log.exception("a result of lane %s was not taken", result.lane)

    def _known_costs(self) -> Costs:
        return self._costs if self._backend_epoch == self._factory_epoch else Costs()

    def _asker_draws(self) -> bool:
        """Whether whoever asks renders what waits: the picture of a quick model, and all while a hand moves that."""
        if not self._on_the_spot or self._pace.rests or not self._known_costs().pays_on_the_spot:
            return False
        return self._lanes.has_picture or self._pace.moves

    def _threads_for_rows(self) -> int:
        return self._threads if self._pace.moves else self._threads_at_rest

    def _chunk_rows(self, threads: int) -> int:
        """Return how many rows fit: into a chunk, and into what is left until the moving hand asks again.

        One for each thread always does, for these are drawn side by side.
        """
        row_ms = self._known_costs().row_ms(threads)
        fitting = int(min(_AIM_MS, self._pace.left_ms) / row_ms) if row_ms > 0.0 else 1
        return max(1, threads, min(_MAX_CHUNK, fitting))

    def _pause_s(self) -> float:
        """Return how long the render thread holds back what would be in the way of the picture, in seconds."""
        if self._lanes.has_picture or self._lanes.passed_over:
            return 0.0
        return self._pace.pause_s(self._known_costs().row_ms(self._threads_for_rows()))

    def _render(self, job: _Job) -> RenderResult:
        request, rows = job.request, job.rows
        try:
            if self._backend is None or self._backend_epoch != request.epoch:
                self._backend, self._backend_epoch, self._costs = None, request.epoch, Costs()
                self._backend = job.factory()
            start = time.perf_counter()
            y = None if request.y is None else request.y[list(rows)]
            pixels = self._backend.render(request.z[list(rows)], y, job.threads)
            elapsed_ms = (time.perf_counter() - start) * 1000.0
        except Exception as error:  # noqa: BLE001 - crosses to the window as text, whatever it is
            with self._wake:
                self._lanes.drop_rest_of(request)
            report = ErrorReport.from_exception(error, during="Rendering")
            log.report(_log, report, error)
            nothing = np.empty((0, 1, 1, 1), np.uint8)
            return RenderResult(request.lane, request.epoch, request.seq, rows, nothing, 0.0, report)
        return RenderResult(request.lane, request.epoch, request.seq, rows, pixels, elapsed_ms)
