"""Processes of their own for what is measured, with folders of their own: no session of the user's is touched."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from latentlab import log
from latentlab.bench.subject import Subject
from latentlab.errors import LatentlabError

CHILDREN = "latentlab.bench.children"
_TIMEOUT_S = 180.0
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
_COMPILED_ANEW = "PYTHONDONTWRITEBYTECODE"
_log = log.get(__name__)


@dataclass(frozen=True)
class Bench:
    """What every part is given.

    Attributes:
        subject: The model.
        quick: Whether few samples will do.
        folder: Temporary; everything is written below it.
        platform: Of Qt, where another than the system's is needed; empty otherwise.
        say: Shows where the bench stands.
    """

    subject: Subject
    quick: bool
    folder: Path
    platform: str
    say: Callable[[str], None]

    def count(self, full: int, quick: int) -> int:
        """Return how many samples to take."""
        return quick if self.quick else full

    def environment(self) -> dict[str, str]:
        """Return an environment with new folders of settings, session, data and log, and threads left to each library.

        The caches (of fonts, of graphs) are those of the whole run: a second start finds what the first left there.
        So it does with Python's own cache, which a checkout would else go without where the machine says so; what is
        installed, as torch is here, has had it since then.
        """
        home = Path(tempfile.mkdtemp(dir=self.folder))
        folders = {name: str(home / name.lower()) for name in ("CONFIG", "DATA", "STATE")}
        folders["CACHE"] = str(self.folder / "cache")
        environment = {name: value for name, value in os.environ.items() if name not in (*_THREADS, _COMPILED_ANEW)}
        environment |= {f"XDG_{name}_HOME": folder for name, folder in folders.items()}
        if sys.platform == "darwin":
            environment["HOME"] = str(home)
        if sys.platform == "win32":
            environment |= {f"WIN_PD_OVERRIDE_{name}": str(home) for name in ("LOCAL_APPDATA", "APPDATA")}
        if self.platform:
            environment["QT_QPA_PLATFORM"] = self.platform
        return environment

    def ask(self, child: str, *, timeout_s: float = _TIMEOUT_S, **request: Any) -> dict[str, Any]:
        """Run a child to its end and return its answer; `spawned_ns` is added, the `time.monotonic_ns` of its start.

        Raises:
            LatentlabError: If it ends without an answer.
        """
        spawned_ns = time.monotonic_ns()
        try:
            ended = subprocess.run(
                _command(child, {"model": str(self.subject.path)} | request),
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                encoding="utf-8",
                errors="replace",
                timeout=timeout_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise LatentlabError(f"bench {child}", f"gave no answer within {timeout_s:g} s") from None
        if ended.stderr:
            _log.info("bench %s: %s", child, ended.stderr.rstrip())
        if ended.returncode != 0 or not ended.stdout:
            raise _failed(child, ended.returncode, ended.stderr)
        answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
        return answer | {"spawned_ns": spawned_ns}


class Worker:
    """A child that goes on answering until it is closed; waits, without a running thread, while others are measured.

    Raises:
        LatentlabError: From `ask`, if the child has ended.
    """

    def __init__(self, bench: Bench, child: str, **request: Any) -> None:
        self._child = child
        self._errors = tempfile.TemporaryFile("w+", dir=bench.folder, encoding="utf-8", errors="replace")  # noqa: SIM115
        self._process = subprocess.Popen(
            _command(child, {"model": str(bench.subject.path)} | request),
            env=bench.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stdin.close()
        try:
            self._process.wait(timeout=30.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._stdout.close()
        self._errors.close()

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request and wait for its answer."""
        try:
            self._stdin.write(json.dumps(request) + "\n")
            self._stdin.flush()
            line = self._stdout.readline()
        except OSError:
            line = ""
        if not line:
            self._errors.seek(0)
            raise _failed(self._child, self._process.wait(), self._errors.read())
        answer: dict[str, Any] = json.loads(line)
        return answer

    @property
    def _stdin(self) -> TextIO:
        assert self._process.stdin is not None
        return self._process.stdin  # type: ignore[return-value]

    @property
    def _stdout(self) -> TextIO:
        assert self._process.stdout is not None
        return self._process.stdout  # type: ignore[return-value]


def display_platform() -> str:
    """Return the platform to ask Qt for: none where a window can be shown, else ``offscreen``."""
    from latentlab.ui.system_libraries import check_display

    try:
        check_display()
    except LatentlabError as error:
        _log.info("windows are drawn off screen: %s", error)
        return "offscreen"
    return ""


def _command(child: str, request: Mapping[str, Any]) -> list[str]:
    return [sys.executable, "-m", f"{CHILDREN}.{child}", json.dumps(request)]


def _failed(child: str, code: int, errors: str) -> LatentlabError:
    said = next((line.strip() for line in reversed(errors.splitlines()) if line.strip()), "")
    why = f"its process ended with {code}{f': {said}' if said else ' and said nothing'}"
    return LatentlabError(f"bench {child}", why)
