"""The digit judge: a classifier of real MNIST that grades what a generator of digits draws.

It is trained where needed (40 s on one busy core) and kept in ``local/``, which git ignores, under a name that
holds the checksum of this file, the data and torch's version: whatever could change the verdict trains a new judge.

As a script it prints a table of grades, and how many samples a calibrated judge accepts, for five sample seeds:
``python tests/judge.py MODEL [MODEL...]``.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from acceptance import CLASS_SHARES, COLUMNS, LEAST_ACCEPTED, MANY_SAMPLES, acceptance
from safetensors.numpy import load_file, save_file
from torch import nn
from torch.nn.functional import cross_entropy

from latentlab.analysis.manifold import prdc
from latentlab.errors import DataError, LatentlabError, ModelFileError
from latentlab.latent import priors
from latentlab.models.checkpoint import Generator, find_model, load_generator
from latentlab.models.networks import load, weights_of
from latentlab.models.onnx_graph import export
from latentlab.paths import make_folder, replacing
from latentlab.pixels import Pixels, to_photo

FloatArray = npt.NDArray[np.float32]

ROOT = Path(__file__).resolve().parents[1]
CLASSES = 10
SAMPLES = 2000
HEADER = f"{'top p':>6}  {'recall':>6}  {'coverage':>8}  {'share of the classes 0 to 9, %':<49}"

LEAST_TOP_PROBABILITY = 0.95
LEAST_CLASS_SHARE = 0.05
LEAST_RECALL_RATIO = 0.6
LEAST_COVERAGE_RATIO = 0.6

SIDE_PX = 32
_MNIST_SIDE_PX = 28
_SEED = 0
# Beside another process on two cores, two threads wait for each other: training took 4 to 5 times as long as with one.
_THREADS = 1
_EPOCHS = 2
_BATCH = 256
_PEAK_LR = 1e-2
_NEIGHBOURS = 5
_INFERENCE_BATCH = 500
_SAMPLE_SEEDS = 5


@dataclass(frozen=True)
class Mnist:
    """MNIST in the form that generators here draw it: 28x28 padded with zeros to 32x32.

    Attributes:
        train_pixels, test_pixels: Shape (60000, 32, 32, 1) and (10000, 32, 32, 1), uint8.
        train_labels, test_labels: Shape (60000,) and (10000,), int64 in [0, 9].
        checksum: 32 hexadecimal digits over the four files.
    """

    train_pixels: Pixels
    train_labels: npt.NDArray[np.int64]
    test_pixels: Pixels
    test_labels: npt.NDArray[np.int64]
    checksum: str

    def splits(self, size: int = SAMPLES) -> tuple[Pixels, Pixels]:
        """Draw two disjoint sets of test pictures; shuffled, since the first half of the test set is the easier one."""
        order = np.random.RandomState(_SEED).permutation(len(self.test_pixels))
        return self.test_pixels[order[:size]], self.test_pixels[order[size : 2 * size]]


def mnist_folder() -> Path:
    """Name the folder of the MNIST files below ``$LATENTLAB_DATA``, else below ``shared/data`` beside the checkout."""
    named = os.environ.get("LATENTLAB_DATA")
    return (Path(named).expanduser() if named else ROOT.parent / "shared" / "data") / "mnist"


def read_mnist(folder: Path) -> Mnist:
    """Read the four original files.

    Raises:
        DataError: If one is missing or not what its name says.
    """
    digest = hashlib.blake2b(digest_size=16)
    parts: list[npt.NDArray[np.uint8]] = []
    for split in ("train", "t10k"):
        for kind, dimensions in (("images", 3), ("labels", 1)):
            path = folder / f"{split}-{kind}-idx{dimensions}-ubyte.gz"
            if not path.exists():
                raise DataError(path, "no such file", "Set LATENTLAB_DATA to the folder that holds mnist/.")
            data = path.read_bytes()
            digest.update(data)
            parts.append(_parse_idx(path, gzip.decompress(data), dimensions))
    train_images, train_labels, test_images, test_labels = parts
    return Mnist(
        _padded(train_images),
        train_labels.astype(np.int64),
        _padded(test_images),
        test_labels.astype(np.int64),
        digest.hexdigest(),
    )


class Judge:
    """A trained classifier of digits.

    Attributes:
        test_accuracy: The share of the 10,000 test pictures it names rightly, measured at every start.
    """

    def __init__(self, network: nn.Sequential, data: Mnist) -> None:
        self._network = network.eval()
        right = self.probabilities(data.test_pixels).argmax(axis=1) == data.test_labels
        self.test_accuracy = float(right.mean())

    def probabilities(self, pixels: Pixels) -> FloatArray:
        """Return the softmax over the ten classes.

        Args:
            pixels: Shape (N, 32, 32, 1), uint8.

        Returns:
            Shape (N, 10), float32; rows sum to 1.
        """
        logits = self.logits(pixels)
        exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
        return np.asarray(exponents / exponents.sum(axis=1, keepdims=True), np.float32)

    def logits(self, pixels: Pixels) -> FloatArray:
        """Return what the softmax is taken of: shape (N, 10), float32, of pixels (N, 32, 32, 1), uint8."""
        return self._forward(self._network, pixels)

    def features(self, pixels: Pixels) -> FloatArray:
        """Return what enters the last layer.

        Args:
            pixels: Shape (N, 32, 32, 1), uint8.

        Returns:
            Shape (N, 128), float32, not negative.
        """
        return self._forward(self._network[:-1], pixels)

    @staticmethod
    @torch.inference_mode()
    def _forward(network: nn.Module, pixels: Pixels) -> FloatArray:
        batches = (pixels[start : start + _INFERENCE_BATCH] for start in range(0, len(pixels), _INFERENCE_BATCH))
        with _threads(_THREADS):
            rows = [network(torch.from_numpy(to_photo(batch))).numpy() for batch in batches]
        return np.asarray(np.concatenate(rows), np.float32)


def judge_of(data: Mnist, folder: Path = ROOT / "local") -> Judge:
    """Return the judge for a data set: the one kept in `folder`, else a newly trained one, which is then kept."""
    key = hashlib.blake2b(digest_size=8)
    for part in (Path(__file__).read_bytes(), data.checksum.encode(), torch.__version__.encode()):
        key.update(part)
    path = folder / f"judge-{key.hexdigest()}.safetensors"
    network = _network()
    if path.exists():
        load(network, load_file(path))
    else:
        train(network, data)
        with replacing(make_folder(folder) / path.name) as temporary:
            save_file(weights_of(network), temporary)
    return Judge(network, data)


def train(network: nn.Sequential, data: Mnist) -> None:
    """Train in place, one cycle of the learning rate, the same weights every time on one machine.

    References:
        Smith & Topin 2017, "Super-Convergence", arXiv:1708.07120.
    """
    pixels, labels = torch.from_numpy(to_photo(data.train_pixels)), torch.from_numpy(data.train_labels)
    order = torch.Generator().manual_seed(_SEED)
    steps = _EPOCHS * (len(pixels) // _BATCH)
    optimiser = torch.optim.AdamW(network.parameters(), lr=_PEAK_LR, weight_decay=1e-2)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _PEAK_LR, total_steps=steps)
    network.train()
    with _threads(_THREADS):
        for _ in range(_EPOCHS):
            shuffled = torch.randperm(len(pixels), generator=order)
            for batch in shuffled.split(_BATCH):
                if len(batch) < _BATCH:
                    continue
                optimiser.zero_grad()
                cross_entropy(network(pixels[batch]), labels[batch]).backward()
                optimiser.step()
                schedule.step()
    network.eval()


@dataclass(frozen=True)
class Grade:
    """What the judge says of a set of pictures.

    Attributes:
        mean_top_probability: Mean of the largest class probability, in [0.1, 1]: are they digits?
        class_shares: Share of the pictures in each class 0 to 9; sums to 1.
        recall_ratio: Recall against real pictures over what as many other real pictures reach; 1 is as varied as real.
        coverage_ratio: The same for coverage.
    """

    mean_top_probability: float
    class_shares: tuple[float, ...]
    recall_ratio: float
    coverage_ratio: float

    def failings(self) -> tuple[str, ...]:
        """Name what falls short of a model fit to be shipped; empty where nothing does."""
        checks = (
            ("top probability", self.mean_top_probability, LEAST_TOP_PROBABILITY),
            ("rarest class", min(self.class_shares), LEAST_CLASS_SHARE),
            ("recall ratio", self.recall_ratio, LEAST_RECALL_RATIO),
            ("coverage ratio", self.coverage_ratio, LEAST_COVERAGE_RATIO),
        )
        return tuple(f"{name} {value:.3f} < {least}" for name, value, least in checks if not value >= least)

    def __str__(self) -> str:
        """Return one row of the table under `HEADER`."""
        shares = " ".join(f"{100 * share:4.1f}" for share in self.class_shares)
        return f"{self.mean_top_probability:6.4f}  {self.recall_ratio:6.3f}  {self.coverage_ratio:8.3f}  {shares}"


def grade(judge: Judge, fake_pixels: Pixels, real_a: Pixels, real_b: Pixels) -> Grade:
    """Grade pictures against real ones, in the judge's features.

    Args:
        judge: A trained judge.
        fake_pixels: Shape (N, 32, 32, 1), uint8.
        real_a: What they are compared with, shape (N, 32, 32, 1), uint8.
        real_b: Other real pictures, whose scores against `real_a` are the measure, shape (N, 32, 32, 1), uint8.
    """
    probabilities = judge.probabilities(fake_pixels)
    shares = np.bincount(probabilities.argmax(axis=1), minlength=CLASSES) / len(fake_pixels)
    reference = judge.features(real_a)
    drawn = prdc(reference, judge.features(fake_pixels), _NEIGHBOURS)
    real = prdc(reference, judge.features(real_b), _NEIGHBOURS)
    return Grade(
        float(probabilities.max(axis=1).mean()),
        tuple(float(share) for share in shares),
        drawn.recall / real.recall,
        drawn.coverage / real.coverage,
    )


def draw(generator: Generator, count: int = SAMPLES, seed: int = 0) -> Pixels:
    """Render untruncated samples of the model's own prior through ONNX Runtime.

    Returns:
        Shape (count, 32, 32, 1), uint8.

    Raises:
        ModelFileError: If the model does not draw 32x32 greyscale pictures.
    """
    spec = generator.card.generator
    if (spec.height, spec.width, spec.channels) != (SIDE_PX, SIDE_PX, 1):
        size = f"{spec.width}x{spec.height} in {spec.channels} channels"
        raise ModelFileError(generator.path, f"draws {size}; the judge knows 32x32 in 1 channel")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = _THREADS
    session = onnxruntime.InferenceSession(export(generator), options, providers=["CPUExecutionProvider"])
    z = priors.sample(spec.prior, count, spec.z_dim, seed)
    starts = range(0, count, _INFERENCE_BATCH)
    return np.concatenate([session.run(None, {"z": z[start : start + _INFERENCE_BATCH]})[0] for start in starts])


def main(arguments: Sequence[str]) -> int:
    """Print one line of grades for each model file or run folder named."""
    if not arguments:
        print("usage: python tests/judge.py MODEL [MODEL...]", file=sys.stderr)
        return 2
    try:
        data = read_mnist(mnist_folder())
        judge = judge_of(data)
        print(f"judge: {100 * judge.test_accuracy:.2f} % of the test set; recall and coverage over those of real ones")
        print(f"{HEADER}  {'kimg':>6}  model")
        print(f"{grade(judge, data.train_pixels[:SAMPLES], *data.splits())}  {'':>6}  real digits")
        for path in arguments:
            generator = load_generator(find_model(Path(path)))
            result = grade(judge, draw(generator), *data.splits())
            verdict = "; ".join(result.failings()) or "passes"
            print(f"{result}  {generator.card.kimg:6.0f}  {generator.path}: {verdict}", flush=True)
        wanted = f"{100 * LEAST_ACCEPTED:.0f} % accepted, each class {CLASS_SHARES[0]:.0%} to {CLASS_SHARES[1]:.0%}"
        print(f"\ncalibrated, {MANY_SAMPLES} samples a seed; wanted: {wanted}\n{COLUMNS}  model")
        real_logits = judge.logits(data.test_pixels)
        for path in arguments:
            generator = load_generator(find_model(Path(path)))
            for seed in range(_SAMPLE_SEEDS):
                drawn = judge.logits(draw(generator, MANY_SAMPLES, seed))
                row = acceptance(real_logits, data.test_labels, drawn)
                print(f"{row}  {generator.path}, seed {seed}", flush=True)
    except LatentlabError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _network() -> nn.Sequential:
    """Build the classifier, initialised by the seed; global random state is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(_SEED)
        return nn.Sequential(
            nn.Conv2d(1, 16, 5, stride=2, padding=2, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            *_block(16, 32),
            *_block(32, 64),
            nn.Flatten(),
            nn.Linear(64 * 4 * 4, 128, bias=False),
            nn.BatchNorm1d(128),
            nn.ReLU(),
            nn.Linear(128, CLASSES),
        )


def _block(channels: int, out_channels: int) -> tuple[nn.Module, ...]:
    return (
        nn.Conv2d(channels, out_channels, 3, padding=1, bias=False),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def _padded(images: npt.NDArray[np.uint8]) -> Pixels:
    margin = (SIDE_PX - _MNIST_SIDE_PX) // 2
    return np.pad(images, ((0, 0), (margin, margin), (margin, margin)))[..., None]


def _parse_idx(path: Path, data: bytes, dimensions: int) -> npt.NDArray[np.uint8]:
    header = 4 + 4 * dimensions
    shape = tuple(np.frombuffer(data[4:header], ">u4").tolist())
    if data[:4] != bytes((0, 0, 8, dimensions)) or len(data) != header + int(np.prod(shape)):
        raise DataError(path, "is no IDX file of bytes, or is cut short", "Fetch it again.")
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
