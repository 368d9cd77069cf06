"""Messages of Proxmox VE about devices that it cannot pass through."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageSeverity, Program
from dmaragent.messages.words import IOMMU_ON

PROXMOX = Program.PROXMOX
_PCI = "qemu-server, src/PVE/QemuServer/PCI.pm"

MESSAGES = (
    message(
        "proxmox-no-iommu",
        PROXMOX,
        MessageSeverity.REFUSAL,
        "Proxmox finds no IOMMU groups: the kernel does not use the IOMMU",
        "cannot prepare PCI pass-through, IOMMU not present",
        ("IOMMU not present", "before qemu-server 7"),
        "No IOMMU detected, please activate it",
        "Cannot open iommu_group: <error>",
        releases="every release",
        meaning="/sys/kernel/iommu_groups is empty. A reserved region is not the reason.",
        advice=IOMMU_ON,
        source=f"{_PCI}, prepare_pci_device; pve-common, SysFSTools.pm, "
        "pci_dev_group_bind_to_vfio; checked in the source; the words of the web "
        "interface and of older releases from reports",
    ),
    message(
        "proxmox-not-bound",
        PROXMOX,
        MessageSeverity.REFUSAL,
        "Proxmox cannot bind the device's group to vfio-pci",
        "can't unbind/bind PCI group to VFIO '<sbdf>'",
        ("can't unbind/bind pci group to vfio '<sbdf>'", "before qemu-server 7"),
        "Cannot bind <sbdf> to vfio",
        "error writing '<sbdf>' to '/sys/bus/pci/drivers/vfio-pci/bind': <error>",
        "Cannot find vfio-pci module!",
        releases="every release",
        meaning="A driver does not release its device of the group, or vfio-pci is not loaded. A "
        "reserved region is not the reason.",
        advice="Run sudo modprobe vfio-pci, and check dmesg of the same second. If a driver does not "
        "release its device, bind it at boot: vfio-pci.ids= on the kernel's command line. The "
        "host then cannot use it.",
        source=f"{_PCI}, prepare_pci_device; pve-common, SysFSTools.pm, pci_dev_bind_to_vfio; checked "
        "in the source",
    ),
    message(
        "proxmox-no-device",
        PROXMOX,
        MessageSeverity.REFUSAL,
        "The device that the guest names is not present",
        "no pci device info for device '<sbdf>'",
        "no PCI device found for '<sbdf>'",
        "no PCI device found for '<word>'",
        "PCI device mapping invalid (hardware probably changed)",
        "PCI device mapping not found for '<word>'",
        "could not find a free device for 'hostpci<number>'",
        releases="every release; mappings since 8.0",
        meaning="No PCI function is at that address, or the mapping names another device than the one "
        "there. A reserved region is not the reason.",
        advice="Look the device up with lspci -D, and correct hostpci or the mapping "
        "(Datacenter, Resource Mappings).",
        source=f"{_PCI}, parse_hostpci, choose_hostpci_devices, prepare_pci_device, checked in "
        "the source",
    ),
    message(
        "proxmox-reset-refused",
        PROXMOX,
        MessageSeverity.REFUSAL,
        "Proxmox does not start the guest: it could not reset the device",
        "can't reset PCI device '<sbdf>'",
        releases="qemu-server before 8.2.6",
        meaning="The kernel offers a reset of the device, and it failed. Newer releases start the guest "
        "anyway. A reserved region is not the reason.",
        advice="Check dmesg of the same second. Restart the host if the device does not respond, or update "
        "Proxmox.",
        source=f"{_PCI}, prepare_pci_device before the commit 458b487b, checked in the source",
    ),
    message(
        "proxmox-not-reset",
        PROXMOX,
        MessageSeverity.NOTE,
        "Proxmox could not reset the device, and starts the guest anyway",
        "failed to reset PCI device '<sbdf>', but trying to continue",
        "error writing '1' to '/sys/bus/pci/devices/<sbdf>/reset': <error>",
        releases="Proxmox VE 6 and later",
        meaning="The device is in the state that the last user left. A reserved region is not the "
        "reason.",
        advice="No action is needed, unless the device does not work in the guest: then restart the "
        "host.",
        source=f"{_PCI}, prepare_pci_device, checked in the source",
    ),
    message(
        "proxmox-in-use",
        PROXMOX,
        MessageSeverity.REFUSAL,
        "Another guest has the device",
        "PCI device '<sbdf>' already in use by VMID '<number>'",
        "PCI device '<sbdf>' already in use by running VMID '<number>'",
        "PCI device '<sbdf>' is currently reserved for use by VMID '<number>'",
        "device '<sbdf>' assigned more than once",
        releases="Proxmox VE 7 and later",
        meaning="Proxmox keeps a list of devices and their guests. A reserved region is not the reason.",
        advice="Stop the guest that is named, or remove the device from one of the two guests.",
        source=f"{_PCI}, reserve_pci_usage, choose_hostpci_devices, checked in the source",
    ),
)
