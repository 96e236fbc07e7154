"""Found directions are kept: by content, safe against other writers and against damage."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import numpy as np
import pytest

from latentlab import paths
from latentlab.analysis.cache import cached, entry
from latentlab.errors import Cancelled
from latentlab.latent.directions import Direction

FOUND = (Direction("Slant", "measured", np.array([1, 2, 2], np.float32), 0.5, "R²", "", 0.75, "c0ffee", "2026-01-31"),)
OPTIONS = {"samples": 100, "layer": 2}


class Finder:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> tuple[Direction, ...]:
        self.asked += 1
        return FOUND


def same(a: tuple[Direction, ...], b: tuple[Direction, ...]) -> bool:
    return all(
        np.array_equal(x.vector, y.vector) and {**vars(x), "vector": 0} == {**vars(y), "vector": 0}
        for x, y in zip(a, b, strict=True)
    )


def test_the_second_time_nothing_is_searched(tmp_path: Path) -> None:
    find = Finder()
    results = [cached("c0ffee", "measured", OPTIONS, find, tmp_path) for _ in range(3)]
    assert find.asked == 1
    assert all(same(result, FOUND) for result in results)


def test_whatever_the_result_depends_on_makes_another_entry(tmp_path: Path) -> None:
    places = {
        entry("c0ffee", "measured", OPTIONS, tmp_path),
        entry("c0ffe0", "measured", OPTIONS, tmp_path),
        entry("c0ffee", "pca", OPTIONS, tmp_path),
        entry("c0ffee", "measured", OPTIONS | {"layer": 3}, tmp_path),
        entry("c0ffee", "measured", OPTIONS | {"layer": "2"}, tmp_path),
        entry("c0ffee", "measured", OPTIONS | {"seed": 0}, tmp_path),
    }
    assert len(places) == 6
    assert entry("c0ffee", "measured", dict(reversed(OPTIONS.items())), tmp_path) in places


@pytest.mark.parametrize("content", [b"", b"half a file", b"\0" * 100])
def test_a_damaged_entry_is_found_anew_and_replaced(tmp_path: Path, content: bytes) -> None:
    find = Finder()
    cached("c0ffee", "measured", OPTIONS, find, tmp_path)
    entry("c0ffee", "measured", OPTIONS, tmp_path).write_bytes(content)
    assert same(cached("c0ffee", "measured", OPTIONS, find, tmp_path), FOUND)
    assert same(cached("c0ffee", "measured", OPTIONS, find, tmp_path), FOUND)
    assert find.asked == 2


def test_a_search_that_fails_or_finds_nothing_leaves_nothing(tmp_path: Path) -> None:
    def cancel() -> tuple[Direction, ...]:
        raise Cancelled

    with pytest.raises(Cancelled):
        cached("c0ffee", "measured", OPTIONS, cancel, tmp_path)
    assert cached("c0ffee", "measured", OPTIONS, lambda: (), tmp_path) == ()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_costs_only_the_keeping(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    find = Finder()
    for _ in range(2):
        assert same(cached("c0ffee", "measured", OPTIONS, find, tmp_path / "file" / "below"), FOUND)
    assert find.asked == 2


def test_by_default_it_is_in_the_platforms_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "cache_dir", lambda: tmp_path / "cache")
    cached("c0ffee", "measured", OPTIONS, Finder())
    assert [path.parent for path in tmp_path.rglob("*.safetensors")] == [tmp_path / "cache" / "directions"]


def write_again_and_again(folder: str) -> None:
    for _ in range(30):
        place = entry("c0ffee", "measured", OPTIONS, Path(folder))
        found = cached("c0ffee", "measured", OPTIONS, lambda: FOUND, Path(folder))
        assert same(found, FOUND)
        place.unlink(missing_ok=True)


def test_writers_do_not_disturb_each_other(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    others = [context.Process(target=write_again_and_again, args=(str(tmp_path),)) for _ in range(2)]
    for other in others:
        other.start()
    write_again_and_again(str(tmp_path))
    for other in others:
        other.join(60)
        assert other.exitcode == 0
    assert [path for path in tmp_path.iterdir() if path.suffix != ".safetensors"] == []
