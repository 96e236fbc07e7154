"""Averages of what the loop reports, speed and time left; one synchronisation with the device per message."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import fields

import torch

from latentlab.training.events import Losses, Progress
from latentlab.training.loop import StepReport

_SPEED_WINDOW_S = 20.0
_NAMES = tuple(field.name for field in fields(Losses))


class Monitor:
    """Collects the reports of steps and turns them into `Progress` a few times a second.

    Args:
        total_images: Where the run ends.
        clock: Seconds, monotonic, standing still while the run is held.
        every_s: Least distance of two messages.
    """

    def __init__(self, total_images: int, clock: Callable[[], float], every_s: float = 0.25) -> None:
        self._total = total_images
        self._clock = clock
        self._every_s = every_s
        self._reports: list[StepReport] = []
        self._losses: Losses | None = None
        self._tick_sums = [0.0] * len(_NAMES)
        self._tick_steps = 0
        self._marks: deque[tuple[float, int]] = deque()
        self._last_message: float | None = None

    def add(self, report: StepReport, images: int) -> Progress | None:
        """Take in one step; return a message where one is due.

        Args:
            report: Detached scalars of the step, named as the fields of `Losses`; where one is missing, the step counts
                for the speed alone.
            images: Images shown so far, this step's included.
        """
        now = self._clock()
        if report.keys() >= set(_NAMES):
            self._reports.append(report)
        self._marks.append((now, images))
        # Two marks always stay, or steps longer than the window would have no speed.
        while len(self._marks) > 2 and now - self._marks[1][0] >= _SPEED_WINDOW_S:
            self._marks.popleft()
        if self._last_message is not None and now - self._last_message < self._every_s:
            return None
        self._last_message = now
        return self.message(images)

    def message(self, images: int) -> Progress | None:
        """Describe where the run stands now; None before the first step."""
        if self._reports:
            self._average()
        if self._losses is None:
            return None
        speed = self.images_per_s()
        left = max(0, self._total - images)
        eta_s = left / speed if speed else float("inf") if left else 0.0
        return Progress(images / 1000.0, self._total / 1000.0, self._losses, speed, eta_s)

    def images_per_s(self) -> float:
        """Return the speed over the last seconds; 0 where it is not known yet."""
        if len(self._marks) < 2:
            return 0.0
        (start, first), (end, last) = self._marks[0], self._marks[-1]
        return (last - first) / (end - start) if end > start else 0.0

    def take_tick_means(self) -> dict[str, float]:
        """Return the means over all steps since this was last called, for the log; empty where there were none."""
        if self._reports:
            self._average()
        steps, self._tick_steps = self._tick_steps, 0
        sums, self._tick_sums = self._tick_sums, [0.0] * len(_NAMES)
        return {name: value / steps for name, value in zip(_NAMES, sums, strict=True)} if steps else {}

    def _average(self) -> None:
        steps = len(self._reports)
        values = torch.stack([report[name] for report in self._reports for name in _NAMES])
        means: list[float] = values.reshape(steps, len(_NAMES)).mean(0).tolist()
        self._reports.clear()
        self._losses = Losses(*means)
        self._tick_sums = [total + steps * mean for total, mean in zip(self._tick_sums, means, strict=True)]
        self._tick_steps += steps
