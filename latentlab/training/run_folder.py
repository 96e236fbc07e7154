"""The folder of a run: ``config.json``, ``log.jsonl``, ``samples/``, ``model-*.safetensors``, ``resume.pt``.

A tick writes its model, its sheet and its log line first and ``resume.pt`` last. Whatever is newer than ``resume.pt``
was left by a process that was killed in between; `RunFolder.recover` removes it, and the resumed run writes it again.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from latentlab.errors import LatentlabError, OutputError, TrainingError
from latentlab.paths import APP_NAME, make_folder, replacing
from latentlab.training import run_folder_names as names
from latentlab.training.config import TrainConfig

KEEP_EVERY = 10
_RESUME_FORMAT = 1
_DIGITS = "[0-9]" * 6


class RunFolder:
    """Names and writes the files of one run; all but the log, which grows, are written beside and renamed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config_file = folder / names.CONFIG
        self.log_file = folder / names.LOG
        self.resume_file = folder / names.RESUME
        self.samples = folder / names.SAMPLES

    def refuse_existing(self) -> None:
        """Make sure that no run was begun here.

        Raises:
            TrainingError: If the folder holds one.
        """
        if names.holds_run(self.folder):
            raise TrainingError(
                self.folder, "already holds a run", "Add --resume to go on with it, or name another folder."
            )
        if self.log_file.exists() or self.newest_model():
            raise TrainingError(self.folder, "holds remains of a run without its config.json", "Name another folder.")

    def create(self, config: TrainConfig) -> None:
        """Begin a run.

        Raises:
            TrainingError: If the folder already holds one.
            OutputError: If the folder cannot be written.
        """
        self.refuse_existing()
        make_folder(self.samples)
        self.save_config(config)

    def save_config(self, config: TrainConfig) -> None:
        """Write ``config.json``."""
        with replacing(self.config_file) as temporary:
            temporary.write_text(config.to_json() + "\n", encoding="utf-8")

    def load_config(self) -> TrainConfig:
        """Read ``config.json``.

        Raises:
            TrainingError: If it is missing or damaged.
        """
        try:
            return TrainConfig.from_mapping(json.loads(self.config_file.read_text(encoding="utf-8")))
        except (FileNotFoundError, NotADirectoryError):
            raise TrainingError(self.folder, "holds no run to resume", "Name the folder that a run wrote.") from None
        except OSError as error:
            raise TrainingError(self.config_file, f"cannot be read: {error.strerror or error}") from error
        except (ValueError, TypeError, AttributeError, LatentlabError) as error:
            raise TrainingError(self.config_file, f"is damaged: {error}") from error

    def save_state(self, state: Mapping[str, Any]) -> None:
        """Write the resume state; from then on it is what a resume goes on from.

        Raises:
            OutputError: If it cannot be written; the one before stays.
        """
        with replacing(self.resume_file) as temporary:
            try:
                torch.save({"format": _RESUME_FORMAT, **state}, temporary)
            except RuntimeError as error:  # torch's word for a full disk
                raise OutputError(self.resume_file, f"cannot be written: {_first_line(error)}") from error

    def load_state(self) -> dict[str, Any] | None:
        """Read the resume state; None if the run was ended before its first one was written.

        Raises:
            TrainingError: If the file is damaged, of another format, or missing beside models.
        """
        if not self.resume_file.exists():
            if self.newest_model():
                raise TrainingError(self.resume_file, "is missing, so the run cannot go on", "Begin another run.")
            return None
        try:
            # torch does not look at the checksums: a flipped bit would become a weight.
            with zipfile.ZipFile(self.resume_file) as archive:
                damaged = archive.testzip() is not None
            state: object = None if damaged else torch.load(self.resume_file, map_location="cpu", weights_only=True)
        except Exception as error:  # a damaged file makes torch raise nearly anything
            raise self._damaged() from error
        if damaged:
            raise self._damaged()
        if not isinstance(state, dict) or state.pop("format", None) != _RESUME_FORMAT:
            raise TrainingError(self.resume_file, "is of a format that this version does not know")
        return state

    def model_file(self, images: int) -> Path:
        """Name the model file after the thousands of images shown."""
        return self.folder / f"model-{images // 1000:06d}.safetensors"

    def sheet_file(self, images: int) -> Path:
        """Name the sheet after the thousands of images shown."""
        return self.samples / f"{images // 1000:06d}.png"

    def newest_model(self) -> Path | None:
        """Return the newest model file, if there is one."""
        return max(self.folder.glob(f"model-{_DIGITS}.safetensors"), default=None)

    def log(self, entry: Mapping[str, Any]) -> None:
        """Append one line to ``log.jsonl``; ``kimg`` says where the run stands.

        Raises:
            OutputError: If it cannot be written; `recover` drops what became of the line.
        """
        try:
            with self.log_file.open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
        except OSError as error:
            raise OutputError(self.log_file, f"cannot be written: {error.strerror or error}") from error

    def recover(self, images: int) -> None:
        """Remove what a killed process left beyond the state that a resume goes on from.

        Log lines, a half one included, models and sheets of more images than that, and temporary files.
        """
        kept = [line for line, at in self._log_lines() if at <= images]
        if self.log_file.exists():
            with replacing(self.log_file) as temporary:
                temporary.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        beyond = [
            *(path for path in self.folder.glob(f"model-{_DIGITS}.safetensors") if path > self.model_file(images)),
            *(path for path in self.samples.glob(f"{_DIGITS}.png") if path > self.sheet_file(images)),
        ]
        temporaries = [path for folder in (self.folder, self.samples) for path in folder.glob(f".{APP_NAME}-*")]
        for path in beyond + temporaries:
            path.unlink(missing_ok=True)

    def prune_models(self) -> None:
        """Remove the models in the log but the newest, the first and every tenth after it.

        Lines of the log keep their place, so what was kept once is kept for good, however far apart the ticks are.
        """
        models = [self.model_file(at) for _, at in self._log_lines()]
        for path in set(models) - {*models[::KEEP_EVERY], *models[-1:]}:
            path.unlink(missing_ok=True)

    def _damaged(self) -> TrainingError:
        return TrainingError(self.resume_file, "is damaged, so the run cannot go on", "Begin another run.")

    def _log_lines(self) -> list[tuple[str, int]]:
        """Read the whole lines of the log, each with the images shown by then."""
        if not self.log_file.exists():
            return []
        lines = []
        for line in self.log_file.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                lines.append((line, round(json.loads(line)["kimg"] * 1000)))
            except (ValueError, TypeError, KeyError):
                continue
        return lines


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
