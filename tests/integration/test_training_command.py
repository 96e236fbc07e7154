"""``latentlab train`` as a process of its own: killed, interrupted and resumed, it comes to the same end."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.numpy import load_file

from latentlab.export.sheet import write_sheet
from latentlab.models.checkpoint import find_model, load_generator
from latentlab.training.config import TrainConfig
from latentlab.training.control import Control
from latentlab.training.events import Finished
from latentlab.training.run import run_training

DEADLINE_S = 60.0
KILLS = 5
TICK_KIMG, KIMG = 0.2, 2.1
SETTINGS = {"size": 16, "width": 4, "z_dim": 5, "batch": 8, "tick_kimg": TICK_KIMG, "seed": 3}


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of 40 grey squares of 16x16."""
    folder = tmp_path_factory.mktemp("data")
    numbers = np.random.RandomState(1)
    for number in range(40):
        picture = np.zeros((16, 16), np.uint8)
        top, left = numbers.randint(0, 10, 2)
        picture[top : top + 6, left : left + 6] = numbers.randint(128, 256)
        Image.fromarray(picture).save(folder / f"{number:02d}.png")
    return folder


@contextmanager
def training(images: Path, out: Path, *more: str, file_limit: int | None = None) -> Iterator[subprocess.Popen[str]]:
    """Start the command; whatever happens, nothing is left running."""
    settings = [word for name, value in SETTINGS.items() for word in (f"--{name.replace('_', '-')}", str(value))]
    words = ["train", "--data", str(images), "--kimg", str(KIMG), "--out", str(out), *settings, *more]
    home = {"XDG_STATE_HOME": str(out.parent), "OMP_NUM_THREADS": "1"}

    def limit() -> None:
        if file_limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

    process = subprocess.Popen(
        [sys.executable, "-m", "latentlab", *words, "--threads", "1", "--device", "cpu"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | home,
        preexec_fn=limit,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def wait_for(process: subprocess.Popen[str], reached: Callable[[], bool]) -> None:
    """Wait until something is so, while the process is alive."""
    deadline = time.monotonic() + DEADLINE_S
    while not reached():
        assert time.monotonic() < deadline, "it takes too long"
        try:
            process.wait(0.001)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(f"it ended early: {process.communicate()[1]}")


def logged(out: Path) -> list[float]:
    """Return the kimg of each whole line of the log."""
    if not (out / "log.jsonl").exists():
        return []
    lines = (out / "log.jsonl").read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line)["kimg"] for line in lines if line.endswith("\n")]


def run_here(images: Path, out: Path, *, resume: bool = False) -> Finished:
    torch.set_num_threads(1)
    return run_training(
        TrainConfig(data=str(images), kimg=KIMG, **SETTINGS),  # type: ignore[arg-type]
        out,
        resume={} if resume else None,
        device="cpu",
        control=Control(),
        emit=lambda _: None,
        write_sheet=write_sheet,
    )


@pytest.fixture(scope="module")
def uninterrupted(images: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "uninterrupted"
    before = torch.get_num_threads()
    assert run_here(images, out) == Finished(2.104, True, out / "model-000002.safetensors")
    torch.set_num_threads(before)
    return out


def assert_same_model(out: Path, expected: Path) -> None:
    one, other = (load_file(find_model(each)) for each in (out, expected))
    assert one.keys() == other.keys()
    assert any(name.startswith("D.") for name in one)
    for name, array in one.items():
        np.testing.assert_array_equal(array, other[name], name)


def files_of(out: Path) -> set[str]:
    return {path.relative_to(out).as_posix() for path in out.rglob("*")}


def test_killed_again_and_again_it_comes_to_the_same_end(tmp_path: Path) -> None:
    """Five kills at random moments; the benchmark of the same name does fifty."""
    script = Path(__file__).parents[1] / "benchmarks" / "kill_and_resume.py"
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(tmp_path)}
    words = [sys.executable, str(script), "--kills", str(KILLS), "--kimg", "1"]
    done = subprocess.run(words, capture_output=True, text=True, env=environment, timeout=4 * DEADLINE_S)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert (result["kills"], result["found"]) == (KILLS, [])
    assert result["ends_compared"] >= 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_and_keeps_the_run(
    tmp_path: Path, images: Path, uninterrupted: Path, number: signal.Signals
) -> None:
    out = tmp_path / "run"
    with training(images, out, "--json") as process:
        wait_for(process, lambda: len(logged(out)) >= 1)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 0, stderr
    assert "Traceback" not in stderr
    result = json.loads(stdout)
    assert not result["complete"]
    assert TICK_KIMG <= result["kimg"] < KIMG
    assert stderr.splitlines()[-1] == f"stopped at {result['kimg']:.1f} kimg; go on with --resume"
    model = load_generator(Path(result["model"]))
    assert model.card.kimg == logged(out)[-1] == result["kimg"]
    assert model.card.command.startswith("latentlab train --data ")
    assert not any(path.name.startswith(".") for path in out.rglob("*"))
    assert run_here(images, out, resume=True).complete
    assert_same_model(out, uninterrupted)


def test_a_full_disk_is_told_in_one_line_and_leaves_no_half_file(tmp_path: Path, images: Path) -> None:
    out = tmp_path / "run"
    with training(images, out, file_limit=8192) as process:
        _, stderr = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 1
    assert stderr.splitlines()[-1].startswith(f"latentlab: {out / 'resume.pt'}: cannot be written: ")
    assert "Traceback" not in stderr
    assert files_of(out) == {"config.json", "samples"}
