"""The sentences of this package: errors with what to do, and what a table was read from.

A function an error or a sentence; the code that decides calls it.
"""

from __future__ import annotations

import errno
import os
import re
import shlex
from collections.abc import Sequence
from typing import TYPE_CHECKING

from dmaragent.errors import DmaragentError, HostError, excerpt
from dmaragent.readings import Missing, MissingKind
from fwtables.signatures import SIGNATURES

if TYPE_CHECKING:
    from dmaragent.collect.formats.magic import UnreadFormat
    from fwtables.found_in_text import TextReading, TextTable

AS_ROOT = "run it as root (sudo)"
"""What to do about a file that may not be read."""
_MOST_NAMED = 8
"""Hosts or files that an error names; it counts the rest."""
_LONGEST = 600
"""Characters of an error that names what is in an archive."""
_HARMLESS = r"[A-Za-z0-9_./:+@%,-]{1,200}"


def shown(name: str) -> str:
    """Return a name from an archive or a folder for an error: in quotes, escaped, not pages of it."""
    return repr(name if len(name) <= 160 else f"{name[:120]}[...]{name[-30:]}")


def in_command(name: str) -> str:
    """Return `name` as it is written in a command: bare if it is harmless, else shown."""
    return name if re.fullmatch(_HARMLESS, name) else shown(name)


def unpacking(archive: str) -> str:
    """Return the command that unpacks members of the archive at the path `archive`."""
    return f"unzip {archive}" if archive.lower().endswith(".zip") else f"tar xf {archive}"


# What a user gave ----------------------------------------------------------------------


def unreadable(path: str, why: Missing) -> HostError:
    """Return the error for a file that cannot be read."""
    hint = AS_ROOT if why.kind is MissingKind.DENIED else "check the path"
    return HostError(f"{path} cannot be read: {why.detail}", hint, where=path)


def empty_file(path: str) -> HostError:
    """Return the error for a file without a byte."""
    return HostError(f"{path} is empty", "make it again: what was to write it failed")


def damaged_capture(error: HostError) -> HostError:
    """Return the error for root's capture, which could not be opened for `error`."""
    return HostError(
        f"root's capture is damaged: {error.message}",
        "make it again: sudo systemctl restart dmaragent-capture.service",
    )


def damaged_packing(where: str, problem: str) -> HostError:
    """Return the error for a packed file that must be whole and is damaged."""
    return HostError(f"{where} cannot be unpacked: {problem}", "copy it again, whole")


def format_not_read(where: str, unread: UnreadFormat, packed: str) -> HostError:
    """Return the error for a sound file of a format that is not read.

    `packed` is the tool that unpacks what the file is packed with, as ``gzip``.
    """
    return HostError(
        f"{where} is in a format that is not read: {unread.name}{_inside(packed)}",
        f"unpack it ({_unpack_command(where, unread, packed)}), and give what is in it",
    )


def qubes_report(where: str, cpio: UnreadFormat, packed: str) -> HostError:
    """Return the error for a report of qubes-hcl-report, which holds no table."""
    return HostError(
        f"{where} is a Qubes HCL report (cpio{_inside(packed)}), which is not read, and holds no DMAR table",
        f"unpack it ({_unpack_command(where, cpio, packed)}), then: dmaragent why - < xl-dmesg; the table is "
        "/sys/firmware/acpi/tables/RMAD of dom0, for root alone",
    )


def _inside(packed: str) -> str:
    return f", packed with {packed}" if packed else ""


def _unpack_command(where: str, unread: UnreadFormat, packed: str) -> str:
    name = "-" if where == "standard input" else shlex.quote(where)
    if packed:
        return f"{packed} -dc {name} | {unread.command.removesuffix(' < {}').format('-')}"
    return unread.command.format(name).replace(" < -", "")


# Which host is in it -------------------------------------------------------------------


def several(where: str, what: str, names: list[str], take: str) -> HostError:
    """Return the error for a place that holds several hosts or tables: which, how to take one."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    listed = ", ".join(map(shown, names[:_MOST_NAMED]))
    return HostError(
        f"{where} holds {len(names)} {what}: {listed}{more}",
        take.replace("{}", in_command(names[0])),
    )


def no_host_in_directory(path: str, archive: str) -> HostError:
    """Return the error for a directory without a host; `archive` is one in it, if there is one."""
    hint = (
        "give a recorded machine, a directory shaped like a root file system, a collector's "
        "report or a table"
    )
    return HostError(
        f"{path} is not a host: it holds neither manifest.json, sys/, acpidump.out, output of "
        "lspci, dmidecode, dmesg or xl info, nor a DMAR table",
        f"give the archive in it: --host {archive}" if archive else hint,
    )


def no_host_in_archive(where: str, members: int, tops: list[str]) -> HostError:
    """Return the error for an archive without a host; `tops` are the names at its top."""
    names = ", ".join(map(shown, tops)) or "nothing"
    count = "1 member" if members == 1 else f"{members} members"
    message = (
        f"{where} is no host: {count} and neither manifest.json, sys/, acpidump.out, "
        f"output of lspci, dmidecode, dmesg or xl info, nor a DMAR table; at its top {names}"
    )
    return HostError(
        message[:_LONGEST],
        "give a bundle of dmaragent dump, a collector's report, or an archive of a copied root",
    )


def only_archives_in_archive(where: str, nested: list[str], outer: str) -> HostError:
    """Return the error for an archive that holds `nested` archives and no host.

    `outer` is the file that the user named, if the archive is itself in that; else empty.
    """
    alone = len(nested) == 1
    message = (
        f"{where} holds {', '.join(map(shown, nested))}, {'an archive' if alone else 'archives'} "
        "in an archive, and no host itself"
    )
    command = f"unpack {outer} first" if outer else f"{unpacking(where)} {in_command(nested[0])}"
    return HostError(
        message[:_LONGEST], f"take {'it' if alone else 'one'} out, and give that: {command}"
    )


def no_manifest(where: str, name: str) -> HostError:
    """Return the error for an archive of a recorded machine whose manifest, `name`, is missing."""
    return HostError(
        f"{where} holds a recorded machine without its {name}",
        _BUNDLE_CHANGED,
    )


# Which tables are in it ----------------------------------------------------------------


def damaged_table_text(where: str, file: str, problem: str) -> HostError:
    """Return the error for a host whose table was read from damaged text in `file`."""
    return HostError(
        f"{where}: the DMAR table in {shown(file)} is damaged: {problem}",
        f"copy it again, whole; dmaragent decode shows what is left of {shown(file)}",
    )


def too_many_files(where: str, most: int) -> HostError:
    """Return the error for a folder with more files than are looked at for a table."""
    return HostError(
        f"{where} is not a host: it has more than {most} files, too many to look for "
        "a DMAR table in them",
        "name the table, or the folder it is in",
    )


def unreadable_files(where: str, files: list[str]) -> HostError:
    """Return the error for a folder without a table, in which `files` may not be read."""
    count = "1 file" if len(files) == 1 else f"{len(files)} files"
    return HostError(
        f"{where} holds no DMAR table that you may read: {count} cannot be read, "
        f"{shown(files[0])} first",
        AS_ROOT,
    )


def other_tables(where: str, signatures: list[str]) -> HostError:
    """Return the error for a folder that holds ACPI tables with other `signatures` only."""
    return HostError(
        f"{where} holds ACPI tables ({', '.join(map(shown, signatures[:_MOST_NAMED]))}), and none "
        "that is DMAR, RMAD or XMAR",
        "an AMD machine: dmaragent decode FILE shows its IVRS table; no other verb uses it yet"
        if "IVRS" in signatures
        else "dump all tables of the host: acpidump without options, as root",
    )


def other_tables_in_text(path: str, tables: int) -> HostError:
    """Return the error for text that holds a number of `tables`, none of them a DMAR table."""
    count = "1 table" if tables == 1 else f"{tables} tables"
    return HostError(
        f"{path} holds {count}, and none that is DMAR, RMAD or XMAR",
        "dump all tables of the host: acpidump without options, as root",
    )


def no_table_in_text(path: str, reading: TextReading, problem: str) -> HostError:
    """Return the error for text that holds no table; `problem` is what is wrong with its packing."""
    unread = f"; {problem}" if problem else ""
    return HostError(
        f"{path} is not a host: {why_no_table(reading)}{unread}", what_to_give(reading, path)
    )


KINDS_OF_HOSTS = "DMAR, RMAD or XMAR"
"""The tables that are read of a host."""
KINDS_OF_DECODE = "DMAR, RMAD, XMAR or IVRS"
"""The tables that `decode` reads."""


def why_no_table(reading: TextReading, kinds: str = KINDS_OF_HOSTS) -> str:
    """Return why a text holds no table of one of the `kinds`."""
    if reading.needs_iasl:
        return "it is iasl text whose fields only iasl can compile"
    if reading.stopped:
        return "too many signatures in it head no table, so that it was not searched to its end"
    return f"no {kinds} table, no text that holds one, no archive"


def what_to_give(reading: TextReading, path: str) -> str:
    """Return what to do about a file that holds no table."""
    if reading.needs_iasl:
        return f"compile it (iasl {shlex.quote(path)}), and give the .aml file"
    return (
        "give a table, a dump of it (acpidump, hexdump, xxd, od, iasl), a bundle, a sosreport, "
        "a recorded machine or a directory that holds sys/"
    )


# What a table was read from ------------------------------------------------------------

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
"""By the value of a ``TextForm``, whose module takes 6 ms to import."""


def packed_data(packing: str) -> str:
    """Return what a table was read from that the tools `packing` packed; empty if none did."""
    return f"{packing} data" if packing else ""


def tables_read_from(tables: Sequence[TextTable], packing: str = "") -> str:
    """Return what `tables` were read from, and on which lines; empty for acpidump text alone."""
    wanted = [table for table in tables if table.signature in SIGNATURES]
    if not packing and all(table.form.value == "acpidump" for table in wanted):
        return ""
    places = "; ".join(table_read_from(table) for table in wanted[:4])
    more = f" and {len(wanted) - 4} more" if len(wanted) > 4 else ""
    return f"{places}{more}" + (f", in {packing} data" if packing else "")


def table_read_from(table: TextTable) -> str:
    """Return what one table was read from."""
    order = f" ({8 * table.word}-bit words, low byte first)" if table.word > 1 else ""
    lines = f"line {table.line}"
    if table.last_line > table.line:
        lines = f"lines {table.line}-{table.last_line}"
    return f"{FORMS[table.form.value]}{order}, {lines}"


# A recorded machine -------------------------------------------------------------------

_BUNDLE_CHANGED = "the bundle was changed or damaged after it was made"
_RECORDING_CHANGED = "the recording was changed or damaged after it was made"


def stranger_in_bundle(where: str, stranger: str) -> HostError:
    """Return the error for a bundle with a member that no bundle holds."""
    return HostError(f"{where}: {stranger}, which no bundle holds", _BUNDLE_CHANGED)


def several_machines(where: str, machines: int) -> HostError:
    """Return the error for an archive of several recorded machines."""
    return HostError(f"{where} holds {machines} recorded machines", "give one at a time")


def beside_machine(where: str, top: str, others: list[str]) -> HostError:
    """Return the error for a bundle with `others` beside its one directory, `top`."""
    names = ", ".join(map(shown, others))
    return HostError(
        f"{where}: beside the recorded machine {shown(top)} lies {names}", _BUNDLE_CHANGED
    )


def wrong_bundle_manifest(error: HostError) -> HostError:
    """Return the error for a bundle whose manifest cannot be read for `error`."""
    return HostError(error.message, error.hint or _BUNDLE_CHANGED)


def file_gone(where: str, file: str) -> HostError:
    """Return the error for a bundle without a file that its manifest names."""
    return HostError(f"{where}: {shown(file)} is in the manifest and not there", _BUNDLE_CHANGED)


def file_changed(where: str, file: str) -> HostError:
    """Return the error for a file of a bundle that is not the one recorded."""
    return HostError(
        f"{where}: {shown(file)} is not what the manifest says: its sha256 differs", _BUNDLE_CHANGED
    )


def file_not_recorded(where: str, file: str) -> HostError:
    """Return the error for a file of a bundle that its manifest does not name."""
    return HostError(f"{where}: {shown(file)} is there and not in the manifest", _BUNDLE_CHANGED)


def recording_unreadable(where: str, file: str, why: Missing) -> HostError:
    """Return the error for a file of a recording that cannot be read."""
    return HostError(
        f"{where}: {file} is in the manifest and cannot be read: {why.detail}",
        AS_ROOT if why.kind is MissingKind.DENIED else _RECORDING_CHANGED,
    )


def recording_changed(where: str, file: str) -> HostError:
    """Return the error for a file of a recording that is not the one recorded."""
    return HostError(
        f"{where}: {file} is not what the manifest says: its sha256 differs", _RECORDING_CHANGED
    )


_MANIFEST = "manifest.json"


def too_many_values(where: str, most: int) -> HostError:
    """Return the error for a manifest with more values than are read."""
    return HostError(f"{where}: {_MANIFEST} has more than {most} values")


def manifest_not_json(where: str, why: Exception) -> HostError:
    """Return the error for a manifest that is not JSON."""
    return HostError(f"{where}: {_MANIFEST} is not JSON: {why}")


def not_a_manifest(where: str) -> HostError:
    """Return the error for JSON that is not the manifest of a recorded machine."""
    return HostError(f"{where}: {_MANIFEST} is not the manifest of a recorded machine")


def other_version(where: str, version: object, ours: int) -> HostError:
    """Return the error for a recording of another version than `ours`."""
    return HostError(
        f"{where}: the recording has version {excerpt(repr(version))}, this dmaragent "
        f"reads version {ours}",
        "use the dmaragent that made it, or a newer one",
    )


def no_readings(where: str) -> HostError:
    """Return the error for a manifest without a list of readings."""
    return HostError(f"{where}: {_MANIFEST} has no list of readings")


def wrong_reading(where: str, number: int, why: str) -> HostError:
    """Return the error for a reading of a manifest that is not one."""
    return HostError(f"{where}: reading {number} of {_MANIFEST} is wrong: {why}")


def double_reading(where: str, number: int, path: str) -> HostError:
    """Return the error for a reading that a manifest has twice."""
    return HostError(
        f"{where}: reading {number} of {_MANIFEST} is there twice: {excerpt(path, len(path))!r}"
    )


# Guests -------------------------------------------------------------------------------


def host_for_guest(path: str) -> HostError:
    """Return the error for a host's file that was given for a guest's."""
    return HostError(
        f"{path} is no guest's configuration, but a table or an archive",
        "give a host with --host, and the guest's xl.cfg",
    )


def folder_not_listed(path: str, why: Missing) -> HostError:
    """Return the error for a folder of guests that cannot be listed."""
    return HostError(f"{path} cannot be listed: {why.detail}", unreadable(path, why).hint)


def empty_folder(path: str) -> HostError:
    """Return the error for a folder of guests without a file."""
    return HostError(f"{path} holds no file", "give a guest's configuration, or a folder of them")


# Standard input -----------------------------------------------------------------------


def closed_input() -> HostError:
    """Return the error for standard input that is closed."""
    return HostError("standard input is closed", "give a file, or pipe something in")


def unreadable_input(error: OSError) -> HostError:
    """Return the error for standard input that cannot be read."""
    why = error.strerror or str(error)
    return HostError(f"standard input cannot be read: {why}", "give a file instead")


def large_input(limit: int) -> HostError:
    """Return the error for standard input of more than `limit` bytes."""
    return HostError(
        f"standard input holds more than {limit >> 20} MiB",
        "pipe less; of a log its end, with tail",
    )


def archive_in_input(path: str) -> HostError:
    """Return the error for an archive on standard input."""
    return HostError(f"{path} is an archive, which is read from a file alone", "give its path")


# A file to write ----------------------------------------------------------------------


def nameless_file() -> DmaragentError:
    """Return the error for an empty name."""
    return DmaragentError("the name of the file to write is empty", "give a name")


def folder_to_write(path: str) -> DmaragentError:
    """Return the error for a folder that is to be written as a file."""
    return DmaragentError(f"{path} is a folder", "give the name of a file in it")


def not_regular(path: str) -> DmaragentError:
    """Return the error for a device, a pipe or a socket at `path`."""
    return DmaragentError(f"{path} exists and is no regular file", "give another name")


def file_exists(path: str) -> DmaragentError:
    """Return the error for a file that is not to be replaced."""
    return DmaragentError(f"{path} exists", "give another name, or --force to replace it")


def folder_missing(path: str) -> DmaragentError:
    """Return the error for a file in a folder that is not there."""
    why = os.strerror(errno.ENOENT)
    return DmaragentError(f"{path} cannot be written: {why}", "make its folder first")


def folder_closed(path: str) -> DmaragentError:
    """Return the error for a file in a folder that may not be written to."""
    return DmaragentError(
        f"{path} cannot be written: its folder is closed to you or read-only",
        "give a name in another folder",
    )


def not_written(path: str, error: OSError) -> DmaragentError:
    """Return the error for a file that could not be written."""
    why = os.strerror(error.errno) if error.errno else str(error)
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    hint = "make room, or give a name elsewhere" if is_full else "check the folder"
    return DmaragentError(f"{path} cannot be written: {why}", hint)
