"""How the learning rate goes over a run."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_run import CONFIG, ignore, new_state

from latentlab.training.control import Control
from latentlab.training.loop import train
from latentlab.training.schedule import learning_rate


@pytest.mark.parametrize(("images", "expected"), [(0, 4.0), (500, 4.0), (750, 2.5), (1000, 1.0)])
def test_constant_first_then_falling_in_a_line(images: int, expected: float) -> None:
    assert learning_rate(4.0, 0.25, images, 1000) == pytest.approx(expected)


@given(lr=st.floats(1e-8, 1.0), images=st.integers(0, 1000))
def test_the_rate_of_the_paper_is_kept_exactly(lr: float, images: int) -> None:
    assert learning_rate(lr, 1.0, images, 1000) == lr


@given(lr=st.floats(1e-8, 1.0), lr_end=st.floats(0.0, 1.0), images=st.integers(0, 999))
def test_it_never_rises_nor_falls_below_its_end(lr: float, lr_end: float, images: int) -> None:
    now, later = (learning_rate(lr, lr_end, at, 1000) for at in (images, images + 1))
    rounding = lr * 1e-12
    assert lr * lr_end - rounding <= later <= now + rounding
    assert now <= lr


def test_the_loop_follows_it() -> None:
    config = replace(CONFIG, kimg=0.048, lr=0.004, lr_end=0.25)
    state, rates = new_state(config), []
    rate = state.optimizer_G.param_groups[0]
    twin = state.optimizer_D.param_groups[0]
    train(state, config, Control(), lambda _: rates.append((rate["lr"], twin["lr"])), ignore)
    expected = [learning_rate(0.004, 0.25, images, 48) for images in range(0, 48, 8)]
    assert rates == [(each, each) for each in expected]
    assert expected[0] == expected[3] == 0.004
    assert expected[-1] < expected[-2] < 0.004
