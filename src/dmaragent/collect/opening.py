"""From what a user gives as a host to a host that can be asked."""

import os
from dataclasses import dataclass

from dmaragent.collect import manifest
from dmaragent.collect.live import LiveHost
from dmaragent.collect.reader import HostReader, read_stream
from dmaragent.collect.recorded import DirectoryHost, RecordedHost, TableHost
from dmaragent.errors import HostError
from dmaragent.snapshot import Missing, MissingKind
from fwtables import is_acpidump, read_acpidump
from fwtables.constants import SIGNATURE_NAMES, SIGNATURES

LIVE = "live"
RECORDED = "recorded"
DIRECTORY = "directory"
TABLE = "table"
ACPIDUMP = "acpidump"
LARGEST_INPUT = 1 << 26
"""A file of more bytes that a user names is refused: no table and no dump is so large."""


@dataclass(frozen=True, slots=True)
class OpenedHost:
    """A host that can be asked, and what it is."""

    reader: HostReader
    kind: str
    """One of the constants above."""
    path: str
    """What the user gave; empty for this machine."""


def open_host(path: str | None) -> OpenedHost:
    """Open `path` as a host: a directory, a table, acpidump text; None or / is this machine.

    Raises:
        HostError: it does not exist, cannot be read, or is none of these.

    """
    if path is None or os.path.realpath(path) in ("/", "/sys"):
        return OpenedHost(LiveHost(), LIVE, "")
    if os.path.isdir(path):
        return _open_directory(path)
    content = read_input(path)
    if is_acpidump(content):
        named = _named_tables(content)
        if not any(name.startswith(SIGNATURE_NAMES) for name in named):
            raise HostError(
                f"{path} holds {len(named)} tables, none of them DMAR, RMAD or XMAR",
                "dump all tables of the host: acpidump without options, as root",
            )
        return OpenedHost(TableHost(named), ACPIDUMP, path)
    if content.startswith(SIGNATURES):
        return OpenedHost(TableHost({content[:4].decode("ascii"): content}), TABLE, path)
    raise HostError(
        f"{path} is not a host: no DMAR, RMAD or XMAR table, no acpidump text",
        "give a table, acpidump text, a recorded machine or a directory that holds sys/",
    )


def read_input(path: str) -> bytes:
    """Read a file that the user named.

    Raises:
        HostError: it cannot be read.

    """
    content = read_stream(path, LARGEST_INPUT)
    if isinstance(content, Missing):
        hint = "run it as root (sudo)" if content.kind is MissingKind.DENIED else "check the path"
        raise HostError(f"{path} cannot be read: {content.detail}", hint)
    return content


def is_directory_host(path: str) -> bool:
    """Tell whether the directory `path` is a host rather than a folder of files."""
    return _is_recording(path) or _copied_root(path) is not None


def _is_recording(path: str) -> bool:
    name = os.path.join(path, manifest.NAME)
    start = read_stream(name, LARGEST_INPUT) if os.path.isfile(name) else b""
    return isinstance(start, bytes) and manifest.FORMAT.encode() in start[:200]


def _copied_root(path: str) -> DirectoryHost | None:
    """Find a copied root file system in `path`, or a copied /sys that `path` itself is."""
    for root in (path, os.path.join(path, "root")):
        if os.path.isdir(os.path.join(root, "sys")):
            return DirectoryHost(root)
    for mark in ("firmware/acpi", "bus/pci"):
        if os.path.isdir(os.path.join(path, mark)):
            return DirectoryHost(path, below="/sys")
    return None


def _open_directory(path: str) -> OpenedHost:
    name = os.path.join(path, manifest.NAME)
    if os.path.isfile(name):
        log = manifest.load_manifest(read_input(name), path)
        return OpenedHost(RecordedHost(path, log), RECORDED, path)
    copied = _copied_root(path)
    if copied is not None:
        return OpenedHost(copied, DIRECTORY, path)
    raise HostError(
        f"{path} is not a host: it holds neither {manifest.NAME} nor sys/",
        "give a recorded machine, or a directory shaped like a root file system",
    )


def _named_tables(text: bytes) -> dict[str, bytes]:
    """Name the tables of acpidump text as the kernel does: a number where there are several."""
    tables = read_acpidump(text)
    signatures = [table.signature.decode("ascii") for table in tables]
    named: dict[str, bytes] = {}
    for signature, table in zip(signatures, tables, strict=True):
        number = sum(name.rstrip("0123456789") == signature for name in named) + 1
        several = signatures.count(signature) > 1
        named[f"{signature}{number}" if several else signature] = table.data
    return named
