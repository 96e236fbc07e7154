"""Opening data by name or path."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentlab.data import catalogue
from latentlab.data.catalogue import KNOWN, open_data
from latentlab.data.dataset import DataSet
from latentlab.errors import Cancelled, DataError, ValueRangeError


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: object, **kwargs: object) -> None:
        pytest.fail("the network was asked")

    monkeypatch.setattr(catalogue, "fetch_mnist", forbidden)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (20, 20), (1, 2, 3)).save(folder / "a.png")
    return folder


@pytest.mark.usefixtures("no_network")
def test_mnist_by_name(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTLAB_DATA", str(real_data))
    data = open_data("mnist", None, None, split="test")
    assert data.pixels.shape == (10_000, 32, 32, 1)
    assert (data.name, data.source) == ("mnist", KNOWN["mnist"].source)
    assert data.licence == KNOWN["mnist"].licence
    assert data.class_names == tuple("0123456789")
    coloured = open_data("mnist", 28, 3, split="test")
    assert coloured.pixels.shape == (10_000, 28, 28, 3)
    np.testing.assert_array_equal(coloured.pixels[:, :, :, 2], data.pixels[:, 2:30, 2:30, 0])


@pytest.mark.usefixtures("no_network")
def test_folder_of_idx_files(real_data: Path) -> None:
    data = open_data(str(real_data / "kmnist"), split="test")
    assert data.pixels.shape == (10_000, 32, 32, 1)
    assert (data.name, data.licence) == ("kmnist", "not stated")


def test_missing_files_are_fetched_only_if_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTLAB_DATA", str(tmp_path))
    asked: list[Path] = []

    def fetch(folder: Path, **_: object) -> None:
        asked.append(folder)
        raise DataError("MNIST", "cannot be downloaded")

    monkeypatch.setattr(catalogue, "fetch_mnist", fetch)
    with pytest.raises(DataError, match="no such file"):
        open_data("mnist", download=False)
    assert asked == []
    with pytest.raises(DataError, match="cannot be downloaded"):
        open_data("mnist")
    assert asked == [tmp_path / "mnist"]


def test_folder_of_pictures(pictures: Path) -> None:
    assert open_data(str(pictures)).pixels.shape == (1, 64, 64, 3)
    assert open_data(str(pictures), 16, 1).pixels.shape == (1, 16, 16, 1)


def test_unknown_name() -> None:
    with pytest.raises(DataError, match=r"emnist: no such data set.*Known by name: mnist; a folder or zip") as error:
        open_data("emnist")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("size", "channels"), [(0, None), (-1, None), (4096, None), (32, 2)])
def test_impossible_values(pictures: Path, size: int, channels: int | None) -> None:
    with pytest.raises(ValueRangeError):
        open_data(str(pictures), size, channels)


def test_cancelled(pictures: Path) -> None:
    with pytest.raises(Cancelled):
        open_data(str(pictures), cancelled=lambda: True)


def test_known_names_are_their_keys() -> None:
    assert all(name == known.name for name, known in KNOWN.items())


def test_data_set_checks_its_arrays() -> None:
    pixels = np.zeros((2, 4, 4, 1), np.uint8)
    assert len(DataSet("x", pixels)) == 2
    with pytest.raises(ValueError, match="uint8"):
        DataSet("x", pixels.astype(np.float32))
    with pytest.raises(ValueError, match="labels"):
        DataSet("x", pixels, np.zeros(3, np.int64))


def test_import_needs_no_torch_qt_or_network() -> None:
    code = (
        "import sys, latentlab.data.catalogue, latentlab.data.batches;"
        "print([name for name in ('torch', 'PySide6', 'pooch', 'requests', 'latentlab.models') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
