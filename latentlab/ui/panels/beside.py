"""A second model beside the one in hand: what both make of the same z."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from latentlab.analysis.progress import Progress
from latentlab.errors import ErrorReport
from latentlab.latent.arrays import FloatArray
from latentlab.rendering.requests import PICTURE
from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.ui.card_mime import start_drag
from latentlab.ui.latest_work import LatestWork
from latentlab.ui.model_kinds import model_patterns
from latentlab.ui.model_opening import make_ready
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.render_bridge import Frames, RenderBridge
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.elided import ElidedLabel
from latentlab.ui.widgets.picture import PictureView

_THREADS = 1


class BesidePanel(QWidget):
    """The line under both pictures; `canvas` is the second one. GUI thread only.

    The second picture has a render thread of its own, and is asked for once the first is painted, so that the hand
    does not wait for it.

    Signals:
        began: Name of the file that is being read in the background; GUI thread.
        ended: That has ended, however it did; GUI thread.
    """

    began = Signal(str)
    ended = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._second: OpenedModel | None = None
        self._bridge: RenderBridge | None = None
        self._work = LatestWork(self.tr("Opening the second model"), self)
        self.canvas = PictureView(surround=True, padding_px=16)
        self.canvas.setAccessibleName(self.tr("The same z in the second model"))
        self.canvas.setMinimumSize(160, 160)
        self.first_name, self.second_name = ElidedLabel(), ElidedLabel()
        for name in (self.first_name, self.second_name):
            name.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.swap = icon_button("swap", self.tr("Exchange the models: the second comes under the hand"))
        self.close_button = icon_button("close", self.tr("Close the second model"), size_px=14)
        self.remark = QLabel()
        self.remark.setObjectName("warning")
        self.remark.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.remark.setWordWrap(True)
        self._lay_out()
        self.canvas.hide()
        self.hide()
        self._work.failed.connect(self._on_failed)
        self.swap.clicked.connect(self.exchange)
        self.close_button.clicked.connect(self.end)
        self.canvas.drag_started.connect(self._on_drag)
        studio.model_changed.connect(self._on_model)
        studio.settings_changed.connect(self._on_settings)
        self._on_settings(studio.settings)

    @property
    def second(self) -> OpenedModel | None:
        """Return the second model, where there is one."""
        return self._second

    @property
    def reading(self) -> bool:
        """Whether a file is being read."""
        return self._work.busy

    @Slot()
    def choose(self) -> None:
        """Ask for the second model and show it."""
        chosen, _ = QFileDialog.getOpenFileName(
            self,
            self.tr("Compare with"),
            self._studio.settings.open_folder,
            self.tr("Models ({0});;All files (*)").format(model_patterns()),
        )
        if chosen:
            self.open(Path(chosen))

    @Slot(object)
    def open(self, path: Path) -> None:
        """Read a file in the background and show it beside the model in hand."""
        self.began.emit(path.name)

        def work(progress: Progress) -> OpenedModel:
            model = OpenedModel.from_file(path, watch=lambda: progress(0.0))
            # An exchange of the models asks for it on the window's thread.
            make_ready(model, progress)
            return model

        self._work.ask(work, self._on_read)

    @Slot()
    def cancel(self) -> None:
        """Give up what is being read."""
        if self._work.busy:
            self._work.cancel()
            self.ended.emit()

    def show_model(self, model: OpenedModel) -> None:
        """Show a model beside the one in hand."""
        self._second = model
        if self._bridge is None:
            self._bridge = RenderBridge(self)
            self._bridge.use_threads(_THREADS)
            self._bridge.receive(PICTURE, self._on_frames)
            self._bridge.failed.connect(self._studio.problem)
        self._bridge.open(model.backend)
        self.canvas.set_pixels(None)
        self.canvas.show()
        self.show()
        self._name()
        self.draw()

    @Slot()
    def exchange(self) -> None:
        """Put the second model under the hand, on the same z, and the one in hand beside it."""
        first, second, state = self._studio.model, self._second, self._studio.state
        if first is None or second is None or state is None:
            return
        z, title, label = self._studio.z_of(state.picture), state.picture.title(), state.picture.label
        self._second = None
        self._studio.set_model(second)
        # Strengths go along the directions of the new model: where that leads elsewhere, z is taken as it is.
        kept = self._studio.state
        if kept is not None and len(z) == second.z_dim and (self._studio.z_of(kept.picture) != z).any():
            point = Point(z, origin=title, label=label)
            self._studio.apply(changes.put_in_place(point), self.tr("Exchange the models"))
        self.show_model(first)

    @Slot()
    def end(self) -> None:
        """Close the second model."""
        self._second = None
        self.hide()
        self.canvas.hide()
        self.canvas.set_pixels(None)
        if self._bridge is not None:
            self._bridge.close()
            self._bridge.deleteLater()
            self._bridge = None

    def close_service(self) -> None:
        """End the threads."""
        self._work.close()
        if self._bridge is not None:
            self._bridge.close()

    def wait_idle(self, timeout_s: float = 10.0) -> bool:
        """Wait until nothing is being drawn; return False if that takes longer."""
        return self._bridge is None or self._bridge.wait_idle(timeout_s)

    @Slot()
    def draw(self) -> None:
        """Ask for the picture of the z in hand."""
        state, z = self._studio.state, self._z()
        if self._second is None or self._bridge is None or state is None or z is None:
            return
        y = self._second.y_of([state.picture])
        self._bridge.request(PICTURE, z[None], y=y)

    def _lay_out(self) -> None:
        names = QHBoxLayout()
        names.setSpacing(4)
        names.addSpacing(28)
        names.addWidget(self.first_name, 1)
        names.addWidget(self.swap)
        names.addWidget(self.second_name, 1)
        names.addWidget(self.close_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 4, 12, 0)
        layout.setSpacing(0)
        layout.addLayout(names)
        layout.addWidget(self.remark)

    def _z(self) -> FloatArray | None:
        """Return the z in hand where it fits the second model."""
        state = self._studio.state
        if state is None or self._second is None or self._second.z_dim != state.z_dim:
            return None
        return self._studio.z_of(state.picture)

    def _name(self) -> None:
        """Name both models, and say what keeps them from being compared."""
        first, second = self._studio.model, self._second
        if first is None or second is None:
            return
        for label, model in ((self.first_name, first), (self.second_name, second)):
            label.set_whole(model.title, str(model.generator.path or model.title))
        remark = ""
        if second.z_dim != first.z_dim:
            text = self.tr("{0} takes a z of {1} numbers, {2} one of {3}: they have no z in common.")
            remark = text.format(second.title, second.z_dim, first.title, first.z_dim)
            self.canvas.set_pixels(None)
            self.canvas.set_hint(self.tr("z is {0} numbers here").format(second.z_dim))
        elif second.prior != first.prior:
            text = self.tr("{0} was trained on a {1} prior, {2} on a {3} one: the same z is unusual for one of them.")
            remark = text.format(second.title, second.prior, first.title, first.prior)
        self.remark.setText(remark)
        self.remark.setVisible(bool(remark))

    def _on_read(self, model: object) -> None:
        self.ended.emit()
        if isinstance(model, OpenedModel):
            self.show_model(model)

    @Slot(object)
    def _on_failed(self, report: ErrorReport) -> None:
        self.ended.emit()
        self._studio.problem.emit(report)

    def _on_frames(self, frames: Frames) -> None:
        if self._second is not None and self._z() is not None:
            self.canvas.set_pixels(frames.pixels[0], frames.seq)

    @Slot(object)
    def _on_model(self, _model: OpenedModel) -> None:
        self._name()
        self.draw()

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.canvas.set_smooth(settings.smooth)

    @Slot()
    def _on_drag(self) -> None:
        state, z, second, pixels = self._studio.state, self._z(), self._second, self.canvas.pixels()
        if state is None or z is None or second is None or pixels is None:
            return
        title = state.picture.title()
        point = Point(z, origin=title, label=state.picture.label)
        card = Card(title, point, z, pixels, second.prior, second.generator.content_hash, second.title)
        start_drag(self.canvas, card)
