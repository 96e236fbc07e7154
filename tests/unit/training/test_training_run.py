"""A whole run in this process: events, files, resume after stops and crashes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch
from one_class import with_class
from PIL import Image
from safetensors.numpy import load_file
from tiny_run import CONFIG, StopAt, pictures, run

from latentlab.data.catalogue import open_data
from latentlab.errors import DataError, TrainingError
from latentlab.export.sheet import write_sheet
from latentlab.latent.priors import sample
from latentlab.models import networks
from latentlab.models.checkpoint import load_discriminator, load_generator
from latentlab.pixels import Pixels, sheet, to_pixels
from latentlab.training.config import TrainConfig
from latentlab.training.control import ByHand, Control
from latentlab.training.events import Event, Finished, Losses, Notice, Preparing, Progress, Started, Tick, Update
from latentlab.training.preparation import pick_device
from latentlab.training.run_folder import RunFolder
from latentlab.training.sheets import read_sheet

TICKS = [0.016, 0.032, 0.048]


class Killed(BaseException):
    """The process ends here."""


def log_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def logged(folder: Path) -> list[float]:
    return [entry["kimg"] for entry in log_of(folder)]


def assert_same_end(folder: Path, expected: Path) -> None:
    """Compare model and resume state of two runs, bit for bit."""
    one, other = (load_file(RunFolder(each).newest_model()) for each in (folder, expected))
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], name)
    states = [RunFolder(each).load_state() for each in (folder, expected)]
    assert leaves(states[0]) == leaves(states[1])


def leaves(value: object) -> object:
    """Turn tensors within dictionaries and lists into bytes."""
    match value:
        case dict():
            return {key: leaves(each) for key, each in value.items()}
        case list() | tuple():
            return [leaves(each) for each in value]
        case torch.Tensor():
            return str(value.dtype), tuple(value.shape), value.contiguous().numpy().tobytes()
    return value


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, images: Path) -> tuple[Path, list[Event]]:
    torch.set_num_threads(1)
    events: list[Event] = []
    folder = tmp_path_factory.mktemp("runs") / "uninterrupted"
    run(folder, replace(CONFIG, data=str(images)), emit=events.append)
    return folder, events


def test_events_come_in_order(uninterrupted: tuple[Path, list[Event]], config: TrainConfig) -> None:
    folder, events = uninterrupted
    kinds = [type(event) for event in events]
    assert kinds[0] is Preparing
    start = kinds.index(Started)
    assert set(kinds[:start]) == {Preparing}
    assert set(kinds[start + 1 : -1]) == {Progress, Tick}
    assert kinds[-1] is Finished
    assert events[start] == Started(config, folder, "cpu", 21, 0.0)
    assert events[-1] == Finished(0.048, True, folder / "model-000000.safetensors")
    assert [event.kimg for event in events if isinstance(event, Tick)] == TICKS
    shown = [event.kimg for event in events if isinstance(event, Progress)]
    assert shown == sorted(shown)
    assert shown[-1] == 0.048


def test_files(uninterrupted: tuple[Path, list[Event]], config: TrainConfig) -> None:
    folder, _ = uninterrupted
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    assert names == [
        "config.json",
        "log.jsonl",
        "model-000000.safetensors",
        "resume.pt",
        "samples",
        "samples/000000.png",
    ]
    assert TrainConfig.from_mapping(json.loads((folder / "config.json").read_text(encoding="utf-8"))) == config
    for entry, kimg in zip(log_of(folder), TICKS, strict=True):
        losses = {field.name for field in fields(Losses)}
        assert set(entry) == {"kimg", "images_per_s", "lr_D", "lr_G", "contrast", *losses}
        assert entry["kimg"] == kimg
        assert all(np.isfinite(value) for value in entry.values())
    sheet = read_sheet(folder / "samples" / "000000.png", 16)
    real = open_data(config.data, 16).pixels
    assert log_of(folder)[-1]["contrast"] == pytest.approx(float(sheet.std() / real.std()), rel=1e-5)


def eval_forward(weights: dict[str, npt.NDArray[np.float32]], spec: Any, *inputs: npt.NDArray[Any]) -> Pixels:
    with torch.inference_mode():
        return to_pixels(networks.load(networks.build(spec), weights)(*map(torch.from_numpy, inputs)).numpy())


def test_a_tick_is_the_model_as_it_is_saved(uninterrupted: tuple[Path, list[Event]], config: TrainConfig) -> None:
    folder, events = uninterrupted
    tick = [event for event in events if isinstance(event, Tick)][-1]
    saved = load_generator(tick.path)
    assert tick.path == folder / "model-000000.safetensors"
    assert tick.generator.content_hash == saved.content_hash
    assert not any(array.flags.writeable for array in tick.generator.weights.values())
    assert saved.card.kimg == 0.048
    assert saved.card.training == asdict(config) | {"device": "cpu"}
    assert (saved.card.data.name, saved.card.data.images) == ("squares", 21)
    assert saved.card.command == "latentlab train"
    assert load_discriminator(tick.path) is not None
    z = sample("normal", 64, config.z_dim, 0)
    np.testing.assert_array_equal(tick.samples, eval_forward(dict(saved.weights), saved.card.generator.network, z))
    with Image.open(folder / "samples" / "000000.png") as image:
        np.testing.assert_array_equal(np.asarray(image)[:, :, None], sheet(tick.samples, 8))


def test_snapshots_share_no_memory(uninterrupted: tuple[Path, list[Event]]) -> None:
    ticks = [event for event in uninterrupted[1] if isinstance(event, Tick)]
    first, second = ticks[0].generator.weights, ticks[1].generator.weights
    assert any((first[name] != second[name]).any() for name in first)
    assert not any(np.shares_memory(first[name], second[name]) for name in first)
    assert not np.shares_memory(ticks[0].samples, ticks[1].samples)


def test_a_run_leaves_the_global_random_streams_alone(tmp_path: Path, config: TrainConfig) -> None:
    before = torch.get_rng_state(), str(np.random.get_state())
    run(tmp_path / "run", config.resolved(batch=0, kimg=0.02))
    assert torch.equal(before[0], torch.get_rng_state())
    assert before[1] == str(np.random.get_state())


def test_a_run_that_is_there_is_refused_before_anything_is_read(tmp_path: Path, config: TrainConfig) -> None:
    folder = tmp_path / "run"
    run(folder, config)
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    events: list[Event] = []
    with pytest.raises(TrainingError, match="already holds a run"):
        run(folder, config, emit=events.append)
    assert events == []
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_resume_without_a_run(tmp_path: Path, config: TrainConfig) -> None:
    with pytest.raises(TrainingError, match="holds no run to resume"):
        run(tmp_path / "run", config, resume=True)
    assert not (tmp_path / "run").exists()


def test_bad_data_leave_no_folder(tmp_path: Path, config: TrainConfig) -> None:
    with pytest.raises(DataError, match="no such data set"):
        run(tmp_path / "run", replace(config, data=str(tmp_path / "nowhere")))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("look", range(1, 12))
def test_a_stopped_run_goes_on_to_the_same_end(
    tmp_path: Path, config: TrainConfig, uninterrupted: tuple[Path, list[Event]], look: int
) -> None:
    folder, events = tmp_path / "run", list[Event]()
    finished = run(folder, config, control=StopAt(look + 1), emit=events.append)  # the first look is before the loop
    assert events[-1] == finished == Finished(look // 2 * 0.008, False, folder / "model-000000.safetensors")
    load_generator(folder / "model-000000.safetensors")
    assert logged(folder)[-1] == finished.kimg
    assert len(set(logged(folder))) == len(logged(folder)), "a tick was counted twice"
    resumed = run(folder, config, resume=True, emit=events.append)
    assert resumed.complete
    assert [event.kimg for event in events if isinstance(event, Started)] == [0.0, finished.kimg]
    assert_same_end(folder, uninterrupted[0])
    assert len(set(logged(folder))) == len(logged(folder))


def test_stopping_again_and_again_ends_the_same(
    tmp_path: Path, config: TrainConfig, uninterrupted: tuple[Path, list[Event]]
) -> None:
    folder = tmp_path / "run"
    complete = [run(folder, config, control=StopAt(2), resume=count > 0).complete for count in range(12)]
    assert complete == [False] * 11 + [True]
    assert_same_end(folder, uninterrupted[0])
    assert logged(folder) == [0.0, 0.008, 0.016, 0.024, 0.032, 0.04, 0.048]


def test_a_stop_before_the_loop_writes_nothing(tmp_path: Path, config: TrainConfig) -> None:
    control = Control()
    control.stop()
    assert run(tmp_path / "run", config, control=control) == Finished(0.0, False, None)
    assert not (tmp_path / "run").exists()


def test_a_stop_before_the_loop_of_a_resume_changes_nothing(tmp_path: Path, config: TrainConfig) -> None:
    folder = tmp_path / "run"
    run(folder, config, control=StopAt(7))
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    control = Control()
    control.stop()
    finished = run(folder, config, control=control, resume=True)
    assert finished == Finished(0.024, False, folder / "model-000000.safetensors")
    assert before == {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_resuming_a_finished_run_finds_it_finished(
    tmp_path: Path, config: TrainConfig, uninterrupted: tuple[Path, list[Event]]
) -> None:
    folder, events = tmp_path / "run", list[Event]()
    run(folder, config)
    lines = log_of(folder)
    finished = run(folder, config, resume=True, emit=events.append)
    assert finished == Finished(0.048, True, folder / "model-000000.safetensors")
    assert not any(isinstance(event, Tick | Progress) for event in events)
    assert log_of(folder) == lines
    assert_same_end(folder, uninterrupted[0])


def test_a_finished_run_whose_model_was_deleted_writes_it_again(tmp_path: Path, config: TrainConfig) -> None:
    folder = tmp_path / "run"
    finished = run(folder, config)
    assert finished.path is not None
    before = load_generator(finished.path).content_hash
    finished.path.rename(tmp_path / "elsewhere.safetensors")
    again = run(folder, config, resume=True)
    assert again.path is not None
    assert load_generator(again.path).content_hash == before


def test_a_run_is_made_longer_but_never_shorter(tmp_path: Path, config: TrainConfig) -> None:
    # Without tick_kimg the ticks of the longer run are further apart; weights do not depend on them.
    config = config.resolved(tick_kimg=0.0, lr_end=1.0, batch=104)
    longer = config.resolved(kimg=2.1)
    run(tmp_path / "once", longer)
    run(tmp_path / "twice", config)
    finished = run(tmp_path / "twice", longer, resume=True)
    assert finished == Finished(2.184, True, tmp_path / "twice" / "model-000002.safetensors")
    assert_same_end(tmp_path / "twice", tmp_path / "once")
    assert RunFolder(tmp_path / "twice").load_config() == longer
    assert run(tmp_path / "twice", config, resume=True).kimg == 2.184
    assert RunFolder(tmp_path / "twice").load_config() == longer
    assert logged(tmp_path / "once") == [1.04, 2.08, 2.184]
    assert logged(tmp_path / "twice") == [0.104, 1.04, 2.08, 2.184]


def test_the_settings_of_a_resume_are_those_of_the_run(
    tmp_path: Path, config: TrainConfig, uninterrupted: tuple[Path, list[Event]]
) -> None:
    folder = tmp_path / "run"
    run(folder, config, control=StopAt(5))
    run(folder, TrainConfig(kimg=0.001, data="other", width=8, seed=9), resume=True)
    assert_same_end(folder, uninterrupted[0])


def killing(tick: int, place: str) -> tuple[Callable[[Event], None], Callable[[Path, Pixels], object]]:
    """Return an `emit` and a sheet writer, one of which ends the process at a tick: after the model, or after all."""
    seen = {"sheet": 0, "event": 0}

    def at(name: str) -> None:
        seen[name] += 1
        if name == place and seen[name] == tick:
            raise Killed

    def emit(event: Event) -> None:
        if isinstance(event, Tick):
            at("event")

    def sheet_writer(path: Path, pixels: Pixels) -> None:
        at("sheet")
        write_sheet(path, pixels)

    return emit, sheet_writer


@pytest.mark.parametrize("place", ["sheet", "event"])
@pytest.mark.parametrize("tick", [1, 2, 3])
def test_a_crash_within_a_tick_goes_on_to_the_same_end(
    tmp_path: Path, config: TrainConfig, uninterrupted: tuple[Path, list[Event]], tick: int, place: str
) -> None:
    folder = tmp_path / "run"
    emit, sheet_writer = killing(tick, place)
    with pytest.raises(Killed):
        run(folder, config, emit=emit, sheet=sheet_writer)
    run(folder, config, resume=True)
    assert_same_end(folder, uninterrupted[0])
    assert logged(folder) == TICKS, "each tick has one line"


def test_a_crash_between_model_and_state_does_not_leave_a_model_of_the_future(
    tmp_path: Path, config: TrainConfig
) -> None:
    folder = tmp_path / "run"
    config = config.resolved(kimg=2.5, tick_kimg=1.0, batch=100)
    emit, sheet_writer = killing(2, "sheet")
    with pytest.raises(Killed):
        run(folder, config, emit=emit, sheet=sheet_writer)
    assert (folder / "model-000002.safetensors").exists()
    finished = run(folder, config, resume=True, control=StopAt(4))
    assert finished.kimg == 1.1
    assert finished.path == folder / "model-000001.safetensors"
    assert not (folder / "model-000002.safetensors").exists()


def test_a_run_killed_before_its_first_tick_begins_again(
    tmp_path: Path, config: TrainConfig, uninterrupted: tuple[Path, list[Event]]
) -> None:
    def emit(event: Event) -> None:
        if isinstance(event, Started):
            raise Killed

    folder = tmp_path / "run"
    with pytest.raises(Killed):
        run(folder, config, emit=emit)
    assert RunFolder(folder).load_state() is not None
    (folder / "resume.pt").unlink()  # as if it had been killed a moment earlier
    run(folder, config, resume=True)
    assert_same_end(folder, uninterrupted[0])


def test_a_state_that_does_not_fit_its_config(tmp_path: Path, config: TrainConfig) -> None:
    folder = tmp_path / "run"
    run(folder, config)
    before = (folder / "resume.pt").read_bytes()
    (folder / "config.json").write_text(replace(config, width=8).to_json(), encoding="utf-8")
    with pytest.raises(TrainingError) as refusal:
        run(folder, config, resume=True)
    assert str(refusal.value) == f"{folder / 'resume.pt'}: does not fit its config.json: it belongs to other networks"
    assert (folder / "resume.pt").read_bytes() == before


def test_other_data_are_refused(tmp_path: Path, config: TrainConfig) -> None:
    data, folder = tmp_path / "data", tmp_path / "run"
    data.mkdir()
    for number, picture in enumerate(pictures(9)):
        Image.fromarray(picture[:, :, 0]).save(data / f"{number}.png")
    run(folder, replace(config, data=str(data)))
    (data / "0.png").unlink()
    with pytest.raises(DataError, match="holds 8 pictures, the run to be resumed was trained on 9"):
        run(folder, config.resolved(kimg=1.0), resume=True)


def test_weights_that_are_not_finite_are_not_saved(tmp_path: Path, config: TrainConfig) -> None:
    folder = tmp_path / "run"
    run(folder, config, control=StopAt(7))
    files = ("resume.pt", "model-000000.safetensors", "log.jsonl")
    before = [(folder / name).read_bytes() for name in files]
    state = RunFolder(folder).load_state()
    assert state is not None
    state["G"]["1.weight"].fill_(3e38)
    RunFolder(folder).save_state(state)
    before[0] = (folder / "resume.pt").read_bytes()
    with pytest.raises(TrainingError, match=r"no longer finite\. Lower lr in its config\.json"):
        run(folder, config, resume=True)
    assert [(folder / name).read_bytes() for name in files] == before


class FakeTime:
    """A clock on which each reading takes a tenth of a second."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        self.now += 0.1
        return self.now


class HeldOnce(Control):
    """Is paused at one look, for a thousand seconds."""

    def __init__(self, time: FakeTime) -> None:
        super().__init__(self._read)
        self._time, self._look = time, 0

    def checkpoint(self, by_hand: ByHand | None = None) -> bool:
        self._look += 1
        if self._look == 5:
            self.pause()
        return super().checkpoint(by_hand)

    def _read(self) -> float:
        if self.paused:
            self.go_on()
            return self._time.now
        self._time.now += 1000.0
        return self._time.now


def test_a_pause_does_not_count_for_the_speed(
    tmp_path: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    time = FakeTime()
    control = HeldOnce(time)
    monkeypatch.setattr("latentlab.training.run.time", time)
    events: list[Event] = []
    run(tmp_path / "run", config, control=control, emit=events.append)
    assert control.held_s == 1000.0
    last = [event for event in events if isinstance(event, Progress)][-1]
    assert last.images_per_s == pytest.approx(config.batch / 0.1)


def test_the_batch_is_chosen_once_and_kept(tmp_path: Path, config: TrainConfig) -> None:
    folder, events = tmp_path / "run", list[Event]()
    run(folder, config.resolved(batch=0, kimg=0.2), control=StopAt(3), emit=events.append)
    assert Preparing("Choosing the batch size") in events
    batch = RunFolder(folder).load_config().batch
    assert 4 <= batch <= 64
    assert batch & (batch - 1) == 0
    events.clear()
    run(folder, config, resume=True, emit=events.append)
    assert [event.config.batch for event in events if isinstance(event, Started)] == [batch]
    assert Preparing("Choosing the batch size") not in events


def test_devices() -> None:
    assert pick_device("cpu") == torch.device("cpu")
    assert pick_device("auto").type in ("cpu", "cuda", "mps")
    for name in ("tpu", "", "cpu:x"):
        with pytest.raises(TrainingError, match="is not a device"):
            pick_device(name)


def test_a_gpu_of_a_number_that_is_not_there_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert pick_device("cuda:1") == torch.device("cuda", 1)
    with pytest.raises(TrainingError, match="cuda:2: is not available: this machine has 2, counted from 0"):
        pick_device("cuda:2")


def test_a_chosen_batch_has_the_parts_that_were_asked_for(tmp_path: Path, config: TrainConfig) -> None:
    folder = tmp_path / "run"
    run(folder, config.resolved(batch=0, accumulate=3, kimg=0.02))
    assert RunFolder(folder).load_config().batch % 6 == 0


def test_a_run_from_another_kind_of_device_says_that_it_goes_on_otherwise(tmp_path: Path, config: TrainConfig) -> None:
    folder, events = tmp_path / "run", list[Event]()
    run(folder, config, control=StopAt(5))
    state = RunFolder(folder).load_state()
    assert state is not None
    RunFolder(folder).save_state(state | {"device": "cuda", "stream": torch.zeros(16, dtype=torch.uint8)})
    assert run(folder, config, resume=True, emit=events.append).complete
    notices = [event.text for event in events if isinstance(event, Notice)]
    assert notices == ["Begun on another kind of device: on cpu it goes on with other random numbers, not bit for bit."]


@pytest.mark.skipif(torch.cuda.is_available(), reason="has CUDA")
def test_a_device_that_is_not_there() -> None:
    with pytest.raises(TrainingError, match="cuda: is not available on this machine"):
        pick_device("cuda")


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with 12 pictures in each of two sub-folders: dark ones and bright ones."""
    folder = tmp_path_factory.mktemp("classes")
    for label, shade in (("bright", 230), ("dark", 30)):
        (folder / label).mkdir()
        for number in range(12):
            Image.new("L", (16, 16), shade + number).save(folder / label / f"{number:02d}.png")
    return folder


def test_a_conditional_run_keeps_its_classes(tmp_path: Path, config: TrainConfig, classes: Path) -> None:
    folder, events = tmp_path / "run", list[Event]()
    config = replace(config, data=str(classes), conditional=True)
    finished = run(folder, config, emit=events.append)
    assert finished.path is not None
    saved = load_generator(finished.path)
    assert saved.card.generator.classes == 2
    assert saved.card.class_names == ("bright", "dark")
    tick = [event for event in events if isinstance(event, Tick)][-1]
    z = sample("normal", 64, config.z_dim, 0)
    for y in range(2):
        one = with_class(saved, y)
        drawn = eval_forward(dict(one.weights), one.card.generator.network, z, np.zeros(64, np.int64))
        np.testing.assert_array_equal(tick.samples[y::2], drawn[y::2])
    critic = load_discriminator(finished.path)
    assert critic is not None
    assert "0.table" in critic[1]


def test_a_conditional_run_learns_its_classes(tmp_path: Path, config: TrainConfig, classes: Path) -> None:
    config = replace(config, data=str(classes), conditional=True, kimg=2.0, tick_kimg=2.0, width=8, lr_end=1.0)
    events: list[Event] = []
    run(tmp_path / "run", config, emit=events.append)
    samples = [event for event in events if isinstance(event, Tick)][-1].samples
    assert samples[0::2].mean() > samples[1::2].mean() + 50, "bright, dark, bright, dark"


def test_a_run_with_a_class_term_draws_of_z_alone(tmp_path: Path, config: TrainConfig, classes: Path) -> None:
    finished = run(tmp_path / "run", replace(config, data=str(classes), class_weight=1.0))
    assert finished.path is not None
    card, critic = load_generator(finished.path).card, load_discriminator(finished.path)
    assert (card.generator.classes, card.class_names) == (0, ())
    assert critic is not None
    assert critic[0].shapes()[-1] == (2,)


@pytest.mark.parametrize("changes", [{"conditional": True}, {"class_weight": 1.0}])
def test_a_run_by_class_needs_classes(tmp_path: Path, config: TrainConfig, changes: dict[str, Any]) -> None:
    with pytest.raises(DataError, match="has no classes to train by"):
        run(tmp_path / "run", replace(config, **changes))
    assert not (tmp_path / "run").exists()


def test_a_spectral_critic_is_saved_as_it_acts(tmp_path: Path, config: TrainConfig) -> None:
    finished = run(tmp_path / "run", replace(config, critic_norm="spectral", loss="hinge"))
    assert finished.path is not None
    critic = load_discriminator(finished.path)
    assert critic is not None
    kernels = [array.reshape(len(array), -1) for array in critic[1].values() if array.ndim == 4]
    assert [np.linalg.svd(each, compute_uv=False)[0] for each in kernels] == pytest.approx(
        [1.0] * len(kernels), abs=0.1
    )


def test_the_threads_of_a_run_are_those_of_its_resume(tmp_path: Path, config: TrainConfig) -> None:
    folder, events = tmp_path / "run", list[Event]()
    torch.set_num_threads(2)
    run(folder, replace(config, threads=0), control=StopAt(5))
    assert RunFolder(folder).load_config().threads == 2
    torch.set_num_threads(1)
    run(folder, config, resume=True, emit=events.append)
    assert torch.get_num_threads() == 2
    assert [event.config.threads for event in events if isinstance(event, Started)] == [2]


def test_began_logs_its_measure_of_convergence(tmp_path: Path, config: TrainConfig) -> None:
    run(tmp_path / "run", replace(config, loss="began", gamma=0.7))
    for entry in log_of(tmp_path / "run"):
        expected = entry["D_x"] + abs(0.7 * entry["D_x"] - entry["D_G_z1"])
        assert entry["convergence"] == pytest.approx(expected, rel=1e-5)
        assert 0.0 <= entry["k"] <= 1.0


# Updates by hand


class ByHandAt(Control):
    """Is paused at one look of the loop; D is updated by hand there, and the run stopped."""

    def __init__(self, look: int) -> None:
        super().__init__()
        self._left = look

    def checkpoint(self, by_hand: ByHand | None = None) -> bool:
        if by_hand is not None:
            self._left -= 1
            if not self._left:
                self.pause()
                by_hand("D")
                self.stop()
        return super().checkpoint(by_hand)


def test_what_was_updated_by_hand_at_a_tick_is_kept(tmp_path: Path, config: TrainConfig) -> None:
    events: list[Event] = []
    run(tmp_path / "run", config, control=ByHandAt(4), emit=events.append)
    assert [type(event) for event in events[-3:]] == [Tick, Update, Finished]
    update = events[-2]
    assert isinstance(update, Update)
    assert update.player == "D"
    assert update.samples.shape == (64, 16, 16, 1)
    assert set(update.values) >= {"Loss_D", "D_x", "D_G_z1"}
    run(tmp_path / "stopped", config, control=StopAt(5))
    with pytest.raises(AssertionError):
        assert_same_end(tmp_path / "run", tmp_path / "stopped")
    assert logged(tmp_path / "run") == TICKS[:1]
