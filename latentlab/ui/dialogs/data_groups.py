"""What a data set holds, as a list: classes, attributes, equal pictures, sizes, and files that were left out."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QTreeWidget, QTreeWidgetItem, QWidget

from latentlab.data.survey import Group, groups, name_of
from latentlab.ui.dialogs.data_look import Looked

MAX_LINES = 200
"""Files that were left out, sets of equal pictures and sizes that are listed one by one."""

_WIDTH_PX = 288
_INDEX = Qt.ItemDataRole.UserRole


class GroupsList(QTreeWidget):
    """Lists groups of pictures with their counts. GUI thread only.

    Signals:
        group_changed: Another group was chosen by hand; GUI thread.
    """

    group_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._groups: tuple[Group, ...] = ()
        self.setObjectName("groups")
        self.setColumnCount(2)
        self.setHeaderHidden(True)
        self.setRootIsDecorated(False)
        self.setIndentation(12)
        self.setUniformRowHeights(True)
        self.setFrameShape(QTreeWidget.Shape.NoFrame)
        self.setFixedWidth(_WIDTH_PX)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, header.ResizeMode.Stretch)
        header.setSectionResizeMode(1, header.ResizeMode.ResizeToContents)
        self.currentItemChanged.connect(self._on_current)

    def group(self) -> Group | None:
        """Return the group that is chosen."""
        item = self.currentItem()
        index = None if item is None else item.data(0, _INDEX)
        return self._groups[index] if isinstance(index, int) else None

    def show_data(self, found: Looked | None) -> None:
        """List what a data set holds and choose all its pictures, or nothing."""
        self.blockSignals(True)
        self.clear()
        self._groups = () if found is None else groups(found.data, found.duplicates[:MAX_LINES])
        if found is not None:
            self._list_groups(found)
            self._list_files(found)
            self.expandAll()
        self.blockSignals(False)

    def _list_groups(self, found: Looked) -> None:
        titles = {
            "class": self.tr("Classes"),
            "attribute": self.tr("With the attribute"),
            "duplicates": self.tr("Equal pictures"),
        }
        sections: dict[str, QTreeWidgetItem] = {}
        for index, group in enumerate(self._groups):
            if group.kind == "all":
                item = _row(self.tr("All pictures"), len(group.rows))
                self.addTopLevelItem(item)
                self.setCurrentItem(item)
            else:
                if group.kind not in sections:
                    sections[group.kind] = self._section(titles[group.kind])
                item = _row(group.title, len(group.rows))
                sections[group.kind].addChild(item)
            if group.kind == "duplicates":
                item.setToolTip(0, "\n".join(name_of(found.data, int(row)) for row in group.rows[:MAX_LINES]))
            item.setData(0, _INDEX, index)

    def _list_files(self, found: Looked) -> None:
        if found.data.sizes:
            section = self._section(self.tr("Sizes before cutting"))
            for width, height, count in found.data.sizes[:MAX_LINES]:
                section.addChild(_still(_row(f"{width} × {height}", count)))
        if found.data.skipped:
            section = self._section(self.tr("Left out"))
            for line in found.data.skipped[:MAX_LINES]:
                item = _still(QTreeWidgetItem([line]))
                item.setToolTip(0, line)
                section.addChild(item)
                item.setFirstColumnSpanned(True)

    def _section(self, title: str) -> QTreeWidgetItem:
        item = _still(QTreeWidgetItem([title]))
        font = item.font(0)
        font.setBold(True)
        item.setFont(0, font)
        self.addTopLevelItem(item)
        return item

    @Slot()
    def _on_current(self) -> None:
        self.group_changed.emit()


def _row(title: str, count: int) -> QTreeWidgetItem:
    item = QTreeWidgetItem([title, f"{count:,}"])
    item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return item


def _still(item: QTreeWidgetItem) -> QTreeWidgetItem:
    """Let a line be read but not chosen."""
    item.setFlags(Qt.ItemFlag.ItemIsEnabled)
    return item
