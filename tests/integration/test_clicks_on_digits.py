"""Forty clicks for "is a 7" on the bundled digits, answered by the digit judge, of samples that the learner offers.

The features know no classes and share no weights with the judge.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from judge import ROOT, Judge, judge_of, read_mnist

import latentlab
from latentlab.analysis.boundary import balanced_accuracy
from latentlab.analysis.clicks import Clicks, Pool
from latentlab.analysis.picture_features import PictureSpace
from latentlab.latent.priors import sample
from latentlab.session.opened import OpenedModel

DIGIT = 7
WALL, MORE = 24, (2,) * 8
SAMPLES, FRESH, MOVED = 2000, 1000, 200
SEEDS = 3
LEAST_ACCURACY, LEAST_SHARE = 0.85, 0.5


@pytest.fixture(scope="module")
def model() -> OpenedModel:
    return latentlab.open_model(ROOT / "checkpoints" / "digits.safetensors")


@pytest.fixture(scope="module")
def judge(real_data: Path) -> Judge:
    return judge_of(read_mnist(real_data / "mnist"))


def test_forty_clicks_teach_what_a_seven_is(model: OpenedModel, judge: Judge) -> None:
    z, fresh_z, start = (
        sample(model.prior, count, model.z_dim, seed) for seed, count in enumerate((SAMPLES, FRESH, MOVED), start=10)
    )
    pixels, fresh = model.render(z), model.render(fresh_z)
    is_seven = judge.probabilities(pixels).argmax(axis=1) == DIGIT
    fresh_is_seven = judge.probabilities(fresh).argmax(axis=1) == DIGIT
    space = PictureSpace.of(pixels)
    pool, fresh_views = Pool(z, space(pixels)), space(fresh)
    before = float((judge.probabilities(model.render(start)).argmax(axis=1) == DIGIT).mean())
    accuracies, shares = [], []
    for seed in range(SEEDS):
        clicks = Clicks(pool, seed=seed)
        for count in (WALL, *MORE):
            for index in clicks.offer(count):
                clicks = clicks.answered(int(index), bool(is_seven[index]))
        assert len(clicks.answers) == 40
        learned, direction = clicks.learned, clicks.direction(model.prior, "7-ness")
        assert learned is not None
        assert direction is not None
        accuracies.append(balanced_accuracy(learned.log_odds(fresh_views) > 0.0, fresh_is_seven))
        moved = model.render(start + np.float32(3.0 * direction.sigma) * direction.vector)
        shares.append(float((judge.probabilities(moved).argmax(axis=1) == DIGIT).mean()))
    print(f"\naccuracy {np.round(accuracies, 3)}, share of 7 {before:.3f} -> {np.round(shares, 3)}")
    assert 0.05 < before < 0.2
    assert min(accuracies) >= LEAST_ACCURACY
    assert min(shares) >= LEAST_SHARE
