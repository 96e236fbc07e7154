"""*Latent > Variants, Breed, Sheet*: a window beside the main one in which pictures lead to pictures."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtWidgets import QDialog, QStackedWidget, QTabBar, QVBoxLayout, QWidget

from latentlab.ui.panels.breed import BreedPanel
from latentlab.ui.panels.sheet import SheetPanel
from latentlab.ui.panels.variants import VariantsPanel
from latentlab.ui.studio import Studio

_SIZE_PX = QSize(640, 680)


class VariationsWindow(QDialog):
    """Three pages; only the one in sight draws. GUI thread only."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Variants"))
        self.resize(_SIZE_PX)
        self.variants = VariantsPanel(studio)
        self.breed = BreedPanel(studio)
        self.sheet = SheetPanel(studio)
        self.tabs = QTabBar()
        self.tabs.setObjectName("tabs")
        self.tabs.setExpanding(False)
        self.tabs.setDrawBase(False)
        self.pages = QStackedWidget()
        titles = (self.tr("Variants"), self.tr("Breed"), self.tr("Sheet"))
        for title, page in zip(titles, (self.variants, self.breed, self.sheet), strict=True):
            self.tabs.addTab(title.upper())
            self.pages.addWidget(page)
        self.tabs.currentChanged.connect(self._on_tab)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 8, 16, 16)
        layout.setSpacing(0)
        layout.addWidget(self.tabs)
        layout.addWidget(self.pages, 1)

    def offer(self, page: int) -> None:
        """Show a page."""
        self.tabs.setCurrentIndex(page)
        self.show()
        self.raise_()
        self.activateWindow()
        shown = self.pages.currentWidget()
        if shown is not None:
            shown.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(int)
    def _on_tab(self, index: int) -> None:
        self.pages.setCurrentIndex(index)
