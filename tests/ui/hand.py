"""What a hand and an eye do with the window: drag, click, type, turn the wheel, drop, look."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QMimeData, QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QDoubleSpinBox, QToolButton, QWidget

from latentlab.latent.arrays import FloatArray
from latentlab.pixels import Pixels
from latentlab.session.state import SessionState
from latentlab.ui.main_window import MainWindow
from latentlab.ui.widgets.picture import PictureView, fitted
from latentlab.ui.widgets.slider_row import CentredSlider, SliderRow

LEFT = Qt.MouseButton.LeftButton
NO_KEYS = Qt.KeyboardModifier.NoModifier


def settle(window: MainWindow) -> None:
    """Wait until everything asked for was rendered and handed to its view."""
    QApplication.processEvents()
    while window.strip._drawing.isActive():
        QApplication.processEvents()
    assert window.studio.render.wait_idle()
    QApplication.processEvents()
    assert window.studio.render.wait_idle()
    QApplication.processEvents()


def state_of(window: MainWindow) -> SessionState:
    """Return the document."""
    state = window.studio.state
    assert state is not None
    return state


def z_of(window: MainWindow) -> FloatArray:
    """Return the latent under the hand, shape (1, z_dim)."""
    return window.studio.z_of(state_of(window).picture)[None]


def row_of(window: MainWindow, name: str = "Factor 1") -> SliderRow:
    """Return a direction's row."""
    row = window.directions.row(name)
    assert row is not None, name
    return row


def slider_of(window: MainWindow, name: str = "Factor 1") -> CentredSlider:
    """Return a direction's slider."""
    return row_of(window, name).findChild(CentredSlider)


def box_of(window: MainWindow, name: str = "Factor 1") -> QDoubleSpinBox:
    """Return a direction's value box."""
    return row_of(window, name).findChild(QDoubleSpinBox)


def reset_of(window: MainWindow, name: str = "Factor 1") -> QToolButton:
    """Return a direction's reset button."""
    return row_of(window, name).findChild(QToolButton)


def handle_of(slider: CentredSlider) -> QPoint:
    """Return where a slider's handle is."""
    return QPoint(round(slider._x(slider.value())), slider.height() // 2)


def drag(slider: CentredSlider, to: float, steps: int = 6) -> list[float]:
    """Drag a slider's handle to a share of its width; return the values on the way."""
    start = handle_of(slider)
    end = QPoint(round(slider.width() * to), start.y())
    values = []
    QTest.mousePress(slider, LEFT, pos=start)
    for step in range(1, steps + 1):
        QTest.mouseMove(slider, start + (end - start) * (step / steps))
        QApplication.processEvents()
        values.append(slider.value())
    QTest.mouseRelease(slider, LEFT, pos=end)
    return values


def click(widget: QWidget, pos: QPoint | None = None) -> None:
    """Click a widget: a check box on its box, anything else in its middle."""
    middle = widget.rect().center()
    QTest.mouseClick(widget, LEFT, pos=pos or (QPoint(10, middle.y()) if isinstance(widget, QCheckBox) else middle))


def type_into(box: QDoubleSpinBox, text: str) -> None:
    """Type a number over what a box holds, and press Enter."""
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, text.replace(".", box.locale().decimalPoint()))
    QTest.keyClick(box, Qt.Key.Key_Return)


def turn_wheel(widget: QWidget, steps: int, modifiers: Qt.KeyboardModifier = NO_KEYS) -> bool:
    """Turn the wheel over a widget; return whether it took the event."""
    at = QPointF(widget.rect().center())
    event = QWheelEvent(
        at,
        QPointF(widget.mapToGlobal(at.toPoint())),
        QPoint(),
        QPoint(0, 120 * steps),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def drop(widget: QWidget, mime: QMimeData) -> bool:
    """Drag something over a widget and drop it there; return whether it was taken."""
    at = widget.rect().center()
    copy, left = Qt.DropAction.CopyAction, LEFT
    enter = QDragEnterEvent(at, copy, mime, left, NO_KEYS)
    enter.ignore()
    QApplication.sendEvent(widget, enter)
    if not enter.isAccepted():
        return False
    event = QDropEvent(QPointF(at), copy, mime, left, NO_KEYS)
    event.ignore()
    QApplication.sendEvent(widget, event)
    return event.isAccepted()


def on_screen(view: PictureView) -> Pixels:
    """Read a picture off the screen: the pixel in the middle of each enlarged pixel, shape (H, W, 3)."""
    shown = view.pixels()
    assert shown is not None
    height, width, _ = shown.shape
    padding = view._padding_px
    target = fitted(QSize(width, height), view.size() - QSize(2 * padding, 2 * padding), 1.0)
    factor = target.width() / width
    assert factor >= 3, "too small to be read under its ring"
    image = view.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    whole = pixels_of(image)
    xs = (padding + target.left() + (np.arange(width) + 0.5) * factor).astype(int)
    ys = (padding + target.top() + (np.arange(height) + 0.5) * factor).astype(int)
    return whole[ys[:, None], xs[None, :]]


def pixels_of(image: QImage) -> Pixels:
    """Copy an image out, shape (H, W, 3)."""
    made = image.convertToFormat(QImage.Format.Format_RGB888)
    flat = np.frombuffer(made.constBits(), np.uint8).reshape(made.height(), made.bytesPerLine())
    return flat[:, : 3 * made.width()].reshape(made.height(), made.width(), 3).copy()


def shown(view: PictureView) -> Pixels:
    """Return the picture that a view was given."""
    pixels = view.pixels()
    assert pixels is not None
    return pixels
