"""Show that the bundled faces are no copies: ``python tests/nearest_faces.py``; needs the faces below LATENTLAB_DATA.

Each picture's nearest neighbours among the faces that the generator learned from, mirrored ones included, are sought in
pixels and in the features of the bundled attribute network. What samples of the model are away from them stands beside
what real faces are that nothing learned from, and what blurred copies are. Smooth pictures are near to everything in
pixels; so it is also counted how often a learned face is nearer than any of as many held-out ones, which is half the
time for what was not copied.

The sheet of the first 16 samples goes to ``local/``, which git ignores: it shows CelebA's pictures, which must not be
passed on.

References:
    Meehan, Chaudhuri & Dasgupta 2020, "A Non-Parametric Test to Detect Data-Copying in Generative Models",
    arXiv:2004.05675: distances to the training set, of generated pictures against those of held-out ones.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from faces_data import deal, decode, read_faces, read_holdout
from PIL import Image

from latentlab.analysis.classifier import PictureClassifier
from latentlab.export.sheet import write_sheet
from latentlab.models.classifier_file import load_classifier
from latentlab.paths import make_folder
from latentlab.pixels import Pixels
from latentlab.session.opened import OpenedModel

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("LATENTLAB_DATA") or ROOT.parent / "shared" / "data").expanduser()
MODEL = ROOT / "checkpoints" / "faces.safetensors"
NETWORK = ROOT / "checkpoints" / "faces-attributes.safetensors"
SHEET = ROOT / "local" / "faces-neighbours.png"
SHOWN = 16

_SEED = 0
_SAMPLES = 2000
_COPIES = 200
_NEIGHBOURS = 2
_BLURRED_PX = 32
_SAME_PHOTOGRAPH = 20.0
_AT_ONCE = 2000
_ENLARGED = 2

FloatArray = npt.NDArray[np.float32]
Describe = Callable[[Pixels], FloatArray]


@dataclass(frozen=True, eq=False)
class Nearest:
    """The nearest references of some pictures, nearest first.

    Attributes:
        distances: Shape (N, k), float32, in the units of the description.
        pixels: The references, as they lie nearest: mirrored or not; shape (N, k, 64, 64, 3), uint8.
    """

    distances: FloatArray
    pixels: Pixels


@dataclass(frozen=True, eq=False)
class RealFaces:
    """Faces that the generator learned from, and others.

    Attributes:
        learned: Shape (N, 64, 64, 3), uint8.
        held_out: Shape (M, 64, 64, 3), uint8, of other identities.
        learned_by_generator_only: Rows of `learned` that the attribute network did not learn from.
    """

    learned: Pixels
    held_out: Pixels
    learned_by_generator_only: npt.NDArray[np.int64]


def read_real(folder: Path, learned: int | None = None, held_out: int | None = None) -> RealFaces:
    """Read faces in random order, all by default; few of those learned are such that only the generator learned from.

    Raises:
        DataError: If a file is missing.
    """
    faces = read_faces(folder)
    random = np.random.RandomState(_SEED)
    second_half = deal(faces.identities) == 2
    out = np.isin(faces.numbers, read_holdout())
    rows = random.permutation(np.flatnonzero(~out if learned is None else second_half))[:learned]
    others = random.permutation(np.flatnonzero(out))[:held_out]
    return RealFaces(decode(folder, faces, rows), decode(folder, faces, others), np.flatnonzero(second_half[rows]))


def grey_levels(pixels: Pixels) -> FloatArray:
    """Describe pictures so that Euclidean distance is the root mean square difference, in grey levels."""
    flat = pixels.reshape(len(pixels), -1).astype(np.float32) - np.float32(127.5)
    return np.asarray(flat / np.float32(math.sqrt(flat.shape[1])))


def nearest(pictures: Pixels, references: Pixels, describe: Describe, count: int = 1) -> Nearest:
    """Find the nearest references by Euclidean distance, each as it is or mirrored, whichever is nearer."""
    queries = describe(pictures)
    best = np.full((len(pictures), count), np.inf, np.float32)
    places = np.zeros((len(pictures), count), np.int64)
    turned = np.zeros((len(pictures), count), bool)
    for start in range(0, len(references), _AT_ONCE):
        chunk = references[start : start + _AT_ONCE]
        plain, flipped = _distances(queries, describe(chunk)), _distances(queries, describe(mirrored(chunk)))
        numbered = np.broadcast_to(np.arange(start, start + len(chunk)), plain.shape)
        distances = np.concatenate([best, np.minimum(plain, flipped)], axis=1)
        order = np.argsort(distances, axis=1, kind="stable")[:, :count]
        best, places, turned = (
            np.take_along_axis(values, order, axis=1)
            for values in (
                distances,
                np.concatenate([places, numbered], axis=1),
                np.concatenate([turned, flipped < plain], axis=1),
            )
        )
    found = references[places]
    found[turned] = mirrored(found[turned])
    return Nearest(best, found)


def learned_share(pictures: Pixels, learned: Pixels, held_out: Pixels, describe: Describe) -> float:
    """Return for which share of the pictures a learned face lies nearer than any of as many held-out ones."""
    count = min(len(learned), len(held_out))
    to_learned = nearest(pictures, learned[:count], describe).distances[:, 0]
    to_others = nearest(pictures, held_out[:count], describe).distances[:, 0]
    return float((to_learned < to_others).mean())


def blurred(pixels: Pixels) -> Pixels:
    """Halve the resolution and go back: what a generator that copies would draw at best."""

    def blur(picture: Pixels) -> Pixels:
        image = Image.fromarray(picture)
        small = image.resize((_BLURRED_PX, _BLURRED_PX), Image.Resampling.BOX)
        return np.asarray(small.resize(image.size, Image.Resampling.BICUBIC))

    return np.stack([blur(picture) for picture in pixels])


def mirrored(pixels: Pixels) -> Pixels:
    """Mirror pictures left to right."""
    return np.ascontiguousarray(pixels[..., ::-1, :])


def _distances(queries: FloatArray, references: FloatArray) -> FloatArray:
    squared = (queries**2).sum(axis=1)[:, None] + (references**2).sum(axis=1) - 2.0 * (queries @ references.T)
    return np.asarray(np.sqrt(np.maximum(squared, 0.0)), np.float32)


def print_row(name: str, away: FloatArray, learned_nearer: float | None) -> None:
    """Print how far pictures are from their nearest neighbours."""
    five, median, most = np.percentile(away, (5, 50, 95))
    row = f"{len(away)} {name:<16} {away.min():6.2f} {five:6.2f} {median:6.2f} {most:6.2f}"
    if learned_nearer is not None:
        error = math.sqrt(learned_nearer * (1.0 - learned_nearer) / len(away))
        row += f"  {learned_nearer:.1%} ± {error:.1%}"
    print(row, flush=True)


def main() -> None:
    """Print the tables and write the sheet."""
    real = read_real(DATA / "faces")
    model, network = OpenedModel.from_file(MODEL), PictureClassifier(load_classifier(NETWORK), threads=1)
    samples = model.render(model.sample(_SAMPLES, seed=_SEED))
    unseen = real.learned[real.learned_by_generator_only]
    copies = blurred(unseen[:_COPIES])
    pictures = np.concatenate([samples, real.held_out, copies])
    rows, shown = [samples[:SHOWN]], []
    for space, describe in (("grey levels", grey_levels), ("features", network.features)):
        found = nearest(pictures, real.learned, describe, _NEIGHBOURS)
        of_samples, of_held_out, of_copies = np.split(
            found.distances[:, 0], (len(samples), len(samples) + len(real.held_out))
        )
        print(f"{space:<21}  least    5 % median   95 %  a learned one is the nearer one")
        print_row("samples", of_samples, learned_share(samples, unseen, real.held_out, describe))
        print_row("held-out faces", of_held_out, None)
        print_row("blurred copies", of_copies, learned_share(copies, unseen, real.held_out, describe))
        share = (of_samples[:, None] < of_held_out).mean()
        print(f"a sample is nearer to its neighbour than a held-out face to its own in {share:.1%} of all pairs")
        if describe is grey_levels:
            close = [int((each < _SAME_PHOTOGRAPH).sum()) for each in (of_samples, of_held_out, of_copies)]
            print(
                f"within {_SAME_PHOTOGRAPH:g} levels: {close[0]} samples, {close[1]} held-out faces, {close[2]} copies"
            )
        shown.append((of_samples[:SHOWN], (of_samples[:SHOWN, None] > of_held_out).mean(axis=1)))
        rows += [found.pixels[:SHOWN, place] for place in range(_NEIGHBOURS)]
    print("sample   grey levels  held-out faces nearer   features  held-out faces nearer")
    for index in range(SHOWN):
        (grey, grey_share), (feature, feature_share) = ((away[index], share[index]) for away, share in shown)
        print(f"{index:>6}   {grey:11.2f}  {grey_share:21.0%}   {feature:8.2f}  {feature_share:21.0%}")
    make_folder(SHEET.parent)
    write_sheet(SHEET, np.concatenate(rows), SHOWN, 2, _ENLARGED)
    print(f"\n{SHEET}: samples; their {_NEIGHBOURS} nearest in pixels; their {_NEIGHBOURS} nearest in features")


if __name__ == "__main__":
    main()
