"""The log of a run, read back for its curves."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentlab.training.events import Losses, Progress
from latentlab.training.history import read_log
from latentlab.training.run_folder import RunFolder

LOSSES = {"Loss_D": 0.5, "Loss_G": 2.0, "D_x": 0.75, "D_G_z1": 0.25, "D_G_z2": 0.125}


def entry(kimg: float) -> Progress:
    return Progress(kimg, 0.0, Losses(**LOSSES), 100.5, 0.0)


def test_a_log_is_read_as_it_was_written(tmp_path: Path) -> None:
    for kimg in (1.0, 2.048):
        RunFolder(tmp_path).log({"kimg": kimg, "images_per_s": 100.5, **LOSSES})
    assert read_log(tmp_path) == [entry(1.0), entry(2.048)]


def test_gradients_and_rates_are_read_where_they_were_logged(tmp_path: Path) -> None:
    more = {"grad_D": 3.0, "grad_G": 4.0, "lr_D": 4e-4, "lr_G": 1e-4}
    RunFolder(tmp_path).log({"kimg": 1.0, "images_per_s": 100.5, **LOSSES, **more})
    (read,) = read_log(tmp_path)
    assert (read.losses.grad_D, read.losses.grad_G, read.lr_D, read.lr_G) == (3.0, 4.0, 4e-4, 1e-4)


def test_no_log_has_no_entries(tmp_path: Path) -> None:
    assert read_log(tmp_path) == []
    assert read_log(tmp_path / "missing") == []


@pytest.mark.parametrize("torn", [b"{", b'{"kimg": 2.0}', b"7", b"null", b"[]", b'"x"', b"\0\0", b'{"kimg": "\xc3'])
def test_what_is_no_entry_is_left_out(tmp_path: Path, torn: bytes) -> None:
    run = RunFolder(tmp_path)
    run.log({"kimg": 0.0, "images_per_s": 0.0})  # stopped before the first whole step: no losses yet
    run.log({"kimg": 1.0, "images_per_s": 100.5, **LOSSES})
    with run.log_file.open("ab") as file:
        file.write(torn)
    assert read_log(tmp_path) == [entry(1.0)]
