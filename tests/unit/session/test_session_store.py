"""Session files: everything comes back bit for bit; nothing but one line ever comes of a damaged one."""

from __future__ import annotations

import base64
import copy
import json
import math
import os
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from latentlab.errors import OutputError
from latentlab.session import store
from latentlab.session.card import Card
from latentlab.session.point import Point
from latentlab.session.state import SessionState, Strip
from latentlab.session.store import SessionFileError, StoredSession, load_session, save_session

in_one_folder = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, derandomize=True, max_examples=100
)


@pytest.fixture
def saved(tmp_path: Path, full: SessionState) -> Path:
    path = tmp_path / "mine.latentlab"
    save_session(path, full, tmp_path / "models" / "digits.safetensors", "c0ffee")
    return path


@pytest.fixture
def document(saved: Path) -> dict[str, Any]:
    return json.loads(saved.read_text(encoding="utf-8"))


def assert_same_point(one: Point, other: Point) -> None:
    assert one.same_as(other)
    assert one.base.tobytes() == other.base.tobytes()
    assert (one.origin, one.title()) == (other.origin, other.title())


def assert_same_card(one: Card, other: Card) -> None:
    assert_same_point(one.point, other.point)
    assert one.z.tobytes() == other.z.tobytes()
    assert one.pixels.shape == other.pixels.shape
    assert one.pixels.tobytes() == other.pixels.tobytes()
    for name in ("name", "prior", "model_hash", "model_name"):
        assert getattr(one, name) == getattr(other, name)


def assert_same_state(one: SessionState, other: SessionState) -> None:
    for name in ("z_dim", "prior", "arithmetic_renormalised"):
        assert getattr(one, name) == getattr(other, name)
    for name in ("held", "mode", "frames"):
        assert getattr(one.strip, name) == getattr(other.strip, name)
    for mine, theirs in (
        (one.picture, other.picture),
        (one.before, other.before),
        (one.strip.a, other.strip.a),
        (one.strip.b, other.strip.b),
    ):
        assert_same_point(mine, theirs)
    for mine, theirs in zip(one.terms, other.terms, strict=True):
        assert mine.sign == theirs.sign
        for card, same in zip(mine.cards, theirs.cards, strict=True):
            assert_same_card(card, same)
    for card, same in zip(one.shelf, other.shelf, strict=True):
        assert_same_card(card, same)


def refusal(path: Path) -> str:
    """Load a file that must be refused; return why."""
    with pytest.raises(SessionFileError) as caught:
        load_session(path)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300 + len(str(path))
    assert caught.value.what == str(path)
    return caught.value.why


def rewritten(saved: Path, document: object) -> Path:
    saved.write_text(json.dumps(document), encoding="utf-8")
    return saved


def test_everything_comes_back(saved: Path, full: SessionState) -> None:
    stored = load_session(saved)
    assert_same_state(stored.state, full)
    assert stored.model_hash == "c0ffee"
    assert stored.model_path == saved.parent / "models" / "digits.safetensors"


def test_a_fresh_document_comes_back(tmp_path: Path, fresh: SessionState) -> None:
    save_session(tmp_path / "fresh.latentlab", fresh, tmp_path / "m.safetensors", "")
    assert_same_state(load_session(tmp_path / "fresh.latentlab").state, fresh)


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=9), st.data())
@in_one_folder
def test_numbers_come_back_bit_for_bit(tmp_path: Path, numbers: list[float], data: st.DataObject) -> None:
    finite = st.floats(allow_nan=False, allow_infinity=False)
    strengths = data.draw(st.dictionaries(st.text(), finite.filter(bool), max_size=4))
    seed = data.draw(st.none() | st.integers(0, 2**32 - 1))
    point = Point(np.array(numbers, np.float32), seed, data.draw(st.text()), strengths, data.draw(finite))
    state = SessionState(len(numbers), "normal", point, point, Strip(point, point))
    path = tmp_path / "numbers.latentlab"
    save_session(path, state, tmp_path / "m.safetensors", "")
    assert_same_state(load_session(path).state, state)


def test_what_was_loaded_is_frozen(saved: Path) -> None:
    state = load_session(saved).state
    for array in (state.picture.base, state.shelf[0].z, state.shelf[0].pixels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_loaded_cards_are_told_apart(saved: Path) -> None:
    state = load_session(saved).state
    cards = [*state.shelf, *(card for term in state.terms for card in term.cards)]
    assert len({card.id for card in cards}) == len(cards)


def test_a_folder_that_moves_takes_its_model_along(tmp_path: Path, fresh: SessionState) -> None:
    old = tmp_path / "old"
    (old / "sessions").mkdir(parents=True)
    save_session(old / "sessions" / "mine.latentlab", fresh, old / "digits.safetensors", "c0ffee")
    new = old.rename(tmp_path / "new")
    (new / "digits.safetensors").touch()
    stored = load_session(new / "sessions" / "mine.latentlab")
    assert stored.model_path.resolve() == new / "digits.safetensors"


def test_relative_paths_are_told_from_the_session(
    tmp_path: Path, fresh: SessionState, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    save_session(Path("elsewhere/mine.latentlab"), fresh, Path("digits.safetensors"), "c0ffee")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert load_session(Path("mine.latentlab")).model_path.resolve() == tmp_path / "digits.safetensors"


def test_a_model_on_another_drive_is_named_in_full(
    tmp_path: Path, fresh: SessionState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", refuse)
    save_session(tmp_path / "mine.latentlab", fresh, tmp_path / "digits.safetensors", "")
    assert load_session(tmp_path / "mine.latentlab").model_path == tmp_path / "digits.safetensors"


def test_a_save_that_fails_keeps_the_old_file(
    saved: Path, full: SessionState, fresh: SessionState, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OutputError, match="No space left on device"):
        save_session(saved, fresh, saved.parent / "m.safetensors", "other")
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]
    assert_same_state(load_session(saved).state, full)


def test_a_document_that_cannot_be_written_keeps_the_old_file(saved: Path, full: SessionState) -> None:
    old = saved.read_bytes()
    with pytest.raises(TypeError):
        save_session(saved, full, saved.parent / "m.safetensors", object())  # type: ignore[arg-type]
    assert saved.read_bytes() == old
    assert [path.name for path in saved.parent.iterdir()] == [saved.name]


# Damaged files


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert refusal(tmp_path / "nothing.latentlab") == "no such file"


def test_a_folder_is_no_session(tmp_path: Path) -> None:
    assert refusal(tmp_path).startswith("cannot be read: ")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xfe\x00",
        b"[" * 100_000,
        b'{"format": ' + b"1" * 5000 + b"}",
    ],
)
def test_what_is_no_json_is_no_session(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "mine.latentlab"
    path.write_bytes(content)
    assert refusal(path).startswith("is damaged or no session: ")


@pytest.mark.parametrize("content", ["null", "3", "[]", '"text"', "{}", '{"format": 2}', '{"format": "1"}'])
def test_another_format_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "mine.latentlab"
    path.write_text(content, encoding="utf-8")
    assert refusal(path) == "is of a format that this version does not know"


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.latentlab"
    with path.open("wb") as file:
        file.truncate(2**28 + 1)
    assert refusal(path) == "is too large for a session"


@given(data=st.data())
@in_one_folder
def test_a_truncated_file_is_refused(saved: Path, document: dict[str, Any], data: st.DataObject) -> None:
    whole = json.dumps(document).encode()
    saved.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    refusal(saved)


def places(node: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """List the places of all values in a JSON tree."""
    yield path
    children = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for name, child in children:
        yield from places(child, (*path, name))


def replaced(tree: Any, path: tuple[str | int, ...], value: object) -> Any:
    if not path:
        return value
    tree = copy.deepcopy(tree)
    node = tree
    for name in path[:-1]:
        node = node[name]
    node[path[-1]] = value
    return tree


WRONG: list[object] = [
    None,
    True,
    0,
    -1,
    2,
    10**400,
    2**64,
    1.5,
    math.inf,
    math.nan,
    "",
    "x",
    "AAAA",
    "漢字 \udc80 \0 \n",
    [],
    [[]],
    [0, -1],
    [2**40, 2**40],
    [None] * 3,
    {},
    {"shape": [1], "data": ""},
    {"x": None},
]


def check_mutant(saved: Path, mutant: object) -> None:
    """A changed document is refused in one line, or is one that can be worked with and saved again."""
    rewritten(saved, mutant)
    try:
        stored = load_session(saved)
    except SessionFileError:
        refusal(saved)
        return
    state = stored.state
    for point in (state.picture, state.before, state.end("a"), state.end("b")):
        assert np.isfinite(point.base).all()
        assert point.z((), state.prior).shape == (state.z_dim,)
    for card in state.shelf:
        assert card.point.z((), card.prior).shape == card.z.shape
    save_session(saved, state, saved.parent / "m.safetensors", stored.model_hash)
    assert_same_state(load_session(saved).state, state)


def test_a_wrong_value_anywhere_is_one_line(saved: Path, document: dict[str, Any]) -> None:
    whole = list(places(document))
    assert len(whole) > 150
    # All cards are read by one function: the values of one of them stand for all.
    chosen = [path for path in whole if path[:1] not in (("terms",), ("before",)) and path[:2] < ("shelf", 1)]
    chosen += [("terms",), ("terms", 0), ("terms", 0, 0), ("before",)]
    for path in chosen:
        for value in WRONG:
            check_mutant(saved, replaced(document, path, value))


def test_a_missing_value_is_one_line(saved: Path, document: dict[str, Any]) -> None:
    names = [path for path in places(document) if path and isinstance(path[-1], str) and path[-2:-1] != ("strengths",)]
    # Sessions of earlier versions have none of these.
    optional = ("directions", "sliders")
    names = [path for path in names if path[-1] != "label"]
    for path in (path for path in names if path[0] not in optional or (path[0] == "directions" and len(path) > 1)):
        tree = copy.deepcopy(document)
        node = tree
        for name in path[:-1]:
            node = node[name]
        del node[path[-1]]
        assert refusal(rewritten(saved, tree))


@given(data=st.data())
@in_one_folder
def test_several_wrong_values_are_one_line(saved: Path, document: dict[str, Any], data: st.DataObject) -> None:
    for path in data.draw(st.lists(st.sampled_from(list(places(document))[1:]), min_size=2, max_size=4)):
        value = data.draw(st.sampled_from(WRONG))
        try:
            document = replaced(document, path, value)
        except (KeyError, IndexError, TypeError):
            continue
    check_mutant(saved, document)


@given(data=st.data())
@in_one_folder
def test_a_damaged_byte_is_one_line_or_harmless(saved: Path, full: SessionState, data: st.DataObject) -> None:
    save_session(saved, full, saved.parent / "m.safetensors", "c0ffee")
    content = bytearray(saved.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    saved.write_bytes(content)
    try:
        stored = load_session(saved)
    except SessionFileError:
        refusal(saved)
    else:
        assert isinstance(stored, StoredSession)


def packed(content: bytes, *shape: object) -> dict[str, Any]:
    return {"shape": list(shape), "data": base64.b64encode(zlib.compress(content)).decode()}


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (packed(b"\0" * 24, 2**20, 2**20), "larger than"),
        (packed(b"\0" * 24, 2**31, 2**31, 4), "larger than"),
        (packed(b"\0" * 24, 2**70), "larger than"),
        (packed(b"\0" * 2_000_000, 6), "not as large as its shape says"),
        (packed(b"\0" * 20, 6), "not as large as its shape says"),
        (packed(b"", 0), "impossible shape"),
        (packed(b"\0" * 24, -6), "impossible shape"),
        (packed(b"\0" * 24, -2, -3), "impossible shape"),
        (packed(b"\0" * 24, 6.0), "impossible shape"),
        (packed(b"\0" * 24), "impossible shape"),
        (packed(b"\0" * 24, 2, 3), "finite vector"),
        (packed(b"\0" * 28, 7), "not 6 wide"),
        (packed(np.array([1, 2, np.nan, 4, 5, 6], np.float32).tobytes(), 6), "finite vector"),
        (packed(np.array([1, 2, -np.inf, 4, 5, 6], np.float32).tobytes(), 6), "finite vector"),
        ({"shape": [6], "data": "no base64!"}, "damaged"),
        (packed(b"\0" * 24, 6) | {"data": "!" + packed(b"\0" * 24)["data"]}, "damaged"),
        ({"shape": [6], "data": "AAAA"}, "damaged"),
    ],
)
def test_an_impossible_latent_is_refused(
    saved: Path, document: dict[str, Any], array: dict[str, Any], why: str
) -> None:
    document["picture"]["base"] = array
    assert why in refusal(rewritten(saved, document))


@pytest.mark.parametrize("shape", [(6,), (3, 2), (3, 1, 2), (1, 1, 6)])
def test_a_picture_of_another_shape_is_refused(saved: Path, document: dict[str, Any], shape: tuple[int, ...]) -> None:
    document["shelf"][0]["pixels"] = packed(b"\0" * 6, *shape)
    assert "a card's picture has the shape" in refusal(rewritten(saved, document))


def test_a_card_whose_latent_does_not_fit_its_steps_is_refused(saved: Path, document: dict[str, Any]) -> None:
    document["shelf"][0]["z"] = packed(b"\0" * 8, 2)
    assert "does not fit its steps" in refusal(rewritten(saved, document))


def test_a_card_whose_latent_is_not_finite_is_refused(saved: Path, document: dict[str, Any]) -> None:
    document["shelf"][1]["z"] = packed(np.full(6, np.inf, np.float32).tobytes(), 6)
    assert "not finite" in refusal(rewritten(saved, document))


def test_many_arrays_together_may_not_unpack_to_more_than_the_limit(
    saved: Path, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    document["shelf"] = [document["shelf"][0] | {"pixels": packed(b"\0" * 2**20, 2**10, 2**10, 1)}] * 6
    rewritten(saved, document)
    assert saved.stat().st_size < 2**16
    assert len(load_session(saved).state.shelf) == 6
    monkeypatch.setattr(store, "_MAX_BYTES", 5 * 2**20)
    assert "larger than 5242880 bytes" in refusal(saved)


@pytest.mark.parametrize(
    ("path", "value", "why"),
    [
        (("prior",), "cauchy", "unknown 'cauchy'; known are normal, uniform"),
        (("strip", "held"), "c", "unknown 'c'; known are a, b"),
        (("strip", "mode"), "cubic", "unknown 'cubic'; known are slerp, lerp"),
        (("picture", "seed"), -1, "a seed is outside 0 to 4294967295"),
        (("picture", "seed"), 2**32, "a seed is outside 0 to 4294967295"),
        (("picture", "truncation"), math.nan, "a strength or the truncation of a latent is not finite"),
        (("picture", "strengths", "Slant"), -math.inf, "a strength or the truncation of a latent is not finite"),
        (("picture", "renormalised"), 1, "its renormalised is missing or of the wrong kind"),
        (("terms",), [[], []], "it has 2 terms, expected 3"),
        (("shelf",), [3], "what should be cards is something else"),
    ],
)
def test_the_refusal_says_what_is_wrong(
    saved: Path, document: dict[str, Any], path: tuple[str | int, ...], value: object, why: str
) -> None:
    assert refusal(rewritten(saved, replaced(document, path, value))) == f"is damaged: {why}"


@given(st.integers(-(10**9), 10**9))
@example(2)
@in_one_folder
def test_a_number_of_frames_out_of_bounds_is_brought_within(saved: Path, document: dict[str, Any], frames: int) -> None:
    document["strip"]["frames"] = frames
    assert load_session(rewritten(saved, document)).state.strip.frames == min(24, max(3, frames))


def test_fields_of_later_versions_are_ignored(saved: Path, document: dict[str, Any], full: SessionState) -> None:
    document["later"] = document["picture"]["later"] = {"anything": 1}
    assert_same_state(load_session(rewritten(saved, document)).state, full)


def test_a_format_is_what_it_is_for(saved: Path, make_card: Callable[..., Card]) -> None:
    """A session opens with the standard library alone, and latents stand in it as float32."""
    document = json.loads(saved.read_text(encoding="ascii"))
    assert document["format"] == 1
    assert document["model"] == {"path": "models/digits.safetensors", "hash": "c0ffee"}
    z = document["shelf"][2]["z"]
    raw = zlib.decompress(base64.b64decode(z["data"]))
    assert np.array_equal(np.frombuffer(raw, "<f4"), make_card(1, prior="uniform").z)
