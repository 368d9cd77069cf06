"""Errors of a directory or an archive in which no host, or more than one, was found."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from dmaragent.errors import HostError

if TYPE_CHECKING:
    pass
from dmaragent.collect.words import AS_ROOT, shown
from dmaragent.collect.words.tables import KINDS_OF_TABLES
from dmaragent.shell_words import in_command, unpacked, unpacking

_MOST_NAMED = 8
"""How many hosts or files an error names; it counts the rest."""
_LONGEST = 600
"""The most characters of an error that names the content of an archive."""


Take = Callable[[str], str]
"""Returns how to choose the host or table at a path."""


def several(where: str, what: str, names: list[str], take: Take) -> HostError:
    """Return the error for a place that contains several hosts or tables; `take` chooses one."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    listed = ", ".join(map(shown, names[:_MOST_NAMED]))
    return HostError(
        f"{where} contains {len(names)} {what}: {listed}{more}",
        take(names[0]),
    )


def table_elsewhere(where: str, report: str, table: str) -> HostError:
    """Return the error for a `report` without a table, beside a directory with a `table`."""
    return HostError(
        f"{where} contains a report without a table, {shown(report)}, and a table in another "
        f"directory, {shown(table)}: it can be from another host",
        f"if it is from the same host, move it into {shown(report)}; else choose one of the two",
    )


def not_one_host(where: str, files: list[str], what: str) -> HostError:
    """Return the error for two files of a report that name different functions, kernels, hosts..."""
    different = list(dict.fromkeys(files))
    verb = "name" if len(different) > 1 else "names"
    return HostError(
        f"{where} is not one host: {' and '.join(map(shown, different))} {verb} different {what}",
        "make a directory for each host, with all its files, and name one; if both files are from one "
        "host, keep only the one of its current boot, with a complete list",
    )


def different_tables(where: str, files: list[str]) -> HostError:
    """Return the error for different tables of IOMMUs in `files` of one host."""
    return HostError(
        f"{where} contains different tables of the IOMMU: {', '.join(map(shown, files[:_MOST_NAMED]))}",
        "keep only the table of this host's current boot; dmaragent decode shows each",
    )


def loose_files(where: str, host: str, files: list[str], take: Take) -> HostError:
    """Return the error for `files` beside the directory of a `host`, which would not be used."""
    more = f" and {len(files) - _MOST_NAMED} more" if len(files) > _MOST_NAMED else ""
    return HostError(
        f"{where} contains the host {shown(host)}, and beside it files of a host: "
        f"{', '.join(map(shown, files[:_MOST_NAMED]))}{more}",
        f"if they are from the same host, move them into {shown(host)}; else {take(host)}",
    )


def several_in_archive(where: str, names: list[str], outer: str) -> HostError:
    """Return the error for an archive that contains the hosts `names`.

    `outer` is the file that the user named, if this archive is inside it; else empty.
    """
    every = f"all of them: dmaragent fleet show {in_command(outer or where)}"

    def take(name: str) -> str:
        return f"{unpack_one(where, outer, name)}; {every}"

    return several(where, "hosts", names, take)


def unpack_one(archive: str, outer: str, name: str) -> str:
    """Return the hint to use only the host `name` of an archive, which can be inside `outer`."""
    if outer:
        return f"unpack {outer} first, then choose one"
    return f"unpack it and choose one: {_unpack(archive, name)}"


def _unpack(archive: str, name: str) -> str:
    """Return the command that unpacks an archive, and the option for what has that name in it."""
    option = unpacked(name)
    return f"{unpacking(archive)}{f'; then {option}' if option else ''}"


def choose_one(path: str, name: str) -> str:
    """Return the hint to use only the host `name` of the directory at `path`."""
    return f"choose one: --host {in_command(os.path.join(path, name))}"


def no_host_in_directory(path: str, archive: str) -> HostError:
    """Return the error for a directory without a host; `archive` is an archive in it, or empty."""
    hint = "name a recorded machine, a copy of a root file system, a collector's report or a table"
    return HostError(
        f"{path} is not a host: no manifest.json, sys/, acpidump.out, DMAR or IVRS table, or output of "
        "lspci, dmidecode, dmesg or xl info in it",
        f"name the archive in it: --host {in_command(archive)}" if archive else hint,
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
    command = f"unpack {outer} first" if outer else _unpack(where, nested[0])
    return HostError(
        message[:_LONGEST], f"extract {'it' if alone else 'one'} and name that: {command}"
    )


def damaged_table_text(where: str, file: str, problem: str) -> HostError:
    """Return the error for a host whose table is in damaged text, in `file`."""
    return HostError(
        f"{where}: the table in {shown(file)} is damaged: {problem}",
        f"copy the whole file again; dmaragent decode shows the readable part of {shown(file)}",
    )


def damaged_dump(file: str, problem: str) -> str:
    """Return why the tables in acpidump text, in `file`, need not be all tables of the host."""
    return f"{shown(file)} is damaged: {problem}"


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
