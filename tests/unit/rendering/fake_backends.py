"""A backend that stops where a test wants it to, a receiver that remembers, a clock that only rendering advances."""

from __future__ import annotations

import queue
import threading
import time

import numpy as np

from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.pixels import Pixels
from latentlab.rendering.requests import RenderRequest, RenderResult

TIMEOUT_S = 20.0
BROKEN = 13


class FakeBackend:
    """Draws latent v as a single pixel of grey level v; `BROKEN` raises.

    While the gate is closed every call waits inside `render` until it is let go.
    """

    def __init__(self) -> None:
        self.threads: list[int] = []
        self.drawn_by: list[threading.Thread] = []
        self.calls: list[tuple[int, ...]] = []
        self.classes: list[tuple[int, ...] | None] = []
        self.clock: FakeClock | None = None
        self.row_ms = 1.0
        self._gate_closed = False
        self._entered: queue.SimpleQueue[tuple[int, ...]] = queue.SimpleQueue()
        self._go = threading.Semaphore(0)

    def render(self, z: FloatArray, y: IntArray | None = None, threads: int = 0) -> Pixels:
        self.threads.append(threads)
        self.drawn_by.append(threading.current_thread())
        self.classes.append(None if y is None else tuple(map(int, y)))
        values = tuple(int(value) for value in z[:, 0])
        self.calls.append(values)
        if self._gate_closed:
            self._entered.put(values)
            if not self._go.acquire(timeout=TIMEOUT_S):
                raise TimeoutError("nobody let the backend go")
        if self.clock is not None:
            self.clock.now_s += self.row_ms * len(z) / 1000.0
        if BROKEN in values:
            raise RuntimeError("broken\nlatent")
        return z[:, :1].astype(np.uint8).reshape(-1, 1, 1, 1)

    def close_gate(self) -> None:
        self.calls.clear()
        self._gate_closed = True

    def open_gate(self) -> None:
        self._gate_closed = False
        self._go.release(1000)

    def wait_entered(self) -> tuple[int, ...]:
        """Wait until the backend is at work; return the latents it works on."""
        return self._entered.get(timeout=TIMEOUT_S)

    def let_go(self) -> None:
        self._go.release()


class FakeClock:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.now_s = time.perf_counter()

    def perf_counter(self) -> float:
        return self.now_s


class Receiver:
    """Takes results; raises `failure` where a test sets one."""

    def __init__(self) -> None:
        self.results: list[RenderResult] = []
        self.failure: Exception | None = None

    def __call__(self, result: RenderResult) -> None:
        self.results.append(result)
        if self.failure is not None:
            raise self.failure

    @property
    def seqs(self) -> list[int]:
        return [result.seq for result in self.results]


def request_of(lane: str, seq: int, *values: int, epoch: int = 1, order: tuple[int, ...] = ()) -> RenderRequest:
    """Ask for latents of width 2 that begin with these values; the seq itself where there are none."""
    z = np.array([[value, 0] for value in values or (seq,)], np.float32)
    return RenderRequest(lane, epoch, seq, z, order)
