"""The sentences of verdicts on devices: whether a device can be passed through, and why.

Each is a function of its values, or a constant, under what it states.  The modules beside
this one decide which of them holds.
"""

from collections.abc import Sequence

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.guests.kvm_guest import KvmDevice
from dmaragent.host.groups import KernelRegion
from dmaragent.inventory import Gap, Region
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.options import RELAX_RMRR
from dmaragent.linux.vfio import VfioEffect

# Lists ----------------------------------------------------------------------------------

_MOST_RANGES = 3


def region_list(regions: Sequence[Region], most: int = 3) -> str:
    """Return the words of `regions`, the first few, and how many more there are."""
    shown = ", ".join(region.words for region in regions[:most])
    return shown if len(regions) <= most else f"{shown} and {len(regions) - most} more"


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

NOT_PRESENT = "no: nothing answers at this address"


def unknown_for_gap(gap: Gap, by_what_is_known: str) -> str:
    """Return why a verdict is unknown, what settles it, and what it is `by_what_is_known`."""
    known = f". By what is known: {by_what_is_known}" if by_what_is_known else ""
    return f"unknown: {gap.unknown}. Next: {gap.next_step}{known}"


# Xen: before the policy -----------------------------------------------------------------

XEN_NOT_DECODED = {
    IommuVendor.AMD: "unknown: Xen takes the regions from the IVRS table (IVMD), which dmaragent "
    "does not decode yet",
    IommuVendor.ARM: "unknown: dmaragent does not model Xen on Arm",
}
"""Why a verdict of Xen is unknown on hosts without VT-d, by the vendor of the IOMMU."""
NO_REMAPPING_UNIT = "no: no remapping unit (DRHD) of the table serves it"
NO_REMAPPING_UNIT_CASE = "Xen finds no IOMMU for the device and does not assign it."
HOST_BRIDGE = "no: it is a host bridge"
HOST_BRIDGE_CASE = "Xen assigns no host bridge to a guest."
BRIDGE_NOT_JUDGED = (
    "a bridge is a part of the chipset and not judged here: guests are given what is behind it"
)


def xen_without_iommu(why: str) -> str:
    """Return that Xen passes no device of the host through."""
    return f"no device of this host can be: {why}"


def xen_incomplete(why: str, next_step: str) -> str:
    """Return that too little is known of the host for a verdict."""
    step = f". Next: {next_step}" if next_step else ""
    return f"not known: {why}{step}"


def remapping_unit_unknown(why: str) -> str:
    """Return that it is unknown whether a remapping unit serves the device."""
    return f"unknown: {why}"


# Xen: by policy -------------------------------------------------------------------------


def any_policy(*, predicted: bool) -> str:
    """Return the verdict on a device that no region is tied to."""
    return f"yes, under any policy: Xen ties no region to it{_mark(predicted=predicted)}"


def any_policy_without_bridged(regions: Sequence[Region], *, predicted: bool) -> str:
    """Return the verdict on a device that only Linux ties `regions` to, through a bridge."""
    without = f"assigned under any policy, but without {region_list(regions)}: see 'bridge scope'"
    return f"{without}{_mark(predicted=predicted)}"


def policies_unknown(*, relaxed_assigned: bool) -> str:
    """Return the verdict if the effect of a policy is unknown."""
    other = "; relaxed it is assigned, at a risk" if relaxed_assigned else ""
    return f"not known for certain: see the cases{other}"


def strict_works(*, predicted: bool) -> str:
    """Return the verdict on a device that is assigned with the policy strict."""
    return f"yes, also with the default policy, strict{_mark(predicted=predicted)}"


def neither_policy(*, predicted: bool) -> str:
    """Return the verdict on a device that no policy helps."""
    return f"no, under neither policy{_mark(predicted=predicted)}"


def relaxed_only(*, predicted: bool) -> str:
    """Return the verdict on a device that is assigned with the policy relaxed alone."""
    return f"only with rdm_policy=relaxed, at a risk{_mark(predicted=predicted)}"


def relaxed_only_as_shared(
    sharers: tuple[SBDF, ...], entries: int, *, present: bool | None, predicted: bool
) -> str:
    """Return the same if a region with `entries` in its scope is shared.

    `present`: whether another device of the scope is present; None: that is unknown.
    """
    with_them = f" with {device_list(sharers, 2)}" if sharers else ""
    alone = {
        None: "; unknown whether present: the PCI functions were not collected",
        False: ", though no other device of it answers",
        True: "",
    }[present]
    why = f"a region of it is shared{with_them} ({entries} entries in its scope{alone})"
    return f"only with rdm_policy=relaxed, at a risk: {why}{_mark(predicted=predicted)}"


def depends_on_guest_ram(*, predicted: bool) -> str:
    """Return the verdict on a device whose regions guest RAM may overlap."""
    return f"it depends on where the guest has RAM{_mark(predicted=predicted)}"


def distinct_reasons(reasons: Sequence[tuple[object, str]]) -> str:
    """Return reasons in one sentence: the first of each rule, and how many more are like it.

    `reasons` are pairs of a rule and a sentence.
    """
    alike: dict[object, list[str]] = {}
    for rule, sentence in reasons:
        alike.setdefault(rule, []).append(sentence)
    return "; ".join(
        sentences[0] + (f" (and {len(sentences) - 1} more likewise)" if sentences[1:] else "")
        for sentences in alike.values()
    )


def refused_large_unknown_small(large: str, small: str) -> str:
    """Return a policy's effect: refused in a `large` guest, unknown in a `small` one; with why."""
    return f"With 4096 MiB it is refused: {large}. With less it cannot be said: {small}."


def policy_unknown(why: str) -> str:
    """Return that a policy's effect is unknown."""
    return f"It cannot be said: {why}."


def refused_as_shared(why_earlier: str) -> str:
    """Return that a policy refuses any guest; `why_earlier`: what a guest with RAM fails at."""
    also = (
        f" A guest with RAM there fails before that, as with 4096 MiB: {why_earlier}."
        if why_earlier
        else ""
    )
    return f"Refused whatever the guest, because a region is shared.{also}"


def refused_always(why: str) -> str:
    """Return that a policy refuses any guest."""
    return f"Refused whatever the guest: {why}."


def refused_if_large(why: str) -> str:
    """Return that a policy refuses a guest with much RAM."""
    return f"It depends on the guest's RAM. With 4096 MiB it is refused: {why}."


def assigned_at_a_risk(why: str) -> str:
    """Return that a policy assigns the device with warnings."""
    return f"Assigned, at a risk. With 4096 MiB: {why}."


ASSIGNED_WITHOUT_REGION = "Assigned: no region is tied to it."


def assigned_and_mapped(*, laid_out: bool, as_strict: bool) -> str:
    """Return that a policy assigns the device; `laid_out`: libxl's layout kept RAM away."""
    how = "libxl keeps the guest's RAM out of its regions" if laid_out else "nothing meets them"
    like = ", as with strict" if as_strict else ""
    return f"Assigned: {how}, and Xen maps them in the guest{like}."


def shared_region(region: AddressRange, more: int, entries: int) -> str:
    """Return the effect of a shared region, with `more` of the kind besides."""
    others = f" and {more} more" if more else ""
    return (
        f"{span(region)}{others}: Xen counts {entries} entries in the scope, present "
        "or not, wherever they are assigned. A strict device is refused (EPERM), a relaxed one is "
        "assigned with a warning."
    )


def hotplug_effect(effect: str, why: str) -> str:
    """Return what xl pci-attach does; `effect` is HOTPLUG_ and so on, `why` may be empty."""
    into = f". Into a guest of 4096 MiB: {effect}, {why}." if why else ": attached."
    return f"`xl pci-attach` is strict unless it is told otherwise, and moves no RAM{into}"


HOTPLUG_REFUSED = "refused"
HOTPLUG_UNKNOWN = "unknown"
HOTPLUG_WARNED = "attached, with a warning"


def bridge_scope(region: Region, bridge: SBDF) -> str:
    """Return what Xen leaves out: a region that names a bridge above the device."""
    return (
        f"{_capital(region.words)} names the bridge "
        f"{bridge} above it. Xen ties it to the bridge alone: in a guest the region is neither "
        "reserved nor mapped, and what the device does there by DMA fails (a VT-d fault in "
        "`xl dmesg`). Linux ties it to all that is below the bridge."
    )


# Xen: the policy by toolstack -----------------------------------------------------------

XL_POLICY = (
    "rdm_policy=relaxed in its entry of pci= makes it relaxed. (From 4.15 on xl takes no "
    "rdm= that names a policy, so it must be said there.)"
)
LIBVIRT_POLICY = "Its libxl driver has no setting for it."
QUBES_POLICY = (
    "Its option no-strict-reset=True, which is named after something else (resets "
    "without FLR), makes it relaxed too: a patch of Qubes' libvirt."
)
XAPI_POLICY = (
    "XenServer and XCP-ng assign relaxed since 2019, and nothing of it can be set. But "
    "they first put the device into Xen's quarantine, strict: a shared region is refused there "
    "(Dom32753), as XCP-ng 8.2 was seen to do. 8.3 is said to allow it, which nobody tested. "
    "pci-quarantine=false in xenopsd.conf leaves the quarantine out, at a risk. The layout "
    "of their guests is not modelled."
)

# Linux: before the regions --------------------------------------------------------------

BRIDGE_NOT_PASSED = "no: a bridge is not passed through"
BRIDGE_CASE = "VFIO takes functions with an endpoint's header alone."
CHIPSET_NOT_JUDGED = "a part of the chipset is not judged here: the host needs it"
NO_TABLE = "not known: there is no table to answer from"
XEN_OWNS_IOMMU = (
    "does not decide here: Xen owns the IOMMU, and no option or patch of dom0's kernel changes "
    "what it does"
)
XEN_OWNS_IOMMU_ALONE = f"{XEN_OWNS_IOMMU}."


def without_xen(verdict: str) -> str:
    """Return Linux's verdict on a host that runs Xen; `verdict`: what it is without Xen."""
    return f"{XEN_OWNS_IOMMU}. Without Xen: {verdict}"


UNKNOWN_WITH_IOMMU = "unknown"

# Linux: regions -------------------------------------------------------------------------

RELAXABLE_TO_KERNEL_CASE = (
    "The kernel itself has its regions relaxable, though its class is none that is "
    "let go: relax_rmrr, or a patched kernel. Device and guest may write to the same "
    "memory."
)
RELAXABLE_SINCE = (
    "USB controllers since Linux 3.17, display devices since 2015 "
    "(18436afdc11a); direct-relaxable in reserved_regions from 5.3 on"
)
HAS_RELAX_RMRR_CASE = (
    "This kernel has the option: intel_iommu=on,relax_rmrr makes every region relaxable, at a risk."
)
LACKS_RELAX_RMRR_CASE = (
    "relax_rmrr stands on the command line, and this kernel has no such option: "
    "Proxmox kernels from 6.2.16-13 on have it, and others log that they do not know it."
)
RELAXED_BY_OPTION = "yes, at a risk: relax_rmrr lets every region go"
GROUP_HOLDS_PHYSICAL_FUNCTION = "no: its IOMMU group holds its physical function too"
IN_NO_GROUP = "no: Linux has it in no IOMMU group"
REGIONS_MISSING = "not known: regions may be missing from the answer"
NO_REGION = "yes: Linux ties no region to it"
ONLY_BY_CLASS = "only if it is a USB controller or a display device"
BRIDGE_MAY_COVER = "not known: a region may cover it through a bridge"


def relaxable_by_class(regions: Sequence[Region]) -> str:
    """Return that the class of the device lets it go."""
    return (
        f"It is not held to {region_list(regions)}: USB controllers and display "
        "devices are let go, because their firmware is taken to be done with the memory once "
        "the host's driver has run."
    )


def class_unknown(regions: Sequence[Region]) -> str:
    """Return that the class of the device decides and is unknown."""
    return (
        f"{_capital(region_list(regions))} names it. USB controllers and display devices are "
        "let go, all others are locked; what it is was not collected."
    )


def locked_before_6_6(regions: Sequence[Region]) -> str:
    """Return the effect of a locked region on Linux up to 6.5."""
    return (
        f"Locked: {region_list(regions)} must stay mapped for it, which a guest's memory cannot "
        "promise. Attaching it fails with EPERM (Operation not permitted)."
    )


def locked_before_6_6_releases(since: str, *, through_bridge: bool) -> str:
    """Return the releases of that; `through_bridge`: regions name a bridge above the device."""
    through = ", as the region names a bridge above it" if through_bridge else ""
    return f"Linux {since} to 6.5{through}"


def locked_since_6_6(regions: Sequence[Region]) -> str:
    """Return the effect of a locked region on Linux 6.6 and later."""
    return (
        f"Locked: {region_list(regions)} must stay mapped 1:1, and VFIO would begin by blocking "
        "the device. It fails with EINVAL (Invalid argument)."
    )


def not_checked_before(since: str, regions: Sequence[Region]) -> str:
    """Return the effect of a region on a kernel older than the check."""
    return (
        f"Before {since} Linux does not look: the device is attached, and {region_list(regions)} "
        "is not mapped for it, so that what it does there by DMA fails."
    )


def locked(*, predicted: bool) -> str:
    """Return the verdict on a device that is locked to a region."""
    return f"no: it is locked to memory that the firmware reserves{_mark(predicted=predicted)}"


def group_holds_locked(*, predicted: bool) -> str:
    """Return the verdict on a device in whose group another is locked."""
    return f"no: its IOMMU group holds a locked device{_mark(predicted=predicted)}"


WITH_REST_OF_GROUP = "with the rest of its group"
AFTER_VIRTUAL_FUNCTIONS = "its virtual functions must be removed first"
KERNEL_TOO_OLD_TO_LOOK = "this kernel is too old to look, and its region is lost to the device"
KERNEL_TOO_OLD_FOR_DISPLAY = "whether this old kernel lets display devices go is not certain"


def on_conditions(conditions: str, *, predicted: bool) -> str:
    """Return the verdict on a device that only `conditions` keep back."""
    return f"on conditions: {conditions}{_mark(predicted=predicted)}"


def regions_relaxable(*, by_class: bool, predicted: bool) -> str:
    """Return the verdict on a device whose regions are relaxable: by its class or the kernel."""
    why = "by its class" if by_class else "to this kernel, at a risk"
    return f"yes: its regions are relaxable {why}{_mark(predicted=predicted)}"


# Linux: regions that it publishes -------------------------------------------------------

_EFFECTS = {
    VfioEffect.REFUSED: "VFIO cannot take the device: a guest does not start with it.",
    VfioEffect.MAPPING_FAILS: "VFIO takes the device. If guest RAM overlaps the range, "
    "VFIO_MAP_DMA fails and the guest does not start.",
    VfioEffect.NOT_MAPPED: "VFIO takes the device and does not map the range for it. DMA of the "
    "firmware there reaches guest RAM, or faults if the guest has no RAM there.",
    VfioEffect.UNKNOWN: "Linux up to 6.19 has no such type: the effect is unknown.",
}
KERNEL_RELEASE_DECIDES = "the kernel's release"
VENDOR_DECIDES = "the IOMMU's vendor"


def published_effect(
    regions: Sequence[KernelRegion], kind: str, group: int, devices: int, effect: VfioEffect
) -> str:
    """Return the effect of published regions of the type `kind`; the group has `devices`."""
    several = (
        f" The list is that of the whole group: which of its {devices} devices "
        "has the region is not published, and VFIO takes a group whole."
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
    """Return the verdict if `regions` stop the device on every kernel that may run."""
    return f"no: {_published_for(regions, group)}"


def published_undecided(regions: Sequence[KernelRegion], group: int, decides: str) -> str:
    """Return the verdict if `regions` may stop it; `decides`: what decides, and is unknown."""
    return f"unknown: {_published_for(regions, group)}; {decides} decides, and is not known"


def published_type_unknown(regions: Sequence[KernelRegion], group: int) -> str:
    """Return the verdict if a region is of a type that no Linux is known to have."""
    return f"unknown: {_published_for(regions, group)}, a type that is not known"


def published_unprotected(regions: Sequence[KernelRegion], group: int) -> str:
    """Return the verdict if the kernel does not look at `regions`."""
    return f"at a risk: {_published_for(regions, group)}, which this kernel does not protect"


def published_unless_ram(regions: Sequence[KernelRegion], group: int) -> str:
    """Return the verdict if guest RAM decides."""
    return (
        f"only if guest RAM does not overlap {typed_ranges(regions)}, which Linux reports for "
        f"IOMMU group {group}"
    )


def published_let_go(regions: Sequence[KernelRegion], group: int) -> str:
    """Return the verdict if all of `regions` are relaxable."""
    return f"yes: {_published_for(regions, group)}, which VFIO lets go of and does not map"


# Linux: the IOMMU group -----------------------------------------------------------------

IN_NO_GROUP_CASE = (
    "Linux has it in no IOMMU group, as no remapping unit serves it: vfio-pci does not bind to it."
)


def alone_in_group(group: int, *, by_itself: bool) -> str:
    """Return that no other device of the group counts; `by_itself`: there is none."""
    alone = "It is alone" if by_itself else "With what goes with it, it is alone"
    return f"{alone} in IOMMU group {group}."


def group_has_physical_function(group: int, physical: SBDF) -> str:
    """Return that the device's physical function is in its group."""
    return (
        f"IOMMU group {group} holds its physical function {physical} too. VFIO "
        "takes a group whole, and without the driver of that one this one is gone."
    )


def group_has_locked(group: int, mates: tuple[SBDF, ...]) -> str:
    """Return that `mates` in the group are locked to a region."""
    return (
        f"IOMMU group {group} holds {device_list(mates)}, locked to a region too, and "
        "a group is attached whole."
    )


def group_must_be_bound(group: int, mates: tuple[SBDF, ...], *, drivers_known: bool) -> str:
    """Return that host drivers have `mates`, or may have them."""
    drivers = "which host drivers have" if drivers_known else "whose drivers are unknown"
    return (
        f"IOMMU group {group} holds {device_list(mates)} too, {drivers}: "
        "all of the group must be bound to vfio-pci (or to nothing) and goes with it."
    )


def group_in_nobodys_way(group: int, mates: tuple[SBDF, ...]) -> str:
    """Return that `mates` in the group are ready for VFIO."""
    return f"It shares IOMMU group {group} with {device_list(mates)}; none is in the way."


# SR-IOV ---------------------------------------------------------------------------------

VIRTUAL_FUNCTION_ON_LINUX = (
    "Linux ties a region to physical functions, but where it names a bridge above."
)


def virtual_functions_block_vfio(existing: tuple[SBDF, ...]) -> str:
    """Return that vfio-pci does not bind to a device that has virtual functions."""
    return (
        f"It has virtual functions now ({device_list(existing)}). vfio-pci does not "
        "bind to it until they are removed; a guest that has one of them loses it."
    )


def virtual_function_on_xen(physical: SBDF) -> str:
    """Return that no region of the physical function is tied to a virtual one."""
    return (
        f"Regions name the physical function {physical}. dom0 registers a virtual "
        "function under its own address, and Xen compares that with the scope of a region: "
        "no region is tied to this one, and a guest with it reserves none."
    )


def virtual_functions_vanish(existing: tuple[SBDF, ...]) -> str:
    """Return what becomes of virtual functions when the device is bound to pciback."""
    return (
        f"It has virtual functions now ({device_list(existing)}). They vanish when "
        "its driver in dom0 is unbound for pciback, unless the driver leaves them because a "
        "guest has one (igb and ixgbe do). A guest that has one loses it."
    )


# Intel VMD ------------------------------------------------------------------------------

VMD_UNKNOWN = (
    "unknown: its segment is above ffff, as behind Intel VMD, and what is above it was not "
    "collected (its directory in sysfs, or the driver of its parent)"
)
NOT_REGISTERED_WITH_XEN = "This kernel does not register the device with Xen."


def behind_vmd_on_linux(endpoint: SBDF) -> str:
    """Return Linux's verdict on a function behind VMD."""
    return f"no: it is behind Intel VMD, and is not passed through without {endpoint}"


def behind_vmd_case(endpoint: SBDF) -> str:
    """Return why Linux does not pass a function behind VMD through alone."""
    return (
        f"The VMD endpoint {endpoint} does its DMA, so its unit and its IOMMU group are those "
        f"of {endpoint}. VFIO takes a group whole, and the driver vmd has that endpoint."
    )


def behind_vmd_on_xen(endpoint: SBDF) -> str:
    """Return Xen's verdict on a function behind VMD whose segment Xen can name."""
    return f"no: it is behind Intel VMD: its DMA is that of {endpoint}"


def segment_beyond_xen(endpoint: SBDF | None) -> str:
    """Return Xen's verdict on a segment that it cannot name; `endpoint`: of VMD, if it is that."""
    behind = "" if endpoint is None else f"; it is behind Intel VMD {endpoint}"
    return f"no: Xen cannot name a segment above ffff{behind}"


def segment_case(registration: str, cut: SBDF) -> str:
    """Return what Xen takes the device for: `cut`, its address in 16 bits of segment."""
    return (
        "Xen's hypercalls have 16 bits for a segment. "
        f"{registration} What Xen says of {cut} is not about this device."
    )


def registered_as(cut: SBDF) -> str:
    """Return how a kernel before 6.15 registers the device with Xen."""
    return (
        f"A dom0 kernel before Linux 6.15 (stable kernels: before mid-2025) registers it as {cut}, "
        "which may be another device or none; later ones do not register it."
    )


# Notes ----------------------------------------------------------------------------------

CONVENTIONAL_PCI = (
    "If it is conventional PCI, not PCI Express, no policy helps: since XSA-400 Xen gives "
    "such a device behind a bridge to no guest while it has a region (EOPNOTSUPP)."
)
GROUP_UNKNOWN = "Its IOMMU group is not known here: Linux passes groups through whole."
TABLE_NEEDS_ROOT = (
    "Linux reports regions to every user; the table that names their devices needs root."
)
LACKS_RELAX_RMRR = (
    f"{RELAX_RMRR} is an option of Proxmox kernels from 6.2.16-13 on; this one lacks it."
)


def regions_shared(sharers: tuple[SBDF, ...]) -> str:
    """Return that other devices have the same regions."""
    return (
        f"Its regions are also those of {device_list(sharers)}: what one of them does there "
        "by DMA, whoever has the others sees."
    )


def regions_name_others(sharers: tuple[SBDF, ...]) -> str:
    """Return the same if it is unknown whether the others are present."""
    return (
        f"Its regions also name {device_list(sharers)}: unknown whether present, as "
        "the PCI functions were not collected."
    )


def xens_list(notes: Sequence[str]) -> str:
    """Return what is to be known of Xen's list."""
    return f"Xen's list: {'; '.join(notes)}."


def vmd_endpoint(behind: tuple[SBDF, ...]) -> str:
    """Return what the host loses with a VMD endpoint."""
    return f"It is an Intel VMD endpoint: the host loses {device_list(behind)} with it, and the disks there."


def exists_by_physical_function(physical: SBDF) -> str:
    """Return what a virtual function depends on."""
    return (
        f"It exists while the driver of its physical function {physical} "
        "keeps it: unbinding that driver, or giving that function away, removes it."
    )


def regions_from_undecoded_table(vendor: IommuVendor) -> str:
    """Return which table the regions that Linux publishes come from on AMD and Arm."""
    tree = " or the device tree" if vendor is IommuVendor.ARM else ""
    return (
        f"The regions that Linux reports come from the {vendor.table} table{tree}, "
        "which dmaragent does not decode."
    )


def useless_in_dom0(options: Sequence[str]) -> str:
    """Return that Linux's options do nothing below Xen."""
    return (
        f"'{' '.join(options)}' on dom0's command line does nothing: Xen enforces the regions, "
        "not dom0."
    )


def splits_groups_only(option: str) -> str:
    """Return that pcie_acs_override does not help against a region."""
    return f"'{option}' splits groups, at a risk; it does not help against a region."


def interrupts_only(option: str) -> str:
    """Return that allow_unsafe_interrupts does not help against a region."""
    return (
        f"'{option}' is for machines without interrupt remapping; this one has it, and "
        "it does not help against a region."
    )


def options_that_do_not_help(groups_option: str) -> str:
    """Return which options are often given and do not help against a region."""
    return (
        f"Options often given beside {RELAX_RMRR} do not help here: {groups_option} is about "
        "groups, allow_unsafe_interrupts about interrupt remapping."
    )


# KVM guests -----------------------------------------------------------------------------

HOST_RUNS_XEN = (
    "this host runs Xen, which owns the IOMMU: dom0's Linux has no IOMMU groups, so "
    "VFIO has no device to give"
)


def slot_functions_unknown(setting: KvmDevice, slot: str) -> str:
    """Return that `setting` names all functions of a slot, and that they are unknown."""
    return (
        f"{setting.text} names the slot {slot}, so all of its functions: which there are is "
        "unknown (the host's PCI functions were not collected)"
    )


def slot_empty(slot: str) -> str:
    """Return what Proxmox says of a slot without functions."""
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
    return f"{sbdf} is in no IOMMU group, so VFIO cannot take it"


def group_of_function_unknown(sbdf: SBDF) -> str:
    """Return that the IOMMU group of the function is unknown."""
    return (
        f"the IOMMU group of {sbdf} is unknown, and VFIO takes a group whole: "
        "/sys/kernel/iommu_groups was not collected"
    )


def group_not_viable(group: int) -> str:
    """Return what QEMU prints of a group that a host driver uses."""
    return f"group {group} is not viable"


def group_busy(group: int, sbdf: SBDF, mates: tuple[SBDF, ...]) -> str:
    """Return that host drivers use `mates` of the function's group."""
    return (
        f"IOMMU group {group} of {sbdf} also holds {device_list(mates)}, which host drivers "
        "use: bind them to vfio-pci, or give them to this guest too"
    )


def group_drivers_unknown(group: int, sbdf: SBDF, mates: tuple[SBDF, ...]) -> str:
    """Return that the drivers of `mates` of the function's group are unknown."""
    return (
        f"IOMMU group {group} of {sbdf} also holds {device_list(mates)}, "
        "and which drivers use them is unknown: VFIO refuses a group that a host driver uses"
    )


def bind_to_vfio_first(sbdf: SBDF, driver: str | None) -> str:
    """Return what must be done before the guest starts."""
    return f"bind {sbdf} to vfio-pci (its driver is {driver})"


# KVM guests: reserved regions -----------------------------------------------------------

ONE_TO_ONE_REFUSED = "firmware requires a 1:1 mapping, so Linux refuses the device"
TYPE_NOT_KNOWN = "a type of region that is not known"
RAM_NOT_MAPPED = "guest RAM lies in it, and VFIO does not map RAM there"
RAM_UNKNOWN_NOT_MAPPED = "VFIO maps no RAM there, and where guest RAM lies is unknown"
RAM_UNKNOWN_MAY_BE_OVERWRITTEN = (
    "VFIO does not map it 1:1. DMA of the firmware there reaches guest RAM, or faults"
)
RAM_MAY_BE_OVERWRITTEN = (
    "VFIO does not map it 1:1, and guest RAM lies there: DMA of the firmware can overwrite it"
)
FIRMWARE_DMA_FAULTS = "VFIO does not map it, so DMA of the firmware there faults"
NO_RAM_NO_EFFECT = "no effect: no guest RAM lies there"


KERNEL_RELEASE_UNKNOWN = "its release (uname -r) is unknown"
VENDOR_UNKNOWN = "the IOMMU's vendor is unknown"


def may_have_later_checks(kernel: str) -> str:
    """Return that the release of an enterprise kernel does not tell which checks it has."""
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
        "/sys/kernel/iommu_groups/*/reserved_regions or the whole table would tell"
    )
