"""Deliver what runs recorded while their tracking server was away."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from fer_exp.config.tracking import check_uri
from fer_exp.errors import UserError
from fer_exp.system import signals
from fer_exp.system.addresses import hide_secrets
from fer_exp.system.paths import ROOT, command_line
from fer_exp.tracking import (
    ServerUnavailable,
    abandoned_journals,
    close_abandoned,
    deliver,
    foreign_journals,
    open_store,
    run_title,
)


def sync(home: Path, to: str | None = None) -> int:
    """Deliver every journal that no process writes any more, close abandoned runs, and return the exit status.

    What cannot be delivered stays as it is, and is named. Delivering again changes nothing.

    Args:
        home: the folder with the journals, beside the database or in mlruns/.
        to: a server or database to deliver to, instead of the one that each run was meant for.
    """
    if to is not None:
        check_uri(to, "--to")
    failed, stores, sweeps, silent = 0, set(), set(), set()
    for journal in abandoned_journals(home / "journal"):
        before = journal.refused
        try:
            about = journal.about
            uri, name = to or about["uri"], about["name"]
            if uri in silent:
                raise UserError(f"{name}: the same")
            count = deliver(journal, uri)
        except UserError as error:
            failed += 1
            if isinstance(error, ServerUnavailable):
                silent.add(uri)
            print(f"not delivered: {error}; kept in {journal.folder}", file=sys.stderr)
        else:
            if count:
                print(f"delivered: {name} ({journal.run_id}), {count} records, to {hide_secrets(uri)}")
                stores.add((uri, about["experiment"]))
                sweeps |= {about["tags"]["sweep_id"]} if "sweep_id" in about["tags"] else set()
            if journal.refused:
                failed += journal.refused > before
                print(
                    f"{name}: {journal.refused} records were refused, see {journal.folder}/refused.jsonl; remove the "
                    "folder when you have seen to them",
                    file=sys.stderr,
                )
        finally:
            journal.close()
    for folder in foreign_journals(home / "journal"):
        failed += 1
        print(f"not delivered: {folder} may be read by the user alone who recorded it", file=sys.stderr)
    for uri, experiment in sorted(stores):
        for run in close_abandoned(open_store(uri, experiment)):
            print(f"closed: {run_title(run)}, which a process that is gone had left")
    for sweep in sorted(sweeps):
        print(f"{command_line('evaluate')} sweep={sweep}     draws the matrix of the sweep that these belong to")
    if not stores and not failed:
        print("nothing is left to deliver")
    return int(bool(failed))


def _stop(number: int) -> None:
    raise KeyboardInterrupt


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line and deliver; return the exit status."""
    parser = argparse.ArgumentParser(prog=command_line("sync"), description=__doc__)
    parser.add_argument(
        "--home", type=Path, default=ROOT / "mlruns", help="folder that holds journal/: beside a database elsewhere"
    )
    parser.add_argument("--to", metavar="URI", help="where the server has moved to: http://..., sqlite:////path")
    args = parser.parse_args(words)
    logging.basicConfig(format="%(message)s")
    if not args.home.is_dir():
        print(f"error: --home {args.home}: no such folder", file=sys.stderr)
        return 2
    try:
        with signals.handle_signals(_stop):
            return sync(args.home, args.to)
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what is not delivered is kept", file=sys.stderr)
        return 130
