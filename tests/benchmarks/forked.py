"""Start ``latentlab`` again and again without importing torch each time: one process that has it forks the others.

Nothing has run in that process yet, so it has no threads that a fork would lose.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
import torch._dynamo  # Adam's first step would import it
from PIL import Image

import latentlab.training.run  # noqa: F401 - what a child would import
from latentlab.cli import dispatch

DEADLINE_S = 120.0


class Child:
    """A command line in a process of its own, with one thread and its output in a file.

    Attributes:
        code: Its exit code once it ended, negative where a signal ended it.
    """

    def __init__(self, words: Sequence[str], log: Path, environment: Mapping[str, str] | None = None) -> None:
        self.code: int | None = None
        self._id = os.fork()
        if not self._id:
            _carry_out(words, log, environment or {})

    def ended(self) -> bool:
        """Whether it came to an end."""
        if self.code is None:
            done, status = os.waitpid(self._id, os.WNOHANG)
            self.code = os.waitstatus_to_exitcode(status) if done else None
        return self.code is not None

    def wait(self, seconds: float = DEADLINE_S) -> int | None:
        """Return its exit code; None where it takes longer."""
        wait_for(self.ended, seconds)
        return self.code

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal, if it still runs."""
        if not self.ended():
            os.kill(self._id, number)


def wait_for(reached: Callable[[], bool], seconds: float = DEADLINE_S) -> bool:
    """Wait until something is so; return whether it was in time."""
    deadline = time.monotonic() + seconds
    while not reached():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.0005)
    return True


def _carry_out(words: Sequence[str], log: Path, environment: Mapping[str, str]) -> None:
    os.environ.update(environment)
    with log.open("ab", buffering=0) as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    torch.set_num_threads(1)
    code = 3
    try:
        code = dispatch(list(words))
    finally:
        sys.stdout.flush()
        os._exit(code)


def draw_squares(folder: Path, count: int = 40) -> Path:
    """Write grey squares of 16x16, as PNGs."""
    folder.mkdir()
    numbers = np.random.RandomState(1)
    for number in range(count):
        picture = np.zeros((16, 16), np.uint8)
        top, left = numbers.randint(0, 10, 2)
        picture[top : top + 6, left : left + 6] = numbers.randint(128, 256)
        Image.fromarray(picture).save(folder / f"{number:02d}.png")
    return folder
