"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# No test may need a display; Qt looks at this when the first QApplication is made.
os.environ["QT_QPA_PLATFORM"] = "offscreen"

# Where several processes share the cores, each takes one: threads that spin for each other would halve the speed.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ["OMP_NUM_THREADS"] = "1"

# The same examples every time, however busy the machine; HYPOTHESIS_PROFILE=default looks for others.
settings.register_profile("same", derandomize=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

_BESIDE_CHECKOUT = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder of real data sets: ``$LATENTLAB_DATA``, else ``shared/data`` beside the checkout."""
    named = os.environ.get("LATENTLAB_DATA")
    folder = Path(named) if named else _BESIDE_CHECKOUT
    if not (folder / "mnist").is_dir():
        pytest.skip(f"needs real data: {folder} holds no mnist folder; set LATENTLAB_DATA")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the sources of directions found of known axes, if that was tested."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.stats.get(kind, [])]
    found = [value for report in reports for name, value in report.user_properties if name == "cosine"]
    if not found:
        return
    terminalreporter.section("directions found of known axes")
    terminalreporter.write_line(f"{'source':<28}{'axis':<28}{'|cosine|':>8}")
    for source, axis, cosine in sorted(found):
        terminalreporter.write_line(f"{source:<28}{axis:<28}{cosine:>8.4f}")
