"""Messages about reserved memory and passthrough: what they mean in general and on one host.

Pure.  :mod:`.known` lists the messages by the program that prints them, :mod:`.recognise` finds
them in a text, and :mod:`.relate` relates them to a host.
"""

from functools import cache

from dmaragent.messages.known import (
    amd_boot,
    amd_table,
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
    qemu_xen,
    toolstack,
    vfio,
    windows,
    xapi,
    xen,
    xen_amd,
    xen_amd_use,
    xen_assign,
    xen_boot,
    xen_dom0,
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
    *amd_table.MESSAGES,
    *linux_firmware.MESSAGES,
    *iommu_boot.MESSAGES,
    *iommu_use.MESSAGES,
    *vfio.MESSAGES,
    *lockdown.MESSAGES,
    *xen_dom0.MESSAGES,
    *xen.MESSAGES,
    *xen_faults.MESSAGES,
    *xen_boot.MESSAGES,
    *xen_vtd.MESSAGES,
    *xen_amd.MESSAGES,
    *xen_amd_use.MESSAGES,
    *xen_hardware.MESSAGES,
    *xen_assign.MESSAGES,
    *xen_guest.MESSAGES,
    *libxl_pci.MESSAGES,
    *toolstack.MESSAGES,
    *xl.MESSAGES,
    *qemu.MESSAGES,
    *qemu_memory.MESSAGES,
    *qemu_xen.MESSAGES,
    *libvirt.MESSAGES,
    *proxmox.MESSAGES,
    *dpdk.MESSAGES,
    *xapi.MESSAGES,
    *windows.MESSAGES,
    *other_systems.MESSAGES,
)
"""All known messages, in the order of docs/messages.md."""


@cache
def recogniser() -> Recogniser:
    """Return the recogniser of all messages, which is made once: its indexes take time."""
    return Recogniser(MESSAGES)
