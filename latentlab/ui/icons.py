"""Icons: one stroke weight of SVG, tinted by the theme, sharp at every scale."""

from __future__ import annotations

import functools
import tempfile
from pathlib import Path

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from latentlab.paths import bundled
from latentlab.ui import theme

_INK = "#000"


def icon(name: str, ink: str = "text") -> QIcon:
    """Return an icon of ``resources/icons`` that takes the theme's colours whenever it is painted.

    Args:
        name: Of the file, without its suffix.
        ink: The token of `theme.Tokens` it is painted in.
    """
    return QIcon(_TintedEngine(name, ink))


def app_icon() -> QIcon:
    """Return the application's own icon, in its own colours."""
    return QIcon(str(bundled("resources", "icons", "latentlab.svg")))


@functools.cache
def tinted_file(name: str, ink: str) -> str:
    """Write a tinted copy of an icon for the style sheet, which can only name files; return its path."""
    target = _scratch() / f"{name}-{ink.lstrip('#')}.svg"
    target.write_bytes(_svg(name, ink))
    return target.as_posix()


@functools.cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="latentlab-icons-")


def _scratch() -> Path:
    return Path(_folder().name)


@functools.cache
def _svg(name: str, ink: str) -> bytes:
    text = bundled("resources", "icons", f"{name}.svg").read_text(encoding="utf-8")
    return text.replace(f'"{_INK}"', f'"{ink}"').encode("utf-8")


@functools.lru_cache(maxsize=512)
def _renderer(name: str, ink: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_svg(name, ink)))


class _TintedEngine(QIconEngine):
    """Paints an SVG in a colour of the theme, fainter while disabled."""

    def __init__(self, name: str, ink: str) -> None:
        super().__init__()
        self._name = name
        self._ink = ink

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Draw the icon into a rectangle."""
        look = theme.tokens()
        ink: str = look.faint if mode == QIcon.Mode.Disabled else getattr(look, self._ink)
        if rect.isEmpty():
            return
        _renderer(self._name, ink).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """Draw the icon on a transparent pixmap."""
        return self.scaledPixmap(size, mode, state, 1.0)

    def scaledPixmap(  # noqa: N802 - Qt's name
        self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float
    ) -> QPixmap:
        """Draw the icon on a transparent pixmap of `scale` device pixels per pixel."""
        if size.isEmpty():
            return QPixmap()
        image = QImage(size * scale, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(scale)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return QPixmap.fromImage(image)

    def clone(self) -> QIconEngine:
        """Return a copy, which Qt owns."""
        return _TintedEngine(self._name, self._ink)
