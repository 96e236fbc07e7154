"""The table of what the sources of directions found of axes that are known."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Found = list[tuple[str, str, float]]
Record = Callable[[str, str, float], None]

_KEY = pytest.StashKey[Found]()


@pytest.fixture
def record_cosine(request: pytest.FixtureRequest) -> Record:
    """Return what puts one line into the table: a source, a known axis, and |cosine| of what was found with it."""
    found: Found = request.config.stash.setdefault(_KEY, [])
    return lambda source, axis, cosine: found.append((source, axis, cosine))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    found = config.stash.get(_KEY, [])
    if not found:
        return
    terminalreporter.section("directions found of known axes")
    terminalreporter.write_line(f"{'source':<28}{'axis':<28}{'|cosine|':>8}")
    for source, axis, cosine in found:
        terminalreporter.write_line(f"{source:<28}{axis:<28}{cosine:>8.4f}")
