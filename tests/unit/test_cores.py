"""The cores are shared out so that the window keeps one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from latentlab import cores


def test_numpy_leaves_a_core_to_the_window_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "cores", lambda: 4)
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    cores.leave_one_to_the_window()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "3"
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "8")
    cores.leave_one_to_the_window()
    assert os.environ["OPENBLAS_NUM_THREADS"] == "8"


def test_the_start_of_the_window_comes_before_numpy() -> None:
    """Else numpy has counted the cores already."""
    told = "import sys, latentlab.cli, latentlab.ui.start; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", told], check=False).returncode == 0
