"""The data sets that go by a name."""

from __future__ import annotations

from dataclasses import dataclass

from latentlab.data.dataset import NOT_STATED


@dataclass(frozen=True)
class KnownData:
    """What is said of a data set before it is opened.

    Attributes:
        name: As given on the command line, and the name of its folder in `paths.data_dir`.
        title: Its proper name.
        what: One line for the user.
        size: Height and width that networks are trained at by default, in pixels.
        channels: 1 or 3.
        licence: As the publisher gives it.
        source: Address of the publisher.
        class_names: What its labels stand for, where the files do not say.
    """

    name: str
    title: str
    what: str
    size: int
    channels: int
    licence: str
    source: str
    class_names: tuple[str, ...] = ()


KNOWN: dict[str, KnownData] = {
    "mnist": KnownData(
        name="mnist",
        title="MNIST",
        what="70,000 handwritten digits, 28 x 28, in ten classes; 60,000 of them for training",
        size=32,
        channels=1,
        licence="CC BY-SA 3.0, as commonly given",
        source="http://yann.lecun.com/exdb/mnist/",
    ),
    "fashion": KnownData(
        name="fashion",
        title="Fashion-MNIST",
        what="70,000 pieces of clothing, 28 x 28, in ten classes; 60,000 of them for training",
        size=32,
        channels=1,
        licence="MIT",
        source="https://github.com/zalandoresearch/fashion-mnist",
        class_names=(
            "T-shirt/top",
            "Trouser",
            "Pullover",
            "Dress",
            "Coat",
            "Sandal",
            "Shirt",
            "Sneaker",
            "Bag",
            "Ankle boot",
        ),
    ),
    "kmnist": KnownData(
        name="kmnist",
        title="Kuzushiji-MNIST",
        what="70,000 cursive hiragana, 28 x 28, in ten classes; 60,000 of them for training",
        size=32,
        channels=1,
        licence="CC BY-SA 4.0",
        source="http://codh.rois.ac.jp/kmnist/",
        class_names=("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo"),
    ),
    "emnist": KnownData(
        name="emnist",
        title="EMNIST, balanced",
        what="131,600 handwritten digits and letters, 28 x 28, in 47 classes; 112,800 of them for training",
        size=32,
        channels=1,
        licence=NOT_STATED,
        source="https://www.nist.gov/itl/products-and-services/emnist-dataset",
    ),
    "celeba": KnownData(
        name="celeba",
        title="CelebA",
        what="202,599 aligned faces of celebrities, 178 x 218, with 40 attributes",
        size=64,
        channels=3,
        licence="non-commercial research only",
        source="http://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
    ),
    "quickdraw": KnownData(
        name="quickdraw",
        title="Quick, Draw!",
        what="Drawings of the categories in the folder, each a class, from bitmaps or from lines",
        size=32,
        channels=1,
        licence="CC BY 4.0",
        source="https://github.com/googlecreativelab/quickdraw-dataset",
    ),
}
