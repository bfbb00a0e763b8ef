"""Which runs are compared: those of a sweep, some by their ids, or by their parameters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fer_exp import tracking
from fer_exp.commands.keys import nearest_key
from fer_exp.errors import UserError
from fer_exp.system.paths import command_line
from fer_exp.system.signals import deferred
from fer_exp.system.stderr import held_stderr

if TYPE_CHECKING:
    from fer_exp.config.commands import EvaluateConfig
    from fer_exp.tracking import Run


def of_sweep(sweep_id: str, uri: str | None, experiment: str, planned: int = 0) -> str | None:
    """Compare the finished runs of a sweep; return the id of the summary run, None where no run is finished.

    `planned` is how many jobs it was to have, where that is known: jobs that left no run are counted too.
    """
    try:
        store = tracking.open_store(uri, experiment)
        tracking.deliver_abandoned(store)
        runs = tracking.sweep_runs(store, sweep_id)
    except tracking.ServerUnavailable as error:
        raise UserError(
            f"no matrix yet: {error}. When it answers: {command_line('sync')}, "
            f"then {command_line('evaluate')} sweep={sweep_id}"
        ) from error
    finished = [run for run in runs if run.info.status == "FINISHED"]
    if not finished:
        print("no run of this sweep finished: no matrix")
        return None
    unfinished = [f"{run.info.run_name} ({run.info.status})" for run in runs if run.info.status != "FINISHED"]
    if planned > len(runs):
        unfinished.append(f"{planned - len(runs)} of {planned} jobs, which left no run")
    return summarise(store, finished, {"sweep_id": sweep_id}, unfinished)


def summarise(
    store: tracking.TrackingStore, runs: list[Run], tags: dict[str, str], unfinished: list[str] | None = None
) -> str:
    """Compare runs as `fer_exp.reports.summary` does, whose imports are heavy."""
    with held_stderr(), deferred():
        from fer_exp.reports import summary
    return summary.summarise(store, runs, tags, unfinished)


def of_question(cfg: EvaluateConfig) -> str:
    """Compare the runs that a question names; return the id of the summary run.

    Raises:
        UserError: it names none that finished.
    """
    store = tracking.open_store(cfg.tracking.uri, cfg.tracking.experiment)
    if cfg.sweep:
        summary_id = of_sweep(cfg.sweep, cfg.tracking.uri, cfg.tracking.experiment)
        if summary_id is None:
            raise UserError(
                f"sweep={cfg.sweep}: no finished run in {store.experiment}; tracking.experiment names another"
            )
        return summary_id
    if cfg.runs:
        named = [tracking.find_named(store, run_id) for run_id in dict.fromkeys(cfg.runs)]
        store = named[0][0]
        runs = list({run.info.run_id: run for _, run in named}.values())
        question = {"runs": " ".join(run.info.run_id for run in runs)}
    else:
        wanted = flat(cfg.where)
        every = tracking.training_runs(store)
        check_parameters(every, wanted, store.experiment)
        runs = [run for run in every if matches(run, wanted)]
        question = {"where": " ".join(f"{key}={'|'.join(values)}" for key, values in wanted.items())}
    finished = [run for run in runs if run.info.status == "FINISHED"]
    if not finished:
        raise UserError(f"no finished run of {store.experiment} is {' '.join(question.values())}")
    return summarise(store, finished, question)


def flat(where: dict[str, Any], prefix: str = "") -> dict[str, list[str]]:
    """Return dotted parameter -> the values asked for, as text."""
    values: dict[str, list[str]] = {}
    for key, value in where.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            values |= flat(value, f"{name}.")
        else:
            values[name] = [str(v) for v in value] if isinstance(value, list) else [str(value)]
    return values


def check_parameters(runs: list[Run], wanted: dict[str, list[str]], experiment: str) -> None:
    """Raise UserError for a parameter that no run of an experiment has."""
    known = {key for run in runs for key in run.data.params}
    for key in wanted:
        if known and key not in known:
            hint = f"; did you mean where.{near}?" if (near := nearest_key(key, sorted(known))) else ""
            raise UserError(f"where.{key}: no run of {experiment} has such a parameter{hint}")


def matches(run: Run, wanted: dict[str, list[str]]) -> bool:
    """Return whether each parameter has one of the values asked for."""
    return all(run.data.params.get(key) in values for key, values in wanted.items())
