"""Messages of the Linux kernel in a Xen dom0 and in PV guests: pciback, pcifront, Xen's view of PCI."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageAddress, MessageSeverity, Program
from dmaragent.messages.words import NO_REGION

LINUX = Program.LINUX
_STUB = "drivers/xen/xen-pciback/pci_stub.c"
_CHECKED = "checked in the sources of 5.15 and 6.3"
_NO_VMD = (
    "For drives behind VMD, disable VMD in the firmware setup: an installed system may then not find "
    "its disk."
)
_BACK = "pciback <sbdf>: {xen-pciback: }{xen_pciback: }"

MESSAGES = (
    message(
        "linux-xen-device-not-added",
        LINUX,
        MessageSeverity.REFUSAL,
        "Xen did not accept a device that dom0 reported: no guest can have it",
        "Failed to add - passthrough or MSI/MSI-X might fail!",
        releases="every release that can be a dom0",
        meaning="dom0 reports each PCI function to Xen, and Xen refused this one. Xen's own line has the "
        "reason, for instance that no remapping unit serves the device. Xen knows no segment above "
        "0xffff, so it refuses the drives behind Intel's VMD, such as 10000:e0:06.0.",
        advice="sudo xl dmesg | sudo dmaragent why - shows Xen's line. " + _NO_VMD,
        source=f"drivers/xen/pci.c, xen_pci_notifier, xen_add_device; {_CHECKED}",
    ),
    message(
        "linux-xen-device-not-reported",
        LINUX,
        MessageSeverity.NOTE,
        "dom0 does not report a device to Xen, because its segment is above 0xffff: no guest can have it",
        "not registering with Xen: invalid PCI segment",
        "not unregistering with Xen: invalid PCI segment",
        releases="newer releases that can be a dom0; older ones print that Xen did not accept it",
        meaning="Xen knows no segment above 0xffff. The drives behind Intel's VMD, such as 10000:e0:06.0, "
        "have one. dom0 itself can use them." + NO_REGION,
        advice="No action is needed, unless a guest is to have the drive. " + _NO_VMD,
        source="drivers/xen/pci.c, xen_add_device, xen_remove_device; checked in the patch of 2025",
    ),
    message(
        "linux-xen-device-not-removed",
        LINUX,
        MessageSeverity.NOTE,
        "Xen did not release a device that dom0 removed",
        "Failed to delete - passthrough or MSI/MSI-X might fail!",
        releases="every release that can be a dom0",
        meaning="The device is gone from dom0: it was unplugged or removed, or its virtual functions were "
        "switched off. Xen did not know it, or could not release it: it may then refuse a device that "
        "appears at the same address." + NO_REGION,
        advice="No action is needed, unless a device at this address does not work or no guest gets it: "
        "then look for the line of Xen in xl dmesg, and reboot the host.",
        source=f"drivers/xen/pci.c, xen_pci_notifier, xen_remove_device; {_CHECKED}; Xen "
        "xen/drivers/passthrough/pci.c, pci_remove_device",
    ),
    message(
        "linux-xen-mmconfig-refused",
        LINUX,
        MessageSeverity.FIRMWARE,
        "Xen may not reach the extended configuration space of these buses",
        "Failed to report MMCONFIG reservation state for <any> to hypervisor (<errno>)",
        releases="every release that can be a dom0",
        meaning="Xen did not accept the range that dom0 has from the MCFG table. Xen may then not "
        "see the extended capabilities of devices there, such as ATS and SR-IOV." + NO_REGION,
        advice="No action is needed, unless virtual functions fail in guests: then look for mmcfg= on "
        "Xen's command line, and update the firmware.",
        source=f"drivers/xen/pci.c, xen_mcfg_late; {_CHECKED}",
    ),
    message(
        "linux-pciback-not-bound",
        LINUX,
        MessageSeverity.REFUSAL,
        "pciback does not bind the device",
        "can't export pci devices that don't have a normal (0) or bridge (1) header type!",
        "Can't export bridges on the virtual PCI bus",
        _BACK + "error <errno> initializing device",
        ("pciback: probe of <sbdf> failed with error <errno>", "older"),
        ("probe with driver pciback failed with error <errno>", "newer"),
        'Error parsing pci_devs_to_hide at "<word>"',
        releases="every release with xen-pciback",
        meaning="The device is a bridge, does not start, or the option hide= is not of the form "
        "(SBDF)(SBDF). After a mistake in hide=, pciback does not load at all: no device can be "
        "assigned." + NO_REGION,
        advice="Write xen-pciback.hide=(0000:0a:00.0) on dom0's kernel command line, without blanks. "
        "Assign the functions behind a bridge, not the bridge.",
        source=f"{_STUB}, pcistub_probe, pcistub_init; drivers/xen/xen-pciback/vpci.c, "
        f"__xen_pcibk_add_pci_dev; drivers/base/dd.c; {_CHECKED}",
    ),
    message(
        "linux-pciback-not-found",
        LINUX,
        MessageSeverity.REFUSAL,
        "pciback does not have the device that the guest is to get",
        "Couldn't locate PCI device (<sbdf>)! perhaps already in-use?",
        releases="every release with xen-pciback",
        meaning="Another driver of dom0 has the device, another guest has it, or it is not present."
        + NO_REGION,
        advice="Run xl pci-assignable-list and xl pci-list for the other guests. Bind the device with xl "
        "pci-assignable-add: dom0 then loses it.",
        source=f"drivers/xen/xen-pciback/xenbus.c, xen_pcibk_export_device; {_CHECKED}",
    ),
    message(
        "linux-pciback-in-use",
        LINUX,
        MessageSeverity.FAULT,
        "dom0 takes a device or gives it to a guest while another guest may still use it",
        (
            "****** removing device <sbdf> while still in-use by domain <domid>! ******",
            "newer",
        ),
        ("****** removing device <sbdf> while still in-use! ******", "older"),
        "****** driver domain may still access this device's i/o resources!",
        "Stealing ownership from dom<domid>.",
        releases="every release with xen-pciback",
        meaning="The device was unbound from pciback, or assigned again, before its guest released it. "
        "DMA that the guest started can still reach memory." + NO_REGION,
        advice="Shut the guest down, or run xl pci-detach, before you unbind the device. Now restart the "
        "guest that had it.",
        source=f"{_STUB}, pcistub_remove; drivers/xen/xen-pciback/xenbus.c, "
        f"xen_pcibk_export_device; {_CHECKED}",
    ),
    message(
        "linux-pciback-interrupt",
        LINUX,
        MessageSeverity.FIRMWARE,
        "dom0 cannot prepare interrupts of a device for a guest",
        "MSI-X preparation failed (<errno>)",
        "MSI-X release failed (<errno>)",
        "error enabling MSI for guest <domid>: err <errno>",
        "error enabling MSI-X for guest <domid>: err <errno>",
        "failed to install fake IRQ handler for IRQ <number>! (rc:<errno>)",
        "xen map irq failed <errno>{ for <number> domain}",
        releases="every release with xen-pciback; the words differ",
        meaning="Xen or dom0 refused the interrupts. The device works without them, or not at all."
        + NO_REGION,
        advice="Read xl dmesg of the same second. Update Xen and dom0's kernel. Xen knows no segment above "
        "0xffff, as of drives behind Intel's VMD: disable VMD in the firmware setup.",
        source=f"{_STUB}, pcistub_init_device; drivers/xen/xen-pciback/pciback_ops.c, "
        "xen_pcibk_enable_msi, xen_pcibk_control_isr; arch/x86/pci/xen.c, "
        f"xen_initdom_setup_msi_irqs; {_CHECKED}",
    ),
    message(
        "linux-pciback-protects",
        LINUX,
        MessageSeverity.NOTE,
        "The guest's driver writes to configuration space that pciback protects, or no longer protects",
        "Driver tried to write to a read-only configuration space field at offset <number>, size "
        "<number2>",
        "enabling permissive mode configuration space accesses!",
        "permissive mode is potentially unsafe!",
        releases="every release with xen-pciback",
        meaning="pciback lets a guest write only to the fields that it knows. With permissive=1, the "
        "guest writes to all of them." + NO_REGION,
        advice="No action is needed, unless the device does not work in the guest: then try permissive=1 "
        "in its entry (Qubes: option permissive=True). The guest can then disturb the host.",
        source=f"drivers/xen/xen-pciback/conf_space.c, xen_pcibk_config_write; {_STUB}, "
        f"permissive_store; {_CHECKED}",
    ),
    message(
        "linux-pciback-has-device",
        LINUX,
        MessageSeverity.NOTE,
        "pciback has the device, or gives it to a guest",
        _BACK + "seizing device",
        _BACK + "registering for <domid>",
        "vpci: {<sbdf>: }assign to virtual slot <number>",
        releases="every release with xen-pciback",
        meaning="Nothing is wrong: dom0 does not use the device.",
        advice="No action is needed.",
        source=f"{_STUB}, pcistub_probe; drivers/xen/xen-pciback/xenbus.c, "
        f"xen_pcibk_export_device; {_CHECKED}",
    ),
    message(
        "linux-pcifront-no-hole",
        LINUX,
        MessageSeverity.REFUSAL,
        "A PV guest has memory where its device needs addresses: the device does not work",
        "Could not claim resource <any>/<number>! Device offline. Try using e820_host=1",
        releases="every release with xen-pcifront, in a PV guest or a stub domain",
        meaning="In a PV guest, the memory (BAR) of a device has the host's addresses, and the guest's "
        "memory map does not leave them free. The address in the line is the guest's, the number that "
        "of the BAR; 6 is the ROM, which few drivers need." + NO_REGION,
        advice="Set e820_host=1 in the guest's configuration (libvirt: <e820_host state='on'/>; Qubes: "
        "feature pci-e820-host): the guest then has the holes of the host. It cannot be migrated.",
        source=f"drivers/pci/xen-pcifront.c, pcifront_claim_resource; {_CHECKED}",
        address=MessageAddress.GUEST,
    ),
    message(
        "linux-pcifront-failed",
        LINUX,
        MessageSeverity.REFUSAL,
        "A PV guest or a stub domain could not start its PCI bus: it has no devices",
        "pcifront pci-<number>: Could not setup SWIOTLB!",
        "pcifront pci-<number>: <number2> Error setting up PCI Frontend",
        releases="every release with xen-pcifront",
        meaning="The guest did not get contiguous memory below 4 GiB for DMA, or dom0's pciback did not "
        "answer." + NO_REGION,
        advice="Free memory of the host, or reboot it, and start this guest first. Look for pciback in "
        "dmesg of dom0.",
        source=f"drivers/pci/xen-pcifront.c, pcifront_connect_and_init_dma; {_CHECKED}",
    ),
)
