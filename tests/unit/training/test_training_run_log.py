"""The log of a run, read while it is being written."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from latentlab.training.run_log import RunLog


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.jsonl"


def append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_what_is_new_is_added_and_nothing_new_is_the_same_object(path: Path) -> None:
    append(path, '{"kimg": 1, "Loss_D": 0.5}\n')
    log = RunLog(path)
    first = log.read()
    assert [(entry.kimg, dict(entry.values)) for entry in first] == [(1.0, {"Loss_D": 0.5})]
    assert log.read() is first
    append(path, '{"kimg": 2, "Loss_D": 0.25}\n{"kimg": 3, "Loss_D": 0.125}\n')
    assert [entry.get("Loss_D") for entry in log.read()] == [0.5, 0.25, 0.125]
    assert log.read()[0] is first[0], "what was read is not read again"


def test_a_line_that_is_still_being_written_waits_for_its_end(path: Path) -> None:
    append(path, '{"kimg": 1}\n{"kimg": 2, "Lo')
    log = RunLog(path)
    assert [entry.kimg for entry in log.read()] == [1.0]
    first = log.read()[0]
    append(path, 'ss_D": 7}')
    assert [entry.kimg for entry in log.read()] == [1.0]
    append(path, "\n")
    assert [entry.get("Loss_D") for entry in log.read()][1:] == [7.0]
    assert log.read()[0] is first, "the log was not read anew for it"


@pytest.mark.parametrize("rewritten", ['{"kimg": 1}\n{"kimg": 5}\n', '{"kimg": 9}\n', ""])
def test_a_log_that_was_written_anew_is_read_from_its_start(path: Path, rewritten: str) -> None:
    append(path, '{"kimg": 1}\n{"kimg": 2}\n{"kimg": 3}\n')
    log = RunLog(path)
    assert len(log.read()) == 3
    path.write_text(rewritten, encoding="utf-8")
    assert [entry.kimg for entry in log.read()] == [entry.kimg for entry in RunLog(path).read()]
    append(path, '{"kimg": 10}\n')
    assert log.read()[-1].kimg == 10.0


def test_a_later_line_makes_those_of_no_lower_kimg_void(path: Path) -> None:
    append(path, '{"kimg": 1}\n{"kimg": 2}\n{"kimg": 3}\n{"kimg": 2, "Loss_D": 1}\n')
    entries = RunLog(path).read()
    assert [entry.kimg for entry in entries] == [1.0, 2.0]
    assert entries[1].get("Loss_D") == 1.0


@pytest.mark.parametrize(
    "torn", ["{", "7", "null", "[]", '"x"', "\0\0", '{"Loss_D": 1}', '{"kimg": "2"}', '{"kimg": NaN}']
)
def test_what_is_no_entry_is_left_out(path: Path, torn: str) -> None:
    append(path, f'{{"kimg": 1}}\n{torn}\n{{"kimg": 3}}\n')
    assert [entry.kimg for entry in RunLog(path).read()] == [1.0, 3.0]


def test_figures_with_an_error_and_those_of_an_evaluation_are_numbers_too(path: Path) -> None:
    append(
        path, '{"kimg": 1, "score": {"frechet": {"value": 3.5, "error": 0.1}, "space": "x"}, "kid": 2, "on": true}\n'
    )
    (entry,) = RunLog(path).read()
    assert dict(entry.values) == {"frechet": 3.5, "kid": 2.0}
    assert math.isnan(entry.get("Loss_D"))


def test_a_log_that_is_not_there_is_told_of_and_read_once_it_is(path: Path) -> None:
    log = RunLog(path)
    with pytest.raises(FileNotFoundError):
        log.read()
    append(path, '{"kimg": 1}\n')
    assert len(log.read()) == 1
