"""Model files: what is saved is loaded, and whatever is wrong with a file is said in one line that names it."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load_file, save_file

from latentlab.errors import LatentlabError, ModelFileError, OutputError
from latentlab.latent.directions import Direction
from latentlab.models import dcgan
from latentlab.models.card import METADATA_KEY, DataSource, ModelCard
from latentlab.models.checkpoint import (
    Generator,
    Weights,
    find_model,
    load_discriminator,
    load_generator,
    read_card,
    save_model,
)
from latentlab.models.spec import NetworkSpec

SPEC = dcgan.generator(16, 1, 2, 4)
CRITIC = dcgan.discriminator(16, 1, 2)
CARD = ModelCard("tiny", SPEC, CRITIC, DataSource("mnist", 60_000), {"loss": "bce"}, 3.0, {"coverage": 0.5})
DIRECTIONS = (
    Direction("Slant", "measured", np.array([1, 2, 3, 4], np.float32), 0.9, "r = 0.8"),
    Direction("PC 1", "pca", np.array([0, 0, 1, 0], np.float32), 1.0),
)
Readers = (load_generator, load_discriminator, read_card)


def weights_for(spec: NetworkSpec, seed: int = 0) -> dict[str, Any]:
    random = np.random.RandomState(seed)
    return {name: random.uniform(0.1, 1.0, shape).astype(np.float32) for name, shape in spec.tensors().items()}


WEIGHTS, CRITIC_WEIGHTS = weights_for(SPEC.network), weights_for(CRITIC, 1)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A complete model file, alone in its folder."""
    path = tmp_path / "tiny.safetensors"
    save_model(path, CARD, WEIGHTS, CRITIC_WEIGHTS, DIRECTIONS)
    return path


@pytest.fixture(autouse=True)
def no_leftovers(tmp_path: Path) -> Iterator[None]:
    yield
    hidden = [name for _, folders, files in os.walk(tmp_path) for name in folders + files if name.startswith(".")]
    assert hidden == [], "a temporary file was left behind"


def assert_same(actual: Weights, expected: Mapping[str, Any]) -> None:
    assert set(actual) == set(expected)
    for name, array in expected.items():
        np.testing.assert_array_equal(actual[name], array)
        assert actual[name].dtype == np.float32


def assert_one_line(error: LatentlabError, path: Path) -> None:
    text = str(error)
    assert len(text.splitlines()) == 1, text
    assert text.startswith(f"{path}: ")
    assert len(text) > len(f"{path}: ")
    assert "Traceback" not in text


def refused(path: Path, read: Callable[[Path], object] = load_generator) -> str:
    """Return what is said of a file that must be refused."""
    with pytest.raises(ModelFileError) as caught:
        read(path)
    assert_one_line(caught.value, path)
    return str(caught.value)


def write(path: Path, tensors: Mapping[str, Any], card: ModelCard | str = CARD) -> Path:
    """Write a safetensors file without the checks and guarantees of `save_model`."""
    text = card if isinstance(card, str) else card.to_json()
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, path, {METADATA_KEY: text})
    return path


def prefixed(weights: Mapping[str, Any], prefix: str = "G") -> dict[str, Any]:
    return {f"{prefix}.{name}": value for name, value in weights.items()}


PLAIN = ModelCard("plain", SPEC)


# Round trips


def test_a_model_is_loaded_as_it_was_saved(model: Path) -> None:
    generator = load_generator(model)
    assert_same(generator.weights, WEIGHTS)
    assert generator.path == model
    assert generator.card.name == "tiny"
    assert generator.card.generator == SPEC
    assert generator.card.data == CARD.data
    assert generator.card.metrics == {"coverage": 0.5}
    assert generator.card == read_card(model)
    assert [(each.name, each.source, each.sigma, each.detail) for each in generator.directions] == [
        ("Slant", "measured", 0.9, "r = 0.8"),
        ("PC 1", "pca", 1.0, ""),
    ]
    for saved, loaded in zip(DIRECTIONS, generator.directions, strict=True):
        np.testing.assert_allclose(loaded.vector, saved.vector, atol=1e-7)


def test_the_discriminator_comes_along(model: Path) -> None:
    loaded = load_discriminator(model)
    assert loaded is not None
    assert loaded[0] == CRITIC
    assert_same(loaded[1], CRITIC_WEIGHTS)


def test_a_model_without_discriminator_says_so(tmp_path: Path) -> None:
    path = tmp_path / "g.safetensors"
    save_model(path, CARD, WEIGHTS)
    assert load_discriminator(path) is None
    assert read_card(path).discriminator is None
    assert set(load_file(path)) == set(prefixed(WEIGHTS))
    assert load_generator(path).directions == ()


def test_float16_halves_the_file_and_is_loaded_as_float32(model: Path, tmp_path: Path) -> None:
    half = {name: array.astype(np.float16) for name, array in WEIGHTS.items()}
    path = tmp_path / "half.safetensors"
    save_model(path, CARD, half)
    assert_same(load_generator(path).weights, {name: array.astype(np.float32) for name, array in half.items()})
    assert {array.dtype for array in load_file(path).values()} == {np.dtype(np.float16)}


def test_weights_in_any_memory_order_are_saved(tmp_path: Path) -> None:
    path = tmp_path / "g.safetensors"
    save_model(path, PLAIN, {name: np.asfortranarray(array) for name, array in WEIGHTS.items()})
    assert_same(load_generator(path).weights, WEIGHTS)


def test_loaded_weights_are_read_only(model: Path) -> None:
    for array in load_generator(model).weights.values():
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0.0


def test_saving_replaces_what_was_there(model: Path) -> None:
    save_model(model, PLAIN, WEIGHTS)
    assert read_card(model).name == "plain"


# The content hash


def test_copies_have_the_same_hash(model: Path, tmp_path: Path) -> None:
    copy = tmp_path / "folder" / "copy.safetensors"
    copy.parent.mkdir()
    shutil.copy(model, copy)
    renamed = tmp_path / "renamed.safetensors"
    save_model(renamed, ModelCard("another name", SPEC, notes="other notes"), WEIGHTS)
    hashes = {load_generator(path).content_hash for path in (model, copy, renamed)}
    assert hashes == {Generator(PLAIN, dict(WEIGHTS)).content_hash}
    (only,) = hashes
    assert len(only) == 16
    int(only, 16)


@pytest.mark.parametrize("name", sorted(WEIGHTS))
def test_one_changed_value_of_any_tensor_changes_the_hash(name: str) -> None:
    changed = {key: array.copy() for key, array in WEIGHTS.items()}
    changed[name].flat[-1] = np.nextafter(changed[name].flat[-1], np.float32(2))
    assert Generator(PLAIN, changed).content_hash != Generator(PLAIN, dict(WEIGHTS)).content_hash


def test_another_architecture_with_the_same_weights_has_another_hash() -> None:
    uniform = ModelCard("plain", dcgan.generator(16, 1, 2, 4, "uniform"))
    assert Generator(uniform, dict(WEIGHTS)).content_hash != Generator(PLAIN, dict(WEIGHTS)).content_hash


# Damaged and foreign files


@pytest.mark.parametrize("read", Readers)
def test_a_file_cut_off_anywhere_is_refused(model: Path, tmp_path: Path, read: Callable[[Path], object]) -> None:
    whole = model.read_bytes()
    cut = tmp_path / "cut.safetensors"
    for length in sorted({*range(40), *range(0, len(whole), len(whole) // 60), *range(len(whole) - 5, len(whole))}):
        cut.write_bytes(whole[:length])
        refused(cut, read)


def test_a_file_with_bytes_appended_is_refused(model: Path) -> None:
    model.write_bytes(model.read_bytes() + b"more")
    refused(model)


def test_a_damaged_header_is_read_or_refused_but_never_crashes(model: Path, tmp_path: Path) -> None:
    whole = model.read_bytes()
    header = 8 + struct.unpack("<Q", whole[:8])[0]
    random = np.random.RandomState(0)
    damaged = tmp_path / "damaged.safetensors"
    outcomes = {"read": 0, "refused": 0}
    for position in range(0, header, 11):
        changed = bytearray(whole)
        changed[position] = random.choice(np.frombuffer(b'0129-"[]{}:,x\\\x00\xff', np.uint8))
        damaged.write_bytes(changed)
        try:
            load_generator(damaged)
            outcomes["read"] += 1
        except ModelFileError as error:
            assert_one_line(error, damaged)
            outcomes["refused"] += 1
    assert min(outcomes.values()) > 5, outcomes


@pytest.mark.parametrize("seed", range(20))
def test_random_bytes_are_refused(tmp_path: Path, seed: int) -> None:
    random = np.random.RandomState(seed)
    path = tmp_path / "noise.safetensors"
    path.write_bytes(random.bytes(random.randint(1, 3000)))
    for read in Readers:
        refused(path, read)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "damaged or no model file"),
        (b"\0" * 64, "damaged or no model file"),
        (struct.pack("<Q", 2**63) + b"{}", "damaged or no model file"),
        (struct.pack("<Q", 2) + b"{}", "no latentlab header"),
        (struct.pack("<Q", 2) + b"[]", "damaged or no model file"),
        (b"%PDF-1.7\n%abc\n" * 9, "a PDF document"),
        (b"\x80\x02}q\x00." * 9, "a pickle"),
        (b"\xff\xd8\xff\xe0" * 9, "a JPEG image"),
        ("모델\n".encode() * 9, "damaged or no model file"),
    ],
)
def test_files_of_other_kinds_are_named(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "other.safetensors"
    path.write_bytes(content)
    for read in Readers:
        assert says in refused(path, read)


def test_a_picture_and_an_archive_named_as_models_are_named(tmp_path: Path) -> None:
    path = tmp_path / "picture.safetensors"
    for format_ in ("PNG", "JPEG", "GIF"):
        Image.new("L", (40, 40), 128).save(path, format_)
        assert f"a {format_} image, not a model" in refused(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"abc")
    assert "zip archive or a PyTorch checkpoint" in refused(path)


@pytest.mark.parametrize("metadata", [None, {}, {"format": "pt"}])
def test_a_safetensors_file_without_our_header_is_refused(tmp_path: Path, metadata: dict[str, str] | None) -> None:
    path = tmp_path / "foreign.safetensors"
    save_file(prefixed(WEIGHTS), path, metadata)
    for read in Readers:
        assert "no latentlab header" in refused(path, read)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", ""),
        ("{", ""),
        ("null", "format"),
        (json.dumps(json.loads(CARD.to_json()) | {"format": 99}), "format"),
        (json.dumps(json.loads(CARD.to_json()) | {"generator": {"prior": "normal"}}), "incomplete"),
        (json.dumps(json.loads(CARD.to_json()) | {"generator": None}), "incomplete"),
        ('{"format": 1,\n\n"name": }', ""),
        pytest.param(
            json.dumps(
                json.loads(CARD.to_json()) | {"generator": {"prior": "normal", "input_shape": [4], "layers": []}}
            ),
            "",
            id="no layers",
        ),
        pytest.param("[" * 100_000, "", id="deep"),
    ],
)
def test_a_header_that_makes_no_sense_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = write(tmp_path / "odd.safetensors", prefixed(WEIGHTS), text)
    for read in Readers:
        assert says in refused(path, read)


@pytest.mark.parametrize("name", sorted(WEIGHTS))
def test_a_tensor_of_the_wrong_shape_is_named(tmp_path: Path, name: str) -> None:
    for wrong in (WEIGHTS[name][..., :-1], WEIGHTS[name][None], WEIGHTS[name].sum()):
        path = write(tmp_path / "shape.safetensors", prefixed(WEIGHTS | {name: wrong}), PLAIN)
        said = refused(path)
        assert f"G.{name} " in said
        assert "shape" in said


def test_a_missing_tensor_is_named(tmp_path: Path) -> None:
    for name in WEIGHTS:
        rest = {key: array for key, array in WEIGHTS.items() if key != name}
        assert f"G.{name} is missing" in refused(write(tmp_path / "less.safetensors", prefixed(rest), PLAIN))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float16])
def test_values_that_are_not_finite_are_refused(tmp_path: Path, value: float, dtype: type) -> None:
    for name in ("1.weight", "2.running_var"):
        broken = WEIGHTS[name].astype(dtype)
        broken.flat[1] = value
        path = write(tmp_path / "diverged.safetensors", prefixed(WEIGHTS | {name: broken}), PLAIN)
        assert "not finite" in refused(path)


def test_a_negative_variance_is_refused(tmp_path: Path) -> None:
    broken = WEIGHTS | {"2.running_var": -WEIGHTS["2.running_var"]}
    assert "G.2.running_var" in refused(write(tmp_path / "negative.safetensors", prefixed(broken), PLAIN))


def test_a_broken_discriminator_is_refused_by_its_reader_alone(tmp_path: Path) -> None:
    for tensors in (
        {},
        {"0.weight": CRITIC_WEIGHTS["0.weight"][:1]},
        {"0.weight": CRITIC_WEIGHTS["0.weight"] * np.nan},
    ):
        path = write(tmp_path / "d.safetensors", prefixed(WEIGHTS) | prefixed(tensors, "D"))
        assert "D.0.weight" in refused(path, load_discriminator)
        load_generator(path)


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        (np.zeros((2, 4), np.float32), "no direction"),
        (np.ones((1, 4), np.float32), "directions"),
        (np.ones((2, 5), np.float32), "directions"),
        (np.ones(8, np.float32), "directions"),
        (np.ones((2, 4), np.float64), "float64"),
        (np.full((2, 4), np.nan, np.float32), "not finite"),
        (None, "directions is missing"),
    ],
)
def test_directions_that_do_not_fit_are_refused(model: Path, rows: Any, says: str) -> None:
    card = read_card(model)
    tensors = prefixed(WEIGHTS) | ({} if rows is None else {"directions": rows})
    assert says in refused(write(model, tensors, card))


def raw_file(path: Path, dtype: str, item_bytes: int) -> Path:
    """Write a safetensors file by hand, with every tensor of a type that numpy may not know."""
    header: dict[str, Any] = {"__metadata__": {METADATA_KEY: PLAIN.to_json()}}
    end = 0
    for name, shape in SPEC.network.tensors().items():
        start, end = end, end + int(np.prod(shape)) * item_bytes
        header[f"G.{name}"] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + bytes(end))
    return path


def test_a_file_written_by_hand_is_read(tmp_path: Path) -> None:
    assert not load_generator(raw_file(tmp_path / "f32.safetensors", "F32", 4)).weights["1.weight"].any()


@pytest.mark.parametrize(
    ("dtype", "item_bytes"),
    [
        ("F64", 8),
        ("BF16", 2),
        ("I64", 8),
        ("I8", 1),
        ("U8", 1),
        ("BOOL", 1),
        ("C64", 8),
        ("F8_E4M3", 1),
        ("F8_E5M2", 1),
        ("F8_E8M0", 1),
    ],
)
def test_other_number_formats_are_refused(tmp_path: Path, dtype: str, item_bytes: int) -> None:
    assert "G.1.weight" in refused(raw_file(tmp_path / "type.safetensors", dtype, item_bytes))


# Finding and not finding


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    for read in (*Readers, find_model):
        assert "no such file" in refused(tmp_path / "missing.safetensors", read)
    for read in Readers:
        refused(tmp_path, read)
    assert "holds no model" in refused(tmp_path, find_model)
    (tmp_path / "notes.txt").write_text("nothing")
    assert "holds no model" in refused(tmp_path, find_model)


def test_a_run_folder_stands_for_its_newest_model(tmp_path: Path) -> None:
    for name in ("model-000100", "model-000020", "zzz"):
        (tmp_path / f"{name}.safetensors").touch()
    assert find_model(tmp_path) == tmp_path / "model-000100.safetensors"
    assert find_model(tmp_path / "zzz.safetensors") == tmp_path / "zzz.safetensors"
    for path in tmp_path.glob("model-*"):
        path.unlink()
    assert find_model(tmp_path) == tmp_path / "zzz.safetensors"


def test_text_pasted_as_a_path_is_no_file() -> None:
    refused(Path("long " * 1000), find_model)


@pytest.mark.parametrize("read", [find_model, *Readers])
def test_a_path_with_a_nul_is_no_file(read: Callable[[Path], object]) -> None:
    refused(Path("a\0b.safetensors"), read)


def test_a_name_of_two_lines_is_said_in_one(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError) as caught:
        load_generator(tmp_path / "two\nlines.safetensors")
    assert len(str(caught.value).splitlines()) == 1


# Writing where it cannot be written


def test_output_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    folder = tmp_path / "folder.safetensors"
    folder.mkdir()
    for target in (tmp_path / "missing" / "m.safetensors", file / "m.safetensors", folder):
        with pytest.raises(OutputError) as caught:
            save_model(target, PLAIN, WEIGHTS)
        assert_one_line(caught.value, target)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.safetensors"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(0o500)
    with pytest.raises(OutputError) as caught:
        save_model(closed / "m.safetensors", PLAIN, WEIGHTS)
    assert_one_line(caught.value, closed / "m.safetensors")


def test_a_failed_save_leaves_the_old_file(model: Path) -> None:
    before = model.read_bytes()
    with pytest.raises(Exception, match="object"):
        save_model(model, PLAIN, WEIGHTS | {"1.weight": WEIGHTS["1.weight"].astype(object)})
    assert model.read_bytes() == before
    assert [path.name for path in model.parent.iterdir()] == [model.name]


@pytest.mark.parametrize(
    ("weights", "says"),
    [
        ({name: array for name, array in WEIGHTS.items() if name != "1.weight"}, "1.weight has the shape None"),
        (WEIGHTS | {"99.bias": np.zeros(1, np.float32)}, "the card says None"),
        (WEIGHTS | {"1.weight": WEIGHTS["1.weight"][:1]}, "1.weight has the shape"),
    ],
)
def test_weights_of_another_network_are_not_saved(model: Path, weights: Weights, says: str) -> None:
    before = model.read_bytes()
    with pytest.raises(ValueError, match=says):
        save_model(model, PLAIN, weights)
    assert model.read_bytes() == before


def test_a_discriminator_that_the_card_does_not_describe_is_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    with pytest.raises(ValueError, match="no discriminator"):
        save_model(path, PLAIN, WEIGHTS, CRITIC_WEIGHTS)
    with pytest.raises(ValueError, match=r"0\.weight"):
        save_model(path, CARD, WEIGHTS, CRITIC_WEIGHTS | {"0.weight": CRITIC_WEIGHTS["0.weight"][:1]})
    assert not path.exists()


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
import numpy as np
from latentlab.errors import OutputError
from latentlab.models import dcgan
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import save_model

spec = dcgan.generator(16, 1, 2, 4)
weights = {name: np.ones(shape, np.float32) for name, shape in spec.network.tensors().items()}
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    save_model(Path(sys.argv[1]), ModelCard("x", spec), weights)
except OutputError as error:
    print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_is_said_in_one_line_and_leaves_the_old_file(model: Path) -> None:
    before = model.read_bytes()
    ended = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(model)], capture_output=True, text=True, timeout=60, check=False
    )
    assert model.read_bytes() == before
    assert [path.name for path in model.parent.iterdir()] == [model.name]
    assert ended.stdout.startswith(f"{model}: cannot be written"), ended.stderr
    assert len(ended.stdout.splitlines()) == 1
