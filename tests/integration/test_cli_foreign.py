"""Files of other projects on the command line: told about, converted, drawn, with a class where there are classes."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image
from torch import nn

import latentlab
from latentlab import cli, log, paths
from latentlab.export.latent_png import read_tag
from latentlab.models.foreign.batch_norm import with_statistics
from latentlab.models.foreign.choices import Choice, hash_of, remember
from latentlab.pixels import Pixels, enlarge, sheet, to_pixels

Captured = pytest.CaptureFixture[str]


class Conditional(nn.Module):
    """A cDCGAN of 16x16 pictures: z and one of ten classes side by side."""

    def __init__(self) -> None:
        super().__init__()
        self.deconv1, self.deconv1_bn = nn.ConvTranspose2d(20, 12, 4, 1, 0), nn.BatchNorm2d(12)
        self.deconv2, self.deconv2_bn = nn.ConvTranspose2d(12, 6, 4, 2, 1), nn.BatchNorm2d(6)
        self.deconv3 = nn.ConvTranspose2d(6, 1, 4, 2, 1)

    def forward(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        x = torch.cat([z, nn.functional.one_hot(y, 10).float()], 1)[:, :, None, None]
        x = torch.relu(self.deconv1_bn(self.deconv1(x)))
        return torch.tanh(self.deconv3(torch.relu(self.deconv2_bn(self.deconv2(x)))))


def settled(G: nn.Module, conditional: bool) -> nn.Module:
    """Give every layer weights at which pictures differ, and statistics of real batches."""
    torch.manual_seed(1)
    for part in G.modules():
        if isinstance(part, nn.ConvTranspose2d):
            nn.init.normal_(part.weight, 0.0, 0.4)
    with torch.no_grad():
        for _ in range(60):
            fed = [torch.randn(32, 10), torch.randint(10, (32,))] if conditional else [torch.randn(32, 10, 1, 1)]
            G(*fed)
    return G.eval()


@pytest.fixture(autouse=True)
def own_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's log, choices and cache out of it."""
    monkeypatch.setattr(log, "start", lambda: None)
    monkeypatch.setattr(paths, "config_dir", lambda: tmp_path / "config")
    monkeypatch.setattr(paths, "cache_dir", lambda: tmp_path / "cache")


@pytest.fixture(scope="module")
def plain() -> nn.Module:
    layers: list[nn.Module] = []
    for a, b, stride, padding in ((10, 12, 1, 0), (12, 6, 2, 1), (6, 1, 2, 1)):
        layers.append(nn.ConvTranspose2d(a, b, 4, stride, padding, bias=False))
        layers += [nn.Tanh()] if b == 1 else [nn.BatchNorm2d(b), nn.ReLU()]
    return settled(nn.Sequential(*layers), False)


@pytest.fixture(scope="module")
def conditional() -> nn.Module:
    return settled(Conditional(), True)


@pytest.fixture
def checkpoint(plain: nn.Module, tmp_path: Path) -> Path:
    D = nn.Sequential(nn.Conv2d(1, 8, 4, 2, 1), nn.LeakyReLU(0.2), nn.Conv2d(8, 1, 8, 1, 0))
    torch.save({"netG": plain.state_dict(), "netD": D.state_dict(), "epoch": 3}, tmp_path / "all.pth")
    return tmp_path / "all.pth"


@pytest.fixture
def classed(conditional: nn.Module, tmp_path: Path) -> Path:
    torch.save({"latent_dim": 10, "generator": conditional.state_dict()}, tmp_path / "cG.pt")
    return tmp_path / "cG.pt"


def run(capsys: Captured, *arguments: object, code: int = 0) -> tuple[str, str]:
    capsys.readouterr()
    assert cli.dispatch([str(argument) for argument in arguments]) == code
    captured = capsys.readouterr()
    return captured.out, captured.err


def drawn(G: nn.Module, z: np.ndarray, y: list[int] | None = None) -> Pixels:
    with torch.no_grad():
        tensor = torch.from_numpy(z)
        return to_pixels((G(tensor[:, :, None, None]) if y is None else G(tensor, torch.tensor(y))).numpy())


def picture(path: Path) -> Pixels:
    with Image.open(path) as image:
        return np.asarray(image)[..., None]


def assert_alike(pixels: Pixels, expected: Pixels) -> None:
    assert expected.std() > 20
    assert np.abs(pixels.astype(int) - expected).max() <= 1


# info


def test_info_tells_how_a_checkpoint_is_read(checkpoint: Path, capsys: Captured) -> None:
    told = json.loads(run(capsys, "info", checkpoint, "--json")[0])
    assert (told["generator"], told["network"], told["is"]) == (True, "netG", "a PyTorch checkpoint")
    assert (told["z_dim"], told["width"], told["channels"], told["classes"]) == (10, 16, 1, 0)
    assert told["layers"][0] == "transposed 4x4 stride 1 padding 0, BatchNorm, ReLU: 12 x 4 x 4"
    assert told["layers"][-1] == "transposed 4x4 stride 2 padding 1, tanh: 1 x 16 x 16"
    assert told["weights"] == 10 * 12 * 16 + 4 * 12 + 12 * 6 * 16 + 4 * 6 + 6 * 16
    assert [guess["number"] for guess in told["guesses"]] == list(range(1, len(told["guesses"]) + 1))
    assert told["guesses"][0]["words"] == ""
    assert "output: sigmoid" in {guess["words"] for guess in told["guesses"]}
    assert [(note["where"], note["what"]) for note in told["networks"]] == [
        ("netG", "a generator or the like"),
        ("netD", "a discriminator"),
    ]
    printed = run(capsys, "info", checkpoint)[0]
    for text in (told["hash"], "under netG", "netD: a discriminator", "output: sigmoid", "10 numbers, normal prior"):
        assert text in printed


def test_info_tells_what_is_no_generator(checkpoint: Path, tmp_path: Path, capsys: Captured) -> None:
    held = torch.load(checkpoint, weights_only=True)
    torch.save(held["netD"], tmp_path / "D.pth")
    told = json.loads(run(capsys, "info", tmp_path / "D.pth", "--json")[0])
    assert not told["generator"]
    assert told["why"].startswith("is a discriminator")
    assert [note["what"] for note in told["networks"]] == ["a discriminator"]
    printed, _ = run(capsys, "info", tmp_path / "D.pth")
    assert "without a generator" in printed
    assert "Open the generator trained with it." in printed
    adam = torch.optim.Adam(nn.Linear(2, 2).parameters())
    torch.save({"optimizer": adam.state_dict()}, tmp_path / "adam.pth")
    assert "optimiser only" in run(capsys, "info", tmp_path / "adam.pth")[0]
    (tmp_path / "text.pth").write_text("no checkpoint at all")
    error = run(capsys, "info", tmp_path / "text.pth", code=1)[1]
    assert error.startswith(f"latentlab: {tmp_path / 'text.pth'}: is neither a PyTorch checkpoint")


def test_info_tells_of_an_onnx_file_and_of_a_choice(checkpoint: Path, tmp_path: Path, capsys: Captured) -> None:
    run(capsys, "convert", checkpoint, tmp_path / "x.onnx")
    told = json.loads(run(capsys, "info", tmp_path / "x.onnx", "--json")[0])
    assert (told["is"], told["width"], told["weights"], told["layers"]) == ("an ONNX file", 16, None, [])
    assert "neither its layers" in told["closed"]
    assert not json.loads(run(capsys, "info", checkpoint, "--json")[0])["chosen"]
    remember(hash_of(checkpoint), Choice(statistics="batch"))
    assert json.loads(run(capsys, "info", checkpoint, "--json")[0])["chosen"]


def test_info_tells_the_classes(classed: Path, tmp_path: Path, capsys: Captured) -> None:
    run(capsys, "convert", classed, tmp_path / "a.safetensors")
    for name in ("cG.pt", "a.safetensors"):
        assert json.loads(run(capsys, "info", tmp_path / name, "--json")[0])["classes"] == 10
        assert any(line.split() == ["classes", "10"] for line in run(capsys, "info", tmp_path / name)[0].splitlines())


# convert


def test_pictures_stay_the_same_from_pth_to_safetensors_to_onnx(
    checkpoint: Path, plain: nn.Module, tmp_path: Path, capsys: Captured
) -> None:
    run(capsys, "convert", checkpoint, tmp_path / "a.safetensors")
    run(capsys, "convert", tmp_path / "a.safetensors", tmp_path / "b.onnx")
    z = latentlab.open_model(checkpoint).sample(6, seed=1)
    expected = drawn(plain, z)
    for name in ("all.pth", "a.safetensors", "b.onnx"):
        model = latentlab.open_model(tmp_path / name)
        assert_alike(model.render(z), expected)
        assert np.array_equal(model.sample(6, seed=1), z)
    session = onnxruntime.InferenceSession(tmp_path / "b.onnx", providers=["CPUExecutionProvider"])
    assert_alike(session.run(["pixels"], {"z": z})[0], expected)


def test_an_onnx_file_with_weights_beside_it_becomes_one_file(
    plain: nn.Module, tmp_path: Path, capsys: Captured
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(plain, (torch.randn(1, 10, 1, 1),), tmp_path / "two.onnx", verbose=False)
    run(capsys, "convert", tmp_path / "two.onnx", tmp_path / "one.onnx")
    (tmp_path / "two.onnx.data").unlink()
    model = latentlab.open_model(tmp_path / "one.onnx")
    z = model.sample(3, seed=1)
    assert_alike(model.render(z), drawn(plain, z))
    _, said = run(capsys, "convert", tmp_path / "one.onnx", tmp_path / "x.onnx", "--batch-norm", "batch", code=1)
    assert "BatchNorm is not available: an .onnx file shows neither" in said
    _, said = run(capsys, "info", tmp_path / "two.onnx", code=1)
    assert "keeps its weights in two.onnx.data, which is not there" in said
    assert said.count("\n") == 1


def test_classes_stay_from_pth_to_safetensors_to_onnx(
    classed: Path, conditional: nn.Module, tmp_path: Path, capsys: Captured
) -> None:
    run(capsys, "convert", classed, tmp_path / "a.safetensors")
    run(capsys, "convert", tmp_path / "a.safetensors", tmp_path / "b.onnx")
    y = [9, 0, 4, 4]
    for name in ("cG.pt", "a.safetensors", "b.onnx"):
        model = latentlab.open_model(tmp_path / name)
        assert (model.classes, model.z_dim) == (10, 10)
        z = model.sample(4)
        assert_alike(model.render(z, y), drawn(conditional, z, y))


def test_a_guess_and_statistics_can_be_named(checkpoint: Path, tmp_path: Path, capsys: Captured) -> None:
    guesses = json.loads(run(capsys, "info", checkpoint, "--json")[0])["guesses"]
    number = next(guess["number"] for guess in guesses if guess["words"] == "output: sigmoid")
    target = tmp_path / "a.safetensors"
    run(capsys, "convert", checkpoint, target, "--guess", number, "--batch-norm", "recalibrate")
    made = latentlab.open_model(target)
    reading = latentlab.open_model(checkpoint).reading
    assert reading is not None
    assert reading.guesses is not None
    expected = with_statistics(reading.guesses.guesses[number - 1].generator, "recalibrate")
    assert made.generator.content_hash == expected.content_hash
    # What was chosen for the file is what it is converted as, until another is named.
    remember(hash_of(checkpoint), Choice(expected.card.generator))
    run(capsys, "convert", checkpoint, target)
    assert "output sigmoid" in latentlab.open_model(target).generator.card.notes
    run(capsys, "convert", checkpoint, target, "--guess", 1)
    assert "output tanh" in latentlab.open_model(target).generator.card.notes
    before = latentlab.open_model(target).generator.content_hash
    run(capsys, "convert", target, tmp_path / "c.safetensors", "--batch-norm", "batch")
    assert latentlab.open_model(tmp_path / "c.safetensors").generator.content_hash != before


def test_what_cannot_be_converted_is_one_line(checkpoint: Path, tmp_path: Path, capsys: Captured) -> None:
    run(capsys, "convert", checkpoint, tmp_path / "x.onnx")
    run(capsys, "convert", checkpoint, tmp_path / "x.safetensors")
    for source, more, words in (
        ("x.onnx", [], "a conversion is not available: an .onnx file shows neither"),
        ("x.safetensors", ["--guess", 1], "--guess: 1 is not one of those of a checkpoint: it is a model already"),
        ("all.pth", ["--guess", 0], "--guess: 0 is not one of 1 to"),
    ):
        error = run(capsys, "convert", tmp_path / source, tmp_path / "y.safetensors", *more, code=1)[1]
        assert words in error
        assert error.count("\n") == 1
        assert not (tmp_path / "y.safetensors").exists()


# what is drawn


def test_a_checkpoint_is_drawn_by_every_command(
    checkpoint: Path, plain: nn.Module, tmp_path: Path, capsys: Captured
) -> None:
    model = latentlab.open_model(checkpoint)
    run(capsys, "sample", checkpoint, 5, "--out", tmp_path / "a.png")
    assert_alike(picture(tmp_path / "a.png"), drawn(plain, model.sample(1, 5))[0])
    tag = read_tag(tmp_path / "a.png")
    assert tag is not None
    assert (tag.model_hash, tag.label) == (model.generator.content_hash, None)
    run(capsys, "interpolate", checkpoint, 1, 2, "--frames", 3, "--out", tmp_path / "a.gif")
    run(capsys, "traverse", checkpoint, 1, "--direction", "Factor 1", "--out", tmp_path / "b.png")
    run(capsys, "arithmetic", checkpoint, "--expr", "1 - 2 + 3", "--out", tmp_path / "c.png")
    assert run(capsys, "directions", checkpoint, "--method", "pca", "--samples", 1000)[0].startswith("PC 1 of layer 2")


@pytest.mark.parametrize("suffix", [".pt", ".onnx"])
def test_the_class_is_chosen_and_kept(
    suffix: str, classed: Path, conditional: nn.Module, tmp_path: Path, capsys: Captured
) -> None:
    model_path = tmp_path / f"cG{suffix}"
    if suffix == ".onnx":
        run(capsys, "convert", classed, model_path)
    z = latentlab.open_model(model_path).sample(1, 5)
    out = tmp_path / "a.png"
    told = json.loads(run(capsys, "sample", model_path, 5, "--class", 7, "--out", out, "--json")[0])
    assert (told["pictures"][0]["class"], told["pictures"][0]["title"]) == (7, "seed 5, class 7")
    assert_alike(picture(out), drawn(conditional, z, [7])[0])
    tag = read_tag(out)
    assert tag is not None
    assert tag.label == 7
    run(capsys, "sample", model_path, out, "--out", tmp_path / "again.png")
    np.testing.assert_array_equal(picture(tmp_path / "again.png"), picture(out))
    run(capsys, "sample", model_path, out, 5, "--out", tmp_path / "both.png")
    both = drawn(conditional, np.concatenate([z, z]), [7, 0])
    assert_alike(picture(tmp_path / "both.png"), sheet(both, 2))


def test_walks_figures_and_sums_are_of_one_class(
    classed: Path, conditional: nn.Module, tmp_path: Path, capsys: Captured
) -> None:
    model = latentlab.open_model(classed)
    strip = tmp_path / "walk.png"
    run(capsys, "interpolate", classed, 1, 2, "--class", 3, "--frames", 2, "--size", 16, "--out", strip)
    ends = np.concatenate([model.sample(1, 1), model.sample(1, 2)])
    assert_alike(picture(strip), np.concatenate(list(drawn(conditional, ends, [3, 3])), axis=1))
    run(capsys, "traverse", classed, 1, "--direction", "z 1", "--class", 3, "--out", tmp_path / "figure.png")
    run(capsys, "arithmetic", classed, "--expr", "1", "--no-renormalise", "--class", 3, "--out", tmp_path / "sum.png")
    assert_alike(picture(tmp_path / "sum.png"), drawn(conditional, ends[:1], [3])[0])
    run(capsys, "sample", classed, 1, "--class", 4, "--scale", 2, "--out", tmp_path / "four.png")
    assert_alike(picture(tmp_path / "four.png"), enlarge(drawn(conditional, ends[:1], [4])[0], 2))
    mixed = (tmp_path / "sum.png", tmp_path / "four.png")
    error = run(capsys, "interpolate", classed, *mixed, "--frames", 2, "--out", strip, code=2)[1]
    assert "the points are of several classes. Name the one to draw with --class K." in error
    run(capsys, "directions", classed, "--method", "local", "--class", 3)


@pytest.mark.parametrize("first", ["sample", "interpolate", "traverse", "arithmetic"])
def test_a_class_that_is_not_there_is_one_line(
    first: str, classed: Path, checkpoint: Path, tmp_path: Path, capsys: Captured
) -> None:
    rest: dict[str, list[object]] = {
        "sample": [1],
        "interpolate": [1, 2],
        "traverse": [1, "--direction", "z 1"],
        "arithmetic": ["--expr", "1"],
    }
    for model, words in (
        (classed, "class 10: cG has 10 classes, counted from 0"),
        (checkpoint, "class 10: all has no classes"),
    ):
        error = run(capsys, first, model, *rest[first], "--class", 10, "--out", tmp_path / "x.png", code=1)[1]
        assert words in error
        assert error.count("\n") == 1
