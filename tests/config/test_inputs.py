import pytest

from fer_exp.config.inputs import InputsConfig
from fer_exp.config.occlusion import HeadsetConfig
from fer_exp.errors import ConfigError


def test_a_budget_below_nothing_is_refused():
    with pytest.raises(ConfigError, match=r"picture_cache=-1: must be at least 0 GB"):
        InputsConfig(occlusion=HeadsetConfig("quest2", "headset"), picture_cache=-1)
