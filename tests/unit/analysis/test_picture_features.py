"""The space of a model's pictures: what lies near, what lies apart, and what may not matter."""

from __future__ import annotations

import bar_renderer as bar
import numpy as np
import pytest

from latentlab.analysis.picture_features import LEAST_PICTURES, PictureSpace, descriptors, squared_distances
from latentlab.errors import Cancelled
from latentlab.latent.priors import sample
from latentlab.pixels import Pixels


def noise(count: int, side: int, channels: int, seed: int = 0) -> Pixels:
    return np.random.RandomState(seed).randint(0, 256, (count, side, side, channels)).astype(np.uint8)


@pytest.mark.parametrize("side", [2, 16, 28, 33, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_descriptors_have_one_width_at_any_size(side: int, channels: int) -> None:
    rows = descriptors(noise(5, side, channels))
    assert rows.shape == (5, 552 + 144 * channels)
    assert rows.dtype == np.float32
    assert np.isfinite(rows).all()


def test_a_picture_is_described_by_itself_alone() -> None:
    pixels = noise(600, 16, 3)
    assert np.array_equal(descriptors(pixels)[[0, 300, 599]], descriptors(pixels[[0, 300, 599]]))


def test_a_flat_picture_has_no_edges() -> None:
    rows = descriptors(np.full((2, 32, 32, 1), 200, np.uint8))
    assert not rows[:, :552].any()
    assert rows[:, 552:] == pytest.approx(200 / 255)


def test_edges_do_not_depend_on_contrast_or_brightness() -> None:
    pixels = bar.draw(sample("normal", 4, bar.Z_DIM, 0))
    fainter = (pixels // 2 + 100).astype(np.uint8)
    edges, fainter_edges = descriptors(pixels)[:, :552], descriptors(fainter)[:, :552]
    assert np.linalg.norm(edges - fainter_edges) < 0.1 * np.linalg.norm(edges)


def test_clusters_lie_further_apart_than_they_are_wide() -> None:
    """Bars and the same bars lying down: no chain of similar pictures leads from one to the other."""
    z = sample("normal", 600, bar.Z_DIM, 0)
    pixels = bar.draw(z)
    pixels[300:] = pixels[300:].swapaxes(1, 2)
    look, _ = PictureSpace.of(pixels)(pixels)
    lying = np.arange(600) >= 300
    # Twice the mean squared distance within, on average over all pairs, is that between where there is but one cluster.
    distances = squared_distances(look, look)
    between, within = distances[lying][:, ~lying].mean(), distances[lying][:, lying].mean()
    assert between > 1.5 * within


@pytest.mark.parametrize("channels", [1, 3])
def test_views_are_of_unit_size_on_the_samples_themselves(channels: int) -> None:
    pixels = bar.draw(sample("normal", 500, bar.Z_DIM, 0)).repeat(channels, axis=3)
    space = PictureSpace.of(pixels)
    views = space(pixels)
    assert [len(view) for view in views] == [500, 500]
    for view in views:
        assert view.dtype == np.float32
        assert (view * view).sum(axis=1).mean() == pytest.approx(1.0, abs=0.2)
    for view, again in zip(views, space(pixels[100:103]), strict=True):
        assert again == pytest.approx(view[100:103], abs=1e-4)


def test_the_space_is_the_same_every_time() -> None:
    pixels = bar.draw(sample("normal", 200, bar.Z_DIM, 0))
    for view, again in zip(PictureSpace.of(pixels)(pixels), PictureSpace.of(pixels)(pixels), strict=True):
        assert np.array_equal(view, again)


def test_a_collapsed_model_gives_finite_coordinates() -> None:
    pixels = np.repeat(noise(1, 16, 3), 100, axis=0)
    for view in PictureSpace.of(pixels)(np.concatenate([pixels[:2], noise(2, 16, 3, seed=1)])):
        assert np.isfinite(view).all()


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="63 pictures"):
        PictureSpace.of(noise(LEAST_PICTURES - 1, 16, 1))


def test_progress_ascends_to_one_and_may_cancel() -> None:
    pixels = noise(300, 16, 1)
    told: list[float] = []
    PictureSpace.of(pixels, told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0

    def stop(done: float) -> None:
        if done > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        PictureSpace.of(pixels, stop)
