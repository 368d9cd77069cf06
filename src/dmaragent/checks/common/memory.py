"""Rules about the memory that regions lie in, by the firmware's memory map."""

from collections.abc import Iterator

from dmaragent.addresses import AddressRange, span
from dmaragent.checks.common.facts import CheckFacts, Need
from dmaragent.checks.common.findings import range_evidence, region_hit
from dmaragent.checks.common.model import Hit, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.host.memory_map import MemoryType
from dmaragent.xen.hypervisor.behaviour import behaviour_of, behaviours_of
from dmaragent.xen.hypervisor.memory import draws_warning, in_use, is_reserved

_XEN = "Xen x86/iommu.c, iommu_unity_region_ok"
_LINUX = "Linux arch/x86/include/asm/iommu.h, arch_rmrr_sanity_check (f5a68bb0752e, 5.6)"
_LINUX_WARNS = (
    'Linux warns ("No firmware reserved region can cover this RMRR") and taints the kernel, which '
    "stops nothing; it keeps the region. Before 5.6 kernels with this check start without VT-d."
)


@rule(
    "rmrr-in-ram",
    Severity.CRITICAL,
    "A region lies in memory that is not reserved but in use",
    xen="From 4.19 on Xen switches VT-d off for the whole host (EIO): no device can be passed "
    "through. Older ones only warn and keep the region.",
    linux=f"{_LINUX_WARNS} The same memory is handed out as RAM, if no memmap= option keeps it back, "
    "so a device that uses the region writes into what others use.",
    advice="Update the firmware: its memory map must reserve what its RMRR structures name. No "
    "option makes Xen pass a region over.",
    source=f"VT-d 8.4; {_XEN} (a185f88e98, 4.19); {_LINUX}",
    needs=[Need.MEMORY_MAP],
)
def in_ram(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions of which Xen could not make reserved memory."""
    assert facts.memory_map is not None  # noqa: S101 - the rule's need
    for region in facts.inventory.all_regions:
        if region.range is None or is_reserved(facts.memory_map, region.range):
            continue
        used = in_use(facts.memory_map, region.range)
        if used is None:
            continue
        severity, xen = _release_case(facts, region.range)
        part = span(used.range)
        message = f": the memory map has {part} as {used.words}."
        shown = range_evidence(facts, region)
        yield region_hit(region, message, shown, xen=xen, severity=severity)


def _warning_words(facts: CheckFacts, region: AddressRange) -> str:
    """Return in words whether a release before 4.19 warns of `region`."""
    assert facts.memory_map is not None  # noqa: S101 - the rule's need
    warned = {
        draws_warning(facts.memory_map, region, behaviour)
        for behaviour in behaviours_of(facts.release)
    }
    if len(warned) > 1:
        return "in some of its point releases warns"
    return "only warns" if True in warned else "does not warn"


def _release_case(facts: CheckFacts, region: AddressRange) -> tuple[Severity | None, str]:
    """Return what the release of this host does, where it is known."""
    if facts.release is None:
        return None, ""
    name = f"Xen {facts.release}"
    if behaviour_of(facts.release).ram_disables_vtd:
        return None, f"{name} switches VT-d off for the whole host (EIO)."
    message = f"{name} {_warning_words(facts, region)} and keeps the region; from 4.19 on Xen switches VT-d off (EIO)."
    return Severity.WARNING, message


@rule(
    "rmrr-not-reserved",
    Severity.WARNING,
    "A region is not all in reserved memory",
    xen="Xen warns, and keeps the region: from 4.19 on it reserves what its memory map leaves out.",
    linux=_LINUX_WARNS,
    advice="Update the firmware where a newer one has it mended; else the warning can be left. "
    "Nothing else uses the memory, as far as the map says.",
    source=f"VT-d 8.4; {_XEN}; {_LINUX}",
    needs=[Need.MEMORY_MAP],
)
def not_reserved(facts: CheckFacts) -> Iterator[Hit]:
    """Find regions that are partly or wholly of another type, or in holes of the map."""
    assert facts.memory_map is not None  # noqa: S101 - the rule's need
    for region in facts.inventory.all_regions:
        pages = region.range
        if pages is None or is_reserved(facts.memory_map, pages):
            continue
        if in_use(facts.memory_map, pages) is not None:
            continue
        nvs = facts.memory_map.covered(pages, frozenset({MemoryType.NVS}))
        yield region_hit(
            region,
            f": by the memory map it is: {region.memory}.",
            range_evidence(facts, region),
            xen=_no_warning_words(facts, pages),
            linux="Linux takes such memory from 6.1 on; older ones warn and go on." if nvs else "",
            severity=Severity.INFO if nvs else None,
        )


def _no_warning_words(facts: CheckFacts, region: AddressRange) -> str:
    """Return that the release of this host keeps the region without a warning, if it does."""
    if facts.release is None or behaviour_of(facts.release).ram_disables_vtd:
        return ""
    warned = _warning_words(facts, region)
    if warned == "only warns":
        return ""
    return f"Xen {facts.release} {warned} and keeps the region."


RULES = (in_ram, not_reserved)
