"""*Latent > Cosines…*: which directions do the same thing, as a matrix and in words."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QSize, Slot
from PySide6.QtWidgets import QComboBox, QDialog, QHBoxLayout, QLabel, QListWidget, QScrollArea, QVBoxLayout, QWidget

from latentlab.latent.directions import Direction, cosines
from latentlab.session.settings import Settings
from latentlab.session.state import SessionState
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.heat_map import HeatMap

ENTANGLED = 0.3
_FACTORS = 8
_AT_MOST = 64
_SIZE_PX = QSize(620, 720)


class CosinesDialog(QDialog):
    """The cosine between any two sliders, up to date while directions come and go."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Cosines between directions"))
        self.resize(_SIZE_PX)
        self._studio = studio
        self._shown: list[Direction] = []
        self._values = np.zeros((0, 0))
        self.choice = QComboBox()
        for title, key in (
            (self.tr("Own, favourites and the first factors"), "first"),
            (self.tr("Own and favourites"), "own"),
            (self.tr("Everything but raw axes"), "all"),
        ):
            self.choice.addItem(title, key)
        self.choice.setAccessibleName(self.tr("Which directions"))
        about = QLabel(
            self.tr(
                "0: independent. Near 1 or −1: one slider moves the other; lock one and condition the other on it. "
                "(Shen et al. 2020, arXiv:1907.10786, section 3.3)"
            )
        )
        about.setObjectName("muted")
        about.setWordWrap(True)
        self.map = HeatMap()
        self.map.setAccessibleName(self.tr("Cosines; the arrow keys go from cell to cell"))
        self.value = QLabel()
        self.value.setObjectName("figure")
        self.pairs = QListWidget()
        self.pairs.setAccessibleName(self.tr("Entangled pairs"))
        self.pairs.setMaximumHeight(140)
        self._heading = QLabel()
        self._heading.setObjectName("section")
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(self.map)
        self.map.setObjectName("scrolled")
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(QLabel(self.tr("Show")))
        top.addWidget(self.choice, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(about)
        layout.addWidget(area, 1)
        layout.addWidget(self.value)
        layout.addWidget(self._heading)
        layout.addWidget(self.pairs)
        self.choice.activated.connect(self.refresh)
        self.map.cell_changed.connect(self._on_cell)
        studio.follow_state(self._on_state)
        studio.settings_changed.connect(self._on_settings)
        self._on_cell(-1, -1)

    def offer(self) -> None:
        """Show the dialog as things are now."""
        self.refresh()
        self.show()
        self.raise_()
        self.activateWindow()

    @Slot()
    def refresh(self) -> None:
        """Work the matrix out anew."""
        self._shown = self._chosen()
        self._values = cosines(self._shown)
        names = [direction.name for direction in self._shown]
        self.map.show_values(names, self._values)
        self.pairs.clear()
        entangled = self._entangled()
        self.pairs.addItems([self._in_words(first, second) for first, second in entangled])
        self._heading.setText(
            self.tr("{0} entangled pairs, above {1}").format(len(entangled), ENTANGLED)
            if entangled
            else self.tr("No two of them are entangled: no cosine is above {0}.").format(ENTANGLED)
        )
        self.pairs.setVisible(bool(entangled))
        self._on_cell(*self.map.cell())

    def _chosen(self) -> list[Direction]:
        state = self._studio.state
        if state is None:
            return []
        own, layout = {direction.name for direction in state.directions}, state.sliders
        mine = [each for each in self._studio.directions if each.name in own or each.name in layout.favourites]
        names = {each.name for each in mine}
        others = [each for each in self._studio.directions if each.name not in names and each.source != "axis"]
        factors = [each for each in others if each.source == "sefa"][:_FACTORS]
        added = {"first": factors, "own": [], "all": others}[self.choice.currentData()]
        chosen = [each for each in (*mine, *added) if each.name not in layout.hidden]
        return chosen[:_AT_MOST]

    def _entangled(self) -> list[tuple[int, int]]:
        """Return the pairs that move each other, the most entangled first."""
        sizes = np.abs(np.triu(self._values, 1))
        pairs = np.argwhere(sizes > ENTANGLED)
        order = np.argsort(-sizes[tuple(pairs.T)], kind="stable")
        return [(int(first), int(second)) for first, second in pairs[order]]

    def _in_words(self, first: int, second: int) -> str:
        one, other, value = self._shown[first].name, self._shown[second].name, self._values[first, second]
        text = (
            self.tr("{0} and {1}: {2}; more of one is more of the other")
            if value > 0
            else self.tr("{0} and {1}: {2}; more of one is less of the other")
        )
        return text.format(one, other, f"{round(value, 2) + 0.0:.2f}".replace("-", "−"))

    @Slot(int, int)
    def _on_cell(self, row: int, column: int) -> None:
        if row < 0:
            hint = self.tr("Point at a cell to read it.") if self._shown else self.tr("Find or mark directions first.")
            self.value.setText(hint)
            return
        value = f"{self._values[row, column]:.3f}".replace("-", "−")
        self.value.setText(f"{self._shown[row].name} · {self._shown[column].name}: {value}")

    @Slot(object)
    def _on_state(self, _state: SessionState) -> None:
        if self.isVisible():
            chosen = self._chosen()
            if len(chosen) != len(self._shown) or any(a is not b for a, b in zip(chosen, self._shown, strict=True)):
                self.refresh()

    @Slot(object)
    def _on_settings(self, _settings: Settings) -> None:
        self.map.update()
