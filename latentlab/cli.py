"""The command line: a command where the first word names one, else the window."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from io import TextIOWrapper
from typing import Protocol

from latentlab import log, paths
from latentlab.errors import LatentlabError, UsageError
from latentlab.version import VERSION

COMMANDS = {
    "train": "train a DCGAN on a data set, or go on with a run",
    "sample": "draw points: one picture with its latent inside, or a sheet",
    "interpolate": "walk through points and write a GIF, WebP, APNG, MP4 or strip",
    "traverse": "move points along a direction and write the labelled figure that papers print",
    "arithmetic": "add and subtract pictures: mean(3,8,12) - mean(4,9) + 5",
    "invert": "find the latent of an image; the reconstruction as a PNG that holds it",
    "directions": "find directions: from weights, layers, one point, or what can be measured",
    "evaluate": "judge a model by real pictures: Fréchet distance, precision, recall and more",
    "info": "tell what a model is, what it was trained on and how",
    "convert": "turn a PyTorch checkpoint into a model, or a model into ONNX",
    "bench": "measure what this machine does: start, slider to pixels, throughput, training",
}
"""Name to one line of help; ``x`` is the class ``X`` in ``latentlab.commands.x``."""

_WIDTH = max(map(len, COMMANDS))
_COMMAND_LINES = "\n".join(f"  {name:<{_WIDTH}}  {line}" for name, line in COMMANDS.items())
_USAGE = f"""usage: latentlab [MODEL]           open the window: a model, or what was open last;
                                  --device cpu, cuda or mps draws there
       latentlab COMMAND …        one of those below; COMMAND --help tells more
       latentlab --version

commands:
{_COMMAND_LINES}
"""
_logger = log.get(__name__)


class Command(Protocol):
    """What a command's dataclass offers."""

    def run(self) -> None:
        """Do it; results go to stdout or to the file named."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command or open the window, and exit: 0 done, 1 failed with one clear line, 2 wrong usage."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A name that the terminal's encoding lacks is no reason to fail.
            stream.reconfigure(errors="backslashreplace")
    try:
        code = dispatch(sys.argv[1:] if arguments is None else list(arguments))
        if sys.stdout is not None:  # as under pythonw
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader, for example head, has had enough; Python would complain once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    sys.exit(code)


def main_window() -> None:
    """Open the window whatever the first word is; the entry point without a console."""
    sys.exit(_window(sys.argv[1:]))


def dispatch(arguments: Sequence[str]) -> int:
    """Carry out a command line and return its exit code."""
    first = arguments[0] if arguments else ""
    if first in ("-h", "--help"):
        print(_USAGE, end="")
        return 0
    if first == "--version":
        print(f"latentlab {VERSION}")
        return 0
    if first in COMMANDS:
        return _command(first, arguments[1:])
    return _window(arguments)


def _command(name: str, arguments: Sequence[str]) -> int:
    import tyro

    log.start()
    try:
        kind = getattr(import_module(f"latentlab.commands.{name}"), name.capitalize())
        command: Command = tyro.cli(
            kind, prog=f"latentlab {name}", args=list(arguments), config=(tyro.conf.FlagCreatePairsOff,)
        )
        command.run()
    except UsageError as error:
        return _failed(f"{error} See latentlab {name} --help.", 2)
    except LatentlabError as error:
        return _failed(str(error), 1)
    except KeyboardInterrupt:
        return _failed("interrupted", 130)
    except BrokenPipeError:
        raise
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2 if leaving.code else 0
    except Exception as error:
        # Below the level that reaches stderr: there it is one line, the traceback is in the file.
        _logger.info("latentlab %s failed", name, exc_info=True)
        why = " ".join(f"{type(error).__name__}: {error}".split())
        return _failed(f"internal error: {why}. Please report it with {paths.log_file()}.", 1)
    return 0


def _failed(line: str, code: int) -> int:
    print(f"latentlab: {line}", file=sys.stderr)
    return code


def _window(arguments: Sequence[str]) -> int:
    rest, device = list(arguments), None
    if "--device" in rest[:-1]:
        place = rest.index("--device")
        device = rest[place + 1]
        del rest[place : place + 2]
    if len(rest) > 1 or (rest and rest[0].startswith("-")):
        print(f"latentlab: {' '.join(arguments)}: not a command and not one model\n{_USAGE}", end="", file=sys.stderr)
        return 2
    if device not in (None, "cpu", "cuda", "mps"):
        print(f"latentlab: --device {device}: there are cpu, cuda and mps", file=sys.stderr)
        return 2
    from latentlab.ui.start import start

    return start(rest[0] if rest else None, device)
