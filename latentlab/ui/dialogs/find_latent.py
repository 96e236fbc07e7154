"""*Latent > Find the latent of an image…*: an image beside the nearest picture, which comes nearer while one looks."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from latentlab.analysis.inversion import Inversion, Reconstruction
from latentlab.data.picture import SUFFIXES
from latentlab.errors import ErrorReport
from latentlab.pixels import Pixels
from latentlab.session import changes
from latentlab.session.invertible import why_not_invertible
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.ui.card_mime import local_files, start_drag
from latentlab.ui.dialogs.image_search import ImageSearch
from latentlab.ui.dialogs.image_search_form import ImageSearchForm
from latentlab.ui.dialogs.reconstruction_view import ReconstructionView
from latentlab.ui.model_kinds import is_picture
from latentlab.ui.studio import Studio

_SIZE_PX = QSize(720, 560)


class FindLatentDialog(QDialog):
    """Stays open while one plays. The search ends when it is closed or another model is opened. GUI thread only.

    Args:
        studio: The studio.
        parent: The window.

    Signals:
        explore_wanted: What was found is under the sliders, to be looked at; GUI thread.
    """

    explore_wanted = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Find the latent of an image"))
        self.setAcceptDrops(True)
        self.resize(_SIZE_PX)
        self._studio = studio
        self._next_seed = 0
        self._seed = 0
        self._best: Reconstruction | None = None
        self._search = ImageSearch(self)
        self._make_parts()
        self._make_buttons()
        self._lay_out()
        self._connect()
        self.form.set_class_names(() if studio.model is None else studio.model.class_names)
        self._show_best(None)
        self._show_state()

    def offer(self, path: Path | None) -> None:
        """Show the dialog and find the latent of an image; ask for one where none is given or was there before."""
        self.show()
        self.raise_()
        self.activateWindow()
        if path is not None:
            self.look_for(path)
        elif self.form.path is None:
            self._on_choose()

    def look_for(self, path: Path) -> None:
        """Find the latent of an image; the search for the one before ends."""
        self.form.set_path(path)
        self._begin(0)

    def close_service(self) -> None:
        """End the thread."""
        self._search.close()

    def reject(self) -> None:
        """Closing, by Escape too, ends the search; the best so far stays."""
        self._on_stop()
        super().reject()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take images, whether or not they hold a latent."""
        if any(is_picture(path) for path in local_files(event.mimeData())):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Find the latent of what was dropped."""
        event.acceptProposedAction()
        self.look_for(next(path for path in local_files(event.mimeData()) if is_picture(path)))

    def _make_parts(self) -> None:
        self.form = ImageSearchForm()
        self.view = ReconstructionView()
        self.view.set_smooth(self._studio.settings.smooth)
        self.message = QLabel()
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.message.setWordWrap(True)
        self.message.setMinimumHeight(self.message.fontMetrics().lineSpacing())
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("How far the search is"))
        policy = self.bar.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.bar.setSizePolicy(policy)

    def _make_buttons(self) -> None:
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.setToolTip(self.tr("End the search and keep the nearest picture so far"))
        self.again = QPushButton(self.tr("Start again"))
        self.again.setToolTip(self.tr("Search from the samples of another seed, which may come nearer"))
        self.keep = QPushButton(self.tr("Keep on the shelf"))
        self.keep.setToolTip(self.tr("Keep the nearest picture as a card (K)"))
        self.keep.setShortcut("K")
        self.explore = QPushButton(self.tr("Explore it"))
        self.explore.setObjectName("primary")
        self.explore.setToolTip(self.tr("Put the nearest picture under the sliders"))
        for button in (self.stop, self.again, self.keep):
            button.setAutoDefault(False)
        self.explore.setDefault(True)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.again)
        buttons.addStretch(1)
        buttons.addWidget(self.keep)
        buttons.addWidget(self.explore)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        layout.addWidget(self.form)
        layout.addSpacing(8)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.message)
        layout.addWidget(self.bar)
        layout.addSpacing(8)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self.form.choose.clicked.connect(self._on_choose)
        self.form.changed.connect(self._on_form)
        self.stop.clicked.connect(self._on_stop)
        self.again.clicked.connect(self._on_again)
        self.keep.clicked.connect(self._on_keep)
        self.explore.clicked.connect(self._on_explore)
        self.view.nearest.drag_started.connect(self._on_drag)
        self._search.image_read.connect(self._on_image_read)
        self._search.came_nearer.connect(self._on_nearer)
        self._search.found.connect(self._on_found)
        self._search.progressed.connect(self._on_progress)
        self._search.failed.connect(self._on_failed)
        self._studio.model_changed.connect(self._on_model)
        self._studio.settings_changed.connect(self._on_settings)

    def _begin(self, seed: int) -> None:
        """Search from the samples of a seed, unless the open model can find the latent of no image."""
        model = self._studio.model
        if model is None or self.form.path is None:
            return
        self._search.stop()
        self._show_best(None)
        self.view.image.set_dimmed(True)
        why = why_not_invertible(model.generator)
        if why:
            self._say(why, warns=True)
        else:
            self._seed, self._next_seed = seed, seed + 1
            self.bar.setRange(0, 0)
            self._say(self.tr("Reading the image…"))
            self._search.start(self.form.wanted(model, self.form.path, seed))
        self._show_state()

    def _show_best(self, best: Reconstruction | None) -> None:
        self._best = best
        state = self._studio.state
        self.view.show_best(best, None if state is None else state.prior)

    def _show_state(self) -> None:
        """Offer what can be done now."""
        running, found = self._search.running, self._best is not None
        self.bar.setVisible(running)
        self.stop.setEnabled(running)
        self.again.setEnabled(self.form.path is not None)
        self.keep.setEnabled(found)
        self.explore.setEnabled(found)
        self.view.set_looking(running)

    def _say(self, text: str, warns: bool = False) -> None:
        self.message.setObjectName("warning" if warns else "muted")
        self.message.style().polish(self.message)
        self.message.setText(text)

    def _facts(self) -> str:
        """Return what the nearest picture depends on: its seed, and its class if the model has classes."""
        facts = [self.tr("Seed {0}").format(self._seed)]
        model = self._studio.model
        if model is not None and self._best is not None and self._best.label is not None:
            facts.append(self.tr("class {0}").format(model.class_names[self._best.label]))
        return ", ".join(facts)

    def _point(self) -> Point | None:
        if self._best is None or self.form.path is None:
            return None
        origin = self.tr("inversion of {0}").format(self.form.path.name)
        return Point(self._best.z, origin=origin, label=self._best.label)

    @Slot()
    def _on_choose(self) -> None:
        images = self.tr("Images ({0});;All files (*)").format(" ".join(f"*{suffix}" for suffix in SUFFIXES))
        folder = self._studio.settings.image_folder
        chosen, _ = QFileDialog.getOpenFileName(self, self.tr("Find the latent of"), folder, images)
        if chosen:
            self._studio.change_settings(image_folder=str(Path(chosen).parent))
            self.look_for(Path(chosen))

    @Slot()
    def _on_form(self) -> None:
        self._begin(0)

    @Slot()
    def _on_again(self) -> None:
        self._begin(self._next_seed)

    @Slot()
    def _on_stop(self) -> None:
        if self._search.running:
            self._search.stop()
            if self._best is None:
                self._say(self.tr("Stopped before anything was found. Start again to look for it."))
            else:
                self._say(self.tr("{0}. Stopped: this is the nearest so far.").format(self._facts()))
            self._show_state()

    @Slot()
    def _on_keep(self) -> None:
        point = self._point()
        if point is not None:
            self._studio.keep(point)

    @Slot()
    def _on_explore(self) -> None:
        point = self._point()
        if point is not None:
            self._studio.apply(changes.put_in_place(point), self.tr("Explore {0}").format(point.title()))
            self.explore_wanted.emit()

    @Slot()
    def _on_drag(self) -> None:
        point = self._point()
        if point is not None:
            start_drag(self.view.nearest, self._studio.card_of(point))

    @Slot(object)
    def _on_image_read(self, pixels: Pixels) -> None:
        self.view.show_image(pixels)
        self._say(self.tr("Getting ready to search…"))

    @Slot(object)
    def _on_nearer(self, best: Reconstruction) -> None:
        first = self._best is None
        self._show_best(best)
        self._say(self.tr("{0}. Coming nearer…").format(self._facts()))
        if first:
            self._show_state()

    @Slot(object)
    def _on_found(self, found: Inversion) -> None:
        self._show_best(found)
        self._say(
            self.tr("{0}. The nearest of the samples that were looked at first is {1} grey levels off.").format(
                self._facts(), f"{found.nearest_error:.1f}"
            )
        )
        self._show_state()

    @Slot(float)
    def _on_progress(self, done: float) -> None:
        if done > 0.0:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * done))

    @Slot(object)
    def _on_failed(self, report: ErrorReport) -> None:
        if self._best is None:
            self.view.show_image(None)
        self._next_seed = 0
        self._say(str(report), warns=True)
        self._show_state()

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        """What was found is of another model; so is how the image was seen."""
        self._search.stop()
        self.form.set_class_names(model.class_names)
        self._show_best(None)
        self.view.image.set_dimmed(True)
        self._next_seed = 0
        why = why_not_invertible(model.generator)
        if self.form.path is not None:
            self._say(why or self.tr("Another model was opened. Start again to look for the image there."), bool(why))
        self._show_state()

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.view.set_smooth(settings.smooth)
