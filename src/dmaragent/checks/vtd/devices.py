"""Rules about the devices that scopes lead to on this host: absent ones, bridges, start buses."""

from collections.abc import Iterator

from dmaragent.addresses import SBDF
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.findings import region_hit
from dmaragent.checks.common.model import Hit, Severity
from dmaragent.checks.common.rules import MOST_TOLD, numbers, rule, some
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.fields import entry_evidence, entry_hit, scope_evidence
from dmaragent.checks.vtd.subjects import PCI_SCOPES, ScopeEntry
from dmaragent.checks.vtd.xen_registration import Registered, registered
from dmaragent.host.topology import PciFunction, Presence
from dmaragent.inventory import Region
from dmaragent.linux.regions import takes
from dmaragent.linux.view import LinuxState
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.behaviour import looking_releases
from fwtables import ATSR, DRHD, SIDP
from fwtables.dmar.constants import ScopeType

_PARSE = "Xen vtd/dmar.c, acpi_parse_dev_scope"
_INSERT = "Linux intel/dmar.c, dmar_insert_dev_scope"
_PATH = "Linux intel/dmar.c, dmar_match_pci_path"
_REGISTER = "Xen vtd/dmar.c, register_one_rmrr"


def _has_no_address(entry: ScopeEntry) -> bool:
    """Return whether the path leads through a device that is not a bridge: it has no address."""
    return entry.absent and entry.sbdf is None


def _all_absent(scope: tuple[ScopeEntry, ...]) -> bool:
    counted = [entry for entry in scope if entry.counted]
    return bool(counted) and all(entry.absent for entry in counted)


def _releases_words(release: Release | None = None) -> str:
    """Return which releases list a region without devices, of all or of those that may run."""
    ignoring, others = looking_releases(release)
    rest = "The other releases ignore it." if release is None else f"{ignoring} ignore it."
    return f"{others} list it: strategy=host reserves it in every guest. {rest}"


@rule(
    "rmrr-devices-absent",
    Severity.INFO,
    "None of a region's devices is present",
    xen=_releases_words(),
    linux="Linux applies the region to no device.",
    advice="No action needed if the device is hidden or off in the firmware setup.",
    details="Much firmware describes every device that a board can have.",
    source=_REGISTER,
    needs=[Need.PCI],
)
def all_absent(facts: TableFacts) -> Iterator[Hit]:
    """Find regions without a present device; segments without functions have their own rule."""
    for region, scope in facts.region_scopes:
        if not _all_absent(scope) or region.segment not in facts.segments:
            continue
        shown = scope_evidence(facts, scope)
        names = [entry.device_words for entry in scope]
        none = "which is not present" if len(names) == 1 else "none of which is present"
        yield region_hit(
            region,
            f"names {some(names)}, {none}.",
            shown,
            xen=_listing_words(facts, region),
            brief=f"names {names[0] if len(names) == 1 else f'{len(names)} devices'}, {none}.",
        )


def _listing_words(facts: TableFacts, region: Region) -> str:
    """Return whether Xen lists a region without devices, or which points of its release do."""
    if region.xen.listed is None:
        open_point = registered(facts, region) is Registered.BY_RELEASE
        return _releases_words(facts.release) if open_point else ""
    if region.xen.listed:
        return "Xen lists the region: strategy=host reserves it in every guest."
    return f"Xen does not list the region: {region.xen.reason}."


@rule(
    "rmrr-device-absent",
    Severity.INFO,
    "A region names a device that is not present",
    xen="Xen keeps the region, and counts the absent device as sharing it.",
    linux="Linux applies the region to the other devices.",
    advice="No action needed if the device is hidden or off in the firmware setup.",
    source=f"{_REGISTER}; {_INSERT}",
    needs=[Need.PCI],
)
def absent(facts: TableFacts) -> Iterator[Hit]:
    """Find absent devices of regions that have others; a broken path has its own rule.

    A device is one hit, whatever the number of regions that name it.
    """
    absent_entries: dict[SBDF, list[ScopeEntry]] = {}
    for _, scope in facts.region_scopes:
        for entry in () if _all_absent(scope) else scope:
            sbdf = entry.sbdf
            if entry.absent and entry.scope.type in PCI_SCOPES and sbdf is not None:
                absent_entries.setdefault(sbdf, []).append(entry)
    for sbdf, named in absent_entries.items():
        regions = list(dict.fromkeys(entry.number for entry in named if entry.number))
        name = "Region {} names" if len(regions) == 1 else "Regions {} name"
        yield Hit(
            message=f"{name.format(numbers(regions))} {sbdf}, which is not present.",
            subject=str(sbdf),
            region=regions[0] if len(regions) == 1 else None,
            device=sbdf,
            evidence=tuple(
                shown for entry in named[:MOST_TOLD] for shown in entry_evidence(facts, entry)
            ),
        )


@rule(
    "rmrr-absent-shares",
    Severity.WARNING,
    "A region counts as shared, but only one of its devices is present",
    xen="Xen counts absent devices, and refuses strict, the default (EPERM).",
    linux="No effect.",
    advice="Assign the device with rdm_policy=relaxed. Guest RAM may then overlap the region: check "
    "with dmaragent resolve.",
    details='Xen prints "disallowed to assign ... with shared RMRR". No other device can use the '
    "region.",
    source="Xen vtd/iommu.c, intel_iommu_assign_device",
    needs=[Need.PCI],
)
def absent_shares(facts: TableFacts) -> Iterator[Hit]:
    """Find regions that are shared only because of absent devices."""
    for region, scope in facts.region_scopes:
        counted = [entry for entry in scope if entry.counted]
        here = {entry.sbdf for entry in counted if entry.presence is Presence.PRESENT}
        gone = [entry for entry in counted if entry.absent]
        known = all(entry.presence is not Presence.UNKNOWN for entry in counted)
        if len(here) != 1 or not gone or not known:
            continue
        shown = scope_evidence(facts, scope)
        names = [entry.device_words for entry in gone]
        words, present = "is" if len(names) == 1 else "are", here.pop()
        yield region_hit(
            region,
            f"names {present}; {some(names)} {words} not present.",
            shown,
            brief=f"names {present} and {len(names)} absent device{'s'[: len(names) > 1]}.",
        )


@rule(
    "scope-type-mismatch",
    Severity.CRITICAL,
    "A device scope entry's type does not match its device",
    xen="Xen does not check this; for a bridge entry it reads wrong bus numbers.",
    linux='Linux rejects the table ("Device scope type does not match") and starts without VT-d: no '
    "device can be passed through.",
    advice="Update the firmware: an entry must have the type of its device.",
    details="Xen reads the bus numbers of what a bridge entry names. In an endpoint these bytes mean "
    "something else. An endpoint entry must name a function with an endpoint's header. A bridge "
    "entry must name one with a bridge's header or of the bridge class.",
    source=f"VT-d 8.3.1; {_INSERT}, dmar_dev_scope_init, intel_iommu_init; {_PARSE}",
    needs=[Need.PCI],
)
def type_mismatch(facts: TableFacts) -> Iterator[Hit]:
    """Find endpoint entries that lead to bridges, and the reverse, in any structure."""
    for entry in facts.entries:
        function = entry.function
        if function is None or function.physical_function is not None:
            continue
        if entry.scope.type not in PCI_SCOPES or takes(entry.claim.device, function):
            continue
        is_endpoint = entry.scope.type == ScopeType.PCI_ENDPOINT
        words = "an endpoint, but it is a bridge" if is_endpoint else "a bridge, but it is not one"
        severity, linux = _linux_case(facts, entry)
        yield entry_hit(
            facts,
            entry,
            f"names {function.sbdf} as {words}.",
            severity=severity,
            xen="No effect: Xen does not use this scope." if _covers_all_ports(entry) else "",
            linux=linux,
        )


def _covers_all_ports(entry: ScopeEntry) -> bool:
    """Return whether the entry is of an ATSR with ALL_PORTS, whose scope is not read.

    Source: Xen vtd/dmar.c, ``acpi_parse_one_atsr``; Linux intel/dmar.c, ``dmar_parse_one_atsr``.
    """
    return isinstance(entry.structure, ATSR) and entry.structure.all_ports


def _linux_case(facts: TableFacts, entry: ScopeEntry) -> tuple[Severity | None, str]:
    """Return the severity and the effect on Linux of a wrong type, if they are not the rule's."""
    structure = entry.structure
    catch_all = isinstance(structure, DRHD) and structure.include_pci_all
    if catch_all or _covers_all_ports(entry) or isinstance(structure, SIDP):
        return Severity.WARNING, "No effect: Linux does not use this scope."
    state = facts.inventory.linux.state
    if state is LinuxState.UNDER_XEN:
        message = "Linux does not use the table under Xen. Without Xen, it starts without VT-d."
        return Severity.WARNING, message
    if state is LinuxState.GROUPS:
        return Severity.WARNING, "No effect: this kernel uses VT-d (it has IOMMU groups)."
    return None, ""


@rule(
    "scope-path-not-bridge",
    Severity.ERROR,
    "A device scope's path leads through a device that is not a bridge",
    xen="Xen reads a bus number from it anyway, and applies the structure to an address that may be "
    "any device's.",
    linux="Linux finds no device by the path.",
    advice="Update the firmware: the device that is meant is not found.",
    source=f"VT-d 8.3.1; {_PARSE}; {_PATH}",
    needs=[Need.PCI],
)
def path_not_bridge(facts: TableFacts) -> Iterator[Hit]:
    """Find paths through a function that has no buses behind it, in any structure."""
    for entry in facts.entries:
        bridge = _last_step(entry)
        function = None if bridge is None else (facts.functions or {}).get(bridge)
        if function is not None:
            why = "is a bridge without a bus behind it" if function.is_bridge else "is not a bridge"
            yield entry_hit(facts, entry, f"has a path through {bridge}, which {why}.")


@rule(
    "scope-bridge-absent",
    Severity.INFO,
    "A device scope's path leads through a bridge that is not present",
    xen="Xen reads bus 0xff from the absent bridge and looks for the device there. In an RMRR it "
    "counts as a device of the region.",
    linux="Linux finds no device by this path.",
    advice="No action needed if the slot or port is empty, or off in the setup.",
    source=f"{_PARSE}; {_PATH}",
    needs=[Need.PCI],
)
def bridge_absent(facts: TableFacts) -> Iterator[Hit]:
    """Find paths through an absent bridge, in any structure."""
    for entry in facts.entries:
        bridge = _last_step(entry)
        if bridge is not None and bridge not in (facts.functions or {}):
            yield entry_hit(facts, entry, f"has a path through {bridge}, which is not present.")


def _last_step(entry: ScopeEntry) -> SBDF | None:
    """Return the step at which the path to a PCI function ends; None if it is complete."""
    if not _has_no_address(entry) or entry.impossible or entry.scope.type not in PCI_SCOPES:
        return None
    return next((hop.sbdf for hop in reversed(entry.hops) if hop.sbdf is not None), None)


@rule(
    "scope-start-bus",
    Severity.WARNING,
    "A device scope begins at a bus that is behind a bridge",
    xen="Xen uses the number as written. Once buses are renumbered, it may be another device's or "
    "unused.",
    linux="Linux finds the device only by a path of one step, with a workaround.",
    advice="Update the firmware. Until then check again after each change of cards.",
    details="A scope must begin at a root bus and name the bridges on the way. A new card or setting "
    'can renumber buses. Linux prints "RMRR entry for device ... is broken - applying '
    'workaround".',
    source=f"VT-d 8.3.1; {_PARSE}; {_PATH}",
    needs=[Need.PCI],
)
def start_bus(facts: TableFacts) -> Iterator[Hit]:
    """Find entries that begin at a secondary bus number, in any structure."""
    bridges = _bridges(facts)
    for entry in facts.entries:
        above = bridges.get((entry.segment, entry.scope.start_bus_number))
        if above is not None and entry.scope.type in PCI_SCOPES:
            message = (
                f"has a path from bus {entry.scope.start_bus_number:02x}, which is behind the bridge "
                f"{above.sbdf}."
            )
            yield entry_hit(facts, entry, message)


def _bridges(facts: TableFacts) -> dict[tuple[int, int], PciFunction]:
    """Return the nearest bridge above each bus; a bridge without numbers has no bus behind it."""
    nearest_of: dict[tuple[int, int], PciFunction] = {}
    for function in (facts.functions or {}).values():
        if function.secondary_bus is None or function.secondary_bus <= function.sbdf.bus:
            continue
        for bus in function.buses_behind:
            place = (function.sbdf.segment, bus)
            nearest = nearest_of.get(place)
            if nearest is None or len(function.buses_behind) < len(nearest.buses_behind):
                nearest_of[place] = function
    return nearest_of


RULES = (
    type_mismatch,
    path_not_bridge,
    start_bus,
    absent_shares,
    all_absent,
    absent,
    bridge_absent,
)
