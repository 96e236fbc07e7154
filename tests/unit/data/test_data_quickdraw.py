"""Quick, Draw! in its four forms: real files, and every way to be damaged."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from latentlab.data import quickdraw
from latentlab.data.drawings import DrawingFile, Strokes
from latentlab.data.quickdraw import find, load_quickdraw
from latentlab.data.strokes import rasterise
from latentlab.errors import Cancelled, DataError

SQUARE = [[[0, 255, 255, 0, 0], [0, 0, 255, 255, 0]]]
LINE = [[[0, 255], [10, 10]]]


def line_of(drawing: object, word: str = "cat") -> str:
    return json.dumps({"word": word, "countrycode": "DE", "recognized": True, "drawing": drawing}) + "\n"


def packed(drawing: list[list[list[int]]], country: bytes = b"DE", recognised: int = 1) -> bytes:
    content = struct.pack("<Q2sbIH", 1, country, recognised, 1_490_000_000, len(drawing))
    for x, y in drawing:
        content += struct.pack("<H", len(x)) + bytes(x) + bytes(y)
    return content


@pytest.fixture
def drawings(real_data: Path) -> Path:
    folder = real_data / "quickdraw"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    return folder


def strokes_of(path: Path) -> list[Strokes]:
    return list(DrawingFile(path).drawings())


def test_lines_are_drawn_as_google_s_bitmaps_are(drawings: Path) -> None:
    """The same 25 airplanes lie there as simplified lines and, from the 4,001st on, as official bitmaps."""
    bitmaps = np.load(drawings / "npy" / "airplane.npy")[4000:4025].astype(np.int64)
    lines = strokes_of(drawings / "ndjson_simplified" / "airplane.ndjson")
    ours = np.stack([rasterise(each, 28) for each in lines]).reshape(25, -1).astype(np.int64)
    distances = np.abs(ours[:, None] - bitmaps[None]).mean(axis=2)
    np.testing.assert_array_equal(distances.argmin(axis=1), np.arange(25))
    assert np.diag(distances).mean() < 1.2  # grey levels of 255
    assert abs((ours - bitmaps).mean()) < 0.5  # neither bolder nor thinner


def test_real_forms_agree(drawings: Path) -> None:
    simplified = strokes_of(drawings / "ndjson_simplified" / "sea turtle.ndjson")
    binary = strokes_of(drawings / "bin" / "sea turtle.bin")
    assert len(simplified) == len(binary) == 25
    for one, other in zip(simplified, binary, strict=True):
        assert len(one) == len(other)
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


def test_raw_lines_are_brought_to_the_square(drawings: Path) -> None:
    for strokes in strokes_of(drawings / "ndjson_raw" / "cat.ndjson"):
        points = np.concatenate(strokes)
        np.testing.assert_allclose(points.min(axis=0), 0)
        assert points.max() == pytest.approx(255)


@pytest.mark.parametrize("form", ["ndjson_raw", "ndjson_simplified", "bin"])
def test_real_folders_of_lines(drawings: Path, form: str) -> None:
    data = load_quickdraw(find(drawings / form), 32)
    assert data.class_names == ("airplane", "apple", "bicycle", "cat", "flower", "sea turtle")
    assert data.pixels.shape[1:] == (32, 32, 1)
    assert data.labels is not None
    assert len(set(data.labels.tolist())) == 6
    assert data.skipped == ()
    assert data.pixels.min() == 0
    assert data.pixels.max() == 255
    # White ink on black, a few lines of it.
    assert 0.05 < data.pixels.mean() / 255 < 0.4


def test_real_bitmaps(drawings: Path) -> None:
    files = find(drawings)  # the bitmaps, of all the forms below
    assert [each.name for each in files] == ["airplane.npy", "cat.npy", "flower.npy"]
    data = load_quickdraw(files, 32)
    assert data.pixels.shape == (14_000, 32, 32, 1)
    assert data.labels is not None
    assert np.bincount(data.labels).tolist() == [5000, 5000, 4000]
    stored = np.load(drawings / "npy" / "cat.npy")[17].reshape(28, 28)
    np.testing.assert_array_equal(data.pixels[5017, 2:30, 2:30, 0], stored)
    assert not data.pixels[:, [0, 1, 30, 31]].any()


def test_what_is_not_google_s_is_told_apart(drawings: Path) -> None:
    with pytest.raises(DataError, match=r"of the size of 1000 bare bitmaps of 28 x 28\. Save those") as error:
        load_quickdraw(find(drawings / "not_google_bin"), 28)
    assert "\n" not in str(error.value)
    data = load_quickdraw([*find(drawings / "bin"), *find(drawings / "not_google_bin")], 28)
    assert len(data) == 150
    assert len(data.skipped) == 1
    assert "cats1000.bin: is no binary of Quick, Draw!" in data.skipped[0]


def test_lines_are_antialiased_round_and_centred() -> None:
    strokes = [np.array(stroke, np.float32).T for stroke in LINE]
    picture = rasterise(strokes, 304)[..., 0].astype(np.float64) / 255
    # 304 pixels for 304 units: a bar of 255 x 16 with half discs at its ends, 24 from the left, in the middle.
    assert picture.sum() == pytest.approx(255 * 16 + np.pi * 64, rel=0.02)
    ys, xs = np.nonzero(picture > 0.5)
    assert (xs.min(), xs.max()) == (pytest.approx(16.5, abs=1), pytest.approx(287.5, abs=1))
    assert (ys.min(), ys.max()) == (pytest.approx(149, abs=1.5), pytest.approx(165, abs=1.5))
    small = rasterise(strokes, 28)
    assert len(np.unique(small)) > 4


def test_a_dot_is_a_disc() -> None:
    picture = rasterise([np.array([[7.0, 9.0]], np.float32)], 304) / 255.0
    assert picture.sum() == pytest.approx(np.pi * 64, rel=0.05)


def test_words_come_from_the_lines_or_the_name(tmp_path: Path) -> None:
    (tmp_path / "x.ndjson").write_text(line_of(SQUARE, "sea turtle") + line_of(LINE, "sea turtle"))
    (tmp_path / "full_simplified_cat.ndjson").write_text(json.dumps({"drawing": SQUARE}))
    data = load_quickdraw(find(tmp_path), 28, 3)
    assert data.class_names == ("cat", "sea turtle")
    assert data.labels is not None
    assert data.labels.tolist() == [0, 1, 1]
    assert data.pixels.shape == (3, 28, 28, 3)


DAMAGED_LINES = {
    "text": ("hello", "line 2: is no JSON"),
    "no drawing": ('{"word": "cat"}', "line 2: has no 'drawing'"),
    "empty": (line_of([]).strip(), "line 2: it holds no stroke"),
    "words": (line_of([[["a"], ["b"]]]).strip(), "line 2: "),
    "unequal": (line_of([[[1, 2], [3]]]).strip(), "line 2: "),
    "not finite": ('{"drawing": [[[NaN], [1]]]}', "line 2: its points are no finite numbers"),
    "a number": ("17", "line 2: "),
}


@pytest.mark.parametrize(("line", "why"), DAMAGED_LINES.values(), ids=DAMAGED_LINES.keys())
def test_damaged_lines_are_left_out_and_counted(tmp_path: Path, line: str, why: str) -> None:
    path = tmp_path / "cat.ndjson"
    path.write_text(line_of(SQUARE) + line + "\n\n" + line_of(LINE))
    data = load_quickdraw([path], 28)
    assert len(data) == 2
    assert len(data.skipped) == 1
    assert data.skipped[0].startswith(f"cat.ndjson: 1 of 3 lines are damaged, the first is {why}")


DAMAGED_FILES = {
    "empty.ndjson": (b"", "holds no drawing"),
    "text.ndjson": (b"x\n" * 500, "holds no lines of Quick, Draw! drawings; the first: line 1: is no JSON"),
    "few.ndjson": (b"{}\n" * 3, r"holds no drawing \(few.ndjson: 3 of 3 lines are damaged, .* has no 'drawing'\)"),
    "empty.bin": (b"", "holds no drawing"),
    "zeros.bin": (bytes(100), "is no binary of Quick, Draw!$"),
    "bitmaps.bin": (bytes(784 * 3), "of the size of 3 bare bitmaps"),
    "country.bin": (packed(SQUARE, b"d1"), "is no binary"),
    "recognised.bin": (packed(SQUARE, recognised=7), "is no binary"),
    "short.bin": (packed(SQUARE)[:-1], "is no binary"),
    "text.npy": (b"hello", "is no .npy file, or damaged"),
    "cut.npy": (b"\x93NUMPY\x01\x00", "is no .npy file, or damaged"),
}


@pytest.mark.parametrize("name", DAMAGED_FILES)
def test_damaged_files_are_refused_alone_and_skipped_among_others(tmp_path: Path, name: str) -> None:
    content, why = DAMAGED_FILES[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=why) as error:
        load_quickdraw([path], 28)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)
    (tmp_path / "cat.bin").write_bytes(packed(SQUARE))
    data = load_quickdraw([path, tmp_path / "cat.bin"], 28)
    assert data.class_names == ("cat",)
    assert len(data) == 1
    assert len(data.skipped) == 1


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.zeros((2, 784), np.float32), "holds float32, bitmaps are bytes"),
        (np.zeros((2, 783), np.uint8), r"has the shape \(2, 783\), bitmaps have \(N, 784\)"),
        (np.zeros((0, 784), np.uint8), "has the shape"),
        (np.array([{"a": 1}]), "is no .npy file, or damaged"),
    ],
    ids=["floats", "width", "none", "objects"],
)
def test_other_arrays_are_refused(tmp_path: Path, array: np.ndarray, why: str) -> None:
    np.save(tmp_path / "cat.npy", array)
    with pytest.raises(DataError, match=why):
        load_quickdraw([tmp_path / "cat.npy"], 28)


def test_bitmaps_may_be_square(tmp_path: Path) -> None:
    bitmaps = np.random.RandomState(0).randint(0, 256, (3, 28, 28), np.uint8)
    np.save(tmp_path / "cat.npy", bitmaps)
    np.testing.assert_array_equal(load_quickdraw([tmp_path / "cat.npy"], 28).pixels[..., 0], bitmaps)


def test_a_binary_that_is_cut_off_keeps_what_stands_before(tmp_path: Path) -> None:
    path = tmp_path / "cat.bin"
    path.write_bytes(packed(SQUARE) + packed(LINE) + packed(SQUARE)[:-3])
    data = load_quickdraw([path], 28)
    assert len(data) == 2
    assert data.skipped[0].startswith("cat.bin: is damaged after 2 drawings, at byte ")


def test_nothing_readable_names_the_folder(tmp_path: Path) -> None:
    for name in ("a.bin", "b.bin"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(DataError, match=r"holds no readable drawing \(.*a\.bin: holds no drawing"):
        load_quickdraw(find(tmp_path), 28)


def test_simplified_lines_before_raw_ones(tmp_path: Path) -> None:
    for folder in ("raw", "simplified"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "cat.ndjson").write_text(line_of(SQUARE))
    assert [each.parent.name for each in find(tmp_path)] == ["simplified"]
    assert [each.parent.name for each in find(tmp_path / "raw")] == ["raw"]
    (tmp_path / "raw" / ".hidden.npy").touch()
    assert find(tmp_path / "raw" / "cat.ndjson") == (tmp_path / "raw" / "cat.ndjson",)


def test_progress_ends_at_the_total_and_cancelling_stops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quickdraw, "_LINES_AT_ONCE", 2)
    for name in ("a", "b"):
        (tmp_path / f"{name}.ndjson").write_text(line_of(SQUARE) * 5)
    total = 2 * len(line_of(SQUARE)) * 5
    seen: list[tuple[int, int]] = []
    load_quickdraw(find(tmp_path), 28, progress=lambda done, of: seen.append((done, of)))
    assert seen[-1] == (total, total)
    assert [each[0] for each in seen] == sorted(each[0] for each in seen)
    assert len(seen) > 4
    with pytest.raises(Cancelled):
        load_quickdraw(find(tmp_path), 28, cancelled=lambda: True)
