"""The sentences of verdicts on devices: whether a device can be passed through, and why.

Each is a function of its values, or a constant, named after what it states.  The modules beside
this one decide which of them is true.
"""

from collections.abc import Sequence
from itertools import groupby

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.guests.kvm_guest import KvmDevice
from dmaragent.host.groups import KernelRegion
from dmaragent.inventory import Gap, Region
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.options import RELAX_RMRR
from dmaragent.linux.vfio import VfioEffect
from dmaragent.passthrough.model import Can, PlatformVerdict
from dmaragent.policy.decisions import Harm
from dmaragent.policy.words import HARM_WORDS

# Verdict words --------------------------------------------------------------------------

CAN_WORDS = {
    Can.YES: "allowed",
    Can.CONDITIONS: "allowed if ...",
    Can.NO: "blocked",
    Can.UNKNOWN: "unknown",
    Can.NOT_APPLICABLE: "not applicable",
}
"""The verdict words of devices, the same in every verb and in the report."""
ALLOWED_WITH_RISK = "allowed with risk"


def verdict_word(can: Can, *, risk: bool = False) -> str:
    """Return the verdict word; `risk`: device, firmware or guest can overwrite memory then."""
    return ALLOWED_WITH_RISK if risk and can in (Can.YES, Can.CONDITIONS) else CAN_WORDS[can]


def with_verdict_word(can: Can, reason: str, *, risk: bool = False) -> str:
    """Return a verdict in one sentence; a condition among the reasons begins with "if"."""
    conditional = reason.startswith("if ")
    if can is Can.CONDITIONS and not risk:
        return f"allowed {reason}" if conditional else f"allowed: {reason}"
    return f"{verdict_word(can, risk=risk)}{', ' if conditional else ': '}{reason}"


# Lists ----------------------------------------------------------------------------------

_MOST_RANGES = 3
_NAMED_WITH_RANGE = 2
"""More regions than that are named by their numbers."""


def number_spans(numbers: Sequence[int]) -> str:
    """Return ascending numbers like ``1-3 5``."""
    runs = [
        [number for _, number in run]
        for _, run in groupby(enumerate(numbers), lambda pair: pair[1] - pair[0])
    ]
    return " ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)


def region_list(regions: Sequence[Region]) -> str:
    """Return `regions` in words: a few with their ranges, more by their numbers."""
    if len(regions) <= _NAMED_WITH_RANGE:
        return " and ".join(region.words for region in regions)
    return region_numbers(regions)


def region_numbers(regions: Sequence[Region]) -> str:
    """Return `regions` by their numbers alone."""
    numbers = number_spans(sorted(region.number for region in regions))
    return f"region {numbers}" if len(regions) == 1 else f"regions {numbers}"


def device_list(devices: tuple[SBDF, ...], most: int = 6) -> str:
    """Return the addresses of `devices`, the first few, and how many more there are."""
    shown = " ".join(map(str, devices[:most]))
    return shown if len(devices) <= most else f"{shown} and {len(devices) - most} more"


def published_ranges(regions: Sequence[KernelRegion]) -> str:
    """Return the ranges of `regions`, the first few, and how many more there are."""
    shown = ", ".join(
        span(AddressRange(region.base, region.limit + 1)) for region in regions[:_MOST_RANGES]
    )
    left = len(regions) - _MOST_RANGES
    return shown if left <= 0 else f"{shown} and {left} more"


def typed_ranges(regions: Sequence[KernelRegion]) -> str:
    """Return the ranges of `regions` with their types, ``direct`` first."""
    by_type: dict[str, list[KernelRegion]] = {}
    for region in sorted(
        regions, key=lambda region: (region.type != "direct", region.type, region.base)
    ):
        by_type.setdefault(region.type, []).append(region)
    return " and ".join(f"{published_ranges(alike)} ({kind})" for kind, alike in by_type.items())


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _mark(*, predicted: bool) -> str:
    return " (predicted)" if predicted else ""


# Verdicts of either side ----------------------------------------------------------------

NOT_PRESENT = "no device is present at this address"


def unknown_for_gap(gap: Gap, known: PlatformVerdict) -> str:
    """Return why a verdict is unknown, what settles it, and the verdict by what is `known`."""
    verdict = with_verdict_word(known.can, known.explanation, risk=known.risk)
    rest = "" if known.can is Can.UNKNOWN else f". From the rest of the data: {verdict}"
    return f"{gap.unknown}. Next: {gap.next_step}{rest}"


# Xen: before the policy -----------------------------------------------------------------

XEN_NOT_DECODED = {
    IommuVendor.AMD: "Xen reads the regions from the IVRS table (IVMD entries), which dmaragent "
    "shows but does not use yet",
    IommuVendor.ARM: "dmaragent does not model Xen on Arm",
}
"""Why a verdict of Xen is unknown on hosts without VT-d, by the vendor of the IOMMU."""
NO_REMAPPING_UNIT = "no remapping unit (DRHD) of the table covers it"
NO_REMAPPING_UNIT_CASE = "Xen finds no IOMMU for the device and does not assign it."
HOST_BRIDGE = "it is a host bridge"
HOST_BRIDGE_CASE = "Xen does not assign host bridges."
BRIDGE_NOT_JUDGED = (
    "it is a bridge, a part of the chipset, which dmaragent does not judge. "
    "Next: explain a device behind it"
)


def xen_without_iommu(why: str) -> str:
    """Return that Xen passes no device of the host through."""
    return f"Xen assigns no device of this host, because {why}"


def xen_incomplete(why: str, next_step: str) -> str:
    """Return that too little is known of the host for a verdict."""
    step = f". Next: {next_step}" if next_step else ""
    return f"{why}{step}"


def remapping_unit_unknown(why: str) -> str:
    """Return that it is unknown whether a remapping unit serves the device."""
    return why


# Xen: by policy -------------------------------------------------------------------------


def any_policy(*, predicted: bool) -> str:
    """Return the reason if no region is tied to the device."""
    return f"with either policy, because Xen applies no region to it{_mark(predicted=predicted)}"


def any_policy_without_bridged(regions: Sequence[Region], *, predicted: bool) -> str:
    """Return the condition if Linux alone ties `regions` to the device, through a bridge."""
    bridge = "Xen applies the region only to the bridge above it"
    return f"if it works without {region_list(regions)}: {bridge}{_mark(predicted=predicted)}"


def policies_unknown(*, relaxed_assigned: bool) -> str:
    """Return that the effect of a policy is unknown."""
    other = ". With rdm_policy=relaxed: allowed with risk" if relaxed_assigned else ""
    return f"the effect of a policy is unknown{other}"


def strict_works(*, predicted: bool) -> str:
    """Return the reason if the device is assigned with the policy strict."""
    return f"with the default policy, strict{_mark(predicted=predicted)}"


def neither_policy(*, predicted: bool) -> str:
    """Return the reason if no policy helps."""
    return f"Xen refuses it with either policy{_mark(predicted=predicted)}"


def relaxed_only(*, predicted: bool) -> str:
    """Return the condition if the device is assigned with the policy relaxed alone."""
    return f"if its policy is relaxed{_mark(predicted=predicted)}"


def relaxed_only_as_shared(
    sharers: tuple[SBDF, ...], entries: int, *, present: bool | None, predicted: bool
) -> str:
    """Return the same if a region with `entries` in its scope is shared.

    `present`: whether another device of the scope is present; None: that is unknown.
    """
    with_them = f" with {device_list(sharers, 2)}" if sharers else ""
    alone = {
        None: "; unknown whether they are present: the PCI functions were not collected",
        False: "; none of the others is present",
        True: "",
    }[present]
    why = f"a region is shared{with_them} (its scope has {entries} entries{alone})"
    return f"if its policy is relaxed: {why}{_mark(predicted=predicted)}"


def depends_on_guest_ram(*, predicted: bool) -> str:
    """Return the condition if guest RAM may overlap the regions of the device."""
    return f"if guest RAM does not overlap its regions{_mark(predicted=predicted)}"


def distinct_reasons(reasons: Sequence[tuple[object, str]]) -> str:
    """Return reasons in one sentence: the first of each rule, and how many more are like it.

    `reasons` are pairs of a rule and a sentence.
    """
    alike: dict[object, list[str]] = {}
    for rule, sentence in reasons:
        alike.setdefault(rule, []).append(sentence)
    return "; ".join(
        sentences[0] + (f" (and {len(sentences) - 1} more like this)" if sentences[1:] else "")
        for sentences in alike.values()
    )


def refused_large_unknown_small(large: str, small: str) -> str:
    """Return a policy's effect: refused in a `large` guest, unknown in a `small` one; with why."""
    return f"A guest with 4096 MiB is refused: {large}. For a smaller guest it is unknown: {small}."


def policy_unknown(why: str) -> str:
    """Return that a policy's effect is unknown."""
    return f"{_capital(why)}."


def refused_as_shared(why_earlier: str) -> str:
    """Return that a policy refuses any guest; `why_earlier`: what a guest with RAM fails at."""
    also = (
        f" A guest with RAM in the region, such as one with 4096 MiB, fails earlier: {why_earlier}."
        if why_earlier
        else ""
    )
    return f"Xen refuses every guest, because a region is shared.{also}"


def refused_always(why: str) -> str:
    """Return that a policy refuses any guest."""
    return f"Every guest is refused: {why}."


def refused_if_large(why: str) -> str:
    """Return that a policy refuses a guest with much RAM."""
    return f"A guest with 4096 MiB is refused: {why}."


def assigned_at_a_risk(why: str) -> str:
    """Return that a policy assigns the device with warnings."""
    return f"A guest with 4096 MiB starts, with warnings: {why}."


ASSIGNED_WITHOUT_REGION = "Xen applies no region to it."


def assigned_and_mapped(*, laid_out: bool, as_strict: bool) -> str:
    """Return that a policy assigns the device; `laid_out`: libxl's layout kept RAM away."""
    how = "libxl keeps guest RAM out of its regions" if laid_out else "Nothing overlaps its regions"
    like = ", as with strict" if as_strict else ""
    return f"{how}, and Xen maps them in the guest{like}."


def shared_region(region: AddressRange, more: int, entries: int) -> str:
    """Return the effect of a shared region, with `more` of the kind besides."""
    others = f" and {more} more" if more else ""
    return (
        f"{span(region)}{others}: Xen counts {entries} entries in the device scope, whether the "
        "devices are present or not, and wherever they are assigned. Xen refuses a strict device "
        "(EPERM) and assigns a relaxed one with a warning."
    )


def hotplug_effect(effect: str, why: str) -> str:
    """Return what xl pci-attach does; `effect` is HOTPLUG_ and so on, `why` may be empty."""
    into = f"In a guest with 4096 MiB: {effect}, {why}." if why else "It attaches the device."
    return f"`xl pci-attach` is strict by default and does not move guest RAM. {into}"


HOTPLUG_REFUSED = "refused"
HOTPLUG_UNKNOWN = "unknown"
HOTPLUG_WARNED = "attached, with a warning"


def bridge_scope(region: Region, bridge: SBDF) -> str:
    """Return what Xen leaves out: a region that names a bridge above the device."""
    return (
        f"{_capital(region.words)} names the bridge {bridge} above the device. "
        "Xen applies the region only to the bridge, Linux to every device behind it. "
        "So a guest neither reserves nor maps the region, and the device's DMA there fails "
        "(a VT-d fault in `xl dmesg`)."
    )


# Xen: summaries of cases, for the table of verdicts -------------------------------------

WITHOUT_WARNING = "without a warning"
IF_RELAXED = "if its policy is relaxed"
IF_RAM_AVOIDS_REGIONS = "if guest RAM does not overlap its regions"
IF_WORKS_WITHOUT_REGION = "if the device works without the region"
IF_VIRTUAL_FUNCTIONS_REMOVED = "if its virtual functions are removed first"


def shared_in_short(regions: Sequence[Region], entries: Sequence[int]) -> str:
    """Return why strict is refused: each of `regions` has so many `entries` in its scope."""
    where = region_numbers(regions) if regions else "a region"
    number = f"up to {max(entries)}" if len(set(entries)) > 1 else str(entries[0])
    return f"firmware names {number} devices for {where}; Xen counts absent ones too (EPERM)"


def risk_in_short(harm: Harm) -> str:
    """Return what a guest with the relaxed policy is exposed to."""
    return HARM_WORDS[harm] or "Xen, libxl and hvmloader only warn"


# Xen: the policy by toolstack -----------------------------------------------------------

XL_POLICY = (
    "To make the device relaxed, add rdm_policy=relaxed to its entry of pci=. There is no other "
    "way from 4.15 on: xl then accepts no rdm= that sets a policy."
)
LIBVIRT_POLICY = "The libxl driver of libvirt cannot set the policy."
QUBES_POLICY = (
    "The option no-strict-reset=True also makes the device relaxed, by a patch in Qubes' libvirt. "
    "Its name refers to another effect: resets without FLR."
)
XAPI_POLICY = (
    "XenServer and XCP-ng assign every device relaxed since 2019, and no setting changes this. "
    "But first they move the device to Xen's quarantine (Dom32753) as strict, and Xen refuses a "
    "shared region there. XCP-ng 8.2 was seen to fail this way. 8.3 is reported to work, "
    "untested. pci-quarantine=false in xenopsd.conf skips the quarantine, with risk. "
    "dmaragent does not model the memory layout of XAPI guests."
)

IF_LAYOUT_ALLOWS = "if the memory layout of XAPI guests, which is not modelled, allows it"
IF_QUARANTINE_ACCEPTS = "if Xen's quarantine accepts the device"

# Linux: before the regions --------------------------------------------------------------

BRIDGE_NOT_PASSED = "it is a bridge, which VFIO does not pass through"
BRIDGE_CASE = "VFIO accepts only functions with an endpoint's header."
CHIPSET_NOT_JUDGED = (
    "it is a part of the chipset, which the host needs; dmaragent does not judge it"
)
NO_TABLE = "there is no DMAR table to answer from"
XEN_OWNS_IOMMU = (
    "Xen owns the IOMMU, and no option or patch of dom0's kernel changes what Xen enforces"
)
XEN_OWNS_IOMMU_IN_SHORT = "Xen owns the IOMMU; dom0's options have no effect"


def without_xen(verdict: PlatformVerdict) -> str:
    """Return Linux's verdict on a host that runs Xen; `verdict`: what it is without Xen."""
    alone = with_verdict_word(verdict.can, verdict.explanation, risk=verdict.risk)
    return f"{XEN_OWNS_IOMMU}. Without Xen: {alone}"


UNKNOWN_WITH_IOMMU = "no region or group is known"

# Linux: regions -------------------------------------------------------------------------

RELAXABLE_TO_KERNEL_CASE = (
    "The kernel reports its regions as relaxable, though it does not do so for this class: "
    "the kernel has relax_rmrr or another patch. Risk: device and guest can write to the same "
    "memory."
)
RELAXABLE_SINCE = (
    "USB controllers since Linux 3.17, display devices since 2015 "
    "(18436afdc11a); direct-relaxable in reserved_regions from 5.3 on"
)
HAS_RELAX_RMRR_CASE = (
    "This kernel has the option: intel_iommu=on,relax_rmrr makes every region relaxable, with risk."
)
IF_RELAX_RMRR = "if the option relax_rmrr is on the command line"
LACKS_RELAX_RMRR_CASE = (
    "relax_rmrr is on the command line, but this kernel does not have the option. "
    "Proxmox kernels from 6.2.16-13 on have it; other kernels log that it is unknown."
)
RELAXED_BY_OPTION = "relax_rmrr makes every region relaxable: DMA can overwrite guest memory"
GROUP_HOLDS_PHYSICAL_FUNCTION = "its IOMMU group also contains its physical function"
IN_NO_GROUP = "Linux has it in no IOMMU group"
REGIONS_MISSING = "the data may lack regions"
NO_REGION = "Linux applies no region to it"
ONLY_BY_CLASS = "if it is a USB controller or a display device"
BRIDGE_MAY_COVER = "a region may apply to it through a bridge"
IF_OLD_KERNEL_RELAXES = "if this old kernel relaxes regions of display devices"
IF_WORKS_UNMAPPED = "if the device works without DMA to the region"


def relaxable_by_class(regions: Sequence[Region]) -> str:
    """Return that Linux does not enforce regions on the class of the device."""
    return (
        f"Linux does not enforce {region_list(regions)} for USB controllers and display devices. "
        "It assumes that their firmware stops using the memory once the host's driver has run."
    )


def class_unknown(regions: Sequence[Region]) -> str:
    """Return that the class of the device decides and is unknown."""
    return (
        f"{_capital(region_list(regions))} {'name' if len(regions) > 1 else 'names'} it. Linux "
        "relaxes the regions of USB controllers and display devices, and blocks all other devices. "
        "The class of this device was not collected."
    )


def locked_before_6_6(regions: Sequence[Region]) -> str:
    """Return the effect of a locked region on Linux up to 6.5."""
    return (
        f"{_capital(region_list(regions))} must stay mapped for the device, which Linux cannot "
        "ensure in a guest's address space. Attaching it fails with EPERM (Operation not permitted)."
    )


def locked_before_6_6_releases(since: str, *, through_bridge: bool) -> str:
    """Return the releases of that; `through_bridge`: regions name a bridge above the device."""
    through = ", as the region names a bridge above it" if through_bridge else ""
    return f"Linux {since} to 6.5{through}"


def locked_since_6_6(regions: Sequence[Region]) -> str:
    """Return the effect of a locked region on Linux 6.6 and later."""
    return (
        f"{_capital(region_list(regions))} must stay mapped 1:1, and VFIO first attaches a domain "
        "that blocks all DMA. That fails with EINVAL (Invalid argument)."
    )


def not_checked_before(since: str, regions: Sequence[Region]) -> str:
    """Return the effect of a region on a kernel older than the check."""
    return (
        f"Linux before {since} does not check regions. It attaches the device but does not map "
        f"{region_list(regions)}, so the device's DMA there fails."
    )


def locked(regions: Sequence[Region], *, predicted: bool) -> str:
    """Return the reason if `regions` lock the device."""
    why = f"firmware requires a 1:1 mapping of {region_list(regions)}"
    return f"{why}{_mark(predicted=predicted)}"


def group_holds_locked(mates: tuple[SBDF, ...], *, predicted: bool) -> str:
    """Return the reason if `mates` of the device's group are locked."""
    why = f"firmware requires a 1:1 mapping for {device_list(mates)} in its IOMMU group"
    return f"{why}{_mark(predicted=predicted)}"


WITH_REST_OF_GROUP = "if the rest of its IOMMU group is bound to vfio-pci too"
AFTER_VIRTUAL_FUNCTIONS = IF_VIRTUAL_FUNCTIONS_REMOVED
KERNEL_TOO_OLD_TO_LOOK = (
    "if it works without DMA to its region, which this old kernel does not map for VFIO"
)
KERNEL_TOO_OLD_FOR_DISPLAY = IF_OLD_KERNEL_RELAXES


def on_conditions(conditions: str, *, predicted: bool) -> str:
    """Return `conditions`, which begin with "if"."""
    return f"{conditions}{_mark(predicted=predicted)}"


def regions_relaxable(*, by_class: bool, predicted: bool) -> str:
    """Return the reason if the regions are relaxable: by the device's class or the kernel."""
    if by_class:
        why = "Linux does not enforce the regions of this class of device"
    else:
        why = "this kernel relaxes its regions: DMA can overwrite guest memory"
    return f"{why}{_mark(predicted=predicted)}"


# Linux: regions that it publishes -------------------------------------------------------

_EFFECTS = {
    VfioEffect.REFUSED: "VFIO refuses the device, so the guest does not start.",
    VfioEffect.MAPPING_FAILS: "VFIO accepts the device. If guest RAM overlaps the range, "
    "VFIO_MAP_DMA fails and the guest does not start.",
    VfioEffect.NOT_MAPPED: "VFIO accepts the device and does not map the range for it. DMA of the "
    "firmware there reaches guest RAM, or faults if the guest has no RAM there.",
    VfioEffect.UNKNOWN: "Linux up to 6.19 has no such type, so the effect is unknown.",
}
KERNEL_RELEASE_DECIDES = "the kernel's release"
VENDOR_DECIDES = "the IOMMU's vendor"
IF_RAM_AVOIDS_RANGE = "if guest RAM does not overlap the range"


def published_effect(
    regions: Sequence[KernelRegion], kind: str, group: int, devices: int, effect: VfioEffect
) -> str:
    """Return the effect of published regions of the type `kind`; the group has `devices`."""
    several = (
        f" Linux publishes the regions of the whole group, so it is unknown which of its {devices} "
        "devices has the region. VFIO attaches a group whole."
        if devices > 1
        else ""
    )
    return (
        f"Linux reports {published_ranges(regions)} ({kind}) for IOMMU group {group}. "
        f"{_EFFECTS[effect]}{several}"
    )


def _published_for(regions: Sequence[KernelRegion], group: int) -> str:
    return f"Linux reports {typed_ranges(regions)} for IOMMU group {group}"


def published_refused(regions: Sequence[KernelRegion], group: int) -> str:
    """Return the reason if `regions` stop the device on every kernel that may run."""
    return _published_for(regions, group)


def published_undecided(regions: Sequence[KernelRegion], group: int, decides: str) -> str:
    """Return the reason if `regions` may stop it; `decides`: what decides, and is unknown."""
    return f"{_published_for(regions, group)}; the effect depends on {decides}, which is unknown"


def published_type_unknown(regions: Sequence[KernelRegion], group: int) -> str:
    """Return the reason if a region is of a type that no Linux is known to have."""
    return f"{_published_for(regions, group)}, and the type is unknown"


def published_unprotected(regions: Sequence[KernelRegion], group: int) -> str:
    """Return the risk if the kernel does not look at `regions`."""
    return f"{_published_for(regions, group)}, and this kernel does not enforce it"


def published_unless_ram(regions: Sequence[KernelRegion], group: int) -> str:
    """Return the condition if guest RAM decides."""
    return (
        f"if guest RAM does not overlap {typed_ranges(regions)}, which Linux reports for "
        f"IOMMU group {group}"
    )


def published_let_go(regions: Sequence[KernelRegion], group: int) -> str:
    """Return the reason if all of `regions` are relaxable."""
    return f"{_published_for(regions, group)}, and VFIO does not enforce or map it"


# Linux: the IOMMU group -----------------------------------------------------------------

IN_NO_GROUP_CASE = (
    "Linux has the device in no IOMMU group, because no remapping unit covers it. "
    "vfio-pci does not bind to it."
)


def alone_in_group(group: int, *, by_itself: bool) -> str:
    """Return that no other device of the group counts; `by_itself`: it is alone."""
    if by_itself:
        return f"It is alone in IOMMU group {group}."
    return f"IOMMU group {group} contains only this device and its dependent functions."


def group_has_physical_function(group: int, physical: SBDF) -> str:
    """Return that the device's physical function is in its group."""
    return (
        f"IOMMU group {group} also contains its physical function {physical}. VFIO attaches a "
        "group whole, and this device disappears when the physical function loses its driver."
    )


def group_has_locked(group: int, mates: tuple[SBDF, ...]) -> str:
    """Return that `mates` in the group are locked to a region."""
    return (
        f"IOMMU group {group} also contains {device_list(mates)}, for which firmware requires a "
        "1:1 mapping. VFIO attaches a group whole."
    )


def group_must_be_bound(group: int, mates: tuple[SBDF, ...], *, drivers_known: bool) -> str:
    """Return that host drivers have `mates`, or may have them."""
    drivers = "host drivers use them" if drivers_known else "their drivers are unknown"
    return (
        f"IOMMU group {group} also contains {device_list(mates)}, and {drivers}. Every device of "
        "the group must be bound to vfio-pci or to no driver, and the host loses all of them."
    )


def group_in_nobodys_way(group: int, mates: tuple[SBDF, ...]) -> str:
    """Return that `mates` in the group are ready for VFIO."""
    return f"IOMMU group {group} also contains {device_list(mates)}. None of them prevents passthrough."


# SR-IOV ---------------------------------------------------------------------------------

VIRTUAL_FUNCTION_ON_LINUX = (
    "Linux applies a region to physical functions only, unless the region names a bridge above "
    "them."
)


def virtual_functions_block_vfio(existing: tuple[SBDF, ...]) -> str:
    """Return that vfio-pci does not bind to a device that has virtual functions."""
    return (
        f"It has virtual functions ({device_list(existing)}). vfio-pci does not bind to it until "
        "they are removed. A guest that uses one of them loses it."
    )


def virtual_function_on_xen(physical: SBDF) -> str:
    """Return that no region of the physical function is tied to a virtual one."""
    return (
        f"Regions name the physical function {physical}. dom0 registers a virtual function under "
        "its own address, which no region's scope contains. So Xen applies no region to this "
        "device, and a guest with it reserves none."
    )


def virtual_functions_vanish(existing: tuple[SBDF, ...]) -> str:
    """Return the effect on virtual functions of binding the device to pciback."""
    return (
        f"It has virtual functions ({device_list(existing)}). They disappear when pciback replaces "
        "its dom0 driver, and a guest that uses one loses it. Some drivers (igb, ixgbe) keep them "
        "while a guest uses one."
    )


# Intel VMD ------------------------------------------------------------------------------

VMD_UNKNOWN = (
    "its segment is above ffff, as behind Intel VMD, and the device above it was not "
    "collected (its directory in sysfs, or the driver of its parent)"
)
NOT_REGISTERED_WITH_XEN = "This kernel does not register the device with Xen."


def behind_vmd_on_linux(endpoint: SBDF) -> str:
    """Return Linux's reason on a function behind VMD."""
    return f"it is behind Intel VMD and can only be passed through together with {endpoint}"


def behind_vmd_case(endpoint: SBDF) -> str:
    """Return why Linux does not pass a function behind VMD through alone."""
    return (
        f"The VMD endpoint {endpoint} does the DMA of this device, so both have the same remapping "
        "unit and IOMMU group. VFIO attaches a group whole, and the driver vmd uses the endpoint."
    )


def behind_vmd_on_xen(endpoint: SBDF) -> str:
    """Return Xen's reason on a function behind VMD whose segment Xen can name."""
    return f"it is behind Intel VMD, and {endpoint} does its DMA"


def segment_beyond_xen(endpoint: SBDF | None) -> str:
    """Return Xen's reason on a segment that it cannot name; `endpoint`: of VMD, if it is that."""
    behind = "" if endpoint is None else f"; the device is behind Intel VMD {endpoint}"
    return f"Xen cannot address a segment above ffff{behind}"


def segment_case(registration: str, cut: SBDF) -> str:
    """Return which device Xen knows it as: `cut`, its address in 16 bits of segment."""
    return (
        "Xen's hypercalls have 16 bits for a segment. "
        f"{registration} What Xen reports for {cut} is not about this device."
    )


def registered_as(cut: SBDF) -> str:
    """Return how a kernel before 6.15 registers the device with Xen."""
    return (
        f"A dom0 kernel before Linux 6.15 (stable kernels: before mid-2025) registers it as {cut}, "
        "which may be another device or none. Later kernels do not register it."
    )


# Notes ----------------------------------------------------------------------------------

CONVENTIONAL_PCI = (
    "If it is a conventional PCI device behind a bridge, Xen since XSA-400 refuses it under "
    "either policy (EOPNOTSUPP)."
)
GROUP_UNKNOWN = "Its IOMMU group is unknown. Linux passes a group through only as a whole."
TABLE_NEEDS_ROOT = (
    "Linux reports regions to every user. Reading the table, which names their devices, needs root."
)
LACKS_RELAX_RMRR = (
    f"This kernel does not have {RELAX_RMRR}, an option of Proxmox kernels from 6.2.16-13 on."
)


def regions_shared(sharers: tuple[SBDF, ...]) -> str:
    """Return that other devices have the same regions."""
    return (
        f"It shares its regions with {device_list(sharers)}. Guests that have different devices "
        "of this set share the memory of the regions."
    )


def regions_name_others(sharers: tuple[SBDF, ...]) -> str:
    """Return the same if it is unknown whether the others are present."""
    return (
        f"Its regions also name {device_list(sharers)}. Whether those are present is unknown: "
        "the PCI functions were not collected."
    )


def xens_list(notes: Sequence[str]) -> str:
    """Return what is to be known of Xen's list."""
    return f"Xen's list: {'; '.join(notes)}."


def vmd_endpoint(behind: tuple[SBDF, ...]) -> str:
    """Return what the host loses with a VMD endpoint."""
    return (
        "Warning: it is an Intel VMD endpoint. If you pass it through, the host loses "
        f"{device_list(behind)} and the disks there."
    )


def exists_by_physical_function(physical: SBDF) -> str:
    """Return what a virtual function depends on."""
    return (
        f"It exists only while its physical function {physical} has its driver. Unbinding that "
        "driver, or passing that function through, removes this device."
    )


def regions_from_undecoded_table(vendor: IommuVendor) -> str:
    """Return which table the regions that Linux publishes come from on AMD and Arm."""
    tree = " or the device tree" if vendor is IommuVendor.ARM else ""
    return (
        f"The regions that Linux reports come from the {vendor.table} table{tree}, "
        "which explain does not decode."
    )


def useless_in_dom0(options: Sequence[str]) -> str:
    """Return that Linux's options do nothing below Xen."""
    return (
        f"'{' '.join(options)}' on dom0's command line has no effect: Xen enforces the regions, "
        "not dom0."
    )


def splits_groups_only(option: str) -> str:
    """Return that pcie_acs_override does not help against a region."""
    return f"'{option}' splits IOMMU groups, with risk. It does not help against a region."


def interrupts_only(option: str) -> str:
    """Return that allow_unsafe_interrupts does not help against a region."""
    return (
        f"'{option}' is for machines without interrupt remapping, which this host has. It does "
        "not help against a region."
    )


def options_that_do_not_help(groups_option: str) -> str:
    """Return which options are often given and do not help against a region."""
    return (
        f"Two options that are often used with {RELAX_RMRR} do not help against a region: "
        f"{groups_option} (IOMMU groups) and allow_unsafe_interrupts (interrupt remapping)."
    )


# KVM guests -----------------------------------------------------------------------------

HOST_RUNS_XEN = (
    "this host runs Xen, which owns the IOMMU: dom0's Linux has no IOMMU groups, so "
    "VFIO cannot pass devices through"
)


def slot_functions_unknown(setting: KvmDevice, slot: str) -> str:
    """Return that `setting` names all functions of a slot, and that they are unknown."""
    return (
        f"{setting.text} names the slot {slot} and so all of its functions, which are "
        "unknown (the host's PCI functions were not collected)"
    )


def slot_empty(slot: str) -> str:
    """Return what Proxmox prints for a slot without functions."""
    return f"no PCI device found for '{slot}'"


def assigned_twice(sbdf: SBDF, first: KvmDevice) -> str:
    """Return that a function is assigned again; `first`: the setting that did it first."""
    return f"{sbdf} is assigned twice, first by {first.text} ({first.place})"


def not_present(sbdf: SBDF) -> str:
    """Return that the host does not have the function."""
    return f"{sbdf} is not present on this host"


def of_function(sbdf: SBDF, why: str) -> str:
    """Return why a guest cannot have a function: the verdict, or a case, of `explain`."""
    return f"{sbdf}: {why}"


def function_in_no_group(sbdf: SBDF) -> str:
    """Return that Linux has the function in no IOMMU group."""
    return f"{sbdf} is in no IOMMU group, so VFIO cannot attach it"


def group_of_function_unknown(sbdf: SBDF) -> str:
    """Return that the IOMMU group of the function is unknown."""
    return (
        f"the IOMMU group of {sbdf} is unknown, and VFIO attaches a group whole: "
        "/sys/kernel/iommu_groups was not collected"
    )


def group_not_viable(group: int) -> str:
    """Return what QEMU prints of a group that a host driver uses."""
    return f"group {group} is not viable"


def group_busy(group: int, sbdf: SBDF, mates: tuple[SBDF, ...]) -> str:
    """Return that host drivers use `mates` of the function's group."""
    return (
        f"IOMMU group {group} of {sbdf} also contains {device_list(mates)}, which host drivers "
        "use: bind them to vfio-pci, or assign them to this guest too"
    )


def group_drivers_unknown(group: int, sbdf: SBDF, mates: tuple[SBDF, ...]) -> str:
    """Return that the drivers of `mates` of the function's group are unknown."""
    return (
        f"IOMMU group {group} of {sbdf} also contains {device_list(mates)}, whose drivers are "
        "unknown: VFIO refuses a group that a host driver uses"
    )


def bind_to_vfio_first(sbdf: SBDF, driver: str | None) -> str:
    """Return what must be done before the guest starts."""
    return f"bind {sbdf} to vfio-pci (its driver is {driver})"


# KVM guests: reserved regions -----------------------------------------------------------

ONE_TO_ONE_REFUSED = "firmware requires a 1:1 mapping, so Linux refuses the device"
TYPE_NOT_KNOWN = "no known Linux release has this type of region, so its effect is unknown"
RAM_NOT_MAPPED = "guest RAM overlaps it, and VFIO does not map RAM there"
RAM_UNKNOWN_NOT_MAPPED = "VFIO maps no RAM there, and the addresses of guest RAM are unknown"
RAM_UNKNOWN_MAY_BE_OVERWRITTEN = (
    "VFIO does not map it 1:1. DMA of the firmware there reaches guest RAM, or faults"
)
RAM_MAY_BE_OVERWRITTEN = (
    "VFIO does not map it 1:1, and guest RAM overlaps it: firmware DMA can overwrite guest RAM"
)
FIRMWARE_DMA_FAULTS = "VFIO does not map it, so DMA of the firmware there faults"
NO_RAM_NO_EFFECT = "no effect: guest RAM does not overlap it"


KERNEL_RELEASE_UNKNOWN = "its release (uname -r) is unknown"
VENDOR_UNKNOWN = "the IOMMU's vendor is unknown"


def may_have_later_checks(kernel: str) -> str:
    """Return that the release of an enterprise kernel does not show its checks."""
    return f"{kernel[:60]} may have checks of later releases"


def region_effect_by_kernel(
    region: AddressRange,
    kind: str,
    sbdf: SBDF,
    why_open: str,
    effects: Sequence[tuple[str, bool, str]],
) -> str:
    """Return that the effect of a region depends on the kernel, and which it has on which.

    `effects` are the releases, whether they are those on Intel alone, and the effect.
    """
    by_release = "; ".join(
        f"{releases}{' on Intel' if intel else ''}: {effect}" for releases, intel, effect in effects
    )
    return (
        f"the effect of {span(region)} ({kind}) on {sbdf} depends on the kernel, and "
        f"{why_open}. {by_release}"
    )


def region_effect_unknown(region: AddressRange, kind: str, sbdf: SBDF, why: str) -> str:
    """Return that the effect of a region is unknown on any kernel."""
    return f"{span(region)} ({kind}) of {sbdf}: {why}"


def region_effect(
    region: AddressRange,
    kind: str,
    sbdf: SBDF,
    effect: str,
    errors: Sequence[tuple[str, str]],
) -> str:
    """Return the effect of a region; `errors`: each errno with its releases, if they differ."""
    differing = (
        f" ({'; '.join(f'{error}: {releases}' for error, releases in errors)})"
        if len(errors) > 1
        else ""
    )
    return f"{sbdf} has the reserved region {span(region)} ({kind}): {effect}{differing}"


def reserved_regions_unknown(sbdf: SBDF) -> str:
    """Return that the reserved regions of the function are unknown."""
    return (
        f"the reserved regions of {sbdf} are unknown: "
        "read /sys/kernel/iommu_groups/*/reserved_regions or the whole table to know them"
    )
