"""A recorded machine in an archive: held whole against its manifest when it is opened."""

from collections.abc import Mapping

from dmaragent.collect import manifest
from dmaragent.collect.archive import Archive
from dmaragent.collect.ledger import Operation, Request
from dmaragent.collect.manifest import LoggedReading
from dmaragent.collect.members import shown
from dmaragent.collect.recorded import RecordedHost
from dmaragent.errors import HostError

_CHANGED = "the bundle was changed or damaged after it was made"


def open_bundle(archive: Archive) -> RecordedHost:
    """Open the recorded machine that `archive` holds.

    Raises:
        HostError: it holds what no bundle does, or not what its manifest says.

    """
    where = archive.where
    if archive.stranger:
        raise HostError(f"{where}: {archive.stranger}, which no bundle holds", _CHANGED)
    if len(archive.manifests) > 1:
        raise HostError(
            f"{where} holds {len(archive.manifests)} recorded machines", "give one at a time"
        )
    (top,) = archive.manifests
    if top and len(archive.tops) > 1:
        others = ", ".join(shown(name) for name in archive.tops if name != top)
        raise HostError(
            f"{where}: beside the recorded machine {shown(top)} lies {others}", _CHANGED
        )
    tree = archive.tree.below(f"/{top}")
    path = f"/{manifest.NAME}"
    request = Request(operation=Operation.READ, path=path, limit=1 << 62, window=None)
    content = tree.read(path, request)
    assert isinstance(content, bytes)  # noqa: S101 - it was read with the archive
    log = manifest.load_manifest(content, where)
    _check(where, log, {_inside(top, path): digest for path, digest in archive.hashes.items()})
    return RecordedHost(where, tree, log)


def _inside(top: str, path: str) -> str:
    """Give the path in the machine of a file in the archive; never one of a machine's elsewhere."""
    return path.removeprefix(f"{top}/") if top else path


def _check(
    where: str, log: Mapping[tuple[Operation, str], LoggedReading], found: Mapping[str, str]
) -> None:
    """Hold every file against the manifest, and the manifest against the files."""
    named = {}
    for reading in log.values():
        if reading.missing is None and reading.operation is not Operation.LIST:
            named[reading.file] = reading.sha256
    for file, digest in named.items():
        if file not in found:
            raise HostError(f"{where}: {shown(file)} is in the manifest and not there", _CHANGED)
        if found[file] != digest:
            raise HostError(
                f"{where}: {shown(file)} is not what the manifest says: its sha256 differs",
                _CHANGED,
            )
    if len(found) > len(named):
        file = next(file for file in found if file not in named)
        raise HostError(f"{where}: {shown(file)} is there and not in the manifest", _CHANGED)
