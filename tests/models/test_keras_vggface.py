"""The package under Keras 3 is the package."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from configs import configured

from fer_exp import models
from fer_exp.models import keras_vggface

STAND_INS = ("keras.utils.layer_utils", "keras.utils.data_utils", "keras.engine", "keras.engine.topology")


@pytest.mark.slow
@pytest.mark.parametrize("backbone, size", [("resnet50", 197), ("senet50", 197), ("vgg16", 64)])
def test_features_equal_those_of_the_original_under_keras_2_from_its_own_weights_file(backbone, size, tmp_path):
    weights, arrays = tmp_path / "weights.h5", tmp_path / "arrays.npz"
    script = Path(__file__).with_name("keras2_original.py")
    subprocess.run([sys.executable, script, backbone, str(size), weights, arrays], check=True, timeout=300)
    original = np.load(arrays, allow_pickle=False)

    cfg = configured(f"model={backbone}", f"model.size={size}", f"model.weights={weights}").model
    ours = models.backbone(cfg, models.weights_file(cfg))
    features = ours.predict(original["pictures"], verbose=0)
    assert ours.count_params() == original["parameters"]
    assert np.abs(features - original["features"]).max() < 1e-5 * np.abs(original["features"]).max()


@pytest.mark.slow
def test_keras_is_as_it_was_after_the_import_whichever_came_first():
    code = (
        "import sys\n"
        "from fer_exp.models import keras_vggface\n"
        "assert 'keras_vggface' not in sys.modules\n"
        "keras_vggface.network('vgg16', 48)\n"
        "import keras, keras_vggface.models as package\n"
        f"print([name for name in {STAND_INS} if name in sys.modules])\n"
        "print([n for n in ('engine',) if hasattr(keras, n)], [n for n in ('layer_utils', 'data_utils')"
        " if hasattr(keras.utils, n)])\n"
        "print(package.Conv2D is keras.layers.Conv2D, package.Model is keras.Model)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.splitlines() == ["[]", "[] []", "True True"], done.stderr


def test_what_stood_in_the_way_of_a_stand_in_comes_back():
    sys.modules["keras.engine"] = before = type(sys)("keras.engine")
    try:
        with keras_vggface.keras2_modules():
            assert sys.modules["keras.engine"] is not before
        assert sys.modules["keras.engine"] is before
    finally:
        del sys.modules["keras.engine"]


def test_a_failing_build_leaves_the_package_as_it_was():
    package = keras_vggface.package("models")
    with pytest.raises(ValueError, match="at least"):
        keras_vggface.network("senet50", 8)
    assert package.Conv2D is keras.layers.Conv2D
