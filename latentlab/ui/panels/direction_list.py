"""A long column of sliders in foldable sections, of which only those in sight are made."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QPushButton, QScrollArea, QWidget

from latentlab.ui import theme
from latentlab.ui.icons import icon
from latentlab.ui.panels.direction_arrangement import Section
from latentlab.ui.widgets.slider_row import SliderRow

ROW_PX, ROW_WITHOUT_ENDS_PX = 64, 52
_HEADER_PX, _GAP_PX, _MARGIN_PX = 32, 8, 10
_BEYOND_PX = 3 * ROW_PX
"""How far beyond what is in sight rows are made ahead."""


class _Header(QPushButton):
    """The heading of a section, which folds it."""

    def __init__(self, section: Section, parent: QWidget) -> None:
        super().__init__(parent)
        self.key = section.key
        self.setObjectName("link")
        self.setCheckable(True)

    def show_section(self, section: Section, opened: bool) -> None:
        """Show title, count and whether it is open."""
        self.setText(f"{section.title}  {len(section.names)}")
        self.setToolTip(section.tip)
        self.setIcon(icon("chevron-down" if opened else "chevron-right"))
        self.setChecked(opened)


class _Column(QWidget):
    """What is scrolled: headings and rows at places of their own, and the line where a dragged row would go."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("scrolled")
        self.line_at: int | None = None

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the line."""
        if self.line_at is not None:
            painter = QPainter(self)
            painter.setPen(QPen(QColor(theme.tokens().accent), 2.0))
            painter.drawLine(_MARGIN_PX, self.line_at, self.width() - _MARGIN_PX, self.line_at)


class DirectionList(QScrollArea):
    """Shows sections of rows; a row is made when it comes near to what is in sight, and is kept.

    Args:
        make: Makes the row of a direction, by its name.

    Signals:
        sight_changed: Other rows may have come into sight; GUI thread.
        row_moved: (name, all names of open sections in their new order), when a row was dragged; GUI thread.
    """

    sight_changed = Signal()
    row_moved = Signal(str, object)

    def __init__(self, make: Callable[[str], SliderRow]) -> None:
        super().__init__()
        self._make = make
        self._sections: tuple[Section, ...] = ()
        self._folded: dict[str, bool] = {}
        self._headers: dict[str, _Header] = {}
        self._rows: dict[str, SliderRow] = {}
        self._names: list[str] = []
        self._tops: list[int] = []
        self._row_px = ROW_PX
        self._column = _Column()
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(self._column)
        self.verticalScrollBar().setSingleStep(ROW_PX // 3)

    def show_sections(self, sections: Sequence[Section]) -> None:
        """Lay out sections anew; rows made before are kept and moved."""
        self._sections = tuple(sections)
        self._place()

    def show_ends(self, shown: bool) -> None:
        """Make room for the pictures at the ends, or take it."""
        self._row_px = ROW_PX if shown else ROW_WITHOUT_ENDS_PX
        for row in self._rows.values():
            row.show_ends(shown)
        self._place()

    def names(self) -> tuple[str, ...]:
        """Return the names in open sections, from top to bottom."""
        return tuple(self._names)

    def made(self, name: str) -> SliderRow | None:
        """Return a row if it has been made."""
        return self._rows.get(name)

    def row(self, name: str) -> SliderRow | None:
        """Return a row, made now if its section is open; None if it is not."""
        if name not in self._rows and name in self._names:
            self._put(self._names.index(name))
        return self._rows.get(name)

    def rows(self) -> tuple[SliderRow, ...]:
        """Return every row made so far."""
        return tuple(self._rows.values())

    def in_sight(self) -> tuple[str, ...]:
        """Return the names whose rows are in sight, at least in part."""
        return self._between(*self._sight())

    def drop(self, names: Sequence[str]) -> None:
        """Forget rows whose directions are gone; where the others are is not known until `show_sections`."""
        if names:
            self._names, self._tops = [], []
        for name in names:
            row = self._rows.pop(name, None)
            if row is not None:
                self._hide(row)
                row.deleteLater()

    def unfold(self, name: str) -> None:
        """Open the section that a direction is in."""
        for section in self._sections:
            if name in section.names and not self._is_open(section):
                self._folded[section.key] = False
                self._place()

    def reveal(self, name: str) -> None:
        """Scroll to a row."""
        self.unfold(name)
        if name in self._names:
            top = self._tops[self._names.index(name)]
            self.ensureVisible(0, top + self._row_px // 2, 0, self._row_px + _HEADER_PX)

    def drag(self, y: int) -> None:
        """Show where a row that is dragged would go.

        Args:
            y: Of the pointer, on the screen.
        """
        place = self._place_at(y)
        last = self._tops[-1] + self._row_px if self._tops else 0
        self._column.line_at = self._tops[place] if place < len(self._tops) else last
        self._column.update()

    def drop_row(self, name: str, y: int) -> None:
        """Put a dragged row where the pointer is."""
        self._column.line_at = None
        self._column.update()
        if name in self._names:
            self.move_row(name, self._place_at(y))

    def move_row(self, name: str, place: int) -> None:
        """Tell in which order the rows are wanted if one goes before that which is at a place now."""
        here = self._names.index(name)
        others = [each for each in self._names if each != name]
        place = max(0, min(place - (place > here), len(others)))
        if place != here:
            self.row_moved.emit(name, (*others[:place], name, *others[place:]))

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Make the rows as wide as there is room."""
        super().resizeEvent(event)
        width = self._width()
        for header in self._headers.values():
            header.resize(width, _HEADER_PX - 2)
        for row in self._rows.values():
            row.resize(width, row.height())
        self._look()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened out of sight."""
        super().showEvent(event)
        self._look()

    def scrollContentsBy(self, dx: int, dy: int) -> None:  # noqa: N802 - Qt's name
        """Make what comes into sight."""
        super().scrollContentsBy(dx, dy)
        self._look()

    def _is_open(self, section: Section) -> bool:
        return not self._folded.get(section.key, not section.opened)

    def _place(self) -> None:
        """Work out where everything is, and move what has been made."""
        self._names, self._tops = [], []
        y, width = 0, self._width()
        shown = set()
        for section in self._sections:
            opened = self._is_open(section) or not section.title
            if section.title:
                header = self._headers.get(section.key) or self._header(section)
                header.show_section(section, opened)
                header.setGeometry(_MARGIN_PX, y, width, _HEADER_PX - 2)
                header.show()
                shown.add(section.key)
                y += _HEADER_PX
            if opened:
                for name in section.names:
                    self._names.append(name)
                    self._tops.append(y)
                    y += self._row_px
                y += _GAP_PX
        for key, header in self._headers.items():
            if key not in shown:
                header.hide()
        self._column.setMinimumHeight(y)
        places = {name: index for index, name in enumerate(self._names)}
        for name, row in tuple(self._rows.items()):
            place = places.get(name)
            if place is None:
                self._hide(row)
            else:
                row.setGeometry(_MARGIN_PX, self._tops[place], width, self._row_px)
                row.show()
        self._look()

    def _hide(self, row: SliderRow) -> None:
        """Take a row out of sight; the keyboard, if it has it, stays with the list, which would scroll after it."""
        focused = QApplication.focusWidget()
        if focused is not None and row.isAncestorOf(focused):
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        row.hide()

    def _header(self, section: Section) -> _Header:
        header = _Header(section, self._column)
        header.clicked.connect(self._on_folded)
        self._headers[section.key] = header
        return header

    def _put(self, place: int) -> None:
        row = self._make(self._names[place])
        row.setParent(self._column)
        row.show_ends(self._row_px == ROW_PX)
        row.setGeometry(_MARGIN_PX, self._tops[place], self._width(), self._row_px)
        row.show()
        self._rows[row.name] = row

    def _look(self) -> None:
        """Make the rows that are in sight or near to it."""
        top, bottom = self._sight()
        for name in self._between(top - _BEYOND_PX, bottom + _BEYOND_PX):
            if name not in self._rows:
                self._put(self._names.index(name))
        self.sight_changed.emit()

    def _sight(self) -> tuple[int, int]:
        top = self.verticalScrollBar().value()
        return top, top + self.viewport().height()

    def _between(self, top: int, bottom: int) -> tuple[str, ...]:
        first = bisect_left(self._tops, top - self._row_px + 1)
        return tuple(self._names[first : bisect_left(self._tops, bottom)])

    def _place_at(self, y: int) -> int:
        inside = self._column.mapFromGlobal(QPoint(0, y)).y()
        return bisect_left(self._tops, inside - self._row_px // 2)

    def _width(self) -> int:
        return max(0, self.viewport().width() - 2 * _MARGIN_PX)

    @Slot()
    def _on_folded(self) -> None:
        header = self.sender()
        if isinstance(header, _Header):
            self._folded[header.key] = not header.isChecked()
            self._place()
