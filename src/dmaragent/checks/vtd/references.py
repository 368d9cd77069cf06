"""Rules about structures that speak of others: ATSR of root ports, RHSA of units, ANDD of scopes."""

from collections.abc import Iterator

from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.model import Hit, Rule, Severity
from dmaragent.checks.common.rules import MOST_TOLD, rule
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.fields import field, name_evidence, scope_field
from dmaragent.checks.vtd.scope_entries import subject_of
from dmaragent.host.topology import PciFunction
from fwtables import ANDD, ATSR, DRHD, RHSA
from fwtables.dmar.constants import ScopeType

_UPDATE = "Update the firmware, and report it to the vendor."
_ANDD = "VT-d 8.7; Linux intel/dmar.c, "


@rule(
    "several-all-ports",
    Severity.CRITICAL,
    "Several ATSR structures of segment 0 have ALL_PORTS",
    xen="Xen switches VT-d off for the whole host (EINVAL): no device can be passed through.",
    linux="None: they say the same.",
    advice=f"{_UPDATE} Without that Xen passes nothing through.",
    source="VT-d 8.5; Xen vtd/dmar.c, acpi_parse_one_atsr; Linux intel/iommu.c, "
    "dmar_parse_one_atsr",
)
def several_all_ports(facts: TableFacts) -> Iterator[Hit]:
    """Find a second ATSR that speaks for all of segment 0."""
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
    "An ATSR names what is no root port",
    xen="Xen lets devices behind the bridges named there use ATS: behind this one there are "
    "none, or their root port is another.",
    linux="Linux looks for a device's root port in the ATSR, so that this entry never counts.",
    advice=f"{_UPDATE} Devices that should have an address translation cache work without.",
    source="VT-d 8.5; Xen vtd/dmar.c, acpi_find_matched_atsr_unit; Linux intel/iommu.c, "
    "dmar_find_matched_atsr_unit",
    needs=(Need.PCI,),
)
def atsr_not_root_port(facts: TableFacts) -> Iterator[Hit]:
    """Find what answers where an ATSR points and is no bridge, or is behind another."""
    ours = [
        entry
        for entry in facts.entries
        if isinstance(entry.structure, ATSR) and not entry.structure.all_ports
    ]
    if not ours:
        return  # most tables have none, and what is behind bridges is asked of every function
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
    """Return why `function` cannot be a root port; empty where it can."""
    if not function.is_bridge:
        return "is no bridge"
    if (function.sbdf.segment, function.sbdf.bus) in behind:
        return "is behind another bridge"
    return ""


@rule(
    "rhsa-without-unit",
    Severity.WARNING,
    "An RHSA is about a unit that the table does not have",
    xen="None: Xen keeps it, and never asks for it.",
    linux='Linux warns ("RHSA refers to non-existent DMAR unit"), taints the kernel and goes on.',
    advice="Nothing need be done: it is often a processor socket that is empty. Report it to the "
    "firmware's vendor.",
    source="VT-d 8.6; Xen vtd/dmar.c, drhd_to_rhsa; Linux intel/dmar.c, dmar_parse_one_rhsa",
)
def rhsa_without_unit(facts: TableFacts) -> Iterator[Hit]:
    """Find RHSA structures whose address is that of no DRHD."""
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
    "Two RHSA structures give a unit different NUMA nodes",
    xen="Xen takes the first: the unit's tables may lie in another node's memory, and be slower.",
    linux="Linux takes the last, with the same result.",
    advice=f"{_UPDATE} Nothing is refused for it.",
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
                message=f"{subject_of(rhsa)} gives proximity domain {domains[0]}, and again "
                f"{domains[1]}.",
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
    xen="None: Xen does not look at ACPI devices in scopes.",
    linux="Linux does not know which ACPI device is meant: in ACPI mode it has no unit.",
    advice=f"{_UPDATE} The device still works as a PCI function, if it is one.",
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
    xen="None: Xen does not look at ANDD structures.",
    linux='Linux warns ("No IOMMU scope found for ANDD enumeration ID"), and the ACPI device has '
    "no unit.",
    advice=f"{_UPDATE} The device still works as a PCI function, if it is one.",
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
                subject=subject_of(andd),
                evidence=(field(facts, offset, andd, "acpi_device_number", str(number)),),
            )


@rule(
    "andd-name-unterminated",
    Severity.CRITICAL,
    "The name in an ANDD does not end with a NUL",
    xen="None: Xen does not look at ANDD structures.",
    linux='Linux says "Your BIOS is broken; ANDD object name is not NUL-terminated", gives up on '
    "the whole table and uses no IOMMU.",
    advice=f"{_UPDATE} Without that Linux passes nothing through; Xen does.",
    source=f"{_ANDD}dmar_parse_one_andd",
)
def andd_unterminated(facts: TableFacts) -> Iterator[Hit]:
    """Find ANDD structures whose name fills them."""
    for offset, andd in facts.of(ANDD):
        name = andd.acpi_object_name
        if b"\0" not in name:
            shown = name_evidence(facts, offset, andd)
            yield Hit(
                message=f"The name of ACPI device {andd.acpi_device_number} is {len(name)} bytes, "
                "none of them NUL.",
                subject=subject_of(andd),
                evidence=(shown,),
            )


@rule(
    "andd-repeated",
    Severity.ERROR,
    "Two ANDD structures have the same number",
    xen="None: Xen does not look at ANDD structures.",
    linux="Linux ties both ACPI devices to the one scope entry. The second takes the place of "
    "another device of the unit; where none is free, the kernel stops at boot (BUG_ON).",
    advice=f"{_UPDATE} If Linux stops at boot, switch VT-d off in the firmware's setup.",
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
                message=f"ACPI device {number} is {earlier.name}, and again {andd.name}.",
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
