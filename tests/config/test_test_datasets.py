import pytest
from configs import configured

from fer_exp.config.dataset import Fer2013Config, FolderConfig
from fer_exp.config.test_datasets import column, form_of, other_datasets
from fer_exp.errors import ConfigError


def test_a_name_stands_for_an_option_with_keys_of_its_own():
    found = other_datasets({"ck": {"dataset": "image_folder", "root": "a", "limit": 9}, "fer": {"dataset": "fer2013"}})
    assert isinstance(found["ck"], FolderConfig) and isinstance(found["fer"], Fer2013Config)
    assert (found["ck"].root, found["ck"].limit, found["ck"].test_share) == ("a", 9, 0.2)
    assert found["fer"].classes == ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"normal": {"dataset": "fer2013"}}, "test_datasets.normal: 'normal' cannot be a column"),
        ({"sunglasses": {"dataset": "fer2013"}}, "cannot be a column"),
        ({"28px": {"dataset": "fer2013"}}, "cannot be a column"),
        ({"a-b": {"dataset": "fer2013"}}, "cannot be a column"),
        ({"../x": {"dataset": "fer2013"}}, "cannot be a column"),
        ({"ck": {"root": "a"}}, "say which dataset it is: test_datasets.ck.dataset=image_folder"),
        ({"ck": "a"}, "say which dataset it is"),
        ({"ck": {"dataset": "image_foldr"}}, "did you mean image_folder"),
        ({"ck": {"dataset": "image_folder", "rooot": "a"}}, "test_datasets.ck: .*rooot"),
        ({"ck": {"dataset": "image_folder", "limit": 0}}, "test_datasets.ck.limit=0: must be at least 1"),
    ],
)
def test_what_cannot_be_a_column_or_a_dataset_is_named(given, says):
    with pytest.raises(ConfigError, match=says):
        other_datasets(given)


def test_a_run_refuses_it_before_anything_is_read():
    with pytest.raises(ConfigError, match=r"test_datasets\.ck: nowhere is not a dataset"):
        configured("++test_datasets.ck.dataset=nowhere")


def test_forms_have_columns_that_say_which_they_are():
    assert column("ck", "normal") == "ck" and column("ck", "occluded") == "ck-occluded"
    assert [form_of(column("ck", form)) for form in ("normal", "occluded")] == [("ck", "normal"), ("ck", "occluded")]
