"""Messages of the Xen hypervisor about devices and regions that it maps or cannot map."""

from dmaragent.messages.known.define import message
from dmaragent.messages.known.xen import ASSIGN_ERRORS
from dmaragent.messages.model import MessageAddress, MessageSeverity, Program, VendorAnswer
from dmaragent.messages.words import NO_REGION

XEN = Program.XEN
_VTD = "xen/drivers/passthrough/vtd/iommu.c"
_DMAR = "xen/drivers/passthrough/vtd/dmar.c"
_PCI = "xen/drivers/passthrough/pci.c"
_X86 = "xen/drivers/passthrough/x86/iommu.c"
_P2M = "xen/arch/x86/mm/p2m.c"
_CHECKED = "checked at every release tag from 4.6.0 to 4.22.0"

MESSAGES = (
    message(
        "xen-region-not-mapped",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen cannot map a region of the device",
        ("cannot map reserved region (<base>,<limit>] for <domain> (<errno>)", "4.6 to 4.16"),
        ("{<domain>: }cannot map reserved region [<base>,<limit>]: <errno>", "4.13.5 and later"),
        "{<domain>: }RMRR mapping failed",
        ("<sbdf>: RMRR quarantine mapping failed", "4.13.5 and later"),
        "[VT-D]{<file>}{ }IOMMU: mapping reserved region failed",
        releases="every release with VT-d",
        meaning="The region must be mapped at its own address for the domain, and that failed. If the "
        "domain is a guest, Xen does not assign the device. If it is dom0 or the quarantine, the"
        " device keeps its owner.",
        advice="Read the lines before it in xl dmesg. If the error is EBUSY, the guest has memory "
        "there: dmaragent resolve GUEST shows the fixes.",
        source=f"{_VTD}, intel_iommu_assign_device, intel_iommu_add_device, setup_hwdom_rmrr, "
        f"intel_iommu_quarantine_init; {_CHECKED}",
        by_error=ASSIGN_ERRORS,
    ),
    message(
        "xen-region-not-unmapped",
        XEN,
        MessageSeverity.CONSEQUENCE,
        "Xen leaves a region mapped although the device is gone",
        (
            "{<domain>: }cannot unmap reserved region [<base>,<limit>]: <errno>",
            "4.13.5 and later; Xen then crashes the guest",
        ),
        "non-identity map <domain>:<page> not cleared (mapped to <number>)",
        releases="every release with VT-d",
        meaning="The guest has other memory in the region, or is just ending.",
        advice="No action is needed, unless the guest keeps running: then restart it.",
        source=f"{_VTD}, intel_iommu_assign_device; {_P2M}, p2m_remove_identity_entry (before: "
        f"clear_identity_p2m_entry); {_CHECKED}",
    ),
    message(
        "xen-already-assigned",
        XEN,
        MessageSeverity.REFUSAL,
        "Another guest has the device, or Xen does not know the device",
        "<sbdf> already assigned, or non-existent",
        releases="every release with passthrough",
        meaning="A toolstack checked whether the device is free: a guest has it, or dom0's kernel did "
        "not report it to Xen." + NO_REGION,
        advice="Run xl pci-list for the other guests. If none has it, look for the device in lspci of "
        "dom0, and rescan or reboot.",
        source=f"{_PCI}, iommu_do_pci_domctl; {_CHECKED}",
    ),
    message(
        "xen-device-not-added",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen cannot set the device up: no domain can use it",
        "IOMMU: add <sbdf> failed (<errno>)",
        "setup <sbdf> for <domain> failed (<errno>)",
        "{<domain>: }context mapping failed",
        "(XEN) {[<any>] }<sbdf>: unknown type <number>",
        "unknown type: <sbdf>",
        "<sbdf>: alloc_pdev failed",
        "<domain> owning <sbdf>?",
        "Could not initialize PCI segment 0",
        "Attempted to add SR-IOV VF <sbdf> without PF <sbdf2>",
        "Failed to add SR-IOV device PF <sbdf> for VF <sbdf2>",
        "Inconsistent PCI state: failed to find newly added PF <sbdf> for VF <sbdf2>",
        "<sbdf>: VF without extended config space?",
        "<domain>:unknown(<number>): <sbdf>",
        "iommu_get_device_group() failed",
        "setup of vPCI for <domain> failed: <errno>",
        "Setup of vPCI failed: <errno>",
        releases="every release with passthrough",
        meaning="No remapping unit of the table serves the device, or Xen could not write its entry "
        "(context) for dom0. A region that Xen cannot map for dom0 is not a reason: Xen only warns.",
        advice="dmaragent check names devices without a unit. Update the firmware, or disable the "
        "device there.",
        source=f"{_PCI}, pci_add_device, iommu_add_device, setup_one_hwdom_device; {_VTD}, "
        f"intel_iommu_add_device; {_CHECKED}",
        by_error={
            12: "ENOMEM: Xen has no memory for it.",
            19: "ENODEV: no remapping unit serves the device.",
        },
        on_amd=VendorAnswer(
            advice="dmaragent check names the errors of the IVRS table. Update the firmware, or disable "
            "the device there.",
            by_error={1: "EPERM: the IVRS table does not list the device."},
        ),
    ),
    message(
        "xen-device-not-removed",
        XEN,
        MessageSeverity.NOTE,
        "Xen could not release a device that dom0 removed",
        "IOMMU: remove <sbdf> failed (<errno>)",
        "Attempted to remove PCI SR-IOV PF <sbdf> with VFs still present",
        releases="every release with passthrough",
        meaning="The device is gone from dom0: it was unplugged or removed, or its virtual functions were "
        "switched off. If a physical function goes before its virtual functions, Xen gives none of "
        "them to a guest any more." + NO_REGION,
        advice="No action is needed, unless a device at this address does not work or no guest gets it: "
        "then reboot the host. Switch virtual functions off before you remove their device.",
        source=f"{_PCI}, pci_remove_device, iommu_remove_device; {_CHECKED}",
    ),
    message(
        "xen-context-conflict",
        XEN,
        MessageSeverity.REFUSAL,
        "Another domain has the device's IOMMU entry: Xen does not assign it",
        "{<domain>: }<sbdf> owned by <domain2>",
        "{<domain>: }<sbdf> mapped, but can't find owner",
        "{<domain>: }<sbdf> already mapped to <domain2>",
        "<sbdf>: unexpected context entry <number>_<number2>",
        "<sbdf>: reassignment may cause <domain> data corruption",
        "failed to reclaim <sbdf> from <domain> (<errno>)",
        "no domain for did <number> (nr_dom <number2>)",
        "No valid iommu <number> domid for <domain>",
        "Cannot get valid iommu domid: domid=<number>",
        "Cannot get valid iommu <number> domid: <domain>",
        "IOMMU: no free domain id",
        "exceeds nr_dom <number> or iommu has no domid_map",
        releases="every release with VT-d",
        meaning="The IOMMU's entry for the device belongs to another domain, often because two devices "
        "behind one conventional bridge share it." + NO_REGION,
        advice="Assign all devices behind the bridge to one guest. If no bridge is shared, restart the "
        "host.",
        source=f"{_VTD}, domain_context_mapping_one, get_iommu_did, intel_iommu_assign_device; "
        f"{_CHECKED}",
    ),
    message(
        "xen-device-lost",
        XEN,
        MessageSeverity.FAULT,
        "A device does not respond to the IOMMU: Xen takes it from its guest",
        "ATS device <sbdf> flush failed",
        releases="Xen 4.8 and later",
        meaning="The device did not invalidate its cached addresses in time. Xen stops its domain, "
        "unless it is dom0." + NO_REGION,
        advice="Boot Xen with ats=off: devices then cache no addresses and are slightly slower. Update "
        "the device's firmware.",
        source=f"{_PCI}, iommu_dev_iotlb_flush_timeout; {_CHECKED}",
    ),
    message(
        "xen-dma-not-mapped",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen cannot map memory for DMA: it stops the guest",
        ("<domain>: IOMMU mapping dfn <page>", "4.12 and later"),
        ("<domain>: IOMMU unmapping dfn <page>", "4.12 and later"),
        ("<domain>: IOMMU mapping gfn <page>", "4.6.6 to 4.11"),
        ("<domain>: IOMMU unmapping gfn <page>", "4.6.6 to 4.11"),
        "<domain>: IOMMU mapping failed: <errno>",
        "<domain>: IOMMU IOTLB flush failed: <errno>",
        "<domain>: IOMMU IOTLB flush all failed: <errno>",
        "<domain>: IOMMU pages flush failed: <errno>",
        "IOMMU flush all failed for hardware domain",
        "error <errno> unmapping <sbdf>",
        releases="Xen 4.6.6 and later",
        meaning="Xen ran out of memory for the IOMMU's tables, or a unit does not respond. dfn and gfn "
        "are page numbers in the guest; they may be those of a region.",
        advice="Leave more memory to Xen (dom0_mem, or fewer guests). If it happens again, update the "
        "firmware.",
        source="xen/drivers/passthrough/iommu.c, iommu_map, iommu_unmap, iommu_iotlb_flush; "
        + _CHECKED,
        address=MessageAddress.MEMORY,
    ),
    message(
        "xen-dom0-map-failed",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen cannot map all reserved memory for dom0",
        ("IOMMU identity mapping of [<page>, <page1>] failed: <errno>", "4.19 and later"),
        ("IOMMU identity mapping of [<page>,<stop>) failed: <errno>", "4.17 and 4.18"),
        ("identity mapping of <page> failed: <errno>", "4.13 to 4.18"),
        ("identity IOMMU mapping of <page> failed: <errno>", "4.13 to 4.16"),
        ("pre-mapping <word> MFN [<page>,<stop>) into IOMMU failed: <errno>", "4.17 and later"),
        "IOMMU init: unable to allocate rangeset",
        "IOMMU inclusive mappings can't be added: <errno>",
        "IOMMU failed to add identity range: <errno>",
        "IOMMU failed to remove Xen ranges: <errno>",
        "IOMMU failed to remove forbidden regions: <errno>",
        "IOMMU failed to remove read-only regions: <errno>",
        "IOMMU failed to remove unusable memory: <errno>",
        "IOMMU failed to remove Interrupt Address Range: <errno>",
        "IOMMU failed to remove IO-APIC: <errno>",
        "IOMMU unable to remove MMCFG areas: <errno>",
        "IOMMU unable to remove unaddressable ranges: <errno>",
        "IOMMU unable to create <word>mappings: <errno>",
        releases="Xen 4.13 and later",
        meaning="Devices of dom0 fail when they use these addresses. Regions of guests' devices are "
        "mapped separately. The numbers are pages of 4 KiB.",
        advice="Update Xen. If a device of dom0 fails, boot Xen with dom0-iommu=none: nothing is then "
        "mapped, and dom0's devices reach all memory.",
        source=f"{_X86}, arch_iommu_hwdom_init, identity_map; xen/arch/x86/pv/dom0_build.c, "
        f"iommu_memory_setup; {_CHECKED}",
        address=MessageAddress.MEMORY,
    ),
    message(
        "xen-dom0-mapping",
        XEN,
        MessageSeverity.NOTE,
        "Xen reports how it maps reserved memory for dom0",
        "IOMMU inclusive mappings are deprecated and will be removed in future versions",
        "IOMMU inclusive mappings are only supported on PV Dom0",
        "identity mappings for IOMMU:",
        releases="Xen 4.12 and later",
        meaning="This is about dom0-iommu=map-inclusive, which maps reserved memory for dom0's devices. "
        "It does not change which regions a guest's device needs.",
        advice="Remove iommu_inclusive_mapping or map-inclusive if no device of dom0 needs it.",
        source=f"{_X86}, arch_iommu_hwdom_init; {_CHECKED}",
    ),
    message(
        "xen-pvh-dom0-refused",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen panics: a PVH dom0 needs the IOMMU",
        "Presently, iommu must be enabled for PVH hardware domain",
        "PVH hardware domain iommu must be set in 'strict' mode",
        "Dom0 uses paging translated mode, dom0-passthrough must not be enabled",
        releases="every release with a PVH dom0",
        meaning="dom0=pvh is on Xen's command line, and the IOMMU is off or set to pass dom0's DMA "
        "through." + NO_REGION,
        advice="Remove dom0=pvh, or enable VT-d and remove dom0-iommu=passthrough.",
        source=f"{_X86}, arch_iommu_check_autotranslated_hwdom; {_CHECKED}",
    ),
    message(
        "xen-extra-region-lost",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen cannot reserve memory that a driver of its own needs",
        "Failed to reserve [<base>-<end>) for <word>, skipping IOMMU mapping for it",
        releases="Xen 4.19 and later",
        meaning="Xen did not map a buffer of its own for a device, such as that of the USB debug "
        "console. The table's regions are not affected.",
        advice="No action is needed, unless the USB console fails.",
        source="xen/drivers/passthrough/iommu.c, iommu_get_extra_reserved_device_memory; "
        + _CHECKED,
        address=MessageAddress.RANGE,
    ),
    message(
        "xen-option-taken",
        XEN,
        MessageSeverity.NOTE,
        "Xen accepts a range of rmrr=",
        "Adding RMRR for <number> device ([0]: <number2>) range [<page>-<page1>]",
        releases="Xen 4.17 and later, with iommu=verbose",
        meaning="Nothing is wrong. The numbers are pages of 4 KiB and include the last page.",
        advice="dmaragent inventory shows the regions on Xen's list.",
        source=f"{_DMAR}, add_one_user_rmrr; {_CHECKED}",
        address=MessageAddress.RANGE,
    ),
    message(
        "xen-virtual-functions",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen cannot use the device's virtual functions as they are",
        "SR-IOV device <sbdf> has its virtual functions already enabled",
        "SR-IOV device <sbdf> with vf BAR<number> in IO space",
        "SR-IOV device <sbdf> with 64-bit vf BAR in last slot",
        "device <sbdf> with 64-bit <word>BAR in last slot",
        releases="every release with passthrough",
        meaning="Xen cannot read the size of the virtual functions' memory: they may not work in a "
        "guest." + NO_REGION,
        advice="Let dom0's driver enable the virtual functions, not the firmware. Update the device's "
        "firmware.",
        source=f"{_PCI}, pci_add_device, pci_size_mem_bar; {_CHECKED}",
    ),
    message(
        "xen-context-listed",
        XEN,
        MessageSeverity.NOTE,
        "Xen maps or unmaps a device for a domain",
        ":PCIe: map ",
        ":PCI: map ",
        ":PCIe: unmap ",
        ":PCI: unmap ",
        ":Hostbridge: skip ",
        "(XEN) {[<any>] }PCI add device ",
        "(XEN) {[<any>] }PCI add extended device ",
        "(XEN) {[<any>] }PCI add virtual function ",
        "(XEN) {[<any>] }PCI phantom ",
        "(XEN) {[<any>] }PCI remove device ",
        releases="with iommu=debug; PCI add always",
        meaning="Nothing is wrong: the IOMMU serves the device for this domain.",
        advice="No action is needed.",
        source=f"{_VTD}, domain_context_mapping, domain_context_unmap; {_PCI}, pci_add_device; "
        f"{_CHECKED}",
    ),
)
