from predicted import predictions

from fer_exp.evaluation import caveats
from fer_exp.tracking import sweep_runs


def test_three_seeds_and_clean_data_leave_no_doubts(store, add):
    for seed in (0, 1, 2):
        add("normal", seed, predictions(0.9, 0.3, seed))
    assert caveats.find_caveats(sweep_runs(store, "s-1")) == []
