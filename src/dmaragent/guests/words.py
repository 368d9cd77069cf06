"""The sentences about guests as they are written: a function or a constant each, its name the id.

What should stand where a text is refused is told by the grammar that refuses it: xlcfg.py, pci.py,
rdm.py.
"""

from collections.abc import Sequence

from dmaragent.errors import excerpt

# A text that is no guest ------------------------------------------------------------------

GUEST_FORMATS = "xl.cfg, libxl JSON, libvirt XML, Proxmox conf"
CONVERT_GUEST = "convert the guest, or give its settings as options: --memory, --pci"
EMPTY_TEXT = "it is empty"
PYTHON_TEXT = "it holds Python code, as xm ran it; xl reads settings alone"
GIVE_LIBXL_JSON = "give what `xl list -l` or `xl create -n -d` prints, or an xl.cfg"
GIVE_LIBVIRT_XML = "give what `virsh dumpxml NAME` prints"
GIVE_PROXMOX_CONF = "give /etc/pve/qemu-server/VMID.conf, or what `qm config VMID` prints"
DOMAIN_TYPES = "dmaragent reads domains of type xen, kvm and qemu"


def unknown_format(source: str) -> str:
    return f"'{source}' is not a guest format that dmaragent reads ({GUEST_FORMATS})"


def perhaps_libxl_json(error: str) -> str:
    return f"{error}; `xl list -l` prints libxl's JSON"


def too_many_devices(source: str, devices: int) -> str:
    return f"'{source}' assigns {devices} devices to one guest"


def most_devices(most: int) -> str:
    return f"dmaragent reads guests with up to {most} devices"


# An xl.cfg --------------------------------------------------------------------------------

NAME_MISSING = "name is not set: xl refuses a guest without one"
TYPES_CONTRADICT = "type and builder contradict each other"
PCI_NO_LIST = "pci is one value and should be a list: xl goes on without any device"
LIST_IN_PCI = "a list within pci ends it: xl takes the devices before it alone"
OTHER_FIRMWARE = "firmware other than SeaBIOS boots it, such as OVMF, and may place the BARs itself"
PLATFORM_BAR_ELSEWHERE = "xen_platform_pci_bar_uc = 0 puts the platform device elsewhere"


def file_refused(near: str, expected: str) -> str:
    """The whole xl.cfg is refused at `near`, which is empty at the end of a line or of the file."""
    where = f" near '{excerpt(near)}'" if near else ""
    return f"xl cannot read the file{where}: it expects {expected}"


def setting_left_out(name: str) -> str:
    return f"{name}= is left out"


def list_for_value(name: str) -> str:
    return f"{name} is a list and should be one value: xl goes on without it"


def no_whole_number(name: str, text: str) -> str:
    return f"{name} = '{excerpt(text)}' is not a whole number: xl goes on without it"


def read_as_binary(name: str, text: str, number: int | None) -> str:
    return f"{name} = '{excerpt(text)}' is read as the binary number {number}"


def impossible_size(name: str, number: int) -> str:
    fault = "wraps around" if number < 0 else "is more than 64 bits of address can hold"
    return f"{name} = {excerpt(str(number))} {fault}: no host has such an amount of memory"


def none_of(name: str, text: str, known: Sequence[str]) -> str:
    return f"{name} = '{excerpt(text)}' is none of {', '.join(known)}"


def type_unknown(text: str) -> str:
    return f"type = '{excerpt(text)}' is none of hvm, pvh and pv"


def builder_unknown(text: str) -> str:
    return f"builder = '{excerpt(text)}' is neither hvm nor generic"


def device_model_unknown(text: str | None) -> str:
    return (
        f"device_model_version = '{excerpt(text or '')}' is neither qemu-xen nor "
        "qemu-xen-traditional"
    )


def mmio_hole_out_of_range(mib: int, least: int, most: int) -> str:
    return f"mmio_hole = {mib} is not within {least} to {most} MiB"


def emulated_devices_may_differ(settings: Sequence[str]) -> str:
    return f"{', '.join(settings)} may add or move emulated devices"


def perhaps_misspelt(name: str, meant: str) -> str:
    return f"{excerpt(name)} is no setting that matters here: was {meant} meant?"


def no_rdm_setting(name: str) -> str:
    return f"{excerpt(name)} is no setting: a policy stands in rdm= or in an entry of pci="


# libxl's JSON -----------------------------------------------------------------------------

REGIONS_HELD_ALREADY = (
    "it already holds reserved regions (rdms): libxl takes them as they are and lays the "
    "guest out without looking, which is not modelled"
)
JSON_PLATFORM_BAR_ELSEWHERE = (
    "xen_platform_pci_bar_uc is false, which puts the platform device elsewhere"
)


def nested_too_deeply(source: str) -> str:
    return f"{source} is nested too deeply"


def not_json(source: str, error: object) -> str:
    return f"{source} is not JSON: {error}"


def number_too_long(source: str) -> str:
    return f"{source} holds a number of thousands of digits"


def no_configuration(place: str) -> str:
    return f"{place} is not a guest's configuration"


def no_guest_in_json(source: str) -> str:
    return f"{source} holds no guest: no c_info with a type"


def no_object(place: str) -> str:
    return f"{place} is not an object"


def no_list(place: str) -> str:
    return f"{place} is not a list"


def no_number_up_to(place: str, most: int, value: object) -> str:
    return f"{place} is not a number from 0 to {most}: '{excerpt(str(value))}'"


def no_text(place: str, value: object) -> str:
    return f"{place} is not a text: '{excerpt(str(value))}'"


def json_type_unknown(place: str, word: str) -> str:
    return f"{place}.c_info.type is none of hvm, pvh and pv: '{excerpt(word)}'"


def json_adapter_unknown(place: str, known: Sequence[str], word: str) -> str:
    return f"{place}.vga.kind is none of {', '.join(known)}: '{excerpt(word)}'"


def json_strategy_unknown(place: str, word: str) -> str:
    return f"{place}.strategy is neither ignore nor host: '{excerpt(word)}'"


def json_policy_unknown(place: str, word: str) -> str:
    return f"{place} is none of strict, relaxed, invalid: '{excerpt(word)}'"


def no_device_name(place: str, name: str) -> str:
    return f"{place}.name is no name of a device: '{excerpt(name)}'"


# libvirt's XML ----------------------------------------------------------------------------

NVME_DISK = "QEMU drives this NVMe disk by VFIO itself, at addresses that are not modelled"
HOSTDEV_MEDIATED = (
    "a mediated device (mdev): no PCI function is assigned, and no region is concerned"
)
DEFAULT_NETWORK = "network 'default' is taken to be libvirt's own NAT network"
ADDRESS_OF_ZEROES = "a PCI address of zeroes alone"
OS_TYPE_MISSING = "it has no <os><type>"


def xml_unreadable(place: str, error: object) -> str:
    return f"{place}: the XML cannot be read: {error}"


def document_not_a_guest(place: str, root: str) -> str:
    return f"{place}: <{root}> of libvirt is not a guest"


def domain_type_not_judged(place: str, kind: str) -> str:
    return f"{place}: a domain of type '{excerpt(kind)}' is not judged"


def domain_refused(place: str, why: str) -> str:
    return f"{place}: {why}: libvirt refuses this domain"


# Why libvirt refuses it: parts of the sentence above


def hostdev_unknown(mode: str, kind: str) -> str:
    return f"<hostdev> of mode '{excerpt(mode)}' and type '{excerpt(kind)}'"


def interface_unknown(kind: str) -> str:
    return f"<interface> of type '{excerpt(kind)}'"


def address_missing(element: str) -> str:
    return f"<{element}> names no PCI address"


def no_pci_address(name: str, text: str) -> str:
    return f"{name}='{excerpt(text)}' is not a PCI address"


def os_type_unknown(word: str) -> str:
    return f"'{excerpt(word)}' is none of hvm, xenpvh, xen and linux"


def no_size(text: str) -> str:
    return f"'{excerpt(text)}' is not a size"


def size_too_large(number: str, unit: str) -> str:
    return f"{number} {unit} is more than 64 bits can hold"


def network_is_pool(name: str) -> str:
    return f"network '{excerpt(name)}' is a pool of host devices: libvirt picks a free one"


def network_may_be_pool(name: str) -> str:
    return (
        f"network '{excerpt(name)}' may be a pool of host devices (network pool): "
        f"`virsh net-dumpxml` shows its forward mode"
    )


def driver_not_modelled(driver: str) -> str:
    return f"driver '{excerpt(driver)}' of <hostdev> is not VFIO, and is not modelled"


def override_not_modelled(name: str) -> str:
    return f"<qemu:override> sets '{name}' of a device, which is not modelled"


def segment_not_modelled(segment: int, sbdf: object) -> str:
    return f"Xen has no segment {segment:x}: {sbdf} is not modelled"


# Proxmox' configuration -------------------------------------------------------------------

TEMPLATE = "a template, which Proxmox does not start: this answer is for a clone of it"
ARGS_QUOTE_OPEN = "args cannot be split into words: a quote is open"


def container(source: str) -> str:
    return f"{source}: a Proxmox container has no PCI passthrough"


def hostpci_out_of_range(key: str) -> str:
    return f"Proxmox has hostpci0 to hostpci15, and leaves {excerpt(key)} out with a warning"


def pending_changes(keys: Sequence[str]) -> str:
    return (
        f"[PENDING] changes {', '.join(keys)}: Proxmox applies it when the guest starts "
        "next, and this answer does not (`qm config VMID` prints the settings with it)"
    )


def hostpci_mediated(key: str) -> str:
    return f"{key} is a mediated device (mdev): the function itself is not assigned"


def hostpci_address_refused(key: str, address: str) -> str:
    return f"{key}: Proxmox does not accept the address '{excerpt(address)}'"


def _uses_mapping(key: str, mapping: str) -> str:
    return f"{key} uses the mapping '{excerpt(mapping)}'"


def mapping_unknown(key: str, mapping: str) -> str:
    which = "which device it is, /etc/pve/mapping/pci.cfg says for each node"
    return f"{_uses_mapping(key, mapping)}: {which}"


def mapping_empty(key: str, mapping: str) -> str:
    return f"{_uses_mapping(key, mapping)}, which has no device on this node"


def mapping_of_several(key: str, mapping: str, devices: int, shown: Sequence[str]) -> str:
    """Proxmox chooses among `devices`, of which some are shown."""
    choice = ", ".join(map(excerpt, shown))
    return (
        f"{_uses_mapping(key, mapping)}: Proxmox takes a free one of {devices} devices ({choice})"
    )


def memory_not_a_number(text: str) -> str:
    return f"memory '{excerpt(text)}' is not a number of MiB"


# QEMU's command line ----------------------------------------------------------------------

ARGUMENT_MEDIATED = "a mediated device (mdev): no PCI function is assigned"
MEDIATED = "a mediated device"


def argument_without_address(text: str) -> str:
    return f"'{excerpt(text)}' names no PCI address that QEMU reads"


def argument_not_modelled(text: str) -> str:
    return f"the effect of '{excerpt(text)}' on guest memory is not modelled"


def argument_not_read(text: str) -> str:
    return f"QEMU's argument '{excerpt(text)}' may assign a PCI device, and is not read"
