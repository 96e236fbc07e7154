"""``latentlab invert``: what it writes is what its latent draws, and whatever is wrong is said in one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import latentlab
from latentlab import cli, paths
from latentlab.analysis.inversion import invert
from latentlab.data.idx import load_idx
from latentlab.export.latent_png import read_tag
from latentlab.models import dcgan, onnx_graph
from latentlab.models.card import DataSource, ModelCard
from latentlab.models.checkpoint import load_generator, save_model
from latentlab.models.layers import Activation, JoinClass, Linear, Reshape
from latentlab.models.spec import GeneratorSpec, NetworkSpec
from latentlab.pixels import Pixels, enlarge
from latentlab.session.card_png import card_from_png
from latentlab.session.own_picture import read_own_picture

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def own_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "log_file", lambda: tmp_path / "log" / "latentlab.log")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Save a small generator of colour pictures."""
    return saved(tmp_path_factory.mktemp("models") / "small.safetensors", dcgan.generator(16, 3, 4, 8, "uniform"))


@pytest.fixture
def image(model: Path, tmp_path: Path) -> Path:
    """Save a picture that the model draws, larger and without its latent."""
    opened = latentlab.open_model(model)
    path = tmp_path / "image.png"
    Image.fromarray(enlarge(opened.render(opened.sample(1, seed=7))[0], 4)).save(path)
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder / "result.png"


def saved(path: Path, spec: GeneratorSpec, data: str = "") -> Path:
    random = np.random.RandomState(1)
    weights = {
        name: (random.uniform(0.5, 1.5, shape) if "running_var" in name else random.normal(0.0, 0.4, shape))
        for name, shape in spec.network.tensors().items()
    }
    card = ModelCard(path.stem, spec, data=DataSource(data))
    save_model(path, card, {name: value.astype(np.float32) for name, value in weights.items()})
    return path


def command(*arguments: object) -> int:
    return cli.dispatch(["invert", *map(str, arguments)])


def refused(capsys: Captured, *arguments: object, code: int = 1) -> str:
    """Run a command that must fail with one line, and return it."""
    assert command(*arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert captured.err.startswith("latentlab: ")
    assert "internal error" not in captured.err
    return captured.err.removesuffix("\n").removeprefix("latentlab: ")


def read(path: Path) -> Pixels:
    with Image.open(path) as picture:
        pixels = np.asarray(picture)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def test_the_reconstruction_is_a_picture_that_carries_its_latent(
    model: Path, image: Path, out: Path, capsys: Captured
) -> None:
    assert command(model, image, "--out", out) == 0
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == (f"{out}\n", "")
    opened, tag = latentlab.open_model(model), read_tag(out)
    assert tag is not None
    assert (tag.prior, tag.model_hash, tag.seed) == ("uniform", opened.generator.content_hash, None)
    np.testing.assert_array_equal(tag.base, tag.z)
    np.testing.assert_array_equal(read(out), opened.render(tag.z[None])[0])
    original = opened.render(opened.sample(1, seed=7))[0]
    assert np.abs(read(out).astype(int) - original).mean() < 6.0  # it was brought down from four times the size
    again = out.with_name("again.png")
    assert cli.dispatch(["sample", str(model), str(out), "--out", str(again)]) == 0
    np.testing.assert_array_equal(read(again), read(out))
    card = card_from_png(out.read_bytes())
    assert card is not None
    assert card.fits(opened.z_dim, opened.prior)


def test_json_tells_how_near_it_comes_and_a_seed_decides(model: Path, image: Path, out: Path, capsys: Captured) -> None:
    facts = []
    for seed in (3, 3, 4):
        assert command(model, image, "--out", out, "--steps", 5, "--seed", seed, "--scale", 2, "--json") == 0
        facts.append(json.loads(capsys.readouterr().out))
    assert facts[0] == facts[1] != facts[2]
    assert (facts[0]["out"], facts[0]["image"], facts[0]["steps"]) == (str(out), str(image), 5)
    assert 0.0 < facts[0]["error"] < facts[0]["nearest_sample_error"]
    assert len(facts[0]["trace"]) > 5
    assert "class" not in facts[0]
    assert read(out).shape == (32, 32, 3)


def test_images_of_any_size_and_mode_are_taken(model: Path, tmp_path: Path, out: Path, capsys: Captured) -> None:
    random = np.random.RandomState(0)
    colour = Image.fromarray(random.randint(0, 256, (40, 90, 3)).astype(np.uint8))
    for mode in ("L", "1", "P", "RGBA", "LA", "CMYK"):
        path = tmp_path / ("image.jpg" if mode == "CMYK" else f"image-{mode}.png")
        colour.convert(mode).save(path)
        assert command(model, path, "--out", out, "--steps", 1, "--crop", "stretch") == 0
        assert capsys.readouterr().err == ""


def test_a_class_is_found_or_named(tmp_path: Path, out: Path, capsys: Captured) -> None:
    network = NetworkSpec((6,), (JoinClass(3, 4), Linear(10, 64), Activation("tanh"), Reshape(1, 8, 8)))
    path, source = saved(tmp_path / "classes.safetensors", GeneratorSpec("normal", network)), tmp_path / "source.png"
    opened = latentlab.open_model(path)
    Image.fromarray(opened.render(opened.sample(1, seed=1), 2)[0, :, :, 0]).save(source)
    assert command(path, source, "--out", out, "--json") == 0
    facts, tag = json.loads(capsys.readouterr().out), read_tag(out)
    assert tag is not None
    assert facts["class"] == tag.label == 2
    assert facts["error"] < 1.0
    assert command(path, source, "--out", out, "--class", 1) == 0
    tag = read_tag(out)
    assert tag is not None
    assert tag.label == 1
    capsys.readouterr()
    assert refused(capsys, path, source, "--out", out, "--class", 3).startswith("class 3: classes has 3 classes")


def test_what_is_wrong_is_said_in_one_line_before_the_search(
    model: Path, image: Path, out: Path, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentlab.analysis.inversion.invert", None)
    text, missing = tmp_path / "text.png", tmp_path / "missing.png"
    text.write_text("no image")
    assert refused(capsys, model, missing, "--out", out) == f"{missing}: cannot be read: No such file or directory"
    assert refused(capsys, model, tmp_path, "--out", out) == f"{tmp_path}: cannot be read: Is a directory"
    assert refused(capsys, model, text, "--out", out) == f"{text}: is not an image, or damaged"
    assert refused(capsys, text, image, "--out", out).startswith(f"{text}: ")
    assert "needs CelebA's 178 x 218" in refused(capsys, model, image, "--out", out, "--crop", "face")
    assert refused(capsys, model, image, "--out", out, "--steps", 0) == "--steps: 0 is outside 1 to 10000"
    assert refused(capsys, model, image, "--out", out, "--seed", -1) == "--seed: -1 is outside 0 to 4294967295"
    assert refused(capsys, model, image, "--out", out, "--scale", 0).startswith("--scale: ")
    assert refused(capsys, model, image, "--out", out, "--class", 0).startswith("class 0: small has no classes")
    jpg = out.with_suffix(".jpg")
    assert refused(capsys, model, image, "--out", jpg) == f"{jpg}: is written as PNG. Name it result.png."
    nowhere = tmp_path / "nowhere" / "result.png"
    assert refused(capsys, model, image, "--out", nowhere).startswith(f"{nowhere}: cannot be written: ")
    onnx = tmp_path / "small.onnx"
    onnx.write_bytes(onnx_graph.export(load_generator(model)))
    assert refused(capsys, onnx, image, "--out", out).startswith(f"{onnx}: inversion is not available: an .onnx file")
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize("wrong", [["--steps", "many"], ["--crop", "round"], ["extra"]])
def test_wrong_usage_exits_with_2(model: Path, image: Path, out: Path, capsys: Captured, wrong: list[str]) -> None:
    assert command(model, image, "--out", out, *wrong) == 2
    assert "latentlab invert" in capsys.readouterr().err


def test_an_interrupt_leaves_the_older_file(
    model: Path, image: Path, out: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    out.write_text("older")
    monkeypatch.setattr("latentlab.analysis.inversion.invert", interrupted)
    assert refused(capsys, model, image, "--out", out, code=130) == "interrupted"
    assert out.read_text() == "older"
    assert len(list(out.parent.iterdir())) == 1


def test_small_digits_get_a_border_where_the_data_had_one(tmp_path: Path) -> None:
    digit = np.zeros((28, 28), np.uint8)
    digit[4:24, 10:18] = 200
    source = tmp_path / "digit.png"
    Image.fromarray(digit).save(source)
    spec = dcgan.generator(32, 1, 2, 4)
    bordered = read_own_picture(source, ModelCard("x", spec, data=DataSource("mnist")))
    np.testing.assert_array_equal(bordered[:, :, 0], np.pad(digit, 2))
    resized = read_own_picture(source, ModelCard("x", spec, data=DataSource("photos")))
    assert (resized.shape, np.array_equal(resized, bordered)) == ((32, 32, 1), False)


# The bundled models; tests/benchmarks/inversion.py measures more pictures of each kind.


def test_the_bundled_digits_find_their_own() -> None:
    opened = latentlab.open_model(CHECKPOINTS / "digits.safetensors")
    found = [invert(opened.generator, each) for each in opened.render(opened.sample(6, seed=777))]
    assert all(each.error < 0.15 * each.nearest_error for each in found)
    assert np.median([each.error for each in found]) < 0.8, "of 255"


def test_the_bundled_faces_find_the_very_z() -> None:
    opened = latentlab.open_model(CHECKPOINTS / "faces.safetensors")
    z = opened.sample(1, seed=777)
    found = invert(opened.generator, opened.render(z)[0])
    assert found.error < 0.2
    np.testing.assert_allclose(found.z, z[0], atol=0.02)


def test_real_digits_come_much_nearer_than_their_nearest_samples(real_data: Path) -> None:
    generator = load_generator(CHECKPOINTS / "digits.safetensors")
    digits = np.pad(load_idx(real_data / "mnist", "test").pixels[:6], ((0, 0), (2, 2), (2, 2), (0, 0)))
    found = [invert(generator, each) for each in digits]
    assert np.mean([each.error for each in found]) < 0.35 * np.mean([each.nearest_error for each in found])
    assert all(each.error < 0.7 * each.nearest_error for each in found)
    assert max(each.typicality for each in found) < 1.25
