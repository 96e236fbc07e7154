"""Number boxes: numbers beyond the range, and whose undo it is."""

from __future__ import annotations

import pytest
from hand import box_of, state_of
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox
from pytestqt.qtbot import QtBot

from latentlab.latent.priors import MAX_SEED
from latentlab.ui.main_window import MainWindow
from latentlab.ui.panels.explore import SeedBox
from latentlab.ui.widgets.number_box import CountBox, NumberBox


def strength() -> NumberBox:
    box = NumberBox()
    box.setRange(-10.0, 10.0)
    box.setDecimals(2)
    box.setSuffix(" σ")
    return box


def frames() -> CountBox:
    box = CountBox()
    box.setRange(2, 24)
    return box


@pytest.mark.parametrize(
    ("box_type", "typed", "taken"),
    [
        (strength, "99", 10.0),
        (strength, "-50", -10.0),
        (strength, "0.129", 0.12),  # a third decimal is not taken
        (strength, "3.5", 3.5),
        (strength, "abc", 1.0),
        (frames, "32", 24),
        (frames, "1", 2),
        (frames, "12", 12),
        (SeedBox, "99999999999", MAX_SEED),
        (SeedBox, str(MAX_SEED), MAX_SEED),
        (SeedBox, "12", 12),
    ],
)
def test_a_number_beyond_the_range_becomes_the_nearest_within(
    qtbot: QtBot, box_type: type[QDoubleSpinBox | QSpinBox], typed: str, taken: float
) -> None:
    box = box_type()
    qtbot.addWidget(box)
    box.setValue(1)
    box.show()
    box.setFocus()
    box.selectAll()
    QTest.keyClicks(box, typed)
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == taken


def test_undo_in_a_box_is_the_windows_until_something_is_typed(window: MainWindow) -> None:
    box, control = box_of(window), Qt.KeyboardModifier.ControlModifier
    box.setFocus()
    for _ in range(3):
        QTest.keyClick(box, Qt.Key.Key_Up)
    moved = state_of(window).picture.strengths
    assert moved["Factor 1"] == pytest.approx(box.value())
    QTest.keyClick(box, Qt.Key.Key_Z, control)
    assert state_of(window).picture.strengths != moved
    QTest.keyClick(box, Qt.Key.Key_Y, control)
    assert state_of(window).picture.strengths == moved
    QTest.keyClick(box, Qt.Key.Key_A, control)
    QTest.keyClicks(box, "7")
    QTest.keyClick(box, Qt.Key.Key_Z, control)
    assert state_of(window).picture.strengths == moved, "what was typed is undone first"
