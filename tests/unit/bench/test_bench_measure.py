"""Samples: summed up, and taken in turns."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from latentlab.bench.measure import Spread, interleaved, timed_ms


def test_a_spread_sums_up() -> None:
    spread = Spread.of([float(value) for value in range(101)][::-1])
    assert spread == Spread(p50=50.0, p95=95.0, low=0.0, high=100.0, count=101)
    assert Spread.of([3.0]) == Spread(3.0, 3.0, 3.0, 3.0, 1)


def test_nothing_has_no_spread() -> None:
    with pytest.raises(ValueError, match="no samples"):
        Spread.of([])


def test_contenders_take_turns_and_the_first_changes() -> None:
    order: list[str] = []

    def turn(name: str) -> Callable[[], list[float]]:
        def take() -> list[float]:
            order.append(name)
            return [float(len(order)), 0.5]

        return take

    samples = interleaved({"a": turn("a"), "b": turn("b")}, rounds=3, warm_up=1)
    assert order == ["b", "a", "a", "b", "b", "a", "a", "b"]
    assert samples == {"a": [3.0, 0.5, 6.0, 0.5, 7.0, 0.5], "b": [4.0, 0.5, 5.0, 0.5, 8.0, 0.5]}


def test_calls_are_timed_one_by_one_after_the_warm_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [0.0]
    monkeypatch.setattr("latentlab.bench.measure.time.perf_counter", lambda: clock[0])
    calls: list[int] = []

    def run() -> None:
        calls.append(len(calls))
        clock[0] += 0.001 * len(calls)

    assert timed_ms(run, calls=3, warm_up=2) == pytest.approx([3.0, 4.0, 5.0])
    assert len(calls) == 5
