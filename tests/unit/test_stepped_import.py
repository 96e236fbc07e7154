"""A package imported while the other thread waits: in pieces, to the end, not at all; and never at the same time."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from latentlab.stepped_import import SteppedImport

PACKAGE = "package_in_steps"
PARTS = 6


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package of some modules, each of which makes a class and notes that it did."""
    folder = tmp_path / PACKAGE
    folder.mkdir()
    imports = "\n".join(f"from . import part_{index}" for index in range(PARTS))
    (folder / "__init__.py").write_text(f"made = []\n{imports}\nis_whole = True\n")
    for index in range(PARTS):
        (folder / f"part_{index}.py").write_text(
            "import threading\nfrom . import made\nclass Part:\n    made.append(threading.current_thread().name)\n"
        )
    monkeypatch.syspath_prepend(str(tmp_path))
    yield PACKAGE
    for name in [name for name in sys.modules if name.partition(".")[0] == PACKAGE]:
        del sys.modules[name]


def made() -> int:
    """Count the classes made up to now."""
    return len(getattr(sys.modules.get(PACKAGE), "made", ()))


def test_it_comes_in_pieces_and_only_while_the_other_thread_waits(package: str) -> None:
    stepped = SteppedImport(package)
    counts = []
    while not stepped.over:
        before = made()
        stepped.advance(0.0)
        assert made() - before <= 1
        counts.append(made())
    assert counts[-1] == PARTS
    assert len(set(counts)) >= PARTS
    assert sys.modules[package].is_whole
    assert set(sys.modules[package].made) == {f"preload {package}"}
    assert not stepped._thread.is_alive()


def test_the_rest_comes_at_once_where_it_is_needed(package: str) -> None:
    stepped = SteppedImport(package)
    while made() == 0:
        stepped.advance(0.0)
    assert made() < PARTS
    stepped.finish()
    assert stepped.over
    assert sys.modules[package].is_whole


def test_what_was_not_begun_is_left_to_who_needs_it(package: str) -> None:
    stepped = SteppedImport(package)
    stepped.finish()
    stepped.close()
    assert package not in sys.modules
    assert stepped._thread.ident is None


def test_given_up_it_leaves_no_thread_and_no_half_of_a_package(package: str) -> None:
    stepped = SteppedImport(package)
    while made() == 0:
        stepped.advance(0.0)
    stepped.close()
    assert stepped.over
    assert not stepped._thread.is_alive()
    assert package not in sys.modules


def test_what_goes_ahead_of_it_comes_a_little_at_a_time(package: str) -> None:
    seen: list[int] = []

    def ahead() -> Iterator[None]:
        for index in range(3):
            seen.append(index)
            yield

    stepped = SteppedImport(package, ahead())
    stepped.advance(0.0)
    assert seen == [0]
    stepped.advance(0.0)
    assert seen == [0, 1]
    stepped.close()
    assert seen == [0, 1]
    assert package not in sys.modules


def test_a_package_that_fails_is_left_to_who_needs_it() -> None:
    stepped = SteppedImport("no_such_package_of_latentlab")
    stepped.advance(10.0)
    assert stepped.over
    stepped.advance(0.0)
    stepped.finish()


@pytest.mark.parametrize("was_on", [True, False])
def test_the_collector_goes_on_afterwards_as_before(package: str, was_on: bool) -> None:
    stepped = SteppedImport(package)
    if not was_on:
        gc.disable()
    try:
        stepped.advance(0.0)
        assert gc.isenabled() is was_on
        stepped.finish()
        assert gc.isenabled() is was_on
    finally:
        gc.enable()
