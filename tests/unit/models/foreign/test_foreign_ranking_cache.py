"""A file that was opened before is not measured again, and what is kept of it is never trusted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from author_layouts import ROWS, Row, calibrated, example_discriminator
from hostile_files import tiny

import latentlab
from latentlab import paths
from latentlab.models.foreign import drafts, ranking_cache
from latentlab.models.foreign.choices import hash_of
from latentlab.models.foreign.opening import OpenedGuesses
from latentlab.models.foreign.witness import Witness


def opened(path: Path) -> OpenedGuesses:
    model = latentlab.open_model(path)
    assert model.reading is not None
    assert model.reading.guesses is not None
    return model.reading.guesses


def facts(guesses: OpenedGuesses) -> list[Any]:
    found = [(guess.spec, guess.words, guess.score, guess.misfit) for guess in guesses.guesses]
    hashes = [guess.generator.content_hash for guess in guesses.guesses]
    return [*zip(found, hashes, strict=True), guesses.network, guesses.others, guesses.remarks, guesses.is_certain]


def unmeasured(*_: object) -> Any:
    raise AssertionError("it is measured again")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    torch.save(tiny().state_dict(), tmp_path / "netG.pth")
    return tmp_path / "netG.pth"


def entry_of(path: Path) -> Path:
    (found,) = (paths.cache_dir() / "readings").glob(f"*{hash_of(path)}.json")
    return found


@pytest.mark.parametrize("name", ["4 Natsu6767", "13 csinva mnist", "18 PyTorch-GAN", "27 two branches"])
def test_the_second_opening_measures_nothing_and_finds_the_same(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    row: Row = next(row for known, row in ROWS.items() if known.startswith(name))
    module = calibrated(row, seed=0, passes=4)
    torch.save(row.wrap(module, example_discriminator(row.channels, row.size)), tmp_path / "x.pth")
    first = facts(opened(tmp_path / "x.pth"))
    monkeypatch.setattr(drafts, "misfits", unmeasured)
    monkeypatch.setattr(Witness, "judged", unmeasured)
    assert facts(opened(tmp_path / "x.pth")) == first


def rewritten(path: Path, change: Callable[[list[Any]], Any]) -> None:
    entry = entry_of(path)
    entry.write_text(json.dumps(change(json.loads(entry.read_text()))))


def other_input(entries: list[Any]) -> list[Any]:
    entries[0]["spec"]["input_shape"] = [7]
    return entries


DAMAGE: dict[str, Callable[[list[Any]], Any]] = {
    "nothing": lambda entries: [],
    "no list": lambda entries: {"a": 1},
    "too many": lambda entries: entries * 20,
    "no spec": lambda entries: [{"score": 1.0}],
    "no number": lambda entries: [{**entries[0], "score": float("nan")}],
    "wrong spec": lambda entries: [{**entries[0], "spec": {"layers": []}}],
    "other layers": other_input,
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_entry_is_measured_anew_and_replaced(name: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = facts(opened(path))
    rewritten(path, DAMAGE[name])
    assert facts(opened(path)) == first
    monkeypatch.setattr(drafts, "misfits", unmeasured)
    assert facts(opened(path)) == first


def test_an_entry_of_another_file_is_of_no_use(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.pth"
    row = ROWS["10 JojiJoseph"]
    torch.save(calibrated(row, 0, passes=2).state_dict(), other)
    first, foreign = facts(opened(path)), opened(other)
    ranking_cache.keep_ranking(hash_of(path), foreign.guesses)
    assert facts(opened(path)) == first


def test_a_cache_that_cannot_be_written_is_no_obstacle(path: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    assert facts(opened(path)) == facts(opened(path))
