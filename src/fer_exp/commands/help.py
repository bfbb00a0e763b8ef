"""The answer to --help: groups, options and keys, read from the first lines and comments of conf/."""

from __future__ import annotations

from pathlib import Path

from fer_exp.system.paths import command_line

COMPLETION_FLAGS = ("-sc", "--shell-completion")  # Hydra's, by which the shell asks
USE = {
    "train": """\
Train a model on one variant of a dataset of faces and test it on every variant.

  {train}                                        built-in faces, a small network
  {train} model=emotion_cnn_4 data=mixed         other choices
  {train} optimizer.learning_rate=1e-4 epochs=30 other values
  {train} -m data=normal,occluded,mixed          a sweep: one run each, and the matrix
  {train} resume=last                            go on with a run that was interrupted
  {train} dataset=fer2013 --cfg job              show the whole configuration, run nothing
""",
    "evaluate": """\
Ask stored runs: test one again, on its own test sets or on others; or compare several.

  {evaluate} run=ID checkpoint=last              again, and whether the numbers agree
  {evaluate} run=ID checkpoint=all               every epoch: exploration, never selection
  {evaluate} run=ID occlusion=quest2 occlusion.scale=1.5      another bar
  {evaluate} run=ID occlusion.fill=inpaint mirror=true        the same bar, inpainted; mirror images averaged
  {evaluate} run=ID dataset=image_folder dataset.root=DIR     another dataset
  {evaluate} route.normal=ID route.occluded=ID   uncovered faces to one run, covered ones to another
  {evaluate} sweep=ID                            the answer page of a -m command, again
  {evaluate} where.model=resnet50 where.data=[normal,mixed]   of any finished runs, by their parameters
""",
    "occlude": """\
Write a covered copy of a dataset, or of a folder of pictures, in the same layout, for any tool to use.

  {occlude} dataset=affectnet dataset.root=DIR output=DIR              every face covered
  {occlude} dataset=fer2013 dataset.root=DIR dataset.landmarks=auto output=DIR variant=mixed
  {occlude} images=DIR output=DIR occlusion=sunglasses                 any pictures
  {occlude} ... quality=lossless                                       JPEG blocks outside stay bit for bit
  {train} dataset=affectnet dataset.root=COPY data=normal              read it back

Started again, it goes on where it was stopped. Exit status 1: some pictures were left out, all others are written.
""",
    "live": """\
Say the expression, and the gender, of every face on a camera, in a video or in pictures.

  {live} run=ID                                  the first camera, in a window
  {live} run=ID compare_run=ID gender_run=ID     beside it, what a network trained on covered faces says, and the gender
  {live} run=ID source=film.mp4 output=annotated.mp4,predictions.csv
  {live} run=ID source=rtsp://camera.local/stream view=page       on a page of this machine, http://127.0.0.1:8000
  {live} run=ID source=browser                   the camera of whoever opens that page

Keys, and buttons of the page: b bar on or off, p pause, s save this frame, q leave.
""",
    "check": """\
Look through a dataset: faces that cannot be used, sizes, landmarks, duplicates, leaks between parts, labels.

  {check} dataset=fer2013 dataset.root=DIR
  {check} dataset=affectnet dataset.root=DIR dataset.landmarks=FILE

Counts and examples on the terminal, every name in a file. Exit status 1: something was found.
""",
    "plan": """\
Say how many seeds and faces would show a difference, from the variances of the finished runs of a sweep.

  {plan} sweep=ID                       two points, in 80 % of cases
  {plan} sweep=ID difference=1 power=0.9
""",
}
GROUPS = {
    "train": ("data", "dataset", "occlusion", "model", "optimizer", "augmentation", "method", "arm", "experiment"),
    "evaluate": ("dataset", "occlusion"),
    "occlude": ("dataset", "occlusion"),
    "check": ("dataset",),
    "plan": (),
    "live": ("occlusion",),
}


def options(conf: Path, command: str = "train") -> dict[str, dict[str, str]]:
    """Return group -> option -> the first comment of its file, in the order of the command's groups."""
    return {
        group: {
            file.relative_to(conf / group).with_suffix("").as_posix(): _first_comment(file)
            for file in sorted((conf / group).rglob("*.yaml"))
            if not file.name.startswith("_")  # what several options share is not an option
        }
        for group in GROUPS[command]
    }


def _first_comment(file: Path) -> str:
    lines = file.read_text(encoding="utf-8").splitlines()
    comments = [line[1:].strip() for line in lines if line.startswith("#") and "@package" not in line]
    return comments[0] if comments else ""


def text(conf: Path, command: str = "train") -> str:
    """Return the whole help of a command."""
    parts = [USE[command].format(**{verb: command_line(verb) for verb in USE})]
    for group, names in options(conf, command).items():
        parts.append(f"{group}=")
        width = max(map(len, names), default=0)
        parts += [f"  {name:<{width}}  {line}" for name, line in names.items()]
        parts.append("")
    lines = (conf / f"{command}.yaml").read_text(encoding="utf-8").splitlines()
    first = lines.index("", lines.index("defaults:"))
    last = next(i for i, line in enumerate(lines) if line.startswith("hydra:"))
    parts.append(f"Keys and their defaults (those of an option: {command_line(command)} GROUP=NAME --cfg job):")
    parts += [f"  {line}" for line in lines[first:last] if line]
    parts.append(f"\nHydra's own flags: {command_line(command)} --hydra-help")
    return "\n".join(parts)
