"""An attribute network on ONNX Runtime: which classes or attributes pictures have. Imports no torch."""

from __future__ import annotations

import numpy as np

from latentlab.analysis.progress import Progress, batches, unwatched
from latentlab.data.resize import fit, to_channels
from latentlab.latent.arrays import FloatArray
from latentlab.models.classifier_file import Classifier, ClassifierCard
from latentlab.models.classifier_graph import FEATURES, LOGITS, PHOTO, export_classifier
from latentlab.models.onnx_session import session_of
from latentlab.pixels import Pixels, to_photo

_BATCH = 128


class PictureClassifier:
    """Reads pictures of any size, grey or colour; smaller and larger ones are padded or resized to its own.

    Args:
        classifier: The network.
        threads: Of the runtime; 0 takes one per core.

    Raises:
        ModelFileError: If the runtime refuses the network's graph.
    """

    def __init__(self, classifier: Classifier, threads: int = 0) -> None:
        self._card = classifier.card
        source = classifier.path or classifier.card.name
        self._session = session_of(export_classifier(classifier), threads, source, "use")

    @property
    def card(self) -> ClassifierCard:
        """Return what is known of the network."""
        return self._card

    def logits(self, pixels: Pixels, progress: Progress = unwatched) -> FloatArray:
        """Score pictures.

        Args:
            pixels: Shape (N, H, W, C), uint8, C = 1 or 3.
            progress: Told the fraction done.

        Returns:
            Shape (N, K), float32, one logit an output.

        Raises:
            Cancelled: If `progress` raises it.
        """
        return self._run(LOGITS, pixels, progress)

    def features(self, pixels: Pixels, progress: Progress = unwatched) -> FloatArray:
        """Return what enters the last layer: pictures that look alike to the network lie near each other there.

        Args:
            pixels: Shape (N, H, W, C), uint8, C = 1 or 3.
            progress: Told the fraction done.

        Returns:
            Shape (N, F), float32.

        Raises:
            Cancelled: If `progress` raises it.
        """
        return self._run(FEATURES, pixels, progress)

    def log_odds(self, pixels: Pixels, progress: Progress = unwatched) -> FloatArray:
        """Score each output on its own: log p / (1 - p), positive where the picture rather has it than not.

        Args:
            pixels: Shape (N, H, W, C), uint8, C = 1 or 3.
            progress: Told the fraction done.

        Returns:
            Shape (N, K), float32. For attributes these are the logits; for classes the logit less the logarithm of the
            sum of all other classes' exponentials.

        Raises:
            Cancelled: If `progress` raises it.
        """
        logits = self.logits(pixels, progress)
        if self._card.kind == "sigmoid":
            return logits
        others = np.repeat(logits[:, None, :], logits.shape[1], axis=1)
        others[:, np.arange(logits.shape[1]), np.arange(logits.shape[1])] = -np.inf
        return np.asarray(logits - np.logaddexp.reduce(others, axis=2), np.float32)

    def probabilities(self, pixels: Pixels, progress: Progress = unwatched) -> FloatArray:
        """Return the probability of each output, shape (N, K), float32; rows sum to 1 where outputs are classes."""
        odds = np.clip(self.log_odds(pixels, progress), -80.0, 80.0)
        return np.asarray(1.0 / (1.0 + np.exp(-odds)), np.float32)

    def _run(self, output: str, pixels: Pixels, progress: Progress) -> FloatArray:
        fitted = fit(to_channels(pixels, self._card.channels), self._card.side_px)
        width = len(self._card.outputs) if output == LOGITS else self._card.feature_width
        rows = np.empty((len(pixels), width), np.float32)
        for batch in batches(len(pixels), _BATCH, progress):
            rows[batch] = self._session.run([output], {PHOTO: to_photo(fitted[batch])})[0]
        return rows
