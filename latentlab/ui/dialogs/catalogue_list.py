"""The rows of the catalogue: what they hold, what a search leaves of them, and how one is painted."""

from __future__ import annotations

from enum import IntEnum

from PySide6.QtCore import (
    QAbstractListModel,
    QLocale,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSize,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QImage, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from latentlab.ui import theme
from latentlab.ui.dialogs.catalogue_entries import Entry
from latentlab.ui.qimage import to_qimage

_Index = QModelIndex | QPersistentModelIndex
_NOWHERE = QModelIndex()
_ROW_PX = 80
_PICTURE_PX = 64
_TEXT_PX = 320
_PAD_PX = 8


class Role(IntEnum):
    """What a row is asked for besides its text."""

    ENTRY = int(Qt.ItemDataRole.UserRole)
    PICTURES = ENTRY + 1


class EntriesModel(QAbstractListModel):
    """The files of a folder. GUI thread only."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[Entry] = []
        self._images: dict[int, QImage] = {}

    @property
    def entries(self) -> tuple[Entry, ...]:
        """Return every file, in the order of the rows."""
        return tuple(self._entries)

    def set_entries(self, entries: tuple[Entry, ...]) -> None:
        """List other files."""
        self.beginResetModel()
        self._entries, self._images = list(entries), {}
        self.endResetModel()

    def set_entry(self, place: int, entry: Entry) -> None:
        """Say more of a file."""
        if place < len(self._entries):
            self._entries[place] = entry
            self._images.pop(place, None)
            self.dataChanged.emit(self.index(place), self.index(place))

    def rowCount(self, parent: _Index = _NOWHERE) -> int:  # noqa: N802 - Qt's name
        """Return the number of files."""
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: _Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        """Return the name of a file, what it is, or its pictures."""
        if not index.isValid():
            return None
        entry = self._entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.title
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (entry.title, entry.kind or entry.why, entry.shown) if part)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(part for part in (str(entry.path), entry.why) if part)
        if role == Role.ENTRY:
            return entry
        if role == Role.PICTURES and entry.pixels is not None:
            if index.row() not in self._images:
                self._images[index.row()] = to_qimage(entry.pixels)
            return self._images[index.row()]
        return None


class EntriesFilter(QSortFilterProxyModel):
    """Leaves the files whose name, path, kind or reason holds every word of a search."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._words: tuple[str, ...] = ()
        self._generators_only = False

    def search(self, text: str, generators_only: bool) -> None:
        """Leave what holds every word; where wanted, only what was found to be a generator."""
        self._words, self._generators_only = tuple(text.casefold().split()), generators_only
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: _Index) -> bool:  # noqa: N802 - Qt's name
        """Tell whether a file is left."""
        entry = self.sourceModel().index(source_row, 0).data(Role.ENTRY)
        if not isinstance(entry, Entry) or (self._generators_only and not entry.kind):
            return False
        text = f"{entry.title} {entry.shown} {entry.kind} {entry.why}".casefold()
        return all(word in text for word in self._words)


class EntryDelegate(QStyledItemDelegate):
    """Paints name, facts and path of a file on the left, its pictures in a row on the right."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._smooth = False

    def set_smooth(self, smooth: bool) -> None:
        """Choose smooth or crisp enlargement."""
        self._smooth = smooth

    def sizeHint(self, option: QStyleOptionViewItem, index: _Index) -> QSize:
        """Every row is of the same height."""
        return QSize(_TEXT_PX + 2 * _PAD_PX, _ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: _Index) -> None:
        """Paint a row."""
        entry, image = index.data(Role.ENTRY), index.data(Role.PICTURES)
        if not isinstance(entry, Entry):
            return
        look = theme.tokens()
        styled = QStyleOptionViewItem(option)
        self.initStyleOption(styled, index)
        styled.text = ""
        style = styled.widget.style()
        style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, styled, painter, styled.widget)
        painter.save()
        room = styled.rect.adjusted(_PAD_PX, _PAD_PX, -_PAD_PX, -_PAD_PX)
        has_pictures = isinstance(image, QImage)
        text = QRect(room)
        if has_pictures:
            text.setWidth(min(_TEXT_PX, room.width()))
        bold = QFont(styled.font)
        bold.setWeight(QFont.Weight.DemiBold)
        ink = look.text if not entry.why else look.muted
        self._line(painter, text, 0, bold, ink, entry.title)
        said = entry.kind or entry.why or self.tr("looking at it…")
        self._line(painter, text, 1, styled.font, look.muted, said)
        size = QLocale().formattedDataSize(entry.size_bytes, 1, QLocale.DataSizeFormat.DataSizeTraditionalFormat)
        self._line(painter, text, 2, styled.font, look.faint, f"{size}  ·  {entry.shown}")
        if has_pictures:
            self._pictures(painter, room, image)
        painter.restore()

    def _line(self, painter: QPainter, room: QRect, line: int, font: QFont, ink: str, text: str) -> None:
        painter.setFont(font)
        painter.setPen(QColor(ink))
        height = room.height() // 3
        where = QRect(room.left(), room.top() + line * height, room.width(), height)
        mode = Qt.TextElideMode.ElideMiddle if line == 2 else Qt.TextElideMode.ElideRight
        shown = painter.fontMetrics().elidedText(text, mode, where.width())
        painter.drawText(where, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, shown)

    def _pictures(self, painter: QPainter, room: QRect, image: QImage) -> None:
        factor = max(1, _PICTURE_PX // image.height())
        size = image.size() * factor
        place = QRect(room.left() + _TEXT_PX + 2 * _PAD_PX, room.top(), size.width(), size.height())
        place.moveTop(room.top() + (room.height() - size.height()) // 2)
        painter.setClipRect(room)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth)
        painter.drawImage(place, image)
