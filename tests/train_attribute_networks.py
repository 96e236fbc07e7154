"""Train the attribute networks: ``python tests/train_attribute_networks.py digits|faces [--judge|--epochs N]``.

With ``--epochs`` nothing is written: a network learns for N epochs from the half of the faces but for some identities,
and is tested on these. That is what `FACES.epochs` was chosen by.

They are written to ``checkpoints/``; the judge of faces, another seed on the other half of the identities, to
``local/``, which git ignores. Needs the data of ``$LATENTLAB_DATA``, else of ``shared/data`` beside the checkout.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from faces_data import FULLY_LABELLED, HOLDOUT_LIST, Faces, deal, decode, read_faces, read_holdout, write_holdout

from latentlab.analysis.classifier import PictureClassifier
from latentlab.data.idx import load_mnist
from latentlab.data.resize import fit
from latentlab.models.card import DataSource
from latentlab.models.classifier_file import Classifier, ClassifierCard, Output, save_classifier
from latentlab.models.layers import Activation, BatchNorm, Conv, Layer, Linear, Reshape
from latentlab.models.spec import NetworkSpec
from latentlab.paths import make_folder
from latentlab.training.classifier import ClassifierConfig, train_classifier

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("LATENTLAB_DATA") or ROOT.parent / "shared" / "data").expanduser()
JUDGE = ROOT / "local" / "faces-judge.safetensors"

TRIED_ON = 2500
IntArray = npt.NDArray[np.int64]

DIGITS = ClassifierConfig(epochs=8, peak_lr=8e-3, shift=0.06, turn_degrees=10.0, scale=0.1, precision="bfloat16")
FACES = ClassifierConfig(epochs=14, weight_decay=0.1, shift=0.05, light=0.15, flip=True, precision="bfloat16")
DIGIT_NOTES = (
    "Reads handwritten digits as MNIST has them, white on black and upright. Anything else gets a digit as well."
)
FACE_NOTES = (
    "Non-commercial research only, as the data. Learned from photographs of celebrities, most of them young, light-"
    "skinned and frontal, with labels by annotators: it repeats their judgement and their bias, above all in "
    "attributes of taste (Attractive, Big Nose, Young). Male and Female stand for how a picture was labelled, not for "
    "a person. "
    "Must not be used to judge real people. The 36 attributes other than Male, Young, Smiling and Eyeglasses were "
    "learned from a seventh of the faces. A logit is fair to both answers, not to how rare an attribute is."
)


def block(channels: int, out_channels: int, kernel: int, stride: int) -> tuple[Layer, ...]:
    """Describe a convolution that keeps or halves the side, with BatchNorm and ReLU."""
    padding = (kernel - 1) // 2
    return Conv(channels, out_channels, kernel, stride, padding), BatchNorm(out_channels), Activation("relu")


def head(channels: int, features: int, outputs: int) -> tuple[Layer, ...]:
    """Describe what makes features of 4x4 maps, and logits of features."""
    flat = channels * 16
    hidden = (Reshape(flat, 0, 0), Linear(flat, features, False), BatchNorm(features), Activation("relu"))
    return *hidden, Linear(features, outputs)


def digit_network() -> NetworkSpec:
    """Describe a network of 193,000 weights for 32x32 grey pictures."""
    body = (*block(1, 24, 5, 2), *block(24, 48, 3, 1), *block(48, 64, 4, 2), *block(64, 64, 4, 2))
    return NetworkSpec((1, 32, 32), (*body, *head(64, 64, 10)))


def face_network(outputs: int) -> NetworkSpec:
    """Describe a network of 690,000 weights for 64x64 RGB pictures."""
    body = (*block(3, 32, 4, 2), *block(32, 64, 4, 2), *block(64, 64, 3, 1), *block(64, 96, 4, 2))
    return NetworkSpec((3, 64, 64), (*body, *block(96, 144, 4, 2), *head(144, 128, outputs)))


def train_digits() -> None:
    """Train on MNIST's 60,000 training pictures, test on its 10,000 others."""
    train, test = load_mnist(DATA / "mnist", "train"), load_mnist(DATA / "mnist", "test")
    assert train.labels is not None
    assert test.labels is not None
    spec = digit_network()
    weights = halved(train_classifier(spec, fit(train.pixels, 32), train.labels, DIGITS, told(DIGITS)))
    data = DataSource("mnist", len(train), "CC BY-SA 3.0, as commonly given", "http://yann.lecun.com/exdb/mnist/")
    blank = tuple(Output(str(digit), 0.0, 0, 0) for digit in range(10))
    card = ClassifierCard("digits-classes", "softmax", spec, blank, data, {}, command(), DIGIT_NOTES)
    read = PictureClassifier(Classifier(card, weights), threads=1).logits(test.pixels).argmax(axis=1)
    outputs = tuple(tested(str(digit), read == digit, test.labels == digit) for digit in range(10))
    metrics = {"test accuracy": float((read == test.labels).mean())}
    write(ROOT / "checkpoints" / "digits-classes.safetensors", card, outputs, metrics, weights)


def train_faces(judge: bool) -> None:
    """Train on one half of the identities that are not held out, test on all others."""
    faces, part = dealt_faces()
    own = part == (2 if judge else 1)
    name = "faces-judge" if judge else "faces-attributes"
    config = replace(FACES, seed=1) if judge else FACES
    network, outputs, metrics = learned_faces(faces, np.flatnonzero(own), np.flatnonzero(~own), config, name)
    target = make_folder(JUDGE.parent) / JUDGE.name if judge else ROOT / "checkpoints" / "faces-attributes.safetensors"
    write(target, network.card, outputs, metrics, dict(network.weights))


def try_epochs(epochs: int) -> None:
    """Train on most of the first half, and print how good the network is on some identities of that half."""
    faces, part = dealt_faces()
    half = np.flatnonzero(part == 1)
    is_kept = deal(faces.identities[half], TRIED_ON) == 0
    _, _, metrics = learned_faces(faces, half[~is_kept], half[is_kept], replace(FACES, epochs=epochs), "trial")
    print(f"{epochs} epochs: {metrics}")


def dealt_faces() -> tuple[Faces, IntArray]:
    """Read what is known of the faces, and who is held out (0), of the first half (1) or of the second (2)."""
    faces = read_faces(DATA / "faces")
    part = deal(faces.identities)
    if not HOLDOUT_LIST.exists():
        write_holdout(faces.numbers[part == 0])
    if not np.array_equal(read_holdout(), np.sort(faces.numbers[part == 0])):
        raise SystemExit(f"{HOLDOUT_LIST} lists other faces than these data give; nothing was trained")
    return faces, part


def learned_faces(
    faces: Faces, rows: IntArray, others: IntArray, config: ClassifierConfig, name: str
) -> tuple[Classifier, tuple[Output, ...], dict[str, float]]:
    """Train on some faces, and test on others."""
    folder, spec = DATA / "faces", face_network(len(faces.names))
    weights = halved(train_classifier(spec, decode(folder, faces, rows), faces.answers[rows], config, told(config)))
    licence = "CelebA: non-commercial research only"
    data = DataSource("celeba", len(rows), licence, "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html")
    blank = tuple(Output(each, 0.0, 0, 0) for each in faces.names)
    network = Classifier(ClassifierCard(name, "sigmoid", spec, blank, data, {}, command(), FACE_NOTES), weights)
    logits = PictureClassifier(network, threads=1).logits(decode(folder, faces, others))
    outputs = []
    for index, attribute in enumerate(faces.names):
        answers = faces.answers[others, index]
        known = ~np.isnan(answers)
        outputs.append(tested(attribute, logits[known, index] > 0, answers[known] > 0.5))
    accuracies = {output.name: output.accuracy for output in outputs}
    metrics = {
        "mean balanced accuracy": float(np.mean(list(accuracies.values()))),
        "of the four fully labelled": float(np.mean([accuracies[each] for each in FULLY_LABELLED])),
        "tested on": float(len(others)),
    }
    return network, tuple(outputs), metrics


def tested(name: str, said: npt.NDArray[np.bool_], truth: npt.NDArray[np.bool_]) -> Output:
    """Compare what a network says of an output with the truth."""
    accuracy = (said[truth].mean() + (~said[~truth]).mean()) / 2
    return Output(name, round(float(accuracy), 4), int(truth.sum()), int((~truth).sum()))


def halved(weights: dict[str, npt.NDArray[np.float32]]) -> dict[str, npt.NDArray[np.float32]]:
    """Round weights to what float16 holds, so that what is tested is what is written."""
    return {name: value.astype(np.float16).astype(np.float32) for name, value in weights.items()}


def write(
    path: Path,
    card: ClassifierCard,
    outputs: tuple[Output, ...],
    metrics: dict[str, float],
    weights: dict[str, npt.NDArray[np.float32]],
) -> None:
    """Write the file and say how good it is."""
    metrics = {name: round(value, 4) for name, value in metrics.items()}
    card = replace(card, outputs=outputs, metrics=metrics)
    save_classifier(path, card, {name: value.astype(np.float16) for name, value in weights.items()})
    for output in outputs:
        print(f"{output.name:<22} {output.accuracy:.4f}  of {output.positives} with and {output.negatives} without")
    print(f"{path}: {path.stat().st_size:,} bytes, {metrics}")


def told(config: ClassifierConfig) -> Callable[[int, float], None]:
    """Return what prints each epoch's loss."""
    start = time.perf_counter()

    def tell(epoch: int, loss: float) -> None:
        print(f"epoch {epoch}/{config.epochs}  loss {loss:.4f}  {time.perf_counter() - start:.0f} s", flush=True)

    return tell


def command() -> str:
    """Return the command line that runs this."""
    return " ".join(["python", "tests/train_attribute_networks.py", *sys.argv[1:]])


def main() -> None:
    """Train what is asked for."""
    torch.set_num_threads(1)
    match sys.argv[1:]:
        case ["digits"]:
            train_digits()
        case ["faces"] | ["faces", "--judge"]:
            train_faces("--judge" in sys.argv)
        case ["faces", "--epochs", epochs] if epochs.isdigit():
            try_epochs(int(epochs))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
