"""Samples for walls and maps: each the picture of its own seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from latentlab.errors import Cancelled
from latentlab.models.checkpoint import Generator
from latentlab.session.drawn_samples import draw_samples
from latentlab.session.opened import OpenedModel


@pytest.fixture(scope="module")
def opened(small_generator: Callable[..., Generator]) -> OpenedModel:
    return OpenedModel(small_generator())


def test_every_sample_is_the_picture_of_its_seed(opened: OpenedModel) -> None:
    drawn = draw_samples(opened, 70, first=5)
    for index in (0, 37, 69):
        z = opened.sample(1, seed=5 + index)
        assert np.array_equal(drawn.z[index], z[0])
        difference = drawn.pixels[index].astype(int) - opened.render(z)[0]
        # A batch of another size may round otherwise.
        assert np.abs(difference).max() <= 1
        assert drawn.point(index).title() == f"seed {5 + index}"
    assert all(len(view) == 70 for view in drawn.views)
    assert len(drawn.pool().z) == 70


def test_progress_is_told_and_can_call_it_off(opened: OpenedModel) -> None:
    told: list[float] = []
    draw_samples(opened, 70, progress=told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)

    def stop(done: float) -> None:
        if done > 0.4:
            raise Cancelled

    with pytest.raises(Cancelled):
        draw_samples(opened, 70, progress=stop)
