"""What a training tells those who watch it: frozen messages that own their arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from latentlab.errors import ErrorReport
from latentlab.models.checkpoint import Generator
from latentlab.pixels import Pixels
from latentlab.training.config import TrainConfig
from latentlab.training.control import Player


@dataclass(frozen=True)
class Preparing:
    """The run is not training yet.

    Attributes:
        what: What it does, for example ``Reading images``.
        done: Units done; 0 of 0 where unknown.
        total: Units in all.
    """

    what: str
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class Started:
    """Training begins or goes on.

    Attributes:
        config: With everything resolved.
        folder: The run folder.
        device: For example ``cpu`` or ``cuda``.
        images: Images in the data set.
        kimg: Shown so far; above 0 after a resume.
    """

    config: TrainConfig
    folder: Path
    device: str
    images: int
    kimg: float


@dataclass(frozen=True)
class Notice:
    """Something happened that the run went on from by itself, or waits for.

    Attributes:
        text: One line for the user.
        waiting: Whether the run is held until it is told to go on, or the cause is gone.
    """

    text: str
    waiting: bool = False


@dataclass(frozen=True)
class Losses:
    """Means since the last message, named as the PyTorch example prints them.

    Attributes:
        Loss_D: D's loss on real plus generated images.
        Loss_G: G's loss.
        D_x: Mean D(x): under bce the probability that D gives real images, else D's score.
        D_G_z1: Mean D(G(z)) before D's update.
        D_G_z2: Mean D(G(z)) after it.
        grad_D: Length of D's gradient.
        grad_G: Length of G's gradient.
    """

    Loss_D: float
    Loss_G: float
    D_x: float
    D_G_z1: float
    D_G_z2: float
    grad_D: float = 0.0  # noqa: N815
    grad_G: float = 0.0  # noqa: N815


@dataclass(frozen=True)
class Progress:
    """A sign of life, a few times a second.

    Attributes:
        kimg: Thousands of images shown.
        total_kimg: Where the run ends.
        losses: Means since the last message.
        images_per_s: Over the last seconds.
        eta_s: Seconds until the end at that speed.
        lr_D: D's learning rate.
        lr_G: G's learning rate.
    """

    kimg: float
    total_kimg: float
    losses: Losses
    images_per_s: float
    eta_s: float
    lr_D: float = 0.0  # noqa: N815
    lr_G: float = 0.0  # noqa: N815


@dataclass(frozen=True, eq=False)
class Update:
    """One network was updated while someone watches: in slow motion, or by hand.

    Attributes:
        player: Which one.
        kimg: Thousands of images shown by the schedule; an update by hand counts as none.
        values: What it reports by name, as in `Losses`: of D its loss and opinions before it, of G likewise.
        samples: What G draws of the fixed z now, not averaged; shape (N, H, W, C), uint8.
    """

    player: Player
    kimg: float
    values: Mapping[str, float]
    samples: Pixels


@dataclass(frozen=True, eq=False)
class Tick:
    """A snapshot: the model as it would be saved now, and its fixed-z sheet.

    Attributes:
        kimg: Thousands of images shown.
        generator: G_ema with statistics re-estimated; shares no memory with the trainer.
        samples: Shape (N, H, W, C), uint8, of the same z at every tick.
        path: The model file written.
    """

    kimg: float
    generator: Generator
    samples: Pixels
    path: Path


@dataclass(frozen=True)
class Finished:
    """The run ended, complete or stopped; either way its model is saved.

    Attributes:
        kimg: Thousands of images shown.
        complete: Whether it reached its end; False after a stop.
        path: The newest model file; None if it ended before the first tick.
    """

    kimg: float
    complete: bool
    path: Path | None


@dataclass(frozen=True)
class Failed:
    """The run ended with an error; what was saved before stays."""

    report: ErrorReport


Event = Preparing | Started | Notice | Progress | Update | Tick | Finished | Failed
