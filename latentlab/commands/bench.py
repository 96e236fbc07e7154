"""``latentlab bench``: what this machine does with latentlab, against what else a user could use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from latentlab.commands.progress import ProgressLine


@dataclass(frozen=True)
class Bench:
    """Measure start, slider to pixels, strips, throughput, export, training and memory on this machine.

    Every figure stands beside its alternative, taken in the same run. It measures, it does not judge: a budget that is
    missed is told of and is no failure. Takes minutes; the machine should do nothing else.

    Attributes:
        model: A .safetensors model, or a run folder; a DCGAN of width 64 at 64x64 RGB with random weights if not given.
        only: Parts, comma-separated: start, slider, strip, throughput, gif, training, memory. All if not given.
        quick: Take few samples: a first look, too coarse to compare.
        json: Print the result as JSON.
    """

    model: Annotated[Path | None, tyro.conf.Positional, tyro.conf.arg(metavar="[MODEL]", help_behavior_hint="")] = None
    only: Annotated[str, tyro.conf.arg(metavar="PARTS", help_behavior_hint="")] = ""
    quick: bool = False
    json: bool = False

    def run(self) -> None:
        """Measure and print."""
        from latentlab.bench.report import Found
        from latentlab.bench.suite import PARTS, run
        from latentlab.errors import UsageError

        parts = [part.strip() for part in self.only.split(",")] if self.only else list(PARTS)
        for part in parts:
            if part not in PARTS:
                raise UsageError(f"--only {part}", "no such part", f"Choose from {', '.join(PARTS)}.")
        line = ProgressLine()

        def show(_part: str, found: Found) -> None:
            if not self.json:
                line.end()
                print("\n".join([*found.lines(), ""]), flush=True)

        with line:
            document = run(self.model, parts, self.quick, line.show, show)
        if self.json:
            print(json.dumps(document))
            return
        budgets = document["budgets"]
        missed = [budget["name"] for budget in budgets if not budget["met"]]
        print(f"{len(budgets) - len(missed)} of {len(budgets)} budgets met", *missed, sep="\n  missed: ")
