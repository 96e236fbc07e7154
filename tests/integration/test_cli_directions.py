"""The commands that find directions and move along them: what they write, and that the rest can reproduce it."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import latentlab
from latentlab import cli, paths
from latentlab.analysis import measured, pca, steering
from latentlab.analysis.classifier import PictureClassifier
from latentlab.analysis.local import local_directions
from latentlab.analysis.progress import Progress
from latentlab.analysis.sefa import closed_form
from latentlab.analysis.steering import Steering
from latentlab.export.latent_png import read_tag
from latentlab.export.traversal import traversal_figure
from latentlab.latent.directions import Direction, offset
from latentlab.latent.priors import Prior, renormalise
from latentlab.latent.z_text import encode
from latentlab.models import dcgan
from latentlab.models.card import DataSource, ModelCard
from latentlab.models.checkpoint import save_model
from latentlab.models.classifier_file import Classifier, ClassifierCard, Output, save_classifier
from latentlab.models.direction_file import load_directions, save_directions
from latentlab.models.layers import Linear, Reshape
from latentlab.models.spec import NetworkSpec
from latentlab.pixels import Pixels
from latentlab.session.opened import OpenedModel

Z_DIM = 8
Captured = pytest.CaptureFixture[str]


def make_model(path: Path, prior: Prior = "normal", channels: int = 1, z_dim: int = Z_DIM) -> Path:
    spec = dcgan.generator(16, channels, 4, z_dim, prior)
    random = np.random.RandomState(channels)
    weights = {
        name: (random.uniform(0.5, 1.5, shape) if "running_var" in name else random.normal(0.0, 0.3, shape))
        for name, shape in spec.network.tensors().items()
    }
    save_model(path, ModelCard(path.stem, spec), {name: each.astype(np.float32) for name, each in weights.items()})
    return path


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "grey.safetensors")


@pytest.fixture(scope="module")
def rgb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "rgb.safetensors", "uniform", 3)


@pytest.fixture
def model(path: Path) -> OpenedModel:
    return latentlab.open_model(path)


@pytest.fixture(autouse=True)
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the user's log and cache out of it, and leave logging as it was."""
    monkeypatch.setattr(paths, "log_file", lambda: tmp_path / "log" / "latentlab.log")
    monkeypatch.setattr(paths, "cache_dir", lambda: tmp_path / "cache")
    logger = logging.getLogger("latentlab")
    before = list(logger.handlers), logger.level, logger.propagate
    logger.handlers.clear()
    yield
    for handler in logger.handlers:
        handler.close()
    logger.handlers, logger.level, logger.propagate = before


@pytest.fixture
def found(path: Path, tmp_path: Path) -> Path:
    """A file of two directions of the model."""
    content_hash = latentlab.open_model(path).generator.content_hash
    rows = np.random.RandomState(3).standard_normal((2, Z_DIM))
    named = [
        Direction(name, "cards", row, 1.0, model=content_hash) for name, row in zip(("Tilt", "Glow"), rows, strict=True)
    ]
    return save_directions(tmp_path / "found.safetensors", named)


@pytest.fixture
def network(path: Path, tmp_path: Path) -> Path:
    """An attribute network of random weights that finds each of two attributes in half of the model's pictures."""
    spec = NetworkSpec((1, 16, 16), (Reshape(256, 0, 0), Linear(256, 4, False), Linear(4, 2)))
    random = np.random.RandomState(0)
    weights = {name: random.standard_normal(shape).astype(np.float32) for name, shape in spec.tensors().items()}
    outputs = (Output("Smiling", 0.9, 10, 20), Output("Glasses", 0.8, 10, 20))
    card = ClassifierCard("attributes", "sigmoid", spec, outputs, DataSource("x"))
    model = latentlab.open_model(path)
    logits = PictureClassifier(Classifier(card, weights)).logits(model.render(model.sample(200, seed=1)))
    weights["2.bias"] = weights["2.bias"] - np.median(logits, axis=0)
    file = tmp_path / "attributes.safetensors"
    save_classifier(file, card, weights)
    return file


def result(capsys: Captured, *arguments: object) -> str:
    """Run a command that must succeed without a word on stderr, and return what it printed."""
    capsys.readouterr()
    code = cli.dispatch([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    assert (code, captured.err) == (0, "")
    return captured.out


def refused(capsys: Captured, *arguments: object, code: int = 1) -> str:
    """Run a command that must fail with one line on stderr, and return it."""
    capsys.readouterr()
    assert cli.dispatch([str(argument) for argument in arguments]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1, captured.err
    assert "internal error" not in captured.err
    return captured.err.strip()


def read_picture(path: Path) -> Pixels:
    with Image.open(path) as image:
        pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def vectors(directions: tuple[Direction, ...]) -> Any:
    return np.stack([direction.vector for direction in directions])


# directions


def test_sefa_is_that_of_the_window(path: Path, model: OpenedModel, tmp_path: Path, capsys: Captured) -> None:
    target = tmp_path / "sefa.safetensors"
    printed = result(capsys, "directions", path, "--count", 3, "--out", target)
    expected = closed_form(model.generator, 3)
    assert printed.splitlines()[-1] == str(target)
    assert [line.split("  ")[0] for line in printed.splitlines()[:3]] == ["Factor 1", "Factor 2", "Factor 3"]
    saved = load_directions(target)
    np.testing.assert_allclose(vectors(saved), vectors(expected), atol=1e-6)
    assert {(each.source, each.model) for each in saved} == {("sefa", model.generator.content_hash)}


def test_local_is_that_of_the_point(path: Path, model: OpenedModel, tmp_path: Path, capsys: Captured) -> None:
    target, z = tmp_path / "local.safetensors", model.sample(1, seed=9)[0]
    expected = vectors(local_directions(model.generator, z, 2))
    for point in ("9", encode(z)):
        result(capsys, "directions", path, "--method", "local", "--point", point, "--count", 2, "--out", target)
        np.testing.assert_allclose(np.abs(vectors(load_directions(target)) @ expected.T), np.eye(2), atol=1e-3)
    line = refused(capsys, "directions", path, "--method", "local", "--point", "1-3", code=2)
    assert "1-3 is 3 points, one is needed" in line


@pytest.mark.parametrize(
    ("method", "module", "function", "extra"),
    [
        ("pca", pca, "principal_directions", ("--layer", 2, "--count", 2, "--samples", 300)),
        ("measured", measured, "measured_directions", ("--samples", 300)),
    ],
)
def test_what_takes_long_is_searched_once(
    path: Path,
    capsys: Captured,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    module: Any,
    function: str,
    extra: tuple[object, ...],
) -> None:
    original, calls = getattr(module, function), []

    def counted(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        return original(*args, **kwargs)

    monkeypatch.setattr(module, function, counted)
    first, second = (result(capsys, "directions", path, "--method", method, *extra, "--json") for _ in range(2))
    assert first == second
    assert len(calls) == 1
    result(capsys, "directions", path, "--method", method, "--samples", 301)
    assert len(calls) == 2


def test_the_json_tells_all_but_the_vectors(path: Path, model: OpenedModel, capsys: Captured) -> None:
    facts = json.loads(result(capsys, "directions", path, "--method", "measured", "--samples", 300, "--json"))
    assert (facts["model"], facts["method"], facts["out"]) == ("grey", "measured", None)
    assert facts["model_hash"] == model.generator.content_hash
    names = {each["name"]: each for each in facts["directions"]}
    assert {"Brightness", "Slant"} <= set(names)
    assert {"Saturation", "Warmth"}.isdisjoint(names)
    assert set(names["Slant"]) == {"name", "source", "sigma", "detail", "layer", "accuracy", "model", "created"}
    assert 0.0 <= names["Brightness"]["accuracy"] <= 1.0


def test_colour_is_measured_where_there_is_colour(rgb: Path, capsys: Captured) -> None:
    printed = result(capsys, "directions", rgb, "--method", "measured", "--samples", 300)
    assert "Saturation" in printed
    assert "Warmth" in printed


def test_what_is_impossible_is_said_in_one_line(path: Path, tmp_path: Path, capsys: Captured) -> None:
    run = ("directions", path)
    assert "It has 1 (layer 1: 8 x 4 x 4), 2 (" in refused(capsys, *run, "--method", "pca", "--layer", 7)
    assert "99 directions" in refused(capsys, *run, "--count", 99)
    assert "63 samples" in refused(capsys, *run, "--method", "measured", "--samples", 63)
    assert "Name it d.safetensors" in refused(capsys, *run, "--out", tmp_path / "d.json")
    line = refused(capsys, *run, "--method", "attributes", code=2)
    assert "no network of attributes for grey pictures in" in line
    assert "no such file" in refused(capsys, *run, "--method", "attributes", "--network", tmp_path / "none")


def test_one_attribute_is_looked_for_and_steered(
    path: Path, network: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steering, "STEPS", 20)
    asked = list[int]()
    real_call = Steering.__call__

    def watched(self: Steering, direction: Direction, output: int, progress: Progress) -> Direction:
        asked.append(output)
        return real_call(self, direction, output, progress)

    monkeypatch.setattr(Steering, "__call__", watched)
    run = ("directions", path, "--method", "attributes", "--network", network, "--samples", 300)
    assert [line.split()[0] for line in result(capsys, *run).splitlines()] == ["Smiling", "Glasses"]
    out = tmp_path / "glasses.safetensors"
    assert "samples held out" in result(capsys, *run, "--attribute", "glasses", "--out", out)
    (plain,) = load_directions(out)
    assert (plain.name, asked) == ("Glasses", [])
    result(capsys, *run, "--attribute", "glasses", "--steer", "--out", out)
    (turned,) = load_directions(out)
    assert (turned.name, asked) == ("Glasses", [1])
    assert ("steered" in turned.detail) is not np.allclose(turned.vector, plain.vector), (
        "it says so where it was turned"
    )
    assert "It knows Smiling, Glasses." in refused(capsys, *run, "--attribute", "hat")


# what the other commands make of a file of directions


def test_an_edit_along_a_found_direction_is_reproduced(
    path: Path, model: OpenedModel, found: Path, tmp_path: Path, capsys: Captured
) -> None:
    target = tmp_path / "edited.png"
    result(capsys, "sample", path, 5, "--edit", "tilt=+1.5", "--directions", found, "--out", target)
    z = model.sample(1, seed=5) + offset(load_directions(found), {"Tilt": 1.5}, Z_DIM)
    np.testing.assert_array_equal(read_picture(target), model.render(z)[0])
    tag = read_tag(target)
    assert tag is not None
    assert dict(tag.edits) == {"Tilt": 1.5}
    # The PNG is a point whose slider can be set anew; without the file its picture stays what it was.
    result(capsys, "sample", path, target, "--edit", "Tilt=0", "--directions", found, "--out", tmp_path / "rest.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "rest.png"), model.render(model.sample(1, seed=5))[0])
    result(capsys, "sample", path, target, "--out", tmp_path / "same.png")
    np.testing.assert_array_equal(read_picture(tmp_path / "same.png"), read_picture(target))
    assert "Tilt: is not a direction of grey" in refused(capsys, "sample", path, 5, "--edit", "Tilt=1", "--out", target)


def test_a_walk_is_edited_along_a_found_direction(
    path: Path, model: OpenedModel, found: Path, tmp_path: Path, capsys: Captured
) -> None:
    target = tmp_path / "walk.png"
    options = ("--frames", 2, "--size", 16, "--edit", "Glow=-2", "--directions", found, "--out", target)
    result(capsys, "interpolate", path, 1, 2, *options)
    z = np.concatenate([model.sample(1, seed=seed) for seed in (1, 2)])
    moved = model.render(z + offset(load_directions(found), {"Glow": -2.0}, Z_DIM))
    np.testing.assert_array_equal(read_picture(target), np.concatenate(list(moved), axis=1))


def test_directions_of_another_model_are_used_with_a_warning(
    path: Path, found: Path, tmp_path: Path, capsys: Captured
) -> None:
    other = make_model(tmp_path / "other.safetensors", channels=3)
    capsys.readouterr()
    run = ["sample", str(other), "5", "--edit", "Tilt=1", "--directions", str(found), "--out", str(tmp_path / "o.png")]
    assert cli.dispatch(run) == 0
    captured = capsys.readouterr()
    assert captured.out == f"{tmp_path / 'o.png'}\n"
    assert captured.err.startswith("latentlab: warning: ")
    assert "found on another model than other" in captured.err
    narrow = make_model(tmp_path / "narrow.safetensors", z_dim=5)
    line = refused(capsys, "sample", narrow, 5, "--directions", found, "--out", tmp_path / "n.png")
    assert "holds directions of width 8, narrow takes 5" in line
    assert not (tmp_path / "n.png").exists()


def test_a_file_that_is_none_is_said_in_one_line(path: Path, tmp_path: Path, capsys: Captured) -> None:
    for wrong, why in ((tmp_path / "none", "no such file"), (path, "is a model, not a file of directions")):
        assert why in refused(capsys, "sample", path, 5, "--directions", wrong, "--out", tmp_path / "x.png")


# copied latents


def test_a_copied_latent_is_a_point(path: Path, model: OpenedModel, tmp_path: Path, capsys: Captured) -> None:
    z, target = model.sample(1, seed=11) * np.float32(1.1), tmp_path / "copied.png"
    result(capsys, "sample", path, encode(z[0]), "--out", target)
    np.testing.assert_array_equal(read_picture(target), model.render(z)[0])
    tag = read_tag(target)
    assert tag is not None
    assert tag.z.tobytes() == z.tobytes()
    assert "is a latent of width 3, grey takes 8" in refused(
        capsys, "sample", path, encode(np.ones(3, np.float32)), "--out", target
    )
    assert "is damaged: it is not base64" in refused(capsys, "sample", path, "z:??", "--out", target)


# traverse


def test_the_figure_shows_each_point_at_each_strength(
    path: Path, model: OpenedModel, found: Path, tmp_path: Path, capsys: Captured
) -> None:
    target, strengths = tmp_path / "figure.png", [-2.0, 0.0, 2.0]
    options = ("--direction", "TILT", "--directions", found, "--range=-2:2", "--steps", 3)
    facts = json.loads(result(capsys, "traverse", path, "3-4", *options, "--out", target, "--json"))
    assert (facts["direction"], facts["strengths"], facts["rows"]) == ("Tilt", strengths, ["seed 3", "seed 4"])
    rows = [
        np.stack(
            [model.sample(1, seed)[0] + offset(load_directions(found), {"Tilt": each}, Z_DIM) for each in strengths]
        )
        for seed in (3, 4)
    ]
    pixels = np.stack([model.render(row) for row in rows])
    expected = traversal_figure(pixels, ["seed 3", "seed 4"], strengths, "grey: Tilt, in sigmas")
    np.testing.assert_array_equal(read_picture(target), expected)


def test_a_point_that_is_edited_already_is_moved_on(
    path: Path, model: OpenedModel, found: Path, tmp_path: Path, capsys: Captured
) -> None:
    start, target = tmp_path / "start.png", tmp_path / "figure.png"
    result(capsys, "sample", path, 5, "--edit", "Tilt=1", "--directions", found, "--out", start)
    options = ("--direction", "Tilt", "--directions", found, "--range=0:1", "--steps", 2, "--out", target)
    facts = json.loads(result(capsys, "traverse", path, start, *options, "--json"))
    z = model.sample(1, seed=5) + np.stack([offset(load_directions(found), {"Tilt": each}, Z_DIM) for each in (1, 2)])
    expected = traversal_figure(model.render(z)[None], facts["rows"], [0.0, 1.0], "grey: Tilt, in sigmas")
    np.testing.assert_array_equal(read_picture(target), expected)


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (("--range=3",), "3 is no range of strengths"),
        (("--range=a:b",), "a:b is no range"),
        (("--range=-2000:3",), "-2000:3 is outside"),
        (("--steps", 1), "1 is outside 2 to 101"),
        (("--steps", 102), "102 is outside"),
        (("--scale", -1), "-1 is less than 0"),
        (("--scale", 2000), "more than viewers open"),
        (("--direction", "Smile"), "Smile: is not a direction of grey"),
    ],
)
def test_a_wrong_traversal_is_said_in_one_line(
    path: Path, tmp_path: Path, capsys: Captured, options: tuple[object, ...], why: str
) -> None:
    target = tmp_path / "figure.png"
    given = options if "--direction" in options else ("--direction", "z 1", *options)
    assert why in refused(capsys, "traverse", path, 1, *given, "--out", target)
    assert not target.exists()


# arithmetic


@pytest.mark.parametrize("as_it_is", [False, True])
def test_the_result_is_the_sum_of_means(
    path: Path, model: OpenedModel, tmp_path: Path, capsys: Captured, as_it_is: bool
) -> None:
    target = tmp_path / "result.png"
    flag = ("--no-renormalise",) if as_it_is else ()
    expression = "mean(3,8,12) - mean(4-5) + 0.5*7"
    facts = json.loads(result(capsys, "arithmetic", path, "--expr", expression, *flag, "--out", target, "--json"))
    of = {seed: model.sample(1, seed)[0].astype(np.float64) for seed in (3, 8, 12, 4, 5, 7)}
    total = (of[3] + of[8] + of[12]) / 3 - (of[4] + of[5]) / 2 + 0.5 * of[7]
    z = total[None].astype(np.float32)
    z = z if as_it_is else renormalise(z, model.prior)
    tag = read_tag(target)
    assert tag is not None
    np.testing.assert_allclose(tag.z, z[0], atol=1e-6)
    np.testing.assert_array_equal(read_picture(target), model.render(tag.z[None])[0])
    assert facts["terms"] == [
        {"weight": 1.0, "exemplars": 3},
        {"weight": -1.0, "exemplars": 2},
        {"weight": 0.5, "exemplars": 1},
    ]
    assert (facts["typicality"] == 1.0) != as_it_is


def test_files_and_copied_latents_are_exemplars(
    path: Path, model: OpenedModel, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result(capsys, "sample", path, 3, "--out", "my-face.png")
    rows = np.concatenate([model.sample(1, 8), model.sample(1, 12)])
    np.save("rows.npy", rows)
    expression = f"mean(my-face.png, rows.npy) - {encode(model.sample(1, 4)[0])}"
    result(capsys, "arithmetic", path, "--expr", expression, "--no-renormalise", "--out", "result.png")
    expected = np.concatenate([model.sample(1, 3), rows]).mean(axis=0) - model.sample(1, 4)[0]
    tag = read_tag(Path("result.png"))
    assert tag is not None
    np.testing.assert_allclose(tag.z, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("expression", "why"),
    [
        ("3 + + 5", "a sign stands where a term is missing"),
        ("__import__('os')", "cannot be read"),
        ("none.png", "is neither a seed nor a file"),
        ("3 - 99999999999", "is outside 0 to"),
    ],
)
def test_a_wrong_expression_is_said_in_one_line(
    path: Path, tmp_path: Path, capsys: Captured, expression: str, why: str
) -> None:
    target = tmp_path / "result.png"
    assert why in refused(capsys, "arithmetic", path, "--expr", expression, "--out", target)
    assert not target.exists()


def test_python_can_do_the_same(path: Path, found: Path) -> None:
    model = latentlab.open_model(path)
    model = OpenedModel(replace(model.generator, directions=load_directions(found)))
    z = model.sample(1, seed=5)
    np.testing.assert_array_equal(model.edit(z, {"Tilt": 1.5}), z + offset(load_directions(found), {"Tilt": 1.5}, 8))
