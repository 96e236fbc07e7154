"""What users are told: one line, which says what, why and what to do."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from latentlab import errors
from latentlab.errors import Cancelled, ErrorReport, LatentlabError, ModelFileError, OutputError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, LatentlabError)]


def test_all_kinds_are_tested() -> None:
    assert {ModelFileError, OutputError, LatentlabError} <= set(KINDS)
    assert not issubclass(Cancelled, LatentlabError)


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_says_what_why_and_what_to_do(kind: type[LatentlabError]) -> None:
    assert str(kind(Path("a.pth"), "not a generator", "Open another.")) == "a.pth: not a generator. Open another."
    assert str(kind("a.pth", "not a generator.", "Open another.")) == "a.pth: not a generator. Open another."
    assert str(kind("a.pth", "not a generator")) == "a.pth: not a generator"


@pytest.mark.parametrize("break_", ["\n", "\r\n", "\n\n\t", "\x0b", "\u2028", "\x85"])
def test_an_error_is_one_line(break_: str) -> None:
    error = LatentlabError("a.pth", f"first{break_}second{break_}", f"Do{break_}this.")
    assert str(error) == "a.pth: first second. Do this."


def test_an_error_is_one_line_whatever_it_happened_to() -> None:
    assert str(LatentlabError(Path("a\nb  c.pth"), "no such file")) == "a b  c.pth: no such file"


@pytest.mark.parametrize("kind", KINDS)
def test_errors_can_be_sent_to_another_process(kind: type[LatentlabError]) -> None:
    error = kind("a.pth", "not a generator", "Open another.")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert str(copy) == str(error)
    assert (copy.what, copy.why, copy.what_to_do) == (error.what, error.why, error.what_to_do)


def report_of(error: BaseException) -> ErrorReport:
    try:
        raise error
    except BaseException as caught:  # noqa: BLE001 - exceptions of any kind are reported
        return ErrorReport.from_exception(caught, "rendering")


def test_a_report_of_our_own_error_keeps_its_parts() -> None:
    report = report_of(ModelFileError("a.pth", "not a generator", "Open another."))
    assert (report.what, report.why, report.what_to_do) == ("a.pth", "not a generator", "Open another.")
    assert str(report) == "a.pth: not a generator. Open another."
    assert "Traceback" in report.details
    assert "ModelFileError" in report.details


def test_a_report_of_any_other_error_names_the_operation() -> None:
    report = report_of(KeyError("weight"))
    assert str(report) == "rendering: KeyError: 'weight'"
    assert "Traceback" not in str(report)
    assert "report_of" in report.details
    assert str(report_of(ValueError("a\nb\n"))) == "rendering: ValueError: a b"
    assert str(report_of(MemoryError())) == "rendering: MemoryError: MemoryError"


def test_the_details_name_the_cause() -> None:
    cause = OSError("disk on fire")
    error = OutputError("a.gif", "cannot be written")
    error.__cause__ = cause
    assert "disk on fire" in report_of(error).details


def test_a_report_is_plain_text() -> None:
    report = report_of(ValueError("x"))
    assert pickle.loads(pickle.dumps(report)) == report
    with pytest.raises(AttributeError):
        report.what = "other"  # type: ignore[misc]
