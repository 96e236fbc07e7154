"""``latentlab directions``: find directions in a model's latent space."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from latentlab.commands.arguments import ModelPath
from latentlab.commands.progress import ProgressLine

if TYPE_CHECKING:
    from latentlab.analysis.progress import Progress
    from latentlab.latent.directions import Direction
    from latentlab.session.opened import OpenedModel

Method = Literal["sefa", "pca", "local", "measured", "attributes"]
PCA_SAMPLES = 8192
COUNT = 10


@dataclass(frozen=True)
class Directions:
    """Find directions, print what is known of them, and keep them in a file.

    sefa: what the first layer responds to most, from its weights alone. pca: what the outputs of a layer vary with
    most. local: what changes the picture most at one point. measured: brightness, slant, stroke thickness and other
    numbers that a picture has, each as one slider. attributes: what a network of attributes that lies beside the model
    reads in its pictures. Where that takes long, what was found before is taken from the cache.

    Attributes:
        model: A .safetensors model, or a run folder, whose newest model is taken.
        method: How they are found.
        layer: For pca: the number of the layer, from 1; a wrong one lists those there are.
        samples: For pca, measured and attributes: how many pictures are looked at; 0 takes as many as is good.
        count: For sefa, pca and local: how many; 0 takes ten, or as many as z is wide.
        network: For attributes: the network's .safetensors, where not just one for such pictures lies beside the model.
        point: For local: a seed, a PNG saved by latentlab, a .npy of z, or a copied latent.
        out: The .safetensors to write; an existing one is replaced.
        json: Print the result as JSON.
    """

    model: ModelPath
    method: Method = "sefa"
    layer: int = 2
    samples: int = 0
    count: int = 0
    point: Annotated[str, tyro.conf.arg(metavar="POINT")] = "0"
    network: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    out: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    json: bool = False

    def run(self) -> None:
        """Find and print."""
        from latentlab.models.direction_file import save_directions
        from latentlab.session.opened import OpenedModel

        model = OpenedModel.from_file(self.model)
        find: dict[Method, Callable[[OpenedModel, Progress], tuple[Direction, ...]]] = {
            "sefa": self._sefa,
            "pca": self._pca,
            "local": self._local,
            "measured": self._measured,
            "attributes": self._attributes,
        }
        with ProgressLine() as line:
            found = find[self.method](model, lambda done: line.show(f"{self.method}: {done:.0%}"))
        if self.out is not None:
            save_directions(self.out.expanduser(), found)
        if self.json:
            print(json.dumps(self._facts(model, found)))
            return
        column = max((len(direction.name) for direction in found), default=0)
        for direction in found:
            print(f"{direction.name:<{column}}  {direction.detail}")
        if self.out is not None:
            print(self.out)

    def _facts(self, model: OpenedModel, found: tuple[Direction, ...]) -> dict[str, object]:
        from latentlab.models.card import DirectionNote

        return {
            "out": None if self.out is None else str(self.out),
            "model": model.name,
            "model_hash": model.generator.content_hash,
            "method": self.method,
            "directions": [asdict(DirectionNote.of(direction)) for direction in found],
        }

    def _count(self, model: OpenedModel) -> int:
        return self.count or min(COUNT, model.z_dim)

    def _sefa(self, model: OpenedModel, _: Progress) -> tuple[Direction, ...]:
        from latentlab.analysis.sefa import closed_form

        return closed_form(model.generator, self._count(model))

    def _pca(self, model: OpenedModel, progress: Progress) -> tuple[Direction, ...]:
        from latentlab.analysis.cache import cached
        from latentlab.analysis.pca import SOURCE, principal_directions

        samples, count = self.samples or PCA_SAMPLES, self._count(model)
        options = {"layer": self.layer, "count": count, "samples": samples}
        return cached(
            model.generator.content_hash,
            SOURCE,
            options,
            lambda: principal_directions(model.generator, self.layer, count, samples, progress=progress),
        )

    def _local(self, model: OpenedModel, progress: Progress) -> tuple[Direction, ...]:
        from latentlab.analysis.local import local_directions
        from latentlab.commands.points import read_points
        from latentlab.errors import UsageError

        latents = read_points([self.point], "", model)
        if len(latents) > 1:
            raise UsageError("--point", f"{self.point} is {len(latents)} points, one is needed")
        return local_directions(model.generator, latents[0].z, self._count(model), progress)

    def _measured(self, model: OpenedModel, progress: Progress) -> tuple[Direction, ...]:
        from latentlab.analysis.cache import cached
        from latentlab.analysis.measured import SAMPLES, SOURCE, measured_directions
        from latentlab.analysis.quantities import quantities_of

        spec, content_hash = model.generator.card.generator, model.generator.content_hash
        names = quantities_of(spec.channels)
        samples = self.samples or SAMPLES
        return cached(
            content_hash,
            SOURCE,
            {"quantities": ", ".join(names), "samples": samples},
            lambda: measured_directions(
                model.render, spec.z_dim, spec.prior, names, samples, progress=progress, model=content_hash
            ),
        )

    def _attributes(self, model: OpenedModel, progress: Progress) -> tuple[Direction, ...]:
        import hashlib
        import sys

        from latentlab.analysis.attributes import SAMPLES, SOURCE, attribute_directions
        from latentlab.analysis.cache import cached
        from latentlab.analysis.classifier import PictureClassifier
        from latentlab.models.classifier_file import load_classifier

        path = self._network_of(model)
        network = load_classifier(path)
        with path.open("rb") as file:
            network_hash = hashlib.file_digest(file, "blake2b").hexdigest()
        content_hash, samples = model.generator.content_hash, self.samples or SAMPLES

        def find() -> tuple[Direction, ...]:
            found = attribute_directions(
                model.render,
                model.z_dim,
                model.prior,
                PictureClassifier(network),
                samples,
                progress=progress,
                model=content_hash,
            )
            for name, why in found.left_out.items():
                print(f"latentlab: {name} is left out: {why}", file=sys.stderr)
            return found.directions

        return cached(content_hash, SOURCE, {"network": network_hash, "samples": samples}, find)

    def _network_of(self, model: OpenedModel) -> Path:
        from latentlab.errors import UsageError
        from latentlab.models.classifier_file import find_classifiers, read_classifier_card

        if self.network is not None:
            return self.network.expanduser()
        folder = model.generator.path.parent if model.generator.path else Path()
        channels = model.generator.card.generator.channels
        fitting = [path for path in find_classifiers(folder) if read_classifier_card(path).channels == channels]
        if len(fitting) == 1:
            return fitting[0]
        pictures = "grey pictures" if channels == 1 else "colour pictures"
        what = f"{len(fitting)} networks of attributes" if fitting else "no network of attributes"
        raise UsageError("--method attributes", f"{what} for {pictures} in {folder}", "Name one with --network FILE.")
