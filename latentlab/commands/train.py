"""``latentlab train``: a run without a window."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Literal

from latentlab.commands.progress import ProgressLine

Prior = Literal["normal", "uniform"]
Precision = Literal["float32", "bfloat16"]


@dataclass(frozen=True)
class Train:
    """Train a DCGAN; Ctrl+C stops it and keeps the run, --resume goes on with it.

    Attributes:
        data: mnist, or a folder or zip of images.
        out: The run folder; holds the models, sheets, log and resume state.
        kimg: Thousands of real images to show, 1000 by default; --resume takes a larger one.
        resume: Go on with the run that the folder holds; its own settings apply,
            but for kimg, lr, lr-end, r1 and ema-kimg where they are given.
        device: auto, cpu, cuda or mps.
        size: Side of the pictures in pixels, a power of two from 16 to 256; 0 takes the data set's own.
        channels: 1 or 3; 0 takes the data set's own.
        width: Feature maps of the generator's last hidden layer (ngf).
        critic_width: Feature maps of the discriminator's first layer (ndf); 0 takes the generator's.
        z_dim: Width of z.
        prior: Distribution of z.
        kernel: Side of the kernels, 4 or 5.
        batch: Images a step; 0 chooses one by a short trial.
        lr: Learning rate of Adam for both networks, 0.0002 by default.
        lr_end: Share of the learning rate left at the end; it falls linearly over the second half; 1 by default.
        r1: Weight of the R1 gradient penalty on real images; 0 leaves it out.
        beta1: First momentum of Adam.
        ema_kimg: Half-life of the averaged generator, in kimg; 10 by default.
        tick_kimg: Distance of models and sheets; 0 takes a fiftieth of the run.
        precision: Of forward passes: float32, or bfloat16, which is faster where the processor has it.
        seed: Of initialisation, z and the order of the images.
        threads: CPU threads; 0 takes one per core.
        json: Print the result as JSON.
    """

    data: str
    out: Path
    kimg: float | None = None
    resume: bool = False
    device: str = "auto"
    size: int = 0
    channels: int = 0
    width: int = 32
    critic_width: int = 0
    z_dim: int = 100
    prior: Prior = "normal"
    kernel: int = 4
    batch: int = 0
    lr: float | None = None
    lr_end: float | None = None
    r1: float | None = None
    beta1: float = 0.5
    ema_kimg: float | None = None
    tick_kimg: float = 0.0
    precision: Precision = "float32"
    seed: int = 0
    threads: int = 0
    json: bool = False

    def run(self) -> None:
        """Train to the end, or until a signal stops it."""
        import torch

        from latentlab.export.sheet import write_sheet
        from latentlab.training.config import TrainConfig
        from latentlab.training.control import Control
        from latentlab.training.durations import duration
        from latentlab.training.events import Event, Preparing, Progress, Started, Tick
        from latentlab.training.run import CHANGEABLE, run_training
        from latentlab.training.run_folder_names import can_resume

        if self.threads:
            torch.set_num_threads(self.threads)
        given = {name: value for name, value in asdict(self).items() if value is not None}
        config = TrainConfig.from_mapping(given)
        changes = {name: given[name] for name in CHANGEABLE if name in given}
        control = Control()

        def on_signal(_number: int, _frame: FrameType | None) -> None:
            control.stop()

        line = ProgressLine()

        def on_event(event: Event) -> None:
            match event:
                case Preparing():
                    share = f" {event.done}/{event.total}" if event.total else ""
                    line.show(f"{event.what}{share}")
                case Started():
                    line.say(
                        f"{event.config.data}: {event.images} images, {event.config.size}x{event.config.size}, "
                        f"batch {event.config.batch}, on {event.device}, from {event.kimg:.1f} kimg"
                    )
                case Progress():
                    losses = event.losses
                    line.show(
                        f"{event.kimg:8.1f}/{event.total_kimg:g} kimg  {event.images_per_s:5.0f} img/s  "
                        f"ETA {duration(event.eta_s)}  Loss_D {losses.Loss_D:.3f}  Loss_G {losses.Loss_G:.3f}  "
                        f"D(x) {losses.D_x:.2f}  D(G(z)) {losses.D_G_z1:.2f}/{losses.D_G_z2:.2f}"
                    )
                case Tick():
                    line.show(f"{event.kimg:8.1f} kimg: {event.path.name}")

        before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            with line:
                finished = run_training(
                    config,
                    self.out,
                    resume=changes if self.resume else None,
                    device=self.device,
                    control=control,
                    emit=on_event,
                    write_sheet=write_sheet,
                    command=shlex.join(["latentlab", *sys.argv[1:]]),
                )
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        if not finished.complete:
            line.say(
                f"stopped at {finished.kimg:.1f} kimg; go on with --resume"
                if can_resume(self.out)
                else "stopped before the training began; nothing was written"
            )
        if self.json:
            print(json.dumps({"kimg": finished.kimg, "complete": finished.complete, "model": str(finished.path or "")}))
        elif finished.path:
            print(finished.path)
