"""The guests that a user names, as verbs about guests read them."""

import os
import sys

from dmaragent.api import read_guests
from dmaragent.collect.guests import read_guest_files
from dmaragent.errors import DmaragentError
from dmaragent.policy.guest import GuestConfig
from dmaragent.present.escaping import visible

_GUEST_ENDS = (".cfg", ".hvm", ".pv", ".pvh", ".xl")
_GUEST_KEYS = frozenset({"memory", "maxmem", "type", "builder", "pci", "rdm"})


def named_guests(
    paths: list[str], *, bare: bool = False
) -> tuple[list[GuestConfig], list[tuple[str, str]]]:
    """Read the guests at `paths`; and say of which files of a folder not, and why.

    With `bare`, a guest's source is the name of its file, without the folders it lies in.

    Raises:
        DmaragentError: one that was named cannot be read.

    """
    guests: list[GuestConfig] = []
    passed_over: list[tuple[str, str]] = []
    for file in read_guest_files(paths):
        if file.problem:
            passed_over.append((file.path, file.problem.removeprefix(file.path).strip()))
            continue
        try:
            read = read_guests(file.text, os.path.basename(file.path) if bare else file.path)
        except DmaragentError as error:
            if file.named:
                raise
            why = error.message.removeprefix(file.path).lstrip(": ")
            passed_over.append((file.path, why))
            continue
        if file.named or _is_guest(file.path, read[0]):
            guests += read
        else:
            passed_over.append((file.path, _why_no_guest(read[0])))
    return guests, passed_over


def tell_left_out(passed_over: list[tuple[str, str]]) -> None:
    """Say on standard error which files of a folder were left out, and why."""
    for path, why in passed_over:
        print(visible(f"{path} is left out: {why}"), file=sys.stderr)


def no_guest(paths: list[str]) -> DmaragentError:
    """Give the error of a verb that found no guest at `paths`."""
    return DmaragentError(
        f"{', '.join(paths)}: there is no guest's configuration",
        "give an xl.cfg, libxl's JSON, or a folder that holds some",
    )


def _is_guest(path: str, guest: GuestConfig) -> bool:
    """Tell whether a file that a folder holds is meant for a guest: by its settings, its name.

    A file with a name and neither memory nor type may be a pool of processors.
    """
    if not guest.readable:
        return path.endswith(_GUEST_ENDS)
    return bool(guest.saved_rdm) or bool(guest.name and guest.places.keys() & _GUEST_KEYS)


def _why_no_guest(guest: GuestConfig) -> str:
    if guest.readable:
        return "no name with a memory, a type or devices"
    return f"no xl.cfg (line {guest.refusals[0].place.rpartition(':')[2]})"
