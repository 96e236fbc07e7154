"""The real window under thousands of gestures, models or pages, and what it holds in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, QEvent

from latentlab.bench.children import application
from latentlab.bench.children.event_loop import settle, wait_for_background
from latentlab.bench.children.hand import Hand
from latentlab.bench.machine import resident_mb
from latentlab.errors import LatentlabError
from latentlab.paths import bundled

if TYPE_CHECKING:
    from latentlab.ui.main_window import MainWindow

MOVES = 100
_READINGS = 10


def _drive(window: MainWindow, asked: dict[str, Any]) -> dict[str, Any]:
    wait_for_background(window)
    hand = Hand(window)
    repeat: Callable[[int], None] = {
        "gestures": lambda count: _play(window, hand, count),
        "models": lambda count: _switch_models(window, Path(asked["model"]), count),
        "pages": lambda count: _switch_pages(window, count),
    }[asked["kind"]]
    repeat(asked["warm_up"])
    threads = threading.active_count()
    resident = [_at_rest(window)]
    for _ in range(_READINGS):
        repeat(asked["count"] // _READINGS)
        resident.append(_at_rest(window))
    return {"resident_mb": resident, "threads_left": threading.active_count() - threads}


def _at_rest(window: MainWindow) -> float | None:
    """Read the memory once the window has given back what the last model left."""
    wait_for_background(window)
    return resident_mb()


def _play(window: MainWindow, hand: Hand, gestures: int) -> None:
    for _ in range(gestures):
        hand.press()
        for _ in range(MOVES):
            hand.move()
            QCoreApplication.processEvents()
        hand.release()
    settle(window)


def _switch_models(window: MainWindow, model: Path, times: int) -> None:
    """Open the bundled digits and the model in turns, each until it is drawn."""
    for time in range(times):
        path = model if time % 2 else bundled("checkpoints", "digits.safetensors")
        if not window.studio.open_path(path):
            raise LatentlabError(path, "did not open")
        settle(window)
        # Under this nested event loop Qt would keep every widget that was given up until the very end.
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def _switch_pages(window: MainWindow, times: int) -> None:
    """Bring the pages of the window to the front in turns, each until it is drawn."""
    for time in range(times):
        window.show_page(time % window.pages.count())
        settle(window)


if __name__ == "__main__":
    application.run(_drive)
