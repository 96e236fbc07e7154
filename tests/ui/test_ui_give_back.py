"""The heap of models that are given up is given back: in between, and once the last one has drawn all it was asked."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from latentlab.ui import studio
from latentlab.ui.main_window import MainWindow


@pytest.fixture
def at_rest(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Note, each time that the heap is given back, whether all was drawn."""
    noted: list[bool] = []
    monkeypatch.setattr(studio, "give_back", lambda: noted.append(window.studio.render.wait_idle(0.0)))
    return noted


def test_one_model_after_the_other_gives_back_now_and_then_and_at_the_end(
    qtbot: QtBot, window: MainWindow, at_rest: list[bool], make_model: Callable[..., Path]
) -> None:
    for name in ("first", "second", "third"):
        assert window.studio.open_path(make_model(name))
    qtbot.waitUntil(lambda: len(at_rest) == 2)
    assert at_rest[-1]
    qtbot.wait(300)
    assert len(at_rest) == 2


def test_what_is_still_being_drawn_is_waited_for(
    qtbot: QtBot,
    window: MainWindow,
    at_rest: list[bool],
    make_model: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as busy:
        busy.setattr(window.studio.render, "wait_idle", lambda _timeout_s=0.0: False)
        assert window.studio.open_path(make_model("other"))
        qtbot.wait(350)
        assert at_rest == []
    qtbot.waitUntil(lambda: at_rest == [True])
