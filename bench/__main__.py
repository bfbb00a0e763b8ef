"""Speed, as ratios against the reference ways of doing the same work.

python -m bench                 every case of bench/cases, each in a process of its own; writes docs/benchmarks.md
python -m bench reading table   these alone; nothing is written
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

from bench import page
from bench.measure import Row

FAILED = "failed"  # begins the note of a case that ended in an error
CASES = sorted(path.stem for path in (Path(__file__).parent / "cases").glob("*.py"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(CASES))
    parser.add_argument("--rows", type=Path, help=argparse.SUPPRESS)  # this process measures, and writes them there
    args = parser.parse_args()
    if unknown := sorted(set(args.cases) - set(CASES)):
        parser.error(f"{', '.join(unknown)}: the cases are {', '.join(CASES)}")
    if args.rows:
        args.rows.write_text(json.dumps(list(import_module(f"bench.cases.{args.cases[0]}").rows())))
        return
    found = {name: run(name) for name in args.cases or CASES}
    if not args.cases:
        page.write(found)
    sys.exit(any(row.note.startswith(FAILED) for rows in found.values() for row in rows))


def run(name: str) -> list[Row]:
    """Run a case in a process of its own, with an empty cache; print and return its rows."""
    with tempfile.TemporaryDirectory() as scratch:
        rows_file = Path(scratch) / "rows.json"
        environment = os.environ | {"FER_EXP_CACHE": f"{scratch}/cache", "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, "-m", "bench", name, "--rows", str(rows_file)]
        process = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True)  # progress bars, warnings
        if process.returncode:  # the others are measured all the same
            print(process.stderr, file=sys.stderr)
            rows = [Row(f"the case `{name}`", "-", None, 1, note=f"{FAILED}: {process.stderr.splitlines()[-1]}")]
        else:
            rows = [Row(*row) for row in json.loads(rows_file.read_text())]
    for row in rows:
        print(f"{row.stage:<56} {page.value(row):>9}  goal {page.goal(row):<9} {page.share(row):>5}  {row.note}")
    return rows


if __name__ == "__main__":
    main()
