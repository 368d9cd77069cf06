"""From an archive to a host: a recorded machine, or the copied root of a foreign archive."""

import re
from typing import BinaryIO

from dmaragent.collect import manifest
from dmaragent.collect.archive import Archive, read_archive
from dmaragent.collect.bundle import machine_tops, open_bundle
from dmaragent.collect.copied import copied_root
from dmaragent.collect.members import shown
from dmaragent.collect.reader import HostReader
from dmaragent.errors import HostError

BUNDLE = "bundle"
"""An archive that holds a recorded machine."""
ARCHIVE = "archive"
"""An archive that holds a copied root: a sosreport, the output of xen-bugtool."""
_CALL = re.compile(r"(?:[^/]+/)?calls/")


def open_archive(path: str, source: BinaryIO, head: bytes) -> tuple[HostReader, str]:
    """Open the archive in `source`; give the host in it, and which kind of archive it is.

    Raises:
        HostError: it cannot be read, or holds no host.

    """
    archive = read_archive(path, source, head)
    if machine_tops(archive):
        return open_bundle(archive), BUNDLE
    return _copied(archive), ARCHIVE


def _copied(archive: Archive) -> HostReader:
    """Find the copied root: at the top, or one directory down."""
    if any(map(_CALL.match, archive.hashes)):
        raise HostError(
            f"{archive.where} holds a recorded machine without its {manifest.NAME}",
            "the bundle was changed or damaged after it was made",
        )
    found = copied_root(archive.tree)
    if found is not None:
        return found
    inside = [(top, copied_root(archive.tree.below(f"/{top}"))) for top in archive.tops]
    hosts = [(top, host) for top, host in inside if host is not None]
    if len(hosts) == 1:
        return hosts[0][1]
    if hosts:
        names = ", ".join(shown(top) for top, _ in hosts)
        raise HostError(f"{archive.where} holds several hosts: {names}", "give one at a time")
    if archive.nested:
        raise HostError(
            f"{archive.where} holds {shown(archive.nested[0])}, an archive in an archive, "
            "and no host itself",
            "take the inner archive out (tar xf), and give that",
        )
    names = ", ".join(shown(top) for top in archive.tops) or "nothing"
    members = "1 member" if archive.members == 1 else f"{archive.members} members"
    raise HostError(
        f"{archive.where} is no host: {members} and neither manifest.json, sys/ "
        f"nor acpidump.out; at its top {names}"[:600],
        "give a bundle of dmaragent dump, a sosreport, or an archive of a copied root",
    )
