"""Rules about where device scopes lead on this host: absent devices, bridges, start buses."""

from collections.abc import Iterator

from dmaragent.addresses import SBDF
from dmaragent.checks.common.facts import Need
from dmaragent.checks.common.findings import region_hit
from dmaragent.checks.common.model import Hit, Severity
from dmaragent.checks.common.rules import MOST_TOLD, rule, some
from dmaragent.checks.vtd.facts import TableFacts
from dmaragent.checks.vtd.fields import entry_evidence, entry_hit, scope_evidence
from dmaragent.checks.vtd.scope_entries import PCI_SCOPES, ScopeEntry
from dmaragent.checks.vtd.xen_registration import Registered, registered
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Region
from dmaragent.linux.regions import takes
from dmaragent.linux.view import LinuxState
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.behaviour import looking_releases
from fwtables import DRHD, SIDP
from fwtables.dmar.constants import ScopeType

_PARSE = "Xen vtd/dmar.c, acpi_parse_dev_scope"
_INSERT = "Linux intel/dmar.c, dmar_insert_dev_scope"
_PATH = "Linux intel/dmar.c, dmar_match_pci_path"
_REGISTER = "Xen vtd/dmar.c, register_one_rmrr"


def _has_no_address(entry: ScopeEntry) -> bool:
    """Return whether the path ends at a bridge that is none, so that the device has no address."""
    return entry.absent and entry.sbdf is None


def _all_absent(scope: tuple[ScopeEntry, ...]) -> bool:
    counted = [entry for entry in scope if entry.counted]
    return bool(counted) and all(entry.absent for entry in counted)


def _releases_words(release: Release | None = None) -> str:
    """Return which releases list a region that is nobody's, of all or of those that may run."""
    ignoring, others = looking_releases(release)
    return (
        f"{others} list the region: strategy=host reserves it in every guest, for nobody. "
        f"{ignoring} ignore it."
    )


@rule(
    "rmrr-devices-absent",
    Severity.INFO,
    "A region whose devices all do not answer",
    xen=_releases_words(),
    linux="Linux ties the region to no device.",
    advice="Nothing, where the device is hidden or switched off in the firmware's setup: many "
    "firmwares describe all devices that a board can have.",
    source=_REGISTER,
    needs=[Need.PCI],
)
def all_absent(facts: TableFacts) -> Iterator[Hit]:
    """Find regions none of whose devices answers; segments without functions have their rule."""
    for region, scope in facts.region_scopes:
        if not _all_absent(scope) or region.segment not in facts.segments:
            continue
        shown = scope_evidence(facts, scope)
        message = f"names {some([entry.device_words for entry in scope])}; nothing answers there."
        yield region_hit(region, message, shown, xen=_listing_words(facts, region))


def _listing_words(facts: TableFacts, region: Region) -> str:
    """Return whether Xen lists a region that is nobody's, or which points of its release do."""
    if region.xen.listed is None:
        open_point = registered(facts, region) is Registered.BY_RELEASE
        return _releases_words(facts.release) if open_point else ""
    if region.xen.listed:
        return "Xen lists the region: strategy=host reserves it in every guest, for nobody."
    return f"Xen does not list the region: {region.xen.reason}."


@rule(
    "rmrr-device-absent",
    Severity.INFO,
    "A device of a region does not answer",
    xen="Xen keeps the region for the others, and counts the absent one as sharing it.",
    linux="Linux ties the region to the others.",
    advice="Nothing, where the device is hidden or switched off in the firmware's setup.",
    source=f"{_REGISTER}; {_INSERT}",
    needs=[Need.PCI],
)
def absent(facts: TableFacts) -> Iterator[Hit]:
    """Find absent devices of regions with others; a path that breaks off has its own rule.

    A device is told once, whatever the number of regions that name it.
    """
    absent_entries: dict[SBDF, list[ScopeEntry]] = {}
    for _, scope in facts.region_scopes:
        for entry in () if _all_absent(scope) else scope:
            sbdf = entry.sbdf
            if entry.absent and entry.scope.type in PCI_SCOPES and sbdf is not None:
                absent_entries.setdefault(sbdf, []).append(entry)
    for sbdf, named in absent_entries.items():
        regions = list(dict.fromkeys(entry.number for entry in named if entry.number))
        many = "region" if len(regions) == 1 else "regions"
        yield Hit(
            message=f"{sbdf}, which {many} {some([str(number) for number in regions])} name"
            f"{'s' if len(regions) == 1 else ''}, does not answer.",
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
    "A region counts as shared, though one device alone is there",
    xen="Xen counts scope entries, not devices that answer: policy strict is refused (EPERM, "
    '"disallowed to assign ... with shared RMRR"), and unset it is strict.',
    linux="Nothing comes of it.",
    advice="Give the device rdm_policy=relaxed in the guest's pci=: no other device can use the "
    "region. That also lets a guest start whose RAM meets the region: dmaragent resolve says "
    "whether it does.",
    source="Xen vtd/iommu.c, intel_iommu_assign_device",
    needs=[Need.PCI],
)
def absent_shares(facts: TableFacts) -> Iterator[Hit]:
    """Find regions that absent devices alone make shared."""
    for region, scope in facts.region_scopes:
        counted = [entry for entry in scope if entry.counted]
        here = {entry.sbdf for entry in counted if not entry.absent}
        gone = [entry for entry in counted if entry.absent]
        if len(here) != 1 or not gone:
            continue
        shown = scope_evidence(facts, scope)
        names = some([entry.device_words for entry in gone])
        yield region_hit(region, f"is {here.pop()}'s alone: {names} does not answer.", shown)


@rule(
    "scope-type-mismatch",
    Severity.CRITICAL,
    "A device scope entry's type does not fit its device",
    xen="Xen does not compare them. It reads bus numbers out of what a bridge entry names, which "
    "in an endpoint are something else.",
    linux='Linux refuses the table ("Device scope type does not match") and starts without VT-d: '
    "no device can be passed through.",
    advice="Update the firmware: an endpoint entry must name a function with an endpoint's "
    "header, a bridge entry one with a bridge's or of the bridge class.",
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
        words = "an endpoint, and it is a bridge" if is_endpoint else "a bridge, and it is none"
        severity, linux = _linux_case(facts, entry)
        yield entry_hit(
            facts,
            entry,
            f"names {function.sbdf} as {words}.",
            severity=severity,
            linux=linux,
        )


def _linux_case(facts: TableFacts, entry: ScopeEntry) -> tuple[Severity | None, str]:
    """Return what Linux makes of a type that does not fit, where that is not what the rule says."""
    structure = entry.structure
    catch_all = isinstance(structure, DRHD) and structure.include_pci_all
    if catch_all or isinstance(structure, SIDP):
        return Severity.WARNING, "Linux does not look at this scope."
    state = facts.inventory.linux.state
    if state is LinuxState.UNDER_XEN:
        message = "Linux does not use the table below Xen; without Xen it would start without VT-d."
        return Severity.WARNING, message
    if state is LinuxState.GROUPS:
        return Severity.WARNING, "This kernel uses VT-d all the same: it has IOMMU groups."
    return None, ""


@rule(
    "scope-path-not-bridge",
    Severity.ERROR,
    "A device scope's path leads through what is no bridge",
    xen="Xen reads the bus behind it all the same, and ties the structure to an address that may "
    "be any device's.",
    linux="Linux finds no device by the path.",
    advice="Update the firmware: the device that is meant does not get what the structure says.",
    source=f"VT-d 8.3.1; {_PARSE}; {_PATH}",
    needs=[Need.PCI],
)
def path_not_bridge(facts: TableFacts) -> Iterator[Hit]:
    """Find paths that a function without buses behind it breaks, in any structure."""
    for entry in facts.entries:
        bridge = _last_step(entry)
        if bridge is not None and bridge in (facts.functions or {}):
            yield entry_hit(facts, entry, f"leads through {bridge}, which is no bridge.")


@rule(
    "scope-bridge-absent",
    Severity.INFO,
    "A device scope's path leads through a bridge that does not answer",
    xen="Xen takes the device to be on bus 0xff, as that is what it reads of the bridge. In an RMRR "
    "it counts as a device of the region.",
    linux="Linux ties the structure to no device by this path.",
    advice="Nothing, where the slot or port is empty or switched off in the firmware's setup.",
    source=f"{_PARSE}; {_PATH}",
    needs=[Need.PCI],
)
def bridge_absent(facts: TableFacts) -> Iterator[Hit]:
    """Find paths that an absent bridge breaks, in any structure."""
    for entry in facts.entries:
        bridge = _last_step(entry)
        if bridge is not None and bridge not in (facts.functions or {}):
            yield entry_hit(facts, entry, f"leads through {bridge}, where nothing answers.")


def _last_step(entry: ScopeEntry) -> SBDF | None:
    """Return the step at which the path to a PCI function breaks off; None where it is whole."""
    if not _has_no_address(entry) or entry.impossible or entry.scope.type not in PCI_SCOPES:
        return None
    return next((hop.sbdf for hop in reversed(entry.hops) if hop.sbdf is not None), None)


@rule(
    "scope-start-bus",
    Severity.WARNING,
    "A device scope starts at a bus that is behind a bridge",
    xen="Xen takes the number as it is. Once buses are numbered anew (a card more, another "
    "setting) it is another device's, or nobody's.",
    linux='Linux has a workaround for paths of one step ("RMRR entry for device ... is broken - '
    'applying workaround"); by longer ones it finds no device.',
    advice="Update the firmware: a scope must start at a root bus and name the bridges on the "
    "way. Until then look at it again after each change of cards.",
    source=f"VT-d 8.3.1; {_PARSE}; {_PATH}",
    needs=[Need.PCI],
)
def start_bus(facts: TableFacts) -> Iterator[Hit]:
    """Find entries that start at a secondary bus number, in any structure."""
    bridges = _bridges(facts)
    for entry in facts.entries:
        above = bridges.get((entry.segment, entry.scope.start_bus_number))
        if above is not None and entry.scope.type in PCI_SCOPES:
            message = (
                f"starts at bus {entry.scope.start_bus_number:02x}, which is no root bus but "
                f"behind the bridge {above.sbdf}."
            )
            yield entry_hit(facts, entry, message)


def _bridges(facts: TableFacts) -> dict[tuple[int, int], PciFunction]:
    """Return the nearest bridge above each bus; a bridge without numbers has none behind it."""
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
