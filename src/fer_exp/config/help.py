"""The answer to --help: groups, options and keys, read from the first lines and comments of conf/."""

from __future__ import annotations

from pathlib import Path

USE = """\
Train a model on one variant of a dataset of faces and test it on every variant.

  python train.py                                        built-in faces, a small network
  python train.py model=emotion_cnn_4 data=mixed         other choices
  python train.py optimizer.learning_rate=1e-4 epochs=30 other values
  python train.py -m data=normal,occluded,mixed          a sweep: one run each, and the matrix
  python train.py dataset=fer2013 --cfg job              show the whole configuration, run nothing
"""


def options(conf: Path) -> dict[str, dict[str, str]]:
    """Group -> option -> the first comment of its file, in the order of conf/train.yaml's groups."""
    groups = ("data", "dataset", "occlusion", "model", "optimizer", "augmentation", "experiment")
    return {
        group: {
            file.relative_to(conf / group).with_suffix("").as_posix(): _first_comment(file)
            for file in sorted((conf / group).rglob("*.yaml"))
            if not file.name.startswith("_")  # what several options share is no option
        }
        for group in groups
    }


def _first_comment(file: Path) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    comments = [line[1:].strip() for line in lines if line.startswith("#") and "@package" not in line]
    return comments[0] if comments else ""


def text(conf: Path) -> str:
    """The whole help."""
    parts = [USE]
    for group, names in options(conf).items():
        parts.append(f"{group}=")
        width = max(map(len, names), default=0)
        parts += [f"  {name:<{width}}  {line}" for name, line in names.items()]
        parts.append("")
    lines = (conf / "train.yaml").read_text(encoding="utf-8").splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("seed:"))
    last = next(i for i, line in enumerate(lines) if line.startswith("hydra:"))
    parts.append("Keys and their defaults (those of an option: python train.py model=NAME --cfg job):")
    parts += [f"  {line}" for line in lines[first:last] if line]
    parts.append("\nHydra's own flags: python train.py --hydra-help")
    return "\n".join(parts)
