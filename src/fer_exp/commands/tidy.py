"""What earlier processes left behind, put in order before a run begins."""

from __future__ import annotations

import logging
import shutil
from typing import TYPE_CHECKING

from fer_exp.errors import UserError
from fer_exp.tracking import ServerUnavailable, close_abandoned, deliver_abandoned, find_run, run_title

if TYPE_CHECKING:
    from fer_exp.tracking import TrackingStore

log = logging.getLogger(__name__)


def tidy(store: TrackingStore) -> None:
    """Deliver what processes that are gone recorded, close their runs, and remove states that nobody goes on from."""
    if store.experiment_id is None:
        return
    try:
        if count := deliver_abandoned(store):
            log.info("%d records that earlier runs had left are delivered", count)
        for run in close_abandoned(store):
            log.warning("warning: run %s was left by a process that is gone", run_title(run))
        remove_finished_states(store)
    except ServerUnavailable as error:
        log.warning("warning: %s", error)


def remove_finished_states(store: TrackingStore) -> None:
    """Remove the states of finished runs, whose process ended before it could; other folders there stay.

    Raises:
        ServerUnavailable: the server does not answer.
    """
    for folder in store.state.glob("*"):
        try:
            _, run = find_run(store, folder.name)
        except ServerUnavailable:
            raise
        except UserError:  # a run of another server, or no run
            continue
        if run.info.status == "FINISHED":
            shutil.rmtree(folder, ignore_errors=True)
