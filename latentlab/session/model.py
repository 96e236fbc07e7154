"""The one writer of the document, with undo and redo."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from psygnal import Signal

from latentlab.session.changes import Change
from latentlab.session.state import SessionState

MAX_STEPS = 2000


@dataclass(frozen=True)
class _Step:
    """What undo goes back to, and what it undoes."""

    before: SessionState
    label: str
    merge_key: Hashable | None


class SessionModel:
    """Holds the state; `apply` is the only way to change it. Used from the GUI thread alone.

    Signals:
        changed: (new, old), after every change, undo and redo.
    """

    changed = Signal(SessionState, SessionState)

    def __init__(self, state: SessionState) -> None:
        self._state = state
        self._undo: list[_Step] = []
        self._redo: list[_Step] = []

    @property
    def state(self) -> SessionState:
        """Return the current state."""
        return self._state

    def apply(self, change: Change, label: str, merge_key: Hashable | None = None) -> None:
        """Change the state.

        Args:
            change: From the present state to the next; returning an equal state means that nothing changed.
            label: What *Undo* names.
            merge_key: Successive changes with the same key are one step for undo, as the moves of one drag are.
        """
        old = self._state
        new = change(old)
        if new == old:
            return
        last = self._undo[-1] if self._undo else None
        if merge_key is None or last is None or last.merge_key != merge_key or self._redo:
            self._undo.append(_Step(old, label, merge_key))
            del self._undo[:-MAX_STEPS]
        self._redo.clear()
        self._set(new)

    def replace_all(self, state: SessionState) -> None:
        """Show another document or model: undo does not reach across."""
        self._undo.clear()
        self._redo.clear()
        self._set(state)

    def undo(self) -> None:
        """Go back one step, if there is one."""
        if self._undo:
            step = self._undo.pop()
            self._redo.append(_Step(self._state, step.label, None))
            self._set(step.before)

    def redo(self) -> None:
        """Do again what was undone last, if anything."""
        if self._redo:
            step = self._redo.pop()
            self._undo.append(_Step(self._state, step.label, None))
            self._set(step.before)

    @property
    def history(self) -> tuple[str, ...]:
        """Return the labels of all steps, oldest first: those done, then those undone."""
        return (*(step.label for step in self._undo), *(step.label for step in reversed(self._redo)))

    @property
    def position(self) -> int:
        """Return how many steps of the history are done."""
        return len(self._undo)

    def go_to(self, position: int) -> None:
        """Undo or redo until so many steps of the history are done."""
        while len(self._undo) > max(0, position):
            self.undo()
        while len(self._undo) < position and self._redo:
            self.redo()

    @property
    def undo_label(self) -> str | None:
        """Name what undo would undo; None if nothing."""
        return self._undo[-1].label if self._undo else None

    @property
    def redo_label(self) -> str | None:
        """Name what redo would do again; None if nothing."""
        return self._redo[-1].label if self._redo else None

    def _set(self, new: SessionState) -> None:
        old, self._state = self._state, new
        self.changed.emit(new, old)
