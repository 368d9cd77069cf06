"""The ranges of Xen's ``ivmd=`` option, as Xen reads them: IVMDs for all, one or several devices.

Pure.  Source: Xen drivers/passthrough/amd/iommu_acpi.c, ``parse_ivmd_param`` (c7146535d1, 4.16.0);
drivers/pci/pci.c, ``parse_pci``.  What comes before an error in the option stays.  Xen checks the
ranges after those of the table and by the same rules, so a wrong one switches AMD-Vi off.
"""

from collections.abc import Iterator
from typing import NamedTuple

from dmaragent.addresses import PAGE
from dmaragent.iommu.claims import requester_id
from dmaragent.iommu.model import BootOption
from dmaragent.releases import Release
from dmaragent.xen.hypervisor import ivrs_words as words
from dmaragent.xen.hypervisor import words as common_words
from dmaragent.xen.hypervisor.command_line import option_rules, option_words
from dmaragent.xen.hypervisor.rmrr_option import device_at, hexadecimal_at
from fwtables import IVMD
from fwtables.ivrs.constants import BlockType, IvmdFlag

MOST_RANGES = 8
_KEY = "ivmd="
_WRAP = (1 << 64) - 1


class IvmdRange(NamedTuple):
    """A range of ``ivmd=`` for a device or several, and what Xen makes of it when it reads it."""

    text: str
    """As it was given, with all of its devices."""
    ivmd: IVMD | None
    """The block that Xen makes of it; None if it does not accept it."""
    reason: str = ""
    """Why it does not, or empty."""
    position: int = 0
    """The character of the command line, from 0, where it is; of an error, where Xen found it."""

    @property
    def source(self) -> BootOption:
        """The place of it."""
        return BootOption(self.text, self.position)


class _Error(NamedTuple):
    """Why Xen stops reading, and at which character of the option's value."""

    reason: str
    at: int


def parse_ivmd_option(command_line: str, release: Release | None) -> tuple[IvmdRange, ...]:
    """Return the ranges of every ``ivmd=`` on `command_line`; they have eight places together."""
    rules = option_rules(release)[-1]
    ranges: list[IvmdRange] = []
    words_read = option_words(command_line, rules)  # ends before the options of dom0
    for at, (word, lost) in zip(_word_starts(command_line), words_read, strict=False):
        if word.startswith(_KEY):
            _read(word.removeprefix(_KEY), at + len(_KEY), ranges)
            if lost:
                reason = common_words.word_cut(rules.longest_word)
                ranges.append(IvmdRange(lost, None, reason, at + len(word)))
    return tuple(ranges)


def _word_starts(line: str) -> Iterator[int]:
    """Yield where each word of `line` starts that :func:`option_words` yields."""
    at = 0
    for word in line.split(" "):
        if word:
            yield at
        at += len(word) + 1


def _read(value: str, begin: int, ranges: list[IvmdRange]) -> None:
    """Add the ranges of an option's `value`, which begins at `begin`, up to the first error."""
    at = 0
    for text in value.split(";"):
        error = _read_item(text, begin + at, ranges)
        if error is not None:
            ranges.append(IvmdRange(value[at:], None, error.reason, begin + at + error.at))
            return
        at += len(text) + 1


def _read_item(text: str, begin: int, ranges: list[IvmdRange]) -> _Error | None:
    """Add the range `text`, once for each device or range of devices; return why not all."""
    if _is_full(ranges):
        return _Error(words.too_many_ranges(MOST_RANGES), 0)
    start, at = hexadecimal_at(text, 0)
    if not at:
        return _Error(words.NO_PAGE_NUMBER, 0)
    end = start
    if text.startswith("-", at):
        second = at + 1
        end, at = hexadecimal_at(text, second)
        if at == second or end < start:
            return _Error(words.NO_LAST_PAGE, second)
    if not text.startswith("=", at):
        ranges.append(IvmdRange(text[:at], _block(start, end, BlockType.IVMD_ALL), "", begin))
        return _rest(text, at)
    while True:
        if _is_full(ranges):
            return _Error(words.too_many_ranges(MOST_RANGES), at + 1)
        devices = _devices_at(text, at + 1)
        if isinstance(devices, _Error):
            return devices
        before = at + 1
        at = devices.end
        shown = f"{text.partition('=')[0]}={text[before:at]}"
        block = _block(start, end, devices.kind, devices.first, devices.last)
        ranges.append(IvmdRange(shown, block, "", begin + before))
        if not text.startswith(",", at):
            return _rest(text, at)


def _rest(text: str, at: int) -> _Error | None:
    return _Error(words.rest_not_read(text[at:]), at) if at < len(text) else None


class _Devices(NamedTuple):
    """A device or a range of devices: the type of block, both IDs, and where the text ends."""

    kind: int
    first: int
    last: int
    end: int


def _devices_at(text: str, at: int) -> _Devices | _Error:
    """Read a device or a range of devices at `at`."""
    first = device_at(text, at)
    if first is None or first[0]:
        return _Error(words.NO_DEVICE, at)
    device, end = requester_id(first[1]), first[2]
    if not text.startswith("-", end):
        return _Devices(BlockType.IVMD_ONE, device, 0, end)
    second = device_at(text, end + 1)
    if second is None or second[0]:
        return _Error(words.NO_DEVICE, end + 1)
    last = requester_id(second[1])
    if last < device:
        return _Error(words.DEVICES_INVERTED, end + 1)
    return _Devices(BlockType.IVMD_RANGE, device, last, second[2])


def _is_full(ranges: list[IvmdRange]) -> bool:
    return sum(user.ivmd is not None for user in ranges) >= MOST_RANGES


def _block(start: int, end: int, kind: int, first: int = 0, last: int = 0) -> IVMD:
    """Return the IVMD that Xen makes: always a unity map for reading and writing."""
    return IVMD(
        type=kind,
        flags=IvmdFlag.UNITY | IvmdFlag.READ | IvmdFlag.WRITE,
        device_id=first,
        auxiliary=last,
        start_address=start * PAGE & _WRAP,
        memory_length=(end - start + 1) * PAGE & _WRAP,
    )
