"""The window: composes panels, actions and dialogs; holds no logic of its own beyond that."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, QSettings, QSize, Qt, QTimer, Slot
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QMainWindow,
    QMenu,
    QStackedWidget,
    QTabBar,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from latentlab.models.checkpoint import SUFFIX as MODEL_SUFFIX
from latentlab.paths import config_dir
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.session.store import SUFFIX as SESSION_SUFFIX
from latentlab.training.service import TrainJob
from latentlab.ui import theme
from latentlab.ui.actions import MODEL, ActionTable
from latentlab.ui.card_mime import local_files
from latentlab.ui.dialogs.opener import Dialogs
from latentlab.ui.documents import Documents
from latentlab.ui.icons import icon
from latentlab.ui.latent_actions import LatentActions
from latentlab.ui.panels.arithmetic import ArithmeticPanel
from latentlab.ui.panels.directions import DirectionsPanel
from latentlab.ui.panels.explore import ExplorePanel
from latentlab.ui.panels.interpolate import InterpolatePanel
from latentlab.ui.panels.shelf import ShelfPanel
from latentlab.ui.panels.strip import StripPanel
from latentlab.ui.panels.train import TrainPanel
from latentlab.ui.status import StatusLine
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.command_palette import CommandPalette
from latentlab.ui.widgets.message_bar import MessageBar

EXPLORE, INTERPOLATE, ARITHMETIC, TRAIN = range(4)
_LAYOUT_VERSION = 1
_TICK_OF_AUTOSAVE_MS = 20_000
_SIZE_PX = QSize(1280, 820)
_SIDE_WIDTHS_PX = [216, 300]


class MainWindow(QMainWindow):
    """Shelf, canvas, directions and strip around one `Studio`. GUI thread only."""

    def __init__(self, settings: Settings) -> None:
        super().__init__()
        self.setWindowTitle("latentlab")
        self.setAcceptDrops(True)
        self.setMinimumSize(900, 600)
        self.resize(_SIZE_PX)
        self.studio = Studio(settings, self)
        self.documents = Documents(self.studio, self)
        self.explore = ExplorePanel(self.studio)
        self.interpolate = InterpolatePanel(self.studio)
        self.arithmetic = ArithmeticPanel(self.studio)
        self.train = TrainPanel(self.studio)
        self.shelf = ShelfPanel(self.studio)
        self.directions = DirectionsPanel(self.studio)
        self.strip = StripPanel(self.studio)
        self.messages = MessageBar()
        self.tabs = QTabBar()
        self.pages = QStackedWidget()
        self.dialogs = Dialogs(self.studio, self)
        self.latent = LatentActions(self.studio, self.documents, self._point_in_sight, self)
        self._compose()
        self.actions_ = ActionTable(self._handlers(), self)
        self.dialogs.shortcuts_of = self.actions_
        self._recent = QMenu(self.tr("Open &recent"), self)
        self._fill_bars()
        self.palette_ = CommandPalette(self.actions_.entries(), self)
        self._status = StatusLine(self.studio, self.statusBar())
        self._connect()
        self._restore_layout()
        self._on_state_changed()
        self._set_model_open(False)

    def show_page(self, page: int) -> None:
        """Bring a page to the front."""
        self.tabs.setCurrentIndex(page)

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep session and layout, end every thread, then close."""
        self._autosave.stop()
        self.documents.autosave()
        self._settings().setValue("geometry", self.saveGeometry())
        self._settings().setValue("layout", self.saveState(_LAYOUT_VERSION))
        self.hide()
        self.dialogs.close()
        self.studio.close()
        super().closeEvent(event)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take model and session files anywhere."""
        if any(_can_open(path) for path in local_files(event.mimeData())):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        for path in local_files(event.mimeData()):
            if _can_open(path):
                event.acceptProposedAction()
                self.documents.open_any(path)
                return

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
        self.palette_.hide()

    def _compose(self) -> None:
        self.tabs.setObjectName("tabs")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        titles = (self.tr("Explore"), self.tr("Interpolate"), self.tr("Arithmetic"), self.tr("Train"))
        for title, page in zip(titles, (self.explore, self.interpolate, self.arithmetic, self.train), strict=True):
            self.tabs.addTab(title.upper())
            page.setAccessibleName(title)
            page.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
            self.pages.addWidget(page)
        middle = QWidget()
        middle.setObjectName("panel")
        middle.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tabs)
        layout.addWidget(self.messages)
        layout.addWidget(self.pages, 1)
        self.setCentralWidget(middle)
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.BottomDockWidgetArea)
        self.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.BottomDockWidgetArea)
        left, right, bottom = (
            Qt.DockWidgetArea.LeftDockWidgetArea,
            Qt.DockWidgetArea.RightDockWidgetArea,
            Qt.DockWidgetArea.BottomDockWidgetArea,
        )
        self._docks = [
            self._dock("shelf", self.tr("Shelf"), self.shelf, left),
            self._dock("directions", self.tr("Directions"), self.directions, right),
            self._dock("strip", self.tr("Strip"), self.strip, bottom),
        ]

    def _dock(self, name: str, title: str, panel: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self)
        dock.setObjectName(name)
        dock.setTitleBarWidget(QWidget())
        dock.setWidget(panel)
        self.addDockWidget(area, dock)
        return dock

    def _handlers(self) -> dict[str, Callable[[], None]]:
        return {
            "open-session": self.documents.choose_session,
            "save-session": self.documents.save,
            "save-session-as": self.documents.save_as,
            "save-picture": self.latent.save_picture,
            "export": self.dialogs.export,
            "quit": self._on_quit,
            "undo": self.latent.undo,
            "redo": self.latent.redo,
            "copy": self.latent.copy,
            "paste": self.latent.paste,
            "open-model": self.documents.choose_model,
            "open-bundled": self.documents.open_bundled,
            "model-info": self.dialogs.model_card,
            "roll": self.explore.roll,
            "previous-seed": self.latent.previous_seed,
            "next-seed": self.latent.next_seed,
            "keep": self.latent.keep,
            "reset": self.explore.reset_picture,
            "hold-a": self.latent.hold_a,
            "hold-b": self.latent.hold_b,
            "let-go": self.latent.let_go,
            "swap": self.latent.swap,
            "play": self._on_play,
            "new-run": self.dialogs.new_run,
            "resume-run": self.dialogs.choose_run,
            "pause-run": self.train.toggle_pause,
            "stop-run": self.train.stop_run,
            "show-explore": self._on_show_explore,
            "show-interpolate": self._on_show_interpolate,
            "show-arithmetic": self._on_show_arithmetic,
            "show-train": self._on_show_train,
            "smooth": self._on_smooth,
            "theme-system": self._on_theme,
            "theme-light": self._on_theme,
            "theme-dark": self._on_theme,
            "reset-layout": self._on_reset_layout,
            "palette": self._on_palette,
            "shortcuts": self.dialogs.shortcuts,
            "about": self.dialogs.about,
        }

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
        studio.training.running_changed.connect(self._on_running)
        self._recent.aboutToShow.connect(self._fill_recent)
        self.tabs.currentChanged.connect(self._on_page)
        self.strip.export_wanted.connect(self.dialogs.export)
        self.strip.play_wanted.connect(self._on_play)
        self.interpolate.export_wanted.connect(self.dialogs.export)
        self.interpolate.playing_changed.connect(self._on_playing)
        self.train.new_run_wanted.connect(self.dialogs.new_run)
        self.train.resume_wanted.connect(self.dialogs.choose_run)
        self.train.go_on_wanted.connect(self.dialogs.resume)
        self.interpolate.explore_wanted.connect(self._on_show_explore)
        self.dialogs.run_wanted.connect(self._on_start_run)
        self.train.explore_wanted.connect(self._on_show_explore)
        self._on_running(False)
        self._autosave = QTimer(self)
        self._autosave.setInterval(_TICK_OF_AUTOSAVE_MS)
        self._autosave.timeout.connect(self.documents.autosave)
        self._autosave.start()

    def _settings(self) -> QSettings:
        return QSettings(str(config_dir() / "layout.ini"), QSettings.Format.IniFormat)

    def _restore_layout(self) -> None:
        geometry, layout = self._settings().value("geometry"), self._settings().value("layout")
        if isinstance(geometry, QByteArray):
            self.restoreGeometry(geometry)
        if not (isinstance(layout, QByteArray) and self.restoreState(layout, _LAYOUT_VERSION)):
            self.resizeDocks(self._docks[:2], _SIDE_WIDTHS_PX, Qt.Orientation.Horizontal)

    @Slot(int)
    def _on_page(self, index: int) -> None:
        self.pages.setCurrentIndex(index)
        page = self.pages.widget(index)
        if page is not None:
            page.setFocus(Qt.FocusReason.MouseFocusReason)

    def _set_model_open(self, is_open: bool) -> None:
        self.actions_.set_model_open(is_open)
        for panel in (self.explore, self.interpolate, self.arithmetic, self.shelf, self.directions, self.strip):
            panel.setEnabled(is_open)

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        self.setWindowTitle(f"{model.title} — latentlab")
        self._set_model_open(True)
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
        self.actions_["pause-run"].setEnabled(running)
        self.actions_["stop-run"].setEnabled(running)
        self.actions_["new-run"].setEnabled(not running)
        self.actions_["resume-run"].setEnabled(not running)

    @Slot(object)
    def _refresh_settings(self, settings: Settings) -> None:
        self.actions_["smooth"].setChecked(settings.smooth)
        for name in theme.THEMES:
            self.actions_[f"theme-{name}"].setChecked(settings.theme == name)

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
        self.studio.open_path(Path(action.data()))  # type: ignore[attr-defined]

    def _point_in_sight(self) -> Point | None:
        """Return the point whose picture the front page shows large."""
        page = self.pages.currentWidget()
        if page is self.interpolate:
            return self.interpolate.point()
        if page is self.arithmetic:
            return self.arithmetic.point()
        return self.studio.state.picture if self.studio.state else None

    @Slot(object)
    def _on_start_run(self, job: TrainJob) -> None:
        self.show_page(TRAIN)
        self.train.begin(job)

    @Slot()
    def _on_play(self) -> None:
        if self.pages.currentIndex() != INTERPOLATE:
            self.show_page(INTERPOLATE)
        self.interpolate.toggle_play()

    @Slot(bool)
    def _on_playing(self, playing: bool) -> None:
        for place in (self.actions_["play"], self.strip.play):
            place.setIcon(icon("pause" if playing else "play"))

    @Slot()
    def _on_show_explore(self) -> None:
        self.show_page(EXPLORE)

    @Slot()
    def _on_show_interpolate(self) -> None:
        self.show_page(INTERPOLATE)

    @Slot()
    def _on_show_arithmetic(self) -> None:
        self.show_page(ARITHMETIC)

    @Slot()
    def _on_show_train(self) -> None:
        self.show_page(TRAIN)

    @Slot()
    def _on_smooth(self) -> None:
        self.studio.change_settings(smooth=self.actions_["smooth"].isChecked())

    @Slot()
    def _on_theme(self) -> None:
        chosen = next(name for name in theme.THEMES if self.actions_[f"theme-{name}"].isChecked())
        self.set_theme(chosen)

    def set_theme(self, name: str) -> None:
        """Give the application another look, and remember it."""
        app = QApplication.instance()
        if isinstance(app, QApplication):
            theme.apply(app, name)
        self.studio.change_settings(theme=name)

    @Slot()
    def _on_reset_layout(self) -> None:
        for dock in self._docks:
            dock.show()
        self.resizeDocks(self._docks[:2], _SIDE_WIDTHS_PX, Qt.Orientation.Horizontal)
        self.resize(_SIZE_PX)

    @Slot()
    def _on_palette(self) -> None:
        self.palette_.open()

    @Slot()
    def _on_quit(self) -> None:
        self.close()


def _can_open(path: Path) -> bool:
    return path.suffix.lower() in (MODEL_SUFFIX, SESSION_SUFFIX) or path.is_dir()
