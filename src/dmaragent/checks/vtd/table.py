"""Rules about the table as a whole: its address width, its flags, its kinds of structure."""

from collections.abc import Iterator
from itertools import pairwise

from dmaragent.checks.common.damage import may_hold_more
from dmaragent.checks.common.model import Hit, Rule, Severity
from dmaragent.checks.common.rules import evidence, rule
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.fields import field, header_field
from dmaragent.checks.vtd.subjects import subject_of
from dmaragent.readings import Missing
from fwtables import DRHD, RHSA, UnknownStructure
from fwtables.dmar.constants import DmarFlag, StructureType

_LEAST_WIDTH = 12
"""Bits: Linux rejects a table whose addresses do not fill a page (PAGE_SHIFT)."""
_MOST_WIDTH = 52
"""Bits: no x86 processor has wider physical addresses (CPUID 80000008h, MAXPHYADDR)."""
_FLAGS = "VT-d 8.1; Xen vtd/dmar.c, platform_supports_intremap and platform_supports_x2apic; Linux "


def _width_hit(facts: TableFacts, message: str, bits: int) -> Hit:
    return Hit(
        message=message,
        subject=f"host address width {bits}",
        evidence=(header_field(facts, "host_address_width", f"{bits} bits"),),
    )


@rule(
    "address-width-too-small",
    Severity.CRITICAL,
    "Impossible host address width",
    xen="If the field is 0, Xen switches VT-d off for the whole host (EINVAL). It accepts any other "
    "width.",
    linux='Linux rejects the table ("Invalid DMAR haw") and uses no IOMMU.',
    advice="Update the firmware. Until then Linux passes no device through, nor does Xen if the field "
    "is 0.",
    source="VT-d 8.1; Xen vtd/dmar.c, acpi_parse_dmar; Linux intel/dmar.c, parse_dmar_table",
)
def width_too_small(facts: TableFacts) -> Iterator[Hit]:
    """Find a table whose addresses have too few bits."""
    if facts.table is None or facts.table.host_address_bits >= _LEAST_WIDTH:
        return
    bits = facts.table.host_address_bits
    number = f"{bits} bit" if bits == 1 else f"{bits} bits"
    message = f"The host address width is {number}; Linux accepts 12 and more."
    hit = _width_hit(facts, message, bits)
    yield hit if bits == 1 else hit._replace(xen="No effect: Xen rejects only a field of 0.")


@rule(
    "address-width-too-large",
    Severity.WARNING,
    "The host address width is larger than that of any processor",
    xen="No effect: Xen only prints it.",
    linux="No effect: Linux only prints it.",
    advice="No action needed. Report it to the firmware's vendor.",
    source="VT-d 8.1; Xen vtd/dmar.c, acpi_parse_dmar; Linux intel/dmar.c, parse_dmar_table",
)
def width_too_large(facts: TableFacts) -> Iterator[Hit]:
    """Find a table whose addresses have more bits than there are."""
    if facts.table is not None and facts.table.host_address_bits > _MOST_WIDTH:
        bits = facts.table.host_address_bits
        message = f"The host address width is {bits} bits; no processor has more than 52."
        yield _width_hit(facts, message, bits)


@rule(
    "no-interrupt-remapping",
    Severity.INFO,
    "The firmware does not offer interrupt remapping",
    xen="Passthrough works, but a guest can raise any interrupt on the host.",
    linux='VFIO refuses devices ("No interrupt remapping support") unless allow_unsafe_interrupts is '
    "set.",
    advice="Turn on interrupt remapping, or X2APIC, in the firmware setup. Set "
    "allow_unsafe_interrupts=1 only if you trust all guests.",
    details="Interrupts of devices are not checked. Xen also does not use x2APIC mode. The setting is "
    "usually beside VT-d. allow_unsafe_interrupts is a parameter of the module "
    "vfio_iommu_type1.",
    source=f"{_FLAGS}intel/dmar.c, dmar_ir_support; vfio/vfio_iommu_type1.c",
)
def no_interrupt_remapping(facts: TableFacts) -> Iterator[Hit]:
    """Find a table without the flag INTR_REMAP."""
    if facts.table is not None and not facts.table.flags & DmarFlag.INTR_REMAP:
        yield Hit(
            message="The flag INTR_REMAP is not set.",
            subject="INTR_REMAP",
            evidence=(header_field(facts, "flags", f"{facts.table.flags:#x}: no INTR_REMAP"),),
        )


@rule(
    "x2apic-opt-out-alone",
    Severity.INFO,
    "The firmware opts out of x2APIC mode, but does not offer interrupt remapping",
    xen="No effect: without INTR_REMAP, Xen does not use x2APIC mode.",
    linux="No effect: without INTR_REMAP, Linux on bare hardware does not use it.",
    advice="No action needed.",
    source=f"{_FLAGS}intel/irq_remapping.c, dmar_x2apic_optout",
)
def x2apic_opt_out_alone(facts: TableFacts) -> Iterator[Hit]:
    """Find X2APIC_OPT_OUT without INTR_REMAP, which gives it a meaning."""
    if facts.table is None:
        return
    both = DmarFlag.INTR_REMAP | DmarFlag.X2APIC_OPT_OUT
    if facts.table.flags & both == DmarFlag.X2APIC_OPT_OUT:
        value = f"{facts.table.flags:#x}: X2APIC_OPT_OUT, no INTR_REMAP"
        yield Hit(
            message="X2APIC_OPT_OUT is set, but has no meaning without INTR_REMAP.",
            subject="X2APIC_OPT_OUT",
            evidence=(header_field(facts, "flags", value),),
        )


@rule(
    "remap-opt-out",
    Severity.WARNING,
    "The firmware switches DMA remapping off for Linux",
    xen="No effect: Xen does not read the flag.",
    linux="Linux 7.3 and later use no IOMMU, whatever the kernel's options. Older releases do not "
    "read the flag.",
    advice="Look for VT-d or DMA protection in the firmware setup, or update the firmware, before "
    "you boot Linux 7.3 or later.",
    details="The flag is REMAP_OPT_OUT, bit 3. It was read in Linux 7.3-rc7.",
    source="Linux intel/dmar.c, detect_intel_iommu; include/linux/dmar.h, DMAR_REMAP_OPT_OUT",
)
def remap_opt_out(facts: TableFacts) -> Iterator[Hit]:
    """Find a table with the flag REMAP_OPT_OUT."""
    if facts.table is not None and facts.table.flags & DmarFlag.REMAP_OPT_OUT:
        yield Hit(
            message="The flag REMAP_OPT_OUT is set.",
            subject="REMAP_OPT_OUT",
            evidence=(header_field(facts, "flags", f"{facts.table.flags:#x}: REMAP_OPT_OUT"),),
        )


@rule(
    "several-tables",
    Severity.WARNING,
    "The host has more than one DMAR table",
    xen="Xen reads only the first one that it finds, and renames only that one.",
    linux="Linux reads only the first one that it finds.",
    advice="Find out where the others come from: an override in the initrd, or the firmware. These "
    "findings are about the first table only.",
    source="Xen vtd/dmar.c, acpi_dmar_init; Linux intel/dmar.c, dmar_table_detect",
)
def several_tables(facts: TableFacts) -> Iterator[Hit]:
    """Find tables besides the one in effect."""
    reading = facts.inventory.host.reading
    first = "" if reading is None else reading.name
    for other in facts.inventory.host.other_tables:
        size = "unread" if isinstance(other.content, Missing) else f"{len(other.content)} bytes"
        yield Hit(
            message=f"Besides {first} there is {other.name} ({size}).",
            subject=other.name,
            evidence=(evidence(facts, 0, 8, "DMAR signature, length", first),),
        )


@rule(
    "renamed-by-xen",
    Severity.INFO,
    "Xen has renamed the table to hide it from dom0's Linux",
    xen="Xen renamed it because it keeps VT-d for itself.",
    linux="dom0's Linux finds no DMAR table and has no IOMMU groups.",
    advice="No action needed. For other tools that look for DMAR, make a copy whose first four bytes "
    "are DMAR.",
    source="Xen vtd/dmar.c, acpi_dmar_zap (RMAD from 4.6 on, XMAR up to 4.5)",
)
def renamed_by_xen(facts: TableFacts) -> Iterator[Hit]:
    """Find a table with the signature that Xen writes."""
    if facts.table is not None and facts.table.signature != b"DMAR":
        name = facts.table.signature.decode("ascii")
        yield Hit(
            message=f"The table's signature is {name}.",
            subject=name,
            evidence=(header_field(facts, "signature", name),),
        )


@rule(
    "no-unit",
    Severity.CRITICAL,
    "The table has no remapping unit",
    xen="Xen switches VT-d off (ENODEV): no device can be passed through.",
    linux='Linux prints "No DRHD structure found in DMAR table" and uses no IOMMU.',
    advice="Update the firmware.",
    details="If the table is damaged, Linux may stop at the damage before it prints this. If a unit may "
    "be in a part that could not be read, this is not reported.",
    source="VT-d 8.3; Xen vtd/iommu.c, vtd_setup; Linux intel/dmar.c, parse_dmar_table",
)
def no_unit(facts: TableFacts) -> Iterator[Hit]:
    """Find a table without a DRHD structure, readable or not, that has no undecoded end."""
    if facts.table is None or may_hold_more(facts):
        return
    kinds = [_kind(structure) for _, structure in facts.structures]
    if StructureType.DRHD not in kinds:
        structures = "1 structure" if len(kinds) == 1 else f"{len(kinds)} structures"
        structures_words = f"{structures}, none of which is a DRHD" if kinds else "no structures"
        yield Hit(
            message=f"The table has {structures_words}.",
            subject="DRHD",
            evidence=(header_field(facts, "length", f"{facts.table.length} bytes"),),
        )


@rule(
    "unknown-structure",
    Severity.INFO,
    "A structure has a type that VT-d 4.1 does not define",
    xen="No effect: Xen skips it.",
    linux="No effect: Linux skips it.",
    advice="No action needed: newer firmware can have newer "
    "structures. Look for a newer dmaragent.",
    source="VT-d 8.2; Xen vtd/dmar.c, acpi_parse_dmar; Linux intel/dmar.c, "
    "dmar_walk_remapping_entries",
)
def unknown_structure(facts: TableFacts) -> Iterator[Hit]:
    """Find structures of unknown types."""
    for offset, structure in facts.of(UnknownStructure):
        if structure.type not in set(StructureType):
            yield Hit(
                message=f"A structure ({4 + len(structure.body)} bytes) has type {structure.type}.",
                subject=subject_of(structure),
                evidence=(field(facts, offset, structure, "type", str(structure.type)),),
            )


@rule(
    "structure-order",
    Severity.INFO,
    "The structures are not in the order of their types",
    xen="No effect: any order is accepted.",
    linux="No effect, unless an RHSA is before its unit: any order is accepted.",
    advice="No action needed. Report it to the firmware's vendor.",
    source="VT-d 8.2; Linux intel/dmar.c, dmar_parse_one_rhsa",
)
def structure_order(facts: TableFacts) -> Iterator[Hit]:
    """Find structures with a lower type than the one before."""
    for (_, before), (offset, structure) in pairwise(facts.structures):
        kind, last = _kind(structure), _kind(before)
        if kind < last:
            yield Hit(
                message=f"{subject_of(structure)} (type {kind}) is after a structure of type {last}.",
                subject=subject_of(structure),
                evidence=(field(facts, offset, structure, "type", str(kind)),),
            )
    units = {drhd.register_base_address: offset for offset, drhd in facts.of(DRHD)}
    for offset, rhsa in facts.of(RHSA):
        if units.get(rhsa.register_base_address, 0) > offset:
            yield _early_rhsa_hit(facts, offset, rhsa)


def _early_rhsa_hit(facts: TableFacts, offset: int, structure: RHSA) -> Hit:
    """Return the hit of an RHSA before its unit: Linux reads it before it knows the unit."""
    base = structure.register_base_address
    return Hit(
        message=f"{subject_of(structure)} is before the DRHD that it is about.",
        subject=subject_of(structure),
        evidence=(field(facts, offset, structure, "register_base_address", f"{base:#x}"),),
        linux='Linux does not know the unit yet: it prints "RHSA refers to non-existent DMAR '
        'unit", and the unit has no NUMA node.',
    )


def _kind(structure: object) -> int:
    """Return a structure's type as a number."""
    if isinstance(structure, UnknownStructure):
        return structure.type
    return int(getattr(structure, "TYPE", 0))


RULES: tuple[Rule, ...] = (
    width_too_small,
    width_too_large,
    no_interrupt_remapping,
    x2apic_opt_out_alone,
    remap_opt_out,
    several_tables,
    renamed_by_xen,
    no_unit,
    unknown_structure,
    structure_order,
)
