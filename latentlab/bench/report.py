"""What a part found, as tables for people and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from latentlab.bench.measure import Spread


@dataclass(frozen=True)
class Figure:
    """Something that was measured.

    Attributes:
        name: What it is.
        unit: Of the spread.
        spread: Its samples summed up.
        note: What else to say of it; short.
    """

    name: str
    unit: str
    spread: Spread
    note: str = ""


@dataclass(frozen=True)
class Budget:
    """A line of the design's budgets, decided.

    Attributes:
        name: What is held to it.
        value: What was found; a ratio where there is an alternative.
        limit: What it must not go beyond.
        unit: Of value and limit; ``x`` for a ratio.
        at_least: Whether `limit` is the least instead of the most.
        idle_machine: Whether it means little where the machine does something else besides.
        figure: What the value was taken from, in words or as the figure that was divided.
        alternative: What stands against it; of a ratio, what it was divided by.
    """

    name: str
    value: float
    limit: float
    unit: str
    at_least: bool = False
    idle_machine: bool = False
    figure: str = ""
    alternative: str = ""

    @property
    def met(self) -> bool:
        """Whether the value keeps to the limit; a value that is not a number does not."""
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def to_json(self) -> dict[str, Any]:
        """Describe it in JSON types."""
        value = round(self.value, 4) if math.isfinite(self.value) else None
        return asdict(self) | {"value": value, "met": self.met}


@dataclass(frozen=True)
class Found:
    """The result of a part.

    Attributes:
        title: What was measured.
        figures: In the order of the table.
        budgets: Those that it decides.
        facts: What else is known, in JSON types: counts, sizes, the platform of the window.
        notes: Lines for people: what could not be measured, and why.
    """

    title: str
    figures: tuple[Figure, ...]
    budgets: tuple[Budget, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Describe it in JSON types."""
        return {
            "title": self.title,
            "figures": [
                {"name": each.name, "unit": each.unit, "note": each.note}
                | {key: round(value, 4) for key, value in asdict(each.spread).items()}
                for each in self.figures
            ],
            "budgets": [budget.to_json() for budget in self.budgets],
            "facts": self.facts,
            "notes": list(self.notes),
        }

    def lines(self) -> list[str]:
        """Word it for people: a table of figures, then one line a budget."""
        rows: list[tuple[str, ...]] = [("", "median", "p95", "least", "most", "n", "")]
        for figure in self.figures:
            spread, unit = figure.spread, figure.unit
            values = (spread.p50, spread.p95, spread.low, spread.high)
            shown = (f"{number(value)} {unit}".strip() for value in values)
            rows.append((figure.name, *shown, str(spread.count), figure.note))
        lines = [self.title, *_table(rows)]
        if self.budgets:
            lines += _table(
                [("budget", "figure", "alternative", "found", "limit", ""), *map(_budget_row, self.budgets)]
            )
        if "platform" in self.facts:
            lines.append(f"  window on Qt's platform {self.facts['platform']}")
        return lines + [f"  {note}" for note in self.notes]


def _budget_row(budget: Budget) -> tuple[str, ...]:
    bound = ">=" if budget.at_least else "<="
    verdict = "met" if budget.met else "missed"
    return (
        budget.name,
        budget.figure,
        budget.alternative,
        f"{number(budget.value)} {budget.unit}",
        f"{bound} {number(budget.limit)} {budget.unit}",
        f"{verdict}{' (limit of an idle machine)' if budget.idle_machine else ''}",
    )


def ratio(
    name: str, figure: Figure, alternative: Figure, limit: float, *, at_least: bool = False, inverse: bool = False
) -> Budget:
    """Hold the ratio of two medians to a limit; `inverse` where the figures are times and speed is meant."""
    value = figure.spread.p50 / alternative.spread.p50
    return Budget(
        name,
        1.0 / value if inverse else value,
        limit,
        "x",
        at_least,
        figure=f"{number(figure.spread.p50)} {figure.unit}",
        alternative=f"{number(alternative.spread.p50)} {alternative.unit}",
    )


def number(value: float) -> str:
    """Word a number for a table: three figures or so."""
    if value != 0 and abs(value) < 0.095:
        return f"{value:.3f}"
    return f"{value:.2f}" if abs(value) < 9.95 else f"{value:.1f}" if abs(value) < 999.5 else f"{value:,.0f}"


def _table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Align the first and last column to the left, all others to the right."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    last = len(widths) - 1
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if column in (0, last) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
