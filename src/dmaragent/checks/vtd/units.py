"""Rules about the registers of remapping units: where they are, and that they are one unit's alone."""

from collections.abc import Iterator

from dmaragent.addresses import PAGE, AddressRange, span
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.fields import field
from dmaragent.checks.vtd.scope_entries import subject_of
from dmaragent.host.memory_map import MemoryType
from fwtables import DRHD

_ALL_ONES = 0xFFFF_FFFF_FFFF_FFFF
_UPDATE = "Update the firmware, and report it to the vendor with the addresses shown."
_ALLOC = "Xen vtd/iommu.c, iommu_alloc; Linux intel/dmar.c, map_iommu"
_BUSY = (
    'Linux cannot reserve the addresses for the unit ("Can\'t reserve memory"), gives up on the '
    "whole table and uses no IOMMU."
)


def _base(facts: TableFacts, offset: int, drhd: DRHD) -> Evidence:
    value = f"{drhd.register_base_address:#x}"
    return field(facts, offset, drhd, "register_base_address", value)


def _registers(drhd: DRHD) -> AddressRange:
    start = drhd.register_base_address
    return AddressRange(start, start + drhd.register_set_size)


def _units_with_address(facts: TableFacts) -> Iterator[tuple[int, DRHD]]:
    """Yield the units that have an address at all."""
    for offset, drhd in facts.of(DRHD):
        if drhd.register_base_address not in (0, _ALL_ONES):
            yield offset, drhd


@rule(
    "unit-without-address",
    Severity.CRITICAL,
    "A remapping unit has no register address",
    xen="Xen switches VT-d off for the whole host (ENODEV) and looks for an AMD IOMMU instead: "
    "no device can be passed through.",
    linux='Linux refuses the table and uses no IOMMU; of an address of 0 it says "Your BIOS is '
    'broken; DMAR reported at address 0!".',
    advice="Look whether VT-d is on in the firmware's setup, and whether the processor has VT-d "
    "at all: some firmware leaves the table in without it. Else update the firmware.",
    source="VT-d 8.3; Xen vtd/dmar.c, acpi_parse_one_drhd; Linux intel/dmar.c, "
    "dmar_validate_one_drhd",
)
def without_address(facts: TableFacts) -> Iterator[Hit]:
    """Find units whose address is 0 or all ones."""
    for offset, drhd in facts.of(DRHD):
        if drhd.register_base_address in (0, _ALL_ONES):
            yield Hit(
                message=f"The DRHD of segment {drhd.segment_number:#x} has its registers at "
                f"{drhd.register_base_address:#x}.",
                subject=subject_of(drhd),
                evidence=(_base(facts, offset, drhd),),
            )


@rule(
    "unit-unaligned",
    Severity.ERROR,
    "A unit's registers do not begin at a page",
    xen="Xen reads registers at the wrong place: it fails to set VT-d up, or drives something "
    "else. What happens is not predicted.",
    linux="Linux reads registers at the wrong place too: it gives up on the unit, or drives "
    "something else.",
    advice=_UPDATE,
    source=f"VT-d 8.3 and chapter 11 (registers are 4 KiB aligned); {_ALLOC}",
)
def unaligned(facts: TableFacts) -> Iterator[Hit]:
    """Find units whose address is not of a page."""
    for offset, drhd in _units_with_address(facts):
        if drhd.register_base_address % PAGE:
            yield Hit(
                message=f"{subject_of(drhd)} is {drhd.register_base_address % PAGE:#x} bytes into a "
                "page of 4 KiB.",
                subject=subject_of(drhd),
                evidence=(_base(facts, offset, drhd),),
            )


@rule(
    "unit-not-at-its-size",
    Severity.INFO,
    "A unit's registers do not begin at a multiple of their size",
    xen="None: Xen does not look at the size.",
    linux="None by itself; it is not how hardware places registers, so that the size or the "
    "address may be wrong.",
    advice="Nothing need be done while VT-d works; report it to the firmware's vendor.",
    source=f"VT-d 8.3 asks for whole pages alone: that it is a fault is our guess; {_ALLOC}",
)
def not_at_its_size(facts: TableFacts) -> Iterator[Hit]:
    """Find units of several pages that begin at a page, but at no multiple of their size."""
    for offset, drhd in _units_with_address(facts):
        base, size = drhd.register_base_address, drhd.register_set_size
        if base % PAGE == 0 and base % size:
            yield Hit(
                message=f"{subject_of(drhd)} has {size:#x} bytes of registers.",
                subject=subject_of(drhd),
                evidence=(
                    _base(facts, offset, drhd),
                    field(facts, offset, drhd, "size", f"{size:#x} bytes"),
                ),
            )


@rule(
    "unit-repeated",
    Severity.ERROR,
    "Two DRHD structures are of the same unit",
    xen="Xen drives the unit twice, as two: what it does with the devices of the two scopes is "
    "not predicted.",
    linux="Linux leaves the second out, with the devices that its scope names.",
    advice=_UPDATE,
    source=f"VT-d 8.3; Linux intel/dmar.c, dmar_find_dmaru; {_ALLOC}",
)
def repeated(facts: TableFacts) -> Iterator[Hit]:
    """Find units at the same address, each beside the first there."""
    seen: dict[int, tuple[int, DRHD]] = {}
    for later, second in _units_with_address(facts):
        offset, first = seen.setdefault(second.register_base_address, (later, second))
        if offset != later:
            segments = first.segment_number, second.segment_number
            yield Hit(
                message=f"{subject_of(first)} stands at offset {offset:#x} (segment "
                f"{segments[0]:#x}) and again at {later:#x} (segment {segments[1]:#x}).",
                subject=subject_of(first),
                evidence=(_base(facts, offset, first), _base(facts, later, second)),
                linux="" if segments[0] == segments[1] else _BUSY,
            )


@rule(
    "units-overlap",
    Severity.CRITICAL,
    "The registers of two units overlap",
    xen="Xen does not check this, and maps a page of each: what it makes of it is not predicted.",
    linux=f"{_BUSY} Linux 6.3, at least, and newer goes by the size; older ones by one page.",
    advice=_UPDATE,
    source=f"VT-d 8.3; {_ALLOC}",
)
def overlap(facts: TableFacts) -> Iterator[Hit]:
    """Find units whose registers reach into the next one's, by address."""
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
    "A unit's registers lie in RAM",
    xen="Xen reads RAM as registers: it fails to set VT-d up, or uses what is no unit. What "
    "happens is not predicted.",
    linux=_BUSY,
    advice=_UPDATE,
    source=f"VT-d 8.3; {_ALLOC}",
    needs=(Need.MEMORY_MAP,),
)
def in_ram(facts: TableFacts) -> Iterator[Hit]:
    """Find units whose registers overlap what the memory map calls RAM."""
    for offset, drhd in _units_with_address(facts):
        entries = facts.memory_map.within(_registers(drhd)) if facts.memory_map else ()
        for entry in entries:
            if entry.type is MemoryType.RAM:
                yield Hit(
                    message=f"The registers at {span(_registers(drhd))} lie in "
                    f"{span(entry.range)}, which the memory map calls {entry.words}.",
                    subject=subject_of(drhd),
                    evidence=(_base(facts, offset, drhd),),
                )
                break


@rule(
    "unit-beyond-width",
    Severity.WARNING,
    "A unit's registers lie above the host address width",
    xen="None of the width: Xen does not check it. If no such address exists, VT-d cannot be set "
    "up, and is off.",
    linux="None of the width: Linux does not check it. If no such address exists, it says that "
    'the unit "returns all ones", and uses no IOMMU.',
    advice=f"One of the two is wrong, the address or the width. {_UPDATE}",
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
                message=f"The registers at {span(_registers(drhd))} are not within {bits} bits.",
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
