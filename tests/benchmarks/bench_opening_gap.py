"""How long the window stands still while a full-size checkpoint opens in it.

    python tests/benchmarks/bench_opening_gap.py [--repeats 3] [--blame]

The real window, on the display there is, with the bundled model; the checkpoint of `bench_foreign_opening` is opened as
if it had been dropped, each time as a file never seen. Told: the longest gap between two turns of the event loop, from
the drop until two seconds after it is open, how much of it the window's thread worked (what is left, it waited for the
interpreter or for a core), and how long the opening took. With ``--blame`` also where the
window's thread was in each gap above 40 ms.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path

from latentlab.cores import leave_one_to_the_window

Beat = tuple[float, float]
"""When the loop turned, by the clock and by the processor time of its thread."""

_BEAT_MS = 1
_BLAMED_S = 0.04
_AFTER_S = 2.0


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--blame", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for name in ("CONFIG", "DATA", "STATE", "CACHE"):
            os.environ[f"XDG_{name}_HOME"] = str(Path(folder, name))
        # Written by a process of its own, so that nothing here has torch imported by it.
        if (pid := os.fork()) == 0:
            _write(Path(folder))
            os._exit(0)
        os.waitpid(pid, 0)
        measure(Path(folder), options.repeats, options.blame)


def _write(folder: Path) -> None:
    """Write the checkpoints; the last does not say how it is to be read, so that the window asks."""
    import torch
    from bench_foreign_opening import written

    alone, _ = written(folder)
    held = torch.load(alone, weights_only=True)
    for name, tensor in held.items():
        if "running" in name:
            tensor.fill_(float(name.endswith("var")))
    torch.save(held, folder / "unsure.pth")


def measure(folder: Path, repeats: int, blame: bool) -> None:
    # As the start of the application does.
    leave_one_to_the_window()
    sys.setswitchinterval(0.001)
    from PySide6.QtCore import QEventLoop, QTimer
    from PySide6.QtWidgets import QApplication

    from latentlab import paths
    from latentlab.session.settings import Settings
    from latentlab.ui import theme
    from latentlab.ui.main_window import MainWindow

    def wait(ms: int) -> None:
        loop = QEventLoop()
        QTimer.singleShot(ms, loop.quit)
        loop.exec()

    app = QApplication([sys.argv[0], *theme.STYLE_ARGUMENTS])
    theme.apply(app, "dark")
    window = MainWindow(Settings(theme="dark"))
    window.show()
    window.documents.open_start(None)
    wait(3000)
    beats: list[Beat] = []
    timer = QTimer()
    timer.setInterval(_BEAT_MS)
    timer.timeout.connect(lambda: beats.append((time.perf_counter(), time.thread_time())))
    timer.start()
    ended = threading.Event()
    if blame:
        threading.Thread(target=_blame, args=(beats, ended, threading.get_ident()), daemon=True).start()
    wait(1000)
    print(f"at rest                {_longest(beats)}")
    for round_ in range(repeats):
        for name in ("netG.pth", "both.pth", "unsure.pth"):
            for kept in (paths.cache_dir() / "readings").glob("*.json"):
                kept.unlink()
            window.documents.open_bundled()
            wait(1000)
            beats.clear()
            started = time.perf_counter()
            window.opening.open(folder / name)
            while window.opening.reading:
                wait(5)
            took = time.perf_counter() - started
            while time.perf_counter() < started + took + _AFTER_S:
                wait(5)
            print(f"{round_ + 1}  {name:10}  {took:5.2f} s  {_longest(beats)}", flush=True)
            found = window.dialogs.how_read_window
            if found is not None:
                found.close()
    ended.set()
    window.close()


def _longest(beats: list[Beat]) -> str:
    gaps = [(1e3 * (after[0] - before[0]), 1e3 * (after[1] - before[1])) for before, after in itertools.pairwise(beats)]
    return "longest gap {:4.0f} ms, of which the window's thread worked {:3.0f}".format(*max(gaps))


def _blame(beats: list[Beat], ended: threading.Event, main: int) -> None:
    """Say where the window's thread is while it does not turn."""
    while not ended.wait(0.02):
        if beats and time.perf_counter() - beats[-1][0] > _BLAMED_S:
            frame = sys._current_frames().get(main)
            late = 1e3 * (time.perf_counter() - beats[-1][0])
            lines = traceback.format_stack(frame)[-4:]
            print(f"--- late by {late:.0f} ms\n{''.join(lines)}", flush=True)


if __name__ == "__main__":
    main()
