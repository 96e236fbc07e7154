"""Evaluations of a run: every so many images G_ema is judged, by whatever the caller of the training gives."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import torch

from latentlab import log
from latentlab.errors import Cancelled, LatentlabError
from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.pixels import Pixels, to_pixels
from latentlab.training.config import TrainConfig
from latentlab.training.control import Control
from latentlab.training.events import Event, Notice, Preparing
from latentlab.training.state import TrainState

Draw = Callable[[FloatArray, IntArray | None], Pixels]
"""From z, shape (n, z_dim), float32, and classes, shape (n,), int64, or None, to pixels (n, H, W, C), uint8."""

Told = Callable[[float], None]
"""Told the fraction done; may raise `Cancelled`, which is to be passed on."""

Evaluate = Callable[[Draw, Told], Mapping[str, Any]]
"""Judges a generator; returns what it found in JSON types, for the log: figures with an error as ``{"value": …}``."""

MakeEvaluate = Callable[[TrainConfig, int, Told], Evaluate]
"""Makes the real side ready for a run and its number of classes, 0 where z alone decides."""

_STEPS = 20
_log = log.get(__name__)


class Evaluations:
    """When G_ema is judged, and by what. Belongs to the thread that trains.

    Args:
        state: Whose G_ema is judged, with its statistics as they are then.
        make: Called before the first evaluation; None where nothing can judge.
        control: Looked at meanwhile: a pause holds an evaluation, a stop calls it off.
        emit: Told how far it is, and why there is none.
    """

    def __init__(
        self, state: TrainState, make: MakeEvaluate | None, control: Control, emit: Callable[[Event], None]
    ) -> None:
        self._state, self._make, self._control, self._emit = state, make, control, emit
        self._evaluate: Evaluate | None = None
        self._looked_images = state.images
        self._shown = -1

    def when_due(self, config: TrainConfig) -> Mapping[str, Any]:
        """Judge G_ema at the first tick after every `config.evaluate_kimg` and at the end.

        Returns:
            What was found; empty where none was due, where it was called off or could not be made.
        """
        before, images = self._looked_images, self._state.images
        self._looked_images = images
        every = round(1000.0 * config.evaluate_kimg)
        if self._make is None or not every or images == before:
            return {}
        if images // every == before // every and images < config.total_images:
            return {}
        start, held_s = time.monotonic(), self._control.held_s
        try:
            if self._evaluate is None:
                self._evaluate = self._make(config, self._state.spec.classes, self._told("Preparing the evaluation"))
            return self._evaluate(self._draw, self._told("Evaluating"))
        except Cancelled:
            return {}
        except LatentlabError as error:
            self._make = None
            _log.warning("no evaluation: %s", error)
            self._emit(Notice(f"The run goes on without evaluations. {error}"))
            return {}
        finally:
            # What it was held meanwhile is part of that.
            self._control.held_s = held_s + time.monotonic() - start

    @torch.inference_mode()
    def _draw(self, z: FloatArray, y: IntArray | None = None) -> Pixels:
        device = self._state.device
        inputs = [torch.from_numpy(each).to(device) for each in (z, y) if each is not None]
        return to_pixels(self._state.G_ema(*inputs).float().cpu().numpy())

    def _told(self, what: str) -> Told:
        self._shown = -1

        def told(share: float) -> None:
            self._control.checkpoint_alone()
            step = int(share * _STEPS)
            if step != self._shown:
                self._shown = step
                self._emit(Preparing(what, step * 100 // _STEPS, 100))

        return told
