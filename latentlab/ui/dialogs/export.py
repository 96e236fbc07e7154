"""*Export…*: the walk between the ends as a file."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from latentlab.errors import LatentlabError
from latentlab.export.animation import FORMATS, AnimationOptions, Render, estimate_bytes
from latentlab.export.service import ExportEvent, ExportJob, ExportService
from latentlab.latent.arrays import FloatArray
from latentlab.latent.interpolation import Mode, keyframe_path
from latentlab.ui.dialogs.target_file import TargetFile
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.form import Form
from latentlab.ui.widgets.number_box import keep_off_the_edge

_SIZES = (1, 2, 4, 8, 16)
_MAX_SIZE_PX = 1024
_ESTIMATE_AFTER_MS = 150


class ExportDialog(QDialog):
    """Format, frames, speed, size and target; progress and cancel while it writes.

    Signals:
        arrived: An `ExportEvent`, emitted on the export thread, delivered on the GUI thread.
    """

    arrived = Signal(object)
    stem = "walk"

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Export the walk"))
        self.setMinimumWidth(460)
        self._studio = studio
        self._service = ExportService(self.arrived.emit)
        self.arrived.connect(self._on_event)
        self.format = QComboBox()
        for suffix, kind in FORMATS.items():
            self.format.addItem(f"{kind.name} ({suffix})", suffix)
        self.frames = QSpinBox()
        keep_off_the_edge(self.frames)
        self.frames.setRange(2, 2000)
        self.frames.setValue(60)
        self.fps = QSpinBox()
        keep_off_the_edge(self.fps)
        self.fps.setRange(1, 50)
        self.fps.setValue(30)
        self.fps.setSuffix(self.tr(" frames a second"))
        self.size_box = QComboBox()
        self.way = QComboBox()
        self.way.addItem(self.tr("A to B, and back"), "ping-pong")
        self.way.addItem(self.tr("A to B, then from A again"), "open")
        self.way.setToolTip(self.tr("There and back closes the loop without a jump."))
        self.repeat = QCheckBox(self.tr("Repeat for ever"))
        self.repeat.setChecked(True)
        self.smooth = QCheckBox(self.tr("Smooth enlargement"))
        self.smooth.setChecked(studio.settings.smooth)
        self.file = TargetFile(self.stem)
        self.facts = QLabel()
        self.facts.setObjectName("muted")
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.file.line.textEdited.connect(self.message.clear)
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.hide()
        self.go = QPushButton(self.tr("Export"))
        self.go.setObjectName("primary")
        self.go.setDefault(True)
        self.stop = QPushButton(self.tr("Close"))
        self._took_focus: QWidget | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(_ESTIMATE_AFTER_MS)
        self._lay_out()
        self._connect()

    def offer(self) -> None:
        """Show the dialog for the present walk, with a target that does not exist yet."""
        model = self._studio.model
        if model is None:
            return
        spec = model.generator.card.generator
        self.offer_frames(spec.width, spec.height, 256)

    def offer_frames(self, width: int, height: int, usual: int) -> None:
        """Show the dialog for frames of this size, in pixels; the usual height is chosen at first."""
        wanted = self.size_box.currentData() or usual
        self.size_box.clear()
        sizes = sorted({factor * height for factor in _SIZES if factor * height <= _MAX_SIZE_PX} | {usual})
        for side in sizes:
            self.size_box.addItem(f"{round(side * width / height)} × {side} px", side)
        self.size_box.setCurrentIndex(max(0, self.size_box.findData(wanted)))
        self._name_kind()
        self.file.offer(self._studio.settings.export_folder)
        self.message.clear()
        self._on_changed()
        self.show()
        self.raise_()
        self.activateWindow()

    def close_service(self) -> None:
        """End the export thread."""
        self._service.close()

    def reject(self) -> None:
        """Closing, by Escape too, calls the export off."""
        self._service.cancel()
        super().reject()

    def options(self) -> AnimationOptions:
        """Return what the fields say."""
        return AnimationOptions(
            fps=self.fps.value(),
            size_px=self.size_box.currentData(),
            smooth=self.smooth.isChecked(),
            loop=self.repeat.isChecked(),
            ping_pong=self.way.currentData() == "ping-pong" and self.format.currentData() != ".png",
        )

    def path_z(self) -> FloatArray:
        """Return the latents of the walk as it is now, shape (frames, z_dim)."""
        state = self._studio.state
        if state is None:
            raise RuntimeError("no model is open")
        ends = np.stack([self._studio.z_of(state.end("a")), self._studio.z_of(state.end("b"))])
        mode: Mode = state.strip.mode if ends.any(axis=1).all() else "lerp"
        return keyframe_path(ends, self.frames.value(), mode)

    def renderer(self) -> Render | None:
        """Return what draws the frames; None where there is nothing to draw."""
        return self._studio.renderer() if self._studio.model is not None else None

    def _lay_out(self) -> None:
        self.form = form = Form()
        form.addRow(self.tr("Format"), self.format)
        form.addRow(self.tr("Frames"), self.frames)
        form.addRow(self.tr("Speed"), self.fps)
        form.addRow(self.tr("Size"), self.size_box)
        form.addRow(self.tr("Way"), self.way)
        form.addRow("", self.repeat)
        form.addRow("", self.smooth)
        form.addRow(self.tr("File"), self.file)
        buttons = QHBoxLayout()
        buttons.addWidget(self.facts, 1)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(12)
        layout.addLayout(form)
        layout.addWidget(self.bar)
        layout.addWidget(self.message)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self.format.currentIndexChanged.connect(self._on_format)
        for box in (self.frames, self.fps):
            box.valueChanged.connect(self._on_changed)
        for choice in (self.size_box, self.way):
            choice.currentIndexChanged.connect(self._on_changed)
        for switch in (self.repeat, self.smooth):
            switch.toggled.connect(self._on_changed)
        self._timer.timeout.connect(self._on_estimate)
        self.file.changed.connect(self._on_file)
        self.go.clicked.connect(self._on_go)
        self.stop.clicked.connect(self._on_stop)

    def _complain(self, text: str) -> None:
        self.message.setObjectName("warning")
        self.message.setText(text)
        self.message.style().polish(self.message)

    def _say(self, text: str) -> None:
        self.message.setObjectName("")
        self.message.setText(text)
        self.message.style().polish(self.message)

    @Slot()
    def _on_format(self) -> None:
        suffix = self.format.currentData()
        self.fps.setMaximum(int(FORMATS[suffix].max_fps))
        still = FORMATS[suffix].still
        for widget in (self.fps, self.way):
            widget.setEnabled(not still)
        self.repeat.setEnabled(FORMATS[suffix].repeats)
        self._name_kind()
        self._on_changed()

    def _name_kind(self) -> None:
        suffix = self.format.currentData()
        self.file.set_kind(FORMATS[suffix].name, suffix)

    @Slot()
    def _on_file(self) -> None:
        """Say beforehand that a file will be replaced."""
        self.go.setText(self.file.verb())

    @Slot()
    def _on_changed(self) -> None:
        self.facts.setText(self._duration())
        self._timer.start()

    def _duration(self) -> str:
        if FORMATS[self.format.currentData()].still:
            return self.tr("{0} pictures side by side").format(self.frames.value())
        frames = self.frames.value()
        if self.options().ping_pong:
            frames = 2 * frames - 2 if self.repeat.isChecked() else 2 * frames - 1
        return self.tr("{0} s").format(f"{frames / self.fps.value():.1f}")

    @Slot()
    def _on_estimate(self) -> None:
        render = self.renderer()
        if render is None or not self.isVisible() or self._service.running:
            return
        try:
            size = estimate_bytes(self.format.currentData(), self.path_z(), render, self.options())
        except LatentlabError as error:
            self._complain(str(error))
            return
        self.facts.setText(self.tr("{0}, about {1}").format(self._duration(), _bytes(size)))

    @Slot()
    def _on_go(self) -> None:
        render = self.renderer()
        if render is None or self._service.running:
            return
        try:
            job = ExportJob(self.file.path(), self.path_z(), render, self.options())
        except LatentlabError as error:
            self._complain(str(error))
            return
        self.message.clear()
        self.bar.setRange(0, 0)
        self.bar.show()
        had_focus = self.go.hasFocus()
        self.go.setEnabled(False)
        self._took_focus = self.focusWidget() if had_focus else None
        self.stop.setText(self.tr("Cancel"))
        self._service.wait_idle(1.0)
        self._service.start(job)

    @Slot()
    def _on_stop(self) -> None:
        if self._service.running:
            self._service.cancel()
        else:
            self.close()

    @Slot(object)
    def _on_event(self, event: ExportEvent) -> None:
        if not event.finished:
            self.bar.setRange(0, event.total)
            self.bar.setValue(event.done)
            return
        self.bar.hide()
        self.go.setEnabled(True)
        if self._took_focus is not None and self.focusWidget() is self._took_focus:
            self.go.setFocus()
        self.stop.setText(self.tr("Close"))
        if event.error is not None:
            self._complain(str(event.error))
        elif event.cancelled:
            self._say(self.tr("Called off; nothing was written."))
        else:
            size = event.path.stat().st_size if event.path.exists() else 0
            self._say(self.tr("Wrote {0}, {1}.").format(event.path, _bytes(size)))
            self._studio.change_settings(export_folder=str(event.path.parent))
            self._studio.notice.emit(self.tr("Exported {0}").format(event.path.name))
            self.file.written(event.path)


def _bytes(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 1_000_000 else f"{max(1, round(count / 1000))} kB"
