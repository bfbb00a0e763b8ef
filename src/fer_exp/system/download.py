"""Files from publishers: by address, with pooch, or in a package, with its registry's ordinary client."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Timer

import pooch
import requests
from tqdm import tqdm

from fer_exp.errors import UserError

RETRIES = 2
TIMEOUT = (10, 60)  # seconds to connect, and between two pieces
PIECE = 2**16  # bytes
MOST = 4 * 2**30  # bytes of a file
DELAY = 2  # seconds before anything is shown
# for the clients' commands: nothing but errors is printed, and without a network they give up within seconds
OPTIONS = {
    "pip": "--only-binary :all: --dest . --quiet --disable-pip-version-check --retries 2",
    "npm": "--pack-destination . --loglevel error --fetch-retries 1 --fetch-retry-mintimeout 500",
}

pooch.get_logger().setLevel(logging.WARNING)


def download(address: str, file: Path, sha256: str | None = None) -> None:
    """Fetch `file`, whole or not at all, unless one with this SHA-256 is there; where none is stated, any will do.

    Raises:
        UserError: it does not come to its end, is another file or larger than MOST, or the disk is full. The message
            is the reason alone.
    """
    publisher = pooch.Pooch(file.parent, "", {file.name: sha256}, {file.name: address}, RETRIES)
    try:
        publisher.fetch(file.name, downloader=_transfer)
    except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError) as error:
        raise UserError("no connection, or it broke off") from error
    except (OSError, ValueError) as error:  # a status or a full disk; another SHA-256
        raise UserError(str(error)) from error


def _transfer(address: str, file: str, publisher: pooch.Pooch) -> None:
    os.unlink(file)  # pooch made it readable for this user alone; made anew, it has the usual permissions
    with _Progress(desc=address.rpartition("/")[2], unit="B", unit_scale=True, delay=DELAY) as bar:
        fetch = pooch.HTTPDownloader(bar, PIECE, timeout=TIMEOUT, headers={"Accept-Encoding": "identity"})
        fetch(address, file, publisher)


class _Progress(tqdm):
    """A bar that shows slow transfers and ends those of too many bytes."""

    received = 0.0  # bytes; tqdm's own count stands still where TQDM_DISABLE is set

    def __bool__(self) -> bool:
        return True  # pooch asks whether there is a bar; tqdm's own answer is about its total

    def update(self, n: float | None = 1) -> bool | None:
        if self.received > MOST:
            raise UserError(f"it has more than {MOST / 2**30:.3g} GiB")
        self.received += n or 0
        return super().update(n)

    def reset(self, total: float | None = None) -> None:
        self.n = self.received = 0  # pooch asks for it at the end; tqdm's own would show the bar of a fast transfer


def run_client(command: str, folder: Path) -> None:
    """Run a command of pip or npm in a folder, into which it writes the archive of a package.

    Raises:
        UserError: the client is missing or fails. The message is the reason alone.
    """
    client, *words = command.split()
    program = [sys.executable, "-m", "pip"] if client == "pip" else [shutil.which(client) or ""]
    if not program[0]:
        raise UserError(f"{client} is not installed")
    words = [*program, *words, *OPTIONS[client].split()]
    notice = Timer(DELAY, print, [f"waiting for: {command}"], {"file": sys.stderr})
    notice.start()
    try:
        done = subprocess.run(words, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, errors="replace")
    finally:
        notice.cancel()
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit status {done.returncode}"]
        raise UserError(lines[0 if client == "npm" else -1])  # npm says the reason first and a file of logs last
