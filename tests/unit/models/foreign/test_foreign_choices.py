"""What the user chose for a file: remembered by what is in it, carried out, set by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from author_layouts import DOUBLE, FIRST, Named, Row, calibrated, chain
from hostile_files import tiny
from torch import nn

import latentlab
from latentlab.errors import ModelFileError, OutputError
from latentlab.models.foreign import by_hand, choices
from latentlab.models.foreign.batch_norm import STATISTICS
from latentlab.models.foreign.choices import Choice, hash_of, remember, remembered
from latentlab.models.foreign.differences import hidden_of, output_of
from latentlab.models.foreign.opening import OpenedGuesses, open_foreign
from latentlab.models.layers import Activation, BatchNorm
from latentlab.models.spec import GeneratorSpec
from latentlab.pixels import Pixels, to_pixels
from latentlab.session.opened import OpenedModel


@pytest.fixture(scope="module")
def trained() -> nn.Module:
    return tiny().eval()


@pytest.fixture(scope="module")
def guesses(trained: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> OpenedGuesses:
    path = tmp_path_factory.mktemp("guesses") / "netG.pth"
    torch.save(trained.state_dict(), path)
    return open_foreign(path)


@pytest.fixture
def path(trained: nn.Module, tmp_path: Path) -> Path:
    torch.save(trained.state_dict(), tmp_path / "netG.pth")
    return tmp_path / "netG.pth"


def spec_of(guesses: OpenedGuesses) -> GeneratorSpec:
    return guesses.best.card.generator


def test_a_choice_is_found_again_wherever_the_file_lies(path: Path, guesses: OpenedGuesses, tmp_path: Path) -> None:
    second = guesses.guesses[1].generator.card.generator
    remember(hash_of(path), Choice(second, "recalibrate"))
    moved = path.rename(tmp_path / "elsewhere.bin")
    model = latentlab.open_model(moved)
    assert model.reading is not None
    assert model.reading.choice == Choice(second, "recalibrate")
    assert model.reading.is_certain
    assert model.generator.card.generator == second
    assert model.generator.card.notes.startswith("Read by shape from elsewhere.bin: ")
    assert model.generator.card.notes.endswith("BatchNorm's statistics were estimated anew.")
    expected = OpenedModel(by_hand.chosen(guesses, Choice(second, "recalibrate")))
    assert np.array_equal(model.render(model.sample(2)), expected.render(model.sample(2)))
    remember(hash_of(moved), None)
    assert latentlab.open_model(moved).generator.card.generator == spec_of(guesses)
    assert remembered(hash_of(moved)) is None


def test_a_choice_that_is_given_comes_before_the_one_remembered(path: Path, guesses: OpenedGuesses) -> None:
    second, third = (guess.generator.card.generator for guess in guesses.guesses[1:3])
    remember(hash_of(path), Choice(second))
    assert OpenedModel.from_file(path, Choice(third)).generator.card.generator == third


def test_a_choice_that_no_longer_fits_is_told_of(path: Path, guesses: OpenedGuesses) -> None:
    other = Named(main=nn.Sequential(*chain([6, 8, 4, 1], [FIRST, DOUBLE, DOUBLE])))
    strange = path.with_name("other.pth")
    torch.save(calibrated(Row(lambda: other, 16, 1, 6), 0, passes=3).state_dict(), strange)
    foreign = latentlab.open_model(strange).generator.card.generator
    remember(hash_of(path), Choice(foreign))
    model = latentlab.open_model(path)
    assert model.reading is not None
    assert model.reading.choice is None
    assert "no longer read as was chosen" in " ".join(model.reading.remarks)
    assert model.generator.card.generator == spec_of(guesses)
    with pytest.raises(ModelFileError, match="cannot be read as it was chosen: its layers are not those"):
        OpenedModel.from_file(path, Choice(foreign))


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", '{"format": 99, "files": {}}', "[" * 100_000, '{"format": 1, "files": {"KEY": 3}}']
    + [
        f'{{"format": 1, "files": {{"KEY": {entry}}}}}'
        for entry in (
            '{"spec": {"layers": []}}',
            '{"spec": null, "statistics": "none"}',
            '{"spec": null, "prior": "cauchy"}',
            '{"spec": null, "range": 3}',
        )
    ],
)
def test_a_damaged_store_is_as_good_as_none(text: str, path: Path, own_config: Path, guesses: OpenedGuesses) -> None:
    own_config.mkdir()
    (own_config / "readings.json").write_text(text.replace("KEY", hash_of(path)))
    assert remembered(hash_of(path)) is None
    assert latentlab.open_model(path).generator.card.generator == spec_of(guesses)
    remember(hash_of(path), Choice(statistics="batch"))
    assert remembered(hash_of(path)) == Choice(statistics="batch")


def test_the_oldest_are_forgotten(own_config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choices, "MAX_FILES", 3)
    for name in ("a", "b", "c", "a", "d"):
        remember(name, Choice(prior="uniform", range="0..255"))
    assert [name for name in "abcd" if remembered(name)] == ["a", "c", "d"]
    assert len(json.loads((own_config / "readings.json").read_text())["files"]) == 3


def test_a_store_that_cannot_be_written_is_one_line(own_config: Path) -> None:
    own_config.write_text("a file where the folder should be")
    with pytest.raises(OutputError, match="cannot be written"):
        remember("a", Choice())
    assert remembered("a") is None


def drawn(module: nn.Module, z: np.ndarray) -> Pixels:
    with torch.no_grad():
        return to_pixels(module(torch.from_numpy(z)[:, :, None, None]).numpy())


def with_leaky(module: nn.Module) -> nn.Module:
    return nn.Sequential(*(nn.LeakyReLU(0.3) if isinstance(each, nn.ReLU) else each for each in module.main))  # type: ignore[union-attr, arg-type]


def sigmoid(module: nn.Module) -> nn.Module:
    class Twice(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.sigmoid(x) * 2 - 1

    return nn.Sequential(*list(module.main)[:-1], Twice())  # type: ignore[arg-type]


def without(module: nn.Module) -> nn.Module:
    return nn.Sequential(*list(module.main)[:-1])  # type: ignore[arg-type]


def other_eps(module: nn.Module) -> nn.Module:
    for each in module.modules():
        if isinstance(each, nn.BatchNorm2d):
            each.eps = 0.7
    return module


SETTINGS: dict[str, tuple[Callable[[GeneratorSpec], GeneratorSpec], Callable[[nn.Module], nn.Module]]] = {
    "hidden": (lambda spec: by_hand.with_hidden(spec, Activation("leaky_relu", 0.3)), with_leaky),
    "sigmoid": (lambda spec: by_hand.with_output(spec, "sigmoid"), sigmoid),
    "none": (lambda spec: by_hand.with_output(spec, "none"), without),
    "eps": (lambda spec: by_hand.with_eps(spec, 0.7), other_eps),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_field_set_by_hand_draws_as_such_a_network_would(name: str, guesses: OpenedGuesses) -> None:
    change, built = SETTINGS[name]
    spec = change(spec_of(guesses))
    model = OpenedModel(by_hand.chosen(guesses, Choice(spec)))
    z = model.sample(5, seed=3)
    expected = drawn(built(tiny().eval()), z)
    assert np.abs(model.render(z).astype(int) - expected).max() <= 1
    assert np.abs(OpenedModel(guesses.best).render(z).astype(int) - expected).max() > 3
    assert model.generator.content_hash != guesses.best.content_hash


def test_fields_read_back_and_can_be_set_back(guesses: OpenedGuesses) -> None:
    spec = spec_of(guesses)
    changed = by_hand.with_eps(
        by_hand.with_output(by_hand.with_hidden(spec, Activation("leaky_relu", 0.1)), "sigmoid"), 0.5
    )
    assert (hidden_of(changed), output_of(changed)) == ("LeakyReLU 0.1", "sigmoid")
    assert {layer.eps for layer in changed.network.layers if isinstance(layer, BatchNorm)} == {0.5}
    assert by_hand.with_eps(by_hand.with_output(by_hand.with_hidden(changed, Activation("relu")), "tanh"), 1e-5) == spec
    assert by_hand.with_prior(spec, "uniform") == replace(spec, prior="uniform")
    assert GeneratorSpec.from_json(changed.to_json()) == changed


def test_a_convolution_moves_as_it_is_told(guesses: OpenedGuesses, trained: nn.Module) -> None:
    spec = spec_of(guesses)
    moves = by_hand.moves(spec)
    assert [(move.kernel, move.stride, move.padding, move.side) for move in moves] == [
        (4, 1, 0, 4),
        (4, 2, 1, 8),
        (4, 2, 1, 16),
        (4, 2, 1, 32),
    ]
    changed = by_hand.with_move(spec, moves[-1].layer, 1, 0)
    assert (changed.height, changed.width) == (19, 19)
    model = OpenedModel(by_hand.chosen(guesses, Choice(changed)))
    convolutions = [each for each in trained.modules() if isinstance(each, nn.ConvTranspose2d)]
    last = convolutions[-1]
    before = last.stride, last.padding
    last.stride, last.padding = (1, 1), (0, 0)
    try:
        expected = drawn(trained, model.sample(3))
    finally:
        last.stride, last.padding = before  # type: ignore[assignment]
    assert np.abs(model.render(model.sample(3)).astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    "change",
    [
        lambda spec: by_hand.with_move(spec, 1, 0, 0),
        lambda spec: by_hand.with_move(spec, 1, 1, 9),
        lambda spec: by_hand.with_move(spec, 4, 2, 1, 2),
        lambda spec: by_hand.with_move(spec, 2, 2, 1),
        lambda spec: by_hand.with_move(spec, 4, 500, 0),
        lambda spec: by_hand.with_eps(spec, -1.0),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    change: Callable[[GeneratorSpec], GeneratorSpec], guesses: OpenedGuesses
) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        change(spec_of(guesses))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("statistics", STATISTICS)
def test_statistics_are_kept_with_the_choice(statistics: str, path: Path) -> None:
    choice = Choice(statistics=statistics)  # type: ignore[arg-type]
    remember(hash_of(path), choice)
    assert remembered(hash_of(path)) == choice
