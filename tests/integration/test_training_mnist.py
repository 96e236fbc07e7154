"""A short run on real digits, through every file that it leaves."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from latentlab.export.sheet import write_sheet
from latentlab.models import networks
from latentlab.models.checkpoint import Generator, load_generator
from latentlab.pixels import Pixels, to_pixels
from latentlab.rendering.onnx_backend import OnnxBackend
from latentlab.session.run_evaluation import make_evaluate
from latentlab.training.config import TrainConfig
from latentlab.training.control import Control
from latentlab.training.events import Event, Finished, Tick
from latentlab.training.run import run_training
from latentlab.training.run_log import numbers

CONFIG = TrainConfig(kimg=6.0, width=8, z_dim=16, batch=32, lr=4e-3, ema_kimg=0.5, tick_kimg=2.0, evaluate_kimg=4.0)


@pytest.fixture(scope="module")
def digits(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Event]]:
    """Return the folder and the events of a run of 188 steps."""
    folder, events = tmp_path_factory.mktemp("runs") / "digits", list[Event]()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("LATENTLAB_DATA", str(real_data))
        run_training(
            CONFIG,
            folder,
            resume=None,
            device="cpu",
            control=Control(),
            emit=events.append,
            write_sheet=write_sheet,
            make_evaluate=make_evaluate,
        )
    torch.set_num_threads(threads)
    return folder, events


def eval_forward(model: Generator, z: np.ndarray) -> Pixels:
    network = networks.load(networks.build(model.card.generator.network), model.weights)
    with torch.inference_mode():
        return to_pixels(network(torch.from_numpy(z)).numpy())


def test_the_run_leaves_its_files(digits: tuple[Path, list[Event]]) -> None:
    folder, events = digits
    assert events[-1] == Finished(6.016, True, folder / "model-000006.safetensors")
    with Image.open(folder / "samples" / "000006.png") as sheet:
        assert sheet.size == (8 * 32, 8 * 32)
        assert sheet.mode == "L"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    assert (config["data"], config["size"], config["channels"], config["batch"]) == ("mnist", 32, 1, 32)
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [entry["kimg"] for entry in log] == [2.016, 4.0, 6.016]
    assert all(np.isfinite([value for _, value in numbers(entry)]).all() for entry in log)


def test_it_was_judged_by_the_test_digits_in_the_features_of_the_bundled_network(
    digits: tuple[Path, list[Event]],
) -> None:
    folder, _ = digits
    log = [json.loads(line) for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert ["frechet" in entry for entry in log] == [False, True, True]
    first, last = log[1:]
    assert "digits-classes" in last["space"]
    assert last["against"].startswith("2000 pictures of mnist, test split")
    assert last["floor"]["value"] < 0.1 * last["frechet"]["value"], "real digits are far better than so young a model"
    assert last["frechet"]["value"] < first["frechet"]["value"], "it gets better"
    made = load_generator(folder / "model-000006.safetensors")
    assert made.card.metrics["frechet"] == last["frechet"]["value"]
    assert made.card.training["evaluation"]["space"] == last["space"]


def test_d_tells_real_digits_from_generated(digits: tuple[Path, list[Event]]) -> None:
    log = [json.loads(line) for line in (digits[0] / "log.jsonl").read_text(encoding="utf-8").splitlines()]
    assert log[-1]["D_x"] > log[-1]["D_G_z1"] + 0.1


def test_the_model_knows_where_it_comes_from(digits: tuple[Path, list[Event]]) -> None:
    card = load_generator(digits[0] / "model-000006.safetensors").card
    assert (card.data.name, card.data.images) == ("mnist", 60_000)
    assert card.data.source.startswith("http")
    assert card.data.licence
    assert card.kimg == 6.016


def test_pictures_are_bright_in_the_middle_on_dark_as_digits_are(digits: tuple[Path, list[Event]]) -> None:
    last = [event for event in digits[1] if isinstance(event, Tick)][-1]
    mean = last.samples[..., 0].mean(0)
    border = np.concatenate([mean[:3].ravel(), mean[-3:].ravel(), mean[:, :3].ravel(), mean[:, -3:].ravel()])
    assert border.mean() < 60, "an untrained generator draws mid-grey, 127"
    assert mean[10:22, 10:22].mean() > border.mean() + 40
    assert last.samples.std(axis=0).mean() > 15, "all pictures are the same"


def test_onnx_draws_what_torch_draws(digits: tuple[Path, list[Event]]) -> None:
    model = load_generator(digits[0] / "model-000006.safetensors")
    z = np.random.RandomState(7).standard_normal((64, CONFIG.z_dim)).astype(np.float32)
    drawn = OnnxBackend(model).render(z, threads=1).astype(int)
    assert np.abs(drawn - eval_forward(model, z).astype(int)).max() <= 1
    alone = OnnxBackend(model).render(z[:1], threads=1).astype(int)
    assert np.abs(alone - drawn[:1]).max() <= 1, "a picture must not depend on its batch-mates"


def test_statistics_fit_the_averaged_weights(digits: tuple[Path, list[Event]]) -> None:
    """Each BatchNorm of the saved generator sees inputs with the mean and variance that it has stored."""
    model = load_generator(digits[0] / "model-000006.safetensors")
    network = networks.load(networks.build(model.card.generator.network), model.weights)
    values = torch.from_numpy(np.random.RandomState(8).standard_normal((4096, CONFIG.z_dim)).astype(np.float32))
    with torch.inference_mode():
        for module in network:
            if isinstance(module, torch.nn.BatchNorm2d):
                assert module.running_mean is not None
                assert module.running_var is not None
                spread = module.running_var.sqrt()
                off = (values.mean((0, 2, 3)) - module.running_mean).abs() / spread
                assert float(off.max()) < 0.2
                ratio = values.var((0, 2, 3)) / module.running_var
                assert 0.7 < float(ratio.min()) <= float(ratio.max()) < 1.4
            values = module(values)
