"""What a run may be told, and what is refused in one clear line."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlab.errors import ValueRangeError
from latentlab.models.dcgan import SIZES
from latentlab.training.config import MAX_KIMG, TrainConfig

VALID: dict[str, st.SearchStrategy[Any]] = {
    "data": st.text(min_size=1),
    "kimg": st.floats(0.001, MAX_KIMG),
    "size": st.sampled_from((0, *SIZES)),
    "channels": st.sampled_from((0, 1, 3)),
    "width": st.integers(1, 1024),
    "critic_width": st.integers(0, 1024),
    "z_dim": st.integers(1, 4096),
    "prior": st.sampled_from(("normal", "uniform")),
    "kernel": st.sampled_from((4, 5)),
    "batch": st.integers(0, 65536).filter(lambda batch: batch != 1),
    "lr": st.floats(1e-8, 1.0),
    "lr_end": st.floats(0.0, 1.0),
    "r1": st.floats(0.0, 1e6),
    "beta1": st.floats(0.0, 0.9999),
    "beta2": st.floats(0.0, 0.999999),
    "ema_kimg": st.floats(0.0, 1e6),
    "tick_kimg": st.floats(0.0, 1e6),
    "precision": st.sampled_from(("float32", "bfloat16")),
    "seed": st.integers(0, 2**32 - 1),
}
configs = st.builds(TrainConfig, **VALID)


def test_every_field_is_tested() -> None:
    assert set(VALID) == {field.name for field in fields(TrainConfig)}


@given(config=configs)
def test_json_keeps_everything(config: TrainConfig) -> None:
    assert TrainConfig.from_mapping(json.loads(config.to_json())) == config


@given(config=configs)
def test_ticks_and_totals_are_whole_images(config: TrainConfig) -> None:
    assert config.total_images >= 1
    assert config.tick_images >= 1
    if config.tick_kimg:
        assert math.isclose(config.tick_images, config.tick_kimg * 1000, abs_tol=1.0)
    else:
        assert config.tick_images == max(1000, round(config.kimg * 20))


def bad_values(name: str) -> st.SearchStrategy[Any]:
    nothing = st.sampled_from([None, True, [], {}, "x"]) if name != "data" else st.sampled_from([None, True, 5, [], ""])
    match name:
        case "data":
            return nothing
        case "prior" | "precision":
            known = ("normal", "uniform", "float32", "bfloat16")
            return st.one_of(st.text().filter(lambda text: text not in known), st.none(), st.integers())
        case "size" | "channels" | "kernel":
            allowed = {"size": (0, *SIZES), "channels": (0, 1, 3), "kernel": (4, 5)}[name]
            return st.one_of(st.integers().filter(lambda value: value not in allowed), st.just(4.0), nothing)
        case "kimg" | "lr" | "lr_end" | "r1" | "beta1" | "beta2" | "ema_kimg" | "tick_kimg":
            below = st.floats(max_value=-1e-9, allow_infinity=True)
            above = st.floats(min_value=1e6 + 1)
            return st.one_of(below, above, st.just(float("nan")), nothing)
        case _:
            most = {"width": 1024, "critic_width": 1024, "z_dim": 4096, "batch": 65536, "seed": 2**32 - 1}[name]
            return st.one_of(st.integers(max_value=-1), st.integers(min_value=most + 1), st.just(2.5), nothing)


@given(data=st.data(), name=st.sampled_from(sorted(VALID)))
def test_bad_values_are_refused_by_name_in_one_line(data: st.DataObject, name: str) -> None:
    value = data.draw(bad_values(name))
    with pytest.raises(ValueRangeError) as refusal:
        TrainConfig.from_mapping(asdict(TrainConfig()) | {name: value})
    assert str(refusal.value).startswith(f"{name}: ")
    assert len(str(refusal.value).splitlines()) == 1


def test_a_batch_of_one_is_refused() -> None:
    with pytest.raises(ValueRangeError, match="BatchNorm"):
        TrainConfig(batch=1)


def test_fields_of_other_versions_are_ignored() -> None:
    assert TrainConfig.from_mapping({"seed": 5, "loss": "bce"}) == TrainConfig(seed=5)


def test_resolving_checks_too() -> None:
    chosen = {"size": 32, "channels": 1, "batch": 64}
    assert TrainConfig().resolved(**chosen) == replace(TrainConfig(), **chosen)
    with pytest.raises(ValueRangeError, match="33 is not one of 16, 32, 64, 128, 256"):
        TrainConfig().resolved(size=33)


@pytest.mark.parametrize(
    ("kimg", "tick_kimg", "tick_images"), [(1000.0, 0.0, 20_000), (5.0, 0.0, 1000), (5.0, 0.25, 250), (5.0, 1e-5, 1)]
)
def test_tick_images(kimg: float, tick_kimg: float, tick_images: int) -> None:
    assert TrainConfig(kimg=kimg, tick_kimg=tick_kimg).tick_images == tick_images
