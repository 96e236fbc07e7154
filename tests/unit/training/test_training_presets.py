"""Ready settings: each is possible, and the paper's are the paper's."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import get_args

import pytest

from latentlab.training.config import TrainConfig
from latentlab.training.presets import PRESETS, PresetName
from latentlab.training.settings import SETTINGS


def test_presets_are_possible_and_named() -> None:
    assert tuple(PRESETS) == get_args(PresetName)
    names = {field.name for field in fields(TrainConfig)}
    for preset in PRESETS.values():
        assert preset.title
        assert preset.what.endswith(".")
        assert preset.values.keys() <= names
        assert isinstance(preset.config(), TrainConfig)


def test_custom_is_what_the_configuration_says_by_itself() -> None:
    assert PRESETS["custom"].config() == TrainConfig()


def test_the_paper_to_the_letter() -> None:
    """Section 4 of arXiv:1511.06434: batch 128, Adam at 0.0002 and 0.5; figure 1: z of 100 uniform, 1024 maps."""
    config = PRESETS["paper"].config()
    assert (config.batch, config.lr, config.beta1, config.lr_end, config.lr_critic) == (128, 2e-4, 0.5, 1.0, 0.0)
    assert (config.prior, config.z_dim, config.kernel, config.architecture) == ("uniform", 100, 5, "dcgan")
    assert config.width * 64 // 8 == 1024
    assert (config.loss, config.critic_steps, config.normalisation) == ("bce", 1, "batch")
    assert (config.smooth_real, config.smooth_fake, config.r1, config.augment) == (0.0, 0.0, 0.0, "")
    assert (config.ema_kimg, config.instance_noise, config.flips, config.conditional) == (0.0, 0.0, False, False)
    assert config.precision == "float32"


def test_what_is_given_goes_before_the_preset() -> None:
    config = PRESETS["paper"].config(batch=32, seed=7)
    assert config == replace(PRESETS["paper"].config(), batch=32, seed=7)


@pytest.mark.parametrize("name", ["kimg", "lr", "r1", "threads", "accumulate"])
def test_what_may_change_touches_neither_networks_nor_seeds(name: str) -> None:
    assert SETTINGS[name].changeable
    assert not any(SETTINGS[each].changeable for each in ("width", "kernel", "batch", "loss", "seed", "size", "prior"))
