"""What the tests of the window share: a home of their own, small models, windows that are closed, no thread left."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hand import settle
from PIL import Image
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from services import left_behind
from small_models import generator

from latentlab.models.checkpoint import save_model
from latentlab.session.opened import OpenedModel
from latentlab.session.settings import Settings
from latentlab.ui import theme
from latentlab.ui.main_window import MainWindow

_OFFSCREEN_CANNOT = tuple(
    f"This plugin does not support {what}" for what in ("propagateSizeHints()", "raise()", "grabbing the keyboard")
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the offscreen platform say what it cannot do; every other warning of Qt's fails the test."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.qt_log_ignore(*_OFFSCREEN_CANNOT, extend=True))


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    """Make the application as `latentlab.ui.start` does."""
    return ["latentlab", *theme.STYLE_ARGUMENTS]


@pytest.fixture(autouse=True)
def _no_thread_left() -> Iterator[None]:
    yield
    assert left_behind() == []


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a home directory of its own."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("CONFIG", "DATA", "STATE", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(folder / name.lower()))
    monkeypatch.setenv("HOME", str(folder))
    # What is written here need not outlive the machine.
    monkeypatch.setattr(os, "fsync", lambda _: None)
    return folder


@pytest.fixture(autouse=True)
def _empty_clipboard(qapp: QApplication) -> Iterator[None]:
    """Take back what was copied: the offscreen clipboard outlives the interpreter, and what it frees then crashes."""
    yield
    qapp.clipboard().clear()


@pytest.fixture(autouse=True)
def _look(qapp: QApplication) -> None:
    if theme.tokens() is not theme.DARK or not qapp.styleSheet():
        theme.apply(qapp, "dark")


@pytest.fixture
def make_model(tmp_path: Path) -> Callable[..., Path]:
    """Write a small random model and return its file."""

    def make(name: str = "small", **kind: object) -> Path:
        made = generator(name, **kind)  # type: ignore[arg-type]
        path = tmp_path / f"{name}.safetensors"
        save_model(path, made.card, made.weights)
        return path

    return make


@pytest.fixture
def open_window(qtbot: QtBot) -> Iterator[Callable[..., MainWindow]]:
    """Open windows on a model or a session, or on what the start finds; close them after the test."""
    windows: list[MainWindow] = []

    def make(named: Path | None = None, settings: Settings | None = None) -> MainWindow:
        window = MainWindow(settings or Settings(theme="dark"))
        windows.append(window)
        window.resize(1280, 820)  # the screen of the offscreen platform is smaller than anyone's
        window.show()
        window.activateWindow()
        qtbot.waitExposed(window)
        qtbot.waitUntil(window.isActiveWindow)
        window.documents.open_start(named)
        settle(window)
        qtbot.waitUntil(lambda: window.furnished_)
        settle(window)
        return window

    yield make
    for window in windows:
        window.close()
        window.deleteLater()
    QApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@pytest.fixture
def window(open_window: Callable[..., MainWindow], make_model: Callable[..., Path]) -> MainWindow:
    """Open a window on a small random model of 16x16 RGB pictures, z 8 wide."""
    return open_window(make_model())


@pytest.fixture
def model(window: MainWindow) -> OpenedModel:
    """Return what the window has open, opened once more from its file: an oracle that shares nothing with it."""
    assert window.studio.model is not None
    assert window.studio.model.generator.path is not None
    return OpenedModel.from_file(window.studio.model.generator.path)


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw a small data set of discs."""
    folder = tmp_path_factory.mktemp("discs")
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:16, :16]
    for index in range(64):
        x, y, radius = random.uniform(4, 12), random.uniform(4, 12), random.uniform(2, 5)
        disc = np.clip(radius - np.hypot(rows - y, columns - x), 0, 1) * 255
        Image.fromarray(disc.astype(np.uint8)).save(folder / f"{index:03d}.png")
    return folder
