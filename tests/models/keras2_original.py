"""Run by test_keras_vggface in a process of its own: the package as it was written, under Keras 2.

    python keras2_original.py BACKBONE SIZE WEIGHTS.h5 ARRAYS.npz

Writes weights in the published layout, and pictures with the features that the original makes of them.
"""

import sys
import types

import numpy as np
import tf_keras

sys.modules |= {
    "keras": tf_keras,
    "keras.layers": tf_keras.layers,
    "keras.models": tf_keras.models,
    "keras.backend": tf_keras.backend,
    "keras.utils": tf_keras.utils,
}
for name, contents in {
    "keras.utils.layer_utils": {},
    "keras.utils.data_utils": {"get_file": tf_keras.utils.get_file},
    "keras.engine": {"__path__": []},
    "keras.engine.topology": {"get_source_inputs": tf_keras.utils.get_source_inputs},
}.items():
    sys.modules[name] = types.ModuleType(name)
    vars(sys.modules[name]).update(contents)
tf_keras.utils.layer_utils = sys.modules["keras.utils.layer_utils"]

from keras_vggface.utils import preprocess_input  # noqa: E402
from keras_vggface.vggface import VGGFace  # noqa: E402

backbone, size, weights, arrays = sys.argv[1:]
size = int(size)
tf_keras.utils.set_random_seed(1)
model = VGGFace(include_top=False, model=backbone, weights=None, input_shape=(size, size, 3))
rng = np.random.default_rng(0)
for layer in model.layers:
    if isinstance(layer, tf_keras.layers.BatchNormalization):
        # as after learning: fresh ones are alike, and would hide a mix-up
        layer.set_weights([rng.uniform(0.5, 1.5, w.shape) for w in layer.get_weights()])
model.save_weights(weights)
pictures = rng.uniform(0, 255, (2, size, size, 3)).astype("float32")
ready = preprocess_input(pictures, version=1 if backbone == "vgg16" else 2)
np.savez(arrays, pictures=pictures, features=model.predict(ready, verbose=0), parameters=model.count_params())
