"""Errors a user meets: what happened, to which file or value, and what to do."""

from __future__ import annotations

import traceback
from dataclasses import dataclass


class LatentlabError(Exception):
    """A failure that a user can understand and act on.

    Its text is always one line: ``what: why. what_to_do``.

    Attributes:
        what: The file, value or operation it happened to.
        why: What is wrong with it.
        what_to_do: The next step, a full sentence; empty where there is none.
    """

    def __init__(self, what: object, why: str, what_to_do: str = "") -> None:
        self.what = _unbroken(str(what))
        self.why = _one_line(why).rstrip(".")
        self.what_to_do = _one_line(what_to_do)
        super().__init__(self.what, self.why, self.what_to_do)

    def __str__(self) -> str:
        text = f"{self.what}: {self.why}"
        return f"{text}. {self.what_to_do}" if self.what_to_do else text


class ModelFileError(LatentlabError):
    """A model file cannot be read, or holds something else than a generator."""


class DataError(LatentlabError):
    """A data set is missing, damaged or empty."""


class OutputError(LatentlabError):
    """A file cannot be written; whatever stood there before is untouched."""


class ValueRangeError(LatentlabError):
    """A value given by the user lies outside what is possible."""


class UsageError(LatentlabError):
    """A command was called without something it needs; it exits with 2."""


class TrainingError(LatentlabError):
    """A training run cannot start or go on."""


class Cancelled(Exception):  # noqa: N818 - a cancelled task is not an error
    """Work ended early because someone asked for it."""


@dataclass(frozen=True)
class ErrorReport:
    """An error as text, safe to hand from one thread to another.

    Attributes:
        what: The file, value or operation it happened to.
        why: What is wrong with it.
        what_to_do: The next step; empty where there is none.
        details: The traceback, for the details button and the log.
    """

    what: str
    why: str
    what_to_do: str = ""
    details: str = ""

    @classmethod
    def from_exception(cls, error: BaseException, during: str) -> ErrorReport:
        """Describe any exception; `during` names the operation where the error itself does not."""
        details = "".join(traceback.format_exception(error))
        if isinstance(error, LatentlabError):
            return cls(error.what, error.why, error.what_to_do, details)
        why = _one_line(str(error)) or type(error).__name__
        return cls(_unbroken(during), f"{type(error).__name__}: {why}", "", details)

    def __str__(self) -> str:
        text = f"{self.what}: {self.why}"
        return f"{text}. {self.what_to_do}" if self.what_to_do else text


def _unbroken(text: str) -> str:
    return " ".join(text.splitlines())


def _one_line(text: str) -> str:
    return " ".join(text.split())
