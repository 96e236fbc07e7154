"""Learning from clicks, with the bar as oracle: answers come from its known axes, samples are those the learner offers.

Identifiable are all four known axes. Each is found with |cosine| >= 0.95 from 40 clicks, starting from nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import bar_renderer as bar
import numpy as np
import pytest

from latentlab.analysis.boundary import balanced_accuracy
from latentlab.analysis.clicks import Clicks, Pool
from latentlab.analysis.picture_features import PictureSpace
from latentlab.errors import ValueRangeError
from latentlab.latent.arrays import FloatArray
from latentlab.latent.priors import sample

Record = Callable[[str, str, float], None]
Answer = Callable[[FloatArray], np.ndarray]

WALL, MORE = 24, (2,) * 8
LEAST_COSINE, LEAST_ACCURACY = 0.95, 0.85


@pytest.fixture(scope="module")
def space() -> PictureSpace:
    return PictureSpace.of(bar.draw(sample("normal", 1500, bar.Z_DIM, seed=0)))


@pytest.fixture(scope="module")
def pool(space: PictureSpace) -> Pool:
    z = sample("normal", 1500, bar.Z_DIM, seed=0)
    return Pool(z, space(bar.draw(z)))


def clicked(pool: Pool, answer: Answer, seed: int) -> Clicks:
    clicks = Clicks(pool, seed=seed)
    for count in (WALL, *MORE):
        for index in clicks.offer(count):
            clicks = clicks.answered(int(index), bool(answer(pool.z[index : index + 1])[0]))
    assert len(clicks.answers) == WALL + sum(MORE)
    return clicks


@pytest.mark.parametrize("axis", bar.KNOWN)
def test_clicks_find_the_axes_of_the_bar(axis: str, pool: Pool, space: PictureSpace, record_cosine: Record) -> None:
    z = sample("normal", 1000, bar.Z_DIM, seed=1)
    views, truth = space(bar.draw(z)), bar.factor(axis, z) > 0.0
    cosines, accuracies = [], []
    for seed in range(3):
        clicks = clicked(pool, lambda z: bar.factor(axis, z) > 0.0, seed)
        direction = clicks.direction("normal", axis, "cafe")
        assert direction is not None
        assert clicks.learned is not None
        assert (direction.source, direction.model, direction.sigma) == ("clicks", "cafe", 1.0)
        cosines.append(float(direction.vector @ bar.AXES[axis]))
        accuracies.append(balanced_accuracy(clicks.learned.log_odds(views) > 0.0, truth))
    record_cosine("4 clicks, worst of 3 seeds", axis, min(cosines))
    assert min(cosines) >= LEAST_COSINE
    assert min(accuracies) >= LEAST_ACCURACY


def test_a_rare_property_comes_up_and_is_learned(pool: Pool, space: PictureSpace) -> None:
    """One bar in sixteen is that far to the right."""
    z = sample("normal", 1000, bar.Z_DIM, seed=1)
    views, truth = space(bar.draw(z)), bar.factor("shift x", z) > 1.5
    for seed in range(3):
        learned = clicked(pool, lambda z: bar.factor("shift x", z) > 1.5, seed).learned
        assert learned is not None
        assert balanced_accuracy(learned.log_odds(views) > 0.0, truth) >= LEAST_ACCURACY


def test_the_samples_offered_teach_more_than_random_ones(pool: Pool, space: PictureSpace) -> None:
    z = sample("normal", 1000, bar.Z_DIM, seed=1)
    views, truth = space(bar.draw(z)), bar.factor("shift y", z) > 1.0
    offered, drawn = [], []
    for seed in range(5):
        learned = clicked(pool, lambda z: bar.factor("shift y", z) > 1.0, seed).learned
        chance = np.random.RandomState(seed).permutation(len(pool.z))[: WALL + sum(MORE)]
        answers = {int(index): bool(bar.factor("shift y", pool.z[index : index + 1])[0] > 1.0) for index in chance}
        by_chance = Clicks(pool, answers).learned
        assert learned is not None
        assert by_chance is not None
        offered.append(balanced_accuracy(learned.log_odds(views) > 0.0, truth))
        drawn.append(balanced_accuracy(by_chance.log_odds(views) > 0.0, truth))
    assert np.mean(offered) > np.mean(drawn)


def test_wrong_answers_cost_accuracy_where_each_is_left_out(pool: Pool) -> None:
    right = clicked(pool, lambda z: bar.factor("shift x", z) > 0.0, seed=0)
    random = np.random.RandomState(0)
    guessed = Clicks(pool, {index: bool(random.rand() < 0.5) for index in right.answers})
    assert right.learned is not None
    assert guessed.learned is not None
    assert guessed.learned.accuracy < 0.7 < right.learned.accuracy


def test_leaving_one_out_is_what_learning_without_it_says(pool: Pool) -> None:
    """The closed form keeps weights, noise and threshold; with them held, it is exact."""
    clicks = clicked(pool, lambda z: bar.factor("shift x", z) > 0.0, seed=0)
    learned = clicks.learned
    assert learned is not None
    kernel_and_noise = np.linalg.inv(learned.precision)
    targets = np.where(list(clicks.answers.values()), 1.0, -1.0)
    for left in range(5):
        rest = np.delete(np.arange(len(targets)), left)
        among, to_rest = kernel_and_noise[np.ix_(rest, rest)], kernel_and_noise[left, rest]
        expected = to_rest @ np.linalg.solve(among, targets[rest])
        closed = targets[left] - learned.gains[left] / learned.precision[left, left]
        assert closed == pytest.approx(expected, abs=1e-6)


def test_nothing_is_learned_until_both_answers_are_there(pool: Pool) -> None:
    clicks = Clicks(pool)
    for index in clicks.offer(5):
        assert clicks.learned is None
        assert clicks.direction("normal", "nothing") is None
        clicks = clicks.answered(int(index), False)
    assert clicks.learned is None
    offered = clicks.offer(3)
    assert not set(offered.tolist()) & set(clicks.answers)
    assert clicks.answered(int(offered[0]), True).learned is not None


def test_clicks_are_frozen_and_can_be_taken_back(pool: Pool) -> None:
    first = Clicks(pool).answered(3, True)
    second = first.answered(5, False)
    assert first.answers == {3: True}
    assert second.answered(3, False).answers == {3: False, 5: False}
    assert second.without(5).answers == first.answers
    with pytest.raises(IndexError, match="1500"):
        first.answered(1500, True)


def test_offers_are_new_different_and_end_with_the_pool(pool: Pool) -> None:
    small = Pool(pool.z[:30], pool.at(range(30)))
    clicks = Clicks(small)
    assert sorted(clicks.offer(40).tolist()) == list(range(30))
    for index in clicks.offer(20):
        clicks = clicks.answered(int(index), bool(index % 2))
    assert sorted(clicks.offer(40).tolist()) == sorted(set(range(30)) - set(clicks.answers))


def test_another_seed_shows_another_wall(pool: Pool) -> None:
    walls = [set(Clicks(pool, seed=seed).offer(WALL).tolist()) for seed in (0, 0, 1)]
    assert walls[0] == walls[1] != walls[2]


def test_too_small_a_pool_has_no_direction(pool: Pool) -> None:
    small = Pool(pool.z[:30], pool.at(range(30)))
    with pytest.raises(ValueRangeError, match="Take more samples"):
        Clicks(small, {0: True, 1: False}).direction("normal", "few")


def test_a_pool_needs_a_picture_for_every_latent(pool: Pool) -> None:
    with pytest.raises(ValueError, match="as many pictures"):
        Pool(pool.z[:5], pool.at(range(6)))
