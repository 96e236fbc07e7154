"""Two gloo processes train as one does; what they agree on without a network is in the unit tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

DEADLINE_S = 240.0


def test_two_processes_take_the_steps_of_one_with_two_halves(tmp_path: Path) -> None:
    """Ten steps, BatchNorm per half, gradients averaged; a stop of one stops both, and a resume is bit-equal."""
    script = Path(__file__).parents[1] / "benchmarks" / "two_replicas.py"
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TMPDIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, env=environment, timeout=DEADLINE_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    assert result["pair_to_halves"] < 1e-5
    assert result["pair_to_whole"] > 1e-2, "BatchNorm sees half a batch at a time, or the comparison sees nothing"
    assert 100 <= result["stopped_at_images"] < 400
    assert result["resumed_differs_in"] == []
