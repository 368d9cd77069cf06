"""``dmaragent inventory``: every reserved region of a host and who owns it."""

from __future__ import annotations

import argparse
import sys
from typing import TextIO

from dmaragent.collect.open_host import OpenedHost
from dmaragent.commands.shared import words
from dmaragent.commands.shared.hosts import (
    add_host,
    find_device,
    host_title,
    no_table,
    parse_device,
    take_host,
)
from dmaragent.commands.shared.output import add_json, print_document, print_lines
from dmaragent.inventory import Inventory
from dmaragent.present.escaping import visible
from dmaragent.present.json.inventory import inventory_document
from dmaragent.present.text.inventory import inventory_text
from dmaragent.present.text.tree import tree_text
from dmaragent.present.words.device import reported_group
from dmaragent.readings import Missing, MissingKind
from dmaragent.xen.reserved_list.model import ListSource

DESCRIPTION = """\
Show every reserved memory region (RMRR) of a host: its range, the structure it
comes from, the devices that own it and how they were found, whether it is
shared, and what Xen and Linux make of it.  Xen's list is the hypervisor's own
where it answers, else predicted from the table.  Reading a table needs root."""
EXAMPLES = """\
examples:
  sudo dmaragent inventory                      this machine
  sudo dmaragent inventory --device 00:1d.0     one device on one screen
  dmaragent inventory --host DMAR.bin           a table somebody sent
  dmaragent inventory --host sosreport-x/ --tree

Exit codes: 0 all regions shown; 1 regions may be missing: the table is damaged,
or Linux reports regions and there is no table; 2 there is nothing to answer
from, or SBDF is unknown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    add_host(parser)
    parser.add_argument("--device", metavar="SBDF", help="only the regions of this device")
    parser.add_argument("--wide", action="store_true", help="all columns, however wide the lines")
    parser.add_argument("--tree", action="store_true", help="units, scopes, bridges and devices")
    add_json(parser)
    parser.add_argument(
        "--or-show",
        metavar="PATH",
        help="where this machine has no readable table, say so and show the host at PATH",
    )


def run(options: argparse.Namespace) -> int:
    """Print the inventory."""
    named = (
        None if options.device is None else parse_device("--device", options.device, options.host)
    )
    if options.tree and options.device is not None:
        raise words.tree_of_one_device()
    if options.host and options.or_show:
        raise words.or_show_with_host()
    opened, inventory = take_host(options.host)
    if isinstance(inventory.iommu, Missing) and options.or_show:
        _say_instead(inventory, options.or_show, sys.stderr if options.json else sys.stdout)
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
    else:
        print_lines([host_title(opened), *inventory_text(inventory, wide=options.wide)])


def _exit_code(inventory: Inventory) -> int:
    """Tell whether the question could be answered, and whole."""
    if isinstance(inventory.iommu, Missing):
        if _hypervisor_answers(inventory):
            return 0
        return 1 if _linux_answers(inventory) else 2
    nothing_certain = inventory.device and inventory.undetermined and not inventory.regions
    if inventory.iommu.header is None or nothing_certain:
        return 2
    return 0 if inventory.complete else 1


def _answers_without_table(inventory: Inventory) -> bool:
    """Return whether there is an answer without a table: Xen's list, or Linux's own word."""
    return _hypervisor_answers(inventory) or _linux_answers(inventory)


def _linux_answers(inventory: Inventory) -> bool:
    """Return whether Linux reports regions, or what it reports for the device's group."""
    if inventory.published:
        return True
    return inventory.device is not None and reported_group(inventory, inventory.device) is not None


def _hypervisor_answers(inventory: Inventory) -> bool:
    """Tell whether Xen's own list is there: an answer even without a table."""
    return inventory.xen.list.source is ListSource.HYPERVISOR


def _is_denied(inventory: Inventory) -> bool:
    """Tell whether there is a table that this user may not read."""
    table = inventory.iommu
    return isinstance(table, Missing) and table.kind is MissingKind.DENIED


def _print_published(options: argparse.Namespace) -> int | None:
    """Print what the service publishes, and the exit code; None where it does not help."""
    if options.device is not None or options.tree or options.wide:
        return None
    from dmaragent.collect.recorded.published import read_published  # noqa: PLC0415 - json: 1 ms

    published = read_published()
    if published is None:
        return None
    sentence = words.published_instead(published.which)
    if options.json:
        print(sentence, file=sys.stderr)
        sys.stdout.write(published.document)
    else:
        print(f"{sentence}\n")
        for line in published.text.removesuffix("\n").split("\n"):
            print(visible(line))
    return 0 if published.complete else 1


def _say_instead(inventory: Inventory, path: str, stream: TextIO) -> None:
    """Say in one line why another host is shown, and how to read this machine's table."""
    assert isinstance(inventory.iommu, Missing)  # noqa: S101 - the caller asked
    command = f"sudo {sys.argv[0]} inventory"
    if inventory.iommu.kind is MissingKind.DENIED:
        sentence = words.table_needs_root(command)
    elif inventory.iommu.kind is MissingKind.ABSENT:
        sentence = words.table_absent(command)
    else:
        why = inventory.iommu.detail or inventory.iommu.kind.value
        sentence = words.table_unreadable(why, command)
    print(f"{visible(sentence)}\n{words.shown_instead(visible(path))}\n", file=stream)
