"""A generator of classes: every backend draws the class that is asked for, and the service carries it along."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from fake_backends import TIMEOUT_S, FakeBackend, Receiver

from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.latent.priors import sample
from latentlab.models.checkpoint import Generator
from latentlab.rendering.devices import make_backend
from latentlab.rendering.onnx_backend import OnnxBackend
from latentlab.rendering.requests import PICTURE, RenderRequest
from latentlab.rendering.service import RenderService
from latentlab.rendering.torch_backend import TorchBackend

Make = Callable[..., Generator]
Z = sample("normal", 9, 6, 0)
Y = np.array([4, 0, 1, 2, 3, 4, 4, 1, 0])


def by_hand(generator: Generator, z: FloatArray, y: IntArray) -> np.ndarray:
    rows = np.concatenate([z, generator.weights["0.table"][y]], 1)
    values = np.tanh(rows @ generator.weights["1.weight"].T + generator.weights["1.bias"])
    return 127.5 * (values.reshape(len(z), 8, 8, 1) + 1.0)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("count", [1, 3, 9])
def test_each_row_is_of_its_class(class_generator: Make, threads: int, count: int) -> None:
    generator = class_generator()
    expected = by_hand(generator, Z[:count], Y[:count])
    for backend in (OnnxBackend(generator), TorchBackend(generator, "cpu")):
        assert np.abs(backend.render(Z[:count], Y[:count], threads) - expected).max() <= 1
    assert np.abs(expected - by_hand(generator, Z[:count], (Y[:count] + 1) % 5)).max() > 50


def test_without_a_class_it_is_the_first(class_generator: Make) -> None:
    for classes in (5, 1):
        generator = class_generator(classes)
        expected = by_hand(generator, Z, np.zeros(9, np.int64))
        for backend in (make_backend(generator, "cpu"), TorchBackend(generator, "cpu")):
            assert np.abs(backend.render(Z) - expected).max() <= 1


def test_a_generator_without_classes_does_not_look_at_them(small_generator: Make) -> None:
    generator, z = small_generator(), sample("normal", 4, 8, 0)
    for backend in (OnnxBackend(generator), TorchBackend(generator, "cpu")):
        assert np.array_equal(backend.render(z, np.arange(4)), backend.render(z))


def test_the_service_hands_on_the_classes_of_the_rows_it_draws() -> None:
    backend, receiver = FakeBackend(), Receiver()
    service = RenderService(receiver)
    service.start()
    try:
        service.open(lambda: backend, 1)
        z = np.array([[value, 0.0] for value in range(3)], np.float32)
        service.submit(RenderRequest("strip", 1, 1, z, (2, 0, 1), np.array([7, 8, 9])))
        assert service.wait_idle(TIMEOUT_S)
        service.submit(RenderRequest(PICTURE, 1, 2, z[:1]))
        assert service.wait_idle(TIMEOUT_S)
    finally:
        service.close()
    seen = [
        (value, label)
        for values, labels in zip(backend.calls[:-1], backend.classes[:-1], strict=True)
        for value, label in zip(values, labels or (), strict=True)
    ]
    assert seen == [(2, 9), (0, 7), (1, 8)]
    assert backend.classes[-1] is None


def test_classes_are_copied_and_read_only() -> None:
    mine = np.array([1, 2])
    request = RenderRequest(PICTURE, 1, 1, np.zeros((2, 3), np.float32), y=mine)
    mine[:] = 0
    assert request.y is not None
    assert request.y.tolist() == [1, 2]
    with pytest.raises(ValueError, match="read-only"):
        request.y[0] = 0
    for shape in ((3,), (), (2, 1)):
        with pytest.raises(ValueError, match="classes to render have the shape"):
            RenderRequest(PICTURE, 1, 1, np.zeros((2, 3), np.float32), y=np.zeros(shape, np.int64))
