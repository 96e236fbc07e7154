"""What a tick keeps: the model with its card, the fixed-z sheet, a line of the log, and last the resume state."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch

from latentlab.data.dataset import DataSet
from latentlab.errors import Cancelled, OutputError
from latentlab.models import networks
from latentlab.models.card import DataSource, ModelCard
from latentlab.models.checkpoint import Generator, save_model
from latentlab.pixels import Pixels, to_pixels
from latentlab.training.config import TrainConfig
from latentlab.training.control import Control
from latentlab.training.ema import reestimate_statistics
from latentlab.training.evaluation import Evaluations
from latentlab.training.events import Notice, Tick
from latentlab.training.losses import began_convergence
from latentlab.training.run_folder import RunFolder
from latentlab.training.scalars import ScalarLog
from latentlab.training.sheets import contrast
from latentlab.training.spectral import folded_weights
from latentlab.training.state import TrainState
from latentlab.training.survival import RETRY_S, has_space, is_disk_full

_LOOKED_AT = 1024
"""Real pictures whose contrast is taken."""

SheetWriter = Callable[[Path, Pixels], object]


class Keeper:
    """Writes the ticks of a run into its folder. Belongs to the thread that trains, in the process that writes.

    Args:
        run: The folder.
        data: What is trained on.
        state: What is kept.
        write_sheet: Writes the fixed-z sheet to a path.
        evaluations: Judge G_ema where that is due.
        control: Holds the run while the disk is full.
        tell: Told why the run waits.
        command: The command line, for the model card.
    """

    def __init__(
        self,
        run: RunFolder,
        data: DataSet,
        state: TrainState,
        write_sheet: SheetWriter,
        evaluations: Evaluations,
        control: Control,
        tell: Callable[[Notice], None],
        command: str,
    ) -> None:
        self._run, self._data, self._state = run, data, state
        self._write_sheet, self._evaluations, self._command = write_sheet, evaluations, command
        self._control, self._tell = control, tell
        self._saved_images = state.images
        self._scalars: ScalarLog | None = None
        self._real_contrast = contrast(np.asarray(data.pixels[:: math.ceil(len(data) / _LOOKED_AT)]))

    def keep(self, config: TrainConfig, means: Mapping[str, float], rates: Mapping[str, float], speed: float) -> Tick:
        """Write what belongs to a tick; while the disk is full, wait.

        Args:
            config: As the run goes on with it.
            means: Of what the steps since the last tick reported, by name.
            rates: Learning rates by name.
            speed: Images a second.
        """
        state, run = self._state, self._run
        reestimate_statistics(state.G_ema, state.statistics_inputs())
        samples = self._samples()
        found = self._evaluations.when_due(config)
        card = ModelCard(
            name=f"{self._data.name} {config.size}x{config.size}",
            generator=state.spec,
            discriminator=state.critic_spec,
            data=DataSource(self._data.name, len(self._data), self._data.licence, self._data.source),
            training=asdict(config) | {"device": state.device.type} | ({"evaluation": dict(found)} if found else {}),
            kimg=state.images / 1000.0,
            metrics={name: figure["value"] for name, figure in found.items() if isinstance(figure, Mapping)},
            command=self._command,
            class_names=self._data.class_names[: state.spec.classes],
        )
        weights = networks.weights_of(state.G_ema)
        path = run.model_file(state.images)
        entry = {"kimg": card.kimg, "images_per_s": speed, **means, **self._balance(config, means), **rates, **found}
        if self._real_contrast > 0.0:
            entry["contrast"] = contrast(samples) / self._real_contrast

        def write() -> None:
            # The resume state comes last: see run_folder.
            save_model(path, card, weights, folded_weights(state.D, state.critic_spec))
            self._write_sheet(run.sheet_file(state.images), samples)
            run.log(entry)
            run.save_state(state.to_dict())
            run.prune_models()

        self._when_there_is_space(write)
        self._saved_images = state.images
        if config.tensorboard:
            self._scalars = self._scalars or ScalarLog(run.folder)
            self._scalars.add(entry, state.images)
        return Tick(card.kimg, Generator(replace(card, discriminator=None), weights, path=path), samples, path)

    def close(self) -> None:
        """Close what was opened for writing."""
        if self._scalars is not None:
            self._scalars.close()

    def _balance(self, config: TrainConfig, means: Mapping[str, float]) -> dict[str, float]:
        """Return what began keeps in balance; nothing for the other objectives."""
        if config.loss != "began" or not means:
            return {}
        error_real, error_fake = torch.tensor(means["D_x"]), torch.tensor(means["D_G_z1"])
        convergence = began_convergence(error_real, error_fake, config.gamma)
        return {"k": float(self._state.k), "convergence": float(convergence)}

    def _when_there_is_space(self, write: Callable[[], None]) -> None:
        folder, resume = self._run.folder, self._run.resume_file
        wanted_bytes = 2 * resume.stat().st_size if resume.exists() else 0
        while True:
            try:
                write()
            except OutputError as error:
                if not is_disk_full(error, folder, wanted_bytes):
                    raise
                self._control.pause()
                self._tell(Notice(f"{error}. The run waits until there is space.", waiting=True))
                try:
                    self._control.hold_until(lambda: has_space(folder, wanted_bytes), RETRY_S)
                    self._run.recover(self._saved_images)
                except Cancelled:
                    raise error from None
            else:
                return

    @torch.inference_mode()
    def _samples(self) -> Pixels:
        return to_pixels(self._state.G_ema(*self._state.fixed).float().cpu().numpy())
