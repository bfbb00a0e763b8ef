"""Studies as experiments: the recipe, the printed numbers, the distance of ours."""

import pytest
from configs import configured

from fer_exp.evaluation import reproduction
from fer_exp.system.paths import ROOT

EXPERIMENTS = ["study_a/normal", "study_a/occluded", "study_a/mixed", "study_a/mixed_unique"]
EXPERIMENTS += [f"study_b/emotion_model_{n}" for n in (1, 2, 3)]


def composed(experiment, *more):
    return configured(f"experiment={experiment}", "dataset.root=.", *more)


def printed(cfg):
    return reproduction.printed_numbers(cfg.published, cfg)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_says_its_command_what_it_needs_and_what_was_published(experiment):
    head = (ROOT / "conf" / "experiment" / f"{experiment}.yaml").read_text()
    assert f"python train.py experiment={experiment} dataset.root=DIR" in head
    assert "# Needs " in head
    assert "# Published: " in head
    numbers = printed(composed(experiment))["best"]["normal"]
    assert f"{numbers:.3f}"[1:] in head or str(numbers) in head


@pytest.mark.parametrize("variant", ["normal", "occluded", "mixed", "mixed_unique"])
def test_study_a_is_the_printed_recipe(variant):
    cfg = composed(f"study_a/{variant}")
    assert cfg.data.name == variant
    assert (cfg.dataset.name, cfg.model.name, cfg.augmentation.name) == ("affectnet", "resnet50", "study")
    assert (cfg.optimizer.name, cfg.optimizer.learning_rate, cfg.optimizer.schedule.value) == ("adam", 1e-3, "constant")
    assert (cfg.epochs, cfg.batch_size, cfg.class_weights.value) == (50, 32, "inverse")
    assert (cfg.monitor, cfg.split.by.value, cfg.split.validation) == ("val_loss", "image", 0.2)
    assert (cfg.early_stopping.patience, cfg.early_stopping.monitor) == (20, "val_loss")
    rule = cfg.reduce_lr_on_plateau
    assert (rule.patience, rule.factor, rule.min_lr, rule.monitor) == (5, 0.2, 1e-8, "val_loss")
    assert (cfg.model.trainable_from, cfg.model.head.dense, cfg.model.head.dropout) == ("conv5", [1024], 0)
    assert cfg.model.preprocessing.value == "imagenet"


@pytest.mark.parametrize("variant", ["mixed", "mixed_unique"])
def test_mixed_lies_between_its_halves_which_the_printed_table_4_3_does_not(variant):
    for numbers in printed(composed(f"study_a/{variant}")).values():
        assert numbers["occluded"] < numbers["mixed"] < numbers["normal"]
        assert numbers["mixed"] == pytest.approx((numbers["occluded"] + numbers["normal"]) / 2, abs=0.012)


def test_a_sweep_over_variants_compares_each_with_its_own_row():
    cfg = composed("study_a/normal", "data=occluded")
    assert printed(cfg)["last"] == {
        "epoch": 34,
        "val_loss": 1.1557,
        "val_accuracy": 0.559,
        "occluded": 0.4964,
        "normal": 0.4721,
    }


def test_another_network_or_dataset_is_not_compared_and_the_run_says_so(caplog):
    cfg = composed("study_b/emotion_model_1", "model=convnet_small")
    assert printed(cfg) == {}
    assert not any(
        tag.startswith("published/") for tag in reproduction.tags(cfg.published, cfg, ["model=convnet_small"])
    )
    assert (
        "published numbers are for model=emotion_cnn_4 dataset=fer2013 data=normal and are not compared" in caplog.text
    )


def test_what_the_command_line_changed_in_the_recipe_is_on_the_run():
    cfg = composed("study_b/emotion_model_1")
    words = ["experiment=study_b/emotion_model_1", "dataset.root=/faces", "seed=3", "tracking.uri=sqlite:///x"]
    assert reproduction.tags(cfg.published, cfg, words)["recipe.changed"] == "(nothing)"
    changed = [*words, "epochs=2", "dataset.limit=96", "split.by=face"]
    assert reproduction.tags(cfg.published, cfg, changed)["recipe.changed"] == "epochs=2 dataset.limit=96 split.by=face"


def test_runs_without_a_study_carry_nothing_of_it():
    cfg = configured()
    assert printed(cfg) == reproduction.tags(cfg.published, cfg, []) == {}
