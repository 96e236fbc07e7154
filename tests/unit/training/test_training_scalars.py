"""TensorBoard scalars: the log of a run, once more."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from tiny_run import CONFIG, run, write_folder

from latentlab.errors import TrainingError
from latentlab.training import scalars
from latentlab.training.run_log import RunLog
from latentlab.training.scalars import ScalarLog


def test_without_the_package_a_run_says_so_before_it_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scalars, "find_spec", lambda _: None)
    with pytest.raises(TrainingError, match="tensorboard: is not installed"):
        run(tmp_path / "run", CONFIG.resolved(data=str(write_folder(tmp_path / "data")), tensorboard=True))
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(find_spec("tensorboard") is None, reason="needs the package tensorboard")
def test_every_line_of_the_log_is_written_over_the_images_shown(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = tmp_path / "run"
    run(folder, CONFIG.resolved(data=str(write_folder(tmp_path / "data")), tensorboard=True))
    found = EventAccumulator(str(folder / scalars.FOLDER))
    found.Reload()
    entries = RunLog(folder / "log.jsonl").read()
    losses = found.Scalars("loss/Loss_D")
    assert [event.step for event in losses] == [16, 32, 48]
    assert [event.value for event in losses] == pytest.approx([entry.get("Loss_D") for entry in entries])
    assert {"loss/Loss_G", "D's output/D_x", "gradient norm/grad_G", "learning rate/lr_D", "run/images_per_s"} <= set(
        found.Tags()["scalars"]
    )


@pytest.mark.skipif(find_spec("tensorboard") is None, reason="needs the package tensorboard")
def test_figures_with_an_error_are_written_as_their_value(tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = ScalarLog(tmp_path)
    log.add({"kimg": 1.0, "frechet": {"value": 2.5, "error": 0.1}, "space": "words are left out"}, 1000)
    log.close()
    found = EventAccumulator(str(tmp_path / scalars.FOLDER))
    found.Reload()
    assert [(event.step, event.value) for event in found.Scalars("run/frechet")] == [(1000, 2.5)]
