"""From a libvirt domain of type kvm or qemu to a KVM guest.

Source: libvirt src/qemu/qemu_command.c, ``qemuBuildMemCommandLine``, ``qemuBuildHostdevCommandLine``.
"""

from dmaragent.addresses import FOUR_GIB
from dmaragent.guests import words
from dmaragent.guests.config import Complaint
from dmaragent.guests.kvm_guest import GuestFormat, GuestIommu, KvmDevice, KvmGuest, device_space
from dmaragent.guests.libvirt_domain import Domain, initial_memory, memory_device_sizes
from dmaragent.guests.qemu_arguments import Argument, QemuArguments, add_arguments, read_arguments

_QEMU = "http://libvirt.org/schemas/domain/qemu/1.0"
_DRIVERS = frozenset({"", "vfio"})
_PROPERTIES = frozenset({"host", "sysfsdev", "iommufd", "vf-token"})
"""Properties that change which device it is, or whether VFIO gives it."""


def kvm_guest(domain: Domain) -> KvmGuest:
    """Return the guest of `domain`.

    Raises:
        DmaragentError: libvirt does not accept it.

    """
    arguments = _arguments(domain)
    kind = domain.element.first("os", "type")
    memory, more = initial_memory(domain)
    devices = [
        KvmDevice(
            sbdf=device.sbdf,
            place=domain.place(device.line),
            text=device.text,
            managed=device.managed,
            iommufd=device.iommufd,
            unassigned=device.unassigned,
        )
        for device in domain.devices
    ]
    devices += filter(None, (assigned.device for assigned in arguments.assigned))
    notes = [*domain.notes]
    unknown = [*domain.unknown]
    for device in domain.devices:
        if device.driver not in _DRIVERS:
            message = words.driver_not_modelled(device.driver)
            unknown.append(Complaint(domain.place(device.line), message))
    add_arguments(arguments, notes, unknown)
    path = [f"{_QEMU} {name}" for name in ("override", "device", "frontend", "property")]
    for changed in domain.element.all(*path):
        name = changed.get("name")
        if name in _PROPERTIES:
            message = words.override_not_modelled(name)
            unknown.append(Complaint(domain.place(changed), message))
    return KvmGuest(
        source=domain.source,
        name=domain.name,
        format=GuestFormat.LIBVIRT,
        architecture="" if kind is None else kind.get("arch", "x86_64"),
        machine=arguments.machine or (None if kind is None else kind.get("machine") or None),
        memory=memory,
        below_4g=arguments.below_4g,
        more_memory=more,
        plugged=_plugged(domain, memory),
        devices=tuple(devices),
        unknown=tuple(unknown),
        iommu=_iommu(domain) or arguments.iommu,
        notes=tuple(notes),
    )


def _iommu(domain: Domain) -> GuestIommu | None:
    """Return the emulated IOMMU of `domain`, if it may not work with assigned devices.

    Source: libvirt src/qemu/qemu_command.c, ``qemuBuildIOMMUCommandLine``: an unset caching mode is
    QEMU's default, off.
    """
    element = domain.element.first("devices", "iommu")
    model = "" if element is None else element.get("model")
    if element is None or model == "virtio":
        return None
    driver = element.first("driver")
    if model != "intel":
        return GuestIommu.UNCERTAIN
    caching = driver is not None and driver.get("caching_mode") == "on"
    return None if caching else GuestIommu.INTEL_WITHOUT_CACHING


def _plugged(domain: Domain, memory: int | None) -> int | None:
    """Return the most address space of memory devices above RAM of `memory` bytes; None: unknown.

    A device with an address of its own can leave a gap below it.
    """
    if memory is None:
        return None
    space = most = device_space(*memory_device_sizes(domain))
    for element in domain.element.all("devices", "memory"):
        for path in (("target", "address"), ("address",)):
            address = element.first(*path)
            base = "" if address is None else address.get("base") or ""
            if not base:
                continue
            try:
                start = int(base, 0)
            except ValueError:
                return None
            most = max(most, start + space - FOUR_GIB - memory)
    return most


def _arguments(domain: Domain) -> QemuArguments:
    elements = domain.element.all(f"{_QEMU} commandline", f"{_QEMU} arg")
    return read_arguments(
        [Argument(element.get("value"), domain.place(element)) for element in elements]
    )
