"""The tables in what a user names: files, folders of files, hosts, standard input."""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

from dmaragent.collect.collect import collect
from dmaragent.collect.opening import is_directory_host, open_host, read_input
from dmaragent.errors import HostError
from dmaragent.snapshot import Missing, MissingKind, TableReading
from fwtables import is_acpidump, read_acpidump
from fwtables.constants import SIGNATURES


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTable:
    """The bytes of one table, and where they come from."""

    path: str
    form: str
    """``table``, ``acpidump`` or ``host``."""
    data: bytes
    address: int | None = None
    """The physical address that acpidump text names."""
    line: int | None = None
    """The line it begins on in acpidump text."""
    problem: str = ""
    """Where acpidump text went wrong, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One file, host or stream, read: its tables, and what else is in it or wrong with it."""

    path: str
    named: bool
    """Whether the user named it, rather than a folder it lies in."""
    tables: tuple[InputTable, ...] = ()
    others: tuple[str, ...] = ()
    """The signatures of tables of other kinds in acpidump text."""
    error: str = ""
    """Why it could not be read, or empty."""


def find_inputs(path: str) -> list[tuple[str, bool]]:
    """List what `path` stands for: itself, or every file below a folder that is no host."""
    if path == "-" or not os.path.isdir(path) or is_directory_host(path):
        return [(path, True)]
    found = []
    for parent, folders, names in os.walk(path):
        folders.sort()
        found += [(os.path.join(parent, name), False) for name in sorted(names)]
    return found


def read_tables(path: str | None, *, named: bool) -> Input:
    """Read the tables of one input; None is this machine, ``-`` standard input."""
    try:
        if path == "-":
            return _of_bytes("-", sys.stdin.buffer.read(), named)
        if path is None or os.path.isdir(path):
            return Input(path=path or "", named=named, tables=tuple(_of_host(path)))
        return _of_bytes(path, read_input(path), named)
    except HostError as error:
        return Input(path=path or "", named=named, error=error.message)


def _of_bytes(path: str, data: bytes, named: bool) -> Input:  # noqa: FBT001 - passed on
    if not is_acpidump(data):
        return Input(
            path=path, named=named, tables=(InputTable(path=path, form="table", data=data),)
        )
    dumped = read_acpidump(data)
    wanted = [each for each in dumped if each.signature in SIGNATURES]
    others = tuple(each.signature.decode("ascii") for each in dumped if each not in wanted)
    tables = tuple(
        InputTable(
            path=path,
            form="acpidump",
            data=each.data,
            address=each.address,
            line=each.line,
            problem=each.damage,
        )
        for each in wanted
    )
    error = "" if tables else "this acpidump text holds no DMAR, RMAD or XMAR table"
    return Input(path=path, named=named, tables=tables, others=others, error=error)


def _of_host(path: str | None) -> Iterator[InputTable]:
    snapshot = collect(open_host(path).reader)
    if not snapshot.tables:
        kind = snapshot.acpi_tables.kind if isinstance(snapshot.acpi_tables, Missing) else None
        gone = "was not collected" if kind is MissingKind.NOT_COLLECTED else "is absent"
        raise HostError(f"the DMAR table {gone}")
    for reading in snapshot.tables:
        yield InputTable(path=reading.path, form="host", data=_content(reading))


def _content(reading: TableReading) -> bytes:
    if isinstance(reading.content, Missing):
        raise HostError(f"{reading.path} cannot be read: {reading.content.detail}")
    return reading.content
