"""*File > Export traversal…*: the labelled figure that papers print of a direction."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from latentlab.errors import LatentlabError, ValueRangeError
from latentlab.export.traversal import traversal_figure, write_traversal
from latentlab.latent import z_text
from latentlab.latent.directions import Direction
from latentlab.latent.seeds import parse_seeds
from latentlab.pixels import Pixels
from latentlab.session.direction_library import library_file
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.reproduce import as_traverse_command, is_seed_alone
from latentlab.session.state import SessionState
from latentlab.ui.dialogs.target_file import TargetFile
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.render_bridge import Frames
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.form import Form
from latentlab.ui.widgets.number_box import CountBox, NumberBox
from latentlab.ui.widgets.picture import PictureView

LANE = "traversal"
MAX_ROWS = 24
_MAX_STEPS = 25
_MAX_STRENGTH = 100.0
_STEM, _PNG = "traversal", ".png"


class TraversalDialog(QDialog):
    """Direction, range, steps and points; the preview is what will be written. GUI thread only."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export a traversal"))
        self.resize(640, 640)
        self._studio = studio
        self._listed: tuple[Direction, ...] = ()
        self._pixels: Pixels | None = None
        self._missing: set[int] = set()
        self._titles: list[str] = []
        self._strengths: list[float] = []
        self.direction = QComboBox()
        self.direction.setAccessibleName(self.tr("Direction"))
        self.direction.setToolTip(self.tr("What the columns move along"))
        self.first, self.last = self._strength_box(-3.0), self._strength_box(3.0)
        self.first.setAccessibleName(self.tr("First strength"))
        self.last.setAccessibleName(self.tr("Last strength"))
        self.steps = CountBox()
        self.steps.setRange(2, _MAX_STEPS)
        self.steps.setValue(7)
        self.steps.setAccessibleName(self.tr("Columns"))
        self.steps.setToolTip(self.tr("Columns, both ends included; an odd number shows the picture unmoved"))
        self.rows = QComboBox()
        self.rows.addItem(self.tr("The picture in hand"), "picture")
        self.rows.addItem(self.tr("Seeds"), "seeds")
        self.rows.setAccessibleName(self.tr("Rows"))
        self.seeds = QLineEdit("0-4")
        self.seeds.setAccessibleName(self.tr("Seeds"))
        self.seeds.setToolTip(self.tr("Seeds and ranges of seeds: 1,2,3 or 0-7; {0} at most").format(MAX_ROWS))
        self.preview = PictureView(surround=True, padding_px=8)
        self.preview.set_whole_factors(False)
        self.preview.setAccessibleName(self.tr("Preview of the figure"))
        self.preview.setMinimumHeight(160)
        self.command = QLineEdit()
        self.command.setReadOnly(True)
        self.command.setAccessibleName(self.tr("The same as a command"))
        self.command.setToolTip(self.tr("Writes the same figure from the command line"))
        self.copy = icon_button("copy", self.tr("Copy the command"))
        self.file = TargetFile(_STEM)
        self.file.set_kind("PNG", _PNG)
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.go = QPushButton(self.tr("Export"))
        self.go.setObjectName("primary")
        self.go.setDefault(True)
        self.stop = QPushButton(self.tr("Close"))
        self._lay_out()
        self._connect()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what changed while out of sight."""
        super().showEvent(event)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Cost nothing while out of sight."""
        super().hideEvent(event)
        self._studio.render.forget(LANE)

    def offer(self) -> None:
        """Show the dialog, with a target that does not exist yet and the direction moved most."""
        self._list_directions()
        state = self._studio.state
        if state is not None and state.picture.strengths and not self.isVisible():
            strengths = state.picture.strengths
            most = max(strengths, key=lambda name: abs(strengths[name]))
            self.direction.setCurrentIndex(max(0, self.direction.findText(most)))
        self.file.offer(self._studio.settings.export_folder)
        self._say("")
        self.show()
        self.raise_()
        self.activateWindow()

    def _strength_box(self, value: float) -> NumberBox:
        box = NumberBox()
        box.setRange(-_MAX_STRENGTH, _MAX_STRENGTH)
        box.setDecimals(2)
        box.setSingleStep(0.5)
        box.setSuffix(" σ")
        box.setValue(value)
        box.setToolTip(self.tr("In sigmas, counted from the picture as it is"))
        return box

    def _lay_out(self) -> None:
        form = Form()
        form.addRow(self.tr("Direction"), self.direction)
        form.addRow(self.tr("Strengths"), _in_a_row(self.first, QLabel(self.tr("to")), self.last))
        form.addRow(self.tr("Columns"), self.steps)
        form.addRow(self.tr("Rows"), _in_a_row(self.rows, self.seeds))
        form.addRow(self.tr("Command"), _in_a_row(self.command, self.copy))
        form.addRow(self.tr("File"), self.file)
        buttons = QHBoxLayout()
        buttons.addWidget(self.message, 1)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addWidget(self.preview, 1)
        layout.addLayout(form)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        studio = self._studio
        studio.render.receive(LANE, self._on_frames)
        studio.follow_state(self._on_state)
        self.direction.currentIndexChanged.connect(self._on_changed)
        self.rows.currentIndexChanged.connect(self._on_changed)
        self.first.valueChanged.connect(self._on_changed)
        self.last.valueChanged.connect(self._on_changed)
        self.steps.valueChanged.connect(self._on_changed)
        self.seeds.textChanged.connect(self._on_changed)
        self.copy.clicked.connect(self._on_copy)
        self.file.changed.connect(self._on_file)
        self.go.clicked.connect(self._on_go)
        self.stop.clicked.connect(self.close)

    def _list_directions(self) -> None:
        present = self._studio.directions
        if present is self._listed:
            return
        self._listed = present
        wanted = self.direction.currentText()
        self.direction.blockSignals(True)
        self.direction.clear()
        self.direction.addItems([direction.name for direction in present])
        self.direction.setCurrentIndex(max(0, self.direction.findText(wanted)))
        self.direction.blockSignals(False)

    def _refresh(self) -> None:
        """Ask for the pictures of the figure; say what is wrong where there can be none."""
        model, state = self._studio.model, self._studio.state
        if model is None or state is None or not self.isVisible():
            return
        self._list_directions()
        self.seeds.setEnabled(self.rows.currentData() == "seeds")
        self.go.setEnabled(False)
        self._studio.render.forget(LANE)
        self._missing = set()
        try:
            points = self._points(model, state)
            direction = self._listed[self.direction.currentIndex()]
            self._show_command(model, points, direction)
        except LatentlabError as error:
            self._pixels = None
            self._complain(str(error))
            return
        self._say("")
        self._titles = [title for title, _, _ in points]
        strengths = np.linspace(self.first.value(), self.last.value(), self.steps.value())
        self._strengths = [float(strength) for strength in strengths]
        z = np.stack(
            [
                self._studio.z_of(point.with_strength(direction.name, strength))
                for _, point, _ in points
                for strength in self._strengths
            ]
        )
        spec = model.generator.card.generator
        self._pixels = np.zeros((len(z), spec.height, spec.width, spec.channels), np.uint8)
        self._missing = set(range(len(z)))
        self._studio.render.request(LANE, z)

    def _points(self, model: OpenedModel, state: SessionState) -> list[tuple[str, Point, str]]:
        """Return title, point and POINT of every row."""
        if self.rows.currentData() == "picture":
            picture = state.picture
            if is_seed_alone(picture, model):
                return [(picture.title(), picture, str(picture.seed))]
            z = self._studio.z_of(picture)
            return [(picture.title(), Point(z, origin=picture.title()), z_text.encode(z))]
        seeds = parse_seeds(self.seeds.text())
        if len(seeds) > MAX_ROWS:
            raise ValueRangeError(self.seeds.text(), f"makes {len(seeds)} rows", f"Give {MAX_ROWS} seeds at most.")
        return [(f"seed {seed}", Point.from_seed(seed, model.z_dim, model.prior), str(seed)) for seed in seeds]

    def _show_command(self, model: OpenedModel, points: list[tuple[str, Point, str]], direction: Direction) -> None:
        content_hash = model.generator.content_hash
        is_own = not any(direction is each for each in model.directions)
        if model.generator.path is None:
            self._no_command(self.tr("The model is in no file yet"))
        elif is_own and direction.model not in ("", content_hash):
            self._no_command(self.tr("The direction was found on another model: save it to a file, then name that"))
        else:
            texts = [text for _, _, text in points]
            library = library_file(content_hash) if is_own else None
            first, last, steps = self.first.value(), self.last.value(), self.steps.value()
            self.command.setText(as_traverse_command(model, texts, direction.name, first, last, steps, library))
            self.command.setCursorPosition(0)
            self.copy.setEnabled(True)

    def _no_command(self, why: str) -> None:
        self.command.setText("")
        self.command.setPlaceholderText(why)
        self.copy.setEnabled(False)

    def _title(self) -> str:
        model = self._studio.model
        return f"{model.name if model else ''}: {self.direction.currentText()}, in sigmas"

    def _shaped(self) -> Pixels:
        assert self._pixels is not None
        return self._pixels.reshape(len(self._titles), len(self._strengths), *self._pixels.shape[1:])

    def _on_frames(self, frames: Frames) -> None:
        if self._pixels is None:
            return
        for row, picture in zip(frames.rows, frames.pixels, strict=True):
            self._pixels[row] = picture
            self._missing.discard(row)
        if self._missing:
            return
        try:
            figure = traversal_figure(self._shaped(), self._titles, self._strengths, self._title())
        except LatentlabError as error:
            self._complain(str(error))
            return
        self.preview.set_pixels(figure, frames.seq)
        self.go.setEnabled(True)

    def _complain(self, text: str) -> None:
        self.message.setObjectName("warning")
        self._show_message(text)

    def _say(self, text: str) -> None:
        self.message.setObjectName("")
        self._show_message(text)

    def _show_message(self, text: str) -> None:
        self.message.setText(text)
        self.message.style().polish(self.message)

    @Slot(object)
    def _on_state(self, _state: SessionState) -> None:
        self._refresh()

    @Slot()
    def _on_changed(self) -> None:
        self._refresh()

    @Slot()
    def _on_copy(self) -> None:
        QApplication.clipboard().setText(self.command.text())
        self._say(self.tr("Copied the command"))

    @Slot()
    def _on_file(self) -> None:
        """Say beforehand that a file will be replaced."""
        self.go.setText(self.file.verb())

    @Slot()
    def _on_go(self) -> None:
        try:
            target = self.file.path()
            write_traversal(target, self._shaped(), self._titles, self._strengths, self._title())
        except LatentlabError as error:
            self._complain(str(error))
            return
        self._studio.change_settings(export_folder=str(target.parent))
        self._studio.notice.emit(self.tr("Exported {0}").format(target.name))
        self.file.written(target)
        self._say(self.tr("Wrote {0}.").format(target))


def _in_a_row(*widgets: QWidget) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(8)
    for widget in widgets:
        row.addWidget(widget, 0 if isinstance(widget, QLabel | QPushButton) else 1)
    return row
