"""The model that comes first is found, and opened ahead of who asks for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from latentlab.errors import Cancelled, ModelFileError
from latentlab.models.checkpoint import Generator, save_model
from latentlab.paths import bundled
from latentlab.session import beginning
from latentlab.session.beginning import BUNDLED_MODEL, OpeningAhead, autosave_file, first_model
from latentlab.session.opened import OpenedModel
from latentlab.session.state import SessionState
from latentlab.session.store import SessionFileError, save_session

Begin = Callable[[Path | None], OpeningAhead]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a folder of its own for the last session."""
    monkeypatch.setattr(beginning, "config_dir", lambda: tmp_path)
    return tmp_path


@pytest.fixture
def model(tmp_path: Path, small_generator: Callable[..., Generator]) -> Path:
    """Write a small model."""
    made = small_generator()
    path = tmp_path / "first.safetensors"
    save_model(path, made.card, made.weights)
    return path


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Open ahead, and end every thread after the test."""
    begun: list[OpeningAhead] = []

    def make(named: Path | None) -> OpeningAhead:
        begun.append(OpeningAhead(named))
        begun[-1].start()
        return begun[-1]

    yield make
    for ahead in begun:
        ahead.close()


def test_without_anything_the_bundled_model_comes_first() -> None:
    assert first_model(None) == bundled(*BUNDLED_MODEL)


def test_the_last_session_comes_before_the_bundled_model(model: Path, fresh: SessionState) -> None:
    save_session(autosave_file(), fresh, model, "c0ffee")
    assert first_model(None).samefile(model)


def test_what_is_named_comes_before_the_last_session(model: Path, fresh: SessionState, tmp_path: Path) -> None:
    save_session(autosave_file(), fresh, model, "c0ffee")
    assert first_model(tmp_path / "run") == tmp_path / "run"


def test_a_session_that_is_named_leads_to_its_model(model: Path, fresh: SessionState, tmp_path: Path) -> None:
    save_session(tmp_path / "work.latentlab", fresh, model, "c0ffee")
    assert first_model(tmp_path / "work.latentlab").samefile(model)


def test_a_damaged_session_is_refused() -> None:
    autosave_file().write_text("{not json", encoding="utf-8")
    with pytest.raises(SessionFileError, match="damaged"):
        first_model(None)


def test_the_model_is_handed_over_once_and_draws_as_any(model: Path, begin: Begin) -> None:
    ahead = begin(model)
    opened, oracle = ahead.open(model), OpenedModel.from_file(model)
    ahead.close()
    assert opened._backends
    assert np.array_equal(opened.render(opened.sample(3)), oracle.render(oracle.sample(3)))
    assert ahead.open(model) is not opened


def test_another_file_is_opened_as_if_nothing_had_been(
    model: Path, begin: Begin, small_generator: Callable[..., Generator], tmp_path: Path
) -> None:
    other = tmp_path / "other.safetensors"
    made = small_generator(channels=1)
    save_model(other, made.card, made.weights)
    assert begin(model).open(other).generator.path == other


@pytest.mark.parametrize("content", [None, b"no model"])
def test_what_does_not_open_fails_where_it_is_asked_for(content: bytes | None, begin: Begin, tmp_path: Path) -> None:
    path = tmp_path / "broken.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelFileError, match="broken"):
        begin(path).open(path)


def endless(began: threading.Event) -> Callable[..., OpenedModel]:
    def from_file(path: Path, *, watch: Callable[[], None]) -> OpenedModel:
        while True:
            watch()
            began.set()

    return from_file


def test_what_is_called_off_is_not_read_on(begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began, off = threading.Event(), threading.Event()
    monkeypatch.setattr(OpenedModel, "from_file", endless(began))

    def watch() -> None:
        if began.wait(30.0):
            off.set()
            raise Cancelled

    with pytest.raises(Cancelled):
        begin(tmp_path / "netG.pth").open(tmp_path / "netG.pth", watch=watch)
    assert off.is_set()


def test_the_end_of_the_application_does_not_wait_for_what_is_read(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    began = threading.Event()
    monkeypatch.setattr(OpenedModel, "from_file", endless(began))
    ahead = begin(tmp_path / "netG.pth")
    assert began.wait(30.0)
    ahead.close()
    assert not ahead._thread.is_alive()
