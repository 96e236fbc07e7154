"""SHELF: cards kept, renamed, moved, removed, picked up, and taken out of the window and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hand import LEFT, click, drag, drop, settle, shown, slider_of, state_of, z_of
from PySide6.QtCore import QMimeData, QPersistentModelIndex, Qt, QUrl
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from small_models import generator

from latentlab.session.card import Card
from latentlab.session.card_png import card_from_png
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.ui.card_mime import CARD_TYPE, card_from_mime, local_files, mime_of
from latentlab.ui.main_window import MainWindow
from latentlab.ui.panels.shelf import ShelfModel
from latentlab.ui.qimage import to_qimage


@pytest.fixture
def kept(window: MainWindow) -> MainWindow:
    """Return a window with the seeds 1 to 4 on its shelf."""
    for seed in (1, 2, 3, 4):
        window.explore.seed.setValue(seed)
        click(window.shelf.keep)
    return window


def names(window: MainWindow) -> list[str]:
    rows = window.shelf.cards
    return [rows.data(rows.index(row)) for row in range(rows.rowCount())]


def select(window: MainWindow, row: int) -> None:
    view = window.shelf.view
    view.setFocus()
    click(view.viewport(), view.visualRect(window.shelf.cards.index(row)).center())


def foreign_card(**kind: object) -> Card:
    made = OpenedModel(generator("other", **kind))  # type: ignore[arg-type]
    point = Point.from_seed(9, made.z_dim, made.prior)
    pixels = made.render(point.base[None])[0]
    return Card("stranger", point, point.base, pixels, made.prior, made.generator.content_hash, made.name)


def only_a_file(mime: QMimeData) -> QMimeData:
    """Return what another program sees: a PNG file."""
    made = QMimeData()
    made.setUrls([QUrl.fromLocalFile(str(path)) for path in local_files(mime)])
    return made


def drop_between(window: MainWindow, moving: int, row: int) -> None:
    rows: ShelfModel = window.shelf.cards
    mime = rows.mimeData([rows.index(moving)])
    rows.dropMimeData(mime, Qt.DropAction.CopyAction, row, 0, QPersistentModelIndex())


def test_keeping_puts_the_picture_on_the_shelf(window: MainWindow, model: OpenedModel) -> None:
    assert window.shelf._empty.isVisible()
    drag(slider_of(window), 0.8)
    QTest.keyClick(window, Qt.Key.Key_K)
    (card,) = state_of(window).shelf
    assert np.array_equal(card.z, z_of(window)[0])
    assert np.array_equal(card.pixels, model.render(z_of(window))[0])
    assert names(window) == ["seed 42, edited"]
    assert not window.shelf._empty.isVisible()
    window.actions_["undo"].trigger()
    assert state_of(window).shelf == ()
    assert window.shelf._empty.isVisible()


def test_a_card_is_renamed(kept: MainWindow) -> None:
    rows = kept.shelf.cards
    assert rows.setData(rows.index(1), "  Alice ")
    assert names(kept) == ["seed 1", "Alice", "seed 3", "seed 4"]
    assert not rows.setData(rows.index(1), "   ")
    kept.actions_["undo"].trigger()
    assert names(kept)[1] == "seed 2"


def test_f2_opens_the_name_and_letters_go_into_it(kept: MainWindow) -> None:
    select(kept, 0)
    QTest.keyClick(kept.shelf.view, Qt.Key.Key_F2)
    editor = QApplication.focusWidget()
    QTest.keyClicks(editor, "park")
    QTest.keyClick(editor, Qt.Key.Key_Return)
    QApplication.processEvents()
    assert names(kept)[0] == "park"


def test_delete_removes_the_selected_card(kept: MainWindow) -> None:
    assert not kept.shelf.remove.isEnabled()
    select(kept, 1)
    assert kept.shelf.remove.isEnabled()
    QTest.keyClick(kept.shelf.view, Qt.Key.Key_Delete)
    assert names(kept) == ["seed 1", "seed 3", "seed 4"]
    assert not kept.shelf.remove.isEnabled(), "nothing is selected any more"
    kept.actions_["undo"].trigger()
    assert names(kept) == ["seed 1", "seed 2", "seed 3", "seed 4"]


@pytest.mark.parametrize(
    ("moving", "row", "after"),
    [(0, 2, "2134"), (0, 4, "2341"), (3, 0, "4123"), (2, 1, "1324"), (1, 1, "1234"), (1, 2, "1234"), (0, -1, "2341")],
)
def test_a_card_dropped_between_two_others_stands_there(kept: MainWindow, moving: int, row: int, after: str) -> None:
    drop_between(kept, moving, row)
    assert "".join(name[-1] for name in names(kept)) == after


def test_a_double_click_picks_up_with_the_edits_on_their_sliders(window: MainWindow) -> None:
    drag(slider_of(window, "Factor 2"), 0.85)
    value, z = slider_of(window, "Factor 2").value(), z_of(window)
    click(window.shelf.keep)
    window.actions_["reset"].trigger()
    window.explore.seed.setValue(8)
    settle(window)
    view = window.shelf.view
    at = view.visualRect(window.shelf.cards.index(0)).center()
    QTest.mouseClick(view.viewport(), LEFT, pos=at)
    QTest.mouseDClick(view.viewport(), LEFT, pos=at)
    assert z_of(window).tobytes() == z.tobytes()
    assert slider_of(window, "Factor 2").value() == value
    assert state_of(window).picture.seed == 42


def test_a_card_of_another_width_is_greyed_and_refused_with_the_reason(window: MainWindow) -> None:
    card = foreign_card(z_dim=12)
    assert drop(window.shelf.view.viewport(), mime_of(card))
    rows = window.shelf.cards
    index = rows.index(0)
    assert "does not fit the open model" in rows.data(index, Qt.ItemDataRole.ToolTipRole)
    icon = rows.data(index, Qt.ItemDataRole.DecorationRole)
    assert isinstance(icon, QIcon)
    plain = QPixmap.fromImage(to_qimage(card.pixels)).scaled(64, 64)
    assert icon.pixmap(64, 64).toImage() != plain.toImage()
    before = state_of(window)
    window.shelf.view.activated.emit(index)
    assert state_of(window) is before
    assert "12 wide" in window.messages.text()
    assert "8 wide" in window.messages.text()
    assert "Open other to use it" in window.messages.text()
    for well in (window.strip.end_b, window.explore.canvas):
        drop(well, mime_of(card))
        assert state_of(window) is before


def test_a_card_of_another_model_that_fits_is_drawn_anew_and_marked(window: MainWindow, model: OpenedModel) -> None:
    card = foreign_card(seed=5)
    drop(window.shelf.view.viewport(), mime_of(card))
    settle(window)
    rows = window.shelf.cards
    assert "as the open model draws it" in rows.data(rows.index(0), Qt.ItemDataRole.ToolTipRole)
    (redrawn,) = rows._redrawn.values()
    assert np.array_equal(redrawn, model.render(card.z[None])[0])
    window.shelf.view.activated.emit(rows.index(0))
    settle(window)
    assert np.array_equal(z_of(window)[0], card.z)
    assert np.array_equal(shown(window.explore.canvas), redrawn)


def test_a_card_leaves_as_a_png_and_comes_back_the_same(window: MainWindow) -> None:
    drag(slider_of(window), 0.8)
    drag(window.explore.truncation, 0.4)
    card = window.studio.card_of(state_of(window).picture)
    (path,) = local_files(mime_of(card))
    again = card_from_png(path.read_bytes())
    assert again is not None
    assert again.z.tobytes() == card.z.tobytes()
    assert np.array_equal(again.pixels, card.pixels)
    before = z_of(window)
    window.actions_["reset"].trigger()
    window.explore.seed.setValue(3)
    assert drop(window.explore.canvas, only_a_file(mime_of(card)))
    assert z_of(window).tobytes() == before.tobytes() == card.z.tobytes()
    assert slider_of(window).value() == card.point.strengths["Factor 1"]
    assert window.explore.truncation.value() == card.point.truncation
    assert drop(window.shelf.view.viewport(), only_a_file(mime_of(card)))
    assert state_of(window).shelf[0].z.tobytes() == card.z.tobytes()


def test_a_renamed_card_keeps_its_name_on_the_way(kept: MainWindow) -> None:
    rows = kept.shelf.cards
    rows.setData(rows.index(0), "Álice / é")
    mime = rows.mimeData([rows.index(0)])
    assert mime.hasFormat(CARD_TYPE)
    card = card_from_mime(mime)
    assert card is not None
    assert card.name == "Álice / é"


def test_copy_and_paste_carry_the_latent(window: MainWindow) -> None:
    drag(slider_of(window), 0.8)
    copied = z_of(window)
    QTest.keyClick(window, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert "Copied" in window.statusBar().currentMessage()
    window.actions_["reset"].trigger()
    window.explore.roll()
    QTest.keyClick(window, Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)
    assert z_of(window).tobytes() == copied.tobytes()
    QApplication.clipboard().setText("no picture")
    window.actions_["paste"].trigger()
    assert "no picture with a latent" in window.statusBar().currentMessage()


@pytest.mark.parametrize("where", ["canvas", "end", "term", "shelf", "clipboard"])
def test_a_damaged_png_is_refused_in_one_line(window: MainWindow, tmp_path: Path, where: str) -> None:
    content = bytearray(local_files(mime_of(window.studio.card_of(state_of(window).picture)))[0].read_bytes())
    at = content.index(b"IDAT")
    content[at + 6 : at + 20] = bytes(14)
    path = tmp_path / "damaged.png"
    path.write_bytes(bytes(content))
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    before = state_of(window)
    if where == "clipboard":
        QApplication.clipboard().setMimeData(mime)
        window.actions_["paste"].trigger()
    else:
        targets = {
            "canvas": window.explore.canvas,
            "end": window.strip.end_b,
            "term": window.arithmetic.terms[0].mean,
            "shelf": window.shelf.view.viewport(),
        }
        drop(targets[where], mime)
    assert state_of(window) is before
    assert "damaged" in window.messages.text()
    assert "\n" not in window.messages.text()


def test_the_shelf_outlives_another_model(kept: MainWindow, make_model: Callable[..., Path]) -> None:
    assert kept.studio.open_path(make_model("wide", z_dim=12))
    settle(kept)
    assert names(kept) == ["seed 1", "seed 2", "seed 3", "seed 4"]
    assert len(z_of(kept)[0]) == 12
