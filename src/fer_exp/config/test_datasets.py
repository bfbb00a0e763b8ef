"""Other datasets that a run is tested on as well, by names that become columns of the matrix."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fer_exp.config.dataset import SCHEMAS, DatasetConfig
from fer_exp.config.options import load_option, option_names
from fer_exp.config.test_sets import OWN
from fer_exp.errors import ConfigError

NAME = re.compile(r"[a-z][a-z0-9_]*")


def other_datasets(given: Mapping[str, Any], tests: Sequence[str] = ()) -> dict[str, DatasetConfig]:
    """Return the datasets that `test_datasets` names, as it names them.

    Args:
        given: NAME -> {dataset: OPTION of conf/dataset, KEY: value, ...}.
        tests: the words of the further test sets, which are columns too.

    Raises:
        ConfigError: a name cannot be a column's, or a dataset has no such key or value.
    """
    datasets = {}
    taken = {*OWN, *option_names("occlusion"), *map(str, tests)}
    for name, values in given.items():
        key = f"test_datasets.{name}"
        if not NAME.fullmatch(str(name)) or name in taken:
            raise ConfigError(
                f"{key}: {name!r} cannot be a column of the matrix; small letters, digits and _ can, and no name that "
                "a test set or an occluder has"
            )
        if not isinstance(values, Mapping) or "dataset" not in values:
            raise ConfigError(f"{key}: say which dataset it is: {key}.dataset=image_folder {key}.root=DIR")
        keys = {k: v for k, v in values.items() if k != "dataset"}
        try:
            datasets[name] = load_option("dataset", str(values["dataset"]), SCHEMAS, DatasetConfig, keys, key)
        except ConfigError as error:
            raise ConfigError(str(error).replace("dataset.", f"{key}.", 1)) from error
    return datasets


def column(name: str, form: str) -> str:
    """Return the column of the matrix for a form (normal, occluded) of another dataset: ck, ck-occluded."""
    return name if form == "normal" else f"{name}-{form}"


def form_of(test_set: str) -> tuple[str, str]:
    """Return the name and the form that `column` made a column of."""
    name, _, form = test_set.partition("-")
    return name, form or "normal"
