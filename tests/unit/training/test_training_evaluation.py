"""Evaluations of a run: when they are due, what becomes of them, and what a run survives of theirs."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tiny_run import CONFIG, ignore, run, write_folder

from latentlab.errors import Cancelled, DataError
from latentlab.latent.priors import sample
from latentlab.models import networks
from latentlab.models.checkpoint import load_generator
from latentlab.pixels import Pixels, to_pixels
from latentlab.training.config import TrainConfig
from latentlab.training.control import Control
from latentlab.training.evaluation import Draw, Evaluate, Told
from latentlab.training.events import Event, Notice, Preparing, Tick
from latentlab.training.run_folder import RunFolder
from latentlab.training.run_log import RunLog


class Examiner:
    """Makes a judge that draws one picture and gives it a grade."""

    def __init__(self, on_told: Callable[[], None] = lambda: None) -> None:
        self.made = 0
        self.drawn: list[Pixels] = []
        self._on_told = on_told

    def __call__(self, config: TrainConfig, classes: int, told: Told) -> Evaluate:
        self.made += 1
        told(0.0)
        assert config.batch
        assert classes == 0
        return self._judge

    def _judge(self, draw: Draw, told: Told) -> Mapping[str, Any]:
        self._on_told()
        told(0.5)
        self.drawn.append(draw(sample("normal", 2, CONFIG.z_dim, 7), None))
        grade = 10.0 - len(self.drawn)
        return {"frechet": {"value": grade, "error": 0.5, "pictures": 2}, "space": "none", "against": "nothing"}


@pytest.fixture
def config(tmp_path: Path) -> TrainConfig:
    return CONFIG.resolved(data=str(write_folder(tmp_path / "data")), evaluate_kimg=0.02)


def log_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


def test_a_run_is_judged_at_the_ticks_after_every_so_many_images_and_at_its_end(
    tmp_path: Path, config: TrainConfig
) -> None:
    examiner, events = Examiner(), list[Event]()
    run(tmp_path / "run", config, emit=events.append, make_evaluate=examiner)
    assert examiner.made == 1
    # Ticks at 16, 32 and 48 images; 20 and 40 lie before the last two.
    assert ["frechet" in entry for entry in log_of(tmp_path / "run")] == [False, True, True]
    assert [entry.get("frechet") for entry in RunLog(tmp_path / "run" / "log.jsonl").read()][1:] == [9.0, 8.0]
    ticks = [event for event in events if isinstance(event, Tick)]
    assert [dict(tick.generator.card.metrics) for tick in ticks] == [{}, {"frechet": 9.0}, {"frechet": 8.0}]
    assert {event.what for event in events if isinstance(event, Preparing)} >= {"Evaluating"}
    made = load_generator(ticks[-1].path)
    assert made.card.metrics == {"frechet": 8.0}
    assert made.card.training["evaluation"]["against"] == "nothing"
    network = networks.load(networks.build(made.card.generator.network), made.weights)
    with torch.inference_mode():
        expected = to_pixels(network(torch.from_numpy(sample("normal", 2, CONFIG.z_dim, 7))).numpy())
    assert np.array_equal(examiner.drawn[-1], expected), "the saved model is what was judged"


def test_the_weights_do_not_depend_on_evaluations(tmp_path: Path, config: TrainConfig) -> None:
    run(tmp_path / "judged", config, make_evaluate=Examiner())
    run(tmp_path / "plain", config.resolved(evaluate_kimg=0.0), make_evaluate=lambda *_: pytest.fail("none is wanted"))
    judged, plain = (load_generator(RunFolder(tmp_path / name).newest_model()) for name in ("judged", "plain"))
    for name, weights in judged.weights.items():
        np.testing.assert_array_equal(weights, plain.weights[name], name)


def test_a_run_that_is_gone_on_with_is_judged_where_it_would_have_been(tmp_path: Path, config: TrainConfig) -> None:
    control = Control()

    def emit(event: Event) -> None:
        if isinstance(event, Tick):
            control.stop()

    run(tmp_path / "run", config, control=control, emit=emit, make_evaluate=Examiner())
    run(tmp_path / "run", config, resume=True, make_evaluate=Examiner())
    assert ["frechet" in entry for entry in log_of(tmp_path / "run")] == [False, True, True]


def test_a_stop_calls_an_evaluation_off_and_keeps_the_tick(tmp_path: Path, config: TrainConfig) -> None:
    control = Control()
    finished = run(tmp_path / "run", config, control=control, make_evaluate=Examiner(control.stop))
    assert not finished.complete
    assert [entry["kimg"] for entry in log_of(tmp_path / "run")] == [0.016, 0.032]
    assert "frechet" not in log_of(tmp_path / "run")[-1]


def test_a_pause_within_an_evaluation_is_counted_once(tmp_path: Path, config: TrainConfig) -> None:
    now = 0.0

    class Paused(Control):
        """Is paused at the first look of the judge and goes on an hour later."""

        def __init__(self) -> None:
            super().__init__(clock=self.look)

        def look(self) -> float:
            nonlocal now
            now += 3600.0 if self.paused else 0.0
            self.go_on()
            return now

    control = Paused()
    held: list[float] = []

    def pause() -> None:
        control.pause()
        held.append(control.held_s)

    run(tmp_path / "run", config.resolved(evaluate_kimg=0.045), control=control, make_evaluate=Examiner(pause))
    assert control.held_s - held[0] < 60.0, "an hour of a clock that the evaluation does not look at"


def test_data_that_cannot_be_judged_by_do_not_end_the_run(tmp_path: Path, config: TrainConfig) -> None:
    def make(*_: object) -> Evaluate:
        raise DataError("pictures", "21 pictures are too few to judge by", "It takes 200.")

    events = list[Event]()
    assert run(tmp_path / "run", config, emit=events.append, make_evaluate=make).complete
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert len(notices) == 1
    assert "goes on without evaluations" in notices[0]
    assert "too few to judge by" in notices[0]


def test_an_evaluation_that_is_called_off_is_no_error(tmp_path: Path, config: TrainConfig) -> None:
    def make(*_: object) -> Evaluate:
        raise Cancelled

    assert run(tmp_path / "run", config, emit=ignore, make_evaluate=make).complete
