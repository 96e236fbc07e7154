"""The bundled faces are no copies of those that the model learned from, and copies would be noticed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from nearest_faces import (
    MODEL,
    NETWORK,
    Describe,
    RealFaces,
    blurred,
    grey_levels,
    learned_share,
    mirrored,
    nearest,
    read_real,
)

from latentlab.analysis.classifier import PictureClassifier
from latentlab.models.classifier_file import load_classifier
from latentlab.session.opened import OpenedModel

REAL = 1000
SAMPLES = 300
COPIES = 50


@pytest.fixture(scope="module")
def real(real_data: Path) -> RealFaces:
    if not (real_data / "faces").is_dir():
        pytest.skip(f"needs the faces: {real_data} holds no faces folder")
    return read_real(real_data / "faces", REAL, REAL)


@pytest.fixture(params=["grey levels", "features"])
def describe(request: pytest.FixtureRequest) -> Describe:
    if request.param == "grey levels":
        return grey_levels
    return PictureClassifier(load_classifier(NETWORK), threads=1).features


def test_the_nearest_are_found_as_they_are_or_mirrored() -> None:
    references = np.random.RandomState(0).randint(1, 255, (30, 64, 64, 3)).astype(np.uint8)
    pictures = np.stack([references[7] + 1, mirrored(references[20:21])[0] - 1])
    found = nearest(pictures, references, grey_levels, 2)
    assert np.array_equal(found.pixels[:, 0], np.stack([references[7], mirrored(references[20:21])[0]]))
    assert found.distances[:, 0] == pytest.approx(1.0, abs=1e-2)
    differences = pictures[0].astype(np.float64) - found.pixels[0, 1]
    assert found.distances[0, 1] == pytest.approx(np.sqrt((differences**2).mean()), rel=1e-4)
    assert not np.array_equal(found.pixels[0, 0], found.pixels[0, 1])


def test_samples_are_as_near_to_faces_never_seen_as_to_those_learned_from(real: RealFaces, describe: Describe) -> None:
    model = OpenedModel.from_file(MODEL)
    share = learned_share(model.render(model.sample(SAMPLES)), real.learned, real.held_out, describe)
    print(f"\na learned face is the nearer one for {share:.1%}")
    assert 0.4 <= share <= 0.6


def test_blurred_copies_would_be_noticed(real: RealFaces, describe: Describe) -> None:
    assert learned_share(blurred(real.learned[:COPIES]), real.learned, real.held_out, describe) >= 0.95
