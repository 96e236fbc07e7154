"""Three lines of Python: open, sample, render; with neither torch nor Qt."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import latentlab
from latentlab.errors import ValueRangeError
from latentlab.latent.directions import Direction
from latentlab.models import dcgan
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import save_model

SLANT = Direction("Slant", "measured", np.array([1, 2, 3, 4], np.float32), 0.5)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A small generator with random weights and one direction."""
    spec = dcgan.generator(16, 3, 4, 4)
    random = np.random.RandomState(0)
    weights = {
        name: random.uniform(0.1, 0.5, shape).astype(np.float32) for name, shape in spec.network.tensors().items()
    }
    target = tmp_path / "tiny.safetensors"
    save_model(target, ModelCard("tiny", spec), weights, directions=(SLANT,))
    return target


def imported(code: str, *arguments: object) -> set[str]:
    """Run code and return the packages that it imported."""
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", code, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    lines = [line for line in ended.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip().partition(".")[0] for line in lines}


def test_opening_and_rendering_import_neither_torch_nor_qt(path: Path) -> None:
    code = "import sys, latentlab; m = latentlab.open_model(sys.argv[1]); m.render(m.edit(m.sample(2), {'Slant': 1}))"
    found = imported(code, path)
    assert {"latentlab", "numpy", "onnxruntime"} <= found
    assert found.isdisjoint({"torch", "PySide6", "shiboken6", "pyqtgraph", "PIL"})


def test_walking_through_points_imports_neither_torch_nor_qt(path: Path, tmp_path: Path) -> None:
    code = "import sys; from latentlab.cli import dispatch; sys.exit(dispatch(sys.argv[1:]))"
    out = tmp_path / "walk.gif"
    found = imported(code, "interpolate", path, 1, 2, "--frames", 2, "--out", out)
    assert out.exists()
    assert {"latentlab", "PIL", "tyro"} <= found
    assert found.isdisjoint({"torch", "PySide6", "shiboken6", "pyqtgraph"})


def test_three_lines_of_python(path: Path) -> None:
    model = latentlab.open_model(str(path))
    z = model.sample(8, seed=0)
    assert z.shape == (8, 4)
    assert z.dtype == np.float32
    pixels = model.render(z)
    assert pixels.shape == (8, 16, 16, 3)
    assert pixels.dtype == np.uint8
    edited = model.edit(z, {"Slant": 1.2})
    np.testing.assert_allclose(edited - z, np.tile(0.6 * SLANT.vector, (8, 1)), atol=1e-6)
    assert not np.array_equal(model.render(edited), pixels)
    assert model.directions[0].name == "Slant"


def test_the_picture_of_a_seed_does_not_depend_on_its_company(path: Path) -> None:
    model = latentlab.open_model(path)
    singly = np.concatenate([model.render(model.sample(1, seed=seed)) for seed in range(20)])
    together = model.render(np.concatenate([model.sample(1, seed=seed) for seed in range(20)]))
    np.testing.assert_array_equal(singly, together)
    np.testing.assert_array_equal(model.sample(20, seed=3)[:1], model.sample(1, seed=3))


def test_what_does_not_fit_is_refused(path: Path) -> None:
    model = latentlab.open_model(path)
    unfit: list[Any] = [np.zeros(4), np.zeros((0, 4)), np.zeros((1, 5)), np.full((1, 4), np.nan), np.array([["a"] * 4])]
    for z in unfit:
        with pytest.raises(ValueRangeError):
            model.render(z)
    with pytest.raises(ValueRangeError, match="Slope"):
        model.edit(model.sample(1), {"Slope": 1.0})
    for count, seed in ((0, 0), (1, -1), (1, 2**32)):
        with pytest.raises(ValueRangeError):
            model.sample(count, seed)
