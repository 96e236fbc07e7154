"""Pictures in rows and columns: click one, drag one away as a card, drop a card where that is allowed."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QGridLayout, QLabel, QVBoxLayout, QWidget

from latentlab.pixels import Pixels
from latentlab.ui.widgets.well import Well

_LEAST_PX = 40


class GridPicture(Well):
    """One picture of a grid; takes no drops unless it is told to."""

    def __init__(self, grid: PictureGrid, index: int) -> None:
        super().__init__(grid)
        self._grid = grid
        self._index = index
        self.setAcceptDrops(False)
        self.set_clickable(True)
        self.setMinimumSize(_LEAST_PX, _LEAST_PX)
        self.clicked.connect(self._on_clicked)
        self.drag_started.connect(self._on_drag)

    @Slot()
    def _on_clicked(self) -> None:
        self._grid.picked.emit(self._index)

    @Slot()
    def _on_drag(self) -> None:
        self._grid.dragged.emit(self._index)


class PictureGrid(QWidget):
    """A grid of so many pictures, with a line under each where wanted. GUI thread only.

    Args:
        columns: Pictures in a row.
        captions: Whether there is a line under each.
        fill: Whether small pictures rather fill their room, smoothed, than keep to whole factors.
        parent: As every widget's.

    Signals:
        picked: Index of the picture that was clicked; GUI thread.
        dragged: Index of the picture that is being dragged away; GUI thread.
    """

    picked = Signal(int)
    dragged = Signal(int)

    def __init__(
        self, columns: int, *, captions: bool = False, fill: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._columns = columns
        self._with_captions = captions
        self._fill = fill
        self._boxes: list[QWidget] = []
        self._captions: list[QLabel] = []
        self.pictures: list[GridPicture] = []
        self._smooth = False
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)

    def set_count(self, count: int) -> None:
        """Have so many pictures, keeping those there are."""
        while len(self.pictures) > count:
            self.pictures.pop()
            if self._with_captions:
                self._captions.pop()
            box = self._boxes.pop()
            self._grid.removeWidget(box)
            box.deleteLater()
        while len(self.pictures) < count:
            self._add(len(self.pictures))

    def show_pixels(self, index: int, pixels: Pixels | None, seq: int = -1) -> None:
        """Show a picture, shape (H, W, C), uint8, or none."""
        self.pictures[index].set_pixels(pixels, seq)

    def caption(self, index: int, text: str, name: str) -> None:
        """Write the line under a picture, and what it is called where it cannot be seen."""
        if self._with_captions:
            self._captions[index].setText(text)
        self.pictures[index].setAccessibleName(name)

    def set_smooth(self, smooth: bool) -> None:
        """Choose smooth or crisp enlargement."""
        self._smooth = smooth
        for picture in self.pictures:
            picture.set_smooth(smooth)

    def _add(self, index: int) -> None:
        picture = GridPicture(self, index)
        picture.set_smooth(self._smooth)
        picture.set_whole_factors(not self._fill)
        self.pictures.append(picture)
        box: QWidget = picture
        if self._with_captions:
            box = QWidget()
            label = QLabel()
            label.setObjectName("muted")
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            self._captions.append(label)
            column = QVBoxLayout(box)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(0)
            column.addWidget(picture, 1)
            column.addWidget(label)
        self._boxes.append(box)
        row, place = divmod(index, self._columns)
        self._grid.addWidget(box, row, place)
