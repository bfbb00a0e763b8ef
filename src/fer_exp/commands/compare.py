"""Which runs are compared: those of a sweep, some by their ids, or by their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fer_exp import tracking
from fer_exp.errors import UserError
from fer_exp.reports.summary import answer

if TYPE_CHECKING:
    from fer_exp.config.commands import EvaluateConfig
    from fer_exp.tracking import Run


def of_sweep(sweep_id: str, uri: str | None, experiment: str, planned: int = 0) -> str | None:
    """The answer of a sweep's runs, as far as they are finished; None where none is.

    `planned` is how many jobs it was to have, where that is known: jobs that left no run are counted too.
    """
    try:
        place = tracking.open_place(uri, experiment)
        tracking.deliver_left(place)
        every = tracking.sweep_runs(place, sweep_id)
    except tracking.Unanswered as error:
        raise UserError(
            f"no matrix yet: {error}. When it answers: python -m fer_exp sync, then python evaluate.py sweep={sweep_id}"
        ) from error
    runs = [run for run in every if run.info.status == "FINISHED"]
    if not runs:
        print("no run of this sweep finished: no matrix")
        return None
    unfinished = [f"{run.info.run_name} ({run.info.status})" for run in every if run.info.status != "FINISHED"]
    if planned > len(every):
        unfinished.append(f"{planned - len(every)} of {planned} jobs, which left no run")
    return answer(place, runs, {"sweep_id": sweep_id}, unfinished)


def of_question(cfg: EvaluateConfig) -> str:
    """The answer for the runs that a question names.

    Raises:
        UserError: it names none that finished.
    """
    place = tracking.open_place(cfg.tracking.uri, cfg.tracking.experiment)
    if cfg.sweep:
        found = of_sweep(cfg.sweep, cfg.tracking.uri, cfg.tracking.experiment)
        if found is None:
            raise UserError(
                f"sweep={cfg.sweep}: no finished run in {place.experiment}; tracking.experiment names another"
            )
        return found
    if cfg.runs:
        named = [tracking.find_run(place, run_id) for run_id in dict.fromkeys(cfg.runs)]
        place, runs = named[0][0], [run for _, run in named]
        question = {"runs": " ".join(run.info.run_id for run in runs)}
    else:
        wanted = flat(cfg.where)
        runs = [run for run in tracking.training_runs(place) if matches(run, wanted)]
        question = {"where": " ".join(f"{key}={'|'.join(values)}" for key, values in wanted.items())}
    finished = [run for run in runs if run.info.status == "FINISHED"]
    if not finished:
        raise UserError(f"no finished run of {place.experiment} is {' '.join(question.values())}")
    return answer(place, finished, question)


def flat(where: dict, prefix: str = "") -> dict[str, list[str]]:
    """Dotted parameter -> the values asked for, as text."""
    found: dict[str, list[str]] = {}
    for key, value in where.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            found |= flat(value, f"{name}.")
        else:
            found[name] = [str(v) for v in value] if isinstance(value, list) else [str(value)]
    return found


def matches(run: Run, wanted: dict[str, list[str]]) -> bool:
    """Whether each parameter has one of the values asked for."""
    return all(run.data.params.get(key) in values for key, values in wanted.items())
