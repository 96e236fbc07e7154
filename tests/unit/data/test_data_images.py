"""Folders and archives of images, made with Pillow."""

from __future__ import annotations

import io
import struct
import threading
import zipfile
import zlib
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

import numpy as np
import pytest
from PIL import Image

from latentlab.data import images, members
from latentlab.data.crops import CROPS, Crop, crop_called
from latentlab.data.images import by_column, load_images
from latentlab.data.picture import Decoded
from latentlab.errors import Cancelled, DataError, ValueRangeError

RED, GREEN, BLUE, GREY = (255, 0, 0), (0, 255, 0), (0, 0, 255), (90, 90, 90)
SIZE = 8


def encoded(
    colour: tuple[int, ...], suffix: str = ".png", size: tuple[int, int] = (16, 16), **options: object
) -> bytes:
    mode = "RGBA" if len(colour) == 4 else "RGB"
    return saved(Image.new(mode, size, colour), suffix, **options)


def saved(image: Image.Image, suffix: str = ".png", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, Image.registered_extensions()[suffix], **options)
    return buffer.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a small PNG whose header promises width x height pixels."""

    def chunk(name: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.fixture(params=["folder", "zip"])
def put(request: pytest.FixtureRequest, tmp_path: Path):
    """Store files in a folder or a zip and return its path."""

    def store(files: Mapping[str, bytes]) -> Path:
        path = tmp_path / ("pictures" if request.param == "folder" else "pictures.zip")
        if request.param == "folder":
            path.mkdir()
            for name, content in files.items():
                (path / name).parent.mkdir(parents=True, exist_ok=True)
                (path / name).write_bytes(content)
        else:
            with zipfile.ZipFile(path, "w") as archive:
                for name, content in files.items():
                    archive.writestr(name, content)
        return path

    return store


def test_order_is_by_name_and_hidden_files_do_not_count(put) -> None:
    path = put(
        {
            "c.bmp": encoded(BLUE, ".bmp"),
            "a.PNG": encoded(RED),
            "b.webp": encoded(GREEN, ".webp", lossless=True),
            "notes.txt": b"no image",
            "__MACOSX/._a.png": b"resource fork",
            ".hidden.png": b"hidden",
        }
    )
    data = load_images(path, SIZE)
    assert data.pixels.shape == (3, SIZE, SIZE, 3)
    assert [tuple(picture[0, 0]) for picture in data.pixels] == [RED, GREEN, BLUE]
    assert (data.name, data.source, data.labels, data.skipped) == (path.name, path.name, None, ())


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"])
def test_every_supported_format(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"x{suffix}").write_bytes(encoded(RED, suffix))
    assert np.abs(load_images(tmp_path, SIZE, 3).pixels.astype(int) - RED).max() <= 4


def test_first_frame_of_a_gif_counts(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (16, 16), colour) for colour in (GREEN, RED)]
    (tmp_path / "x.gif").write_bytes(saved(frames[0], ".gif", save_all=True, append_images=frames[1:]))
    assert tuple(load_images(tmp_path, SIZE, 3).pixels[0, 0, 0]) == GREEN


def test_unreadable_files_are_listed_not_fatal(put) -> None:
    path = put(
        {
            "bad/text.png": b"this is text",
            "bad/cut.png": saved(Image.effect_noise((64, 64), 80))[:900],
            "bad/bomb.png": bomb(30_000, 30_000),
            "bad/big.png": bomb(9_000, 9_000),
            "bad/large.png": bomb(10_000, 10_000),
            "good.png": encoded(RED),
        }
    )
    data = load_images(path, SIZE)
    assert len(data) == 1
    assert tuple(data.pixels[0, 0, 0]) == RED
    assert [line.split(":")[0] for line in data.skipped] == [
        f"bad/{name}.png" for name in ("big", "bomb", "cut", "large", "text")
    ]
    assert not any("\n" in line for line in data.skipped)
    assert data.skipped[0] == "bad/big.png: is too large: 9000 x 9000 pixels"
    assert "is not an image" in data.skipped[-1]


def test_exif_orientation_is_applied(tmp_path: Path) -> None:
    upright = Image.new("RGB", (16, 16), BLUE)
    upright.paste(RED, (0, 0, 16, 8))  # red above, blue below
    exif = Image.Exif()
    exif[0x0112] = 6  # stored lying on its left side: turn clockwise to view
    (tmp_path / "phone.png").write_bytes(saved(upright.rotate(90), exif=exif))
    (tmp_path / "plain.png").write_bytes(saved(upright))
    turned, plain = load_images(tmp_path, 16).pixels
    np.testing.assert_array_equal(turned, plain)
    assert tuple(turned[0, 8]) == RED
    assert tuple(turned[15, 8]) == BLUE


@pytest.mark.parametrize("box", [(40, 20), (20, 40), (21, 33)], ids=str)
def test_centre_crop_then_lanczos(tmp_path: Path, box: tuple[int, int]) -> None:
    noise = np.random.RandomState(0).randint(0, 256, (box[1], box[0], 3), np.uint8)
    (tmp_path / "x.png").write_bytes(saved(Image.fromarray(noise)))
    side = min(box)
    left, top = (box[0] - side) // 2, (box[1] - side) // 2
    square = Image.fromarray(noise[top : top + side, left : left + side])
    expected = np.asarray(square.resize((SIZE, SIZE), Image.Resampling.LANCZOS))
    np.testing.assert_array_equal(load_images(tmp_path, SIZE).pixels[0], expected)


def test_grey_is_detected_and_can_be_overruled(put) -> None:
    path = put({"a.png": encoded(GREY), "b.png": saved(Image.new("L", (9, 9), 7)), "broken.png": b""})
    assert load_images(path, SIZE).pixels.shape == (2, SIZE, SIZE, 1)
    assert load_images(path, SIZE).pixels[:, 0, 0, 0].tolist() == [90, 7]
    assert load_images(path, SIZE, 3).pixels.shape == (2, SIZE, SIZE, 3)


def test_one_coloured_picture_makes_the_set_coloured(tmp_path: Path) -> None:
    for number in range(9):
        (tmp_path / f"{number}.png").write_bytes(encoded(GREY if number < 8 else RED))
    assert load_images(tmp_path, SIZE).pixels.shape[3] == 3
    assert load_images(tmp_path, SIZE, 1).pixels.shape[3] == 1


def test_unusual_modes(tmp_path: Path) -> None:
    clear_black = Image.new("RGBA", (16, 16), (0, 0, 0, 0))
    (tmp_path / "clear.png").write_bytes(saved(clear_black))
    (tmp_path / "deep.png").write_bytes(saved(Image.fromarray(np.full((16, 16), 0x80FF, np.uint16))))
    (tmp_path / "palette.png").write_bytes(saved(Image.new("P", (16, 16), 0), transparency=b"\0"))
    data = load_images(tmp_path, SIZE, 1)
    assert data.skipped == ()
    assert data.pixels[:, 0, 0, 0].tolist() == [255, 0x80, 255]


def test_sub_folders_are_classes(put) -> None:
    path = put({"dog/2/deep.png": encoded(RED), "cat/b.png": encoded(GREEN), "cat/a.png": encoded(BLUE)})
    data = load_images(path, SIZE)
    assert data.class_names == ("cat", "dog")
    assert data.labels is not None
    assert data.labels.dtype == np.int64
    assert data.labels.tolist() == [0, 0, 1]
    assert [tuple(picture[0, 0]) for picture in data.pixels] == [BLUE, GREEN, RED]


@pytest.mark.parametrize("names", [["one/a.png", "one/b.png"], ["one/a.png", "two/b.png", "c.png"]], ids=str)
def test_no_classes(put, names: list[str]) -> None:
    data = load_images(put({name: encoded(RED) for name in names}), SIZE)
    assert len(data) == len(names)
    assert data.labels is None
    assert data.class_names == ()


def test_a_folder_around_everything_in_a_zip_is_no_class(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in ("pets/cat/1.png", "pets/dog/1.png"):
            archive.writestr(name, encoded(RED))
    assert load_images(tmp_path / "x.zip", SIZE).class_names == ("cat", "dog")


def test_oversized_members_are_refused_unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MAX_FILE_BYTES", 2048)
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.png", encoded(RED))
        archive.writestr("zeros.png", bytes(5_000))
        archive.writestr("liar.png", bytes(5_000))
    content = bytearray(path.read_bytes())
    for at in (content.rindex(b"liar.png") - 46 + 24, content.index(b"liar.png") - 30 + 22):
        content[at : at + 4] = struct.pack("<I", 100)  # the size both headers declare
    path.write_bytes(content)
    opened: list[str] = []
    open_member = zipfile.ZipFile.open

    def noting(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> IO[bytes]:
        opened.append(entry.filename)
        return open_member(archive, entry)

    monkeypatch.setattr(zipfile.ZipFile, "open", noting)
    data = load_images(path, SIZE, 3)
    assert sorted(opened) == ["a.png", "liar.png"]
    assert len(data) == 1
    assert [line.split(":")[0] for line in data.skipped] == ["liar.png", "zeros.png"]
    assert "is larger than" in data.skipped[1]


def test_oversized_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(members, "MAX_FILE_BYTES", 2048)
    (tmp_path / "a.png").write_bytes(encoded(RED))
    (tmp_path / "b.png").write_bytes(encoded(RED) + bytes(5_000))
    assert len(load_images(tmp_path, SIZE).skipped) == 1


def test_damaged_member_is_skipped(tmp_path: Path) -> None:
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.png", encoded(RED))
        archive.writestr("b.png", encoded(GREEN, size=(100, 100)))
    content = bytearray(path.read_bytes())
    content[content.index(b"b.png") + 20] ^= 0xFF
    path.write_bytes(content)
    data = load_images(path, SIZE)
    assert len(data) == 1
    assert data.skipped[0].startswith("b.png: is damaged within the archive")


def test_nothing_to_read(put) -> None:
    path = put({"readme.txt": b"nothing here"})
    with pytest.raises(DataError, match=r"holds no images\. Supported are png, jpg, jpeg, webp, bmp, gif\.") as error:
        load_images(path, SIZE)
    assert error.value.what == str(path)


def test_nothing_readable(put) -> None:
    with pytest.raises(DataError, match=r"holds no readable image \(x\.png: is not an image"):
        load_images(put({"x.png": b"text"}), SIZE)


def test_not_an_archive(tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(DataError, match="is no zip archive, or damaged"):
        load_images(tmp_path / "x.zip", SIZE)


def test_progress_ends_at_the_total(put) -> None:
    seen: list[tuple[int, int]] = []
    load_images(
        put({f"{number:03}.png": encoded(RED) for number in range(70)}),
        SIZE,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(32, 70), (64, 70), (70, 70)]


def test_cancelling_stops_decoding(put, monkeypatch: pytest.MonkeyPatch) -> None:
    path = put({f"{number:03}.png": encoded(RED) for number in range(50)})
    shut_down = threading.Event()
    decoded: list[str] = []

    def decode(content: bytes, name: str, size: int, channels: int, crop: Crop) -> Decoded:
        decoded.append(name)
        if name != "000.png":
            assert shut_down.wait(30)
        return Decoded(np.zeros((size, size, channels), np.uint8), (size, size))

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait=False, cancel_futures=cancel_futures)
            shut_down.set()
            super().shutdown(wait=wait)

    monkeypatch.setattr(images, "decode", decode)
    monkeypatch.setattr(images, "ThreadPoolExecutor", Pool)
    monkeypatch.setattr(images, "cores", lambda: 3)
    with pytest.raises(Cancelled):
        load_images(path, SIZE, 3, cancelled=lambda: bool(decoded))
    assert len(decoded) <= 1 + 3


def test_real_faces_in_their_original_layout(real_data: Path) -> None:
    folder = real_data / "celeba_original_layout"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    data = load_images(folder, 64)
    assert data.pixels.shape == (300, 64, 64, 3)
    assert data.skipped == ()
    assert data.labels is None


def test_every_crop_of_celeba_lies_within_its_images() -> None:
    boxes = {name: crop.box for name, crop in CROPS.items() if crop.box is not None}
    assert boxes["face"] == (15, 40, 163, 188)  # that of the faces at hand
    for name, (left, top, right, bottom) in boxes.items():
        assert right - left == bottom - top
        assert 0 <= left < right <= 178
        assert 0 <= top < bottom <= 218
        if name.isdecimal():
            assert right - left == int(name)
    for name in ("108", "148", "178"):  # centre crops
        left, top, right, bottom = boxes[name]
        assert (left + right, top + bottom) == (178, 218)
    assert all(crop.source for crop in CROPS.values())


def test_crops_take_their_part_of_the_image(tmp_path: Path) -> None:
    ramp = np.add.outer(np.arange(218), np.zeros(178)).astype(np.uint8)
    (tmp_path / "a.png").write_bytes(saved(Image.fromarray(ramp)))
    side = 148
    cut = load_images(tmp_path, side, 1, crop=CROPS["face"]).pixels[0, :, :, 0]
    np.testing.assert_array_equal(cut, ramp[40:188, 15:163])
    stretched = load_images(tmp_path, 64, 1, crop=CROPS["stretch"]).pixels[0, :, 0, 0]
    assert stretched[0] < 4
    assert stretched[-1] > 213


def test_other_sizes_are_not_cut_as_celeba(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(RED, size=(178, 218)))
    (tmp_path / "b.png").write_bytes(encoded(RED, size=(64, 64)))
    data = load_images(tmp_path, SIZE, crop=CROPS["108"])
    assert data.names == ("a.png",)
    assert data.skipped == ("b.png: is 64 x 64 pixels; the crop 108 needs CelebA's 178 x 218",)
    with pytest.raises(ValueRangeError, match="'109' is not one of square, stretch"):
        crop_called("109")


def test_sizes_are_counted(put) -> None:
    path = put({"a.png": encoded(RED, size=(9, 5)), "b.png": encoded(RED), "c.png": encoded(RED), "d.png": b"?"})
    assert load_images(path, SIZE).sizes == ((16, 16, 2), (9, 5, 1))


PICTURES = {f"{name}.png": encoded(RED) for name in "abc"}


def test_a_table_inside_gives_classes(put) -> None:
    data = load_images(put({**PICTURES, "labels.csv": b"file,label\na.png,10\nb.png,9\nc.png,10\n"}), SIZE)
    assert data.class_names == ("9", "10")
    assert data.labels is not None
    assert data.labels.tolist() == [1, 0, 1]
    assert data.attributes == ()


def test_a_table_beside_gives_classes(put) -> None:
    path = put(PICTURES)
    (path.parent / f"{path.stem}_labels.csv").write_text("a.png;cat\nb.png;dog\nc.png;cat\n")
    data = load_images(path, SIZE)
    assert data.class_names == ("cat", "dog")
    assert data.labels is not None
    assert data.labels.tolist() == [0, 1, 0]


def test_a_table_beside_that_does_not_name_every_image_is_another_s(put) -> None:
    path = put(PICTURES)
    (path.parent / "labels.csv").write_text("file,label\na.png,cat\nb.png,dog\n")
    assert load_images(path, SIZE).labels is None


def test_a_table_counts_more_than_sub_folders(tmp_path: Path) -> None:
    for name in ("x/1.png", "y/2.png", "y/3.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(encoded(RED))
    assert load_images(tmp_path, SIZE).class_names == ("x", "y")
    (tmp_path / "labels.csv").write_text("image,class\nx/1.png,new\n2.png,old\n")
    data = load_images(tmp_path, SIZE)
    assert data.class_names == ("new", "old", "unlabelled")
    assert data.labels is not None
    assert data.labels.tolist() == [0, 1, 2]


def test_columns_of_yes_and_no_are_attributes(put) -> None:
    table = b"id,identity,Smiling,hat,young,colour\na,7,1,1,0,red\nb,8,-1,0,1,red\nc,9,0,,1,blue\n"
    path = put({**PICTURES, "about.csv": table})
    data = load_images(path, SIZE)
    assert data.attributes == ("Smiling", "hat", "young")
    assert data.answers is not None
    assert data.answers.tolist() == [[1, 1, -1], [-1, -1, 1], [0, 0, 1]]
    by_smile = data.by_attribute("smiling")
    assert by_smile.class_names == ("not Smiling", "Smiling", "unknown")
    assert by_smile.labels is not None
    assert by_smile.labels.tolist() == [1, 0, 2]
    by_colour = by_column(data, path, "Colour")
    assert by_colour.class_names == ("blue", "red")
    with pytest.raises(ValueRangeError, match="no table has a column 'nose'"):
        by_column(data, path, "nose")
    with pytest.raises(ValueRangeError, match=r"has no 'nose'\. It has Smiling, hat, young"):
        data.by_attribute("nose")


def test_two_tables_know_more_than_one(put) -> None:
    first = b"file,No_Hat,part\na.png,1,x\nb.png,0,x\nc.png,-1,y\n"
    second = b"file,no hat,part\na.png,-1,x\nb.png,-1,x\nc.png,1,y\n"
    data = load_images(put({**PICTURES, "1.csv": first, "2.csv": second}), SIZE)
    assert data.attributes == ("No Hat",)
    assert data.answers is not None
    assert data.answers[:, 0].tolist() == [1, -1, -1]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"\xff\xfe\x00", "labels.csv: is no table: it is not text in UTF-8"),
        (b"a.png\nb.png\n", "labels.csv: is no table: its first line has one column"),
        (b"file,label\na.png\nb.png,x,y\n", "labels.csv: is no table: no row has as many columns"),
        (b"file,label\na.png,x\nb.png\nc.png,y\n", "labels.csv: 1 of 3 rows are damaged, the first is line 3"),
    ],
    ids=["binary", "one column", "no rows", "a row"],
)
def test_damaged_tables_are_named(put, content: bytes, why: str) -> None:
    data = load_images(put({**PICTURES, "labels.csv": content}), SIZE)
    assert len(data) == 3
    assert len(data.skipped) == 1
    assert data.skipped[0].startswith(why)


def test_archives_of_a_folder_are_one_data_set(tmp_path: Path) -> None:
    for name, pictures in (("part-a.zip", ("3.png", "1.png")), ("part-b.zip", ("2.png",))):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for each in pictures:
                archive.writestr(each, encoded(RED))
    (tmp_path / "labels.csv").write_text("file,part,label\n1.png,a,x\n2.png,b,y\n3.png,a,x\n")
    data = load_images(tmp_path, SIZE)
    assert data.names == ("1.png", "2.png", "3.png")
    assert data.class_names == ("x", "y")
    (tmp_path / "part-b.zip").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"part-b\.zip: is no zip archive"):
        load_images(tmp_path, SIZE)
    (tmp_path / "0.png").write_bytes(encoded(RED))  # archives beside images are something else
    assert load_images(tmp_path, SIZE).names == ("0.png",)


def test_a_table_beside_the_folder_of_a_zip_leaves_it_no_class(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name in ("pets/cat/1.png", "pets/dog/1.png"):
            archive.writestr(name, encoded(RED))
        archive.writestr("notes.csv", b"file,note\nother.png,z\n")
    assert load_images(tmp_path / "x.zip", SIZE).class_names == ("cat", "dog")
