"""The tables in what the user names: files, folders of files, hosts, standard input."""

import os
import sys
from dataclasses import dataclass

from dmaragent.collect.collect import collect
from dmaragent.collect.formats.magic import BLOCK, is_tar
from dmaragent.collect.formats.packed_file import LARGEST_INPUT, Unpacked
from dmaragent.collect.given_file import (
    is_archive_file,
    is_archive_head,
    read_content,
    unpacked,
    whole,
)
from dmaragent.collect.open_host import open_host
from dmaragent.collect.open_tree import is_directory_host
from dmaragent.collect.reader import read_pieces
from dmaragent.collect.words import files as files_words
from dmaragent.collect.words import tables as tables_words
from dmaragent.errors import HostError
from dmaragent.readings import Missing, MissingKind, lists_every_table
from fwtables.found_in_text import TextReading, find_in_text
from fwtables.signatures import DECODED_SIGNATURES
from fwtables.table_or_text import is_binary_table, plain_text
from fwtables.text.forms import TextForm

ACPIDUMP = TextForm.ACPIDUMP


@dataclass(frozen=True, slots=True, kw_only=True)
class InputTable:
    """The bytes of one table and their source."""

    path: str
    form: str
    """``table``, ``host``, or a value of ``TextForm`` for text."""
    data: bytes
    address: int | None = None
    """The physical address that acpidump text contains."""
    line: int | None = None
    """The line of a text at which the table begins."""
    last_line: int | None = None
    packing: str = ""
    """The tool that the file is packed with, such as ``gzip``; else empty."""
    reading: str = ""
    """In words, the text or packed file that contained the table; empty for a binary file."""
    problem: str = ""
    """What is wrong with the text, or with the packed file around it; else empty."""
    no_table: str = ""
    """Why the bytes are text without a table; else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One file, host or stream after reading: its tables, other tables, and problems."""

    path: str
    named: bool
    """Whether the user named it, and not the folder that contains it."""
    tables: tuple[InputTable, ...] = ()
    others: tuple[str, ...] = ()
    """The signatures of other tables in acpidump text."""
    error: str = ""
    """Why it could not be read; else empty."""
    hint: str = ""
    """What to do about the error, if that is known."""
    message: str = ""
    """The error as a sentence that names the input; else empty."""

    @property
    def reason(self) -> str:
        """The error and the next step, in one line."""
        return f"{self.error} (next: {self.hint})" if self.hint else self.error


def find_inputs(path: str) -> list[Input | tuple[str, bool]]:
    """Return the inputs at `path`: itself, or each file and each host in a folder.

    A folder or link that cannot be followed is an :class:`Input` with an error, so that every
    omission is reported.
    """
    if path == "-" or not os.path.isdir(path) or is_directory_host(path):
        return [(path, True)]
    inputs: list[Input | tuple[str, bool]] = []

    def unreadable(error: OSError) -> None:
        where = os.fsdecode(error.filename or path)
        why = f"this folder cannot be listed: {os.strerror(error.errno or 0)}"
        inputs.append(Input(path=where, named=True, error=why))

    for parent, folders, names in os.walk(path, onerror=unreadable):
        folders.sort()
        for folder in [*folders]:
            below = os.path.join(parent, folder)
            if os.path.islink(below):
                why = "a link to a folder, not followed"
                inputs.append(Input(path=below, named=False, error=why))
            elif is_directory_host(below):
                folders.remove(folder)
                inputs.append((below, True))
        for name in sorted(names):
            below = os.path.join(parent, name)
            if os.path.exists(below) and not os.path.isfile(below):
                inputs.append(Input(path=below, named=False, error="not a regular file"))
            else:
                inputs.append((below, False))
    if inputs:
        return inputs
    hint = "name a table, a folder that contains tables, or a host"
    return [Input(path=path, named=True, error="the folder contains no file", hint=hint)]


def read_tables(path: str | None, *, named: bool) -> Input:
    """Read the tables of one input; None is this machine, ``-`` standard input."""
    try:
        if path == "-":
            return _read_bytes("-", unpacked("standard input", read_standard_input()), named)
        if path is None or os.path.isdir(path) or is_archive_file(path):
            return _read_host(path, named)
        return _read_bytes(path, read_content(path), named)
    except HostError as error:
        return Input(
            path=path or "",
            named=named,
            error=_message_without_path(path, error.message),
            hint=error.hint,
            message=error.message,
        )


def read_standard_input() -> bytes:
    """Read standard input to its end; the limit is that of a file.

    Raises:
        HostError: it is closed, cannot be read, or is too large.

    """
    if sys.stdin is None:
        raise files_words.closed_input()
    try:
        content = read_pieces(sys.stdin.buffer, LARGEST_INPUT + 1)
    except OSError as error:
        raise files_words.unreadable_input(error) from error
    if len(content) > LARGEST_INPUT:
        raise files_words.large_input(LARGEST_INPUT)
    return content


def read_packed_input() -> bytes:
    """Read standard input to its end, unpacked.

    Raises:
        HostError: it cannot be read, or it is packed and damaged.

    """
    return whole("standard input", unpacked("standard input", read_standard_input()))


def _message_without_path(path: str | None, message: str) -> str:
    """Return `message` without `path` at its beginning; the caller prints the path."""
    return message.removeprefix(path or "").lstrip(": ")


def _reason_of_no_table(reading: TextReading, problem: str) -> str:
    """Return why a text contains no table; a damaged packed file can contain one that was lost."""
    if problem:
        return f"the part that could be unpacked contains no table: {problem}"
    return f"not a table: {tables_words.why_no_table(reading)}"


def _read_bytes(path: str, given: Unpacked, named: bool) -> Input:  # noqa: FBT001 - passed on
    data = given.content
    reading = find_in_text(data)
    if not reading.tables:
        head = data[:BLOCK]
        if is_tar(head) or (is_archive_head(head) and not is_binary_table(data)):
            raise files_words.archive_in_input(path)
        is_text = plain_text(data) is not None and not is_binary_table(data)
        table = InputTable(
            path=path,
            form="table",
            data=data,
            packing=given.packing,
            reading=f"{given.packing} data" if given.packing else "",
            problem=given.problem,
            no_table=_reason_of_no_table(reading, given.problem) if is_text else "",
        )
        hint = tables_words.what_to_give(reading, path) if is_text else ""
        return Input(path=path, named=named, tables=(table,), hint=hint)
    wanted = [table for table in reading.tables if table.signature in DECODED_SIGNATURES]
    others = tuple(
        table.signature.decode("ascii")
        for table in reading.tables
        if table.signature not in DECODED_SIGNATURES
    )
    packed = f", in {given.packing} data" if given.packing else ""
    tables = tuple(
        InputTable(
            path=path,
            form=table.form.value,
            data=table.data,
            address=table.address,
            line=table.line,
            last_line=table.last_line,
            packing=given.packing,
            reading=tables_words.table_read_from(table) + packed
            if table.form is not ACPIDUMP or packed
            else "",
            problem="; ".join(filter(None, (given.problem, table.damage))),
        )
        for table in wanted
    )
    error = "" if tables else f"this acpidump text has no {tables_words.KINDS_OF_TABLES} table"
    return Input(path=path, named=named, tables=tables, others=others, error=error)


def _read_host(path: str | None, named: bool) -> Input:  # noqa: FBT001 - passed on
    snapshot = collect(open_host(path).reader)
    where = f"{path}:" if path else ""
    tables, errors = [], []
    for reading in snapshot.tables:
        if isinstance(reading.content, Missing):
            errors.append(f"{reading.path} cannot be read: {_reason(reading.content)}")
        else:
            place = f"{where}{reading.path}"
            tables.append(InputTable(path=place, form="host", data=reading.content))
    if not snapshot.tables:
        gone = _why_no_table(snapshot.acpi_tables)
        errors.append(f"the DMAR or IVRS table {gone} (dmaragent inventory shows more)")
    return Input(path=path or "", named=named, tables=tuple(tables), error="; ".join(errors))


def _why_no_table(names: tuple[str, ...] | Missing) -> str:
    """Return what the list of ACPI tables, in which none of IOMMUs was found, shows about one."""
    if not isinstance(names, Missing):
        return "is absent" if lists_every_table(names) else "was not collected"
    if names.kind is MissingKind.ABSENT:
        return "is absent"
    if names.kind is MissingKind.NOT_COLLECTED:
        return "was not collected"
    return f"is unknown: the list of ACPI tables cannot be read: {_reason(names)}"


def _reason(missing: Missing) -> str:
    root = "; run it as root (sudo)" if missing.kind is MissingKind.DENIED else ""
    return (missing.detail or missing.kind.value) + root
