"""Parse the ranges of Xen's ``rmrr=`` option as each release does.

Pure.  Source: Xen drivers/passthrough/vtd/dmar.c, ``parse_rmrr_param`` and those checks of
``add_user_rmrr`` that need only the range; drivers/pci/pci.c, ``parse_pci_seg``;
common/vsprintf.c (since 4.18 lib/strtoul.c), ``simple_strtoul``.
"""

import re
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_
from typing import NamedTuple

from dmaragent.addresses import MAX_FIRMWARE_SEGMENT, PAGE, SBDF, AddressRange
from dmaragent.releases import Release
from dmaragent.xen.hypervisor import words
from dmaragent.xen.hypervisor.command_line import OptionRules, option_rules, option_words

MOST_RANGES = 10
MOST_PAGES = 16
MOST_DEVICES = 20
_WRAP = (1 << 64) - 1
_HEX = re.compile(r"(?:0[xX])?([0-9a-fA-F]*)")
_NUMBER = re.compile(r"0[xX]([0-9a-fA-F]+)|(0[0-7]*)|([0-9]*)")
_BASES = ((1, 16), (2, 8), (3, 10))
"""The groups of :data:`_NUMBER` with the bases of their digits."""
_PAGES_IN_ALL = 1 << 52
"""From this page number on, Xen's 64-bit addresses wrap."""


class UserRange(NamedTuple):
    """One range of the ``rmrr=`` option, and whether Xen accepts it."""

    text: str
    """The text on the command line."""
    start_pfn: int | None
    """Its first page; None if no page number could be read."""
    end_pfn: int | None
    """Its last page, inclusive."""
    devices: tuple[SBDF, ...]
    accepted: bool | None
    """None: unknown, for the reason in `reason`."""
    reason: str
    """Why it is not accepted, or which part of it Xen does not read; or empty."""

    @property
    def range(self) -> AddressRange | None:
        """The addresses of its pages; None if they are not a range of 64-bit addresses."""
        start, last = self.start_pfn, self.end_pfn
        if start is None or last is None or not start <= last < _PAGES_IN_ALL:
            return None
        return AddressRange(start * PAGE, (last + 1) * PAGE)


@dataclass(slots=True)
class _Reader:
    """Parses every ``rmrr=`` of a command line; the limit of ten ranges is for all together."""

    rules: OptionRules
    ranges: list[UserRange] = field(default_factory=list)
    taken: int = 0
    """How many of Xen's ten array entries are used."""
    left: tuple[SBDF, ...] = ()
    """The devices of a range that ended with an error: Xen leaves them in the array entry, and the
    next option is read into the same entry."""

    def value(self, value: str) -> None:
        """Parse the value of one option: an error ends it, and earlier ranges remain."""
        texts = value.split(";")
        for number, text in enumerate(texts, 1):
            if not self.range(text, first=number == 1):
                for rest in texts[number:]:
                    self.refuse(rest, words.reading_stopped(text))
                return

    def range(self, text: str, *, first: bool) -> bool:
        """Parse one range; return whether Xen continues after it."""
        full = self.taken >= MOST_RANGES
        if full and (self.rules.rmrr_errors or not first):
            return self.refuse(text, words.too_many_ranges(MOST_RANGES))
        start, at = hexadecimal_at(text, 0)
        if not at:
            return self.refuse(text, words.NO_PAGE_NUMBER)
        end = start
        if text.startswith("-", at):
            end, last = hexadecimal_at(text, at + 1)
            if last == at + 1:
                return self.refuse(text, words.NO_LAST_PAGE)
            at = last
        if full:
            return self.overrun(text)
        large = (end - start) & _WRAP >= MOST_PAGES
        if large and self.rules.stops_at_large:
            return self.refuse(text, words.too_large(start, end, MOST_PAGES), start, end)
        if not text.startswith("=", at):
            self.refuse(text, words.NO_DEVICE, start, end)
            return at == len(text)
        devices, at, bad = _devices(text, at, self.left)
        self.left = devices if bad and self.rules.rmrr_errors else ()
        if bad and (self.rules.rmrr_errors or not devices):
            return self.refuse(text, words.not_an_address(text[at + 1 :]), start, end)
        # Every range with a device uses an array entry: Xen makes the checks below only at setup.
        self.taken += 1
        rest = text[at:]
        if large or end < start:
            self.refuse(text, words.wrong_size(start, end, MOST_PAGES), start, end)
            return not rest
        self.ranges.append(_range_with_devices(text, start, end, devices, rest))
        return not rest

    def overrun(self, text: str) -> bool:
        """Record a range that 4.9 writes past the end of its array; the effect is unknown."""
        self.refuse(
            text,
            words.ranges_overrun(self.rules.name, MOST_RANGES),
        )
        self.ranges[-1] = self.ranges[-1]._replace(accepted=None)
        return False

    def refuse(
        self, text: str, reason: str, start: int | None = None, end: int | None = None
    ) -> bool:
        """Record a range that Xen does not accept; return False, as Xen stops reading."""
        refused = UserRange(
            text=text, start_pfn=start, end_pfn=end, devices=(), accepted=False, reason=reason
        )
        self.ranges.append(refused)
        return False


def _range_with_devices(
    text: str, start: int, end: int, devices: tuple[SBDF, ...], rest: str
) -> UserRange:
    """Return a complete range, with its segments checked as by ``add_user_rmrr``."""
    segment = devices[0].segment
    mixed = reduce(or_, (device.segment for device in devices)) != segment
    reason = words.rest_not_read(rest) if rest else ""
    if not mixed and any(device.segment != segment for device in devices):
        # Xen compares the bitwise OR of the segments with the first, and keeps only the first.
        devices = tuple(replace(device, segment=segment) for device in devices)
        reason = reason or words.segment_of_first_device(segment)
    return UserRange(
        text=text,
        start_pfn=start,
        end_pfn=end,
        devices=devices,
        accepted=not mixed,
        reason=words.SEGMENTS_DIFFER if mixed else reason,
    )


def hexadecimal_at(text: str, at: int) -> tuple[int, int]:
    """Return the hexadecimal number at `at` and its end; no digits mean 0, and 64 bits wrap."""
    match = _HEX.match(text, at)
    assert match is not None  # noqa: S101 - every part of it is optional
    return int(match[1] or "0", 16) & _WRAP, match.end()


def _number(text: str, at: int) -> tuple[int, int]:
    """Return the number at `at` in C notation (0x hexadecimal, 0 octal, else decimal) and its end."""
    match = _NUMBER.match(text, at)
    assert match is not None  # noqa: S101 - likewise
    digits, base = next((match[group], base) for group, base in _BASES if match[group] is not None)
    return int(digits or "0", base) & _WRAP, match.end()


def device_at(text: str, at: int) -> tuple[int | None, SBDF, int] | None:
    """Return the device at `at`: its segment (None if left out), its address and its end."""
    numbers: list[int] = []
    while len(numbers) < 3 and (not numbers or text.startswith(":", at)):
        number, at = hexadecimal_at(text, at + bool(numbers))
        numbers.append(number)
    if len(numbers) == 1 or not text.startswith(".", at):
        return None
    function, at = _number(text, at + 1)
    *segments, bus, device = numbers
    segment = segments[0] if segments else None
    if (segment or 0) > MAX_FIRMWARE_SEGMENT or bus > 0xFF or device > 0x1F or function > 7:
        return None
    return segment, SBDF(segment or 0, bus, device, function), at


def _devices(text: str, at: int, left: tuple[SBDF, ...]) -> tuple[tuple[SBDF, ...], int, bool]:
    """Parse the devices after the ``=`` at `at`, which follow those `left` in the array entry.

    Return all devices, the end, and whether an error ended the list.  If a segment is left out, it
    is 0 for the first device and that of the first for the others.
    """
    devices = list(left)
    while True:
        device = device_at(text, at + 1)
        if device is None:
            return tuple(devices), at, True
        segment, sbdf, at = device
        if devices and segment is None:
            sbdf = replace(sbdf, segment=devices[0].segment)
        devices.append(sbdf)
        if not text.startswith(",", at) or len(devices) >= MOST_DEVICES:
            return tuple(devices), at, False


def parse_rmrr_option(command_line: str, release: Release | None) -> tuple[UserRange, ...]:
    """Return the ranges of ``rmrr=`` as the hypervisor of `release` reads them.

    If the release is unknown, they are read as by the newest; those that another release reads
    differently are unknown.  :func:`dmaragent.xen.hypervisor.acceptance.predict` does the checks
    that depend on the host: overlaps, absent devices, pages that do not exist.
    """
    rules = [rules for rules in option_rules(release) if rules.rmrr] or option_rules(release)[-1:]
    *others, newest = ((rule.name, _read(command_line, rule).ranges) for rule in rules)
    return tuple(_compare_with_releases(user, others) for user in newest[1])


def _compare_with_releases(user: UserRange, others: list[tuple[str, list[UserRange]]]) -> UserRange:
    """Return `user`, marked unknown if one of the `others` reads no such range."""
    differing = [
        name
        for name, ranges in others
        if not any(_has_same_effect(user, other) for other in ranges)
    ]
    if not differing:
        return user
    reason = words.releases_read_otherwise(differing, user.reason)
    return user._replace(accepted=None, reason=reason)


def _has_same_effect(user: UserRange, other: UserRange) -> bool:
    """Return whether both have the same effect in Xen."""
    if not (user.accepted or other.accepted):
        return (user.text, user.accepted) == (other.text, other.accepted)
    return (user.accepted, user.range, user.devices) == (other.accepted, other.range, other.devices)


def places_taken(command_line: str, release: Release | None) -> int:
    """Return how many of Xen's ten array entries `command_line` uses, accepted at setup or not.

    If the release is unknown, this is the largest number of any release.
    """
    return max(_read(command_line, rules).taken for rules in option_rules(release))


def _read(command_line: str, rules: OptionRules) -> _Reader:
    reader = _Reader(rules)
    for word, lost in option_words(command_line, rules):
        if word.startswith("rmrr="):
            reader.value(word.removeprefix("rmrr="))
            if lost:
                reader.refuse(lost, words.word_cut(rules.longest_word))
    return reader
