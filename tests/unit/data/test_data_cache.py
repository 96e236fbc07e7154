"""The cache of decoded data sets: what is found again, what is built anew, what is removed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from latentlab.data import cache, store
from latentlab.data.cache import cached, clean
from latentlab.data.dataset import DataSet
from latentlab.data.store import Store
from latentlab.errors import Cancelled, DataError

PIXELS = np.random.RandomState(0).randint(0, 256, (50, 8, 8, 3), np.uint8)
OPTIONS = {"path": "/pictures", "size": 8}
COUNT = len(PIXELS)


class Loader:
    """Loads the pictures one by one and counts how often it was asked."""

    def __init__(self, pixels: np.ndarray = PIXELS) -> None:
        self.pixels = pixels
        self.asked = 0

    def __call__(self, place: Store) -> DataSet:
        self.asked += 1
        for picture in self.pixels:
            place.add(picture[None])
        return DataSet(
            "pictures",
            place.pixels(),
            np.arange(COUNT) % 3,
            ("a", "b", "c"),
            "free",
            "here",
            ("x.png: is damaged",),
            tuple(f"{number}.png" for number in range(COUNT)),
            ("Smiling", "Hat"),
            np.ones((COUNT, 2), np.int8),
            ((8, 8, COUNT),),
        )


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "SPILL_BYTES", 1000)
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture
def load() -> Loader:
    return Loader()


def entry_in(folder: Path) -> Path:
    (entry,) = folder.iterdir()
    return entry


def assert_same(one: DataSet, other: DataSet) -> None:
    for name in DataSet.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)


def test_the_second_opening_decodes_nothing(load: Loader, cache_folder: Path) -> None:
    first = cached(OPTIONS, "1", load)
    second = cached(dict(reversed(OPTIONS.items())), "1", load)
    assert load.asked == 1
    assert isinstance(second.pixels, np.memmap)
    assert not second.pixels.flags.writeable
    assert_same(first, second)
    assert_same(second, Loader()(Store()))
    assert sorted(path.name for path in entry_in(cache_folder).iterdir()) == [
        "about.json",
        "answers.npy",
        "labels.npy",
        "pixels",
    ]


def test_what_is_not_known_stays_unknown(load: Loader) -> None:
    def bare(place: Store) -> DataSet:
        return replace(load(place), labels=None, class_names=(), attributes=(), answers=None)

    cached(OPTIONS, "1", bare)
    data = cached(OPTIONS, "1", bare)
    assert load.asked == 1
    assert data.labels is None
    assert data.answers is None


def test_other_options_are_another_entry(load: Loader, cache_folder: Path) -> None:
    cached(OPTIONS, "1", load)
    cached(OPTIONS | {"size": 16}, "1", load)
    assert load.asked == 2
    assert len(list(cache_folder.iterdir())) == 2


def test_changed_files_replace_the_entry(load: Loader, cache_folder: Path) -> None:
    before = cached(OPTIONS, "1", load)
    after = cached(OPTIONS, "2", Loader(PIXELS[::-1]))
    np.testing.assert_array_equal(after.pixels, PIXELS[::-1])
    np.testing.assert_array_equal(before.pixels, PIXELS)  # still mapped, still readable
    assert json.loads((entry_in(cache_folder) / "about.json").read_text())["fingerprint"] == "2"


def cut_off(entry: Path) -> None:
    os.truncate(entry / "pixels", PIXELS.nbytes - 1)


def zeroed(entry: Path) -> None:
    with (entry / "pixels").open("r+b") as file:
        file.seek(PIXELS.nbytes // 2)
        file.write(bytes(PIXELS.nbytes // 2))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut off": cut_off,
    "zeroed": zeroed,
    "no pixels": lambda entry: (entry / "pixels").unlink(),
    "no description": lambda entry: (entry / "about.json").unlink(),
    "empty description": lambda entry: (entry / "about.json").write_text(""),
    "other description": lambda entry: (entry / "about.json").write_text("[1]"),
    "no names": lambda entry: (entry / "about.json").write_text(
        (entry / "about.json").read_text().replace('"names"', '"nomes"')
    ),
    "labels lost": lambda entry: (entry / "labels.npy").write_bytes(b"\x93NUMPY"),
    "labels of others": lambda entry: np.save(entry / "labels.npy", np.zeros(3, np.int64)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_broken_entry_is_built_anew(load: Loader, cache_folder: Path, damage: Callable[[Path], object]) -> None:
    cached(OPTIONS, "1", load)
    damage(entry_in(cache_folder))
    assert_same(cached(OPTIONS, "1", load), load(Store()))
    assert load.asked == 3
    cached(OPTIONS, "1", load)
    assert load.asked == 3
    assert len(list(cache_folder.iterdir())) == 1


@pytest.mark.parametrize("error", [Cancelled(), DataError("x", "is damaged"), MemoryError()], ids=repr)
def test_what_ends_early_leaves_nothing(cache_folder: Path, error: Exception) -> None:
    def load(place: Store) -> DataSet:
        place.add(PIXELS)
        assert len(list(cache_folder.iterdir())) == 1  # under way
        raise error

    with pytest.raises(type(error)):
        cached(OPTIONS, "1", load)
    assert list(cache_folder.iterdir()) == []


def test_small_sets_never_touch_the_disk(cache_folder: Path) -> None:
    load = Loader(PIXELS[:3])
    data = cached(OPTIONS, "1", lambda place: DataSet("few", load.pixels) if place.add(load.pixels) is None else None)
    assert len(data) == 3
    assert not cache_folder.exists()


def test_a_disk_that_fills_up_keeps_everything_in_memory(
    load: Loader, cache_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_file = Path.open

    class Full:
        """A file on a disk that has room for 4,000 bytes."""

        def __init__(self, path: Path) -> None:
            self._file = open_file(path, "wb", buffering=0)
            self._left = 4000

        def write(self, content: memoryview) -> int:
            if not self._left:
                raise OSError(28, "No space left on device")
            taken = min(self._left, len(content), 700)  # a file may take less than it is given
            self._left -= taken
            return self._file.write(content[:taken])

        def close(self) -> None:
            self._file.close()

    def full(path: Path, mode: str = "r", *args: object, **named: object) -> object:
        return Full(path) if path.name == "pixels" and "w" in mode else open_file(path, mode, *args, **named)

    monkeypatch.setattr(Path, "open", full)
    data = cached(OPTIONS, "1", load)
    assert load.asked == 1
    assert not isinstance(data.pixels, np.memmap)
    np.testing.assert_array_equal(data.pixels, PIXELS)
    assert list(cache_folder.iterdir()) == []


def test_a_cache_that_cannot_be_made_is_done_without(load: Loader, cache_folder: Path) -> None:
    cache_folder.parent.mkdir(exist_ok=True)
    cache_folder.write_text("a file stands in its place")
    np.testing.assert_array_equal(cached(OPTIONS, "1", load).pixels, PIXELS)
    assert cache_folder.is_file()


def test_another_process_may_be_quicker(load: Loader, cache_folder: Path) -> None:
    def slow(place: Store) -> DataSet:
        data = load(place)
        cached(OPTIONS, "1", load)
        return data

    assert_same(cached(OPTIONS, "1", slow), load(Store()))
    assert len(list(cache_folder.iterdir())) == 1


def test_the_oldest_go_when_there_is_too_much(load: Loader, cache_folder: Path) -> None:
    entries = []
    for size in range(3):
        cached({"size": size}, "1", load)
        entries.append(next(each for each in cache_folder.iterdir() if each not in entries))
    for age, entry in zip((1, 3, 2), entries, strict=True):
        os.utime(entry / "about.json", (100 - age, 100 - age))
    one = sum(file.stat().st_size for file in entries[0].iterdir())
    clean(entries[0], 2 * one)
    assert {each.name for each in cache_folder.iterdir()} == {entries[0].name, entries[2].name}
    clean(entries[2], 0)
    assert [each.name for each in cache_folder.iterdir()] == [entries[2].name]


def test_opening_makes_young(load: Loader, cache_folder: Path) -> None:
    cached(OPTIONS, "1", load)
    about = entry_in(cache_folder) / "about.json"
    os.utime(about, (100, 100))
    cached(OPTIONS, "1", load)
    assert about.stat().st_mtime > 100


def test_what_a_killed_process_left_is_removed_after_a_day(load: Loader, cache_folder: Path) -> None:
    cached(OPTIONS, "1", load)
    entry = entry_in(cache_folder)
    for name, age_s in (("old", 2 * 24 * 3600), ("new", 3600)):
        left = cache_folder / f".building-{name}"
        shutil.copytree(entry, left)
        now = entry.stat().st_mtime
        os.utime(left, (now - age_s, now - age_s))
    clean(entry)
    assert {each.name for each in cache_folder.iterdir()} == {entry.name, ".building-new"}
    assert cache.LIMIT_BYTES > 1 << 30
