"""``latentlab invert``: the picture of a model that comes nearest to an image, with its latent inside."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from latentlab.commands.arguments import ClassNumber, ModelPath
from latentlab.commands.progress import ProgressLine


@dataclass(frozen=True)
class Invert:
    """Find the latent of an image: the reconstruction as a PNG that holds it.

    Samples of the model are looked at first; the nearest ones come nearer by gradients, and z is held to where samples
    of the prior lie. A model can draw only what it has learned: what is left of the difference tells what it has not.

    Attributes:
        model: A .safetensors or .pth model, or a run folder, whose newest model is taken; an .onnx one has no
            gradients.
        image: A PNG, JPEG, WebP, BMP or GIF of any size; it is cut and resized to what the model draws.
        out: The PNG to write; an existing one is replaced.
        steps: Of the descent; more may come nearer.
        seed: Of the samples that are looked at first; another one may come nearer.
        label: The class to draw, from 0, where the model has classes; all are tried if not given.
        crop: Which part of the image: the central square, all of it, or one of the crops of aligned CelebA images.
        scale: Whole factor by which the reconstruction is enlarged, without smoothing.
        json: Print the result as JSON.
    """

    model: ModelPath
    image: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="IMAGE", help_behavior_hint="")]
    out: Path
    steps: int = 100
    seed: int = 0
    label: ClassNumber = None
    crop: Literal["square", "stretch", "face", "108", "128", "138", "148", "178"] = "square"
    scale: int = 1
    json: bool = False

    def run(self) -> None:
        """Find, draw and write."""
        from latentlab.analysis.inversion import MAX_STEPS, invert
        from latentlab.errors import OutputError, ValueRangeError
        from latentlab.export.latent_png import png_bytes
        from latentlab.export.sheet import check_size
        from latentlab.latent.priors import MAX_SEED
        from latentlab.paths import replacing
        from latentlab.pixels import enlarge
        from latentlab.session.card import Card
        from latentlab.session.card_png import tag_of
        from latentlab.session.invertible import check_invertible
        from latentlab.session.opened import OpenedModel
        from latentlab.session.own_picture import read_own_picture
        from latentlab.session.point import Point

        if not 1 <= self.steps <= MAX_STEPS:
            raise ValueRangeError("--steps", f"{self.steps} is outside 1 to {MAX_STEPS}")
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueRangeError("--seed", f"{self.seed} is outside 0 to {MAX_SEED}")
        if self.scale < 1:
            raise ValueRangeError("--scale", f"{self.scale} is not a whole factor from 1 up")
        if self.out.suffix.lower() != ".png":
            raise OutputError(self.out, "is written as PNG", f"Name it {self.out.with_suffix('.png').name}.")
        model = OpenedModel.from_file(self.model)
        check_invertible(model.generator)
        model.checked_classes(self.label, 1)
        spec = model.generator.card.generator
        check_size(1, 1, spec.height * self.scale, spec.width * self.scale)
        image = self.image.expanduser()
        pixels = read_own_picture(image, model.generator.card, self.crop)
        # What cannot be written is said before the search, not after it.
        with replacing(self.out) as temporary, ProgressLine() as line:
            found = invert(
                model.generator,
                pixels,
                self.steps,
                self.seed,
                self.label,
                lambda done: line.show(f"inverting: {done:.0%}"),
            )
            point = Point(found.z, origin=f"inversion of {image.name}", label=found.label)
            drawn = model.render(found.z[None], found.label)[0]
            card = Card(point.title(), point, found.z, drawn, model.prior, model.generator.content_hash, model.name)
            temporary.write_bytes(png_bytes(enlarge(card.pixels, self.scale), tag_of(card)))
        if not self.json:
            print(self.out)
            return
        facts = {
            "out": str(self.out),
            "model": model.name,
            "model_hash": model.generator.content_hash,
            "image": str(self.image),
            "seed": self.seed,
            "steps": self.steps,
            **({"class": found.label} if model.classes else {}),
            "error": round(found.error, 4),
            "nearest_sample_error": round(found.nearest_error, 4),
            "typicality": round(found.typicality, 4),
            "trace": [float(f"{value:.4g}") for value in found.trace],
        }
        print(json.dumps(facts))
