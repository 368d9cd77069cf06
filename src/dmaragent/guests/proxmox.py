"""Proxmox VE's configuration of a virtual machine: /etc/pve/qemu-server/VMID.conf, ``qm config``.

Source: qemu-server src/PVE/QemuServer.pm, ``parse_vm_config``; QemuServer/PCI.pm,
``parse_hostpci``; QemuServer/Memory.pm, ``config``. ``proxmox_settings`` reads the parts of the file.
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from dmaragent.addresses import MIB, SBDF
from dmaragent.errors import DmaragentError
from dmaragent.guests import words
from dmaragent.guests.config import Complaint
from dmaragent.guests.device_mappings import DeviceMappings
from dmaragent.guests.kvm_guest import (
    GuestFormat,
    KvmDevice,
    KvmGuest,
    MappedDevice,
    device_space,
)
from dmaragent.guests.proxmox_settings import (
    LINE,
    LIST,
    TRUE,
    ProxmoxSettings,
    first_part,
    is_dropped,
    properties_of,
    read_settings,
)
from dmaragent.guests.qemu_arguments import Argument, add_arguments, read_arguments

_NUMBERED = re.compile(
    r"(?:hostpci|net|scsi|virtio|ide|sata|unused|usb|serial|parallel|numa|ipconfig|efidisk|tpmstate|virtiofs|audio|smbios|rng)\d+"
)
_KEYS = frozenset(
    {
        *("acpi", "affinity", "agent", "arch", "args", "autostart", "balloon", "bios", "boot"),
        *("bootdisk", "cdrom", "cicustom", "cipassword", "citype", "ciupgrade", "ciuser", "cores"),
        *("cpu", "cpulimit", "cpuunits", "description", "digest", "freeze", "hookscript"),
        *("hotplug", "hugepages", "ivshmem", "keephugepages", "keyboard", "kvm", "localtime"),
        *("lock", "machine", "memory", "meta", "migrate_downtime", "migrate_speed", "name"),
        *("nameserver", "numa", "onboot", "ostype", "parent", "protection", "reboot", "scsihw"),
        *("searchdomain", "shares", "smp", "snaptime", "sockets", "sshkeys", "startdate"),
        *("startup", "tablet", "tags", "tdf", "template", "vcpus", "vga", "vmgenid", "vmid"),
        *(
            "vmstate",
            "vmstatestorage",
            "watchdog",
            "runningmachine",
            "runningcpu",
            "spice_enhancements",
        ),
    }
)
_RARE_ELSEWHERE = re.compile(
    r"hostpci\d+|ostype|scsihw|bootdisk|vmgenid|smbios1|efidisk\d+|(?:net|scsi|virtio|ide|sata)\d+"
)
"""Keys that are rare in other files of ``key: value`` lines."""
_CONTAINER = frozenset({"hostname", "rootfs", "unprivileged", "swap"})
_LEGACY_ADDRESS = re.compile(r"(?:[a-f0-9]{4,8}:)?[a-f0-9]{2}:02(?:\.0)?")
"""Where a device in legacy IGD mode must be."""
_ADDRESS = re.compile(r"(?:([a-f0-9]{4,8}):)?([a-f0-9]{2}):([a-f0-9]{2})(?:\.([a-f0-9]))?")
_STATIC = 1024
"""The memory in MiB at the start of a guest with memory hotplug: Memory.pm, ``$STATICMEM``."""
_GIGABYTE_PAGES = "1024"
_DIMMS_OF_A_SIZE, _MOST_DIMMS = 32, 256
"""After each 32 memory devices, the next ones are twice as large."""
_DEFAULT_MEMORY = 512
_NVIDIA = re.compile(r"nvidia-\d+")
"""A type that can be an mdev, or a virtual function with NVIDIA's own driver for VFIO."""
_NUMBERS = frozenset(map(str, range(16)))
"""The numbers after hostpci: PCI.pm, ``$MAX_HOSTPCI_DEVICES``."""


@dataclass(slots=True)
class _Machine:
    """The settings that Proxmox starts the guest with, each with its line."""

    source: str
    settings: Mapping[str, tuple[str, int]]
    devices: list[KvmDevice] = field(default_factory=list)
    refusals: list[Complaint] = field(default_factory=list)
    unknown: list[Complaint] = field(default_factory=list)
    notes: list[Complaint] = field(default_factory=list)

    def place(self, key: str) -> str:
        return f"{self.source}:{self.settings[key][1]}"

    def value(self, key: str, default: str = "") -> str:
        return self.settings[key][0] if key in self.settings else default


def is_proxmox(text: str) -> bool:
    """Return whether `text` looks like the configuration of a virtual machine or a container.

    The lines of the first part are ``key: value``, comments or blank. Up to one in five may be
    another line, which Proxmox ignores with a warning. At least half of the keys are Proxmox's, and
    one of them is rare elsewhere.
    """
    keys, others = [], 0
    for line in first_part(text):
        match = LINE.fullmatch(line)
        if match is None:
            others += 1
        else:
            keys.append(match[1])
    if 5 * others > len(keys) + others:
        return False
    own = [key for key in keys if key in _KEYS or key in _CONTAINER or _NUMBERED.fullmatch(key)]
    telling = any(_RARE_ELSEWHERE.fullmatch(key) or key in _CONTAINER for key in own)
    return telling and 2 * len(own) >= len(keys)


def guest_from_proxmox(text: str, source: str, mappings: DeviceMappings) -> KvmGuest:
    """Return the virtual machine of `text`.

    Raises:
        DmaragentError: it is a container, which cannot have PCI devices.

    """
    read = read_settings(text, source)
    if read.first.keys() & _CONTAINER:
        raise DmaragentError(words.container(source), words.GIVE_PROXMOX_CONF, source)
    machine = _Machine(source, read.started_with)
    machine.notes += read.notes
    if machine.value("template").lower() in TRUE:
        machine.notes.append(Complaint(machine.place("template"), words.TEMPLATE))
    if read.refused_lock:
        refusal = words.locked(read.refused_lock, _id_words(source))
        machine.refusals.append(Complaint(f"{source}:{read.first['lock'][1]}", refusal))
    for key in machine.settings:
        slot = re.fullmatch(r"hostpci(\d+)", key)
        if slot and slot[1] in _NUMBERS:
            _hostpci(machine, key, mappings)
        elif slot:
            machine.notes.append(Complaint(machine.place(key), words.hostpci_out_of_range(key)))
    if _machine_property(machine, "viommu") == "intel" and not _is_q35(machine):
        machine.refusals.append(Complaint(machine.place("machine"), words.VIOMMU_WITHOUT_Q35))
    arguments = read_arguments(_arguments(machine))
    devices = filter(None, (assigned.device for assigned in arguments.assigned))
    machine.devices += [device._replace(text="args") for device in devices]
    add_arguments(arguments, machine.notes, machine.unknown)
    _add_saved_state(machine, read)
    memory, plugged = _memory(machine)
    arch = machine.value("arch", "x86_64")
    default = "pc" if arch == "x86_64" else "virt"
    return KvmGuest(
        source=source,
        name=machine.value("name"),
        format=GuestFormat.PROXMOX,
        architecture=arch,
        machine=arguments.machine or _machine_at_start(machine, read) or default,
        memory=memory,
        below_4g=arguments.below_4g,
        more_memory=plugged is not None,
        plugged=0 if plugged is None else device_space(plugged),
        devices=tuple(machine.devices),
        refusals=tuple(machine.refusals),
        unknown=tuple(machine.unknown),
        iommu=arguments.iommu,
        notes=tuple(machine.notes),
    )


def _id_words(source: str) -> str:
    """Return the ID of the guest whose file is `source`, or a word for it."""
    found = re.fullmatch(r"(?:.*/)?([0-9]{3,9})\.conf", source)
    return found[1] if found else "VMID"


def _add_saved_state(machine: _Machine, read: ProxmoxSettings) -> None:
    """Add what a saved state, or the lock of one, changes about the start."""
    if "vmstate" in read.first and not read.refused_lock:
        place = f"{machine.source}:{read.first['vmstate'][1]}"
        machine.notes.append(Complaint(place, words.RESUMED))
        if machine.devices:
            machine.unknown.append(
                Complaint(place, words.resumed_with_devices(_id_words(machine.source)))
            )
    elif read.resumed and not read.refused_lock:
        place = f"{machine.source}:{read.first['lock'][1]}"
        machine.notes.append(Complaint(place, words.SUSPENDED_WITHOUT_STATE))


def _property(text: str, name: str) -> str:
    return (properties_of(text, name) or {}).get(name, "")


def _hostpci(machine: _Machine, key: str, mappings: DeviceMappings) -> None:
    properties = properties_of(machine.value(key), "host") or {}
    place, mapping = machine.place(key), properties.get("mapping")
    if is_dropped(key, machine.value(key)):
        machine.unknown.append(Complaint(place, words.value_dropped(key)))
        return
    if mapping is None and "host" not in properties:
        machine.unknown.append(Complaint(place, words.hostpci_of_no_kind(key)))
        return
    machine.refusals += [Complaint(place, why) for why in _refusals(machine, key, properties)]
    if _NVIDIA.fullmatch(properties.get("mdev", "")):
        machine.unknown.append(Complaint(place, words.hostpci_of_nvidia(key)))
        return
    if "mdev" in properties:
        machine.notes.append(Complaint(place, words.hostpci_mediated(key)))
        return
    addresses, device = properties.get("host", ""), None
    if mapping is not None:
        mapped = mappings.mapped(mapping)
        if mapped is None or len(mapped) != 1:
            machine.unknown.append(Complaint(place, _why_mapping_unknown(key, mapping, mapped)))
            return
        (device,) = mapped
        addresses = device.path
    managed = properties.get("driver") != "keep"
    for number, address in enumerate(addresses.split(";")):
        if device is not None and number:  # Proxmox compares the group of the first alone
            device = device._replace(group=None)
        _add_device(machine, key, address, managed=managed, mapped=device)


def _refusals(machine: _Machine, key: str, properties: dict[str, str]) -> Iterator[str]:
    """Yield why Proxmox refuses the `properties` of a ``hostpci`` line."""
    if properties.get("pcie", "").lower() in TRUE and not _is_q35(machine):
        yield words.hostpci_without_q35(key)
    if _legacy_refused(machine, properties):
        yield words.hostpci_legacy_graphics(key)
    if "mapping" in properties and "host" in properties:
        yield words.hostpci_of_two_kinds(key)


def _legacy_refused(machine: _Machine, properties: dict[str, str]) -> bool:
    """Return whether Proxmox refuses a device in legacy IGD mode: PCI.pm, ``parse_hostpci_devices``."""
    host = properties.get("host")
    return properties.get("legacy-igd", "").lower() in TRUE and (
        machine.value("vga") != "none"
        or _is_q35(machine)
        or "mdev" in properties
        or properties.get("rombar", "1").lower() not in TRUE
        or properties.get("x-vga", "").lower() in TRUE
        or (host is not None and not _LEGACY_ADDRESS.fullmatch(host))
    )


def _add_device(
    machine: _Machine, key: str, address: str, *, managed: bool, mapped: MappedDevice | None
) -> None:
    place, match = machine.place(key), _ADDRESS.fullmatch(address)
    domain, bus, slot, function = match.groups() if match else ("", "", "", "")
    if match is None or int(slot, 16) > 0x1F or int(function or "0", 16) > 7:
        machine.unknown.append(Complaint(place, words.hostpci_address_refused(key, address)))
        return
    sbdf = SBDF(int(domain or "0", 16), int(bus, 16), int(slot, 16), int(function or "0", 16))
    machine.devices.append(
        KvmDevice(
            sbdf=sbdf,
            place=place,
            text=key,
            all_functions=function is None,
            managed=managed,
            mapped=mapped,
        )
    )


def _is_q35(machine: _Machine) -> bool:
    return "q35" in _machine_type(machine)


def _machine_type(machine: _Machine) -> str:
    """Return the machine type of the configuration; empty if it names none."""
    return _machine_property(machine, "type")


def _machine_property(machine: _Machine, name: str) -> str:
    return (properties_of(machine.value("machine"), "type") or {}).get(name, "")


def _machine_at_start(machine: _Machine, read: ProxmoxSettings) -> str:
    """Return the machine type that Proxmox starts: if it resumes a guest, that of the saved state."""
    own = _machine_type(machine)
    return machine.value("runningmachine", own) if read.resumed else own


def _why_mapping_unknown(key: str, mapping: str, mapped: tuple[MappedDevice, ...] | None) -> str:
    """Return why the device of a mapping is unknown."""
    if mapped is None:
        return words.mapping_unknown(key, mapping)
    if not mapped:
        return words.mapping_empty(key, mapping)
    return words.mapping_of_several(key, mapping, len(mapped), [one.path for one in mapped[:4]])


def _arguments(machine: _Machine) -> list[Argument]:
    if "args" not in machine.settings:
        return []
    place = machine.place("args")
    try:
        arguments = shlex.split(machine.value("args"))
    except ValueError:
        machine.unknown.append(Complaint(place, words.ARGS_QUOTE_OPEN))
        return []
    return [Argument(argument, place) for argument in arguments]


def _memory(machine: _Machine) -> tuple[int | None, int | None]:
    """Return the RAM at start in bytes, and that of memory devices; None: there are none."""
    text = _property(machine.value("memory"), "current") or str(_DEFAULT_MEMORY)
    if not (text.isascii() and text.isdecimal()) or len(text) > 12:
        message = words.memory_not_a_number(text)
        machine.unknown.append(Complaint(machine.place("memory"), message))
        return None, None
    if machine.value("hugepages") and machine.value("numa").lower() not in TRUE:
        machine.refusals.append(Complaint(machine.place("hugepages"), words.HUGEPAGES_WITHOUT_NUMA))
    if "memory" not in LIST.split(machine.value("hotplug")):
        return int(text) * MIB, None
    memory, static = int(text), _static_memory(machine)
    why = _why_no_hotplug(machine, memory, static)
    if why:
        machine.refusals.append(Complaint(machine.place("hotplug"), why))
    return static * MIB, max(0, memory - static) * MIB


def _static_memory(machine: _Machine) -> int:
    """Return the MiB of RAM at the start of a guest with memory hotplug."""
    if machine.value("hugepages") != _GIGABYTE_PAGES:
        return _STATIC
    sockets = machine.value("sockets", "1")
    count = int(sockets) if sockets.isascii() and sockets.isdecimal() and len(sockets) < 4 else 1
    return _STATIC * max(1, min(count, 64))


def _why_no_hotplug(machine: _Machine, memory: int, static: int) -> str:
    """Return why Proxmox does not start a guest with memory hotplug; or empty.

    Source: Memory.pm, ``config`` and ``foreach_dimm``.
    """
    if machine.value("numa").lower() not in TRUE:
        return words.HOTPLUG_WITHOUT_NUMA
    if any(re.fullmatch(r"numa[0-7]", key) for key in machine.settings):
        return words.HOTPLUG_WITH_NUMA_NODES
    if any(re.fullmatch(r"virtiofs\d+", key) for key in machine.settings):
        return words.HOTPLUG_WITH_VIRTIOFS
    if memory < static:
        return words.hotplug_memory_too_small(memory, static)
    size = 1024 if machine.value("hugepages") == _GIGABYTE_PAGES else 512
    total = static
    for number in range(_MOST_DIMMS):
        if total >= memory:
            break
        total += size << number // _DIMMS_OF_A_SIZE
    return "" if total == memory else words.hotplug_memory_not_aligned(memory)
