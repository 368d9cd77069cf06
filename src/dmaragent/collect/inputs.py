"""The tables in what a user names: files, folders of files, hosts, standard input."""

import os
import sys
from dataclasses import dataclass

from dmaragent.collect.collect import collect
from dmaragent.collect.opening import (
    LARGEST_INPUT,
    is_archive_file,
    is_directory_host,
    open_host,
    read_input,
)
from dmaragent.collect.reader import read_pieces
from dmaragent.errors import HostError
from dmaragent.snapshot import Missing, MissingKind
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
    hint: str = ""
    """What to do about the error, where that is known."""
    message: str = ""
    """The error as a sentence that names the input, where it is one."""

    @property
    def reason(self) -> str:
        """The error and what to do, in one line."""
        return f"{self.error} (next: {self.hint})" if self.hint else self.error


def find_inputs(path: str) -> list[Input | tuple[str, bool]]:
    """List what `path` stands for: itself, or each file and each host below a folder.

    What cannot be walked is in the list as an :class:`Input` with an error, so that
    nothing is passed over without a word.
    """
    if path == "-" or not os.path.isdir(path) or is_directory_host(path):
        return [(path, True)]
    found: list[Input | tuple[str, bool]] = []

    def unreadable(error: OSError) -> None:
        where = os.fsdecode(error.filename or path)
        said = f"this folder cannot be listed: {os.strerror(error.errno or 0)}"
        found.append(Input(path=where, named=True, error=said))

    for parent, folders, names in os.walk(path, onerror=unreadable):
        folders.sort()
        for folder in [*folders]:
            below = os.path.join(parent, folder)
            if os.path.islink(below):
                said = "a link to a folder, not followed"
                found.append(Input(path=below, named=False, error=said))
            elif is_directory_host(below):
                folders.remove(folder)
                found.append((below, True))
        for name in sorted(names):
            below = os.path.join(parent, name)
            if os.path.exists(below) and not os.path.isfile(below):
                found.append(Input(path=below, named=False, error="not a regular file"))
            else:
                found.append((below, False))
    if found:
        return found
    hint = "give a table, a folder that holds some, or a host"
    return [Input(path=path, named=True, error="there is no file in this folder", hint=hint)]


def read_tables(path: str | None, *, named: bool) -> Input:
    """Read the tables of one input; None is this machine, ``-`` standard input."""
    try:
        if path == "-":
            return _of_bytes("-", read_standard_input(), named)
        if path is None or os.path.isdir(path) or is_archive_file(path):
            return _of_host(path, named)
        return _of_bytes(path, read_input(path), named)
    except HostError as error:
        return Input(
            path=path or "",
            named=named,
            error=_without(path, error.message),
            hint=error.hint,
            message=error.message,
        )


def read_standard_input() -> bytes:
    """Read standard input to its end; no more is taken than of a file.

    Raises:
        HostError: it is closed, cannot be read, or holds more.

    """
    if sys.stdin is None:
        raise HostError("standard input is closed", "give a file, or pipe something in")
    try:
        content = read_pieces(sys.stdin.buffer, LARGEST_INPUT + 1)
    except OSError as error:
        why = error.strerror or str(error)
        raise HostError(f"standard input cannot be read: {why}", "give a file instead") from error
    if len(content) > LARGEST_INPUT:
        raise HostError(
            f"standard input holds more than {LARGEST_INPUT >> 20} MiB",
            "pipe less; of a log its end, with tail",
        )
    return content


def _without(path: str | None, message: str) -> str:
    """Give `message` without the path that it begins with: it is shown before it."""
    return message.removeprefix(path or "").lstrip(": ")


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


def _of_host(path: str | None, named: bool) -> Input:  # noqa: FBT001 - passed on
    snapshot = collect(open_host(path).reader)
    where = f"{path}:" if path else ""
    tables, errors = [], []
    for reading in snapshot.tables:
        if isinstance(reading.content, Missing):
            errors.append(f"{reading.path} cannot be read: {_why(reading.content)}")
        else:
            place = f"{where}{reading.path}"
            tables.append(InputTable(path=place, form="host", data=reading.content))
    if not snapshot.tables:
        kind = snapshot.acpi_tables.kind if isinstance(snapshot.acpi_tables, Missing) else None
        gone = "was not collected" if kind is MissingKind.NOT_COLLECTED else "is absent"
        errors.append(f"the DMAR table {gone} (dmaragent inventory says more)")
    return Input(path=path or "", named=named, tables=tuple(tables), error="; ".join(errors))


def _why(missing: Missing) -> str:
    root = "; run it as root (sudo)" if missing.kind is MissingKind.DENIED else ""
    return (missing.detail or missing.kind.value) + root
