"""Count the starts that Qt's bindings abort because another thread imports meanwhile, with threads that cut in and not.

    python tests/benchmarks/start_race.py [--starts 200] [--busy 2]

Their set-up walks over all modules while it is imported ("Fatal Python error: libshiboken/signature"). `ui.start` keeps
other threads from cutting in until all is imported; each start here is its own process and ends there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from latentlab.ui.start import SWITCH_S, UNINTERRUPTED_S

START = """
import os, sys
from latentlab.ui.start import start

def first(interval_s, set=sys.setswitchinterval):
    set(float(sys.argv[1]))
    sys.setswitchinterval = lambda interval_s: os._exit(0)

sys.setswitchinterval = first
sys.exit(start(None) or 1)
"""


def aborted(interval_s: float) -> bool:
    """Start once; tell whether the process was aborted."""
    words = [sys.executable, "-c", START, str(interval_s)]
    done = subprocess.run(words, env=os.environ | {"QT_QPA_PLATFORM": "offscreen"}, capture_output=True, check=False)
    if done.returncode > 0:
        raise SystemExit(done.stderr.decode())
    return done.returncode < 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--starts", type=int, default=200)
    parser.add_argument("--busy", type=int, default=0, help="processes that keep the cores busy meanwhile")
    options = parser.parse_args()
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(options.busy)]
    counts = dict.fromkeys((SWITCH_S, UNINTERRUPTED_S), 0)
    try:
        for _ in range(options.starts):
            for interval_s in counts:
                counts[interval_s] += aborted(interval_s)
    finally:
        for other in others:
            other.kill()
    for interval_s, count in counts.items():
        print(f"switch interval {interval_s} s: {count} of {options.starts} starts aborted")
