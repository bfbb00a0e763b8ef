"""Serve the MLflow pages of mlruns/ on 127.0.0.1, and print the address that opens the runs table."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence

from fer_exp.config.tracking import TrackingConfig
from fer_exp.errors import UserError
from fer_exp.system import signals
from fer_exp.system.addresses import hide_secrets
from fer_exp.system.paths import command_line
from fer_exp.tracking import TrackingStore, open_store, pages, ui_port, view

# one process that serves, and none that waits for MLflow's jobs on language models
SMALL = {"MLFLOW_WORKERS": "1", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}


def command(store: TrackingStore, port: int) -> list[str]:
    """Return the command of an MLflow server over a database, reachable from this machine alone."""
    server = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", store.uri]
    server += ["--artifacts-destination", str(store.artifacts)]  # of runs that come over the network
    return [*server, *pages.app_options(), "--host", "127.0.0.1", "--port", str(port)]


def environment() -> dict[str, str]:
    """Return the environment of that server: small where it says nothing else."""
    return SMALL | os.environ


def serve(words: list[str], environment: dict[str, str]) -> int:
    """Run a server until it ends, or until Ctrl-C or SIGTERM, which end it too; return the exit status."""
    heard: list[int] = []
    server = subprocess.Popen(words, env=environment)

    def stop(number: int) -> None:
        heard.append(number)
        server.terminate()

    with signals.handle_signals(stop):
        status = server.wait()
    return 0 if heard else status


def main(words: Sequence[str] | None = None) -> int:
    """Print the address and serve until Ctrl-C; return the exit status."""
    parser = argparse.ArgumentParser(prog=command_line("ui"), description=__doc__)
    parser.add_argument("--port", type=int, default=ui_port(), help="5000, or that of the environment's PORT")
    parser.add_argument("--experiment", default=TrackingConfig().experiment)
    parser.add_argument("--uri", help="a database other than mlruns/mlflow.db: sqlite:////path/mlflow.db")
    args = parser.parse_args(words)
    try:
        store = open_store(args.uri, args.experiment)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    if not store.is_local:
        print(f"{hide_secrets(store.uri)} serves its own pages: {store.url()}")
        return 0
    print(f"runs: {store.url(port=args.port)}")
    print("for this machine alone; docs/sharing.md says how to put a password in front of it for others", flush=True)
    view.renew(store.client, str(store.experiment_id))
    return serve(command(store, args.port), environment())
