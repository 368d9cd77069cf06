"""The ranges of Xen's ``ivmd=`` option, as Xen reads them: IVMDs for all, one or several devices.

Pure.  Source: Xen drivers/passthrough/amd/iommu_acpi.c, ``parse_ivmd_param`` (c7146535d1, 4.16.0);
drivers/pci/pci.c, ``parse_pci``.  What comes before an error in the option stays.  Xen checks the
ranges after those of the table and by the same rules, so a wrong one switches AMD-Vi off.
"""

from typing import NamedTuple

from dmaragent.addresses import PAGE
from dmaragent.iommu.model import BootOption, requester_id
from dmaragent.releases import Release
from dmaragent.xen.hypervisor import ivrs_words as words
from dmaragent.xen.hypervisor.command_line import option_rules, option_words
from dmaragent.xen.hypervisor.rmrr_option import device_at, hexadecimal_at
from fwtables import IVMD
from fwtables.ivrs.constants import BlockType, IvmdFlag

MOST_RANGES = 8
_WRAP = (1 << 64) - 1


class IvmdRange(NamedTuple):
    """A range of ``ivmd=`` for a device or several, and what Xen makes of it when it reads it."""

    text: str
    """As it was given, with all of its devices."""
    ivmd: IVMD | None
    """The block that Xen makes of it; None if it does not accept it."""
    reason: str = ""
    """Why it does not, or empty."""

    @property
    def source(self) -> BootOption:
        """The place of it."""
        return BootOption(self.text)


def parse_ivmd_option(command_line: str, release: Release | None) -> tuple[IvmdRange, ...]:
    """Return the ranges of every ``ivmd=`` on `command_line`; they have eight places together."""
    rules = option_rules(release)[-1]
    ranges: list[IvmdRange] = []
    for word, _ in option_words(command_line, rules):
        if word.startswith("ivmd="):
            _read(word.removeprefix("ivmd="), ranges)
    return tuple(ranges)


def _read(value: str, ranges: list[IvmdRange]) -> None:
    """Add the ranges of one option to `ranges`, up to the first error."""
    items = value.split(";")
    for number, text in enumerate(items):
        error = _read_item(text, ranges)
        if error:
            rest = ";".join(items[number:])
            ranges.append(IvmdRange(rest, None, error))
            return


def _read_item(text: str, ranges: list[IvmdRange]) -> str:
    """Add the range `text`, once for each device or range of devices; return why not all."""
    if _is_full(ranges):
        return words.too_many_ranges(MOST_RANGES)
    start, at = hexadecimal_at(text, 0)
    if not at:
        return words.NO_PAGE_NUMBER
    end = start
    if text.startswith("-", at):
        end, last = hexadecimal_at(text, at + 1)
        if last == at + 1 or end < start:
            return words.NO_LAST_PAGE
        at = last
    if not text.startswith("=", at):
        ranges.append(IvmdRange(text[:at], _block(start, end, BlockType.IVMD_ALL, 0, 0)))
        return words.rest_not_read(text[at:]) if at < len(text) else ""
    while True:
        if _is_full(ranges):
            return words.too_many_ranges(MOST_RANGES)
        devices = _devices_at(text, at + 1)
        if isinstance(devices, str):
            return devices
        before = at + 1
        kind, first_device, last_device, at = devices
        shown = f"{text.partition('=')[0]}={text[before:at]}"
        ranges.append(IvmdRange(shown, _block(start, end, kind, first_device, last_device)))
        if not text.startswith(",", at):
            return words.rest_not_read(text[at:]) if at < len(text) else ""


def _devices_at(text: str, at: int) -> tuple[int, int, int, int] | str:
    """Read a device or a range at `at`: the type of block, both IDs and the end; or the error."""
    first = device_at(text, at)
    if first is None or first[0]:
        return words.NO_DEVICE
    device, at = requester_id(first[1]), first[2]
    if not text.startswith("-", at):
        return BlockType.IVMD_ONE, device, 0, at
    second = device_at(text, at + 1)
    if second is None or second[0]:
        return words.NO_DEVICE
    last = requester_id(second[1])
    if last < device:
        return words.DEVICES_INVERTED
    return BlockType.IVMD_RANGE, device, last, second[2]


def _is_full(ranges: list[IvmdRange]) -> bool:
    return sum(user.ivmd is not None for user in ranges) >= MOST_RANGES


def _block(start: int, end: int, kind: int, first: int, last: int) -> IVMD:
    """Return the IVMD that Xen makes: always a unity map for reading and writing."""
    return IVMD(
        type=kind,
        flags=IvmdFlag.UNITY | IvmdFlag.READ | IvmdFlag.WRITE,
        device_id=first,
        auxiliary=last,
        start_address=start * PAGE & _WRAP,
        memory_length=(end - start + 1) * PAGE & _WRAP,
    )
