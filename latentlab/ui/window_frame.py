"""The frame of the window: tabs over pages in the middle, docks around them, and where the user left them."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QObject, QSettings, QSize, Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from latentlab.paths import config_dir

_LAYOUT_VERSION = 1
_SIZE_PX = QSize(1280, 820)
_SIDE_WIDTHS_PX = [216, 300]
_STRIP_HEIGHT_PX = 150


class WindowFrame(QObject):
    """Keeps the places of panels, which are made later than it. GUI thread only.

    Args:
        window: Gets it.
        messages: What stands between tabs and pages.

    Attributes:
        tabs: One for each page.
        pages: An empty widget for each until `place`.
        docks: By name: ``shelf``, ``directions``, ``strip``.
    """

    def __init__(self, window: QMainWindow, messages: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self.tabs = QTabBar()
        self.tabs.setObjectName("tabs")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.pages = QStackedWidget()
        titles = (self.tr("Explore"), self.tr("Interpolate"), self.tr("Arithmetic"), self.tr("Train"), self.tr("Map"))
        for title in titles:
            self.tabs.addTab(title.upper())
            self.pages.addWidget(QWidget())
        middle = _panel()
        self._middle = QVBoxLayout(middle)
        self._middle.setContentsMargins(0, 0, 0, 0)
        self._middle.setSpacing(0)
        self._middle.addWidget(self.tabs)
        self._middle.addWidget(messages)
        self._middle.addWidget(self.pages, 1)
        window.resize(self._usual_size())
        window.setCentralWidget(middle)
        left, right, bottom = (
            Qt.DockWidgetArea.LeftDockWidgetArea,
            Qt.DockWidgetArea.RightDockWidgetArea,
            Qt.DockWidgetArea.BottomDockWidgetArea,
        )
        window.setCorner(Qt.Corner.BottomLeftCorner, bottom)
        window.setCorner(Qt.Corner.BottomRightCorner, bottom)
        self.docks = {
            "shelf": self._dock("shelf", self.tr("Shelf"), QSize(_SIDE_WIDTHS_PX[0], 0), left),
            "directions": self._dock("directions", self.tr("Directions"), QSize(_SIDE_WIDTHS_PX[1], 0), right),
            "strip": self._dock("strip", self.tr("Strip"), QSize(0, _STRIP_HEIGHT_PX), bottom),
        }

    def place(self, page: int, panel: QWidget) -> None:
        """Put a page in its place, which an empty widget has kept."""
        panel.setAccessibleName(self.tabs.tabText(page).capitalize())
        panel.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        in_front = self.pages.currentIndex() == page
        room = self.pages.widget(page)
        if room is not None:
            self.pages.removeWidget(room)
            room.deleteLater()
        self.pages.insertWidget(page, panel)
        if in_front:
            self.pages.setCurrentIndex(page)

    def insert_above_pages(self, widget: QWidget) -> None:
        """Put a line between the messages and the pages."""
        self._middle.insertWidget(self._middle.indexOf(self.pages), widget)

    def restore(self) -> None:
        """Put everything where it was when the window was last closed."""
        geometry, layout = _kept().value("geometry"), _kept().value("layout")
        if isinstance(geometry, QByteArray):
            self._window.restoreGeometry(geometry)
            self._window.resize(self._window.size().boundedTo(self._window.screen().availableSize()))
        if not (isinstance(layout, QByteArray) and self._window.restoreState(layout, _LAYOUT_VERSION)):
            self._reset_widths()

    def keep(self) -> None:
        """Remember where everything is."""
        _kept().setValue("geometry", self._window.saveGeometry())
        _kept().setValue("layout", self._window.saveState(_LAYOUT_VERSION))

    def reset(self) -> None:
        """Put every panel back in its place."""
        for dock in self.docks.values():
            dock.show()
        self._reset_widths()
        self._window.resize(self._usual_size())

    def _usual_size(self) -> QSize:
        """Return the size to begin with, no larger than the screen has room for."""
        return _SIZE_PX.boundedTo(self._window.screen().availableSize())

    def _dock(self, name: str, title: str, size_px: QSize, area: Qt.DockWidgetArea) -> QDockWidget:
        """Return an empty dock that keeps the room its panel will take."""
        dock = QDockWidget(title, self._window)
        dock.setObjectName(name)
        dock.setTitleBarWidget(QWidget())
        room = _panel()
        room.setMinimumSize(size_px)
        dock.setWidget(room)
        self._window.addDockWidget(area, dock)
        return dock

    def _reset_widths(self) -> None:
        sides = [self.docks["shelf"], self.docks["directions"]]
        self._window.resizeDocks(sides, _SIDE_WIDTHS_PX, Qt.Orientation.Horizontal)


def _panel() -> QWidget:
    widget = QWidget()
    widget.setObjectName("panel")
    widget.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
    return widget


def _kept() -> QSettings:
    return QSettings(str(config_dir() / "layout.ini"), QSettings.Format.IniFormat)
