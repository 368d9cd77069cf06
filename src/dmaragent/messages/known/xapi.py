"""Messages of xapi, xenopsd and Qubes OS about devices that their guests cannot get."""

from dmaragent.messages.known.define import message
from dmaragent.messages.known.xen import ASSIGN_ERRORS, ASSIGN_ON_AMD
from dmaragent.messages.model import MessageSeverity, Program

_DEVICE = "xen-api, ocaml/xenopsd/xc/device.ml"

MESSAGES = (
    message(
        "xenopsd-cannot-add",
        Program.XENOPSD,
        MessageSeverity.CONSEQUENCE,
        "XCP-ng or XenServer could not assign the device to the guest",
        'Cannot_add(<sbdf>, Xenctrlext.Unix_error(<number>, "<number2>: <error>"))',
        'Cannot_add(<sbdf>, Xenctrlext.Unix_error(<number>, "<error>"))',
        "Device.PCI.Cannot_add(_, _)",
        "Cannot_add(<sbdf>, <any>)",
        "Cannot_add(<sbdf>;<any>)",
        releases="seen on XCP-ng 8",
        meaning="Xen did not assign the device. The hypervisor's log, /var/log/xen/hypervisor.log, has "
        "the reason. If the message names no device, the documented cause is a host whose Xen "
        "runs without VT-d.",
        advice="dmaragent why - < /var/log/xen/hypervisor.log",
        source=f"{_DEVICE}, PCI.add and its printer, checked in the source; the form with _ from "
        "XCP-ng's documentation of passthrough",
        by_error=ASSIGN_ERRORS,
        on_amd=ASSIGN_ON_AMD,
    ),
    message(
        "xenopsd-guest-not-running",
        Program.XENOPSD,
        MessageSeverity.CONSEQUENCE,
        "The guest's device model ended before the device was added",
        "Domain_not_running(inserting pci=<sbdf>,domid=<domid>)",
        releases="xenopsd of XCP-ng 8 and later",
        meaning="The guest stopped while it started. The reason is in its own log.",
        advice="Read /var/log/xensource.log and the guest's qemu log of the same second.",
        source=f"{_DEVICE}, PCI._pci_add, checked in the source",
    ),
    message(
        "xenopsd-no-iommu",
        Program.XENOPSD,
        MessageSeverity.REFUSAL,
        "Xen uses no IOMMU on this host",
        "VM_REQUIRES_IOMMU",
        "doesn't have I/O virtualization (IOMMU/VT-d) enabled, which is needed by the VM",
        "VM = <any>: IOMMU unavailable",
        releases="xapi and xenopsd, every release with passthrough",
        meaning="Xen reports no directio among its capabilities: VT-d is off in the firmware setup or on"
        " Xen's command line, or Xen rejected the firmware's table. No device can be passed "
        "through, with or without regions.",
        advice="sudo xl dmesg | sudo dmaragent why - shows why Xen disabled VT-d. If it does not, "
        "enable VT-d in the firmware setup and reboot.",
        source="xen-api, ocaml/xapi/xapi_vm_helpers.ml, assert_host_has_iommu; "
        "ocaml/xenopsd/xc/domain.ml, make; checked in the source",
    ),
    message(
        "qubes-guest-not-hvm",
        Program.QUBES,
        MessageSeverity.REFUSAL,
        "Qubes assigns devices to HVM and PV guests only",
        "Can't attach PCI device to VM in pvh mode",
        "Can't attach PCI device to dom0",
        releases="Qubes OS 4.0 and later",
        meaning="A PVH guest has no PCI bus, and dom0 already has the device. A reserved region is not "
        "the reason.",
        advice="Run qvm-prefs VM virt_mode hvm. The guest then needs a device model, which uses memory "
        "of dom0.",
        source="qubes-core-admin, qubes/ext/pci.py, on_device_pre_attached_pci; checked in the "
        "source",
    ),
    message(
        "qubes-no-device",
        Program.QUBES,
        MessageSeverity.REFUSAL,
        "The device that the qube names is not present",
        "Invalid PCI device: <bdf>",
        releases="Qubes OS 4.0 and later",
        meaning="dom0 has no PCI function at that address. Addresses change if cards are added or "
        "firmware is updated. A reserved region is not the reason.",
        advice="Look the device up with qvm-pci, detach the old address from the qube and attach "
        "the new one.",
        source="qubes-core-admin, qubes/ext/pci.py, on_device_pre_attached_pci; checked in the "
        "source",
    ),
    message(
        "qubes-attach-later",
        Program.QUBES,
        MessageSeverity.CONSEQUENCE,
        "Qubes could not attach the device to the running qube, or detach it",
        "Failed to attach PCI device '<bdf>' on the fly",
        "Failed to detach PCI device '<bdf>' on the fly",
        releases="Qubes OS 4.0 and later",
        meaning="libxl or Xen refused it. The change takes effect when the qube starts again.",
        advice="In dom0, run sudo xl dmesg | sudo dmaragent why - and the same with "
        "/var/log/libvirt/libxl/libxl-driver.log.",
        source="qubes-core-admin, qubes/ext/pci.py, on_device_pre_attached_pci; checked in the "
        "source",
    ),
)
