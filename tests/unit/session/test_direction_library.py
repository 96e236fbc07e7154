"""The user's own directions, by model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latentlab import paths
from latentlab.errors import OutputError
from latentlab.latent.directions import Direction
from latentlab.models.direction_file import DirectionFileError
from latentlab.session.direction_library import library_file, load_library, save_library

SLANT = Direction("Slant", "measured", np.array([1, 2], np.float32), 1.0, accuracy=0.8, model="c0ffee")
SMILE = Direction("Smile", "cards", np.array([1, 0], np.float32), 1.0, model="c0ffee")


def names(model: str, folder: Path) -> list[str]:
    return [direction.name for direction in load_library(model, folder)]


def test_a_model_has_its_own_directions(tmp_path: Path) -> None:
    folder = tmp_path / "directions"
    assert load_library("c0ffee", folder) == ()
    save_library("c0ffee", [SLANT, SMILE], folder)
    assert names("c0ffee", folder) == ["Slant", "Smile"]
    assert names("abad1dea", folder) == []
    save_library("c0ffee", [SMILE], folder)
    assert names("c0ffee", folder) == ["Smile"]


def test_keeping_none_removes_the_file(tmp_path: Path) -> None:
    save_library("c0ffee", [SLANT], tmp_path)
    for _ in range(2):
        save_library("c0ffee", [], tmp_path)
        assert list(tmp_path.iterdir()) == []


def test_by_default_it_is_among_the_users_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "directions_dir", lambda: tmp_path / "own")
    save_library("c0ffee", [SLANT])
    assert library_file("c0ffee") == tmp_path / "own" / "c0ffee.safetensors"
    assert load_library("c0ffee")[0].accuracy == 0.8


def test_a_damaged_file_is_told_and_stays(tmp_path: Path) -> None:
    (tmp_path / "c0ffee.safetensors").write_bytes(b"damaged")
    with pytest.raises(DirectionFileError, match="is damaged"):
        load_library("c0ffee", tmp_path)
    assert (tmp_path / "c0ffee.safetensors").read_bytes() == b"damaged"


def test_what_cannot_be_kept_leaves_the_old_file(tmp_path: Path) -> None:
    save_library("c0ffee", [SLANT], tmp_path)
    with pytest.raises(ValueError, match="same name"):
        save_library("c0ffee", [SMILE, SMILE], tmp_path)
    assert names("c0ffee", tmp_path) == ["Slant"]
    with pytest.raises(OutputError):
        save_library("c0ffee", [SMILE], tmp_path / "c0ffee.safetensors")


@pytest.mark.parametrize("model", ["", "../c0ffee", "C0FFEE", "a b"])
def test_only_hashes_name_files(tmp_path: Path, model: str) -> None:
    with pytest.raises(ValueError, match="no content hash"):
        library_file(model, tmp_path)
