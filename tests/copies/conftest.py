import pytest
from copied import QUEST2

from fer_exp.config.commands import OccludeConfig
from fer_exp.config.tracking import TrackingConfig


@pytest.fixture
def asked(tmp_path):
    """A configuration with everything but what a test is about."""

    def config(dataset=None, occlusion=QUEST2, **keys):
        keys = {"output": str(tmp_path / "copy"), "workers": 1} | keys
        uri = f"sqlite:///{tmp_path}/mlflow.db"
        return OccludeConfig(dataset=dataset, occlusion=occlusion, tracking=TrackingConfig(uri=uri), **keys)

    return config
