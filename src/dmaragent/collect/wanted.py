"""Which files of an archive the collector could ask for: the ledger, as a filter of paths.

A foreign archive holds gigabytes of logs; of those nothing is kept.
"""

import re

from dmaragent.collect.ledger import LEDGER, Entry, Operation

_ALIASES = {"/sys/class/dmi/id/": "/sys/devices/virtual/dmi/id/"}
"""Where the kernel has a directory that the ledger asks for by a link (drivers/firmware/dmi-id.c)."""


def _alternatives() -> list[tuple[str, Entry]]:
    """Give a pattern for what each entry asks for; the names in a directory after the files."""
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
    found = {""}
    for entry in LEDGER:
        if entry.operation is not Operation.CALL and entry.path.startswith("/"):
            for path in (entry.path, _alias(entry.path)):
                steps = path.partition("{}")[0].rstrip("/").split("/")
                found |= {"/".join(steps[:end]) for end in range(1, len(steps) + 1)}
    return frozenset(found)


_ALTERNATIVES = _alternatives()
_PATTERN = re.compile(
    "|".join(f"({pattern})" for pattern, _ in _ALTERNATIVES), re.DOTALL
)  # a group each, so that the match tells which
_ANCESTORS = _ancestors()
_CALLS = {entry.path: entry for entry in LEDGER if entry.operation is Operation.CALL}


def wanted_file(path: str) -> Entry | None:
    """Give the entry that asks for the absolute `path`, or for the names beside it."""
    found = _PATTERN.fullmatch(path)
    return None if found is None else _ALTERNATIVES[(found.lastindex or 1) - 1][1]


def wanted_call(name: str) -> Entry | None:
    """Give the entry that asks for the call `name`."""
    return _CALLS.get(name)


def wanted_folder(path: str) -> bool:
    """Tell whether the directory `path` is asked for, or leads to what is."""
    return path in _ANCESTORS or wanted_file(path) is not None


def wanted_link(path: str) -> bool:
    """Tell whether a path that is asked for may lead through the link `path`."""
    return path.startswith("/sys/") or wanted_folder(path)
