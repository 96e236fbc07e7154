"""Copy as command, as Python and as text: what is copied draws the very picture that the window shows."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hand import settle, shown, state_of, z_of
from PIL import Image
from PySide6.QtWidgets import QApplication
from small_models import generator

from latentlab.commands.edits import MAX_STRENGTH, MAX_TRUNCATION
from latentlab.latent import z_text
from latentlab.latent.directions import Direction
from latentlab.models.checkpoint import save_model
from latentlab.pixels import Pixels
from latentlab.session import changes, direction_changes, reproduce
from latentlab.session.point import Point
from latentlab.ui.main_window import MainWindow

ODD_NAMES = ('It\'s "so" $HOME', "a, b", "x=1", "x=1, y", "-dash", "a\\b `c`; *")
POINTS = 12


@pytest.fixture
def odd(tmp_path: Path, open_window: Callable[..., MainWindow]) -> MainWindow:
    """Open a model in a folder with a name that a shell would trip over, with directions of such names."""
    made = generator("odd")
    random = np.random.default_rng(0)
    own = tuple(
        Direction(name, "found", random.standard_normal(8).astype(np.float32), 1.0 + index / 7)
        for index, name in enumerate(ODD_NAMES)
    )
    folder = tmp_path / "it's a folder $1"
    folder.mkdir()
    path = folder / "odd.safetensors"
    save_model(path, made.card, made.weights, directions=own)
    return open_window(path)


def random_points(window: MainWindow, count: int) -> list[Point]:
    """Draw points as hands leave them: seeds and none, edits along odd names, truncated, renormalised."""
    random = np.random.default_rng(3)
    names = [*ODD_NAMES, "Factor 1", "z 3", "mine"]
    points = []
    for index in range(count):
        base = Point.from_seed(int(random.integers(0, 2**32)), 8, "normal")
        chosen = random.choice(names, int(random.integers(0, 3)), replace=False)
        point = replace(
            base,
            strengths={str(name): float(random.normal(0, 2)) for name in chosen},
            truncation=float(random.uniform(0.3, 1.3)) if index % 2 else 1.0,
            renormalised=index % 3 == 0,
        )
        points.append(point if index % 4 else Point(window.studio.z_of(point), origin="elsewhere"))
    return points


def test_copied_commands_and_snippets_give_equal_pixels(odd: MainWindow, tmp_path: Path) -> None:
    mine = Direction("mine", "found", np.arange(1, 9, dtype=np.float32), 1.3)
    odd.studio.apply(direction_changes.add_directions([mine], []), "")
    expected: list[Pixels] = []
    commands, snippets = [], []
    for index, point in enumerate(random_points(odd, POINTS)):
        odd.studio.apply(changes.put_in_place(point), "")
        settle(odd)
        expected.append(shown(odd.explore.canvas))
        odd.actions_["copy-command"].trigger()
        command = QApplication.clipboard().text()
        assert shlex.split(command)[-2:] == ["--out", "picture.png"]
        commands.append(f"(mkdir {index}; cd {index}; {command})")
        odd.actions_["copy-python"].trigger()
        snippets.append(f"{QApplication.clipboard().text()}\nimport numpy\nnumpy.save('{index}.npy', pixels)\n")
    assert any("--edit" in each for each in commands)
    assert any("--truncation" in each and "--renormalise" in each for each in commands)
    assert any(z_text.PREFIX in each for each in commands)
    # The shell is real, so that its quoting is; the entry point is the interpreter of this test.
    script = f'latentlab() {{ {shlex.quote(sys.executable)} -m latentlab "$@"; }}\nset -e\n' + "\n".join(commands)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run(["sh", "-c", script], cwd=tmp_path, env=environment, check=True, capture_output=True)
    subprocess.run([sys.executable, "-c", "\n".join(snippets)], cwd=tmp_path, env=environment, check=True)
    for index, pixels in enumerate(expected):
        with Image.open(tmp_path / str(index) / "picture.png") as image:
            assert np.array_equal(np.asarray(image), pixels), commands[index]
        assert np.array_equal(np.load(tmp_path / f"{index}.npy"), pixels), snippets[index]


def test_a_seed_and_edits_are_written_with_their_steps(window: MainWindow) -> None:
    model = window.studio.model
    assert model is not None
    point = replace(Point.from_seed(42, 8, "normal"), strengths={"Factor 1": 1.2}, truncation=0.8, renormalised=True)
    words = shlex.split(reproduce.as_command(point, model, window.studio.directions))
    assert words[3:] == [
        *("42", "--edit", "Factor 1=+1.2", "--truncation", "0.8", "--renormalise", "--out", "picture.png")
    ]
    assert "model.edit(z, {'Factor 1': 1.2})" in reproduce.as_python(point, model, window.studio.directions)


def test_a_false_seed_and_numbers_no_command_takes_are_written_as_a_latent(window: MainWindow) -> None:
    model = window.studio.model
    assert model is not None
    assert (reproduce.MAX_STRENGTH, reproduce.MAX_TRUNCATION) == (MAX_STRENGTH, MAX_TRUNCATION)
    seed = Point.from_seed(42, 8, "normal")
    for point in (
        replace(seed, base=np.ones(8, np.float32)),
        replace(seed, truncation=-0.5),
        replace(seed, strengths={"Factor 1": 1001.0}),
        replace(seed, strengths={"Factor 1": 1.0, "factor 1": 1.0}),
    ):
        z = z_text.encode(window.studio.z_of(point))
        assert shlex.split(reproduce.as_command(point, model, window.studio.directions))[3] == z


def test_a_copied_latent_is_pasted_bit_for_bit(window: MainWindow) -> None:
    window.studio.apply(changes.set_strength("Factor 1", 1.7), "")
    wanted = z_of(window)
    window.actions_["copy-latent"].trigger()
    assert QApplication.clipboard().text().startswith("z:")
    window.explore.roll()
    assert not np.array_equal(z_of(window), wanted)
    window.actions_["paste"].trigger()
    assert np.array_equal(z_of(window), wanted)
    window.actions_["undo"].trigger()
    assert not np.array_equal(z_of(window), wanted)


@pytest.mark.parametrize(
    ("text", "why"),
    [("z:AAAAAA==", "width 1, small takes 8"), ("z:AAAA!", "not base64"), ("z:AAAA", "cut short")],
)
def test_a_text_that_is_no_latent_of_this_model_is_told_of(window: MainWindow, text: str, why: str) -> None:
    before = state_of(window)
    QApplication.clipboard().setText(text)
    window.actions_["paste"].trigger()
    assert why in window.messages.text()
    assert state_of(window) is before


def test_a_model_in_no_file_cannot_be_written_as_code(window: MainWindow) -> None:
    window.studio.open_snapshot(generator("running"))
    QApplication.clipboard().setText("untouched")
    window.actions_["copy-command"].trigger()
    assert "is in no file yet" in window.messages.text()
    assert QApplication.clipboard().text() == "untouched"
