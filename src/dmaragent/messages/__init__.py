"""The messages that people meet when reserved memory stands in their way, and what they mean.

Pure.  A table of messages by who prints them, a recogniser, and the relation of what was
recognised to one host.
"""

from functools import cache

from dmaragent.messages.known import (
    amd_boot,
    dpdk,
    iommu_boot,
    iommu_use,
    libvirt,
    libxl_pci,
    linux,
    linux_amd,
    linux_faults,
    linux_firmware,
    lockdown,
    other_systems,
    proxmox,
    qemu,
    qemu_memory,
    toolstack,
    vfio,
    windows,
    xapi,
    xen,
    xen_assign,
    xen_boot,
    xen_faults,
    xen_guest,
    xen_hardware,
    xen_vtd,
    xl,
)
from dmaragent.messages.model import Message
from dmaragent.messages.recognise import Recogniser

MESSAGES: tuple[Message, ...] = (
    *linux.MESSAGES,
    *linux_faults.MESSAGES,
    *linux_amd.MESSAGES,
    *amd_boot.MESSAGES,
    *linux_firmware.MESSAGES,
    *iommu_boot.MESSAGES,
    *iommu_use.MESSAGES,
    *vfio.MESSAGES,
    *lockdown.MESSAGES,
    *xen.MESSAGES,
    *xen_faults.MESSAGES,
    *xen_boot.MESSAGES,
    *xen_vtd.MESSAGES,
    *xen_hardware.MESSAGES,
    *xen_assign.MESSAGES,
    *xen_guest.MESSAGES,
    *libxl_pci.MESSAGES,
    *toolstack.MESSAGES,
    *xl.MESSAGES,
    *qemu.MESSAGES,
    *qemu_memory.MESSAGES,
    *libvirt.MESSAGES,
    *proxmox.MESSAGES,
    *dpdk.MESSAGES,
    *xapi.MESSAGES,
    *windows.MESSAGES,
    *other_systems.MESSAGES,
)
"""All messages known, in the order of the documentation."""


@cache
def recogniser() -> Recogniser:
    """Return the recogniser of all messages: its indexes take longer than a short text."""
    return Recogniser(MESSAGES)
