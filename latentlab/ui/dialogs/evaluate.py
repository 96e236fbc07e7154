"""*Model > Evaluate…*: how good the open model is, beside what real pictures reach."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from latentlab.analysis.metrics.estimate import Estimate
from latentlab.analysis.metrics.evaluation import LEAST_SAMPLES, Evaluation, Measurement
from latentlab.analysis.metrics.judging import MOST_SAMPLES, Judged, Request, judge
from latentlab.analysis.metrics.spaces import Features, Wish
from latentlab.analysis.progress import Progress
from latentlab.data.catalogue import KNOWN
from latentlab.errors import ErrorReport
from latentlab.session.opened import OpenedModel
from latentlab.ui.analysis_bridge import answered
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.form import Form
from latentlab.ui.widgets.number_box import keep_off_the_edge

SAMPLES = 2_000
_SIZE_PX = QSize(760, 640)
_STEP = 1_000
_ROW_PX = 24
_ARROWS = {"lower": "↓", "higher": "↑", "as real": "≈"}


class EvaluateDialog(QDialog):
    """Stays open while one plays; what it measures is the model that was open when it began. GUI thread only."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Evaluate the model"))
        self.resize(_SIZE_PX)
        self._studio = studio
        self._running = ""
        self._found: Evaluation | None = None
        self._make_choices()
        self._make_table()
        self._lay_out()
        self._connect()

    def offer(self) -> None:
        """Show the dialog for the open model, on the data that it names."""
        model = self._studio.model
        if model is None:
            return
        if self._found is None and not self._running:
            index = self.data.findData(model.generator.card.data.name)
            self.data.setCurrentIndex(max(0, index))
        self.show()
        self.raise_()
        self.activateWindow()

    def reject(self) -> None:
        """Closing, by Escape too, calls the evaluation off."""
        self._on_stop()
        super().reject()

    def _make_choices(self) -> None:
        self.data = QComboBox()
        for known in KNOWN.values():
            self.data.addItem(known.title, known.name)
        self.data.setAccessibleName(self.tr("Data"))
        self.data.setToolTip(
            self.tr(
                "Real pictures to compare with. Of a named set the test split, which nothing is trained on; "
                "of a folder or archive everything."
            )
        )
        self.folder = QPushButton(self.tr("Folder…"))
        self.folder.setToolTip(self.tr("Compare with the images below a folder"))
        self.archive = QPushButton(self.tr("Zip…"))
        self.archive.setToolTip(self.tr("Compare with the images in a zip archive"))
        self.samples = QSpinBox()
        keep_off_the_edge(self.samples)
        self.samples.setRange(LEAST_SAMPLES, MOST_SAMPLES)
        self.samples.setSingleStep(_STEP)
        self.samples.setGroupSeparatorShown(True)
        self.samples.setValue(SAMPLES)
        self.samples.setToolTip(
            self.tr(
                "Pictures drawn without truncation. Distances fall with their number (Chong & Forsyth 2020, "
                "arXiv:1911.07023): compare only what was measured with as many. Papers take 10,000 to 50,000."
            )
        )
        self.features = QComboBox()
        for title, key, tip in (
            (
                self.tr("The best at hand"),
                "auto",
                self.tr("The network beside the model, else one trained on the data"),
            ),
            (self.tr("The network beside the model"), "network", self.tr("What enters its last layer")),
            (self.tr("Trained on the classes"), "labels", self.tr("A small network, kept for the next time")),
            (
                self.tr("Trained on which way is up"),
                "turns",
                self.tr("Needs no classes (Gidaris et al. 2018, arXiv:1803.07728)"),
            ),
            (self.tr("Raw pixels"), "pixels", self.tr("Needs nothing, and sees little but brightness and place")),
        ):
            self.features.addItem(title, key)
            self.features.setItemData(self.features.count() - 1, tip, Qt.ItemDataRole.ToolTipRole)
        self.features.setToolTip(
            self.tr("What pictures are compared in. Numbers of different feature spaces cannot be compared.")
        )

    def _make_table(self) -> None:
        self.table = QTableWidget(0, 4)
        self.table.setAccessibleName(self.tr("What was measured"))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setShowGrid(False)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(_ROW_PX)
        self.table.setFrameShape(QTableWidget.Shape.NoFrame)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setHighlightSections(False)
        for column, title in enumerate(
            (self.tr("Measure"), self.tr("Model"), self.tr("Real pictures"), self.tr("Pictures / real"))
        ):
            item = QTableWidgetItem(title)
            item.setTextAlignment(_alignment(column))
            self.table.setHorizontalHeaderItem(column, item)
        self.table.hide()
        self.hint = QLabel(
            self.tr(
                "Every number stands beside what other real pictures reach when they are measured in the same way: a "
                "perfect model would be as good as these, none can be better. Choose the data and press Evaluate."
            )
        )
        self.hint.setObjectName("muted")
        self.hint.setWordWrap(True)
        self.hint.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.context, self.message = QLabel(), QLabel()
        self.context.setObjectName("muted")
        for label in (self.context, self.message):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("How far the evaluation is"))
        self.bar.hide()
        self.copy = QPushButton(self.tr("Copy as text"))
        self.copy.setToolTip(self.tr("Copy the table with all that its numbers depend on"))
        self.copy.setEnabled(False)
        self.stop = QPushButton(self.tr("Cancel"))
        self.stop.setEnabled(False)
        self.go = QPushButton(self.tr("Evaluate"))
        self.go.setObjectName("primary")
        self.go.setDefault(True)

    def _lay_out(self) -> None:
        data = QHBoxLayout()
        data.setSpacing(8)
        data.addWidget(self.data, 1)
        data.addWidget(self.folder)
        data.addWidget(self.archive)
        form = Form()
        form.addRow(self.tr("Compare with"), data)
        form.addRow(self.tr("Samples"), self.samples)
        form.addRow(self.tr("Features"), self.features)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.copy)
        buttons.addStretch(1)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(self.hint, 1)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.context)
        layout.addWidget(self.message)
        layout.addWidget(self.bar)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self.folder.clicked.connect(self._on_folder)
        self.archive.clicked.connect(self._on_archive)
        self.go.clicked.connect(self._on_go)
        self.stop.clicked.connect(self._on_stop)
        self.copy.clicked.connect(self._on_copy)
        self._studio.analysis.progressed.connect(self._on_progress)
        self._studio.analysis.ended.connect(self._on_ended)
        self._studio.analysis.failed.connect(self._on_failed)

    def choose_data(self, path: Path) -> None:
        """Take a folder or an archive as what to compare with."""
        index = self.data.findData(str(path))
        if index < 0:
            self.data.addItem(path.name, str(path))
            index = self.data.count() - 1
            self.data.setItemData(index, str(path), Qt.ItemDataRole.ToolTipRole)
        self.data.setCurrentIndex(index)

    def _show(self, found: Evaluation) -> None:
        self._found = found
        self.hint.hide()
        self.table.show()
        self.table.setRowCount(len(found.measurements))
        for row, measurement in enumerate(found.measurements):
            for column, text in enumerate(_cells(measurement)):
                item = QTableWidgetItem(text)
                item.setTextAlignment(_alignment(column))
                item.setToolTip(f"{self._in_words(measurement)} {measurement.note}.")
                self.table.setItem(row, column, item)
        self.context.setText(
            self.tr(
                "{0}: {1} samples, seed {2}, against {3}.\nFeatures: {4}.\nSizes: {5}.\n± is one standard error; "
                "↓ lower, ↑ higher, ≈ as real pictures is better."
            ).format(found.model, f"{found.samples:,}", found.seed, found.data, found.space, found.resize)
        )
        self.copy.setEnabled(True)

    def _in_words(self, measurement: Measurement) -> str:
        words = {
            "lower": self.tr("Lower is better."),
            "higher": self.tr("Higher is better."),
            "as real": self.tr("The nearer to real pictures the better."),
        }
        return words[measurement.better]

    def _say(self, text: str, warns: bool = False) -> None:
        self.message.setObjectName("warning" if warns else "")
        self.message.style().polish(self.message)
        self.message.setText(text)

    def _set_running(self, name: str) -> None:
        self._running = name
        self.bar.setVisible(bool(name))
        self.go.setEnabled(not name)
        self.stop.setEnabled(bool(name))

    @Slot()
    def _on_go(self) -> None:
        model = self._studio.model
        if model is None or self._running:
            return
        features = cast(Features, self.features.currentData())
        request = Request(self.data.currentData(), self.samples.value(), wish=Wish(features))
        self.message.clear()
        self.bar.setRange(0, 0)
        name = self.tr("Evaluating {0}").format(model.title)
        self._set_running(name)
        work = answered(lambda progress: judged(model, request, progress))
        self._studio.analysis.start(name, work, self._on_judged)

    @Slot()
    def _on_stop(self) -> None:
        if self._running:
            self._say(self.tr("Stopping…"))
            self._studio.analysis.cancel()

    @Slot()
    def _on_copy(self) -> None:
        if self._found is not None:
            QGuiApplication.clipboard().setText("\n".join(self._found.lines()))
            self._say(self.tr("The table is on the clipboard."))

    @Slot()
    def _on_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Compare with the images in"))
        if chosen:
            self.choose_data(Path(chosen))

    @Slot()
    def _on_archive(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(self, self.tr("Compare with the images in"), "", "Zip (*.zip)")
        if chosen:
            self.choose_data(Path(chosen))

    @Slot(str, float)
    def _on_progress(self, name: str, done: float) -> None:
        if name == self._running and done > 0.0:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * done))

    @Slot(object)
    def _on_failed(self, report: ErrorReport) -> None:
        if self._running:
            self._say(str(report), warns=True)

    @Slot(str)
    def _on_ended(self, name: str) -> None:
        if name == self._running:
            if self.message.text() == self.tr("Stopping…"):
                self._say(self.tr("Called off."))
            self._set_running("")

    def _on_judged(self, result: object) -> None:
        if isinstance(result, ErrorReport):
            self._say(str(result), warns=True)
        if isinstance(result, Judged):
            self._show(result.evaluation)
            seconds = self.tr("{0} s").format(f"{result.evaluation.seconds:.1f}")
            left_out = self.tr(", {0} files could not be read").format(len(result.skipped)) if result.skipped else ""
            self._say(f"{seconds}{left_out}")


def judged(model: OpenedModel, request: Request, progress: Progress) -> Judged:
    """Judge a model on the analysis thread.

    Raises:
        LatentlabError: If the data or the feature space does not allow it.
        Cancelled: If `progress` raises it.
    """
    return judge(model.generator, model.render, model.title, request, progress)


def _cells(measurement: Measurement) -> tuple[str, str, str, str]:
    counts = f"{measurement.model.pictures:,}" + (f" / {measurement.against:,}" if measurement.against else "")
    real = "–" if measurement.real is None else _figure(measurement.real)
    name = f"{measurement.name} {_ARROWS[measurement.better]}"
    return name, _figure(measurement.model), real, counts


def _figure(estimate: Estimate) -> str:
    return estimate.in_words().replace("-", "−")


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignLeft if column == 0 else Qt.AlignmentFlag.AlignRight
    return side | Qt.AlignmentFlag.AlignVCenter
