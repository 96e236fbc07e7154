"""The feature spaces that pictures are compared in: what enters a network's last layer, or the pixels themselves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from latentlab.analysis.classifier import PictureClassifier
from latentlab.analysis.progress import Progress, batches, unwatched
from latentlab.data.resize import fit, to_channels
from latentlab.latent.arrays import FloatArray
from latentlab.models.classifier_file import Classifier
from latentlab.pixels import Pixels

PIXEL_SIDE_PX = 16
_BATCH = 256


@dataclass(frozen=True, eq=False)
class FeatureSpace:
    """Turns pictures into vectors; call it with pixels, shape (N, H, W, C), uint8, for shape (N, width), float32.

    Attributes:
        name: What it is, without which no number made in it means anything.
        width: How many numbers a picture becomes.
        resize: How pictures are brought to the size that it reads; ``likewise`` is the way of `data.resize.fit`.
        read: Does it; tells its progress and may be cancelled.
    """

    name: str
    width: int
    resize: str
    read: Callable[[Pixels, Progress], FloatArray]

    def __call__(self, pixels: Pixels, progress: Progress = unwatched) -> FloatArray:
        """Read pictures; see the class.

        Raises:
            Cancelled: If `progress` raises it.
        """
        return self.read(pixels, progress)


def network_space(classifier: Classifier, remark: str = "", threads: int = 0) -> FeatureSpace:
    """Return the space of what enters a network's last layer.

    Args:
        classifier: A network of classes, attributes or rotations.
        remark: What is to be known of it besides its name.
        threads: Of the runtime; 0 takes one per core.

    Raises:
        ModelFileError: If the runtime refuses the network's graph.
    """
    network = PictureClassifier(classifier, threads)
    card = classifier.card
    name = f"{card.name}{f' ({remark})' if remark else ''}, {card.feature_width} penultimate features"
    return FeatureSpace(name, card.feature_width, _fitted(card.side_px, card.channels), network.features)


def pixel_space(side_px: int, channels: int) -> FeatureSpace:
    """Return the space of pixels in [-1, 1], of pictures no larger than 16x16: where there is nothing better.

    Neighbours in it are pictures of like brightness in like places, not pictures of like things.
    """
    side = min(side_px, PIXEL_SIDE_PX)
    width = side * side * channels

    def read(pixels: Pixels, progress: Progress) -> FloatArray:
        rows = np.empty((len(pixels), width), np.float32)
        for batch in batches(len(pixels), _BATCH, progress):
            small = fit(to_channels(pixels[batch], channels), side)
            rows[batch] = small.reshape(len(small), -1) / np.float32(127.5) - np.float32(1.0)
        return rows

    name = f"raw pixels at {side}x{side}, {width} numbers: no feature network was at hand"
    return FeatureSpace(name, width, _fitted(side, channels), read)


def _fitted(side: int, channels: int) -> str:
    kind = "grey" if channels == 1 else "RGB"
    return f"{side}x{side} {kind}, likewise"
