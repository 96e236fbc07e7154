"""``latentlab train``: its options are the fields of `TrainConfig`, and only those given count."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
import tyro

from latentlab.commands.train import Train
from latentlab.training.config import TrainConfig
from latentlab.training.settings import SETTINGS

LEAST = ("--data", "mnist", "--out", "run")


def parsed(*words: str) -> Any:
    return tyro.cli(Train, args=[*LEAST, *words], config=(tyro.conf.FlagCreatePairsOff,))


def words_of(name: str) -> tuple[list[str], Any]:
    """Name a value other than the default of a field, as one types it."""
    setting, default = SETTINGS[name], getattr(TrainConfig, name)
    option = f"--{name.replace('_', '-')}"
    if isinstance(default, bool):
        return [option], True
    if setting.choices:
        value = next(choice for choice in setting.choices if choice != default)
    elif isinstance(default, str):
        value = "cutout"
    else:
        value = type(default)(max(setting.least, 0.25 if isinstance(default, float) else 3))
    return [option, str(value)], value


def test_nothing_is_given_but_what_is_named() -> None:
    train = parsed()
    assert train.given() == {"data": "mnist"}
    assert (train.out, train.preset, train.resume, train.device, train.json) == (
        Path("run"),
        None,
        False,
        "auto",
        False,
    )


@pytest.mark.parametrize("name", [field.name for field in fields(TrainConfig) if field.name != "data"])
def test_every_field_is_an_option(name: str) -> None:
    words, value = words_of(name)
    assert parsed(*words).given() == {"data": "mnist", name: value}


def test_a_zero_that_is_given_counts() -> None:
    assert parsed("--ema-kimg", "0", "--r1", "0").given() == {"data": "mnist", "ema_kimg": 0.0, "r1": 0.0}


@pytest.mark.parametrize("words", [("--loss", "mse"), ("--batch", "many"), ("--preset", "fast"), ("--no-such-option",)])
def test_nonsense_is_a_mistake_of_usage(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        parsed(*words)
    assert leaving.value.code == 2
    assert capsys.readouterr().err


def test_help_explains_every_field(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed("--help")
    shown = " ".join(capsys.readouterr().out.replace("│", " ").split())
    for name, setting in SETTINGS.items():
        assert f"--{name.replace('_', '-')}" in shown
        assert setting.what in shown
