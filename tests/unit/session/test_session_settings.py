"""What is remembered between starts."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from latentlab.session import settings as settings_module
from latentlab.session.settings import RECENT_COUNT, Settings, load_settings, save_settings, settings_file


@pytest.fixture(autouse=True)
def config_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the user's own settings out of reach."""
    folder = tmp_path / "config" / "latentlab"
    monkeypatch.setattr(settings_module, "config_dir", lambda: folder)
    return folder


CHOSEN = Settings("dark", True, ("/b", "/a é \udc80"), "/out", "/in", "/data")


def write(content: object) -> None:
    settings_file().parent.mkdir(parents=True)
    settings_file().write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


def test_settings_come_back(config_folder: Path) -> None:
    save_settings(CHOSEN)
    assert load_settings() == CHOSEN
    assert [path.name for path in config_folder.iterdir()] == ["settings.json"]


def test_saving_again_replaces() -> None:
    save_settings(CHOSEN)
    save_settings(Settings())
    assert load_settings() == Settings()


def test_nothing_saved_is_no_matter(caplog: pytest.LogCaptureFixture) -> None:
    assert load_settings() == Settings()
    assert caplog.records == []


@pytest.mark.parametrize("content", ["", "{", "\0", "[" * 100_000])
def test_a_damaged_file_gives_the_defaults_and_is_logged(content: str, caplog: pytest.LogCaptureFixture) -> None:
    write(content)
    assert load_settings() == Settings()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_bytes_that_are_no_text_give_the_defaults(caplog: pytest.LogCaptureFixture) -> None:
    write({})
    settings_file().write_bytes(b"\xff\xfe{")
    assert load_settings() == Settings()
    assert len(caplog.records) == 1


def test_a_file_that_cannot_be_read_gives_the_defaults(caplog: pytest.LogCaptureFixture) -> None:
    settings_file().mkdir(parents=True)
    assert load_settings() == Settings()
    assert len(caplog.records) == 1


@pytest.mark.parametrize("content", [None, 3, [], "text", [{"theme": "dark"}]])
def test_another_kind_of_json_gives_the_defaults(content: object) -> None:
    write(json.dumps(content))
    assert load_settings() == Settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("theme", 3),
        ("theme", None),
        ("smooth", 1),
        ("smooth", "yes"),
        ("recent", "/a"),
        ("recent", {"/a": 1}),
        ("export_folder", ["/a"]),
        ("open_folder", False),
        ("data_folder", {}),
    ],
)
def test_a_value_of_the_wrong_type_takes_its_default_and_the_others_stay(name: str, value: object) -> None:
    good = {"theme": "dark", "smooth": True, "recent": ["/b"], "export_folder": "/out", "open_folder": "/in"}
    write(good | {name: value, "later": 1})
    loaded = load_settings()
    assert getattr(loaded, name) == getattr(Settings(), name)
    for other in good.keys() - {name}:
        assert getattr(loaded, other) == (("/b",) if other == "recent" else good[other])


def test_recent_files_of_the_wrong_type_are_left_out() -> None:
    write({"recent": [1, "/a", None, ["/x"], "/b"]})
    assert load_settings().recent == ("/a", "/b")


def test_recent_files_are_limited_when_read() -> None:
    write({"recent": [str(number) for number in range(30)]})
    assert load_settings().recent == tuple(str(number) for number in range(RECENT_COUNT))


def test_the_newest_file_comes_first_and_only_once(tmp_path: Path) -> None:
    recent: tuple[str, ...] = ()
    for name in ("a", "b", "c", "a"):
        recent = Settings(recent=recent).with_recent(tmp_path / name)
    assert recent == tuple(str(tmp_path / name) for name in ("a", "c", "b"))


def test_a_file_is_recent_under_its_full_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recent = Settings().with_recent(Path("a"))
    assert Settings(recent=recent).with_recent(tmp_path / "sub" / ".." / "a") == (str(tmp_path / "a"),)


def test_recent_files_are_limited(tmp_path: Path) -> None:
    recent: tuple[str, ...] = ()
    for number in range(RECENT_COUNT + 3):
        recent = Settings(recent=recent).with_recent(tmp_path / str(number))
    assert len(recent) == RECENT_COUNT
    assert recent[0].endswith(str(RECENT_COUNT + 2))


def test_settings_that_cannot_be_kept_are_logged_and_no_obstacle(
    config_folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config_folder.parent.mkdir(parents=True)
    config_folder.write_text("a file where the folder should be")
    save_settings(CHOSEN)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert config_folder.read_text() == "a file where the folder should be"


def test_settings_stand_in_the_platforms_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from latentlab import paths

    monkeypatch.setattr(settings_module, "config_dir", paths.config_dir)
    monkeypatch.setattr(paths.platformdirs, "user_config_dir", lambda *_: str(tmp_path / "platform"))
    save_settings(CHOSEN)
    assert settings_file() == tmp_path / "platform" / "settings.json"
    assert load_settings() == CHOSEN
