"""Cards on the move: dragged between wells, out to the desktop as a PNG that holds its latent, and back."""

from __future__ import annotations

import functools
import re
import tempfile
from pathlib import Path

from PySide6.QtCore import QMimeData, QPoint, QSize, Qt, QUrl
from PySide6.QtGui import QDrag, QPixmap
from PySide6.QtWidgets import QWidget

from latentlab.errors import LatentlabError
from latentlab.session.card import Card
from latentlab.ui.model_kinds import is_picture
from latentlab.ui.qimage import to_qimage

CARD_TYPE = "application/x-latentlab-card"
_NAME_TYPE = "application/x-latentlab-card-name"
_DRAG_PX = 72


class NoLatentError(LatentlabError):
    """An image that was dropped holds no latent; one may be found for it.

    Attributes:
        path: The image.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path.name, "holds no latent")
        self.path = path


def mime_of(card: Card) -> QMimeData:
    """Describe a card to whoever it is dropped or pasted on: as a card, as an image, and as a PNG file."""
    from latentlab.session.card_png import png_of

    mime = QMimeData()
    png = png_of(card)
    mime.setData(CARD_TYPE, png)
    mime.setData(_NAME_TYPE, card.name.encode())
    mime.setImageData(to_qimage(card.pixels))
    target = Path(_drag_folder().name) / f"{file_stem(card.name)}-{card.id}.png"
    target.write_bytes(png)
    mime.setUrls([QUrl.fromLocalFile(str(target))])
    return mime


def offers_card(mime: QMimeData) -> bool:
    """Whether a drag may hold a card: ours, or an image that may hold a latent, or that one may be found for."""
    return mime.hasFormat(CARD_TYPE) or any(map(is_picture, local_files(mime)))


def card_from_mime(mime: QMimeData) -> Card | None:
    """Read the card a drag or the clipboard holds.

    Returns:
        None if there is none, or the PNG holds no latent.

    Raises:
        LatentlabError: If the PNG cannot be read or its latent is damaged.
    """
    from latentlab.session.card_png import card_from_png

    if mime.hasFormat(CARD_TYPE):
        name = bytes(mime.data(_NAME_TYPE).data()).decode()
        return card_from_png(bytes(mime.data(CARD_TYPE).data()), name)
    for path in local_files(mime):
        if path.suffix.lower() == ".png" and path.is_file():
            try:
                content = path.read_bytes()
            except OSError as error:
                raise LatentlabError(path, f"cannot be read: {error.strerror or error}") from error
            return card_from_png(content, path.stem)
    return None


def dropped_card(mime: QMimeData) -> Card:
    """Read the card that was dropped.

    Raises:
        NoLatentError: If it is an image without one.
        LatentlabError: As `card_from_mime`, and if it is no image.
    """
    card = card_from_mime(mime)
    if card is not None:
        return card
    for path in local_files(mime):
        if is_picture(path):
            raise NoLatentError(path)
    raise LatentlabError("What was dropped", "holds no latent", "Drop a picture of this window, or an image file.")


def local_files(mime: QMimeData) -> list[Path]:
    """Return the files that a drag holds."""
    return [Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile()]


def start_drag(source: QWidget, card: Card) -> None:
    """Let the hand take a card away; returns when it is dropped."""
    drag = QDrag(source)
    drag.setMimeData(mime_of(card))
    pixmap = QPixmap.fromImage(to_qimage(card.pixels)).scaled(
        QSize(_DRAG_PX, _DRAG_PX), Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.FastTransformation
    )
    drag.setPixmap(pixmap)
    drag.setHotSpot(QPoint(pixmap.width() // 2, pixmap.height() // 2))
    drag.exec(Qt.DropAction.CopyAction)


@functools.cache
def _drag_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="latentlab-cards-")


def file_stem(name: str) -> str:
    """Return a card's name as it may stand in a file's name."""
    return re.sub(r"[^\w.+-]+", "-", name).strip("-")[:60] or "picture"
