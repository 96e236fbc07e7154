"""``latentlab bench`` from end to end, on a model small enough to be measured in a moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from latentlab.bench.subject import random_generator
from latentlab.models.checkpoint import save_model


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = random_generator(16, 3, 4, z_dim=8)
    path = tmp_path_factory.mktemp("model") / "tiny.safetensors"
    save_model(path, made.card, made.weights)
    return path


def run(*arguments: object, home: Path) -> subprocess.CompletedProcess[str]:
    folders = {f"XDG_{name}_HOME": str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE", "CACHE")}
    return subprocess.run(
        [sys.executable, "-m", "latentlab", "bench", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
        env=dict(os.environ) | folders,
    )


def test_the_document_holds_machine_model_parts_and_budgets(model: Path, tmp_path: Path) -> None:
    parts = ["throughput", "strip"]
    ended = run(model, "--quick", "--json", "--only", ",".join(parts), home=tmp_path)
    assert ended.returncode == 0, ended.stderr
    document: dict[str, Any] = json.loads(ended.stdout)
    assert document["quick"] is True
    assert document["platform"] == "offscreen"
    assert document["machine"]["cores"] >= 1
    assert set(document["machine"]["libraries"]) >= {"numpy", "onnxruntime", "torch", "PySide6-Essentials"}
    assert (document["model"]["width"], document["model"]["z_dim"]) == (16, 8)
    assert document["model"]["path"] == str(model)
    assert list(document["parts"]) == parts

    rows = {row["name"]: row for row in document["parts"]["throughput"]["figures"]}
    for batch in (1, 8, 64):
        for name in ("latentlab", "ONNX Runtime", "PyTorch eager", "PyTorch channels-last, folded"):
            row = rows[f"{name}, batch {batch}"]
            assert 0.0 < row["low"] <= row["p50"] <= row["p95"] <= row["high"]
    facts = document["parts"]["throughput"]["facts"]
    assert facts["floor_ms"]["64"] == pytest.approx(64 * facts["floor_ms"]["1"], rel=0.001)

    strip = {row["name"]: row for row in document["parts"]["strip"]["figures"]}
    assert strip["full strips a second, an end dragged alone"]["p50"] > 0.0

    budgets = document["budgets"]
    assert {budget["part"] for budget in budgets} >= {"throughput", "strip"}
    for budget in budgets:
        beyond = budget["value"] < budget["limit"] if budget["at_least"] else budget["value"] > budget["limit"]
        assert budget["met"] is not beyond
    # Sessions and settings of the windows went elsewhere; what stays is the log.
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["latentlab.log"]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (("--only", "start,nothing"), 2, "latentlab: --only nothing: no such part. Choose from start, slider"),
        (("none.safetensors", "--only", "gif"), 1, "none.safetensors"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_one_line(
    arguments: tuple[str, ...], code: int, says: str, tmp_path: Path
) -> None:
    ended = run(*arguments, home=tmp_path)
    assert ended.returncode == code
    assert says in ended.stderr
    assert len(ended.stderr.strip().splitlines()) == 1
    assert ended.stdout == ""
