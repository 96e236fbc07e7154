"""Feature spaces, the deal of real pictures, the path length, and the table as a whole."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from latentlab import paths
from latentlab.analysis.metrics import feature_training, spaces
from latentlab.analysis.metrics.evaluation import Evaluation, evaluate
from latentlab.analysis.metrics.evaluator import training_evaluator
from latentlab.analysis.metrics.feature_space import FeatureSpace, network_space, pixel_space
from latentlab.analysis.metrics.feature_training import Recipe, train_on_labels, train_on_turns
from latentlab.analysis.metrics.held_out import HeldOut, Source, only_listed
from latentlab.analysis.metrics.inception import inception_space
from latentlab.analysis.metrics.latents import Latents
from latentlab.analysis.metrics.path_length import path_length
from latentlab.analysis.metrics.spaces import Wish, fitting_network, prepare
from latentlab.analysis.progress import Progress
from latentlab.data.dataset import DataSet
from latentlab.errors import Cancelled, DataError, ModelFileError, UsageError
from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.models.card import DataSource
from latentlab.models.classifier_file import Classifier, ClassifierCard, Output, save_classifier
from latentlab.models.layers import Linear, Reshape
from latentlab.models.spec import NetworkSpec
from latentlab.pixels import Pixels

SIDE_PX = 16
Z_DIM = 3
QUICK = Recipe(pictures=1280, batch=64)


def discs(z: FloatArray, y: IntArray | None = None) -> Pixels:
    """Draw a disc: where it is and how large, by z; its grey level by the class, else white."""
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    right, down, size = (np.tanh(z[:, index])[:, None, None] for index in range(3))
    radius = 3.0 + 1.5 * size
    ink = np.clip(radius - np.hypot(columns - 8 - 4 * right, rows - 8 - 4 * down), 0, 1)
    level = 255.0 if y is None else (120.0 + 60.0 * y)[:, None, None]
    return np.rint(ink * level).astype(np.uint8)[..., None]


def arrows(count: int, seed: int) -> tuple[Pixels, np.ndarray]:
    """Draw bright triangles that point up, noisy, and say in which half of the picture each is."""
    random = np.random.RandomState(seed)
    rows, columns = np.mgrid[:SIDE_PX, :SIDE_PX]
    across = random.randint(4, 12, count)
    shape = np.abs(columns - across[:, None, None]) < (rows - 3) / 3.0
    inside = shape & (rows < 12)
    noise = random.randint(0, 60, (count, SIDE_PX, SIDE_PX))
    return (inside * 180 + noise).astype(np.uint8)[..., None], (across >= 8).astype(np.int64)


def real_discs(count: int, seed: int = 99) -> Pixels:
    return discs(Latents(Z_DIM, "normal", seed=seed).take(count)[0])


def held_out(count: int = 300) -> HeldOut:
    pixels = real_discs(2 * count)
    return HeldOut("discs", "test split", pixels[:count], pixels[count:], "16x16")


def network(name: str = "net", channels: int = 1, data: str = "discs") -> Classifier:
    width = channels * SIDE_PX * SIDE_PX
    spec = NetworkSpec((channels, SIDE_PX, SIDE_PX), (Reshape(width, 0, 0), Linear(width, 6), Linear(6, 2)))
    random = np.random.RandomState(0)
    weights = {key: random.standard_normal(shape).astype(np.float32) * 0.1 for key, shape in spec.tensors().items()}
    outputs = (Output("a", 0.9, 1, 1), Output("b", 0.9, 1, 1))
    return Classifier(ClassifierCard(name, "softmax", spec, outputs, DataSource(data)), weights)


@pytest.fixture
def space() -> FeatureSpace:
    return network_space(network(), threads=1)


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "cache_dir", lambda: tmp_path / "cache")


def row(found: Evaluation, key: str) -> tuple[float, float]:
    """Return a measurement of the model and of the other real pictures."""
    measurement = next(each for each in found.measurements if each.key == key)
    return measurement.model.value, math.nan if measurement.real is None else measurement.real.value


# path length


def test_an_even_walk_has_the_length_of_its_ends() -> None:
    """Features equal to z: a straight path from z to z' has the squared length |z - z'|^2, the unit taken here."""
    latents = Latents(8, "uniform", seed=3)
    ends, _ = latents.take(2000)
    unit = float(((ends[::2] - ends[1::2]) ** 2).sum(axis=1).mean())
    plain: Callable[[FloatArray, IntArray | None], Pixels] = lambda z, _: z  # type: ignore[assignment,return-value]  # noqa: E731
    found = path_length(plain, lambda pixels: pixels.astype(np.float32), latents, unit, 1000)
    assert found.value == pytest.approx(1.0, abs=0.02)  # less the two trimmed ends
    jump: Callable[[FloatArray, IntArray | None], Pixels] = lambda z, _: np.sign(z)  # type: ignore[assignment,return-value]  # noqa: E731
    assert path_length(jump, lambda pixels: pixels.astype(np.float32), latents, unit, 1000).value > 5.0


def test_both_ends_of_a_step_are_of_one_class(space: FeatureSpace) -> None:
    seen: list[IntArray] = []

    def draw(z: FloatArray, y: IntArray | None) -> Pixels:
        assert y is not None
        seen.append(y)
        return discs(z, y)

    path_length(draw, space, Latents(Z_DIM, "normal", classes=3), 1.0, 100)
    classes = np.concatenate(seen)
    assert (classes[::2] == classes[1::2]).all()
    assert set(classes) == {0, 1, 2}


# the table


def test_a_perfect_generator_is_as_good_as_real_pictures(space: FeatureSpace) -> None:
    found = evaluate(lambda z, y: discs(z), Latents(Z_DIM, "normal"), held_out(), space, 300)
    for key in ("frechet", "precision", "recall", "coverage", "diversity", "nearest_300", "swd"):
        model, real = row(found, key)
        measured = next(each for each in found.measurements if each.key == key)
        assert measured.real is not None
        assert abs(model - real) < 5.0 * math.hypot(measured.model.error, measured.real.error), key
        assert measured.model.pictures <= 300
        assert measured.against in (0, 300)


def test_a_collapsed_generator_is_found_out(space: FeatureSpace) -> None:
    good = evaluate(lambda z, y: discs(z), Latents(Z_DIM, "normal"), held_out(), space, 300)
    collapsed = evaluate(lambda z, y: discs(0.1 * z), Latents(Z_DIM, "normal"), held_out(), space, 300)
    for key, sign in (
        ("frechet", 1),
        ("kid", 1),
        ("recall", -1),
        ("coverage", -1),
        ("nearest_300", 1),
        ("diversity", -1),
    ):
        assert sign * (row(collapsed, key)[0] - row(good, key)[0]) > 0.0, key
    assert row(collapsed, "frechet")[0] > 10.0 * row(collapsed, "frechet")[1]


def test_more_samples_than_real_pictures_count_for_neighbours_alone(space: FeatureSpace) -> None:
    found = evaluate(lambda z, y: discs(z), Latents(Z_DIM, "normal"), held_out(), space, 1000)
    counted = {each.key: each.model.pictures for each in found.measurements}
    assert counted["frechet"] == counted["precision"] == 300
    assert counted["nearest_1000"] == 1000
    assert math.isnan(row(found, "nearest_1000")[1])


def test_the_table_names_everything_that_its_numbers_depend_on(space: FeatureSpace) -> None:
    found = evaluate(lambda z, y: discs(z), Latents(Z_DIM, "normal", seed=4), held_out(), space, 300, "mine", since=0.0)
    text = "\n".join(found.lines())
    for part in (
        "mine",
        "300 untruncated samples, seed 4",
        "discs (test split), 300 + 300",
        "net",
        "6 penultimate",
        "16x16",
    ):
        assert part in text
    assert text.count(" ± ") >= 2 * len(found.measurements) - 1
    assert json.loads(json.dumps(found.facts()))["measurements"][0]["key"] == "frechet"
    assert found.seconds > 0.0
    again = evaluate(lambda z, y: discs(z), Latents(Z_DIM, "normal", seed=4), held_out(), space, 300, "mine")
    assert again.measurements == found.measurements


def test_pictures_that_all_look_the_same_are_refused(space: FeatureSpace) -> None:
    same = np.zeros((200, SIDE_PX, SIDE_PX, 1), np.uint8)
    black = HeldOut("black", "all of it", same, same, "16x16")
    with pytest.raises(DataError, match="all look the same"):
        evaluate(lambda z, y: discs(z), Latents(Z_DIM, "normal"), black, space, 100)


def test_an_evaluation_can_be_called_off_at_any_time(space: FeatureSpace) -> None:
    told: list[float] = []

    def work(progress: Progress) -> Evaluation:
        return evaluate(lambda z, y: discs(z), Latents(Z_DIM, "normal"), held_out(), space, 100, progress=progress)

    work(told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    for limit in (0.05, 0.3, 0.7, 0.95):

        def stop(done: float, limit: float = limit) -> None:
            if done >= limit:
                raise Cancelled

        with pytest.raises(Cancelled):
            work(stop)


def test_the_evaluator_of_a_training_agrees_with_the_table(space: FeatureSpace) -> None:
    latents = Latents(Z_DIM, "normal", seed=5)
    judge = training_evaluator(held_out(), space, latents, 300)
    good, bad = judge(lambda z, y: discs(z), lambda _: None), judge(lambda z, y: discs(0.1 * z), lambda _: None)
    table = evaluate(lambda z, y: discs(z), latents, held_out(), space, 300)
    assert (good.frechet.value, good.floor.value) == row(table, "frechet")
    assert good.precision.value == row(table, "precision")[0]
    assert good.diversity.value == pytest.approx(np.divide(*row(table, "diversity")))
    assert bad.frechet.value > good.frechet.value
    assert bad.diversity.value < 0.5 < good.diversity.value
    assert good.space == space.name
    assert json.dumps(good.facts())


def test_pictures_that_all_look_the_same_judge_no_training(space: FeatureSpace) -> None:
    alike = replace(held_out(), second=np.repeat(held_out().second[:1], 300, axis=0))
    with pytest.raises(DataError, match="its pictures all look the same"):
        training_evaluator(alike, space, Latents(Z_DIM, "normal", seed=5), 300)


# the deal


def data_set(count: int, labels: bool = True) -> DataSet:
    random = np.random.RandomState(0)
    pixels = random.randint(0, 256, (count, SIDE_PX, SIDE_PX, 1)).astype(np.uint8)
    classes = random.randint(0, 2, count).astype(np.int64) if labels else None
    return DataSet("mine", pixels, classes, ("a", "b"), names=tuple(f"{index:04d}.png" for index in range(count)))


def rows_in(some: Pixels, whole: Pixels) -> set[int]:
    known = {picture.tobytes(): index for index, picture in enumerate(whole)}
    return {known[picture.tobytes()] for picture in some}


def test_nothing_that_is_judged_by_is_learned_from() -> None:
    data = data_set(1000)
    dealt, learning = Source(data, None, "all of it", False).deal(learns=True)
    assert learning is not None
    parts = [rows_in(some, data.pixels) for some in (dealt.reference, dealt.second, learning.pixels)]
    assert [len(part) for part in parts] == [250, 250, 500]
    assert len(set.union(*parts)) == 1000
    assert learning.labels is not None
    first = next(iter(parts[2]))
    place = [picture.tobytes() for picture in learning.pixels].index(data.pixels[first].tobytes())
    assert data.labels is not None
    assert learning.labels[place] == data.labels[first]


def test_with_a_training_split_all_held_out_pictures_judge() -> None:
    test, train = data_set(600), data_set(50)
    dealt, learning = Source(test, lambda: train, "test split", True).deal(learns=True)
    assert (len(dealt.reference), len(dealt.second)) == (300, 300)
    assert learning is not None
    assert np.array_equal(learning.pixels, train.pixels)
    assert Source(test, lambda: train, "test split", True).deal(learns=False, most=120)[0].second.shape[0] == 120


def test_too_few_pictures_are_refused_in_one_line() -> None:
    with pytest.raises(DataError, match="150 pictures are too few to judge by"):
        Source(data_set(150), None, "all of it", False).deal(learns=False)


def test_only_listed_files_are_kept(tmp_path: Path) -> None:
    source = Source(data_set(300), None, "all of it", False)
    listed = tmp_path / "mine.txt"
    listed.write_text("0003 0007.jpg\nfolder/0005.png\n")
    kept = only_listed(source, listed)
    assert np.array_equal(kept.data.pixels, source.data.pixels[[3, 5, 7]])
    assert "mine.txt" in kept.part
    listed.write_text("unknown")
    with pytest.raises(DataError, match="names none of the 300 pictures"):
        only_listed(source, listed)
    with pytest.raises(DataError, match="cannot be read"):
        only_listed(source, tmp_path / "missing.txt")


# which space


def keep(folder: Path, made: Classifier) -> Path:
    path = folder / f"{made.card.name}.safetensors"
    save_classifier(path, made.card, made.weights)
    return path


def test_the_network_beside_the_model_is_taken(tmp_path: Path) -> None:
    path = keep(tmp_path, network("beside", data="mine"))
    keep(tmp_path, network("colour", channels=3, data="mine"))
    source = Source(data_set(600), None, "all of it", False)
    _, space = prepare(source, tmp_path, "other", Wish(threads=1))
    assert space.name.startswith("beside ")
    assert fitting_network(tmp_path, 1, ("elsewhere",), any_data=True) == path
    assert fitting_network(tmp_path, 1, ("elsewhere",), any_data=False) is None
    keep(tmp_path, network("second", data="mine"))
    with pytest.raises(UsageError, match=r"several networks fit: beside\.safetensors, second\.safetensors"):
        prepare(source, tmp_path, "other")


def test_a_named_data_set_is_never_judged_by_the_network_of_another(tmp_path: Path) -> None:
    keep(tmp_path, network("digits", data="mnist"))
    split = Source(data_set(600), lambda: data_set(60), "test split", True)
    with pytest.raises(UsageError, match="no fitting network"):
        prepare(split, tmp_path, "fashion", Wish("network"))
    assert prepare(split, tmp_path, "mnist", Wish("network", threads=1))[1].name.startswith("digits")


def test_too_few_pictures_to_learn_from_leave_the_pixels_by_name(tmp_path: Path) -> None:
    _, space = prepare(Source(data_set(600), None, "all of it", False), tmp_path, "", Wish())
    assert "raw pixels" in space.name
    assert np.allclose(space(data_set(3).pixels), data_set(3).pixels.reshape(3, -1) / 127.5 - 1.0, atol=1e-6)
    assert pixel_space(64, 3).width == 16 * 16 * 3


def test_a_network_trained_on_the_spot_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[int] = []

    def train(pixels: Pixels, labels: object, data: DataSource, progress: Progress) -> Classifier:
        trained.append(len(pixels))
        made = network("mine-classes")
        return Classifier(replace(made.card, metrics={"test accuracy": 0.9}), made.weights)

    monkeypatch.setattr(feature_training, "train_on_labels", train)
    source = Source(data_set(1200), None, "all of it", False)
    names = {prepare(source, tmp_path, "", Wish(threads=1))[1].name for _ in range(2)}
    assert trained == [600]
    assert names == {
        "mine-classes (trained on the spot on 600 pictures, 90.0% right on others), 6 penultimate features"
    }
    other = Source(replace(source.data, labels=1 - source.data.labels), None, "all of it", False)  # type: ignore[operator]
    prepare(other, tmp_path, "", Wish(threads=1))
    assert trained == [600, 600]


def test_labels_are_asked_for_in_vain_where_there_are_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has no classes"):
        prepare(Source(data_set(1200, labels=False), None, "all of it", False), tmp_path, "", Wish("labels"))


# training


def test_turns_are_learned_without_labels() -> None:
    pixels, _ = arrows(600, 0)
    told: list[float] = []
    made = train_on_turns(pixels, DataSource("arrows"), QUICK, told.append)
    assert made.card.metrics["test accuracy"] > 0.9
    assert [each.name for each in made.card.outputs] == [f"turned by {turn}" for turn in (0, 90, 180, 270)]
    assert made.card.feature_width == 128
    assert told[-1] == 1.0
    other, _ = arrows(300, 1)
    space = network_space(made, threads=1)
    assert np.linalg.norm(space(other).mean(axis=0) - space(np.rot90(other, 2, (1, 2))).mean(axis=0)) > 1.0


def test_classes_are_learned_the_same_way_twice() -> None:
    pixels, labels = arrows(600, 0)
    brief = replace(QUICK, pictures=640)
    first, second = (train_on_labels(pixels, labels, DataSource("arrows"), brief) for _ in range(2))
    assert first.card.metrics["test accuracy"] > 0.9
    assert all(np.array_equal(first.weights[name], second.weights[name]) for name in first.weights)


def test_training_can_be_called_off_and_refuses_what_it_cannot_learn_from() -> None:
    pixels, labels = arrows(600, 0)

    def stop(done: float) -> None:
        if done > 0.1:
            raise Cancelled

    with pytest.raises(Cancelled):
        train_on_turns(pixels, DataSource("arrows"), QUICK, stop)
    with pytest.raises(ValueError, match="too few to learn from"):
        train_on_turns(pixels[:100], DataSource("arrows"))
    with pytest.raises(ValueError, match="one class"):
        train_on_labels(pixels, np.zeros_like(labels), DataSource("arrows"))


# Inception


def test_inception_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch_fidelity", None)
    with pytest.raises(
        UsageError, match=r"torch-fidelity is not installed. Install it with: pip install 'latentlab\[metrics\]'"
    ):
        inception_space(tmp_path / "weights.pth")


def test_inception_refuses_a_file_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The extractor itself is a stand-in here: torch-fidelity is in no development install."""

    class Extractor:
        def __init__(self, name: str, features: list[str], weights: str) -> None:
            assert (name, features) == ("inception-v3-compat", ["2048"])
            if not Path(weights).read_bytes().startswith(b"good"):
                raise RuntimeError("no such layers")

        def __call__(self, photos: object) -> tuple[object, ...]:
            assert tuple(photos.shape) == (2, 3, SIDE_PX, SIDE_PX)  # type: ignore[attr-defined]
            return (photos.float().flatten(1)[:, :1].repeat(1, 2048),)  # type: ignore[attr-defined]

    module = ModuleType("torch_fidelity.feature_extractor_inceptionv3")
    module.FeatureExtractorInceptionV3 = Extractor  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch_fidelity", ModuleType("torch_fidelity"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    weights = tmp_path / "weights.pth"
    with pytest.raises(ModelFileError, match="no such file"):
        inception_space(weights)
    weights.write_bytes(b"bad")
    with pytest.raises(ModelFileError, match="holds no Inception weights: no such layers"):
        inception_space(weights)
    weights.write_bytes(b"good")
    space = inception_space(weights)
    pictures = data_set(2).pixels
    assert np.array_equal(space(pictures), pictures[:, 0, 0].astype(np.float32).repeat(2048, axis=1))
    assert "299x299" in space.resize
    wanted = prepare(Source(data_set(600), None, "all of it", False), None, "", Wish(inception=weights))[1]
    assert wanted.name == space.name
    assert spaces.Wish().inception is None
