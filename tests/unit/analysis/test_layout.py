"""The plane of closest fit, against scikit-learn's principal components."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.decomposition import PCA

from latentlab.analysis.layout import PlaneLayout


def looks(seed: int = 0) -> np.ndarray:
    random = np.random.RandomState(seed)
    return (random.standard_normal((200, 6)) ** 3 * [3.0, 2.0, 0.5, 0.3, 0.2, 0.1] + 4.0).astype(np.float32)


def test_coordinates_are_the_principal_ones() -> None:
    data = looks()
    layout = PlaneLayout.of(data)
    oracle = PCA(2).fit(data)
    found, wanted = layout.coordinates(data), oracle.transform(data)
    signs = np.sign((found * wanted).sum(axis=0))
    assert found == pytest.approx(wanted * signs, abs=1e-3)
    assert layout.explained == pytest.approx(oracle.explained_variance_ratio_, rel=1e-4)


def test_samples_are_spread_evenly_in_the_order_of_their_coordinates() -> None:
    data = looks()
    layout = PlaneLayout.of(data)
    places, coordinates = layout(data), layout.coordinates(data)
    for axis, reach in enumerate((layout.width, 1.0)):
        assert np.array_equal(places[:, axis].argsort(kind="stable"), coordinates[:, axis].argsort(kind="stable"))
        thirds, _ = np.histogram(places[:, axis], bins=3, range=(-reach, reach))
        assert thirds.sum() == len(data)
        assert thirds.min() > 0.9 * len(data) / 3
        # The coordinates themselves crowd the middle third.
        assert np.histogram(coordinates[:, axis], bins=3)[0].max() > 0.8 * len(data)


def test_the_plane_is_wider_than_high_as_more_is_seen_across() -> None:
    across, up = PlaneLayout.of(looks()).explained
    assert PlaneLayout.of(looks()).width == pytest.approx(min(2.0, (across / up) ** 0.5))
    line = np.outer(np.arange(50), [1.0, 0.0, 0.0]).astype(np.float32)
    assert PlaneLayout.of(line).width == 2.0


def test_what_lies_beyond_all_samples_is_brought_to_the_edge() -> None:
    layout = PlaneLayout.of(looks())
    far = layout.centre + 1000.0 * layout.axes.T
    assert layout(far[:1])[0, 0] == pytest.approx(layout.width)
    assert layout(far[1:])[0, 1] == pytest.approx(1.0)


def test_the_map_does_not_mirror_itself() -> None:
    data = looks()
    mirrored = data * np.float32([-1, 1, -1, 1, -1, 1])
    assert PlaneLayout.of(mirrored)(mirrored) == pytest.approx(PlaneLayout.of(data)(data), abs=1e-3)
    assert PlaneLayout.of(data)(data) == pytest.approx(PlaneLayout.of(data[::-1].copy())(data), abs=1e-3)


def test_equal_pictures_lie_in_the_middle() -> None:
    same = np.ones((5, 4), np.float32)
    assert np.array_equal(PlaneLayout.of(same)(same), np.zeros((5, 2)))


def test_too_little_is_refused() -> None:
    with pytest.raises(ValueError, match="span no plane"):
        PlaneLayout.of(np.ones((1, 4), np.float32))
