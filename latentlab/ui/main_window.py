"""The window: composes panels, actions and dialogs; holds no logic of its own beyond that.

What the first picture needs is made at once; every other panel when it is first asked for, or when its turn comes once
that picture is painted.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QGuiApplication, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QMainWindow,
    QMenu,
    QToolBar,
    QWidget,
)

from latentlab.rendering.devices import DEVICES
from latentlab.session.invertible import why_not_invertible
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.ui import theme
from latentlab.ui.action_table import ActionTable
from latentlab.ui.actions import MODEL
from latentlab.ui.card_mime import CARD_TYPE, local_files
from latentlab.ui.dialogs.opener import Dialogs
from latentlab.ui.documents import Documents, SlowReading
from latentlab.ui.handlers import ARITHMETIC, EXPLORE, INTERPOLATE, MAP, TRAIN, handlers
from latentlab.ui.icons import icon
from latentlab.ui.latent_actions import LatentActions
from latentlab.ui.model_kinds import can_open
from latentlab.ui.panels.explore import ExplorePanel
from latentlab.ui.status import StatusLine
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.message_bar import MessageBar
from latentlab.ui.window_frame import WindowFrame
from latentlab.ui.window_title import WindowTitle

if TYPE_CHECKING:
    from latentlab.training.service import TrainJob
    from latentlab.ui.model_export import ModelExport
    from latentlab.ui.model_opening import ModelOpening
    from latentlab.ui.panels.arithmetic import ArithmeticPanel
    from latentlab.ui.panels.beside import BesidePanel
    from latentlab.ui.panels.directions import DirectionsPanel
    from latentlab.ui.panels.interpolate import InterpolatePanel
    from latentlab.ui.panels.maps import MapsPanel
    from latentlab.ui.panels.shelf import ShelfPanel
    from latentlab.ui.panels.strip import StripPanel
    from latentlab.ui.panels.train import TrainPanel
    from latentlab.ui.widgets.busy_line import BusyLine
    from latentlab.ui.widgets.command_palette import CommandPalette

_LEAST_SIZE_PX = QSize(1100, 700)
_LATE = ("strip", "directions", "shelf", "interpolate", "arithmetic", "train", "maps", "palette_")
"""What is made after the first picture, in this order."""
_LATEST_START_OF_LATE_MS = 1500
_TICK_OF_AUTOSAVE_MS = 20_000


class MainWindow(QMainWindow):
    """Shelf, canvas, directions and strip around one `Studio`. GUI thread only.

    Signals:
        furnished: Every panel has been made; GUI thread.
        closed: Everything was kept, and every thread of the window has ended; GUI thread.
    """

    furnished = Signal()
    closed = Signal()

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setWindowTitle("latentlab")
        self.setAcceptDrops(True)
        self.setMinimumSize(_LEAST_SIZE_PX.boundedTo(self.screen().availableSize()))
        self.studio = Studio(settings, self)
        self.documents = Documents(self.studio, self)
        WindowTitle(self, self.studio, self.documents.session)
        self.explore = ExplorePanel(self.studio)
        self.messages = MessageBar()
        self.frame = WindowFrame(self, self.messages)
        self.tabs, self.pages = self.frame.tabs, self.frame.pages
        self.dialogs = Dialogs(self.studio, self)
        self.latent = LatentActions(self.studio, self.documents, self._point_in_sight, self)
        self._need_model: list[QWidget] = [self.explore]
        self._late = list(_LATE)
        self.frame.place(EXPLORE, self.explore)
        self.actions_ = ActionTable(handlers(self), self)
        self.dialogs.shortcuts_of = self.actions_
        self._recent = QMenu(self.tr("Open &recent"), self)
        self._fill_bars()
        self._status = StatusLine(self.studio, self.statusBar())
        self._connect()
        self.frame.restore()
        self._on_state_changed()
        self._set_model_open(False)

    @cached_property
    def strip(self) -> StripPanel:
        """Return the strip, made when it is first asked for."""
        from latentlab.ui.panels.strip import StripPanel

        panel = StripPanel(self.studio)
        panel.export_wanted.connect(self.dialogs.export)
        panel.play_wanted.connect(self.play)
        self.frame.docks["strip"].setWidget(self._with_model(panel))
        return panel

    @cached_property
    def directions(self) -> DirectionsPanel:
        """Return the sliders, made when they are first asked for."""
        from latentlab.ui.panels.directions import DirectionsPanel

        panel = DirectionsPanel(self.studio)
        panel.find_wanted.connect(self.dialogs.find_directions)
        panel.in_hand.explore_wanted.connect(self._on_show_explore)
        self.explore.drawn.connect(panel.in_hand.set_pixels)
        panel.cosines_wanted.connect(self.dialogs.cosines)
        self.frame.docks["directions"].setWidget(self._with_model(panel))
        return panel

    @cached_property
    def shelf(self) -> ShelfPanel:
        """Return the shelf, made when it is first asked for."""
        from latentlab.ui.panels.shelf import ShelfPanel

        panel = ShelfPanel(self.studio)
        self.frame.docks["shelf"].setWidget(self._with_model(panel))
        return panel

    @cached_property
    def interpolate(self) -> InterpolatePanel:
        """Return the page of the walk, made when it is first asked for."""
        from latentlab.ui.panels.interpolate import InterpolatePanel

        panel = InterpolatePanel(self.studio)
        panel.export_wanted.connect(self.dialogs.export)
        panel.playing_changed.connect(self._on_playing)
        panel.explore_wanted.connect(self._on_show_explore)
        self.frame.place(INTERPOLATE, self._with_model(panel))
        return panel

    @cached_property
    def arithmetic(self) -> ArithmeticPanel:
        """Return the page of the arithmetic, made when it is first asked for."""
        from latentlab.ui.panels.arithmetic import ArithmeticPanel

        panel = ArithmeticPanel(self.studio)
        self.frame.place(ARITHMETIC, self._with_model(panel))
        return panel

    @cached_property
    def train(self) -> TrainPanel:
        """Return the page of the training, made when it is first asked for."""
        from latentlab.ui.panels.train import TrainPanel
        from latentlab.ui.training_status import TrainingStatus

        panel = TrainPanel(self.studio)
        panel.new_run_wanted.connect(self.dialogs.new_run)
        panel.resume_wanted.connect(self.dialogs.choose_run)
        panel.go_on_wanted.connect(self.dialogs.resume)
        panel.time_lapse_wanted.connect(self.dialogs.time_lapse)
        panel.explore_wanted.connect(self._on_show_explore)
        self.studio.training.running_changed.connect(self._on_running)
        TrainingStatus(self.studio.training, self.statusBar())
        self.frame.place(TRAIN, panel)
        return panel

    @cached_property
    def maps(self) -> MapsPanel:
        """Return the page of the maps, made when it is first asked for."""
        from latentlab.ui.panels.maps import MapsPanel

        panel = MapsPanel(self.studio)
        self.frame.place(MAP, self._with_model(panel))
        return panel

    @cached_property
    def palette_(self) -> CommandPalette:
        """Return the command palette, made when it is first asked for."""
        from latentlab.ui.widgets.command_palette import CommandPalette

        palette = CommandPalette(self.actions_.entries(), self._slider_names, self)
        palette.slider_wanted.connect(self._on_slider_wanted)
        return palette

    @cached_property
    def busy(self) -> BusyLine:
        """Return the line that says what is under way, made when it is first asked for."""
        from latentlab.ui.widgets.busy_line import BusyLine

        busy = BusyLine()
        self.frame.insert_above_pages(busy)
        return busy

    @cached_property
    def opening(self) -> ModelOpening:
        """Return what reads model files, made when it is first asked for."""
        from latentlab.ui.model_opening import ModelOpening

        opening = ModelOpening(self.studio, self.documents, self)
        opening.began.connect(self._on_reading)
        opening.ended.connect(self.busy.end)
        opening.opened.connect(self._on_opened)
        self.busy.stop_wanted.connect(opening.cancel)
        return opening

    @cached_property
    def beside(self) -> BesidePanel:
        """Return the second model, made when it is first asked for."""
        from latentlab.ui.panels.beside import BesidePanel

        beside = BesidePanel(self.studio)
        self.explore.put_beside(beside.canvas, beside)
        self.explore.picture_painted.connect(beside.draw)
        beside.began.connect(self._on_reading)
        beside.ended.connect(self.busy.end)
        self.busy.stop_wanted.connect(beside.cancel)
        return beside

    @cached_property
    def model_export(self) -> ModelExport:
        """Return what writes model files, made when it is first asked for."""
        from latentlab.ui.model_export import ModelExport

        export = ModelExport(self.studio, self)
        export.began.connect(self._on_writing)
        export.ended.connect(self.busy.end)
        return export

    @property
    def furnished_(self) -> bool:
        """Whether every panel has been made."""
        return not self._late

    def show_page(self, page: int) -> None:
        """Bring a page to the front."""
        self.tabs.setCurrentIndex(page)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep session and layout, end every thread, then close."""
        self._autosave.stop()
        self._furnishing.stop()
        self.documents.close()
        self.frame.keep()
        self.hide()
        self.dialogs.close()
        if "opening" in self.__dict__:
            self.opening.close()
        if "beside" in self.__dict__:
            self.beside.close_service()
        if "model_export" in self.__dict__:
            self.model_export.close()
        if "maps" in self.__dict__:
            self.maps.close_service()
        self.studio.close()
        super().closeEvent(event)
        self.closed.emit()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take models, sessions and images anywhere; pictures of this window go into wells."""
        files = local_files(event.mimeData())
        if any(can_open(path) for path in files) or (files and not event.mimeData().hasFormat(CARD_TYPE)):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped; images come after models."""
        event.acceptProposedAction()
        for path in local_files(event.mimeData()):
            if can_open(path):
                self.opening.open(path)
                return
        self.latent.take_image(event.mimeData())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """C compares while it is held, wherever the focus is."""
        if event.key() == Qt.Key.Key_C and not event.modifiers() and not event.isAutoRepeat():
            self.explore.show_before()
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """Letting go of C shows the present again."""
        if event.key() == Qt.Key.Key_C and not event.isAutoRepeat():
            self.explore.show_present()
        else:
            super().keyReleaseEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """A key that is let go of over another window is not heard of here."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and not self.isActiveWindow():
            self.explore.show_present()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The palette belongs to a window of the old size."""
        super().resizeEvent(event)
        if "palette_" in self.__dict__:
            self.palette_.hide()

    def _with_model(self, panel: QWidget) -> QWidget:
        """Grey a panel out while no model is open."""
        self._need_model.append(panel)
        panel.setEnabled(self.studio.model is not None)
        return panel

    def _fill_bars(self) -> None:
        menus = self.actions_.fill_menus(self.menuBar())
        menus[MODEL].insertMenu(self.actions_["model-info"], self._recent)
        bar = QToolBar(self.tr("Tools"))
        bar.setObjectName("tools")
        bar.setMovable(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.actions_.fill_tool_bar(bar)
        self.addToolBar(bar)
        self._refresh_settings(self.studio.settings)

    def _connect(self) -> None:
        studio = self.studio
        studio.model_changed.connect(self._on_model)
        studio.state_changed.connect(self._on_state_changed)
        studio.problem.connect(self.messages.show_report)
        studio.settings_changed.connect(self._refresh_settings)
        self._recent.aboutToShow.connect(self._fill_recent)
        self.tabs.currentChanged.connect(self._on_page)
        self.dialogs.run_wanted.connect(self._on_start_run)
        self.documents.reading_wanted.connect(self._on_reading_wanted)
        self.dialogs.open_wanted.connect(self._on_open)
        self.dialogs.compare_wanted.connect(self._on_compare)
        self.dialogs.explore_wanted.connect(self._on_show_explore)
        studio.image_dropped.connect(self.dialogs.find_latent_of)
        # Queued: a theme that is just being chosen changes the scheme as well, and is in the settings by then.
        scheme_changed = QGuiApplication.styleHints().colorSchemeChanged
        scheme_changed.connect(self._on_desktop_scheme, Qt.ConnectionType.QueuedConnection)
        self._on_running(False)
        self.explore.picture_painted.connect(self._on_first_picture)
        self._furnishing = QTimer(self)
        self._furnishing.setSingleShot(True)
        self._furnishing.timeout.connect(self._on_furnish)
        self._furnishing.start(_LATEST_START_OF_LATE_MS)
        self._autosave = QTimer(self)
        self._autosave.setInterval(_TICK_OF_AUTOSAVE_MS)
        self._autosave.timeout.connect(self.documents.autosave)
        self._autosave.start()

    @Slot(int)
    def _on_first_picture(self, seq: int) -> None:
        if seq < 0:  # the canvas, still empty
            return
        self.explore.picture_painted.disconnect(self._on_first_picture)
        if self._late:
            self._furnishing.start(0)

    @Slot()
    def _on_furnish(self) -> None:
        """Make one more of the panels that had to wait; each in a turn of its own, so that the hand is not held up."""
        getattr(self, self._late.pop(0))
        if self._late:
            self._furnishing.start(0)
        else:
            self.furnished.emit()

    @Slot(int)
    def _on_page(self, index: int) -> None:
        getattr(self, ("explore", "interpolate", "arithmetic", "train", "maps")[index])
        self.pages.setCurrentIndex(index)
        self.directions.in_hand.setHidden(index == EXPLORE)
        self.directions.in_hand.set_pixels(self.explore.canvas.pixels())
        page = self.pages.widget(index)
        if page is not None:
            page.setFocus(Qt.FocusReason.MouseFocusReason)

    def _set_model_open(self, is_open: bool) -> None:
        self.actions_.set_model_open(is_open)
        for panel in self._need_model:
            panel.setEnabled(is_open)

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        self._set_model_open(True)
        self._refresh_possible(model)
        self.messages.dismiss()

    @Slot()
    def _on_state_changed(self) -> None:
        session = self.studio.session
        undo, redo = (session.undo_label, session.redo_label) if session else (None, None)
        for action, word, label in (
            (self.actions_["undo"], self.tr("Undo"), undo),
            (self.actions_["redo"], self.tr("Redo"), redo),
        ):
            action.setEnabled(label is not None)
            action.setText(f"{word} {label}" if label else word)
            action.setToolTip(f"{action.text()} ({action.shortcut().toString()})")
        state = self.studio.state
        self.actions_["let-go"].setEnabled(state is not None and state.strip.held is not None)

    @Slot(bool)
    def _on_running(self, running: bool) -> None:
        for name in ("pause-run", "update-d", "update-g", "slow-motion", "stop-run"):
            self.actions_[name].setEnabled(running)
        self.actions_["new-run"].setEnabled(not running)
        self.actions_["resume-run"].setEnabled(not running)

    @Slot(object)
    def _refresh_settings(self, settings: Settings) -> None:
        self.actions_["smooth"].setChecked(settings.smooth)
        for name in theme.THEMES:
            self.actions_[f"theme-{name}"].setChecked(settings.theme == name)
        for device in DEVICES:
            self.actions_[f"device-{device}"].setChecked(settings.device == device)

    @Slot()
    def _fill_recent(self) -> None:
        self._recent.clear()
        for name in self.studio.settings.recent:
            action = self._recent.addAction(icon("grid"), Path(name).name)
            action.setToolTip(name)
            action.setData(name)
            action.triggered.connect(self._on_recent)
        if self._recent.isEmpty():
            self._recent.addAction(self.tr("Nothing yet")).setEnabled(False)

    @Slot()
    def _on_recent(self) -> None:
        action = self.sender()
        self.opening.open(Path(action.data()))  # type: ignore[attr-defined]

    @Slot(object)
    def _on_reading_wanted(self, wanted: SlowReading) -> None:
        self.opening.read(wanted)

    @Slot(object)
    def _on_open(self, path: Path) -> None:
        self.opening.open(path)

    @Slot(object)
    def _on_compare(self, path: Path) -> None:
        self.show_page(EXPLORE)
        self.beside.open(path)

    @Slot(str)
    def _on_reading(self, name: str) -> None:
        self.busy.begin(self.tr("Reading {0}…").format(name))

    @Slot(str)
    def _on_writing(self, name: str) -> None:
        self.busy.begin(self.tr("Writing {0}…").format(name), can_stop=False)

    @Slot(object)
    def _on_opened(self, model: OpenedModel) -> None:
        """Ask how a file is to be read where it does not say so itself."""
        if model.reading is None:
            return
        if not model.reading.is_certain:
            self.dialogs.how_read()
        elif model.reading.remarks:
            self.studio.notice.emit(" ".join(model.reading.remarks))

    def _refresh_possible(self, model: OpenedModel) -> None:
        """Grey what this model does not offer, with the reason."""
        for device in DEVICES:
            choice = self.actions_[f"device-{device}"]
            choice.setEnabled(device in model.devices)
            choice.setToolTip(choice.statusTip() if device in model.devices else model.closed)
        tip = self.tr("Only files of other projects can be read in several ways; this one says what it is")
        for name, why in (
            ("how-read", tip if model.reading is None else ""),
            ("find-latent", why_not_invertible(model.generator)),
        ):
            action = self.actions_[name]
            action.setEnabled(not why)
            action.setToolTip(why or action.statusTip())

    def _point_in_sight(self) -> Point | None:
        """Return the point whose picture the front page shows large."""
        page = self.pages.currentIndex()
        if page == INTERPOLATE:
            return self.interpolate.point()
        if page == ARITHMETIC:
            return self.arithmetic.point()
        return self.studio.state.picture if self.studio.state else None

    @Slot(object)
    def _on_start_run(self, job: TrainJob) -> None:
        self.show_page(TRAIN)
        self.train.begin(job)

    @Slot()
    def play(self) -> None:
        """Play or pause the walk, on its page."""
        if self.pages.currentIndex() != INTERPOLATE:
            self.show_page(INTERPOLATE)
        self.interpolate.toggle_play()

    @Slot(bool)
    def _on_playing(self, playing: bool) -> None:
        for place in (self.actions_["play"], self.strip.play):
            place.setIcon(icon("pause" if playing else "play"))

    def _slider_names(self) -> tuple[str, ...]:
        return tuple(direction.name for direction in self.studio.directions)

    @Slot(str)
    def _on_slider_wanted(self, name: str) -> None:
        self.frame.docks["directions"].show()
        self.directions.take(name)

    @Slot()
    def _on_show_explore(self) -> None:
        self.show_page(EXPLORE)

    @Slot()
    def toggle_smooth(self) -> None:
        """Enlarge pictures as the action is checked: smooth or crisp."""
        self.studio.change_settings(smooth=self.actions_["smooth"].isChecked())

    @Slot()
    def _on_desktop_scheme(self) -> None:
        if self.studio.settings.theme == "system":
            self.set_theme("system")

    def set_theme(self, name: str) -> None:
        """Give the application another look, and remember it."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, name)
        self.studio.change_settings(theme=name)
