"""Label by clicking: a wall of samples, what is learned of the answers, and the direction it makes."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QKeyEvent, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from latentlab.analysis.clicks import Clicks
from latentlab.analysis.progress import Progress
from latentlab.errors import ErrorReport
from latentlab.session.direction_changes import add_directions
from latentlab.session.drawn_samples import DrawnSamples, draw_samples
from latentlab.session.labelling import Labelling, Lesson, Wall, lesson_of
from latentlab.session.opened import OpenedModel
from latentlab.session.settings import Settings
from latentlab.ui.card_mime import start_drag
from latentlab.ui.latest_work import LatestWork
from latentlab.ui.panels.direction_preview import DirectionPreview
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.answer_tile import AnswerTile
from latentlab.ui.widgets.lesson_figures import LessonFigures

LANE = "label-preview"
SAMPLES = 2000
COLUMNS, ROWS = 6, 4
_SIZE_PX = QSize(920, 664)
_SIDE_PX = 232
_FEW_CLICKS = 12


class LabelWall(QDialog):
    """Answer samples with has or has not until a direction of z is learned. Stays open while one plays.

    Args:
        studio: What is open.
        parent: The window.
        samples: How many are drawn to learn from.
    """

    def __init__(self, studio: Studio, parent: QWidget, samples: int = SAMPLES) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Label by clicking"))
        self.resize(_SIZE_PX)
        self._studio = studio
        self._samples = samples
        self._model: OpenedModel | None = None
        self._drawn: DrawnSamples | None = None
        self._labelling: Labelling | None = None
        self._lesson: Lesson | None = None
        self._turning = False
        self._work = LatestWork(self.tr("Learning from clicks"), self)
        self._make_widgets()
        self._lay_out()
        self._connect()
        self._refresh()

    def _make_widgets(self) -> None:
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("What is it? For example: smiling, is a 7, thick"))
        self.name.setAccessibleName(self.tr("Name of the property"))
        self.name.setToolTip(self.tr("What the samples have or have not; the direction is called so."))
        self.name.setMaxLength(60)
        self.tiles = [AnswerTile(place) for place in range(COLUMNS * ROWS)]
        self._waiting = QLabel()
        self._waiting.setObjectName("muted")
        self._waiting.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._waiting.setWordWrap(True)
        self.progress = QProgressBar()
        self.progress.setTextVisible(False)
        self.progress.setRange(0, 1000)
        self.progress.setAccessibleName(self.tr("Samples drawn"))
        self.figures = LessonFigures()
        self.advice = QLabel()
        self.advice.setObjectName("muted")
        self.advice.setWordWrap(True)
        self.advice.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.undo = icon_button("undo", self.tr("Take back the last click (Ctrl+Z)"))
        self.redo = icon_button("redo", self.tr("Click again what was taken back (Ctrl+Shift+Z)"))
        self.next = QPushButton(self.tr("Next samples"))
        self.next.setToolTip(
            self.tr(
                "Show the samples that there is most to learn from (Enter). Leave those of which you cannot tell.\n"
                "(Kapoor et al. 2007, active learning with Gaussian processes)"
            )
        )
        self.keep = QPushButton(self.tr("Keep as direction"))
        self.keep.setObjectName("primary")
        for button in (self.next, self.keep):
            # Enter turns the wall wherever the focus is.
            button.setAutoDefault(False)
        self.preview = DirectionPreview(self._studio, LANE, self.tr("The direction so far, on"))

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(QLabel(self.tr("Property")))
        top.addWidget(self.name, 1)
        wall, grid = QWidget(), QGridLayout()
        wall.setLayout(grid)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(4)
        for place, tile in enumerate(self.tiles):
            grid.addWidget(tile, place // COLUMNS, place % COLUMNS)
        waiting, column = QWidget(), QVBoxLayout()
        waiting.setLayout(column)
        column.setContentsMargins(48, 0, 48, 0)
        column.setSpacing(16)
        column.addStretch(1)
        column.addWidget(self._waiting)
        column.addWidget(self.progress)
        column.addStretch(1)
        self._pages = QStackedWidget()
        self._pages.addWidget(waiting)
        self._pages.addWidget(wall)
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self._pages, 1)
        middle.addWidget(self._side())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        layout.addLayout(top)
        layout.addLayout(middle, 1)
        layout.addWidget(self.preview)

    def _side(self) -> QWidget:
        side, column = QWidget(), QVBoxLayout()
        side.setLayout(column)
        side.setFixedWidth(_SIDE_PX)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(8)
        column.addWidget(self.figures)
        column.addSpacing(8)
        column.addWidget(self.advice, 1)
        history = QHBoxLayout()
        history.setSpacing(4)
        history.addWidget(self.undo)
        history.addWidget(self.redo)
        history.addStretch(1)
        column.addLayout(history)
        column.addWidget(self.next)
        column.addWidget(self.keep)
        return side

    def _connect(self) -> None:
        for tile in self.tiles:
            tile.answer_wanted.connect(self._on_answer)
            tile.step_wanted.connect(self._on_step)
            tile.drag_started.connect(self._on_drag)
        for keys, slot in (("Ctrl+Z", self._on_undo), ("Ctrl+Shift+Z", self._on_redo), ("Ctrl+Y", self._on_redo)):
            QShortcut(QKeySequence(keys), self).activated.connect(slot)
        self.undo.clicked.connect(self._on_undo)
        self.redo.clicked.connect(self._on_redo)
        self.next.clicked.connect(self.turn)
        self.keep.clicked.connect(self.keep_direction)
        self.name.textChanged.connect(self._on_name)
        self._work.progressed.connect(self._on_progress)
        self._work.failed.connect(self._on_failed)
        self._studio.model_changed.connect(self._on_model)
        self._studio.settings_changed.connect(self._on_settings)
        self._on_settings(self._studio.settings)

    def offer(self) -> None:
        """Come to the front."""
        self.show()
        self.raise_()
        self.activateWindow()

    def close_service(self) -> None:
        """End the thread."""
        self._work.close()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw samples of the open model, unless that was done."""
        super().showEvent(event)
        if self._studio.model is not None and self._studio.model is not self._model:
            self._begin(self._studio.model)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter turns to the next samples; from the name it goes to the wall."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif self.name.hasFocus():
            self.tiles[0].setFocus(Qt.FocusReason.TabFocusReason)
        else:
            self.turn()

    @Slot()
    def turn(self) -> None:
        """Show the samples that there is most to learn from, once they are known."""
        if self._labelling is None:
            return
        lesson = self._lesson
        if lesson is None or lesson.wall is not self._labelling.wall:
            self._turning = True
            self._refresh()
        elif lesson.offered:
            self._step_to(self._labelling.wall.turned(lesson.offered))

    @Slot()
    def keep_direction(self) -> None:
        """Put the direction into the document."""
        direction, model = self._lesson.direction if self._lesson is not None else None, self._studio.model
        name = self.name.text().strip()
        if direction is None or model is None or not name:
            return
        taken = [each.name for each in model.directions]
        change = add_directions([replace(direction, name=name)], taken)
        self._studio.apply(change, self.tr("Keep the direction {0}").format(name))
        self._studio.notice.emit(self.tr("Kept the direction {0}").format(name))

    def _begin(self, model: OpenedModel) -> None:
        """Draw the samples of a model; what was answered of another's is forgotten."""
        self._forget()
        self._model = model
        count, tiles = self._samples, len(self.tiles)

        def work(progress: Progress) -> object:
            drawn = draw_samples(model, count, progress=progress)
            clicks = Clicks(drawn.pool())
            return drawn, Wall(clicks, tuple(int(index) for index in clicks.offer(tiles)))

        self._work.ask(work, self._on_drawn)
        self._refresh()

    def _forget(self) -> None:
        self._model, self._drawn, self._labelling, self._lesson = None, None, None, None
        self._turning = False
        self.progress.setValue(0)
        self.progress.show()
        self.preview.show_direction(None, "")

    def _on_drawn(self, found: object) -> None:
        drawn, wall = cast("tuple[DrawnSamples, Wall]", found)
        self._drawn, self._labelling = drawn, Labelling(wall)
        self._after_step()
        if self.name.text().strip():
            self.tiles[0].setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot(int, object)
    def _on_answer(self, place: int, has: bool | None) -> None:
        if self._labelling is None:
            return
        wall = self._labelling.wall
        if place < len(wall.shown) and wall.answer(wall.shown[place]) is not has:
            self._step_to(wall.answered(wall.shown[place], has))

    @Slot(int, int, int)
    def _on_step(self, place: int, columns: int, rows: int) -> None:
        row, column = divmod(place, COLUMNS)
        at = min(ROWS - 1, max(0, row + rows)) * COLUMNS + min(COLUMNS - 1, max(0, column + columns))
        self.tiles[at].setFocus(Qt.FocusReason.TabFocusReason)

    def _step_to(self, wall: Wall) -> None:
        if self._labelling is not None:
            self._labelling.step_to(wall)
            self._after_step()

    @Slot()
    def _on_undo(self) -> None:
        if self._labelling is not None and self._labelling.can_undo:
            self._labelling.undo()
            self._after_step()

    @Slot()
    def _on_redo(self) -> None:
        if self._labelling is not None and self._labelling.can_redo:
            self._labelling.redo()
            self._after_step()

    def _after_step(self) -> None:
        self._turning = False
        self._show_wall()
        self._learn()
        self._refresh()

    def _show_wall(self) -> None:
        if self._labelling is None or self._drawn is None:
            return
        wall = self._labelling.wall
        for place, tile in enumerate(self.tiles):
            if place < len(wall.shown):
                tile.set_pixels(self._drawn.pixels[wall.shown[place]])
                tile.set_answer(wall.answer(wall.shown[place]))
            else:
                tile.set_pixels(None)
                tile.set_answer(None)

    def _learn(self) -> None:
        """Learn from the wall in the background; whatever is learned meanwhile of an earlier one is shown too."""
        if self._labelling is None or self._model is None:
            return
        wall, model, count = self._labelling.wall, self._model, len(self.tiles)
        prior, model_hash = model.prior, model.generator.content_hash
        name = self.name.text().strip() or self.tr("The property")
        self._work.ask(lambda _: lesson_of(wall, count, prior, name, model_hash), self._on_lesson, let_finish=True)

    def _on_lesson(self, found: object) -> None:
        if isinstance(found, Lesson) and self._labelling is not None:
            self._lesson = found
            if self._turning:
                self.turn()
            self._refresh()

    def _refresh(self) -> None:
        """Show figures, advice and what can be done."""
        labelling, lesson = self._labelling, self._lesson
        is_open = self._studio.model is not None
        self._pages.setCurrentIndex(int(labelling is not None))
        self._waiting.setText(
            self.tr("Drawing {0} samples and looking at them…").format(self._samples)
            if is_open
            else self.tr("Open a model to label its samples.")
        )
        self.progress.setVisible(is_open)
        answers = list(labelling.wall.clicks.answers.values()) if labelling is not None else []
        has, has_not = answers.count(True), answers.count(False)
        taught = lesson if has and has_not else None
        direction = taught.direction if taught is not None else None
        name = self.name.text().strip()
        self.figures.show_counts(has, has_not)
        self.figures.show_lesson(taught)
        self.advice.setText(self._advice(has, has_not))
        self.preview.show_direction(direction, name or self.tr("direction"))
        self.undo.setEnabled(labelling is not None and labelling.can_undo)
        self.redo.setEnabled(labelling is not None and labelling.can_redo)
        self.next.setEnabled(labelling is not None and not self._turning and (lesson is None or bool(lesson.offered)))
        self.keep.setEnabled(direction is not None and bool(name))
        if direction is None:
            self.keep.setToolTip(self.tr("There is no direction yet: click samples of both kinds"))
        elif not name:
            self.keep.setToolTip(self.tr("Give the property a name first"))
        else:
            self.keep.setToolTip(self.tr("Add it to your directions, with a slider of its own"))

    def _advice(self, has: int, has_not: int) -> str:
        lesson = self._lesson
        if self._labelling is None:
            return self.tr("Meanwhile: what is it that some samples have and others have not?")
        if not has or not has_not:
            return self.tr(
                "Click what has it. Right-click, or Shift+click, what has it not. Leave what you cannot tell.\n\n"
                "Keys: arrows; H or Space has, N has not, Backspace neither; Enter for the next samples."
            )
        if lesson is not None and lesson.reason:
            return lesson.reason
        if lesson is not None and not lesson.offered:
            return self.tr("Every sample has been shown.")
        if has + has_not < _FEW_CLICKS:
            return self.tr("Both kinds are known. A few tens of clicks make a good direction; Enter shows more.")
        if not self.name.text().strip():
            return self.tr("Give the property a name to keep the direction.")
        return self.tr("Keep the direction once the strip below shows what you mean; more clicks make it surer.")

    @Slot()
    def _on_drag(self) -> None:
        tile = self.sender()
        if self._labelling is None or self._drawn is None or not isinstance(tile, AnswerTile):
            return
        place = self.tiles.index(tile)
        if place < len(self._labelling.wall.shown):
            start_drag(tile, self._studio.card_of(self._drawn.point(self._labelling.wall.shown[place])))

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        """Start again with another model's samples; while closed, when it is next opened."""
        if self.isVisible():
            self._begin(model)
        else:
            self._work.cancel()
            self._forget()
            self._refresh()

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        for view in self.tiles:
            view.set_smooth(settings.smooth)

    @Slot(str)
    def _on_name(self, _text: str) -> None:
        self._refresh()

    @Slot(float)
    def _on_progress(self, done: float) -> None:
        if self._labelling is None:
            self.progress.setValue(round(1000 * done))

    @Slot(object)
    def _on_failed(self, report: ErrorReport) -> None:
        self._studio.problem.emit(report)
        self._turning = False
        self._refresh()
        if self._labelling is None:
            self._waiting.setText(str(report))
            self.progress.hide()
