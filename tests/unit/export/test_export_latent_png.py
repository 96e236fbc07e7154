"""PNGs with their latent: bit for bit there and back, and clear words where they are damaged."""

from __future__ import annotations

import contextlib
import io
import json
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from synthetic_walk import renderer, walk

from latentlab.errors import LatentlabError, OutputError
from latentlab.export.latent_png import MAX_TEXT_BYTES, LatentTagError, png_bytes, read_tag, write_png
from latentlab.export.latent_tag import MAX_EDITS, LatentTag, to_text
from latentlab.pixels import Pixels

finite = st.floats(width=32, allow_nan=False, allow_infinity=False)
latents = st.integers(1, 40).flatmap(lambda z_dim: st.tuples(*[arrays(np.float32, z_dim, elements=finite)] * 2))
tags = st.builds(
    lambda pair, **rest: LatentTag(z=pair[0], base=pair[1], **rest),
    latents,
    prior=st.sampled_from(["normal", "uniform"]),
    model_hash=st.text(max_size=64),
    model_name=st.text(st.characters(), max_size=20),
    seed=st.none() | st.integers(0, 2**32 - 1),
    label=st.none() | st.integers(0, 999),
    edits=st.dictionaries(st.text(max_size=12), st.floats(allow_nan=False, allow_infinity=False), max_size=4),
    truncation=st.floats(0.0, 2.0),
    renormalised=st.booleans(),
)


def a_tag(**changes: Any) -> LatentTag:
    z = walk(2)
    values = {
        "z": z[0],
        "base": z[1],
        "prior": "normal",
        "model_hash": "0123abcd",
        "model_name": "faces",
        "seed": 42,
        "edits": {"Smiling": 1.2, "PC 1": -2.0},
    }
    return LatentTag(**{**values, **changes})


def assert_same(got: LatentTag | None, tag: LatentTag) -> None:
    assert got is not None
    assert got.z.tobytes() == tag.z.tobytes()
    assert got.base.tobytes() == tag.base.tobytes()
    assert got.z.dtype == np.float32
    for name in ("prior", "model_hash", "model_name", "seed", "label", "edits", "truncation", "renormalised"):
        assert getattr(got, name) == getattr(tag, name), name


def a_picture(channels: int = 3) -> Pixels:
    return renderer(channels)(walk(1))[0]


def with_text(text: str, kind: str = "tEXt") -> bytes:
    """Encode a picture whose text ``latentlab`` is any text, in any kind of chunk."""
    info = PngInfo()
    if kind == "iTXt":
        info.add_itxt("latentlab", text)
    elif kind == "iTXt compressed":
        info.add_itxt("latentlab", text, zip=True)
    else:
        info.add_text("latentlab", text, zip=kind == "zTXt")
    buffer = io.BytesIO()
    Image.fromarray(a_picture()).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def with_field(**changes: Any) -> bytes:
    """Encode a picture whose tag has fields that no tag can have; ``...`` removes one."""
    record = {**json.loads(to_text(a_tag())), **changes}
    return with_text(json.dumps({name: value for name, value in record.items() if value is not ...}))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(tags, st.sampled_from([1, 3]))
def test_tags_and_pixels_come_back_bit_for_bit(tag: LatentTag, channels: int) -> None:
    data = png_bytes(a_picture(channels), tag)
    assert_same(read_tag(data), tag)
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(np.asarray(image).reshape(32, 32, channels), a_picture(channels))


def test_negative_zero_and_subnormals_survive() -> None:
    z = np.array([-0.0, 1e-45, np.finfo(np.float32).max], np.float32)
    assert_same(read_tag(png_bytes(a_picture(), a_tag(z=z, base=z))), a_tag(z=z, base=z))


def test_files_come_back(tmp_path: Path, channels: int) -> None:
    path = write_png(tmp_path / "card.png", a_picture(channels), a_tag(label=3, truncation=0.7, renormalised=True))
    assert_same(read_tag(path), a_tag(label=3, truncation=0.7, renormalised=True))


def test_other_programs_see_what_it_is() -> None:
    with Image.open(io.BytesIO(png_bytes(a_picture(), a_tag(model_name="얼굴", label=2, truncation=0.8)))) as image:
        assert image.info["Software"] == "latentlab"
        assert image.info["Description"] == "얼굴, seed 42, class 2, truncation 0.8, Smiling +1.2, PC 1 -2"


def test_a_name_from_an_undecodable_file_name_is_no_obstacle() -> None:
    tag = a_tag(model_name="model-\udcff")
    assert_same(read_tag(png_bytes(a_picture(), tag)), tag)


@pytest.mark.parametrize("kind", ["tEXt", "zTXt", "iTXt", "iTXt compressed"])
def test_a_tag_survives_programs_that_store_texts_otherwise(kind: str) -> None:
    assert_same(read_tag(with_text(to_text(a_tag()), kind)), a_tag())


def test_a_tag_behind_the_pixels_is_found() -> None:
    plain = io.BytesIO()
    Image.fromarray(a_picture()).save(plain, "PNG")
    data = b"latentlab\x00" + to_text(a_tag()).encode()
    chunk = struct.pack(">I", len(data)) + b"tEXt" + data + struct.pack(">I", zlib.crc32(b"tEXt" + data))
    end = plain.getvalue()[-12:]
    assert_same(read_tag(plain.getvalue()[:-12] + chunk + end), a_tag())


def test_the_arrays_of_a_tag_are_its_own_and_read_only() -> None:
    z = walk(1)[0].copy()
    edits = {"Smiling": 1.0}
    tag = a_tag(z=z, edits=edits)
    z[:] = 0.0
    edits["Smiling"] = 2.0
    assert tag.z.any()
    assert tag.edits == {"Smiling": 1.0}
    with pytest.raises(ValueError, match="read-only"):
        tag.z[0] = 1.0


@pytest.mark.parametrize("suffix", ["PNG", "JPEG", "GIF"])
def test_pictures_without_a_tag_have_none(suffix: str) -> None:
    buffer = io.BytesIO()
    Image.fromarray(a_picture()).save(buffer, suffix)
    assert read_tag(buffer.getvalue()) is None


@pytest.mark.parametrize("data", [b"", b"\x89PNG\r\n\x1a\n", b"\x89PNG\r\n\x1a\n\x00\x00", b"latentlab\x00{}"])
def test_what_is_no_picture_has_none(data: bytes) -> None:
    assert read_tag(data) is None


def test_a_text_of_another_name_is_not_it() -> None:
    info = PngInfo()
    info.add_text("latentlab2", to_text(a_tag()))
    info.add_text("latent", to_text(a_tag()))
    buffer = io.BytesIO()
    Image.fromarray(a_picture()).save(buffer, "PNG", pnginfo=info)
    assert read_tag(buffer.getvalue()) is None


NAN_Z = "AADAfwAAwH8AAMB/AADAfwAAwH8AAMB/AADAfwAAwH8="


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (with_text("no json"), "Expecting value"),
        (with_text("[1, 2]"), "not a JSON object"),
        (with_text("[" * 100_000), "nested too deeply"),
        (with_text("9" * 5000), "cannot be read"),
        (with_field(version=...), "version"),
        (with_field(version=2), "newer latentlab"),
        (with_field(version=True), "version"),
        (with_field(z=...), "z is missing"),
        (with_field(z=[0.0] * 8), "wrong kind"),
        (with_field(z="AAAA"), "multiple of element size"),
        (with_field(z="?!"), "cannot be read"),
        (with_field(z="å"), "cannot be read"),
        (with_field(z=""), "expected 1 to"),
        (with_field(z=NAN_Z), "not finite"),
        (with_field(base=NAN_Z), "not finite"),
        (with_field(base="AAAAAA=="), "base has the shape"),
        (with_field(prior="cauchy"), "prior is unknown"),
        (with_field(prior="x" * 100_000), "prior is unknown"),
        (with_field(model_name=7), "model_name is missing"),
        (with_field(seed=-1), "seed is outside"),
        (with_field(seed=2**32), "seed is outside"),
        (with_field(seed=1.5), "seed is missing"),
        (with_field(seed=True), "seed is missing"),
        (with_field(label=-3), "class is negative"),
        (with_field(edits=["Smiling"]), "edits is missing"),
        (with_field(edits={"Smiling": "much"}), "Smiling is missing"),
        (with_field(edits={"x" * 9999: "much"}), "wrong kind"),
        (with_field(edits={"Smiling": float("nan")}), "not finite"),
        (with_field(edits={str(index): 1.0 for index in range(MAX_EDITS + 1)}), "edits"),
        (with_field(truncation=float("inf")), "not finite"),
        (with_field(truncation=10**400), "truncation is missing"),
        (with_field(renormalised=1), "renormalised is missing"),
        (with_text("x" * (MAX_TEXT_BYTES + 1000)), "longer than"),
        (with_text("x" * (64 * MAX_TEXT_BYTES), "zTXt"), "longer than"),
        (with_text("x" * (64 * MAX_TEXT_BYTES), "iTXt compressed"), "longer than"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_damaged_tags_are_one_clear_line(data: bytes, why: str) -> None:
    with pytest.raises(LatentTagError, match=why) as caught:
        read_tag(data)
    assert isinstance(caught.value, LatentlabError)
    assert str(caught.value).startswith("picture: the latent inside cannot be read: ")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 250


def test_z_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 1 to 65536 numbers"):
        a_tag(z=np.zeros(65537, np.float32), base=np.zeros(65537, np.float32))
    longest = a_tag(z=np.ones(65536, np.float32), base=np.ones(65536, np.float32))
    assert_same(read_tag(png_bytes(a_picture(), longest)), longest)


def test_names_that_would_make_an_unreadable_file_are_refused() -> None:
    with pytest.raises(ValueError, match="longer than"):
        png_bytes(a_picture(), a_tag(model_name="x" * MAX_TEXT_BYTES))


@settings(deadline=None, derandomize=True, max_examples=150)
@given(st.data())
def test_no_damage_ends_in_anything_but_a_tag_nothing_or_one_line(data: st.DataObject) -> None:
    whole = bytearray(png_bytes(a_picture(1), a_tag()))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    got = None
    with contextlib.suppress(LatentTagError):
        got = read_tag(cut)
    # The checksum guards the text, so what is read at all is what was written.
    if got is not None:
        assert_same(got, a_tag())


def test_a_flipped_bit_in_the_latent_is_noticed() -> None:
    data = bytearray(png_bytes(a_picture(), a_tag()))
    place = data.index(b'"z": "') + 8
    data[place] = ord("A") if data[place] != ord("A") else ord("B")
    with pytest.raises(LatentTagError, match="cut off or damaged"):
        read_tag(bytes(data))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(LatentTagError, match=r"gone\.png: cannot be read: No such file"):
        read_tag(tmp_path / "gone.png")


def test_a_failed_save_leaves_the_old_file(old_file: Callable[[str], Path]) -> None:
    path = old_file("card.jpg")
    with pytest.raises(OutputError, match=r"Name it card\.png"):
        write_png(path, a_picture(), a_tag())
    assert path.read_bytes() == b"what stood here before"
    with pytest.raises(OutputError, match="does not exist"):
        write_png(path.parent / "missing" / "card.png", a_picture(), a_tag())
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize(
    "changes",
    [{"z": np.zeros((2, 4))}, {"z": np.full(8, np.nan)}, {"prior": "cauchy"}, {"seed": -1}, {"truncation": np.nan}],
    ids=str,
)
def test_a_tag_of_impossible_values_cannot_be_made(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="its "):
        a_tag(**changes)
