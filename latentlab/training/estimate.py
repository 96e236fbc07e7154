"""What a run will cost, before it is begun: memory by counting, time by a trial."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from latentlab.gpu import wait_for
from latentlab.models.layers import Activation, Crop, Reshape
from latentlab.models.spec import NetworkSpec
from latentlab.training.architecture import critic_of, generator_of
from latentlab.training.config import TrainConfig

if TYPE_CHECKING:
    import torch

_FLOAT_BYTES = 4
_COPIES = 4
"""Of each weight: itself, its gradient, and Adam's two averages."""

TRIAL_STEPS = 2


def memory_bytes(config: TrainConfig, images: int = 0, classes: int = 0) -> int:
    """Count what training keeps at once: weights and what belongs to them, a batch's activations, and the data.

    What the libraries take for themselves is not in it: several hundred MB on any device.

    Args:
        config: Resolved: size, channels and batch are known.
        images: How many the data set has.
        classes: How many classes they have, where `config.needs_labels`.
    """
    G, D = generator_of(config, classes).network, critic_of(config, classes)
    weights = _COPIES * (_weights(G) + _weights(D)) + _weights(G)  # and G_ema
    # The graph of G(z) and that of D on it live together in phase G.
    activations = config.batch // config.accumulate * (_activations(G) + _activations(D))
    share = 1.0 if config.precision == "float32" else 0.5
    return round(_FLOAT_BYTES * (weights + share * activations)) + images * config.channels * config.size**2


def images_per_s(config: TrainConfig, device: torch.device, clock: Callable[[], float], classes: int = 0) -> float:
    """Measure how many real images a second are shown, by a trial on noise: one step to warm up, then two.

    Takes a few steps' time and a batch's memory; belongs into a thread of its own.

    Args:
        config: Resolved: size, channels and batch are known.
        device: Where it is to train.
        clock: Seconds, monotonic.
        classes: How many classes the data have, where `config.needs_labels`.
    """
    import numpy as np

    from latentlab.training.control import Control
    from latentlab.training.loop import train
    from latentlab.training.state import TrainState

    shape = (max(config.batch, classes), config.size, config.size, config.channels)
    pixels = np.random.RandomState(0).randint(0, 256, shape).astype(np.uint8)
    labels = np.arange(len(pixels)) % max(1, classes)
    state = TrainState(config, pixels, device, labels)
    seconds = math.inf
    for steps in (1, 1 + TRIAL_STEPS):
        start = clock()
        trial = config.resolved(kimg=steps * config.step_images / 1000.0, tick_kimg=1e6)
        train(state, trial, Control(), lambda _: None, lambda: None)
        wait_for(device)
        seconds = clock() - start
    return TRIAL_STEPS * config.step_images / seconds


def _weights(network: NetworkSpec) -> int:
    return sum(math.prod(shape) for shape in network.tensors().values())


def _activations(network: NetworkSpec) -> int:
    """Count what a forward pass keeps of one picture; non-linearities overwrite their input."""
    kept = zip(network.layers, network.shapes(), strict=True)
    return sum(math.prod(shape) for layer, shape in kept if not isinstance(layer, Activation | Reshape | Crop))
