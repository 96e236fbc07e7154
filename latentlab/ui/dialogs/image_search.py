"""The search for the latent of an image, in the background: what it comes to is told while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from latentlab.analysis.inversion import STEPS, Inversion, Reconstruction, invert
from latentlab.analysis.progress import Progress
from latentlab.errors import ErrorReport
from latentlab.pixels import Pixels
from latentlab.preload import torch_on_spare_cores
from latentlab.session.opened import OpenedModel
from latentlab.session.own_picture import read_own_picture
from latentlab.ui.analysis_bridge import answered
from latentlab.ui.latest_work import LatestWork


@dataclass(frozen=True, eq=False)
class Wanted:
    """What is looked for.

    Attributes:
        model: What is to draw it; its layers are known.
        path: The image.
        crop: Which part of it, a key of `crops.CROPS`.
        seed: Of the samples that are looked at first.
        label: The class to draw it as, from 0; None for whichever comes nearest.
        steps: Of the descent.
    """

    model: OpenedModel
    path: Path
    crop: str
    seed: int
    label: int | None = None
    steps: int = STEPS


@dataclass(frozen=True, eq=False)
class Told:
    """The image as the model sees it, or the nearest reconstruction so far, of the search of this number."""

    number: int
    what: Pixels | Reconstruction


class ImageSearch(QObject):
    """Searches in a thread of its own; the newest search replaces the one before. Methods are for the GUI thread.

    Whoever makes one closes it.

    Signals:
        told: A `Told`, emitted on the analysis thread, delivered on the GUI thread.
        image_read: The image as the model sees it, shape (H, W, C), uint8; GUI thread.
        came_nearer: The `Reconstruction` that is the nearest so far; GUI thread.
        found: The `Inversion` that a search ended with, unless it was stopped; GUI thread.
        progressed: Fraction done; GUI thread.
        failed: The `ErrorReport` of a search that failed; GUI thread.
    """

    told = Signal(object)
    image_read = Signal(object)
    came_nearer = Signal(object)
    found = Signal(object)
    progressed = Signal(float)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._number = 0
        self._running = False
        self._work = LatestWork(self.tr("Finding the latent of an image"), self)
        self._work.progressed.connect(self._on_progress)
        self._work.failed.connect(self._on_failed)
        self.told.connect(self._on_told)

    @property
    def running(self) -> bool:
        """Whether a search is under way that nobody has stopped."""
        return self._running

    def start(self, wanted: Wanted) -> None:
        """Search; what was under way is stopped."""
        self._number += 1
        self._running = True
        number = self._number
        search = answered(lambda progress: self._inversion(wanted, number, progress), str(wanted.path))
        self._work.ask(search, self._on_found)

    def stop(self) -> None:
        """End the search at its next step; nothing more is told of it."""
        self._number += 1
        self._running = False
        self._work.cancel()

    def close(self) -> None:
        """End the search and the thread."""
        self.stop()
        self._work.close()

    def _inversion(self, wanted: Wanted, number: int, progress: Progress) -> Inversion:
        pixels = read_own_picture(wanted.path, wanted.model.generator.card, wanted.crop)
        self.told.emit(Told(number, pixels))
        with torch_on_spare_cores():
            return invert(
                wanted.model.generator,
                pixels,
                wanted.steps,
                wanted.seed,
                wanted.label,
                progress=progress,
                on_nearer=lambda nearer: self.told.emit(Told(number, nearer)),
            )

    @Slot(object)
    def _on_told(self, told: Told) -> None:
        if told.number != self._number:
            return
        if isinstance(told.what, Reconstruction):
            self.came_nearer.emit(told.what)
        else:
            self.image_read.emit(told.what)

    @Slot(float)
    def _on_progress(self, done: float) -> None:
        if self._running:
            self.progressed.emit(done)

    def _on_found(self, found: object) -> None:
        self._running = False
        (self.failed if isinstance(found, ErrorReport) else self.found).emit(found)

    @Slot(object)
    def _on_failed(self, report: ErrorReport) -> None:
        if self._running:
            self._running = False
            self.failed.emit(report)
