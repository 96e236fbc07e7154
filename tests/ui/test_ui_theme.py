"""The two looks: readable in both, switched while the window is open."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from latentlab.paths import bundled
from latentlab.session.settings import load_settings
from latentlab.ui import theme
from latentlab.ui.main_window import MainWindow
from latentlab.ui.theme import DARK, LIGHT, Tokens

SURFACES = ("window", "panel", "raised", "field")
LOOKS = pytest.mark.parametrize("look", [DARK, LIGHT], ids=["dark", "light"])


def luminance(color: str) -> float:
    """Return the relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.2, 1.4.3)."""
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_the_formula_gives_the_values_of_the_standard() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@LOOKS
@pytest.mark.parametrize("ink", ["text", "muted", "accent", "warn"])
@pytest.mark.parametrize("surface", SURFACES)
def test_text_is_readable_on_every_surface(look: Tokens, ink: str, surface: str) -> None:
    assert contrast(getattr(look, ink), getattr(look, surface)) >= 4.5


@LOOKS
@pytest.mark.parametrize(
    ("ink", "surface"),
    [
        ("text", "hover"),
        ("text", "pressed"),
        ("text", "surround"),
        ("muted", "surround"),
        ("on_accent", "accent"),
        ("on_accent", "accent_hover"),
    ],
)
def test_text_is_readable_where_it_stands(look: Tokens, ink: str, surface: str) -> None:
    assert contrast(getattr(look, ink), getattr(look, surface)) >= 4.5


@LOOKS
@pytest.mark.parametrize("surface", ["window", "panel", "raised", "field", "surround"])
def test_the_focus_ring_and_the_handles_stand_out(look: Tokens, surface: str) -> None:
    assert contrast(look.accent, getattr(look, surface)) >= 3.0


@LOOKS
def test_greys_cast_no_colour_on_the_pictures(look: Tokens) -> None:
    for name in ("window", "panel", "surround"):
        color = QColor(getattr(look, name))
        assert max(color.getRgb()[:3]) - min(color.getRgb()[:3]) <= 2, name


def test_every_token_of_the_style_sheet_is_known() -> None:
    text = bundled("resources", "style", "window.qss").read_text(encoding="utf-8")
    rules = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    assert set(re.findall(r"@([a-z_]+)", rules)) - set(asdict(DARK)) == {"arrow", "check", "row"}


@pytest.fixture
def _restored(qapp: QApplication) -> Iterator[None]:
    yield
    theme.apply(qapp, "dark")


@pytest.mark.usefixtures("_restored")
def test_the_theme_is_switched_and_remembered(window: MainWindow, qapp: QApplication) -> None:
    assert window.actions_["theme-dark"].isChecked()
    dark = window.grab().toImage()
    for name, look in (("light", LIGHT), ("dark", DARK)):
        window.actions_[f"theme-{name}"].trigger()
        assert theme.tokens() is look
        assert qapp.palette().color(QPalette.ColorRole.Window) == QColor(look.window)
        assert look.panel in qapp.styleSheet()
        assert "@" not in qapp.styleSheet().replace("@braces", "")
        assert window.studio.settings.theme == name
        painted = window.grab().toImage()
        panel = painted.pixelColor(window.directions.mapTo(window, window.directions.rect().bottomLeft()))
        assert abs(panel.lightness() - QColor(look.panel).lightness()) < 12
    assert painted == dark
    window.actions_["theme-system"].trigger()
    window.close()
    assert load_settings().theme == "system"


class _Desktop:
    """Stands for a desktop whose scheme can be set, which the platform of the tests has not."""

    scheme = Qt.ColorScheme.Dark

    def styleHints(self) -> _Desktop:  # noqa: N802
        return self

    def colorScheme(self) -> Qt.ColorScheme:  # noqa: N802
        return self.scheme

    def setColorScheme(self, _scheme: Qt.ColorScheme) -> None:  # noqa: N802
        """Give the platform a scheme; this one has a will of its own."""


@pytest.mark.usefixtures("_restored")
@pytest.mark.parametrize(("chosen", "expected"), [("system", LIGHT), ("dark", DARK)])
def test_a_desktop_that_changes_its_scheme_is_followed_where_that_was_chosen(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, chosen: str, expected: Tokens
) -> None:
    desktop = _Desktop()
    monkeypatch.setattr(theme, "QGuiApplication", desktop)
    window.set_theme(chosen)
    assert theme.tokens() is DARK
    desktop.scheme = Qt.ColorScheme.Light
    with qtbot.waitSignal(QGuiApplication.styleHints().colorSchemeChanged):
        QGuiApplication.styleHints().colorSchemeChanged.emit(desktop.scheme)
    QApplication.processEvents()
    assert theme.tokens() is expected
    assert window.studio.settings.theme == chosen
