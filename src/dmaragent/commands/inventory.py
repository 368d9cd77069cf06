"""``dmaragent inventory``: every reserved region of a host and who owns it."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # mypy takes it for typing's; importing typing would cost 4 ms
if TYPE_CHECKING:
    import argparse

    from dmaragent.addresses import SBDF
    from dmaragent.collect.opening import OpenedHost
    from dmaragent.host import Host
    from dmaragent.inventory import Inventory

NAME = "inventory"
HELP = "every reserved region of a host, and who owns it"
DESCRIPTION = """\
Show every reserved memory region (RMRR) of a host: its range, the structure it
comes from, the devices that own it and how they were found, and whether it is
shared.  Reading this machine's table needs root."""
EXAMPLES = """\
examples:
  sudo dmaragent inventory                      this machine
  dmaragent inventory --host DMAR.bin           a table somebody sent
  dmaragent inventory --host sosreport-x/ --device 00:1d.0 --json

Exit codes: 0 all regions shown; 1 the table is damaged, regions may be missing;
2 there is no table to answer from, or DEVICE is unknown."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "--host",
        metavar="PATH",
        help="instead of this machine: a table, acpidump text, a recorded machine, "
        "or a directory shaped like a root file system",
    )
    parser.add_argument("--device", metavar="SBDF", help="only the regions of this device")
    parser.add_argument("--json", action="store_true", help="a JSON document (docs/schema)")
    parser.add_argument(
        "--or-show",
        metavar="PATH",
        help="where this machine has no readable table, say so and show the host at PATH",
    )


def run(options: argparse.Namespace) -> int:
    """Print the inventory."""
    from dmaragent.addresses import SBDF  # noqa: PLC0415 - start-up time
    from dmaragent.errors import DmaragentError  # noqa: PLC0415 - likewise
    from dmaragent.snapshot import Missing  # noqa: PLC0415 - likewise

    device = None
    if options.device:
        try:
            device = SBDF.parse(options.device)
        except ValueError as error:
            raise DmaragentError(f"--device: {error}") from error
    opened, host, inventory = _take(options.host)
    if isinstance(inventory.table, Missing) and options.or_show:
        _say_instead(inventory, options.or_show)
        opened, host, inventory = _take(options.or_show)
    if device is not None:
        _check_known(device, host, inventory)
        inventory = inventory.of_device(device)
    if options.json:
        from dmaragent.commands.output import print_document  # noqa: PLC0415 - likewise
        from dmaragent.present.documents import inventory_document  # noqa: PLC0415 - likewise

        print_document(inventory_document(inventory, opened.kind, opened.path))
    elif isinstance(inventory.table, Missing):
        from dmaragent.present.wording import no_table_words  # noqa: PLC0415 - likewise

        words = no_table_words(inventory.table, inventory.reading, inventory.acpi_tables)
        raise DmaragentError(*words)
    else:
        from dmaragent.present.inventory_text import inventory_text  # noqa: PLC0415 - likewise

        print("\n".join([_title(opened), *inventory_text(inventory, device)]))
    if isinstance(inventory.table, Missing) or inventory.table.table is None:
        return 2
    return 0 if inventory.complete else 1


def _take(path: str | None) -> tuple[OpenedHost, Host, Inventory]:
    from dmaragent.collect.collect import collect  # noqa: PLC0415 - start-up time
    from dmaragent.collect.opening import open_host  # noqa: PLC0415 - likewise
    from dmaragent.host import join  # noqa: PLC0415 - likewise
    from dmaragent.inventory import take_inventory  # noqa: PLC0415 - likewise

    opened = open_host(path)
    host = join(collect(opened.reader))
    return opened, host, take_inventory(host)


def _say_instead(inventory: Inventory, path: str) -> None:
    """Say in one line why another host is shown, and how to read this machine's table."""
    from dmaragent.snapshot import Missing, MissingKind  # noqa: PLC0415 - start-up time

    assert isinstance(inventory.table, Missing)  # noqa: S101 - the caller asked
    command = f"sudo {sys.argv[0]} inventory"
    if inventory.table.kind is MissingKind.DENIED:
        print(f"This machine's DMAR table is present but needs root: {command}")
    elif inventory.table.kind is MissingKind.ABSENT:
        print(f"This machine has no DMAR table (absent). Where there is one: {command}")
    else:
        print(f"This machine's DMAR table cannot be read: {inventory.table.detail}. Try: {command}")
    print(f"Shown instead is {path}.")
    print()


def _check_known(device: SBDF, host: Host, inventory: Inventory) -> None:
    """Refuse a device that neither answers on the host nor is named by a region."""
    from dmaragent.errors import DmaragentError  # noqa: PLC0415 - start-up time
    from dmaragent.snapshot import Missing  # noqa: PLC0415 - likewise

    if isinstance(host.functions, Missing) or device in host.functions:
        return
    if not inventory.of_device(device).regions:
        raise DmaragentError(
            f"--device: no function answers at {device}, and no region names it",
            "lspci -D lists the functions of a host",
        )


def _title(opened: OpenedHost) -> str:
    from dmaragent.present.escaping import visible  # noqa: PLC0415 - start-up time

    what = {
        "live": "This machine",
        "recorded": "Recorded machine",
        "directory": "Copied directory",
        "table": "Table",
        "acpidump": "acpidump text",
    }[opened.kind]
    return f"{what} {visible(opened.path)}".rstrip()
