"""TRAIN: a run as it goes: curves, the fixed-z sheet, what is left, pause and stop, and its model to explore."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedLayout,
    QVBoxLayout,
    QWidget,
)

from latentlab.models.checkpoint import Generator
from latentlab.pixels import sheet
from latentlab.session.opened import OpenedModel
from latentlab.session.settings import Settings
from latentlab.training.durations import duration
from latentlab.training.events import Event, Failed, Finished, Preparing, Progress, Started, Tick
from latentlab.training.history import read_log
from latentlab.training.service import TrainJob
from latentlab.ui.icons import icon
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.picture import PictureView

if TYPE_CHECKING:
    from latentlab.ui.panels.curves import TrainingCurves

_SHEET_COLUMNS = 8


class TrainPanel(QWidget):
    """The state of a training run; says how to begin one while there is none.

    Signals:
        new_run_wanted: A button asks for *New run…*; GUI thread.
        resume_wanted: A button asks for *Resume a run…*; GUI thread.
        go_on_wanted: The folder of the run that was stopped, to be gone on with; GUI thread.
        explore_wanted: A button asks to see the model under the hand; GUI thread.
    """

    new_run_wanted = Signal()
    resume_wanted = Signal()
    go_on_wanted = Signal(object)
    explore_wanted = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._job: TrainJob | None = None
        self._latest: Generator | None = None
        self._finished_path: Path | None = None
        self._backlog: list[Progress] = []
        self._resumable = False
        self._kimg = 0.0
        self._curves: TrainingCurves | None = None
        self.new_run = QPushButton(icon("new-run", "on_accent"), self.tr("New run…"))
        self.new_run.setObjectName("primary")
        self.resume = QPushButton(icon("resume"), self.tr("Resume this run"))
        self.pause = QPushButton(icon("pause"), self.tr("Pause"))
        self.stop = QPushButton(icon("stop"), self.tr("Stop"))
        self.stop.setToolTip(self.tr("Ends the run at its next phase and keeps it; it can be resumed."))
        self.explore = QPushButton(icon("explore"), self.tr("Explore this model"))
        self.explore.setToolTip(self.tr("Open the newest snapshot in the window; training goes on."))
        self.follow = QCheckBox(self.tr("Follow the training"))
        self.follow.setToolTip(self.tr("Open every new snapshot as it comes, under the sliders where they are."))
        self.status = QLabel()
        self.status.setObjectName("figure")
        self.detail = QLabel()
        self.detail.setObjectName("muted")
        self.detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.sheet = PictureView(surround=True, padding_px=8)
        self.sheet.set_whole_factors(False)
        self.sheet.setAccessibleName(self.tr("Fixed-z sheet"))
        self.sheet_caption = QLabel()
        self.sheet_caption.setObjectName("muted")
        self._plots = QVBoxLayout()
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self._empty_page())
        self._stack.addWidget(self._run_page())
        studio.training.happened.connect(self._on_event)
        studio.training.running_changed.connect(self._on_running)
        studio.settings_changed.connect(self._on_settings)
        studio.model_changed.connect(self._on_model)
        for button, slot in (
            (self.pause, self.toggle_pause),
            (self.stop, self.stop_run),
            (self.explore, self._on_explore),
        ):
            button.clicked.connect(slot)
        self.sheet.set_smooth(studio.settings.smooth)

    def begin(self, job: TrainJob) -> None:
        """Start a run and show it."""
        self._job = job
        self._latest, self._finished_path = None, None
        self._backlog.clear()
        self._clear_curves()
        if job.resume:
            self._backlog += read_log(job.folder)
        self.sheet.set_pixels(None)
        self.sheet_caption.setText(self.tr("The first sheet comes with the first tick."))
        self.status.setText(self.tr("Starting…"))
        self.detail.setText(str(job.folder))
        self.bar.setValue(0)
        self._stack.setCurrentIndex(1)
        if self.isVisible():
            self._make_curves()
        self._studio.training.start(job)
        self._refresh_buttons()

    def showEvent(self, event: QShowEvent) -> None:
        """Make the curves when they are first looked at; importing pyqtgraph takes a while."""
        super().showEvent(event)
        if self._job is not None:
            self._make_curves()

    def _empty_page(self) -> QWidget:
        page = QWidget()
        title = QLabel(self.tr("Train a DCGAN of your own"))
        title.setObjectName("title")
        text = QLabel(
            self.tr(
                "Choose MNIST, or a folder or zip of your own images. You can explore the model while it trains,\n"
                "stop at any time, and go on later. A small model of digits takes minutes on a laptop."
            )
        )
        text.setObjectName("muted")
        for label in (title, text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        begin = QPushButton(icon("new-run", "on_accent"), self.tr("New run…"))
        begin.setObjectName("primary")
        go_on = QPushButton(icon("resume"), self.tr("Resume a run…"))
        begin.clicked.connect(self.new_run_wanted)
        go_on.clicked.connect(self.resume_wanted)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(begin)
        buttons.addWidget(go_on)
        buttons.addStretch(1)
        layout = QVBoxLayout(page)
        layout.setSpacing(16)
        layout.addStretch(2)
        layout.addWidget(title)
        layout.addWidget(text)
        layout.addLayout(buttons)
        layout.addStretch(3)
        return page

    def _run_page(self) -> QWidget:
        page = QWidget()
        head, second = QHBoxLayout(), QHBoxLayout()
        head.addWidget(self.status, 1)
        for button in (self.pause, self.stop, self.resume, self.new_run):
            head.addWidget(button)
        second.addWidget(self.detail, 1)
        second.addWidget(self.follow)
        second.addWidget(self.explore)
        for label in (self.status, self.detail):
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.new_run.clicked.connect(self.new_run_wanted)
        self.resume.clicked.connect(self._on_go_on)
        left, right = QWidget(), QWidget()
        left.setLayout(self._plots)
        self._plots.setContentsMargins(0, 0, 0, 0)
        pictures = QVBoxLayout(right)
        pictures.setContentsMargins(0, 0, 0, 0)
        pictures.addWidget(self.sheet, 1)
        pictures.addWidget(self.sheet_caption)
        halves = QSplitter()
        halves.addWidget(left)
        halves.addWidget(right)
        left.setMinimumWidth(240)
        halves.setStretchFactor(0, 1)
        halves.setStretchFactor(1, 1)
        halves.setChildrenCollapsible(False)
        layout = QVBoxLayout(page)
        layout.setContentsMargins(16, 12, 16, 12)
        layout.setSpacing(8)
        layout.addLayout(head)
        layout.addWidget(self.bar)
        layout.addLayout(second)
        layout.addWidget(halves, 1)
        return page

    @Slot(object)
    def _on_event(self, event: Event) -> None:
        match event:
            case Preparing():
                share = f" {event.done}/{event.total}" if event.total else ""
                if not self._studio.training.stopping:
                    self.status.setText(f"{event.what}…{share}")
            case Started():
                config = event.config
                facts = self.tr("{0} images, {1} × {1}, width {2}, batch {3}, on {4}").format(
                    event.images, config.size, config.width, config.batch, event.device
                )
                self.detail.setText(facts)
                self.detail.setToolTip(self.tr("{0}, kept in {1}").format(config.data, event.folder))
            case Progress():
                self._show_progress(event)
            case Tick():
                self._show_tick(event)
            case Finished():
                self._show_end(event)
            case Failed():
                self.status.setText(self.tr("Training ended with an error"))
                self._studio.problem.emit(event.report)
        self._refresh_buttons()

    def _show_progress(self, progress: Progress) -> None:
        self._kimg = progress.kimg
        if not self._studio.training.stopping:
            speed = self.tr("{0} images/s").format(round(progress.images_per_s))
            state = (
                self.tr("paused")
                if self._studio.training.paused
                else self.tr("ETA {0}").format(duration(progress.eta_s))
            )
            self.status.setText(f"{progress.kimg:.1f} / {progress.total_kimg:g} kimg  ·  {speed}  ·  {state}")
        self.bar.setValue(round(1000 * progress.kimg / max(progress.total_kimg, 1e-9)))
        self._backlog.append(progress)
        if self._curves is not None:
            self._fill(self._curves)

    def _show_tick(self, tick: Tick) -> None:
        self._latest = tick.generator
        self.sheet.set_pixels(sheet(tick.samples, _SHEET_COLUMNS, gap_px=1, background=0))
        self.sheet_caption.setText(self.tr("The same 64 z at every tick; now {0} kimg").format(f"{tick.kimg:.1f}"))
        if self.follow.isChecked():
            self._studio.open_snapshot(tick.generator)

    def _show_end(self, finished: Finished) -> None:
        self._finished_path = finished.path
        self._resumable = not finished.complete
        if finished.complete:
            self.bar.setValue(self.bar.maximum())
            self.status.setText(self.tr("Finished at {0} kimg").format(f"{finished.kimg:.1f}"))
        else:
            self.status.setText(self.tr("Stopped at {0} kimg; it can be resumed").format(f"{finished.kimg:.1f}"))
        if self.follow.isChecked() and finished.path is not None:
            self._studio.open_path(finished.path)

    @Slot(bool)
    def _on_running(self, _running: bool) -> None:
        self._refresh_buttons()

    def _refresh_buttons(self) -> None:
        training = self._studio.training
        running = training.running
        self.pause.setVisible(running)
        self.stop.setVisible(running)
        self.new_run.setVisible(not running)
        self.resume.setVisible(not running and self._resumable)
        self.pause.setText(self.tr("Go on") if training.paused else self.tr("Pause"))
        self.pause.setIcon(icon("play" if training.paused else "pause"))
        self.pause.setEnabled(not training.stopping)
        self.stop.setEnabled(not training.stopping)
        self.explore.setEnabled(self._latest is not None or self._finished_path is not None)
        self.follow.setVisible(running)

    @Slot()
    def _on_go_on(self) -> None:
        if self._job is not None:
            self.go_on_wanted.emit(self._job.folder)

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        """Whoever opens another model does not want the next snapshot in its place."""
        if model.generator is not self._latest and model.generator.path != self._finished_path:
            self.follow.setChecked(False)

    @Slot()
    def toggle_pause(self) -> None:
        """Hold the run at its next phase, or let it go on."""
        training = self._studio.training
        if training.stopping:
            return
        if training.paused:
            training.go_on()
            self.status.setText(self.tr("Going on…"))
        else:
            training.pause()
            self.status.setText(self.tr("Paused at {0} kimg").format(f"{self._kimg:.1f}"))
        self._refresh_buttons()

    @Slot()
    def stop_run(self) -> None:
        """End the run at its next phase; the window says so at once."""
        self._studio.training.stop()
        self.status.setText(self.tr("Stopping: finishing this phase and saving…"))
        self._refresh_buttons()

    @Slot()
    def _on_explore(self) -> None:
        if self._finished_path is not None:
            self._studio.open_path(self._finished_path)
        elif self._latest is not None:
            self._studio.open_snapshot(self._latest)
        self.explore_wanted.emit()

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.sheet.set_smooth(settings.smooth)
        if self._curves is not None:
            self._curves.restyle()

    def _make_curves(self) -> None:
        if self._curves is None:
            from latentlab.ui.panels.curves import TrainingCurves

            self._curves = TrainingCurves()
            self._plots.addWidget(self._curves)
            self._fill(self._curves)

    def _fill(self, curves: TrainingCurves) -> None:
        for progress in self._backlog:
            curves.add(progress)
        self._backlog.clear()

    def _clear_curves(self) -> None:
        if self._curves is not None:
            self._curves.clear()
