"""Open thousands of damaged files and dozens of malicious ones: nothing runs, nothing crashes, memory stays bounded.

    python tests/benchmarks/fuzz_foreign.py [--count 5000] [--seed 0]

Every file is opened as the application opens it. An audit hook watches what Python itself reports: commands, processes,
compiled or evaluated code, sockets, files opened for writing, deleted files and imports of what was not imported.
Exits with 1 if anything is found.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "unit" / "models" / "foreign"))

from hostile_files import lies, malicious, mutated, originals
from onnx_models import damaged_models, external, lying_models

from latentlab.errors import ModelFileError
from latentlab.models.foreign import ranking_cache
from latentlab.session.opening import open_file

LIMIT_S = 20
MAX_GROWTH_BYTES = 2**28
FORBIDDEN = (
    "os.system",
    "os.exec",
    "os.fork",
    "os.posix_spawn",
    "os.remove",
    "os.rename",
    "os.rmdir",
    "os.mkdir",
    "os.symlink",
    "os.kill",
    "subprocess.Popen",
    "socket.",
    "ctypes.",
    "shutil.",
    "exec",
    "compile",
    "import",
    "pickle.find_class",
    "code.",
    "webbrowser.",
)


class Watch:
    """Notes what a file makes Python do while it is being opened."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        writes = event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")
        if writes or event.startswith(FORBIDDEN):
            self.seen.append(f"{event} {str(arguments)[:80]}")


class TooSlowError(Exception):
    """A file took longer than it may."""


def _ring(*_: object) -> None:
    raise TooSlowError


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("error")
    signal.signal(signal.SIGALRM, _ring)
    with tempfile.TemporaryDirectory() as folder:
        return measure(Path(folder), options.count, options.seed)


def measure(folder: Path, count: int, seed: int) -> int:
    source = random.Random(seed)
    canary = folder / "canary"
    good, lying, evil = originals(), lies() | lying_models(), malicious(canary)
    damaged = dict(good) | damaged_models() | {"beside.onnx": external("weights.bin", offset=0, length=3072)}
    (folder / "weights.bin").write_bytes(np.random.RandomState(0).randn(768).astype(np.float32).tobytes())
    watch, faults = Watch(), []
    # What is written is what the application keeps in its cache: here nothing may be written at all.
    ranking_cache.keep_ranking = lambda file_hash, guesses: None
    outcomes: Counter[str] = Counter()
    slowest: tuple[float, str] = (0.0, "")
    for name, raw in damaged.items():
        (folder / name).write_bytes(raw)
        open_file(folder / name)
    growth = 0

    def one(label: str, suffix: str, raw: bytes) -> None:
        nonlocal slowest, growth
        path = folder / f"file{suffix}"
        path.write_bytes(raw)
        started, line, outcome = time.perf_counter(), "", "opened"
        watch.seen.clear()
        before = _reset_peak()
        watch.on = True
        signal.alarm(LIMIT_S)
        try:
            open_file(path)
        except ModelFileError as refusal:
            line, outcome = str(refusal), "refused"
        except TooSlowError:
            outcome = "too slow"
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is a fault
            outcome = f"crashed: {type(error).__name__}: {str(error)[:100]}"
        finally:
            signal.alarm(0)
            watch.on = False
        outcomes[outcome.partition(":")[0]] += 1
        slowest = max(slowest, (time.perf_counter() - started, label))
        grown = _in_status("VmHWM") - before
        growth = max(growth, grown)
        found = (
            outcome if outcome not in ("opened", "refused") else "",
            f"ran {watch.seen}" if watch.seen else "",
            "canary" if canary.exists() else "",
            f"not one line: {line!r}" if "\n" in line or len(line) > 1000 else "",
            f"memory grew by {grown / 1e6:.0f} MB" if grown > MAX_GROWTH_BYTES else "",
        )
        faults.extend(f"{label}: {fault}" for fault in found if fault)

    names = list(damaged)
    for number in range(count):
        name = names[number % len(names)]
        one(f"mutation {number} of {name}", Path(name).suffix, mutated(damaged[name], source))
    counted = dict(outcomes)
    for name, raw in lying.items():
        one(name, Path(name).suffix, raw)
    for name, raw in evil.items():
        one(name, Path(name).suffix, raw)
    print(f"{count} mutated files of {len(names)} kinds: {counted}")
    print(f"{len(lying)} files that lie, {len(evil)} malicious ones; in all: {dict(outcomes)}")
    print(f"memory: no file took more than {growth / 1e6:.0f} MB while it was opened")
    print(f"slowest: {slowest[0]:.2f} s, {slowest[1]}")
    print("\n".join(faults[:40]) or "no code ran, no crash, every refusal one line")
    return int(bool(faults))


def _reset_peak() -> int:
    """Let Linux forget the highest use of memory so far; return the present use in bytes."""
    Path("/proc/self/clear_refs").write_text("5")
    return _in_status("VmRSS")


def _in_status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


if __name__ == "__main__":
    sys.exit(main())
