"""The folder of a run: ``config.json``, ``log.jsonl``, ``samples/``, ``model-*.safetensors``, ``resume.pt``."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from latentlab.errors import LatentlabError, TrainingError
from latentlab.paths import make_folder, replacing
from latentlab.training import run_folder_names as names
from latentlab.training.config import TrainConfig

KEEP_EVERY = 10
_RESUME_FORMAT = 1


class RunFolder:
    """Names and writes the files of one run; every file is written beside and renamed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config_file = folder / names.CONFIG
        self.log_file = folder / names.LOG
        self.resume_file = folder / names.RESUME
        self.samples = folder / names.SAMPLES

    def exists(self) -> bool:
        """Whether a run was begun here."""
        return names.holds_run(self.folder)

    def create(self, config: TrainConfig) -> None:
        """Begin a run.

        Raises:
            TrainingError: If the folder already holds one.
            OutputError: If the folder cannot be written.
        """
        if self.exists():
            raise TrainingError(
                self.folder, "already holds a run", "Add --resume to go on with it, or name another folder."
            )
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
        except FileNotFoundError:
            raise TrainingError(self.folder, "holds no run to resume", "Name the folder that a run wrote.") from None
        except (ValueError, TypeError, AttributeError, LatentlabError) as error:
            raise TrainingError(self.config_file, f"is damaged: {error}") from error

    def save_state(self, state: Mapping[str, Any]) -> None:
        """Write the resume state."""
        with replacing(self.resume_file) as temporary:
            torch.save({"format": _RESUME_FORMAT, **state}, temporary)

    def load_state(self) -> dict[str, Any] | None:
        """Read the resume state; None if the run was ended before its first one was written.

        Raises:
            TrainingError: If the file is damaged or of another format.
        """
        if not self.resume_file.exists():
            return None
        try:
            state: dict[str, Any] = torch.load(self.resume_file, map_location="cpu", weights_only=True)
        except (RuntimeError, OSError, EOFError, ValueError, pickle.UnpicklingError) as error:
            raise TrainingError(self.resume_file, f"is damaged: {error}") from error
        if state.pop("format", None) != _RESUME_FORMAT:
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
        models = sorted(self.folder.glob("model-*.safetensors"))
        return models[-1] if models else None

    def log(self, entry: Mapping[str, Any]) -> None:
        """Append one line to ``log.jsonl``."""
        with self.log_file.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")

    def trim_log(self, kimg: float) -> None:
        """Drop lines beyond the state that a resume goes on from, and a half line that a crash left."""
        if not self.log_file.exists():
            return
        kept = []
        for line in self.log_file.read_text(encoding="utf-8").splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                continue
            if entry.get("kimg", 0.0) <= kimg + 1e-9:
                kept.append(line)
        with replacing(self.log_file) as temporary:
            temporary.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")

    def prune_models(self) -> None:
        """Remove all but the newest model and every tenth."""
        models = sorted(self.folder.glob("model-*.safetensors"))
        for index, path in enumerate(models[:-1]):
            if index % KEEP_EVERY:
                path.unlink(missing_ok=True)
