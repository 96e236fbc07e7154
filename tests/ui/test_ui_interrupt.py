"""Ctrl+C in the terminal, while nothing happens in the window."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

SCRIPT = """
import os, signal, sys, threading
from PySide6.QtWidgets import QApplication, QMainWindow
from latentlab.ui.start import _quit_on_interrupt

app = QApplication([])
window = QMainWindow()
_quit_on_interrupt(window)
window.show()
threading.Timer(0.5, os.kill, (os.getpid(), int(sys.argv[1]))).start()
sys.exit(app.exec())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no process can be sent these signals there")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_window_at_rest_is_closed_by_a_signal(number: signal.Signals) -> None:
    words = [sys.executable, "-c", SCRIPT, str(int(number))]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
