"""What the pictures of a sheet can be sorted by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QCoreApplication

from latentlab.analysis.classifier import PictureClassifier
from latentlab.analysis.progress import Progress
from latentlab.analysis.quantities import QUANTITIES, quantities_of
from latentlab.analysis.realism import discriminator_scores
from latentlab.errors import LatentlabError
from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.latent.priors import typicality
from latentlab.models.checkpoint import load_discriminator, read_card
from latentlab.models.classifier_file import find_classifiers, load_classifier, read_classifier_card
from latentlab.paths import bundled
from latentlab.pixels import Pixels
from latentlab.session.opened import OpenedModel

_THREADS = 1

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Sheet:
    """Samples and their pictures.

    Attributes:
        seeds: N of them.
        z: Shape (N, z_dim), float32.
        pixels: Shape (N, H, W, C), uint8.
        y: Their classes, shape (N,), int64; None where the model has none.
    """

    seeds: range
    z: FloatArray
    pixels: Pixels
    y: IntArray | None


Measure = Callable[[Sheet, Progress], Numbers]
"""From a sheet to a number for each of its pictures, shape (N,)."""


@dataclass(frozen=True, eq=False)
class Order:
    """Something to sort by.

    Attributes:
        name: For people.
        tip: What the number means, or why there is none.
        measure: None where this model has no such number.
        looks: Whether the pictures are looked at, which takes long enough to belong on another thread.
        caption: How a number is written beneath its picture, as a format.
    """

    name: str
    tip: str
    measure: Measure | None
    looks: bool = True
    caption: str = ".3g"


def orders_of(model: OpenedModel) -> Iterator[Order]:
    """Yield what the pictures of a model can be sorted by, the seed first; also, without a measure, what is missing."""
    channels = model.generator.card.generator.channels
    yield Order(_tr("Seed"), _tr("As they come"), _seeds, looks=False, caption=".0f")
    tip = _tr("|z| against what the prior gives; 1 is typical (White 2016, arXiv:1609.04468)")
    yield Order(_tr("Typicality"), tip, lambda sheet, _: typicality(sheet.z, model.prior), looks=False)
    yield _by_discriminator(model)
    for name in quantities_of(channels):
        yield Order(name, QUANTITIES[name].meaning, _quantity(name))
    for path in _networks_beside(model):
        card = read_classifier_card(path)
        if card.channels == channels:
            for index, output in enumerate(card.outputs):
                tip = _tr("{0}; balanced accuracy {1}").format(card.name, f"{output.accuracy:.0%}")
                yield Order(f"{card.name}: {output.name}", tip, _output(path, index))


def _tr(text: str) -> str:
    return QCoreApplication.translate("SheetPanel", text)


def _by_discriminator(model: OpenedModel) -> Order:
    path, name = model.generator.path, _tr("Discriminator")
    if path is None:
        return Order(name, _tr("This model is in no file yet"), None)
    if model.reading is not None or read_card(path).discriminator is None:
        return Order(name, _tr("The model's file holds no discriminator"), None)
    tip = _tr("The raw output of D: higher looks more real to it (Azadi et al. 2019, arXiv:1810.06758)")
    return Order(name, tip, _discriminator(path))


def _seeds(sheet: Sheet, _progress: Progress) -> Numbers:
    return np.array(sheet.seeds, np.float64)


def _networks_beside(model: OpenedModel) -> list[Path]:
    """List the attribute networks in the model's folder and among the bundled files, each name once."""
    folders = [model.generator.path.parent] if model.generator.path is not None else []
    with suppress(LatentlabError):  # an installation without them is one without bundled networks
        folders.append(bundled("checkpoints"))
    found: dict[str, Path] = {}
    for folder in folders:
        for path in find_classifiers(folder):
            found.setdefault(path.name, path)
    return list(found.values())


def _quantity(name: str) -> Measure:
    return lambda sheet, _: QUANTITIES[name].measure(sheet.pixels)


def _discriminator(path: Path) -> Measure:
    def measure(sheet: Sheet, progress: Progress) -> Numbers:
        found = load_discriminator(path)
        if found is None:
            raise LatentlabError(path, "holds no discriminator any more")
        return discriminator_scores(*found, sheet.pixels, sheet.y, progress)

    return measure


def _output(path: Path, index: int) -> Measure:
    def measure(sheet: Sheet, progress: Progress) -> Numbers:
        network = PictureClassifier(load_classifier(path), _THREADS)
        return network.log_odds(sheet.pixels, progress)[:, index].astype(np.float64)

    return measure
