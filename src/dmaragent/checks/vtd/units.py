"""Rules about the registers of remapping units: their addresses, and that no two share them."""

from collections.abc import Iterator

from dmaragent.addresses import PAGE, AddressRange, span
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.fields import field
from dmaragent.checks.vtd.subjects import subject_of
from dmaragent.host.memory_map import MemoryType
from fwtables import DRHD

_ALL_ONES = 0xFFFF_FFFF_FFFF_FFFF
_UPDATE = "Update the firmware, and report the addresses to the vendor."
_ALLOC = "Xen vtd/iommu.c, iommu_alloc; Linux intel/dmar.c, map_iommu"
_BUSY = (
    'Linux cannot reserve the addresses ("Can\'t reserve memory"), rejects the whole table and uses '
    "no IOMMU."
)


def _base(facts: TableFacts, offset: int, drhd: DRHD) -> Evidence:
    value = f"{drhd.register_base_address:#x}"
    return field(facts, offset, drhd, "register_base_address", value)


def _registers(drhd: DRHD) -> AddressRange:
    start = drhd.register_base_address
    return AddressRange(start, start + drhd.register_set_size)


def _units_with_address(facts: TableFacts) -> Iterator[tuple[int, DRHD]]:
    """Yield the units that have an address."""
    for offset, drhd in facts.of(DRHD):
        if drhd.register_base_address not in (0, _ALL_ONES):
            yield offset, drhd


@rule(
    "unit-without-address",
    Severity.CRITICAL,
    "A remapping unit has no register address",
    xen="Xen switches VT-d off (ENODEV): no device can be passed through.",
    linux="Linux rejects the table and uses no IOMMU.",
    advice="Check that VT-d is on in the firmware setup and that the processor has it. If both are "
    "true, update the firmware.",
    details="Some firmware leaves the table in place without VT-d. Xen then looks for an AMD IOMMU. If "
    'the address is 0, Linux prints "Your BIOS is broken; DMAR reported at address 0!".',
    source="VT-d 8.3; Xen vtd/dmar.c, acpi_parse_one_drhd; Linux intel/dmar.c, "
    "dmar_validate_one_drhd",
)
def without_address(facts: TableFacts) -> Iterator[Hit]:
    """Find units whose address is 0 or all ones."""
    for offset, drhd in facts.of(DRHD):
        if drhd.register_base_address in (0, _ALL_ONES):
            yield Hit(
                message=f"The DRHD of segment {drhd.segment_number:#x} has the register address "
                f"{drhd.register_base_address:#x}.",
                subject=subject_of(drhd),
                evidence=(_base(facts, offset, drhd),),
            )


@rule(
    "unit-unaligned",
    Severity.ERROR,
    "A unit's registers do not begin at a page boundary",
    xen="Unknown: Xen reads the wrong registers, and VT-d setup may fail.",
    linux="Unknown: Linux reads the wrong registers, and may give up on the unit.",
    advice=_UPDATE,
    details="If the setup does not fail, Xen and Linux drive something other than the unit.",
    source=f"VT-d 8.3 and chapter 11 (registers are 4 KiB aligned); {_ALLOC}",
)
def unaligned(facts: TableFacts) -> Iterator[Hit]:
    """Find units whose address is not a page boundary."""
    for offset, drhd in _units_with_address(facts):
        if drhd.register_base_address % PAGE:
            yield Hit(
                message=f"{subject_of(drhd)} begins {drhd.register_base_address % PAGE:#x} bytes into a "
                "4 KiB page.",
                subject=subject_of(drhd),
                evidence=(_base(facts, offset, drhd),),
            )


@rule(
    "unit-not-at-its-size",
    Severity.INFO,
    "A unit's registers do not begin at a multiple of their size",
    xen="No effect: Xen ignores the size.",
    linux="No effect in itself, but the size or the address may be wrong.",
    advice="No action needed while VT-d works. Report it to the firmware's vendor.",
    details="Hardware does not place registers like this.",
    source=f"VT-d 8.3 requires only whole pages: this rule is a guess; {_ALLOC}",
)
def not_at_its_size(facts: TableFacts) -> Iterator[Hit]:
    """Find units of several pages that begin at a page, but not at a multiple of their size."""
    for offset, drhd in _units_with_address(facts):
        base, size = drhd.register_base_address, drhd.register_set_size
        if base % PAGE == 0 and base % size:
            yield Hit(
                message=f"{subject_of(drhd)} has registers of {size:#x} bytes.",
                subject=subject_of(drhd),
                evidence=(
                    _base(facts, offset, drhd),
                    field(facts, offset, drhd, "size", f"{size:#x} bytes"),
                ),
            )


@rule(
    "unit-repeated",
    Severity.ERROR,
    "Two DRHD structures describe the same unit",
    xen="Unknown: Xen drives the unit twice, for the devices of both scopes.",
    linux="Linux ignores the second one and the devices that its scope names.",
    advice=_UPDATE,
    source=f"VT-d 8.3; Linux intel/dmar.c, dmar_find_dmaru; {_ALLOC}",
)
def repeated(facts: TableFacts) -> Iterator[Hit]:
    """Find units at the address of an earlier unit."""
    seen: dict[int, tuple[int, DRHD]] = {}
    for later, second in _units_with_address(facts):
        offset, first = seen.setdefault(second.register_base_address, (later, second))
        if offset != later:
            segments = first.segment_number, second.segment_number
            yield Hit(
                message=f"{subject_of(first)} is at offset {offset:#x} (segment "
                f"{segments[0]:#x}) and again at {later:#x} (segment {segments[1]:#x}).",
                subject=subject_of(first),
                evidence=(_base(facts, offset, first), _base(facts, later, second)),
                linux="" if segments[0] == segments[1] else _BUSY,
            )


@rule(
    "units-overlap",
    Severity.CRITICAL,
    "The registers of two units overlap",
    xen="Unknown: Xen does not check this, and maps one page of each.",
    linux='Linux rejects the table ("Can\'t reserve memory") and uses no IOMMU. Kernels before 6.3 may '
    "compare only one page of each.",
    advice=_UPDATE,
    details="Linux 6.3, at least, and newer compares the whole sizes; "
    "older kernels compare one page.",
    source=f"VT-d 8.3; {_ALLOC}",
)
def overlap(facts: TableFacts) -> Iterator[Hit]:
    """Find units whose registers overlap those of the next unit, by address."""
    placed = sorted(_units_with_address(facts), key=lambda unit: unit[1].register_base_address)
    farthest: tuple[int, DRHD] | None = None
    for offset, drhd in placed:
        if farthest is None:
            farthest = offset, drhd
            continue
        lower, upper = _registers(farthest[1]), _registers(drhd)
        if lower.start != upper.start and lower.overlaps(upper):
            yield Hit(
                message=f"The registers at {span(lower)} and at {span(upper)} overlap.",
                subject=f"{subject_of(farthest[1])}, {subject_of(drhd)}",
                evidence=(_base(facts, *farthest), _base(facts, offset, drhd)),
            )
        if upper.end > lower.end:
            farthest = offset, drhd


@rule(
    "unit-in-ram",
    Severity.CRITICAL,
    "A unit's registers are in RAM",
    xen="Unknown: Xen reads RAM as registers, and VT-d setup may fail.",
    linux=_BUSY,
    advice=_UPDATE,
    source=f"VT-d 8.3; {_ALLOC}",
    needs=(Need.MEMORY_MAP,),
)
def in_ram(facts: TableFacts) -> Iterator[Hit]:
    """Find units whose registers overlap RAM in the memory map."""
    for offset, drhd in _units_with_address(facts):
        entries = facts.memory_map.within(_registers(drhd)) if facts.memory_map else ()
        for entry in entries:
            if entry.type is MemoryType.RAM:
                yield Hit(
                    message=f"The registers at {span(_registers(drhd))} overlap "
                    f"{span(entry.range)}, {entry.words} in the memory map.",
                    subject=subject_of(drhd),
                    evidence=(_base(facts, offset, drhd),),
                )
                break


@rule(
    "unit-beyond-width",
    Severity.WARNING,
    "A unit's registers are above the host address width",
    xen="If no such address exists, VT-d setup fails and VT-d is off.",
    linux='If no such address exists, Linux prints that the unit "returns all ones" and uses no '
    "IOMMU.",
    advice="Update the firmware: the address or the width is wrong.",
    details="Neither Xen nor Linux checks the width. Report the addresses to the vendor.",
    source=f"VT-d 8.1 and 8.3; {_ALLOC}",
)
def beyond_width(facts: TableFacts) -> Iterator[Hit]:
    """Find units whose registers need more bits than addresses have."""
    if facts.table is None:
        return
    bits = facts.table.host_address_bits
    for offset, drhd in _units_with_address(facts):
        if _registers(drhd).end > 1 << bits:
            yield Hit(
                message=f"The registers at {span(_registers(drhd))} need more than {bits} bits.",
                subject=subject_of(drhd),
                evidence=(_base(facts, offset, drhd),),
            )


RULES: tuple[Rule, ...] = (
    without_address,
    unaligned,
    not_at_its_size,
    repeated,
    overlap,
    in_ram,
    beyond_width,
)
