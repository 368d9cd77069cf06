"""Sentences of Xen's verdicts on devices."""

from collections.abc import Sequence

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.inventory import Region
from dmaragent.iommu.vendor import IommuVendor
from dmaragent.passthrough.words import (
    capital,
    device_list,
    predicted_mark,
    region_list,
    region_numbers,
)
from dmaragent.policy.decisions import Harm
from dmaragent.policy.words import HARM_WORDS

# Before the policy -----------------------------------------------------------------------

XEN_ON_ARM = "dmaragent does not model Xen on Arm"
NO_REMAPPING_UNIT_CASE = "Xen finds no IOMMU for the device and does not assign it."
PV_GUEST_WITHOUT_IOMMU = (
    "Xen's tools add the device all the same. By DMA the guest can then read and overwrite all "
    "memory of the host."
)
HOST_BRIDGE = "it is a host bridge"
HOST_BRIDGE_CASE = "Xen does not assign host bridges."
BRIDGE_NOT_JUDGED = (
    "a bridge of the chipset; dmaragent gives no verdict on bridges. "
    "Next: explain a device behind it"
)


def used_by_xen_case(option: str) -> str:
    """Return that Xen keeps a device for itself."""
    return f"Xen hides a device that it uses itself ({option}) from guests (dom_xen owns it)."


def no_remapping_unit(vendor: IommuVendor) -> str:
    """Return that the device has no IOMMU."""
    return f"no remapping unit ({vendor.unit_structure}) of the table covers it"


def xen_without_iommu(why: str) -> str:
    """Return that Xen passes no device of the host through."""
    return capital(why)


def xen_incomplete(why: str, next_step: str) -> str:
    """Return why the readings of the host do not suffice for a verdict."""
    step = f". Next: {next_step}" if next_step else ""
    return f"{why}{step}"


def remapping_unit_unknown(why: str) -> str:
    """Return that it is unknown whether a remapping unit serves the device."""
    return why


# By policy -------------------------------------------------------------------------------


def any_policy(*, predicted: bool) -> str:
    """Return the reason if no region applies to the device."""
    return f"with either policy, because Xen applies no region to it{predicted_mark(predicted=predicted)}"


def any_policy_without_bridged(regions: Sequence[Region], *, predicted: bool) -> str:
    """Return the condition if only Linux applies `regions` to the device, through a bridge."""
    bridge = "Xen applies the region only to the bridge above it"
    return (
        f"if it works without {region_list(regions)}: {bridge}{predicted_mark(predicted=predicted)}"
    )


RUNS_PV_GUESTS_ONLY = "this Xen runs PV guests only"


def no_guest_of_type(why: str) -> str:
    """Return why no guest of a type can have the device."""
    return f"{capital(why)}."


def only_in_pv_guest(condition: str, *, predicted: bool) -> str:
    """Return the condition if only PV guests run; `condition` is another one, or empty."""
    only = "if the guest is PV: this Xen runs no HVM guests"
    if condition:
        return f"{condition}, and {only}"
    return f"{only}{predicted_mark(predicted=predicted)}"


def in_pv_guest(risk: str) -> str:
    """Return the summary of a policy that assigns the device to a PV guest; `risk` may be empty."""
    return f"{risk}; only in a PV guest" if risk else "only in a PV guest"


def policies_unknown(*, relaxed_assigned: bool) -> str:
    """Return that the effect of a policy is unknown."""
    other = ". With rdm_policy=relaxed: allowed with risk" if relaxed_assigned else ""
    return f"the effect of rdm_policy is unknown{other}"


def strict_works(*, predicted: bool) -> str:
    """Return the reason if the device is assigned with the policy strict."""
    return f"with the default policy, strict{predicted_mark(predicted=predicted)}"


def either_refused(*, predicted: bool) -> str:
    """Return the reason if both policies are refused."""
    return f"Xen refuses it with either policy{predicted_mark(predicted=predicted)}"


def relaxed_only(*, predicted: bool) -> str:
    """Return the condition if the device is assigned only with the policy relaxed."""
    return f"if its policy is relaxed{predicted_mark(predicted=predicted)}"


def relaxed_only_as_shared(
    sharers: tuple[SBDF, ...], entries: int, *, present: bool | None, predicted: bool
) -> str:
    """Return the same if a region with `entries` in its scope is shared.

    `present`: whether another device of the scope is present; None: that is unknown.
    """
    with_them = f" with {device_list(sharers, 2)}" if sharers else ""
    alone = {
        None: "; whether the others are present is unknown: the PCI functions were not collected",
        False: "; none of the others is present",
        True: "",
    }[present]
    why = f"a region is shared{with_them} (its device scope has {entries} entries{alone})"
    return f"if its policy is relaxed, because {why}{predicted_mark(predicted=predicted)}"


def depends_on_guest_ram(*, predicted: bool) -> str:
    """Return the condition if guest RAM may overlap the regions of the device."""
    return f"if guest RAM does not overlap its regions{predicted_mark(predicted=predicted)}"


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
    """Return that a policy refuses a large guest and that its effect on a small one is unknown."""
    return f"A guest with 4096 MiB is refused: {large}. For a smaller guest: {small}."


def policy_unknown(why: str) -> str:
    """Return that a policy's effect is unknown."""
    return f"{capital(why)}."


def refused_as_shared(why_earlier: str) -> str:
    """Return that a policy refuses any guest; `why_earlier`: why one with RAM there fails first."""
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


def assigned_with_warnings(why: str) -> str:
    """Return that a policy assigns the device with warnings."""
    return f"A guest with 4096 MiB starts, with warnings: {why}."


ASSIGNED_WITHOUT_REGION = "Xen applies no region to it."


def assigned_and_mapped(*, laid_out: bool, as_strict: bool, excluded: int, mapped: int) -> str:
    """Return that a policy assigns the device; `laid_out`: libxl keeps RAM out of the regions.

    `mapped` of its regions are mapped in the guest; `excluded` of them, on AMD, are exclusion
    ranges.
    """
    how = "libxl keeps guest RAM out of its regions" if laid_out else "Nothing overlaps its regions"
    like = ", as with strict" if as_strict else ""
    if not excluded:
        return f"{how}, and Xen maps them in the guest{like}."
    what = (
        f"Xen maps {mapped} of them in the guest and excludes {excluded}"
        if mapped
        else "they are exclusion ranges"
    )
    return f"{how}; {what}{like}. DMA to an exclusion range is not translated."


def shared_region(region: AddressRange, more: int, entries: int) -> str:
    """Return the effect of a shared region and `more` others."""
    others = f" and {more} more" if more else ""
    return (
        f"{span(region)}{others}: Xen counts {entries} entries in the device scope, whether the "
        "devices are present or not, and wherever they are assigned. Xen refuses a strict device "
        "(EPERM) and assigns a relaxed one with a warning."
    )


def hotplug_effect(effect: str, why: str) -> str:
    """Return the effect of xl pci-attach; `effect` is a constant below, `why` may be empty."""
    into = f"In a guest with 4096 MiB: {effect}, {why}." if why else "It attaches the device."
    return f"`xl pci-attach` is strict by default and does not move guest RAM. {into}"


HOTPLUG_REFUSED = "refused"
HOTPLUG_UNKNOWN = "unknown"
HOTPLUG_WARNED = "attached, with a warning"


def bridge_scope(region: Region, bridge: SBDF) -> str:
    """Return that Xen does not apply a region that names a bridge above the device."""
    return (
        f"{capital(region.words)} names the bridge {bridge} above the device. "
        "Xen applies the region only to the bridge, Linux to every device behind it. "
        "So a guest neither reserves nor maps the region, and the device's DMA there fails "
        "(a VT-d fault in `xl dmesg`)."
    )


# Summaries of cases, for the table of verdicts -------------------------------------------

WITHOUT_WARNING = "without a warning"
IF_RELAXED = "if its policy is relaxed"
IF_RAM_AVOIDS_REGIONS = "if guest RAM does not overlap its regions"
IF_WORKS_WITHOUT_REGION = "if the device works without the region"


def shared_in_short(regions: Sequence[Region], entries: Sequence[int]) -> str:
    """Return why strict is refused; `entries`: the number of scope entries of each region."""
    where = region_numbers(regions) if regions else "a region"
    number = f"up to {max(entries)}" if len(set(entries)) > 1 else str(entries[0])
    return f"firmware names {number} devices for {where}; Xen counts absent ones too (EPERM)"


def unrestricted(option: str) -> str:
    """Return that `option` on Xen's command line leaves the unit of a graphics device off."""
    return f"DMA can overwrite all memory of the host: {option} on Xen's command line"


def risk_in_short(harm: Harm) -> str:
    """Return the risk of the relaxed policy."""
    return HARM_WORDS[harm] or "Xen, libxl and hvmloader only warn"


# The policy by toolstack -----------------------------------------------------------------

XL_POLICY = (
    "To make the device relaxed, add rdm_policy=relaxed to its entry of pci=. Since 4.15 this is "
    "the only way: xl no longer accepts an rdm= that sets a policy."
)
LIBVIRT_POLICY = "The libxl driver of libvirt cannot set the policy."
QUBES_POLICY = (
    "The option no-strict-reset=True also makes the device relaxed, by a patch in Qubes' libvirt. "
    "Its name refers to another effect: resets without FLR."
)
XAPI_POLICY = (
    "XenServer and XCP-ng assign every device relaxed since 2019, and no setting changes this. "
    "But first they move the device to Xen's quarantine (Dom32753) as strict, and Xen refuses a "
    "shared region there. XCP-ng 8.2 failed this way in a report. 8.3 is reported to work "
    "(untested). pci-quarantine=false in xenopsd.conf skips the quarantine, with risk. "
    "dmaragent does not model the memory layout of XAPI guests."
)

IF_LAYOUT_ALLOWS = "if the memory layout of XAPI guests, which is not modelled, allows it"
IF_QUARANTINE_ACCEPTS = "if Xen's quarantine accepts the device"
