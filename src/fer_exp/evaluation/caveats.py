"""What a reader must know of the data and the runs behind a matrix."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from fer_exp.evaluation.people import FEW_PEOPLE

if TYPE_CHECKING:
    from fer_exp.tracking import Run


MASK = "occlusion.mask"  # the tag that says what a fill took for the place of a real headset
OTHER = r"test_datasets\.[^.]+"  # the tag that says what was tested of another dataset


def find_caveats(runs: list[Run]) -> list[str]:
    """Return what a reader must know before trusting the numbers, a sentence each."""
    return _few_seeds(runs) + find_data_caveats(runs)


def _few_seeds(runs: list[Run]) -> list[str]:
    by_variant = [
        len({r.data.params.get("seed") for r in runs if r.data.params["data"] == v}) for v in _values(runs, "data")
    ]
    if min(by_variant) >= 3:
        return []
    measured = "not measured: intervals are over faces only, and no star is given"
    if max(by_variant) > 1:
        measured = "hardly measured"
    return [f"Fewer than three seeds ({min(by_variant)}): chance between trainings is {measured}."]


def find_data_caveats(runs: list[Run]) -> list[str]:
    """Return what a reader must know of the faces and of how the runs came about, a sentence each."""
    sentences = []
    for key, words in (
        ("duplicates.test_in_training", "test pictures also occur in training"),
        ("near_duplicates.test_in_training", "test pictures are nearly the same as training pictures"),
        ("near_duplicates.test_in_validation", "test pictures are nearly the same as validation pictures"),
        ("duplicates.test_in_validation", "test pictures also occur in validation"),
        ("duplicates.validation_in_training", "validation pictures also occur in training"),
        ("people.test_in_training", "people in the test part are also in training"),
        ("landmarks.missing", "faces have no usable landmarks"),
    ):
        most = max(runs, key=lambda run: int(run.data.tags.get(key, 0) or 0)).data.tags
        if int(most.get(key, 0) or 0):
            rule = f" (occlusion.missing={most.get('landmarks.missing_rule')})" if key == "landmarks.missing" else ""
            sentences.append(f"{most[key]} {words}{rule}.")
    masks = {run.data.tags[MASK] for run in runs if MASK in run.data.tags}
    sentences += [f"{mask[0].upper()}{mask[1:]}." for mask in sorted(masks)]
    described = {key: text for run in runs for key, text in run.data.tags.items() if re.fullmatch(OTHER, key)}
    sentences += [f"{key.split('.')[1]}: {text}." for key, text in sorted(described.items())]
    people = [int(run.data.tags.get("people.test", 0) or 0) for run in runs]
    few = [number for number in people if 0 < number < FEW_PEOPLE]
    if few:
        sentences.append(
            f"The test faces show {min(few)} people: so few say little of how others differ. Intervals and p values "
            "allow for that as far as people are alike; the loss of single classes has no interval."
        )
    mirrored = [run for run in runs if run.data.params.get("mirror") == "True"]
    if mirrored:
        which = "All predictions" if len(mirrored) == len(runs) else "Predictions of rows with mirror=True"
        sentences.append(f"{which} are means over a face and its mirror image, at twice the cost.")
    if len({run.data.tags.get("code.hash") for run in runs}) > 1:
        sentences.append("The runs were made by different versions of the code.")
    names = [run.info.run_name for run in runs if "looked_at_test_set" in run.data.tags]
    if names:
        sentences.append(
            f"All epochs of {', '.join(names)} were tested on the test set; nothing here was chosen by it."
        )
    if len({run.data.tags.get("dataset.fingerprint") for run in runs}) > 1:
        sentences.append("The runs have different dataset fingerprints.")
    return sentences


def describe_data(runs: list[Run]) -> list[tuple[str, str]]:
    """Return the data and the split of the runs as pairs of a name and its values, for the page."""
    keys = ["dataset", "dataset.degrade", "occlusion", "occlusion.scale", "occlusion.jitter", "tests"]
    keys += ["occlusion.fill", "mirror", "split.by", "split.validation", "monitor", "optimizer"]
    rows = [(key, ", ".join(_values(runs, key))) for key in keys]
    for name, tag in (
        ("dataset fingerprint", "dataset.fingerprint"),
        ("split hashes", "split.hash"),
        ("faces left out", "excluded"),
    ):
        rows.append((name, ", ".join(sorted({run.data.tags.get(tag, "") for run in runs}))))
    return rows


def _values(runs: list[Run], parameter: str) -> list[str]:
    """Return the values that a parameter has, sorted."""
    return sorted({run.data.params[parameter] for run in runs if parameter in run.data.params})
