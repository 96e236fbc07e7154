"""DIRECTIONS: one slider a direction, in sections, searchable."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from latentlab.latent.directions import Direction
from latentlab.session import changes
from latentlab.session.opened import OpenedModel
from latentlab.session.state import SessionState
from latentlab.ui.icons import icon
from latentlab.ui.panels.heading import heading, icon_button
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.number_box import SearchBox
from latentlab.ui.widgets.slider_row import SliderRow

_FIRST_FACTORS = 12


class _Section(QWidget):
    """Rows under a heading that folds them away; the rows are made when it is first opened."""

    def __init__(self, panel: DirectionsPanel, title: str, tip: str, directions: list[Direction], opened: bool) -> None:
        super().__init__()
        self._panel = panel
        self._directions = directions
        self.rows: dict[str, SliderRow] = {}
        self._title = title
        self._fold = QPushButton()
        self._fold.setObjectName("link")
        self._fold.setToolTip(tip)
        self._fold.setCheckable(True)
        self._fold.setChecked(opened)
        self._body = QWidget()
        self._column = QVBoxLayout(self._body)
        self._column.setContentsMargins(4, 0, 4, 8)
        self._column.setSpacing(2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self._fold)
        layout.addWidget(self._body)
        self._fold.toggled.connect(self._on_folded)
        self._on_folded(opened)

    def show_matching(self, text: str) -> bool:
        """Show only rows whose name holds a text; return whether there are any."""
        if text and not self.rows:
            self._make_rows()
        matches = [row for name, row in self.rows.items() if text in name.casefold()]
        for row in self.rows.values():
            row.setVisible(row in matches)
        self._body.setVisible(bool(matches) if text else self._fold.isChecked())
        self.setVisible(bool(matches) or not text)
        return bool(matches)

    def show_strengths(self, state: SessionState) -> None:
        """Bring the rows to the picture's strengths."""
        strengths = state.picture.strengths
        if not self.rows and any(direction.name in strengths for direction in self._directions):
            self._fold.setChecked(True)
        for name, row in self.rows.items():
            row.set_value(strengths.get(name, 0.0))

    def describe(self, directions: Sequence[Direction]) -> None:
        """Take over what is said of the rows' directions."""
        details = {direction.name: direction.detail for direction in directions}
        for name, row in self.rows.items():
            row.describe(details[name])

    @Slot(bool)
    def _on_folded(self, opened: bool) -> None:
        if opened and not self.rows:
            self._make_rows()
        self._fold.setText(f"{self._title}  {len(self._directions)}")
        self._fold.setIcon(icon("chevron-down" if opened else "chevron-right"))
        self._body.setVisible(opened)

    def _make_rows(self) -> None:
        for direction in self._directions:
            row = SliderRow(direction.name, direction.detail)
            row.value_changed.connect(self._panel.on_value)
            self._column.addWidget(row)
            self.rows[direction.name] = row
        self._panel.show_values(self)


class DirectionsPanel(QWidget):
    """Sliders over the open model's directions; they act on the picture under the hand."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._studio = studio
        self._sections: list[_Section] = []
        self._shown: list[tuple[str, str]] = []
        self.search = SearchBox()
        self.search.setPlaceholderText(self.tr("Search directions"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Search directions"))
        self.reset = icon_button("reset", self.tr("Bring every slider to rest"), size_px=16)
        self._nothing = QLabel(self.tr("No direction of that name."))
        self._nothing.setObjectName("muted")
        self._nothing.hide()
        self._scrolled = QWidget()
        self._scrolled.setObjectName("scrolled")
        self._column = QVBoxLayout(self._scrolled)
        self._column.setContentsMargins(10, 0, 10, 8)
        self._column.setSpacing(0)
        self._column.addWidget(self._nothing)
        self._column.addStretch(1)
        area = QScrollArea()
        area.setAccessibleName(self.tr("Directions"))
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(self._scrolled)
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 8, 0)
        top.addWidget(heading(self.tr("Directions")), 1)
        top.addWidget(self.reset)
        search_row = QHBoxLayout()
        search_row.setContentsMargins(12, 0, 12, 6)
        search_row.addWidget(self.search)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addLayout(search_row)
        layout.addWidget(area, 1)
        self.setMinimumWidth(248)
        studio.follow_model(self._on_model)
        studio.follow_state(self._on_state)
        self.search.textChanged.connect(self._on_search)
        self.reset.clicked.connect(self._on_reset)

    def row(self, name: str) -> SliderRow | None:
        """Return the slider of a direction whose section has been opened."""
        return next((section.rows[name] for section in self._sections if name in section.rows), None)

    def show_values(self, section: _Section) -> None:
        """Bring a section's new rows to the picture's strengths."""
        if self._studio.state is not None:
            section.show_strengths(self._studio.state)

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        # The next snapshot of a training has the same directions: a slider that is being dragged must outlive it.
        offered = [(each.name, each.source) for each in model.directions]
        if offered == self._shown:
            for section in self._sections:
                section.describe(model.directions)
            return
        self._shown = offered
        shown = [row.name for section in self._sections for row in section.rows.values()]
        saved = [each for each in model.directions if each.source not in ("sefa", "axis")]
        factors = [each for each in model.directions if each.source == "sefa"]
        axes = [each for each in model.directions if each.source == "axis"]
        for section in self._sections:
            self._column.removeWidget(section)
            section.deleteLater()
        self._sections = []
        factor_tip = self.tr(
            "What the generator's first layer amplifies most, strongest first; needs no labels and no samples.\n"
            "(Shen & Zhou 2021, arXiv:2007.06600)"
        )
        self._add(self.tr("Saved with the model"), self.tr("Directions that came with the model"), saved, True)
        self._add(self.tr("Factors of the first layer"), factor_tip, factors[:_FIRST_FACTORS], True)
        self._add(self.tr("More factors"), factor_tip, factors[_FIRST_FACTORS:], False)
        axes_tip = self.tr("The components of z, one by one. No axis means anything by itself.")
        self._add(self.tr("Raw axes"), axes_tip, axes, any(name.startswith("z ") for name in shown))
        self._on_search(self.search.text())

    def _add(self, title: str, tip: str, directions: list[Direction], opened: bool) -> None:
        if directions:
            section = _Section(self, title, tip, directions, opened)
            self._sections.append(section)
            self._column.insertWidget(self._column.count() - 1, section)

    @Slot(object)
    def _on_state(self, state: SessionState) -> None:
        for section in self._sections:
            section.show_strengths(state)
        self.reset.setEnabled(bool(state.picture.strengths))

    @Slot(str)
    def _on_search(self, text: str) -> None:
        wanted = text.strip().casefold()
        found = [section.show_matching(wanted) for section in self._sections]
        self._nothing.setVisible(bool(wanted) and not any(found))

    @Slot()
    def _on_reset(self) -> None:
        self._studio.apply(changes.reset_strengths(), self.tr("Reset all sliders"))

    @Slot(str, float, int)
    def on_value(self, name: str, value: float, gesture: int) -> None:
        """Move the picture along a direction."""
        self._studio.apply(changes.set_strength(name, value), name, ("strength", name, gesture))
