"""The sentences of remedies for guests and hotplug: what to do, what it does, its cost and its risk.

Each is a function of its values, or a constant; the code that tries a remedy picks it.
"""

from collections.abc import Iterable, Sequence

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.policy.decisions import Harm, Verdict
from dmaragent.policy.words import HARM_WORDS


def joined(first: str, second: str) -> str:
    """Return two changes, or two costs, in one sentence; `first` may be empty."""
    return f"{first}; {second[:1].lower()}{second[1:]}" if first else second


# Guests: how settings are written -------------------------------------------------------

GIVE_FUNCTIONS_APART = "Give each function an entry of its own"
GIVE_FUNCTIONS_APART_FOR_SLOT = (
    "Give each function an entry of its own: * needs a slot in the guest"
)
GIVE_DEVICES_ONCE = "Give each device once"
LEAVE_OUT_EMPTY_ENTRIES = "Leave out the entries that are empty"
WRITE_ENTRIES_PLAINLY = "Write the entries so that xl reads all of them"
WRITE_RDM_AS_DOCUMENTED = "Write rdm= as the manual pages have it"
WRITE_POLICIES = "Write each device's policy: xl reads it from memory that it never wrote"
WRITE_POLICIES_FOR_LIBXL = (
    "Write the policy: libxl up to 4.13 reserves a region only if it is written"
)
GIVE_BY_ADDRESS = "Give the device by its address: libxl then reserves its regions"
GIVE_BY_ADDRESS_AND_MOVE_RAM = "Give the device by its address, so that libxl knows its regions"
LEAVE_OUT_RDM_IN_SHORT = "leave out rdm="

_STARTS_THEN = {
    Verdict.STARTS: "the guest starts then",
    Verdict.REFUSED: "the guest does not start then",
    Verdict.UNDECIDED: "whether the guest starts then cannot be said",
}


def spelling_effect(verdict: Verdict, *, policies_undefined: bool) -> str:
    """Return what a setting's spelling does; `policies_undefined`: of regions of other devices."""
    undefined = (
        "; regions of no device of its own have an undefined policy" if policies_undefined else ""
    )
    return f"{_STARTS_THEN[verdict]}{undefined}"


def undo(changed: Sequence[str], added: Sequence[str]) -> str:
    """Return how to take a change back: settings that were `changed`, and those `added`."""
    steps = [f"put back the present {' and '.join(changed)}"] if changed else []
    steps += [f"remove {' and '.join(added)}"] if added else []
    return ", ".join(steps)


def not_enough(next_reason: str) -> str:
    """Return what a change does that ends the first refusal alone."""
    return f"End this refusal. It is not enough: {next_reason}"


# Guests: settings beside rdm= -----------------------------------------------------------

MEMORY_AT_ONCE_COSTS = {
    "maxmem": "the guest cannot be given more memory later",
    "memory": "the guest takes all of maxmem from the host when it starts",
}
"""What it costs that all memory is there from the start, by the setting that is changed."""
ENABLE_PASSTHROUGH = "Enable passthrough for the guest"
ASK_FOR_NO_PASSTHROUGH = "Ask for no passthrough: the guest has no device"
NO_DEVICE_LATER = "no device can be attached to the running guest"
LET_LIBXL_CHOOSE_TABLES = "Let libxl choose how the IOMMU's page tables are kept"
MAKE_IT_HVM = "Make it an HVM guest, which can have devices"
HVM_COST = "the guest runs with an emulated machine, and needs a kernel or disk that boots so"
USE_HAP = "Use HAP: this Xen has no shadow paging"
CHOOSE_ADAPTER = "Choose an adapter that the device model has"
GIVE_RAM_BESIDE_VIDEO = "Give the guest RAM beside its video memory"
HOST_HAS_LESS_MEMORY = "the host has less memory for others"
NAME_GUEST = "Name the guest"
NAME_TYPE_AS_KNOWN = "Name the guest's type as xl knows it"
NAME_KNOWN_TYPE = "Name a type that xl knows"
NAME_KNOWN_ADAPTER = "Name an adapter that xl knows"
NAME_KNOWN_DEVICE_MODEL = "Name a device model that xl knows"
SET_DEFAULT_HOLE = "Set the size that the hole has if nothing is said"
NAME_KNOWN_MODE = "Name a mode that xl knows"


def memory_at_once(setting: str) -> str:
    """Return the change of `setting`, memory or maxmem, that gives all memory at the start."""
    return f"Set {setting} so that all memory is there from the start"


def give_least_video(mebibytes: int) -> str:
    """Return the change of videoram= to the least that the adapter takes."""
    return f"Give the adapter {mebibytes} MiB, the least that it takes"


# Guests: where RAM is -------------------------------------------------------------------

MOVE_RAM = "Move guest RAM out of the region, to above 4 GiB"
LEAVE_RAM = "Leave guest RAM where it is"
REDUCE_MEMORY = "Use the largest memory= that keeps guest RAM out of the region"
REDUCE_MEMORY_FEWEST_WARNINGS = "Use the largest memory= that leaves the fewest warnings"


def less_memory(mebibytes: int) -> str:
    """Return what a smaller memory= costs."""
    return f"{mebibytes} MiB less memory in the guest"


# Guests: devices, regions, policies -----------------------------------------------------

UNCHECKED = "Xen no longer refuses a region that is shared or that guest RAM is in"
LEAVE_OUT_RDM = "Leave out rdm=: only the regions of the guest's own devices are reserved"
LEAVE_OUT_RDM_COST = "other devices with regions cannot be attached to the running guest"
VIRTUAL_FUNCTION_COST = "the guest has a virtual function and not the whole device"


def virtual_for_physical(swaps: Iterable[tuple[SBDF, SBDF]]) -> str:
    """Return which virtual functions are given for which physical ones; `swaps`: physical first."""
    return ", ".join(f"{virtual} instead of {physical}" for physical, virtual in swaps)


def pass_virtual_functions(swapped: str) -> str:
    """Return the change to virtual functions; `swapped`: see :func:`virtual_for_physical`."""
    return f"Pass through {swapped}: no region names a virtual function"


RELAXED_GUEST = "the guest"
RELAXED_GUEST_AND_DEVICES = "the guest and its devices"
RELAXED_DEVICES = "the devices in the way"


def relax_at_a_risk(whose: str) -> str:
    """Return the change to the policy relaxed, to be joined with a move of RAM.

    `whose`: RELAXED_GUEST, RELAXED_GUEST_AND_DEVICES or RELAXED_DEVICES, here and below.
    """
    return f"Relax {whose}, at a risk"


def relax_without_loss(whose: str) -> str:
    """Return the change to the policy relaxed if nothing is exposed by it."""
    return f"Relax {whose}: nothing is lost on this host as it is"


def relax_exposing(whose: str, harm: Harm, regions: Sequence[AddressRange]) -> str:
    """Return the change to the policy relaxed that leaves `harm` in `regions`."""
    more = f" and {len(regions) - 1} more" if len(regions) > 1 else ""
    if harm is Harm.CORRUPTION:
        return f"Relax {whose}, at a risk: DMA to {span(regions[0])}{more} can overwrite guest RAM"
    return f"Relax {whose}, at a risk: others can use {span(regions[0])}{more} by DMA too"


# Guests: why nothing helps --------------------------------------------------------------

WRITE_IN_DECIMAL = "first write the numbers with 0b in decimal, and ask again"
XAPI_NOT_TRIED = "nothing was tried: XAPI's rules are not modelled"
GET_WHOLE_TABLE = "first get the whole table: what it lacks may matter"
NO_WORKING_IOMMU = "nothing in the guest's configuration helps: the host has no working IOMMU"
CORRECT_AS_REASON_SAYS = "correct it as the reason says"
NAME_PRESENT_FUNCTION = "name each function once, one that answers: lspci -D lists them"
HOST_BRIDGE_NEVER = "no line helps: Xen gives a host bridge to no guest"
USE_EXPRESS_SLOT = "no line helps: put the device into a PCI Express slot of its own"
GIVE_ADDRESS = "give the device by its address, as in 0000:00:14.0"
WRITE_ADDRESS = "write the device as in 0000:00:14.0, and ask again"
NOT_TRIED_UNTIL_KNOWN = "nothing can be tried before that is known"
NOTHING_TRIED_HELPS = "no boundary, memory size, policy or virtual function that was tried helps"
FEWER_DEVICES = f"{NOTHING_TRIED_HELPS}: give the guest fewer devices with regions"
HVMLOADER_HALTS = f"{NOTHING_TRIED_HELPS}: hvmloader halts whatever the policy of the region is"

# Hotplug --------------------------------------------------------------------------------

ENABLE_PASSTHROUGH_AT_CREATION = 'passthrough = "enabled" when the guest is created'


def _risk(harm: Harm) -> str:
    return f", at the risk that {HARM_WORDS[harm]}" if HARM_WORDS[harm] else ""


def create_guest_with_device(entry: str, harm: Harm) -> str:
    """Return how to give a guest the device at its start; `entry` is quoted."""
    start = f"put {entry} into the guest's pci= and start it anew: it starts with it"
    return f"{start}{_risk(harm)}"


def create_guest_with_changes(entry: str, changes: str, harm: Harm) -> str:
    """Return the same with other lines changed; `entry` is empty if they have it."""
    put = f"put {entry} into the guest's pci=, and " if entry else ""
    start = f"start the guest anew with {changes}: it starts with the device"
    return f"{put}{start}{_risk(harm)}"


def enable_passthrough_and(attach: str) -> str:
    """Return how to create the guest with an IOMMU context and then `attach` the device."""
    return f"{ENABLE_PASSTHROUGH_AT_CREATION}, then {attach}"


def attach_relaxed(entry: str) -> str:
    """Return how to attach the device relaxed; `entry` is quoted."""
    return f"attach {entry}, at the risk that DMA of device or firmware meets other memory"
