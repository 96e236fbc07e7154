"""*Train > New run…*: what to train on, for how long, and where to keep it."""

from __future__ import annotations

import os
import shlex
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from latentlab.cores import spare
from latentlab.data.catalogue import KNOWN
from latentlab.errors import LatentlabError
from latentlab.models.dcgan import SIZES
from latentlab.paths import runs_dir
from latentlab.training.config import TrainConfig
from latentlab.training.run_folder_names import holds_run
from latentlab.training.service import TrainJob
from latentlab.ui.studio import Studio

_FOLDER = "folder"
_ARCHIVE = "archive"


class NewRunDialog(QDialog):
    """Chooses a `TrainConfig` and a run folder.

    Signals:
        start_wanted: The `TrainJob` chosen; GUI thread.
    """

    start_wanted = Signal(object)

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("New training run"))
        self.setMinimumWidth(520)
        self._studio = studio
        self.data = QComboBox()
        for known in KNOWN.values():
            self.data.addItem(known.title, known.name)
        self.data.addItem(self.tr("Folder of images…"), _FOLDER)
        self.data.addItem(self.tr("Zip of images…"), _ARCHIVE)
        self.path = QLineEdit()
        self.path.setPlaceholderText(self.tr("No folder or zip chosen"))
        self.path.setAccessibleName(self.tr("Folder or zip of images"))
        self.browse = QPushButton(self.tr("Choose…"))
        self.about = QLabel()
        self.about.setObjectName("muted")
        self.about.setWordWrap(True)
        self.side = QComboBox()
        for size in SIZES:
            self.side.addItem(f"{size} × {size} px", size)
        self.width_box = _spin(4, 512, 32, self.tr("Feature maps of G's last hidden layer (ngf); the paper has 128."))
        self.z_dim = _spin(2, 1024, 100, self.tr("Width of z; the paper has 100."))
        self.prior = QComboBox()
        self.prior.addItem(self.tr("normal, N(0, I)"), "normal")
        self.prior.addItem(self.tr("uniform, U(−1, 1), as in the paper"), "uniform")
        self.kimg = QDoubleSpinBox()
        self.kimg.setRange(0.1, 1_000_000)
        self.kimg.setDecimals(1)
        self.kimg.setValue(600.0)
        self.kimg.setSuffix(self.tr(" thousand images"))
        self.kimg.setToolTip(self.tr("How many real images are shown; ten epochs of MNIST are 600 thousand."))
        self.lr = QDoubleSpinBox()
        self.lr.setDecimals(5)
        self.lr.setRange(0.00001, 0.1)
        self.lr.setSingleStep(0.0001)
        self.lr.setValue(0.0002)
        self.lr.setToolTip(self.tr("Learning rate of Adam for both networks; the paper has 0.0002."))
        self.batch = _spin(
            0, 1024, 0, self.tr("Images a step; the paper has 128. Automatic tries what the machine takes.")
        )
        self.batch.setSpecialValueText(self.tr("automatic"))
        self.seed = _spin(0, 2**31 - 1, 0, self.tr("Of initialisation, z and the order of the images"))
        self.folder = QLineEdit()
        self.folder.setAccessibleName(self.tr("Run folder"))
        self.choose_folder = QPushButton(self.tr("Choose…"))
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setObjectName("warning")
        self.go = QPushButton(self.tr("Start training"))
        self.go.setObjectName("primary")
        self.go.setDefault(True)
        self.cancel = QPushButton(self.tr("Cancel"))
        self._lay_out()
        self.data.activated.connect(self._on_data)
        self.browse.clicked.connect(self._on_browse)
        self.choose_folder.clicked.connect(self._on_choose_folder)
        self.go.clicked.connect(self._on_go)
        self.cancel.clicked.connect(self.close)
        self._on_data()

    def offer(self) -> None:
        """Show the dialog with a run folder that does not exist yet."""
        name = datetime.now().strftime("%Y-%m-%d-%H%M%S")
        self.folder.setText(str(runs_dir() / name))
        self.message.clear()
        self.show()
        self.raise_()
        self.activateWindow()

    def job(self) -> TrainJob:
        """Return what the fields say.

        Raises:
            LatentlabError: If a value is out of range.
        """
        source = self.data.currentData()
        config = TrainConfig(
            data=source if source in KNOWN else self.path.text(),
            kimg=self.kimg.value(),
            size=self.side.currentData(),
            width=self.width_box.value(),
            z_dim=self.z_dim.value(),
            prior=self.prior.currentData(),
            batch=self.batch.value(),
            lr=self.lr.value(),
            seed=self.seed.value(),
        )
        folder = Path(self.folder.text()).expanduser()
        return TrainJob(config, folder, threads=spare(), command=_command(config, folder))

    def _lay_out(self) -> None:
        self._form = form = QFormLayout()
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        form.setHorizontalSpacing(16)
        form.setVerticalSpacing(8)
        self._source = source = QHBoxLayout()
        source.setSpacing(8)
        source.addWidget(self.path, 1)
        source.addWidget(self.browse)
        form.addRow(self.tr("Data"), self.data)
        form.addRow("", source)
        form.addRow("", self.about)
        form.addRow(self.tr("Pictures"), self.side)
        form.addRow(self.tr("Length"), self.kimg)
        form.addRow(self.tr("Width"), self.width_box)
        form.addRow(self.tr("z_dim"), self.z_dim)
        form.addRow(self.tr("Prior"), self.prior)
        form.addRow(self.tr("Learning rate"), self.lr)
        form.addRow(self.tr("Batch"), self.batch)
        form.addRow(self.tr("Seed"), self.seed)
        target = QHBoxLayout()
        target.setSpacing(8)
        target.addWidget(self.folder, 1)
        target.addWidget(self.choose_folder)
        form.addRow(self.tr("Keep it in"), target)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.cancel)
        buttons.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(self.message)
        layout.addLayout(buttons)

    @Slot()
    def _on_data(self) -> None:
        source = self.data.currentData()
        known = KNOWN.get(source)
        self._form.setRowVisible(self._source, known is None)
        if known is not None:
            self.about.setText(self.tr("{0}. Licence: {1}.").format(known.what, known.licence))
            self.side.setCurrentIndex(self.side.findData(known.size))
        else:
            self.about.setText(self.tr("PNG, JPEG, WebP, BMP or GIF, cut to squares. Sub-folders give the classes."))
            self.side.setCurrentIndex(self.side.findData(64))

    @Slot()
    def _on_browse(self) -> None:
        start = self._studio.settings.data_folder
        if self.data.currentData() == _ARCHIVE:
            chosen, _ = QFileDialog.getOpenFileName(self, self.tr("Zip of images"), start, "Zip (*.zip)")
        else:
            chosen = QFileDialog.getExistingDirectory(self, self.tr("Folder of images"), start)
        if chosen:
            self.path.setText(chosen)
            self._studio.change_settings(data_folder=str(Path(chosen).parent))

    @Slot()
    def _on_choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Keep the run in"), str(runs_dir()))
        if chosen:
            self.folder.setText(chosen)

    @Slot()
    def _on_go(self) -> None:
        if self.data.currentData() not in KNOWN and not self.path.text().strip():
            self.message.setText(self.tr("Choose the folder or zip to train on first."))
            return
        if not self.folder.text().strip():
            self.message.setText(self.tr("Name the folder to keep the run in."))
            return
        try:
            job = self.job()
        except LatentlabError as error:
            self.message.setText(str(error))
            return
        if holds_run(job.folder):
            self.message.setText(self.tr("{0} already holds a run. Name another folder.").format(job.folder))
            return
        self.close()
        self.start_wanted.emit(job)


def _spin(least: int, most: int, value: int, tip: str) -> QSpinBox:
    box = QSpinBox()
    box.setRange(least, most)
    box.setValue(value)
    box.setToolTip(tip)
    return box


def _command(config: TrainConfig, folder: Path) -> str:
    """Return the command line that trains the same model."""
    words = ["latentlab", "train", "--data", config.data, "--kimg", f"{config.kimg:g}"]
    for name in ("size", "width", "z_dim", "prior", "batch", "lr", "seed"):
        value = getattr(config, name)
        if value != getattr(TrainConfig, name):
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join([*words, "--out", os.fspath(folder)])
