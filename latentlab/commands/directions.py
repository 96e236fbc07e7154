"""``latentlab directions``: find directions in a model's latent space."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from latentlab.commands.arguments import ClassNumber, ModelPath
from latentlab.commands.progress import ProgressLine

if TYPE_CHECKING:
    from latentlab.analysis.progress import Progress
    from latentlab.latent.arrays import FloatArray
    from latentlab.latent.directions import Direction
    from latentlab.pixels import Pixels
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
        model: A .safetensors, .pth or .onnx model, or a run folder, whose newest model is taken.
        method: How they are found.
        layer: For pca: the number of the layer, from 1; a wrong one lists those there are.
        samples: For pca, measured and attributes: how many pictures are looked at; 0 takes as many as is good.
        count: For sefa, pca and local: how many; 0 takes ten, or as many as z is wide.
        network: For attributes: the network's .safetensors, where not just one for such pictures lies beside the model.
        attribute: For attributes: those wanted, of all that the network knows; several may be named.
        steer: For attributes: turn each until the network's answer rises steadily along it; about a minute each.
        point: For local: a seed, a PNG saved by latentlab, a .npy of z, or a copied latent.
        label: The class whose pictures are looked at, from 0, where the model has classes; that of the point, or the
            first, if not given.
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
    attribute: Annotated[tuple[str, ...], tyro.conf.arg(metavar="NAME…", help_behavior_hint="")] = ()
    steer: bool = False
    label: ClassNumber = None
    out: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    json: bool = False

    def run(self) -> None:
        """Find and print."""
        from latentlab.models.direction_file import save_directions
        from latentlab.session.opened import OpenedModel

        model = OpenedModel.from_file(self.model)
        model.checked_classes(self.label, 1)
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

    def _options(self, **options: int | str) -> dict[str, int | float | str]:
        """Add what tells the findings of one class from those of another in the cache."""
        return {**options, **({"class": self.label} if self.label else {})}

    def _render(self, model: OpenedModel) -> Callable[[FloatArray], Pixels]:
        """Return what draws the class that is looked at."""
        return lambda z: model.render(z, self.label)

    def _count(self, model: OpenedModel) -> int:
        return self.count or min(COUNT, model.z_dim)

    def _sefa(self, model: OpenedModel, _: Progress) -> tuple[Direction, ...]:
        from latentlab.analysis.sefa import closed_form

        return closed_form(model.generator, self._count(model))

    def _pca(self, model: OpenedModel, progress: Progress) -> tuple[Direction, ...]:
        from latentlab.analysis.cache import cached
        from latentlab.analysis.pca import SOURCE, principal_directions

        samples, count = self.samples or PCA_SAMPLES, self._count(model)
        label = self.label or 0
        options = self._options(layer=self.layer, count=count, samples=samples)
        return cached(
            model.generator.content_hash,
            SOURCE,
            options,
            lambda: principal_directions(model.generator, self.layer, count, samples, progress=progress, label=label),
        )

    def _local(self, model: OpenedModel, progress: Progress) -> tuple[Direction, ...]:
        from latentlab.analysis.local import local_directions
        from latentlab.analysis.network import PictureChanges
        from latentlab.commands.points import read_points
        from latentlab.errors import UsageError

        latents = read_points([self.point], "", model)
        if len(latents) > 1:
            raise UsageError("--point", f"{self.point} is {len(latents)} points, one is needed")
        label = self.label if self.label is not None else latents[0].point.label or 0
        changes = PictureChanges(model.generator, label)
        return local_directions(model.generator, latents[0].z, self._count(model), progress, changes)

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
            self._options(quantities=", ".join(names), samples=samples),
            lambda: measured_directions(
                self._render(model), spec.z_dim, spec.prior, names, samples, progress=progress, model=content_hash
            ),
        )

    def _attributes(self, model: OpenedModel, progress: Progress) -> tuple[Direction, ...]:
        import sys

        from latentlab.analysis.attribute_search import AttributeSearch, search_attributes
        from latentlab.analysis.attributes import SAMPLES

        search = AttributeSearch(
            self._network_of(model), self.samples or SAMPLES, self.attribute, self.steer, self.label
        )
        found = search_attributes(model.generator, self._render(model), search, progress)
        for name, why in found.left_out.items():
            print(f"latentlab: {name} is left out: {why}", file=sys.stderr)
        return found.directions

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
