"""The bundled model draws digits: all ten, clear ones, nearly as varied as real ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from judge import HEADER, ROOT, SAMPLES, Grade, Judge, Mnist, draw, grade, judge_of, read_mnist

from latentlab.models.checkpoint import load_generator
from latentlab.pixels import Pixels

MODEL = ROOT / "checkpoints" / "digits.safetensors"


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
