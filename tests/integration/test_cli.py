"""The command line: what it writes is what Python draws, and whatever is wrong is said in one line.

Commands run in this process, where that is as good; a handful run as users run them.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageSequence

import latentlab
from latentlab import cli, paths
from latentlab.commands.info import Info
from latentlab.export import sheet as sheets
from latentlab.export.latent_png import read_tag, write_png
from latentlab.export.latent_tag import LatentTag
from latentlab.latent.compose import compose
from latentlab.latent.directions import Direction
from latentlab.latent.interpolation import Mode, keyframe_path
from latentlab.latent.priors import Prior, sample
from latentlab.models import dcgan
from latentlab.models.card import DataSource, ModelCard
from latentlab.models.checkpoint import load_generator, save_model
from latentlab.pixels import Pixels, enlarge, sheet
from latentlab.rendering import devices
from latentlab.session.card_png import card_from_png
from latentlab.session.opened import OpenedModel
from latentlab.training.config import TrainConfig
from latentlab.training.run_folder import RunFolder

Z_DIM = 8
DIRECTIONS = (
    Direction("Smiling", "attributes", np.arange(1, Z_DIM + 1, dtype=np.float32), 0.9, "r = 0.8"),
    Direction("PC 1", "pca", np.eye(Z_DIM, dtype=np.float32)[2], 1.5),
    Direction("a = b", "measured", np.eye(Z_DIM, dtype=np.float32)[4], 1.0),
    Direction("c, d", "measured", np.eye(Z_DIM, dtype=np.float32)[5], 1.0),
)


def make_model(path: Path, prior: Prior, channels: int) -> Path:
    """Save a generator with random weights whose pictures differ from each other."""
    spec, critic = dcgan.generator(16, channels, 4, Z_DIM, prior), dcgan.discriminator(16, channels, 4)
    random = np.random.RandomState(channels)
    weights, critic_weights = (
        {
            name: (random.uniform(0.5, 1.5, shape) if "running_var" in name else random.normal(0.0, 0.3, shape))
            for name, shape in network.tensors().items()
        }
        for network in (spec.network, critic)
    )
    data = DataSource("mnist", 60_000, "CC BY-SA 3.0", "http://example.org")
    card = ModelCard(
        path.stem, spec, critic, data, {"loss": "bce"}, 3.5, {"coverage": 0.5}, "latentlab train", "Two\nlines."
    )
    save_model(path, card, single(weights), single(critic_weights), DIRECTIONS)
    return path


def single(weights: dict[str, Any]) -> dict[str, Any]:
    return {name: array.astype(np.float32) for name, array in weights.items()}


@pytest.fixture(scope="module")
def grey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "grey.safetensors", "normal", 1)


@pytest.fixture(scope="module")
def rgb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "rgb.safetensors", "uniform", 3)


@pytest.fixture(params=["grey", "rgb"])
def path(request: pytest.FixtureRequest) -> Path:
    """Each model in turn."""
    found: Path = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def model(path: Path) -> OpenedModel:
    return latentlab.open_model(path)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty folder for what commands write."""
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


@pytest.fixture(autouse=True)
def own_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Keep the user's log out of it, and leave logging as it was."""
    monkeypatch.setattr(paths, "log_file", lambda: tmp_path / "log" / "latentlab.log")
    logger = logging.getLogger("latentlab")
    before = list(logger.handlers), logger.level, logger.propagate
    logger.handlers.clear()
    yield
    for handler in logger.handlers:
        handler.close()
    logger.handlers, logger.level, logger.propagate = before


Captured = pytest.CaptureFixture[str]


def command(*arguments: object) -> int:
    return cli.dispatch([str(argument) for argument in arguments])


def result(capsys: Captured, *arguments: object) -> str:
    """Run a command that must succeed without a word on stderr, and return what it printed."""
    capsys.readouterr()
    code = command(*arguments)
    captured = capsys.readouterr()
    assert (code, captured.err) == (0, "")
    return captured.out


def refused(capsys: Captured, *arguments: object, code: int = 1) -> str:
    """Run a command that must fail with one line on stderr, and return it without the newline."""
    capsys.readouterr()
    assert command(*arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    return one_line(captured.err)


def one_line(stderr: str) -> str:
    assert stderr.endswith("\n")
    assert len(stderr.splitlines()) == 1, stderr
    assert stderr.startswith("latentlab: ")
    assert "Traceback" not in stderr
    assert "internal error" not in stderr
    return stderr.removesuffix("\n")


def run(*arguments: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "latentlab", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=cwd,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def read_picture(path: Path) -> Pixels:
    with Image.open(path) as image:
        pixels = np.asarray(image)
    return pixels[:, :, None] if pixels.ndim == 2 else pixels


def read_frames(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.stack([np.asarray(frame.convert("RGB")) for frame in ImageSequence.Iterator(image)])


def of_seeds(model: OpenedModel, seeds: range | list[int]) -> Any:
    return np.concatenate([model.sample(1, seed=seed) for seed in seeds])


# sample


def test_the_picture_of_a_seed_is_the_one_that_python_draws(
    path: Path, model: OpenedModel, out: Path, capsys: Captured
) -> None:
    target = out / "5.png"
    assert result(capsys, "sample", path, 5, "--out", target) == f"{target}\n"
    z = model.sample(1, seed=5)
    np.testing.assert_array_equal(read_picture(target), model.render(z)[0])
    tag = read_tag(target)
    assert tag is not None
    np.testing.assert_array_equal(tag.z, z[0])
    np.testing.assert_array_equal(tag.base, z[0])
    assert (tag.seed, dict(tag.edits), tag.truncation, tag.renormalised) == (5, {}, 1.0, False)
    assert (tag.prior, tag.model_name) == (model.prior, path.stem)
    assert tag.model_hash == load_generator(path).content_hash
    assert not np.array_equal(model.render(z), model.render(model.sample(1, seed=6))), "all pictures are the same"


def test_edits_are_those_of_the_window(path: Path, model: OpenedModel, out: Path, capsys: Captured) -> None:
    target, strengths = out / "edited.png", {"Smiling": 1.2, "PC 1": -2.0, "a = b": 0.5, "c, d": 0.25}
    edits = "smiling = +1.2, PC 1=-2,a = b=.5, c, d=+.25"
    result(capsys, "sample", path, 3, "--edit", edits, "--truncation", 0.8, "--renormalise", "--out", target)
    base = model.sample(1, seed=3)
    offset = model.edit(np.zeros_like(base), strengths)
    z = compose(base, offset, 0.8, True, model.prior)
    tag = read_tag(target)
    assert tag is not None
    np.testing.assert_array_equal(tag.z, z[0])
    np.testing.assert_array_equal(tag.base, base[0])
    assert (tag.seed, dict(tag.edits), tag.truncation, tag.renormalised) == (3, strengths, 0.8, True)
    np.testing.assert_array_equal(read_picture(target), model.render(z)[0])
    assert not np.array_equal(model.render(z), model.render(base))


def test_edits_without_truncation_are_those_of_python(
    path: Path, model: OpenedModel, out: Path, capsys: Captured
) -> None:
    result(capsys, "sample", path, "0-3", "--edit", "Smiling=2", "--out", out / "sheet.png")
    pixels = model.render(model.edit(of_seeds(model, range(4)), {"Smiling": 2.0}))
    np.testing.assert_array_equal(read_picture(out / "sheet.png"), sheet(pixels))


@pytest.mark.parametrize("points", [["0-69", "7"], ["--seeds", "0-69,7"], ["0-68", "--seeds", "69 7"]])
def test_several_points_are_a_sheet_in_the_order_given(
    path: Path, model: OpenedModel, out: Path, capsys: Captured, points: list[str]
) -> None:
    target = out / "sheet.png"
    result(capsys, "sample", path, "--columns", 10, "--scale", 3, "--out", target, *points)
    singly = np.stack([model.render(model.sample(1, seed=seed))[0] for seed in [*range(70), 7]])
    np.testing.assert_array_equal(read_picture(target), sheet(enlarge(singly, 3), 10))


def test_a_point_saved_by_latentlab_comes_back_pixel_for_pixel(
    path: Path, model: OpenedModel, out: Path, capsys: Captured
) -> None:
    saved, again = out / "saved.png", out / "again.png"
    result(capsys, "sample", path, 3, "--edit", "Smiling=1", "--truncation", 0.7, "--scale", 2, "--out", saved)
    card = card_from_png(saved.read_bytes())
    assert card is not None
    result(capsys, "sample", path, saved, "--out", again)
    np.testing.assert_array_equal(read_picture(again), model.render(card.z[None])[0])
    assert card_from_png(again.read_bytes(), "x").point.same_as(card.point)  # type: ignore[union-attr]


def test_edits_of_a_saved_picture_set_its_own_sliders(
    path: Path, model: OpenedModel, out: Path, capsys: Captured
) -> None:
    saved, again = out / "saved.png", out / "again.png"
    result(capsys, "sample", path, 3, "--edit", "Smiling=1,PC 1=1", "--truncation", 0.7, "--out", saved)
    result(capsys, "sample", path, saved, "--edit", "PC 1=-1", "--out", again)
    tag = read_tag(again)
    assert tag is not None
    assert (tag.seed, dict(tag.edits), tag.truncation) == (3, {"Smiling": 1.0, "PC 1": -1.0}, 0.7)
    expected = np.float32(0.7) * model.sample(1, seed=3) + model.edit(np.zeros((1, Z_DIM), np.float32), dict(tag.edits))
    np.testing.assert_array_equal(tag.z, expected[0])


def test_a_picture_of_another_model_starts_from_its_z(grey: Path, out: Path, tmp_path: Path, capsys: Captured) -> None:
    z = sample("normal", 1, Z_DIM, 11)[0]
    tag = LatentTag(z, z * 2, "normal", "0123456789abcdef", "another", edits={"Unheard of": 2.0})
    foreign, target = write_png(tmp_path / "foreign.png", np.zeros((16, 16, 1), np.uint8), tag), out / "here.png"
    model = latentlab.open_model(grey)
    result(capsys, "sample", grey, foreign, "--out", target)
    np.testing.assert_array_equal(read_picture(target), model.render(z[None])[0])
    result(capsys, "sample", grey, foreign, "--edit", "PC 1=1", "--out", target)
    np.testing.assert_array_equal(read_picture(target), model.render(model.edit(z[None], {"PC 1": 1.0}))[0])
    written = read_tag(target)
    assert written is not None
    np.testing.assert_array_equal(written.base, z)
    assert (dict(written.edits), written.model_name) == ({"PC 1": 1.0}, "grey")


@pytest.mark.parametrize("rows", [None, 1, 3])
def test_a_point_may_be_a_npy(
    path: Path, model: OpenedModel, out: Path, tmp_path: Path, capsys: Captured, rows: int | None
) -> None:
    z = sample(model.prior, rows or 1, Z_DIM, 99)
    np.save(tmp_path / "z.npy", z[0] if rows is None else z.astype(np.float64))
    result(capsys, "sample", path, tmp_path / "z.npy", "--out", out / "z.png")
    np.testing.assert_array_equal(read_picture(out / "z.png"), sheet(model.render(z)))
    assert (read_tag(out / "z.png") is not None) == (len(z) == 1)


def test_sample_tells_machines_what_it_drew(grey: Path, out: Path, capsys: Captured) -> None:
    told = json.loads(result(capsys, "sample", grey, "3-4", "--truncation", 0, "--json", "--out", out / "s.png"))
    assert told == {
        "out": str(out / "s.png"),
        "model": "grey",
        "model_hash": load_generator(grey).content_hash,
        "columns": 2,
        "pictures": [{"title": f"seed {seed}, edited", "seed": seed, "typicality": 0.0} for seed in (3, 4)],
    }


# interpolate


@pytest.mark.parametrize("mode", ["slerp", "lerp"])
def test_a_walk_shows_what_python_draws(
    path: Path, model: OpenedModel, out: Path, capsys: Captured, mode: Mode
) -> None:
    result(capsys, "interpolate", path, "1-3", "--frames", 9, "--mode", mode, "--size", 32, "--out", out / "w.apng")
    pixels = model.render(keyframe_path(of_seeds(model, range(1, 4)), 9, mode))
    np.testing.assert_array_equal(read_frames(out / "w.apng"), np.broadcast_to(enlarge(pixels, 2), (9, 32, 32, 3)))
    assert repeats(out / "w.apng") is False


def repeats(path: Path) -> bool:
    with Image.open(path) as image:
        return image.info.get("loop") == 0


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".apng"])
def test_a_loop_closes_and_repeats(grey: Path, out: Path, capsys: Captured, suffix: str) -> None:
    model, target = latentlab.open_model(grey), out / f"walk{suffix}"
    printed = result(
        capsys, "interpolate", grey, "--seeds", "1,2,3", "--loop", "--frames", 12, "--json", "--out", target
    )
    assert json.loads(printed) == {"out": str(target), "frames": 12, "fps": 30.0, "bytes": target.stat().st_size}
    pixels = enlarge(model.render(keyframe_path(of_seeds(model, [1, 2, 3]), 12, loop=True)), 16)
    frames = read_frames(target)
    assert frames.shape == (12, 256, 256, 3)
    # Grey frames come back bit for bit, but from a lossy WebP.
    assert np.abs(frames.astype(int) - pixels).mean() <= (3.0 if suffix == ".webp" else 0.0)
    assert repeats(target)


def test_there_and_back_repeats_without_a_jump(grey: Path, out: Path, capsys: Captured) -> None:
    model, target = latentlab.open_model(grey), out / "walk.gif"
    printed = result(capsys, "interpolate", grey, 1, 2, "--ping-pong", "--frames", 5, "--json", "--out", target)
    assert json.loads(printed)["frames"] == 8
    pixels = enlarge(model.render(keyframe_path(of_seeds(model, [1, 2]), 5)), 16)
    np.testing.assert_array_equal(read_frames(target)[..., :1], pixels[[0, 1, 2, 3, 4, 3, 2, 1]])
    assert repeats(target)


def test_a_still_shows_all_frames_side_by_side(path: Path, model: OpenedModel, out: Path, capsys: Captured) -> None:
    result(capsys, "interpolate", path, 1, 2, "--frames", 6, "--size", 16, "--out", out / "walk.png")
    pixels = model.render(keyframe_path(of_seeds(model, [1, 2]), 6))
    np.testing.assert_array_equal(read_picture(out / "walk.png"), sheet(pixels, 6))


@pytest.mark.skipif(importlib.util.find_spec("av") is not None, reason="the extra video is installed")
def test_mp4_without_its_extra_says_what_to_install(grey: Path, out: Path, capsys: Captured) -> None:
    assert "latentlab[video]" in refused(capsys, "interpolate", grey, 1, 2, "--out", out / "walk.mp4")
    assert list(out.iterdir()) == []


# info


def test_info_tells_what_the_header_says(path: Path, model: OpenedModel, capsys: Captured) -> None:
    told = json.loads(result(capsys, "info", path, "--json"))
    spec = model.generator.card.generator
    assert (told["width"], told["height"], told["channels"]) == (16, 16, spec.channels)
    assert (told["z_dim"], told["prior"], told["name"], told["kimg"]) == (Z_DIM, spec.prior, path.stem, 3.5)
    assert told["hash"] == model.generator.content_hash
    assert told["weights"] == sum(array.size for array in model.generator.weights.values())
    assert told["data"] == {
        "name": "mnist",
        "images": 60_000,
        "licence": "CC BY-SA 3.0",
        "source": "http://example.org",
    }
    assert [note["name"] for note in told["directions"]] == [direction.name for direction in DIRECTIONS]
    assert (told["metrics"], told["training"], told["command"]) == (
        {"coverage": 0.5},
        {"loss": "bce"},
        "latentlab train",
    )
    printed = result(capsys, "info", path)
    for text in (path.stem, told["hash"], "16x16", f"{Z_DIM} numbers, {spec.prior} prior", f"{told['weights']:,}"):
        assert text in printed
    for text in ("mnist, 60,000 images", "CC BY-SA 3.0", "3.5 kimg", "coverage 0.5", "Smiling, PC 1", "Two lines."):
        assert text in printed


def test_info_takes_a_run_folder(grey: Path, tmp_path: Path, capsys: Captured) -> None:
    for name in ("model-000001", "model-000002"):
        (tmp_path / f"{name}.safetensors").write_bytes(grey.read_bytes())
    assert json.loads(result(capsys, "info", tmp_path, "--json"))["path"] == str(tmp_path / "model-000002.safetensors")


def test_info_survives_what_a_header_may_hold(rgb: Path, tmp_path: Path, capsys: Captured) -> None:
    generator = load_generator(rgb)
    path = tmp_path / "odd.safetensors"
    card = ModelCard("odd\x1b[31m", generator.card.generator, metrics={"loss": float("nan")}, notes="\ud800")
    save_model(path, card, dict(generator.weights))
    assert json.loads(result(capsys, "info", path, "--json"))["metrics"] == {"loss": None}
    assert "\x1b" not in result(capsys, "info", path)
    ended = run("info", path)
    assert (ended.returncode, ended.stderr) == (0, "")


# what is refused


@pytest.fixture(scope="module")
def bad(grey: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every file that is not what it should be, by name."""
    folder = tmp_path_factory.mktemp("bad")
    z = sample("normal", 1, Z_DIM, 0)[0]
    picture = np.zeros((16, 16, 1), np.uint8)
    found = {
        "nothing": folder / "nothing.safetensors",
        "truncated model": folder / "truncated.safetensors",
        "text as model": folder / "text.safetensors",
        "picture as model": folder / "picture.safetensors",
        "folder without model": folder / "empty",
        "picture without latent": folder / "plain.png",
        "wider latent": write_png(folder / "wide.png", picture, LatentTag(z[:5], z[:5], "normal", "", "")),
        "other prior": write_png(folder / "uniform.png", picture, LatentTag(z, z, "uniform", "", "")),
        "damaged latent": folder / "damaged.png",
        "text": folder / "notes.txt",
        "wrong width": folder / "wide.npy",
        "cube": folder / "cube.npy",
        "no rows": folder / "none.npy",
        "not finite": folder / "nan.npy",
        "beyond float32": folder / "huge.npy",
        "words": folder / "words.npy",
        "complex": folder / "complex.npy",
        "pickle": folder / "pickle.npy",
        "cut off": folder / "cut.npy",
        "promising": folder / "promising.npy",
        "broken header": folder / "header.npy",
        "zero": folder / "zero.npy",
    }
    found["truncated model"].write_bytes(grey.read_bytes()[:-100])
    found["text as model"].write_text("hello, I am no model at all")
    found["folder without model"].mkdir()
    found["text"].write_text("hello")
    Image.new("L", (16, 16)).save(found["picture without latent"])
    found["picture as model"].write_bytes(found["picture without latent"].read_bytes())
    good = write_png(folder / "good.png", picture, LatentTag(z, z, "normal", "", ""))
    found["damaged latent"].write_bytes(good.read_bytes().replace(b'"seed": null', b'"seed": nine'))
    for name, array in {
        "wrong width": np.zeros((2, Z_DIM + 1)),
        "cube": np.zeros((1, 1, Z_DIM)),
        "no rows": np.zeros((0, Z_DIM)),
        "not finite": np.full(Z_DIM, np.nan),
        "beyond float32": np.full(Z_DIM, 1e300),
        "words": np.full(Z_DIM, "one"),
        "complex": np.ones(Z_DIM, np.complex64),
        "zero": np.zeros(Z_DIM),
    }.items():
        np.save(found[name], array)
    np.save(found["pickle"], np.array([{}] * Z_DIM, object), allow_pickle=True)
    whole = found["wrong width"].read_bytes()
    found["cut off"].write_bytes(whole[:-8])
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999, %d), }\n" % Z_DIM
    found["promising"].write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header)
    found["broken header"].write_bytes(b"\x93NUMPY\x01\x00\x20\x00" + b"{'descr': [[[(" + b" " * 18)
    return found


@pytest.mark.parametrize(
    "name", ["nothing", "truncated model", "text as model", "picture as model", "folder without model"]
)
@pytest.mark.parametrize("first", ["info", "sample", "interpolate"])
def test_a_bad_model_is_named(bad: dict[str, Path], out: Path, capsys: Captured, name: str, first: str) -> None:
    rest = [] if first == "info" else [1, 2, "--out", out / "walk.png"]
    assert refused(capsys, first, bad[name], *rest).startswith(f"latentlab: {bad[name]}: ")
    assert list(out.iterdir()) == []


POINT_FILES = {
    "picture without latent": "holds no latent",
    "wider latent": f"holds a latent of width 5, grey takes {Z_DIM}",
    "other prior": "holds a latent of the uniform prior, grey takes the normal one",
    "damaged latent": "the latent inside cannot be read",
    "text": "is neither a PNG nor a .npy",
    "wrong width": f"has the shape (2, {Z_DIM + 1}), grey takes ({Z_DIM},) or (N, {Z_DIM})",
    "cube": f"has the shape (1, 1, {Z_DIM})",
    "no rows": "holds 0 latents, expected 1 to 100000",
    "not finite": "holds values that are not finite",
    "beyond float32": "holds values that are not finite",
    "words": "expected numbers",
    "complex": "expected numbers",
    "pickle": "is damaged or holds no numbers",
    "cut off": "is damaged or holds no numbers",
    "promising": "is damaged or holds no numbers",
    "broken header": "is damaged or holds no numbers",
    "folder without model": "cannot be read: Is a directory",
}


@pytest.mark.parametrize("name", POINT_FILES)
def test_a_bad_point_is_named(bad: dict[str, Path], grey: Path, out: Path, capsys: Captured, name: str) -> None:
    said = refused(capsys, "sample", grey, 1, bad[name], "--out", out / "s.png")
    assert said.startswith(f"latentlab: {bad[name]}: ")
    assert POINT_FILES[name] in said
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["nine"], "nine: is neither a seed nor a file"),
        (["1.5"], "1.5: is neither a seed nor a file"),
        (["x" * 300], f"{'x' * 300}: cannot be read"),
        (["-1"], "-1: is not a seed"),
        (["4294967296"], "4294967296: is outside 0 to 4294967295"),
        (["9-3"], "9-3: runs backwards"),
        (["--seeds", "a"], "a: is not a seed"),
        (["--seeds", "1;2"], "1;2: is not a seed"),
        (["0-99999999"], "0-99999999: makes more than 100000 seeds"),
        (["0-9999", "--scale", "20"], "sheet of 10000 pictures: would be 32000 x 32000 pixels"),
        (["1", "--edit", "Frowning=1"], "Frowning: is not a direction of grey. It has Smiling, PC 1"),
        (["1", "--edit", "Smiling=much"], "Smiling=much: much is not a number. Write Smiling=+1.2"),
        (["1", "--edit", "Smiling="], "Smiling=: nothing is not a number"),
        (["1", "--edit", "Smiling=nan"], "Smiling=nan: nan is not a number"),
        (["1", "--edit", "Smiling=1e39"], "Smiling=1e39: is outside -1000 to 1000"),
        (["1", "--edit", "Smiling=1,PC 1"], "PC 1: has no strength. Write PC 1=+1.2"),
        (["1", "--edit", "Smiling=1,smiling=2"], "Smiling: is edited twice"),
        (["1", "--truncation", "nan"], "truncation nan: is outside 0 to 10"),
        (["1", "--truncation=-0.5"], "truncation -0.5: is outside 0 to 10"),
        (["1", "--scale", "0"], "--scale: 0 is not"),
        (["1", "--columns", "-1"], "--columns: -1 is less"),
    ],
)
def test_bad_values_for_sample_are_named(
    grey: Path, out: Path, capsys: Captured, arguments: list[str], what: str
) -> None:
    assert refused(capsys, "sample", grey, *arguments, "--out", out / "s.png").startswith(f"latentlab: {what}")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["--out", "walk.bmp"], "walk.bmp: is of a kind that cannot be written"),
        (["--out", "walk"], "walk: is of a kind that cannot be written"),
        (["--out", "walk.gif", "--fps", "60"], "60 frames a second: is more than viewers show of a GIF"),
        (["--out", "walk.gif", "--fps", "nan"], "nan frames a second: is outside"),
        (["--out", "walk.gif", "--frames", "0"], "--frames: 0 is outside"),
        (["--out", "walk.gif", "--size", "4"], "size 4 px: is outside"),
        (["--out", "walk.png", "--frames", "9999"], "sheet of 9999 pictures: would be"),
    ],
)
def test_bad_values_for_interpolate_are_named(
    grey: Path, out: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, arguments: list[str], what: str
) -> None:
    monkeypatch.chdir(out)
    assert refused(capsys, "interpolate", grey, 1, 2, *arguments).startswith(f"latentlab: {what}")
    assert list(out.iterdir()) == []


def test_an_arc_from_zero_is_refused_and_a_line_is_not(
    bad: dict[str, Path], grey: Path, out: Path, capsys: Captured
) -> None:
    walk = ["interpolate", grey, 1, bad["zero"], "--frames", 3, "--out", out / "walk.gif"]
    assert refused(capsys, *walk).endswith("zero.npy: is zero, from which no arc leads. Choose --mode lerp.")
    assert list(out.iterdir()) == []
    result(capsys, *walk, "--mode", "lerp")


@pytest.mark.parametrize("first", ["sample", "interpolate"])
def test_what_cannot_be_written_is_named(grey: Path, out: Path, capsys: Captured, first: str) -> None:
    missing = out / "missing" / "walk.png"
    said = refused(capsys, first, grey, 1, 2, "--out", missing)
    assert (
        said == f"latentlab: {missing}: cannot be written: the folder {missing.parent} does not exist. Create it first."
    )
    folder = out / "folder.png"
    folder.mkdir()
    assert refused(capsys, first, grey, 1, 2, "--out", folder).startswith(f"latentlab: {folder}: is a folder")
    endless = out / f"{'x' * 300}.png"
    assert (
        refused(capsys, first, grey, 1, 2, "--out", endless)
        == f"latentlab: {endless}: cannot be written: File name too long"
    )
    assert list(out.rglob("*")) == [folder]


def test_a_model_with_an_impossible_name_is_named(capsys: Captured) -> None:
    assert refused(capsys, "info", "x" * 300) == f"latentlab: {'x' * 300}: cannot be read: File name too long"


def test_an_older_file_survives_a_failure(
    grey: Path, out: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = out / "walk.gif"
    target.write_text("older")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("latentlab.export.animation._encode", full)
    said = refused(capsys, "interpolate", grey, 1, 2, "--out", target)
    assert said == f"latentlab: {target}: cannot be written: No space left on device"
    assert [each.name for each in out.iterdir()] == ["walk.gif"]
    assert target.read_text() == "older"


@pytest.mark.parametrize("name", ["sheet.jpg", "sheet"])
def test_a_sheet_is_a_png(grey: Path, out: Path, capsys: Captured, name: str) -> None:
    for points in ("1", "1-2"):
        said = refused(capsys, "sample", grey, points, "--out", out / name)
        assert said == f"latentlab: {out / name}: is written as PNG. Name it sheet.png."
    assert list(out.iterdir()) == []


# usage and exit codes


@pytest.mark.parametrize(
    "arguments",
    [
        ["sample", "MODEL", "--out", "x.png"],
        ["interpolate", "MODEL", "--out", "x.gif"],
        ["interpolate", "MODEL", "1", "--out", "x.gif"],
        ["interpolate", "MODEL", "--seeds", "1", "--loop", "--out", "x.gif"],
    ],
)
def test_too_few_points_are_wrong_usage(
    grey: Path, out: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(out)
    given = [str(grey) if argument == "MODEL" else argument for argument in arguments]
    said = refused(capsys, *given, code=2)
    assert said.startswith("latentlab: POINT: ")
    assert said.endswith(f"See latentlab {arguments[0]} --help.")
    assert list(out.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["sample"],
        ["sample", "MODEL", "1"],
        ["sample", "MODEL", "1", "--out"],
        ["sample", "MODEL", "1", "--out", "x.png", "--colour", "red"],
        ["sample", "MODEL", "1", "--out", "x.png", "--scale", "1.5"],
        ["sample", "MODEL", "1", "--out", "x.png", "--truncation", "much"],
        ["interpolate", "MODEL", "1", "2", "--out", "x.gif", "--mode", "cubic"],
        ["info"],
        ["info", "MODEL", "MODEL"],
        ["train"],
        ["train", "--data", "mnist", "--out", "x", "--kimg", "many"],
    ],
)
def test_wrong_usage_exits_with_2(
    grey: Path, out: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(out)
    assert command(*(grey if argument == "MODEL" else argument for argument in arguments)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert f"latentlab {arguments[0]}" in captured.err
    assert "Traceback" not in captured.err
    assert list(out.iterdir()) == []


def test_help_lists_each_command_on_a_line(capsys: Captured) -> None:
    lines = [line.split() for line in result(capsys, "--help").splitlines()]
    for name in cli.COMMANDS:
        assert [line[0] for line in lines if line].count(name) == 1
        assert f"latentlab {name}" in result(capsys, name, "--help")
    assert result(capsys, "--version") == f"latentlab {latentlab.__version__}\n"


def test_two_words_that_are_no_command_are_wrong_usage(capsys: Captured) -> None:
    assert command("smaple", "model") == 2
    assert "smaple model: not a command" in capsys.readouterr().err


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_there(name: str) -> None:
    module = importlib.import_module(f"latentlab.commands.{name}")
    assert callable(getattr(module, name.capitalize()).run)


def test_a_bug_is_one_line_and_its_traceback_is_in_the_log(
    grey: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: Info) -> None:
        raise KeyError("two\nlines")

    monkeypatch.setattr(Info, "run", broken)
    assert command("info", grey) == 1
    said = capsys.readouterr().err
    assert said.startswith("latentlab: internal error: KeyError: ")
    assert len(said.splitlines()) == 1
    logged = paths.log_file().read_text()
    assert "Traceback (most recent call last)" in logged
    assert "KeyError" in logged
    assert str(paths.log_file()) in said


def test_an_interrupt_exits_with_130(grey: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: Info) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Info, "run", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background is started deaf to it
    try:
        assert refused(capsys, "info", grey, code=130) == "latentlab: interrupted"
    finally:
        signal.signal(signal.SIGINT, before)


# as users run them


def test_commands_run_as_programs(grey: Path, out: Path) -> None:
    ended = run("interpolate", grey, "--seeds", "1,2,3", "--frames", 6, "--loop", "--out", "walk.gif", cwd=out)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "walk.gif\n", "")
    assert len(read_frames(out / "walk.gif")) == 6
    ended = run("sample", grey, 1, "--out", out / "missing" / "s.png")
    assert (ended.returncode, ended.stdout) == (1, "")
    one_line(ended.stderr)
    ended = run("sample", grey, "--out", out / "s.png")
    assert (ended.returncode, ended.stdout) == (2, "")
    one_line(ended.stderr)
    assert [path.name for path in out.iterdir()] == ["walk.gif"]


@pytest.mark.parametrize(("data", "why"), [("empty", "holds no images"), ("nosuch", "no such data set")])
def test_training_on_nothing_is_refused(tmp_path: Path, out: Path, data: str, why: str) -> None:
    (tmp_path / "empty").mkdir()
    ended = run("train", "--data", data, "--out", out / "run", cwd=tmp_path)
    assert (ended.returncode, ended.stdout) == (1, "")
    said = one_line(ended.stderr)
    assert said.startswith(f"latentlab: {data}: ")
    assert why in said
    assert list(out.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe that is closed early is reported otherwise there")
def test_a_reader_that_leaves_early_is_no_bug(grey: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", "latentlab", "info", str(grey)],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (1, "")


def test_sheets_are_refused_before_they_are_drawn(
    grey: Path, out: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "MAX_SHEET_PIXELS", 16 * 16 * 3)
    monkeypatch.setattr(OpenedModel, "render", None)
    assert "sheet of 4 pictures" in refused(capsys, "sample", grey, "0-3", "--out", out / "s.png")


def test_a_device_that_is_not_there_is_one_line(
    grey: Path, out: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(devices, "available", lambda: ("cpu",))
    why = refused(capsys, "sample", grey, "1", "--device", "cuda", "--out", out / "s.png")
    assert "this machine has none that torch can use. Draw on the CPU." in why
    assert not (out / "s.png").exists()
    assert "there are cpu, cuda and mps" in refused(capsys, "--device", "warp", code=2)


def test_a_run_that_is_resumed_keeps_its_settings(tmp_path: Path) -> None:
    begun = run("train", "--out", tmp_path / "run")
    assert begun.returncode == 2
    needed = "--data: is needed. Name a data set, a folder or an archive."
    assert begun.stderr == f"latentlab: {needed} See latentlab train --help.\n"
    RunFolder(tmp_path / "run").create(TrainConfig(data="mnist", width=16, size=32, channels=1, batch=8))
    preset = run("train", "--out", tmp_path / "run", "--resume", "--preset", "quick")
    assert preset.returncode == 2
    assert "--preset: is for a new run" in preset.stderr
    refused = run("train", "--out", tmp_path / "run", "--resume", "--data", "mnist", "--width", 64)
    assert refused.returncode == 2
    kept = "--width: is 16 in the run that is resumed. Leave it out, or begin another run."
    assert refused.stderr == f"latentlab: {kept} See latentlab train --help.\n"
