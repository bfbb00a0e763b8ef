"""Studies as experiments: the recipe, the printed numbers, the distance of ours."""

import pytest
from configs import composed as compose_run
from configs import configured

from fer_exp.config.compose import from_stored
from fer_exp.evaluation import reproduction
from fer_exp.system.paths import ROOT

EXPERIMENTS = ["study_a/normal", "study_a/occluded", "study_a/mixed", "study_a/mixed_unique"]
OTHERS = ("resnet50_unweighted", "senet50", "vgg16", "convnet_basic", "convnet_deep")
EXPERIMENTS += [f"study_a/{name}" for name in OTHERS]
EXPERIMENTS += [f"study_b/emotion_model_{n}" for n in (1, 2, 3)]
EXPERIMENTS += ["study_b/gender_100e", "study_b/gender_es"]


def composed(experiment, *more):
    return configured(f"experiment={experiment}", "dataset.root=.", *more)


class Counted:
    """So many training and test faces."""

    def __init__(self, training, test):
        self.numbers = {"train": training, "test": test}

    def rows(self, part):
        return range(self.numbers[part] or 0)


def theirs(cfg):
    return Counted(cfg.published.training_faces, cfg.published.test_faces)


def printed(cfg):
    return reproduction.printed_numbers(cfg.published, cfg, theirs(cfg))


def tags(cfg, words, faces=None):
    return reproduction.tags(cfg.published, cfg, faces or theirs(cfg), words)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_says_its_command_what_it_needs_and_what_was_published(experiment):
    head = (ROOT / "conf" / "experiment" / f"{experiment}.yaml").read_text()
    assert f"python train.py experiment={experiment} dataset.root=DIR" in head
    assert "# Needs " in head
    assert "# Published: " in head
    numbers = printed(composed(experiment))
    normal = (numbers["best"] or numbers["last"])["normal"]
    assert f"{normal:.3f}"[1:] in head or str(normal) in head


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
    assert not any(tag.startswith("published/") for tag in tags(cfg, ["model=convnet_small"]))
    assert (
        "published numbers are for model=emotion_cnn_4 dataset=fer2013 data=normal and are not compared" in caplog.text
    )


def test_what_the_command_line_changed_in_the_recipe_is_on_the_run():
    cfg = composed("study_b/emotion_model_1")
    words = ["experiment=study_b/emotion_model_1", "dataset.root=/faces", "seed=3", "tracking.uri=sqlite:///x"]
    assert tags(cfg, words)["recipe.changed"] == "(nothing)"
    changed = [*words, "epochs=2", "dataset.limit=96", "split.by=face"]
    assert tags(cfg, changed)["recipe.changed"] == "epochs=2 dataset.limit=96 split.by=face"


def test_runs_without_a_study_carry_nothing_of_it():
    cfg = configured()
    assert printed(cfg) == tags(cfg, []) == {}


def test_other_networks_of_study_a_have_their_own_numbers_and_recipes():
    numbers = {name: printed(composed(f"study_a/{name}"))["best"]["normal"] for name in OTHERS}
    assert numbers == dict(zip(OTHERS, (0.468, 0.581, 0.412, 0.277, 0.38), strict=True))
    assert composed("study_a/resnet50_unweighted").class_weights.value == "none"
    vgg16 = composed("study_a/vgg16")
    assert (vgg16.optimizer.name, vgg16.optimizer.learning_rate, vgg16.augmentation.name) == ("rmsprop", 1e-5, "none")
    assert (vgg16.model.head.dense, vgg16.model.head.dropout) == ([256], 0.5)


def test_numbers_of_other_faces_are_not_compared_and_the_run_says_why(caplog):
    cfg = composed("study_b/emotion_model_1")
    few = Counted(11_745, 3_589)
    assert reproduction.printed_numbers(cfg.published, cfg, few) == {}
    found = tags(cfg, [], few)
    assert found["reproduction.omitted"] == (
        "the published numbers are of 28821 training faces and are not compared with 11745"
    )
    assert not any(tag.startswith("published/") for tag in found)
    assert "not compared with 11745" in caplog.text
    nearly = Counted(28_800, 7_066)  # some files could not be read
    assert "published/best/normal" in tags(cfg, [], nearly)


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_a_run_says_in_what_the_recipe_differs_from_the_study(experiment):
    found = tags(composed(experiment), [])["recipe.deviations"]
    words = ("stratified", "256", "quality 75", "each batch") if "study_a" in experiment else ("validated", "widths")
    assert all(word in found for word in words)


def test_study_bs_f1_has_no_average_and_runs_that_called_it_macro_are_still_read():
    cfg, plain = compose_run(["experiment=study_b/emotion_model_1", "dataset.root=."])
    assert tags(cfg, [])["published/best/f1"] == "0.18"
    numbers = plain["published"]["results"]["normal"]["best"]
    numbers["macro_f1"] = numbers.pop("f1")
    assert from_stored(plain).published.results["normal"].best.f1 == 0.18
