"""Planes of a map: what is drawn at a place is what the picture becomes there."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlab.latent.directions import axis_directions
from latentlab.latent.priors import PRIORS, Prior
from latentlab.session.model import SessionModel
from latentlab.session.plane import MOST_SIGMA, DirectionPlane, SeedPlane
from latentlab.session.point import Point
from latentlab.session.state import fresh_state

PLACES = st.tuples(st.floats(-9.0, 9.0), st.floats(-9.0, 9.0))
Z_DIM = 6


def edited(prior: Prior, seed: int | None = 42) -> Point:
    point = Point.from_seed(42, Z_DIM, prior)
    return Point(point.base, seed, "", {"z 1": 1.5, "z 4": -0.5}, 0.8, True)


def state_with(point: Point, prior: Prior) -> SessionModel:
    return SessionModel(replace(fresh_state(Z_DIM, prior), picture=point))


@pytest.mark.parametrize("prior", PRIORS)
@given(place=PLACES)
def test_the_seed_plane_draws_what_going_there_gives(prior: Prior, place: tuple[float, float]) -> None:
    directions = axis_directions(Z_DIM, prior)
    session = state_with(edited(prior), prior)
    plane = SeedPlane(session.state.picture, directions, prior)
    drawn = plane.latents([place])[0]
    session.apply(plane.go(place), "go")
    picture = session.state.picture
    assert picture.z(directions, prior) == pytest.approx(drawn, abs=1e-6)
    assert dict(picture.strengths) == {"z 1": 1.5, "z 4": -0.5}
    assert SeedPlane(picture, directions, prior).key == plane.key


@pytest.mark.parametrize("prior", PRIORS)
@given(place=PLACES)
def test_the_plane_of_directions_draws_what_going_there_gives(prior: Prior, place: tuple[float, float]) -> None:
    directions = axis_directions(Z_DIM, prior)
    session = state_with(edited(prior), prior)
    plane = DirectionPlane(session.state.picture, directions, prior, directions[0], directions[2])
    drawn = plane.latents([place])[0]
    session.apply(plane.go(place), "go")
    picture = session.state.picture
    assert picture.z(directions, prior) == pytest.approx(drawn, abs=1e-5)
    after = DirectionPlane(picture, directions, prior, directions[0], directions[2])
    assert after.place() == pytest.approx(place)
    assert after.key == plane.key, "the pictures around stay as they are"


def test_whole_places_are_seeds_and_others_say_where_they_are() -> None:
    session = SessionModel(fresh_state(Z_DIM, "normal"))
    plane = SeedPlane(session.state.picture, (), "normal")
    assert plane.place() == (42, 0)
    session.apply(plane.go((43.0, 1.0)), "go")
    assert session.state.picture.same_as(Point.from_seed(143, Z_DIM, "normal"))
    assert session.state.before.same_as(session.state.picture)
    session.apply(plane.go((43.25, 1.5)), "go")
    assert session.state.picture.seed is None
    assert session.state.picture.title() == "map 43.25, 1.50"
    assert SeedPlane(session.state.picture, (), "normal").place() is None


def test_going_where_one_is_changes_nothing() -> None:
    session = SessionModel(fresh_state(Z_DIM, "normal"))
    session.apply(SeedPlane(session.state.picture, (), "normal").go((42.0, 0.0)), "go")
    x, y = axis_directions(Z_DIM, "normal")[:2]
    session.apply(DirectionPlane(session.state.picture, (x, y), "normal", x, y).go((0.0, 0.0)), "go")
    assert session.history == ()


def test_a_plane_of_directions_ends_where_its_sliders_do() -> None:
    directions = axis_directions(Z_DIM, "normal")
    point = Point.from_seed(0, Z_DIM, "normal")
    plane = DirectionPlane(point, directions, "normal", directions[0], directions[1])
    assert plane.nearest((99.0, -99.0)) == (MOST_SIGMA, -MOST_SIGMA)
    assert plane.nearest((1.5, -2.5)) == (1.5, -2.5)
    assert SeedPlane(point, directions, "normal").nearest((99.0, -99.0)) == (99.0, -99.0)
    assert np.isfinite(plane.latents([(MOST_SIGMA, -MOST_SIGMA)])).all()
