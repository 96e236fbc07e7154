"""What the Edit and Latent menus do to the document."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QMimeData, QObject, Slot
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from latentlab.errors import LatentlabError, ValueRangeError
from latentlab.latent import z_text
from latentlab.latent.directions import Direction
from latentlab.latent.priors import MAX_SEED
from latentlab.session import changes, reproduce
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.state import End
from latentlab.ui.card_mime import card_from_mime, dropped_card, file_stem, local_files, mime_of
from latentlab.ui.documents import Documents
from latentlab.ui.studio import Studio

_PNG = ".png"


class LatentActions(QObject):
    """Slots for the table of actions. GUI thread only.

    Args:
        studio: What is acted on.
        documents: Writes files.
        point_in_sight: Returns the point whose picture the front page shows large.
        window: Parent of the file dialogs.
    """

    def __init__(
        self, studio: Studio, documents: Documents, point_in_sight: Callable[[], Point | None], window: QWidget
    ) -> None:
        super().__init__(window)
        self._studio = studio
        self._documents = documents
        self._point_in_sight = point_in_sight
        self._window = window
        self._steps = 0
        self._last_stepped: object = None

    @Slot()
    def undo(self) -> None:
        """Undo the last change."""
        if self._studio.session is not None:
            self._studio.session.undo()

    @Slot()
    def redo(self) -> None:
        """Do again what was undone last."""
        if self._studio.session is not None:
            self._studio.session.redo()

    @Slot()
    def copy(self) -> None:
        """Put the picture in sight on the clipboard, with its latent."""
        point = self._point_in_sight()
        if point is not None:
            card = self._studio.card_of(point)
            QApplication.clipboard().setMimeData(mime_of(card))
            self._studio.notice.emit(self.tr("Copied {0}").format(card.name))

    @Slot()
    def copy_python(self) -> None:
        """Put lines of Python on the clipboard that draw the picture in sight."""
        self._copy_code(reproduce.as_python, self.tr("Copied {0} as Python"))

    @Slot()
    def copy_command(self) -> None:
        """Put a command line on the clipboard that draws the picture in sight."""
        self._copy_code(reproduce.as_command, self.tr("Copied {0} as a command"))

    @Slot()
    def copy_latent(self) -> None:
        """Put the latent of the picture in sight on the clipboard, as text."""
        self._copy_code(reproduce.as_text, self.tr("Copied the latent of {0}"))

    @Slot()
    def paste(self) -> None:
        """Pick up the picture or the latent on the clipboard."""
        mime = QApplication.clipboard().mimeData()
        try:
            if mime.hasText() and mime.text().strip().startswith(z_text.PREFIX):
                self._paste_latent(mime.text())
                return
            card = card_from_mime(mime)
        except LatentlabError as error:
            self._studio.report(error, self.tr("Pasting"))
            return
        if card is None:
            self._studio.notice.emit(self.tr("The clipboard holds no picture with a latent"))
            return
        point = self._studio.point_of(card)
        if point is not None:
            self._studio.apply(changes.put_in_place(point), self.tr("Paste {0}").format(card.name))

    def take_image(self, mime: QMimeData) -> None:
        """Pick up the picture of a file that was dropped on the window; where it holds no latent, have one found."""
        if self._studio.model is None:
            name = next((path.name for path in local_files(mime)), "")
            self._studio.report(
                LatentlabError(name, self.tr("there is no model to draw it"), self.tr("Open one first.")), ""
            )
            return
        try:
            card = dropped_card(mime)
        except LatentlabError as error:
            self._studio.on_refused(error)
            return
        point = self._studio.point_of(card)
        if point is not None:
            self._studio.apply(changes.put_in_place(point), self.tr("Pick up {0}").format(card.name))

    @Slot()
    def keep(self) -> None:
        """Put the picture in sight on the shelf."""
        point = self._point_in_sight()
        if point is not None:
            self._studio.keep(point)

    @Slot()
    def save_picture(self) -> None:
        """Ask for a file and write the picture in sight to it, with its latent."""
        point = self._point_in_sight()
        if point is None:
            return
        from latentlab.session.card_png import png_of

        card = self._studio.card_of(point)
        folder = Path(self._studio.settings.export_folder or Path.home())
        suggested = str(folder / f"{file_stem(card.name)}{_PNG}")
        chosen, _ = QFileDialog.getSaveFileName(self._window, self.tr("Save picture"), suggested, f"PNG (*{_PNG})")
        if chosen:
            target = chosen if chosen.lower().endswith(_PNG) else f"{chosen}{_PNG}"
            self._documents.write_bytes(Path(target), png_of(card))

    @Slot()
    def previous_seed(self) -> None:
        """Go to the seed before this one."""
        self._step_seed(-1)

    @Slot()
    def next_seed(self) -> None:
        """Go to the seed after this one."""
        self._step_seed(1)

    @Slot()
    def hold_a(self) -> None:
        """Take end A of the strip in hand."""
        self._hold("a")

    @Slot()
    def hold_b(self) -> None:
        """Take end B of the strip in hand."""
        self._hold("b")

    @Slot()
    def let_go(self) -> None:
        """Leave the end that is in hand where it is."""
        self._studio.apply(changes.let_go_of_end(), self.tr("Let go of the end"))

    @Slot()
    def swap(self) -> None:
        """Exchange the ends of the strip."""
        self._studio.apply(changes.swap_ends(), self.tr("Swap the ends"))

    def _copy_code(self, write: Callable[[Point, OpenedModel, Sequence[Direction]], str], told: str) -> None:
        point, model = self._point_in_sight(), self._studio.model
        if point is None or model is None:
            return
        try:
            text = write(point, model, self._studio.directions)
        except LatentlabError as error:
            self._studio.report(error, self.tr("Copying"))
            return
        QApplication.clipboard().setText(text)
        self._studio.notice.emit(told.format(point.title()))

    def _paste_latent(self, text: str) -> None:
        z, model = z_text.decode(text), self._studio.model
        if model is None:
            return
        if len(z) != model.z_dim:
            raise ValueRangeError(
                f"{text.strip()[:12]}…", f"is a latent of width {len(z)}, {model.name} takes {model.z_dim}"
            )
        self._studio.apply(changes.put_in_place(Point(z, origin=self.tr("pasted z"))), self.tr("Paste a latent"))

    def _hold(self, which: End) -> None:
        self._studio.apply(changes.hold_end(which), self.tr("Take end {0}").format(which.upper()))

    def _step_seed(self, step: int) -> None:
        state = self._studio.state
        if state is None:
            return
        if state is not self._last_stepped:
            self._steps += 1
        present = state.picture.seed if state.picture.seed is not None else -step
        seed = min(MAX_SEED, max(0, present + step))
        self._studio.apply(changes.set_seed(seed), self.tr("Seed {0}").format(seed), ("seed", self._steps))
        self._last_stepped = self._studio.state
