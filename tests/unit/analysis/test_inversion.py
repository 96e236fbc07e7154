"""Inversion: what a generator drew itself is found again; the prior, the seed and who asks to stop are respected."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from latentlab.analysis import inversion
from latentlab.analysis.inversion import Inversion, Reconstruction, invert
from latentlab.analysis.latent_search import SHELL_SPREADS, Misfit, levels
from latentlab.errors import Cancelled, ValueRangeError
from latentlab.latent.arrays import FloatArray
from latentlab.latent.priors import Prior, sample, typicality_spread
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator
from latentlab.models.layers import Linear, Reshape
from latentlab.models.networks import build, load
from latentlab.models.spec import GeneratorSpec, NetworkSpec
from latentlab.pixels import Pixels, to_pixels

Make = Callable[..., Generator]

LEAST_LEVELS = 0.5
"""The picture given is rounded to grey levels, so that not all of it can be drawn again."""


def drawn(generator: Generator, z: FloatArray, label: int = 0) -> Pixels:
    """Draw latents by a plain forward pass."""
    network = load(build(generator.card.generator.network), generator.weights)
    inputs = [torch.from_numpy(z)]
    if generator.card.generator.classes:
        inputs.append(torch.full((len(z),), label))
    with torch.inference_mode():
        return to_pixels(network(*inputs).numpy())


def linear_generator(prior: Prior = "normal", gain: float = 0.1) -> Generator:
    """Draw 8x8 pictures that are a linear function of five numbers."""
    network = NetworkSpec((5,), (Linear(5, 64), Reshape(1, 8, 8)))
    random = np.random.RandomState(0)
    weights = {"0.weight": random.standard_normal((64, 5)) * gain, "0.bias": random.uniform(-0.1, 0.1, 64)}
    single = {name: value.astype(np.float32) for name, value in weights.items()}
    return Generator(ModelCard("linear", GeneratorSpec(prior, network)), single)


@pytest.mark.parametrize("prior", ["normal", "uniform"])
@pytest.mark.parametrize("channels", [1, 3])
def test_what_the_generator_drew_is_found_to_the_very_z(small_generator: Make, prior: Prior, channels: int) -> None:
    generator = small_generator(channels, prior=prior)
    for z in sample(prior, 3, 8, seed=99):
        wanted = drawn(generator, z[None])[0]
        found = invert(generator, wanted)
        assert found.error < LEAST_LEVELS < found.nearest_error
        np.testing.assert_allclose(found.z, z, atol=0.05)
        assert found.label is None
        np.testing.assert_array_equal(found.pixels, drawn(generator, found.z[None])[0])
        assert found.error == pytest.approx(np.abs(found.pixels.astype(float) - wanted).mean())


def test_a_linear_generator_is_solved_as_by_least_squares() -> None:
    generator = linear_generator()
    random = np.random.RandomState(1)
    wanted = drawn(generator, sample("normal", 1, 5, seed=3)).astype(int) + random.randint(-20, 21, (1, 8, 8, 1))
    pixels = wanted.clip(0, 255).astype(np.uint8)[0]
    # Rows of the misfit: each level's pixels, as a matrix of the pixels themselves.
    pictures = torch.eye(64).reshape(64, 1, 8, 8)
    rows = [level.reshape(64, -1).numpy().T / np.sqrt(level[0].numel()) for level in levels(pictures)]
    matrix = np.concatenate(rows).astype(np.float64)
    aim = pixels.reshape(-1) / 127.5 - 1.0 - generator.weights["0.bias"]
    expected = np.linalg.lstsq(matrix @ generator.weights["0.weight"], matrix @ aim, rcond=None)[0]
    assert abs(np.linalg.norm(expected) / np.sqrt(5) - 1.0) < SHELL_SPREADS * typicality_spread("normal", 5)
    np.testing.assert_allclose(invert(generator, pixels).z, expected, atol=2e-3)


def test_z_stays_where_the_prior_has_its_samples(small_generator: Make) -> None:
    """The pictures are of a z four times as far out as a sample is."""
    far = 4.0 * np.sign(sample("uniform", 1, 8, seed=5))
    generator = small_generator()
    found = invert(generator, drawn(generator, far)[0])
    assert found.error < found.nearest_error
    assert 1.0 < found.typicality < 1.0 + 2.0 * SHELL_SPREADS * typicality_spread("normal", 8)
    generator = small_generator(prior="uniform")
    found = invert(generator, drawn(generator, far)[0])
    assert found.error < found.nearest_error
    assert np.abs(found.z).max() <= 1.0


def test_the_faces_of_the_cube_are_reached_and_not_left() -> None:
    generator = linear_generator("uniform")
    corner = np.array([[1.0, -1.0, 0.2, -0.3, 0.1]], np.float32)
    beyond = corner * np.array([1.5, 1.5, 1.0, 1.0, 1.0], np.float32)
    found = invert(generator, drawn(generator, beyond)[0])
    np.testing.assert_array_equal(found.z[:2], corner[0, :2])
    assert np.abs(found.z).max() <= 1.0


def test_every_class_is_tried_or_the_one_named(class_generator: Make) -> None:
    generator = class_generator()
    z = sample("normal", 1, 6, seed=4)
    for label in (0, 3):
        wanted = drawn(generator, z, label)[0]
        found = invert(generator, wanted)
        assert (found.label, found.error < LEAST_LEVELS) == (label, True)
        np.testing.assert_allclose(found.z, z[0], atol=0.05)
    named = invert(generator, wanted, label=1)
    assert named.label == 1
    np.testing.assert_array_equal(named.pixels, drawn(generator, named.z[None], 1)[0])


def test_more_classes_than_starts_are_looked_at(class_generator: Make) -> None:
    generator = class_generator(inversion.STARTS + 4)
    z = sample("normal", 1, 6, seed=4)
    assert invert(generator, drawn(generator, z, inversion.STARTS + 3)[0]).label == inversion.STARTS + 3


def same(one: Inversion, other: Inversion) -> bool:
    return np.array_equal(one.z, other.z) and np.array_equal(one.trace, other.trace)


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_a_seed_decides_and_the_global_generators_are_left_alone(small_generator: Make, prior: Prior) -> None:
    generator = small_generator(prior=prior)
    pixels = np.random.RandomState(0).randint(0, 256, (16, 16, 3)).astype(np.uint8)
    before, numpys = torch.get_rng_state(), np.random.get_state()[1].copy()
    first = invert(generator, pixels, steps=20, seed=1)
    assert torch.equal(torch.get_rng_state(), before)
    np.testing.assert_array_equal(np.random.get_state()[1], numpys)
    torch.rand(3)
    assert same(first, invert(generator, pixels, steps=20, seed=1))
    assert not same(first, invert(generator, pixels, steps=20, seed=2))


def test_the_trace_falls_to_what_was_found(small_generator: Make) -> None:
    generator = small_generator()
    pixels = np.random.RandomState(0).randint(0, 256, (16, 16, 3)).astype(np.uint8)
    for steps in (1, 2, 30):
        found = invert(generator, pixels, steps=steps)
        finish = found.trace[steps:]
        assert len(finish) >= 2
        assert (np.diff(finish) <= 0.0).all()
        assert found.trace[-1] < found.trace[0]
    misfit = Misfit(generator, pixels)
    z = torch.from_numpy(found.z[None])
    total = misfit.total(z, misfit.photo(z, torch.zeros(1, dtype=torch.int64)))
    assert float(total[0]) == pytest.approx(float(found.trace[-1]), rel=1e-4)


def test_it_tells_how_far_it_is_and_ends_when_asked(small_generator: Make) -> None:
    generator = small_generator()
    pixels = drawn(generator, sample("normal", 1, 8, seed=0))[0]
    told: list[float] = []
    invert(generator, pixels, steps=8, progress=told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, pytest.approx(1.0))
    for end in (0.0, 0.4, 0.7):

        def stop(done: float, end: float = end) -> None:
            if done >= end:
                raise Cancelled

        with pytest.raises(Cancelled):
            invert(generator, pixels, steps=8, progress=stop)


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_what_comes_nearer_is_told_and_changes_nothing(small_generator: Make, prior: Prior) -> None:
    generator = small_generator(prior=prior)
    wanted = drawn(generator, sample(prior, 1, 8, seed=99))[0]
    told: list[Reconstruction] = []
    found = invert(generator, wanted, on_nearer=told.append)
    assert same(found, invert(generator, wanted))
    misfit = Misfit(generator, wanted)
    misfits = []
    for each in told:
        np.testing.assert_array_equal(each.pixels, drawn(generator, each.z[None])[0])
        assert each.error == pytest.approx(np.abs(each.pixels.astype(float) - wanted).mean())
        assert each.label is None
        z = torch.from_numpy(each.z[None])
        misfits.append(float(misfit.total(z, misfit.photo(z, torch.zeros(1, dtype=torch.int64)))))
    assert len(told) > 10
    assert misfits[0] > 10.0 * misfits[-1]
    assert (np.diff(misfits) < 1e-6).all()
    np.testing.assert_allclose(told[-1].z, found.z, atol=1e-3)
    assert told[-1].typicality == pytest.approx(found.typicality, abs=1e-3)


def test_the_class_and_the_best_so_far_are_told_before_a_search_is_cancelled(class_generator: Make) -> None:
    generator = class_generator()
    wanted = drawn(generator, sample("normal", 1, 6, seed=4), 3)[0]
    told: list[Reconstruction] = []

    def stop(done: float) -> None:
        if done >= 0.55:
            raise Cancelled

    with pytest.raises(Cancelled):
        invert(generator, wanted, progress=stop, on_nearer=told.append)
    assert told[-1].label == 3
    assert told[-1].error < told[0].error
    np.testing.assert_array_equal(told[-1].pixels, drawn(generator, told[-1].z[None], 3)[0])


def test_what_cannot_be_is_refused(small_generator: Make, class_generator: Make) -> None:
    generator = small_generator()
    pixels = np.zeros((16, 16, 3), np.uint8)
    for steps in (0, -1, inversion.MAX_STEPS + 1):
        with pytest.raises(ValueRangeError, match="steps: expected 1 to"):
            invert(generator, pixels, steps=steps)
    with pytest.raises(ValueRangeError, match="class 0: small has no classes"):
        invert(generator, pixels, label=0)
    with pytest.raises(ValueRangeError, match="class 5: classes has 5 classes"):
        invert(class_generator(), np.zeros((8, 8, 1), np.uint8), label=5)
    with pytest.raises(ValueError, match="a picture of shape"):
        invert(generator, pixels[:8])


def test_a_generator_that_draws_one_picture_alone_is_no_failure() -> None:
    generator = linear_generator(gain=0.0)
    found = invert(generator, np.full((8, 8, 1), 200, np.uint8), steps=4)
    assert np.isfinite(found.z).all()
    assert found.error == found.nearest_error
