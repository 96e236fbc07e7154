"""A direction's slider: its name, marks, value in sigmas and reset, and the pictures at its ends."""

from __future__ import annotations

from typing import ClassVar
from weakref import ref

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal, Slot
from PySide6.QtGui import QContextMenuEvent, QEnterEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout, QWidget
from shiboken6 import isValid

from latentlab.ui.icons import icon
from latentlab.ui.widgets.centred_slider import CentredSlider
from latentlab.ui.widgets.number_box import NumberBox
from latentlab.ui.widgets.slider_parts import EndPicture, Grip, Mark, Name, NameBox, Sign

__all__ = ["CentredSlider", "SliderRow"]


class SliderRow(QWidget):
    """A named `CentredSlider` with its value typed or read in a box, pictures at both ends, and marks.

    The name is edited in place after a double-click or F2, if the direction is the user's own. Alt with Up and Down
    asks for another place, the menu key for what else can be done.

    Signals:
        value_changed: (name, value, gesture); moves of one gesture share its number; GUI thread.
        rename_wanted: (name, new name); GUI thread.
        rename_refused: name of a direction that keeps it; GUI thread.
        mark_wanted: (name, one of `session.sliders.Mark`, on or off); GUI thread.
        menu_wanted: (name, place on the screen); GUI thread.
        end_wanted: (name, 0 for the left end and 1 for the right); GUI thread.
        end_dragged: The same, when the picture there is dragged away; GUI thread.
        gripped: (name, y on the screen) while it is dragged to another place; GUI thread.
        dropped: The same, when it is let go of; GUI thread.
        step_wanted: (name, -1 for a place up and +1 for a place down); GUI thread.
    """

    value_changed = Signal(str, float, int)
    rename_wanted = Signal(str, str)
    rename_refused = Signal(str)
    mark_wanted = Signal(str, str, bool)
    menu_wanted = Signal(str, QPoint)
    end_wanted = Signal(str, int)
    end_dragged = Signal(str, int)
    gripped = Signal(str, int)
    dropped = Signal(str, int)
    step_wanted = Signal(str, int)
    _gestures = 0
    _entered: ClassVar[ref[SliderRow] | None] = None

    def __init__(
        self,
        name: str,
        tip: str,
        *,
        least: float = -3.0,
        most: float = 3.0,
        step: float = 0.1,
        typed_limit: float = 10.0,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.name = name
        self._rest = 0.0
        self._renameable = self._hidden = False
        self._slider = CentredSlider(least, most, 0.0, step)
        self._box = NumberBox()
        self._box.setRange(-typed_limit, typed_limit)
        self._box.setDecimals(2)
        self._box.setSingleStep(step)
        self._box.setSuffix(" σ")
        self._box.setAlignment(Qt.AlignmentFlag.AlignRight)
        self._box.setFixedWidth(72)
        self._reset = QToolButton()
        self._reset.setIcon(icon("reset"))
        self._reset.setIconSize(QSize(14, 14))
        self._reset.setAutoRaise(True)
        self._reset.setEnabled(False)
        self._reset.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._reset.setToolTip(self.tr("Back to rest (or double-click the slider)"))
        self._label = Name(name)
        self._grip = Grip()
        self._foreign = Sign("warning", "warn")
        self._foreign.hide()
        self._favourite = Mark("star-filled", "star")
        self._favourite.setToolTip(self.tr("Favourite: comes first"))
        self._lock = Mark("lock", "unlock")
        self._lock.setToolTip(self.tr("Locked: the slider stays as it is, and others can be conditioned on it"))
        self.ends = (EndPicture(), EndPicture())
        for end in self.ends:
            end.setToolTip(self.tr("The picture at this end of the slider. Click to go there; drag it away as a card."))
        self._name_it(name)
        self.describe(tip)
        self._lay_out()
        self._connect()

    def describe(self, tip: str) -> None:
        """Say what the direction is."""
        self.setToolTip(tip)
        self._slider.setToolTip(tip)

    def explain_value(self, tip: str) -> None:
        """Say what the number means."""
        self._box.setToolTip(tip)

    def show_marks(self, favourite: bool, locked: bool, hidden: bool, renameable: bool, foreign: str) -> None:
        """Show how the direction is marked.

        Args:
            favourite: Whether it has a star.
            locked: Whether its slider does not move.
            hidden: Whether it is shown only because hidden ones are.
            renameable: Whether it is the user's own.
            foreign: Why what it does is in doubt on the open model; empty where it is not.
        """
        self._favourite.setChecked(favourite)
        self._lock.setChecked(locked)
        self._slider.setEnabled(not locked)
        self._box.setEnabled(not locked)
        self._renameable, self._hidden = renameable, hidden
        self._label.set_text(self.name, hidden)
        self._foreign.setToolTip(foreign)
        self._foreign.setVisible(bool(foreign))
        self._show(self.value())

    def show_ends(self, shown: bool) -> None:
        """Give the pictures at the ends their room, or take it."""
        for end in self.ends:
            end.setVisible(shown)

    def value(self) -> float:
        """Return the value."""
        return self._slider.value()

    def rest(self) -> float:
        """Return the resting value."""
        return self._rest

    def locked(self) -> bool:
        """Whether the slider stays where it is."""
        return self._lock.isChecked()

    def set_value(self, value: float, rest: float = 0.0) -> None:
        """Show a value, and where it rests, without telling anyone."""
        if (value, rest) != (self._slider.value(), self._rest):
            self._rest = rest
            self._slider.set_rest(rest)
            self._slider.set_value(value)
            self._show(value)

    def take_focus(self) -> None:
        """Give the keyboard to the slider."""
        self._slider.setFocus(Qt.FocusReason.OtherFocusReason)

    @Slot()
    def reset(self) -> None:
        """Bring the slider to rest."""
        self._on_gesture_started()
        self._slider.set_value(self._rest)
        self._show(self._rest)
        self._tell(self._rest)

    @Slot()
    def rename(self) -> None:
        """Edit the name in place, if it can have another."""
        if not self._renameable:
            self.rename_refused.emit(self.name)
            return
        box = NameBox(self.name, self)
        box.setAccessibleName(self.tr("Name of the direction"))
        left = self._label.geometry().left() - 4
        box.setGeometry(QRect(left, 0, self._box.geometry().left() - left - 4, self._box.geometry().bottom() + 1))
        box.done.connect(self._on_renamed)
        box.show()
        box.setFocus(Qt.FocusReason.OtherFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """F2 edits the name; Alt with Up and Down moves the row."""
        if event.key() == Qt.Key.Key_F2:
            self.rename()
        elif event.modifiers() & Qt.KeyboardModifier.AltModifier and event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.step_wanted.emit(self.name, -1 if event.key() == Qt.Key.Key_Up else 1)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Ask for the menu."""
        self.menu_wanted.emit(self.name, event.globalPos())

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show what can be switched; a row that was never left, as under a menu, is left by now."""
        last = SliderRow._entered() if SliderRow._entered is not None else None
        if last is not None and last is not self and isValid(last):
            last._set_near(False)
        SliderRow._entered = ref(self)
        self._set_near(True)

    def leaveEvent(self, event: QEvent) -> None:
        """Leave only what is switched on."""
        self._set_near(False)

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setContentsMargins(0, 0, 0, 0)
        first.setSpacing(2)
        first.addWidget(self._grip)
        first.addWidget(self._label, 1)
        for widget in (self._foreign, self._favourite, self._lock, self._reset, self._box):
            first.addWidget(widget)
        second = QHBoxLayout()
        second.setContentsMargins(0, 0, 0, 0)
        second.setSpacing(4)
        second.addWidget(self.ends[0])
        second.addWidget(self._slider, 1)
        second.addWidget(self.ends[1])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(first)
        layout.addLayout(second, 1)

    def _connect(self) -> None:
        self._slider.value_changed.connect(self._on_moved)
        self._slider.gesture_started.connect(self._on_gesture_started)
        self._box.valueChanged.connect(self._on_typed)
        self._reset.clicked.connect(self.reset)
        self._label.double_clicked.connect(self.rename)
        self._favourite.clicked.connect(self._on_favourite)
        self._lock.clicked.connect(self._on_lock)
        self._grip.dragged.connect(self._on_gripped)
        self._grip.dropped.connect(self._on_dropped)
        for end in self.ends:
            end.clicked.connect(self._on_end_clicked)
            end.drag_started.connect(self._on_end_dragged)

    def _name_it(self, name: str) -> None:
        self.setAccessibleName(name)
        for widget in (self._slider, self._box, self._reset):
            widget.setAccessibleName(name)
        self._favourite.setAccessibleName(self.tr("{0} is a favourite").format(name))
        self._lock.setAccessibleName(self.tr("{0} is locked").format(name))
        for end, sign in zip(self.ends, "−+", strict=True):
            end.setAccessibleName(self.tr("{0} {1}3 sigma").format(name, sign))

    def _set_near(self, near: bool) -> None:
        for part in (self._grip, self._favourite, self._lock):
            part.set_near(near)
        if not near:
            self._slider.setAttribute(Qt.WidgetAttribute.WA_UnderMouse, False)
            self._slider.update()

    @Slot(float)
    def _on_moved(self, value: float) -> None:
        # The picture is asked for first: its number costs a fifth of the way there.
        self._tell(value)
        self._show(self._slider.value())

    @Slot(float)
    def _on_typed(self, value: float) -> None:
        self._on_gesture_started()
        self._slider.set_value(value)
        self._show(value)
        self._tell(value)

    @Slot()
    def _on_gesture_started(self) -> None:
        SliderRow._gestures += 1

    @Slot(str)
    def _on_renamed(self, text: str) -> None:
        box = self.sender()
        if isinstance(box, NameBox):
            box.hide()
            box.deleteLater()
        self.take_focus()
        if text and text != self.name:
            self.rename_wanted.emit(self.name, text)

    @Slot(bool)
    def _on_favourite(self, on: bool) -> None:
        self.mark_wanted.emit(self.name, "favourites", on)

    @Slot(bool)
    def _on_lock(self, on: bool) -> None:
        self.mark_wanted.emit(self.name, "locked", on)

    @Slot(int)
    def _on_gripped(self, y: int) -> None:
        self.gripped.emit(self.name, y)

    @Slot(int)
    def _on_dropped(self, y: int) -> None:
        self.dropped.emit(self.name, y)

    @Slot()
    def _on_end_clicked(self) -> None:
        if not self.locked():
            self.end_wanted.emit(self.name, int(self.sender() is self.ends[1]))

    @Slot()
    def _on_end_dragged(self) -> None:
        self.end_dragged.emit(self.name, int(self.sender() is self.ends[1]))

    def _show(self, value: float) -> None:
        self._box.blockSignals(True)
        self._box.setValue(value)
        self._box.blockSignals(False)
        self._reset.setEnabled(not self.locked() and abs(value - self._rest) > 1e-9)

    def _tell(self, value: float) -> None:
        self.value_changed.emit(self.name, value, SliderRow._gestures)
