"""Budgets decided, and figures worded."""

from __future__ import annotations

import json
import math

import pytest

from latentlab.bench.measure import Spread
from latentlab.bench.report import Budget, Figure, Found, number, ratio


def figure(name: str, *samples: float) -> Figure:
    return Figure(name, "ms", Spread.of(samples))


@pytest.mark.parametrize(
    ("value", "at_least", "met"),
    [(6.0, False, True), (6.1, False, False), (6.0, True, True), (5.9, True, False), (math.nan, True, False)],
)
def test_a_budget_is_met_up_to_its_limit(value: float, at_least: bool, met: bool) -> None:
    assert Budget("x", value, 6.0, "ms", at_least).met is met


def test_no_number_meets_no_budget_and_is_null_in_json() -> None:
    budget = Budget("x", math.nan, 6.0, "ms")
    assert not budget.met
    assert json.loads(json.dumps(budget.to_json(), allow_nan=False))["value"] is None


def test_a_ratio_divides_medians() -> None:
    ours, other = figure("ours", 2.0, 3.0, 10.0), figure("other", 6.0, 6.0)
    times = ratio("time", ours, other, 0.4)
    assert (times.value, times.met, times.figure, times.alternative) == (0.5, False, "3.00 ms", "6.00 ms")
    speed = ratio("speed", ours, other, 0.9, at_least=True, inverse=True)
    assert (speed.value, speed.met) == (2.0, True)


def test_a_part_is_worded_in_aligned_tables() -> None:
    ours, other = figure("latentlab", 2.0, 3.0, 10.0), figure("by hand", 1600.0)
    budgets = (ratio("launch", ours, other, 0.4), Budget("p95", 9.3, 8.0, "ms", idle_machine=True))
    lines = Found("Start", (ours, other), budgets, {"platform": "offscreen"}, ("one note",)).lines()
    assert lines[0] == "Start"
    table = lines[1:4]
    assert [line.split() for line in table[1:]] == [
        ["latentlab", "3.00", "ms", "9.30", "ms", "2.00", "ms", "10.0", "ms", "3"],
        ["by", "hand", *["1,600", "ms"] * 4, "1"],
    ]
    assert len({line.index("ms") for line in table[1:]}) == 1
    assert lines[5].split() == ["launch", "3.00", "ms", "1,600", "ms", "0.002", "x", "<=", "0.40", "x", "met"]
    assert lines[6].endswith("missed (limit of an idle machine)")
    assert lines[7:] == ["  window on Qt's platform offscreen", "  one note"]


def test_a_part_is_written_as_json() -> None:
    found = Found("Start", (figure("latentlab", 2.0, 3.0),), (Budget("p95", 9.0, 8.0, "ms"),), {"frames": 8})
    data = json.loads(json.dumps(found.to_json()))
    assert data["figures"] == [
        {"name": "latentlab", "unit": "ms", "note": "", "p50": 2.5, "p95": 2.95, "low": 2.0, "high": 3.0, "count": 2}
    ]
    (budget,) = data["budgets"]
    assert {key: budget[key] for key in ("name", "value", "limit", "unit", "met")} == {
        "name": "p95",
        "value": 9.0,
        "limit": 8.0,
        "unit": "ms",
        "met": False,
    }
    assert data["facts"] == {"frames": 8}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.00"),
        (0.0123, "0.012"),
        (0.4, "0.40"),
        (9.949, "9.95"),
        (9.96, "10.0"),
        (999.0, "999.0"),
        (1234.5, "1,234"),
    ],
)
def test_numbers_keep_about_three_figures(value: float, text: str) -> None:
    assert number(value) == text
