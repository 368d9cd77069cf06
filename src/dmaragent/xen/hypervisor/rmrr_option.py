"""The ranges of Xen's ``rmrr=`` option, as each release reads them from its command line.

Pure.  Source: Xen drivers/passthrough/vtd/dmar.c, ``parse_rmrr_param`` and the checks of
``add_user_rmrr`` that need nothing but the range; drivers/pci/pci.c, ``parse_pci_seg``;
common/vsprintf.c (from 4.18 on lib/strtoul.c), ``simple_strtoul``.
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
"""The groups of it and the bases that their digits are in."""
_PAGES_IN_ALL = 1 << 52
"""Xen makes addresses of 64 bits of page numbers; beyond, they wrap."""


class UserRange(NamedTuple):
    """One range of the ``rmrr=`` option, and whether Xen accepts it."""

    text: str
    """As it stands on the command line."""
    start_pfn: int | None
    """Its first page; None if no page number could be read."""
    end_pfn: int | None
    """Its last page, inclusive."""
    devices: tuple[SBDF, ...]
    accepted: bool | None
    """None: unknown, and `reason` says why."""
    reason: str
    """Why it is not accepted, or what of it Xen does not read; or empty."""

    @property
    def range(self) -> AddressRange | None:
        """The addresses of its pages; None if no range of 64 bits could be read."""
        start, last = self.start_pfn, self.end_pfn
        if start is None or last is None or not start <= last < _PAGES_IN_ALL:
            return None
        return AddressRange(start * PAGE, (last + 1) * PAGE)


@dataclass(slots=True)
class _Reader:
    """Reads the ranges of every ``rmrr=`` on a command line; the limit of ten is common."""

    rules: OptionRules
    ranges: list[UserRange] = field(default_factory=list)
    taken: int = 0
    """How many of Xen's ten places are taken."""
    left: tuple[SBDF, ...] = ()
    """The devices of a range that an error ended: they are still in its place when the next
    option is read into it."""

    def value(self, value: str) -> None:
        """Read one option's value: an error ends the reading, what was read before stays."""
        texts = value.split(";")
        for number, text in enumerate(texts, 1):
            if not self.range(text, first=number == 1):
                for rest in texts[number:]:
                    self.refuse(rest, words.reading_stopped(text))
                return

    def range(self, text: str, *, first: bool) -> bool:
        """Read one range; return whether Xen reads on after it."""
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
        # Every range with a device takes its place: what is below is checked at setup only.
        self.taken += 1
        rest = text[at:]
        if large or end < start:
            self.refuse(text, words.wrong_size(start, end, MOST_PAGES), start, end)
            return not rest
        self.ranges.append(_range_with_devices(text, start, end, devices, rest))
        return not rest

    def overrun(self, text: str) -> bool:
        """Keep a range that 4.9 writes behind the end of its ten; nobody knows over what."""
        self.refuse(
            text,
            words.ranges_overrun(self.rules.name, MOST_RANGES),
        )
        self.ranges[-1] = self.ranges[-1]._replace(accepted=None)
        return False

    def refuse(
        self, text: str, reason: str, start: int | None = None, end: int | None = None
    ) -> bool:
        """Keep a range that Xen does not accept; the answer is that Xen does not read on."""
        refused = UserRange(
            text=text, start_pfn=start, end_pfn=end, devices=(), accepted=False, reason=reason
        )
        self.ranges.append(refused)
        return False


def _range_with_devices(
    text: str, start: int, end: int, devices: tuple[SBDF, ...], rest: str
) -> UserRange:
    """Return a range that has its place, as ``add_user_rmrr`` judges its segments."""
    segment = devices[0].segment
    mixed = reduce(or_, (device.segment for device in devices)) != segment
    reason = words.rest_not_read(rest) if rest else ""
    if not mixed and any(device.segment != segment for device in devices):
        # Xen compares the segments by combining their bits, and keeps the first alone.
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
    """Read a number of base 16 at `at`, and where it ends: no digits are 0, and 64 bits wrap."""
    match = _HEX.match(text, at)
    assert match is not None  # noqa: S101 - every part of it is optional
    return int(match[1] or "0", 16) & _WRAP, match.end()


def _number(text: str, at: int) -> tuple[int, int]:
    """Read a number as C writes them: hexadecimal after 0x, octal after 0, else decimal."""
    match = _NUMBER.match(text, at)
    assert match is not None  # noqa: S101 - likewise
    digits, base = next((match[group], base) for group, base in _BASES if match[group] is not None)
    return int(digits or "0", base) & _WRAP, match.end()


def device_at(text: str, at: int) -> tuple[int | None, SBDF, int] | None:
    """Read one device at `at`: its segment, None if it has none, its address, and its end."""
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
    """Read the devices from the ``=`` at `at` on, after those `left` in the place.

    Return all of them, where the reading ended, and whether an error ended it.  The first
    device's segment is 0 if it has none, the others' is then the first's.
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
    """Read the ranges of ``rmrr=`` as the hypervisor of `release` reads its command line.

    If the release is unknown, the newest reads them; what another reads differently is unknown.
    What depends on the host (an overlap, absent devices, pages that do not exist) is
    :func:`dmaragent.xen.hypervisor.acceptance.predict`'s.
    """
    rules = [rules for rules in option_rules(release) if rules.rmrr] or option_rules(release)[-1:]
    *others, newest = ((rule.name, _read(command_line, rule).ranges) for rule in rules)
    return tuple(_compare_with_releases(user, others) for user in newest[1])


def _compare_with_releases(user: UserRange, others: list[tuple[str, list[UserRange]]]) -> UserRange:
    """Return `user`, as unknown if one of the `others` reads no such range."""
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
    """Return whether Xen does the same with both."""
    if not (user.accepted or other.accepted):
        return (user.text, user.accepted) == (other.text, other.accepted)
    return (user.accepted, user.range, user.devices) == (other.accepted, other.range, other.devices)


def places_taken(command_line: str, release: Release | None) -> int:
    """Return how many of Xen's ten ranges `command_line` uses, accepted at setup or not.

    If the release is unknown, the most that a release counts.
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
