"""The bundled model draws digits: all ten, clear ones, nearly as varied as real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from acceptance import CLASS_SHARES, COLUMNS, LEAST_ACCEPTED, MANY_SAMPLES, Acceptance, acceptance, temperature_of
from judge import HEADER, ROOT, SAMPLES, Grade, Judge, Mnist, draw, grade, judge_of, read_mnist

from latentlab.models.checkpoint import load_generator
from latentlab.pixels import Pixels

MODEL = ROOT / "checkpoints" / "digits.safetensors"
LEAST_COVERAGE_TO_SHIP = 0.8


@pytest.fixture(scope="module")
def mnist(real_data: Path) -> Mnist:
    return read_mnist(real_data / "mnist")


@pytest.fixture(scope="module")
def judge(mnist: Mnist) -> Judge:
    return judge_of(mnist)


def graded(judge: Judge, pixels: Pixels, mnist: Mnist) -> Grade:
    result = grade(judge, pixels, *mnist.splits())
    print(f"\n{HEADER}\n{result}")
    return result


def test_the_judge_knows_digits(judge: Judge) -> None:
    print(f"\njudge: {100 * judge.test_accuracy:.2f} % of the test set")
    assert judge.test_accuracy >= 0.99


def test_real_digits_pass(judge: Judge, mnist: Mnist) -> None:
    result = graded(judge, mnist.train_pixels[:SAMPLES], mnist)
    assert result.failings() == ()
    assert result.recall_ratio == pytest.approx(1.0, abs=0.1)
    assert result.coverage_ratio == pytest.approx(1.0, abs=0.1)


def test_noise_is_no_digit(judge: Judge, mnist: Mnist) -> None:
    noise = np.random.RandomState(0).randint(0, 256, (SAMPLES, 32, 32, 1)).astype(np.uint8)
    result = graded(judge, noise, mnist)
    assert result.recall_ratio < 0.1
    assert result.coverage_ratio < 0.1


def test_a_missing_class_is_noticed(judge: Judge, mnist: Mnist) -> None:
    without_fours = mnist.train_pixels[mnist.train_labels != 4][:SAMPLES]
    assert any(failing.startswith("rarest class") for failing in graded(judge, without_fours, mnist).failings())


def test_few_pictures_again_and_again_are_noticed(judge: Judge, mnist: Mnist) -> None:
    few = np.resize(mnist.train_pixels[:100], (SAMPLES, 32, 32, 1))
    result = graded(judge, few, mnist)
    assert result.mean_top_probability >= 0.95
    assert result.recall_ratio < 0.6
    assert result.coverage_ratio < 0.6


@pytest.fixture(scope="module")
def bundled_grade(judge: Judge, mnist: Mnist) -> Grade:
    assert judge.test_accuracy >= 0.99
    return graded(judge, draw(load_generator(MODEL)), mnist)


def test_the_bundled_model_draws_clear_digits_of_every_class_as_varied_as_real_ones(bundled_grade: Grade) -> None:
    assert bundled_grade.failings() == ()
    assert bundled_grade.coverage_ratio >= LEAST_COVERAGE_TO_SHIP


def accepted(judge: Judge, pixels: Pixels, mnist: Mnist) -> Acceptance:
    result = acceptance(judge.logits(mnist.test_pixels), mnist.test_labels, judge.logits(pixels))
    print(f"\n{COLUMNS}\n{result}")
    return result


def test_the_temperature_undoes_overconfidence() -> None:
    random = np.random.RandomState(0)
    honest = 2.0 * random.standard_normal((20_000, 10))
    labels = (honest + random.gumbel(size=honest.shape)).argmax(axis=1)  # Drawn from the softmax: the Gumbel-max trick.
    assert temperature_of(honest, labels) == pytest.approx(1.0, rel=0.05)
    assert temperature_of(3.0 * honest, labels) == pytest.approx(3.0, rel=0.05)


def test_real_digits_are_accepted_and_blends_of_two_are_not(judge: Judge, mnist: Mnist) -> None:
    real = mnist.train_pixels[:SAMPLES]
    result = accepted(judge, real, mnist)
    assert result.accepted >= LEAST_ACCEPTED
    assert result.accepted_real == pytest.approx(0.97, abs=0.01)
    assert result.calibration_error <= 0.01
    blends = (real // 2) + (mnist.train_pixels[SAMPLES : 2 * SAMPLES] // 2)
    assert accepted(judge, blends, mnist).accepted < 0.5


@pytest.fixture(scope="module")
def bundled_acceptance(judge: Judge, mnist: Mnist) -> Acceptance:
    return accepted(judge, draw(load_generator(MODEL), MANY_SAMPLES), mnist)


def test_every_class_of_the_bundled_model_is_about_as_common_as_another(bundled_acceptance: Acceptance) -> None:
    least, most = CLASS_SHARES
    assert all(least <= share <= most for share in bundled_acceptance.class_shares)


def test_a_calibrated_judge_accepts_as_many_digits_as_wanted(bundled_acceptance: Acceptance) -> None:
    assert bundled_acceptance.accepted >= LEAST_ACCEPTED
