"""``latentlab sample``: pictures of points, one with its latent inside or many as a sheet."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from latentlab.commands.arguments import ClassNumber, DirectionsPath, ModelPath, PointTexts, SeedsText

CHUNK = 64


@dataclass(frozen=True)
class Sample:
    """Draw points: one as a PNG that holds its latent, several as a sheet.

    Attributes:
        model: A .safetensors, .pth or .onnx model, or a run folder, whose newest model is taken.
        points: Seeds, ranges of seeds (0-63), PNGs saved by latentlab, .npy files of z, copied latents.
        out: The PNG to write; an existing one is replaced.
        seeds: Further seeds: 1,2,3 or 0-63.
        edit: Strengths along directions, in sigmas: "Smiling=+1.2,PC 1=-2". On a PNG they set its own sliders anew.
        label: The class to draw, from 0, where the model has classes; those of the points if not given.
        directions: A file of directions that edits may name, looked at before those of the model.
        truncation: psi, multiplies z ahead of the edits: below 1 typical and alike, above 1 rare. 1 if not given.
        renormalise: Bring z back to the norm that the prior gives.
        columns: Pictures in a row of the sheet; 0 makes it as square as it goes.
        scale: Whole factor by which each picture is enlarged, without smoothing.
        device: What draws: cpu through ONNX Runtime; cuda or mps through torch.
        json: Print the result as JSON.
    """

    model: ModelPath
    out: Path
    points: PointTexts = ()
    seeds: SeedsText = ""
    edit: Annotated[str, tyro.conf.arg(metavar="EDITS", help_behavior_hint="")] = ""
    label: ClassNumber = None
    directions: DirectionsPath = None
    truncation: Annotated[float | None, tyro.conf.arg(metavar="PSI", help_behavior_hint="")] = None
    renormalise: bool = False
    columns: int = 0
    scale: int = 1
    device: Literal["cpu", "cuda", "mps"] = "cpu"
    json: bool = False

    def run(self) -> None:
        """Draw and write."""
        import numpy as np

        from latentlab.commands.edits import edited, parse_edits
        from latentlab.commands.found import open_with
        from latentlab.commands.points import of_class, read_points
        from latentlab.errors import ValueRangeError
        from latentlab.export.latent_png import write_png
        from latentlab.export.sheet import check_size, write_sheet
        from latentlab.latent.priors import typicality
        from latentlab.pixels import enlarge
        from latentlab.session.card import Card
        from latentlab.session.card_png import tag_of

        if self.columns < 0:
            raise ValueRangeError("--columns", f"{self.columns} is less than 0")
        if self.scale < 1:
            raise ValueRangeError("--scale", f"{self.scale} is not a whole factor from 1 up")
        model = open_with(self.model, self.directions)
        edits = parse_edits(self.edit, model)
        named = of_class(read_points(self.points, self.seeds, model), self.label, model)
        latents = [edited(latent, model, edits, self.truncation, self.renormalise) for latent in named]
        z = np.stack([latent.z for latent in latents])
        spec = model.generator.card.generator
        columns = min(len(z), self.columns or math.ceil(math.sqrt(len(z))))
        check_size(len(z), columns, spec.height * self.scale, spec.width * self.scale)
        draw, y = model.backend(self.device).render, model.y_of([latent.point for latent in latents])
        chunks = [slice(start, start + CHUNK) for start in range(0, len(z), CHUNK)]
        pixels = np.concatenate([draw(z[rows], None if y is None else y[rows]) for rows in chunks])
        titles = [latent.point.title() for latent in latents]
        if len(latents) == 1:
            point, content_hash = latents[0].point, model.generator.content_hash
            card = Card(titles[0], point, z[0], pixels[0], model.prior, content_hash, model.name)
            write_png(self.out, enlarge(card.pixels, self.scale), tag_of(card))
        else:
            write_sheet(self.out, pixels, columns, factor=self.scale)
        if not self.json:
            print(self.out)
            return
        pictures = [
            {"title": title, "seed": latent.point.seed}
            | ({"class": latent.point.label} if model.classes else {})
            | {"typicality": round(float(value), 4)}
            for title, latent, value in zip(titles, latents, typicality(z, model.prior), strict=True)
        ]
        print(
            json.dumps(
                {
                    "out": str(self.out),
                    "model": model.name,
                    "model_hash": model.generator.content_hash,
                    "columns": columns,
                    "pictures": pictures,
                }
            )
        )
