"""The Inception network of the published FID and KID, through torch-fidelity, for those who have its weights file."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from latentlab.analysis.metrics.feature_space import FeatureSpace
from latentlab.analysis.progress import Progress, batches
from latentlab.data.resize import to_channels
from latentlab.errors import ModelFileError, UsageError
from latentlab.latent.arrays import FloatArray
from latentlab.pixels import Pixels

WIDTH = 2048
_BATCH = 16


def inception_space(weights: Path) -> FeatureSpace:
    """Return the space of Inception's 2048 pooled features, as torch-fidelity makes them.

    Args:
        weights: The file ``weights-inception-2015-12-05-6726825d.pth`` that torch-fidelity publishes.

    Raises:
        UsageError: If torch-fidelity is not installed.
        ModelFileError: If there is no such file, or it holds other weights.

    References:
        Obukhov et al. 2020, "High-fidelity performance metrics for generative models in PyTorch" (torch-fidelity).
    """
    try:
        extractors: Any = import_module("torch_fidelity.feature_extractor_inceptionv3")
    except ImportError:
        how = "Install it with: pip install 'latentlab[metrics]'."
        raise UsageError("--inception", "torch-fidelity is not installed", how) from None
    if not weights.is_file():
        raise ModelFileError(weights, "no such file", "Name the Inception weights that torch-fidelity publishes.")
    try:
        # It reads the file with torch.load, which takes tensors alone from torch 2.6 on.
        network = extractors.FeatureExtractorInceptionV3("inception-v3-compat", [str(WIDTH)], str(weights))
    except Exception as error:
        raise ModelFileError(weights, f"holds no Inception weights: {error}") from error
    torch = import_module("torch")

    def read(pixels: Pixels, progress: Progress) -> FloatArray:
        rows = np.empty((len(pixels), WIDTH), np.float32)
        for batch in batches(len(pixels), _BATCH, progress):
            colour = np.ascontiguousarray(to_channels(pixels[batch], 3).transpose(0, 3, 1, 2))
            with torch.inference_mode():
                rows[batch] = network(torch.from_numpy(colour))[0].numpy()
        return rows

    resize = "bilinear to 299x299 as TensorFlow 1 does it, in torch-fidelity; grey as three equal channels"
    return FeatureSpace(f"Inception v3 (torch-fidelity, {weights.name}), {WIDTH} pooled features", WIDTH, resize, read)
