from predicted import predictions

from fer_exp.evaluation import caveats
from fer_exp.tracking import sweep_runs


def test_three_seeds_and_clean_data_leave_no_doubts(store, add):
    for seed in (0, 1, 2):
        add("normal", seed, predictions(0.9, 0.3, seed))
    assert caveats.find_caveats(sweep_runs(store, "s-1")) == []


def test_one_seed_says_that_no_star_is_given(store, add):
    add("normal", 0, predictions(0.9, 0.3, 0))
    (said,) = caveats.find_caveats(sweep_runs(store, "s-1"))
    assert "over faces only, and no star is given" in said
    for seed in (0, 1, 2):
        add("mixed", seed, predictions(0.9, 0.3, seed))
    (said,) = caveats.find_caveats(sweep_runs(store, "s-1"))
    assert said == "Fewer than three seeds (1): chance between trainings is hardly measured."


def test_what_was_tested_of_another_dataset_is_said(store, add):
    for seed in (0, 1, 2):
        tags = {"test_datasets.ck": "9 faces of image_folder, chance 0.500", "test_datasets.ck.fingerprint": "f"}
        add("normal", seed, predictions(0.9, 0.3, seed), **tags)
    assert caveats.find_caveats(sweep_runs(store, "s-1")) == ["ck: 9 faces of image_folder, chance 0.500."]


def test_what_a_fill_took_for_the_place_of_a_real_headset_is_said_once(store, add):
    for seed in (0, 1, 2):
        add("normal", seed, predictions(0.9, 0.3, seed), **{"occlusion.mask": "the faces wear a headset"})
    assert caveats.find_caveats(sweep_runs(store, "s-1")) == ["The faces wear a headset."]


def test_few_people_are_said_and_many_need_no_word(store, add):
    for seed in (0, 1, 2):
        add("normal", seed, predictions(0.9, 0.3, seed), **{"people.test": "30"})
    assert caveats.find_caveats(sweep_runs(store, "s-1")) == []
    for seed in (0, 1, 2):
        add("mixed", seed, predictions(0.9, 0.3, seed), **{"people.test": "8"})
    (said,) = caveats.find_caveats(sweep_runs(store, "s-1"))
    assert said.startswith("The test faces show 8 people: so few say little of how others differ.")


def test_mirror_images_are_said(store, add):
    for seed in (0, 1, 2):
        add("normal", seed, predictions(0.9, 0.3, seed), params={"mirror": True})
    (said,) = caveats.find_caveats(sweep_runs(store, "s-1"))
    assert said == "All predictions are means over a face and its mirror image, at twice the cost."
