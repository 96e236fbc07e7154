"""The attribute networks that ship: as good as their cards say, on pictures they never saw, and small."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from faces_archive import classes_of
from faces_data import FULLY_LABELLED, HOLDOUT, Faces, deal, decode, read_faces, read_holdout
from judge import ROOT, judge_of, read_mnist

import latentlab
from latentlab.analysis.attributes import attribute_directions
from latentlab.analysis.boundary import balanced_accuracy
from latentlab.analysis.classifier import PictureClassifier
from latentlab.models.classifier_file import find_classifiers, load_classifier

FOLDER = ROOT / "checkpoints"
SHARE_READ = 1500
DIGITS, FACES = FOLDER / "digits-classes.safetensors", FOLDER / "faces-attributes.safetensors"


@pytest.fixture(scope="module")
def faces(real_data: Path) -> Faces:
    if not (real_data / "faces").is_dir():
        pytest.skip(f"needs the faces: {real_data} holds no faces folder")
    return read_faces(real_data / "faces")


def test_both_networks_are_found_and_small() -> None:
    assert find_classifiers(FOLDER) == (DIGITS, FACES)
    assert DIGITS.stat().st_size <= 500_000
    assert FACES.stat().st_size <= 1_500_000


def test_the_digit_network_reads_digits_it_never_saw(real_data: Path) -> None:
    mnist, classifier = read_mnist(real_data / "mnist"), load_classifier(DIGITS)
    reader = PictureClassifier(classifier, threads=1)
    said = reader.logits(mnist.test_pixels).argmax(axis=1)
    accuracy = float((said == mnist.test_labels).mean())
    print(f"\n{accuracy:.4f} of the test set")
    assert accuracy >= 0.993
    assert classifier.card.metrics["test accuracy"] == pytest.approx(accuracy, abs=5e-4)
    # The original 28x28 pictures are padded as in training.
    bare = mnist.test_pixels[:500, 2:30, 2:30]
    assert (reader.logits(bare).argmax(axis=1) == said[:500]).all()


def test_the_held_out_faces_are_those_of_the_list_and_of_nobody_else(faces: Faces) -> None:
    part = deal(faces.identities)
    held_out = read_holdout()
    assert len(held_out) == HOLDOUT
    assert np.array_equal(held_out, np.sort(faces.numbers[part == 0]))
    people = [set(faces.identities[part == index].tolist()) for index in range(3)]
    assert not people[0] & people[1]
    assert not people[0] & people[2]
    assert not people[1] & people[2]


def test_the_classes_to_train_by_are_the_combinations_of_what_is_known_of_all(faces: Faces) -> None:
    classes = np.array(classes_of(faces))
    assert len(classes) == len(faces.numbers)
    assert sorted(set(classes)) == [f"{index:04b}" for index in range(16)]
    for place, name in enumerate(FULLY_LABELLED):
        has_it = faces.answers[:, faces.names.index(name)] == 1.0
        assert (np.array([each[place] for each in classes]) == np.where(has_it, "1", "0")).all()


def test_the_face_network_reads_faces_it_never_saw(faces: Faces, real_data: Path) -> None:
    classifier = load_classifier(FACES)
    held_out = np.flatnonzero(np.isin(faces.numbers, read_holdout()))[:SHARE_READ]
    logits = PictureClassifier(classifier, threads=1).logits(decode(real_data / "faces", faces, held_out))
    answers = faces.answers[held_out]
    for index, output in enumerate(classifier.card.outputs):
        assert output.name == faces.names[index]
        if output.name in FULLY_LABELLED:
            known = ~np.isnan(answers[:, index])
            accuracy = balanced_accuracy(logits[known, index] > 0.0, answers[known, index] > 0.5)
            print(f"\n{output.name}: {accuracy:.4f} of the held-out, {output.accuracy:.4f} in its card", end="")
            assert accuracy == pytest.approx(output.accuracy, abs=0.04)
            assert accuracy >= 0.77
    assert float(np.mean([output.accuracy for output in classifier.card.outputs])) >= 0.8


def test_every_class_becomes_a_direction_that_another_judge_agrees_with(real_data: Path) -> None:
    model = latentlab.open_model(FOLDER / "digits.safetensors")
    network = PictureClassifier(load_classifier(DIGITS), threads=1)
    found = attribute_directions(model.render, model.z_dim, model.prior, network, 2000)
    assert [direction.name for direction in found.directions] == [f"{digit}-ness" for digit in range(10)]
    assert not found.left_out
    judge, z = judge_of(read_mnist(real_data / "mnist")), model.sample(150, seed=0)
    shares = []
    for digit, direction in enumerate(found.directions):
        moved = model.render(z + np.float32(3.0 * direction.sigma) * direction.vector)
        shares.append(float((judge.probabilities(moved).argmax(axis=1) == digit).mean()))
    print(f"\nshare of the class at +3 sigma: {np.round(shares, 2)}")
    assert min(shares) >= 0.5
