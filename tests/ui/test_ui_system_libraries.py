"""Why a window cannot open is said in one line, before Qt ends the process."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

from latentlab.errors import LatentlabError
from latentlab.ui.system_libraries import _PACKAGES, check_display

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems bring what Qt needs")


@pytest.fixture(autouse=True)
def _a_plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)


def lose(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    """Make one system library missing, for whatever needs it."""
    real = ctypes.CDLL

    def load(name: str, *args: object, **kwargs: object) -> ctypes.CDLL:
        if name.endswith("libqxcb.so"):
            raise OSError(f"{library}: cannot open shared object file: No such file or directory")
        return real(name, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(ctypes, "CDLL", load)


def message() -> str:
    with pytest.raises(LatentlabError) as raised:
        check_display()
    text = str(raised.value)
    assert "\n" not in text
    return text


def test_no_display_names_xvfb() -> None:
    text = message()
    assert "no display" in text
    assert "apt-get install xvfb" in text
    assert "xvfb-run latentlab" in text


def test_a_missing_library_names_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    lose(monkeypatch, "libxcb-cursor.so.0")
    text = message()
    assert "libxcb-cursor.so.0 is missing" in text
    assert "apt-get install libxcb-cursor0" in text


def test_an_unknown_library_is_named_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":0")
    lose(monkeypatch, "libnew.so.9")
    assert "libnew.so.9 is missing" in message()


def test_a_library_of_qt_itself_is_missed_without_a_display(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")

    def load(name: str, *_args: object, **_kwargs: object) -> ctypes.CDLL:
        raise OSError("libEGL.so.1: cannot open shared object file: No such file or directory")

    monkeypatch.setattr(ctypes, "CDLL", load)
    assert "apt-get install libegl1" in message()


def test_an_unreachable_display_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", ":4711")
    text = message()
    if "is missing" in text:
        pytest.skip("this machine has no libraries for X")
    assert "the display :4711 does not answer" in text


@pytest.mark.parametrize(
    ("name", "value"),
    [("QT_QPA_PLATFORM", "offscreen"), ("QT_QPA_PLATFORM", "vnc:size=9x9"), ("WAYLAND_DISPLAY", "w-0")],
)
def test_where_no_x_display_is_needed_none_is_looked_for(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    check_display()


def test_every_library_has_a_debian_package() -> None:
    assert all(".so" in library for library in _PACKAGES)
    assert all(package.startswith("lib") and ".so" not in package for package in _PACKAGES.values())


def test_the_command_ends_with_one_line_and_1(home: Path) -> None:
    ended = subprocess.run([sys.executable, "-m", "latentlab"], capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 1
    assert ended.stderr.count("\n") == 1
    assert "no display" in ended.stderr
