"""Points and cards: frozen, honest about where they came from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from latentlab.latent.directions import axis_directions
from latentlab.latent.priors import expected_norm, sample
from latentlab.session.card import Card
from latentlab.session.point import Point

AXES = axis_directions(6, "normal")


def test_a_seed_gives_the_latent_that_the_prior_draws() -> None:
    assert np.array_equal(Point.from_seed(42, 6, "uniform").z(AXES, "uniform"), sample("uniform", 1, 6, 42)[0])


def test_edits_add_to_the_truncated_base() -> None:
    point = Point(np.ones(6, np.float32), strengths={"z 2": 3.0, "Z 5": -1.0}, truncation=0.5)
    assert np.allclose(point.z(AXES, "normal"), [0.5, 3.5, 0.5, 0.5, -0.5, 0.5])


def test_strengths_are_in_sigmas_of_the_prior() -> None:
    axes = axis_directions(6, "uniform")
    point = Point(np.zeros(6, np.float32), strengths={"z 1": 1.0})
    assert point.z(axes, "uniform")[0] == pytest.approx(1 / np.sqrt(3))


def test_edits_along_unknown_directions_are_left_out_but_kept() -> None:
    point = Point.from_seed(1, 6, "normal").with_strength("Smile", 2.0).with_strength("z 1", 1.0)
    known = replace(point, strengths={"z 1": 1.0})
    assert np.array_equal(point.z(AXES, "normal"), known.z(AXES, "normal"))
    assert point.strengths["Smile"] == 2.0


def test_renormalising_brings_the_sum_back_to_the_shell() -> None:
    point = Point(np.ones(6, np.float32), strengths={"z 1": 9.0}, renormalised=True)
    assert np.linalg.norm(point.z(AXES, "normal")) == pytest.approx(expected_norm("normal", 6), rel=1e-6)


def test_the_latent_of_a_point_shares_no_memory_with_it() -> None:
    point = Point.from_seed(1, 6, "normal")
    z = point.z((), "normal")
    z[:] = 0.0
    assert np.array_equal(point.base, sample("normal", 1, 6, 1)[0])


def test_zero_strengths_are_left_out() -> None:
    point = Point.from_seed(1, 6, "normal").with_strength("z 1", 1.0).with_strength("z 1", 0.0)
    assert dict(point.strengths) == {}
    assert point.title() == "seed 1"


@pytest.mark.parametrize(
    ("point", "title"),
    [
        (Point(np.zeros(2), 42), "seed 42"),
        (Point(np.zeros(2), 0, strengths={"z 1": 1.0}), "seed 0, edited"),
        (Point(np.zeros(2), 42, truncation=0.5), "seed 42, edited"),
        (Point(np.zeros(2), renormalised=True, origin="A − B + C"), "A − B + C, edited"),
        (Point(np.zeros(2)), "latent"),
    ],
)
def test_a_title_says_where_a_point_came_from(point: Point, title: str) -> None:
    assert point.title() == title


def test_points_are_the_same_by_value() -> None:
    point = Point(np.ones(3), 1, "here", {"z 1": 1.0}, 0.5, True)
    assert point.same_as(Point(np.ones(3), 1, "elsewhere", {"z 1": 1.0}, 0.5, True))
    different = (
        replace(point, base=np.zeros(3)),
        replace(point, seed=2),
        replace(point, strengths={}),
        replace(point, truncation=1.0),
        replace(point, renormalised=False),
    )
    assert not any(point.same_as(other) for other in different)


@pytest.mark.parametrize(
    "wrong",
    [
        {"base": np.zeros((2, 3))},
        {"base": np.array([1.0, np.nan])},
        {"base": np.array([1.0, np.inf])},
        {"base": np.zeros(2), "truncation": float("nan")},
        {"base": np.zeros(2), "strengths": {"z 1": float("inf")}},
    ],
)
def test_a_point_that_nothing_can_draw_cannot_be_made(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="latent"):
        Point(**wrong)  # type: ignore[arg-type]


def test_nothing_in_a_point_can_be_edited_in_place() -> None:
    mine, strengths = np.ones(3, np.float32), {"z 1": 1.0}
    point = Point(mine, strengths=strengths)
    mine[:] = 5.0
    strengths["z 2"] = 2.0
    assert point.base.tolist() == [1.0, 1.0, 1.0]
    assert dict(point.strengths) == {"z 1": 1.0}
    with pytest.raises(ValueError, match="read-only"):
        point.base[0] = 2.0
    with pytest.raises(TypeError):
        point.strengths["z 1"] = 2.0  # type: ignore[index]


def test_nothing_in_a_card_can_be_edited_in_place() -> None:
    z, pixels = np.ones(3, np.float32), np.full((2, 2, 1), 9, np.uint8)
    card = Card("card", Point(z), z, pixels, "normal", "hash", "name")
    z[:] = 5.0
    pixels[:] = 5
    assert card.z.tolist() == [1.0, 1.0, 1.0]
    assert (card.pixels == 9).all()
    for array in (card.z, card.pixels):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


def test_cards_are_told_apart(make_card: Callable[..., Card]) -> None:
    card = make_card(1)
    assert card.id != make_card(1).id
    assert replace(card, name="renamed").id == card.id


@pytest.mark.parametrize(("z_dim", "prior", "fits"), [(6, "normal", True), (6, "uniform", False), (7, "normal", False)])
def test_a_card_fits_models_of_its_width_and_prior(
    make_card: Callable[..., Card], z_dim: int, prior: str, fits: bool
) -> None:
    assert make_card(1).fits(z_dim, prior) is fits  # type: ignore[arg-type]


def test_under_its_own_model_a_card_comes_back_with_its_sliders(make_card: Callable[..., Card]) -> None:
    card = make_card(1)
    assert card.picked_up("c0ffee") is card.point


def test_under_another_model_a_card_comes_back_as_its_latent(make_card: Callable[..., Card]) -> None:
    point = Point.from_seed(3, 6, "normal").with_strength("z 1", 2.0)
    card = replace(make_card(3), point=point, z=point.z(AXES, "normal"))
    picked = card.picked_up("another")
    assert np.array_equal(picked.z(AXES, "normal"), card.z)
    assert (picked.seed, dict(picked.strengths), picked.title()) == (None, {}, "card 3")
