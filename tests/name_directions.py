"""Give a bundled model its named directions: ``python tests/name_directions.py digits|faces [SEEDS]``.

Directions towards everything that the bundled attribute network knows and towards every measured quantity are tried on
pictures that a judge reads, a network that shares neither weights nor pictures with the first. One that moves something
else more than what it is called after is made orthogonal to the direction of that (InterFaceGAN's conditional
projection), up to three times. One towards an attribute of faces that does not rise steadily is steered through both
networks (`steering`), and kept so where that is steadier on the same seeds. Those that move their own score most, on
fresh seeds, and steadily, are saved with the model; their effects are drawn beside it. A class is reached or not, by
way of other classes: of such a direction is asked that most seeds end there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from bundle_digits import halved
from direction_effects import FAR_SIGMA, Draw, Effects, Scores, effects, ties
from faces_data import FULLY_LABELLED, deal, decode, read_faces
from judge import judge_of, read_mnist
from matrix_picture import write_matrix

from latentlab.analysis.attributes import attribute_directions, direction_name
from latentlab.analysis.classifier import PictureClassifier
from latentlab.analysis.measured import measured_directions
from latentlab.analysis.quantities import quantities_of
from latentlab.analysis.steadiness import STEADY_TAU
from latentlab.analysis.steering import Steering
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction, conditioned, cosines
from latentlab.latent.priors import sample
from latentlab.models.checkpoint import load_discriminator, load_generator, save_model
from latentlab.models.classifier_file import Output, load_classifier
from latentlab.pixels import Pixels
from latentlab.session.opened import OpenedModel

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("LATENTLAB_DATA") or ROOT.parent / "shared" / "data").expanduser()
JUDGE = ROOT / "local" / "faces-judge.safetensors"
NETWORKS = {"digits": "digits-classes", "faces": "faces-attributes"}
LEAST_STEADY = 0.85
LEAST_REACHED = 0.5
LEAST_ACCURACY = 0.8
SAME_COSINE = 0.9
OF_STROKES = ("Stroke thickness", "Slant")
Named = tuple[Direction, npt.NDArray[np.float64]]
_SAMPLES = 8000
_TRIAL_SEEDS, _TRIAL = 120, 1
_SEEDS, _FINAL = 500, 2
_RIVALS = 3
_MARGIN = 0.03
_REAL = 3000


def judge_of_digits() -> tuple[Scores, Pixels]:
    """Return what reads digits, and real ones that the judge did not learn from."""
    mnist = read_mnist(DATA / "mnist")
    judge = judge_of(mnist)

    def odds(pixels: Pixels) -> FloatArray:
        share = np.clip(judge.probabilities(pixels).astype(np.float64), 1e-12, 1.0 - 1e-12)
        return np.log(share / (1.0 - share)).astype(np.float32)

    return Scores(odds, [f"{digit}-ness" for digit in range(10)], 1), mnist.test_pixels[:_REAL]


def judge_of_faces() -> tuple[Scores, Pixels]:
    """Return what reads faces, by the attributes that the judge is good at; and real ones it did not learn from."""
    judge = PictureClassifier(load_classifier(JUDGE), threads=1)
    good = [index for index, output in enumerate(judge.card.outputs) if lower_bound(output) >= LEAST_ACCURACY]
    names = [direction_name(judge.card, index) for index in good]
    faces = read_faces(DATA / "faces")
    rows = np.flatnonzero(deal(faces.identities) == 1)[:_REAL]
    return Scores(lambda pixels: judge.log_odds(pixels)[:, good], names, 3), decode(DATA / "faces", faces, rows)


def lower_bound(output: Output) -> float:
    """Return the lower end of the 95 % interval of an output's balanced accuracy."""
    variance = output.accuracy * (1.0 - output.accuracy) * (1.0 / output.positives + 1.0 / output.negatives) / 4.0
    return float(output.accuracy - 1.96 * np.sqrt(variance))


def candidates(model: OpenedModel, network: PictureClassifier, names: Sequence[str]) -> list[Direction]:
    """Find a direction towards everything in `names`, where the model has any."""
    source = model.generator.content_hash
    channels = model.generator.card.generator.channels
    found = attribute_directions(model.render, model.z_dim, model.prior, network, _SAMPLES, model=source)
    quantities = [name for name in quantities_of(channels) if channels == 1 or name not in OF_STROKES]
    measured = measured_directions(model.render, model.z_dim, model.prior, quantities, model=source)
    for name, why in found.left_out.items():
        print(f"{name}: {why}")
    return [each for each in (*found.directions, *measured) if each.name in names]


def untangled(
    draw: Draw,
    read: Scores,
    tied: npt.NDArray[np.bool_],
    direction: Direction,
    others: Sequence[Direction],
    z: FloatArray,
) -> Direction:
    """Condition a direction on what it moves more than its own score, as often as that helps."""
    own = read.names.index(direction.name)
    tried, on = direction, list[Direction]()
    for _ in range(_RIVALS):
        found = effects(draw, read, [tried], z)
        rival = strongest_other(found.shifts[0], own, tied)
        in_the_way = [each for each in others if each.name == read.names[rival]]
        if abs(found.shifts[0, rival]) < found.shifts[0, own] or not in_the_way:
            break
        on += in_the_way
        tried = replace(conditioned(direction, on), name=direction.name)
    return tried


def steadier(
    draw: Draw, steering: Steering, attributes: Sequence[str], read: Scores, direction: Direction, z: FloatArray
) -> Direction:
    """Steer a direction towards an attribute where it does not rise steadily, if that helps."""
    steady = effects(draw, read, [direction], z).steady[0]
    if direction.name not in attributes or steady >= LEAST_STEADY + _MARGIN:
        return direction
    tried = steering(direction, attributes.index(direction.name))
    after = effects(draw, read, [tried], z).steady[0]
    print(f"steered {direction.name}: rises for {after:.0%} instead of {steady:.0%} of {len(z)} seeds", flush=True)
    return tried if after > steady else direction


def strongest_other(shifts: npt.NDArray[np.float64], own: int, tied: npt.NDArray[np.bool_]) -> int:
    """Return which score moves most of those that do not go with a direction's own by nature."""
    return int(np.where(tied[own], 0.0, np.abs(shifts)).argmax())


def checked(
    found: Sequence[Direction], read: Scores, tied: npt.NDArray[np.bool_], result: Effects, classes: Sequence[str]
) -> list[Named]:
    """Keep what rises steadily and moves its own score most; tell of each.

    Returns:
        Directions with their effects: what is known of every face first, then the strongest first.
    """
    kept = []
    for index, direction in enumerate(found):
        steady, reached, shifts = result.steady[index], result.reached[index], result.shifts[index]
        own = read.names.index(direction.name)
        rival = strongest_other(shifts, own, tied)
        is_class = direction.name in classes
        holds = reached >= LEAST_REACHED if is_class else steady >= LEAST_STEADY
        passes = holds and shifts[own] > abs(shifts[rival])
        effect = (
            f"{reached:.0%} of seeds are one at +3 sigma; -" if is_class else f"rises for {steady:.0%} of seeds; -"
        ) + (
            f"{FAR_SIGMA:g} to +{FAR_SIGMA:g} sigma moves it by {shifts[own]:.1f} "
            f"deviations, next {read.names[rival]} by {shifts[rival]:+.1f}"
        )
        print(f"{'kept' if passes else 'left'}  {direction.name}: {effect}", flush=True)
        if passes:
            detail = "; ".join(filter(None, (direction.detail, effect)))
            kept.append((float(shifts[own]), replace(direction, detail=detail), shifts))
    kept.sort(key=lambda each: (each[1].name not in FULLY_LABELLED, -each[0]))
    return distinct([(direction, shifts) for _, direction, shifts in kept])


def distinct(kept: Sequence[Named]) -> list[Named]:
    """Leave out what is nearly the same slider as an earlier one."""
    chosen: list[Named] = []
    for direction, shifts in kept:
        same = [each.name for each, _ in chosen if abs(float(each.vector @ direction.vector)) >= SAME_COSINE]
        if same:
            print(f"left  {direction.name}: the same slider as {same[0]}")
        else:
            chosen.append((direction, shifts))
    return chosen


def main() -> None:
    """Find, check and save."""
    if len(sys.argv) < 2 or sys.argv[1] not in NETWORKS:
        raise SystemExit(__doc__)
    which, seeds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else _SEEDS
    path = ROOT / "checkpoints" / f"{which}.safetensors"
    model = OpenedModel.from_file(path)
    classifier = load_classifier(path.with_name(f"{NETWORKS[which]}.safetensors"))
    network = PictureClassifier(classifier)
    read, real = judge_of_digits() if which == "digits" else judge_of_faces()
    tied = ties(read, real)
    found = candidates(model, network, read.names)
    z = sample(model.prior, min(seeds, _TRIAL_SEEDS), model.z_dim, _TRIAL)
    found = [untangled(model.render, read, tied, each, found, z) for each in found]
    classes = [direction_name(network.card, index) for index in range(len(network.card.outputs))]
    if which == "faces":
        steering = Steering(model.generator, classifier)
        found = [steadier(model.render, steering, classes, read, each, z) for each in found]
    fresh = sample(model.prior, seeds, model.z_dim, _FINAL)
    result = effects(model.render, read, found, fresh)
    kept = checked(found, read, tied, result, classes if network.card.kind == "softmax" else ())
    directions = tuple(direction for direction, _ in kept)
    critic = load_discriminator(path)
    generator = load_generator(path)
    weights = (generator.weights, *([critic[1]] if critic else []))
    save_model(path, generator.card, *map(halved, weights), directions=directions)
    names = [direction.name for direction in directions]
    shifts = np.stack([row for _, row in kept])
    write_matrix(path.with_name(f"{which}-cosines.png"), cosines(directions), names, names, 1.0)
    write_matrix(path.with_name(f"{which}-effects.png"), shifts, names, read.names, float(np.abs(shifts).max()))
    print(f"{len(kept)} of {len(found)} directions saved; a tau of {STEADY_TAU} counts as steady; {seeds} seeds")


if __name__ == "__main__":
    main()
