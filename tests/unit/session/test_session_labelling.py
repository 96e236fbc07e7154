"""Labelling: walls, lessons of them, and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from latentlab.analysis.clicks import Clicks, Pool
from latentlab.session.labelling import Labelling, Wall, lesson_of

COUNT = 200


@pytest.fixture(scope="module")
def pool() -> Pool:
    z = np.random.RandomState(0).standard_normal((COUNT, 5)).astype(np.float32)
    return Pool(z, (z / np.sqrt(5.0, dtype=np.float32),))


def first_wall(pool: Pool, count: int = 12) -> Wall:
    clicks = Clicks(pool)
    return Wall(clicks, tuple(int(index) for index in clicks.offer(count)))


def test_an_answer_can_be_given_changed_and_taken_back(pool: Pool) -> None:
    wall = first_wall(pool)
    index = wall.shown[3]
    assert wall.answer(index) is None
    assert wall.answered(index, True).answer(index) is True
    assert wall.answered(index, True).answered(index, False).answer(index) is False
    assert wall.answered(index, False).answered(index, None).answer(index) is None
    assert wall.answer(index) is None, "a wall does not change"


def test_nothing_is_offered_twice(pool: Pool) -> None:
    wall, seen = first_wall(pool), list[int]()
    for _ in range(5):
        seen += wall.shown
        wall = wall.answered(wall.shown[0], True).answered(wall.shown[1], False)
        wall = wall.turned(lesson_of(wall, 12, "normal", "x", "").offered)
    assert len(seen) == len(set(seen)) == 60


def test_the_last_wall_is_what_is_left(pool: Pool) -> None:
    wall = first_wall(pool, COUNT - 5)
    lesson = lesson_of(wall, 12, "normal", "x", "")
    assert len(lesson.offered) == 5
    assert lesson_of(wall.turned(lesson.offered), 12, "normal", "x", "").offered == ()


def test_a_lesson_finds_the_direction_once_there_are_answers_of_both_kinds(pool: Pool) -> None:
    wall = first_wall(pool)
    assert lesson_of(wall.answered(wall.shown[0], True), 12, "normal", "x", "").direction is None
    for _ in range(3):
        for index in wall.shown:
            wall = wall.answered(index, bool(pool.z[index, 2] > 0.0))
        lesson = lesson_of(wall, 12, "normal", "to the right", "abc")
        wall = wall.turned(lesson.offered)
    assert lesson.accuracy is not None
    assert lesson.accuracy > 0.7
    assert lesson.direction is not None
    assert lesson.direction.vector[2] > 0.8
    assert (lesson.direction.name, lesson.direction.model, lesson.reason) == ("to the right", "abc", "")


def test_a_lesson_says_why_there_is_no_direction(pool: Pool) -> None:
    few = Pool(pool.z[:30], tuple(view[:30] for view in pool.views))
    wall = Wall(Clicks(few), tuple(range(12))).answered(0, True).answered(1, False)
    lesson = lesson_of(wall, 12, "normal", "rare", "")
    assert lesson.direction is None
    assert lesson.reason.startswith("rare: only")


def test_steps_are_undone_and_done_again(pool: Pool) -> None:
    labelling = Labelling(first_wall(pool))
    walls = [labelling.wall]
    for place in range(4):
        walls.append(labelling.wall.answered(labelling.wall.shown[place], True))
        labelling.step_to(walls[-1])
    assert not labelling.can_redo
    for wall in walls[-2::-1]:
        labelling.undo()
        assert labelling.wall is wall
    assert not labelling.can_undo
    labelling.undo()
    labelling.redo()
    labelling.redo()
    assert labelling.wall is walls[2]
    labelling.step_to(walls[4])
    assert not labelling.can_redo, "a new step forgets what was undone"
    labelling.undo()
    assert labelling.wall is walls[2]
