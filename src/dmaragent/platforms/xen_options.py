"""What Xen's command line says about reserved device memory: ``rmrr=`` and ``iommu=``.

Pure.  Source: Xen drivers/passthrough/vtd/dmar.c, ``parse_rmrr_param``;
drivers/passthrough/iommu.c, ``parse_iommu_param``; drivers/pci/pci.c, ``parse_pci_seg``.
"""

import re
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import or_

from dmaragent.addresses import PAGE, SBDF, AddressRange

MOST_RANGES = 10
MOST_PAGES = 16
MOST_DEVICES = 20
MOST_CHARACTERS = 127
"""Of one word of the command line; Xen drops what is beyond without a word.

Source: common/kernel.c, ``parse_params`` and ``MAX_PARAM_SIZE``, 128 with the ending zero.
"""
_FALSE = frozenset({"0", "no", "off", "false", "disable"})
_TRUE = frozenset({"1", "yes", "on", "true", "enable"})
_HEX = r"(?:0[xX])?[0-9a-fA-F]+"
_PAGES = re.compile(rf"({_HEX})(?:-({_HEX}))?")
_DEVICE = re.compile(rf"(?:({_HEX}):)?({_HEX}):({_HEX})\.(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRange:
    """One range of the ``rmrr=`` option, and whether Xen takes it."""

    text: str
    """As it stands on the command line."""
    start_pfn: int | None
    """Its first page; None where no page number could be read."""
    end_pfn: int | None
    """Its last page, inclusive."""
    devices: tuple[SBDF, ...]
    accepted: bool
    reason: str
    """Why it is not accepted, or what of it Xen does not read; empty where there is nothing."""

    @property
    def range(self) -> AddressRange | None:
        """The addresses of its pages; None where they could not be read or end before they begin."""
        start, last = self.start_pfn, self.end_pfn
        if start is None or last is None or last < start:
            return None
        return AddressRange(start * PAGE, (last + 1) * PAGE)


@dataclass(slots=True)
class _Reader:
    """Reads the ranges of every ``rmrr=`` on a command line; the limit of ten is common."""

    ranges: list[UserRange] = field(default_factory=list)
    taken: int = 0
    """How many of Xen's ten places are taken."""
    left: tuple[SBDF, ...] = ()
    """The devices of a range that an error ended: they are still in its place when the next
    option is read into it."""

    def word(self, word: str) -> None:
        """Read one ``rmrr=`` word, as much of it as Xen does."""
        self.value(word[:MOST_CHARACTERS].removeprefix("rmrr="))
        if rest := word[MOST_CHARACTERS:]:
            self.refuse(rest, f"Xen reads {MOST_CHARACTERS} characters of a word and drops this")

    def value(self, value: str) -> None:
        """Read one option's value: an error ends the reading, what was read before stays."""
        texts = value.split(";")
        for number, text in enumerate(texts, 1):
            if not self.range(text):
                for rest in texts[number:]:
                    self.refuse(rest, f"Xen stopped reading the option at {text!r}")
                return

    def range(self, text: str) -> bool:
        """Read one range; tell whether Xen reads on after it."""
        if self.taken >= MOST_RANGES:
            return self.refuse(text, f"Xen takes {MOST_RANGES} ranges at most (E2BIG)")
        pages = _PAGES.match(text)
        if pages is None:
            return self.refuse(text, "it does not begin with a page number (EINVAL)")
        start = int(pages[1], 16)
        end = int(pages[2] or pages[1], 16)
        if not 0 <= end - start < MOST_PAGES:
            why = "it ends before it starts" if end < start else f"it has {end - start + 1} pages"
            return self.refuse(text, f"{why}; Xen takes 1 to {MOST_PAGES} (E2BIG)", start, end)
        rest = text[pages.end() :]
        if not rest.startswith("="):
            self.refuse(text, "it names no device, so Xen ignores it", start, end)
            return not rest
        devices, rest, bad = _devices(rest, self.left)
        self.left = devices if bad else ()
        if bad:
            return self.refuse(text, f"{rest!r} is not a PCI address (EINVAL)", start, end)
        # A range of mixed segments takes its place too: they are compared at setup only.
        self.taken += 1
        segment = devices[0].segment
        mixed = reduce(or_, (device.segment for device in devices)) != segment
        reason = f"Xen does not read {rest!r} and what follows (EINVAL)" if rest else ""
        if not mixed and any(device.segment != segment for device in devices):
            # Xen compares the segments by combining their bits, and keeps the first alone.
            devices = tuple(replace(device, segment=segment) for device in devices)
            reason = reason or f"Xen takes all its devices to be of segment 0x{segment:x}"
        kept = UserRange(
            text=text,
            start_pfn=start,
            end_pfn=end,
            devices=devices,
            accepted=not mixed,
            reason="its devices are of different segments, so Xen ignores it" if mixed else reason,
        )
        self.ranges.append(kept)
        return not rest

    def refuse(
        self, text: str, reason: str, start: int | None = None, end: int | None = None
    ) -> bool:
        """Keep a range that Xen does not take; the answer is that Xen does not read on."""
        refused = UserRange(
            text=text, start_pfn=start, end_pfn=end, devices=(), accepted=False, reason=reason
        )
        self.ranges.append(refused)
        return False


def _devices(rest: str, left: tuple[SBDF, ...]) -> tuple[tuple[SBDF, ...], str, bool]:
    """Read ``=`` and devices after those `left`: all of them, what is left, whether it is bad.

    The first device's segment is 0 where it has none, the others' is then the first's.
    The function number may be octal or hexadecimal, as in C.
    """
    devices = list(left)
    first = True
    while rest and (first or (len(devices) < MOST_DEVICES and rest[0] == ",")):
        first = False
        found = _DEVICE.match(rest, 1)
        if found is None:
            return tuple(devices), rest[1:], True
        segment = devices[0].segment if devices else 0
        segment = segment if found[1] is None else int(found[1], 16)
        octal = len(found[4]) > 1 and found[4].isdigit()
        function = int(found[4], 8 if octal else 0)
        try:
            if segment > 0xFFFF:
                return tuple(devices), found[0], True
            devices.append(SBDF(segment, int(found[2], 16), int(found[3], 16), function))
        except ValueError:
            return tuple(devices), found[0], True
        rest = rest[found.end() :]
    return tuple(devices), rest, False


def parse_rmrr_option(command_line: str) -> tuple[UserRange, ...]:
    """Read the ranges of ``rmrr=`` as the hypervisor does when it reads its command line.

    What can only be seen at setup (an overlap, devices that do not answer) is
    :func:`dmaragent.platforms.xen.predict`'s.
    """
    return tuple(_read(command_line).ranges)


def places_taken(command_line: str) -> int:
    """Say how many of Xen's ten ranges `command_line` uses, taken at setup or not."""
    return _read(command_line).taken


def _read(command_line: str) -> _Reader:
    reader = _Reader()
    for word in command_line.split():
        if word.startswith("rmrr="):
            reader.word(word)
    return reader


def iommu_switched_off(command_line: str) -> str:
    """Give the word that switches the IOMMU off, as ``iommu=0``; empty where none does.

    The last boolean wins.  The table is parsed all the same, for interrupt remapping:
    drivers/passthrough/x86/iommu.c, ``acpi_iommu_init``.
    """
    switch = ""
    for word in command_line.split():
        if word.startswith("iommu="):
            for part in word.removeprefix("iommu=").split(","):
                if part in _FALSE:
                    switch = f"iommu={part}"
                elif part in _TRUE:
                    switch = ""
    return switch
