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
from latentlab.training.config import TrainConfig
from latentlab.training.settings import AUGMENTATIONS, SETTINGS


def values_of(name: str) -> st.SearchStrategy[Any]:
    """Draw what a field may hold, by its row in the table."""
    setting, default = SETTINGS[name], getattr(TrainConfig, name)
    if setting.choices:
        return st.sampled_from(setting.choices)
    match default:
        case bool():
            return st.booleans()
        case int():
            return st.integers(int(setting.least), int(setting.most))
        case float():
            return st.floats(setting.least, setting.most)
    return st.text(min_size=1)


VALID: dict[str, st.SearchStrategy[Any]] = {field.name: values_of(field.name) for field in fields(TrainConfig)} | {
    "augment": st.lists(st.sampled_from(AUGMENTATIONS), unique=True).map(",".join),
    "batch": st.integers(0, 65536).filter(lambda batch: batch != 1),
    "accumulate": st.just(1),
    "class_weight": st.just(0.0),
    "critic_norm": st.sampled_from(("auto", "layer", "spectral", "none")),
}
configs = st.builds(TrainConfig, **VALID)


def test_every_field_has_a_row_in_the_same_order() -> None:
    assert list(SETTINGS) == [field.name for field in fields(TrainConfig)]
    for setting in SETTINGS.values():
        assert setting.title
        assert setting.what.endswith(".")


def test_every_value_of_the_paper_is_possible() -> None:
    for name, setting in SETTINGS.items():
        if setting.paper is not None:
            TrainConfig.from_mapping({name: setting.paper})


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
    setting, default = SETTINGS[name], getattr(TrainConfig, name)
    if name == "data":
        return st.sampled_from([None, True, 5, [], ""])
    if isinstance(default, bool):
        return st.sampled_from([None, 0, 1, "yes", []])
    nothing = st.sampled_from([None, True, [], {}, "x"])
    if name == "augment":
        return st.sampled_from([None, True, [], "x", ",", "colour,", "colour cutout", "Colour"])
    if isinstance(default, str) and not setting.choices:
        return st.sampled_from([None, True, 5, [], {}])  # any text may name something
    if setting.choices and isinstance(default, str):
        return st.one_of(st.text().filter(lambda text: text not in setting.choices), st.none(), st.integers())
    if setting.choices:
        return st.one_of(st.integers().filter(lambda value: value not in setting.choices), st.just(4.0), nothing)
    if isinstance(default, int):
        below, above = st.integers(max_value=int(setting.least) - 1), st.integers(min_value=int(setting.most) + 1)
        return st.one_of(below, above, st.just(2.5), nothing)
    below = st.floats(max_value=setting.least, exclude_max=True)
    above = st.floats(min_value=setting.most, exclude_min=True)
    return st.one_of(below, above, st.just(float("nan")), nothing)


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
    assert TrainConfig.from_mapping({"seed": 5, "colour_space": "lab"}) == TrainConfig(seed=5)


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


def test_a_run_of_before_reads_as_it_was() -> None:
    """``config.json`` of the first runs has none of the later settings; they then change nothing."""
    first = {"data": "mnist", "kimg": 5.0, "batch": 64, "lr": 1e-4, "r1": 1.0, "seed": 2}
    config = TrainConfig.from_mapping(first)
    assert (config.loss, config.critic_steps, config.normalisation, config.augmentations) == ("bce", 1, "batch", ())
    assert (config.architecture, config.accumulate, config.threads, config.conditional) == ("dcgan", 1, 0, False)
    assert (config.lr_critic, config.instance_noise, config.smooth_real, config.flips) == (0.0, 0.0, 0.0, False)


@pytest.mark.parametrize(
    ("loss", "steps", "norm"),
    [("bce", 1, "batch"), ("lsgan", 1, "batch"), ("wgan", 5, "batch"), ("wgan-gp", 5, "none"), ("hinge", 1, "batch")],
)
def test_a_loss_brings_the_steps_and_normalisation_that_it_needs(loss: str, steps: int, norm: str) -> None:
    config = TrainConfig.from_mapping({"loss": loss, "batch": 8})
    assert (config.critic_steps, config.normalisation, config.step_images) == (steps, norm, 8 * steps)
    assert TrainConfig.from_mapping({"loss": loss, "n_critic": 3}).critic_steps == 3


def test_a_penalty_of_single_pictures_does_not_go_with_statistics_of_batches() -> None:
    with pytest.raises(ValueRangeError, match="critic_norm: batch does not go with wgan-gp"):
        TrainConfig(loss="wgan-gp", critic_norm="batch")


@pytest.mark.parametrize("changes", [{"conditional": True}, {"loss": "began"}])
def test_what_has_no_logits_of_classes_has_no_class_term(changes: dict[str, Any]) -> None:
    with pytest.raises(ValueRangeError, match="class_weight: does not go with"):
        TrainConfig.from_mapping({"class_weight": 1.0, **changes})


@pytest.mark.parametrize(("batch", "accumulate"), [(8, 3), (8, 8), (9, 2)])
def test_a_batch_has_equal_parts_of_two_images_or_more(batch: int, accumulate: int) -> None:
    with pytest.raises(ValueRangeError, match=f"accumulate: a batch of {batch} has no {accumulate} equal parts"):
        TrainConfig(batch=batch, accumulate=accumulate)


def test_augmentations_are_named_with_or_without_spaces() -> None:
    assert TrainConfig(augment="colour, cutout").augmentations == ("colour", "cutout")
