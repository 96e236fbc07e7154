"""*Train > Data…*: what a data set holds, before anything is trained on it."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QCloseEvent, QColor, QResizeEvent
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from latentlab.data import cache
from latentlab.data.survey import drawn
from latentlab.errors import ErrorReport
from latentlab.pixels import sheet
from latentlab.session.settings import Settings
from latentlab.ui import theme
from latentlab.ui.dialogs.data_form import DataForm
from latentlab.ui.dialogs.data_groups import GroupsList
from latentlab.ui.dialogs.data_look import DataChoice, Looked, look_at
from latentlab.ui.latest_work import LatestWork
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.elided import ElidedLabel
from latentlab.ui.widgets.picture import PictureView

_SIZE_PX = QSize(980, 640)
_PADDING_PX = 8
_LEAST_TILE_PX, _MOST_TILE_PX = 56, 128


class DataSheet(QDialog):
    """Shows pictures, classes, duplicates and unreadable files of a data set. GUI thread only.

    Signals:
        new_run_wanted: The `DataChoice` to train on; GUI thread.
    """

    new_run_wanted = Signal(object)

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Data"))
        self.resize(_SIZE_PX)
        self._studio = studio
        self._asked: DataChoice | None = None
        self._looked: Looked | None = None
        self._seed = 0
        self._work = LatestWork(self.tr("Reading data"), self)
        self.form = DataForm(studio)
        self._make_views()
        self._lay_out()
        self.form.changed.connect(self.look)
        self.list.group_changed.connect(self._on_group)
        self.dice.clicked.connect(self._on_dice)
        self.stop.clicked.connect(self._on_stop)
        self.fetch.clicked.connect(self._on_fetch)
        self.go.clicked.connect(self._on_go)
        self.done_button.clicked.connect(self.close)
        self._work.progressed.connect(self._on_progress)
        self._work.failed.connect(self._on_failed)
        studio.settings_changed.connect(self._on_settings)

    def offer(self) -> None:
        """Come to the front; look at what is chosen if nothing has been looked at yet."""
        self.show()
        self.raise_()
        self.activateWindow()
        if self._looked is None and not self._work.busy:
            self._asked = None  # what failed before may be there by now
            self.look()

    def close_service(self) -> None:
        """End the thread."""
        self._work.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Read no further."""
        self._on_stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes too."""
        self._on_stop()
        super().reject()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Show as many pictures as there is room for."""
        super().resizeEvent(event)
        self._draw()

    def choose(self, data: str) -> None:
        """Look at a data set by its name or path."""
        self.form.choose(data)
        self.look()

    @Slot()
    def look(self) -> None:
        """Look at what is chosen, unless that was asked for last; nothing is downloaded."""
        choice = self.form.choice()
        if choice is None:
            self._asked = None
            self._work.cancel()
            self._say(self.tr("Choose the folder, archive or file to look at."))
        elif choice != self._asked:
            self._begin(choice, download=False)

    def _make_views(self) -> None:
        self.view = PictureView(surround=True, padding_px=_PADDING_PX)
        self.view.set_smooth(self._studio.settings.smooth)
        self.view.setAccessibleName(self.tr("Pictures of the data set"))
        self.list = GroupsList()
        self.list.setAccessibleName(self.tr("What the data set holds"))
        self.dice = icon_button("dice", self.tr("Other pictures of the group"))
        self.status = ElidedLabel()
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setObjectName("warning")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("Reading"))
        self.stop = QPushButton(self.tr("Stop"))
        self.fetch = QPushButton(self.tr("Download"))
        self.done_button = QPushButton(self.tr("Close"))
        self.go = QPushButton(self.tr("New run…"))
        self.go.setObjectName("primary")
        self.go.setToolTip(self.tr("Train a model on this data"))
        for button in (self.stop, self.fetch, self.done_button, self.go):
            button.setAutoDefault(False)

    def _lay_out(self) -> None:
        middle = QHBoxLayout()
        middle.setSpacing(16)
        middle.addWidget(self.view, 1)
        middle.addWidget(self.list)
        bottom = QHBoxLayout()
        bottom.setSpacing(8)
        bottom.addWidget(self.dice)
        bottom.addWidget(self.status, 1)
        bottom.addWidget(self.bar, 1)
        for button in (self.stop, self.fetch, self.done_button, self.go):
            bottom.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(12)
        layout.addWidget(self.form)
        layout.addLayout(middle, 1)
        layout.addWidget(self.message)
        layout.addLayout(bottom)

    def _begin(self, choice: DataChoice, download: bool) -> None:
        self._asked, self._looked = choice, None
        self.view.set_dimmed(True)
        self.view.set_hint(self.tr("Reading…"))
        self.message.hide()
        self.bar.setRange(0, 0)
        self._show_state(busy=True)
        self._work.ask(partial(look_at, choice, download), self._on_looked)

    def _show_state(self, busy: bool) -> None:
        self.bar.setVisible(busy)
        self.stop.setVisible(busy)
        self.status.setVisible(not busy)
        self.fetch.hide()
        self.go.setEnabled(self._looked is not None)
        self.dice.setEnabled(self._looked is not None)

    def _say(self, text: str) -> None:
        """Say why there is nothing to see."""
        self._looked = None
        self.message.hide()
        self._show_state(busy=False)
        self.view.set_pixels(None)
        self.view.set_hint(text)
        self.list.show_data(None)
        self.status.set_whole("")

    @Slot(float)
    def _on_progress(self, done: float) -> None:
        if done > 0.0:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * done))

    @Slot(object)
    def _on_failed(self, report: ErrorReport) -> None:
        self._say(self.tr("Nothing to show."))
        self.message.setText(str(report))
        self.message.show()
        self.fetch.setVisible(self.form.can_download())

    def _on_looked(self, found: object) -> None:
        if isinstance(found, ErrorReport):
            self._on_failed(found)
        if not isinstance(found, Looked):
            return
        self._looked = found
        self.form.offer_classes((*found.data.columns, *found.data.attributes), found.choice.label)
        self.list.show_data(found)
        self.view.set_dimmed(False)
        self._show_state(busy=False)
        kept = self.tr("Decoded once and kept in {0}, which may be removed at any time").format(cache.folder())
        self.status.set_whole(self._in_words(found), kept if isinstance(found.data.pixels, np.memmap) else "")
        self._draw()

    def _in_words(self, found: Looked) -> str:
        data = found.data
        _, height, width, channels = data.pixels.shape
        words = [
            self.tr("{0} pictures").format(f"{len(data):,}"),
            f"{width} × {height}, {self.tr('grey') if channels == 1 else self.tr('colour')}",
            f"{data.pixels.nbytes / 1e6:,.0f} MB",
        ]
        equal = sum(len(rows) - 1 for rows in found.duplicates)
        if equal:
            words.append(self.tr("{0} of them again").format(f"{equal:,}"))
        if data.skipped:
            words.append(self.tr("{0} left out").format(f"{len(data.skipped):,}"))
        return " · ".join(words)

    def _draw(self) -> None:
        """Lay out as many pictures of the chosen group as there is room for; few are shown larger."""
        group = self.list.group()
        if self._looked is None or group is None:
            return
        pixels = self._looked.data.pixels
        height, width = pixels.shape[1:3]
        room = self.view.size() * self.view.devicePixelRatioF() - QSize(2 * _PADDING_PX, 2 * _PADDING_PX)
        scale = math.ceil(_LEAST_TILE_PX / width) if width < _LEAST_TILE_PX else min(1.0, _MOST_TILE_PX / width)
        columns = max(1, int(room.width() / (scale * (width + 1))))
        rows = max(1, int(room.height() / (scale * (height + 1))))
        chosen = drawn(group.rows, columns * rows, self._seed)
        if len(chosen) == 0:
            self.view.set_pixels(None)
            self.view.set_hint(self.tr("No picture is of this kind."))
            return
        if len(chosen) < columns * rows:
            columns = min(len(chosen), math.ceil(math.sqrt(len(chosen) * room.width() / max(1, room.height()))))
        grey = QColor(theme.tokens().surround).lightness()
        self.view.set_pixels(sheet(np.asarray(pixels[chosen]), columns, gap_px=1, background=grey))

    @Slot()
    def _on_fetch(self) -> None:
        choice = self.form.choice()
        if choice is not None:
            self._begin(choice, download=True)

    @Slot()
    def _on_stop(self) -> None:
        if self._work.busy and self._looked is None:
            self._asked = None
            self._work.cancel()
            self._say(self.tr("Stopped. Choose the data again to read on."))

    @Slot()
    def _on_go(self) -> None:
        if self._studio.training.running:
            self.message.setText(self.tr("A run is under way: stop it or wait for its end before another begins."))
            self.message.show()
        elif self._looked is not None:
            self.close()
            self.new_run_wanted.emit(self._looked.choice)

    @Slot()
    def _on_group(self) -> None:
        self._seed = 0
        self._draw()

    @Slot()
    def _on_dice(self) -> None:
        self._seed += 1
        self._draw()

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.view.set_smooth(settings.smooth)
