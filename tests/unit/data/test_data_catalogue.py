"""Opening data by name or path."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from latentlab.data import catalogue
from latentlab.data.catalogue import KNOWN, open_data
from latentlab.data.dataset import DataSet
from latentlab.data.picture import decode
from latentlab.data.published import Published
from latentlab.data.resize import background_of, fit
from latentlab.errors import Cancelled, DataError, ValueRangeError


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*args: object, **kwargs: object) -> None:
        pytest.fail("the network was asked")

    monkeypatch.setattr(catalogue, "fetch_published", forbidden)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.new("RGB", (20, 20), (1, 2, 3)).save(folder / "a.png")
    return folder


@pytest.mark.usefixtures("no_network")
def test_mnist_by_name(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTLAB_DATA", str(real_data))
    data = open_data("mnist", None, None, split="test")
    assert data.pixels.shape == (10_000, 32, 32, 1)
    assert (data.name, data.source) == ("mnist", KNOWN["mnist"].source)
    assert data.licence == KNOWN["mnist"].licence
    assert data.class_names == tuple("0123456789")
    coloured = open_data("mnist", 28, 3, split="test")
    assert coloured.pixels.shape == (10_000, 28, 28, 3)
    np.testing.assert_array_equal(coloured.pixels[:, :, :, 2], data.pixels[:, 2:30, 2:30, 0])


@pytest.mark.usefixtures("no_network")
def test_folder_of_idx_files(real_data: Path) -> None:
    data = open_data(str(real_data / "kmnist"), split="test")
    assert data.pixels.shape == (10_000, 32, 32, 1)
    assert (data.name, data.licence) == ("kmnist", "not stated")


def test_missing_files_are_fetched_only_if_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTLAB_DATA", str(tmp_path))
    asked: list[Path] = []

    def fetch(folder: Path, _: Published, **__: object) -> None:
        asked.append(folder)
        raise DataError("MNIST", "cannot be downloaded")

    monkeypatch.setattr(catalogue, "fetch_published", fetch)
    with pytest.raises(DataError, match="no such file"):
        open_data("mnist", download=False)
    assert asked == []
    with pytest.raises(DataError, match="cannot be downloaded"):
        open_data("mnist")
    assert asked == [tmp_path / "mnist"]


def test_folder_of_pictures(pictures: Path) -> None:
    assert open_data(str(pictures)).pixels.shape == (1, 64, 64, 3)
    assert open_data(str(pictures), 16, 1).pixels.shape == (1, 16, 16, 1)


def test_unknown_name() -> None:
    with pytest.raises(DataError, match=r"svhn: no such data set.*Known by name: mnist, fashion, .* or zip") as error:
        open_data("svhn")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("size", "channels"), [(0, None), (-1, None), (4096, None), (32, 2)])
def test_impossible_values(pictures: Path, size: int, channels: int | None) -> None:
    with pytest.raises(ValueRangeError):
        open_data(str(pictures), size, channels)


def test_cancelled(pictures: Path) -> None:
    with pytest.raises(Cancelled):
        open_data(str(pictures), cancelled=lambda: True)


def test_known_names_are_their_keys() -> None:
    assert all(name == known.name for name, known in KNOWN.items())


def test_data_set_checks_its_arrays() -> None:
    pixels = np.zeros((2, 4, 4, 1), np.uint8)
    assert len(DataSet("x", pixels)) == 2
    with pytest.raises(ValueError, match="uint8"):
        DataSet("x", pixels.astype(np.float32))
    with pytest.raises(ValueError, match="labels"):
        DataSet("x", pixels, np.zeros(3, np.int64))


def test_import_needs_no_torch_qt_or_network() -> None:
    code = (
        "import sys, latentlab.data.catalogue, latentlab.data.batches;"
        "print([name for name in ('torch', 'PySide6', 'pooch', 'requests', 'latentlab.models') if name in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"


@pytest.fixture
def celeba(real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay twelve real images and their table out as CelebA is, where `--data celeba` finds them."""
    whole = real_data / "celeba_original_layout"
    if not whole.is_dir():
        pytest.skip(f"{whole} is absent")
    folder = tmp_path / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    for path in sorted((whole / "img_align_celeba").iterdir())[:12]:
        shutil.copyfile(path, folder / "img_align_celeba" / path.name)
    shutil.copyfile(whole / "list_attr_celeba.txt", folder / "list_attr_celeba.txt")
    monkeypatch.setenv("LATENTLAB_DATA", str(tmp_path))
    return folder


def test_celeba_by_name_and_by_path(celeba: Path) -> None:
    data = open_data("celeba")
    assert data.pixels.shape == (12, 64, 64, 3)
    assert data.sizes == ((178, 218, 12),)
    assert data.names[0] == "000062.jpg"
    assert (data.name, data.licence) == ("celeba", "non-commercial research only")
    assert len(data.attributes) == 40
    row = (celeba / "list_attr_celeba.txt").read_text().splitlines()[2].split()
    assert data.answers is not None
    assert data.answers[0].tolist() == [int(answer) for answer in row[1:]]
    for path in (celeba, celeba / "img_align_celeba"):
        same = open_data(str(path))
        np.testing.assert_array_equal(same.pixels, data.pixels)
        assert (same.name, same.attributes) == ("celeba", data.attributes)


def test_celeba_s_face_is_that_of_the_faces_at_hand(celeba: Path, real_data: Path) -> None:
    """The archive of faces was cut and resized from the same images and saved as WebP: equal but for its losses."""
    at_hand = real_data / "faces" / "faces64-a.zip"
    if not at_hand.is_file():
        pytest.skip(f"{at_hand} is absent")
    data = open_data("celeba")
    compared = 0
    with zipfile.ZipFile(at_hand) as archive:
        for name, picture in zip(data.names, data.pixels, strict=True):
            entry = name.replace(".jpg", ".webp")
            if entry in archive.namelist():
                kept = decode(archive.read(entry), entry, 64, 3).pixels.astype(np.int64)
                assert np.abs(kept - picture).mean() < 4
                compared += 1
    assert compared > 2


def test_celeba_as_a_zip_with_its_table_elsewhere(celeba: Path) -> None:
    before = open_data("celeba", crop="108")
    (celeba / "Img").mkdir()
    (celeba / "Anno").mkdir()
    with zipfile.ZipFile(celeba / "Img" / "img_align_celeba.zip", "w") as archive:
        for path in (celeba / "img_align_celeba").iterdir():
            archive.write(path, f"img_align_celeba/{path.name}")
    shutil.rmtree(celeba / "img_align_celeba")
    (celeba / "list_attr_celeba.txt").rename(celeba / "Anno" / "list_attr_celeba.txt")
    after = open_data("celeba", crop="108")
    np.testing.assert_array_equal(after.pixels, before.pixels)
    np.testing.assert_array_equal(after.answers, before.answers)
    assert open_data(str(celeba / "Img" / "img_align_celeba.zip")).attributes == before.attributes


def test_celeba_s_attributes_are_classes_if_asked(celeba: Path) -> None:
    data = open_data("celeba", label="smiling")
    assert data.class_names == ("not Smiling", "Smiling")
    assert data.labels is not None
    assert data.answers is not None
    np.testing.assert_array_equal(data.labels == 1, data.answers[:, data.attributes.index("Smiling")] == 1)
    with pytest.raises(ValueRangeError, match="no table has a column 'nose'"):
        open_data("celeba", label="nose")


def test_celeba_without_or_with_a_damaged_table(celeba: Path) -> None:
    table = celeba / "list_attr_celeba.txt"
    table.write_text("202599\nSmiling Young\n000062.jpg 1\n000078.jpg 1 -1\n")
    data = open_data("celeba")
    assert data.attributes == ("Smiling", "Young")
    assert data.skipped == ("list_attr_celeba.txt: 1 of 2 rows are damaged, the first is line 3",)
    table.write_text("hello")
    assert open_data("celeba").skipped[0].startswith("list_attr_celeba.txt: is not CelebA's")
    table.unlink()
    data = open_data("celeba")
    assert (data.attributes, data.answers, data.skipped) == ((), None, ())


def test_quickdraw_by_name(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not (real_data / "quickdraw").is_dir():
        pytest.skip("quickdraw is absent")
    monkeypatch.setenv("LATENTLAB_DATA", str(real_data))
    data = open_data("quickdraw")
    assert data.pixels.shape == (14_000, 32, 32, 1)
    assert (data.name, data.class_names) == ("quickdraw", ("airplane", "cat", "flower"))
    one = open_data(str(real_data / "quickdraw" / "ndjson_raw" / "cat.ndjson"), 64, 3)
    assert one.pixels.shape == (25, 64, 64, 3)


def test_siblings_of_mnist_have_their_own_classes(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTLAB_DATA", str(real_data))
    data = open_data("kmnist", split="test", download=False)
    assert len(data) == 10_000
    assert data.class_names == ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
    assert data.licence == KNOWN["kmnist"].licence


def test_fitted_in_pieces_as_in_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = np.random.RandomState(0).randint(0, 256, (11, 28, 28), np.uint8)
    (tmp_path / "a-images-idx3-ubyte").write_bytes(struct.pack(">2xBB3I", 8, 3, *images.shape) + images.tobytes())
    monkeypatch.setattr(catalogue, "_FITTED_AT_ONCE", 4)
    for size in (32, 64):
        data = open_data(str(tmp_path), size)
        np.testing.assert_array_equal(data.pixels, fit(images[..., None], size, background_of(images[..., None])))
        assert data.sizes == ((28, 28, 11),)


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("celeba", r"Put img_align_celeba\.zip and list_attr_celeba\.txt there"),
        ("quickdraw", r"Put files such as cat\.npy, cat\.ndjson or cat\.bin there"),
        ("fashion", r"train-images-idx3-ubyte\.gz: no such file"),
        ("emnist", r"emnist-balanced-train-images-idx3-ubyte\.gz: no such file"),
    ],
)
def test_what_is_absent_is_named_with_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, what: str
) -> None:
    monkeypatch.setenv("LATENTLAB_DATA", str(tmp_path))
    with pytest.raises(DataError, match=what) as error:
        open_data(name, download=False)
    assert str(tmp_path / name) in str(error.value)
    assert "\n" not in str(error.value)


def test_images_count_more_than_drawings_beside_them(pictures: Path) -> None:
    np.save(pictures / "features.npy", np.zeros((3, 784), np.uint8))
    assert open_data(str(pictures)).pixels.shape == (1, 64, 64, 3)
    (pictures / "a.png").unlink()
    assert open_data(str(pictures)).pixels.shape == (3, 32, 32, 1)


def test_crops_are_for_images(real_data: Path, pictures: Path) -> None:
    assert open_data(str(pictures), crop="stretch").pixels.shape == (1, 64, 64, 3)
    with pytest.raises(ValueRangeError, match="'oval' is not one of square"):
        open_data(str(pictures), crop="oval")
    with pytest.raises(ValueRangeError, match="are taken whole"):
        open_data(str(real_data / "kmnist"), crop="square", split="test")
    with pytest.raises(ValueRangeError, match=r"'smiling'\. It has no attributes"):
        open_data(str(real_data / "kmnist"), label="smiling", split="test")


def test_a_folder_that_may_not_be_read_is_named(pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "iterdir", forbidden)
    with pytest.raises(DataError, match="cannot be read: Permission denied") as error:
        open_data(str(pictures))
    assert error.value.what == str(pictures)


def test_decoded_once(tmp_path: Path, cache_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.RandomState(0).randint(0, 256, (40, 32, 32, 3), np.uint8)
    folder = tmp_path / "noise"
    folder.mkdir()
    for number, picture in enumerate(noise):
        Image.fromarray(picture).save(folder / f"{number:03}.png")
    before = open_data(str(folder), 128)
    assert isinstance(before.pixels, np.memmap)
    monkeypatch.setattr(catalogue, "load_images", lambda *_, **__: pytest.fail("decoded again"))
    again = open_data(str(folder), 128)
    np.testing.assert_array_equal(again.pixels, before.pixels)
    assert again.names == before.names
    monkeypatch.undo()
    monkeypatch.setattr("latentlab.data.cache.folder", lambda: cache_folder)
    np.testing.assert_array_equal(open_data(str(folder), 128, cached=False).pixels, before.pixels)
    Image.fromarray(255 - noise[7]).save(folder / "007.png")
    (folder / "039.png").unlink()
    after = open_data(str(folder), 128)
    assert len(after) == 39
    assert not np.array_equal(after.pixels[7], before.pixels[7])
    np.testing.assert_array_equal(after.pixels[8], before.pixels[8])
    assert len(list(cache_folder.iterdir())) == 1  # the old entry was replaced
