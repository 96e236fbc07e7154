"""``latentlab traverse``: the labelled figure that papers print of a direction."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from latentlab.commands.arguments import ClassNumber, DirectionsPath, ModelPath, PointTexts, SeedsText
from latentlab.commands.progress import ProgressLine

MAX_STEPS = 101
_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)"
_RANGE = re.compile(rf"({_NUMBER}):({_NUMBER})")


@dataclass(frozen=True)
class Traverse:
    """Move points along a direction: a row for each point, a column for each strength.

    Attributes:
        model: A .safetensors, .pth or .onnx model, or a run folder, whose newest model is taken.
        direction: Its name, in any case; latentlab info and latentlab directions tell them.
        out: The PNG to write; an existing one is replaced.
        points: Seeds, ranges of seeds (0-63), PNGs saved by latentlab, .npy files of z, copied latents.
        seeds: Further seeds: 1,2,3 or 0-63.
        label: The class to draw, from 0, where the model has classes; those of the points if not given.
        directions: A file of directions, looked at before those of the model.
        range: First and last strength, in sigmas, counted from the point; written --range=-3:3.
        steps: How many strengths, both ends included.
        scale: Whole factor by which each picture is enlarged; 0 makes them at least 64 pixels high.
        json: Print the result as JSON.
    """

    model: ModelPath
    direction: Annotated[str, tyro.conf.arg(metavar="NAME")]
    out: Path
    points: PointTexts = ()
    seeds: SeedsText = ""
    label: ClassNumber = None
    directions: DirectionsPath = None
    range: Annotated[str, tyro.conf.arg(metavar="FROM:TO")] = "-3:3"
    steps: int = 7
    scale: int = 0
    json: bool = False

    def run(self) -> None:
        """Draw and write."""
        import numpy as np

        from latentlab.commands.edits import MAX_STRENGTH
        from latentlab.commands.found import open_with
        from latentlab.commands.points import follow, of_class, read_points
        from latentlab.errors import ValueRangeError
        from latentlab.export.traversal import write_traversal

        match = _RANGE.fullmatch(self.range.strip())
        if match is None:
            raise ValueRangeError("--range", f"{self.range} is no range of strengths", "Write --range=-3:3.")
        first, last = float(match[1]), float(match[2])
        if max(abs(first), abs(last)) > MAX_STRENGTH:
            raise ValueRangeError("--range", f"{self.range} is outside {-MAX_STRENGTH:g} to {MAX_STRENGTH:g}")
        if not 2 <= self.steps <= MAX_STEPS:
            raise ValueRangeError("--steps", f"{self.steps} is outside 2 to {MAX_STEPS}")
        if self.scale < 0:
            raise ValueRangeError("--scale", f"{self.scale} is less than 0")
        model = open_with(self.model, self.directions)
        direction = model.direction(self.direction)
        latents = of_class(read_points(self.points, self.seeds, model), self.label, model)
        strengths = np.linspace(first, last, self.steps)
        rows = []
        with ProgressLine() as line:
            for done, latent in enumerate(latents):
                line.show(f"row {done + 1}/{len(latents)}")
                start = latent.point.strengths.get(direction.name, 0.0)
                moved = [
                    follow(latent.point.with_strength(direction.name, start + float(strength)), model).z
                    for strength in strengths
                ]
                rows.append(model.render(np.stack(moved), latent.point.label if model.classes else None))
        titles = [latent.point.title() for latent in latents]
        title = f"{model.name}: {direction.name}, in sigmas"
        write_traversal(
            self.out, np.stack(rows), titles, [float(strength) for strength in strengths], title, self.scale
        )
        if not self.json:
            print(self.out)
            return
        facts = {
            "out": str(self.out),
            "model": model.name,
            "model_hash": model.generator.content_hash,
            "direction": direction.name,
            "strengths": [round(float(strength), 6) for strength in strengths],
            "rows": titles,
        }
        print(json.dumps(facts))
