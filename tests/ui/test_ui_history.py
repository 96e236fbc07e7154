"""History: every step listed, the present one marked, a click goes there."""

from __future__ import annotations

from hand import state_of
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from latentlab.session import changes
from latentlab.ui.dialogs.history import HistoryWindow
from latentlab.ui.main_window import MainWindow


def history_of(window: MainWindow) -> HistoryWindow:
    window.actions_["history"].trigger()
    assert window.dialogs.history_window is not None
    return window.dialogs.history_window


def labels(history: HistoryWindow) -> list[str]:
    return [history.list.item(row).text() for row in range(history.list.count())]


def go_to(history: HistoryWindow, row: int) -> None:
    place = history.list.visualItemRect(history.list.item(row)).center()
    QTest.mouseClick(history.list.viewport(), Qt.MouseButton.LeftButton, pos=place)


def test_steps_are_listed_as_they_happen_and_a_click_goes_there(window: MainWindow) -> None:
    start = state_of(window)
    history = history_of(window)
    assert labels(history) == ["As opened"]
    assert history.hint.isVisible()
    states = [start]
    for seed in (1, 2, 3):
        window.studio.apply(changes.set_seed(seed), f"Seed {seed}")
        states.append(state_of(window))
    assert labels(history) == ["As opened", "Seed 1", "Seed 2", "Seed 3"]
    assert not history.hint.isVisible()
    assert history.list.currentRow() == 3
    for row in (1, 3, 0, 2):
        go_to(history, row)
        assert state_of(window) is states[row]
        assert history.list.currentRow() == row
        assert labels(history) == ["As opened", "Seed 1", "Seed 2", "Seed 3"]


def test_it_follows_undo_and_forgets_what_a_new_step_replaces(window: MainWindow) -> None:
    history = history_of(window)
    for seed in (1, 2):
        window.studio.apply(changes.set_seed(seed), f"Seed {seed}")
    window.actions_["undo"].trigger()
    assert history.list.currentRow() == 1
    done, undone = history.list.item(1).foreground(), history.list.item(2).foreground()
    assert done != undone
    window.studio.apply(changes.set_seed(9), "Seed 9")
    assert labels(history) == ["As opened", "Seed 1", "Seed 9"]
    assert history.list.item(2).foreground() == done


def test_a_drag_is_one_row_and_a_closed_window_catches_up(window: MainWindow) -> None:
    history = history_of(window)
    for strength in (0.1, 0.2, 0.3):
        window.studio.apply(changes.set_strength("Factor 1", strength), "Factor 1", ("drag", 1))
    assert labels(history) == ["As opened", "Factor 1"]
    history.close()
    window.studio.apply(changes.set_seed(4), "Seed 4")
    assert labels(history) == ["As opened", "Factor 1"]
    assert labels(history_of(window)) == ["As opened", "Factor 1", "Seed 4"]


def test_however_far_it_goes_the_panels_follow_once(window: MainWindow) -> None:
    history = history_of(window)
    start = state_of(window)
    for seed in range(50):
        window.studio.apply(changes.set_seed(seed), f"Seed {seed}")
    told: list[object] = []
    window.studio.state_changed.connect(told.append)
    history.list.setCurrentRow(0)
    assert told == [start]
    assert window.explore.seed.value() == 42
    history.list.setCurrentRow(50)
    assert len(told) == 2
    assert state_of(window).picture.seed == 49
