"""``dmaragent inventory``: every reserved region of a host, and its devices."""

from __future__ import annotations

import argparse
import shlex
import sys
from typing import TextIO

from dmaragent.collect.open_host import OpenedHost
from dmaragent.commands.shared.hosts import (
    add_host,
    find_device,
    host_title,
    no_table,
    parse_device,
    take_host,
)
from dmaragent.commands.shared.output import add_json, print_document, print_lines
from dmaragent.commands.shared.words import hosts as words
from dmaragent.inventory import Inventory
from dmaragent.inventory.words import why_missing
from dmaragent.present.json.inventory import inventory_document
from dmaragent.present.text.inventory import inventory_text
from dmaragent.present.text.inventory_short import inventory_short_text
from dmaragent.present.text.tree import tree_text
from dmaragent.present.words.device import reported_group
from dmaragent.readings import Missing, MissingKind
from dmaragent.shell_words import in_command
from dmaragent.xen.reserved_list.model import ListSource

DESCRIPTION = """\
Show every reserved memory region of a host (RMRR on Intel, IVMD on AMD): its
range, its devices, and how Xen and Linux treat it.  If Xen reports its list of
regions, that list is shown; otherwise it is predicted from the table.  With
--details also the structure and the devices of each region, paths, slots,
firmware and all differences.  Reading a table needs root."""
EXAMPLES = """\
examples:
  sudo dmaragent inventory                      this machine
  sudo dmaragent inventory --details            everything about each region
  sudo dmaragent inventory --device 00:1d.0     one device
  dmaragent inventory --host DMAR.bin           a table from another machine
  dmaragent inventory --host sosreport-x/ --tree

Exit codes: 0 all regions are known; 1 regions may be missing: the table is
damaged, or only Linux reports regions; 2 there is no table and no list of
regions, or SBDF is unknown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    add_host(parser)
    parser.add_argument("--device", metavar="SBDF", help="only the regions of this device")
    parser.add_argument(
        "--details",
        action="store_true",
        help="also print structures, owners, paths and all differences",
    )
    parser.add_argument(
        "--wide", action="store_true", help="as --details, with all columns, in lines of any width"
    )
    parser.add_argument(
        "--tree", action="store_true", help="print units, device scopes, bridges and devices"
    )
    add_json(parser)
    parser.add_argument(
        "--or-show",
        metavar="PATH",
        help="if this machine has no readable table, report that and show the host at PATH",
    )


def run(options: argparse.Namespace) -> int:
    """Print the inventory."""
    named = (
        None if options.device is None else parse_device("--device", options.device, options.host)
    )
    if options.tree and options.device is not None:
        raise words.tree_of_one_device()
    if options.host is not None and options.or_show is not None:
        raise words.or_show_with_host()
    opened, inventory = take_host(options.host)
    if isinstance(inventory.iommu, Missing) and options.or_show is not None:
        _explain_other_host(inventory, options.or_show, sys.stderr if options.json else sys.stdout)
        opened, inventory = take_host(options.or_show)
    elif _is_denied(inventory) and options.host is None:
        code = _print_published(options)
        if code is not None:
            return code
    if named is not None:
        inventory = inventory.of_device(find_device("--device", named, inventory, opened))
    _print(opened, inventory, options)
    return _exit_code(inventory)


def _print(opened: OpenedHost, inventory: Inventory, options: argparse.Namespace) -> None:
    if options.json:
        print_document(inventory_document(inventory, opened.kind, opened.path))
    elif inventory.absence is not None and not _answers_without_table(inventory):
        raise no_table(inventory.absence, opened)
    elif options.tree:
        print_lines([host_title(opened), *tree_text(inventory)])
    elif options.details or options.wide:
        print_lines([host_title(opened), *inventory_text(inventory, wide=options.wide)])
    else:
        host = f" --host {in_command(opened.path)}" if opened.path else ""
        text = inventory_short_text(inventory, _details(options, host), host)
        print_lines([host_title(opened), *text])


def _details(options: argparse.Namespace, host: str) -> str:
    """Return this command with ``--details``."""
    device = f" --device {shlex.quote(options.device)}" if options.device else ""
    return f"dmaragent inventory{device}{host} --details"


def _exit_code(inventory: Inventory) -> int:
    """Return 0 for a complete answer, 1 if regions may be missing, 2 without an answer."""
    if isinstance(inventory.iommu, Missing):
        if _hypervisor_answers(inventory):
            return 0
        return 1 if _linux_answers(inventory) else 2
    nothing_certain = inventory.device and inventory.undetermined and not inventory.regions
    if inventory.iommu.header is None or nothing_certain:
        return 2
    return 0 if inventory.complete else 1


def _answers_without_table(inventory: Inventory) -> bool:
    """Return whether there is an answer without a table: from Xen's list or from Linux."""
    return _hypervisor_answers(inventory) or _linux_answers(inventory)


def _linux_answers(inventory: Inventory) -> bool:
    """Return whether Linux reports regions, for the device's group or at all."""
    if inventory.published:
        return True
    return inventory.device is not None and reported_group(inventory, inventory.device) is not None


def _hypervisor_answers(inventory: Inventory) -> bool:
    """Return whether Xen reports its list, which is an answer even without a table."""
    return inventory.xen.list.source is ListSource.HYPERVISOR


def _is_denied(inventory: Inventory) -> bool:
    """Return whether there is a table that this user may not read."""
    table = inventory.iommu
    return isinstance(table, Missing) and table.kind is MissingKind.DENIED


def _print_published(options: argparse.Namespace) -> int | None:
    """Print the inventory that the service publishes, and return the exit code; else None."""
    if options.device is not None or options.tree or options.wide:
        return None
    from dmaragent.collect.recorded.published import read_published  # noqa: PLC0415 - json: 1 ms

    published = read_published()
    if published is None:
        return None
    sentence = words.published_instead(published.which)
    if options.json:
        print_lines([sentence], sys.stderr)
        sys.stdout.write(published.document)
    else:
        print_lines([sentence, "", *published.text.removesuffix("\n").split("\n")])
    return 0 if published.complete else 1


def _explain_other_host(inventory: Inventory, path: str, stream: TextIO) -> None:
    """Print why another host is shown, and how to read this machine's table."""
    assert isinstance(inventory.iommu, Missing)  # noqa: S101 - the caller checks this
    command = f"sudo {shlex.quote(sys.argv[0])} inventory"
    if inventory.iommu.kind is MissingKind.DENIED:
        sentence = words.table_needs_root(command)
    elif inventory.iommu.kind is MissingKind.ABSENT:
        sentence = words.table_absent(command)
    else:
        why = why_missing(inventory.iommu)
        sentence = words.table_unreadable(why, command)
    print_lines([sentence, words.shown_instead(path), ""], stream)
