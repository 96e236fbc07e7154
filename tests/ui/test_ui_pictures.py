"""Pixels become QImages exactly, and are enlarged by whole factors of device pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hand import on_screen, pixels_of
from PySide6.QtCore import QPoint, QRectF, QSize, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from latentlab.ui.qimage import to_qimage
from latentlab.ui.widgets.picture import PictureView, fitted


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("width", [1, 16, 30, 31, 64, 65])
def test_every_pixel_arrives(width: int, channels: int) -> None:
    pixels = np.random.default_rng(width).integers(0, 256, (7, width, channels), np.uint8)
    image = to_qimage(pixels)
    assert (image.width(), image.height()) == (width, 7)
    assert image.format() == QImage.Format.Format_RGB32
    assert np.array_equal(pixels_of(image), np.broadcast_to(pixels, (7, width, 3)))


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("width", [30, 31, 65])
def test_an_image_owns_its_memory(width: int, channels: int) -> None:
    pixels = np.full((5, width, channels), 200, np.uint8)
    image = to_qimage(pixels)
    pixels[:] = 7
    assert (pixels_of(image) == 200).all()
    del pixels
    assert image.copy() == image


@pytest.mark.parametrize("width", [30, 31, 65])
def test_a_picture_cut_out_of_a_larger_one_is_right_too(width: int) -> None:
    large = np.random.default_rng(0).integers(0, 256, (9, 200, 3), np.uint8)
    cut = large[2:8, 11 : 11 + width]
    assert np.array_equal(pixels_of(to_qimage(cut)), cut)
    assert np.array_equal(pixels_of(to_qimage(large[::2, ::-1])), large[::2, ::-1])
    cut.flags.writeable = False
    assert np.array_equal(pixels_of(to_qimage(cut)), cut)


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("room", [QSize(100, 100), QSize(101, 67), QSize(640, 480), QSize(33, 300)])
@pytest.mark.parametrize("image", [QSize(16, 16), QSize(32, 24), QSize(28, 31)])
def test_enlargement_is_the_largest_whole_factor_of_device_pixels(image: QSize, room: QSize, ratio: float) -> None:
    target = fitted(image, room, ratio)
    factor = target.width() * ratio / image.width()
    assert factor == pytest.approx(round(factor))
    assert factor >= 1
    assert target.height() * ratio == pytest.approx(round(factor) * image.height())
    assert QRectF(0, 0, room.width(), room.height()).adjusted(-1e-9, -1e-9, 1e-9, 1e-9).contains(target)
    larger = (round(factor) + 1) * image
    assert larger.width() > room.width() * ratio or larger.height() > room.height() * ratio
    for edge in (target.left() * ratio, target.top() * ratio):
        assert edge == pytest.approx(round(edge)), "it starts on a device pixel"
    assert abs(target.center().x() - room.width() / 2) <= 1 / ratio
    assert abs(target.center().y() - room.height() / 2) <= 1 / ratio


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_a_picture_larger_than_the_room_is_made_smaller(ratio: float) -> None:
    target = fitted(QSize(400, 200), QSize(100, 100), ratio)
    assert target.width() * ratio == min(400, 100 * ratio)
    assert target.width() == pytest.approx(2 * target.height())


def test_a_view_shows_the_picture_crisp(qtbot: QtBot) -> None:
    view = PictureView(padding_px=5)
    qtbot.addWidget(view)
    view.resize(143, 110)
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    view.set_pixels(pixels, 7)
    with qtbot.waitSignal(view.painted) as painted:
        view.show()
    assert painted.args == [7]
    assert np.array_equal(on_screen(view), pixels)
    view.set_dimmed(True)
    assert not np.array_equal(on_screen(view), pixels)


def test_a_click_is_no_drag_and_a_drag_no_click(qtbot: QtBot) -> None:
    view = PictureView()
    qtbot.addWidget(view)
    view.resize(100, 100)
    view.set_pixels(np.zeros((16, 16, 1), np.uint8))
    view.set_clickable(True)
    view.show()
    with qtbot.waitSignal(view.clicked), qtbot.assertNotEmitted(view.drag_started):
        QTest.mouseClick(view, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(view.drag_started), qtbot.assertNotEmitted(view.clicked):
        QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=view.rect().center())
        QTest.mouseMove(view, QPoint(2, 2))
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=QPoint(2, 2))
    with qtbot.assertNotEmitted(view.clicked):
        QTest.mouseClick(view, Qt.MouseButton.RightButton)
    for key in (Qt.Key.Key_Return, Qt.Key.Key_Space):
        with qtbot.waitSignal(view.clicked):
            QTest.keyClick(view, key)
