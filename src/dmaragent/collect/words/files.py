"""Errors of a file, a folder or standard input that the user named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dmaragent.errors import HostError
from dmaragent.readings import Missing

if TYPE_CHECKING:
    from dmaragent.collect.formats.magic import UnreadFormat
from dmaragent.collect.words import unreadable
from dmaragent.shell_words import in_command

# The input that the user named ----------------------------------------------------------


def empty_file(path: str) -> HostError:
    """Return the error for an empty file."""
    return HostError(
        f"{path} is empty",
        "create the file again: the command that wrote it probably failed",
        where=path,
    )


def damaged_capture(error: HostError) -> HostError:
    """Return the error for root's capture, which `error` prevented from opening."""
    return HostError(
        f"root's capture is damaged: {error.message}",
        "create it again: sudo systemctl restart dmaragent-capture.service",
    )


def damaged_packing(where: str, problem: str) -> HostError:
    """Return the error for a packed file that is damaged."""
    return HostError(
        f"{where} cannot be unpacked: {problem}", "copy the whole file again", where=_typed(where)
    )


def format_not_read(where: str, unread: UnreadFormat, packed: str) -> HostError:
    """Return the error for an undamaged file whose format is not supported.

    `packed` is the tool that unpacks the layer around it, such as ``gzip``.
    """
    return HostError(
        f"{where} is in a format that dmaragent does not read: {unread.name}{_inside(packed)}",
        f"unpack it ({_unpack_command(where, unread, packed)}) and name its content instead",
        where=_typed(where),
    )


def qubes_report(where: str, cpio: UnreadFormat, packed: str) -> HostError:
    """Return the error for a report of qubes-hcl-report, which contains no table."""
    return HostError(
        f"{where} is a Qubes HCL report (cpio{_inside(packed)}), which contains no DMAR or IVRS table",
        f"unpack it ({_unpack_command(where, cpio, packed)}), then: dmaragent why - < xl-dmesg; "
        "for the other verbs, copy /sys/firmware/acpi/tables/RMAD (AMD: IVRS) in dom0, as root",
        where=_typed(where),
    )


def _typed(where: str) -> str:
    """Return how the user named an input, which can be standard input."""
    return "-" if where == "standard input" else where


def _inside(packed: str) -> str:
    return f", packed with {packed}" if packed else ""


def _unpack_command(where: str, unread: UnreadFormat, packed: str) -> str:
    name = in_command(_typed(where))
    if packed:
        return f"{packed} -dc {name} | {unread.command.removesuffix(' < {}').format('-')}"
    return unread.command.format(name).replace(" < -", "")


# Guests -------------------------------------------------------------------------------


def host_for_guest(path: str) -> HostError:
    """Return the error for a host's file in place of a guest's."""
    return HostError(
        f"{path} is not a guest's configuration, but a table or an archive",
        "name the guest's configuration here, and the host with --host",
        where=path,
    )


def folder_not_listed(path: str, why: Missing) -> HostError:
    """Return the error for a folder of guests that cannot be listed."""
    hint = unreadable(path, why).hint
    return HostError(f"{path} cannot be listed: {why.detail}", hint, where=path)


def empty_folder(path: str) -> HostError:
    """Return the error for a folder of guests that contains no file."""
    return HostError(
        f"{path} contains no file",
        "name a guest's configuration, or a folder of them",
        where=path,
    )


# Standard input -----------------------------------------------------------------------


def closed_input() -> HostError:
    """Return the error for standard input that is closed."""
    return HostError("standard input is closed", "name a file, or pipe data in", where="-")


def unreadable_input(error: OSError) -> HostError:
    """Return the error for standard input that cannot be read."""
    why = error.strerror or str(error)
    return HostError(f"standard input cannot be read: {why}", "name a file instead", where="-")


def large_input(limit: int) -> HostError:
    """Return the error for standard input of more than `limit` bytes."""
    return HostError(
        f"standard input has more than {limit >> 20} MiB",
        "pipe less; for a log, its end (tail)",
        where="-",
    )


def archive_in_input(path: str) -> HostError:
    """Return the error for an archive on standard input."""
    return HostError(
        f"{path} is an archive, which can only be read from a file", "name its path", where="-"
    )
