"""How a child gets its request and gives its answer."""

from __future__ import annotations

import json
import os
import sys
from typing import Any, TextIO


def request() -> dict[str, Any]:
    """Return what was asked."""
    asked: dict[str, Any] = json.loads(sys.argv[1])
    return asked


def answers() -> TextIO:
    """Keep stdout for answers: whatever a library prints goes to stderr from here on."""
    kept = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return kept


def give(stream: TextIO, answer: dict[str, Any]) -> None:
    """Write one answer."""
    stream.write(json.dumps(answer) + "\n")
    stream.flush()
