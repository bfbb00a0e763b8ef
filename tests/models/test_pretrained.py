"""Files of learned weights: fetched once, recognised, refused when they are something else."""

import h5py
import keras
import numpy as np
import pytest
from publishers import ask_directly, serving, sha256
from trees import damaged, put

from fer_exp.errors import UserError
from fer_exp.models import pretrained as weights
from fer_exp.system.archives import MOST

DEAD = "http://127.0.0.1:9/weights.h5"


def tiny(units=2, name="scores"):
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(3, name="dense"), keras.layers.Dense(units, name=name)]
    )
    model.name = "tiny"
    return model


@pytest.fixture
def stored(tmp_path):
    """A file in Keras 2's layout, and the model it was written from."""
    model = tiny()
    model.save(tmp_path / "tiny.h5")
    return tmp_path / "tiny.h5", model


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    ask_directly(monkeypatch)


@pytest.fixture
def publisher():
    with serving(b"learned") as publisher:
        yield publisher


def test_weights_are_found_by_the_names_of_their_layers(stored):
    file, original = stored
    other = tiny()
    weights.load(other, file)
    assert all((a == b).all() for a, b in zip(original.get_weights(), other.get_weights(), strict=True))


def test_slashes_in_names_are_underscores(tmp_path):
    with h5py.File(tmp_path / "w.h5", "w") as file:
        file.attrs["layer_names"] = [b"block/dense", b"block/relu"]
        group = file.create_group("block/dense")
        group.attrs["weight_names"] = [b"block/dense/kernel:0", b"block/dense/bias:0"]
        group["block/dense/kernel:0"], group["block/dense/bias:0"] = np.full((4, 3), 2.0), np.arange(3.0)
        file.create_group("block/relu").attrs["weight_names"] = []
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3, name="block_dense")])
    weights.load(model, tmp_path / "w.h5")
    assert model.layers[0].bias.numpy().tolist() == [0, 1, 2]


def test_weights_of_another_network_are_refused_before_any_is_loaded(stored):
    file, _ = stored
    for model, said in (
        (tiny(name="other"), "lacks other and also holds scores.*notop"),
        (tiny(units=5), r"scores has the shapes \[\(3, 2\), \(2,\)\], tiny needs \[\(3, 5\), \(5,\)\]"),
    ):
        before = model.get_weights()
        with pytest.raises(UserError, match=said):
            weights.load(model, file)
        assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def replace(file, make):
    """Put something else in the place of the first kernel."""
    with h5py.File(file, "r+") as content:
        group = content["model_weights/dense"]
        (name,) = [name for name in group.attrs["weight_names"] if "kernel" in str(name)]
        values = group[name][:]
        del group[name]
        make(group, name, values)


def link_outside(group, name, values):
    with h5py.File(f"{group.file.filename}.other", "w") as other:
        other["w"] = values
    group[name] = h5py.ExternalLink(f"{group.file.filename}.other", "w")


def store_outside(group, name, values):
    outside = f"{group.file.filename}.raw"
    values.tofile(outside)
    group.create_dataset(name, values.shape, values.dtype, external=[(outside, 0, values.nbytes)])


def map_outside(group, name, values):
    with h5py.File(f"{group.file.filename}.other", "w") as other:
        other["w"] = values
    layout = h5py.VirtualLayout(values.shape, values.dtype)
    layout[:] = h5py.VirtualSource(f"{group.file.filename}.other", "w", values.shape)
    group.create_virtual_dataset(name, layout)


def not_finite(group, name, values):
    values[1, 1] = np.nan
    group[name] = values


@pytest.mark.parametrize(
    "make, reason",
    [
        (link_outside, "is a link to another file"),
        (store_outside, "is stored in other files"),
        (map_outside, "is stored in other files"),
        (not_finite, "holds numbers that are not finite"),
        (lambda group, name, values: group.create_dataset(name, data=values.astype("S")), "not numbers"),
        (lambda group, name, values: group.create_group(name), "no attribute"),
    ],
    ids=["link", "storage", "virtual", "nan", "text", "group"],
)
def test_weights_are_finite_numbers_in_the_file_itself(stored, make, reason):
    file, _ = stored
    replace(file, make)
    model = tiny()
    before = model.get_weights()
    with pytest.raises(UserError, match=rf"tiny\.h5: not an HDF5 file of weights in Keras's layout \(.*{reason}"):
        weights.load(model, file)
    assert all((a == b).all() for a, b in zip(before, model.get_weights(), strict=True))


def test_the_size_is_that_of_all_layers_together(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.attrs["layer_names"] = [f"dense_{i}" for i in range(5)]
        for i in range(5):
            group = file.create_group(f"dense_{i}")
            group.attrs["weight_names"] = ["w"]
            group.create_dataset("w", (MOST // 16,), "f4", chunks=True, compression="gzip")  # nothing is stored of it
    with pytest.raises(UserError, match=r"takes 10\.0 GiB, more than the 8 GiB"):
        weights.load(tiny(), tmp_path / "x.h5")


def test_a_small_array_in_huge_chunks_counts_as_one(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file.attrs["layer_names"] = [f"dense_{i}" for i in range(5)]
        for i in range(5):
            group = file.create_group(f"dense_{i}")
            group.attrs["weight_names"] = ["w"]
            group.create_dataset("w", (2,), "f4", maxshape=(None,), chunks=(2**29,))
    with pytest.raises(UserError, match=r"takes 10\.0 GiB, more than the 8 GiB"):
        weights.load(tiny(), tmp_path / "x.h5")


def test_damaged_weights_are_said_in_one_line(stored):
    file, _ = stored
    whole, rng, model, refused = file.read_bytes(), np.random.default_rng(0), tiny(), 0
    for _ in range(25):  # each is read in a process of its own
        put(file, damaged(whole, rng))
        try:
            weights.load(model, file)
        except UserError as error:
            refused += 1
            assert "\n" not in str(error)
    assert refused > 8


@pytest.mark.parametrize("content", [b"", b"no HDF5 at all", None])
def test_other_files_are_named_as_such(tmp_path, content):
    file = tmp_path / "w.h5"
    if content is None:
        h5py.File(file, "w").close()
    else:
        file.write_bytes(content)
    with pytest.raises(UserError, match=r"w\.h5: not an HDF5 file of weights"):
        weights.load(tiny(), file)


def test_a_file_is_fetched_once_and_its_digest_kept_as_sha256sum_writes_it(publisher, tmp_path):
    file = weights.fetch("w.h5", f"{publisher.address}/w.h5", tmp_path / "kept", "or else")
    assert file.read_bytes() == b"learned"
    assert file.with_name("w.h5.sha256").read_text() == f"{sha256(b'learned')}  w.h5\n"
    # no network needed any more
    assert weights.fetch("w.h5", DEAD, tmp_path / "kept", "or else") == file
    assert sorted(p.name for p in file.parent.iterdir()) == ["w.h5", "w.h5.sha256"]


def test_a_file_that_the_user_put_there_is_taken_and_its_digest_kept(tmp_path):
    (tmp_path / "w.h5").write_bytes(b"learned")
    assert weights.fetch("w.h5", DEAD, tmp_path, "or else") == tmp_path / "w.h5"
    assert (tmp_path / "w.h5.sha256").read_text().startswith(sha256(b"learned"))


def test_a_file_that_changed_since_is_refused_and_stays(publisher, tmp_path):
    file = weights.fetch("w.h5", f"{publisher.address}/w.h5", tmp_path / "kept", "or else")
    file.write_bytes(b"damaged")
    with pytest.raises(UserError, match=r"was changed or is damaged\. Delete it and w\.h5\.sha256 to fetch it again"):
        weights.fetch("w.h5", f"{publisher.address}/w.h5", tmp_path / "kept", "or else")
    assert file.read_bytes() == b"damaged"


def test_a_deleted_file_is_fetched_again_unless_its_publisher_changed_it(publisher, tmp_path):
    address, folder = f"{publisher.address}/w.h5", tmp_path / "kept"
    weights.fetch("w.h5", address, folder, "or else").unlink()
    weights.fetch("w.h5", address, folder, "or else").unlink()
    publisher.content = b"changed"
    with pytest.raises(UserError, match=f"{address} .*{sha256(b'learned')} but got {sha256(b'changed')}"):
        weights.fetch("w.h5", address, folder, "or else")
    assert [file.name for file in folder.iterdir()] == ["w.h5.sha256"]


def test_without_a_network_the_error_says_what_to_fetch_where_to_put_it_and_what_else(tmp_path):
    with pytest.raises(UserError) as caught:
        weights.fetch("w.h5", DEAD, tmp_path / "kept", "or else")
    for said in (DEAD, str(tmp_path / "kept" / "w.h5"), "or else"):
        assert said in str(caught.value)
