"""The ways to find directions as work for the analysis thread; no widgets."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from latentlab.analysis.attribute_search import AttributeSearch
from latentlab.analysis.progress import Progress
from latentlab.analysis.service import Work
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.preload import torch_on_spare_cores
from latentlab.session.opened import OpenedModel

PCA_SAMPLES = 8192
_SAME = 1e-4


@dataclass(frozen=True)
class Found:
    """What a search gave.

    Attributes:
        directions: In the order found.
        remarks: What was left out and why, a line each.
    """

    directions: tuple[Direction, ...]
    remarks: tuple[str, ...] = ()


def closed_form_work(model: OpenedModel, count: int) -> Work:
    """Factorise the first layer."""

    def work(progress: Progress) -> Found:
        from latentlab.analysis.sefa import closed_form

        progress(0.0)
        return Found(closed_form(model.generator, count))

    return work


def components_work(model: OpenedModel, layer: int, count: int, samples: int) -> Work:
    """Find the principal components of a layer."""

    def work(progress: Progress) -> Found:
        from latentlab.analysis.cache import cached
        from latentlab.analysis.pca import SOURCE, principal_directions

        generator = model.generator
        options = {"layer": layer, "count": count, "samples": samples}
        return Found(
            cached(
                generator.content_hash,
                SOURCE,
                options,
                lambda: principal_directions(generator, layer, count, samples, progress=progress),
            )
        )

    return work


def local_work(model: OpenedModel, z: FloatArray, count: int) -> Work:
    """Find what changes the picture most at a latent."""

    def work(progress: Progress) -> Found:
        from latentlab.analysis.local import local_directions

        return Found(local_directions(model.generator, z, count, progress))

    return work


def measured_work(model: OpenedModel, quantities: Sequence[str], samples: int) -> Work:
    """Find what moves numbers of the picture."""

    def work(progress: Progress) -> Found:
        from latentlab.analysis.cache import cached
        from latentlab.analysis.measured import SOURCE, measured_directions

        content_hash = model.generator.content_hash

        def find() -> tuple[Direction, ...]:
            return measured_directions(
                model.render, model.z_dim, model.prior, quantities, samples, progress=progress, model=content_hash
            )

        options: dict[str, int | float | str] = {"quantities": ", ".join(quantities), "samples": samples}
        found = cached(content_hash, SOURCE, options, find)
        names = {direction.name for direction in found}
        return Found(found, tuple(f"{name} does not vary" for name in quantities if name not in names))

    return work


def attributes_work(model: OpenedModel, search: AttributeSearch) -> Work:
    """Name directions after what a network of attributes knows."""

    def work(progress: Progress) -> Found:
        from latentlab.analysis.attribute_search import search_attributes

        with torch_on_spare_cores() if search.steered else nullcontext():
            found = search_attributes(model.generator, model.render, search, progress)
        return Found(found.directions, tuple(f"{name}: {why}" for name, why in found.left_out.items()))

    return work


def cards_work(model: OpenedModel, name: str, plus: FloatArray, minus: FloatArray) -> Work:
    """Point from the mean of some latents to that of others; shapes (n, z_dim) and (m, z_dim)."""

    def work(_: Progress) -> Found:
        from latentlab.analysis.contrast import contrast

        return Found((contrast(name, plus, minus, model.prior, model.generator.content_hash),))

    return work


def new_ones(found: Sequence[Direction], there: Sequence[Direction]) -> tuple[Direction, ...]:
    """Return those of what was found that are not there yet under the same name, found on the same model."""
    known = {(each.name.casefold(), each.model): each.vector for each in there}

    def is_there(direction: Direction) -> bool:
        vector = known.get((direction.name.casefold(), direction.model))
        return vector is not None and bool(np.allclose(vector, direction.vector, atol=_SAME))

    return tuple(direction for direction in found if not is_there(direction))
