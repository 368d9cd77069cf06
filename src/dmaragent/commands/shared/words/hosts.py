"""Sentences about the host of an answer and its devices: ``inventory``, and all with ``--host``."""

from dmaragent.errors import DmaragentError

RECORD_AS_ROOT = "on that host, run dmaragent dump as root, or copy its table as root"
"""What to do about a table of another host that its recorder was not allowed to read."""


def tree_of_one_device() -> DmaragentError:
    return DmaragentError("--tree and --device exclude each other: --tree shows all devices")


def or_show_with_host() -> DmaragentError:
    return DmaragentError("--or-show and --host exclude each other: --or-show is for this machine")


def read_from(reading: str) -> str:
    return f"Read from {reading}."


def warning(path: str, problem: str) -> str:
    return f"Warning: {path}: {problem}"


def unused(path: str, what: str) -> str:
    """Return the note about a text that has more than its table."""
    return (
        f"Note: {path} also has {what}, not used. To use it, copy each part into a file of its own in "
        "one directory (dmar.txt, lspci.txt, dmesg.txt), and name the directory with --host."
    )


def published_instead(which: str) -> str:
    """Return the line above an inventory that the service published."""
    return f"The firmware's table needs root. This inventory is from dmaragent.service ({which})."


def table_needs_root(command: str) -> str:
    return f"This machine has a table of its IOMMU, which needs root: {command}"


def table_absent(command: str) -> str:
    return f"This machine has no DMAR or IVRS table (absent). On a machine with one: {command}"


def table_unreadable(why: str, command: str) -> str:
    return f"This machine's table cannot be read: {why}. Try: {command}"


def shown_instead(path: str) -> str:
    return f"Showing {path} instead."


def only_function(text: str, device: str) -> str:
    return f"dmaragent: {text} has one function, so this is {device}"


def decimal_address(text: str, decimal: str, device: str) -> str:
    return f"dmaragent: {text} is decimal ({decimal}), so this is {device}"


def no_function_named(option: str, text: str) -> str:
    """Return the first part of an error about a device without a function."""
    return f"{option}: {text!r} names a device without its function"


def functions_unknown(
    begin: str, named_by_regions: str, place: str, *, collected: bool = False
) -> DmaragentError:
    """Return the error about a device without a function; `collected`: reading the functions failed."""
    why = "could not be read" if collected else "were not collected"
    hint = f"; regions name {named_by_regions}" if named_by_regions else ""
    return DmaragentError(
        f"{begin}, and its functions are unknown: the PCI functions {why}{hint}",
        f"add the function, as in {place}.0",
    )


def several_functions(begin: str, number: int, functions: str) -> DmaragentError:
    return DmaragentError(f"{begin}; it has {number}", f"use one of: {functions}")


def no_function_at(option: str, place: str, elsewhere: str) -> str:
    return f"{option}: no function is present at {place}{elsewhere}"


def on_another_segment(devices: str) -> str:
    """Return the addition to an error if the address is present on another segment."""
    return f" (on another segment: {devices})"


def tree_shows_devices(path: str) -> str:
    """Return the hint of an error about a device; `path` is quoted for a shell."""
    return f"dmaragent inventory --tree --host {path} shows the known devices"
