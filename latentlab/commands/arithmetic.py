"""``latentlab arithmetic``: sums and differences of means of exemplars."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from latentlab.commands.arguments import ClassNumber, DirectionsPath, ModelPath


@dataclass(frozen=True)
class Arithmetic:
    """Do arithmetic with pictures: the result as a PNG that holds its latent.

    Attributes:
        model: A .safetensors, .pth or .onnx model, or a run folder, whose newest model is taken.
        expr: "mean(3,8,12) - mean(4,9) + 5": seeds, ranges of seeds inside mean, PNGs saved by latentlab, .npy files of
            z and copied latents, each or its mean with a sign and, if wanted, a weight: "3 + 0.5 * mean(8,12)".
        out: The PNG to write; an existing one is replaced.
        no_renormalise: Leave the result as long as it comes out, instead of bringing it back to the norm that the prior
            gives, as the window does.
        label: The class to draw, from 0, where the model has classes; that of the points if not given.
        directions: A file of directions along which PNGs were edited.
        scale: Whole factor by which the picture is enlarged, without smoothing.
        json: Print the result as JSON.
    """

    model: ModelPath
    expr: Annotated[str, tyro.conf.arg(metavar="EXPRESSION")]
    out: Path
    no_renormalise: Annotated[bool, tyro.conf.arg(name="no-renormalise")] = False
    label: ClassNumber = None
    directions: DirectionsPath = None
    scale: int = 1
    json: bool = False

    def run(self) -> None:
        """Compute, draw and write."""
        import numpy as np

        from latentlab.commands.expression import parse_expression
        from latentlab.commands.found import open_with
        from latentlab.commands.points import common_class, read_points
        from latentlab.errors import ValueRangeError
        from latentlab.export.latent_png import write_png
        from latentlab.export.sheet import check_size
        from latentlab.latent.arithmetic import Term, combine
        from latentlab.latent.priors import renormalise, typicality
        from latentlab.pixels import enlarge
        from latentlab.session.card import Card
        from latentlab.session.card_png import tag_of
        from latentlab.session.point import Point

        if self.scale < 1:
            raise ValueRangeError("--scale", f"{self.scale} is not a whole factor from 1 up")
        written = parse_expression(self.expr)
        model = open_with(self.model, self.directions)
        spec = model.generator.card.generator
        check_size(1, 1, spec.height * self.scale, spec.width * self.scale)
        named = [read_points(term.points, "", model) for term in written]
        terms = [
            Term(term.weight, np.stack([latent.z for latent in latents]))
            for term, latents in zip(written, named, strict=True)
        ]
        label = common_class([latent for latents in named for latent in latents], self.label, model)
        with np.errstate(over="ignore"):
            z = combine(terms)[None]
        z = model.checked(z if self.no_renormalise else renormalise(z, model.prior))
        title = " ".join(self.expr.split())
        point = Point(z[0], origin=title, label=label)
        card = Card(
            title, point, z[0], model.render(z, label)[0], model.prior, model.generator.content_hash, model.name
        )
        write_png(self.out, enlarge(card.pixels, self.scale), tag_of(card))
        if not self.json:
            print(self.out)
            return
        facts = {
            "out": str(self.out),
            "model": model.name,
            "model_hash": model.generator.content_hash,
            "terms": [{"weight": term.weight, "exemplars": len(term.exemplars)} for term in terms],
            "typicality": round(float(typicality(z, model.prior)[0]), 4),
        }
        print(json.dumps(facts))
