"""The history of a run as a film: its fixed-z sheets, one after the other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QDoubleSpinBox, QWidget

from latentlab.export.animation import FORMATS, Render
from latentlab.latent.arrays import FloatArray
from latentlab.pixels import Pixels, sheet
from latentlab.training.run_seen import RunSeen
from latentlab.training.sheets import COLUMNS, read_sheet
from latentlab.ui.dialogs.export import ExportDialog
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.number_box import keep_off_the_edge

_FPS = 8
_HOLD_S = 2.0
_MAX_HOLD_S = 10.0
_GAP_PX = 1
_HOLD_ROW = 4


class TimeLapseDialog(ExportDialog):
    """The export dialog for the sheets of a run; frames are numbered, and drawn by reading the sheet of that number."""

    stem = "training"

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(studio, parent)
        self.setWindowTitle(self.tr("Export the training as a time-lapse"))
        self._sheets: tuple[Path, ...] = ()
        self._side_px = 0
        self.fps.setValue(_FPS)
        self.way.setCurrentIndex(self.way.findData("open"))
        self.hold = QDoubleSpinBox()
        keep_off_the_edge(self.hold)
        self.hold.setRange(0.0, _MAX_HOLD_S)
        self.hold.setSingleStep(0.5)
        self.hold.setValue(_HOLD_S)
        self.hold.setSuffix(self.tr(" s on the last sheet"))
        self.form.insertRow(_HOLD_ROW, self.tr("End"), self.hold)
        for fixed in (self.frames, self.way):
            self.form.setRowVisible(fixed, False)
        for changed in (self.hold, self.fps):
            changed.valueChanged.connect(self._on_held)

    def offer_run(self, seen: RunSeen) -> None:
        """Show the dialog for the sheets that a run has by now; one at least.

        Raises:
            TrainingError: If the first one cannot be read.
        """
        self._sheets = tuple(seen.sheets.values())
        self._side_px = int(seen.number("size"))
        height, width, _ = _laid_out(self._sheets[0], self._side_px).shape
        self.frames.setMaximum(max(self.frames.maximum(), len(self._sheets)))
        self._on_held()
        self.offer_frames(width, height, height)

    def path_z(self) -> FloatArray:
        """Return the number of each frame's sheet, shape (frames, 1), float32; the last is held."""
        numbers = [*range(len(self._sheets)), *[len(self._sheets) - 1] * self._held()]
        return np.array(numbers, np.float32)[:, None]

    def renderer(self) -> Render | None:
        """Return what reads the sheets."""
        sheets, side_px = self._sheets, self._side_px

        def read(numbers: FloatArray) -> Pixels:
            return np.stack([_laid_out(sheets[int(number)], side_px) for number in numbers[:, 0]])

        return read if sheets else None

    def _held(self) -> int:
        still = FORMATS[self.format.currentData()].still
        return 0 if still else round(self.hold.value() * self.fps.value())

    @Slot()
    def _on_held(self) -> None:
        self.frames.setValue(len(self._sheets) + self._held())

    @Slot()
    def _on_format(self) -> None:
        super()._on_format()
        self.hold.setEnabled(not FORMATS[self.format.currentData()].still)
        self._on_held()

    @Slot()
    def _on_estimate(self) -> None:
        """Sheets are large and may lie on another machine: none is encoded for a forecast."""


def _laid_out(path: Path, side_px: int) -> Pixels:
    return sheet(read_sheet(path, side_px), COLUMNS, _GAP_PX, background=0)
