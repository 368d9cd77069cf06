"""Rules about the memory of regions, by the firmware's memory map."""

from collections.abc import Iterator

from dmaragent.addresses import AddressRange, span
from dmaragent.checks.common.facts import CheckFacts, Need
from dmaragent.checks.common.findings import range_evidence, region_hit
from dmaragent.checks.common.model import Hit, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.host.memory_map import MemoryType
from dmaragent.inventory import Region
from dmaragent.readings import Missing
from dmaragent.xen.hypervisor.behaviour import behaviour_of, behaviours_of
from dmaragent.xen.hypervisor.memory import draws_warning, in_use, is_reserved, why_may_be_ram

_XEN = "Xen x86/iommu.c, iommu_unity_region_ok"
_LINUX = "Linux arch/x86/include/asm/iommu.h, arch_rmrr_sanity_check (f5a68bb0752e, 5.6)"
_LINUX_WARNS = (
    'Linux warns ("No firmware reserved region can cover this RMRR"), taints the kernel and keeps the '
    "region. Kernels before 5.6 that check this start without VT-d."
)


@rule(
    "rmrr-in-ram",
    Severity.CRITICAL,
    "A region is in memory that is in use, not reserved",
    xen="Xen 4.19 and later switch VT-d off (EIO): no device can be passed through. Older "
    "releases only warn and keep the region.",
    linux="Device DMA overwrites memory in use, unless memmap= keeps it free.",
    advice="Update the firmware. No option makes Xen skip the region.",
    details="The firmware's memory map must reserve what its RMRR structures name. Linux uses the same "
    f"memory as RAM. {_LINUX_WARNS}",
    source=f"VT-d 8.4; {_XEN} (a185f88e98, 4.19); {_LINUX}",
    needs=[Need.MEMORY_MAP],
)
def in_ram(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions that Xen cannot turn into reserved memory."""
    assert facts.memory_map is not None  # noqa: S101 - the rule's need
    for region in facts.inventory.all_regions:
        if region.range is None or is_reserved(facts.memory_map, region.range):
            continue
        used = in_use(facts.memory_map, region.range)
        if used is None:
            continue
        severity, xen = _release_case(facts, region.range)
        part = "it" if used.range == region.range else span(used.range)
        message = f"is in use: the memory map has {part} as {used.words}."
        shown = range_evidence(facts, region)
        yield region_hit(region, message, shown, xen=xen, severity=severity)


def _warns(facts: CheckFacts, region: AddressRange) -> bool | None:
    """Return whether a release before 4.19 warns of `region`; None: some of its points do."""
    assert facts.memory_map is not None  # noqa: S101 - the rule's need
    warned = {
        draws_warning(facts.memory_map, region, behaviour)
        for behaviour in behaviours_of(facts.release)
    }
    return None if len(warned) > 1 else True in warned


_WARNING_WORDS = {
    True: "only warns",
    False: "does not warn",
    None: "warns in some of its point releases",
}


def _release_case(facts: CheckFacts, region: AddressRange) -> tuple[Severity | None, str]:
    """Return the severity and the effect for the release of this host, if it is known."""
    if facts.release is None:
        return None, ""
    name = f"Xen {facts.release}"
    if behaviour_of(facts.release).ram_disables_vtd:
        return None, f"{name} switches VT-d off (EIO): no device can be passed through."
    message = (
        f"{name} {_WARNING_WORDS[_warns(facts, region)]} and keeps the region. "
        "Xen 4.19 and later switch VT-d off (EIO)."
    )
    return Severity.WARNING, message


@rule(
    "rmrr-not-reserved",
    Severity.WARNING,
    "A region is not entirely in reserved memory",
    xen="Xen warns and keeps the region. From 4.19 on it reserves the gaps.",
    linux="Linux warns and keeps the region. Kernels before 5.6 that "
    "check this start without VT-d.",
    advice="If newer firmware fixes it, update; otherwise ignore the warning.",
    details=f"Nothing else uses the memory, as far as the memory map shows. {_LINUX_WARNS}",
    source=f"VT-d 8.4; {_XEN}; {_LINUX}",
    needs=[Need.MEMORY_MAP],
)
def not_reserved(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions that are partly or wholly in holes of the map or in memory of another type."""
    assert facts.memory_map is not None  # noqa: S101 - the rule's need
    assumed = facts.memory_map.if_reserved
    for region in facts.inventory.all_regions:
        pages = region.range
        if pages is None or is_reserved(assumed, pages):
            continue
        if in_use(facts.memory_map, pages) is not None:
            continue
        nvs = facts.memory_map.covered(pages, frozenset({MemoryType.NVS}))
        yield region_hit(
            region,
            f"is not all reserved by the memory map: {region.memory}.",
            range_evidence(facts, region),
            xen=_kept_words(facts, region, pages),
            linux="Linux 6.1 and later accepts such memory; older kernels warn and continue."
            if nvs
            else "",
            severity=Severity.INFO if nvs else None,
        )


def _kept_words(facts: CheckFacts, region: Region, pages: AddressRange) -> str:
    """Return the effect on this host if it is not the rule's: no warning, or it is unknown."""
    known = facts.inventory.host.ram_map
    why = "" if isinstance(known, Missing) else why_may_be_ram(known, pages)
    disables = any(behaviour.ram_disables_vtd for behaviour in behaviours_of(facts.release))
    if why and disables and not facts.kept_by_xen(region):
        return "Unknown: it may be in RAM, where Xen 4.19 and later switches VT-d off."
    return _no_warning_words(facts, pages)


def _no_warning_words(facts: CheckFacts, region: AddressRange) -> str:
    """Return the effect if the release of this host keeps the region without a warning."""
    if facts.release is None or behaviour_of(facts.release).ram_disables_vtd:
        return ""
    warns = _warns(facts, region)
    return "" if warns else f"Xen {facts.release} {_WARNING_WORDS[warns]} and keeps the region."


RULES = (in_ram, not_reserved)
