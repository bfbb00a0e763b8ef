"""Uncovered faces answered by one stored run, covered ones by another: what the two of them are worth together."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from omegaconf import OmegaConf

from fer_exp import tracking
from fer_exp.config.commands import Detector
from fer_exp.errors import UserError
from fer_exp.evaluation import routing
from fer_exp.evaluation.caveats import find_data_caveats
from fer_exp.evaluation.groups import common_params
from fer_exp.evaluation.predictions import Predictions
from fer_exp.evaluation.results import download_predictions
from fer_exp.evaluation.scores import named_metrics, score_test_sets
from fer_exp.reports import run_report
from fer_exp.reports.tables import escape_markdown
from fer_exp.system.signals import deferred
from fer_exp.system.stderr import held_stderr
from fer_exp.tracking import provenance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fer_exp.commands.question import Asked
    from fer_exp.config.commands import EvaluateConfig

WINS_NOTHING = (
    "By itself routing wins nothing: uncovered and covered faces get the answers that the run for them gives anyway."
)
OVER_FACES = "Intervals are over faces; how far other trainings would differ is not measured."


class Answering(NamedTuple):
    """A run that answers, the key that named it, and what it said of the test faces."""

    asked: Asked
    key: str
    predictions: Predictions

    @property
    def title(self) -> str:
        """Return its key, id and name, for messages."""
        return f"{self.key}={self.asked.run.info.run_id}: {self.asked.run.info.run_name}"


def route(cfg: EvaluateConfig, asked: dict[str, list[Asked]]) -> str:
    """Send uncovered faces to some stored runs and covered ones to others; record it as a run, and return its id.

    Args:
        cfg: the question.
        asked: the runs for each form, as `question.find_routed` finds them.

    Raises:
        UserError: the runs do not answer the same question, or have no stored predictions.
    """
    answering = {
        form: [with_predictions(one, f"route.{form}", cfg.checkpoint) for one in runs] for form, runs in asked.items()
    }
    first, *others = (one for form in routing.FORMS for one in answering[form])
    for other in others:
        check_alike(other, first)
    uncovered, covered = (routing.mean_of([one.predictions for one in answering[form]]) for form in routing.FORMS)
    if cfg.route.detector is Detector.learned:
        with held_stderr(), deferred():
            from fer_exp.commands.detector import find_covered
        found = find_covered(cfg, first.asked, uncovered.classes)
        taken_for_covered, errors = found.taken_for_covered, routing.error_rates(found.taken_for_covered)
        how = describe_detector(first.asked.run.info.run_name, found.learned_from, errors)
    else:
        taken_for_covered, errors = routing.known(len(uncovered.labels)), {}
        how = "Whether a face is covered is taken from the test set."
    together = {
        "routed": routing.route(uncovered, covered, taken_for_covered),
        "route.normal alone": uncovered,
        "route.occluded alone": covered,
    }
    return record(cfg, answering, together, errors, how)


def record(
    cfg: EvaluateConfig,
    answering: dict[str, list[Answering]],
    together: dict[str, Predictions],
    errors: dict[str, float],
    how: str,
) -> str:
    """Record and print what routing is worth beside its parts, as a run; return its id.

    Args:
        cfg: the question.
        answering: the runs for each form.
        together: the routed answers, then those of each side alone, by what the table calls them.
        errors: of the detector, by the form of the faces that it mistakes; nothing where there is none.
        how: what says whether a face is covered, in words.
    """
    every = {one.asked.run.info.run_id: one.asked for form in routing.FORMS for one in answering[form]}
    runs, store = [one.run for one in every.values()], next(iter(every.values())).store
    synthetic = "synthetic" in runs[0].data.tags
    tags = {"kind": "route", "mlflow.runColor": "#555555"} | ({"synthetic": "true"} if synthetic else {})
    tags |= provenance.git() | {"dataset.fingerprint": runs[0].data.tags["dataset.fingerprint"]}
    name = f"route-{'-'.join(sorted({run.data.params['model'] for run in runs}))}-{cfg.route.detector.name}"
    routed, results = together["routed"], {who: score_test_sets(answers) for who, answers in together.items()}
    notes = [how, WINS_NOTHING, OVER_FACES, *find_data_caveats(runs)]
    with tracking.Recorder.new(store, name, tags) as run:
        ids = {f"route.{form}": ",".join(one.asked.run.info.run_id for one in answering[form]) for form in answering}
        run.log_params(common_params(runs) | ids | {"route.detector": cfg.route.detector.name})
        run.log_text(OmegaConf.to_yaml(OmegaConf.structured(cfg)), "config.yaml")
        run.log_metrics(named_metrics(cfg.checkpoint, results["routed"], "normal"))
        run.log_metrics({f"detector_error/{form}": round(rate, 4) for form, rate in errors.items()})
        run_report.record_checkpoint(run, cfg.checkpoint, routed, results["routed"], synthetic)
        title = f"{name}, {cfg.checkpoint} checkpoints, {len(routed.labels)} test faces"
        table = run_report.print_results(title + run_report.synthetic_mark(synthetic), results, who="answered by")
        answerers = "\n".join(f"- {describe(form, answering[form])}" for form in routing.FORMS)
        run.set_tags({run_report.DESCRIPTION: "\n\n".join([table, answerers, *map(escape_markdown, notes)])})
    for line in notes:
        print(f"note: {line}")
    run_report.print_run_links(run)
    return run.id


def with_predictions(asked: Asked, key: str, checkpoint: str) -> Answering:
    """Return a run with what it said of its test faces when it was trained.

    Raises:
        UserError: that is not stored, or it saw no covered faces.
    """
    name = f"{key}={asked.run.info.run_id}: {asked.run.info.run_name}"
    with TemporaryDirectory() as folder:
        try:
            predictions = download_predictions(asked.store, asked.run, checkpoint, Path(folder))
        except (UserError, OSError, ValueError, KeyError) as error:
            raise UserError(f"{name} has no predictions to route: {error}") from error
    if "occluded" not in predictions.probabilities:
        raise UserError(f"{name} was tested on uncovered faces alone: its dataset has no landmarks")
    return Answering(asked, key, predictions)


def check_alike(other: Answering, first: Answering) -> None:
    """Raise UserError unless two runs were asked of the same faces, covered and brought to the network alike."""
    if other.predictions.classes != first.predictions.classes:
        theirs, ours = (", ".join(one.predictions.classes) for one in (other, first))
        raise UserError(f"{other.title} knows the classes {theirs}, {first.title} {ours}: route runs of the same ones")
    fingerprints = {one.asked.run.data.tags.get("dataset.fingerprint") for one in (other, first)}
    if len(fingerprints) > 1 or other.predictions.ids.tolist() != first.predictions.ids.tolist():
        raise UserError(f"{other.title} was tested on other faces than {first.title}: route runs of the same ones")
    differing = {key: value for key, value in inputs(other.asked).items() if value != inputs(first.asked).get(key)}
    if differing:
        key, value = next(iter(differing.items()))
        raise UserError(
            f"{other.title} has {key}={value}, {first.title} {inputs(first.asked).get(key)}: route runs that see the "
            "same faces in the same way"
        )


def inputs(asked: Asked) -> dict[str, str]:
    """Return the parameters of a run that say how faces come to its network; what fills the occluder may differ."""
    params = asked.run.data.params
    ways = ("model.size", "model.channels", "dataset.degrade", "occlusion")
    return {
        key: value
        for key, value in params.items()
        if key in ways or (key.startswith("occlusion.") and key != "occlusion.fill")
    }


def describe_detector(name: str, learned_from: int, errors: dict[str, float]) -> str:
    """Say what the detector sees, what it learned from, and how often it is wrong; `name` is that of its run."""
    return (
        f"Whether a face is covered is said by a linear detector on what {name} computes its class scores from; it "
        f"learned from {learned_from} training faces, uncovered and covered. Of the test faces it takes "
        f"{errors['occluded']:.1%} of the covered ones for uncovered and {errors['normal']:.1%} of the uncovered ones "
        "for covered."
    )


def describe(form: str, answering: Sequence[Answering]) -> str:
    """Return in markdown which runs answer a form, with links to them."""
    links = [
        f"[{escape_markdown(run.info.run_name)}](#/experiments/{run.info.experiment_id}/runs/{run.info.run_id})"
        for run in (one.asked.run for one in answering)
    ]
    faces = {"normal": "Faces taken for uncovered", "occluded": "Faces taken for covered"}[form]
    mean = " (the mean of their probabilities)" if len(links) > 1 else ""
    return f"{faces} are answered by {', '.join(links)}{mean}"
