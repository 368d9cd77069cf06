"""Rules about the table as a whole: its address width, its flags, what kinds of structure it has."""

from collections.abc import Iterator
from itertools import pairwise

from dmaragent.checks.common.model import Hit, Rule, Severity
from dmaragent.checks.common.rules import evidence, rule
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.fields import field, header_field
from dmaragent.checks.vtd.scope_entries import subject_of
from dmaragent.readings import Missing
from fwtables import DRHD, RHSA, UnknownStructure
from fwtables.dmar.constants import DmarFlag, StructureType

_LEAST_WIDTH = 12
"""Bits: Linux takes no table whose addresses do not fill a page (PAGE_SHIFT)."""
_MOST_WIDTH = 52
"""Bits: no x86 processor has wider physical addresses (CPUID 80000008h, MAXPHYADDR)."""
_XEN_OFF = "Xen switches VT-d off for the whole host"
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
    "The host address width cannot be",
    xen=f"{_XEN_OFF} where the field is 0 (EINVAL), and takes any other width as it is.",
    linux='Linux refuses the table ("Invalid DMAR haw") and uses no IOMMU.',
    advice="Update the firmware. Without that nothing can be passed through.",
    source="VT-d 8.1; Xen vtd/dmar.c, acpi_parse_dmar; Linux intel/dmar.c, parse_dmar_table",
)
def width_too_small(facts: TableFacts) -> Iterator[Hit]:
    """Find a table whose addresses have too few bits."""
    if facts.table is None or facts.table.host_address_bits >= _LEAST_WIDTH:
        return
    bits = facts.table.host_address_bits
    hit = _width_hit(facts, f"The table says that addresses have {bits} bits.", bits)
    yield hit if bits == 1 else hit._replace(xen="None: Xen refuses only a field of 0.")


@rule(
    "address-width-too-large",
    Severity.WARNING,
    "The host address width is more than any processor has",
    xen="None: Xen only prints it.",
    linux="None: Linux only prints it.",
    advice="Nothing need be done; report it to the firmware's vendor.",
    source="VT-d 8.1; Xen vtd/dmar.c, acpi_parse_dmar; Linux intel/dmar.c, parse_dmar_table",
)
def width_too_large(facts: TableFacts) -> Iterator[Hit]:
    """Find a table whose addresses have more bits than there are."""
    if facts.table is not None and facts.table.host_address_bits > _MOST_WIDTH:
        bits = facts.table.host_address_bits
        yield _width_hit(facts, f"The table says {bits} bits; no processor has over 52.", bits)


@rule(
    "no-interrupt-remapping",
    Severity.INFO,
    "The firmware does not offer interrupt remapping",
    xen="Xen passes devices through all the same, but a guest can then raise any interrupt on "
    "the host; and Xen does not use x2APIC mode.",
    linux='VFIO refuses to give out devices ("No interrupt remapping support") unless '
    "allow_unsafe_interrupts is set.",
    advice="Look for interrupt remapping, or X2APIC, beside VT-d in the firmware's setup. "
    "allow_unsafe_interrupts=1 of vfio_iommu_type1 is for guests that you trust only.",
    source=f"{_FLAGS}intel/dmar.c, dmar_ir_support; vfio/vfio_iommu_type1.c",
)
def no_interrupt_remapping(facts: TableFacts) -> Iterator[Hit]:
    """Find a table without the flag INTR_REMAP."""
    if facts.table is not None and not facts.table.flags & DmarFlag.INTR_REMAP:
        yield Hit(
            message="The flag INTR_REMAP is not set: interrupts of devices are not checked.",
            subject="INTR_REMAP",
            evidence=(header_field(facts, "flags", f"{facts.table.flags:#x}: no INTR_REMAP"),),
        )


@rule(
    "x2apic-opt-out-alone",
    Severity.INFO,
    "The firmware opts out of x2APIC mode, which it could not have",
    xen="None: without INTR_REMAP Xen does not use x2APIC mode anyway.",
    linux="None: without INTR_REMAP Linux does not use x2APIC mode on bare hardware anyway.",
    advice="Nothing need be done.",
    source=f"{_FLAGS}intel/irq_remapping.c, dmar_x2apic_optout",
)
def x2apic_opt_out_alone(facts: TableFacts) -> Iterator[Hit]:
    """Find X2APIC_OPT_OUT without the flag that gives it a meaning."""
    if facts.table is None:
        return
    both = DmarFlag.INTR_REMAP | DmarFlag.X2APIC_OPT_OUT
    if facts.table.flags & both == DmarFlag.X2APIC_OPT_OUT:
        value = f"{facts.table.flags:#x}: X2APIC_OPT_OUT, no INTR_REMAP"
        yield Hit(
            message="X2APIC_OPT_OUT is set without INTR_REMAP, where it has no meaning.",
            subject="X2APIC_OPT_OUT",
            evidence=(header_field(facts, "flags", value),),
        )


@rule(
    "several-tables",
    Severity.WARNING,
    "The host shows more than one DMAR table",
    xen="Xen reads the first it finds, and renames that one alone.",
    linux="Linux reads the first it finds.",
    advice="Find out where the others come from: an override in the initrd, or the firmware. "
    "What is said here is of the first alone.",
    source="Xen vtd/dmar.c, acpi_dmar_init; Linux intel/dmar.c, dmar_table_detect",
)
def several_tables(facts: TableFacts) -> Iterator[Hit]:
    """Find tables besides the one in effect."""
    reading = facts.inventory.host.reading
    first = "" if reading is None else reading.name
    for other in facts.inventory.host.other_tables:
        size = "unread" if isinstance(other.content, Missing) else f"{len(other.content)} bytes"
        yield Hit(
            message=f"Beside {first} there is {other.name} ({size}).",
            subject=other.name,
            evidence=(evidence(facts, 0, 8, "DMAR signature, length", first),),
        )


@rule(
    "renamed-by-xen",
    Severity.INFO,
    "Xen has renamed the table, so that dom0's Linux does not see it",
    xen="This is Xen's doing: it keeps VT-d to itself.",
    linux="The Linux of dom0 finds no DMAR table, and has no IOMMU groups.",
    advice="Nothing need be done. Other tools look for DMAR and find nothing: point them at a "
    "copy whose first four bytes are DMAR.",
    source="Xen vtd/dmar.c, acpi_dmar_zap (RMAD from 4.6 on, XMAR up to 4.5)",
)
def renamed_by_xen(facts: TableFacts) -> Iterator[Hit]:
    """Find the name that Xen gives the table."""
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
    xen="Xen switches VT-d off for the whole host (ENODEV): it has nothing to drive, and no device "
    "can be passed through.",
    linux='Linux says "No DRHD structure found in DMAR table" and uses no IOMMU, where no damage '
    "stops it before.",
    advice="Update the firmware. Where the table is damaged as well, mend that first: the units "
    "may stand in what could not be read.",
    source="VT-d 8.3; Xen vtd/iommu.c, vtd_setup; Linux intel/dmar.c, parse_dmar_table",
)
def no_unit(facts: TableFacts) -> Iterator[Hit]:
    """Find a table without a DRHD structure, readable or not."""
    if facts.table is None:
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
    "A structure is of a type that VT-d 4.1 does not have",
    xen="None: Xen skips it.",
    linux="None: Linux skips it.",
    advice="Nothing need be done: newer firmware may have newer structures. Look for a newer "
    "dmaragent.",
    source="VT-d 8.2; Xen vtd/dmar.c, acpi_parse_dmar; Linux intel/dmar.c, "
    "dmar_walk_remapping_entries",
)
def unknown_structure(facts: TableFacts) -> Iterator[Hit]:
    """Find structures of unknown types."""
    for offset, structure in facts.of(UnknownStructure):
        if structure.type not in set(StructureType):
            yield Hit(
                message=f"A structure of type {structure.type} ({4 + len(structure.body)} bytes).",
                subject=subject_of(structure),
                evidence=(field(facts, offset, structure, "type", str(structure.type)),),
            )


@rule(
    "structure-order",
    Severity.INFO,
    "The structures are not in the order of their types",
    xen="None: Xen takes them in any order.",
    linux="None: Linux takes all but an RHSA in any order.",
    advice="Nothing need be done; report it to the firmware's vendor.",
    source="VT-d 8.2; Linux intel/dmar.c, dmar_parse_one_rhsa",
)
def structure_order(facts: TableFacts) -> Iterator[Hit]:
    """Find where a structure is of a lower type than the one before it."""
    for (_, before), (offset, structure) in pairwise(facts.structures):
        kind, last = _kind(structure), _kind(before)
        if kind < last:
            yield Hit(
                message=f"{subject_of(structure)} (type {kind}) stands after one of type {last}.",
                subject=subject_of(structure),
                evidence=(field(facts, offset, structure, "type", str(kind)),),
            )
    units = {drhd.register_base_address: offset for offset, drhd in facts.of(DRHD)}
    for offset, rhsa in facts.of(RHSA):
        if units.get(rhsa.register_base_address, 0) > offset:
            yield _early_rhsa_hit(facts, offset, rhsa)


def _early_rhsa_hit(facts: TableFacts, offset: int, structure: RHSA) -> Hit:
    """Return the hit of an RHSA before its unit: Linux meets it before it knows the unit."""
    base = structure.register_base_address
    return Hit(
        message=f"{subject_of(structure)} stands before the DRHD that it is about.",
        subject=subject_of(structure),
        evidence=(field(facts, offset, structure, "register_base_address", f"{base:#x}"),),
        linux='Linux does not know the unit yet: it says "RHSA refers to non-existent DMAR '
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
    several_tables,
    renamed_by_xen,
    no_unit,
    unknown_structure,
    structure_order,
)
