"""What verbs share about a host: the option --host, its inventory, its title, its devices."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

from dmaragent.addresses import SBDF
from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import LIVE, OpenedHost, open_host
from dmaragent.commands.shared.output import print_lines
from dmaragent.commands.shared.suggest import nearest
from dmaragent.commands.shared.words import command_line as command_line_words
from dmaragent.commands.shared.words import hosts as hosts_words
from dmaragent.errors import DmaragentError
from dmaragent.host import join
from dmaragent.host.device_names import DeviceName, parse_device_name
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.iommu.kinds import Absence, AbsenceKind
from dmaragent.present.words.host import FIND_DEVICES, absence_words, host_words, no_device_words
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from dmaragent.shell_words import in_command

if TYPE_CHECKING:
    from dmaragent.present.json.schema.common import Host

_ONE_DIGIT = 0.9
"""The least similarity of two addresses that differ in one digit."""
_MOST = 4
"""The most addresses that an error about a missing one lists."""


def add_host(parser: argparse.ArgumentParser, instead: str = "instead of this machine") -> None:
    """Add ``--host``; `instead` is the role of the host in the verb's help."""
    parser.add_argument(
        "--host",
        metavar="PATH",
        help=f"{instead}: a bundle, a collector's report (sos, xen-bugtool, hw-probe, ...), a "
        "table, text that contains one (acpidump, hexdump, xxd, od, iasl), a recorded machine or a "
        "copied root file system; also a directory or archive with one of these",
    )


def take_host(path: str | None, release: Release | None = None) -> tuple[OpenedHost, Inventory]:
    """Return the inventory of the host at `path`, or of this machine if it is None.

    With `release`, it follows the rules of that release of Xen.
    """
    opened = open_host(path)
    tell_reading(opened)
    return opened, inventory_of(opened, release)


def tell_reading(opened: OpenedHost) -> None:
    """Print on standard error the source of a host's table, and what is wrong with that source."""
    if opened.reading:
        print_lines([hosts_words.read_from(opened.reading)], sys.stderr)
    if opened.problem:
        print_lines([hosts_words.warning(opened.path, opened.problem)], sys.stderr)
    if opened.unused:
        print_lines([hosts_words.unused(opened.path, " and ".join(opened.unused))], sys.stderr)


def inventory_of(opened: OpenedHost, release: Release | None = None) -> Inventory:
    """Return the inventory of an open host, like :func:`take_host`."""
    return take_inventory(join(collect(opened.reader)), release)


def host_object(opened: OpenedHost) -> Host:
    """Return the host as every document names it, in ``origin.host``."""
    return {"kind": opened.kind, "path": opened.path}


def no_table(absence: Absence, opened: OpenedHost) -> DmaragentError:
    """Return the error of a verb that needs a table: why there is none, and the next step."""
    why, hint = absence_words(absence)
    if absence.kind is AbsenceKind.DENIED and opened.kind != LIVE:
        hint = hosts_words.RECORD_AS_ROOT
    return DmaragentError(why, hint)


def host_title(opened: OpenedHost) -> str:
    """Return the title of the host that an answer is about."""
    return host_words(opened.kind, opened.path)


def parse_device(option: str, text: str, host: str | None) -> DeviceName:
    """Parse the PCI address `text` of `option`, in any program's spelling, for the host `host`.

    Raises:
        DmaragentError: it is not an address.

    """
    try:
        return parse_device_name(text)
    except ValueError as error:
        there = FIND_DEVICES if host is None else hosts_words.tree_shows_devices(in_command(host))
        raise DmaragentError(f"{option}: {error}", there) from error


def find_device(option: str, name: DeviceName, inventory: Inventory, opened: OpenedHost) -> SBDF:
    """Return the function that `name` means on the host; print on stderr what was added to it.

    Raises:
        DmaragentError: the function was left out and is unknown or not the only one; or the
            device is neither present nor in a region.

    """
    device = name.sbdf
    if device is None:
        device = _only_function(option, name, inventory, opened)
        print_lines([hosts_words.only_function(name.text, str(device))], sys.stderr)
    elif name.decimal:
        note = hosts_words.decimal_address(name.text, name.decimal, str(device))
        print_lines([note], sys.stderr)
    check_known(option, device, inventory, opened)
    return device


def _only_function(option: str, name: DeviceName, inventory: Inventory, opened: OpenedHost) -> SBDF:
    """Return the only function of a device that was named without one.

    Raises:
        DmaragentError: there are several, or none, or they are unknown.

    """
    functions = inventory.host.topology.functions
    what = hosts_words.no_function_named(option, name.text)
    if isinstance(functions, Missing):
        owners = {
            owner.sbdf for region in inventory.regions for owner in region.owners if owner.sbdf
        }
        known = ", ".join(map(str, name.functions_among(owners)))
        collected = functions.kind is not MissingKind.NOT_COLLECTED
        raise hosts_words.functions_unknown(what, known, name.place, collected=collected)
    there = name.functions_among(functions)
    if not there:
        raise DmaragentError(
            hosts_words.no_function_at(option, name.place, _same_address_words(name, functions)),
            _find_devices(f"{name.place}.0", inventory, opened),
        )
    if len(there) > 1:
        raise hosts_words.several_functions(what, len(there), " ".join(map(str, there)))
    return there[0]


def _find_devices(text: str, inventory: Inventory, opened: OpenedHost) -> str:
    """Return how to find the address that `text` was meant to be, with the nearest known one."""
    owners = (owner.sbdf for region in inventory.regions for owner in region.owners)
    known = {str(sbdf) for sbdf in (*inventory.host.topology.known, *owners) if sbdf}
    there = hosts_words.tree_shows_devices(in_command(opened.path))
    hint = FIND_DEVICES if opened.kind == LIVE else there
    return command_line_words.did_you_mean(nearest(text, sorted(known), _ONE_DIGIT), hint)


def _same_address_words(name: DeviceName, functions: Iterable[SBDF]) -> str:
    """Return the addition that names the same address on other segments; else empty."""
    alike = [
        sbdf
        for sbdf in sorted(functions)
        if (sbdf.bus, sbdf.device) == (name.bus, name.device)
        and name.function in (None, sbdf.function)
    ]
    return hosts_words.on_another_segment(" ".join(map(str, alike[:_MOST]))) if alike else ""


def check_known(option: str, device: SBDF, inventory: Inventory, opened: OpenedHost) -> None:
    """Reject a device that is neither present on the host nor named by a region.

    Raises:
        DmaragentError: it is such a device, or the table that could name it cannot be read.

    """
    if not inventory.may_know(device):
        if inventory.absence is not None and inventory.absence.kind is AbsenceKind.DENIED:
            raise no_table(inventory.absence, opened)
        hint = _find_devices(str(device), inventory, opened)
        name = DeviceName("", device.segment, device.bus, device.device, device.function)
        elsewhere = _same_address_words(name, inventory.host.topology.known)
        raise DmaragentError(f"{option}: {no_device_words(device)}{elsewhere}", hint)
