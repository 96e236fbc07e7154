"""The files of a run: refused where they must be, whole at any time, and not too many."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tiny_run import CONFIG, new_state, train_on

from latentlab.errors import LatentlabError, OutputError, TrainingError
from latentlab.paths import replacing
from latentlab.training.run_folder import KEEP_EVERY, RunFolder
from latentlab.training.run_folder_names import can_resume, holds_run

STATE = {"images": 8, "pending_z": None}


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    """Return a run that was just begun."""
    run = RunFolder(tmp_path / "run")
    run.create(CONFIG)
    return run


@pytest.fixture(autouse=True)
def no_leftovers(tmp_path: Path) -> Iterator[None]:
    yield
    hidden = [name for _, folders, files in os.walk(tmp_path) for name in folders + files if name.startswith(".")]
    assert hidden == [], "a temporary file was left behind"


def assert_one_line(error: LatentlabError, path: Path) -> None:
    text = str(error)
    assert len(text.splitlines()) == 1, text
    assert text.startswith(f"{path}: ")
    assert len(text) < len(str(path)) + 120, text


def test_a_run_is_begun_once(run: RunFolder) -> None:
    assert holds_run(run.folder)
    assert not can_resume(run.folder)
    assert run.load_config() == CONFIG
    assert run.samples.is_dir()
    with pytest.raises(TrainingError, match=r"already holds a run\. Add --resume") as refusal:
        run.create(CONFIG)
    assert_one_line(refusal.value, run.folder)


@pytest.mark.parametrize("name", ["log.jsonl", "model-000012.safetensors"])
def test_remains_of_a_run_are_not_mixed_with_another(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    with pytest.raises(TrainingError, match="remains of a run"):
        RunFolder(tmp_path).create(CONFIG)


def test_a_folder_of_other_things_is_fine(tmp_path: Path) -> None:
    (tmp_path / "model-best.safetensors").touch()
    (tmp_path / "notes.txt").touch()
    RunFolder(tmp_path).create(CONFIG)
    assert RunFolder(tmp_path).newest_model() is None


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    with pytest.raises(OutputError):
        RunFolder(tmp_path / "run").create(CONFIG)
    with pytest.raises(TrainingError, match="holds no run to resume"):
        RunFolder(tmp_path / "run").load_config()


@pytest.mark.parametrize("folder", [".", "missing"])
def test_no_run_to_resume(tmp_path: Path, folder: str) -> None:
    with pytest.raises(TrainingError, match="holds no run to resume") as refusal:
        RunFolder(tmp_path / folder).load_config()
    assert_one_line(refusal.value, tmp_path / folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"7", b"\xff\xfe\x00", b'{"width": -1}', b'{"width": "wide"}', b'{"batch": 2.5}'],
)
def test_a_damaged_config(run: RunFolder, content: bytes) -> None:
    run.config_file.write_bytes(content)
    with pytest.raises(TrainingError, match="is damaged") as refusal:
        run.load_config()
    assert_one_line(refusal.value, run.config_file)


def test_a_config_that_cannot_be_read(run: RunFolder) -> None:
    run.config_file.unlink()
    run.config_file.mkdir()
    with pytest.raises(TrainingError, match="cannot be read") as refusal:
        run.load_config()
    assert_one_line(refusal.value, run.config_file)


def test_the_state_comes_back(run: RunFolder) -> None:
    assert run.load_state() is None
    run.save_state(STATE)
    assert run.load_state() == STATE
    assert can_resume(run.folder)


def pickled(value: object) -> bytes:
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


def damaged_states() -> dict[str, bytes]:
    whole = pickled({"format": 1, **new_state().to_dict()})
    middle = len(whole) // 2
    return {
        "empty": b"",
        "text": b"not a state",
        "half": whole[:middle],
        "flipped": whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :],
        "zeros": bytes(len(whole)),
        "an object": pickled({"format": 1, "path": Path("x")}),
    }


@pytest.mark.parametrize("kind", list(damaged_states()))
def test_a_damaged_state(run: RunFolder, kind: str) -> None:
    run.resume_file.write_bytes(damaged_states()[kind])
    with pytest.raises(TrainingError, match="is damaged") as refusal:
        run.load_state()
    assert_one_line(refusal.value, run.resume_file)


@pytest.mark.parametrize("value", [{"format": 2}, {}, [1], torch.zeros(3)])
def test_a_state_of_another_format(run: RunFolder, value: object) -> None:
    run.resume_file.write_bytes(pickled(value))
    with pytest.raises(TrainingError, match="format that this version does not know") as refusal:
        run.load_state()
    assert_one_line(refusal.value, run.resume_file)


def test_a_missing_state_beside_models(run: RunFolder) -> None:
    run.model_file(12_000).touch()
    with pytest.raises(TrainingError, match="is missing, so the run cannot go on") as refusal:
        run.load_state()
    assert_one_line(refusal.value, run.resume_file)


def test_a_state_that_cannot_be_written_leaves_the_one_before(run: RunFolder) -> None:
    run.save_state(STATE)

    class Unwritable:
        def __reduce__(self) -> str:
            raise RuntimeError("unexpected pos 64 vs 0\nframe #0: and so on")

    with pytest.raises(OutputError, match=r"cannot be written: unexpected pos 64 vs 0$"):
        run.save_state({"images": 16, "more": Unwritable()})
    assert run.load_state() == STATE


def test_a_log_that_cannot_be_written(run: RunFolder) -> None:
    run.log_file.mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        run.log({"kimg": 1.0})


def logged(run: RunFolder) -> list[float]:
    return [json.loads(line)["kimg"] for line in run.log_file.read_text(encoding="utf-8").splitlines()]


def test_the_log_has_one_line_a_tick(run: RunFolder) -> None:
    for kimg in (1.0, 2.0):
        run.log({"kimg": kimg, "Loss_D": 0.5})
    assert logged(run) == [1.0, 2.0]
    assert run.log_file.read_text(encoding="utf-8").endswith("\n")


@pytest.mark.parametrize("torn", ["", "{", '{"kimg": 3.0, "Loss', '{"kimg": 3.0}', "7", "null", '"x"', "\0\0\0"])
def test_lines_beyond_the_state_and_half_lines_are_dropped(run: RunFolder, torn: str) -> None:
    for kimg in (1.024, 2.048, 3.008):
        run.log({"kimg": kimg})
    with run.log_file.open("a", encoding="utf-8") as file:
        file.write(torn)
    run.recover(2048)
    assert logged(run) == [1.024, 2.048]


def test_a_line_is_dropped_even_if_torn_within_a_character(run: RunFolder) -> None:
    run.log_file.write_bytes(b'{"kimg": 1.0}\n{"kimg": 2.0, "x": "\xc3')
    run.recover(5000)
    assert logged(run) == [1.0]


def test_what_a_killed_process_left_is_removed(run: RunFolder) -> None:
    keep = [run.model_file(1000), run.model_file(2500), run.sheet_file(2500), run.folder / "model-best.safetensors"]
    drop = [run.model_file(3000), run.sheet_file(3000)]
    for target in (run.model_file(3000), run.sheet_file(3000), run.resume_file, run.config_file, run.log_file):
        with replacing(target) as temporary:
            drop.append(temporary)
    run.save_config(CONFIG)
    for path in keep + drop:
        path.touch()
    run.recover(2500)
    assert all(path.exists() for path in keep)
    assert not any(path.exists() for path in drop)
    assert run.newest_model() == run.model_file(2500)


def models_after(run: RunFolder, ticks: list[int]) -> list[set[int]]:
    """Go through ticks at these thousands of images; return what is there after each."""
    history = []
    for kimg in ticks:
        run.model_file(kimg * 1000).touch()
        run.log({"kimg": float(kimg)})
        run.prune_models()
        history.append({int(path.stem[6:]) for path in run.folder.glob("model-[0-9]*.safetensors")})
    return history


@pytest.mark.parametrize("spacing", [1, 7])
def test_the_newest_the_first_and_every_tenth_model_stay(run: RunFolder, spacing: int) -> None:
    ticks = list(range(spacing, 35 * spacing + 1, spacing))
    for count, there in enumerate(models_after(run, ticks), 1):
        assert there == {*ticks[:count:KEEP_EVERY], ticks[count - 1]}


def test_what_was_kept_stays_when_the_ticks_move_apart(run: RunFolder) -> None:
    ticks = [*range(1, 26), *range(30, 300, 20)]
    history = models_after(run, ticks)
    for before, after, newest in zip(history, history[1:], ticks, strict=False):
        assert before - {newest} <= after
    assert history[-1] == {*ticks[::KEEP_EVERY], ticks[-1]}


def test_what_was_kept_stays_after_a_crash(run: RunFolder) -> None:
    before = models_after(run, list(range(1, 25)))[-1]
    with run.log_file.open("a", encoding="utf-8") as file:
        file.write('{"kimg": 25')
    run.model_file(25_000).touch()
    run.recover(24_000)
    assert models_after(run, list(range(25, 35)))[-1] == before - {24} | {31, 34}


def test_models_that_no_tick_wrote_are_not_touched(run: RunFolder) -> None:
    mine = run.folder / "model-best.safetensors"
    mine.touch()
    copied = run.model_file(999_000)
    copied.touch()
    models_after(run, list(range(1, 25)))
    assert mine.exists()
    assert copied.exists()


def test_a_saved_run_is_read_by_a_weights_only_unpickler(run: RunFolder) -> None:
    state = train_on(new_state())
    run.save_state(state.to_dict())
    resumed = new_state()
    saved = run.load_state()
    assert saved is not None
    resumed.restore(saved)
    assert resumed.images == state.images
