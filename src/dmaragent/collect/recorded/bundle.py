"""A recorded machine in an archive, checked whole against its manifest when it is opened."""

from collections.abc import Mapping

from dmaragent.collect.formats.archive import RECORDED, Archive
from dmaragent.collect.ledger import HostRequest, Operation
from dmaragent.collect.recorded import manifest
from dmaragent.collect.recorded.host import RecordedHost
from dmaragent.collect.recorded.manifest import LoggedReading
from dmaragent.collect.words import recordings as words
from dmaragent.collect.words.hosts import several_in_archive
from dmaragent.errors import HostError


def open_bundle(archive: Archive, outer: str = "") -> RecordedHost:
    """Open the recorded machine in `archive`.

    Args:
        archive: the archive.
        outer: the file that the user named, if the archive is inside it; else empty.

    Raises:
        HostError: its members differ from what its manifest lists, or are not those of a
            bundle.

    """
    where = archive.where
    if archive.stranger:
        raise words.stranger_in_bundle(where, archive.stranger)
    tops = machine_tops(archive)
    hosts = sorted({*tops, *_archives_beside(archive, tops)})
    if len(hosts) > 1:
        raise several_in_archive(where, [host or "." for host in hosts], outer)
    (top,) = tops
    if top and len(archive.tops) > 1:
        others = [name for name in archive.tops if name != top]
        raise words.beside_machine(where, top, others)
    tree = archive.tree.below(f"/{top}")
    content = _manifest(archive, top)
    try:
        log = manifest.load_manifest(content, where)
    except HostError as error:
        raise words.wrong_bundle_manifest(error) from error
    inside = ((_inside(top, path), digest) for path, digest in archive.hashes.items())
    _check(where, log, {file: digest for file, digest in inside if file.startswith(RECORDED)})
    return RecordedHost(where, tree, log)


def _archives_beside(archive: Archive, tops: list[str]) -> list[str]:
    """Return the archives near the top that are in no recorded machine, if machines have folders."""
    if "" in tops:
        return []
    return [path for path in archive.nested if path.partition("/")[0] not in tops]


def machine_tops(archive: Archive) -> list[str]:
    """Return the directories of `archive` that are recorded machines, by their manifests.

    A directory counts if its manifest states our format, damaged or not. It also counts if it is in
    the place of ours: the root, or the only directory. The manifest.json of another tool has other
    files beside it, such as sos_reports/ in a sosreport.
    """
    only = len(archive.tops) == 1
    return [
        top
        for top in archive.manifests
        if not top or only or manifest.FORMAT.encode() in _manifest(archive, top)[:200]
    ]


def _manifest(archive: Archive, top: str) -> bytes:
    path = f"{top}/{manifest.NAME}" if top else f"/{manifest.NAME}"
    request = HostRequest(operation=Operation.READ, path=path, limit=manifest.LARGEST, window=None)
    content = archive.tree.read(path, request)
    assert isinstance(content, bytes)  # noqa: S101 - manifests are always kept
    return content


def _inside(top: str, path: str) -> str:
    """Return the path within the machine of a file in the archive; empty for files elsewhere."""
    return path.removeprefix(f"{top}/") if top else path


def _check(
    where: str, log: Mapping[tuple[Operation, str], LoggedReading], digests: Mapping[str, str]
) -> None:
    """Check every file against the manifest, and the manifest against the files."""
    named = {}
    for reading in log.values():
        if reading.missing is None and reading.operation is not Operation.LIST:
            named[reading.file] = reading.sha256
    for file, digest in named.items():
        if file not in digests:
            raise words.file_gone(where, file)
        if digests[file] != digest:
            raise words.file_changed(where, file)
    if len(digests) > len(named):
        file = next(file for file in digests if file not in named)
        raise words.file_not_recorded(where, file)
