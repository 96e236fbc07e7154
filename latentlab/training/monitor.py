"""Averages of what the loop reports, speed and time left; one synchronisation with the device per message."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import torch

from latentlab.training.events import Losses, Progress
from latentlab.training.loop import StepReport

_SPEED_WINDOW_S = 20.0


class Monitor:
    """Collects the reports of steps and turns them into `Progress` a few times a second.

    Args:
        total_images: Where the run ends.
        clock: Seconds, monotonic.
        every_s: Least distance of two messages.
    """

    def __init__(self, total_images: int, clock: Callable[[], float], every_s: float = 0.25) -> None:
        self._total = total_images
        self._clock = clock
        self._every_s = every_s
        self._reports: list[StepReport] = []
        self._marks: deque[tuple[float, int]] = deque()
        self._last_message: float | None = None
        self._last_losses = Losses(0.0, 0.0, 0.0, 0.0, 0.0)

    def add(self, report: StepReport, images: int) -> Progress | None:
        """Take in one step; return a message where one is due.

        Args:
            report: Detached scalars of the step.
            images: Images shown so far, this step's included.
        """
        now = self._clock()
        self._reports.append(report)
        self._marks.append((now, images))
        while now - self._marks[0][0] > _SPEED_WINDOW_S:
            self._marks.popleft()
        if self._last_message is not None and now - self._last_message < self._every_s:
            return None
        self._last_message = now
        return self.message(images)

    def message(self, images: int) -> Progress:
        """Describe where the run stands now."""
        if self._reports:
            self._last_losses = self._mean()
            self._reports.clear()
        speed = 0.0
        if len(self._marks) > 1:
            (start, first), (end, last) = self._marks[0], self._marks[-1]
            speed = (last - first) / (end - start) if end > start else 0.0
        left = max(0, self._total - images)
        eta_s = left / speed if speed else float("inf") if left else 0.0
        return Progress(images / 1000.0, self._total / 1000.0, self._last_losses, speed, eta_s)

    def forget_speed(self) -> None:
        """Start measuring anew, after a pause."""
        self._marks.clear()

    def _mean(self) -> Losses:
        means = {}
        for name in ("Loss_D", "Loss_G", "D_x", "D_G_z1", "D_G_z2"):
            values = [report[name] for report in self._reports if name in report]
            means[name] = float(torch.stack(values).mean()) if values else getattr(self._last_losses, name)
        return Losses(**means)
