"""SHEET: many seeds at once, sorted by what can be told of their pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QHideEvent, QShowEvent, QStandardItemModel
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from latentlab.analysis.progress import unwatched
from latentlab.latent.priors import MAX_SEED, sample
from latentlab.pixels import Pixels
from latentlab.session import changes
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.session.state import SessionState
from latentlab.ui.card_mime import start_drag
from latentlab.ui.panels.explore import SeedBox
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.panels.sheet_orders import Measure, Numbers, Order, Sheet, orders_of
from latentlab.ui.render_bridge import Frames
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.picture_grid import PictureGrid

LANE = "sheet"
_COUNTS = (16, 36, 64, 100)
_USUAL_COUNT = 64
_COLUMNS = 8


@dataclass(frozen=True)
class _Scored:
    """What the analysis thread found: for which request of the lane, and what was measured."""

    seq: int
    order: Order
    numbers: Numbers


class SheetPanel(QWidget):
    """Draws in the background and sorts once every picture is there. GUI thread only."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._seq = -1
        self._label = studio.render.label
        self._pixels: Pixels | None = None
        self._missing: set[int] = set()
        self._numbers: Numbers | None = None
        self._places: list[int] = []
        self._waits = False
        self._orders_of: OpenedModel | None = None
        self.first = SeedBox()
        self.first.setMinimum(0)
        self.first.setMaximum(MAX_SEED - _COUNTS[-1])
        self.first.setSpecialValueText("")
        self.first.setAccessibleName(self.tr("First seed"))
        self.first.setToolTip(self.tr("The sheet shows this seed and those that follow"))
        self.dice = icon_button("dice", self.tr("Other seeds"))
        self.count = QComboBox()
        for count in _COUNTS:
            self.count.addItem(self.tr("{0} seeds").format(count), count)
        self.count.setCurrentIndex(_COUNTS.index(_USUAL_COUNT))
        self.count.setAccessibleName(self.tr("Pictures on the sheet"))
        self.sort = QComboBox()
        self.sort.setAccessibleName(self.tr("Sort by"))
        self.sort.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.sort.setMinimumContentsLength(20)
        self.sort.setToolTip(self.tr("What the pictures are sorted by"))
        self.falling = icon_button("swap", self.tr("Turn the order round"), checkable=True)
        self.progress = QLabel()
        self.progress.setObjectName("muted")
        self.grid = PictureGrid(_COLUMNS, captions=True, fill=True)
        self._lay_out()
        self._connect()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what changed while out of sight."""
        super().showEvent(event)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Cost nothing while out of sight."""
        super().hideEvent(event)
        if self._missing:
            self._studio.render.forget(LANE)
            self._pixels = None

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(QLabel(self.tr("From seed")))
        top.addWidget(self.first)
        top.addWidget(self.dice)
        top.addWidget(self.count)
        top.addStretch(1)
        top.addWidget(QLabel(self.tr("Sort by")))
        top.addWidget(self.sort)
        top.addWidget(self.falling)
        area = QScrollArea()
        area.setAccessibleName(self.tr("Sheet of seeds"))
        area.setWidgetResizable(True)
        area.setWidget(self.grid)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(area, 1)
        layout.addWidget(self.progress)

    def _connect(self) -> None:
        studio = self._studio
        studio.render.receive(LANE, self._on_frames)
        studio.model_changed.connect(self._on_model)
        studio.state_changed.connect(self._on_state)
        studio.settings_changed.connect(self._on_settings)
        studio.analysis.ended.connect(self._on_analysis_ended)
        self.first.valueChanged.connect(self._on_changed)
        self.count.currentIndexChanged.connect(self._on_changed)
        self.dice.clicked.connect(self._on_dice)
        self.sort.currentIndexChanged.connect(self._on_sort)
        self.falling.toggled.connect(self._on_falling)
        self.grid.picked.connect(self._on_picked)
        self.grid.dragged.connect(self._on_dragged)
        self.grid.set_smooth(studio.settings.smooth)

    def _refresh(self) -> None:
        """Ask for the sheet where it is in sight and not there yet."""
        model = self._studio.model
        if model is None or not self.isVisible():
            return
        if self._orders_of is not model:
            self._fill_orders(model)
            self._pixels = None
        if self._pixels is not None:
            return
        count = self.count.currentData()
        self._studio.render.forget(LANE)
        self._seq = -1
        self._missing = set(range(count))
        self._numbers = None
        self._places = list(range(count))
        spec = model.generator.card.generator
        self._pixels = np.zeros((count, spec.height, spec.width, spec.channels), np.uint8)
        self.grid.set_count(count)
        self._show()
        z = np.concatenate([sample(model.prior, 1, model.z_dim, seed) for seed in self._seeds()])
        self._studio.render.request(LANE, z)

    def _seeds(self) -> range:
        first = int(self.first.value())
        return range(first, first + len(self._places))

    def _fill_orders(self, model: OpenedModel) -> None:
        """Offer what this model's pictures can be sorted by; what is missing is greyed with the reason."""
        self._orders_of = model
        wanted = self.sort.currentText()
        self.sort.blockSignals(True)
        self.sort.clear()
        items = self.sort.model()
        for row, order in enumerate(orders_of(model)):
            self.sort.addItem(order.name if order.measure is not None else f"{order.name} ({order.tip})", order)
            self.sort.setItemData(row, order.tip, Qt.ItemDataRole.ToolTipRole)
            if order.measure is None and isinstance(items, QStandardItemModel):
                items.item(row).setEnabled(False)
        self.sort.setCurrentIndex(max(0, self.sort.findText(wanted)))
        self.sort.blockSignals(False)

    def _sort(self) -> None:
        """Find the numbers to sort by: at once where they are known, in the background where pictures are measured."""
        model, pixels, order = self._studio.model, self._pixels, self.sort.currentData()
        if model is None or pixels is None or self._missing or not isinstance(order, Order) or order.measure is None:
            return
        if not order.looks:
            self._numbers = order.measure(self._sheet(model, pixels), unwatched)
            self._show()
        elif self._studio.analysis.running:
            # A search for directions is not called off for a sheet.
            self._waits, self._numbers = True, None
            self.progress.setText(self.tr("Waiting for the search under way…"))
        else:
            self._measure(order, order.measure, self._sheet(model, pixels))

    def _sheet(self, model: OpenedModel, pixels: Pixels) -> Sheet:
        seeds = self._seeds()
        z = np.concatenate([sample(model.prior, 1, model.z_dim, seed) for seed in seeds])
        y = None if self._label is None else np.full(len(seeds), self._label, np.int64)
        return Sheet(seeds, z, pixels, y)

    def _measure(self, order: Order, measure: Measure, sheet: Sheet) -> None:
        seq = self._seq
        self._waits = False
        self._numbers = None
        self.progress.setText(self.tr("Measuring…"))
        self._studio.analysis.start(
            self.tr("Sorting the sheet"),
            lambda progress: _Scored(seq, order, measure(sheet, progress)),
            self._on_scored,
        )

    def _on_scored(self, found: object) -> None:
        if isinstance(found, _Scored) and found.seq == self._seq and found.order is self.sort.currentData():
            self._numbers = found.numbers
            self._show()

    def _show(self) -> None:
        """Put every picture in its place."""
        numbers = self._numbers
        if numbers is not None:
            order = np.argsort(-numbers if self.falling.isChecked() else numbers, kind="stable")
            self._places = [int(index) for index in order]
        seeds = self._seeds()
        for place, index in enumerate(self._places):
            missing = self._pixels is None or index in self._missing
            self.grid.show_pixels(place, None if missing or self._pixels is None else self._pixels[index])
            seed = seeds[index]
            text = str(seed) if numbers is None else format(numbers[index], self.sort.currentData().caption)
            self.grid.caption(place, text, self.tr("Seed {0}").format(seed))
            self.grid.pictures[place].setToolTip(
                self.tr("Seed {0}. Click to pick it up; drag it to the shelf or to a well.").format(seed)
            )
        done = len(self._places) - len(self._missing)
        drawing = self.tr("Drawing {0} of {1}…").format(done, len(self._places))
        self.progress.setText(drawing if self._missing else self._ends())

    def _ends(self) -> str:
        order, numbers = self.sort.currentText(), self._numbers
        if numbers is None:
            return ""
        first, last = numbers[self._places[0]], numbers[self._places[-1]]
        return self.tr("{0} from {1} to {2}").format(order, f"{first:.6g}", f"{last:.6g}")

    def _point(self, place: int) -> Point | None:
        model = self._studio.model
        if model is None or place >= len(self._places):
            return None
        return Point.from_seed(self._seeds()[self._places[place]], model.z_dim, model.prior)

    def _on_frames(self, frames: Frames) -> None:
        if self._pixels is None:
            return
        self._seq = frames.seq
        for row, picture in zip(frames.rows, frames.pixels, strict=True):
            self._pixels[row] = picture
            self._missing.discard(row)
            self.grid.show_pixels(row, picture, frames.seq)
        self.progress.setText(
            self.tr("Drawing {0} of {1}…").format(len(self._places) - len(self._missing), len(self._places))
        )
        if not self._missing:
            self._pixels.flags.writeable = False
            self._sort()

    @Slot(object)
    def _on_model(self, _model: OpenedModel) -> None:
        self._pixels = None
        self._refresh()

    @Slot(object)
    def _on_state(self, _state: SessionState) -> None:
        """Another class is another sheet."""
        if self._studio.render.label != self._label:
            self._label = self._studio.render.label
            self._on_changed()

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.grid.set_smooth(settings.smooth)

    @Slot()
    def _on_changed(self) -> None:
        self._pixels = None
        self._refresh()

    @Slot()
    def _on_dice(self) -> None:
        self.first.setValue(self._studio.random_seed())

    @Slot()
    def _on_sort(self) -> None:
        self._sort()

    @Slot(str)
    def _on_analysis_ended(self, _name: str) -> None:
        if self._waits:
            self._waits = False
            self._sort()
        elif self._pixels is not None and self._numbers is None and not self._missing:
            self._show()

    @Slot(bool)
    def _on_falling(self, _on: bool) -> None:
        if not self._waits:
            self._show()

    @Slot(int)
    def _on_picked(self, place: int) -> None:
        point = self._point(place)
        if point is not None:
            self._studio.apply(changes.put_in_place(point), self.tr("Pick up {0}").format(point.title()))

    @Slot(int)
    def _on_dragged(self, place: int) -> None:
        point = self._point(place)
        if point is not None:
            start_drag(self.grid.pictures[place], self._studio.card_of(point))
