"""Cards as PNG files and back."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from latentlab.export.latent_png import LatentTagError, png_bytes
from latentlab.export.png_chunks import iter_chunks, pack_chunk
from latentlab.session import card_png
from latentlab.session.card import Card
from latentlab.session.card_png import card_from_png, png_of, tag_of
from latentlab.session.point import Point

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MakeCard = Callable[..., Card]


@pytest.fixture
def edited_card(make_card: MakeCard) -> Card:
    point = replace(Point.from_seed(3, 6, "uniform"), strengths={"Slant": 1 / 3}, truncation=0.7, renormalised=True)
    return make_card(3, prior="uniform", point=point, z=point.z((), "uniform"))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_card_comes_back(make_card: MakeCard, channels: int) -> None:
    card = make_card(4, channels)
    back = card_from_png(png_of(card), "dropped")
    assert back is not None
    assert back.pixels.shape == card.pixels.shape
    assert np.array_equal(back.pixels, card.pixels)
    assert back.z.tobytes() == card.z.tobytes()
    assert back.point.same_as(card.point)
    assert (back.prior, back.model_hash, back.model_name) == ("normal", "c0ffee", "digits")
    assert back.name == "dropped"
    assert back.id != card.id


def test_the_steps_come_back(edited_card: Card) -> None:
    back = card_from_png(png_of(edited_card))
    assert back is not None
    assert back.point.same_as(edited_card.point)
    assert back.z.tobytes() == edited_card.z.tobytes()
    assert back.prior == "uniform"
    assert back.name == back.point.title() == "seed 3, edited"


def test_the_picture_is_of_its_own_size(make_card: MakeCard) -> None:
    with Image.open(io.BytesIO(png_of(make_card(1, 1)))) as image:
        assert (image.size, image.mode) == ((7, 5), "L")


def test_a_png_without_a_latent_is_no_card() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 4)).save(buffer, "PNG")
    assert card_from_png(buffer.getvalue()) is None


@pytest.mark.parametrize("content", [b"", b"no picture", SIGNATURE, b"GIF89a"])
def test_what_is_no_png_is_no_card(content: bytes) -> None:
    assert card_from_png(content) is None


@pytest.mark.parametrize(("mode", "channels"), [("L", 1), ("LA", 1), ("RGB", 3), ("RGBA", 3), ("P", 3), ("1", 1)])
def test_pictures_saved_anew_by_other_programs_are_cards(make_card: MakeCard, mode: str, channels: int) -> None:
    """Whatever the mode another program chose, the text survives."""
    png = png_of(make_card(1))
    text = next(data for kind, data in iter_chunks(png) if kind == b"tEXt" and data.startswith(b"latentlab\0"))
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert(mode).save(buffer, "PNG")
    content = buffer.getvalue()
    back = card_from_png(content[:33] + pack_chunk(b"tEXt", text) + content[33:])
    assert back is not None
    assert back.pixels.shape == (5, 7, channels)


def test_a_damaged_latent_is_one_line(make_card: MakeCard) -> None:
    png = png_of(make_card(1))
    place = png.index(b"latentlab\0") + 30
    with pytest.raises(LatentTagError, match=r"^[^\n]*the latent inside cannot be read[^\n]*$"):
        card_from_png(png[:place] + b"?" + png[place + 1 :])


def test_a_damaged_picture_is_one_line(make_card: MakeCard) -> None:
    png = png_of(make_card(1))
    with pytest.raises(LatentTagError, match=r"^dropped: is damaged[^\n]*$"):
        card_from_png(png[: png.index(b"IDAT") + 8], "dropped")


def test_a_huge_picture_is_no_card(make_card: MakeCard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(card_png, "_MAX_SIDE_PX", 6)
    with pytest.raises(LatentTagError, match=r"^dropped: is too large for a card$"):
        card_from_png(png_of(make_card(1)), "dropped")


def test_a_picture_that_would_fill_the_memory_is_one_line(make_card: MakeCard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(LatentTagError, match=r"^the picture: is [^\n]+$"):
        card_from_png(png_of(make_card(1)))


def test_a_text_of_another_program_that_inflates_without_end_is_one_line(make_card: MakeCard) -> None:
    png = png_of(make_card(1))
    bomb = pack_chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"\0" * 2**22))
    with pytest.raises(LatentTagError, match=r"^the picture: is damaged: [^\n]*$"):
        card_from_png(png[:33] + bomb + png[33:])


@pytest.mark.parametrize("kind", [b"IDAT", b"IEND"])
def test_a_chunk_of_a_broken_name_is_one_line_or_harmless(make_card: MakeCard, kind: bytes) -> None:
    """Pillow raises SyntaxError for such a chunk in the middle of the pixels."""
    png = png_of(make_card(1))
    content = b"".join(
        pack_chunk(b"IDAT", data[:9]) + pack_chunk(b"\0\0\0\0", data[9:]) if name == kind else pack_chunk(name, data)
        for name, data in iter_chunks(png)
    )
    if kind == b"IEND":
        assert card_from_png(SIGNATURE + content) is not None
    else:
        with pytest.raises(LatentTagError, match=r"^the picture: is damaged: [^\n]*$"):
            card_from_png(SIGNATURE + content)


@given(data=st.data())
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, derandomize=True, max_examples=200
)
def test_damage_anywhere_is_one_line_or_harmless(make_card: MakeCard, data: st.DataObject) -> None:
    content = bytearray(png_of(make_card(1)))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content) - 1)) :]
    else:
        for _ in range(data.draw(st.integers(1, 3))):
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    card, refusal = None, ""
    try:
        card = card_from_png(bytes(content), "dropped")
    except LatentTagError as error:
        refusal = str(error)
    assert "\n" not in refusal
    assert card is None or card.pixels.shape[2] in (1, 3)


def test_a_tag_says_what_the_card_says(edited_card: Card) -> None:
    tag = tag_of(edited_card)
    assert tag.describe() == "digits, seed 3, truncation 0.7, Slant +0.333333"
    assert (tag.renormalised, tag.label) == (True, None)
    assert png_bytes(edited_card.pixels, tag) == png_of(edited_card)
