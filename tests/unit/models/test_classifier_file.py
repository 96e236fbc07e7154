"""The attribute network's file: what is written is read, and what does not fit is refused in one line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from latentlab.errors import ModelFileError
from latentlab.models.card import DataSource
from latentlab.models.checkpoint import load_generator
from latentlab.models.classifier_file import (
    CLASSIFIER_KEY,
    ClassifierCard,
    Output,
    find_classifiers,
    is_classifier,
    load_classifier,
    read_classifier_card,
    save_classifier,
)
from latentlab.models.layers import Activation, Conv, Linear, Reshape
from latentlab.models.spec import NetworkSpec

SPEC = NetworkSpec(
    (3, 8, 8), (Conv(3, 2, 4, 2, 1), Activation("relu"), Reshape(32, 0, 0), Linear(32, 4, False), Linear(4, 2))
)
CARD = ClassifierCard(
    "faces",
    "sigmoid",
    SPEC,
    (Output("Smiling", 0.91, 10, 20), Output("Eyeglasses", 0.96, 1, 29)),
    DataSource("celeba", 100, "research only", "somewhere"),
    {"mean": 0.935},
    "python train.py",
    "Repeats its annotators.",
)


def weights(dtype: Any = np.float16) -> dict[str, np.ndarray]:
    random = np.random.RandomState(0)
    return {name: random.standard_normal(shape).astype(dtype) for name, shape in SPEC.tensors().items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "faces.safetensors"
    save_classifier(path, CARD, weights())
    return path


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_what_is_written_is_read(tmp_path: Path, dtype: Any) -> None:
    path = tmp_path / "faces.safetensors"
    save_classifier(path, CARD, weights(dtype))
    read = load_classifier(path)
    assert read.card == read_classifier_card(path) == CARD
    assert (read.card.side_px, read.card.channels, read.card.feature_width) == (8, 3, 4)
    assert read.path == path
    for name, value in weights(dtype).items():
        assert read.weights[name].dtype == np.float32
        assert np.array_equal(read.weights[name], value)
        assert not read.weights[name].flags.writeable


def test_networks_are_told_from_models_and_from_anything_else(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.safetensors"
    save_file({"x": np.zeros(1, np.float32)}, other)
    (tmp_path / "broken.safetensors").write_bytes(b"no file")
    assert is_classifier(path)
    assert not is_classifier(other)
    assert not is_classifier(tmp_path / "broken.safetensors")
    assert not is_classifier(tmp_path / "missing.safetensors")
    assert find_classifiers(tmp_path) == (path,)
    with pytest.raises(ModelFileError, match="is no attribute network"):
        load_classifier(other)


def test_a_network_is_no_generator(path: Path) -> None:
    with pytest.raises(ModelFileError):
        load_generator(path)


def test_a_tensor_of_another_shape_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "wrong.safetensors"
    tensors = {f"C.{name}": value for name, value in weights().items()} | {"C.4.bias": np.zeros(3, np.float16)}
    save_file(tensors, path, {CLASSIFIER_KEY: CARD.to_json()})
    with pytest.raises(ModelFileError, match=r"C\.4\.bias has the shape \(3,\)"):
        load_classifier(path)


def test_saving_what_the_card_does_not_say_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"4\.bias"):
        save_classifier(tmp_path / "x.safetensors", CARD, {**weights(), "4.bias": np.zeros(3, np.float16)})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"format": 2}, "format"),
        ({"kind": "tanh"}, "kind"),
        ({"network": None}, "incomplete"),
        ({"outputs": []}, "0 names"),
        ({"outputs": [{"name": "a", "accuracy": 0.5}] * 2}, "incomplete"),
        ({"outputs": [{"name": "a", "accuracy": 1.5, "positives": 1, "negatives": 1}] * 2}, "accuracy"),
        ({"outputs": [{"name": "a", "accuracy": 0.5, "positives": 1, "negatives": 1}] * 2}, "share a name"),
        ({"outputs": [{"name": "a", "accuracy": 0.5, "positives": "1", "negatives": 1}] * 2}, "how many"),
        ({"outputs": [{"name": 3, "accuracy": 0.5, "positives": 1, "negatives": 1}] * 2}, "no name"),
        ({"metrics": {"mean": "good"}}, "not a number"),
    ],
)
def test_a_card_that_does_not_fit_is_refused(path: Path, changes: dict[str, Any], why: str) -> None:
    tensors = {f"C.{name}": value for name, value in weights().items()}
    save_file(tensors, path, {CLASSIFIER_KEY: json.dumps(json.loads(CARD.to_json()) | changes)})
    with pytest.raises(ModelFileError, match=why):
        read_classifier_card(path)


def test_a_network_that_reads_no_square_picture_or_ends_otherwise_is_refused() -> None:
    with pytest.raises(ValueError, match="no square picture"):
        replace(CARD, network=NetworkSpec((2, 8, 8), (Reshape(128, 0, 0), Linear(128, 2))))
    with pytest.raises(ValueError, match="not fully connected"):
        replace(CARD, network=NetworkSpec((3, 1, 1), (Conv(3, 2, 1, 1, 0), Reshape(2, 0, 0))))


def test_what_newer_versions_add_is_passed_over(path: Path) -> None:
    tensors = {f"C.{name}": value for name, value in weights().items()}
    save_file(tensors, path, {CLASSIFIER_KEY: json.dumps(json.loads(CARD.to_json()) | {"mood": "fine"})})
    assert load_classifier(path).card == CARD
