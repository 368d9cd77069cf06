"""``dmaragent boot-option``: Xen's boot option for regions that the firmware left out."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING

from dmaragent.boot_option.from_faults import ivmd_of_faults, option_of_faults
from dmaragent.boot_option.ivmd_model import CheckedIvmd, FaultIvmd, WrittenIvmd
from dmaragent.boot_option.ivmd_option import check_ivmd, write_ivmd
from dmaragent.boot_option.model import (
    CheckedOption,
    FaultOption,
    OptionForFaults,
    OptionHost,
)
from dmaragent.boot_option.request import RequestError, read_wanted, read_wanted_ivmd
from dmaragent.boot_option.rmrr_option import check_option, write_option
from dmaragent.collect.given_file import read_content, unpacked
from dmaragent.collect.open_host import OpenedHost
from dmaragent.collect.table_inputs import read_standard_input
from dmaragent.commands.shared.hosts import add_host, host_object, take_host
from dmaragent.commands.shared.logs import read_log
from dmaragent.commands.shared.output import add_json, print_document, print_lines
from dmaragent.commands.shared.questions import add_xen, named_release
from dmaragent.commands.shared.words import boot_option as words
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.messages.faults import read_faults
from dmaragent.present.json.ivmd_option import (
    checked_ivmd,
    faults_ivmd,
    ivmd_option_document,
    written_ivmd,
)
from dmaragent.present.json.rmrr_option import (
    checked_document,
    faults_document,
    option_document,
    written_document,
)
from dmaragent.present.text.ivmd_option import (
    checked_ivmd_text,
    faults_ivmd_text,
    written_ivmd_text,
)
from dmaragent.present.text.rmrr_option import checked_text, faults_text, written_text
from dmaragent.question.releases import read_release

if TYPE_CHECKING:
    from dmaragent.present.json.schema import ivmd_option as ivmd_schema
    from dmaragent.present.json.schema import rmrr_option as schema

DESCRIPTION = """\
Print Xen's boot option for reserved regions that the firmware forgot, or check
such an option: rmrr= on Intel, ivmd= on AMD.  The output has the commands that
set it with the host's boot loader, and how to undo them.  No file is changed.

REGION is BASE-LIMIT=SBDF[,SBDF...] in bytes, with LIMIT the last byte, or
BASE+SIZE=SBDF...  The options themselves count in pages of 4 KiB.  On AMD, a
device can be a range (00:1d.0-00:1d.7), and without =SBDF the region is for
every device.  The regions are checked against this host's table, memory map,
devices and present option.  If Xen refuses a range of ivmd=, it switches
AMD-Vi off for the whole host."""
EXAMPLES = """\
examples:
  sudo dmaragent boot-option 0xbdf3e000-0xbdf5dfff=00:1d.0
  sudo dmaragent boot-option 0xbdf3e000+128K=00:1d.0,00:1a.0 --xen 4.17
  sudo dmaragent boot-option --check            the option that this host has
  dmaragent boot-option --check 'rmrr=0xd5d45=0:0:1d.0' --host sosreport-x/
  dmaragent boot-option --vendor amd 0xd5d45000+4K=01:00.0-01:00.7
  sudo xl dmesg | sudo dmaragent boot-option --from-log -

Exit codes: 0 Xen accepts all of it; 1 it does not, a fault is left out, no
option is written, or it is probably a mistake; 2 unknown, or an error.
rmrr-option is another name of this verb."""
_IVMD, _RMRR = re.compile(r"(?:^|[\s\"'=])ivmd="), re.compile(r"(?:^|[\s\"'=])rmrr=")
_OWN = object()
"""What ``--check`` without a text checks: the option of the host. An empty text is a text."""
_CODES = {True: 0, False: 1, None: 2}
"""By whether Xen accepts all of it."""
_VENDORS = {"intel": IommuVendor.INTEL, "amd": IommuVendor.AMD}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this verb's options to `parser`."""
    parser.add_argument(
        "regions", metavar="REGION", nargs="*", help="a reserved region that the firmware forgot"
    )
    parser.add_argument(
        "--check",
        metavar="TEXT",
        nargs="?",
        const=_OWN,
        help="check an option or a whole Xen command line (default: the host's own)",
    )
    parser.add_argument(
        "--from-log",
        metavar="FILE",
        help="use the regions of the DMA faults in a log (- reads standard input)",
    )
    parser.add_argument(
        "--vendor",
        choices=tuple(_VENDORS),
        help="write or check rmrr= (intel) or ivmd= (amd) (default: by the text, else by the host)",
    )
    add_host(parser)
    add_xen(parser, "apply the rules of that release of Xen, such as 4.17 (default: the host's)")
    add_json(parser)


def run(options: argparse.Namespace) -> int:
    """Print the option, or whether Xen accepts it."""
    ways = (bool(options.regions), options.check is not None, options.from_log is not None)
    if sum(ways) != 1:
        raise words.boot_option_asks(nothing=not any(ways))
    if options.regions:
        return _write(options)
    return _check(options) if options.check is not None else _from_log(options)


def _write(options: argparse.Namespace) -> int:

    opened, on = _host(options)
    try:
        if _vendor(options, on) is IommuVendor.AMD:
            wanted_ivmds = [read_wanted_ivmd(text) for text in options.regions]
            return _print_ivmd(options, opened, write_ivmd(on, wanted_ivmds))
        wanted = [read_wanted(text) for text in options.regions]
    except RequestError as error:
        raise words.not_a_region(error) from error
    answer = write_option(on, wanted)
    _print(options, opened, written_document(answer), written_text(answer))
    return _CODES[answer.taken]


def _check(options: argparse.Namespace) -> int:

    opened, on = _host(options)
    text: str | None = None if options.check is _OWN else options.check
    if text is None and on.command_line is None:
        amd = _vendor(options, on) is IommuVendor.AMD
        raise words.command_line_unknown(opened.path or "this machine", "ivmd" if amd else "rmrr")
    if _vendor(options, on, text or "") is IommuVendor.AMD:
        checked = check_ivmd(on, text)
        if text is not None and not checked.ranges:
            raise words.no_option_in_text("ivmd")
        return _print_ivmd(options, opened, checked)
    answer = check_option(on, text)
    if text is not None and not answer.ranges:
        raise words.no_option_in_text("rmrr")
    _print(options, opened, checked_document(answer), checked_text(answer))
    return _checked_code(answer)


def _from_log(options: argparse.Namespace) -> int:

    piped = options.from_log == "-"
    where = "standard input" if piped else options.from_log
    given = unpacked(where, read_standard_input()) if piped else read_content(where)
    log = read_log(where, given)
    if not list(read_faults(log, amd=True)):
        raise words.no_fault_in_log(where)
    opened, on = _host(options)
    amd = _vendor(options, on) is IommuVendor.AMD
    faults = list(read_faults(log, amd=amd))
    if not faults:
        raise words.only_faults_of_amd(where)
    if amd:
        return _print_ivmd(options, opened, ivmd_of_faults(on, faults))
    answer = option_of_faults(on, faults)
    _print(options, opened, faults_document(answer), faults_text(answer))
    return _fault_code(answer)


def _host(options: argparse.Namespace) -> tuple[OpenedHost, OptionHost]:

    named = named_release(options.xen)
    release = None if named is None else read_release("--xen", named)
    opened, inventory = take_host(options.host, release)
    if release is None and inventory.host.xen is not None:
        release = inventory.host.xen.release
    return opened, OptionHost(inventory=inventory, release=release)


def _vendor(options: argparse.Namespace, on: OptionHost, text: str = "") -> IommuVendor:
    """Return whose option is meant: that of ``--vendor``, the one in `text`, or the host's."""
    if options.vendor is not None:
        return _VENDORS[options.vendor]
    named = [
        vendor
        for vendor, option in ((IommuVendor.AMD, _IVMD), (IommuVendor.INTEL, _RMRR))
        if option.search(text)
    ]
    if len(named) == 1:
        return named[0]
    return IommuVendor.AMD if on.amd else iommu_vendor(on.host)


def _print_ivmd(
    options: argparse.Namespace, opened: OpenedHost, answer: WrittenIvmd | FaultIvmd | CheckedIvmd
) -> int:
    """Print an answer about ``ivmd=``, and return the exit code."""
    document: ivmd_schema.Write | ivmd_schema.FromLog | ivmd_schema.Check
    if isinstance(answer, WrittenIvmd):
        document, lines = written_ivmd(answer), written_ivmd_text(answer)
        code = _CODES[answer.taken]
    elif isinstance(answer, OptionForFaults):
        document, lines, code = faults_ivmd(answer), faults_ivmd_text(answer), _fault_code(answer)
    else:
        document, lines = checked_ivmd(answer), checked_ivmd_text(answer)
        code = _checked_code(answer)
    if options.json:
        print_document(ivmd_option_document(document, host_object(opened)))
    else:
        print_lines(lines)
    return code


def _print(
    options: argparse.Namespace,
    opened: OpenedHost,
    answer: schema.Write | schema.FromLog | schema.Check,
    lines: list[str],
) -> None:
    if not options.json:
        print_lines(lines)
        return
    print_document(option_document(answer, host_object(opened)))


def _checked_code(answer: CheckedOption | CheckedIvmd) -> int:
    if answer.mistaken:
        return 1
    return _CODES[answer.taken]


def _fault_code(answer: FaultOption | FaultIvmd) -> int:
    """Return 1 if a fault is left out or no option is written; otherwise as Xen accepts the option."""
    lost = answer.faults.dropped or not answer.option.written
    return 1 if lost else _CODES[answer.option.taken]
