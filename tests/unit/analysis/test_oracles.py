"""What sources find of axes that are known: planted in a network's weights, or drawn by a renderer."""

from __future__ import annotations

from collections.abc import Callable

import bar_renderer as bar
import numpy as np
import pytest
from planted_dcgan import Z_DIM, planted_dcgan

from latentlab.analysis.contrast import contrast
from latentlab.analysis.local import local_directions
from latentlab.analysis.measured import measured_directions
from latentlab.analysis.pca import principal_directions
from latentlab.analysis.sefa import closed_form
from latentlab.latent.directions import Direction
from latentlab.latent.priors import PRIORS, Prior, sample
from latentlab.models.checkpoint import Generator

Record = Callable[[str, str, float], None]
Source = Callable[[Generator, int], tuple[Direction, ...]]

NETWORK_SOURCES: dict[str, Source] = {
    "1 sefa": closed_form,
    "2 pca, layer 1": lambda model, count: principal_directions(model, 1, count, 20_000),
    "2 pca, layer 2": lambda model, count: principal_directions(model, 2, count, 20_000),
    "2 pca, picture": lambda model, count: principal_directions(model, 3, count, 20_000),
    "3 local": lambda model, count: local_directions(model, model_point(model), count),
}
LEAST_NETWORK, LEAST_PICTURE = 0.99, 0.95
PLANTED = 6
MEASURED = {
    "brightness": ("Brightness", 1.0),
    "shift x": ("Left-right balance", 1.0),
    "shift y": ("Up-down balance", -1.0),
    "thickness": ("Stroke thickness", 1.0),
}


def model_point(model: Generator) -> np.ndarray:
    spec = model.card.generator
    return sample(spec.prior, 1, spec.z_dim, seed=3)[0]


@pytest.mark.parametrize("prior", PRIORS)
@pytest.mark.parametrize("source", NETWORK_SOURCES)
def test_a_source_that_looks_into_the_network_finds_planted_axes(
    source: str, prior: Prior, record_cosine: Record
) -> None:
    model, axes = planted_dcgan(prior)
    found = NETWORK_SOURCES[source](model, PLANTED)
    for index, direction in enumerate(found):
        cosine = abs(float(direction.vector @ axes[index]))
        record_cosine(f"{source}, {prior}", f"planted {index + 1}", cosine)
        assert cosine >= LEAST_NETWORK
        assert direction.sigma == pytest.approx(1.0 if prior == "normal" else 3.0**-0.5)


def test_the_planted_axes_are_not_those_of_the_bare_weights() -> None:
    model, axes = planted_dcgan()
    bare = np.linalg.svd(model.weights["1.weight"].reshape(Z_DIM, -1).T, full_matrices=False)[2][:PLANTED]
    assert np.abs((bare * axes[:PLANTED]).sum(axis=1)).max() < LEAST_NETWORK


def test_measuring_finds_the_axes_of_the_bar(record_cosine: Record) -> None:
    names = [name for name, _ in MEASURED.values()]
    found = measured_directions(bar.draw, bar.Z_DIM, "normal", names)
    assert [direction.name for direction in found] == names
    for (axis, (_, sign)), direction in zip(MEASURED.items(), found, strict=True):
        cosine = sign * float(direction.vector @ bar.AXES[axis])
        record_cosine("6 measured", axis, cosine)
        assert cosine >= LEAST_PICTURE
        assert direction.accuracy is not None
        assert direction.accuracy > 0.8


@pytest.mark.parametrize("axis", bar.KNOWN)
def test_cards_find_the_axes_of_the_bar(axis: str, record_cosine: Record) -> None:
    z = sample("normal", 400, bar.Z_DIM, seed=0)
    position = bar.factor(axis, z)
    direction = contrast(axis, z[position > 0.5], z[position < -0.5], "normal")
    cosine = float(direction.vector @ bar.AXES[axis])
    record_cosine("7 cards", axis, cosine)
    assert cosine >= LEAST_PICTURE
