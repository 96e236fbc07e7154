"""The action table, the palette over it, and names that a screen reader can say."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
from hand import LEFT, settle, slider_of, state_of
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMainWindow,
    QMenu,
    QMenuBar,
    QTabBar,
    QTextBrowser,
    QWidget,
)
from pytestqt.qtbot import QtBot

from latentlab.session import direction_changes
from latentlab.ui.action_table import plain
from latentlab.ui.actions import ACTIONS, MENUS, TOOL_BAR, ActionSpec
from latentlab.ui.dialogs.reading import ReadingDialog, shortcuts_page
from latentlab.ui.handlers import handlers
from latentlab.ui.icons import icon
from latentlab.ui.main_window import ARITHMETIC, EXPLORE, INTERPOLATE, TRAIN, MainWindow

ROOT = Path(__file__).resolve().parents[2]


def test_ids_are_unique_and_no_two_actions_share_a_key() -> None:
    assert [name for name, count in Counter(spec.id for spec in ACTIONS).items() if count > 1] == []
    keys = Counter(QKeySequence(key).toString() for spec in ACTIONS for key in spec.keys)
    assert [key for key, count in keys.items() if count > 1] == []
    assert all(key for key in keys), "every key is one that Qt knows"
    assert QKeySequence("C").toString() not in keys, "C compares while it is held"


@pytest.mark.parametrize("spec", ACTIONS, ids=lambda spec: spec.id)
def test_every_action_says_what_it_does(spec: ActionSpec) -> None:
    assert spec.text
    assert len(spec.tip) >= 5
    assert not spec.tip.endswith(".")
    assert spec.menu in MENUS


def test_no_two_entries_of_a_menu_share_a_mnemonic() -> None:
    titles = {(spec.menu, "", spec.submenu) for spec in ACTIONS if spec.submenu}
    texts = [*((spec.menu, spec.submenu, spec.text) for spec in ACTIONS), *titles]
    marks = Counter(
        (menu, submenu, text[text.index("&") + 1].casefold()) for menu, submenu, text in texts if "&" in text
    )
    assert [mark for mark, count in marks.items() if count > 1] == []
    bar = Counter(name[name.index("&") + 1].casefold() for name in MENUS)
    assert max(bar.values()) == 1


def test_every_icon_in_the_code_is_there() -> None:
    folder = ROOT / "resources" / "icons"
    known = {path.stem for path in folder.glob("*.svg")}
    named = {spec.icon for spec in ACTIONS if spec.icon}
    call = re.compile(r'\b(?:icon|icon_button|tinted_file)\(\s*"([a-z-]+)"(?: if \w+ else "([a-z-]+)")?')
    ternary = re.compile(r'icon\("([a-z-]+)" if [^()]+ else "([a-z-]+)"\)')
    for path in (ROOT / "latentlab" / "ui").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        named |= {name for match in (*call.findall(text), *ternary.findall(text)) for name in match if name}
    assert {"dice", "play", "pause", "check", "chevron-down", "chevron-right", "reset", "close"} <= named
    assert named - known == set()


def test_icons_are_drawn_in_the_colours_of_the_theme(qapp: QApplication) -> None:
    image = icon("dice").pixmap(24, 24).toImage()
    inked = [image.pixelColor(x, y) for x in range(24) for y in range(24) if image.pixelColor(x, y).alpha() == 255]
    assert inked
    assert min(color.lightness() for color in inked) > 150, "light ink on the dark theme"


def test_every_action_has_a_handler(window: MainWindow) -> None:
    assert handlers(window).keys() == {spec.id for spec in ACTIONS}


def test_menus_and_tool_bar_hold_the_table(window: MainWindow) -> None:
    titles = [action.text() for action in window.menuBar().actions()]
    assert titles == list(MENUS)
    for action in window.menuBar().actions():
        menu = action.menu()
        assert isinstance(menu, QMenu)
        for name in {spec.submenu for spec in ACTIONS if spec.menu == action.text()}:
            holder = next(each.menu() for each in menu.actions() if each.text() == name) if name else menu
            assert isinstance(holder, QMenu)
            of_this = [spec for spec in ACTIONS if spec.menu == action.text() and spec.submenu == name]
            expected = [window.actions_[spec.id] for spec in of_this]
            assert [each for each in holder.actions() if each in expected] == expected
    assert {name for group in TOOL_BAR for name in group} <= {spec.id for spec in ACTIONS}


def open_palette(window: MainWindow) -> QLineEdit:
    QTest.keyClick(window, Qt.Key.Key_K, Qt.KeyboardModifier.ControlModifier)
    assert window.palette_.isVisible()
    return window.palette_._box


def test_the_palette_finds_and_triggers(window: MainWindow) -> None:
    box = open_palette(window)
    everything = window.palette_._list.count()
    assert everything == len(ACTIONS) - 1
    QTest.keyClicks(box, "arithm")
    assert 1 <= window.palette_._list.count() < everything
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert not window.palette_.isVisible()
    assert window.pages.currentIndex() == ARITHMETIC


def test_the_palette_is_steered_by_arrows_and_left_by_escape(window: MainWindow) -> None:
    box = open_palette(window)
    QTest.keyClicks(box, "seed latent")
    listed = window.palette_._list
    assert listed.count() >= 3
    QTest.keyClick(box, Qt.Key.Key_Down)
    assert listed.currentRow() == 1
    QTest.keyClick(box, Qt.Key.Key_Up)
    QTest.keyClick(box, Qt.Key.Key_Up)
    assert listed.currentRow() == listed.count() - 1
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert not window.palette_.isVisible()
    assert state_of(window).picture.seed == 42


def test_the_palette_is_clicked(window: MainWindow) -> None:
    box = open_palette(window)
    QTest.keyClicks(box, "next seed")
    listed = window.palette_._list
    QTest.mouseClick(listed.viewport(), LEFT, pos=listed.visualItemRect(listed.item(0)).center())
    assert state_of(window).picture.seed == 43


def test_the_palette_does_not_run_what_is_grey(window: MainWindow) -> None:
    box = open_palette(window)
    QTest.keyClicks(box, "redo")
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert not window.palette_.isVisible()


def test_the_palette_finds_sliders_and_says_when_it_finds_nothing(window: MainWindow) -> None:
    window.studio.apply(direction_changes.mark_direction("hidden", "Factor 7", True), "hide")
    settle(window)
    box = open_palette(window)
    QTest.keyClicks(box, "fact 7")
    found = window.palette_._list
    assert [found.item(row).text() for row in range(found.count())] == ["Slider: Factor 7"]
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert not window.palette_.isVisible()
    assert slider_of(window, "Factor 7").hasFocus(), "although it was hidden"
    box = open_palette(window)
    QTest.keyClicks(box, "slider factor 3")
    assert found.item(0).text() == "Slider: Factor 3", "as it is written in the list"
    box = open_palette(window)
    QTest.keyClicks(box, "xyzzy")
    assert [found.item(row).text() for row in range(found.count())] == ["Nothing is called that."]
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert not window.palette_.isVisible()


@pytest.mark.parametrize(
    ("name", "words"),
    [("model-info", "Hash"), ("shortcuts", "Ctrl+K"), ("glossary", "Typicality"), ("about", "arXiv:1511.06434")],
)
def test_pages_to_read_open(window: MainWindow, name: str, words: str) -> None:
    window.actions_[name].trigger()
    dialog = next(each for each in window.findChildren(ReadingDialog) if each.isVisible())
    assert words in dialog.findChild(QTextBrowser).toPlainText()
    window.actions_[name].trigger()
    QApplication.processEvents()
    (again,) = (each for each in window.findChildren(ReadingDialog) if each.isVisible())
    again.close()


def spoken(widget: QWidget) -> str:
    """Return what a screen reader has to go by."""
    text = widget.text() if hasattr(widget, "text") and not isinstance(widget, QLineEdit) else ""
    return widget.accessibleName() or text or widget.toolTip()


def unnamed(root: QWidget) -> list[str]:
    """List what takes the focus and has no name; parts that Qt makes inside its own widgets are Qt's."""
    found = []
    for widget in root.findChildren(QWidget):
        if widget.focusPolicy() == Qt.FocusPolicy.NoFocus or isinstance(
            widget, QMenu | QMenuBar | QMainWindow | QDialog
        ):
            continue
        inside = widget.parentWidget()
        if widget.objectName().startswith("qt_") or isinstance(inside, QAbstractSpinBox | QAbstractItemView):
            continue
        if inside is not None and isinstance(inside.parentWidget(), QComboBox):
            continue
        if isinstance(widget, QLabel) and not widget.text():
            continue
        if isinstance(widget, QTabBar) and all(widget.tabText(index) for index in range(widget.count())):
            continue
        label = next((each for each in root.findChildren(QLabel) if each.buddy() is widget), None)
        if not spoken(widget) and (label is None or not label.text()):
            found.append(f"{type(widget).__name__} in {type(inside).__name__}")
    return found


@pytest.mark.parametrize("page", [EXPLORE, INTERPOLATE, ARITHMETIC, TRAIN])
def test_everything_that_takes_the_focus_has_a_name(window: MainWindow, page: int) -> None:
    window.show_page(page)
    assert not (found := unnamed(window)), "\n".join(found)


@pytest.mark.parametrize("name", ["export", "new_run", "find_latent"])
def test_everything_in_the_dialogs_has_a_name(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    window.actions_[name.replace("_", "-")].trigger()
    dialog = getattr(window.dialogs, f"{name}_dialog")
    qtbot.waitExposed(dialog)
    assert not (found := unnamed(dialog)), "\n".join(found)


def test_tab_reaches_the_sliders_the_strip_and_the_shelf(window: MainWindow) -> None:
    window.explore.seed.setFocus()
    reached: list[str] = []
    for _ in range(200):
        QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        focus = QApplication.focusWidget()
        assert focus is not None
        reached.append(spoken(focus))
        if focus is window.explore.seed:
            break
    for name in ("Factor 1", "Shelf", "End A of the strip", "Truncation", "Search directions"):
        assert any(name in each for each in reached), name


def test_the_shortcut_page_names_every_key(window: MainWindow) -> None:
    page = shortcuts_page(window.actions_)
    for spec in ACTIONS:
        if spec.keys:
            assert QKeySequence(spec.keys[0]).toString() in page
            assert plain(window.actions_[spec.id].text()).rstrip("…").split()[0] in page
