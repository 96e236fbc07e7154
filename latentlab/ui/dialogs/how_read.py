"""*Model > How it was read*: the ways to read a file of another project, side by side, and every field by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from latentlab.errors import ErrorReport
from latentlab.models.foreign.choices import Choice
from latentlab.models.foreign.differences import hidden_of, output_of
from latentlab.session.opened import OpenedModel
from latentlab.ui.dialogs.read_candidates import (
    Candidate,
    Drawn,
    Taken,
    candidates,
    drawing,
    forgetting,
    in_force,
    taking,
)
from latentlab.ui.dialogs.read_tile import ReadTile
from latentlab.ui.dialogs.reading_form import ReadingForm
from latentlab.ui.latest_work import LatestWork
from latentlab.ui.studio import Studio

_SIZE_PX = QSize(960, 640)
_COLUMNS = 3
_PICTURES_PX, _FEW_PICTURES_PX = 108, 128
_FEW = 6
_FORM_PX = 312


class HowReadWindow(QDialog):
    """Shows every way with the same seeds; a click reads the file so, and that is remembered. GUI thread only.

    Signals:
        drawn: A `Drawn`, emitted on the analysis thread, delivered on the GUI thread.
    """

    drawn = Signal(object)

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("How it was read"))
        self.resize(_SIZE_PX)
        self._studio = studio
        self._model: OpenedModel | None = None
        self._candidates: tuple[Candidate, ...] = ()
        self._path: Path | None = None
        self._file_hash = ""
        self._choice = Choice()
        self._round = 0
        self._sheets: dict[int, bool] = {}
        self._drawing = LatestWork(self.tr("Drawing the ways to read a file"), self)
        self._taking = LatestWork(self.tr("Reading the file anew"), self)
        self.tiles: list[ReadTile] = []
        self._make_widgets()
        self._lay_out()
        self.drawn.connect(self._on_drawn)
        self._drawing.failed.connect(self._on_failed)
        self._taking.failed.connect(self._on_failed)
        self.form.choice_wanted.connect(self.take)
        self.form.refused.connect(self._say)
        self.forget.clicked.connect(self._on_forget)
        self._close.clicked.connect(self.close)
        studio.settings_changed.connect(self._on_settings)
        studio.follow_model(self._on_model)

    def offer(self) -> None:
        """Come to the front."""
        self.show()
        self.raise_()
        self.activateWindow()

    def close_service(self) -> None:
        """End the threads."""
        self._drawing.close()
        self._taking.close()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what is not drawn yet, once the window itself is there."""
        super().showEvent(event)
        QTimer.singleShot(0, self, self._draw)

    @Slot(object)
    def take(self, choice: Choice) -> None:
        """Read the file so, and remember it."""
        if self._model is None or choice == self._choice:
            return
        self._say("")
        restated = choice.statistics != self._choice.statistics
        self._choice = choice
        self._show_choice()
        if restated:
            self._sheets.clear()
        self._sheets.pop(len(self._candidates), None)
        self._mark()
        self._draw()
        self._taking.ask(taking(self._model, choice), self._on_taken)

    def _make_widgets(self) -> None:
        self._title = QLabel()
        self._title.setObjectName("title")
        self._sentence = QLabel()
        self._sentence.setObjectName("muted")
        self._sentence.setWordWrap(True)
        self._area = QScrollArea()
        self._room = QWidget()
        self._room.setObjectName("scrolled")
        self._grid = QGridLayout(self._room)
        self._grid.setContentsMargins(0, 0, 8, 0)
        self._grid.setHorizontalSpacing(16)
        self._grid.setVerticalSpacing(8)
        for column in range(_COLUMNS):
            self._grid.setColumnStretch(column, 1)
        self.form = ReadingForm()
        self._message = QLabel()
        self._message.setObjectName("warning")
        self._message.setWordWrap(True)
        self.forget = QPushButton(self.tr("Forget the choice"))
        self.forget.setToolTip(self.tr("Read the file as is most likely again"))
        self._close = QPushButton(self.tr("Close"))
        for button in (self.forget, self._close):
            button.setAutoDefault(False)

    def _lay_out(self) -> None:
        area = self._area
        area.setWidgetResizable(True)
        area.setWidget(self._room)
        area.setAccessibleName(self.tr("Ways to read the file"))
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        side = QScrollArea()
        side.setWidgetResizable(True)
        side.setWidget(self.form)
        self.form.setObjectName("scrolled")
        side.setAccessibleName(self.tr("By hand"))
        side.setFixedWidth(_FORM_PX)
        side.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        by_hand = QLabel(self.tr("By hand"))
        by_hand.setObjectName("section")
        column = QVBoxLayout()
        column.setSpacing(8)
        column.addWidget(by_hand)
        column.addWidget(side, 1)
        both = QHBoxLayout()
        both.setSpacing(24)
        both.addWidget(area, 1)
        both.addLayout(column)
        buttons = QHBoxLayout()
        buttons.addWidget(self._message, 1)
        buttons.addWidget(self.forget)
        buttons.addWidget(self._close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        layout.addWidget(self._title)
        layout.addWidget(self._sentence)
        layout.addSpacing(8)
        layout.addLayout(both, 1)
        layout.addLayout(buttons)

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        reading = model.reading
        if reading is None:
            self._model = None
            self._drawing.cancel()
            self._taking.cancel()
            self.close()
            return
        is_same = reading.file_hash == self._file_hash and model.generator.path == self._path and bool(self._candidates)
        self._model = model
        self._choice = in_force(model)
        self._show_choice()
        self.forget.setEnabled(reading.choice is not None)
        if not is_same:
            self._path, self._file_hash = model.generator.path, reading.file_hash
            self._candidates = candidates(model)
            self._name(model)
        self._mark()
        self._draw()

    def _show_choice(self) -> None:
        reading = self._model.reading if self._model is not None else None
        is_bare = reading is not None and reading.guesses is not None and reading.guesses.guesses[0].is_bare
        self.form.show_choice(self._choice, is_bare=is_bare)

    def _name(self, model: OpenedModel) -> None:
        """Make a tile for each way to read the file, and one for that by hand."""
        reading = model.reading
        if reading is None:
            return
        self._sheets.clear()
        self._drawing.cancel()
        self._taking.cancel()
        self._round += 1
        self._title.setText(self._path.name if self._path is not None else model.name)
        certain = reading.guesses is None or reading.guesses.is_certain
        sentence = (
            self.tr("What the file says settles how it is read. Take another way if the pictures look wrong.")
            if certain
            else self.tr("The file does not say everything. Click the pictures that look right; that is remembered.")
        )
        self._sentence.setText(" ".join([sentence, *reading.remarks]))
        for tile in self.tiles:
            self._grid.removeWidget(tile)
            tile.deleteLater()
        height_px = _FEW_PICTURES_PX if len(self._candidates) <= _FEW else _PICTURES_PX
        self.tiles = [ReadTile(place, height_px) for place in range(len(self._candidates) + 1)]
        for place, tile in enumerate(self.tiles):
            tile.picked.connect(self._on_picked)
            tile.view.set_smooth(self._studio.settings.smooth)
            self._grid.addWidget(tile, *divmod(place, _COLUMNS))
        self._grid.setRowStretch(len(self.tiles) // _COLUMNS + 1, 1)
        for tile, candidate in zip(self.tiles, self._candidates, strict=False):
            tile.name(self._worded(candidate))
        self.tiles[-1].name(self.tr("As set by hand"))

    def _worded(self, candidate: Candidate) -> str:
        spec = candidate.choice.spec
        if candidate.words:
            return candidate.words
        if spec is None:
            return self.tr("Most likely")
        facts = f"{hidden_of(spec)}, {output_of(spec)}, {spec.prior} prior, {spec.width} × {spec.height}"
        return self.tr("Most likely: {0}").format(facts)

    def _mark(self) -> None:
        """Ring the way that is taken; that by hand is there only while it is another than all guesses."""
        plain = replace(self._choice, statistics="running")
        taken = [place for place, each in enumerate(self._candidates) if each.choice == plain]
        place = taken[0] if taken else len(self._candidates)
        for index, tile in enumerate(self.tiles):
            tile.view.set_selected(index == place)
        if self.tiles:
            self.tiles[-1].setVisible(not taken)
            self._room.adjustSize()
            self._area.ensureWidgetVisible(self.tiles[place])

    @Slot()
    def _draw(self) -> None:
        """Ask for the pictures that are missing."""
        if self._model is None or not self.isVisible():
            return
        statistics = self._choice.statistics
        choices = [replace(each.choice, statistics=statistics) for each in self._candidates]
        if self.tiles and not self.tiles[-1].isHidden():
            choices.append(self._choice)
        missing = [(place, choice) for place, choice in enumerate(choices) if place not in self._sheets]
        # What was just chosen comes first.
        wanted = tuple(sorted(missing, key=lambda each: each[1] != self._choice))
        if wanted:
            self._round += 1
            self._drawing.ask(drawing(self._model, self._round, wanted, self.drawn.emit), _ignore)

    @Slot(object)
    def _on_drawn(self, found: Drawn) -> None:
        if found.round != self._round or found.place >= len(self.tiles):
            return
        self._sheets[found.place] = True
        view = self.tiles[found.place].view
        view.set_pixels(found.pixels)
        view.set_hint(found.why)

    @Slot(int)
    def _on_picked(self, place: int) -> None:
        if place < len(self._candidates):
            self.take(replace(self._candidates[place].choice, statistics=self._choice.statistics))

    def _on_taken(self, taken: object) -> None:
        if isinstance(taken, Taken):
            self._studio.set_model(taken.model)
            self._say(taken.not_kept)
            if not taken.not_kept:
                self._studio.notice.emit(self.tr("Read so from now on: {0}").format(taken.model.title))

    @Slot(object)
    def _on_failed(self, report: ErrorReport) -> None:
        self._say(str(report))
        if self._model is not None:
            self._choice = in_force(self._model)
            self._show_choice()
            self._mark()

    @Slot()
    def _on_forget(self) -> None:
        if self._model is not None:
            self._say("")
            self._taking.ask(forgetting(self._model), self._on_forgotten)

    def _on_forgotten(self, taken: object) -> None:
        if isinstance(taken, Taken):
            self._studio.set_model(taken.model)
            self._say(taken.not_kept)
            if not taken.not_kept:
                self._studio.notice.emit(self.tr("Read as is most likely again: {0}").format(taken.model.title))

    @Slot(str)
    def _say(self, text: str) -> None:
        self._message.setText(text)

    @Slot(object)
    def _on_settings(self, _settings: object) -> None:
        for tile in self.tiles:
            tile.view.set_smooth(self._studio.settings.smooth)


def _ignore(_result: object) -> None:
    """The pictures were told of one by one."""
