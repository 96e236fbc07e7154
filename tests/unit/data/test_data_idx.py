"""IDX files: real ones, and every way to be damaged."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from latentlab.data.idx import (
    emnist_names,
    holds_idx,
    load_emnist,
    load_idx,
    load_mnist,
    locate,
    read_images,
    read_labels,
)
from latentlab.errors import Cancelled, DataError

IMAGES = np.arange(3 * 4 * 5, dtype=np.uint8).reshape(3, 4, 5)


def idx_bytes(array: np.ndarray, type_code: int = 8, shape: tuple[int, ...] | None = None) -> bytes:
    shape = shape or array.shape
    return struct.pack(f">2xBB{len(shape)}I", type_code, len(shape), *shape) + array.tobytes()


def one_line(error: pytest.ExceptionInfo[DataError], path: Path) -> str:
    text = str(error.value)
    assert str(path) in text
    assert "\n" not in text
    return text


def test_real_mnist(real_data: Path) -> None:
    data = load_mnist(real_data / "mnist", "train")
    assert data.pixels.shape == (60_000, 28, 28, 1)
    assert data.pixels.dtype == np.uint8
    assert data.labels is not None
    assert data.labels.dtype == np.int64
    assert data.labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert data.class_names == tuple("0123456789")
    # The mean and deviation that every MNIST recipe normalises with.
    assert data.pixels.mean() / 255 == pytest.approx(0.1307, abs=1e-4)
    assert data.pixels.std() / 255 == pytest.approx(0.3081, abs=1e-4)


def test_real_test_split_and_sibling_data_sets(real_data: Path) -> None:
    assert len(load_mnist(real_data / "mnist", "test")) == 10_000
    assert load_mnist(real_data / "kmnist", "test").name == "kmnist"
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: no such file"):
        load_mnist(real_data / "kmnist", "train")


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gz"])
def test_values_survive_and_can_be_written_to(tmp_path: Path, pack: type[bytes]) -> None:
    path = tmp_path / "images"
    path.write_bytes(pack(idx_bytes(IMAGES)))
    images = read_images(path)
    np.testing.assert_array_equal(images[..., 0], IMAGES)
    assert images.flags.writeable  # torch.from_numpy warns otherwise


@pytest.mark.parametrize(
    "name", ["train-images-idx3-ubyte.gz", "train-images-idx3-ubyte", "train-images.idx3-ubyte"], ids=str
)
def test_located_under_every_usual_name(tmp_path: Path, name: str) -> None:
    assert locate(tmp_path, "train-images-idx3-ubyte") is None
    (tmp_path / name).touch()
    assert locate(tmp_path, "train-images-idx3-ubyte") == tmp_path / name


GOOD = idx_bytes(IMAGES)
DAMAGED = {
    "no magic": (b"hello world, I am text", "is no IDX file"),
    "empty file": (b"", "starts with nothing"),
    "floats": (idx_bytes(IMAGES, type_code=0x0D), "type 0x0d"),
    "labels for images": (idx_bytes(IMAGES[0, 0]), "has 1 dimensions, expected 3 for images"),
    "half a header": (GOOD[:9], "within its header"),
    "no images": (idx_bytes(IMAGES[:0]), "is empty: its header says 0 x 4 x 5"),
    "lying header": (idx_bytes(IMAGES, shape=(2**32 - 1,) * 3), "the file can hold 60"),
    "one byte short": (GOOD[:-1], "60 bytes of data, the file can hold 59"),
    "one byte more": (GOOD + b"x", "has bytes after the 60 bytes"),
    "truncated gz": (gzip.compress(GOOD)[:-12], "gzip data are cut off or corrupt"),
    "gz with wrong sum": (gzip.compress(GOOD)[:-8] + b"\0" * 8, "gzip data are cut off or corrupt"),
    "lying header in gz": (gzip.compress(idx_bytes(IMAGES, shape=(2**32 - 1,) * 3)), "the file can hold"),
    "short in gz": (gzip.compress(GOOD[:-1]), "is cut off: 59 bytes of data, its header says 60"),
    "more in gz": (gzip.compress(GOOD + b"x"), "has bytes after"),
}


@pytest.mark.parametrize(("content", "why"), DAMAGED.values(), ids=DAMAGED.keys())
def test_damaged(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_images(path)
    assert why in one_line(error, path)


def test_images_are_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "labels"
    path.write_bytes(GOOD)
    with pytest.raises(DataError, match="has 3 dimensions, expected 1 for labels"):
        read_labels(path)


def test_reading_can_be_called_off(tmp_path: Path) -> None:
    put_pair(tmp_path, "a-", IMAGES, [0, 1, 2])
    with pytest.raises(Cancelled):
        load_idx(tmp_path, cancelled=lambda: True)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="absent: no such file"):
        read_images(tmp_path / "absent")


def test_labels_must_match_images(tmp_path: Path) -> None:
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(GOOD)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(np.array([1, 0], np.uint8))))
    with pytest.raises(DataError, match="holds 2 labels for the 3 images of t10k-images-idx3-ubyte"):
        load_mnist(tmp_path, "test")


def put_pair(folder: Path, stem: str, images: np.ndarray, labels: list[int]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{stem}images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(idx_bytes(images)))
    (folder / f"{stem}labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(np.array(labels, np.uint8))))
    return path


def test_any_pair_opens(tmp_path: Path) -> None:
    path = put_pair(tmp_path / "mine", "sprite-", IMAGES, [1, 0, 2])
    assert holds_idx(tmp_path / "mine")
    assert not holds_idx(tmp_path)
    for place, name in ((tmp_path / "mine", "mine"), (path, path.name)):
        data = load_idx(place)
        np.testing.assert_array_equal(data.pixels[..., 0], IMAGES)
        assert data.labels is not None
        assert data.labels.tolist() == [1, 0, 2]
        assert (data.name, data.class_names) == (name, ("0", "1", "2"))


def test_several_pairs_are_joined_in_the_order_of_their_names(tmp_path: Path) -> None:
    put_pair(tmp_path, "b-", IMAGES, [3, 3, 3])
    put_pair(tmp_path, "a-", IMAGES[:1] + 1, [0])
    (tmp_path / "b-images-idx3-ubyte").write_bytes(idx_bytes(IMAGES))  # unpacked beside the packed one
    data = load_idx(tmp_path)
    np.testing.assert_array_equal(data.pixels[..., 0], np.concatenate([IMAGES[:1] + 1, IMAGES]))
    assert data.labels is not None
    assert data.labels.tolist() == [0, 3, 3, 3]
    assert data.class_names == tuple("0123")
    put_pair(tmp_path, "c-", IMAGES[:, :3], [0, 0, 0])
    with pytest.raises(DataError, match=r"holds pictures of 2 sizes\. Name a file, such as a-images"):
        load_idx(tmp_path)


def test_images_without_labels_open(tmp_path: Path) -> None:
    put_pair(tmp_path, "a-", IMAGES, [0, 0, 0])
    (tmp_path / "a-labels-idx1-ubyte.gz").unlink()
    assert load_idx(tmp_path).labels is None


def test_official_names_have_their_splits(tmp_path: Path) -> None:
    put_pair(tmp_path, "t10k-", IMAGES, [0, 1, 2])
    assert len(load_idx(tmp_path, "test")) == 3
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz: no such file"):
        load_idx(tmp_path, "train")


def test_emnist_is_upright_and_has_characters_for_classes(tmp_path: Path) -> None:
    put_pair(tmp_path, "emnist-letters-train-", IMAGES.swapaxes(1, 2), [1, 26, 2])
    data = load_idx(tmp_path)
    np.testing.assert_array_equal(data.pixels[..., 0], IMAGES)
    assert data.labels is not None
    assert [data.class_names[label] for label in data.labels] == ["A", "Z", "B"]
    path = put_pair(tmp_path, "emnist-balanced-train-", IMAGES.swapaxes(1, 2), [10, 36, 46])
    data = load_emnist(tmp_path)
    assert data.labels is not None
    assert [data.class_names[label] for label in data.labels] == ["A", "a", "t"]
    assert len(data.class_names) == 47
    np.testing.assert_array_equal(load_idx(path).pixels, data.pixels)
    with pytest.raises(DataError, match=r"holds several parts of EMNIST\. Name a file of images"):
        load_idx(tmp_path)
    put_pair(tmp_path, "emnist-digits-test-", IMAGES, [0, 9, 10])
    with pytest.raises(DataError, match="has labels that the part digits of EMNIST has not"):
        load_emnist(tmp_path, "digits", "test")
    assert emnist_names("balanced", "test")[1] == "emnist-balanced-test-labels-idx1-ubyte"


def test_real_parts_of_fashion(real_data: Path) -> None:
    folder = real_data / "fashion"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent")
    data = load_idx(folder)
    assert data.pixels.shape == (5_900, 28, 28, 1)
    assert data.labels is not None
    assert np.bincount(data.labels).tolist() == [1090, 1090, 1090, 1090, 90, 90, 1090, 90, 90, 90]
