"""Which test faces a linear detector takes for covered: it sees what a stored run's network makes of them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from tqdm import tqdm

from fer_exp import tracking
from fer_exp.commands.retest import test_faces
from fer_exp.config.commands import RouteConfig
from fer_exp.evaluation import routing
from fer_exp.evaluation.predictions import predict_samples
from fer_exp.inputs.variants import build_samples
from fer_exp.models.head import before_scores
from fer_exp.training.checkpoints import load

if TYPE_CHECKING:
    from fer_exp.commands.question import Asked
    from fer_exp.config.commands import EvaluateConfig

MOST = 2000  # training faces to learn from: what tells a bar from none is learned from fewer


class Detected(NamedTuple):
    """What was found: (n,) bool of each form of the test faces, and the number of training faces behind it."""

    taken_for_covered: dict[str, np.ndarray]
    learned_from: int


def find_covered(cfg: EvaluateConfig, asked: Asked, classes: tuple[str, ...]) -> Detected:
    """Return which test faces are taken for covered by a detector that learned from training faces, in both forms.

    Its features are what the run's network computes its class scores from.

    Args:
        cfg: the question.
        asked: the run.
        classes: those that it knows, in the order of its outputs.

    Raises:
        UserError: the run's faces are not what they were, or it kept no such checkpoint.
    """
    question = replace(cfg, run=asked.run.info.run_id, route=RouteConfig())
    tested = test_faces(question, asked.trained, asked.run.data.tags["dataset.fingerprint"], classes)
    source = tested.source._replace(mirror=False)
    train = source.rows("train")
    train = train[np.linspace(0, len(train) - 1, min(MOST, len(train))).astype(np.int64)]
    with TemporaryDirectory() as scratch:
        ((epoch, file),) = asked.files.items()
        network = before_scores(load(tracking.download_artifact(asked.store, asked.run, file, Path(scratch))))
    parts = {"train": train, "test": source.rows("test")}
    found = {}
    with tqdm(total=2 * sum(map(len, parts.values())), desc="is it covered?", unit=" faces", delay=2) as bar:
        for part, rows in parts.items():
            for form in routing.FORMS:
                samples = build_samples(form, rows, source.faces.labels[rows])
                of_form = predict_samples({epoch: network}, source, samples, cfg.batch_size, bar.update)
                found[part, form] = of_form[epoch]
    features = np.concatenate([found["train", form] for form in routing.FORMS])
    detector = routing.learn_detector(features, np.repeat([False, True], len(train)))
    return Detected({form: detector.predict(found["test", form]) for form in routing.FORMS}, len(train))
