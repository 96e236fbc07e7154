"""The fixed-z sheets of a run through its history, and those of another run beside them at the same kimg."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from latentlab.pixels import Pixels, sheet
from latentlab.training.run_seen import RunSeen, SheetRead
from latentlab.training.sheets import COLUMNS
from latentlab.ui.icons import icon
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.run_watch import RunWatch
from latentlab.ui.widgets.picture import PictureView
from latentlab.ui.widgets.time_slider import TimeSlider

_PLAY_EVERY_MS = 120


class RunSheets(QWidget):
    """The sheet of a moment that a hand or the clock chooses; new ones are shown as they come while the newest is.

    Signals:
        moment_changed: The kimg of the sheet chosen, an int, or None; GUI thread.
        export_wanted: The button of the time-lapse was pressed; GUI thread.
    """

    moment_changed = Signal(object)
    export_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._watch: RunWatch | None = None
        self._other: RunWatch | None = None
        self._live: tuple[int, Pixels] | None = None
        self._shown: int | None = None
        self._answered: int | None = None
        self.sheet = PictureView(surround=True, padding_px=8)
        self.other_sheet = PictureView(surround=True, padding_px=8)
        self.sheet.setAccessibleName(self.tr("Fixed-z sheet"))
        self.other_sheet.setAccessibleName(self.tr("Fixed-z sheet of the other run"))
        self.caption, self.other_caption = QLabel(), QLabel()
        self.slider = TimeSlider()
        self.slider.setToolTip(
            self.tr(
                "The same 64 z through the run's history; arrows step, Home and End jump.\n"
                "A mark below: the model of that tick is kept and can be explored."
            )
        )
        self.slider.setAccessibleName(self.tr("Moment of the run"))
        self.play = icon_button("play", self.tr("Play the run's history"))
        self.export = icon_button("export", self.tr("Export the history as a time-lapse: GIF, WebP, APNG or MP4…"))
        self.explore = QPushButton(icon("explore"), self.tr("Explore this model"))
        self.follow = QCheckBox(self.tr("Follow the training"))
        self.follow.setToolTip(self.tr("Open every new snapshot as it comes, under the sliders where they are."))
        self._timer = QTimer(self)
        self._timer.setInterval(_PLAY_EVERY_MS)
        self._lay_out()
        self._timer.timeout.connect(self._on_beat)
        self.slider.valueChanged.connect(self._on_moved)
        self.play.clicked.connect(self.toggle_play)
        self.export.clicked.connect(self.export_wanted)

    @property
    def seen(self) -> RunSeen | None:
        """Return what is known of the run."""
        return self._watch.latest if self._watch is not None else None

    @property
    def at_newest(self) -> bool:
        """Whether the newest sheet is chosen."""
        return self.slider.at_end

    @property
    def model(self) -> tuple[int, Path] | None:
        """Return the model nearest to the sheet chosen, of those that the run kept: its kimg and its file."""
        seen, moment = self.seen, self.slider.moment
        if seen is None or moment is None or not seen.models:
            return None
        number = min(seen.models, key=lambda each: abs(each - moment))
        return number, seen.models[number]

    def set_run(self, watch: RunWatch | None) -> None:
        """Show the sheets of another run."""
        self._stop()
        self._watch, self._live = watch, None
        self._shown = self._answered = None
        self.sheet.set_pixels(None)
        self.slider.set_moments(())
        self.caption.setText(self.tr("The first sheet comes with the first tick."))
        if watch is not None:
            watch.sheet_read.connect(self._on_sheet)
        self._refresh()

    def set_other(self, watch: RunWatch | None) -> None:
        """Show the sheets of another run beside, or none."""
        self._other = watch
        self._beside.setVisible(watch is not None)
        self.other_sheet.set_pixels(None)
        self.other_caption.clear()
        if watch is not None:
            watch.sheet_read.connect(self._on_other_sheet)
        self._ask()

    def take_in(self, seen: RunSeen) -> None:
        """Offer the sheets that there are now."""
        numbers = tuple(seen.sheets)
        if numbers != self.slider.moments:
            self.slider.set_moments(numbers, seen.models)
        ahead = self._live is not None and self._shown == self._live[0] and self._shown not in seen.sheets
        if self._shown != self.slider.moment and not ahead:
            self._ask()
        self._refresh()

    def take_in_other(self) -> None:
        """Offer what there is now of the other run."""
        if self._other is not None and self.other_sheet.pixels() is None:
            self._ask()

    def show_live(self, kimg: float, pictures: Pixels) -> None:
        """Show the newest sheet before it has been found in the folder, unless an older one is being looked at."""
        self._live = (int(kimg), pictures)
        if self.at_newest:
            self._show(pictures, int(kimg))

    def show_update(self, pictures: Pixels) -> None:
        """Show what G draws after a single update, unless an older sheet is being looked at."""
        if self.at_newest:
            self.sheet.set_pixels(_laid_out(pictures))
            self.caption.setText(self.tr("The same {0} z as G draws them now, not averaged").format(len(pictures)))

    def show_tick(self) -> None:
        """Show the sheet of the tick chosen again."""
        self._ask()

    def offer_model(self, snapshot: bool) -> None:
        """Say which model the button opens.

        Args:
            snapshot: Whether there is one of the newest moment even if no file of it is known yet.
        """
        model, moment = self.model, self.slider.moment
        snapshot = snapshot and self.at_newest
        self.explore.setEnabled(snapshot or model is not None)
        if snapshot or model is None:
            self.explore.setText(self.tr("Explore this model"))
            self.explore.setToolTip(self.tr("Open the newest snapshot in the window; training goes on."))
            return
        self.explore.setText(self.tr("Explore {0} kimg").format(model[0]))
        nearest = self.tr("The model nearest to {0} kimg: a run keeps its first, every tenth and its newest.")
        exact = self.tr("Open the model of this moment in the window.")
        self.explore.setToolTip(exact if model[0] == moment else nearest.format(moment))

    def set_smooth(self, smooth: bool) -> None:
        """Choose smooth or crisp enlargement."""
        for view in (self.sheet, self.other_sheet):
            view.set_smooth(smooth)

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop playing when nobody looks."""
        self._stop()
        super().hideEvent(event)

    @Slot()
    def toggle_play(self) -> None:
        """Play from here, from the start where this is the end; or pause."""
        if self._timer.isActive():
            self._stop()
        elif len(self.slider.moments) > 1:
            if self.at_newest:
                self.slider.setValue(0)
            self._timer.start()
            self.play.setIcon(icon("pause"))

    def _lay_out(self) -> None:
        pictures = QHBoxLayout()
        pictures.setSpacing(8)
        self._beside = QWidget()
        self._beside.hide()
        for box, view, caption in (
            (QWidget(), self.sheet, self.caption),
            (self._beside, self.other_sheet, self.other_caption),
        ):
            column = QVBoxLayout(box)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(4)
            view.set_whole_factors(False)
            caption.setObjectName("muted")
            caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            column.addWidget(view, 1)
            column.addWidget(caption)
            pictures.addWidget(box, 1)
        time, last = QHBoxLayout(), QHBoxLayout()
        time.setSpacing(4)
        time.addWidget(self.play)
        time.addWidget(self.slider, 1)
        time.addWidget(self.export)
        last.setSpacing(8)
        last.addWidget(self.follow)
        last.addStretch(1)
        last.addWidget(self.explore)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(pictures, 1)
        layout.addLayout(time)
        layout.addLayout(last)

    def _refresh(self) -> None:
        several = len(self.slider.moments) > 1
        self.play.setEnabled(several)
        self.export.setEnabled(several)

    def _ask(self) -> None:
        """Ask for the sheet chosen, and for that of the other run at the same kimg or just before."""
        moment = self.slider.moment
        if moment is None:
            return
        if self._live is not None and self._live[0] == moment:
            self._show(self._live[1], moment)
        elif self._watch is not None:
            self._watch.want_sheet(moment)
        if self._other is not None and (numbers := tuple(self._other.latest.sheets)):
            before = [number for number in numbers if number <= moment]
            self._other.want_sheet(before[-1] if before else numbers[0])

    def _show(self, pictures: Pixels, number: int) -> None:
        self._shown = self._answered = number
        self.sheet.set_pixels(_laid_out(pictures))
        if self._other is not None and self._watch is not None:
            self.caption.setText(_caption(self._watch.folder, number))
        else:
            self.caption.setText(self.tr("The same {0} z at every tick; now {1} kimg").format(len(pictures), number))

    def _stop(self) -> None:
        self._timer.stop()
        self.play.setIcon(icon("play"))

    @Slot()
    def _on_beat(self) -> None:
        if self._answered != self.slider.moment:
            return  # The folder is slow; no sheet is skipped.
        if self.at_newest:
            self._stop()
        else:
            self.slider.setValue(self.slider.value() + 1)

    @Slot(int)
    def _on_moved(self, _place: int) -> None:
        self._ask()
        self.moment_changed.emit(self.slider.moment)

    @Slot(object)
    def _on_sheet(self, read: SheetRead) -> None:
        moment = self.slider.moment
        if self._watch is None or moment is None or self._watch.latest.sheets.get(moment) != read.path:
            return
        if read.pictures is None:
            # It may be on its way: the next look asks again.
            self.caption.setText(read.problem)
            self._answered, self._shown = moment, None
        else:
            self._show(read.pictures, moment)

    @Slot(object)
    def _on_other_sheet(self, read: SheetRead) -> None:
        if self._other is None or read.path.parent.parent != self._other.folder:
            return
        self.other_sheet.set_pixels(None if read.pictures is None else _laid_out(read.pictures))
        self.other_caption.setText(read.problem or _caption(self._other.folder, int(read.path.stem)))


def _laid_out(pictures: Pixels) -> Pixels:
    return sheet(pictures, COLUMNS, gap_px=1, background=0)


def _caption(folder: Path, number: int) -> str:
    return f"{folder.name}  ·  {number} kimg"
