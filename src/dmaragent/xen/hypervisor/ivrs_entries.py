"""The device IDs that the IVHD blocks give to their IOMMUs in Xen, and their I/O APICs.

Pure.  Source: Xen 4.16 and later, drivers/passthrough/amd/iommu_acpi.c, ``parse_ivhd_block`` and
what it calls.
"""

from collections.abc import Iterator
from typing import NamedTuple

from dmaragent.iommu.ivhd import RANGE_STARTS
from dmaragent.xen.hypervisor import ivrs_words as words
from dmaragent.xen.hypervisor.ivrs_blocks import Refusal, refused
from fwtables import (
    AliasEntry,
    AnyIVHD,
    DeviceEntry,
    Entry,
    ExtendedEntry,
    SpecialEntry,
    device_name,
)
from fwtables.ivrs.constants import EntryType, Variety

ENTRY_HEADER = 4
"""Xen does not read fewer bytes at the end of an IVHD block as a device entry."""
SOUTHBRIDGE = 0x00A0
"""The device ID of 00:14.0, where AMD's southbridge has its I/O APIC."""


class Overrides(NamedTuple):
    """What Xen's command line changes of the checks of interrupts."""

    checks_ioapics: bool
    """Whether it checks them: not with ``iommu=no-intremap``, nor without tables per device."""
    names_ioapics: bool
    """Whether ``ivrs_ioapic=`` names some itself."""


class Served(NamedTuple):
    """Device IDs that an IVHD gives to its IOMMU."""

    first: int
    last: int
    seen_as: int | None


class EntryReader:
    """Reads the device entries of IVHD blocks, and keeps the I/O APICs among them."""

    def __init__(self, overrides: Overrides) -> None:
        self.overrides = overrides
        self._ioapics: dict[int, tuple[int, int]] = {}
        """By handle: the segment and the device ID of the I/O APIC."""
        self.doubt = ""
        """Why it is unknown whether Xen accepts the I/O APICs."""

    def served(self, block: AnyIVHD, offset: int) -> Iterator[Served]:
        """Yield what the device entries of `block` serve; an error among them is refused.

        The IDs are not compared with the highest of all blocks.
        """
        start: Entry | None = None
        for entry in block.entries:
            is_end = entry.type == EntryType.RANGE_END
            if (start is None) is is_end:
                reason = words.RANGE_WITHOUT_END if start else words.unknown_entry(entry.type)
                raise refused(block, offset, reason)
            if start is not None:
                assert isinstance(entry, DeviceEntry)  # noqa: S101 - its type says so
                yield self._range(start, entry.device_id, block, offset)
                start = None
            elif entry.type in RANGE_STARTS:
                start = entry
            else:
                yield from self._one(entry, block, offset)
        if len(block.undecoded) >= ENTRY_HEADER or start is not None:
            raise refused(block, offset, words.ENTRIES_CUT)

    def _range(self, start: Entry, last: int, block: AnyIVHD, offset: int) -> Served:
        assert isinstance(start, DeviceEntry | AliasEntry | ExtendedEntry)  # noqa: S101 - a start
        if last <= start.device_id:
            reason = words.range_inverted(device_name(start.device_id), device_name(last))
            raise refused(block, offset, reason)
        seen_as = start.source_device_id if isinstance(start, AliasEntry) else None
        return Served(start.device_id, last, seen_as)

    def _one(self, entry: Entry, block: AnyIVHD, offset: int) -> Iterator[Served]:
        """Yield what an entry serves that is not part of a range."""
        if isinstance(entry, AliasEntry):
            yield Served(entry.device_id, entry.device_id, entry.source_device_id)
        elif isinstance(entry, ExtendedEntry) or (
            isinstance(entry, DeviceEntry) and entry.type == EntryType.SELECT
        ):
            yield Served(entry.device_id, entry.device_id, None)
        elif isinstance(entry, SpecialEntry):
            self._special(entry, block, offset)
            yield Served(entry.source_device_id, entry.source_device_id, None)
        elif entry.type not in (EntryType.PADDING, EntryType.PADDING_8):
            raise refused(block, offset, words.unknown_entry(entry.type))

    def _special(self, entry: SpecialEntry, block: AnyIVHD, offset: int) -> None:
        """Keep an I/O APIC: ``parse_ivhd_device_special``."""
        if entry.variety == Variety.HPET:
            return
        if entry.variety != Variety.IOAPIC:
            raise refused(block, offset, words.unknown_variety(entry.variety))
        if not self.overrides.checks_ioapics:
            return
        place = (block.segment_number, entry.source_device_id)
        if self._ioapics.setdefault(entry.handle, place) != place:
            if not self.overrides.names_ioapics:
                raise refused(block, offset, words.conflicting_ioapic(entry.handle))
            self.doubt = self.doubt or words.IOAPIC_OVERRIDDEN

    def check_southbridge(self) -> None:
        """Require the southbridge's I/O APIC; the others would need the MADT."""
        if not self.overrides.checks_ioapics:
            return
        if (0, SOUTHBRIDGE) in self._ioapics.values():
            return
        if not self.overrides.names_ioapics:
            raise Refusal(words.NO_SOUTHBRIDGE_IOAPIC)
        self.doubt = self.doubt or words.IOAPIC_OVERRIDDEN
