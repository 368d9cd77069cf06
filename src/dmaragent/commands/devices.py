"""``dmaragent devices``: which devices of a host can be passed through."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace

from dmaragent.answers.devices import DeviceRow, device_rows
from dmaragent.answers.explain import verdict_code, who_decides
from dmaragent.commands.shared.hosts import (
    add_host,
    host_object,
    host_title,
    no_table,
    tell_reading,
)
from dmaragent.commands.shared.output import add_json, print_document, print_lines
from dmaragent.commands.shared.questions import add_xen, named_release
from dmaragent.commands.shared.words import command_line as words
from dmaragent.passthrough.model import Can
from dmaragent.pci_classes import is_class_name, may_be_class
from dmaragent.present.json.devices import devices_document
from dmaragent.present.text.csv import csv_lines
from dmaragent.present.text.devices import devices_text
from dmaragent.present.words.devices import (
    CSV_HEAD,
    VERDICTS,
    DeviceList,
    csv_cells,
    device_list,
    may_match_words,
    verdict_key,
)
from dmaragent.question.ask_host import OpenedContext, ask_host
from dmaragent.question.context import Question
from dmaragent.shell_words import in_command

DESCRIPTION = """\
List the devices of a host, one per line: class, driver, whether Xen and Linux
(VFIO) can pass it through, the numbers of its reserved regions, its IOMMU group
and the fix to try first.  The side that decides on this host comes first.
Bridges and chipset functions are only counted (see --all).  For the reasons
behind a verdict, run dmaragent explain."""
EXAMPLES = """\
examples:
  sudo dmaragent devices
  dmaragent devices --host server.tar.xz --verdict blocked
  dmaragent devices --host DMAR.bin --xen 4.17 --json
  sudo dmaragent devices --class ethernet --csv

Exit codes: 0 all listed devices are allowed; 1 some are not, or none is listed;
2 all verdicts are unknown, no device is known, or none is listed and one may
match. Only the side that decides on this host counts: Xen or Linux."""
_CODE = re.compile(r"(?:0x)?([0-9a-f]{2}(?:[0-9a-f]{2}){0,2})", re.IGNORECASE)
_ID = re.compile(r"(?:0x)?([0-9a-f]{1,4})?:(?:0x)?([0-9a-f]{1,4})?", re.IGNORECASE)
_WORDS = tuple(
    verdict_key(verdict) for verdict in VERDICTS if verdict.can is not Can.NOT_APPLICABLE
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    add_host(parser)
    add_xen(parser)
    parser.add_argument(
        "--class",
        dest="device_class",
        metavar="CLASS",
        help="only devices of this class: a name (usb, ethernet) or a code (0c03)",
    )
    parser.add_argument(
        "--id",
        metavar="VENDOR:DEVICE",
        help="only devices with these IDs (8086:10d3); either may be left out",
    )
    parser.add_argument(
        "--verdict",
        metavar="VERDICT",
        choices=_WORDS,
        help=f"only devices with this verdict of the side that decides: {', '.join(_WORDS)}",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="also list bridges, chipset functions and absent devices that a region names",
    )
    add_json(parser)
    parser.add_argument(
        "--csv", action="store_true", help="print comma-separated values with a header"
    )


def run(options: argparse.Namespace) -> int:
    """Print the list."""
    if options.json and options.csv:
        raise words.json_with_csv()
    code, numbers = _class_code(options.device_class), _numbers(options.id)
    asked = ask_host(options.host, Question(xen=named_release(options.xen)))
    tell_reading(asked.opened)
    every = device_rows(asked.inventory, asked.facts, asked.stack)
    if not every and asked.inventory.absence is not None and not (options.json or options.csv):
        raise no_table(asked.inventory.absence, asked.opened)
    named = options.device_class is not None or numbers is not None
    fits = [
        (row, _both(_is_of_class(row, options.device_class, code), _has_numbers(row, numbers)))
        for row in every
        if options.verdict is None or options.verdict in map(verdict_key, row.deciding)
    ]
    rows = [row for row, own in fits if own]
    devices = replace(
        device_list(every, rows, chipset=options.all or named, absent=options.all),
        may_match=sum(own is None for _, own in fits),
        title=host_title(asked.opened),
        options="".join(_host_options(options)),
    )
    _print(asked, devices, options)
    return _exit_code(devices)


def _print(asked: OpenedContext, devices: DeviceList, options: argparse.Namespace) -> None:
    inventory, stack = asked.inventory, asked.stack
    if options.json:
        decides, host = who_decides(inventory), host_object(asked.opened)
        print_document(devices_document(inventory, devices, stack, decides, host))
    elif options.csv:
        for line in csv_lines(CSV_HEAD, map(csv_cells, devices.rows)):
            sys.stdout.write(line)
        if devices.may_match:
            others = may_match_words(devices.may_match, listed=bool(devices.rows))
            print_lines([others], sys.stderr)
    else:
        print_lines(devices_text(inventory, devices, stack))


def _exit_code(devices: DeviceList) -> int:
    """Return the exit code that ``explain`` has for all listed devices; 1 if they differ."""
    codes = {_code_of(row) for row in devices.rows}
    if not codes:
        return 1 if devices.known and not devices.may_match else 2
    return codes.pop() if len(codes) == 1 else 1


def _code_of(row: DeviceRow) -> int:
    return verdict_code((verdict.can, verdict.risk) for verdict in row.deciding)


def _host_options(options: argparse.Namespace) -> Iterator[str]:
    """Yield the options that make another command use the same host and release."""
    if options.host is not None:
        yield f" --host {in_command(options.host)}"
    if options.xen is not None:
        yield f" --xen {shlex.quote(options.xen)}"


# Filters --------------------------------------------------------------------------------


def _class_code(name: str | None) -> str | None:
    """Return the hexadecimal digits of a class given as a code, else None.

    Raises:
        DmaragentError: it is neither a code nor the name of a class.

    """
    code = None if name is None else _CODE.fullmatch(name.strip())
    if code is not None:
        return code[1].lower()
    if name is not None and not is_class_name(name):
        raise words.not_a_class(name)
    return None


def _both(first: bool | None, second: bool | None) -> bool | None:  # noqa: FBT001 - of one kind
    """Return whether both hold; None: unknown."""
    if False in (first, second):
        return False
    return None if None in (first, second) else True


def _is_of_class(row: DeviceRow, name: str | None, code: str | None) -> bool | None:
    """Return whether a device has the class; None: that is unknown."""
    if name is None:
        return True
    function = row.function
    if function is None or function.class_code is None:
        return False if row.absent else None
    if code is None:
        return may_be_class(function.class_code, name, interface_known=function.interface_known)
    digits = f"{function.class_code:06x}"
    if function.interface_known or not digits.startswith(code[:4]):
        return digits.startswith(code)
    return True if len(code) <= len("0c03") else None


def _numbers(text: str | None) -> Sequence[int | None] | None:
    """Return the vendor and the device of ``--id``; None: any.

    Raises:
        DmaragentError: the text is not such a pair.

    """
    if text is None:
        return None
    numbers = _ID.fullmatch(text.strip())
    if numbers is None or not any(numbers.groups()):
        raise words.not_vendor_and_device(text)
    return [None if number is None else int(number, 16) for number in numbers.groups()]


def _has_numbers(row: DeviceRow, numbers: Sequence[int | None] | None) -> bool | None:
    """Return whether a device has the numbers; None: that is unknown."""
    if numbers is None:
        return True
    function = row.function
    if function is None:
        return False if row.absent else None
    own = (function.vendor_id, function.device_id)
    wanted = [
        (number, is_so) for number, is_so in zip(numbers, own, strict=True) if number is not None
    ]
    if any(is_so not in (None, number) for number, is_so in wanted):
        return False
    return None if any(is_so is None for _, is_so in wanted) else True
