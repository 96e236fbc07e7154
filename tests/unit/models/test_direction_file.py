"""Directions as files: everything comes back, and every bad file is one clear line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors import safe_open
from safetensors.numpy import save_file

from latentlab.errors import OutputError
from latentlab.latent.directions import Direction
from latentlab.models.card import DirectionNote
from latentlab.models.checkpoint import Generator, load_generator, save_model
from latentlab.models.direction_file import (
    DIRECTIONS_KEY,
    DirectionFileError,
    checked_for,
    load_directions,
    save_directions,
)

Z_DIM = 8
DIRECTIONS = (
    Direction("Slant", "measured", np.arange(1, 9, dtype=np.float32), 0.577, "R² 0.8", "", 0.8, "c0ffee", "2026-01-31"),
    Direction("PC 1 of layer 2", "pca", np.eye(8, dtype=np.float32)[3], 1.0, "12 %", "layer 2: 4 x 8 x 8"),
    Direction("Brille 眼鏡", "cards", -np.eye(8, dtype=np.float32)[5], 1.0, accuracy=0.0),
)


def facts(direction: Direction) -> dict[str, Any]:
    return {**vars(direction), "vector": direction.vector.tobytes()}


def written(path: Path, rows: Any = None, notes: Any = None, key: str = DIRECTIONS_KEY, **header: Any) -> Path:
    """Write a file by hand, good but for what is given."""
    rows = np.eye(2, Z_DIM, dtype=np.float32) if rows is None else rows
    notes = [{"name": name, "source": "x", "sigma": 1.0} for name in "ab"] if notes is None else notes
    save_file({"directions": rows}, path, {key: json.dumps({"format": 1, "directions": notes} | header)})
    return path


def test_everything_comes_back(tmp_path: Path) -> None:
    path = save_directions(tmp_path / "found.safetensors", DIRECTIONS)
    for saved, loaded in zip(DIRECTIONS, load_directions(path), strict=True):
        assert facts(loaded) | {"vector": b""} == facts(saved) | {"vector": b""}
        np.testing.assert_allclose(loaded.vector, saved.vector, atol=1e-7)


def test_the_file_is_what_the_format_says(tmp_path: Path) -> None:
    path = save_directions(tmp_path / "found.safetensors", DIRECTIONS)
    with safe_open(path, framework="numpy") as file:
        rows, metadata = file.get_tensor("directions"), file.metadata()
    assert (rows.shape, rows.dtype) == ((3, Z_DIM), np.float32)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-6)
    assert json.loads(metadata[DIRECTIONS_KEY])["directions"][0] == {
        "name": "Slant",
        "source": "measured",
        "sigma": 0.577,
        "detail": "R² 0.8",
        "layer": "",
        "accuracy": 0.8,
        "model": "c0ffee",
        "created": "2026-01-31",
    }


@given(seed=st.integers(0, 2**31), count=st.integers(1, 6), z_dim=st.integers(1, 200))
@settings(deadline=None, derandomize=True, max_examples=20)
def test_vectors_survive_at_any_size(
    tmp_path_factory: pytest.TempPathFactory, seed: int, count: int, z_dim: int
) -> None:
    vectors = np.random.RandomState(seed).standard_normal((count, z_dim)) + 0.01
    directions = [Direction(f"d{index}", "test", row, 1.0) for index, row in enumerate(vectors)]
    path = save_directions(tmp_path_factory.mktemp("d") / "d.safetensors", directions)
    loaded = np.stack([each.vector for each in load_directions(path)])
    np.testing.assert_allclose(loaded, np.stack([each.vector for each in directions]), atol=1e-7)


def test_files_of_older_versions_and_newer_fields_are_read(tmp_path: Path) -> None:
    notes = [{"name": "a", "source": "x", "sigma": 1, "mood": "good"}, {"name": "b", "source": "y", "sigma": 0.5}]
    first, second = load_directions(written(tmp_path / "old.safetensors", notes=notes))
    assert (first.layer, first.accuracy, first.model, first.created) == ("", None, "", "")
    assert (second.source, second.sigma) == ("y", 0.5)


def test_half_precision_is_read(tmp_path: Path) -> None:
    (first, _) = load_directions(written(tmp_path / "half.safetensors", np.eye(2, 4, dtype=np.float16)))
    np.testing.assert_array_equal(first.vector, [1, 0, 0, 0])


def test_fields_survive_in_a_model_file_too(tmp_path: Path, small_generator: Callable[..., Generator]) -> None:
    generator = small_generator()
    path = tmp_path / "model.safetensors"
    save_model(path, generator.card, generator.weights, directions=DIRECTIONS)
    loaded = load_generator(path)
    assert [vars(DirectionNote.of(each)) for each in loaded.directions] == [
        vars(DirectionNote.of(each)) for each in DIRECTIONS
    ]
    with pytest.raises(DirectionFileError, match="is a model, not a file of directions"):
        load_directions(path)


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"key": "other"}, "holds no directions"),
        ({"format": 2}, "format that this version does not know"),
        ({"rows": np.eye(3, Z_DIM, dtype=np.float32)}, "names 2 directions, it holds 3"),
        ({"rows": np.zeros((2, Z_DIM), np.float32)}, "'a' has no direction"),
        ({"rows": np.full((2, Z_DIM), np.nan, np.float32)}, "'a' has no direction"),
        ({"rows": np.eye(2, Z_DIM)}, "neither float32 nor float16"),
        ({"rows": np.zeros(4, np.float32)}, r"have the shape \(4,\)"),
        ({"rows": np.zeros((0, 4), np.float32), "notes": []}, r"have the shape \(0, 4\)"),
        ({"notes": [{"name": "a", "source": "x", "sigma": 1.0}] * 2}, "the name of another"),
        ({"notes": [{"name": n, "source": "x", "sigma": 1.0} for n in ("a", " ")]}, "has no name"),
        ({"notes": [{"name": n, "source": "x", "sigma": 0.0} for n in "ab"]}, "sigma is not above 0"),
        ({"notes": [{"name": n, "source": "x", "sigma": "1"} for n in "ab"]}, "'1' is not a number"),
        ({"notes": [{"name": n, "source": "x", "sigma": 1.0, "accuracy": "?"} for n in "ab"]}, "is not a number"),
        ({"notes": [{"name": 5, "source": "x", "sigma": 1.0}] * 2}, "name = 5"),
        ({"notes": [{"name": "a"}, {"name": "b"}]}, "missing"),
        ({"notes": ["a", "b"]}, "damaged"),
        ({"notes": 5}, "damaged"),
    ],
)
def test_a_bad_file_is_one_clear_line(tmp_path: Path, changes: dict[str, Any], why: str) -> None:
    path = written(tmp_path / "bad.safetensors", **changes)
    with pytest.raises(DirectionFileError, match=why) as caught:
        load_directions(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "no such file"), (b"", "is damaged or no"), (b"\x89PNG\r\n\x1a\n" + b"\0" * 99, "is a PNG image")],
)
def test_what_is_no_safetensors_is_one_clear_line(tmp_path: Path, content: bytes | None, why: str) -> None:
    path = tmp_path / "bad.safetensors"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DirectionFileError, match=why) as caught:
        load_directions(path)
    assert "latentlab directions MODEL" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("cut", [10, 200, -20])
def test_a_file_cut_short_is_one_clear_line(tmp_path: Path, cut: int) -> None:
    path = save_directions(tmp_path / "found.safetensors", DIRECTIONS)
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DirectionFileError, match="is damaged"):
        load_directions(path)


def test_a_header_that_is_no_json_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "bad.safetensors"
    for text in ("{", "[]", "null", "[" * 100_000):
        save_file({"directions": np.eye(2, dtype=np.float32)}, path, {DIRECTIONS_KEY: text})
        with pytest.raises(DirectionFileError, match="is damaged"):
            load_directions(path)


def test_what_cannot_be_saved_leaves_the_old_file(tmp_path: Path) -> None:
    path = save_directions(tmp_path / "found.safetensors", DIRECTIONS)
    before = path.read_bytes()
    for wrong in ((), DIRECTIONS[:1] * 2, (DIRECTIONS[0], Direction("wide", "x", np.ones(9), 1.0))):
        with pytest.raises(ValueError, match=r"at least one|same name|shape"):
            save_directions(path, wrong)
    with pytest.raises(OutputError, match=r"Name it found\.safetensors"):
        save_directions(tmp_path / "found.json", DIRECTIONS)
    with pytest.raises(OutputError, match="does not exist"):
        save_directions(tmp_path / "none" / "found.safetensors", DIRECTIONS)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_directions_of_this_model_are_used_without_a_word(small_generator: Callable[..., Generator]) -> None:
    generator = small_generator()
    own = [Direction("a", "x", np.ones(Z_DIM), 1.0, model=generator.content_hash)]
    assert checked_for(own, generator, Path("found.safetensors")) == ""


def test_directions_of_another_model_are_used_with_a_warning(small_generator: Callable[..., Generator]) -> None:
    generator = small_generator()
    own = Direction("own", "x", np.ones(Z_DIM), 1.0, model=generator.content_hash)
    path = Path("found.safetensors")
    assert checked_for(DIRECTIONS, generator, path) == (
        "found.safetensors: its directions were found on another model than small and may mean something else on it"
    )
    assert "found.safetensors: Slant were found on another model" in checked_for([own, DIRECTIONS[0]], generator, path)


def test_directions_of_another_width_are_refused(small_generator: Callable[..., Generator]) -> None:
    with pytest.raises(DirectionFileError, match="holds directions of width 8, small takes 5"):
        checked_for(DIRECTIONS, small_generator(z_dim=5), Path("found.safetensors"))
