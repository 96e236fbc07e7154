"""What was seen of a run folder: frozen messages from the thread that looks to those who show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from latentlab.pixels import Pixels
from latentlab.training.run_log import Entry

_SPEEDS = 5


@dataclass(frozen=True)
class RunSeen:
    """What a run folder holds at one moment.

    Attributes:
        folder: The run folder.
        there: Whether it can be reached; what was read before stays in the other fields.
        config: Its ``config.json``; empty while there is none.
        entries: Its log, one entry a tick; ``spread`` and ``change`` of the fixed-z sheet are added once measured.
        sheets: Its fixed-z sheets by kimg, in order.
        models: The model files it still has, by kimg, in order.
        quiet_s: Seconds since anything was written, as far as is known.
        resumable: Whether it holds what a resume needs.
        look: Which look of its follower this was, counted from 1; 0 before the first.
    """

    folder: Path
    there: bool = False
    config: Mapping[str, object] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    sheets: Mapping[int, Path] = field(default_factory=dict)
    models: Mapping[int, Path] = field(default_factory=dict)
    quiet_s: float = 0.0
    resumable: bool = False
    look: int = 0

    @property
    def loss(self) -> str:
        """Return the objective's name; older runs had but one."""
        return str(self.config.get("loss", "bce"))

    @property
    def kimg(self) -> float:
        """Return where the log ends."""
        return self.entries[-1].kimg if self.entries else 0.0

    @property
    def total_kimg(self) -> float:
        """Return where the run is to end; 0 where unknown."""
        return self.number("kimg")

    @property
    def complete(self) -> bool:
        """Whether the run has reached its end."""
        return 0.0 < self.total_kimg <= self.kimg + 1e-3

    @property
    def eta_s(self) -> float:
        """Return the seconds left at the usual speed of late, of which some have passed; infinite where unknown."""
        speeds = [entry.get("images_per_s") for entry in self.entries[-_SPEEDS:]]
        known = [speed for speed in speeds if speed > 0.0]
        if not known or not self.total_kimg:
            return math.inf
        return max(0.0, (self.total_kimg - self.kimg) * 1000.0 / median(known) - self.quiet_s)

    @property
    def overdue(self) -> bool:
        """Whether the next tick should have come long ago: three times the last distance, and at least two minutes."""
        if self.complete or not self.entries:
            return False
        before = self.entries[-2].kimg if len(self.entries) > 1 else 0.0
        speed = self.entries[-1].get("images_per_s")
        usual_s = (self.kimg - before) * 1000.0 / speed if speed > 0.0 else 0.0
        return self.quiet_s > max(120.0, 3.0 * usual_s)

    def number(self, name: str) -> float:
        """Return a number of the configuration; 0 where there is none."""
        value = self.config.get(name)
        return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0


@dataclass(frozen=True, eq=False)
class SheetRead:
    """A sheet that was asked for.

    Attributes:
        path: Its file.
        pictures: Shape (N, H, W, C), uint8; None where it cannot be read.
        problem: Why not; empty otherwise.
    """

    path: Path
    pictures: Pixels | None
    problem: str = ""
