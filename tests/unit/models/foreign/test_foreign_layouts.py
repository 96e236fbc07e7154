"""Every layout of the table, under its author's names and in its wrapper: opened, and drawn as its author draws it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from author_layouts import ROWS, Row, calibrated, example_discriminator, pytorch_example
from one_class import with_class
from torch import nn

from latentlab.models.checkpoint import Generator
from latentlab.models.foreign.opening import OpenedGuesses
from latentlab.models.layers import BatchNorm
from latentlab.pixels import Pixels, to_pixels
from latentlab.session.opened import OpenedModel

COUNT = 6
SMALL = Row(lambda: pytorch_example(width=4, depth=3), 32)


@pytest.fixture(scope="module")
def small() -> nn.Module:
    """Return a generator of 32x32 pictures as in the PyTorch example."""
    return calibrated(SMALL, seed=2)


def render(generator: Generator, z: torch.Tensor, y: torch.Tensor | None = None) -> Pixels:
    return OpenedModel(generator).render(z.numpy(), None if y is None else y.numpy())


def as_the_author_draws(row: Row, module: nn.Module, z: torch.Tensor, y: torch.Tensor | None = None) -> Pixels:
    with torch.no_grad():
        return to_pixels(row.forward(module, z, y).numpy())


def saved(path: Path, row: Row, module: nn.Module) -> OpenedGuesses:
    critic = example_discriminator(row.channels, row.size)
    torch.save(row.wrap(module, critic), path, _use_new_zipfile_serialization=not row.legacy)
    return opened(path)


def opened(path: Path) -> OpenedGuesses:
    """Open a file as the window and every command do."""
    model = OpenedModel.from_file(path)
    assert model.reading is not None
    guesses = model.reading.guesses
    assert guesses is not None
    assert model.generator is guesses.best
    return guesses


def is_drawn_alike(generator: Generator, row: Row, module: nn.Module) -> bool:
    z, y = row.sample(COUNT), torch.arange(COUNT) if row.classes else None
    expected = as_the_author_draws(row, module, z, y).astype(int)
    # Without contrast within a picture and between pictures, any two networks would agree.
    assert expected.std() > 10.0
    assert expected.std(axis=0).mean() > 5.0
    spec = generator.card.generator
    if (spec.z_dim, spec.classes, spec.height, spec.width) != (row.z_dim, row.classes, row.size, row.size):
        return False
    return bool(np.abs(render(generator, z, y) - expected).max() <= 1)


@pytest.mark.parametrize("name", ROWS)
def test_a_layout_is_opened_and_drawn_as_its_author_draws_it(name: str, tmp_path: Path) -> None:
    row = ROWS[name]
    module = calibrated(row, seed=0)
    guesses = saved(tmp_path / "netG.pth", row, module).guesses
    drawn_alike = [is_drawn_alike(guess.generator, row, module) for guess in guesses[:3]]
    assert drawn_alike[0] if row.first else any(drawn_alike), [guess.words for guess in guesses]
    right = guesses[drawn_alike.index(True)].generator
    assert right.card.generator.prior == row.prior
    epsilons = [part.eps for part in module.modules() if isinstance(part, nn.BatchNorm1d | nn.BatchNorm2d)]
    found = [layer.eps for layer in right.card.generator.network.layers if isinstance(layer, BatchNorm)]
    # The BatchNorm of a class's own branch is folded into what the class becomes.
    assert found == (epsilons if row.classes == 0 else epsilons[-len(found) :])
    assert right.card.notes.startswith("Read by shape from netG.pth")


def test_a_fixed_class_leaves_a_generator_of_z_alone(tmp_path: Path) -> None:
    for name in ("27 class appended", "27 two branches", "27 embedding multiplied"):
        row = ROWS[name]
        module = calibrated(row, seed=1)
        generator = saved(tmp_path / "cG.pt", row, module).best
        z = row.sample(3)
        fixed = with_class(generator, 7)
        expected = as_the_author_draws(row, module, z, torch.full((3,), 7))
        assert np.abs(render(fixed, z).astype(int) - expected).max() <= 1
        assert np.abs(render(with_class(generator, 2), z).astype(int) - expected).max() > 10


def test_every_rival_is_told_from_the_first_in_words(tmp_path: Path) -> None:
    row = ROWS["13 csinva mnist"]
    found = saved(tmp_path / "netG.pth", row, calibrated(row, seed=0))
    first, *rivals = found.guesses
    assert first.words == ""
    assert all(rival.words for rival in rivals)
    assert len({rival.words for rival in rivals}) == len(rivals)
    among_three = {rival.words for rival in rivals[:2]}
    assert among_three == {"output: sigmoid", "pictures of 32x32, sides 4-8-16-32-32"}
    assert not found.is_certain


@pytest.mark.parametrize(
    "wrap",
    [
        lambda G: G,
        lambda G: nn.DataParallel(G),
        lambda G: {"model": {"netG": G.state_dict()}, "epoch": 4},
        lambda G: {f"module.module.generator.{name}": value for name, value in G.state_dict().items()},
        lambda G: {f"_orig_mod.module.{name}": value for name, value in G.state_dict().items()},
        lambda G: [{"gen": {name: value.half() for name, value in G.state_dict().items()}}],
        lambda G: {"g": G.state_dict(), "g_ema": {n: v for n, v in G.state_dict().items() if "running" not in n}},
        lambda G: {name: value.double().numpy() for name, value in G.state_dict().items()},
        lambda G: dict(sorted(G.state_dict().items())),
        lambda G: dict(reversed(G.state_dict().items())),
    ],
    ids=["module", "DataParallel", "nested", "prefixes", "compiled", "half", "average", "numpy", "sorted", "reversed"],
)
def test_wrappers_are_opened(wrap: object, small: nn.Module, tmp_path: Path) -> None:
    torch.save(wrap(small), tmp_path / "x.pt")  # type: ignore[operator]
    assert is_drawn_alike(opened(tmp_path / "x.pt").best, SMALL, small)


def test_what_everyone_writes_needs_no_question(small: nn.Module, tmp_path: Path) -> None:
    torch.save(small.state_dict(), tmp_path / "x.pt")
    found = opened(tmp_path / "x.pt")
    assert found.is_certain
    assert found.guesses[0].misfit < 0.01


def test_the_average_is_preferred_and_the_discriminator_is_not(small: nn.Module, tmp_path: Path) -> None:
    row, live, average = SMALL, small, calibrated(SMALL, seed=4)
    D = example_discriminator(3, 32)
    torch.save({"D": D.state_dict(), "G": live.state_dict(), "G_ema": average.state_dict()}, tmp_path / "all.pt")
    found = opened(tmp_path / "all.pt")
    assert (found.network, found.others) == ("G_ema", ("D", "G"))
    assert is_drawn_alike(found.best, row, average)
    assert not is_drawn_alike(found.best, row, live)


def test_a_module_saved_whole_is_read_without_its_class_and_with_its_settings(tmp_path: Path) -> None:
    row = Row(lambda: pytorch_example(width=4), 64)
    module = calibrated(row, seed=0, passes=2)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.eps = 0.05
    torch.save(module, tmp_path / "whole.pt")
    found = opened(tmp_path / "whole.pt")
    assert {layer.eps for layer in found.best.card.generator.network.layers if isinstance(layer, BatchNorm)} == {0.05}
    assert is_drawn_alike(found.best, row, module)
