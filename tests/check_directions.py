"""Have a bundled model's directions judged again: ``python tests/check_directions.py digits|faces [SEEDS]``.

Prints for each the share of seeds along which its own score rises steadily, and that ends there; the faces' judge is
made by ``train_attribute_networks.py faces --judge``. By default on the 500 seeds that the model's page tells of.
"""

from __future__ import annotations

import sys

from direction_effects import effects
from name_directions import _FINAL, _SEEDS, ROOT, judge_of_digits, judge_of_faces

from latentlab.latent.priors import sample
from latentlab.session.opened import OpenedModel


def main(name: str, seeds: int) -> None:
    """Judge and print."""
    model = OpenedModel.from_file(ROOT / "checkpoints" / f"{name}.safetensors")
    read, _ = judge_of_digits() if name == "digits" else judge_of_faces()
    judged = [each for each in model.generator.directions if each.name in read.names]
    for direction in model.generator.directions:
        if direction.name not in read.names:
            print(f"{direction.name}: this judge is not good enough at it")
    found = effects(model.render, read, judged, sample(model.prior, seeds, model.z_dim, _FINAL))
    for direction, steady, reached in zip(judged, found.steady, found.reached, strict=True):
        print(f"{direction.name:20} rises for {steady:.1%}, ends there {reached:.1%}")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else _SEEDS)
