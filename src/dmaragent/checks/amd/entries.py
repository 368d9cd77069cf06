"""Rules about the device entries of IVHD blocks: devices, ranges and aliases."""

from collections.abc import Iterator

from dmaragent.checks.amd.effects import FIRMWARE, LOAD_TABLE, XEN_OFF
from dmaragent.checks.amd.facts import IvrsFacts, LocatedEntry, entries_of
from dmaragent.checks.amd.fields import entry_hit
from dmaragent.checks.common.model import Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.iommu.ivhd import RANGE_STARTS
from fwtables import AliasEntry, AnyIVHD, DeviceEntry, ExtendedEntry, HidEntry, device_name
from fwtables.ivrs.constants import BlockType, EntryType

_PARSE = "Xen amd/iommu_acpi.c, parse_ivhd_block; Linux amd/init.c, init_iommu_from_acpi"
_XEN_KNOWS = frozenset(EntryType) - {EntryType.ALL, EntryType.ACPI_HID, EntryType.RESERVED_8}
"""The types of device entries that Xen knows."""


def xen_entries(facts: IvrsFacts) -> Iterator[LocatedEntry]:
    """Yield the device entries of the blocks that Xen uses."""
    for located in facts.xen_ivhds:
        yield from entries_of(*located)


@rule(
    "ivhd-all-entry",
    Severity.CRITICAL,
    "An IVHD block names all devices at once",
    xen=XEN_OFF,
    linux="No effect: Linux gives all devices to the IOMMU.",
    advice=FIRMWARE,
    details=f"Xen does not know the entry, of type 0x01; QEMU can write it. {LOAD_TABLE}",
    source=_PARSE,
)
def all_entry(facts: IvrsFacts) -> Iterator[Hit]:
    """Find entries of type 0x01 in blocks that Xen uses."""
    for located in xen_entries(facts):
        if located.entry.type == EntryType.ALL:
            yield entry_hit(facts, located, "has an entry for all devices.", "0x01")


@rule(
    "ivhd-hid-in-fixed",
    Severity.CRITICAL,
    "An IVHD block has an ACPI device that its type cannot have",
    xen=XEN_OFF,
    linux="Linux ignores the entry.",
    advice=FIRMWARE,
    details='Linux prints "Invalid IVHD device type". Only blocks of type 0x40, which Xen does not use, '
    f"can have an ACPI HID entry. {LOAD_TABLE}",
    source=_PARSE,
)
def hid_in_fixed(facts: IvrsFacts) -> Iterator[Hit]:
    """Find ACPI HID entries in blocks of type 0x10 and 0x11 that Xen or Linux uses."""
    for offset, block in _used(facts):
        if block.type == BlockType.IVHD_WITH_HID:
            continue
        by_xen = block.type == facts.xen_type
        for located in entries_of(offset, block):
            if isinstance(located.entry, HidEntry):
                hid = located.entry.hid.decode("latin-1").rstrip("\0 ")
                yield entry_hit(
                    facts,
                    located,
                    f"has an ACPI HID entry ({hid!r}).",
                    hid,
                    xen="" if by_xen else _not_used("Xen", block),
                    linux="" if _linux_uses(facts, block) else _not_used("Linux", block),
                    severity=None if by_xen else Severity.INFO,
                )


def _used(facts: IvrsFacts) -> list[tuple[int, AnyIVHD]]:
    """Return the blocks that Xen or Linux uses, in table order."""
    return sorted({*facts.xen_ivhds, *facts.linux_ivhds}, key=lambda located: located[0])


def _linux_uses(facts: IvrsFacts, block: AnyIVHD) -> bool:
    return facts.linux is not None and facts.linux.block_type == block.type


def _not_used(reader: str, block: AnyIVHD) -> str:
    return f"No effect: {reader} does not use blocks of type {block.type:#04x} of this table."


@rule(
    "ivhd-unknown-entry",
    Severity.CRITICAL,
    "An IVHD block has a device entry of an unknown type",
    xen=XEN_OFF,
    linux="No effect: Linux skips the entry.",
    advice=FIRMWARE,
    details=LOAD_TABLE,
    source=_PARSE,
)
def unknown_entry(facts: IvrsFacts) -> Iterator[Hit]:
    """Find entries of types that Xen does not know, in blocks that it uses."""
    for located in xen_entries(facts):
        kind = located.entry.type
        if kind not in _XEN_KNOWS and kind not in (EntryType.ALL, EntryType.ACPI_HID):
            value = f"{kind:#04x}"
            yield entry_hit(facts, located, f"has an entry of type {value}.", value)


@rule(
    "ivhd-range-broken",
    Severity.CRITICAL,
    "A range of devices in an IVHD block is not complete",
    xen=XEN_OFF,
    linux="Unknown: Linux makes a range of its own, or none.",
    advice=FIRMWARE,
    details=f"Xen wants the end to be the entry after the start, and to be greater. {LOAD_TABLE}",
    source="Xen amd/iommu_acpi.c, parse_ivhd_device_range, parse_ivhd_device_alias_range; Linux "
    "amd/init.c, init_iommu_from_acpi",
)
def range_broken(facts: IvrsFacts) -> Iterator[Hit]:
    """Find ranges without an end or start, or whose last ID is not above the first."""
    for offset, block in _used(facts):
        by_xen = block.type == facts.xen_type
        for located, problem in _broken_ranges(offset, block):
            first = located.entry
            assert isinstance(first, DeviceEntry | AliasEntry | ExtendedEntry)  # noqa: S101 - a bound
            yield entry_hit(
                facts,
                located,
                problem,
                f"{first.type:#04x} {device_name(first.device_id)}",
                xen="" if by_xen else _not_used("Xen", block),
                linux="" if _linux_uses(facts, block) else _not_used("Linux", block),
                severity=None if by_xen else Severity.ERROR,
            )


def _broken_ranges(offset: int, block: AnyIVHD) -> Iterator[tuple[LocatedEntry, str]]:
    """Yield each bound of a range that Xen would refuse, and what is wrong with it."""
    start: LocatedEntry | None = None
    for located in entries_of(offset, block):
        entry = located.entry
        if entry.type == EntryType.RANGE_END:
            assert isinstance(entry, DeviceEntry)  # noqa: S101 - its type says so
            if start is None:
                yield located, f"has the end {device_name(entry.device_id)} of no range."
            elif entry.device_id <= _first_of(start):
                first, last = device_name(_first_of(start)), device_name(entry.device_id)
                yield start, f"has a range from {first} to {last}."
            start = None
            continue
        if start is not None:
            yield start, f"has a range from {device_name(_first_of(start))} without an end."
        start = located if entry.type in RANGE_STARTS else None
    if start is not None:
        yield start, f"has a range from {device_name(_first_of(start))} without an end."


def _first_of(located: LocatedEntry) -> int:
    entry = located.entry
    assert isinstance(entry, DeviceEntry | AliasEntry | ExtendedEntry)  # noqa: S101 - a start
    return entry.device_id


@rule(
    "ivhd-alias-unknown",
    Severity.CRITICAL,
    "The alias of a device is above all devices of the table",
    xen=XEN_OFF,
    linux="No effect, as far as the table tells.",
    advice=FIRMWARE,
    details="Xen makes its table as large as the highest ID of devices and ranges needs; the ID that an "
    f"alias stands for must be in it. {LOAD_TABLE}",
    source="Xen amd/iommu_acpi.c, get_last_bdf_ivhd, parse_ivhd_device_alias",
)
def alias_unknown(facts: IvrsFacts) -> Iterator[Hit]:
    """Find aliases whose ID is not in Xen's table of IDs."""
    highest = 0
    for located in xen_entries(facts):
        highest = max(highest, _highest_of(located))
    for located in xen_entries(facts):
        entry = located.entry
        if isinstance(entry, AliasEntry) and entry.source_device_id > highest | 7:
            own, alias = device_name(entry.device_id), device_name(entry.source_device_id)
            predicate = f"has {alias} as the alias of {own}; the table has no device ID that high."
            yield entry_hit(facts, located, predicate, f"{own} alias {alias}")


def _highest_of(located: LocatedEntry) -> int:
    """Return the highest device ID of an entry that counts for Xen's table."""
    entry = located.entry
    if entry.type == EntryType.SPECIAL:
        return getattr(entry, "source_device_id", 0)
    uncounted = (EntryType.PADDING, EntryType.PADDING_8, EntryType.ALL)
    if entry.type in uncounted or entry.type in RANGE_STARTS:
        return 0
    return getattr(entry, "device_id", 0)


RULES: tuple[Rule, ...] = (
    all_entry,
    hid_in_fixed,
    unknown_entry,
    range_broken,
    alias_unknown,
)
