"""Archives of recorded machines and of copied roots, packed in every way that is read."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from dmaragent.collect.recorded import manifest
from support.machines import MACHINES

TOP = "dmaragent-20260102-030405"
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "tar": bytes,
    "tar.gz": lambda data: gzip.compress(data, 1, mtime=0),
    "tar.bz2": lambda data: bz2.compress(data, 1),
    "tar.xz": lambda data: lzma.compress(data, preset=0),
}
"""How a tar is packed, by the end of its file's name."""


def machine_files(name: str) -> dict[str, bytes]:
    """Give the files of the recording of a machine in testdata, by their path in it."""
    root = MACHINES / name
    paths = [root / manifest.NAME, *sorted(root.glob("root/**/*")), *sorted(root.glob("calls/*"))]
    return {str(path.relative_to(root)): path.read_bytes() for path in paths if path.is_file()}


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    """Make the header of a member."""
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


def tar_of(
    files: Mapping[str, bytes],
    top: str = TOP,
    extra: Iterable[tuple[tarfile.TarInfo, bytes]] = (),
    form: int = tarfile.USTAR_FORMAT,
) -> bytes:
    """Make a tar of `files` below the directory `top`, and of the members `extra`."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, content in files.items():
            _add(tar, member(f"{top}/{name}" if top else name), content)
        for info, content in extra:
            _add(tar, info, content)
    return out.getvalue()


def _add(tar: tarfile.TarFile, info: tarfile.TarInfo, content: bytes) -> None:
    info.size = len(content)
    tar.addfile(info, io.BytesIO(content))


def pack_tar(end: str, files: Mapping[str, bytes]) -> bytes:
    """Make a bundle of `files`, packed as the `end` of its name says."""
    return PACKERS[end](tar_of(files))


def zip_of(files: Mapping[str, bytes], top: str = TOP) -> bytes:
    """Make a zip of `files` below the directory `top`."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files.items():
            packed.writestr(f"{top}/{name}" if top else name, content)
    return out.getvalue()


def tar_directory(directory: Path, top: str) -> bytes:
    """Make a tar of a directory as tar does: links as links, directories too."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(directory, top)
    return out.getvalue()
