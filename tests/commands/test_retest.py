"""A stored run is asked again: what it logged stays, what is new gets names of its own."""

import re
import shutil
from dataclasses import replace

import pandas as pd
import pytest
from configs import configured
from mlflow import MlflowClient
from runs import artifacts, train

from fer_exp.commands import retest
from fer_exp.commands.question import find_asked
from fer_exp.datasets.listing import natural
from fer_exp.errors import ConfigError, DataError, UserError


@pytest.fixture(scope="module")
def uri(tmp_path_factory):
    return f"sqlite:///{tmp_path_factory.mktemp('tracking')}/mlflow.db"


@pytest.fixture(scope="module")
def trained(module_folder, uri, tmp_path_factory):
    """The id of a run of three tiny epochs on the tiny folder, that all tests here ask."""
    root, landmarks = module_folder
    words = ["dataset=image_folder", f"dataset.root={root}", f"dataset.landmarks={landmarks}", f"tracking.uri={uri}"]
    words += ["model.size=16", "model.blocks=[[4],[8]]", "epochs=3", "batch_size=16"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FER_EXP_CACHE", str(tmp_path_factory.mktemp("cache")))
        return train(words)


@pytest.fixture
def ask(trained, uri):
    """ask(*words) -> the run after the question."""

    def go(*words):
        asked = configured(f"run={trained}", f"tracking.uri={uri}", *words, command="evaluate")
        retest.retest(asked, find_asked(asked))
        return MlflowClient(uri).get_run(trained)

    return go


def points(uri, run_id, key):
    return [(p.step, p.value) for p in MlflowClient(uri).get_metric_history(run_id, key)]


def test_the_runs_own_numbers_come_out_again_and_nothing_is_written(ask, trained, uri, capsys):
    before = MlflowClient(uri).get_run(trained).data
    after = ask("checkpoint=last").data
    assert "agrees with what the run logged" in capsys.readouterr().out
    assert (before.metrics, before.tags) == (after.metrics, after.tags)


def test_a_look_at_a_chosen_epoch_marks_the_run_too(ask):
    found = ask("checkpoint=1")
    assert found.data.tags["looked_at_test_set"] == "checkpoint=1: for exploration, never for selection"


def test_every_epoch_is_tested_and_the_run_is_marked(ask, trained, uri, capsys):
    found = ask("checkpoint=all")
    assert [step for step, _ in points(uri, trained, "epoch/occluded")] == [1, 2, 3]
    assert points(uri, trained, "epoch/normal")[-1][1] == found.data.metrics["last/normal"]
    assert "never for selection" in found.data.tags["looked_at_test_set"]
    said = capsys.readouterr().out
    assert "val_balanced_loss" in said
    assert "the test set (not allowed)" in said
    files = [item.path for item in MlflowClient(uri).list_artifacts(trained, "epoch")]
    assert files == ["epoch/accuracy.png", "epoch/selection.json"]
    assert found.info.status == "FINISHED"


@pytest.mark.slow
def test_asking_twice_stores_each_number_once(ask, trained, uri):
    ask("checkpoint=all")
    once = points(uri, trained, "epoch/mixed")
    ask("checkpoint=all")
    assert points(uri, trained, "epoch/mixed") == once


def test_another_bar_gets_names_of_its_own(ask, trained, uri):
    before = MlflowClient(uri).get_run(trained).data.metrics
    found = ask("occlusion=quest2", "occlusion.scale=0.5")
    label = next(key for key in found.data.metrics if key.startswith("best.quest2-0.5.")).split("/")[0]
    assert found.data.metrics[f"{label}/normal"] == found.data.metrics["best/normal"]
    assert f"{label}/occluded" in found.data.metrics
    assert {key: found.data.metrics[key] for key in before} == before


def test_a_key_of_the_runs_own_bar_changes_it_alone(ask, trained, uri):
    found = ask("++occlusion_changes.fill=inpaint").data.metrics
    label = next(key for key in found if key.startswith("best.quest2.fill-inpaint.")).split("/")[0]
    assert found[f"{label}/normal"] == found["best/normal"]
    assert f"{label}/occluded" in found
    with pytest.raises(ConfigError, match=r"occlusion\.fil of quest2.*fil"):
        ask("++occlusion_changes.fil=inpaint")
    with pytest.raises(ConfigError, match="jitter=7"):
        ask("++occlusion_changes.jitter=7")


@pytest.mark.slow
def test_mirror_images_are_another_question_unless_the_run_asked_it_itself(ask):
    own = ask("mirror=false").data.metrics
    found = ask("mirror=true").data.metrics
    label = next(key for key in found if key.startswith("best.mirror.")).split("/")[0]
    assert {f"{label}/normal", f"{label}/occluded"} <= found.keys() - own.keys()


def test_other_faces_of_the_same_classes(ask, module_folder):
    root, _ = module_folder
    found = ask("checkpoint=2", "dataset=image_folder", f"dataset.root={root}", "dataset.limit=9")
    sets = {key.split("/")[1] for key in found.data.metrics if key.startswith("epoch.image_folder.")}
    assert sets == {"normal"}  # no landmarks were given


def test_another_question_has_another_name(ask, module_folder):
    for color, names in (("[255,0,0]", 1), ("[0,255,0]", 2)):
        found = ask("occlusion=quest2", f"occlusion.color={color}").data.metrics
        assert len([key for key in found if re.fullmatch(r"best\.quest2\.[0-9a-f]{6}/occluded", key)]) == names


def test_faces_that_are_not_the_runs_own_any_more_are_refused(ask, monkeypatch):
    load = retest.detect.load
    changed = lambda *args, **options: replace(load(*args, **options), fingerprint="0" * 64)  # noqa: E731
    monkeypatch.setattr(retest.detect, "load", changed)
    with pytest.raises(DataError, match="are not those that"):
        ask("checkpoint=last")


def test_known_faces_among_others_are_counted(ask, module_folder, caplog):
    root, _ = module_folder
    ask("dataset=image_folder", f"dataset.root={root}/train")
    assert "48 faces of image_folder also occur in the run's training part" in caplog.text


@pytest.mark.slow
def test_tables_are_replaced_not_lengthened(ask, trained, uri, tmp_path):
    for _ in range(2):
        ask("checkpoint=all")
    table = MlflowClient(uri).download_artifacts(trained, "epoch/selection.json", str(tmp_path))
    assert len(pd.read_json(table, orient="split")) == 7


def test_the_order_of_the_classes_is_the_runs_whatever_that_of_the_faces(ask, trained, uri, module_folder):
    before = MlflowClient(uri).get_run(trained).data.metrics
    found = ask("dataset=image_folder", f"dataset.root={module_folder[0]}", "dataset.classes=[sad,happy,angry]")
    keys = [key for key in found.data.metrics if re.fullmatch(r"best\.image_folder\.[0-9a-f]{6}/normal", key)]
    new = [found.data.metrics[key] for key in keys if key not in before]
    assert new == [before["best/normal"]]


def test_a_dataset_without_parts_is_tested_whole_under_its_own_names(ask, module_folder, tmp_path, caplog):
    names = {"angry": "Anger", "happy": "joy", "sad": "contempt"}
    for theirs, ours in names.items():
        shutil.copytree(module_folder[0] / "train" / theirs, tmp_path / "whole" / ours)
    with caplog.at_level("INFO"):
        found = ask("dataset=image_folder", f"dataset.root={tmp_path}/whole")
    assert "image_folder: 32 faces are tested, all that there are: it has no test part" in caplog.text
    assert "16 faces are left out: the run does not know their classes" in caplog.text
    assert "the run also knows sad" in caplog.text and "chance is 0.500" in caplog.text
    name = re.compile(r"best\.image_folder\.2of3\.[0-9a-f]{6}/normal")
    (key,) = filter(name.fullmatch, found.data.metrics)
    table = pd.read_parquet(artifacts(found) / "predictions" / f"{key.partition('/')[0]}.parquet")
    assert len(table) == 32 and list(table.columns) == ["id", "label", "normal/angry", "normal/happy"]
    right = table[["normal/angry", "normal/happy"]].to_numpy().argmax(1) == (table["label"] == "happy")
    assert found.data.metrics[key] == pytest.approx(right.mean(), abs=1e-4)
    assert table["id"].tolist() == sorted(table["id"], key=natural)


def test_faces_with_hardly_a_class_in_common_are_refused_and_named(ask, module_folder):
    rename = "++dataset.rename={sad: bored, happy: awake}"
    with pytest.raises(DataError, match=r"angry, awake, bored, the run knows angry, happy, sad"):
        ask("dataset=image_folder", f"dataset.root={module_folder[0]}", rename)


def test_where_a_real_headset_lies_comes_from_the_landmarks_and_that_is_said(ask, module_folder, monkeypatch, capsys):
    load = retest.other_faces.detect.load
    behind = lambda *args, **options: replace(load(*args, **options), headset=True)  # noqa: E731
    monkeypatch.setattr(retest.other_faces.detect, "load", behind)
    root, landmarks = module_folder
    data = ["dataset=image_folder", f"dataset.root={root}", f"dataset.landmarks={landmarks}"]
    found = ask(*data, "++occlusion_changes.fill=inpaint")
    (mask,) = {text for key, text in found.data.tags.items() if key.startswith("occlusion.mask.quest2.fill-inpaint")}
    assert "wear a real headset" in mask and "an occluder placed by the landmarks" in mask
    assert mask in capsys.readouterr().out
    ask(*data)
    assert "real headset" not in capsys.readouterr().out


def test_an_occluder_is_refused_where_nothing_says_where_it_belongs(ask, module_folder):
    data = ["dataset=image_folder", f"dataset.root={module_folder[0]}"]
    for word in ("++occlusion_changes.fill=inpaint", "occlusion=sunglasses"):
        with pytest.raises(DataError, match=r"^occlusion: no face of image_folder has landmarks.*missing=frame"):
            ask(*data, word)
    ask(*data, "++occlusion_changes.fill=inpaint", "++occlusion_changes.missing=frame")


def test_missing_epochs_and_runs_are_named_before_a_face_is_read(ask, uri, monkeypatch):
    monkeypatch.setattr(retest.detect, "load", lambda *args, **options: pytest.fail("faces were read"))
    with pytest.raises(UserError, match=r"checkpoint=9: .*kept the epochs: 1, 2, 3"):
        ask("checkpoint=9")
    with pytest.raises(UserError, match=r"tracking\.uri names another database"):
        ask(f"run={'0' * 32}")


def test_further_test_sets_of_a_trained_network_are_a_question_of_their_own(ask, trained, uri, capsys):
    found = ask("tests=[sunglasses,quest2-0.5,quest2-1.5]")
    name = next(
        key.split("/")[0] for key in found.data.metrics if key.endswith("/quest2-0.5") and "_" not in key.split("/")[0]
    )
    assert name.startswith("best.tests.")
    assert found.data.metrics[f"{name}/normal"] == found.data.metrics["best/normal"]
    files = [item.path for item in MlflowClient(uri).list_artifacts(trained, name)]
    assert {f"{name}/severity.json", f"{name}/severity.png", f"{name}/confusion_sunglasses.png"} <= set(files)
    assert "sunglasses" in capsys.readouterr().out


@pytest.mark.slow
def test_every_epoch_is_tested_on_further_test_sets_too(ask, trained, uri):
    found = ask("checkpoint=all", "tests=[sunglasses]")
    name = next(key.split("/")[0] for key in found.data.metrics if key.startswith("epoch.tests.") and "_" not in key)
    assert [step for step, _ in points(uri, trained, f"{name}/sunglasses")] == [1, 2, 3]
    assert "looked_at_test_set" in found.data.tags


def test_a_test_set_that_is_none_is_said_at_once(ask):
    with pytest.raises(UserError, match="not an occluder"):
        ask("tests=[sunglases]")
