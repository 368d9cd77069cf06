"""The guests that a user names, for verbs about guests."""

import os
import sys

from dmaragent.collect.guest_files import read_guest_files
from dmaragent.commands.shared.output import print_lines
from dmaragent.commands.shared.words import guests as words
from dmaragent.errors import DmaragentError
from dmaragent.guests.device_mappings import DeviceMappings
from dmaragent.guests.formats import Guest, UnknownFormatError, read_all_guests
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.guests.words import GUEST_FORMATS

_GUEST_ENDS = (".cfg", ".hvm", ".pv", ".pvh", ".xl")
_GUEST_KEYS = frozenset({"memory", "maxmem", "type", "builder", "pci", "rdm"})


def named_guests(
    paths: list[str], *, bare: bool = False
) -> tuple[list[Guest], list[tuple[str, str]]]:
    """Return the guests at `paths`, and the skipped files of folders with the reasons.

    With `bare`, a guest's source is the name of its file without folders.

    Raises:
        DmaragentError: a named file cannot be read.

    """
    guests: list[Guest] = []
    passed_over: list[tuple[str, str]] = []
    for file in read_guest_files(paths):
        if file.problem:
            passed_over.append((file.path, file.problem.removeprefix(file.path).strip()))
            continue
        name = os.path.basename(file.path) if bare else file.path
        beside = DeviceMappings(
            mappings=file.beside.mappings,
            node=file.beside.node,
            networks=file.beside.networks,
        )
        try:
            read = read_all_guests(file.text, name, beside)
        except DmaragentError as error:
            if file.named and bare:
                read_all_guests(file.text, file.path)  # its error has the path as given
            if file.named:
                raise
            unread = isinstance(error, UnknownFormatError)
            why = words.not_a_guest() if unread else _why_unreadable(file.text, file.path, beside)
            passed_over.append((file.path, why))
            continue
        if file.named or _is_guest(file.path, read[0]):
            guests += read
        else:
            passed_over.append((file.path, _why_no_guest(read[0])))
    return guests, passed_over


def tell_left_out(passed_over: list[tuple[str, str]]) -> None:
    """Print on standard error which files of a folder were skipped, and why."""
    if passed_over:
        print_lines((words.left_out(path, why) for path, why in passed_over), sys.stderr)


def no_guest(paths: list[str]) -> DmaragentError:
    """Return the error of a verb that found no guest at `paths`."""
    return words.no_guests_at(", ".join(paths), GUEST_FORMATS)


def _is_guest(path: str, guest: Guest) -> bool:
    """Return whether a file of a folder is meant for a guest, by its settings or its name.

    A file with a name and neither memory nor type may be a pool of processors.
    """
    if isinstance(guest, KvmGuest) or guest.format == "libvirt":
        return True
    if not guest.readable:
        return path.lower().endswith(_GUEST_ENDS)
    return bool(guest.saved_rdm) or bool(guest.name and guest.places.keys() & _GUEST_KEYS)


def _why_unreadable(text: str, path: str, beside: DeviceMappings) -> str:
    """Return the error of an unreadable file, with its name and without its folders."""
    try:
        read_all_guests(text, os.path.basename(path), beside)
    except DmaragentError as error:
        return error.message
    raise AssertionError(path)  # the same text was unreadable under its full path


def _why_no_guest(guest: Guest) -> str:
    if isinstance(guest, KvmGuest) or guest.readable:
        return words.no_settings_of_a_guest()
    return words.not_xl_cfg(guest.refusals[0].place.rpartition(":")[2])
