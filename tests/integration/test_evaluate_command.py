"""``latentlab evaluate``: what it prints and writes, and that its numbers rank real damage on real digits."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import latentlab
from latentlab import cli, paths
from latentlab.analysis.metrics.feature_space import network_space
from latentlab.analysis.metrics.frechet import Moments, frechet_distance
from latentlab.data.idx import load_mnist
from latentlab.data.resize import fit
from latentlab.models import dcgan
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import save_model
from latentlab.models.classifier_file import load_classifier

Captured = pytest.CaptureFixture[str]
ROOT = Path(__file__).resolve().parents[2]
DATA = Path(os.environ.get("LATENTLAB_DATA") or ROOT.parent / "shared" / "data").expanduser()


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


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = dcgan.generator(16, 1, 4, 8, "normal")
    random = np.random.RandomState(1)
    weights = {
        name: random.uniform(0.5, 1.5, shape) if "running_var" in name else random.normal(0.0, 0.3, shape)
        for name, shape in spec.network.tensors().items()
    }
    path = tmp_path_factory.mktemp("models") / "grey.safetensors"
    save_model(path, ModelCard("grey", spec), {name: each.astype(np.float32) for name, each in weights.items()})
    return path


@pytest.fixture(scope="module")
def pictures(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the model itself draws, as a folder: real pictures that it is perfect at."""
    folder = tmp_path_factory.mktemp("pictures")
    opened = latentlab.open_model(model)
    for index, picture in enumerate(opened.render(opened.sample(400, seed=77))):
        Image.fromarray(picture[..., 0]).save(folder / f"{index:03d}.png")
    return folder


def run(capsys: Captured, *arguments: object) -> str:
    capsys.readouterr()
    code = cli.dispatch(["evaluate", *(str(argument) for argument in arguments)])
    captured = capsys.readouterr()
    assert (code, captured.err) == (0, "")
    return captured.out


def refused(capsys: Captured, *arguments: object, code: int = 1) -> str:
    capsys.readouterr()
    assert cli.dispatch(["evaluate", *(str(argument) for argument in arguments)]) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert len(captured.err.splitlines()) == 1, captured.err
    assert "internal error" not in captured.err
    return captured.err.strip()


def test_the_table_stands_beside_real_pictures(capsys: Captured, model: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.txt"
    text = run(capsys, model, "--data", pictures, "--samples", 200, "--features", "pixels", "--out", out)
    assert out.read_text(encoding="utf-8") == text
    for word in ("Fréchet distance", "KID", "Precision", "Recall", "Density", "Coverage", "Sliced", "Path length"):
        assert word in text
    assert "raw pixels" in text
    assert "200 untruncated samples, seed 0" in text
    assert text.rstrip().endswith(" s")


def test_json_says_the_same_for_machines(capsys: Captured, model: Path, pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.json"
    arguments = (model, "--data", pictures, "--samples", 200, "--seed", 3, "--features", "pixels")
    facts: dict[str, Any] = json.loads(run(capsys, *arguments, "--out", out, "--json"))
    assert json.loads(out.read_text(encoding="utf-8")) == facts
    assert (facts["samples"], facts["seed"]) == (200, 3)
    assert facts["model_hash"] == latentlab.open_model(model).generator.content_hash
    rows = {row["key"]: row for row in facts["measurements"]}
    distance = rows["frechet"]
    assert (distance["model"]["pictures"], distance["against"]) == (200, 200)
    # The pictures are the model's own, so that it must be as near to them as they are to each other.
    gap = abs(distance["model"]["value"] - distance["real"]["value"])
    assert gap < 5.0 * (distance["model"]["error"] + distance["real"]["error"])


def test_only_listed_files_judge(capsys: Captured, model: Path, pictures: Path, tmp_path: Path) -> None:
    listed = tmp_path / "held-out.txt"
    listed.write_text(" ".join(f"{index:03d}" for index in range(100, 350)))
    text = run(capsys, model, "--data", pictures, "--only", listed, "--samples", 200, "--features", "pixels")
    assert "held-out.txt" in text
    assert "125 + 125 pictures" in text


def test_what_cannot_be_done_is_one_line(capsys: Captured, model: Path, pictures: Path, tmp_path: Path) -> None:
    data = ("--data", pictures)
    assert "99 is outside 100 to 100000" in refused(capsys, model, *data, "--samples", 99)
    assert "no such data set" in refused(capsys, model, "--data", tmp_path / "nowhere")
    assert "no such file" in refused(capsys, tmp_path / "none.safetensors", *data)
    assert "no fitting network" in refused(capsys, model, *data, "--features", "network", code=2)
    assert "no such file" in refused(capsys, model, *data, "--network", tmp_path / "none.safetensors")
    assert "torch-fidelity" in refused(capsys, model, *data, "--inception", tmp_path / "w.pth", code=2)
    bad = tmp_path / "missing" / "table.txt"
    message = refused(capsys, model, *data, "--samples", 100, "--features", "pixels", "--out", bad)
    assert "does not exist" in message


@pytest.mark.skipif(not (DATA / "mnist").exists(), reason="MNIST is not below $LATENTLAB_DATA")
def test_the_network_of_digits_ranks_damage() -> None:
    """A small part of tests/benchmarks/rank_metrics.py: blur, noise and a dropped class each cost, more of it more."""
    data = load_mnist(DATA / "mnist", "test")
    assert data.labels is not None
    order = np.random.RandomState(0).permutation(len(data))
    pixels, labels = fit(data.pixels[order[:2400]], 32), data.labels[order[:2400]]
    space = network_space(load_classifier(ROOT / "checkpoints" / "digits-classes.safetensors"), threads=1)
    reference, other, classes = pixels[:1200], pixels[1200:], labels[1200:]
    moments = Moments.of(space(reference))
    smeared = (sum(np.roll(other.astype(int), shift, axis) for shift in (-1, 0, 1) for axis in (1, 2)) // 6).astype(
        np.uint8
    )
    noise = np.random.RandomState(1).standard_normal(other.shape)
    ladders = {
        "blur": [other, (other // 2 + smeared // 2).astype(np.uint8), smeared],
        "noise": [np.clip(other + each * noise, 0, 255).astype(np.uint8) for each in (0, 12, 36)],
        "dropped": [other, other[classes >= 1], other[classes >= 2]],
    }
    for name, ladder in ladders.items():
        distances = [frechet_distance(moments, Moments.of(space(each))) for each in ladder]
        assert distances[0] < distances[1] < distances[2], name
