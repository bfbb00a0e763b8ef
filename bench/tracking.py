"""How many seconds a training loop waits for what it records, beside MLflow's own calls.

python bench/tracking.py

200 epochs of 15 metrics and a checkpoint of 1 MB every tenth epoch, to an `mlflow server` on this machine: one that
answers, one that hangs, one that is gone. MLflow's own calls wait for the server; ours write the journal, which a
thread delivers. MLflow's own calls to a server that is gone are not timed: the first would wait for four minutes.
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

from fer_exp.tracking import Recorder, open_store, sender

EPOCHS, CHECKPOINT_EVERY = 200, 10
VALUES = {f"metric_{i}": i / 7 for i in range(15)}


def serve(folder: Path) -> tuple[str, subprocess.Popen]:
    """Start a server with a fresh database; return its address and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stores = ["--backend-store-uri", f"sqlite:///{folder}/mlflow.db", "--artifacts-destination", str(folder / "files")]
    command = [sys.executable, "-m", "mlflow", "server", *stores, "--port", str(port), "--workers", "1"]
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


def measure(
    log_metrics: Callable[[dict[str, float], int], None], log_file: Callable[[Path, str], None], checkpoint: Path
) -> float:
    """Return the seconds that the loop takes."""
    start = time.perf_counter()
    for epoch in range(1, EPOCHS + 1):
        log_metrics(VALUES, epoch)
        if epoch % CHECKPOINT_EVERY == 0:
            log_file(checkpoint, "checkpoints")
    return time.perf_counter() - start


def compare(uri: str, process: subprocess.Popen, folder: Path) -> None:
    """Print the seconds of each way, and the ratios."""
    checkpoint = folder / "epoch.keras"
    checkpoint.write_bytes(os.urandom(2**20))
    store = open_store(uri, "bench")._replace(home=folder)
    client = store.client
    run_id = client.create_run(store.experiment_id).info.run_id

    def log_batch(values: dict[str, float], epoch: int) -> None:
        now = int(time.time() * 1000)
        client.log_batch(run_id, metrics=[Metric(key, value, now, epoch) for key, value in values.items()])

    plain = measure(log_batch, lambda path, folder: client.log_artifact(run_id, str(path), folder), checkpoint)
    print(f"{'MLflow, log_batch and log_artifact':44} {plain:7.3f} s")
    for state, stop in (("answers", None), ("hangs", signal.SIGSTOP), ("is gone", signal.SIGKILL)):
        run = Recorder.new(store, "bench", {})
        if stop:
            os.killpg(process.pid, stop)
        seconds = measure(run.log_metrics, run.log_artifact, checkpoint)
        print(f"{'the journal, while the server ' + state:44} {seconds:7.3f} s   1/{plain / seconds:.0f} of that")
        if stop is signal.SIGSTOP:
            os.killpg(process.pid, signal.SIGCONT)
        run.close()


def main() -> None:
    """Start a server, compare, end it."""
    sender.PATIENCE = 1  # seconds
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
