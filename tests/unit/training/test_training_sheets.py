"""Fixed-z sheets, read back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latentlab.errors import TrainingError
from latentlab.export.sheet import write_sheet
from latentlab.training.sheets import change, read_sheet, spread


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("told", [True, False])
def test_a_sheet_is_read_as_it_was_written(tmp_path: Path, channels: int, told: bool) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (64, 16, 16, channels), np.uint8)
    path = write_sheet(tmp_path / "000001.png", pictures)
    assert np.array_equal(read_sheet(path, 16 if told else 0), pictures)


def test_half_a_sheet_is_refused_in_one_line(tmp_path: Path) -> None:
    pictures = np.random.default_rng(0).integers(0, 256, (64, 16, 16, 3), np.uint8)
    path = write_sheet(tmp_path / "000001.png", pictures)
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], b"", b"no picture"):
        path.write_bytes(content)
        with pytest.raises(TrainingError, match=r"000001\.png: cannot be read"):
            read_sheet(path, 16)
    path.unlink()
    with pytest.raises(TrainingError, match="cannot be read"):
        read_sheet(path, 16)


def test_a_sheet_of_other_pictures_is_refused(tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "000001.png", np.zeros((64, 16, 16, 1), np.uint8))
    with pytest.raises(TrainingError, match="no sheet of pictures of 24 px"):
        read_sheet(path, 24)


def test_spread_is_the_deviation_over_the_pictures() -> None:
    pictures = np.zeros((2, 1, 2, 1), np.uint8)
    pictures[0, 0, 0], pictures[1, 0, 0] = 255, 0  # deviation 1/2 in one of two pixels
    assert spread(pictures) == pytest.approx(np.sqrt(0.5**2 / 2))
    assert spread(pictures[:1]) == 0.0


def test_change_is_the_distance_that_the_same_z_moved() -> None:
    before = np.zeros((2, 1, 2, 1), np.uint8)
    after = before.copy()
    after[1, 0, 1] = 51  # a fifth of the grey scale in one of four pixels
    assert change(before, after) == pytest.approx(0.2 / 2)
    assert change(after, after) == 0.0
