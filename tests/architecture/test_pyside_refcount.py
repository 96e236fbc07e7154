"""The installed PySide6 does not lose references to True.

PySide6 6.12.0 on Python 3.11 loses one at each emit and aborts after about 1000 of them. From Python 3.12 on True is
immortal and nothing can be lost.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

EMITS = 200
ALLOWED = 20

PROBE = """
import ctypes, sys
from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

class Source(QObject):
    anything = Signal(object)
    flag = Signal(bool)
    plain = Signal()

class Sink(QObject):
    @Slot(object)
    def on_anything(self, value): pass
    @Slot(bool)
    def on_flag(self, value): pass
    @Slot()
    def on_plain(self): pass

app = QCoreApplication([])
source, sink = Source(), Sink()
source.anything.connect(sink.on_anything)
source.flag.connect(sink.on_flag)
source.plain.connect(sink.on_plain)
emits, leak = int(sys.argv[1]), sys.argv[2] == "leak"
ctypes.pythonapi.Py_DecRef.argtypes = ctypes.pythonapi.Py_IncRef.argtypes = [ctypes.py_object]

def changed(emit):
    before = sys.getrefcount(True)
    for _ in range(emits):
        emit()
        if leak:
            ctypes.pythonapi.Py_DecRef(True)
    after = sys.getrefcount(True)
    if leak:
        for _ in range(emits):
            ctypes.pythonapi.Py_IncRef(True)
    return after - before

message = (1, 2)
print(changed(lambda: source.anything.emit(message)))
print(changed(lambda: source.flag.emit(True)))
print(changed(lambda: source.plain.emit()))
"""


def probe(emits: int, mode: str) -> list[int]:
    ended = subprocess.run(
        [sys.executable, "-c", PROBE, str(emits), mode], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, f"ended with {ended.returncode}: {ended.stderr}"
    changes = [int(line) for line in ended.stdout.split()]
    assert len(changes) == 3
    return changes


mortal = pytest.mark.skipif(sys.version_info >= (3, 12), reason="True is immortal from Python 3.12 on")


@mortal
def test_emitting_keeps_the_references_to_true() -> None:
    assert max(abs(change) for change in probe(EMITS, "as it is")) <= ALLOWED


@mortal
def test_the_probe_notices_a_lost_reference_per_emit() -> None:
    assert all(abs(change + EMITS) <= ALLOWED for change in probe(EMITS, "leak"))


def test_three_thousand_emits_do_not_end_the_process() -> None:
    probe(3000, "as it is")
