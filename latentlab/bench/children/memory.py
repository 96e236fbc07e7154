"""The real window under thousands of gestures, and what it holds in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication

from latentlab.bench.children import application
from latentlab.bench.children.event_loop import settle, wait_for_background
from latentlab.bench.children.hand import Hand
from latentlab.bench.machine import resident_mb

if TYPE_CHECKING:
    from latentlab.ui.main_window import MainWindow

MOVES = 100


def _drive(window: MainWindow, asked: dict[str, Any]) -> dict[str, Any]:
    wait_for_background(window)
    hand = Hand(window)
    _play(window, hand, asked["warm_up"])
    resident = [resident_mb()]
    for _ in range(10):
        _play(window, hand, asked["gestures"] // 10)
        resident.append(resident_mb())
    return {"resident_mb": resident}


def _play(window: MainWindow, hand: Hand, gestures: int) -> None:
    for _ in range(gestures):
        hand.press()
        for _ in range(MOVES):
            hand.move()
            QCoreApplication.processEvents()
        hand.release()
    settle(window)


if __name__ == "__main__":
    application.run(_drive)
