"""The sentences of remedies: what to do, what it does, its cost and its risk.

Each is a function of its values, or a constant; the code that tries a remedy picks it.
"""

from collections.abc import Iterable, Sequence

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.inventory import Region
from dmaragent.linux.options import RELAX_RMRR
from dmaragent.passthrough.words import device_list, region_list
from dmaragent.policy.decisions import Harm, Verdict
from dmaragent.policy.words import HARM_WORDS

# Where lines go -------------------------------------------------------------------------

ROOT_SHELL = "a root shell"
DOM0_SHELL = "a root shell in dom0"
GUEST_FILE = "the guest's xl.cfg"
KERNEL_COMMAND_LINE = "the kernel's command line"


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


# Devices: taking one from its owner -----------------------------------------------------


def driver_unknown(owner: str) -> str:
    """Return what `owner` loses if it is unknown which of its drivers has the device."""
    return f"Which driver of {owner} has it is unknown; {owner} loses the device"


def no_driver(owner: str) -> str:
    """Return that no driver of `owner` has the device."""
    return f"No driver of {owner} has it now"


def held_already(driver: str, owner: str) -> str:
    """Return that `driver`, which only keeps devices for guests, has the device."""
    return f"{driver} has it now, so {owner} loses nothing more"


def taken_from(driver: str, owner: str, *, disks: bool) -> str:
    """Return what `owner` loses when the device is taken from its `driver`."""
    lost = "every disk behind it: not where the host boots from one" if disks else "the device"
    return f"Takes it from its driver {driver}, so that {owner} loses {lost}"


# Devices on Xen -------------------------------------------------------------------------

MAKE_ASSIGNABLE = "Make it assignable"
GIVE_IT = "Pass it through"
GIVE_WITHOUT_REGION = "Pass it through without its region"
KEEP_RAM_OUT = "Keep the guest's RAM out of the region"
RELAX_DEVICE = "Relax the policy of this device"
NOTHING_ELSE = "Nothing else is needed."


def make_assignable(loss: str) -> str:
    """Return what xl pci-assignable-add does; `loss`: what dom0 loses by it."""
    return (
        f"{loss}. It is bound to pciback. (Xen "
        "then moves it to its quarantine, domain 32753, always relaxed: a line about a risk "
        "that names d[IO] or Dom32753 is about that, not about a guest.)"
    )


def goes_without(regions: Sequence[Region]) -> str:
    """Return what a device loses that Xen ties no region to, though Linux does."""
    return (
        f"It goes without {region_list(regions)}: it works only if it does without, and what it "
        "or its firmware does there fails."
    )


def keep_ram_out(effect: str) -> str:
    """Return what moving RAM does for a sample guest; `effect`: see the remedies for guests."""
    return (
        f"{effect}. With this a strict guest of 4096 MiB starts. For a guest of "
        "yours, `dmaragent resolve` finds the number."
    )


def relax_device(*, ram_moved: bool, unmovable: Sequence[Region], sharers: tuple[SBDF, ...]) -> str:
    """Return what relaxing a device's policy does, and its risk.

    `ram_moved`: a second line moves RAM; `unmovable`: regions that no line moves RAM out of.
    """
    assigned = (
        "Xen assigns it all the same. The risk: device, firmware and guest can use the same "
        "memory by DMA; where the guest has RAM in the region, the firmware's DMA overwrites it."
    )
    sentences = [assigned]
    if ram_moved:
        sentences.append("With the second line libxl moves RAM out of the way of what lies higher.")
    if unmovable:
        low = region_list(unmovable)
        sentences.append(f"Nothing moves RAM out of what lies below 1 MiB: {low}.")
    if sharers:
        sentences.append(
            f"{device_list(sharers)} can use the same memory: give of those to the same guest "
            "what the host can do without, and to other guests none."
        )
    return " ".join(sentences)


# Devices on Linux -----------------------------------------------------------------------

SWITCH_IOMMU_ON = "Switch the IOMMU on"
SWITCH_AMD_IOMMU_ON = (
    "Linux uses an AMD IOMMU without any option. Switch it on in the firmware setup "
    "(IOMMU, AMD-Vi or SVM). If it is on there, look for 'AMD-Vi:' in the boot log."
)
SWITCH_SMMU_ON = (
    "Linux uses an SMMU without any option, if the firmware describes it (IORT table or "
    "device tree) and the kernel has its driver. Look for 'arm-smmu' in the boot log."
)
BIND = "Bind it to vfio-pci"
BIND_REST_OF_GROUP = "Bind the rest of its IOMMU group to vfio-pci"
LOOK_AT_LOCKED_MATES = "Look at what locks its group"
GIVE_TO_GUEST = "Give it to the guest."
GROUP_BOUND_TOO = "So is the rest of its IOMMU group, or no driver of the host has it."
RELAX_OPTION = f"The kernel option {RELAX_RMRR}, in Proxmox kernels alone"
_LOADER = (
    "The command line is in the boot loader's file: GRUB_CMDLINE_LINUX in /etc/default/grub "
    "(then update-grub, or grub2-mkconfig), or /etc/kernel/cmdline (then proxmox-boot-tool "
    "refresh, or kernel-install). Reboot. /proc/cmdline then shows it."
)


def iommu_asked_in_vain(option: str) -> str:
    """Return what to do if the command line has `option`, which asks for the IOMMU."""
    return (
        f"This kernel does not use it, though its command line says {option}. VT-d is off in "
        "the firmware setup, or the kernel refuses the table: `sudo dmaragent check` says why."
    )


def switch_vtd_on(*, options_known: bool) -> str:
    """Return what to do if nothing asks for VT-d, or the command line is unknown."""
    default = (
        "Without the option the kernel's own default counts (CONFIG_INTEL_IOMMU_DEFAULT_ON). If it "
        "does not help, "
        if options_known
        else "If the option is there, "
    )
    return (
        f"This kernel does not use it. {default}VT-d is off in the firmware "
        "setup, or `sudo dmaragent check` says why the kernel refuses the table."
    )


def change_off_option(option: str, replacement: str) -> str:
    """Return the title of changing `option`, which switches the IOMMU off."""
    what = f"Replace {option}" if replacement else f"Remove {option}"
    return f"{what} on the kernel's command line"


def option_switches_off(option: str, replacement: str, earlier: str) -> str:
    """Return what to write for `option`; `earlier` is an option that it makes useless."""
    beside = f" {earlier} before it has no effect." if earlier else ""
    if replacement:
        what = f"Write {replacement} in its place. Of several such options the last counts."
    elif option.startswith("iommu="):
        what = "On Intel, also write intel_iommu=on unless the kernel's default is on."
    else:
        what = "Linux uses this IOMMU without any option."
    return f"It switches the IOMMU off.{beside} {what} {_LOADER}"


def bound_already(driver: str) -> str:
    """Return the title if `driver`, one of VFIO, has the device and its group is ready."""
    return f"Bound to {driver}: nothing to do"


def bind_rest_of_group(driver: str, mates: tuple[SBDF, ...]) -> str:
    """Return what to bind if `driver`, one of VFIO, has the device alone."""
    return (
        f"It is bound to {driver} itself: nothing to do for it. The rest of its group is "
        f"not: {device_list(mates)}."
    )


def bind_to_vfio(loss: str, mates: tuple[SBDF, ...]) -> str:
    """Return what binding to vfio-pci does; `loss`: what the host loses by it."""
    rest = f" So is the rest of its IOMMU group: {device_list(mates)}." if mates else ""
    return f"{loss}. It is bound to vfio-pci.{rest}"


def look_at_locked_mates(mates: tuple[SBDF, ...]) -> str:
    """Return that devices of the group are locked, and what helps then."""
    return (
        f"It is {device_list(mates)} that a region holds; what helps that one, as a "
        "setting of the firmware, helps this one too. Another slot may be another group."
    )


def relax_every_region(*, has_option: bool | None, release_known: bool) -> str:
    """Return what relax_rmrr does, and its risk; `has_option`: whether the kernel knows it."""
    here = "This kernel has it." if has_option else "Other kernels log that it is unknown."
    if has_option is None and not release_known:
        here = "Which kernel runs is not known; others log that it is unknown."
    return (
        f"Lets every region of the host go. {here} The risk: where firmware or the management "
        "controller go on using the memory, their DMA meets the guest's RAM, and the guest's is "
        "corrupted or the host hangs. Patching another kernel so has the same risk."
    )


# Devices: virtual functions -------------------------------------------------------------


REMOVE_VIRTUAL_FUNCTIONS = "Remove its VFs (SR-IOV)"
USE_VIRTUAL_FUNCTION = "Pass a virtual function through instead"


def remove_virtual_functions(existing: tuple[SBDF, ...], used: tuple[SBDF, ...]) -> str:
    """Return what vanishes with the virtual functions; `used`: those that guests may have."""
    guests = f" Guests may use {device_list(used)}: detach them first." if used else ""
    return (
        f"{device_list(existing)} vanish with it.{guests} Or leave the device to the "
        "host, and pass one of them through instead."
    )


def use_virtual_function(most: int, existing: tuple[SBDF, ...]) -> str:
    """Return what a virtual function is good for; the device can have `most` of them."""
    there = f" There are some: {device_list(existing)}." if existing else ""
    return (
        f"It can have {most}. No region is tied to them, so theirs stay with the "
        f"host. The device itself then keeps its driver.{there}"
    )


# Devices: firmware ----------------------------------------------------------------------

FIRMWARE_SETTING = "A firmware setting, or a firmware update"
HPE_SETUP = "HPE's setup, or a firmware update"
HPE_NO_SLOT = "HPE's setup: it is in no slot"
HPE_SWITCH_IF_IN_SLOT = "HPE's switch for a slot, if it is in one"
LEGACY_SUPPORT = (
    "legacy support, option ROM and management of the device",
    "no more is known of it",
)
"""The settings to look for if the class of the device has none of its own, and why."""
SETTINGS_BY_CLASS = {
    0x0C03: (
        "USB legacy support, XHCI hand-off",
        "the region is for keyboard and mouse before an operating system runs",
    ),
    0x03: (
        "the memory of internal graphics (DVMT), and which display is the primary one",
        "the region is the memory that internal graphics takes; a smaller one can be had, none not",
    ),
    0x02: (
        "network boot, and sharing the port with the management controller",
        "the region is for the option ROM, or for reports to the management controller",
    ),
    0x01: (
        "RAID mode and the option ROM of the controller",
        "the region is for booting from it, or for reports to the management controller",
    ),
    0x0780: ("Intel AMT and the Management Engine", "the region is the engine's"),
}
"""The settings to look for and why, by the class code's upper 8 or 16 bits."""
AMD_SETTING = (
    "The region is an entry of the IVRS table (IVMD). Look in the firmware "
    "setup for 'Kernel DMA Protection' (on one B650 board a report says that changing it "
    "removed the region), for the device's option ROM and for RAID mode."
)
ARM_SETTING = (
    "The region is an RMR node of the IORT table, or the device tree's. Look "
    "in the firmware setup for what boots from the device or displays on it."
)
SWITCH_VMD_OFF = "Switch VMD off in the firmware setup"
SWITCH_VMD_OFF_EFFECT = (
    "Its devices then appear on segment 0 with a unit and a group of their own. RAID "
    "sets made by VMD (RST, VROC) are lost to the host. Look for VMD or RST in the setup. "
    "Afterwards ask again with the device's new address."
)
_NOT_COVERED = (
    "It does not cover embedded NICs and storage controllers, nor a MicroServer Gen8; and the "
    "management controller (iLO) no longer sees the slot: no temperatures, no health."
)


def look_for_setting(setting: str, why: str) -> str:
    """Return where to look on a machine whose vendor has no way that is known."""
    return (
        f"Look in the firmware setup for: {setting}. Probably {why}. What it is called, and "
        "whether it is there, differs from machine to machine and was not verified for this one. "
        "Afterwards `dmaragent inventory --device` shows whether the region is gone."
    )


def look_for_setting_without_vtd(where: str) -> str:
    """Return where to look on a host without VT-d: AMD_SETTING or ARM_SETTING, and how to check."""
    return (
        f"{where} Which setting it is differs from machine to machine. Afterwards look at "
        "/sys/kernel/iommu_groups/*/reserved_regions again."
    )


def hpe_switch_unknown_for(model: str | None) -> str:
    """Return that HPE's switch is not known for `model`."""
    return (
        "HPE's switch for a slot (conrep, advisory c04781229) is known for ProLiant Gen8 "
        f"and Gen9 alone, not for this {model}. Look in its setup for what shares "
        "memory with the management controller (iLO)."
    )


def hpe_switch_not_for_embedded(sbdf: SBDF) -> str:
    """Return that HPE's switch does not cover `sbdf`, which is in no slot."""
    return (
        f"{sbdf} is in none of the slots that this host lists, so it is probably "
        "embedded. HPE's switch (conrep) is for slots and does not cover it; look in the setup "
        "whether it can be switched off or shared otherwise."
    )


def hpe_slot_unknown(sbdf: SBDF, slot: str | None) -> str:
    """Return how to find the number of the physical slot; `slot` is a name without a number."""
    seen = "" if slot is None else f" ('{slot}' has no number)"
    return (
        f"The physical slot of {sbdf} is not known{seen}. HPE's conrep leaves "
        "out slots by their number, never by PCI address: look for 'Physical Slot' in "
        f"`lspci -vv` or in iLO. {_NOT_COVERED}"
    )


def hpe_switch(slot: int) -> str:
    """Return the title of HPE's switch for a slot."""
    return f"HPE's switch for physical slot {slot}"


def hpe_leave_slot_out(slot: int) -> str:
    """Return what HPE's switch for a slot does, and what it does not cover."""
    return (
        f"HPE ProLiant (Gen8 and Gen9): leave slot {slot} out of the regions. The number is "
        "the physical slot's, not the bus's. conrep and conrep_rmrds.xml are in HPE's scripting "
        f"toolkit (advisory c04781229). {_NOT_COVERED} Reboot afterwards, and look again."
    )


def pass_vmd_endpoint(endpoint: SBDF) -> str:
    """Return the title of passing a VMD endpoint through with all that is behind it."""
    return f"Pass the VMD endpoint {endpoint} through whole, or see 2"


def vmd_endpoint_loss(count: int) -> str:
    """Return what the host loses with a VMD endpoint; `count`: the functions behind it."""
    return (
        f"The host then loses all {count} functions behind it, with every disk "
        "there, and the guest needs a driver for VMD. Not if the host boots from one of them."
    )
