"""The sentences about guests as they are written.

Each is a function of its values, or a constant.  What a grammar expects instead of a text that it
refuses is in that grammar's module: xlcfg.py, pci.py, rdm.py.
"""

from collections.abc import Sequence

from dmaragent.errors import excerpt

# A text that is not a guest --------------------------------------------------------------

GUEST_FORMATS = "xl.cfg, libxl JSON, libvirt XML, Proxmox conf"
GIVE_GUEST = (
    "use an xl.cfg, or the output of `xl list -l`, `virsh dumpxml NAME` or `qm config VMID`"
)
REMOVE_PYTHON = "remove the code, and write its results as settings"
GIVE_LIBXL_JSON = "use the output of `xl list -l` or `xl create -n -d`, or an xl.cfg"
GIVE_LIBVIRT_XML = "use the output of `virsh dumpxml NAME`"
GIVE_PROXMOX_CONF = "use /etc/pve/qemu-server/VMID.conf, or the output of `qm config VMID`"
GIVE_FEWER_DEVICES = "remove devices from the guest"
GIVE_DOMAIN = "use a domain of type xen, kvm or qemu"


def unknown_format(source: str) -> str:
    return f"'{source}' is not a guest format that dmaragent reads ({GUEST_FORMATS})"


def empty(source: str) -> str:
    return f"'{source}' is empty"


def python_code(source: str) -> str:
    return f"'{source}' contains Python code, which xm ran; xl reads only settings"


def too_many_devices(source: str, devices: int, most: int) -> str:
    return f"'{source}' assigns {devices} devices to one guest; the limit is {most}"


# An xl.cfg --------------------------------------------------------------------------------

NAME_MISSING = "name is not set, and xl refuses a guest without a name"
TYPES_CONTRADICT = "type and builder contradict each other"
PCI_NO_LIST = "pci must be a list, and is a single value: xl continues without any device"
LIST_IN_PCI = "pci contains a list, and xl stops reading there: it uses only the devices before it"
OTHER_FIRMWARE = (
    "firmware other than SeaBIOS, such as OVMF, boots the guest and may place the BARs itself"
)
PLATFORM_BAR_ELSEWHERE = "xen_platform_pci_bar_uc = 0 moves the platform device"


def file_refused(near: str, expected: str) -> str:
    """Return that xl refuses the whole file at `near`: empty at the end of a line or of the file."""
    where = f" near '{excerpt(near)}'" if near else ""
    return f"xl cannot read the file{where}: it expects {expected}"


def setting_left_out(name: str) -> str:
    return f"{name}= is ignored"


def list_for_value(name: str) -> str:
    return f"{name} must be a single value, and is a list: xl ignores it"


def no_whole_number(name: str, text: str) -> str:
    return f"{name} = '{excerpt(text)}' is not a whole number: xl ignores it"


def read_as_binary(name: str, text: str, number: int | None) -> str:
    return f"xl reads {name} = '{excerpt(text)}' as the binary number {number}"


def impossible_size(name: str, number: int) -> str:
    fault = "wraps around" if number < 0 else "does not fit into 64 bits of address"
    return f"{name} = {excerpt(str(number))} {fault}: no host has such an amount of memory"


def none_of(name: str, text: str, known: Sequence[str]) -> str:
    return f"{name} = '{excerpt(text)}' is not one of {', '.join(known)}"


def type_unknown(text: str) -> str:
    return f"type = '{excerpt(text)}' is not one of hvm, pvh and pv"


def builder_unknown(text: str) -> str:
    return f"builder = '{excerpt(text)}' is neither hvm nor generic"


def device_model_unknown(text: str | None) -> str:
    return (
        f"device_model_version = '{excerpt(text or '')}' is neither qemu-xen nor "
        "qemu-xen-traditional"
    )


NODE_NO_LIST = "vnuma must be a list of lists, one for each node"


def node_not_read(text: str) -> str:
    return f"'{excerpt(text)}' of vnuma is not understood, so the guest's memory is unknown"


def nodes_mismatch(maximum: int, nodes: int) -> str:
    return f"maxmem is {maximum} MiB, and the nodes of vnuma have {nodes} MiB together"


def mmio_hole_out_of_range(mib: int, least: int, most: int) -> str:
    return f"mmio_hole = {mib} is not in the range {least} to {most} MiB"


def emulated_devices_may_differ(settings: Sequence[str]) -> str:
    return f"{', '.join(settings)} may add or move emulated devices"


def perhaps_misspelt(name: str, meant: str) -> str:
    return f"{excerpt(name)} is not a setting that matters here. Did you mean {meant}?"


def no_rdm_setting(name: str) -> str:
    return f"{excerpt(name)} is not a setting: write a policy into rdm= or an entry of pci="


# libxl's JSON -----------------------------------------------------------------------------

REGIONS_HELD_ALREADY = (
    "the configuration already contains reserved regions (rdms), which libxl uses unchecked; "
    "that is not modelled"
)
JSON_PLATFORM_BAR_ELSEWHERE = "xen_platform_pci_bar_uc is false, which moves the platform device"


def nested_too_deeply(source: str) -> str:
    return f"'{source}' is nested too deeply"


def not_json(source: str, error: object) -> str:
    return f"'{source}' is not JSON: {error}"


def number_too_long(source: str) -> str:
    return f"'{source}' contains a number with thousands of digits"


def no_configuration(place: str) -> str:
    return f"{place} is not a guest's configuration"


def no_guest_in_json(source: str) -> str:
    return f"'{source}' contains no guest: there is no c_info with a type"


def no_object(place: str) -> str:
    return f"{place} is not an object"


def no_list(place: str) -> str:
    return f"{place} is not a list"


def no_number_up_to(place: str, most: int, value: object) -> str:
    return f"{place} is not a number from 0 to {most}: '{excerpt(str(value))}'"


def no_text(place: str, value: object) -> str:
    return f"{place} is not a text: '{excerpt(str(value))}'"


def json_type_unknown(place: str, word: str) -> str:
    return f"{place}.c_info.type is not one of hvm, pvh and pv: '{excerpt(word)}'"


def json_adapter_unknown(place: str, known: Sequence[str], word: str) -> str:
    return f"{place}.vga.kind is not one of {', '.join(known)}: '{excerpt(word)}'"


def json_strategy_unknown(place: str, word: str) -> str:
    return f"{place}.strategy is neither ignore nor host: '{excerpt(word)}'"


def json_policy_unknown(place: str, word: str) -> str:
    return f"{place} is not one of strict, relaxed, invalid: '{excerpt(word)}'"


def no_device_name(place: str, name: str) -> str:
    return f"{place}.name is not the name of a device: '{excerpt(name)}'"


# libvirt's XML ----------------------------------------------------------------------------

NVME_DISK = "QEMU itself drives this NVMe disk by VFIO, at addresses that are not modelled"
HOSTDEV_MEDIATED = (
    "a mediated device (mdev): no PCI function is assigned, so no region applies to it"
)
DEFAULT_NETWORK = "assumes that network 'default' is libvirt's own NAT network"
ADDRESS_OF_ZEROES = "the PCI address is all zeroes"
OS_TYPE_MISSING = "<os><type> is missing"
DEVICES_EXCEED_MEMORY = "the memory devices are larger than <memory>"


def xml_unreadable(place: str, error: object) -> str:
    return f"{place}: invalid XML: {error}"


def document_not_a_guest(place: str, root: str) -> str:
    return f"{place}: libvirt's <{root}> is not a guest"


def domain_type_not_judged(place: str, kind: str) -> str:
    return f"{place}: domain type '{excerpt(kind)}' is not one of xen, kvm and qemu"


def domain_refused(place: str, why: str) -> str:
    return f"{place}: {why}; libvirt refuses this domain"


# Why libvirt refuses it: parts of the sentence above


def hostdev_unknown(mode: str, kind: str) -> str:
    return f"unknown <hostdev> mode '{excerpt(mode)}' with type '{excerpt(kind)}'"


def interface_unknown(kind: str) -> str:
    return f"unknown <interface> type '{excerpt(kind)}'"


def address_missing(element: str) -> str:
    return f"<{element}> contains no PCI address"


def no_pci_address(name: str, text: str) -> str:
    return f"{name}='{excerpt(text)}' is not a PCI address"


def os_type_unknown(word: str) -> str:
    return f"'{excerpt(word)}' is not one of hvm, xenpvh, xen and linux"


def no_size(text: str) -> str:
    return f"'{excerpt(text)}' is not a size"


def size_too_large(number: str, unit: str) -> str:
    return f"{number} {unit} does not fit into 64 bits"


def network_is_pool(name: str) -> str:
    return f"network '{excerpt(name)}' is a pool of host devices: libvirt assigns a free one"


def network_may_be_pool(name: str) -> str:
    return (
        f"network '{excerpt(name)}' may be a pool of host devices (network pool): "
        f"its forward mode in `virsh net-dumpxml` settles it"
    )


def driver_not_modelled(driver: str) -> str:
    return f"driver '{excerpt(driver)}' of <hostdev> is not VFIO and not modelled"


def video_not_built(model: str) -> str:
    return f"libvirt builds no Xen guest with the video model '{excerpt(model)}'"


def override_not_modelled(name: str) -> str:
    return f"<qemu:override> sets a device's '{name}', which is not modelled"


def segment_not_modelled(segment: int, sbdf: object) -> str:
    return f"Xen has no segment {segment:x}: {sbdf} is not modelled"


# Proxmox's configuration ------------------------------------------------------------------

TEMPLATE = "a template, which Proxmox does not start: this answer applies to a clone of it"
ARGS_QUOTE_OPEN = "args has a quote without its end, so it cannot be split into words"


def container(source: str) -> str:
    return f"{source}: a Proxmox container cannot have PCI devices"


def hostpci_out_of_range(key: str) -> str:
    return f"Proxmox reads hostpci0 to hostpci15 and ignores {excerpt(key)} with a warning"


RESUMED = "Proxmox resumes this guest from its saved state (vmstate)"
SUSPENDED_WITHOUT_STATE = (
    "locked (suspended), and there is no saved state (vmstate): Proxmox starts the guest anew"
)


def resumed_with_devices(guest: str) -> str:
    return (
        "the saved state (vmstate) may be of a guest with other devices: whether QEMU loads it is not "
        f"modelled. A cold start needs no state: remove it with `qm set {guest} --delete vmstate`, which "
        "loses what the guest had in memory"
    )


def locked(lock: str, guest: str) -> str:
    return (
        f"the guest is locked ({excerpt(lock)}). Wait until the job that holds the lock has ended; if none "
        f"runs, remove the lock with `qm unlock {guest}`"
    )


def _changes(made: Sequence[str], removed: Sequence[str]) -> str:
    return " and ".join(
        f"{verb} {', '.join(map(excerpt, keys))}"
        for verb, keys in (("sets", made), ("removes", removed))
        if keys
    )


def pending_changes(made: Sequence[str], removed: Sequence[str]) -> str:
    """Return what the next start changes: the keys that it sets, and those that it removes."""
    return f"[PENDING] {_changes(made, removed)} at the next start, and this answer includes that"


def pending_not_made(made: Sequence[str], removed: Sequence[str], *, saved: bool) -> str:
    """Return that the next start makes no change; `saved`: there is a saved state."""
    why = "because Proxmox resumes this guest" if saved else "because of `lock: suspended`"
    return f"[PENDING] {_changes(made, removed)}, but not at the next start, {why}: this answer ignores it"


def hostpci_mediated(key: str) -> str:
    return f"{key} is a mediated device (mdev): no PCI function is assigned"


def hostpci_of_nvidia(key: str) -> str:
    return (
        f"{key} is an NVIDIA vGPU: a mediated device, or with newer drivers a virtual function that "
        "is passed through. The device is not modelled"
    )


def value_dropped(key: str) -> str:
    return (
        f"Proxmox drops this value of {excerpt(key)} with a warning: a key is there twice, has no value "
        "or is unknown to it"
    )


def hostpci_of_no_kind(key: str) -> str:
    return f"{key} has neither host nor mapping"


VIOMMU_WITHOUT_Q35 = "'viommu=intel' needs a machine type of q35"


def hostpci_without_q35(key: str) -> str:
    return f"{key} has pcie=1, which needs a q35 machine: set `machine: q35`, or remove pcie=1"


def hostpci_legacy_graphics(key: str) -> str:
    """Return that a device in legacy IGD mode lacks what Proxmox requires for it."""
    return (
        f"{key} has legacy-igd=1, which needs `vga: none`, the machine i440fx, the device 00:02.0 alone, "
        "and neither x-vga=1, rombar=0 nor mdev"
    )


def hostpci_of_two_kinds(key: str) -> str:
    return f"{key} has both host and mapping"


HOTPLUG_WITHOUT_NUMA = "hotplug of memory needs `numa: 1`"
HUGEPAGES_WITHOUT_NUMA = "hugepages need `numa: 1`"
HOTPLUG_WITH_VIRTIOFS = "hotplug of memory does not work with virtiofs"
HOTPLUG_WITH_NUMA_NODES = "hotplug of memory does not work with NUMA nodes of their own (numa0)"


def hotplug_memory_too_small(memory: int, least: int) -> str:
    return f"hotplug of memory needs {least} MiB of memory or more, and the guest has {memory} MiB"


def hotplug_memory_not_aligned(memory: int) -> str:
    return f"memory ({memory} MiB) is not a sum of the memory devices that Proxmox plugs in"


def hostpci_address_refused(key: str, address: str) -> str:
    return f"{key}: Proxmox does not accept the address '{excerpt(address)}'"


def _uses_mapping(key: str, mapping: str) -> str:
    return f"{key} uses the mapping '{excerpt(mapping)}'"


def mapping_unknown(key: str, mapping: str) -> str:
    return (
        f"{_uses_mapping(key, mapping)}, so its device is unknown: /etc/pve/mapping/pci.cfg lists it "
        "for each node"
    )


def mapping_empty(key: str, mapping: str) -> str:
    return f"{_uses_mapping(key, mapping)}, which has no device on this node"


def mapping_of_several(key: str, mapping: str, devices: int, shown: Sequence[str]) -> str:
    """Return that Proxmox chooses among `devices`, of which some are shown."""
    choice = ", ".join(map(excerpt, shown))
    return f"{_uses_mapping(key, mapping)}: Proxmox uses a free one of {devices} devices ({choice})"


def memory_not_a_number(text: str) -> str:
    return f"memory '{excerpt(text)}' is not a number of MiB"


# QEMU's command line ----------------------------------------------------------------------

ARGUMENT_MEDIATED = "a mediated device (mdev): no PCI function is assigned"
MEDIATED = "a mediated device"


def argument_without_address(text: str) -> str:
    return f"'{excerpt(text)}' contains no PCI address that QEMU reads"


def argument_not_modelled(text: str) -> str:
    return f"the effect of '{excerpt(text)}' on guest memory is not modelled"


def argument_not_read(text: str) -> str:
    return f"QEMU's argument '{excerpt(text)}' may assign a PCI device, and is not modelled"
