"""Train with two gloo processes as torchrun starts them, and compare with one process that takes the same half-batches.

    python tests/benchmarks/two_replicas.py [--steps 10] [--option=--r1=1 …]

Prints one line of JSON: how far G and D lie apart after the steps, relative to their length, for each of their tensors
the most; and in which tensors a pair that was stopped by a signal to one of them, and resumed, differs from a pair that
was left alone. D's running statistics are averaged when it stops, once more than otherwise: they differ by rounding.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import socket
import tempfile
from pathlib import Path

import torch
from forked import Child, draw_squares, wait_for

from latentlab.training.run_folder import RunFolder

SETTINGS = ("--size", "16", "--width", "4", "--z-dim", "5", "--batch", "8", "--seed", "3", "--threads", "1")
LONG_KIMG = 0.4


class Runs:
    """Starts one process or two on the same data."""

    def __init__(self, folder: Path, options: list[str]) -> None:
        self._folder, self._options = folder, options
        self._data = draw_squares(folder / "data")

    def words(self, name: str, kimg: float, *more: str) -> list[str]:
        """Return the command line of a run."""
        out, length = str(self._folder / name), ["--kimg", str(kimg), "--tick-kimg", "0.1", "--device", "cpu"]
        return ["train", "--data", str(self._data), "--out", out, *SETTINGS, *length, *self._options, *more]

    def pair(self, name: str, kimg: float, *more: str) -> list[Child]:
        """Start two processes that know of each other."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        children = []
        for rank in range(2):
            who = {"RANK": str(rank), "LOCAL_RANK": str(rank), "WORLD_SIZE": "2"}
            where = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
            log = self._folder / f"{name}-{rank}.txt"
            children.append(Child(self.words(name, kimg, *more), log, who | where))
        return children

    def alone(self, name: str, kimg: float, *more: str) -> Child:
        """Start one process."""
        return Child(self.words(name, kimg, *more), self._folder / f"{name}.txt")

    def state(self, name: str) -> dict[str, torch.Tensor]:
        """Read the weights, and what BatchNorm gathered, at the end of a run."""
        saved = RunFolder(self._folder / name).load_state()
        assert saved is not None
        return {f"{net}.{key}": value for net in ("G", "D", "G_ema") for key, value in saved[net].items()}


def distance(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> float:
    """Return the largest relative distance of two networks' tensors; statistics of batches are left out."""
    weights = [name for name in one if not name.endswith(("running_mean", "running_var", "num_batches_tracked"))]
    return max(float((one[name] - other[name]).norm() / other[name].norm()) for name in weights)


def is_equal(name: str, one: torch.Tensor, other: torch.Tensor) -> bool:
    """Whether two tensors are the same, bit for bit but for D's running statistics."""
    if name.startswith("D.") and "running" in name:
        return torch.allclose(one, other, rtol=1e-5, atol=1e-7)
    return torch.equal(one, other)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--option", action="append", default=[], help="of latentlab train")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="latentlab-replicas-"))
    os.environ["XDG_STATE_HOME"] = str(folder)
    runs, kimg = Runs(folder, arguments.option), arguments.steps * 8 / 1000.0
    codes = [child.wait() for child in runs.pair("pair", kimg)]
    codes.append(runs.alone("alone", kimg, "--accumulate", "2").wait())
    codes.append(runs.alone("whole", kimg).wait())
    codes += [child.wait() for child in runs.pair("long", LONG_KIMG)]
    children, log = runs.pair("stopped", LONG_KIMG), RunFolder(folder / "stopped").log_file
    wait_for(lambda: log.exists() and log.stat().st_size > 0)
    children[1].tell(signal.SIGTERM)
    codes += [child.wait() for child in children]
    stopped_at = RunFolder(folder / "stopped").load_state()
    codes += [child.wait() for child in runs.pair("stopped", LONG_KIMG, "--resume")]
    if any(codes):
        raise SystemExit("\n".join(path.read_text(errors="replace")[-2000:] for path in sorted(folder.glob("*.txt"))))
    pair, long, stopped = (runs.state(name) for name in ("pair", "long", "stopped"))
    print(
        json.dumps(
            {
                "pair_to_halves": distance(pair, runs.state("alone")),
                "pair_to_whole": distance(pair, runs.state("whole")),
                "stopped_at_images": stopped_at["images"] if stopped_at else None,
                "resumed_differs_in": [name for name in stopped if not is_equal(name, stopped[name], long[name])],
            }
        )
    )
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
