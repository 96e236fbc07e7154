"""What is remembered between starts, apart from the window's layout: one JSON file."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from latentlab import log
from latentlab.errors import OutputError
from latentlab.paths import config_dir, make_folder, replacing
from latentlab.rendering.devices import DEVICES, Device

RECENT_COUNT = 10
_log = log.get(__name__)


@dataclass(frozen=True)
class Settings:
    """Choices that outlive the window.

    Attributes:
        theme: ``system``, ``light`` or ``dark``.
        smooth: Whether enlarged pictures are smoothed; crisp pixels otherwise.
        recent: Model files opened lately, newest first.
        export_folder: Where the last export went.
        open_folder: Where the last model was opened.
        data_folder: Where the last folder of images was chosen.
        image_folder: Where the last image to find the latent of was chosen.
        run_folder: The run that was trained last.
        device: What draws.
        coordinates: Whether sliders show the picture's own position on a direction instead of its change.
        slider_ends: Whether sliders show the picture at both their ends.
        slider_order: By what the sliders are sorted.
    """

    theme: str = "system"
    smooth: bool = False
    recent: tuple[str, ...] = ()
    export_folder: str = ""
    open_folder: str = ""
    data_folder: str = ""
    image_folder: str = ""
    run_folder: str = ""
    device: Device = "cpu"
    coordinates: bool = False
    slider_ends: bool = True
    slider_order: str = "found"

    def with_recent(self, path: Path) -> tuple[str, ...]:
        """Return the recent files with one put first."""
        name = str(path.resolve())
        return (name, *(each for each in self.recent if each != name))[:RECENT_COUNT]


def settings_file() -> Path:
    """Name the settings file."""
    return config_dir() / "settings.json"


def load_settings() -> Settings:
    """Read the settings; anything missing or damaged takes its default, and is logged."""
    try:
        data: Any = json.loads(settings_file().read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, RecursionError) as error:
        _log.warning("settings are reset: %s: %s", settings_file(), error)
        return Settings()
    kept: dict[str, Any] = {}
    for field in fields(Settings):
        value = data.get(field.name) if isinstance(data, dict) else None
        if field.name == "recent" and isinstance(value, list):
            kept["recent"] = tuple(each for each in value if isinstance(each, str))[:RECENT_COUNT]
        elif field.name == "device" and value not in DEVICES:
            continue
        elif value is not None and type(value) is type(field.default):
            kept[field.name] = value
    return Settings(**kept)


def save_settings(settings: Settings) -> None:
    """Write the settings; a folder that cannot be written is logged and is otherwise no obstacle."""
    try:
        make_folder(config_dir())
        with replacing(settings_file()) as temporary:
            temporary.write_text(json.dumps(asdict(settings), indent=2) + "\n", encoding="utf-8")
    except OutputError as error:
        _log.warning("settings are not kept: %s", error)
