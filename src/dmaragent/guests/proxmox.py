"""Proxmox VE's configuration of a virtual machine: /etc/pve/qemu-server/VMID.conf, ``qm config``.

Source: qemu-server src/PVE/QemuServer.pm, ``parse_vm_config``; QemuServer/PCI.pm,
``parse_hostpci``; QemuServer/Memory.pm, ``config``. What follows the first ``[section]`` is a
snapshot, pending changes or cloud-init, and is ignored.
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
from dmaragent.guests.kvm_guest import GuestFormat, KvmDevice, KvmGuest, device_space
from dmaragent.guests.qemu_arguments import Argument, add_arguments, read_arguments

_LIST = re.compile(r"[,;\s]+")
"""What separates the words of a list: PVE::Tools, ``split_list``."""
_LINE = re.compile(r"([a-z][a-z_-]*\d*):\s*(.+?)\s*")
_SECTION = re.compile(r"\[[^\]]*\]\s*")
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
_DECIDES = re.compile(r"hostpci\d+|memory|machine|args|hotplug|hugepages|sockets|arch")
"""Keys that change the assigned devices or the place of RAM."""
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
_TRUE = frozenset({"1", "on", "yes", "true"})
"""What is true of a property: PVE::JSONSchema, ``parse_boolean``."""
_BOOLEAN = _TRUE | {"0", "off", "no", "false"}
_HOSTPCI_BOOLEANS = ("pcie", "rombar", "x-vga", "legacy-igd")
_HOSTPCI_KEYS = frozenset(
    {
        *_HOSTPCI_BOOLEANS,
        *("host", "mapping", "mdev", "romfile", "driver"),
        *("vendor-id", "device-id", "sub-vendor-id", "sub-device-id"),
    }
)
"""What a ``hostpci`` line may have: qemu-server PCI.pm, ``$hostpci_fmt``."""
_DEFAULT_KEYS = {"machine": "type", "memory": "current"}
"""The settings that are read here and have properties, with the key of a bare part."""
_NVIDIA = re.compile(r"nvidia-\d+")
"""A type that can be an mdev, or a virtual function with NVIDIA's own driver for VFIO."""
_NUMBERS = frozenset(map(str, range(16)))
"""The numbers after hostpci: PCI.pm, ``$MAX_HOSTPCI_DEVICES``."""


@dataclass(slots=True)
class _Machine:
    """The settings of the first part, each with its line."""

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
    for line in _first_part(text):
        match = _LINE.fullmatch(line)
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
    settings, dropped = _settings(text, source)
    if settings.keys() & _CONTAINER:
        raise DmaragentError(words.container(source), words.GIVE_PROXMOX_CONF, source)
    machine = _Machine(source, settings)
    machine.notes += [*dropped, *_pending_changes(text, source)]
    if machine.value("template") == "1":
        machine.notes.append(Complaint(machine.place("template"), words.TEMPLATE))
    for key in settings:
        slot = re.fullmatch(r"hostpci(\d+)", key)
        if slot and slot[1] in _NUMBERS:
            _hostpci(machine, key, mappings)
        elif slot:
            machine.notes.append(Complaint(machine.place(key), words.hostpci_out_of_range(key)))
    arguments = read_arguments(_arguments(machine))
    machine.devices += [
        KvmDevice(sbdf=assigned.sbdf, place=assigned.argument.place, text="args", managed=False)
        for assigned in arguments.assigned
        if assigned.sbdf is not None
    ]
    add_arguments(arguments, machine.notes, machine.unknown)
    memory, plugged = _memory(machine)
    arch = machine.value("arch", "x86_64")
    default = "pc" if arch == "x86_64" else "virt"
    return KvmGuest(
        source=source,
        name=machine.value("name"),
        format=GuestFormat.PROXMOX,
        architecture=arch,
        machine=arguments.machine or _machine_type(machine) or default,
        memory=memory,
        below_4g=arguments.below_4g,
        more_memory=plugged is not None,
        plugged=0 if plugged is None else device_space(plugged),
        devices=tuple(machine.devices),
        refusals=tuple(machine.refusals),
        unknown=tuple(machine.unknown),
        notes=tuple(machine.notes),
    )


def _settings(text: str, source: str) -> tuple[dict[str, tuple[str, int]], list[Complaint]]:
    """Return the settings of the first part, each with its line, and the values that are dropped."""
    settings: dict[str, tuple[str, int]] = {}
    dropped: list[Complaint] = []
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        if _SECTION.fullmatch(line):
            break
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        key, value = match[1], match[2]
        if not _is_dropped(key, value):
            settings[key] = (value, number)
            continue
        if key.startswith("hostpci") and key not in settings:
            settings[key] = (value, number)
        else:
            dropped.append(Complaint(f"{source}:{number}", words.value_dropped(key)))
    return settings, dropped


def _first_part(text: str) -> Iterator[str]:
    """Yield the lines of settings before the first section."""
    for line in text.removeprefix("\ufeff").split("\n"):
        if _SECTION.fullmatch(line):
            return
        if line.strip() and not line.startswith("#"):
            yield line


def _pending_changes(text: str, source: str) -> Iterator[Complaint]:
    """Yield a note for changes that Proxmox makes at the next start.

    Source: qemu-server QemuServer.pm, ``vm_start_nolock`` and ``vmconfig_apply_pending``.
    """
    section, first, keys = "", 0, []
    for number, line in enumerate(text.split("\n"), 1):
        if _SECTION.fullmatch(line):
            section = line.strip().lower()
            first = number if section == "[pending]" else first
        match = _LINE.fullmatch(line) if section == "[pending]" else None
        if match is not None:
            names = _LIST.split(match[2]) if match[1] == "delete" else [match[1]]
            keys += [
                name.lstrip("!")[:40] for name in names if _DECIDES.fullmatch(name.lstrip("!"))
            ]
    if keys:
        yield Complaint(f"{source}:{first}", words.pending_changes(keys[:8]))


def _properties(text: str, default: str) -> dict[str, str] | None:
    """Return ``VALUE,key=value`` as a mapping, the bare part under `default`.

    None if Proxmox drops such a value with a warning: a key is there twice, or a part has no key or
    no value (pve-common, ``parse_property_string``; qemu-server, ``parse_vm_config``).
    """
    properties: dict[str, str] = {}
    for part in filter(str.strip, text.split(",")):
        name, equals, value = part.partition("=")
        key = name if equals else default
        if key in properties or (equals and not (name and value)):
            return None
        properties[key] = (value if equals else part).strip()
    return properties


def _is_dropped(key: str, value: str) -> bool:
    """Return whether Proxmox drops the `value` of a setting, so that an earlier one holds."""
    if key.startswith("hostpci"):
        properties = _properties(value, "host")
        return (
            properties is None
            or not properties.keys() <= _HOSTPCI_KEYS
            or any(properties.get(name, "1").lower() not in _BOOLEAN for name in _HOSTPCI_BOOLEANS)
        )
    default = _DEFAULT_KEYS.get(key)
    return default is not None and _properties(value, default) is None


def _property(text: str, name: str) -> str:
    return (_properties(text, name) or {}).get(name, "")


def _hostpci(machine: _Machine, key: str, mappings: DeviceMappings) -> None:
    properties = _properties(machine.value(key), "host") or {}
    place, mapping = machine.place(key), properties.get("mapping")
    if _is_dropped(key, machine.value(key)):
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
    addresses = properties.get("host", "")
    if mapping is not None:
        mapped = mappings.mapped(mapping)
        if mapped is None or len(mapped) != 1:
            machine.unknown.append(Complaint(place, _why_mapping_unknown(key, mapping, mapped)))
            return
        (addresses,) = mapped
    managed = properties.get("driver") != "keep"
    for address in addresses.split(";"):
        _add_device(machine, key, address, managed=managed)


def _refusals(machine: _Machine, key: str, properties: dict[str, str]) -> Iterator[str]:
    """Yield why Proxmox refuses the `properties` of a ``hostpci`` line."""
    if properties.get("pcie", "").lower() in _TRUE and "q35" not in _machine_type(machine):
        yield words.hostpci_without_q35(key)
    if _legacy_refused(machine, properties):
        yield words.hostpci_legacy_graphics(key)
    if "mapping" in properties and "host" in properties:
        yield words.hostpci_of_two_kinds(key)


def _legacy_refused(machine: _Machine, properties: dict[str, str]) -> bool:
    """Return whether Proxmox refuses a device in legacy IGD mode: PCI.pm, ``parse_hostpci_devices``."""
    host = properties.get("host")
    return properties.get("legacy-igd", "").lower() in _TRUE and (
        machine.value("vga") != "none"
        or "q35" in _machine_type(machine)
        or "mdev" in properties
        or properties.get("rombar", "1").lower() not in _TRUE
        or properties.get("x-vga", "").lower() in _TRUE
        or (host is not None and not _LEGACY_ADDRESS.fullmatch(host))
    )


def _add_device(machine: _Machine, key: str, address: str, *, managed: bool) -> None:
    place, match = machine.place(key), _ADDRESS.fullmatch(address)
    domain, bus, slot, function = match.groups() if match else ("", "", "", "")
    if match is None or int(slot, 16) > 0x1F or int(function or "0", 16) > 7:
        machine.unknown.append(Complaint(place, words.hostpci_address_refused(key, address)))
        return
    sbdf = SBDF(int(domain or "0", 16), int(bus, 16), int(slot, 16), int(function or "0", 16))
    machine.devices.append(
        KvmDevice(sbdf=sbdf, place=place, text=key, all_functions=function is None, managed=managed)
    )


def _machine_type(machine: _Machine) -> str:
    """Return the machine type of the configuration; empty if it names none."""
    return _property(machine.value("machine"), "type")


def _why_mapping_unknown(key: str, mapping: str, mapped: tuple[str, ...] | None) -> str:
    """Return why the device of a mapping is unknown."""
    if mapped is None:
        return words.mapping_unknown(key, mapping)
    if not mapped:
        return words.mapping_empty(key, mapping)
    return words.mapping_of_several(key, mapping, len(mapped), mapped[:4])


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
    if machine.value("hugepages") and machine.value("numa").lower() not in _TRUE:
        machine.refusals.append(Complaint(machine.place("hugepages"), words.HUGEPAGES_WITHOUT_NUMA))
    if "memory" not in _LIST.split(machine.value("hotplug")):
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
    if machine.value("numa").lower() not in _TRUE:
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
