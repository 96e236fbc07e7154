"""A run folder read while somebody else writes it: another process, or a GPU server whose folder is mounted or synced.

Nothing is ever written there. Whatever is half written, or away for the moment, is looked at again later.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

from latentlab import log
from latentlab.errors import ErrorReport, TrainingError
from latentlab.pixels import Pixels
from latentlab.training.run_folder_names import CONFIG, LOG, SAMPLES, can_resume
from latentlab.training.run_log import Entry, RunLog
from latentlab.training.run_seen import RunSeen, SheetRead
from latentlab.training.sheets import change, read_sheet, spread

LOOK_EVERY_S = 2.0
_MEASURED_A_LOOK = 6
_TRIES = 5
_END_WITHIN_S = 2.0
_NUMBER = re.compile(r"(?:model-)?(\d{6})\.(?:png|safetensors)")
_log = log.get(__name__)
_Key = TypeVar("_Key")
_Value = TypeVar("_Value")


FollowEvent = RunSeen | SheetRead | ErrorReport


class RunReader:
    """Looks into a run folder again and again, each time reading only what is new. Belongs to one thread.

    Args:
        folder: The run folder; need not exist yet.
        now: Seconds since the epoch, as files are dated.
    """

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._now = now
        self._log = RunLog(folder / LOG)
        self._seen = RunSeen(folder)
        self._logged: tuple[Entry, ...] = ()
        self._measured: dict[int, dict[str, float]] = {}
        self._tries: dict[int, int] = {}
        self._before: tuple[int, Pixels] | None = None
        self._changed_at: float | None = None

    def look(self) -> RunSeen:
        """Return what the folder holds now; of what cannot be read, what it held before."""
        before = self._seen
        try:
            sheets = _same_or(_numbered(self._folder / SAMPLES, "png"), before.sheets)
            models = _same_or(_numbered(self._folder, "safetensors"), before.models)
            there = self._folder.is_dir()
        except OSError:
            there = False
        if not there:
            return self._keep(replace(before, there=False))
        resumable = can_resume(self._folder)
        seen = replace(before, there=True, config=self._config(), sheets=sheets, models=models, resumable=resumable)
        logged = self._read_log()
        if logged is not self._logged or sheets is not before.sheets:
            self._changed_at = self._now() if self._changed_at is not None else self._date()
        if self._measure(sheets, int(seen.number("size"))) or logged is not self._logged:
            self._logged = logged
            seen = replace(seen, entries=self._with_measures(logged))
        return self._keep(seen)

    def glance(self) -> RunSeen:
        """Return what the folder holds now, but for its sheets and models: quick enough for a click."""
        return replace(self._seen, there=True, config=self._config(), entries=self._read_log())

    def look_at_all(self) -> RunSeen:
        """Look until every sheet has been measured."""
        seen = self.look()
        while self.unmeasured:
            seen = self.look()
        return seen

    @property
    def unmeasured(self) -> bool:
        """Whether sheets wait to be measured that have not been tried yet."""
        return bool(self._seen.sheets.keys() - self._measured.keys() - self._tries.keys())

    def _keep(self, seen: RunSeen) -> RunSeen:
        quiet_s = 0.0 if self._changed_at is None else max(0.0, self._now() - self._changed_at)
        self._seen = replace(seen, quiet_s=quiet_s)
        return self._seen

    def _config(self) -> Mapping[str, object]:
        before = self._seen.config
        try:
            found = json.loads((self._folder / CONFIG).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return before
        return _same_or(found, before) if isinstance(found, dict) else before

    def _read_log(self) -> tuple[Entry, ...]:
        try:
            return self._log.read()
        except OSError:
            return self._logged

    def _date(self) -> float:
        """Return when the log was written; now, where its date lies in the future of this machine's clock."""
        try:
            return min(self._now(), (self._folder / LOG).stat().st_mtime)
        except OSError:
            return self._now()

    def _measure(self, sheets: Mapping[int, Path], side_px: int) -> bool:
        """Measure a few more sheets, oldest first; return whether there was any.

        One that cannot be read is tried again at later looks, for it may be on its way.
        """
        waiting = [number for number in sheets if number not in self._measured and self._tries.get(number, 0) < _TRIES][
            :_MEASURED_A_LOOK
        ]
        for number in waiting:
            try:
                pictures = read_sheet(sheets[number], side_px)
            except TrainingError as error:
                self._tries[number] = self._tries.get(number, 0) + 1
                _log.info("%s", error)
                continue
            found = self._measured[number] = {"spread": spread(pictures)}
            before, self._before = self._before, (number, pictures)
            if before is not None and before[0] < number and before[1].shape == pictures.shape:
                found["change"] = change(before[1], pictures)
        return bool(waiting)

    def _with_measures(self, logged: tuple[Entry, ...]) -> tuple[Entry, ...]:
        return tuple(
            replace(entry, values=MappingProxyType({**self._measured.get(int(entry.kimg), {}), **entry.values}))
            for entry in logged
        )


class RunFollower:
    """A thread that looks into a run folder every now and then, and reads the sheets it is asked for.

    Public methods may be called from any thread but that one.

    Args:
        folder: The run folder; need not exist yet.
        on_event: Called on the thread with what was seen and read, or with the error that ended it; must not block.
        every_s: From one look to the next.
    """

    def __init__(self, folder: Path, on_event: Callable[[FollowEvent], None], every_s: float = LOOK_EVERY_S) -> None:
        self.folder = folder
        self._on_event = on_event
        self._every_s = every_s
        self._changed = threading.Condition()
        self._wanted: tuple[Path, int] | None = None
        self._look = True
        self._looks = 0
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="following", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def look_now(self) -> int:
        """Look into the folder without waiting for the next turn.

        Returns:
            The number of the look that begins after this call, as `RunSeen.look` will say it.
        """
        with self._changed:
            self._look = True
            self._changed.notify()
            return self._looks + 1

    def want_sheet(self, path: Path, side_px: int) -> None:
        """Ask for a sheet; it replaces one that still waits to be read."""
        with self._changed:
            self._wanted = (path, side_px)
            self._changed.notify()

    @property
    def running(self) -> bool:
        """Whether the thread has not ended."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Let the thread end, without waiting for a folder that is slow."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    def close(self) -> None:
        """End the thread; one that hangs in a folder that is gone is not waited for."""
        self.stop()
        self._thread.join(_END_WITHIN_S)

    def _run(self) -> None:
        reader = RunReader(self.folder)
        due = time.monotonic()
        while True:
            with self._changed:
                while not (self._closing or self._wanted or self._look or time.monotonic() >= due):
                    self._changed.wait(max(0.0, due - time.monotonic()))
                wanted, self._wanted = self._wanted, None
                look, self._look = self._look or time.monotonic() >= due, False
                self._looks += look
                if self._closing:
                    return
            try:
                if wanted is not None:
                    self._on_event(_read(*wanted))
                if look:
                    self._on_event(replace(reader.look(), look=self._looks))
                    due = time.monotonic() + (0.0 if reader.unmeasured else self._every_s)
            except Exception as error:  # noqa: BLE001 - crosses to the watcher as text, whatever it is
                report = ErrorReport.from_exception(error, during="Following a run")
                log.report(_log, report, error)
                self._on_event(report)
                return


def _read(path: Path, side_px: int) -> SheetRead:
    try:
        return SheetRead(path, read_sheet(path, side_px))
    except TrainingError as error:
        return SheetRead(path, None, str(error))


def _numbered(folder: Path, suffix: str) -> Mapping[int, Path]:
    """Return the files of a folder that are named after their kimg, in order; none where there is no such folder.

    Raises:
        OSError: If it cannot be read.
    """
    try:
        found = [path for path in folder.iterdir() if path.suffix == f".{suffix}"]
    except (FileNotFoundError, NotADirectoryError):
        return {}
    numbered = ((match, path) for path in found if (match := _NUMBER.fullmatch(path.name)))
    return {int(match[1]): path for match, path in sorted(numbered, key=lambda each: each[1].name)}


def _same_or(new: Mapping[_Key, _Value], old: Mapping[_Key, _Value]) -> Mapping[_Key, _Value]:
    """Return the old one where nothing is new, so that who looks at it can tell by identity."""
    return old if new == old else new
