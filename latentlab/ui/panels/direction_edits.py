"""What can be done to a direction: renamed, deleted, marked, conditioned, moved; each one step of undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from PySide6.QtCore import QObject, QPoint, Signal, Slot
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu, QWidget

from latentlab.errors import LatentlabError
from latentlab.latent.directions import Direction, conditioned
from latentlab.session import changes, direction_changes
from latentlab.session.sliders import Mark
from latentlab.session.state import SessionState
from latentlab.ui.icons import icon
from latentlab.ui.studio import Studio


class DirectionEdits(QObject):
    """Changes directions through the studio. GUI thread only.

    Signals:
        rename_asked: Name of a direction that is to be edited where it stands; GUI thread.
    """

    rename_asked = Signal(str)

    def __init__(self, studio: Studio, panel: QWidget) -> None:
        super().__init__(panel)
        self._studio = studio
        self._panel = panel

    def own(self) -> frozenset[str]:
        """Return the names of the user's own directions."""
        state = self._studio.state
        return frozenset(direction.name for direction in state.directions) if state else frozenset()

    def taken(self) -> tuple[str, ...]:
        """Return the names that the model's own directions have."""
        model = self._studio.model
        return tuple(direction.name for direction in model.directions) if model else ()

    @Slot(str, str)
    def rename(self, old: str, new: str) -> None:
        """Give a direction another name."""
        label = self.tr("Rename {0} to {1}").format(old, new)
        self._studio.apply(direction_changes.rename_direction(old, new, self.taken()), label)

    @Slot(str)
    def refuse_rename(self, name: str) -> None:
        """Say why a direction keeps its name."""
        self._studio.notice.emit(
            self.tr("{0} comes with the model and keeps its name; your own directions can be renamed").format(name)
        )

    def delete(self, name: str) -> None:
        """Delete a direction; what was moved along it stays where it is."""
        change = direction_changes.remove_directions([name], self._studio.directions)
        self._studio.apply(change, self.tr("Delete {0}").format(name))

    @Slot(str, str, bool)
    def mark(self, name: str, mark: Mark, on: bool) -> None:
        """Lock, favour or hide a direction, or take that back."""
        labels = {
            ("locked", True): self.tr("Lock {0}"),
            ("locked", False): self.tr("Unlock {0}"),
            ("favourites", True): self.tr("Make {0} a favourite"),
            ("favourites", False): self.tr("{0} is no favourite"),
            ("hidden", True): self.tr("Hide {0}"),
            ("hidden", False): self.tr("Show {0}"),
        }
        self._studio.apply(direction_changes.mark_direction(mark, name, on), labels[mark, on].format(name))

    def condition(self, name: str) -> None:
        """Add the part of a direction that leaves the locked ones alone, as one of the user's own."""
        direction = self._named(name)
        locked = self.locked_beside(name)
        if direction is None or not locked:
            return
        try:
            made = conditioned(direction, locked)
        except LatentlabError as error:
            self._studio.report(error, "")
            return
        label = self.tr("Condition {0}").format(name)
        self._studio.apply(direction_changes.add_directions([made], self.taken()), label)

    def locked_beside(self, name: str) -> list[Direction]:
        """Return the locked directions other than one."""
        state = self._studio.state
        locked = state.sliders.locked if state else frozenset()
        return [each for each in self._studio.directions if each.name in locked and each.name != name]

    def order(self, name: str, names: Sequence[str]) -> None:
        """Put the sliders in an order, and show them so."""
        self._studio.apply(direction_changes.order_directions(names), self.tr("Move {0}").format(name))
        self._studio.change_settings(slider_order="hand")

    def reset(self) -> None:
        """Bring every slider that is not locked to rest."""
        state = self._studio.state
        if state is None:
            return
        if state.sliders.locked.isdisjoint(state.picture.strengths):
            self._studio.apply(changes.reset_strengths(), self.tr("Reset all sliders"))
        else:
            self._studio.apply(_reset_unlocked, self.tr("Reset all sliders but the locked"))

    def open_menu(self, name: str, at: QPoint) -> QMenu:
        """Open the menu of a direction at a place on the screen."""
        menu = QMenu(self._panel)
        menu.setToolTipsVisible(True)
        menu.aboutToHide.connect(menu.deleteLater)
        state = self._studio.state
        layout = state.sliders if state is not None else None
        own = name in self.own()
        locked = self.locked_beside(name)
        model_text = self.tr("It comes with the model")
        entries: list[tuple[str, str, str, bool, bool | None, str]] = [
            ("rename", "", self.tr("&Rename"), own, None, "" if own else model_text),
            ("copy", "copy", self.tr("&Copy the name"), True, None, ""),
            ("", "", "", False, None, ""),
            ("favourites", "star", self.tr("&Favourite"), True, layout is not None and name in layout.favourites, ""),
            ("locked", "lock", self.tr("&Locked"), True, layout is not None and name in layout.locked, ""),
            ("hidden", "hide", self.tr("&Hidden"), True, layout is not None and name in layout.hidden, ""),
            ("", "", "", False, None, ""),
            (
                "condition",
                "directions",
                self.tr("Condition on the l&ocked ones"),
                bool(locked),
                None,
                self.tr("Adds what is left of it beside {0}. (Shen et al. 2020, arXiv:1907.10786)").format(
                    ", ".join(each.name for each in locked)
                )
                if locked
                else self.tr("Lock the directions first that shall stay as they are"),
            ),
            ("", "", "", False, None, ""),
            ("delete", "trash", self.tr("&Delete"), own, None, "" if own else model_text),
        ]
        for key, picture, text, enabled, checked, tip in entries:
            if not key:
                menu.addSeparator()
                continue
            action = menu.addAction(icon(picture), text) if picture and checked is None else menu.addAction(text)
            action.setData((key, name))
            action.setEnabled(enabled)
            action.setToolTip(tip)
            if checked is not None:
                action.setCheckable(True)
                action.setChecked(checked)
        menu.triggered.connect(self._on_chosen)
        menu.popup(at)
        return menu

    @Slot(QAction)
    def _on_chosen(self, action: QAction) -> None:
        key, name = action.data()
        match key:
            case "rename":
                self.rename_asked.emit(name)
            case "copy":
                QGuiApplication.clipboard().setText(name)
                self._studio.notice.emit(self.tr("Copied {0}").format(name))
            case "condition":
                self.condition(name)
            case "delete":
                self.delete(name)
            case _:
                self.mark(name, key, action.isChecked())

    def _named(self, name: str) -> Direction | None:
        return next((each for each in self._studio.directions if each.name == name), None)


def _reset_unlocked(state: SessionState) -> SessionState:
    moved = [name for name in state.picture.strengths if name not in state.sliders.locked]
    picture = reduce(lambda point, name: point.with_strength(name, 0.0), moved, state.picture)
    return replace(state, picture=picture) if moved else state
