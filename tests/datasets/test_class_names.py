from dataclasses import replace

import numpy as np
import pytest

from fer_exp.datasets.class_names import SYNONYMS, meaning, rename, under_classes
from fer_exp.errors import DataError

AFFECTNET = ("neutral", "happiness", "sadness", "surprise", "fear", "disgust", "anger", "contempt")
FER2013 = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
RAF_DB = ("Surprise", "Fear", "Disgust", "Happiness", "Sadness", "Anger", "Neutral")


def test_the_words_of_every_dataset_mean_one_expression_each():
    for words in (AFFECTNET, FER2013, RAF_DB):
        assert {meaning(word) for word in words} <= set(SYNONYMS)
        assert len({meaning(word) for word in words}) == len(words)
    assert meaning("Angry") == meaning("anger") != meaning("sad")
    assert meaning("Bored") == "bored"


def test_faces_of_another_order_and_other_words_are_labelled_as_the_network_knows_them(faces):
    theirs = replace(faces, classes=("sadness", "Angry", "happy"))
    ours, common = under_classes(theirs, ("angry", "happy", "sad"))
    assert common == ours.classes == ("angry", "happy", "sad")
    assert [theirs.classes[k] for k in theirs.labels[:3]] == ["sadness", "Angry", "happy"]
    assert [ours.classes[k] for k in ours.labels[:3]] == ["sad", "angry", "happy"]


def test_classes_that_one_side_has_alone_are_left_out(faces):
    theirs = replace(faces, classes=("contempt", "anger", "happiness"))
    ours, common = under_classes(theirs, ("happy", "sad", "angry"))
    assert common == ("happy", "angry")
    assert len(ours) == (theirs.labels != 0).sum()
    assert set(np.array(ours.classes)[ours.labels]) == {"happy", "angry"}


def test_hardly_anything_in_common_is_refused_with_both_lists(faces):
    with pytest.raises(DataError, match=r"angry, happy, sad.*bored, awake, happy.*dataset\.rename"):
        under_classes(faces, ("bored", "awake", "happy"))


def test_renamed_classes_of_one_name_become_one(faces):
    found = rename(faces, {"sad": "angry", "happy": "glad"})
    assert found.classes == ("angry", "glad")
    assert (found.labels[faces.labels == 2] == 0).all() and (found.labels[faces.labels == 1] == 1).all()
    with pytest.raises(DataError, match=r"dataset\.rename: bored is not a class"):
        rename(faces, {"bored": "sad"})
