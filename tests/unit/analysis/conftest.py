"""What the sources of directions found of axes that are known; `tests/conftest.py` prints the table."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Record = Callable[[str, str, float], None]


@pytest.fixture
def record_cosine(record_property: Callable[[str, object], None]) -> Record:
    """Return what puts one line into the table: a source, a known axis, and |cosine| of what was found with it."""
    # A property of the test's report, which reaches the process that writes the table.
    return lambda source, axis, cosine: record_property("cosine", (source, axis, float(cosine)))
