"""The fields of *Train > Data…*: which data set, and how its pictures are made."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from latentlab.data.catalogue import KNOWN
from latentlab.data.crops import CROPS
from latentlab.data.published import PUBLISHED
from latentlab.models.dcgan import SIZES
from latentlab.ui.dialogs.data_look import DataChoice
from latentlab.ui.studio import Studio

FOLDER, FILE = "folder", "file"
_LEAST_CHARACTERS = 10


class DataForm(QWidget):
    """Chooses a `DataChoice`. GUI thread only.

    Signals:
        changed: A field was changed by hand; GUI thread.
    """

    changed = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._make_source()
        self._make_options()
        self._lay_out()
        self.data.activated.connect(self._on_data)
        self.path.editingFinished.connect(self.changed)
        self.browse.clicked.connect(self._on_browse)
        for box in (self.side, self.crop, self.colour, self.classes):
            box.activated.connect(self.changed)
        self._follow_data()

    def choice(self) -> DataChoice | None:
        """Return what the fields say; None while a path is missing."""
        source = self.data.currentData()
        data = source if source in KNOWN else self.path.text().strip()
        if not data:
            return None
        crop = self.crop.currentData() if self.crop.isEnabled() else None
        return DataChoice(data, self.side.currentData(), self.colour.currentData(), crop, self.classes.currentData())

    def choose(self, data: str) -> None:
        """Choose a data set by its name or path."""
        kind = FOLDER if Path(data).is_dir() else FILE
        self.data.setCurrentIndex(self.data.findData(data if data in KNOWN else kind))
        if data not in KNOWN:
            self.path.setText(data)
        self._follow_data()

    def offer_classes(self, names: tuple[str, ...], label: str | None) -> None:
        """Offer columns of tables and attributes for classes and choose one, or none."""
        while self.classes.count() > 1:
            self.classes.removeItem(1)
        for name in names:
            self.classes.addItem(name, name)
        self.classes.setCurrentIndex(max(0, self.classes.findData(label)))
        self.classes.setEnabled(bool(names))

    def can_download(self) -> bool:
        """Whether the data set that is chosen can be fetched from the network."""
        return self.data.currentData() in PUBLISHED

    def _make_source(self) -> None:
        self.data = QComboBox()
        for known in KNOWN.values():
            self.data.addItem(known.title, known.name)
        self.data.addItem(self.tr("Folder…"), FOLDER)
        self.data.addItem(self.tr("Zip or file…"), FILE)
        self.data.setAccessibleName(self.tr("Data set"))
        self.path = QLineEdit()
        self.path.setPlaceholderText(self.tr("Images, archives of images, IDX files or drawings"))
        self.path.setAccessibleName(self.tr("Folder, archive or file"))
        self.browse = QPushButton(self.tr("Choose…"))
        self.browse.setAutoDefault(False)
        self.about = QLabel()
        self.about.setObjectName("muted")
        self.about.setWordWrap(True)

    def _make_options(self) -> None:
        self.side = _box(self.tr("Side of the pictures, in pixels: the resolution that a network is trained at"))
        self.side.addItem(self.tr("Its own"), None)
        for size in SIZES:
            self.side.addItem(f"{size} × {size}", size)
        self.crop = _box(
            self.tr("Which part of an image becomes the picture; those that name pixels are papers' crops of CelebA")
        )
        self.crop.addItem(self.tr("Its own"), None)
        own = self.tr("The face of CelebA, the central square of other images")
        self.crop.setItemData(0, own, Qt.ItemDataRole.ToolTipRole)
        for crop in CROPS.values():
            self.crop.addItem(crop.title, crop.name)
            self.crop.setItemData(self.crop.count() - 1, crop.source, Qt.ItemDataRole.ToolTipRole)
        self.colour = _box(self.tr("Grey takes a third of the memory; its weights are those of ITU-R 601"))
        for title, channels in ((self.tr("As stored"), None), (self.tr("Grey"), 1), (self.tr("Colour"), 3)):
            self.colour.addItem(title, channels)
        self.classes = _box(self.tr("What tells the classes: sub-folders, a column of a table, or an attribute"))
        self.classes.addItem(self.tr("Its own"), None)

    def _lay_out(self) -> None:
        source = QHBoxLayout()
        source.setSpacing(8)
        source.addWidget(self.data)
        source.addWidget(self.path, 1)
        source.addWidget(self.browse)
        source.addWidget(self.about, 1)
        options = QGridLayout()
        options.setHorizontalSpacing(8)
        options.setVerticalSpacing(4)
        named = (
            (self.tr("Pictures"), self.side),
            (self.tr("Crop"), self.crop),
            (self.tr("Colour"), self.colour),
            (self.tr("Classes"), self.classes),
        )
        for column, (title, box) in enumerate(named):
            label = QLabel(title)
            label.setObjectName("muted")
            label.setBuddy(box)
            options.addWidget(label, 0, column)
            options.addWidget(box, 1, column)
            options.setColumnStretch(column, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addLayout(source)
        layout.addLayout(options)

    def _follow_data(self) -> None:
        known = KNOWN.get(self.data.currentData())
        for widget in (self.path, self.browse):
            widget.setVisible(known is None)
        self.about.setVisible(known is not None)
        if known is not None:
            self.about.setText(self.tr("{0}. Licence: {1}.").format(known.what, known.licence))
        self.crop.setEnabled(known is None or known.name == "celeba")
        self.offer_classes((), None)

    @Slot()
    def _on_data(self) -> None:
        self._follow_data()
        self.changed.emit()

    @Slot()
    def _on_browse(self) -> None:
        start = self._studio.settings.data_folder
        if self.data.currentData() == FILE:
            kinds = self.tr("Data (*.zip *.gz *ubyte *.npy *.ndjson *.bin);;All files (*)")
            chosen, _ = QFileDialog.getOpenFileName(self, self.tr("Look at the file"), start, kinds)
        else:
            chosen = QFileDialog.getExistingDirectory(self, self.tr("Look at the folder"), start)
        if chosen:
            self.path.setText(chosen)
            self._studio.change_settings(data_folder=str(Path(chosen).parent))
            self.changed.emit()


def _box(tip: str) -> QComboBox:
    box = QComboBox()
    box.setToolTip(tip)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(_LEAST_CHARACTERS)
    return box
