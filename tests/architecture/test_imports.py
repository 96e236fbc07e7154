"""The core works without Qt, and opening, rendering and exporting without torch.

Every package is imported, module by module, in a process of its own in which the forbidden libraries cannot be.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from latentlab.models import dcgan, onnx_graph
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator, save_model

PACKAGE = Path(__file__).resolve().parents[2] / "latentlab"

QT = ("PySide6", "shiboken6", "pyqtgraph")
TORCH = ("torch",)
CORE = ("latent", "models", "data", "export", "session", "rendering", "analysis")
ENTRY_POINTS = {"latentlab.__main__", "latentlab.cli"}
# May import torch; anything else in the packages of `CORE` may not.
TORCH_MODULES = {
    "latentlab.analysis.latent_search",
    "latentlab.analysis.steering",
    "latentlab.models.networks",
    "latentlab.rendering.torch_backend",
}

PROBE = """
import importlib, sys
from importlib.abc import MetaPathFinder

blocked = set(sys.argv[1].split(","))

class Refusal(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ImportError(f"{name} is blocked")
        return None

sys.meta_path.insert(0, Refusal())
for name in sys.argv[2:]:
    try:
        importlib.import_module(name)
    except ImportError as error:
        if "is blocked" in str(error):
            sys.exit(f"{name}: {error}")
        raise
found = blocked & {name.partition(".")[0] for name in sys.modules}
if found:
    sys.exit(f"imported: {found}")
print(len(sys.argv) - 2)
"""


def modules_of(package: str) -> list[str]:
    """Name every module of a package of latentlab, without importing any."""
    found = []
    for path in sorted((PACKAGE / package).rglob("*.py")):
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        found.append(".".join(parts[:-1] if parts[-1] == "__init__" else parts))
    return found


def import_without(blocked: tuple[str, ...], modules: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROBE, ",".join(blocked), *modules],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        cwd=PACKAGE.parent,
    )


def assert_imports_without(blocked: tuple[str, ...], modules: list[str]) -> None:
    ended = import_without(blocked, modules)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip().splitlines()[-1] == str(len(modules))


@pytest.mark.parametrize("package", CORE)
def test_a_core_package_needs_neither_qt_nor_torch(package: str) -> None:
    modules = modules_of(package)
    assert f"latentlab.{package}" in modules
    assert_imports_without(QT + TORCH, [name for name in modules if name not in TORCH_MODULES])


def test_the_modules_of_the_root_need_neither_qt_nor_torch() -> None:
    modules = ["latentlab", *(f"latentlab.{path.stem}" for path in sorted(PACKAGE.glob("[!_]*.py")))]
    assert {"latentlab.errors", "latentlab.paths", "latentlab.pixels", "latentlab.log"} <= set(modules)
    assert_imports_without(QT + TORCH, [name for name in modules if name not in ENTRY_POINTS])


def test_what_may_import_torch_needs_no_qt() -> None:
    existing = {name for package in CORE for name in modules_of(package)}
    assert_imports_without(QT, sorted(TORCH_MODULES & existing) + modules_of("training"))


def test_the_benchmark_needs_neither_qt_nor_torch_where_it_only_asks() -> None:
    modules = modules_of("bench")
    children = [name for name in modules if name.startswith("latentlab.bench.children.")]
    assert {"latentlab.bench.suite", "latentlab.bench.throughput"} <= set(modules)
    assert_imports_without(QT + TORCH, [name for name in modules if name not in children])


def test_what_measures_a_window_brings_no_torch_into_it() -> None:
    children = [name for name in modules_of("bench") if name.startswith("latentlab.bench.children.")]
    assert "latentlab.bench.children.eager_slider" in children
    assert_imports_without(TORCH, [name for name in children if name != "latentlab.bench.children.eager_slider"])


def test_every_package_is_held_to_a_rule() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert packages - {"ui", "training", "commands", "bench"} == set(CORE)


@pytest.mark.parametrize(
    ("blocked", "module"), [(TORCH, "latentlab.models.networks"), (QT, "PySide6.QtCore"), (QT, "pyqtgraph")]
)
def test_the_probe_catches_what_it_is_for(blocked: tuple[str, ...], module: str) -> None:
    ended = import_without(blocked, ["latentlab.models.spec", module])
    assert ended.returncode == 1
    assert "is blocked" in ended.stderr


def test_the_probe_does_not_hide_other_failures() -> None:
    for name in ("latentlab.no_such_module", "no_such_package"):
        assert "ModuleNotFoundError" in import_without(QT, [name]).stderr


OPEN_AND_RENDER = """
import sys
for name in ("torch", "PySide6", "pyqtgraph"):
    sys.modules[name] = None
import latentlab
model = latentlab.open_model(sys.argv[1])
pixels = model.render(model.sample(8, seed=0))
assert all(sys.modules[name] is None for name in ("torch", "PySide6", "pyqtgraph"))
assert not any(name.startswith(("torch.", "PySide6.", "pyqtgraph.")) for name in sys.modules)
print(pixels.shape, pixels.dtype)
"""


def test_a_model_is_opened_and_rendered_with_neither_qt_nor_torch(tmp_path: Path) -> None:
    spec = dcgan.generator(16, 3, 2, 4)
    weights = {name: np.ones(shape, np.float32) for name, shape in spec.network.tensors().items()}
    path = tmp_path / "model.safetensors"
    save_model(path, ModelCard("x", spec), weights)
    ended = subprocess.run(
        [sys.executable, "-c", OPEN_AND_RENDER, str(path)], capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.strip() == "(8, 16, 16, 3) uint8"


def test_files_of_other_projects_are_opened_and_rendered_with_neither_qt_nor_torch(tmp_path: Path) -> None:
    import torch
    from torch import nn

    G = nn.Sequential(nn.ConvTranspose2d(4, 6, 4), nn.BatchNorm2d(6), nn.ReLU(), nn.ConvTranspose2d(6, 3, 4, 4))
    torch.save(G.state_dict(), tmp_path / "netG.pth")
    spec = dcgan.generator(16, 3, 2, 4)
    weights = {name: np.ones(shape, np.float32) for name, shape in spec.network.tensors().items()}
    (tmp_path / "netG.onnx").write_bytes(onnx_graph.export(Generator(ModelCard("x", spec), weights)))
    for name in ("netG.pth", "netG.onnx"):
        code = [sys.executable, "-c", OPEN_AND_RENDER, str(tmp_path / name)]
        ended = subprocess.run(code, capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 0, ended.stderr
        assert ended.stdout.strip() == "(8, 16, 16, 3) uint8"


def test_importing_latentlab_is_light() -> None:
    code = (
        "import sys, latentlab; print(sorted({'numpy', 'torch', 'onnx', 'onnxruntime', 'PySide6'} & set(sys.modules)))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert ended.stdout.strip() == "[]", ended.stderr
