"""The class of a picture: asked for, kept by points, cards, PNGs and sessions, written into what reproduces it."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from latentlab.errors import ValueRangeError
from latentlab.models.checkpoint import Generator, load_generator, save_model
from latentlab.models.layers import JoinKind
from latentlab.models.spec import NetworkSpec
from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.card_png import card_from_png, png_of
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.reproduce import as_command, as_python, as_traverse_command
from latentlab.session.state import SessionState, fresh_state
from latentlab.session.store import SessionFileError, load_session, save_session

Make = Callable[..., Generator]


@pytest.fixture
def model(class_generator: Make) -> OpenedModel:
    return OpenedModel(class_generator())


def test_y_is_nothing_one_class_or_one_for_each(model: OpenedModel) -> None:
    z = model.sample(3)
    each = [np.concatenate([model.render(row[None], label) for row in z]) for label in range(5)]
    assert np.array_equal(model.render(z), each[0])
    for label in (3, np.int64(3), np.array(3)):
        assert np.array_equal(model.render(z, label), each[3])
    for labels in ([4, 0, 2], (4, 0, 2), np.array([4, 0, 2], np.uint8)):
        assert np.array_equal(model.render(z, labels), [each[4][0], each[0][1], each[2][2]])
    assert not np.array_equal(each[0], each[3])


@pytest.mark.parametrize(
    ("y", "words"),
    [
        (5, "class 5: classes has 5 classes, counted from 0"),
        (-1, "class -1: classes has 5 classes"),
        ([0, 9, 1], "class 9: "),
        ([0, 1], "has the shape (2,), expected one, or (3,)"),
        (1.0, "float64 is not a whole number"),
        ("a", "is not a whole number"),
    ],
)
def test_what_is_no_class_is_one_line(model: OpenedModel, y: object, words: str) -> None:
    with pytest.raises(ValueRangeError) as refused:
        model.render(model.sample(3), y)  # type: ignore[arg-type]
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_model_without_classes_has_none(small_generator: Make) -> None:
    model = OpenedModel(small_generator())
    assert (model.classes, model.class_names, model.y_of([Point(model.sample(1)[0], label=3)])) == (0, (), None)
    with pytest.raises(ValueRangeError, match="class 0: small has no classes"):
        model.render(model.sample(1), 0)


def test_points_are_drawn_as_their_class(model: OpenedModel) -> None:
    z = model.sample(1)[0]
    points = [Point(z), Point(z, label=4), Point(z, label=11)]
    y = model.y_of(points)
    assert y is not None
    assert y.tolist() == [0, 4, 0]
    with pytest.raises(ValueError, match="class of a latent is negative"):
        Point(z, label=-1)


def test_names_are_shown_where_all_are_known(class_generator: Make, tmp_path: Path) -> None:
    assert OpenedModel(class_generator(2)).class_names == ("0", "1")
    assert OpenedModel(class_generator(2, names=("cat",))).class_names == ("0", "1")
    generator = class_generator(2, names=("cat", "dog"))
    save_model(tmp_path / "x.safetensors", generator.card, generator.weights)
    assert OpenedModel(load_generator(tmp_path / "x.safetensors")).class_names == ("cat", "dog")


def test_the_class_is_an_edit_of_its_own(make_card: Callable[..., Card]) -> None:
    state = changes.set_class(3)(fresh_state(6, "normal"))
    assert (state.picture.label, state.picture.title()) == (3, "seed 42, class 3")
    assert not state.picture.same_as(state.before)
    for keep_edits in (True, False):
        moved = changes.set_seed(5, keep_edits)(state)
        assert (moved.picture.label, moved.before.label, moved.picture.seed) == (3, 3, 5)
    assert changes.set_class(3)(state) is state
    card = replace(make_card(1), point=state.picture)
    for model_hash in (card.model_hash, "another"):
        assert card.picked_up(model_hash).label == 3


def test_a_png_and_a_session_keep_the_class(full: SessionState, make_card: Callable[..., Card], tmp_path: Path) -> None:
    card = make_card(2, 1)
    card = replace(card, point=replace(card.point, label=4))
    read = card_from_png(png_of(card))
    assert read is not None
    assert read.point.same_as(card.point)
    path = tmp_path / "x.latentlab"
    save_session(path, replace(full, shelf=(card,)), tmp_path / "m.safetensors", "c0ffee")
    state = load_session(path).state
    assert (state.picture.label, state.shelf[0].point.label, state.before.label) == (3, 4, None)
    data = json.loads(path.read_text())
    for label in (-1, 1.5, "3", True):
        data["picture"]["label"] = label
        path.write_text(json.dumps(data))
        with pytest.raises(SessionFileError, match="is damaged"):
            load_session(path)


def test_a_session_of_before_there_were_classes_is_read(full: SessionState, tmp_path: Path) -> None:
    path = tmp_path / "x.latentlab"
    save_session(path, full, tmp_path / "m.safetensors", "c0ffee")
    data = json.loads(path.read_text())
    for point in (data["picture"], data["before"], data["strip"]["a"], *(card["point"] for card in data["shelf"])):
        del point["label"]
    path.write_text(json.dumps(data))
    assert load_session(path).state.picture.same_as(replace(full.picture, label=None))


def test_what_reproduces_a_picture_names_its_class(class_generator: Make, tmp_path: Path) -> None:
    path = tmp_path / "classes.safetensors"
    generator = class_generator()
    save_model(path, generator.card, generator.weights)
    model = OpenedModel.from_file(path)
    point = replace(Point.from_seed(3, 6, "normal"), label=2)
    words = shlex.split(as_command(point, model, model.directions))
    assert words[3:] == ["3", "--class", "2", "--out", "picture.png"]
    scope: dict[str, object] = {}
    exec(as_python(point, model, model.directions), scope)
    assert np.array_equal(scope["pixels"], model.render(model.sample(1, 3), 2)[0])  # type: ignore[arg-type]
    plain = replace(point, label=None)
    assert "--class" not in as_command(plain, model, model.directions)
    assert "render(z)" in as_python(plain, model, model.directions)
    figure = shlex.split(as_traverse_command(model, ["3"], "z 1", -1, 1, 3, label=2))
    assert figure[figure.index("--class") + 1] == "2"


@pytest.mark.parametrize("how", ["append", "prepend"])
def test_the_factors_of_a_model_with_classes_are_those_of_z(class_generator: Make, how: JoinKind) -> None:
    generator = class_generator()
    spec = generator.card.generator
    layers = (replace(spec.network.layers[0], how=how), *spec.network.layers[1:])  # type: ignore[type-var]
    network = NetworkSpec(spec.network.input_shape, layers)
    made = replace(generator, card=replace(generator.card, generator=replace(spec, network=network)), content_hash="")
    found = {each.name: each.vector for each in OpenedModel(made).directions if each.source == "sefa"}
    weight = generator.weights["1.weight"]
    _, _, rows = np.linalg.svd(weight[:, :6] if how == "append" else weight[:, 4:])
    assert len(found) == 6
    assert abs(found["Factor 1"] @ rows[0]) == pytest.approx(1.0, abs=1e-5)
    assert abs(found["Factor 6"] @ rows[5]) == pytest.approx(1.0, abs=1e-5)
