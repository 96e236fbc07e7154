"""Verdicts on runs: made-up series that are what they are called, and the logs of real runs."""

from __future__ import annotations

import math
from pathlib import Path
from types import MappingProxyType

import pytest

from latentlab.training.health import APART, FALLEN, LONG, PALE, SURE, Verdict, Word, judge
from latentlab.training.run_log import Entry, RunLog

LOGS = Path(__file__).parent / "logs"
"""Logs of runs of this application (MNIST at 32x32 for 3000 kimg; the first ticks of faces at 64x64), rounded."""

HEALTHY = {
    "Loss_D": 0.9,
    "Loss_G": 1.6,
    "D_x": 0.7,
    "D_G_z1": 0.3,
    "spread": 0.22,
    "contrast": 1.0,
    "change": 0.05,
    "grad_D": 15.0,
    "grad_G": 8.0,
}


def series(ticks: int = 12, **last: float) -> list[Entry]:
    """Make a healthy run that wobbles, whose last three ticks have these values."""
    entries = []
    for tick in range(ticks):
        wobble = 1.0 + 0.03 * math.sin(2.0 * tick) - 0.004 * tick
        values = {name: value * wobble for name, value in HEALTHY.items()}
        if tick >= ticks - 3:
            values |= last
        entries.append(Entry(10.0 * (tick + 1), MappingProxyType(values)))
    return entries


@pytest.mark.parametrize(
    ("word", "last"),
    [
        ("balanced", {}),
        ("d-wins", {"D_x": 0.97, "D_G_z1": 0.03, "Loss_D": 0.06}),
        ("g-wins", {"D_x": 0.52, "D_G_z1": 0.48}),
        ("collapsing", {"spread": 0.1}),
        ("collapsing", {"diversity": 0.3}),
        ("diverging", {"Loss_D": 3.5}),
        ("diverging", {"grad_G": 250.0}),
        ("diverging", {"Loss_G": math.nan}),
        ("diverging", {"Loss_D": math.inf}),
        ("plateau", {"change": 0.002}),
        ("fading", {"contrast": 0.8}),
    ],
)
def test_a_run_is_called_what_it_is(word: Word, last: dict[str, float]) -> None:
    entries = series(14, **last)
    if word == "plateau":  # a standstill takes five ticks
        entries = [*entries[:9], *(with_values(entry, **last) for entry in entries[9:])]
    verdict = judge(entries)
    assert verdict.word == word
    assert verdict.evidence
    assert "\n" not in verdict.sentence + verdict.advice
    assert (verdict.advice == "") == (word == "balanced")


def with_values(entry: Entry, **values: float) -> Entry:
    return Entry(entry.kimg, MappingProxyType({**entry.values, **values}))


@pytest.mark.parametrize(
    ("measured", "word"),
    [
        ([0.2, 0.3, 0.4], "balanced"),  # young, and getting more varied
        ([0.3], "balanced"),
        ([0.4, 0.4], "balanced"),
        ([0.4, 0.3, 0.2], "collapsing"),
        ([0.9, 0.9, 0.8, 0.4], "collapsing"),
        ([0.3, 0.3, 0.9], "balanced"),
    ],
)
def test_little_variety_is_a_collapse_where_it_does_not_rise(measured: list[float], word: Word) -> None:
    entries = series(14)
    behind = entries[-len(measured) :]
    judged = [with_values(entry, diversity=value) for entry, value in zip(behind, measured, strict=True)]
    assert judge([*entries[: -len(measured)], *judged]).word == word


@pytest.mark.parametrize(
    ("contrasts", "word"),
    [
        ([0.3, 0.4, 0.5, 0.6, 0.7], "balanced"),  # young, and getting there
        ([0.8] * 9, "balanced"),
        ([0.8] * LONG, "fading"),  # never got there
        ([1.0] * 6 + [0.84] * 3, "fading"),
        ([1.0] * 6 + [PALE + 0.01] * 3, "balanced"),
        ([0.86] * 6 + [0.84] * 3, "balanced"),
    ],
)
def test_pale_samples_fade_where_their_contrast_falls_or_never_comes(contrasts: list[float], word: Word) -> None:
    entries = series(len(contrasts))
    judged = [with_values(entry, contrast=value) for entry, value in zip(entries, contrasts, strict=True)]
    assert judge(judged).word == word


@pytest.mark.parametrize("ticks", [0, 1, 2])
def test_two_ticks_are_too_few(ticks: int) -> None:
    assert judge(series(ticks)).word == "early"


def test_the_graver_verdict_is_given() -> None:
    both = series(D_x=0.97, D_G_z1=0.03, spread=0.05)
    assert judge(both).word == "collapsing"
    assert judge([*both[:-1], with_values(both[-1], Loss_G=math.nan)]).word == "diverging"


@pytest.mark.parametrize(
    ("just", "word"),
    [({"D_x": SURE + 0.01, "D_G_z1": 0.09}, "d-wins"), ({"D_x": SURE - 0.01, "D_G_z1": 0.09}, "balanced")],
)
def test_d_wins_from_its_threshold_on(just: dict[str, float], word: Word) -> None:
    assert judge(series(**just)).word == word


@pytest.mark.parametrize(("gap", "word"), [(APART - 0.01, "g-wins"), (APART + 0.01, "balanced")])
def test_g_wins_from_its_threshold_on(gap: float, word: Word) -> None:
    assert judge(series(D_x=0.5 + gap, D_G_z1=0.5)).word == word


@pytest.mark.parametrize(("share", "word"), [(FALLEN - 0.03, "collapsing"), (FALLEN + 0.03, "balanced")])
def test_samples_collapse_from_their_threshold_on(share: float, word: Word) -> None:
    assert judge(series(spread=share * HEALTHY["spread"])).word == word


def test_a_gradient_that_was_always_long_is_no_alarm() -> None:
    entries = [with_values(entry, grad_D=150.0) for entry in series(12)]
    assert judge(entries).word == "balanced"
    assert judge([*entries[:-3], *(with_values(entry, grad_D=2000.0) for entry in entries[-3:])]).word == "diverging"


def test_one_varied_sheet_does_not_make_the_others_poor() -> None:
    entries = series(14)
    entries[4] = with_values(entries[4], spread=0.5)
    assert judge(entries).word == "balanced"


def test_other_objectives_are_not_judged_by_what_looks_like_probabilities() -> None:
    scores = series(D_x=0.97, D_G_z1=0.03, Loss_D=3.5)
    assert judge(scores, "bce").word == "diverging"
    assert judge(scores, "wgan-gp").word == "balanced"
    runaway = [*series(12), *(with_values(entry, Loss_D=-60.0 * k) for k, entry in enumerate(series(3), start=1))]
    runaway = [Entry(10.0 * (tick + 1), entry.values) for tick, entry in enumerate(runaway)]
    assert judge(runaway, "wgan-gp").word == "diverging"


def test_level_curves_are_a_plateau_and_sloping_ones_are_not() -> None:
    level = [Entry(float(tick), MappingProxyType(HEALTHY)) for tick in range(LONG)]
    assert judge(level).word == "plateau"
    sloping = [with_values(entry, Loss_G=1.6 - 0.01 * tick) for tick, entry in enumerate(level)]
    assert judge(sloping).word == "balanced"


def test_ticks_that_were_cut_short_are_no_standstill() -> None:
    entries = series(14)
    short = [with_values(entries[-1], change=0.001)] * 4
    cut = [*entries, *(Entry(141.0 + number, entry.values) for number, entry in enumerate(short))]
    assert judge(cut).word == "balanced"


def test_the_frechet_distance_says_when_to_stop_and_where() -> None:
    distances = [9.0, 6.0, 4.0, 4.5, 4.2, 4.6, 4.4, 4.8]
    entries = [with_values(entry, frechet=value) for entry, value in zip(series(8), distances, strict=True)]
    verdict = judge(entries)
    assert verdict.word == "plateau"
    assert verdict.advice == "Stop, and take the model of 30 kimg."
    better = [*entries[:-1], with_values(entries[-1], frechet=3.9)]
    assert judge(better).word == "balanced"


def test_what_is_not_logged_is_not_judged_by() -> None:
    bare = [Entry(float(tick), MappingProxyType({"Loss_D": 1.0, "Loss_G": 1.0})) for tick in range(4)]
    verdict = judge(bare)
    assert verdict.word == "balanced"
    assert "nan" not in verdict.sentence
    assert not any(math.isnan(value) for _, value in verdict.evidence)


def at(entries: tuple[Entry, ...], kimg: float) -> Verdict:
    return judge([entry for entry in entries if entry.kimg <= kimg])


def test_the_real_digits_are_judged_as_they_went() -> None:
    """D won from 850 kimg on, R1 brought it back at 1000, and at 3000 nothing moved any more."""
    entries = RunLog(LOGS / "digits.jsonl").read()
    assert len(entries) == 61
    words = {entry.kimg: at(entries, entry.kimg).word for entry in entries}
    assert {kimg for kimg, word in words.items() if word == "d-wins"} == {850.0, 900.0, 950.0, 1000.0}
    assert words[1050.0] == "balanced"
    assert words[2950.0] == "balanced"
    assert words[3000.0] == "plateau"
    assert set(words.values()) == {"early", "balanced", "d-wins", "plateau"}
    assert "93 %" in at(entries, 950.0).sentence


def test_the_real_faces_are_balanced_from_their_third_tick_on() -> None:
    entries = RunLog(LOGS / "faces.jsonl").read()
    assert [at(entries, entry.kimg).word for entry in entries] == ["early"] * 2 + ["balanced"] * 6


def test_a_tick_without_figures_is_passed_over() -> None:
    """A run that is resumed one step before a tick has none there."""
    entries = series()
    entries[-1] = Entry(entries[-1].kimg, MappingProxyType({"images_per_s": 0.0}))
    verdict = judge(entries, "bce")
    assert verdict.word == "balanced"
    assert "nan" not in verdict.sentence
    assert all(math.isfinite(value) for _, value in verdict.evidence)
