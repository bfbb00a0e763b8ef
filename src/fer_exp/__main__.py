"""The command line: fer-exp VERB, each verb a module of fer_exp.commands with a function main."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

from fer_exp.commands.help import COMPLETION_FLAGS
from fer_exp.errors import did_you_mean
from fer_exp.system import signals
from fer_exp.system.paths import command_line

VERBS = {
    "train": "train a model on one variant of a dataset and test it on every variant",
    "resume": "go on with a run that was interrupted: resume ID, or the last one",
    "evaluate": "ask stored runs: test one again, or compare several on one page",
    "runs": "list the runs and sweeps that there are, with their accuracies",
    "occlude": "write the covered copy of a dataset or of a folder of pictures",
    "live": "say the expression, and the gender, of every face on a camera, in a video or in pictures",
    "check": "look through a dataset: unusable faces, landmarks, duplicates, leaks, labels",
    "plan": "say how many seeds and faces would show a difference, from the runs of a sweep",
    "sync": "deliver what runs recorded while their tracking server was away",
    "ui": "serve the MLflow pages of mlruns/ on this machine alone",
}


def main(words: Sequence[str] | None = None) -> int:
    """Run the command that the first word names; return its exit status."""
    verb, *words = (sys.argv[1:] if words is None else words) or ["--help"]
    if verb in VERBS:
        with signals.default_interrupt():
            command = import_module(f"fer_exp.commands.{verb}")
        status: int = command.main(words)
        return status
    if verb in COMPLETION_FLAGS:
        return import_module("fer_exp.commands.completion").main(words, list(VERBS))
    if verb in ("-h", "--help"):
        print(f"Use: {command_line('VERB')} ...; {command_line('VERB')} --help says more.\n")
        print("\n".join(f"  {name:<9} {text}" for name, text in VERBS.items()))
        return 0
    print(f"error: {verb}: not one of the verbs {', '.join(VERBS)}{did_you_mean(verb, VERBS)}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
