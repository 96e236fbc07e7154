"""What all panels share: the open model, the document, the render thread, the training, the settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QObject, QTimer, Signal, Slot

from latentlab.cores import cores, spare
from latentlab.errors import ErrorReport, LatentlabError
from latentlab.heap import give_back
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.latent.priors import Prior
from latentlab.models.checkpoint import Generator
from latentlab.pixels import Pixels
from latentlab.rendering.devices import Device
from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.direction_library import keep_in_library, with_library
from latentlab.session.model import SessionModel
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.settings import Settings, save_settings
from latentlab.session.sliders import offered
from latentlab.session.state import SessionState, adopted, fresh_state
from latentlab.ui.card_mime import NoLatentError
from latentlab.ui.pace import Pace
from latentlab.ui.render_bridge import RenderBridge

if TYPE_CHECKING:
    from latentlab.ui.analysis_bridge import AnalysisBridge
    from latentlab.ui.training_bridge import TrainingBridge

_SAVE_AFTER_MS = 500
_GIVE_BACK_AFTER_MS = 100


class Studio(QObject):
    """The hub between panels and core. Lives on the GUI thread; every method is called from it.

    Signals:
        state_changed: The new `SessionState`.
        model_changed: The `OpenedModel` just opened.
        settings_changed: The new `Settings`.
        problem: An `ErrorReport` to show.
        notice: A line worth a glance in the status bar.
        image_dropped: The `Path` of an image that was dropped and holds no latent.
    """

    state_changed = Signal(object)
    model_changed = Signal(object)
    settings_changed = Signal(object)
    problem = Signal(object)
    notice = Signal(str)
    image_dropped = Signal(object)

    def __init__(self, settings: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self.render = RenderBridge(self)
        self.pace = Pace(self)
        self.render.timed.connect(self.pace.add)
        self.render.failed.connect(self._on_render_failed)
        self._model: OpenedModel | None = None
        self._session: SessionModel | None = None
        self._left: dict[tuple[int, Prior], SessionState] = {}
        self._offered: tuple[OpenedModel, tuple[Direction, ...], tuple[Direction, ...]] | None = None
        self._random = np.random.default_rng()
        self._is_switching = False
        self._on_training(False)
        self._saving = QTimer(self)
        self._saving.setSingleShot(True)
        self._saving.timeout.connect(self._on_save)
        self._giving_back = QTimer(self)
        self._giving_back.setSingleShot(True)
        self._giving_back.timeout.connect(self._on_give_back)
        self._another_given_up = False

    @cached_property
    def training(self) -> TrainingBridge:
        """Return the bridge to the training thread, made when it is first asked for."""
        from latentlab.ui.training_bridge import TrainingBridge

        training = TrainingBridge(self)
        training.running_changed.connect(self._on_training)
        return training

    @cached_property
    def analysis(self) -> AnalysisBridge:
        """Return the bridge to the analysis thread, made when it is first asked for."""
        from latentlab.ui.analysis_bridge import AnalysisBridge

        analysis = AnalysisBridge(self)
        analysis.failed.connect(self.problem)
        return analysis

    @property
    def model(self) -> OpenedModel | None:
        """Return the open model, if there is one."""
        return self._model

    @property
    def session(self) -> SessionModel | None:
        """Return the document, if a model is open."""
        return self._session

    @property
    def state(self) -> SessionState | None:
        """Return the document's state, if a model is open."""
        return self._session.state if self._session else None

    def follow_model(self, slot: Callable[[OpenedModel], None]) -> None:
        """Call a slot with the open model, now if there is one, and with every model opened from now on."""
        self.model_changed.connect(slot)
        if self._model is not None:
            slot(self._model)

    def follow_state(self, slot: Callable[[SessionState], None]) -> None:
        """Call a slot with the document's state, now if there is one, and after every change from now on."""
        self.state_changed.connect(slot)
        if self._session is not None:
            slot(self._session.state)

    @property
    def directions(self) -> tuple[Direction, ...]:
        """Return every direction there is: the user's own, then the model's; none while no model is open."""
        if self._model is None or self._session is None:
            return ()
        key = (self._model, self._session.state.directions)
        if self._offered is None or self._offered[0] is not key[0] or self._offered[1] is not key[1]:
            self._offered = (*key, offered(key[1], self._model.directions))
        return self._offered[2]

    def open_path(self, path: Path) -> bool:
        """Open a model file or run folder; on failure the present model stays. Returns whether it opened."""
        try:
            self.open_file(path)
        except LatentlabError as error:
            self.report(error, self.tr("Opening a model"))
            return False
        return True

    def open_file(self, path: Path) -> None:
        """Open a model file or run folder.

        Raises:
            ModelFileError: If it is missing, damaged or no model; the present model stays.
        """
        model = OpenedModel.from_file(path)
        self.set_model(model)
        self.remember(model)

    def remember(self, model: OpenedModel) -> None:
        """Put a model's file among the recent ones."""
        if model.generator.path is not None:
            self.change_settings(recent=self.settings.with_recent(model.generator.path))

    def open_snapshot(self, generator: Generator) -> None:
        """Explore a model that is still in training."""
        self.set_model(OpenedModel(generator))

    def set_model(self, model: OpenedModel, state: SessionState | None = None, label: str = "") -> None:
        """Show a model.

        Args:
            model: What is shown.
            state: Its document; None carries the present one over.
            label: What *Undo* names where the model stays the same and only the document is another one: that is a
                step like any other. Undo does not reach across models.
        """
        is_same = self._model is not None and self._model.generator.content_hash == model.generator.content_hash
        if self._model is not None:
            self._another_given_up = self._giving_back.isActive()
            if not self._another_given_up:
                self._giving_back.start(_GIVE_BACK_AFTER_MS)
        self._model = model
        self._draw_with(model)
        if self._session is None:
            first = with_library(state or fresh_state(model.z_dim, model.prior), model)
            self._session = SessionModel(first)
            self._session.changed.connect(self._on_session_changed)
        else:
            kept = with_library(state or self._carried_over(self._session.state, model), model)
            self._is_switching = True
            try:
                if is_same and label:
                    self._session.apply(lambda _: kept, label)
                elif kept is not self._session.state:
                    self._session.replace_all(kept)
            finally:
                self._is_switching = False
        self._draw_as(self._session.state)
        self.model_changed.emit(model)
        self.state_changed.emit(self._session.state)

    def _carried_over(self, present: SessionState, model: OpenedModel) -> SessionState:
        """Return the document for a model: its points as they were left in its latent space, the shelf as it is now."""
        self._left[present.z_dim, present.prior] = present
        left = self._left.get((model.z_dim, model.prior))
        if left is None or left is present:
            kept = adopted(present, model.z_dim, model.prior)
        else:
            kept = replace(left, shelf=present.shelf, terms=present.terms)
        if model.classes or kept.picture.label is None:
            return kept
        return replace(kept, picture=replace(kept.picture, label=None), before=replace(kept.before, label=None))

    def set_device(self, device: Device) -> None:
        """Draw on another device from now on."""
        if device != self.settings.device:
            self.change_settings(device=device)
            self._draw_anew()

    def _draw_anew(self) -> None:
        if self._model is not None and self._session is not None:
            self._draw_with(self._model)
            self.state_changed.emit(self._session.state)

    def apply(self, change: changes.Change, label: str, merge_key: tuple[object, ...] | None = None) -> None:
        """Change the document; nothing happens while no model is open."""
        if self._session is not None:
            self._session.apply(self._classed(change), label, merge_key)

    def z_of(self, point: Point) -> FloatArray:
        """Return the latent of a point under the open model, shape (z_dim,), float32."""
        return point.z(self.directions if point.strengths else (), self._present().prior)

    def card_of(self, point: Point, name: str = "") -> Card:
        """Make a card of a point, drawing its picture now."""
        model = self._present()
        z = self.z_of(point)
        point = self._with_class(point)
        pixels = model.render(z[None], model.y_of([point]))[0]
        return Card(name or point.title(), point, z, pixels, model.prior, model.generator.content_hash, model.name)

    def renderer(self) -> Callable[[FloatArray], Pixels]:
        """Return what draws latents (N, z_dim) on the CPU as the class in hand; any thread may call it."""
        model, state = self._present(), self.state
        backend, y = model.backend(), model.y_of([state.picture]) if state is not None else None
        if y is None:
            return backend.render
        return lambda z: backend.render(z, np.full(len(z), y[0], np.int64))

    def point_of(self, card: Card) -> Point | None:
        """Return a card's point for the open model; None, and a word why, where the model cannot draw it."""
        model = self._present()
        if not card.fits(model.z_dim, model.prior):
            report = ErrorReport(
                card.name,
                self.tr("its latent ({0} wide, {1}) does not fit this model ({2} wide, {3})").format(
                    len(card.z), card.prior, model.z_dim, model.prior
                ),
                self.tr("Open {0} to use it.").format(card.model_name),
            )
            self.problem.emit(report)
            return None
        return card.picked_up(model.generator.content_hash)

    def keep(self, point: Point) -> None:
        """Put a point on the shelf as a card."""
        card = self.card_of(point)
        self.apply(changes.keep(card), self.tr("Keep {0}").format(card.name))
        self.notice.emit(self.tr("On the shelf now: {0}").format(card.name))

    def random_seed(self) -> int:
        """Draw a seed for the dice."""
        return changes.random_seed(self._random)

    def random_point(self) -> Point:
        """Draw a fresh point."""
        model = self._present()
        return Point.from_seed(self.random_seed(), model.z_dim, model.prior)

    def change_settings(self, **values: object) -> None:
        """Change settings; they are kept a moment later, for the disk may be slow."""
        self.settings = replace(self.settings, **values)  # type: ignore[arg-type]
        self._saving.start(_SAVE_AFTER_MS)
        self.settings_changed.emit(self.settings)

    @Slot(object)
    def on_refused(self, error: LatentlabError) -> None:
        """Have a latent found for an image that was dropped without one; show why anything else is no card."""
        if isinstance(error, NoLatentError):
            self.image_dropped.emit(error.path)
        else:
            self.report(error, "")

    def report(self, error: Exception, during: str) -> None:
        """Show an error."""
        self.problem.emit(ErrorReport.from_exception(error, during))

    def close(self) -> None:
        """Keep the settings and end the threads: training first, then rendering."""
        if self._saving.isActive():
            self._saving.stop()
            self._on_save()
        if "analysis" in self.__dict__:
            self.analysis.close()
        if "training" in self.__dict__:
            self.training.close()
        self.render.close()

    def _draw_with(self, model: OpenedModel) -> None:
        device = self.settings.device if self.settings.device in model.devices else "cpu"
        if device == "mps" and self._trains:
            device = "cpu"  # torch aborts when two threads use Metal at once (pytorch issue 197805)
        # The libraries of a GPU have things of their own for each thread that draws.
        self.render.open(lambda: model.backend(device), on_the_spot=device == "cpu")

    @Slot(object)
    def _on_render_failed(self, report: ErrorReport) -> None:
        """Say why; where another device than the CPU failed, go back to that, which always draws."""
        self.set_device("cpu")
        self.problem.emit(report)

    @Slot(bool)
    def _on_training(self, running: bool) -> None:
        """Share out the cores: one is the window's while a hand moves, and a training needs all it can get."""
        self._trains = running
        if self.settings.device == "mps":
            self._draw_anew()
            if running:
                self.notice.emit(self.tr("Pictures are drawn on the CPU while a run has the Apple GPU"))
        if running:
            self.render.use_threads(1)
        else:
            self.render.use_threads(spare(), at_rest=cores())

    @Slot()
    def _on_give_back(self) -> None:
        """Give back what models that are no longer open have left of the heap, and what drawing the new one took.

        While one is opened after the other, now and then; and once the last of them has drawn all that was asked for.
        """
        another, self._another_given_up = self._another_given_up, False
        at_rest = self.render.wait_idle(0.0)
        if another or at_rest:
            give_back()
        if another or not at_rest:
            self._giving_back.start(_GIVE_BACK_AFTER_MS)

    @Slot()
    def _on_save(self) -> None:
        save_settings(self.settings)
        if self._model is not None and self._session is not None:
            try:
                keep_in_library(self._session.state, self._model)
            except LatentlabError as error:
                self.report(error, self.tr("Keeping the directions"))

    def _present(self) -> OpenedModel:
        if self._model is None:
            raise RuntimeError("no model is open")
        return self._model

    def _classed(self, change: changes.Change) -> changes.Change:
        """Let a picture that comes from no class keep that of the picture before it."""

        def classed(state: SessionState) -> SessionState:
            new = change(state)
            if new.picture.label is not None or state.picture.label is None or new.picture is state.picture:
                return new
            return replace(new, picture=replace(new.picture, label=state.picture.label))

        return classed

    def _with_class(self, point: Point) -> Point:
        """Give a point that comes from no class that of the picture in hand, as which it is drawn."""
        state = self.state
        if point.label is not None or state is None or not self._present().classes:
            return point
        return replace(point, label=state.picture.label)

    def _draw_as(self, state: SessionState) -> None:
        y = None if self._model is None else self._model.y_of([state.picture])
        self.render.draw_as(None if y is None else int(y[0]))

    def _on_session_changed(self, new: SessionState, old: SessionState) -> None:
        self._draw_as(new)
        if new.directions is not old.directions and self._model is not None:
            self._saving.start(_SAVE_AFTER_MS)
        if not self._is_switching:  # or it would be told before the model that it belongs to
            self.state_changed.emit(new)
