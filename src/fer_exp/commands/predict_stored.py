"""What the checkpoints of a stored run say of faces."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from fer_exp import models, tracking
from fer_exp.config.model import PretrainedConfig
from fer_exp.evaluation.predictions import predict
from fer_exp.inputs import features
from fer_exp.models import stems
from fer_exp.training.checkpoints import load

if TYPE_CHECKING:
    import keras

    from fer_exp.config.train import TrainConfig
    from fer_exp.evaluation.predictions import Predictions
    from fer_exp.inputs.source import Features, Source


def predict_stored(
    store: tracking.TrackingStore,
    run: tracking.Run,
    files: dict[int, str],
    source: Source,
    trained: TrainConfig,
    batch_size: int,
) -> dict[int, Predictions]:
    """Return the predictions of a run's checkpoints, by epoch; `files` names the artifact of each."""
    with TemporaryDirectory() as scratch:
        networks = {
            epoch: load(tracking.download_artifact(store, run, file, Path(scratch))) for epoch, file in files.items()
        }
        tests = features.needed_for_tests(source)
        needed = [*tests, *features.mirror_images(source, tests)]
        tested, seen = behind_frozen_layers(networks, source, trained, needed)
        return predict(tested, seen, source.rows("test"), batch_size)


def behind_frozen_layers(
    networks: dict[int, keras.Model], source: Source, trained: TrainConfig, needed: list[features.Needed]
) -> tuple[dict[int, keras.Model], Source | Features]:
    """Return what of a run's networks is to be asked, and what it sees: the features that frozen layers have made.

    The whole networks and the pictures, where a network has no frozen layers, or its features are not there and a
    single checkpoint would not make up for their disk.
    """
    first = next(iter(networks.values()))
    if not isinstance(trained.model, PretrainedConfig):
        return networks, source
    base = first.get_layer(models.BACKBONE)
    cut = stems.find_cut(base)
    if cut is None:
        return networks, source
    stem = stems.stem_of(base, cut)
    there = not features.missing_bytes(stem, trained.model, source, needed)
    worth = there or len(networks) > 1
    if not worth or not features.fits_budget(stem, trained.model, source, needed, trained.feature_cache):
        return networks, source
    rests = {epoch: stems.rest_of(network, cut) for epoch, network in networks.items()}
    return rests, features.extract(stem, trained.model, source, needed)
