"""What a reader must know of the data and the runs behind a matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fer_exp.tracking import Run


def doubts(runs: list[Run]) -> list[str]:
    """What a reader must know before trusting the numbers."""
    said = []
    seeds = {run.data.params.get("seed") for run in runs}
    if len(seeds) < 3:
        known = "not measured" if len(seeds) < 2 else "hardly measured"
        said.append(f"Fewer than three seeds ({len(seeds)}): chance between trainings is {known}.")
    tags = runs[0].data.tags
    for key, words in (
        ("duplicates.test_in_training", "test pictures also occur in training"),
        ("duplicates.test_in_validation", "test pictures also occur in validation"),
        ("duplicates.validation_in_training", "validation pictures also occur in training"),
        ("landmarks.missing", "faces have no usable landmarks"),
    ):
        if int(tags.get(key, 0) or 0):
            rule = f" (occlusion.missing={tags.get('landmarks.missing_rule')})" if key == "landmarks.missing" else ""
            said.append(f"{tags[key]} {words}{rule}.")
    looked = [run.info.run_name for run in runs if "looked_at_test_set" in run.data.tags]
    if looked:
        said.append(f"Every epoch was looked at on the test set: {', '.join(looked)}. Nothing here was chosen by it.")
    if len({run.data.tags.get("dataset.fingerprint") for run in runs}) > 1:
        said.append("The runs have different dataset fingerprints.")
    return said


def data(runs: list[Run]) -> list[tuple[str, str]]:
    """Data and split, for the page."""
    params, tags = runs[0].data.params, runs[0].data.tags
    chosen = [
        "dataset",
        "occlusion",
        "occlusion.scale",
        "split.by",
        "split.validation",
        "monitor",
        "optimizer",
        "augmentation",
    ]
    found = [(key, params[key]) for key in chosen if key in params]
    splits = sorted({run.data.tags.get("split.hash", "") for run in runs})
    found += [("dataset fingerprint", tags.get("dataset.fingerprint", "")), ("split hashes", ", ".join(splits))]
    return [*found, ("faces left out", tags.get("excluded", "0"))]
