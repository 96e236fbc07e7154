"""The restricted reader against torch.load(weights_only=True), and what it makes of the rest."""

from __future__ import annotations

import argparse
import io
import os
import pickle
import zipfile
from collections import OrderedDict, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from latentlab.errors import ModelFileError
from latentlab.models.foreign.checkpoint_reader import opened
from latentlab.models.foreign.pickle_values import Dict, Global, Stub
from latentlab.models.foreign.tensors import Tensor

BASE = torch.arange(60, dtype=torch.float32) / 7

STRUCTURES: dict[str, Any] = {
    "a tensor": torch.randn(3, 4),
    "numbers and texts": {
        "a": 1,
        "b": -2.5,
        "c": None,
        "d": True,
        "e": "하나",
        "f": [1, (2, 3)],
        5: "five",
        "big": 2**80,
    },
    "every dtype": {
        str(kind): torch.arange(6).to(kind)
        for kind in (
            torch.float64,
            torch.float32,
            torch.float16,
            torch.bfloat16,
            torch.int64,
            torch.int32,
            torch.int16,
            torch.int8,
            torch.uint8,
            torch.bool,
        )
    },
    "views that share a storage": [BASE[:10], BASE[5:20].view(3, 5), BASE, BASE.view(6, 10).t(), BASE[::7]],
    "non-contiguous": [
        torch.randn(4, 5, 6).permute(2, 0, 1),
        torch.randn(8, 8)[2:6, 1::3],
        torch.ones(1, 3).expand(4, 3),
    ],
    "scalars and nothing": [torch.tensor(3.5), torch.zeros(0), torch.zeros(3, 0, 2), torch.tensor(7)],
    "parameters": [nn.Parameter(torch.randn(2, 2)), nn.Parameter(torch.randn(3), requires_grad=False)],
    "a state dict": nn.Sequential(
        nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.ConvTranspose2d(4, 2, 3)
    ).state_dict(),
    "an optimiser": torch.optim.Adam(nn.Linear(2, 3).parameters()).state_dict(),
    "ordered": OrderedDict([("z", torch.ones(2)), ("a", OrderedDict(x=1))]),
    "channels last": torch.randn(2, 3, 4, 4).to(memory_format=torch.channels_last),
    "a size": torch.randn(2, 3).size(),
    "deep": {"a": [{"b": ({"c": [torch.ones(1)]},)}]},
    "the same twice": (lambda t: {"a": t, "b": [t, t]})(torch.randn(5)),
}


def alike(ours: object, theirs: object) -> bool:
    match theirs:
        case torch.Tensor():
            expected = theirs.detach()
            expected = expected.float() if expected.dtype == torch.bfloat16 else expected
            assert isinstance(ours, Tensor)
            array = ours.array()
            assert array.flags.c_contiguous
            return array.dtype == expected.numpy().dtype and np.array_equal(array, expected.numpy())
        case dict():
            assert isinstance(ours, Dict)
            return list(ours) == list(theirs) and all(alike(ours[key], theirs[key]) for key in theirs)
        case list() | tuple():
            assert isinstance(ours, list | tuple)
            return len(ours) == len(theirs) and all(map(alike, ours, theirs))
    return ours == theirs and type(ours) is type(theirs)


@pytest.mark.parametrize("new_format", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("name", STRUCTURES)
def test_what_torch_reads_is_read_alike(name: str, new_format: bool, tmp_path: Path) -> None:
    path = tmp_path / "x.pt"
    torch.save(STRUCTURES[name], path, _use_new_zipfile_serialization=new_format)
    expected = torch.load(path, weights_only=True, map_location="cpu")
    with opened(path) as checkpoint:
        assert checkpoint.container == ("zip" if new_format else "legacy")
        assert alike(checkpoint.value, expected)


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
def test_plain_pickles_of_every_protocol_are_read(protocol: int, tmp_path: Path) -> None:
    value = {
        "w": np.random.RandomState(0).randn(4, 3).astype(np.float32),
        "f": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "big": np.arange(4, dtype=">f4"),
        "n": np.float64(2.5),
        "i": np.int64(-3),
        "t": torch.arange(5.0)[1:4],
        "l": [1, 2.5, "x", None, True, b"raw", (1, 2, 3, 4), {"k": 1}],
    }
    (tmp_path / "x.pkl").write_bytes(pickle.dumps(value, protocol=protocol))
    with opened(tmp_path / "x.pkl") as checkpoint:
        found: Any = checkpoint.value
        for name in ("w", "f", "big"):
            np.testing.assert_array_equal(found[name].array(), value[name])
        np.testing.assert_array_equal(found["t"].array(), [1.0, 2.0, 3.0])
        assert (found["n"], found["i"], found["l"]) == (2.5, -3, value["l"])


def test_metadata_of_a_state_dict_is_kept(tmp_path: Path) -> None:
    module = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Sequential(nn.Tanh()))
    torch.save(module.state_dict(), tmp_path / "x.pt")
    with opened(tmp_path / "x.pt") as checkpoint:
        assert isinstance(checkpoint.value, Dict)
        assert list(checkpoint.value.attributes["_metadata"]) == ["", "0", "1", "2", "2.0"]


def test_tensors_tagged_with_a_gpu_are_read_on_the_cpu(tmp_path: Path) -> None:
    for new_format, name in ((True, "x.pt"), (False, "y.pt")):
        buffer = io.BytesIO()
        torch.save({"w": torch.arange(4.0)}, buffer, _use_new_zipfile_serialization=new_format)
        raw = buffer.getvalue()
        if new_format:
            # Of the same length, so that nothing else moves; the checksum is left out as some writers do.
            with zipfile.ZipFile(buffer) as archive:
                (pickled,) = (each for each in archive.namelist() if each.endswith("data.pkl"))
                changed = archive.read(pickled).replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
                out = io.BytesIO()
                with zipfile.ZipFile(out, "w") as copy:
                    for each in archive.namelist():
                        copy.writestr(each, changed if each == pickled else archive.read(each))
            raw = out.getvalue()
        else:
            raw = raw.replace(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")
        assert b"cuda:0" in raw
        (tmp_path / name).write_bytes(raw)
        with opened(tmp_path / name) as checkpoint:
            assert checkpoint.value["w"].array().tolist() == [0.0, 1.0, 2.0, 3.0]  # type: ignore[index]


class Settings:
    """Stands for a class of the project that saved the file."""

    def __init__(self) -> None:
        self.nz, self.inner = 100, argparse.Namespace(lr=0.1)


def test_objects_of_other_classes_are_stubs_that_keep_their_state(tmp_path: Path) -> None:
    value = {"config": Settings(), "w": torch.ones(2), "d": defaultdict(list, a=1), "o": os.path.join, "s": {1, 2}}
    torch.save(value, tmp_path / "x.pt")
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "x.pt", weights_only=True)
    with opened(tmp_path / "x.pt") as checkpoint:
        found: Any = checkpoint.value
        assert isinstance(found["config"], Stub)
        assert isinstance(found["config"].of, Global)
        assert found["config"].of.name == "Settings"
        assert found["config"].attributes["nz"] == 100
        assert found["config"].attributes["inner"].attributes == {"lr": 0.1}
        assert found["o"] == Global(os.path.join.__module__, "join")
        assert found["d"] == {"a": 1}
        np.testing.assert_array_equal(found["w"].array(), [1.0, 1.0])


def test_safetensors_of_other_projects_are_read(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    tensors = {
        "a": torch.randn(3, 2),
        "b": torch.arange(4).bfloat16(),
        "c": torch.tensor(2.0).half(),
        "e": torch.zeros(0),
    }
    save_file(tensors, tmp_path / "x.safetensors", {"format": "pt"})
    with opened(tmp_path / "x.safetensors") as checkpoint:
        assert checkpoint.container == "safetensors"
        for name, tensor in tensors.items():
            np.testing.assert_array_equal(checkpoint.value[name].array(), tensor.float().numpy())  # type: ignore[index]


def test_a_repacked_archive_is_read_and_a_bomb_is_not(tmp_path: Path) -> None:
    weights = torch.from_numpy(np.random.RandomState(0).randn(1000).astype(np.float32))
    torch.save({"w": weights}, tmp_path / "x.pt")
    torch.save({"w": torch.zeros(2**22)}, tmp_path / "zeros.pt")
    for name in ("x", "zeros"):
        target = tmp_path / f"{name}-packed.pt"
        with zipfile.ZipFile(tmp_path / f"{name}.pt") as archive, zipfile.ZipFile(target, "w", 8) as packed:
            for each in archive.namelist():
                packed.writestr(each, archive.read(each))
    with opened(tmp_path / "x-packed.pt") as checkpoint:
        np.testing.assert_array_equal(checkpoint.value["w"].array(), weights.numpy())  # type: ignore[index]
    with pytest.raises(ModelFileError, match="would grow to 17 MB when unpacked"), opened(tmp_path / "zeros-packed.pt"):
        pass


OTHER_FILES = {
    "x.png": (b"\x89PNG\r\n\x1a\n....", "is a PNG image"),
    "x.h5": (b"\x89HDF\r\n\x1a\n....", "tf2onnx"),
    "x.lfs": (b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
    "x.html": (b"\n<!DOCTYPE html><html>", "web page"),
    "x.npy": (b"\x93NUMPY\x01\x00", "array of numpy"),
    "x.gz": (b"\x1f\x8b\x08", "gzip"),
    "x.tar": (b"sys_info".ljust(257, b"\0") + b"ustar" + b"\0" * 300, "tar archive"),
    "x.bin": (b"nothing known at all", "is neither a PyTorch checkpoint"),
    "x.empty": (b"", "is empty"),
    "x.zip": (b"PK\x05\x06" + b"\0" * 18, "without a checkpoint"),
    "x.cut": (b"PK\x03\x04" + b"\0" * 300, "ends too early"),
}


@pytest.mark.parametrize("name", OTHER_FILES)
def test_other_files_are_named_in_one_line(name: str, tmp_path: Path) -> None:
    raw, words = OTHER_FILES[name]
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(ModelFileError) as refused, opened(tmp_path / name):
        pass
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="no such file"), opened(tmp_path / "none.pt"):
        pass
    with pytest.raises(ModelFileError, match="cannot be read"), opened(tmp_path):
        pass
