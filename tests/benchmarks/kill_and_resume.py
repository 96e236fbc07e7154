"""Kill ``latentlab train`` at random moments, resume it, and compare its end with that of a run left alone.

    python tests/benchmarks/kill_and_resume.py [--kills 50] [--seed 0] [--kimg 3] [--option=--loss=wgan-gp …]

A run is killed (SIGKILL), resumed and killed again until it comes to its end; then the next one begins, until there
were as many kills. After each kill every file of the run must be whole, and no more than one tick may be lost; at the
end all weights and the whole resume state must be those of the undisturbed run, bit for bit. Prints one line of JSON;
exits with 1 where anything was found.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from forked import Child, draw_squares
from PIL import Image
from safetensors.numpy import load_file

from latentlab.models.checkpoint import load_generator
from latentlab.training.run_folder import RunFolder
from latentlab.training.run_folder_names import holds_run

TICK_KIMG = 0.2
SETTINGS = ("--size", "16", "--width", "4", "--z-dim", "5", "--batch", "8", "--seed", "3", "--threads", "1")


class Runs:
    """Starts the same command again and again, in one folder or another."""

    def __init__(self, folder: Path, kimg: float, options: list[str]) -> None:
        self.log = folder / "output.txt"
        self._data = draw_squares(folder / "data")
        self._rest = [*SETTINGS, "--kimg", str(kimg), "--tick-kimg", str(TICK_KIMG), "--device", "cpu", *options]

    def start(self, out: Path) -> Child:
        """Begin a run, or go on with it where there is one."""
        resume = ["--resume"] if holds_run(out) else []
        return Child(["train", "--data", str(self._data), "--out", str(out), *self._rest, *resume], self.log)


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


def contents(out: Path) -> dict[str, Any]:
    """Read all that a finished run left, but for speeds."""
    run = RunFolder(out)
    entries = [json.loads(line) for line in run.log_file.read_text(encoding="utf-8").splitlines()]
    models = {path.name: path for path in sorted(out.glob("model-*.safetensors"))}
    return {
        "files": sorted(path.relative_to(out).as_posix() for path in out.rglob("*")),
        "log": [entry["kimg"] for entry in entries],
        "models": {
            name: {key: array.tobytes() for key, array in load_file(path).items()} for name, path in models.items()
        },
        "state": leaves(run.load_state()),
    }


def troubles(out: Path) -> list[str]:
    """Look at what a killed process left: every file must be whole but the log's last line, and the state not old."""
    if not holds_run(out):
        return []
    run, found = RunFolder(out), []
    try:
        run.load_config()
        state = run.load_state()
        images = 0 if state is None else int(state["images"])
        for path in out.glob("model-*.safetensors"):
            load_generator(path)
        for path in run.samples.glob("[0-9]*.png"):
            with Image.open(path) as image:
                image.load()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return [f"{type(error).__name__}: {error}"]
    text = run.log_file.read_text(encoding="utf-8") if run.log_file.exists() else ""
    kimg = [json.loads(line)["kimg"] for line in text.splitlines(keepends=True) if line.endswith("\n")]
    if kimg and kimg[-1] * 1000 - images > TICK_KIMG * 1000 + 8:
        found.append(f"the log is at {kimg[-1]} kimg, the state at {images} images")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kimg", type=float, default=3.0, help="length of a run")
    parser.add_argument("--option", action="append", default=[], help="of latentlab train, for example --option=--r1=1")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="latentlab-kills-"))
    os.environ["XDG_STATE_HOME"] = str(folder)
    runs, moments = Runs(folder, arguments.kimg, arguments.option), random.Random(arguments.seed)
    reference, out = folder / "reference", folder / "run"
    begin = time.monotonic()
    code = runs.start(reference).wait()
    duration = time.monotonic() - begin
    found = [] if code == 0 else [f"the undisturbed run ended with {code}"]
    kills = ends = early = 0
    while not found and (kills < arguments.kills or out.exists()):
        child = runs.start(out)
        if kills < arguments.kills and child.wait(moments.uniform(0.0, 0.7 * duration)) is None:
            child.tell(signal.SIGKILL)
        if child.wait() == -signal.SIGKILL:
            kills += 1
            early += not (out / "resume.pt").exists()
            found += troubles(out)
        else:
            found += check_end(child.code, out, reference)
            ends += 1
            shutil.rmtree(out, ignore_errors=True)
    print(json.dumps({"kills": kills, "before_the_first_state": early, "ends_compared": ends, "found": found}))
    if found:
        print(runs.log.read_text(errors="replace")[-2000:], file=sys.stderr)
        print(f"kept in {folder}", file=sys.stderr)
        sys.exit(1)
    shutil.rmtree(folder)


def check_end(code: int | None, out: Path, reference: Path) -> list[str]:
    """Compare a run that came to its end with the undisturbed one."""
    if code:
        return [f"a resumed run ended with {code}"]
    one, other = contents(out), contents(reference)
    return [f"{name} differs from the undisturbed run's" for name in one if one[name] != other[name]]


if __name__ == "__main__":
    main()
