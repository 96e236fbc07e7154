"""DIRECTIONS: one slider a direction, in sections or sorted, with the pictures that its ends would give."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPoint, Qt, Signal, Slot
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from latentlab.latent.directions import Direction
from latentlab.session import changes
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.session.sliders import SliderLayout
from latentlab.session.state import SessionState
from latentlab.ui.card_mime import start_drag
from latentlab.ui.panels.direction_arrangement import FOUND, SORTS, arranged, source_title
from latentlab.ui.panels.direction_edits import DirectionEdits
from latentlab.ui.panels.direction_ends import SliderEnds
from latentlab.ui.panels.direction_list import DirectionList
from latentlab.ui.panels.direction_positions import Stance
from latentlab.ui.panels.heading import heading, icon_button
from latentlab.ui.panels.in_hand import InHand
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.number_box import SearchBox
from latentlab.ui.widgets.slider_row import SliderRow


class DirectionsPanel(QWidget):
    """Sliders over all directions there are; they act on the picture under the hand.

    In *offset* mode a slider shows how far the picture was moved from where it started; in *coordinate* mode where the
    picture itself stands on the direction, so that the slider rests where it started.

    Signals:
        find_wanted: Someone wants to find directions; GUI thread.
        cosines_wanted: Someone wants to see which directions are entangled; GUI thread.
    """

    find_wanted = Signal()
    cosines_wanted = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._studio = studio
        self._model: OpenedModel | None = None
        self._directions: tuple[Direction, ...] = ()
        self._named: dict[str, Direction] = {}
        self._own: frozenset[str] = frozenset()
        self._layout_shown = SliderLayout()
        self._picture: Point | None = None
        self._show_hidden = False
        self.edits = DirectionEdits(studio, self)
        self.search = SearchBox()
        self.search.setPlaceholderText(self.tr("Search directions"))
        self.search.setClearButtonEnabled(True)
        self.search.setAccessibleName(self.tr("Search directions"))
        self.finder = icon_button("plus", self.tr("Find directions… (Ctrl+D)"), size_px=16)
        self.cosines = icon_button("grid", self.tr("Which directions are entangled: their cosines"), size_px=16)
        self.coordinates = icon_button(
            "coordinate",
            self.tr(
                "Coordinate mode: sliders show where the picture itself stands on a direction, and rest where it\n"
                "started; otherwise they show how far it was moved. (Pidhorskyi et al. 2020, arXiv:2004.04467)"
            ),
            size_px=16,
            checkable=True,
        )
        self.coordinates.setAccessibleName(self.tr("Coordinate mode"))
        self.reset = icon_button("reset", self.tr("Bring every slider to rest that is not locked"), size_px=16)
        self.options = icon_button("sort", self.tr("Sort the sliders, show hidden ones"), size_px=16)
        self._nothing = QLabel(self.tr("No direction of that name."))
        self._nothing.setObjectName("muted")
        self._nothing.setContentsMargins(12, 4, 12, 4)
        self._nothing.hide()
        self.in_hand = InHand(studio)
        self.in_hand.hide()
        self.sliders = DirectionList(self._make_row)
        self.sliders.setAccessibleName(self.tr("Directions"))
        self.ends = SliderEnds(studio, self.sliders)
        self._fill_options()
        self._lay_out()
        self.setMinimumWidth(264)
        self._on_settings(studio.settings)
        studio.follow_model(self._on_model)
        studio.follow_state(self._on_state)
        studio.settings_changed.connect(self._on_settings)
        self.search.textChanged.connect(self._on_search)
        self.finder.clicked.connect(self.find_wanted)
        self.cosines.clicked.connect(self.cosines_wanted)
        self.coordinates.toggled.connect(self._on_coordinates)
        self.reset.clicked.connect(self.edits.reset)
        self.sliders.sight_changed.connect(self._on_sight)
        self.sliders.row_moved.connect(self.edits.order)
        self.edits.rename_asked.connect(self._on_rename_asked)

    def row(self, name: str) -> SliderRow | None:
        """Return the slider of a direction whose section is open."""
        return self.sliders.row(name)

    def take(self, name: str) -> None:
        """Bring the slider of a direction into sight, wherever it is, and give it the keyboard."""
        self.search.clear()
        if self._layout_shown is not None and name in self._layout_shown.hidden:
            self.hidden.setChecked(True)
        self.sliders.reveal(name)
        row = self.row(name)
        if row is not None:
            row.take_focus()

    def _fill_options(self) -> None:
        self._menu = QMenu(self)
        titles = {
            "found": self.tr("As &found, by source"),
            "name": self.tr("By &name"),
            "source": self.tr("By &source"),
            "accuracy": self.tr("By &accuracy"),
            "hand": self.tr("By &hand"),
        }
        group = QActionGroup(self)
        self._sorts: dict[str, QAction] = {}
        for key in SORTS:
            action = self._menu.addAction(titles[key])
            action.setCheckable(True)
            action.setData(key)
            group.addAction(action)
            self._sorts[key] = action
        group.triggered.connect(self._on_sort)
        self._menu.addSeparator()
        self.hidden = self._menu.addAction(self.tr("Show hi&dden ones"))
        self.hidden.setCheckable(True)
        self.hidden.toggled.connect(self._on_show_hidden)
        self.pictures = self._menu.addAction(self.tr("&Pictures at the ends"))
        self.pictures.setCheckable(True)
        self.pictures.toggled.connect(self._on_pictures)
        self.options.setMenu(self._menu)
        self.options.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(0, 0, 8, 0)
        top.setSpacing(0)
        top.addWidget(heading(self.tr("Directions")), 1)
        for button in (self.finder, self.cosines, self.coordinates, self.reset):
            top.addWidget(button)
        search_row = QHBoxLayout()
        search_row.setContentsMargins(12, 0, 8, 6)
        search_row.setSpacing(4)
        search_row.addWidget(self.search, 1)
        search_row.addWidget(self.options)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.in_hand)
        layout.addLayout(search_row)
        layout.addWidget(self._nothing)
        layout.addWidget(self.sliders, 1)

    def _make_row(self, name: str) -> SliderRow:
        row = SliderRow(name, "")
        row.value_changed.connect(self._on_value)
        row.rename_wanted.connect(self._on_rename)
        row.rename_refused.connect(self.edits.refuse_rename)
        row.mark_wanted.connect(self.edits.mark)
        row.menu_wanted.connect(self._on_menu)
        row.end_wanted.connect(self._on_end_wanted)
        row.end_dragged.connect(self._on_end_dragged)
        row.gripped.connect(self._on_gripped)
        row.dropped.connect(self.sliders.drop_row)
        row.step_wanted.connect(self._on_step)
        self._explain(row)
        self._describe(row)
        self._show_values([row])
        return row

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        self._model = model
        if self._studio.state is not None:
            self._on_state(self._studio.state)

    @Slot(object)
    def _on_state(self, state: SessionState) -> None:
        directions = self._studio.directions
        if directions is not self._directions or state.sliders != self._layout_shown:
            self._take_over(state, directions)
            self._show_values(self.sliders.rows())
            self.ends.outdate()
        elif state.picture is not self._picture:
            self._show_changes(state)
            self.ends.outdate()
        self._picture = state.picture
        self.reset.setEnabled(any(name not in state.sliders.locked for name in state.picture.strengths))

    def _take_over(self, state: SessionState, directions: tuple[Direction, ...]) -> None:
        """Show other directions, or the same ones marked or ordered otherwise; rows that stay are kept."""
        own = frozenset(direction.name for direction in state.directions)
        came = [each.name for each in state.directions if each.name not in self._named] if self._named else []
        stays = {each.name for each in directions}
        self.sliders.drop([name for name in self._named if name not in stays])
        self._directions, self._named = directions, {each.name: each for each in directions}
        self._own, self._layout_shown = own, state.sliders
        self._arrange()
        for row in self.sliders.rows():
            self._describe(row)
        for name in state.picture.strengths:
            self.sliders.unfold(name)
        if came:
            self.sliders.reveal(came[0])

    def _arrange(self) -> None:
        sections = arranged(
            self._directions,
            self._own,
            self._layout_shown,
            self._studio.settings.slider_order,
            self.search.text(),
            self._show_hidden,
        )
        self.sliders.show_sections(sections)
        self._nothing.setVisible(bool(self._directions) and not sections)

    def _describe(self, row: SliderRow) -> None:
        """Show what is known of a row's direction, and how it is marked."""
        direction, layout = self._named[row.name], self._layout_shown
        facts = [direction.name, source_title(direction.source), direction.layer, direction.detail]
        if direction.accuracy is not None:
            facts.append(self.tr("accuracy on samples held out: {0}").format(f"{direction.accuracy:.2f}"))
        if direction.created:
            facts.append(self.tr("found on {0}").format(direction.created))
        row.describe("\n".join(fact for fact in facts if fact))
        foreign = self._model is not None and direction.model not in ("", self._model.generator.content_hash)
        row.show_marks(
            favourite=row.name in layout.favourites,
            locked=row.name in layout.locked,
            hidden=row.name in layout.hidden,
            renameable=row.name in self._own,
            foreign=self.tr("Found on another model: it may mean something else on this one.") if foreign else "",
        )

    def _explain(self, row: SliderRow) -> None:
        settings = self._studio.settings
        row.show_ends(settings.slider_ends)
        for end in row.ends:
            end.set_smooth(settings.smooth)
        row.explain_value(
            self.tr("Where the picture stands on the direction, in standard deviations of the prior.")
            if settings.coordinates
            else self.tr("The strength, in standard deviations of the prior. Type it, or use the arrows.")
        )

    def _show_changes(self, state: SessionState) -> None:
        """Bring those rows up to date that a change of the picture moves, and no other."""
        new, old = state.picture.strengths, self._picture.strengths if self._picture is not None else {}
        moved = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        for name in moved:
            if name in new and name not in self.sliders.names():
                self.sliders.unfold(name)
        names = self.sliders.in_sight() if self._studio.settings.coordinates else moved
        rows = (self.sliders.made(name) for name in names)
        self._show_values([row for row in rows if row is not None])

    def _show_values(self, rows: Sequence[SliderRow]) -> None:
        state = self._studio.state
        if state is None or not rows:
            return
        strengths = state.picture.strengths
        if not self._studio.settings.coordinates:
            for row in rows:
                row.set_value(strengths.get(row.name, 0.0))
            return
        stance = self._stance([self._named[row.name] for row in rows], state)
        rests, positions = stance.positions(0.0 * stance.strengths), stance.positions(stance.strengths)
        for row, rest, position in zip(rows, rests.tolist(), positions.tolist(), strict=True):
            row.set_value(position if strengths.get(row.name) else rest, rest)

    def _stance(self, directions: list[Direction], state: SessionState) -> Stance:
        return Stance(state.picture, directions, self._directions, state.prior)

    @Slot(str, float, int)
    def _on_value(self, name: str, value: float, gesture: int) -> None:
        state, row = self._studio.state, self.sliders.made(name)
        if state is None or row is None:
            return
        strength = value
        if self._studio.settings.coordinates:
            stance = self._stance([self._named[name]], state)
            at_rest = value == row.rest()
            strength = 0.0 if at_rest else float(stance.strengths_at(0.0 * stance.strengths + value)[0])
        self._studio.apply(changes.set_strength(name, strength), name, ("strength", name, gesture))

    @Slot(str, str)
    def _on_rename(self, old: str, new: str) -> None:
        before = self.edits.own()
        self.edits.rename(old, new)
        for name in self.edits.own() - before:
            row = self.row(name)
            if row is not None:
                row.take_focus()

    @Slot(str)
    def _on_rename_asked(self, name: str) -> None:
        row = self.row(name)
        if row is not None:
            row.rename()

    @Slot(str, QPoint)
    def _on_menu(self, name: str, at: QPoint) -> None:
        self.edits.open_menu(name, at)

    @Slot(str, int)
    def _on_end_wanted(self, name: str, end: int) -> None:
        strength = self.ends.strength(self._named[name], end)
        self._studio.apply(changes.set_strength(name, strength), name)

    @Slot(str, int)
    def _on_end_dragged(self, name: str, end: int) -> None:
        point, row = self.ends.point(self._named[name], end), self.sliders.made(name)
        if point is not None and row is not None:
            start_drag(row.ends[end], self._studio.card_of(point))

    @Slot(str, int)
    def _on_gripped(self, _name: str, y: int) -> None:
        self.sliders.drag(y)

    @Slot(str, int)
    def _on_step(self, name: str, step: int) -> None:
        names = self.sliders.names()
        if name in names:
            self.sliders.move_row(name, names.index(name) + (2 if step > 0 else -1))

    @Slot()
    def _on_sight(self) -> None:
        if self._studio.settings.coordinates:
            rows = (self.sliders.made(name) for name in self.sliders.in_sight())
            self._show_values([row for row in rows if row is not None])

    @Slot(str)
    def _on_search(self, _text: str) -> None:
        self._arrange()

    @Slot(bool)
    def _on_coordinates(self, on: bool) -> None:
        self._studio.change_settings(coordinates=on)

    @Slot(QAction)
    def _on_sort(self, action: QAction) -> None:
        self._studio.change_settings(slider_order=action.data())

    @Slot(bool)
    def _on_show_hidden(self, on: bool) -> None:
        self._show_hidden = on
        self._arrange()

    @Slot(bool)
    def _on_pictures(self, on: bool) -> None:
        self._studio.change_settings(slider_ends=on)

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        for switch, on in (
            (self.coordinates, settings.coordinates),
            (self.pictures, settings.slider_ends),
            (self._sorts.get(settings.slider_order, self._sorts[FOUND]), True),
        ):
            switch.blockSignals(True)
            switch.setChecked(on)
            switch.blockSignals(False)
        self.sliders.show_ends(settings.slider_ends)
        self._arrange()
        for row in self.sliders.rows():
            self._explain(row)
        self._show_values(self.sliders.rows())
        self.ends.outdate()
