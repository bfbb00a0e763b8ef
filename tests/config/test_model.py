import pytest
from configs import configured

from fer_exp.errors import ConfigError


@pytest.mark.parametrize(
    "words, said",
    [
        (["model=resnet50", "model.size=64"], "model.size=64: resnet50 needs 197 or more"),
        (["model=vgg16", "model.channels=1"], "model.channels=1: vgg16 needs 3"),
        (["model=senet50", "model.weights=imagenet"], "model.weights=imagenet: must be vggface, a .h5 or .hdf5 file"),
        (["model=resnet50", "model.weights=/no/file.h5"], "no such file"),
        (["model=resnet50", "model.weights=weights.pkl"], "vggface, imagenet, a .h5 or .hdf5 file"),
        (["model=vgg16", "model.trainable_from=conv9"], "model.trainable_from=conv9: must be one of conv1, conv2"),
        (["model=resnet50", "model.head.dense=[0]"], "model.head.dense"),
        (["model=mini_xception", "model.trainable_from=conv5"], "model.trainable_from=conv5: must be one of block1"),
        (["model=mini_xception", "model.size=48"], "needs 64 and 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_impossible_choices_end_before_anything_is_loaded(words, said):
    with pytest.raises(ConfigError, match=said.replace(".", r"\.").replace("[", r"\[")):
        configured(*words)
