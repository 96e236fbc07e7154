"""Labelling by clicking: a wall of samples, the answers given so far, what is learned of them, and a way back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from latentlab.analysis.clicks import Clicks
from latentlab.errors import LatentlabError
from latentlab.latent.directions import Direction
from latentlab.latent.priors import Prior


@dataclass(frozen=True, eq=False)
class Wall:
    """The samples to be answered now.

    Attributes:
        clicks: What was answered, here and on earlier walls.
        shown: The samples on the wall.
        passed_over: Those that were on an earlier wall and got no answer; they are not offered again.
    """

    clicks: Clicks
    shown: tuple[int, ...] = ()
    passed_over: frozenset[int] = frozenset()

    def answer(self, index: int) -> bool | None:
        """Return whether a sample has the property; None where nobody said."""
        return self.clicks.answers.get(index)

    def answered(self, index: int, has: bool | None) -> Wall:
        """Return a wall with one more answer, or one less."""
        clicks = self.clicks.without(index) if has is None else self.clicks.answered(index, has)
        return replace(self, clicks=clicks)

    def turned(self, shown: tuple[int, ...]) -> Wall:
        """Return the next wall."""
        unanswered = frozenset(index for index in self.shown if self.answer(index) is None)
        return Wall(self.clicks, shown, self.passed_over | unanswered)


@dataclass(frozen=True, eq=False)
class Lesson:
    """What a wall teaches.

    Attributes:
        wall: The wall.
        offered: What to show next, the most telling first.
        accuracy: Balanced accuracy of the classifier of pictures on the clicks, each left out in turn; None until
            there is one of either answer.
        direction: Towards having the property, with the accuracy of its boundary; None until one could be fitted.
        reason: Why there is no direction, in a line; empty where there is.
    """

    wall: Wall
    offered: tuple[int, ...]
    accuracy: float | None = None
    direction: Direction | None = None
    reason: str = ""


def lesson_of(wall: Wall, count: int, prior: Prior, name: str, model: str) -> Lesson:
    """Learn from a wall and choose the next; takes a tenth of a second, so not on the thread of a window.

    Args:
        wall: With the answers so far.
        count: Samples on the next wall; fewer where the pool ends.
        prior: The distribution of z.
        name: Of the direction.
        model: Content hash of the model.
    """
    skipped = wall.passed_over | set(wall.shown)
    offered = [int(index) for index in wall.clicks.offer(count + len(skipped))]
    following = tuple(index for index in offered if index not in skipped)[:count]
    learned = wall.clicks.learned
    if learned is None:
        return Lesson(wall, following)
    try:
        direction = wall.clicks.direction(prior, name, model)
    except LatentlabError as error:
        # What to do about it, take more samples, is nothing that a wall offers.
        return Lesson(wall, following, learned.accuracy, reason=f"{error.what}: {error.why}.")
    return Lesson(wall, following, learned.accuracy, direction)


class Labelling:
    """Every wall so far: each answer, each turn is a step that can be undone. GUI thread only."""

    def __init__(self, wall: Wall) -> None:
        self._walls = [wall]
        self._now = 0

    @property
    def wall(self) -> Wall:
        """Return the present wall."""
        return self._walls[self._now]

    @property
    def can_undo(self) -> bool:
        """Whether there is a step to undo."""
        return self._now > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is a step to do again."""
        return self._now + 1 < len(self._walls)

    def step_to(self, wall: Wall) -> None:
        """Take a step; what was undone is forgotten."""
        self._now += 1
        self._walls[self._now :] = [wall]

    def undo(self) -> None:
        """Go back one step, if there is one."""
        self._now = max(0, self._now - 1)

    def redo(self) -> None:
        """Do again what was undone last, if anything."""
        self._now = min(len(self._walls) - 1, self._now + 1)
