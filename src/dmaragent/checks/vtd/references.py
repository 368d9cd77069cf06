"""Rules about structures that refer to others: ATSR to root ports, RHSA to units, ANDD to scopes."""

from collections.abc import Iterator

from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Hit, Rule, Severity
from dmaragent.checks.common.rules import MOST_TOLD, rule
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.fields import field, name_evidence, scope_field
from dmaragent.checks.vtd.subjects import subject_of
from dmaragent.host.topology import PciFunction
from fwtables import ANDD, ATSR, DRHD, RHSA
from fwtables.dmar.constants import ScopeType

_UPDATE = "Update the firmware, and report it to the vendor."
_ANDD = "VT-d 8.7; Linux intel/dmar.c, "


@rule(
    "several-all-ports",
    Severity.CRITICAL,
    "Several ATSR structures of segment 0 have ALL_PORTS",
    xen="Xen switches VT-d off (EINVAL): no device can be passed through.",
    linux="No effect: they all mean the same.",
    advice=_UPDATE,
    source="VT-d 8.5; Xen vtd/dmar.c, acpi_parse_one_atsr; Linux intel/iommu.c, "
    "dmar_parse_one_atsr",
)
def several_all_ports(facts: TableFacts) -> Iterator[Hit]:
    """Find a second ATSR for all of segment 0."""
    all_ports = [
        located
        for located in facts.of(ATSR)
        if located[1].all_ports and not located[1].segment_number
    ]
    if len(all_ports) > 1:
        yield Hit(
            message=f"{len(all_ports)} ATSR structures of segment 0 have ALL_PORTS.",
            subject="segment 0x0",
            evidence=tuple(
                field(facts, offset, atsr, "flags", f"{atsr.flags:#x}: ALL_PORTS")
                for offset, atsr in all_ports[:MOST_TOLD]
            ),
        )


@rule(
    "atsr-not-root-port",
    Severity.WARNING,
    "An ATSR lists a device that is not a root port",
    xen="Xen allows ATS behind the listed bridges. Behind this one there is no device, or one with "
    "another root port.",
    linux="No effect: Linux looks only for the root port of a device.",
    advice=f"{_UPDATE} Until then devices that should use ATS work without it.",
    source="VT-d 8.5; Xen vtd/dmar.c, acpi_find_matched_atsr_unit; Linux intel/iommu.c, "
    "dmar_find_matched_atsr_unit",
    needs=(Need.PCI,),
)
def atsr_not_root_port(facts: TableFacts) -> Iterator[Hit]:
    """Find devices listed in an ATSR that are not bridges, or are behind another bridge."""
    ours = [
        entry
        for entry in facts.entries
        if isinstance(entry.structure, ATSR) and not entry.structure.all_ports
    ]
    if not ours:
        return  # most tables have none, and the buses behind bridges cost a pass over all functions
    behind = {
        (function.sbdf.segment, bus)
        for function in (facts.functions or {}).values()
        for bus in function.buses_behind
        if bus != function.sbdf.bus
    }
    for entry in ours:
        sbdf, function = entry.sbdf, entry.function
        why = "" if function is None else _no_root_port(function, behind)
        if why:
            name = str(sbdf)
            yield Hit(
                message=f"{name} {why}.",
                subject=name,
                device=sbdf,
                evidence=(scope_field(facts, entry, "start_bus_number", entry.written),),
            )


def _no_root_port(function: PciFunction, behind: set[tuple[int, int]]) -> str:
    """Return why `function` cannot be a root port; empty if it can."""
    if not function.is_bridge:
        return "is not a bridge"
    if (function.sbdf.segment, function.sbdf.bus) in behind:
        return "is behind another bridge"
    return ""


@rule(
    "rhsa-without-unit",
    Severity.WARNING,
    "An RHSA refers to a unit that the table does not have",
    xen="No effect: Xen keeps it and never uses it.",
    linux='Linux warns ("RHSA refers to non-existent DMAR unit"), taints the kernel and continues.',
    advice="No action needed: it is often an empty processor socket. Report it to the firmware's "
    "vendor.",
    source="VT-d 8.6; Xen vtd/dmar.c, drhd_to_rhsa; Linux intel/dmar.c, dmar_parse_one_rhsa",
)
def rhsa_without_unit(facts: TableFacts) -> Iterator[Hit]:
    """Find RHSA structures whose address no DRHD has."""
    bases = {drhd.register_base_address for _, drhd in facts.of(DRHD)}
    for offset, rhsa in facts.of(RHSA):
        base = rhsa.register_base_address
        if base not in bases:
            shown = field(facts, offset, rhsa, "register_base_address", f"{base:#x}")
            yield Hit(
                message=f"No DRHD has its registers at {base:#x}.",
                subject=subject_of(rhsa),
                evidence=(shown,),
            )


@rule(
    "rhsa-contradicts",
    Severity.WARNING,
    "Two RHSA structures assign a unit to different NUMA nodes",
    xen="Xen uses the first one. The unit's tables may be in another node's memory, which is "
    "slower.",
    linux="Linux uses the last one, with the same effect.",
    advice=f"{_UPDATE} Nothing is refused.",
    source="VT-d 8.6; Xen vtd/dmar.c, acpi_parse_one_rhsa and drhd_to_rhsa; Linux intel/dmar.c, "
    "dmar_parse_one_rhsa",
)
def rhsa_contradicts(facts: TableFacts) -> Iterator[Hit]:
    """Find RHSA structures of one unit with different proximity domains."""
    first: dict[int, tuple[int, RHSA]] = {}
    for offset, rhsa in facts.of(RHSA):
        at, earlier = first.setdefault(rhsa.register_base_address, (offset, rhsa))
        if earlier.proximity_domain != rhsa.proximity_domain:
            domains = earlier.proximity_domain, rhsa.proximity_domain
            yield Hit(
                message=f"{subject_of(rhsa)} has proximity domain {domains[0]} in one structure and "
                f"{domains[1]} in another.",
                subject=subject_of(rhsa),
                evidence=(
                    field(facts, at, earlier, "proximity_domain", str(domains[0])),
                    field(facts, offset, rhsa, "proximity_domain", str(domains[1])),
                ),
            )


@rule(
    "namespace-scope-without-andd",
    Severity.WARNING,
    "A scope names an ACPI device that no ANDD declares",
    xen="No effect: Xen ignores ACPI devices in scopes.",
    linux="Linux cannot find the ACPI device: in ACPI mode it has no unit.",
    advice=f"{_UPDATE} If the device is a PCI function, it still works as one.",
    source=f"{_ANDD}dmar_acpi_dev_scope_init",
)
def scope_without_andd(facts: TableFacts) -> Iterator[Hit]:
    """Find namespace scope entries whose number no ANDD has."""
    declared = {andd.acpi_device_number for _, andd in facts.of(ANDD)}
    for entry in facts.entries:
        number = entry.scope.enumeration_id
        if entry.scope.type == ScopeType.ACPI_NAMESPACE_DEVICE and number not in declared:
            owner = subject_of(entry.structure)
            yield Hit(
                message=f"{owner} names ACPI device {number}.",
                subject=f"{owner}, ACPI device {number}",
                evidence=(scope_field(facts, entry, "enumeration_id", str(number)),),
            )


@rule(
    "andd-unused",
    Severity.WARNING,
    "An ANDD declares an ACPI device that no unit's scope names",
    xen="No effect: Xen ignores ANDD structures.",
    linux='Linux warns ("No IOMMU scope found for ANDD enumeration ID"), and the ACPI device has no '
    "unit.",
    advice=f"{_UPDATE} If the device is a PCI function, it still works as one.",
    source=f"{_ANDD}dmar_acpi_insert_dev_scope",
)
def andd_unused(facts: TableFacts) -> Iterator[Hit]:
    """Find ANDD structures whose number no DRHD scope has."""
    named = {
        entry.scope.enumeration_id
        for entry in facts.entries
        if isinstance(entry.structure, DRHD) and entry.scope.type == ScopeType.ACPI_NAMESPACE_DEVICE
    }
    for offset, andd in facts.of(ANDD):
        number = andd.acpi_device_number
        if number not in named:
            yield Hit(
                message=f"No DRHD's scope names ACPI device {number} ({andd.name}).",
                brief=f"No DRHD's scope names ACPI device {number}.",
                subject=subject_of(andd),
                evidence=(field(facts, offset, andd, "acpi_device_number", str(number)),),
            )


@rule(
    "andd-name-unterminated",
    Severity.CRITICAL,
    "The name in an ANDD does not end with a NUL",
    xen="No effect: Xen ignores ANDD structures.",
    linux='Linux prints "Your BIOS is broken; ANDD object name is not NUL-terminated", rejects the '
    "whole table and uses no IOMMU.",
    advice="Update the firmware. Until then only Xen passes devices through.",
    source=f"{_ANDD}dmar_parse_one_andd",
)
def andd_unterminated(facts: TableFacts) -> Iterator[Hit]:
    """Find ANDD structures whose name has no NUL."""
    for offset, andd in facts.of(ANDD):
        name = andd.acpi_object_name
        if b"\0" not in name:
            shown = name_evidence(facts, offset, andd)
            yield Hit(
                message=f"The name of ACPI device {andd.acpi_device_number} has {len(name)} bytes and no "
                "NUL.",
                subject=subject_of(andd),
                evidence=(shown,),
            )


@rule(
    "andd-repeated",
    Severity.ERROR,
    "Two ANDD structures have the same number",
    xen="No effect: Xen ignores ANDD structures.",
    linux="Linux ties both ACPI devices to one scope entry: the second replaces another device of the "
    "unit. If none is free, boot stops (BUG_ON).",
    advice="Update the firmware. If Linux stops at boot, turn VT-d off in the firmware setup.",
    details="Report it to the vendor.",
    source=f"{_ANDD}dmar_acpi_insert_dev_scope",
)
def andd_repeated(facts: TableFacts) -> Iterator[Hit]:
    """Find ANDD structures that share a number."""
    first: dict[int, tuple[int, ANDD]] = {}
    for offset, andd in facts.of(ANDD):
        number = andd.acpi_device_number
        at, earlier = first.setdefault(number, (offset, andd))
        if at != offset:
            yield Hit(
                message=f"ACPI device {number} is {earlier.name} and also {andd.name}.",
                brief=f"Two ACPI devices have the number {number}.",
                subject=f"{subject_of(andd)}: {earlier.name}, {andd.name}",
                evidence=(
                    field(facts, at, earlier, "acpi_device_number", str(number)),
                    field(facts, offset, andd, "acpi_device_number", str(number)),
                ),
            )


RULES: tuple[Rule, ...] = (
    several_all_ports,
    atsr_not_root_port,
    rhsa_without_unit,
    rhsa_contradicts,
    scope_without_andd,
    andd_unused,
    andd_unterminated,
    andd_repeated,
)
