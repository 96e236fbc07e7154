"""The command line: a command where the first word names one, else the window."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Protocol

from latentlab import log
from latentlab.errors import LatentlabError
from latentlab.version import VERSION

COMMANDS = {
    "train": "Train",
    "sample": "Sample",
    "interpolate": "Interpolate",
    "info": "Info",
}
_USAGE = f"""usage: latentlab [MODEL]           open the window
       latentlab COMMAND …        {", ".join(COMMANDS)}; each with --help
       latentlab --version
"""


class Command(Protocol):
    """What a command's dataclass offers."""

    def run(self) -> None:
        """Do it; results go to stdout or to the file named."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command or open the window, and exit: 0 done, 1 failed with one clear line, 2 wrong usage."""
    sys.exit(dispatch(sys.argv[1:] if arguments is None else list(arguments)))


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
    kind = getattr(import_module(f"latentlab.commands.{name}"), COMMANDS[name])
    try:
        command: Command = tyro.cli(kind, prog=f"latentlab {name}", args=list(arguments))
        command.run()
    except LatentlabError as error:
        print(f"latentlab: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("latentlab: interrupted", file=sys.stderr)
        return 130
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else 2 if leaving.code else 0
    return 0


def _window(arguments: Sequence[str]) -> int:
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        print(f"latentlab: {' '.join(arguments)}: not a command and not one model\n{_USAGE}", end="", file=sys.stderr)
        return 2
    from latentlab.ui.start import start

    return start(arguments[0] if arguments else None)
