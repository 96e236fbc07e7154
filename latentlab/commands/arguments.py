"""The arguments that several commands take, as tyro shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import tyro

ModelPath = Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="MODEL", help_behavior_hint="")]
"""A model file of any project, or a run folder, whose newest model is meant."""

PointTexts = Annotated[
    tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="POINT…", help_behavior_hint="(or --seeds)")
]
"""Points as `latentlab.commands.points.read_points` takes them."""

SeedsText = Annotated[str, tyro.conf.arg(metavar="SEEDS", help_behavior_hint="")]
"""Seeds as `latentlab.latent.seeds.parse_seeds` takes them; empty where there is none."""

ClassNumber = Annotated[int | None, tyro.conf.arg(name="class", metavar="K", help_behavior_hint="")]
"""A class of a conditional model, from 0; None for those of the points, else the first."""

DirectionsPath = Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")]
"""A file that ``latentlab directions`` wrote; None where there is none."""
