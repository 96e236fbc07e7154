"""What stands around a direction's slider: its name, marks to switch, a grip, and the pictures at both ends."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QEnterEvent, QIcon, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QSizePolicy, QWidget

from latentlab.ui import theme
from latentlab.ui.icons import icon
from latentlab.ui.widgets.picture import PictureView

END_PX = 32
_MARK_PX = 14


class Name(QWidget):
    """One line of text that is cut off with an ellipsis where it is too long.

    Signals:
        double_clicked: GUI thread.
    """

    double_clicked = Signal()

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text
        self._faded = False
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def text(self) -> str:
        """Return the whole text."""
        return self._text

    def set_text(self, text: str, faded: bool = False) -> None:
        """Show another text; faded for what is hidden."""
        if (text, faded) != (self._text, self._faded):
            self._text, self._faded = text, faded
            self.update()

    def sizeHint(self) -> QSize:
        """Ask for the text's own size."""
        metrics = self.fontMetrics()
        return QSize(metrics.horizontalAdvance(self._text) + 2, metrics.height() + 4)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Write the text."""
        look = theme.tokens()
        painter = QPainter(self)
        painter.setPen(QColor(look.faint if self._faded else look.text))
        text = self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.width())
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, text)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Tell of it."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit()


class NameBox(QLineEdit):
    """A name being edited: Enter or leaving it takes the text, Escape leaves the name as it was.

    Signals:
        done: The text, or an empty one where nothing shall change; GUI thread, exactly once.
    """

    done = Signal(str)

    def __init__(self, text: str, parent: QWidget) -> None:
        super().__init__(text, parent)
        self._open = True
        self.selectAll()
        self.editingFinished.connect(self._on_finished)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Give up on Escape."""
        if event.key() == Qt.Key.Key_Escape:
            self._end("")
            return
        super().keyPressEvent(event)

    @Slot()
    def _on_finished(self) -> None:
        self._end(self.text().strip())

    def _end(self, text: str) -> None:
        if self._open:
            self._open = False
            self.done.emit(text)


class Mark(QAbstractButton):
    """A small icon: in the accent where it is on, faint while the pointer is over its row, else not there."""

    def __init__(self, on: str, off: str) -> None:
        super().__init__()
        self._on, self._off = icon(on, "accent"), icon(off, "faint")
        self._near = False
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFixedSize(_MARK_PX + 4, _MARK_PX + 8)
        self.hide()
        self.toggled.connect(self._on_toggled)

    def set_near(self, near: bool) -> None:
        """Show it faintly while the pointer is over its row; its room is the name's otherwise."""
        self._near = near
        self.setVisible(near or self.isChecked())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the icon."""
        painter = QPainter(self)
        if self.underMouse():
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(theme.tokens().hover))
            painter.drawRoundedRect(QRectF(self.rect()), 4, 4)
        _paint(painter, self._on if self.isChecked() else self._off, self.rect())

    def enterEvent(self, event: QEnterEvent) -> None:
        """Answer the pointer."""
        self.update()

    @Slot(bool)
    def _on_toggled(self, on: bool) -> None:
        self.setVisible(on or self._near)


class Sign(QWidget):
    """An icon that says something by its tooltip."""

    def __init__(self, name: str, ink: str) -> None:
        super().__init__()
        self._icon = icon(name, ink)
        self.setFixedSize(_MARK_PX + 4, _MARK_PX + 8)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the icon."""
        _paint(QPainter(self), self._icon, self.rect())


class Grip(QWidget):
    """Dots by which a row is dragged to another place.

    Signals:
        dragged: y of the pointer on the screen, while it moves; GUI thread.
        dropped: The same, when it is let go of after a move; GUI thread.
    """

    dragged = Signal(int)
    dropped = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._near = self._moved = False
        self.setFixedSize(10, _MARK_PX + 8)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setToolTip(self.tr("Drag the slider to another place (Alt+Up, Alt+Down)"))

    def set_near(self, near: bool) -> None:
        """Show the dots while the pointer is over the row."""
        self._near = near
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the dots."""
        if not self._near:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(theme.tokens().faint))
        middle = self.height() / 2
        for x in (2.0, 6.0):
            for y in (-4.0, 0.0, 4.0):
                painter.drawEllipse(QPointF(x, middle + y), 1.1, 1.1)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold."""
        self._moved = False
        self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag."""
        self._moved = True
        self.dragged.emit(round(event.globalPosition().y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        if self._moved:
            self.dropped.emit(round(event.globalPosition().y()))


class EndPicture(PictureView):
    """The picture at an end of a slider: click to go there, drag it away as a card."""

    def __init__(self) -> None:
        super().__init__()
        self.set_clickable(True)
        # The keyboard gets there by typing the value; two more stops a row would be in its way.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFixedSize(END_PX, END_PX)


def _paint(painter: QPainter, image: QIcon, room: QRect) -> None:
    square = QRect(0, 0, _MARK_PX, _MARK_PX)
    square.moveCenter(room.center())
    image.paint(painter, square)
