"""The files of an archive that the collector can request: the ledger as a filter of paths.

A foreign archive contains gigabytes of logs, none of which are kept.
"""

import re
from collections.abc import Iterator

from dmaragent.collect.ledger import LEDGER, LedgerEntry, Operation
from dmaragent.collect.support_reports.acpidump_files import LARGEST_DUMP, is_dump
from dmaragent.collect.support_reports.files import (
    LARGEST_TEXT,
    LOGS,
    is_marker,
    may_be_text,
    text_kind,
)
from dmaragent.readings import Missing, MissingKind

_DEEP = re.compile(
    r"(?:[^/]+/){2,4}?((?:sys|proc|sos_commands|var|logs?|commands?)/.+|[^/]+)", re.DOTALL
)
_NOT_HELD = Missing(MissingKind.NOT_COLLECTED, "no reading needs it")
_ALIASES = {"/sys/class/dmi/id/": "/sys/devices/virtual/dmi/id/"}
"""The directories that the ledger names by a link, and their paths (drivers/firmware/dmi-id.c)."""


def _alternatives() -> list[tuple[str, LedgerEntry]]:
    """Return a pattern for the paths of each entry; names in a directory come after the files."""
    attributes, files, names = [], [], []
    for entry in LEDGER:
        if entry.operation is Operation.CALL:
            continue
        if entry.path.startswith("{}/"):
            attributes.append((f"/sys/.*/{re.escape(entry.path[3:])}", entry))
            continue
        for path in {entry.path, _alias(entry.path)}:
            pattern = re.escape(path).replace(r"\{\}", ".+")
            if entry.operation is Operation.LIST:
                names.append((f"{pattern}(?:/[^/]+)?", entry))
            else:
                files.append((pattern, entry))
    return [*files, *attributes, *names]


def _alias(path: str) -> str:
    for alias, real in _ALIASES.items():
        path = path.replace(alias, real)
    return path


def _ancestors() -> frozenset[str]:
    ancestors = {""}
    for entry in LEDGER:
        if entry.operation is not Operation.CALL and entry.path.startswith("/"):
            for path in (entry.path, _alias(entry.path)):
                steps = path.partition("{}")[0].rstrip("/").split("/")
                ancestors |= {"/".join(steps[:end]) for end in range(1, len(steps) + 1)}
    return frozenset(ancestors)


_ALTERNATIVES = _alternatives()
_PATTERN = re.compile(
    "|".join(f"({pattern})" for pattern, _ in _ALTERNATIVES), re.DOTALL
)  # one group each, so that the match identifies the entry
_ANCESTORS = _ancestors()
_CALLS = {entry.path: entry for entry in LEDGER if entry.operation is Operation.CALL}


def wanted_file(path: str) -> LedgerEntry | None:
    """Return the entry that requests the absolute `path`, or a name beside it."""
    match = _PATTERN.fullmatch(path)
    return None if match is None else _ALTERNATIVES[(match.lastindex or 1) - 1][1]


def wanted_call(name: str) -> LedgerEntry | None:
    """Return the entry that requests the call `name`."""
    return _CALLS.get(name)


def wanted_folder(path: str) -> bool:
    """Return whether the directory `path` is requested, or leads to a requested path."""
    return path in _ANCESTORS or wanted_file(path) is not None


def wanted_link(path: str) -> bool:
    """Return whether a requested path can lead through the link `path`."""
    return path.startswith("/sys/") or wanted_folder(path)


def placements(path: str) -> Iterator[str]:
    """Yield the absolute paths that `path` of an archive can represent.

    A copied root, or a copied /sys, can be the archive itself, its only directory, or root/ in
    either.
    """
    whole = f"/{path}"
    yield whole
    yield f"/sys{whole}"
    rest = path.partition("/")[2]
    if rest:
        yield f"/{rest}"
        yield f"/sys/{rest}"
        if rest.startswith("root/"):
            yield rest[4:]


def deep_placement(path: str) -> Iterator[str]:
    """Yield the absolute path of a report's file that is two to four directories deep, if any.

    The path begins at a directory that collectors have at the top.
    """
    match = _DEEP.fullmatch(path)
    if match:
        yield f"/{match[1]}"


def room(path: str, recorded: str, size: int) -> tuple[int, bytes | Missing | None]:
    """Return how many bytes of a file to keep (-1: not even its name), or what replaces it."""
    if recorded.startswith("calls/"):
        entry = wanted_call(recorded[6:])
        return _room_for(size, None if entry is None else entry.limit, None)
    if recorded:
        entry = wanted_file(recorded[4:])
    else:
        entry = next(filter(None, map(wanted_file, placements(path))), None)
        entry = entry or next(map(wanted_file, deep_placement(path)), None)
    if entry is None:
        return _room_in_report(path, size)
    if entry.operation is Operation.LIST:
        return 0, _NOT_HELD
    return _room_for(size, entry.limit, entry.window)


def _room_in_report(path: str, size: int) -> tuple[int, bytes | Missing | None]:
    """Return the same for a possible file of a collector; the names of most members rule them out."""
    name = path.rpartition("/")[2]
    if "acpidump" in name and any(map(is_dump, _places(path))):
        return _room_for(size, LARGEST_DUMP, None)
    if may_be_text(name):
        kind = next(filter(None, map(text_kind, _places(path))), None)
        if kind is not None:
            return _room_for(size, LARGEST_TEXT, LARGEST_TEXT if kind in LOGS else None)
    marks = is_marker(f"/{name}") and any(map(is_marker, _places(path)))
    return 0 if marks else -1, _NOT_HELD


def _places(path: str) -> Iterator[str]:
    yield from placements(path)
    yield from deep_placement(path)


def _room_for(size: int, limit: int | None, window: int | None) -> tuple[int, Missing | None]:
    if limit is None:
        return -1, _NOT_HELD
    if window is not None:
        return min(size, window), None
    if size > limit:
        return 0, Missing(MissingKind.FAILED, f"more than {limit} bytes")
    return size, None
