"""Linux's side: what VFIO makes of the device: its regions, its class, its group, the kernel.

Pure.  Source: drivers/iommu/intel/iommu.c and drivers/iommu/iommu.c; drivers/vfio.
"""

from collections.abc import Iterator

from dmaragent.iommu.model import DeviceKind
from dmaragent.linux.regions import THROUGH_BRIDGES, Hold, hold_of
from dmaragent.linux.release import (
    OPTION,
    host_release,
    host_telling_release,
    knows_option,
    relaxed_by_option,
)
from dmaragent.linux.vfio import ONE_TO_ONE_MESSAGE, RMRR_MESSAGE
from dmaragent.passthrough.device_context import DeviceContext, capital, region_list
from dmaragent.passthrough.doubt import linux_doubted
from dmaragent.passthrough.iommu_off import iommu_unused, why_unused
from dmaragent.passthrough.linux_group import group_cases
from dmaragent.passthrough.model import Can, Case, PlatformVerdict
from dmaragent.passthrough.published import published_cases, published_verdict
from dmaragent.passthrough.rules import (
    CLASS_RULE,
    FIRST_CHECK,
    HEADER_RULE,
    NEW_CHECK,
    NEW_RULE,
    OLD_RULE,
)
from dmaragent.passthrough.sriov import linux_virtual_cases
from dmaragent.passthrough.vmd import vmd_linux_side
from dmaragent.policy.decisions import SourceRule

_DISPLAY = 0x03
_NOT_ITS_OWN = (
    "does not decide here: Xen owns the IOMMU, and no option or patch of dom0's kernel changes "
    "what it does"
)
_MISSING = "not known: regions may be missing from the answer"
DISPLAY_LET_GO = (4, 2)
"""From here on display devices are let go for certain: 18436afdc11a is of 2015."""


def linux_side(subject: DeviceContext) -> PlatformVerdict:
    """Say whether Linux gives the device to a guest by VFIO."""
    early = _before(subject)
    if early is not None:
        return early
    cases = (*_region_cases(subject), *published_cases(subject), *group_cases(subject))
    can, said = _together(subject, cases)
    doubted = linux_doubted(subject, PlatformVerdict(can=can, said=said, cases=cases))
    can, said = doubted.can, doubted.said
    if subject.on_xen:
        said = f"{_NOT_ITS_OWN}. Without Xen: {said}"
        return PlatformVerdict(can=Can.NOT_APPLICABLE, said=said, cases=cases)
    if iommu_unused(subject):
        off = why_unused(subject)
        return PlatformVerdict(can=Can.NO, said=f"{off}. With it: {said}", cases=cases)
    return PlatformVerdict(can=can, said=said, cases=cases)


def _before(subject: DeviceContext) -> PlatformVerdict | None:
    function = subject.function
    if subject.absent:
        return PlatformVerdict(can=Can.NO, said="no: nothing answers at this address")
    behind = vmd_linux_side(subject)
    if behind is not None and subject.on_xen:
        said = f"{_NOT_ITS_OWN}. Without Xen: {behind.said}"
        return PlatformVerdict(can=Can.NOT_APPLICABLE, said=said, cases=behind.cases)
    if behind is not None:
        return behind
    if subject.chipset and function is not None and not function.is_bridge:
        said = "a part of the chipset is not judged here: the host needs it"
        return PlatformVerdict(can=Can.UNKNOWN, said=said)
    if function is not None and function.is_bridge:
        case = Case(
            title="bridge",
            can=Can.NO,
            said="VFIO takes functions with an endpoint's header alone.",
            rule=HEADER_RULE,
        )
        return PlatformVerdict(can=Can.NO, said="no: a bridge is not passed through", cases=(case,))
    known = subject.inventory.all_regions or subject.group is not None
    if subject.inventory.absence is not None and not known:
        if subject.on_xen:
            return PlatformVerdict(can=Can.NOT_APPLICABLE, said=f"{_NOT_ITS_OWN}.")
        if iommu_unused(subject):
            return PlatformVerdict(can=Can.NO, said=f"{why_unused(subject)}. With it: unknown")
        return PlatformVerdict(can=Can.UNKNOWN, said="not known: there is no table to answer from")
    return None


# Regions --------------------------------------------------------------------------------


def _region_cases(subject: DeviceContext) -> Iterator[Case]:
    """Say what comes of the regions that Linux ties to the device, by kernel."""
    locked = [region for region, held in subject.held if held.hold is Hold.DIRECT]
    free = [region for region, held in subject.held if held.hold is Hold.RELAXABLE]
    if subject.facts.functions is None and subject.named:
        yield _class_unknown(region_list(subject.named))
    elif locked:
        yield from _locked_cases(subject, region_list(locked))
    elif free and not _free_by_class(subject):
        yield Case(
            title=OPTION,
            can=Can.YES,
            said="The kernel itself has its regions relaxable, though its class is none that is "
            "let go: relax_rmrr, or a patched kernel. Device and guest may write to the same "
            "memory.",
        )
    elif free:
        yield Case(
            title="relaxable by class",
            can=Can.CONDITIONS if _too_old_for_display(subject) else Can.YES,
            said=f"It is not held to {region_list(free)}: USB controllers and display "
            "devices are let go, because their firmware is taken to be done with the memory once "
            "the host's driver has run.",
            rule=CLASS_RULE,
            releases="USB controllers since Linux 3.17, display devices since 2015 "
            "(18436afdc11a); direct-relaxable in reserved_regions from 5.3 on",
        )
    yield from linux_virtual_cases(subject)


def _too_old_for_display(subject: DeviceContext) -> bool:
    release, function = host_release(subject.inventory.host), subject.function
    display = function is not None and (function.class_code or 0) >> 16 == _DISPLAY
    return display and release is not None and release < DISPLAY_LET_GO


def _class_unknown(where: str) -> Case:
    return Case(
        title="class not known",
        can=Can.CONDITIONS,
        said=f"{capital(where)} names it. USB controllers and display devices are "
        "let go, all others are locked; what it is was not collected.",
        rule=CLASS_RULE,
    )


def _free_by_class(subject: DeviceContext) -> bool:
    function = subject.function
    return function is None or hold_of(function) is Hold.RELAXABLE


def _locked_cases(subject: DeviceContext, where: str) -> Iterator[Case]:
    release = host_telling_release(subject.inventory.host)
    through = subject.held and all(held.through for _, held in subject.held)
    since = "5.3" if through else "3.17"
    old = Case(
        title=f"Linux {since} to 6.5",
        can=Can.NO,
        said=f"Locked: {where} must stay mapped for it, which a guest's memory cannot promise. "
        "Attaching it fails with EPERM (Operation not permitted).",
        rule=OLD_RULE,
        releases=f"Linux {since} to 6.5"
        + (", as the region names a bridge above it" if through else ""),
        message=RMRR_MESSAGE,
    )
    new = Case(
        title="Linux 6.6 and later",
        can=Can.NO,
        said=f"Locked: {where} must stay mapped 1:1, and VFIO would begin by blocking the device. "
        "It fails with EINVAL (Invalid argument).",
        rule=NEW_RULE,
        releases="Linux 6.6 and later",
        message=ONE_TO_ONE_MESSAGE,
    )
    first = THROUGH_BRIDGES if through else FIRST_CHECK
    if release is not None and release < first:
        yield Case(
            title=f"Linux {release[0]}.{release[1]}",
            can=Can.CONDITIONS,
            said=f"Before {since} Linux does not look: the device is attached, and {where} is not "
            "mapped for it, so that what it does there by DMA fails.",
            releases=f"before Linux {since}",
        )
    elif release is not None:
        yield new if release >= NEW_CHECK else old
    else:
        yield new
        yield old
    yield from _option_cases(subject)


def _option_cases(subject: DeviceContext) -> Iterator[Case]:
    known = bool(knows_option(subject.inventory.host))
    if known or relaxed_by_option(subject.inventory.host):
        yield Case(
            title=OPTION,
            can=Can.CONDITIONS if known else Can.NO,
            said=(
                "This kernel has the option: intel_iommu=on,relax_rmrr makes every region "
                "relaxable, at a risk."
                if known
                else "relax_rmrr stands on the command line, and this kernel has no such option: "
                "Proxmox kernels from 6.2.16-13 on have it, and others log that they do not know it."
            ),
            rule=SourceRule(
                "pve-kernel, patch for relaxable RMRRs; intel/iommu.c, intel_iommu_setup"
            ),
            message="" if known else f"DMAR: Unknown option - '{OPTION}'",
        )


# The verdict ----------------------------------------------------------------------------


def _together(subject: DeviceContext, cases: tuple[Case, ...]) -> tuple[Can, str]:
    predicted = not all(held.by_kernel for _, held in subject.held) if subject.held else False
    mark = " (predicted)" if predicted else ""
    locked = any(held.hold is Hold.DIRECT for _, held in subject.held)
    refusing = any(one.can is Can.NO and one.title != OPTION for one in cases)
    if refusing and locked:
        if knows_option(subject.inventory.host) and relaxed_by_option(subject.inventory.host):
            return Can.CONDITIONS, "yes, at a risk: relax_rmrr lets every region go"
        return Can.NO, f"no: it is locked to memory that the firmware reserves{mark}"
    if refusing and subject.locked_mates:
        return Can.NO, f"no: its IOMMU group holds a locked device{mark}"
    if any(one.title == "group" and one.can is Can.NO for one in cases):
        if subject.without_group:
            return Can.NO, "no: Linux has it in no IOMMU group"
        return Can.NO, "no: its IOMMU group holds its physical function too"
    published = published_verdict(subject)
    if published is not None and published[0] is not Can.YES:
        return published
    unknown = None if subject.published is not None else _unknown(subject)
    return unknown or _allowed(subject, cases, mark, published)


def _allowed(
    subject: DeviceContext, cases: tuple[Case, ...], mark: str, published: tuple[Can, str] | None
) -> tuple[Can, str]:
    """Return the verdict on a device that no region keeps back, and on which conditions."""
    if any(one.can is Can.CONDITIONS for one in cases):
        conditions = "with the rest of its group"
        if any(one.title == "virtual functions exist" for one in cases):
            conditions = "its virtual functions must be removed first"
        if any(held.hold is Hold.DIRECT for _, held in subject.held):
            conditions = "this kernel is too old to look, and its region is lost to the device"
        elif _too_old_for_display(subject):
            conditions = "whether this old kernel lets display devices go is not certain"
        return Can.CONDITIONS, f"on conditions: {conditions}{mark}"
    if subject.held:
        why = "by its class" if _free_by_class(subject) else "to this kernel, at a risk"
        return Can.YES, f"yes: its regions are relaxable {why}{mark}"
    return published or (Can.YES, "yes: Linux ties no region to it")


def _unknown(subject: DeviceContext) -> tuple[Can, str] | None:
    """Return what is said if the table alone answers and does not tell all; else None."""
    if subject.facts.functions is None:
        return _without_functions(subject)
    if not subject.inventory.complete and not subject.held:
        return Can.UNKNOWN, _MISSING
    return None


def _without_functions(subject: DeviceContext) -> tuple[Can, str]:
    """Say what can be said of a table alone: whom it names, not what that is."""
    if subject.named:
        return Can.CONDITIONS, "only if it is a USB controller or a display device"
    devices = (owner.device for region in subject.inventory.all_regions for owner in region.owners)
    if subject.inventory.undetermined or DeviceKind.BRIDGE in devices:
        return Can.UNKNOWN, "not known: a region may cover it through a bridge"
    if not subject.inventory.complete:
        return Can.UNKNOWN, _MISSING
    return Can.YES, "yes: Linux ties no region to it"
