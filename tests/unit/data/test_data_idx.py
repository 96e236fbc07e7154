"""IDX files: real ones, and every way to be damaged."""

from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from latentlab.data.idx import load_mnist, locate, read_images, read_labels
from latentlab.errors import DataError

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


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="absent: no such file"):
        read_images(tmp_path / "absent")


def test_labels_must_match_images(tmp_path: Path) -> None:
    (tmp_path / "t10k-images-idx3-ubyte").write_bytes(GOOD)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(np.array([1, 0], np.uint8))))
    with pytest.raises(DataError, match="holds 2 labels for the 3 images of t10k-images-idx3-ubyte"):
        load_mnist(tmp_path, "test")
