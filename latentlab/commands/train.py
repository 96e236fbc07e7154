"""``latentlab train``: a run without a window, in one process or in those that torchrun starts."""

from __future__ import annotations

import json
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, make_dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import tyro

from latentlab.commands.progress import ProgressLine
from latentlab.errors import UsageError
from latentlab.training.config import TrainConfig
from latentlab.training.presets import PRESETS, PresetName
from latentlab.training.run_folder_names import holds_run
from latentlab.training.settings import CHANGEABLE, SETTINGS, Setting, Value

if TYPE_CHECKING:
    from latentlab.training.control import Control
    from latentlab.training.events import Event

_METAVARS = {str: "TEXT", int: "INT", float: "FLOAT"}
_PRESETS_HELP = " ".join(f"{name}: {preset.what}" for name, preset in PRESETS.items())
_CHANGEABLE_HELP = ", ".join(name.replace("_", "-") for name in CHANGEABLE)


@dataclass(frozen=True, kw_only=True)
class _Train:
    """Train a DCGAN; Ctrl+C stops it and keeps the run, --resume goes on with it."""

    out: Annotated[Path, tyro.conf.arg(help="The run folder; holds the models, sheets, log and resume state.")]
    preset: Annotated[
        PresetName | None,
        tyro.conf.arg(
            help=f"{_PRESETS_HELP} Any other option goes before it.",
            metavar="|".join(PRESETS),
            help_behavior_hint="(default: custom)",
        ),
    ] = None
    resume: Annotated[
        bool,
        tyro.conf.arg(
            help="Go on with the run that the folder holds; its own settings apply, but for those of these that are "
            f"given: {_CHANGEABLE_HELP}. No run is made shorter."
        ),
    ] = False
    device: Annotated[str, tyro.conf.arg(help="auto, cpu, cuda or mps.")] = "auto"
    json: Annotated[bool, tyro.conf.arg(help="Print the result as JSON.")] = False

    def run(self) -> None:
        """Train to the end, or until a signal stops it."""
        from latentlab.export.sheet import write_sheet
        from latentlab.session.run_evaluation import make_evaluate
        from latentlab.training.replicas import SharedControl, joined
        from latentlab.training.run import run_training
        from latentlab.training.run_folder_names import can_resume

        given = self.given()
        if self.resume and self.preset is not None:
            raise UsageError("--preset", "is for a new run; one that is resumed has its settings", "Leave it out.")
        if self.resume:
            _check_kept(given, self.out)
        elif "data" not in given:
            raise UsageError("--data", "is needed", "Name a data set, a folder or an archive.")
        config = PRESETS[self.preset or "custom"].config(**given)
        changes = {name: given[name] for name in CHANGEABLE if name in given}
        line = ProgressLine()
        with joined(self.device) as (replicas, device):
            control = SharedControl(replicas)
            with _stopped_by_signals(control), line:
                finished = run_training(
                    config,
                    self.out,
                    resume=changes if self.resume else None,
                    device=device,
                    control=control,
                    emit=_Teller(line) if replicas.is_writer else _say_nothing,
                    write_sheet=write_sheet,
                    make_evaluate=make_evaluate,
                    command=shlex.join(["latentlab", *sys.argv[1:]]),
                    replicas=replicas,
                )
        if not replicas.is_writer:
            return
        if finished.path:
            line.say(_verdict(self.out))
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

    def given(self) -> dict[str, Value]:
        """Return the settings that the command line names."""
        values = {each.name: getattr(self, each.name) for each in fields(TrainConfig)}
        return {name: value for name, value in values.items() if value is not None and value is not False}


def _argument(name: str, kind: Any, default: Any, setting: Setting) -> tuple[str, Any, Any]:
    """Make an option of a field, which is None, or for a flag False, where it is not given."""
    paper = f" Paper: {setting.paper or 'none'}." if setting.paper is not None and type(default) is not bool else ""
    if type(default) is bool:
        return name, Annotated[bool, tyro.conf.arg(help=setting.what)], field(default=False)
    choices = "|".join(str(choice) for choice in setting.choices)
    metavar = choices or _METAVARS[type(default)]
    if name == "data":
        shown = tyro.conf.arg(help=setting.what, metavar=metavar, help_behavior_hint="(required without --resume)")
        return name, Annotated[kind | None, shown], field(default=None)
    hint = f"(default: {default if default != '' else 'none'})"
    help_ = f"{setting.what}{paper}"
    shown = tyro.conf.arg(help=help_, metavar=metavar, help_behavior_hint=hint)
    return name, Annotated[kind | None, shown], field(default=None)


def _check_kept(given: Mapping[str, Value], folder: Path) -> None:
    """Refuse what a run that is resumed would ignore: settings that it has already, and otherwise.

    Raises:
        UsageError: If there is such a setting.
        TrainingError: If its settings cannot be read.
    """
    from latentlab.training.run_folder import RunFolder

    if not holds_run(folder):
        return  # on another machine than the writer's; that one says what is wrong
    config = RunFolder(folder).load_config()
    for name, value in given.items():
        kept = getattr(config, name)
        if name not in CHANGEABLE and value != kept:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(option, f"is {kept!r} in the run that is resumed", "Leave it out, or begin another run.")


_KINDS = get_type_hints(TrainConfig)
Train = make_dataclass(
    "Train",
    [_argument(each.name, _KINDS[each.name], each.default, SETTINGS[each.name]) for each in fields(TrainConfig)],
    bases=(_Train,),
    namespace={"__doc__": _Train.__doc__, "__module__": __name__},
    frozen=True,
    kw_only=True,
)
"""The command: what `_Train` has, and an option for each field of `TrainConfig`."""


def _verdict(folder: Path) -> str:
    """Say in words how the run in a folder has gone."""
    from latentlab.training.following import RunReader
    from latentlab.training.health import judge

    seen = RunReader(folder).look_at_all()
    verdict = judge(seen.entries, seen.loss)
    return " ".join(filter(None, (f"{verdict.title}:", verdict.sentence, verdict.advice)))


class _Teller:
    """Shows the events of a run in a terminal."""

    def __init__(self, line: ProgressLine) -> None:
        self._line = line

    def __call__(self, event: Event) -> None:
        from latentlab.training.durations import duration
        from latentlab.training.events import Notice, Preparing, Progress, Started, Tick

        line = self._line
        match event:
            case Preparing():
                share = f" {event.done}/{event.total}" if event.total else ""
                line.show(f"{event.what}{share}")
            case Started():
                line.say(
                    f"{event.config.data}: {event.images} images, {event.config.size}x{event.config.size}, "
                    f"batch {event.config.batch}, on {event.device}, from {event.kimg:.1f} kimg"
                )
            case Notice():
                line.say(event.text)
            case Progress():
                losses = event.losses
                line.show(
                    f"{event.kimg:8.1f}/{event.total_kimg:g} kimg  {event.images_per_s:5.0f} img/s  "
                    f"ETA {duration(event.eta_s)}  Loss_D {losses.Loss_D:.3f}  Loss_G {losses.Loss_G:.3f}  "
                    f"D(x) {losses.D_x:.2f}  D(G(z)) {losses.D_G_z1:.2f}/{losses.D_G_z2:.2f}"
                )
            case Tick():
                line.show(f"{event.kimg:8.1f} kimg: {event.path.name}")
                if found := event.generator.card.metrics:
                    figures = ", ".join(f"{name} {value:.3g}" for name, value in found.items())
                    line.say(f"{event.kimg:8.1f} kimg: {figures}")


def _say_nothing(_event: Event) -> None:
    """Leave the terminal to the process that writes."""


@contextmanager
def _stopped_by_signals(control: Control) -> Iterator[None]:
    """Let Ctrl+C and a plain kill stop the run as a button would."""

    def on_signal(_number: int, _frame: FrameType | None) -> None:
        control.stop()

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
