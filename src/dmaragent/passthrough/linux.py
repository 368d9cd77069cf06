"""Linux's side: what VFIO makes of the device: its regions, its class, its group, the kernel.

Pure.  Source: drivers/iommu/intel/iommu.c and drivers/iommu/iommu.c; drivers/vfio.
"""

from collections.abc import Iterator

from dmaragent.linux.options import RELAX_RMRR
from dmaragent.linux.regions import THROUGH_BRIDGES, Hold, hold_of
from dmaragent.linux.vfio import NO_ONE_TO_ONE, ONE_TO_ONE_MESSAGE, RMRR_MESSAGE
from dmaragent.passthrough.device_context import DeviceContext, capital, region_list
from dmaragent.passthrough.doubt import linux_doubted
from dmaragent.passthrough.iommu_off import iommu_unused, why_unused
from dmaragent.passthrough.linux_group import FIRST_CHECK, NEW_RULE, OLD_RULE, group_cases
from dmaragent.passthrough.model import Can, Case, PlatformVerdict
from dmaragent.passthrough.published import published_cases, published_verdict
from dmaragent.passthrough.sriov import linux_virtual_cases
from dmaragent.passthrough.vmd import vmd_linux_side
from dmaragent.policy.decisions import SourceRule
from fwtables.dmar.constants import ScopeType

CLASS_RULE = SourceRule("Linux intel/iommu.c, device_rmrr_is_relaxable")
HEADER_RULE = SourceRule("Linux vfio_pci_core.c, vfio_pci_core_register_device", "EINVAL")
_DISPLAY = 0x03
_NOT_ITS_OWN = (
    "does not decide here: Xen owns the IOMMU, and no option or patch of dom0's kernel changes "
    "what it does"
)
_MISSING = "not known: regions may be missing from the answer"
DISPLAY_LET_GO = (4, 2)
"""From here on display devices are let go for certain: 18436afdc11a is of 2015."""


def linux_side(device: DeviceContext) -> PlatformVerdict:
    """Say whether Linux gives the device to a guest by VFIO."""
    early = _before(device)
    if early is not None:
        return early
    cases = (*_region_cases(device), *published_cases(device), *group_cases(device))
    can, said = _together(device, cases)
    doubted = linux_doubted(device, PlatformVerdict(can=can, said=said, cases=cases))
    can, said = doubted.can, doubted.said
    if device.on_xen:
        said = f"{_NOT_ITS_OWN}. Without Xen: {said}"
        return PlatformVerdict(can=Can.NOT_APPLICABLE, said=said, cases=cases)
    if iommu_unused(device):
        off = why_unused(device)
        return PlatformVerdict(can=Can.NO, said=f"{off}. With it: {said}", cases=cases)
    return PlatformVerdict(can=can, said=said, cases=cases)


def _before(device: DeviceContext) -> PlatformVerdict | None:
    function = device.function
    if device.absent:
        return PlatformVerdict(can=Can.NO, said="no: nothing answers at this address")
    behind = vmd_linux_side(device)
    if behind is not None and device.on_xen:
        said = f"{_NOT_ITS_OWN}. Without Xen: {behind.said}"
        return PlatformVerdict(can=Can.NOT_APPLICABLE, said=said, cases=behind.cases)
    if behind is not None:
        return behind
    if device.chipset and function is not None and not function.is_bridge:
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
    known = device.inventory.all_regions or device.group is not None
    if device.inventory.absence is not None and not known:
        if device.on_xen:
            return PlatformVerdict(can=Can.NOT_APPLICABLE, said=f"{_NOT_ITS_OWN}.")
        if iommu_unused(device):
            return PlatformVerdict(can=Can.NO, said=f"{why_unused(device)}. With it: unknown")
        return PlatformVerdict(can=Can.UNKNOWN, said="not known: there is no table to answer from")
    return None


# Regions --------------------------------------------------------------------------------


def _region_cases(device: DeviceContext) -> Iterator[Case]:
    """Say what comes of the regions that Linux ties to the device, by kernel."""
    locked = [region for region, held in device.held if held.hold is Hold.DIRECT]
    free = [region for region, held in device.held if held.hold is Hold.RELAXABLE]
    if device.facts.functions is None and device.named:
        yield _class_unknown(region_list(device.named))
    elif locked:
        yield from _locked_cases(device, region_list(locked))
    elif free and not _free_by_class(device):
        yield Case(
            title=RELAX_RMRR,
            can=Can.YES,
            said="The kernel itself has its regions relaxable, though its class is none that is "
            "let go: relax_rmrr, or a patched kernel. Device and guest may write to the same "
            "memory.",
        )
    elif free:
        yield Case(
            title="relaxable by class",
            can=Can.CONDITIONS if _too_old_for_display(device) else Can.YES,
            said=f"It is not held to {region_list(free)}: USB controllers and display "
            "devices are let go, because their firmware is taken to be done with the memory once "
            "the host's driver has run.",
            rule=CLASS_RULE,
            releases="USB controllers since Linux 3.17, display devices since 2015 "
            "(18436afdc11a); direct-relaxable in reserved_regions from 5.3 on",
        )
    yield from linux_virtual_cases(device)


def _too_old_for_display(device: DeviceContext) -> bool:
    release, function = device.kernel_release, device.function
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


def _free_by_class(device: DeviceContext) -> bool:
    function = device.function
    return function is None or hold_of(function) is Hold.RELAXABLE


def _locked_cases(device: DeviceContext, where: str) -> Iterator[Case]:
    release = device.telling_release
    through = device.held and all(held.through for _, held in device.held)
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
        yield new if release >= NO_ONE_TO_ONE else old
    else:
        yield new
        yield old
    yield from _option_cases(device)


def _option_cases(device: DeviceContext) -> Iterator[Case]:
    known = bool(device.has_relax_rmrr)
    if known or device.asks_to_relax:
        yield Case(
            title=RELAX_RMRR,
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
            message="" if known else f"DMAR: Unknown option - '{RELAX_RMRR}'",
        )


# The verdict ----------------------------------------------------------------------------


def _together(device: DeviceContext, cases: tuple[Case, ...]) -> tuple[Can, str]:
    predicted = not all(held.by_kernel for _, held in device.held) if device.held else False
    mark = " (predicted)" if predicted else ""
    locked = any(held.hold is Hold.DIRECT for _, held in device.held)
    refusing = any(one.can is Can.NO and one.title != RELAX_RMRR for one in cases)
    if refusing and locked:
        if device.has_relax_rmrr and device.asks_to_relax:
            return Can.CONDITIONS, "yes, at a risk: relax_rmrr lets every region go"
        return Can.NO, f"no: it is locked to memory that the firmware reserves{mark}"
    if refusing and device.locked_mates:
        return Can.NO, f"no: its IOMMU group holds a locked device{mark}"
    if any(one.title == "group" and one.can is Can.NO for one in cases):
        if device.without_group:
            return Can.NO, "no: Linux has it in no IOMMU group"
        return Can.NO, "no: its IOMMU group holds its physical function too"
    published = published_verdict(device)
    if published is not None and published[0] is not Can.YES:
        return published
    unknown = None if device.published is not None else _unknown(device)
    return unknown or _allowed(device, cases, mark, published)


def _allowed(
    device: DeviceContext, cases: tuple[Case, ...], mark: str, published: tuple[Can, str] | None
) -> tuple[Can, str]:
    """Return the verdict on a device that no region keeps back, and on which conditions."""
    if any(one.can is Can.CONDITIONS for one in cases):
        conditions = "with the rest of its group"
        if any(one.title == "virtual functions exist" for one in cases):
            conditions = "its virtual functions must be removed first"
        if any(held.hold is Hold.DIRECT for _, held in device.held):
            conditions = "this kernel is too old to look, and its region is lost to the device"
        elif _too_old_for_display(device):
            conditions = "whether this old kernel lets display devices go is not certain"
        return Can.CONDITIONS, f"on conditions: {conditions}{mark}"
    if device.held:
        why = "by its class" if _free_by_class(device) else "to this kernel, at a risk"
        return Can.YES, f"yes: its regions are relaxable {why}{mark}"
    return published or (Can.YES, "yes: Linux ties no region to it")


def _unknown(device: DeviceContext) -> tuple[Can, str] | None:
    """Return what is said if the table alone answers and does not tell all; else None."""
    if device.facts.functions is None:
        return _without_functions(device)
    if not device.inventory.complete and not device.held:
        return Can.UNKNOWN, _MISSING
    return None


def _without_functions(device: DeviceContext) -> tuple[Can, str]:
    """Say what can be said of a table alone: whom it names, not what that is."""
    if device.named:
        return Can.CONDITIONS, "only if it is a USB controller or a display device"
    scopes = (owner.scope_type for one in device.inventory.all_regions for owner in one.owners)
    if device.inventory.undetermined or ScopeType.PCI_SUB_HIERARCHY in scopes:
        return Can.UNKNOWN, "not known: a region may cover it through a bridge"
    if not device.inventory.complete:
        return Can.UNKNOWN, _MISSING
    return Can.YES, "yes: Linux ties no region to it"
