"""Show that the feature networks see what goes wrong with pictures: every step of damage must cost.

    python tests/benchmarks/rank_metrics.py digits|faces [--turns]

Held-out real pictures are damaged step by step (blurred, made noisy, robbed of classes, robbed of identities) and
compared with other held-out real pictures; what is left after pictures were taken out is drawn from again, so that all
sets are of one size. Each Fréchet distance and KID must rise from step to step; precision falls where pictures get
worse, recall or coverage where some are missing. The networks are those of `checkpoints/`; with --turns one that was
trained on the spot to tell which way is up, without labels. Needs the data of `$LATENTLAB_DATA`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from faces_data import decode, read_faces, read_holdout

from latentlab.analysis.manifold import prdc
from latentlab.analysis.metrics.feature_space import FeatureSpace, network_space
from latentlab.analysis.metrics.feature_training import train_on_turns
from latentlab.analysis.metrics.frechet import Moments, frechet
from latentlab.analysis.metrics.kernel_distance import kernel_distance
from latentlab.data.idx import load_mnist
from latentlab.data.resize import fit
from latentlab.models.card import DataSource
from latentlab.models.classifier_file import load_classifier
from latentlab.paths import data_dir
from latentlab.pixels import Pixels

ROOT = Path(__file__).resolve().parents[2]
BLURS_PX = (0.0, 0.5, 1.0, 2.0)
NOISES = (0.0, 8.0, 16.0, 32.0)
TURNS_LEARN = 20_000
Ladder = Sequence[tuple[str, Pixels]]


def blurred(pixels: Pixels, radius_px: float) -> Pixels:
    """Blur pictures by a Gaussian of that standard deviation."""
    if not radius_px:
        return pixels
    kernel = ImageFilter.GaussianBlur(radius_px)
    grey = pixels.shape[3] == 1
    images = (Image.fromarray(each[..., 0] if grey else each).filter(kernel) for each in pixels)
    return np.stack([np.asarray(image) for image in images]).reshape(pixels.shape)


def noisy(pixels: Pixels, deviation: float) -> Pixels:
    """Add Gaussian noise of that many grey levels."""
    noise = np.random.RandomState(0).standard_normal(pixels.shape) * deviation
    return np.clip(np.rint(pixels + noise), 0, 255).astype(np.uint8)


def robbed(pixels: Pixels, kept: npt.NDArray[np.bool_]) -> Pixels:
    """Replace the pictures that are not kept by others that are, drawn at random."""
    rows = np.arange(len(pixels))
    rows[~kept] = np.random.RandomState(0).choice(rows[kept], int((~kept).sum()))
    return pixels[rows]


def measured(space: FeatureSpace, reference: Pixels, ladder: Ladder) -> list[tuple[str, float, float, float, float]]:
    """Measure each step: name, Fréchet distance, KID, precision, coverage."""
    real = space(reference)
    moments = Moments.of(real)
    rows = []
    for name, pixels in ladder:
        fake = space(pixels)
        scores = prdc(real, fake)
        distances = frechet(moments, fake).value, kernel_distance(real, fake).value
        rows.append((name, *distances, scores.precision, scores.coverage))
    return rows


def show(title: str, rows: Sequence[tuple[str, float, float, float, float]]) -> bool:
    """Print a ladder; return whether both distances rise all the way."""
    print(f"\n{title:<34}{'Fréchet':>10}{'KID x1000':>12}{'precision':>11}{'coverage':>10}")
    for name, distance, kid, precision, coverage in rows:
        print(f"  {name:<32}{distance:10.3f}{1000 * kid:12.2f}{precision:11.4f}{coverage:10.4f}")
    rises = [all(np.diff([row[column] for row in rows]) > 0) for column in (1, 2)]
    verdicts = ["rises" if rise else "DOES NOT RISE" for rise in rises]
    print(f"  Fréchet distance {verdicts[0]}, KID {verdicts[1]}", flush=True)
    return all(rises)


def shared_ladders(pixels: Pixels) -> dict[str, Ladder]:
    """Return what can be done to any picture."""
    return {
        "blur, pixels": [(f"{each:g}", blurred(pixels, each)) for each in BLURS_PX],
        "noise, grey levels": [(f"{each:g}", noisy(pixels, each)) for each in NOISES],
    }


def digits(turns: bool) -> tuple[FeatureSpace, Pixels, dict[str, Ladder]]:
    """Return the space of digits, the reference half of the test split, and ladders of the other half."""
    data = load_mnist(data_dir() / "mnist", "test")
    assert data.labels is not None
    order = np.random.RandomState(0).permutation(len(data))
    pixels, labels = fit(data.pixels, 32)[order], data.labels[order]
    reference, other, classes = pixels[:5000], pixels[5000:], labels[5000:]
    ladders = shared_ladders(other)
    draws = np.random.RandomState(1).uniform(size=len(other))
    ladders["a class, share dropped of 7"] = [
        (f"{each:.0%}", robbed(other, (classes != 7) | (draws >= each))) for each in (0.0, 0.25, 0.5, 1.0)
    ]
    ladders["classes dropped"] = [(f"{count}", robbed(other, classes >= count)) for count in (0, 1, 2, 4)]
    if turns:
        train = fit(load_mnist(data_dir() / "mnist", "train").pixels[:TURNS_LEARN], 32)
        return learned(train, "mnist"), reference, ladders
    return (
        network_space(load_classifier(ROOT / "checkpoints" / "digits-classes.safetensors"), "", 1),
        reference,
        ladders,
    )


def faces(turns: bool) -> tuple[FeatureSpace, Pixels, dict[str, Ladder]]:
    """Return the space of faces, the reference half of the 5,000 held-out ones, and ladders of the other half."""
    folder = data_dir() / "faces"
    known = read_faces(folder)
    rows = np.flatnonzero(np.isin(known.numbers, read_holdout()))
    rows = rows[np.random.RandomState(0).permutation(len(rows))]
    pixels, people = decode(folder, known, rows), known.identities[rows]
    half = len(rows) // 2
    reference, other, who = pixels[:half], pixels[half:], people[half:]
    ladders = shared_ladders(other)
    smiling = known.answers[rows, known.names.index("Smiling")][half:] > 0.5
    draws = np.random.RandomState(1).uniform(size=len(other))
    ladders["a class, share dropped of smiling"] = [
        (f"{each:.0%}", robbed(other, ~smiling | (draws >= each))) for each in (0.0, 0.25, 0.5, 1.0)
    ]
    names, faces_each = np.unique(who, return_counts=True)
    most_first = names[np.argsort(-faces_each, kind="stable")]
    counts = [0, *(round(len(names) * share) for share in (0.25, 0.5, 0.75))]
    ladders[f"identities dropped of {len(names)}"] = [
        (f"{count}", robbed(other, ~np.isin(who, most_first[:count]))) for count in counts
    ]
    if turns:
        training = np.flatnonzero(~np.isin(known.numbers, read_holdout()))[:TURNS_LEARN]
        return learned(decode(folder, known, training), "celeba"), reference, ladders
    network = load_classifier(ROOT / "checkpoints" / "faces-attributes.safetensors")
    return network_space(network, "", 1), reference, ladders


def learned(pixels: Pixels, name: str) -> FeatureSpace:
    """Train on turns and say how well that went."""
    network = train_on_turns(pixels, DataSource(name, len(pixels)))
    accuracy = network.card.metrics["test accuracy"]
    return network_space(network, f"{len(pixels):,} pictures, {accuracy:.1%} of the turns told rightly", 1)


def main() -> int:
    """Print every ladder; fail where a distance does not rise."""
    sets: dict[str, Callable[[bool], tuple[FeatureSpace, Pixels, dict[str, Ladder]]]]
    sets = {"digits": digits, "faces": faces}
    if len(sys.argv) < 2 or sys.argv[1] not in sets or sys.argv[2:] not in ([], ["--turns"]):
        raise SystemExit(__doc__)
    space, reference, ladders = sets[sys.argv[1]]("--turns" in sys.argv)
    print(f"{sys.argv[1]}: {len(reference):,} against as many held-out pictures; {space.name}")
    ranked = [show(title, measured(space, reference, ladder)) for title, ladder in ladders.items()]
    return 0 if all(ranked) else 1


if __name__ == "__main__":
    raise SystemExit(main())
