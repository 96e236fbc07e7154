"""Ctrl+K: every action and every slider, found by typing a few of their letters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal, Slot
from PySide6.QtGui import QAction, QIcon, QKeyEvent, QPixmap
from PySide6.QtWidgets import QFrame, QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from latentlab.ui.action_table import plain, translated
from latentlab.ui.actions import ActionSpec
from latentlab.ui.icons import icon

_WIDTH_PX, _ROWS = 520, 11
_CAN_RUN = Qt.ItemFlag.ItemIsEnabled
_SLIDER = Qt.ItemDataRole.UserRole + 1


class CommandPalette(QFrame):
    """A list over the window; arrows choose, Enter runs, Escape leaves.

    Args:
        entries: The actions.
        sliders: Returns the names of the directions there are now.
        parent: The window.

    Signals:
        slider_wanted: The name of a direction whose slider is to be taken; GUI thread.
    """

    slider_wanted = Signal(str)

    def __init__(
        self, entries: Iterable[tuple[ActionSpec, QAction]], sliders: Callable[[], Sequence[str]], parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._sliders = sliders
        self.setObjectName("palette")
        self._window = parent
        self._entries = [each for each in entries if each[0].id != "palette"]
        self._box = QLineEdit()
        self._box.setPlaceholderText(self.tr("Type what you want to do"))
        self._box.setAccessibleName(self.tr("Command palette"))
        self._list = QListWidget()
        self._list.setObjectName("palette")
        self._list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        blank = QPixmap(32, 32)
        blank.fill(Qt.GlobalColor.transparent)
        self._blank = QIcon(blank)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(10, 10, 10, 10)
        layout.addWidget(self._box)
        layout.addWidget(self._list)
        self._box.textChanged.connect(self._fill)
        self._box.installEventFilter(self)
        self._list.itemClicked.connect(self._on_clicked)
        self.hide()

    def open(self) -> None:
        """Show the palette at the top of the window, empty."""
        parent = self._window
        width = min(_WIDTH_PX, parent.width() - 40)
        self.setGeometry((parent.width() - width) // 2, 72, width, 24 * _ROWS + 90)
        self._box.clear()
        self._fill("")
        self.show()
        self.raise_()
        self._box.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Steer the list from the line the user types in."""
        if event.type() == QEvent.Type.FocusOut:
            self.hide()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            key = event.key()
            if key == Qt.Key.Key_Escape:
                self.hide()
                return True
            if key in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                step = 1 if key == Qt.Key.Key_Down else -1
                count = max(1, self._list.count())
                self._list.setCurrentRow((self._list.currentRow() + step) % count)
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._run(self._list.currentItem())
                return True
        return super().eventFilter(watched, event)

    @Slot(str)
    def _fill(self, text: str) -> None:
        self._list.clear()
        wanted = text.casefold().split()
        found = []
        for place, (spec, action) in enumerate(self._entries):
            rank = _rank(wanted, plain(action.text()), plain(translated(spec.menu)), translated(spec.tip))
            if rank is not None:
                found.append((not action.isEnabled(), rank, place))
        for disabled, _, place in sorted(found):
            spec, action = self._entries[place]
            keys = action.shortcut().toString()
            label = f"{plain(translated(spec.menu))}: {plain(action.text())}"
            shown = action.icon() if spec.icon else self._blank
            item = QListWidgetItem(shown, f"{label}    {keys}" if keys else label)
            item.setData(Qt.ItemDataRole.UserRole, spec.id)
            item.setToolTip(translated(spec.tip))
            if disabled:
                item.setFlags(Qt.ItemFlag.NoItemFlags)
            self._list.addItem(item)
        self._add_sliders(wanted)
        if not self._list.count():
            nothing = QListWidgetItem(self._blank, self.tr("Nothing is called that."))
            nothing.setFlags(Qt.ItemFlag.NoItemFlags)
            self._list.addItem(nothing)
        rows = range(self._list.count())
        self._list.setCurrentRow(next((row for row in rows if self._list.item(row).flags() & _CAN_RUN), 0))

    def _add_sliders(self, wanted: list[str]) -> None:
        """Offer the directions whose names have every word that was typed, the best ones first."""
        names = self._sliders() if wanted else ()
        ranks = {name: _rank(wanted, name, self.tr("Slider"), "") for name in names}
        for name in sorted((each for each in names if ranks[each] is not None), key=lambda each: ranks[each] or 0):
            item = QListWidgetItem(icon("directions"), self.tr("Slider: {0}").format(name))
            item.setData(_SLIDER, name)
            self._list.addItem(item)

    @Slot(QListWidgetItem)
    def _on_clicked(self, item: QListWidgetItem) -> None:
        self._run(item)

    def _run(self, item: QListWidgetItem | None) -> None:
        self.hide()
        if item is None:
            return
        if item.data(_SLIDER) is not None:
            self.slider_wanted.emit(item.data(_SLIDER))
            return
        for spec, action in self._entries:
            if spec.id == item.data(Qt.ItemDataRole.UserRole) and action.isEnabled():
                action.trigger()


def _rank(wanted: list[str], title: str, menu: str, tip: str) -> int | None:
    """Say how well an action meets what was typed: 0 best, None not at all; every word must be found somewhere."""
    words = title.casefold().split()
    ranks = []
    for word in wanted:
        if title.casefold().startswith(word):
            ranks.append(0)
        elif any(each.startswith(word) for each in (*words, *menu.casefold().split())):
            ranks.append(1)
        elif any(each.startswith(word) for each in tip.casefold().split()):
            ranks.append(2)
        else:
            return None
    return max(ranks, default=0)
