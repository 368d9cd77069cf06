"""From an archive to a host: a recorded machine, or the copied root of a foreign archive."""

import re
from io import BytesIO
from typing import BinaryIO

from dmaragent.collect.formats.archive import Archive, is_archive, read_archive
from dmaragent.collect.formats.members import shown
from dmaragent.collect.reader import HostReader
from dmaragent.collect.recorded import manifest
from dmaragent.collect.recorded.bundle import machine_tops, open_bundle
from dmaragent.collect.recorded.root_copy import find_host, in_command
from dmaragent.errors import HostError

BUNDLE = "bundle"
"""An archive that holds a recorded machine."""
ARCHIVE = "archive"
"""An archive that holds a copied root: a sosreport, the output of xen-bugtool."""
_HEAD = 512
"""Bytes that tell what an archive is: the first header of a tar."""
_CALL = re.compile(r"(?:[^/]+/)?calls/")


def open_archive(
    path: str, source: BinaryIO, head: bytes, *, outermost: bool = True
) -> tuple[HostReader, str]:
    """Open the archive in `source`; return the host in it, and which kind of archive it is.

    An archive that holds no host but one other archive stands for that one, once.

    Raises:
        HostError: it cannot be read, or holds no host.

    """
    archive = read_archive(path, source, head)
    if machine_tops(archive):
        return open_bundle(archive), BUNDLE
    found = _copied(archive)
    if found is not None:
        return found, ARCHIVE
    if archive.inner and outermost and is_archive(archive.inner[:_HEAD]):
        content = BytesIO(archive.inner)
        inner = f"{path}: {shown(archive.nested[0])}"
        return open_archive(inner, content, content.read(_HEAD), outermost=False)
    raise _no_host(archive, path if outermost else path.partition(": ")[0], outermost=outermost)


def _copied(archive: Archive) -> HostReader | None:
    """Return the host in an archive that is no bundle: at its top, or one directory down."""
    if any(map(_CALL.match, archive.hashes)):
        raise HostError(
            f"{archive.where} holds a recorded machine without its {manifest.NAME}",
            "the bundle was changed or damaged after it was made",
        )
    take = f"unpack it, and give one: {extraction(archive.where)} {{}}"
    return find_host(archive.tree, archive.where, archive.tops, take)


def extraction(where: str) -> str:
    """Return the command that unpacks members of the archive at `where`."""
    return f"unzip {where}" if where.lower().endswith(".zip") else f"tar xf {where}"


def _no_host(archive: Archive, outer: str, *, outermost: bool) -> HostError:
    """Return the error for an archive that holds no host: what it holds, what counts.

    `outer` is the file that the user named; the archive is in it unless it is the `outermost`.
    """
    if archive.nested:
        inner = ", ".join(map(shown, archive.nested))
        one = len(archive.nested) == 1
        return HostError(
            f"{archive.where} holds {inner}, {'an archive' if one else 'archives'} in an "
            "archive, and no host itself"[:600],
            f"take {'it' if one else 'one'} out, and give that: "
            + (
                f"{extraction(archive.where)} {in_command(archive.nested[0])}"
                if outermost
                else f"unpack {outer} first"
            ),
        )
    names = ", ".join(shown(top) for top in archive.tops) or "nothing"
    members = "1 member" if archive.members == 1 else f"{archive.members} members"
    return HostError(
        f"{archive.where} is no host: {members} and neither manifest.json, sys/, acpidump.out, "
        f"output of lspci, dmidecode, dmesg or xl info, nor a DMAR table; at its top {names}"[:600],
        "give a bundle of dmaragent dump, a collector's report, or an archive of a copied root",
    )
