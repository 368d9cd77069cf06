"""What Linux, QEMU, libvirt and Proxmox refuse to a KVM guest because of what a device is.

Pure.  Sources: libvirt src/hypervisor/virhostdev.c, ``virHostdevSaveNetConfig``; Linux drivers/vfio/pci/vfio_pci_core.c, ``vfio_pci_core_register_device``
and ``vfio_pci_validate_vf_token``; QEMU hw/i386/intel_iommu.c, ``vtd_machine_done_notify_one``.
"""

from collections.abc import Iterator

from dmaragent.addresses import SBDF
from dmaragent.guests.kvm_guest import GuestFormat, GuestIommu, KvmDevice, KvmGuest, MappedDevice
from dmaragent.host.topology import PciFunction
from dmaragent.linux.vfio import is_vfio_driver
from dmaragent.passthrough import kvm_words
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.sriov import PF_MESSAGE
from dmaragent.policy.decisions import Decider, Decision, Effect, SourceRule, undecided

_INTERFACE = SourceRule("libvirt virhostdev.c, virHostdevSaveNetConfig")
_PHYSICAL = SourceRule("Linux vfio_pci_core.c, vfio_pci_core_register_device", "EBUSY")
_TOKEN = SourceRule("Linux vfio_pci_core.c, vfio_pci_validate_vf_token", "EACCES")
_TOKEN_IN_VAIN = SourceRule(_TOKEN.source, "EINVAL")
_CDEV = SourceRule("QEMU hw/vfio/iommufd.c, iommufd_cdev_getfd; Linux vfio/device_cdev.c")
_CDEV_SINCE = (6, 6)
"""The first release with a character device for each device of VFIO (8b6f173a4ce4)."""
_MAPPING = SourceRule("pve-guest-common Mapping/PCI.pm, assert_valid")
_CACHING = SourceRule("QEMU hw/i386/intel_iommu.c, vtd_machine_done_notify_one")


def iommu_decisions(guest: KvmGuest) -> Iterator[Decision]:
    """Yield what QEMU decides about devices of VFIO behind the IOMMU that it emulates."""
    if guest.iommu is None or not guest.devices:
        return
    if guest.iommu is GuestIommu.UNCERTAIN:
        yield undecided(kvm_words.GUEST_IOMMU_UNCERTAIN)
        return
    yield Decision(
        decider=Decider.QEMU,
        effect=Effect.REFUSED,
        reason=kvm_words.WITHOUT_CACHING_MODE,
        rule=_CACHING,
        shown=kvm_words.CACHING_MODE_MESSAGE,
    )


def function_decisions(
    setting: KvmDevice, device: DeviceContext, assigned: frozenset[SBDF]
) -> Iterator[Decision]:
    """Yield the decisions on a virtual function, or on a device that would have to be one.

    `assigned`: all functions that the guest gets.
    """
    function = device.function
    if function is None:
        return
    if setting.mapped is not None and device.sbdf == setting.sbdf:
        yield from _mapping_decisions(setting.mapped, device, function)
    yield from _iommufd_decisions(setting, device)
    physical = function.physical_function
    if physical is None:
        if setting.is_interface and not function.physical_known:
            yield undecided(kvm_words.may_be_no_virtual_function(device.sbdf), device=device.sbdf)
        elif setting.is_interface:
            reason = kvm_words.interface_of_no_virtual_function(device.sbdf)
            yield _refusal(device, Decider.LIBVIRT, reason, _INTERFACE, kvm_words.INTERFACE_MESSAGE)
        return
    above = device.inventory.host.topology.known.get(physical)
    if above is not None and is_vfio_driver(above.driver or ""):
        yield from _token_decisions(setting, device, above)
    elif physical in assigned:
        reason = kvm_words.assigned_with_physical(device.sbdf, physical)
        yield _refusal(device, Decider.LINUX, reason, _PHYSICAL, PF_MESSAGE)
    elif above is None or not above.driver_known:
        reason = kvm_words.token_may_be_needed(device.sbdf, physical)
        yield undecided(reason, rule=_TOKEN, device=device.sbdf)
    elif setting.vf_token:
        reason = kvm_words.token_in_vain(device.sbdf, physical)
        yield _refusal(device, Decider.LINUX, reason, _TOKEN_IN_VAIN)


def _mapping_decisions(
    mapped: MappedDevice, device: DeviceContext, function: PciFunction
) -> Iterator[Decision]:
    """Yield what Proxmox decides if the host has another device, or group, than the mapping."""
    known = None not in (function.vendor_id, function.device_id)
    ids = f"{function.vendor_id:04x}:{function.device_id:04x}" if known else None
    group = None if device.group is None else str(device.group.number)
    for name, expected, found in (("id", mapped.ids, ids), ("iommugroup", mapped.group, group)):
        if expected is None or expected.replace("0x", "") == found:
            continue
        if found is None:
            reason = kvm_words.mapping_not_compared(device.sbdf, name)
            yield undecided(reason, rule=_MAPPING, device=device.sbdf)
            continue
        reason = kvm_words.mapping_differs(device.sbdf, name, expected, found)
        yield _refusal(device, Decider.PROXMOX, reason, _MAPPING, kvm_words.MAPPING_MESSAGE)


def _iommufd_decisions(setting: KvmDevice, device: DeviceContext) -> Iterator[Decision]:
    """Yield that QEMU cannot use iommufd on this kernel, or that this is unknown."""
    release = device.telling_release
    if not setting.iommufd or (release is not None and release >= _CDEV_SINCE):
        return
    if release is None:
        yield undecided(kvm_words.iommufd_unknown(device.sbdf), rule=_CDEV, device=device.sbdf)
        return
    yield _refusal(device, Decider.QEMU, kvm_words.kernel_without_cdev(device.sbdf), _CDEV)


def _token_decisions(
    setting: KvmDevice, device: DeviceContext, physical: PciFunction
) -> Iterator[Decision]:
    if setting.vf_token:
        reason = kvm_words.token_unknown(device.sbdf, physical.sbdf)
        yield undecided(reason, rule=_TOKEN, device=device.sbdf)
        return
    reason = kvm_words.token_missing(device.sbdf, physical.sbdf)
    yield _refusal(device, Decider.LINUX, reason, _TOKEN, kvm_words.VF_REFUSED_MESSAGE)


def _refusal(
    device: DeviceContext, decider: Decider, reason: str, rule: SourceRule, shown: str = ""
) -> Decision:
    return Decision(
        decider=decider,
        effect=Effect.REFUSED,
        reason=reason,
        rule=rule,
        shown=shown,
        device=device.sbdf,
    )


def binds_whole_groups(guest_format: GuestFormat, setting: KvmDevice) -> bool:
    """Return whether the management program binds a device's whole IOMMU group to vfio-pci.

    Source: pve-common src/PVE/SysFSTools.pm, ``pci_dev_group_bind_to_vfio``, called by qemu-server
    PCI.pm, ``prepare_pci_device``.
    """
    return guest_format is GuestFormat.PROXMOX and setting.managed
