"""Pictures of the ONNX Runtime against a plain PyTorch forward pass in eval mode."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch

from latentlab.errors import ModelFileError
from latentlab.latent.arrays import FloatArray
from latentlab.latent.priors import Prior, sample
from latentlab.models import networks
from latentlab.models.checkpoint import Generator
from latentlab.pixels import Pixels, to_pixels
from latentlab.rendering import onnx_backend
from latentlab.rendering.onnx_backend import OnnxBackend

Make = Callable[..., Generator]


def drawn_by_torch(generator: Generator, z: FloatArray) -> Pixels:
    network = networks.load(networks.build(generator.card.generator.network), generator.weights)
    with torch.inference_mode():
        return to_pixels(network(torch.from_numpy(z)).numpy())


@pytest.mark.parametrize("prior", ["normal", "uniform"])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_those_of_torch_within_one_grey_level(small_generator: Make, channels: int, prior: Prior) -> None:
    generator = small_generator(channels, prior=prior)
    z = sample(prior, 32, 8, 5)
    pixels, expected = OnnxBackend(generator).render(z), drawn_by_torch(generator, z)
    assert pixels.shape == (32, 16, 16, channels)
    assert pixels.dtype == np.uint8
    assert pixels.std() > 20
    assert np.abs(pixels.astype(int) - expected).max() <= 1


def test_a_picture_does_not_depend_on_its_batch_mates(small_generator: Make) -> None:
    backend = OnnxBackend(small_generator())
    z = sample("normal", 17, 8, 1)
    alone = np.concatenate([backend.render(row[None]) for row in z])
    assert np.abs(backend.render(z).astype(int) - alone).max() <= 1


@pytest.mark.parametrize("threads", [0, 1, 2])
def test_the_caller_owns_the_pixels(small_generator: Make, threads: int) -> None:
    backend = OnnxBackend(small_generator())
    z = sample("normal", 2, 8, 1)
    first = backend.render(z, threads=threads)
    kept = first.copy()
    first[:] = 0
    assert np.array_equal(backend.render(z, threads=threads), kept)


def test_latents_of_any_layout_and_precision_are_taken(small_generator: Make) -> None:
    backend = OnnxBackend(small_generator())
    z = sample("normal", 4, 8, 1)
    expected = backend.render(z)
    z.flags.writeable = False
    for same in (np.asfortranarray(z), z.astype(np.float64), np.repeat(z, 2, axis=0)[::2], z):
        assert np.array_equal(backend.render(same), expected)


def test_two_threads_draw_what_each_draws_alone(small_generator: Make) -> None:
    backend = OnnxBackend(small_generator())
    batches = [sample("normal", 6, 8, seed) for seed in range(2)]
    alone = [backend.render(z, threads=1) for z in batches]
    ready = threading.Barrier(2)
    same = [0, 0]

    def draw(which: int) -> None:
        ready.wait(20)
        for _ in range(40):
            same[which] += np.array_equal(backend.render(batches[which], threads=1), alone[which])

    threads = [threading.Thread(target=draw, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert not np.array_equal(alone[0], alone[1])
    assert same == [40, 40]


def test_a_graph_that_the_runtime_refuses_is_one_line(small_generator: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_backend, "export_apart", lambda generator: (b"no graph", {}))
    with pytest.raises(ModelFileError, match=r"^small: the runtime cannot draw it: [^\n]+$"):
        OnnxBackend(small_generator()).render(sample("normal", 1, 8, 0))


def test_a_latent_of_another_width_is_refused(small_generator: Make) -> None:
    with pytest.raises(Exception, match=r"invalid dimensions|INVALID_ARGUMENT"):
        OnnxBackend(small_generator()).render(np.zeros((1, 9), np.float32))
