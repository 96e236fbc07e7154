"""An opened model, as scripts meet it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import latentlab
from latentlab.errors import LatentlabError, ModelFileError, ValueRangeError
from latentlab.latent.directions import Direction
from latentlab.latent.priors import component_sigma, sample
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator, save_model
from latentlab.models.layers import Activation, BatchNorm, Linear, Reshape
from latentlab.models.spec import GeneratorSpec, NetworkSpec
from latentlab.rendering import onnx_backend
from latentlab.session.opened import FACTORS, OpenedModel
from latentlab.session.point import Point

Make = Callable[..., Generator]


def direction(name: str, *vector: float) -> Direction:
    return Direction(name, "measured", np.array(vector, np.float32), 0.5)


@pytest.fixture
def model(small_generator: Make) -> OpenedModel:
    saved = (direction("Smile", 1, 1, 0, 0, 0, 0, 0, 0), direction("Factor 2", 0, 0, 1, 0, 0, 0, 0, 0))
    return OpenedModel(replace(small_generator(), directions=saved))


def one_line(error: LatentlabError) -> str:
    text = str(error)
    assert "\n" not in text
    return text


def test_a_model_is_opened_by_path(model: OpenedModel, tmp_path: Path) -> None:
    path = tmp_path / "small.safetensors"
    save_model(path, model.generator.card, model.generator.weights, directions=model.generator.directions)
    opened = latentlab.open_model(str(path))
    assert (opened.name, opened.z_dim, opened.prior) == ("small", 8, "normal")
    z = opened.sample(3, seed=4)
    assert np.array_equal(opened.render(z), model.render(z))
    assert [each.name for each in opened.directions] == [each.name for each in model.directions]


@pytest.mark.parametrize("name", ["nothing.safetensors", "folder"])
def test_what_cannot_be_opened_is_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(ModelFileError) as caught:
        OpenedModel.from_file(tmp_path / name)
    assert one_line(caught.value).startswith(str(tmp_path / name))


def test_the_newest_model_of_a_run_is_opened(model: OpenedModel, tmp_path: Path) -> None:
    for kimg in (100, 200):
        card = replace(model.generator.card, name=f"at {kimg}")
        save_model(tmp_path / f"model-{kimg:06}.safetensors", card, model.generator.weights)
    assert OpenedModel.from_file(tmp_path).name == "at 200"


@pytest.mark.parametrize("prior", ["normal", "uniform"])
def test_samples_are_those_of_the_prior(small_generator: Make, prior: str) -> None:
    opened = OpenedModel(small_generator(prior=prior))
    assert np.array_equal(opened.sample(5, seed=7), sample(prior, 5, 8, 7))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("count", "seed", "text"), [(0, 0, "count: 0"), (1, -1, "seed: -1"), (1, 2**32, "seed: 4294967296")]
)
def test_a_sample_out_of_range_is_one_line(model: OpenedModel, count: int, seed: int, text: str) -> None:
    with pytest.raises(ValueRangeError) as caught:
        model.sample(count, seed)
    assert one_line(caught.value).startswith(text)


def test_the_picture_of_a_seed_is_the_first_of_a_batch(model: OpenedModel) -> None:
    for seed in (0, 42):
        alone = model.render(model.sample(1, seed=seed))[0]
        in_batch = model.render(model.sample(16, seed=seed))[0]
        assert np.abs(alone.astype(int) - in_batch).max() <= 1


def test_the_window_and_scripts_draw_the_same_latent(model: OpenedModel) -> None:
    strengths = {"Smile": 1.2, "z 3": -0.5, "Factor 1": 2.0}
    point = Point.from_seed(42, 8, "normal")
    edited = replace(point, strengths=strengths)
    assert np.array_equal(point.z(model.directions, "normal"), model.sample(1, seed=42)[0])
    assert np.allclose(edited.z(model.directions, "normal"), model.edit(model.sample(1, seed=42), strengths)[0])


def test_an_edit_moves_by_strength_times_sigma(model: OpenedModel) -> None:
    z = model.sample(3)
    moved = model.edit(z, {"Smile": 2.0}) - z
    expected = 2.0 * 0.5 * np.array([1, 1, 0, 0, 0, 0, 0, 0]) / np.sqrt(2)
    assert np.allclose(moved, expected, atol=1e-6)


def test_an_edit_leaves_what_it_was_given(model: OpenedModel) -> None:
    z = model.sample(3)
    kept = z.copy()
    edited = model.edit(z, {})
    edited[:] = 0.0
    model.edit(z, {"Smile": 1.0})
    assert np.array_equal(z, kept)


def test_names_of_directions_ignore_case(model: OpenedModel) -> None:
    assert model.direction(" smile ") is model.directions[0]


@pytest.mark.parametrize("strength", [0.0, 1.0])
def test_an_unknown_direction_is_one_line_with_names_that_exist(model: OpenedModel, strength: float) -> None:
    with pytest.raises(ValueRangeError) as caught:
        model.edit(model.sample(1), {"Frown": strength})
    assert one_line(caught.value).startswith("Frown: is not a direction of small. It has Smile, Factor 2, Factor 1")


def test_directions_are_those_saved_then_factors_then_axes(model: OpenedModel) -> None:
    names = [each.name for each in model.directions]
    factors = [f"Factor {number}" for number in (1, 3, 4, 5, 6, 7, 8)]
    assert names == ["Smile", "Factor 2", *factors, *(f"z {number}" for number in range(1, 9))]
    assert model.directions[1].source == "measured"


def test_a_wide_latent_has_a_limited_number_of_factors(small_generator: Make) -> None:
    sources = [each.source for each in OpenedModel(small_generator(z_dim=40)).directions]
    assert (sources.count("sefa"), sources.count("axis")) == (FACTORS, 40)


def test_directions_have_the_scale_of_the_prior(small_generator: Make) -> None:
    opened = OpenedModel(small_generator(prior="uniform"))
    assert {each.sigma for each in opened.directions} == {component_sigma("uniform")}


def test_of_two_directions_of_one_name_the_first_is_kept(small_generator: Make) -> None:
    saved = (direction("Smile", *np.eye(8)[0]), direction("SMILE", *np.eye(8)[1]), direction("Z 3", *np.eye(8)[2]))
    opened = OpenedModel(replace(small_generator(), directions=saved))
    names = [each.name.casefold() for each in opened.directions]
    assert len(names) == len(set(names))
    assert opened.direction("smile") is saved[0]
    assert opened.direction("z 3") is saved[2]


def test_a_model_whose_first_layer_has_no_factors_still_has_its_axes() -> None:
    layers = (BatchNorm(6), Linear(6, 48), Reshape(3, 4, 4), Activation("tanh"))
    network = NetworkSpec((6,), layers)
    weights = {name: np.ones(shape, np.float32) for name, shape in network.tensors().items()}
    opened = OpenedModel(Generator(ModelCard("odd", GeneratorSpec("normal", network)), weights))
    assert [each.name for each in opened.directions] == [f"z {number}" for number in range(1, 7)]
    z = opened.sample(2)
    assert np.allclose(opened.edit(z, {"z 1": 1.0})[:, 0], z[:, 0] + 1.0)


WRONG_LATENTS = [
    np.zeros((1, 7)),
    np.zeros(8),
    np.zeros((0, 8)),
    np.zeros((1, 8, 1)),
    np.zeros(()),
    np.full((1, 8), np.nan),
    np.full((1, 8), -np.inf),
    np.full((1, 8), 1e300),
    np.full((1, 8), 1j),
    np.full((1, 8), "1"),
    np.full((1, 8), None),
    [[1.0, 2.0], [3.0]],
    None,
]


@pytest.mark.parametrize("z", WRONG_LATENTS, ids=range(len(WRONG_LATENTS)))
@pytest.mark.parametrize("use", ["render", "edit"])
def test_latents_that_cannot_be_drawn_are_one_line(model: OpenedModel, z: object, use: str) -> None:
    with pytest.raises(ValueRangeError) as caught:
        model.render(z) if use == "render" else model.edit(z, {"Smile": 1.0})  # type: ignore[arg-type]
    assert one_line(caught.value).startswith("z: ")


def test_latents_of_other_types_are_taken(model: OpenedModel) -> None:
    z = np.round(model.sample(2) * 3)
    expected = model.render(z)
    for same in (z.astype(np.float64), z.astype(int), z.tolist(), z[:, ::-1][:, ::-1]):
        assert np.array_equal(model.render(same), expected)


def test_the_backend_is_built_once_whoever_asks(model: OpenedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[object] = []
    asking, go = threading.Semaphore(0), threading.Event()

    class SlowBackend:
        def __init__(self, generator: Generator) -> None:
            built.append(self)
            assert go.wait(20)

    monkeypatch.setattr(onnx_backend, "OnnxBackend", SlowBackend)
    given: list[object] = []

    def ask() -> None:
        asking.release()
        given.append(model.backend())

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for _ in threads:
        assert asking.acquire(timeout=20)
    go.set()
    for thread in threads:
        thread.join(20)
    assert len(built) == 1
    assert given == built * 8


def test_a_backend_that_cannot_be_built_is_tried_again(model: OpenedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(onnx_backend, "export_apart", lambda generator: (b"", {}))
        with pytest.raises(ModelFileError):
            model.render(model.sample(1))
    assert model.render(model.sample(1)).shape == (1, 16, 16, 3)
