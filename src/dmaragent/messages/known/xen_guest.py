"""Messages of the Xen hypervisor about the memory and interrupts that a device has in a guest."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageAddress, MessageSeverity, Program
from dmaragent.messages.words import NO_REGION

XEN = Program.XEN
_P2M = "xen/arch/x86/mm/p2m.c"
_DOMCTL = "xen/common/domctl.c, do_domctl; xen/arch/x86/domctl.c, arch_do_domctl"
_CHECKED = "checked at every release tag from 4.6.0 to 4.22.0"

MESSAGES = (
    message(
        "xen-guest-page-taken",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen crashes the guest: it maps other memory over a device's memory or region",
        "<domain>: GFN <page> (<number>,<number2>,<number3>) -> "
        "(<number4>,<number5>,<number6>) not permitted",
        "<domain>: GFN <page> (<number>,<number2>,<number3>,<number4>) -> "
        "(<number5>,<number6>,<number7>,<number8>) not permitted",
        releases="Xen 4.13.4 and later",
        meaning="A page of the guest has a region or the memory (BAR) of its device, and the guest or "
        "its toolstack maps RAM or another device there (EPERM). GFN is the number of a page of "
        "4 KiB in the guest. In the guest, a region has the same address as on the host.",
        advice="Add the device to the guest's configuration instead of attaching it later: libxl then"
        " keeps guest RAM away from the region. dmaragent resolve GUEST shows the layout. If the"
        " page is in no region, it is a BAR of the device: report it to the Xen project.",
        source=f"{_P2M}, p2m_add_page (before 4.17: guest_physmap_add_entry), set_typed_p2m_entry; "
        + _CHECKED,
        address=MessageAddress.MEMORY,
    ),
    message(
        "xen-guest-bar-not-mapped",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen cannot map or unmap a device's memory or ports (BAR) in the guest",
        "memory_map:fail: <domain> gfn=<page> mfn=<number> nr=<number2> ret:<errno>",
        "memory_map: error <errno> removing <domain> access to [<number>,<number2>]",
        "ioport_map:invalid:<domain> gport=<number> mport=<number2>",
        "ioport_map: error <errno> denying <domain> access to [<number>,<number2>]",
        "ioport_map against non-HVM domain",
        ("p2m_set_entry: <page>:<number> -> <errno> (", "4.7 and later; debug builds of Xen only"),
        ("p2m_set_entry failed! mfn=<number> rc:<errno>", "4.6; debug builds of Xen only"),
        ("gfn_to_mfn failed! gfn=<page> type:<number>", "debug builds of Xen only"),
        ("no mapping between mfn <number> and gfn <page>", "debug builds of Xen only"),
        releases="every release with passthrough",
        meaning="The guest's device model places a BAR of the device, and Xen cannot map it. gfn is the "
        "number of a page of 4 KiB in the guest, mfn that of the device's page. If the error is "
        "EPERM, the guest already has a region or another device there.",
        advice="Read the lines before it in xl dmesg. If the BAR of an emulated device overlaps a "
        "region, set a larger mmio_hole in the guest's configuration.",
        source=f"{_DOMCTL}; {_P2M}, set_typed_p2m_entry, clear_mmio_p2m_entry; {_CHECKED}",
        address=MessageAddress.GUEST,
    ),
    message(
        "xen-guest-bar-mapped",
        XEN,
        MessageSeverity.NOTE,
        "Xen maps or unmaps a device's memory or ports (BAR) in the guest",
        "memory_map:add: <domain> gfn=<page> mfn=<number> nr=<number2>",
        "memory_map:remove: <domain> gfn=<page> mfn=<number> nr=<number2>",
        "ioport_map:add: <domain> gport=<number> mport=<number2>",
        "ioport_map:remove: <domain> gport=<number> mport=<number2>",
        releases="every release with passthrough, with guest_loglvl=info or guest_loglvl=all",
        meaning="Nothing is wrong. gfn is the number of a page of 4 KiB in the guest, mfn that of "
        "the device's page.",
        advice="No action is needed.",
        source=f"{_DOMCTL}; {_CHECKED}",
        address=MessageAddress.GUEST,
    ),
    message(
        "xen-guest-interrupt-refused",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen cannot give the guest an interrupt of the device",
        "pt_irq_create_bind failed (<errno>) for <domain>",
        "pt_irq_destroy_bind failed (<errno>) for <domain>",
        "Cannot bind IRQ<number> to <domain>",
        "MSI-X already in use on <sbdf>",
        "MSI already in use on <sbdf>",
        "already mapped to MSI on <sbdf>",
        "already mapped to MSI-X on <sbdf>",
        ("<sbdf>: Failed to map first MSI-X table page: <errno>", "4.19 and later"),
        ("<sbdf>: Failed to map last MSI-X table page: <errno>", "4.19 and later"),
        "{<domain>: }no upstream bridge for <sbdf>",
        ("<domain>: unknown(<number>): <sbdf>", "4.6 to 4.20"),
        ("<domain>: <sbdf> unknown device type <number>", "4.21 and later"),
        "<domain>: can't create irq for msi!",
        "<domain>: no free pirq",
        "<domain>: no block of <number> free pirqs",
        "<domain>: map pirq with incorrect irq!",
        releases="every release with passthrough",
        meaning="Another guest or dom0 has the interrupt, or Xen has none left. At best, the device "
        "works without interrupts." + NO_REGION,
        advice="Detach the device from the other guest. If dom0 uses the interrupt, hide the devices "
        "that share it: xen-pciback.hide=(SBDF) on dom0's kernel command line. dom0 then cannot "
        "use them.",
        source="xen/arch/x86/domctl.c, arch_do_domctl; xen/arch/x86/irq.c, pirq_guest_bind, "
        "allocate_pirq; xen/arch/x86/msi.c, __pci_enable_msi, msix_capability_init; "
        f"xen/drivers/passthrough/vtd/intremap.c, set_msi_source_id; {_CHECKED}",
    ),
    message(
        "xen-guest-without-iommu",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen does not create the guest: it has a device, and Xen has no IOMMU",
        ("(XEN) {[<any>] }{<file>}IOMMU is not enabled", "4.13 and 4.14"),
        ("IOMMU requested but not available", "4.15 and later"),
        ("IOMMU options specified but IOMMU not enabled", "4.13 and 4.14"),
        ("IOMMU options specified but IOMMU not requested", "4.15 and later"),
        ("Unknown IOMMU options <number>", "4.13.2 and later"),
        releases="debug builds of Xen 4.13 and later only; what it says happens in all",
        meaning="The toolstack requested a guest that can have devices (EINVAL), and the IOMMU is off. "
        "If the lines are about IOMMU options, the toolstack and Xen are of different releases."
        + NO_REGION,
        advice="sudo xl dmesg | sudo dmaragent why - shows why the IOMMU is off. After an update of "
        "Xen, reboot.",
        source="xen/common/domain.c, sanitise_domain_config; " + _CHECKED,
    ),
    message(
        "xen-pvh-dom0-not-mapped",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen cannot map a device's memory for a PVH dom0",
        "Failed to identity {un}map [<number>,<number2>) for <domain>: <errno>",
        ("Failed to identity {un}map [<number>, <number2>] for <domain>: <errno>", "4.11 to 4.18"),
        (
            "Failed to {un}map [<number> <number2>] -> [<number3> <number4>] for <domain>: <errno>",
            "4.19 and later",
        ),
        ("Failed to identity map PFN <page>: <errno>", "4.13.4 and later"),
        ("<sbdf>: not mapping BAR [<number>, <number2>] invalid position", "4.17 and later"),
        (
            "<sbdf>: BAR at [<number>, <number2>] not in memory map hole",
            "4.19 and later; debug builds of Xen only",
        ),
        ("Failed to identity map low 1MB: <errno>", "4.9 to 4.15.0"),
        releases="Xen 4.9 and later with dom0=pvh",
        meaning="dom0 cannot reach these pages of a device or of the firmware: other memory is "
        "mapped there. The numbers are pages of 4 KiB.",
        advice="If a device fails in dom0, boot without dom0=pvh: a PV dom0 needs no such mapping.",
        source="xen/arch/x86/hvm/dom0_build.c, modify_identity_mmio, pvh_populate_p2m; "
        "xen/drivers/vpci/header.c, map_range, modify_bars; xen/arch/x86/pci.c, pci_check_bar; "
        + _CHECKED,
        address=MessageAddress.MEMORY,
    ),
)
