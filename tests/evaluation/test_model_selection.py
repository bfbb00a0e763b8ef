import numpy as np
import pandas as pd

from fer_exp.config.training import Mode
from fer_exp.evaluation import model_selection


def test_each_monitor_picks_its_best_epoch_the_earliest_on_ties():
    history = {"val_loss": {1: 0.5, 2: 0.4, 3: 0.4}, "val_accuracy": {1: 0.2, 2: 0.3, 3: 0.6}}
    accuracy = {"normal": {1: 0.1, 2: 0.7, 3: 0.5}, "occluded": {1: 0.3, 2: 0.2, 3: 0.1}}
    expected = pd.DataFrame(
        {
            "chosen by": ["val_loss", "val_accuracy", "the last epoch", "the test set (not allowed)"],
            "epoch": [2, 3, 3, None],
            "normal": [0.7, 0.5, 0.5, 0.7],
            "occluded": [0.2, 0.1, 0.1, 0.3],
        }
    ).astype({"epoch": "Int64"})
    pd.testing.assert_frame_equal(model_selection.compare_monitors(history, accuracy), expected)


def test_an_epoch_that_was_not_kept_is_still_the_one_that_was_picked():
    history = {"val_loss": {1: 0.9, 2: 0.5, 3: 0.7, 4: 0.8}}
    found = model_selection.compare_monitors(history, {"normal": {1: 0.3, 4: 0.6}})
    assert found["epoch"].tolist() == [2, 4]
    assert np.isnan(found["normal"][0])
    assert found["normal"][1] == 0.6


def test_nan_is_never_picked():
    assert model_selection.best_epoch({1: float("nan"), 2: 0.5}, Mode.min) == 2
