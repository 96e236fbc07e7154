"""Which image is looked for, which part of it, as which class, and for how long."""

from __future__ import annotations

from pathlib import Path

from PIL import Image
from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QWidget

from latentlab.analysis.inversion import MAX_STEPS, STEPS
from latentlab.data.crops import CELEBA_SIZE_PX, CROPS, SQUARE
from latentlab.session.opened import OpenedModel
from latentlab.ui.dialogs.image_search import Wanted
from latentlab.ui.widgets.elided import ElidedLabel
from latentlab.ui.widgets.number_box import CountBox

_GAP_PX = 8
_CLASS_LETTERS = 6


class ImageSearchForm(QWidget):
    """A line of choices; `wanted` puts them together.

    Signals:
        changed: Another part of the image, class or length was chosen; GUI thread.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path: Path | None = None
        self.choose = QPushButton(self.tr("Choose…"))
        self.choose.setToolTip(self.tr("Choose an image of any size: PNG, JPEG, WebP, BMP or GIF"))
        self.choose.setAutoDefault(False)
        self.name = ElidedLabel()
        self.name.setObjectName("muted")
        self.class_ = QComboBox()
        self.class_.setToolTip(self.tr("The class that z is drawn as; any: the one that comes nearest"))
        self.class_.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.class_.setMinimumContentsLength(_CLASS_LETTERS)
        self.crop = QComboBox()
        self.crop.setToolTip(
            self.tr("Which part of the image; those that name pixels are papers' crops of aligned CelebA images")
        )
        for crop in CROPS.values():
            self.crop.addItem(crop.title, crop.name)
        self.steps = CountBox()
        self.steps.setRange(1, MAX_STEPS)
        self.steps.setValue(STEPS)
        self.steps.setToolTip(self.tr("How many steps the nearest samples descend together; more may come nearer"))
        self._lay_out()
        self.crop.currentIndexChanged.connect(self.changed)
        self.class_.currentIndexChanged.connect(self.changed)
        self.steps.valueChanged.connect(self.changed)

    @property
    def path(self) -> Path | None:
        """Return the image, if one was chosen."""
        return self._path

    def set_path(self, path: Path) -> None:
        """Name the image, and offer the crops that fit it."""
        self._path = path
        self.name.set_whole(path.name, str(path))
        is_celeba = _size_of(path) in (None, CELEBA_SIZE_PX)
        for row, crop in enumerate(CROPS.values()):
            fits = crop.box is None or is_celeba
            _enable(self.crop, row, fits)
            tip = crop.source if fits else self.tr("Fits images of {0} × {1} pixels alone").format(*CELEBA_SIZE_PX)
            self.crop.setItemData(row, tip, Qt.ItemDataRole.ToolTipRole)
            if not fits and row == self.crop.currentIndex():
                with QSignalBlocker(self.crop):
                    self.crop.setCurrentIndex(self.crop.findData(SQUARE))

    def set_class_names(self, names: tuple[str, ...]) -> None:
        """Offer classes, of which any will do; nothing to choose where there are none."""
        with QSignalBlocker(self.class_):
            self.class_.clear()
            self.class_.addItem(self.tr("any"), None)
            for label, name in enumerate(names):
                self.class_.addItem(name, label)
        for part in (self._class_title, self.class_):
            part.setVisible(bool(names))

    def wanted(self, model: OpenedModel, path: Path, seed: int) -> Wanted:
        """Return what is looked for."""
        return Wanted(model, path, self.crop.currentData(), seed, self.class_.currentData(), self.steps.value())

    def _lay_out(self) -> None:
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_GAP_PX)
        layout.addWidget(self.choose)
        layout.addWidget(self.name, 1)
        self._class_title = self._titled(layout, self.tr("Class"), self.class_)
        self._titled(layout, self.tr("Crop"), self.crop)
        self._titled(layout, self.tr("Steps"), self.steps)

    @staticmethod
    def _titled(layout: QHBoxLayout, text: str, field: QWidget) -> QLabel:
        title = QLabel(text)
        title.setBuddy(field)
        field.setAccessibleName(text)
        layout.addWidget(title)
        layout.addWidget(field)
        return title


def _size_of(path: Path) -> tuple[int, int] | None:
    """Return the width and height of an image as its header says; None where that cannot be read."""
    try:
        with Image.open(path) as image:
            return image.size
    except Exception:  # noqa: BLE001 - damaged files raise anything; whoever reads the picture says what is wrong
        return None


def _enable(box: QComboBox, row: int, on: bool) -> None:
    items = box.model()
    if isinstance(items, QStandardItemModel):
        items.item(row).setEnabled(on)
