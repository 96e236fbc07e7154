"""``latentlab evaluate``: how good a model is, in numbers that stand beside what real pictures reach."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from latentlab.commands.arguments import ModelPath
from latentlab.commands.progress import ProgressLine


@dataclass(frozen=True)
class Evaluate:
    """Compare a model's pictures with real ones and print the table.

    Fréchet distance, KID, precision, recall, density, coverage, nearest neighbours, sliced Wasserstein distance,
    diversity and path length, each with its spread and beside what a second set of real pictures reaches. They are
    taken in the features of a network beside the model; where there is none, one is trained on the data, on their
    classes or on which way is up, and kept for the next time. Numbers of different feature spaces cannot be compared.

    Attributes:
        model: A .safetensors model, or a run folder, whose newest model is taken.
        data: What it is judged by: the name of a data set, whose test split is taken, or a folder or zip of images.
        only: A text file that names the files of the data to be used, with or without suffix; the others are left out.
        samples: How many pictures are drawn; 100000 for the nearest neighbours of as many.
        seed: Of the samples.
        features: auto, network (beside the model), labels or turns (trained on the data), or pixels.
        network: A network of classes or attributes whose features are taken.
        inception: The Inception weights that torch-fidelity publishes, for the published FID and KID.
        out: A text file to write the table to, .json for JSON; an existing one is replaced.
        json: Print the result as JSON.
    """

    model: ModelPath
    data: str
    only: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    samples: int = 10_000
    seed: int = 0
    features: Literal["auto", "network", "labels", "turns", "pixels"] = "auto"
    network: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    inception: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    out: Annotated[Path | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None
    json: bool = False

    def run(self) -> None:
        """Judge and print."""
        from latentlab.analysis.metrics.judging import Request, judge
        from latentlab.analysis.metrics.spaces import Wish
        from latentlab.paths import replacing
        from latentlab.session.opened import OpenedModel

        wish = Wish(self.features, self.network, self.inception)
        request = Request(self.data, self.samples, self.seed, self.only, wish)
        model = OpenedModel.from_file(self.model)
        stage = ""

        def on_stage(what: str) -> None:
            nonlocal stage
            stage = what

        with ProgressLine() as line:
            judged = judge(
                model.generator,
                model.render,
                model.title,
                request,
                lambda done: line.show(f"{done:4.0%}  {stage}"),
                on_stage,
            )
            for skipped in judged.skipped:
                line.say(f"skipped: {skipped}")
        facts = {"model_hash": model.generator.content_hash, **judged.evaluation.facts()}
        text = "\n".join(judged.evaluation.lines())
        if self.out is not None:
            out = self.out.expanduser()
            with replacing(out) as temporary:
                whole = json.dumps(facts, indent=2) if out.suffix.lower() == ".json" else text
                temporary.write_text(f"{whole}\n", encoding="utf-8")
        print(json.dumps(facts) if self.json else text)
