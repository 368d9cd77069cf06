"""Messages of QEMU when it shows a device to an HVM guest of Xen."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageAddress, MessageSeverity, Program
from dmaragent.messages.words import NO_REGION

QEMU = Program.QEMU
_PT = "hw/xen/xen_pt.c"
_RELEASES = "QEMU with Xen"
_CHECKED = "checked in a source of 2.5 and in logs of 6.x to 8.x"

MESSAGES = (
    message(
        "qemu-xen-bar-not-mapped",
        QEMU,
        MessageSeverity.REFUSAL,
        "Xen does not map the device's memory or ports (BAR) in the guest",
        "create new mem mapping failed! (err: <errno>)",
        "create new ioport mapping failed! (err: <errno>)",
        "remove old mem mapping failed! (err: <errno>)",
        "remove old ioport mapping failed! (err: <errno>)",
        "Should not read BAR through QEMU. @<number>",
        "Should not write BAR through QEMU. @<number>",
        releases=_RELEASES,
        meaning="QEMU places a BAR of the device in the guest, and Xen refuses to map it there, or has not "
        "mapped it. The device does not work in the guest.",
        advice="sudo xl dmesg | sudo dmaragent why - shows Xen's line and the page. If a region is there, "
        "set a larger mmio_hole in the guest's configuration.",
        source=f"{_PT}, xen_pt_region_update, xen_pt_bar_read; {_CHECKED}",
        by_error={
            1: "EPERM: the guest already has a region or another device there, or may not have the BAR.",
        },
    ),
    message(
        "qemu-xen-bars-overlap",
        QEMU,
        MessageSeverity.NOTE,
        "Two devices have the same addresses in the guest for a moment",
        "Overlapped to device [<any>] Region: <number> (addr: <number2>, len: <number3>)",
        "Region: <number> (addr: <number2>, len: <number3>) is overlapped.",
        releases=_RELEASES,
        meaning="A guest's firmware moves BARs while it looks for their size, so this is harmless at the "
        "guest's start. The devices and addresses in the line are the guest's." + NO_REGION,
        advice="No action is needed, unless a device does not work in the guest: then set a larger "
        "mmio_hole in its configuration.",
        source=f"{_PT}, xen_pt_check_bar_overlap, xen_pt_region_update; {_CHECKED}",
    ),
    message(
        "qemu-xen-not-opened",
        QEMU,
        MessageSeverity.REFUSAL,
        "QEMU cannot open the device on the host",
        'Failed to "open" the real pci device',
        "xen_pt_msix_init: Error: Can't open /dev/mem: <error>",
        "Can't map physical MSI-X table: <error>",
        releases=_RELEASES,
        meaning="QEMU cannot read the device's files in sysfs, or its MSI-X table through /dev/mem. A "
        "kernel that is locked down (Secure Boot) does not permit either, nor does a user other than "
        "root." + NO_REGION,
        advice="Look the device up with lspci -D in dom0. If dmesg of dom0 has a line about lockdown, "
        "disable Secure Boot in the firmware setup: dom0 then boots any kernel, signed or not.",
        source=f"{_PT}, xen_pt_initfn (later: xen_pt_realize); hw/xen/xen_pt_msi.c, "
        f"xen_pt_msix_init; {_CHECKED}",
    ),
    message(
        "qemu-xen-interrupt-refused",
        QEMU,
        MessageSeverity.FIRMWARE,
        "QEMU cannot give the guest an interrupt of the device",
        "Mapping machine irq <number> to pirq <any> failed, (err: <errno>)",
        "Binding of interrupt <number> failed! (err: <errno>)",
        "Mapping of MSI{-X} (err: <errno>, vec: <number>, entry <number2>)",
        ("Mapping of MSI{-X} (rc: -1, vec: <number>, entry <number2>)", "older"),
        "Updating of MSI{-X} failed. (err: <errno>)",
        ("Updating of MSI{-X} failed. (rc: -1)", "older"),
        releases=_RELEASES,
        meaning="Xen refused the interrupt. The device works with another kind of interrupt, or not at all."
        + NO_REGION,
        advice="Read xl dmesg of the same second. Another guest or dom0 may have the interrupt.",
        source=f"{_PT}, xen_pt_initfn (later: xen_pt_realize); hw/xen/xen_pt_msi.c, "
        f"msi_msix_setup, msi_msix_update; {_CHECKED}",
    ),
    message(
        "qemu-xen-write-inhibited",
        QEMU,
        MessageSeverity.NOTE,
        "QEMU does not let the guest write to a part of the device's configuration space",
        "Write-back to unknown field <number> (partially) inhibited (<number2>)",
        "If the device doesn't work, try enabling permissive mode",
        releases=_RELEASES,
        meaning="QEMU lets a guest write only to the fields that it knows, unless the device has "
        "permissive=1." + NO_REGION,
        advice="No action is needed, unless the device does not work in the guest: then try permissive=1 "
        "in its entry (Qubes: option permissive=True). The guest can then disturb the host.",
        source=f"{_PT}, xen_pt_pci_write_config; {_CHECKED}",
    ),
    message(
        "qemu-xen-graphics-refused",
        QEMU,
        MessageSeverity.REFUSAL,
        "QEMU cannot give the guest the memory of Intel's graphics device",
        "Can't enable to access IGD host opregion: <page>",
        "Can't map IGD host opregion:<page> to guest opregion:<number>",
        "VGA ioport mapping failed! (rc: -1)",
        "VGA memory mapping failed! (rc: -1)",
        "VGA: Can't get VBIOS",
        releases="QEMU 2.5 and later with Xen and gfx_passthru=1",
        meaning="Xen refused the OpRegion (firmware memory with the settings of the displays) or the "
        "ports and memory of VGA. The numbers after opregion are pages of 4 KiB. It is not a region of "
        "the firmware's table.",
        advice="Read xl dmesg of the same second. Or remove gfx_passthru=: the graphics device is then a "
        "second one for the guest.",
        source=f"hw/xen/xen_pt_graphics.c, igd_write_opregion, xen_pt_register_vga_regions; {_CHECKED}",
        address=MessageAddress.MEMORY,
    ),
    message(
        "qemu-xen-device-shown",
        QEMU,
        MessageSeverity.NOTE,
        "QEMU shows the device to the guest",
        "Assigning real physical device <sbdf> to devfn <number>",
        "Real physical device <sbdf> registered successfully",
        releases=_RELEASES,
        meaning="Nothing is wrong. The line names the host's device without its segment.",
        advice="No action is needed.",
        source=f"{_PT}, xen_pt_initfn (later: xen_pt_realize); {_CHECKED}",
    ),
)
