"""The sentences of fixes for guests and hotplug: what to do, its effect, its cost and its risk.

Each is a function of its values, or a constant; the code that tries a fix chooses it.
"""

from collections.abc import Iterable, Sequence

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.policy.decisions import Harm, Verdict
from dmaragent.policy.words import HARM_WORDS
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.release_spans import series_words


def name_point_release(release: Release) -> str:
    """Return that a point release of the series of `release` has to be named."""
    return f"first name the point release, because it decides: --xen {series_words(release)}.N"


def joined(first: str, second: str) -> str:
    """Return two changes, or two costs, in one sentence; `first` may be empty."""
    return f"{first}; {second[:1].lower()}{second[1:]}" if first else second


# Guests: how settings are written -------------------------------------------------------

WRITE_FUNCTIONS_APART = "Write one entry for each function"
WRITE_FUNCTIONS_APART_FOR_SLOT = (
    "Write one entry for each function: the entry with * needs a slot in the guest"
)
WRITE_DEVICES_ONCE = "List each device only once"
REMOVE_EMPTY_ENTRIES = "Remove the empty entries"
WRITE_ENTRIES_PLAINLY = "Write the entries in a form that xl can read"
WRITE_RDM_AS_DOCUMENTED = "Write rdm= as the manual pages document it"
WRITE_POLICIES = "Write each device's policy: xl otherwise reads it from uninitialized memory"
WRITE_POLICIES_FOR_LIBXL = (
    "Write the policy: libxl up to 4.13 reserves a region only if its policy is written"
)
WRITE_ADDRESS_OF_DEVICE = "Write the device's address: libxl then reserves its regions"
WRITE_ADDRESS_AND_MOVE_RAM = "Write the device's address, so that libxl knows its regions"
REMOVE_RDM_IN_SHORT = "remove rdm="

_STARTS_THEN = {
    Verdict.STARTS: "the guest then starts",
    Verdict.REFUSED: "the guest then does not start",
    Verdict.UNDECIDED: "it is unknown whether the guest then starts",
}


def spelling_effect(verdict: Verdict, *, policies_undefined: bool) -> str:
    """Return the effect of a spelling; `policies_undefined`: of regions of other devices."""
    undefined = (
        "; regions of devices that the guest does not have get an undefined policy"
        if policies_undefined
        else ""
    )
    return f"{_STARTS_THEN[verdict]}{undefined}"


def undo(changed: Sequence[str], added: Sequence[str]) -> str:
    """Return how to undo a change: settings that were `changed`, and those `added`."""
    steps = [f"restore the present {' and '.join(changed)}"] if changed else []
    steps += [f"remove {' and '.join(added)}"] if added else []
    return ", ".join(steps)


def not_enough(next_reason: str) -> str:
    """Return the effect of a change that ends only the first refusal."""
    return f"This ends only the first refusal. The next one: {next_reason}"


# Guests: settings beside rdm= -----------------------------------------------------------

MEMORY_AT_ONCE_COSTS = {
    "maxmem": "the guest cannot get more memory later",
    "memory": "the guest uses all of maxmem from the start",
}
"""The cost of all memory at the start, by the setting that is changed."""
ENABLE_PASSTHROUGH = "Enable passthrough for the guest"
DISABLE_PASSTHROUGH = "Disable passthrough: the guest has no device"
NO_DEVICE_LATER = "no device can be attached to the running guest"
LET_LIBXL_CHOOSE_TABLES = "Let libxl choose the type of the IOMMU's page tables"
MAKE_IT_HVM = "Make it an HVM guest, which can have devices"
HVM_COST = "the guest gets an emulated machine, and needs a kernel or disk that boots on it"
USE_HAP = "Use HAP: this Xen has no shadow paging"
CHOOSE_ADAPTER = "Choose an adapter that the device model has"
ADD_RAM_BESIDE_VIDEO = "Add RAM to the guest beside its video memory"
HOST_HAS_LESS_MEMORY = "the host has less memory for others"
SET_NAME = "Set a name for the guest"
SET_TYPE_AS_KNOWN = "Write the guest's type as xl knows it"
SET_KNOWN_TYPE = "Set a type that xl knows"
SET_KNOWN_ADAPTER = "Set an adapter that xl knows"
SET_KNOWN_DEVICE_MODEL = "Set a device model that xl knows"
KEEP_EMULATED_ADAPTER = "Keep the emulated adapter as the guest's first"
SET_DEFAULT_HOLE = "Set the default size of the hole"
SET_KNOWN_MODE = "Set a mode that xl knows"


def memory_at_once(setting: str) -> str:
    """Return the change of `setting`, memory or maxmem, that provides all memory at the start."""
    return f"Set {setting} so that the guest has all memory from the start"


def set_least_video(mebibytes: int) -> str:
    """Return the change of videoram= to the least that the adapter accepts."""
    return f"Set {mebibytes} MiB of video memory, the least that the adapter accepts"


# Guests: where RAM is -------------------------------------------------------------------

MOVE_RAM = "Move the guest RAM that overlaps to above 4 GiB"
LEAVE_RAM = "Leave guest RAM where it is"
REDUCE_MEMORY = "Use the largest memory= that avoids the region"
REDUCE_MEMORY_FEWEST_WARNINGS = "Use the largest memory= with the fewest warnings"


def less_memory(mebibytes: int) -> str:
    """Return the cost of a smaller memory=."""
    return f"{mebibytes} MiB less memory"


# Guests: devices, regions, policies -----------------------------------------------------

UNCHECKED = "Xen no longer refuses conflicts"
REMOVE_RDM_EFFECT = "Only the regions of the guest's own devices are then reserved"
REMOVE_RDM = f"Remove rdm=: {REMOVE_RDM_EFFECT[:1].lower()}{REMOVE_RDM_EFFECT[1:]}"
REMOVE_RDM_COST = "other devices with regions cannot be attached to the running guest"
VIRTUAL_FUNCTION_COST = "the guest has a virtual function and not the whole device"


def virtual_for_physical(swaps: Iterable[tuple[SBDF, SBDF]]) -> str:
    """Return which virtual functions replace which physical ones; `swaps`: physical first."""
    return ", ".join(f"{virtual} instead of {physical}" for physical, virtual in swaps)


def pass_virtual_functions(swapped: str) -> str:
    """Return the change to virtual functions; `swapped`: see :func:`virtual_for_physical`."""
    return f"Pass through {swapped}: no region applies to the virtual function"


RELAXED_GUEST = "the guest's policy"
RELAXED_GUEST_AND_DEVICES = "the policy of the guest and its devices"
RELAXED_DEVICES = "the device policy"


def relax(whose: str) -> str:
    """Return the change to the policy relaxed.

    `whose`: RELAXED_GUEST, RELAXED_GUEST_AND_DEVICES or RELAXED_DEVICES, here and below.
    """
    return f"Relax {whose}"


def relax_without_loss(whose: str) -> str:
    """Return the change to the policy relaxed if it exposes nothing."""
    return f"Relax {whose}: no conflict remains on this host"


def relax_with_unknown_risk(whose: str) -> str:
    """Return the change to the policy relaxed if it is unknown what that exposes."""
    return f"Relax {whose}: the risk is unknown"


def risk_in(harm: Harm, regions: Sequence[AddressRange]) -> str:
    """Return the risk of `harm` in `regions`; empty for no harm."""
    if not regions or harm not in (Harm.SHARED, Harm.CORRUPTION):
        return HARM_WORDS[harm]
    more = f" and {len(regions) - 1} more" if len(regions) > 1 else ""
    place = f"{span(regions[0])}{more}"
    if harm is Harm.CORRUPTION:
        return f"DMA to {place} can overwrite guest RAM"
    return f"other devices can use {place} by DMA too"


def with_risk(action: str, risk: str) -> str:
    """Return what to do with its risk, if there is one."""
    return f"{action}. Risk: {risk}" if risk else action


# Guests: why there is no fix ------------------------------------------------------------

WRITE_IN_DECIMAL = "first write the numbers with 0b in decimal, then run this again"
XAPI_NOT_TRIED = "no fix was tried: XAPI's rules are not modelled"
GET_WHOLE_TABLE = "first get the complete table: the missing part may matter"
NO_WORKING_IOMMU = "no change to the guest helps: the host has no working IOMMU"
NO_HVM_GUESTS = (
    "this Xen runs PV guests only. Switch on VT-x or AMD-V in the firmware setup, or use a Xen with "
    "CONFIG_HVM"
)
NO_PAGING = (
    "this Xen runs PV guests only. Remove hap=0 from its boot options, or use a processor with HAP "
    "(EPT, NPT) or a Xen with CONFIG_SHADOW_PAGING"
)
NO_PV_GUESTS = "make the guest PVH or HVM, or use a Xen with CONFIG_PV"
CORRECT_AS_REASON_SAYS = "correct the configuration as the reason above describes"
LIST_PRESENT_FUNCTION = (
    "list each function once, and only functions that are present (`dmaragent devices` lists them)"
)
HOST_BRIDGE_NEVER = "no change to the guest helps: Xen never assigns a host bridge"
USE_EXPRESS_SLOT = "no change to the guest helps: put the device into a PCI Express slot of its own"
WRITE_ADDRESS_FOR_NAME = "write the device's address, such as 0000:00:14.0"
WRITE_ADDRESS = "write the device as an address such as 0000:00:14.0, then run this again"
NOT_TRIED_UNTIL_KNOWN = "no fix can be tried until that is known"
NOTHING_TRIED_HELPS = "no boundary, memory size, policy or virtual function that was tried helps"
FEWER_DEVICES = f"{NOTHING_TRIED_HELPS}: pass fewer devices with regions to the guest"
HVMLOADER_HALTS = f"{NOTHING_TRIED_HELPS}: hvmloader halts with either policy of the region"

# Hotplug --------------------------------------------------------------------------------

ENABLE_PASSTHROUGH_AT_CREATION = 'Create the guest with passthrough = "enabled"'


def _risk(harm: Harm) -> str:
    return f". Risk: {HARM_WORDS[harm]}" if HARM_WORDS[harm] else ""


def create_guest_with_device(entry: str, harm: Harm) -> str:
    """Return how to add the device when the guest starts; `entry` is quoted."""
    return f"Add {entry} to the guest's pci= and restart the guest{_risk(harm)}"


def create_guest_with_changes(entry: str, changes: str, harm: Harm) -> str:
    """Return the same with other lines changed; `entry` is empty if they include it."""
    put = f"Add {entry} to the guest's pci=, and restart the guest with" if entry else ""
    return f"{put or 'Restart the guest with'} {changes}{_risk(harm)}"


def enable_passthrough_and(attach: str) -> str:
    """Return how to create the guest with an IOMMU context and then `attach` the device."""
    return f"{ENABLE_PASSTHROUGH_AT_CREATION}. Then {attach[:1].lower()}{attach[1:]}"


def attach_relaxed(entry: str, harm: Harm) -> str:
    """Return how to attach the device relaxed; `entry` is quoted."""
    return f"Attach {entry}{_risk(harm)}"
