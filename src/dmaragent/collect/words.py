"""The sentences of this package: errors with their next step, and the source of a table.

Each function returns one error or sentence; the code that decides calls it.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dmaragent.errors import DmaragentError, HostError, OtherFormatError, excerpt
from dmaragent.readings import Missing, MissingKind
from fwtables.signatures import DECODED_SIGNATURES

if TYPE_CHECKING:
    from dmaragent.collect.formats.magic import UnreadFormat
    from fwtables.found_in_text import TextReading, TextTable

AS_ROOT = "run the same command as root (sudo)"
"""What to do about a file that this user cannot read."""
_NOTHING = "''"
"""An empty path in an error."""
_MOST_NAMED = 8
"""How many hosts or files an error names; it counts the rest."""
_LONGEST = 600
"""The most characters of an error that names the content of an archive."""
_HARMLESS = r"[A-Za-z0-9_./:+@%,-]{1,200}"


def shown(name: str) -> str:
    """Return a name from an archive or folder for an error: quoted, escaped and shortened."""
    return repr(name if len(name) <= 160 else f"{name[:120]}[...]{name[-30:]}")


def in_command(name: str) -> str:
    """Return `name` as a command needs it: bare if it is harmless, else as :func:`shown` does."""
    return name if re.fullmatch(_HARMLESS, name) else shown(name)


def unpacking(archive: str) -> str:
    """Return the command that extracts members from the archive at the path `archive`."""
    return f"unzip {archive}" if archive.lower().endswith(".zip") else f"tar xf {archive}"


# The input that the user named ----------------------------------------------------------


def unreadable(path: str, why: Missing) -> HostError:
    """Return the error for a file that cannot be read."""
    hint = AS_ROOT if why.kind is MissingKind.DENIED else "check the path"
    return HostError(f"{path or _NOTHING} cannot be read: {why.detail}", hint, where=path)


def empty_file(path: str) -> HostError:
    """Return the error for an empty file."""
    return HostError(
        f"{path} is empty", "create the file again: the command that wrote it probably failed"
    )


def damaged_capture(error: HostError) -> HostError:
    """Return the error for root's capture, which `error` prevented from opening."""
    return HostError(
        f"root's capture is damaged: {error.message}",
        "create it again: sudo systemctl restart dmaragent-capture.service",
    )


def damaged_packing(where: str, problem: str) -> HostError:
    """Return the error for a packed file that is damaged."""
    return HostError(f"{where} cannot be unpacked: {problem}", "copy the whole file again")


def format_not_read(where: str, unread: UnreadFormat, packed: str) -> HostError:
    """Return the error for an undamaged file whose format is not supported.

    `packed` is the tool that unpacks the layer around it, such as ``gzip``.
    """
    return HostError(
        f"{where} is in a format that dmaragent does not read: {unread.name}{_inside(packed)}",
        f"unpack it ({_unpack_command(where, unread, packed)}) and name its content instead",
    )


def qubes_report(where: str, cpio: UnreadFormat, packed: str) -> HostError:
    """Return the error for a report of qubes-hcl-report, which contains no table."""
    return HostError(
        f"{where} is a Qubes HCL report (cpio{_inside(packed)}), which contains no DMAR or IVRS table",
        f"unpack it ({_unpack_command(where, cpio, packed)}), then: dmaragent why - < xl-dmesg; "
        "for the other verbs, copy /sys/firmware/acpi/tables/RMAD (AMD: IVRS) in dom0, as root",
    )


def _inside(packed: str) -> str:
    return f", packed with {packed}" if packed else ""


def _unpack_command(where: str, unread: UnreadFormat, packed: str) -> str:
    name = "-" if where == "standard input" else shlex.quote(where)
    if packed:
        return f"{packed} -dc {name} | {unread.command.removesuffix(' < {}').format('-')}"
    return unread.command.format(name).replace(" < -", "")


# The host in it -------------------------------------------------------------------------


def several(where: str, what: str, names: list[str], take: str) -> HostError:
    """Return the error for a place that contains several hosts or tables; `take` chooses one."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    listed = ", ".join(map(shown, names[:_MOST_NAMED]))
    return HostError(
        f"{where} contains {len(names)} {what}: {listed}{more}",
        take.replace("{}", in_command(names[0])),
    )


def no_host_in_directory(path: str, archive: str) -> HostError:
    """Return the error for a directory without a host; `archive` is an archive in it, or empty."""
    hint = "name a recorded machine, a copy of a root file system, a collector's report or a table"
    return HostError(
        f"{path} is not a host: no manifest.json, sys/, acpidump.out, DMAR or IVRS table, or output of "
        "lspci, dmidecode, dmesg or xl info in it",
        f"name the archive in it: --host {archive}" if archive else hint,
    )


def no_host_in_archive(where: str, members: int, tops: list[str]) -> HostError:
    """Return the error for an archive without a host; `tops` are the names at its top."""
    names = ", ".join(map(shown, tops)) or "nothing"
    count = "1 member" if members == 1 else f"{members} members"
    message = (
        f"{where} is not a host: no manifest.json, sys/, acpidump.out, DMAR or IVRS table, or output of "
        f"lspci, dmidecode, dmesg or xl info in its {count}. At its top: {names}"
    )
    return HostError(
        message[:_LONGEST],
        "name a bundle of dmaragent dump, a collector's report, or an archive of a copied root",
    )


def only_archives_in_archive(where: str, nested: list[str], outer: str) -> HostError:
    """Return the error for an archive that contains only `nested` archives.

    `outer` is the file that the user named, if this archive is inside it; else empty.
    """
    alone = len(nested) == 1
    message = (
        f"{where} is not a host: it contains only "
        f"{'another archive' if alone else 'other archives'}, {', '.join(map(shown, nested))}"
    )
    command = f"unpack {outer} first" if outer else f"{unpacking(where)} {in_command(nested[0])}"
    return HostError(
        message[:_LONGEST], f"extract {'it' if alone else 'one'} and name that: {command}"
    )


def no_manifest(where: str, name: str) -> HostError:
    """Return the error for an archive of a recorded machine that lacks its manifest, `name`."""
    return HostError(
        f"{where} contains a recorded machine that lacks its {name}",
        _BUNDLE_CHANGED,
    )


# The tables in it -----------------------------------------------------------------------


def damaged_table_text(where: str, file: str, problem: str) -> HostError:
    """Return the error for a host whose table is in damaged text, in `file`."""
    return HostError(
        f"{where}: the table in {shown(file)} is damaged: {problem}",
        f"copy the whole file again; dmaragent decode shows the readable part of {shown(file)}",
    )


def too_many_files(where: str, most: int) -> HostError:
    """Return the error for a folder with more files than are searched for a table."""
    return HostError(
        f"{where} is not a host: it has more than {most} files, too many to search for a table",
        "name the table or its own folder",
    )


def unreadable_files(where: str, files: list[str]) -> HostError:
    """Return the error for a folder without a table in which this user cannot read `files`."""
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    return HostError(
        f"{where} contains no DMAR or IVRS table that you can read: permission is denied for {count}, "
        f"such as {shown(files[0])}",
        AS_ROOT,
    )


def other_tables(where: str, signatures: list[str]) -> HostError:
    """Return the error for a folder with ACPI tables, whose `signatures` are all of other tables."""
    return HostError(
        f"{where} contains ACPI tables ({', '.join(map(shown, signatures[:_MOST_NAMED]))}), but no "
        f"{KINDS_OF_TABLES}",
        "dump all tables of that host: run acpidump without options, as root",
    )


def other_tables_in_text(path: str, tables: int) -> HostError:
    """Return the error for text with a number of `tables`, none of them a DMAR or IVRS table."""
    count = "1 table" if tables == 1 else f"{tables} tables"
    return HostError(
        f"{path} contains {count}, but no {KINDS_OF_TABLES}",
        "dump all tables of that host: run acpidump without options, as root",
    )


def no_table_in_text(path: str, reading: TextReading, problem: str) -> HostError:
    """Return the error for text without a table; `problem` is what is wrong with its packing."""
    unread = f"; {problem}" if problem else ""
    return HostError(
        f"{path} is not a host: {why_no_table(reading)}{unread}", what_to_give(reading, path)
    )


KINDS_OF_TABLES = "DMAR, RMAD, XMAR or IVRS"
"""The tables that are read."""


def why_no_table(reading: TextReading) -> str:
    """Return why a text contains no table."""
    if reading.needs_iasl:
        return "it is iasl text without raw table data, which only iasl can compile"
    if reading.stopped:
        return "the search stopped, because too many signatures in it begin no table"
    return f"it is not a {KINDS_OF_TABLES} table, an archive, or text that contains such a table"


def what_to_give(reading: TextReading, path: str) -> str:
    """Return the next step for a file without a table."""
    if reading.needs_iasl:
        return f"compile it (iasl {shlex.quote(path)}) and name the .aml file"
    return (
        "name a table, a dump of it (acpidump, hexdump, xxd, od, iasl), a bundle, a sosreport, "
        "a recorded machine or a directory with a copy of /sys"
    )


# The source of a table ------------------------------------------------------------------

FORMS = {
    "acpidump": "acpidump text",
    "iasl": "iasl text (its raw table data)",
    "iasl-fields": "iasl text (its fields, as there is no raw table data)",
    "hexdump-c": "hexdump -C text",
    "hexdump": "hexdump text",
    "xxd": "xxd text",
    "od": "od text",
    "format-hex": "PowerShell Format-Hex text",
    "hex-dump": "a hex dump",
    "hex": "hexadecimal digits",
    "c-source": "numbers of C or assembly source",
    "base64": "base64",
    "uuencode": "uuencode",
}
"""Words for each value of a ``TextForm``, whose module takes 6 ms to import."""


def packed_data(packing: str) -> str:
    """Return the source of a table that the tools `packing` packed; empty if it is not packed."""
    return f"{packing} data" if packing else ""


def tables_read_from(tables: Sequence[TextTable], packing: str = "") -> str:
    """Return the source of `tables`, with their lines; empty for acpidump text alone."""
    wanted = [table for table in tables if table.signature in DECODED_SIGNATURES]
    if not packing and all(table.form.value == "acpidump" for table in wanted):
        return ""
    places = "; ".join(table_read_from(table) for table in wanted[:4])
    more = f" and {len(wanted) - 4} more" if len(wanted) > 4 else ""
    return f"{places}{more}" + (f", in {packing} data" if packing else "")


def table_read_from(table: TextTable) -> str:
    """Return the source of one table."""
    order = f" ({8 * table.word}-bit words, low byte first)" if table.word > 1 else ""
    lines = f"line {table.line}"
    if table.last_line > table.line:
        lines = f"lines {table.line}-{table.last_line}"
    return f"{FORMS[table.form.value]}{order}, {lines}"


# A recorded machine -------------------------------------------------------------------

_BUNDLE_CHANGED = "copy the bundle again: it was changed or damaged after it was made"
_RECORDING_CHANGED = "copy the recording again: it was changed or damaged after it was made"


def stranger_in_bundle(where: str, stranger: str) -> HostError:
    """Return the error for a bundle with a member that bundles never contain."""
    return HostError(f"{where}: {stranger}, which bundles never contain", _BUNDLE_CHANGED)


def several_machines(where: str, machines: int) -> HostError:
    """Return the error for an archive of several recorded machines."""
    return HostError(f"{where} contains {machines} recorded machines", "extract one and name that")


def beside_machine(where: str, top: str, others: list[str]) -> HostError:
    """Return the error for a bundle with `others` beside its only folder, `top`."""
    names = ", ".join(map(shown, others))
    return HostError(
        f"{where}: not part of the recorded machine {shown(top)}: {names}", _BUNDLE_CHANGED
    )


def wrong_recording_manifest(error: HostError) -> HostError:
    """Return the error for a recording whose manifest cannot be read because of `error`."""
    if isinstance(error, OtherFormatError):
        return error
    return HostError(error.message, error.hint or _RECORDING_CHANGED, where=error.where)


def wrong_bundle_manifest(error: HostError) -> HostError:
    """Return the error for a bundle whose manifest cannot be read because of `error`."""
    if isinstance(error, OtherFormatError):
        return error
    return HostError(error.message, error.hint or _BUNDLE_CHANGED)


def file_gone(where: str, file: str) -> HostError:
    """Return the error for a bundle that lacks a file of its manifest."""
    return HostError(f"{where}: {shown(file)} is in the manifest, but missing", _BUNDLE_CHANGED)


def file_changed(where: str, file: str) -> HostError:
    """Return the error for a file of a bundle that differs from the recorded one."""
    return HostError(f"{where}: {shown(file)} differs from the manifest (sha256)", _BUNDLE_CHANGED)


def file_not_recorded(where: str, file: str) -> HostError:
    """Return the error for a file of a bundle that is not in its manifest."""
    return HostError(f"{where}: {shown(file)} is not in the manifest", _BUNDLE_CHANGED)


def recording_unreadable(where: str, file: str, why: Missing) -> HostError:
    """Return the error for a file of a recording that cannot be read."""
    return HostError(
        f"{where}: {file} is in the manifest, but cannot be read: {why.detail}",
        AS_ROOT if why.kind is MissingKind.DENIED else _RECORDING_CHANGED,
    )


def recording_changed(where: str, file: str) -> HostError:
    """Return the error for a file of a recording that differs from the recorded one."""
    return HostError(f"{where}: {file} differs from the manifest (sha256)", _RECORDING_CHANGED)


_MANIFEST = "manifest.json"


def too_many_values(where: str, most: int) -> HostError:
    """Return the error for a manifest with more values than are read."""
    return HostError(f"{where}: {_MANIFEST} has more than {most} values")


def manifest_not_json(where: str, why: Exception) -> HostError:
    """Return the error for a manifest that is not JSON."""
    if isinstance(why, RecursionError):
        return HostError(f"{where}: {_MANIFEST} is nested too deeply")
    return HostError(f"{where}: {_MANIFEST} is not JSON: {why}")


def not_a_manifest(where: str) -> HostError:
    """Return the error for JSON that is not the manifest of a recorded machine."""
    return HostError(f"{where}: {_MANIFEST} is not the manifest of a recorded machine")


def other_version(where: str, version: object, ours: int) -> HostError:
    """Return the error for a recording whose version is not `ours`."""
    return OtherFormatError(
        f"{where}: the recording has version {excerpt(repr(version))}; this dmaragent "
        f"reads version {ours}",
        "use the release of dmaragent that made it, or a newer one",
    )


def no_readings(where: str) -> HostError:
    """Return the error for a manifest without a list of readings."""
    return HostError(f"{where}: {_MANIFEST} has no list of readings")


def wrong_reading(where: str, number: int, why: str) -> HostError:
    """Return the error for an invalid reading in a manifest."""
    return HostError(f"{where}: reading {number} of {_MANIFEST} is invalid: {why}")


def double_reading(where: str, number: int, path: str) -> HostError:
    """Return the error for a reading that is in a manifest twice."""
    return HostError(
        f"{where}: reading {number} of {_MANIFEST} is a duplicate: {excerpt(path, len(path))!r}"
    )


# Guests -------------------------------------------------------------------------------


def host_for_guest(path: str) -> HostError:
    """Return the error for a host's file in place of a guest's."""
    return HostError(
        f"{path} is not a guest's configuration, but a table or an archive",
        "name the guest's configuration here, and the host with --host",
    )


def folder_not_listed(path: str, why: Missing) -> HostError:
    """Return the error for a folder of guests that cannot be listed."""
    return HostError(f"{path} cannot be listed: {why.detail}", unreadable(path, why).hint)


def empty_folder(path: str) -> HostError:
    """Return the error for a folder of guests that contains no file."""
    return HostError(
        f"{path} contains no file", "name a guest's configuration, or a folder of them"
    )


# Standard input -----------------------------------------------------------------------


def closed_input() -> HostError:
    """Return the error for standard input that is closed."""
    return HostError("standard input is closed", "name a file, or pipe data in")


def unreadable_input(error: OSError) -> HostError:
    """Return the error for standard input that cannot be read."""
    why = error.strerror or str(error)
    return HostError(f"standard input cannot be read: {why}", "name a file instead")


def large_input(limit: int) -> HostError:
    """Return the error for standard input of more than `limit` bytes."""
    return HostError(
        f"standard input has more than {limit >> 20} MiB",
        "pipe less; for a log, its end (tail)",
    )


def archive_in_input(path: str) -> HostError:
    """Return the error for an archive on standard input."""
    return HostError(f"{path} is an archive, which can only be read from a file", "name its path")


# A file to write ----------------------------------------------------------------------


def nameless_file() -> DmaragentError:
    """Return the error for an empty name."""
    return DmaragentError("the name of the file to write is empty", "name a file")


def folder_to_write(path: str) -> DmaragentError:
    """Return the error for a folder in place of the file to write."""
    return DmaragentError(f"{path} is a folder", "name a file in it")


def not_regular(path: str) -> DmaragentError:
    """Return the error for a device, a pipe or a socket at `path`."""
    return DmaragentError(f"{path} exists and is not a regular file", "use another name")


def file_exists(path: str) -> DmaragentError:
    """Return the error for an existing file that must not be replaced."""
    return DmaragentError(f"{path} exists", "use another name, or replace it with --force")


def folder_missing(path: str) -> DmaragentError:
    """Return the error for a file to write in a folder that does not exist."""
    why = os.strerror(errno.ENOENT)
    return DmaragentError(f"{path} cannot be written: {why}", "create its folder first")


def folder_closed(path: str) -> DmaragentError:
    """Return the error for a file in a folder that this user cannot write to."""
    return DmaragentError(
        f"{path} cannot be written: its folder is read-only, or closed to you",
        "use another folder",
    )


def not_written(path: str, error: OSError) -> DmaragentError:
    """Return the error for a file that could not be written."""
    why = os.strerror(error.errno) if error.errno else str(error)
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    hint = "free some space, or use another disk" if is_full else "check the folder"
    return DmaragentError(f"{path} cannot be written: {why}", hint)


def unpacks_too_far(path: str, most: int) -> HostError:
    """Return the error for an archive with more than `most` MiB of files."""
    return HostError(
        f"{path} unpacks to more than {most} MiB",
        "unpack it yourself, and name the folder",
        where=path,
    )


def member_not_written(path: str, name: str, error: OSError) -> HostError:
    """Return the error for a member that the system could not write."""
    return HostError(
        f"{path}: {shown(name)} could not be unpacked: {error.strerror}",
        "unpack it yourself, and name the folder",
        where=path,
    )
