"""Principal components of a layer: numpy's own SVD of all samples at once is the oracle."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest

from latentlab.analysis import pca
from latentlab.analysis.network import LayerOutput, layer_of
from latentlab.analysis.pca import principal_directions
from latentlab.errors import Cancelled, ValueRangeError
from latentlab.latent.priors import sample
from latentlab.models.checkpoint import Generator
from latentlab.models.networks import build, load

Make = Callable[..., Generator]


@pytest.mark.parametrize("layer", [1, 2, 3])
def test_agrees_with_pca_of_all_samples_at_once(small_generator: Make, layer: int) -> None:
    generator, count, samples = small_generator(z_dim=8), 4, 1000
    z = sample("normal", samples, 8, seed=5)
    outputs = LayerOutput(generator, layer_of(generator, layer))(z).astype(np.float64)
    centred = outputs - outputs.mean(axis=0)
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    variances = values**2 / samples
    found = principal_directions(generator, layer, count, samples, seed=5)
    place = layer_of(generator, layer).name
    for index, direction in enumerate(found):
        # GANSpace: least squares from the coordinates on all components to z.
        coordinates = centred @ axes[:count].T
        expected = np.linalg.lstsq(coordinates, z - z.mean(axis=0), rcond=None)[0][index]
        cosine = abs(float(direction.vector @ expected)) / np.linalg.norm(expected)
        assert cosine > 0.999
        assert direction.detail == f"explains {variances[index] / variances.sum():.1%} of the variance of {place}"
        assert direction.layer == place
    assert {each.model for each in found} == {generator.content_hash}


def test_layers_are_looked_at_before_their_bend_and_the_last_is_the_picture(small_generator: Make) -> None:
    generator = small_generator(channels=3, z_dim=8)
    network = load(build(generator.card.generator.network), generator.weights)
    z = sample("normal", 3, 8, 0)
    import torch

    for number, end in ((1, 3), (2, 6), (3, 9)):
        with torch.inference_mode():
            expected = network[:end](torch.from_numpy(z)).reshape(3, -1).numpy()
        np.testing.assert_allclose(LayerOutput(generator, layer_of(generator, number))(z), expected, atol=1e-4)
    assert [layer_of(generator, number).name for number in (1, 2, 3)] == [
        "layer 1: 8 x 4 x 4",
        "layer 2: 4 x 8 x 8",
        "picture: 3 x 16 x 16",
    ]


def test_names_say_which_component_of_which_layer(small_generator: Make) -> None:
    generator = small_generator()
    assert [each.name for each in principal_directions(generator, 2, 2, 64)] == ["PC 1 of layer 2", "PC 2 of layer 2"]
    assert principal_directions(generator, 3, 1, 64)[0].name == "PC 1 of picture"


def test_memory_does_not_grow_with_the_samples(small_generator: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pca, "_BATCH", 64)
    generator = small_generator(channels=1)
    features = 16 * 16

    def peak(samples: int) -> int:
        tracemalloc.start()
        try:
            principal_directions(generator, 3, 2, samples)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(256), peak(8192)
    # What grows is z itself, drawn in float64 and kept in float32.
    assert many - few < 8192 * 8 * (8 + 4) + 200_000
    assert many < 8192 * features * 4 / 2


@pytest.mark.parametrize(
    ("layer", "count", "samples", "why"),
    [
        (0, 2, 100, "layer 0: small has no such layer. It has 1 .layer 1: 8 x 4 x 4., 2 "),
        (4, 2, 100, "layer 4: small has no such layer"),
        (1, 0, 100, "0 directions: small has 1 to 8 components"),
        (1, 9, 100, "9 directions: small has 1 to 8 components"),
        (1, 2, 63, "63 samples: is outside 64 to 1000000"),
    ],
)
def test_what_is_impossible_is_refused(small_generator: Make, layer: int, count: int, samples: int, why: str) -> None:
    with pytest.raises(ValueRangeError, match=why):
        principal_directions(small_generator(), layer, count, samples)


def test_a_layer_that_varies_in_fewer_ways_is_refused(small_generator: Make) -> None:
    generator = small_generator()
    weights = dict(generator.weights)
    weights["1.weight"] = weights["1.weight"].copy()
    weights["1.weight"][3:] = 0.0
    with pytest.raises(ValueRangeError, match="5 directions: the output of layer 1: 8 x 4 x 4 varies in 3 ways only"):
        principal_directions(Generator(generator.card, weights), 1, 5, 200)


def test_progress_ascends_to_the_end_and_may_cancel(small_generator: Make) -> None:
    seen: list[float] = []
    principal_directions(small_generator(), 1, 1, 1000, progress=seen.append)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0.0, 1.0)

    def cancel(done: float) -> None:
        if done > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        principal_directions(small_generator(), 1, 1, 1000, progress=cancel)
