"""The networks take the published weights, and no others."""

from __future__ import annotations

import json

import numpy as np
import pytest

from fer_exp.errors import UserError
from fer_exp.landmarks import face_api


def write(folder, network, change=lambda weights: None):
    """Random weights of a network as they are published: (manifest, binary)."""
    rng, weights = np.random.default_rng(0), []
    for layer in network.layers:
        for part, weight in zip(face_api.PARTS.get(type(layer), ()), layer.weights, strict=True):
            how = {"dtype": "uint8", "scale": 0.01, "min": -1.2}
            name = f"{layer.name.replace('_', '/')}/{part}"
            weights.append({"name": name, "shape": list(weight.shape), "dtype": "float32", "quantization": how})
    size = sum(int(np.prod(weight["shape"])) for weight in weights)
    change(weights)
    manifest, binary = folder / "net.json", folder / "net.bin"
    manifest.write_text(json.dumps([{"weights": weights, "paths": ["net.bin"]}]))
    binary.write_bytes(rng.bytes(size))
    return manifest, binary


@pytest.fixture(scope="module")
def points():
    return face_api.landmark_network()


@pytest.fixture(scope="module")
def boxes():
    return face_api.box_network(64)


def test_weights_are_bytes_times_scale_plus_minimum(points, tmp_path):
    manifest, binary = write(tmp_path, points)
    face_api.load(points, manifest, binary)
    first = np.frombuffer(binary.read_bytes()[: 3 * 3 * 3 * 32], np.uint8).reshape(3, 3, 3, 32)
    assert np.array(points.get_layer("dense0_conv0").kernel) == pytest.approx(first * 0.01 - 1.2, abs=1e-6)
    last = np.frombuffer(binary.read_bytes()[-136:], np.uint8)
    assert np.array(points.get_layer("fc").bias) == pytest.approx(last * 0.01 - 1.2, abs=1e-6)


def test_sizes_are_the_published_ones(points, boxes):
    assert points.count_params() == 356_840 and points.output_shape == (None, 136)
    assert boxes.count_params() == 193_321 and boxes.output_shape == (None, 2, 2, 25)


def test_the_box_network_takes_its_weights(boxes, tmp_path):
    assert face_api.load(boxes, *write(tmp_path, boxes)) is boxes


def rename(weights):
    weights[3]["name"] = "dense9/conv0/bias"


def reshape(weights):
    weights[1]["shape"] = [16, 2]


def enlarge(weights):
    weights[0]["shape"] = [10**9, 10**9]


def drop(weights):
    del weights[-1]


@pytest.mark.parametrize("change", [rename, reshape, enlarge, drop])
def test_another_network_is_refused(points, tmp_path, change):
    before = points.get_weights()
    with pytest.raises(UserError, match=r"net\.json: not the weights of face_landmark_68"):
        face_api.load(points, *write(tmp_path, points, change))
    assert all(np.array_equal(a, b) for a, b in zip(before, points.get_weights(), strict=True))


def float_weights(weights):
    weights[0]["quantization"]["dtype"] = "float16"


def negative(weights):
    weights[0]["shape"] = [-3, 3, 3, 32]


def twice(weights):
    weights[1]["name"] = weights[0]["name"]


def unquantized(weights):
    del weights[0]["quantization"]


@pytest.mark.parametrize("change", [float_weights, negative, twice, unquantized])
def test_another_manifest_is_refused(boxes, tmp_path, change):
    with pytest.raises(UserError, match=r"net\.json: not a manifest"):
        face_api.load(boxes, *write(tmp_path, boxes, change))


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b" " * 100_000])
def test_a_manifest_of_something_else_is_refused(boxes, tmp_path, content):
    manifest, binary = write(tmp_path, boxes)
    manifest.write_bytes(content)
    with pytest.raises(UserError, match=r"net\.json"):
        face_api.load(boxes, manifest, binary)


@pytest.mark.parametrize("more", [-1, 1])
def test_a_binary_of_another_length_is_refused(boxes, tmp_path, more):
    manifest, binary = write(tmp_path, boxes)
    content = binary.read_bytes()
    binary.write_bytes(content[:more] if more < 0 else content + b"?")
    with pytest.raises(UserError, match=r"net\.bin has"):
        face_api.load(boxes, manifest, binary)


def test_a_missing_file_is_named(boxes, tmp_path):
    manifest, binary = write(tmp_path, boxes)
    binary.unlink()
    with pytest.raises(UserError, match=r"net\.bin: cannot be read"):
        face_api.load(boxes, manifest, binary)


def test_boxes_are_read_as_yolo_means_them():
    cells = np.zeros((1, 2, 2, 5, 5))
    cells[..., 4] = -9
    cells[0, 1, 0, 2] = (0, 0, np.log(2), 0, 9)  # middle of the lower left cell, twice its anchor's width
    cells[0, 0, 0, 0] = (0, 0, 999, 999, -9)
    found, certainty = face_api.boxes(cells.reshape(1, 2, 2, 25))
    assert found.shape == (1, 20, 4) and np.isfinite(found).all() and (certainty > 0.5).sum() == 1
    left, top, right, bottom = found[0, certainty[0].argmax()]
    assert ((left + right) / 2, (top + bottom) / 2) == pytest.approx((0.25, 0.75))
    assert (right - left, bottom - top) == pytest.approx((2.882459, 3.518061 / 2))
