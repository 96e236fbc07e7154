"""Torch draws what ONNX Runtime draws, and a device that is not there is refused in one line."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from latentlab.errors import ValueRangeError
from latentlab.latent.priors import Prior, sample
from latentlab.models.checkpoint import Generator
from latentlab.rendering.devices import DEVICES, available, make_backend
from latentlab.rendering.onnx_backend import OnnxBackend
from latentlab.rendering.torch_backend import TorchBackend

Make = Callable[..., Generator]


@pytest.mark.parametrize("device", available())
@pytest.mark.parametrize("prior", ["normal", "uniform"])
@pytest.mark.parametrize("channels", [1, 3])
def test_torch_draws_the_same_within_one_grey_level(
    small_generator: Make, channels: int, prior: Prior, device: str
) -> None:
    generator = small_generator(channels, prior=prior)
    z = sample(prior, 32, 8, 5)
    expected = OnnxBackend(generator).render(z)
    backend = TorchBackend(generator, device)
    for rows in (z, z[:1]):
        pixels = backend.render(rows)
        assert pixels.dtype == np.uint8
        assert pixels.flags.writeable
        assert np.abs(pixels.astype(int) - expected[: len(rows)]).max() <= 1
    assert expected.std() > 20


def test_the_devices_of_this_machine_draw(small_generator: Make) -> None:
    generator = small_generator()
    z = sample("normal", 2, 8, 0)
    for device in available():
        assert make_backend(generator, device).render(z).shape == (2, 16, 16, 3)


def test_a_device_that_is_not_there_is_refused(small_generator: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    for device in DEVICES[1:]:
        with pytest.raises(ValueRangeError, match=r"this machine has none that torch can use\. Draw on the CPU"):
            make_backend(small_generator(), device)


@pytest.mark.parametrize("counts", [(1, 2, 0), (2, 1)])
def test_the_number_of_threads_changes_nothing_that_is_seen(small_generator: Make, counts: tuple[int, ...]) -> None:
    backend = OnnxBackend(small_generator())
    z = sample("normal", 5, 8, 1)
    expected = backend.render(z)
    for count in counts:
        assert np.abs(backend.render(z, threads=count).astype(int) - expected).max() <= 1
