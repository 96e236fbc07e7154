"""A hand on a slider of the real window, and an eye on what is painted."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QEvent, QEventLoop, QObject, QPointF, Qt, QTimer, Slot
from PySide6.QtGui import QMouseEvent

from latentlab.bench.children.beat import Beat
from latentlab.bench.children.event_loop import GIVE_UP_S, newest_seq, settle
from latentlab.errors import LatentlabError
from latentlab.ui.widgets.slider_row import CentredSlider

if TYPE_CHECKING:
    from latentlab.ui.main_window import MainWindow

_SWEEP = (0.08, 0.42)
"""The part of the slider that the hand sweeps: one side of the detent, where every move is another value."""
_STEPS = 40


@dataclass
class Answers:
    """How the window answered moves of a slider.

    Attributes:
        to_pixels_ms: From each change of the value to the end of the `paintEvent` that drew its request.
        from_hand_ms: The same from the move of the hand, which the window may have been too busy to hear of at once.
        caught_up_ms: From each change, whether its request was drawn or gave way to a newer one, to the end of the
            `paintEvent` that drew it or a newer one.
    """

    to_pixels_ms: list[float] = field(default_factory=list)
    from_hand_ms: list[float] = field(default_factory=list)
    caught_up_ms: list[float] = field(default_factory=list)

    def add(self, others: Answers) -> None:
        """Take in other answers."""
        self.to_pixels_ms += others.to_pixels_ms
        self.from_hand_ms += others.from_hand_ms
        self.caught_up_ms += others.caught_up_ms


@dataclass(frozen=True)
class _Asked:
    """A move that is to be answered.

    Attributes:
        before: The seq of the newest request ahead of it.
        last: That of the newest request that it led to.
        changed_s: When the value changed.
        moved_s: When the hand moved.
    """

    before: int
    last: int
    changed_s: float
    moved_s: float


class Hand(QObject):
    """Presses, moves and releases the first open slider of the window. GUI thread only."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        model = window.studio.model
        assert model is not None
        rows = (window.directions.row(direction.name) for direction in model.directions)
        row = next((row for row in rows if row is not None), None)
        slider = row.findChild(CentredSlider) if row is not None else None
        if slider is None:
            raise LatentlabError("bench", "the window shows no slider")
        self._slider = slider
        self._step = 0

    def press(self) -> None:
        """Take the handle."""
        self._send(QEvent.Type.MouseButtonPress, Qt.MouseButton.LeftButton)

    def move(self) -> None:
        """Move it a little, to and fro over the sweep."""
        self._step += 1
        self._send(QEvent.Type.MouseMove, Qt.MouseButton.NoButton)

    def release(self) -> None:
        """Let go."""
        self._send(QEvent.Type.MouseButtonRelease, Qt.MouseButton.LeftButton)

    def _send(self, kind: QEvent.Type, button: Qt.MouseButton) -> None:
        turn = self._step % (2 * _STEPS)
        share = min(turn, 2 * _STEPS - turn) / _STEPS
        # No two sweeps meet the same values: what was just drawn would not be asked for again.
        shift = 0.01 * (self._step % 7) / 7
        at = QPointF(
            self._slider.width() * (_SWEEP[0] + shift + share * (_SWEEP[1] - _SWEEP[0])), self._slider.height() / 2
        )
        held = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else Qt.MouseButton.LeftButton
        event = QMouseEvent(kind, at, self._slider.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier)
        QCoreApplication.sendEvent(self._slider, event)


class Drag(QObject):
    """Drags the slider and times the way from each change to the picture that answers it. GUI thread only.

    Attributes:
        last_move: What `newest_seq` was ahead of the last move, and when that was, in seconds.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__()
        self.last_move = (0, 0.0)
        self._window = window
        self._hand = Hand(window)
        self._loop = QEventLoop()
        self._beat = Beat(self)
        self._beat.moved.connect(self._on_beat)
        self._guard = QTimer(self)
        self._guard.setSingleShot(True)
        self._guard.timeout.connect(self._loop.quit)
        self._answers = Answers()
        self._asked: list[_Asked] = []
        self._left = 0
        self._until: Callable[[], bool] | None = None
        self._paced = False
        window.explore.picture_painted.connect(self._on_painted)

    def at_pace(self, moves: int = 0, until: Callable[[], bool] | None = None) -> Answers:
        """Move as a hand does, whether the window keeps up or not; so many times, or until something has happened."""
        self._paced = True
        self._begin(moves, until)
        self._beat.start()
        return self._end()

    def one_at_a_time(self, moves: int) -> Answers:
        """Move only once the last move is on the screen."""
        self._paced = False
        self._begin(moves, None)
        QTimer.singleShot(0, self._move)
        return self._end()

    def _begin(self, moves: int, until: Callable[[], bool] | None) -> None:
        self._left, self._until = moves, until
        self._answers, self._asked = Answers(), []
        self._hand.press()
        settle(self._window)

    def _end(self) -> Answers:
        self._guard.start(round(1000 * GIVE_UP_S))
        self._loop.exec()
        drawn = self._guard.isActive() and self._answers.to_pixels_ms
        self._guard.stop()
        self._beat.stop()
        self._hand.release()
        if not drawn:
            raise LatentlabError("bench: dragging a slider", f"a move was not drawn within {GIVE_UP_S:g} s")
        return self._answers

    @Slot(float)
    def _on_beat(self, moved_s: float) -> None:
        if not (self._until() if self._until is not None else self._left == 0):
            self._move_at(moved_s)
        elif not self._asked:
            self._loop.quit()

    @Slot()
    def _move(self) -> None:
        self._move_at(time.perf_counter())

    def _move_at(self, moved_s: float) -> None:
        self._left -= 1
        before = newest_seq(self._window)
        # Other lanes may ask as well: the picture's request is one of those, and may be painted before this is over.
        asked = _Asked(before, sys.maxsize, time.perf_counter(), moved_s)
        self._asked.append(asked)
        self._hand.move()
        after = newest_seq(self._window)
        self.last_move = (before, asked.changed_s)
        if self._asked and self._asked[-1] is asked:
            del self._asked[-1]
            if after != before:
                self._asked.append(replace(asked, last=after))
            elif not self._paced:
                QTimer.singleShot(0, self._move)

    @Slot(int)
    def _on_painted(self, seq: int) -> None:
        newer = [asked for asked in self._asked if asked.last >= seq]
        if not newer or newer[0].before >= seq:
            return
        now, answered = time.perf_counter(), newer[0]
        replaced = self._asked[: len(self._asked) - len(newer)]
        self._answers.to_pixels_ms.append((now - answered.changed_s) * 1000.0)
        self._answers.from_hand_ms.append((now - answered.moved_s) * 1000.0)
        self._answers.caught_up_ms += [(now - asked.changed_s) * 1000.0 for asked in (*replaced, answered)]
        self._asked = newer[1:]
        if not self._paced:
            if self._left > 0:
                QTimer.singleShot(0, self._move)
            else:
                self._loop.quit()
