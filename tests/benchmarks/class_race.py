"""Count the processes that end because a thread makes Qt classes while the window lives; in steps, and at once.

    python tests/benchmarks/class_race.py [--runs 60]

Ahead of Python 3.12 Qt's bindings look classes up in a table that the window's thread reads without the interpreter's
lock. Each run is a process whose window is given its style again and again, which asks for many meta-objects, while
4,000 classes are made: in a thread of their own, or with `latentlab.stepped_import` while the window waits.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

RUN = """
import os, sys, threading, time
from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication, QSlider, QVBoxLayout, QWidget
from latentlab.stepped_import import SteppedImport

app = QApplication([])
window = QWidget()
layout = QVBoxLayout(window)
sliders = [type(f"Slider{index}", (QSlider,), {})() for index in range(30)]
for slider in sliders:
    layout.addWidget(slider)
window.show()
turn, made = 0, []

def classes():
    for index in range(4000):
        made.append(type(f"Made{index}", (QObject,), {}))
        yield

def make():
    time.sleep(0.2)
    for _ in classes():
        pass

thread = threading.Thread(target=make)
stepped = SteppedImport("colorsys", classes())

def on_turn():
    global turn
    turn += 1
    app.setStyleSheet(f"QSlider {{ color: red }} QWidget QSlider:hover {{ color: green }} /* {turn} */")
    if sys.argv[1] == "in steps":
        stepped.advance(0.004)
    if len(made) == 4000:
        app.quit()

timer = QTimer()
timer.timeout.connect(on_turn)
timer.start(0)
if sys.argv[1] == "in a thread":
    thread.start()
app.exec()
os._exit(0)
"""


def ended(way: str) -> bool:
    """Make the classes in one process; tell whether it was ended by a signal."""
    words = [sys.executable, "-c", RUN, way]
    done = subprocess.run(words, env=os.environ | {"QT_QPA_PLATFORM": "offscreen"}, capture_output=True, check=False)
    if done.returncode > 0:
        raise SystemExit(done.stderr.decode())
    return done.returncode < 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=60)
    options = parser.parse_args()
    counts = dict.fromkeys(("in a thread", "in steps"), 0)
    for _ in range(options.runs):
        for way in counts:
            counts[way] += ended(way)
    for way, count in counts.items():
        print(f"classes made {way}: {count} of {options.runs} processes ended by a signal")
