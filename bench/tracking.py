"""Seconds that a training loop waits for what it records, beside MLflow's own calls.

python bench/tracking.py

200 epochs of 15 metrics and a checkpoint of 1 MB every tenth epoch, to an `mlflow server` of this machine: one that
answers, one that hangs, one that is gone. MLflow's own calls wait for it; ours write the journal, and a thread delivers
that. MLflow's own calls to a server that is gone are not timed: the first one would wait for four minutes.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from mlflow.entities import Metric

from fer_exp.tracking import Recorder, open_place
from fer_exp.tracking import sender as courier

EPOCHS, EVERY = 200, 10
VALUES = {f"metric_{i}": i / 7 for i in range(15)}


def serve(folder: Path) -> tuple[str, subprocess.Popen]:
    """A server over a fresh database: its address and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "files")]
    command = [sys.executable, "-m", "mlflow", "server", *words, "--port", str(port), "--workers", "1"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, start_new_session=True, **quiet)
    while True:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2)
            return f"http://127.0.0.1:{port}", process
        except (urllib.error.URLError, OSError):
            if process.poll() is not None:
                raise SystemExit(f"the server ended with {process.returncode}") from None
            time.sleep(0.2)


def timed(metrics: Callable, file: Callable, checkpoint: Path) -> float:
    """Seconds of the loop's own time."""
    began = time.perf_counter()
    for epoch in range(1, EPOCHS + 1):
        metrics(VALUES, epoch)
        if epoch % EVERY == 0:
            file(checkpoint, "checkpoints")
    return time.perf_counter() - began


def compare(uri: str, process: subprocess.Popen, folder: Path) -> None:
    """Print seconds and ratios."""
    checkpoint = folder / "epoch.keras"
    checkpoint.write_bytes(os.urandom(2**20))
    place = open_place(uri, "bench")._replace(home=folder)
    client = place.client
    run_id = client.create_run(place.experiment_id).info.run_id

    def direct(values, epoch):
        at = int(time.time() * 1000)
        client.log_batch(run_id, metrics=[Metric(key, value, at, epoch) for key, value in values.items()])

    plain = timed(direct, lambda path, to: client.log_artifact(run_id, str(path), to), checkpoint)
    print(f"{'MLflow, log_batch and log_artifact':44} {plain:7.3f} s")
    for state, number in (("answers", None), ("hangs", signal.SIGSTOP), ("is gone", signal.SIGKILL)):
        run = Recorder.new(place, "bench", {})
        if number:
            os.killpg(process.pid, number)
        seconds = timed(run.metrics, run.file, checkpoint)
        print(f"{'the journal, while the server ' + state:44} {seconds:7.3f} s   1/{plain / seconds:.0f} of that")
        if number is signal.SIGSTOP:
            os.killpg(process.pid, signal.SIGCONT)
        run.close()


def main() -> None:
    """Start a server, compare, end it."""
    courier.PATIENCE = 1  # seconds
    with TemporaryDirectory() as scratch:
        uri, process = serve(Path(scratch))
        try:
            compare(uri, process, Path(scratch))
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


if __name__ == "__main__":
    main()
