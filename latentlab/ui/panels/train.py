"""TRAIN: a run as it goes, this window's or another process's: curves, health, sheets, and its models to explore."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import QFileDialog, QStackedLayout, QWidget

from latentlab.errors import LatentlabError, TrainingError
from latentlab.models.checkpoint import Generator
from latentlab.paths import runs_dir
from latentlab.session.opened import OpenedModel
from latentlab.session.settings import Settings
from latentlab.training.control import Player
from latentlab.training.events import Event, Failed, Finished, Notice, Preparing, Progress, Started, Tick, Update
from latentlab.training.run_folder_names import holds_run
from latentlab.training.run_seen import RunSeen
from latentlab.training.service import TrainJob
from latentlab.ui.panels.by_hand import PHASE_S
from latentlab.ui.panels.run_page import RunPage
from latentlab.ui.panels.run_words import how_it_goes, what_it_is, what_was_updated, where_it_stands
from latentlab.ui.panels.train_invitation import TrainInvitation
from latentlab.ui.run_watch import RunWatch
from latentlab.ui.studio import Studio


class TrainPanel(QWidget):
    """The state of a training run; says how to begin one while there is none.

    Signals:
        new_run_wanted: A button asks for *New run…*; GUI thread.
        resume_wanted: A button asks for *Resume a run…*; GUI thread.
        go_on_wanted: The folder of the run that was stopped, to be gone on with; GUI thread.
        explore_wanted: A button asks to see the model under the hand; GUI thread.
        time_lapse_wanted: The `RunSeen` whose sheets are to be exported; GUI thread.
    """

    new_run_wanted = Signal()
    resume_wanted = Signal()
    go_on_wanted = Signal(object)
    explore_wanted = Signal()
    time_lapse_wanted = Signal(object)

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._job: TrainJob | None = None
        self._watch: RunWatch | None = None
        self._other: RunWatch | None = None
        self._latest: Generator | None = None
        self._finished_path: Path | None = None
        self._followed_path: Path | None = None
        self._resumable = False
        self._kimg = 0.0
        self.invitation, self.page = TrainInvitation(studio), RunPage()
        self.sheets, self.status, self.detail = self.page.sheets, self.page.status, self.page.detail
        self._stack = QStackedLayout(self)
        self._stack.addWidget(self.invitation)
        self._stack.addWidget(self.page)
        self.invitation.go_on_wanted.connect(self.go_on_wanted)
        self.invitation.new_run_wanted.connect(self.new_run_wanted)
        self.invitation.resume_wanted.connect(self.resume_wanted)
        self.invitation.follow_wanted.connect(self.choose_followed)
        studio.training.happened.connect(self._on_event)
        studio.training.running_changed.connect(self._refresh)
        studio.settings_changed.connect(self._on_settings)
        studio.model_changed.connect(self._on_model)
        for button, slot in (
            (self.page.pause, self.toggle_pause),
            (self.page.stop, self.stop_run),
            (self.page.new_run, self.new_run_wanted),
            (self.page.resume, self._on_go_on),
            (self.page.compare, self._on_compare),
            (self.sheets.explore, self._on_explore),
        ):
            button.clicked.connect(slot)
        self.page.by_hand.slow_toggled.connect(self._on_slow)
        self.page.by_hand.update_wanted.connect(self.update_alone)
        self.sheets.export_wanted.connect(self._on_export)
        self.sheets.moment_changed.connect(self._refresh)
        self.sheets.follow.toggled.connect(self._on_follow)
        self.sheets.set_smooth(studio.settings.smooth)

    def begin(self, job: TrainJob) -> None:
        """Start a run and show it; whether its models are to be opened as they come is for this run to be said."""
        self.sheets.follow.setChecked(False)
        self._studio.change_settings(run_folder=str(job.folder))
        self._job = job
        self._look_into(job.folder)
        self.status.setText(self.tr("Starting…"))
        self.detail.set_whole(str(job.folder))
        self._studio.training.start(job)
        self._refresh()

    def follow_folder(self, folder: Path) -> None:
        """Show a run that somebody else writes; beside the window's own while that is under way."""
        if self._studio.training.running:
            self.compare_with(folder)
            return
        self._job = None
        self._look_into(folder)
        self.status.setText(self.tr("Looking into the folder…"))
        self.detail.set_whole(str(folder))
        self._refresh()

    def compare_with(self, folder: Path | None) -> None:
        """Show another run beside the one in sight, or none."""
        if self._other is not None:
            other, self._other = self._other, None
            self.sheets.set_other(None)
            self.page.take_in_other(None)
            self._studio.training.unwatch(other)
        if folder is not None:
            self._other = self._studio.training.watch(folder)
            self._other.seen.connect(self._on_other_seen)
            self._other.failed.connect(self._studio.problem)
            self.sheets.set_other(self._other)
        self._refresh()

    @Slot()
    def choose_followed(self) -> None:
        """Ask for the folder of a run to follow."""
        chosen = self._ask_folder(self.tr("Follow the run in"))
        if chosen is not None:
            self.follow_folder(chosen)

    @Slot()
    def toggle_pause(self) -> None:
        """Hold the run at its next phase, or let it go on."""
        training = self._studio.training
        if training.stopping:
            return
        if training.paused:
            training.go_on()
            self.status.setText(self.tr("Going on…"))
            self.sheets.show_tick()
        else:
            training.pause()
            self.status.setText(self.tr("Paused at {0} kimg").format(f"{self._kimg:.1f}"))
        self._refresh()

    @Slot()
    def toggle_slow(self) -> None:
        """Let the run rest after each update, or go at full speed again."""
        self._on_slow(not self._studio.training.slow)

    @Slot(object)
    def update_alone(self, player: Player) -> None:
        """Update one network of a run that is held."""
        if self._studio.training.paused:
            self._studio.training.update(player)

    @Slot()
    def stop_run(self) -> None:
        """End the run at its next phase; the window says so at once."""
        self._studio.training.stop()
        self.status.setText(self.tr("Stopping: finishing this phase and saving…"))
        self._refresh()

    def _look_into(self, folder: Path) -> None:
        self.compare_with(None)
        if self._watch is not None:
            self._studio.training.unwatch(self._watch)
        self._latest = self._finished_path = self._followed_path = None
        self._resumable = False
        self.page.begin()
        self._watch = self._studio.training.watch(folder)
        self._watch.seen.connect(self._on_seen)
        self._watch.failed.connect(self._studio.problem)
        self.sheets.set_run(self._watch)
        self._stack.setCurrentWidget(self.page)

    def _ask_folder(self, title: str) -> Path | None:
        beside = self._watch.folder.parent if self._watch is not None else runs_dir()
        chosen = QFileDialog.getExistingDirectory(self, title, str(beside))
        return Path(chosen) if chosen else None

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
                self.detail.set_whole(facts, self.tr("{0}, kept in {1}").format(config.data, event.folder))
            case Notice():
                self.detail.set_whole(event.text)
                self._studio.notice.emit(event.text)
            case Progress():
                self._show_progress(event)
            case Update():
                self._show_update(event)
            case Tick():
                self._show_tick(event)
            case Finished():
                self._show_end(event)
            case Failed():
                self.status.setText(self.tr("Training ended with an error"))
                self._studio.problem.emit(event.report)
        self._refresh()

    def _show_progress(self, progress: Progress) -> None:
        self._kimg = progress.kimg
        if not self._studio.training.stopping and not self._studio.training.slow:
            self.status.setText(how_it_goes(progress, self._studio.training.paused))
        self.page.set_share(progress.kimg / max(progress.total_kimg, 1e-9))
        self.page.add(progress)

    def _show_update(self, update: Update) -> None:
        training = self._studio.training
        if not training.stopping and (training.paused or training.slow):
            self.status.setText(what_was_updated(update))
            self.sheets.show_update(update.samples)

    def _show_tick(self, tick: Tick) -> None:
        self._latest = tick.generator
        self.sheets.show_live(tick.kimg, tick.samples)
        if self._watch is not None:
            self._watch.look_now()
        if self.sheets.follow.isChecked():
            self._studio.open_snapshot(tick.generator)

    def _show_end(self, finished: Finished) -> None:
        self._finished_path = finished.path
        self._resumable = not finished.complete
        if finished.complete:
            self.page.set_share(1.0)
            self.status.setText(self.tr("Finished at {0} kimg").format(f"{finished.kimg:.1f}"))
        else:
            self.status.setText(self.tr("Stopped at {0} kimg; it can be resumed").format(f"{finished.kimg:.1f}"))
        if self.sheets.follow.isChecked() and finished.path is not None:
            self._studio.open_path(finished.path)

    @Slot(object)
    def _on_seen(self, seen: RunSeen) -> None:
        self.page.take_in(seen)
        if self._job is None:
            self.status.setText(where_it_stands(seen))
            self.detail.set_whole(what_it_is(seen), str(seen.folder))
            self.page.set_share(seen.kimg / seen.total_kimg if seen.total_kimg else 0.0)
            self._open_newest(seen)
        self._refresh()

    @Slot(object)
    def _on_other_seen(self, seen: RunSeen) -> None:
        self.page.take_in_other(seen)

    def _open_newest(self, seen: RunSeen) -> None:
        newest = seen.models[max(seen.models)] if seen.models else None
        if newest is None or newest == self._followed_path or not self.sheets.follow.isChecked():
            return
        before, self._followed_path = self._followed_path, newest
        try:
            self._studio.open_file(newest)
        except LatentlabError:
            # It may be on its way still: the next look tries again.
            self._followed_path = before

    @Slot()
    def _refresh(self) -> None:
        training = self._studio.training
        self.page.offer_control(training.running, training.paused, training.stopping, training.slow)
        folder = self._folder_to_go_on_with()
        self.page.resume.setVisible(not training.running and folder is not None)
        self.page.resume.setText(self.tr("Resume this run") if self._resumable else self.tr("Train on…"))
        self.page.compare.setText(self.tr("Compare…") if self._other is None else self.tr("Stop comparing"))
        watched = self._watch is not None and self._job is None and not self._watch.latest.complete
        self.sheets.follow.setVisible(training.running or watched)
        self.sheets.offer_model(self._newest_own())

    def _newest_own(self) -> bool:
        return self._job is not None and (self._latest is not None or self._finished_path is not None)

    def _folder_to_go_on_with(self) -> Path | None:
        """Return the folder of the window's own run that has ended, or of one that was followed to its end."""
        if self._job is not None:
            return self._job.folder if self._resumable or self._finished_path is not None else None
        watch = self._watch
        return watch.folder if watch is not None and watch.latest.complete and watch.latest.resumable else None

    @Slot()
    def _on_go_on(self) -> None:
        folder = self._folder_to_go_on_with()
        if folder is not None:
            self.go_on_wanted.emit(folder)

    @Slot()
    def _on_compare(self) -> None:
        if self._other is not None:
            self.compare_with(None)
        elif (chosen := self._ask_folder(self.tr("Compare with the run in"))) is not None:
            if holds_run(chosen):
                self.compare_with(chosen)
            else:
                error = TrainingError(chosen, self.tr("holds no run"), self.tr("Choose the folder of a run."))
                self._studio.report(error, self.tr("Comparing"))

    @Slot()
    def _on_export(self) -> None:
        if self._watch is not None and self._watch.latest.sheets:
            self.time_lapse_wanted.emit(self._watch.latest)

    @Slot(bool)
    def _on_slow(self, on: bool) -> None:
        self._studio.training.slow_down(PHASE_S if on else 0.0)
        if not on:
            self.sheets.show_tick()
        self._refresh()

    @Slot(bool)
    def _on_follow(self, on: bool) -> None:
        if on and self._watch is not None:
            self._watch.look_now()

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        """Whoever opens another model does not want the next snapshot in its place."""
        generator = model.generator
        if generator is not self._latest and generator.path not in (self._finished_path, self._followed_path):
            self.sheets.follow.setChecked(False)

    @Slot()
    def _on_explore(self) -> None:
        model = self.sheets.model
        if self._newest_own() and self.sheets.at_newest:
            if self._finished_path is not None:
                self._studio.open_path(self._finished_path)
            elif self._latest is not None:
                self._studio.open_snapshot(self._latest)
        elif model is not None and not self._studio.open_path(model[1]):
            return
        self.explore_wanted.emit()

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.sheets.set_smooth(settings.smooth)
        self.page.restyle()
