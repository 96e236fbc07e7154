"""Processes of their own: answers come back, failures in one line, and nothing of the user's is touched."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from latentlab.bench.isolation import Bench, Worker
from latentlab.bench.subject import Subject
from latentlab.errors import LatentlabError
from latentlab.models.checkpoint import Generator, save_model


@pytest.fixture
def bench(tmp_path: Path, small_generator: Callable[..., Generator]) -> Bench:
    made = small_generator()
    path = tmp_path / "small.safetensors"
    save_model(path, made.card, made.weights)
    return Bench(Subject.from_file(path), True, tmp_path, "offscreen", lambda _: None)


def test_every_child_has_folders_of_its_own_and_shares_the_cache(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    first, second = bench.environment(), bench.environment()
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
        assert first[name] != second[name]
        assert tmp_path in Path(first[name]).parents
    assert first["XDG_CACHE_HOME"] == second["XDG_CACHE_HOME"]
    assert first["QT_QPA_PLATFORM"] == "offscreen"
    assert "OMP_NUM_THREADS" not in first


def test_a_worker_answers_until_it_is_closed(bench: Bench) -> None:
    with Worker(bench, "contender", name="latentlab") as worker:
        for calls in (2, 3):
            answer = worker.ask(batch=4, calls=calls, warm_up=1)
            assert len(answer["ms"]) == calls
            assert min(answer["ms"]) > 0.0
        process = worker._process
    assert process.returncode == 0


def test_the_matrix_product_is_measured(bench: Bench) -> None:
    with Worker(bench, "contender", name="") as worker:
        assert worker.ask(seconds=0.05)["gflops"] > 0.0


def test_a_worker_that_fails_is_told_of_in_one_line(bench: Bench) -> None:
    with Worker(bench, "contender", name="no such") as worker, pytest.raises(LatentlabError) as caught:
        worker.ask(batch=1, calls=1, warm_up=0)
    assert str(caught.value) == "bench contender: its process ended with 1: KeyError: 'no such'"


def test_a_child_that_fails_is_told_of_in_one_line(bench: Bench) -> None:
    with pytest.raises(LatentlabError, match=r"bench nobody: its process ended with 1: .*No module named") as caught:
        bench.ask("nobody")
    assert "\n" not in str(caught.value)


def test_a_child_that_takes_too_long_is_ended(bench: Bench) -> None:
    with pytest.raises(LatentlabError, match=r"bench contender: gave no answer within 0\.01 s"):
        bench.ask("contender", timeout_s=0.01, name="latentlab")
