"""How a run is doing, in words with their evidence: a pure function of the last ticks of its log.

The verdicts are rules of thumb, stated so that they can be argued with: every threshold is a constant with its source.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from latentlab.training.run_log import Entry

Word = Literal["early", "balanced", "d-wins", "g-wins", "collapsing", "diverging", "plateau", "fading"]

RECENT = 3
"""Ticks that a verdict on the present is the mean of; fewer in all are too few for any."""

LONG = 10
"""Ticks that a verdict on a standstill looks back on."""

SURE = 0.9
"""D is winning where D(x) is above this and D(G(z)) below its complement.

A perfect D has nothing to teach: its gradient for G vanishes (Arjovsky & Bottou 2017, arXiv:1701.04862, theorem 2.4).
Loss_D is then below 0.21. The digits of this application reached it at 850 kimg; with R1 from there on they got better.
"""

APART = 0.1
"""G is winning where D(x) exceeds D(G(z)) by less.

At the optimum of the game both are 0.5 (Goodfellow et al. 2014, arXiv:1406.2661, theorem 1); in practice D that tells
so little apart has lost count rather than met its match, and its gradient is noise.
"""

FALLEN = 0.75
"""Samples collapse where their spread falls below this share of the best that it held for five ticks.

On the logs of healthy runs kept here (digits, 61 ticks) it stays within 3 % after the second tick.
"""

ALIKE = 0.02
"""Below this spread, five grey levels of 255, all samples look the same."""

LESS_VARIED = 0.5
"""Samples collapse where their diversity, over that of real pictures, is below this and does not rise.

Only where the run measures it, three times at least: a young G varies little without having collapsed.
Mode collapse: Goodfellow 2016, arXiv:1701.00160, section 5.1.1; Salimans et al. 2016, arXiv:1606.03498, section 3.2.
"""

PALE = 0.85
"""Samples fade where their contrast, over that of real pictures, is below this and was clearly higher, or stays there.

Seen here: faces trained for 560 kimg with BatchNorm in D, which sees real and made batches apart, fell to 0.78 from 220
kimg on, to the eye grey, with all losses in balance; digits under wgan-gp with layer normalisation never got there.
"""

WORSE_THAN_CHANCE = 4.0 * math.log(2.0)
"""A cross-entropy Loss_D twice that of a D that guesses, 2 log 2 (Goodfellow et al. 2014, theorem 1)."""

STEEP = 100.0
"""Gradient norm at which "things are screwing up" (Chintala et al. 2016, "How to train a GAN", tip 10).

Some runs are healthy above it: it must have jumped there, too.
"""

RUNAWAY = 10.0
"""Times its usual size at which a gradient, or a loss without bounds, has run away."""

STILL = 0.06
"""The fixed z stand still where a tick changes their pictures by less than this share of the samples' spread."""

LEVEL = 0.02
"""Relative change over `LONG` ticks below which a curve is level."""

PATIENCE = 5
"""Measurements of the Fréchet distance without a better one after which it stands still."""

_AS_EVER = 0.97
_CLEARLY_LESS = 0.95

_BOUNDED = ("bce",)
"""Objectives whose D gives probabilities."""


@dataclass(frozen=True)
class Verdict:
    """How a run is doing.

    Attributes:
        word: The verdict.
        title: The same as people say it.
        sentence: What it means here, with the figures that say so.
        evidence: Those figures by name.
        advice: What to do about it, a sentence; empty where there is nothing to do.
    """

    word: Word
    title: str
    sentence: str
    evidence: tuple[tuple[str, float], ...] = ()
    advice: str = ""


def judge(entries: Sequence[Entry], loss: str = "bce") -> Verdict:
    """Judge a run by the last ticks of its log.

    Args:
        entries: In order; named as ``log.jsonl`` names them, with ``spread`` and ``change`` of the fixed-z sheet where
            they were measured. What is missing is not judged by.
        loss: The objective; only where D gives probabilities can its balance with G be read from them.

    Returns:
        The gravest of what is found: diverging, collapsing, fading, D or G winning, plateau; balanced where there is
        nothing.
    """
    if len(entries) and (found := _not_finite(entries[-1])):
        return found
    if len(entries) < RECENT:
        count = {0: "No tick yet", 1: "One tick so far"}.get(len(entries), f"{len(entries)} ticks so far")
        return Verdict("early", "Too early to tell", f"{count}; the third brings a verdict.")
    bounded = loss in _BOUNDED
    wins = _one_wins(entries) if bounded else None
    for found in (_diverging(entries, bounded), _collapsing(entries), _fading(entries), wins):
        if found is not None:
            return found
    return _plateau(entries) or _balanced(entries, bounded)


def _not_finite(last: Entry) -> Verdict | None:
    for name in ("Loss_D", "Loss_G", "grad_D", "grad_G"):
        if name in last.values and not math.isfinite(last.get(name)):
            return Verdict(
                "diverging",
                "Diverging",
                f"{name} is no longer a number.",
                ((name, last.get(name)),),
                "Go on from the last good tick with a lower learning rate.",
            )
    return None


def _diverging(entries: Sequence[Entry], bounded: bool) -> Verdict | None:
    advice = "Stop; begin anew with a lower learning rate, or with R1."
    for name in ("grad_D", "grad_G"):
        norm, usual = _recent(entries, name), _usual(np.abs(_values(entries, name)))
        if norm > max(STEEP, RUNAWAY * usual):
            sentence = f"The gradient of {name[-1]} has grown to {norm:.0f} from {usual:.3g}."
            return Verdict("diverging", "Diverging", sentence, ((name, norm), (f"{name} before", usual)), advice)
    fooled = _recent(entries, "Loss_D")
    if bounded and fooled > WORSE_THAN_CHANCE:
        sentence = f"Loss_D is {fooled:.2f}; a D that only guessed would have 1.39."
        return Verdict("diverging", "Diverging", sentence, (("Loss_D", fooled),), advice)
    if not bounded:
        for name in ("Loss_D", "Loss_G"):
            sizes = np.abs(_values(entries, name))
            now, usual = float(sizes[-RECENT:].mean()), _usual(sizes)
            if now > RUNAWAY * max(usual, 1.0) and sizes[-1] > sizes[-RECENT]:
                sentence = f"{name} has grown to {now:.3g} from {usual:.3g}."
                return Verdict("diverging", "Diverging", sentence, ((name, now), (f"{name} before", usual)), advice)
    return None


def _collapsing(entries: Sequence[Entry]) -> Verdict | None:
    advice = "Stop; begin anew with a lower learning rate, R1 or augmentation."
    varied = _values(entries, "diversity")
    varied = varied[np.isfinite(varied)]
    if len(varied) >= RECENT and varied[-1] < LESS_VARIED and varied[-1] <= varied[-RECENT]:
        sentence = f"Samples are {_percent(varied[-1])} as varied as real pictures."
        return Verdict("collapsing", "Collapsing", sentence, (("diversity", float(varied[-1])),), advice)
    spreads = _values(entries, "spread")
    spreads = spreads[np.isfinite(spreads)]
    if len(spreads) < RECENT:
        return None
    now = float(spreads[-RECENT:].mean())
    if now < ALIKE and spreads[-1] <= spreads[0]:
        sentence = f"All samples of the sheet look the same: they differ by {255 * now:.1f} of 255 grey levels."
        return Verdict("collapsing", "Collapsed", sentence, (("spread", now),), advice)
    best = _held(spreads[1:-RECENT])
    if now < FALLEN * best:
        sentence = f"The samples of the sheet are {_percent(1.0 - now / best)} less varied than they were."
        return Verdict("collapsing", "Collapsing", sentence, (("spread", now), ("spread before", best)), advice)
    return None


def _fading(entries: Sequence[Entry]) -> Verdict | None:
    contrasts = _values(entries, "contrast")
    contrasts = contrasts[np.isfinite(contrasts)]
    if len(contrasts) < RECENT:
        return None
    now, best = float(contrasts[-RECENT:].mean()), _held(contrasts[:-RECENT])
    has_fallen = now < _CLEARLY_LESS * best
    stays = len(contrasts) >= LONG and contrasts[-1] <= contrasts[-LONG]
    if now >= PALE or not (has_fallen or stays):
        return None
    before = f", after {_percent(best)}" if has_fallen else ""
    return Verdict(
        "fading",
        "Fading",
        f"Samples have {_percent(now)} of the contrast of real pictures{before}.",
        (("contrast", now), ("contrast before", best)) if has_fallen else (("contrast", now),),
        "The normalisation of D may hide it: stop, or begin anew with spectral normalisation or none.",
    )


def _one_wins(entries: Sequence[Entry]) -> Verdict | None:
    real, made = _recent(entries, "D_x"), _recent(entries, "D_G_z1")
    evidence = (("D(x)", real), ("D(G(z))", made))
    if real > SURE and made < 1.0 - SURE:
        return Verdict(
            "d-wins",
            "D is winning",
            f"D gives real pictures {_percent(real)} and those of G {_percent(made)}: it has little left to teach.",
            evidence,
            "Try R1, augmentation or a lower learning rate for D; stop if samples no longer improve.",
        )
    if real - made < APART:
        return Verdict(
            "g-wins",
            "G is winning",
            f"D gives real pictures {_percent(real)} and those of G {_percent(made)}: it hardly tells them apart.",
            evidence,
            "Give D more width, a higher learning rate or less regularisation.",
        )
    return None


def _plateau(entries: Sequence[Entry]) -> Verdict | None:
    distances = [entry for entry in entries if math.isfinite(entry.get("frechet"))]
    if len(distances) > PATIENCE:
        best = min(distances, key=lambda entry: entry.get("frechet"))
        since = [entry for entry in distances if entry.kimg > best.kimg]
        if len(since) >= PATIENCE:
            figure = best.get("frechet")
            return Verdict(
                "plateau",
                "Plateau",
                f"The Fréchet distance was best at {best.kimg:.0f} kimg ({figure:.3g}) and has not been since, "
                f"in {len(since)} measurements.",
                (("best Fréchet distance", figure), ("at kimg", best.kimg)),
                f"Stop, and take the model of {best.kimg:.0f} kimg.",
            )
        return None
    whole = _whole_ticks(entries)
    moved = _values(whole, "change")[-RECENT - 2 :] / _values(whole, "spread")[-RECENT - 2 :]
    if len(moved) > RECENT and np.isfinite(moved).all() and float(moved.mean()) < STILL:
        share = float(moved.mean())
        return Verdict(
            "plateau",
            "Plateau",
            f"The fixed z stand still: a tick changes their pictures by {_percent(share, 1)} of what sets them apart.",
            (("change of the sheet", share),),
            "Stop, or go on at a higher learning rate.",
        )
    names = ("Loss_D", "Loss_G", "D_x", "D_G_z1", "change")
    drifts = {name: _drift(_values(entries[-LONG:], name)) for name in names}
    known = {name: drift for name, drift in drifts.items() if math.isfinite(drift)}
    if len(entries) >= LONG and len(known) >= len(names) - 1 and max(known.values()) < LEVEL:
        return Verdict(
            "plateau",
            "Plateau",
            f"No curve has moved by more than {_percent(max(known.values()), 1)} over the last {LONG} ticks.",
            tuple(known.items()),
            "Stop, or lower the learning rate.",
        )
    return None


def _balanced(entries: Sequence[Entry], bounded: bool) -> Verdict:
    evidence: list[tuple[str, float]] = []
    real, made = _recent(entries, "D_x"), _recent(entries, "D_G_z1")
    if bounded and math.isfinite(real + made):
        sentence = f"D gives real pictures {_percent(real)} and those of G {_percent(made)}: neither has won."
        evidence += [("D(x)", real), ("D(G(z))", made)]
    else:
        losses = {name: _recent(entries, name) for name in ("Loss_D", "Loss_G")}
        sentence = f"No loss runs away: Loss_D {losses['Loss_D']:.3g}, Loss_G {losses['Loss_G']:.3g}."
        evidence += losses.items()
    spreads = _values(entries, "spread")
    now, best = float(spreads[-RECENT:].mean()), _held(spreads[1:-RECENT])
    if math.isfinite(now) and math.isfinite(best):
        evidence += [("spread", now), ("spread before", best)]
        share = now / best
        varied = "as varied as ever" if share > _AS_EVER else f"{_percent(share)} as varied as at best"
        sentence += f" Samples are {varied}."
    return Verdict("balanced", "Balanced", sentence, tuple(evidence))


def _values(entries: Sequence[Entry], name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array([entry.get(name) for entry in entries], dtype=np.float64)


def _whole_ticks(entries: Sequence[Entry]) -> list[Entry]:
    """Leave out the first tick, and those a stop cut short: over half a tick the sheet moves half as far."""
    kimg = np.array([entry.kimg for entry in entries])
    distances = np.diff(kimg)
    return [
        entry for entry, distance in zip(entries[1:], distances, strict=True) if distance > np.median(distances) / 2
    ]


def _recent(entries: Sequence[Entry], name: str) -> float:
    """Return the mean over the last ticks that have a value; one that was resumed half way through a step has none."""
    values = _values(entries, name)
    known = values[np.isfinite(values)][-RECENT:]
    return float(known.mean()) if len(known) else math.nan


def _usual(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Return the median of what went before the last ticks; infinite where that is too little to compare with."""
    before = values[:-RECENT][np.isfinite(values[:-RECENT])]
    return float(np.median(before)) if len(before) >= RECENT else math.inf


def _held(values: np.ndarray[tuple[int], np.dtype[np.float64]], ticks: int = 5) -> float:
    """Return the largest median of so many neighbours: the best that was held, not a spike; NaN for too few."""
    if len(values) < ticks:
        return math.nan
    return max(float(np.median(values[first : first + ticks])) for first in range(len(values) - ticks + 1))


def _drift(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Return how far a straight line through values rises or falls over all of them, relative to their mean size."""
    if len(values) < 2 or not np.isfinite(values).all():
        return math.nan
    slope = float(np.polyfit(np.arange(len(values)), values, 1)[0])
    return abs(slope) * (len(values) - 1) / max(float(np.abs(values).mean()), 1e-9)


def _percent(share: float, digits: int = 0) -> str:
    return f"{100.0 * share:.{digits}f} %"
