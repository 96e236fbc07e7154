"""pyqtgraph, imported between the turns of the event loop: to its end, where it is needed sooner, and given up."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import sys, threading
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from latentlab.ui import plots_ahead

app = QApplication([])
ahead = plots_ahead.PlotsAhead()
threading.Thread(target=ahead.wanted.emit).start()
turns = 0

def on_turn():
    global turns
    turns += 1
    begun = any(thread.name == "preload pyqtgraph" for thread in threading.enumerate())
    match sys.argv[1]:
        case "to its end" if "pyqtgraph" in sys.modules and not begun:
            app.quit()
        case "needed" if begun:
            plots_ahead.import_rest()
            from latentlab.ui.widgets.plot import Plot
            Plot()
            app.quit()
        case "given up" if begun:
            ahead.close()
            app.quit()

timer = QTimer()
timer.timeout.connect(on_turn)
timer.start(1)
app.exec()
left = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
is_spread = turns > 20 or sys.argv[1] != "to its end"
print(is_spread, hasattr(sys.modules.get("pyqtgraph"), "PlotDataItem"), left)
"""


@pytest.mark.parametrize(
    ("way", "printed"),
    [("to its end", "True True []"), ("needed", "True True []"), ("given up", "True False []")],
)
def test_it_comes_between_two_turns(way: str, printed: str) -> None:
    words = [sys.executable, "-c", SCRIPT, way]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert ended.stdout.strip() == printed, ended.stderr
