"""Local directions: torch's autograd is the oracle for the Jacobian."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch

from latentlab.analysis.local import local_directions
from latentlab.analysis.network import PictureChanges
from latentlab.errors import Cancelled, ValueRangeError
from latentlab.latent.priors import sample
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator
from latentlab.models.layers import (
    Activation,
    ActivationKind,
    BatchNorm,
    Conv,
    ConvTranspose,
    JoinClass,
    Layer,
    Linear,
    Reshape,
)
from latentlab.models.networks import build, load
from latentlab.models.spec import GeneratorSpec, NetworkSpec

Matrix = npt.NDArray[np.float64]
Z_DIM = 8


def autograd_jacobian(generator: Generator, z: npt.NDArray[np.float32]) -> Matrix:
    """Return d picture / d z, shape (C * H * W, z_dim), in float64."""
    network = load(build(generator.card.generator.network), generator.weights).double()
    point = torch.from_numpy(z.astype(np.float64))
    jacobian = torch.autograd.functional.jacobian(lambda each: network(each[None]).reshape(-1), point)
    return np.asarray(jacobian.numpy())


def random_generator(layers: tuple[Layer, ...], seed: int = 0) -> Generator:
    spec = GeneratorSpec("normal", NetworkSpec((Z_DIM,), layers))
    random = np.random.RandomState(seed)
    weights = {
        name: (random.uniform(0.5, 1.5, shape) if "running_var" in name else random.standard_normal(shape) * 0.3)
        for name, shape in spec.network.tensors().items()
    }
    return Generator(ModelCard("random", spec), {name: each.astype(np.float32) for name, each in weights.items()})


def of_kind(kind: ActivationKind) -> tuple[Layer, ...]:
    """Use one non-linearity throughout, and every way in which a layer can meet a BatchNorm."""
    return (
        Linear(Z_DIM, 96),
        Reshape(6, 4, 4),
        BatchNorm(6),
        Activation(kind, 0.2),
        ConvTranspose(6, 5, 4, 2, 1, bias=True),
        Activation(kind, 0.1),
        BatchNorm(5),
        Conv(5, 4, 3, 1, 1, bias=True),
        BatchNorm(4),
        Activation(kind),
        ConvTranspose(4, 3, 5, 2, 2, 1),
        Activation("tanh"),
    )


@pytest.mark.parametrize("kind", ["relu", "leaky_relu", "tanh", "sigmoid"])
def test_changes_are_those_of_autograd(kind: ActivationKind) -> None:
    generator = random_generator(of_kind(kind))
    z = sample("normal", 1, Z_DIM, seed=1)[0]
    tangents = sample("normal", 5, Z_DIM, seed=2)
    changes = PictureChanges(generator, threads=1)(z, tangents)
    expected = tangents @ autograd_jacobian(generator, z).T
    assert np.abs(expected).max() > 1e-3
    np.testing.assert_allclose(changes, expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("seed", range(4))
def test_directions_are_the_right_singular_vectors(small_generator: Callable[..., Generator], seed: int) -> None:
    generator = small_generator(z_dim=Z_DIM, seed=seed)
    z = sample("normal", 1, Z_DIM, seed)[0]
    jacobian = autograd_jacobian(generator, z)
    _, values, rows = np.linalg.svd(jacobian, full_matrices=False)
    found = local_directions(generator, z, Z_DIM)
    cosines = np.abs((np.stack([each.vector for each in found]) * rows).sum(axis=1))
    gaps = np.abs(np.diff(values)) / values[0]
    assert gaps.min() > 1e-3
    assert cosines.min() > 0.9999
    assert [each.name for each in found] == [f"Local {number}" for number in range(1, Z_DIM + 1)]
    assert {(each.source, each.model) for each in found} == {("local", generator.content_hash)}
    levels = values[0] / np.sqrt(len(jacobian)) * 127.5
    assert found[0].detail.startswith(f"{levels:.3g} grey levels per sigma")


def test_another_point_has_other_directions(small_generator: Callable[..., Generator]) -> None:
    generator = small_generator()
    here, there = (local_directions(generator, z, 1)[0].vector for z in sample("normal", 2, Z_DIM, 0))
    assert abs(float(here @ there)) < 0.99


@pytest.mark.parametrize("count", [0, Z_DIM + 1])
def test_an_impossible_count_is_refused(small_generator: Callable[..., Generator], count: int) -> None:
    with pytest.raises(ValueRangeError, match=rf"{count} directions: small has 1 to {Z_DIM} local ones"):
        local_directions(small_generator(), np.zeros(Z_DIM, np.float32), count)


def test_a_point_where_nothing_moves_is_said_to_be_one() -> None:
    generator = random_generator((Linear(Z_DIM, 48), Reshape(3, 4, 4), Activation("tanh")))
    flat = {name: np.zeros_like(value) for name, value in generator.weights.items()}
    with pytest.raises(ValueRangeError, match="nothing can change at this point"):
        local_directions(Generator(generator.card, flat), np.zeros(Z_DIM, np.float32), 1)


def test_it_can_be_cancelled(small_generator: Callable[..., Generator]) -> None:
    def cancel(_: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        local_directions(small_generator(), np.zeros(Z_DIM, np.float32), 1, cancel)


def test_each_class_has_its_own_directions() -> None:
    layers = (
        JoinClass(3, 4),
        Linear(Z_DIM + 4, 96),
        Activation("relu"),
        Reshape(6, 4, 4),
        ConvTranspose(6, 1, 4, 2, 1),
        Activation("tanh"),
    )
    generator = random_generator(layers)
    z, axes = sample("normal", 1, Z_DIM, seed=1)[0], np.eye(Z_DIM, dtype=np.float32)
    network = load(build(generator.card.generator.network), generator.weights).double()
    for label in range(3):
        changes = PictureChanges(generator, label, threads=1)
        of_class = functools.partial(network, y=torch.tensor([label]))
        expected = torch.autograd.functional.jacobian(of_class, torch.from_numpy(z[None].astype(np.float64)))
        np.testing.assert_allclose(changes(z, axes), expected.numpy().reshape(-1, Z_DIM).T, atol=1e-5)
        assert len(local_directions(generator, z, 2, changes=changes)) == 2
