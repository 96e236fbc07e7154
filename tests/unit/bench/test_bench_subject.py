"""The model that is measured, and what it costs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from latentlab.bench.subject import Subject, floor_ms, multiply_adds, random_generator
from latentlab.errors import ModelFileError
from latentlab.models import dcgan
from latentlab.models.layers import Activation, Conv, ConvTranspose, Linear, Reshape
from latentlab.models.spec import GeneratorSpec, NetworkSpec
from latentlab.session.opened import OpenedModel


def test_the_multiply_adds_of_the_paper_s_generator() -> None:
    # Kernel x channels in x channels out, for every position that enters.
    by_hand = (
        100 * 512 * 16 * 1  # z to 512 maps of 4x4
        + 512 * 256 * 16 * 4 * 4
        + 256 * 128 * 16 * 8 * 8
        + 128 * 64 * 16 * 16 * 16
        + 64 * 3 * 16 * 32 * 32
    )
    assert by_hand == 104_628_224
    assert multiply_adds(dcgan.generator(64, 3, 64, 100)) == by_hand


def test_the_multiply_adds_of_every_kind_of_layer() -> None:
    network = NetworkSpec(
        (4,),
        (
            Linear(4, 8),  # 32
            Reshape(2, 2, 2),
            ConvTranspose(2, 3, 4, 2, 1),  # 2 * 3 * 16, for 2x2 values that enter
            Activation("relu"),
            Conv(3, 1, 3, 1, 1),  # 3 * 1 * 9, for 4x4 values that leave
            Activation("tanh"),
        ),
    )
    assert multiply_adds(GeneratorSpec("normal", network)) == 32 + 2 * 3 * 16 * 4 + 3 * 9 * 16


def test_the_floor_is_two_operations_a_multiply_add() -> None:
    spec = dcgan.generator(64, 3, 64, 100)
    assert floor_ms(spec, 1, 131.0) == pytest.approx(1.597, abs=0.001)
    assert floor_ms(spec, 64, 131.0) == pytest.approx(64 * floor_ms(spec, 1, 131.0))


def test_random_weights_draw_pictures_with_contrast() -> None:
    model = OpenedModel(random_generator(32, 3, 8))
    pixels = model.render(model.sample(4, seed=0))
    assert pixels.shape == (4, 32, 32, 3)
    assert np.std(pixels.astype(float)) > 20.0


def test_a_subject_is_written_where_none_is_named_and_read_where_one_is(tmp_path: Path) -> None:
    made = Subject.random(tmp_path)
    assert made.path.parent == tmp_path
    assert Subject.from_file(made.path) == made
    facts = made.to_json()
    assert (facts["width"], facts["height"], facts["channels"], facts["z_dim"]) == (64, 64, 3, 100)
    assert facts["multiply_adds"] == 104_628_224
    with pytest.raises(ModelFileError):
        Subject.from_file(tmp_path / "none.safetensors")
