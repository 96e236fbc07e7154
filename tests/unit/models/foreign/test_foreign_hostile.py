"""Hostile files: no code of theirs runs, nothing crashes, memory stays bounded, and every refusal is one line."""

from __future__ import annotations

import pickle
import random
import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hostile_files import lies, malicious, mutated, originals

from latentlab.errors import ModelFileError
from latentlab.models.foreign.opening import open_foreign

MUTATIONS = 300
MAX_BYTES = 2**28


def refusal_of(path: Path) -> str:
    """Open a file; return the line that refuses it, or nothing if it opens."""
    try:
        open_foreign(path)
    except ModelFileError as refusal:
        return str(refusal)
    return ""


def is_one_line(text: str) -> bool:
    return "\n" not in text and "\r" not in text and 10 < len(text) < 800


def test_the_originals_open(tmp_path: Path) -> None:
    for name, raw in originals().items():
        (tmp_path / name).write_bytes(raw)
        spec = open_foreign(tmp_path / name).best.card.generator
        assert (spec.z_dim, spec.width, spec.channels) == (6, 32, 1), name


def test_damaged_files_open_or_are_refused_in_one_line(tmp_path: Path) -> None:
    source, kinds = random.Random(7), list(originals().items())
    outcomes: Counter[bool] = Counter()
    for number in range(MUTATIONS):
        name, raw = kinds[number % len(kinds)]
        path = tmp_path / name
        path.write_bytes(mutated(raw, source))
        line = refusal_of(path)
        assert not line or is_one_line(line), (number, line)
        outcomes[bool(line)] += 1
    # Some damage is harmless, most is not.
    assert outcomes[True] > MUTATIONS / 3
    assert outcomes[False] > 5


# In archives of torch's the second, larger end record counts.
OPENS_ALL_THE_SAME = {
    "cyclic.pt",
    "cyclic.pkl",
    "large.pt",
    "directory size.pt",
    "directory offset.pt",
    "entries.pt",
}


def test_files_that_lie_are_refused_within_bounds(tmp_path: Path) -> None:
    for name, raw in lies().items():
        path = tmp_path / name.replace("/", "_")
        path.write_bytes(raw)
        del raw
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        line = refusal_of(path)
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown * 1024 < MAX_BYTES, (name, grown)
        if name in OPENS_ALL_THE_SAME:
            continue
        assert is_one_line(line), (name, line)


def test_what_the_file_holds_is_what_the_refusal_says(tmp_path: Path) -> None:
    expected = {
        "nan.pt": "not finite: the training has diverged",
        "negative variances.pt": "holds negative variances",
        "bomb of a storage.pt": "would grow to",
        "beyond its storage True.pt": "reaches to number 6 of a storage of 4",
        "larger than memory False.pt": "shows 1099511627776 numbers of a storage of 4",
        "marks.pkl": "nested deeper than",
        "endless.pkl": "more than 500000 instructions",
    }
    made = lies()
    for name, words in expected.items():
        (tmp_path / name).write_bytes(made[name])
        assert words in refusal_of(tmp_path / name)


UNPICKLE = "import pickle, sys; pickle.load(open(sys.argv[1], 'rb'))"


def test_malicious_files_run_nothing(tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    made = malicious(canary)
    assert len(made) >= 50
    for name, raw in made.items():
        path = tmp_path / "payload.pth"
        path.write_bytes(raw)
        line = refusal_of(path)
        assert not canary.exists(), name
        assert not line or is_one_line(line), (name, line)


@pytest.mark.parametrize("name", ["os.system.pkl", "builtins.eval.pkl", "inst.pkl", "stack global.pkl"])
def test_the_malicious_files_would_run_in_another_reader(name: str, tmp_path: Path) -> None:
    canary = tmp_path / "canary"
    (tmp_path / "payload").write_bytes(malicious(canary)[name])
    subprocess.run([sys.executable, "-c", UNPICKLE, str(tmp_path / "payload")], capture_output=True, check=False)
    assert canary.exists()


def test_a_file_that_calls_is_still_a_generator(tmp_path: Path) -> None:
    # What it would call is a stub; its tensors are as good as any.
    canary = tmp_path / "canary"
    (tmp_path / "x.pth").write_bytes(malicious(canary)["os.system.pth"])
    assert open_foreign(tmp_path / "x.pth").best.card.generator.width == 32
    assert not canary.exists()


def test_names_are_never_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = b"\x80\x02cantigravity\nfly\n)R." + pickle.dumps(None)
    (tmp_path / "x.pkl").write_bytes(raw)
    monkeypatch.delitem(sys.modules, "antigravity", raising=False)
    assert "holds objects of antigravity.fly" in refusal_of(tmp_path / "x.pkl")
    assert "antigravity" not in sys.modules
