"""The actions of a window, made from the table of `actions`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from PySide6.QtCore import QCoreApplication, QObject, Slot
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QToolBar

from latentlab.ui.actions import ACTIONS, CONTEXT, MENUS, TOOL_BAR, ActionSpec
from latentlab.ui.icons import icon


class ActionTable(QObject):
    """The table's actions as QActions, wired to what the window does.

    Args:
        handlers: What every action's id does; called on the GUI thread.
        parent: The window.
    """

    def __init__(self, handlers: Mapping[str, Callable[[], None]], parent: QObject) -> None:
        super().__init__(parent)
        self._handlers = handlers
        self._actions: dict[str, QAction] = {}
        groups: dict[str, QActionGroup] = {}
        for spec in ACTIONS:
            action = QAction(translated(spec.text), parent)
            if spec.icon:
                action.setIcon(icon(spec.icon))
            action.setShortcuts([QKeySequence(key) for key in spec.keys])
            keys = f" ({spec.keys[0]})" if spec.keys else ""
            action.setToolTip(f"{translated(spec.tip)}{keys}")
            action.setStatusTip(translated(spec.tip))
            action.setCheckable(spec.checkable)
            if spec.group:
                group = groups.setdefault(spec.group, QActionGroup(parent))
                group.addAction(action)
            action.setData(spec.id)
            action.triggered.connect(self._on_triggered)
            self._actions[spec.id] = action

    @Slot()
    def _on_triggered(self) -> None:
        action = self.sender()
        if isinstance(action, QAction):
            self._handlers[action.data()]()

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def fill_menus(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Fill a menu bar; return its menus by the names in `MENUS`."""
        menus = {}
        for name in MENUS:
            menu = bar.addMenu(translated(name))
            menu.setToolTipsVisible(True)
            menus[name] = menu
        submenus: dict[str, QMenu] = {}
        for spec in ACTIONS:
            menu = menus[spec.menu]
            if spec.separated:
                menu.addSeparator()
            if spec.submenu:
                if spec.submenu not in submenus:
                    submenus[spec.submenu] = menu.addMenu(translated(spec.submenu))
                    submenus[spec.submenu].setToolTipsVisible(True)
                menu = submenus[spec.submenu]
            menu.addAction(self._actions[spec.id])
        return menus

    def fill_tool_bar(self, bar: QToolBar) -> None:
        """Fill a tool bar with the groups of `TOOL_BAR`."""
        for group in TOOL_BAR:
            if group is not TOOL_BAR[0]:
                bar.addSeparator()
            for name in group:
                bar.addAction(self._actions[name])

    def set_model_open(self, is_open: bool) -> None:
        """Enable what needs a model."""
        for spec in ACTIONS:
            if spec.needs_model:
                self._actions[spec.id].setEnabled(is_open)

    def entries(self) -> Iterable[tuple[ActionSpec, QAction]]:
        """Return every action with its description, in the table's order."""
        return [(spec, self._actions[spec.id]) for spec in ACTIONS]


def translated(text: str) -> str:
    """Return a text of the table in the user's language."""
    return QCoreApplication.translate(CONTEXT, text)


def plain(text: str) -> str:
    """Return a menu text without its mnemonic."""
    return text.replace("&", "")
