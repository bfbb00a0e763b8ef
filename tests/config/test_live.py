import pytest

from fer_exp.config.live import LiveConfig, View
from fer_exp.errors import ConfigError


@pytest.mark.parametrize(
    "keys, view",
    [
        ({}, View.window),
        ({"source": "browser"}, View.page),
        ({"output": ["a.csv"]}, View.none),
        ({"output": ["a.mp4", "b.csv"], "view": View.page}, View.page),
    ],
)
def test_where_frames_are_shown_follows_from_source_and_output(keys, view):
    assert LiveConfig(run="a", **keys).view is view


@pytest.mark.parametrize(
    "keys, says",
    [
        ({"output": ["a.txt"]}, r"output=a.txt: must end in .mp4"),
        ({"output": ["a.mp4", "b.avi"]}, "one video and one table"),
        ({"view": View.none}, "view=none needs output="),
        ({"source": "browser", "view": View.window}, "source=browser needs view=page"),
        ({"checkpoint": "all"}, "checkpoint=all: must be best, last or the number"),
        ({"smoothing": -1}, "smoothing=-1"),
        ({"most_faces": 0}, "most_faces=0"),
        ({"port": 0}, "port=0"),
    ],
)
def test_what_cannot_be_meant_is_said(keys, says):
    with pytest.raises(ConfigError, match=says):
        LiveConfig(run="a", **keys)
