"""Messages of the Xen hypervisor when it starts AMD-Vi, and while it uses it."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import AMD, MessageAddress, MessageSeverity, Program
from dmaragent.messages.words import NO_REGION

XEN = Program.XEN
_AMD = "xen/drivers/passthrough/amd"
_INIT = f"{_AMD}/iommu_init.c"
_PCI = f"{_AMD}/pci_amd_iommu.c"
_INTR = f"{_AMD}/iommu_intr.c"
_MAP = f"{_AMD}/iommu_map.c"
_CHECKED = "checked at every release tag from 4.6.0 to 4.22.0"
_ALL = "every release with AMD-Vi; the words differ"

MESSAGES = (
    message(
        "xen-amd-off",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen could not start AMD-Vi: no device can be passed through",
        "AMD-Vi: Error initialization",
        "AMD-Vi: Error <errno> initializing for x2APIC mode",
        ("AMD-Vi: IOMMU not found!", "4.6 to 4.12"),
        "AMD-Vi: SP5100 erratum 28 detected, disabling IOMMU",
        "AMD-Vi: {Error: }cannot allocate <any>",
        "AMD-Vi: {Error: }can't request irq",
        "AMD-Vi: {Warning: }{IOMMU: }no pdev for <sbdf>",
        ("AMD-Vi: Error allocating <any>", "4.6 to 4.15"),
        ("IOMMU: no irqs", "debug builds"),
        releases=_ALL,
        meaning="Xen rejected the firmware's table (IVRS), or an IOMMU does not work. The lines before "
        "show which. The SP5100 chipset loses interrupts if SATA is in combined mode.",
        advice="Read the lines before it in xl dmesg. Up to 4.15, boot with iommu=debug to see them. For "
        "the SP5100, disable SATA Combined mode in the firmware setup.",
        source=f"{_PCI}, amd_iov_detect, iov_enable_xt; {_INIT}, amd_sp5100_erratum28, "
        f"set_iommu_interrupt_handler; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-amd-panic",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen panics: it rejected AMD's table while it wanted x2APIC",
        "Xen BUG at {drivers/passthrough/amd/}iommu_init.c:<number>",
        releases="Xen 4.13 and later",
        meaning="Xen first starts AMD-Vi for x2APIC mode. If the firmware's table (IVRS) is rejected "
        "there, the second attempt finds no IOMMU and Xen panics (line 1386 in 4.17.7). The lines "
        "before have the reason, often an IVMD block.",
        advice="Read the lines before it. To start the host, add iommu=off,no-intremap to Xen's command "
        "line: Xen then does not read the table, and no device can be passed through.",
        source=f"{_INIT}, amd_iommu_prepare: BUG_ON(!iommu_found()); checked in the source of 4.17.7",
        vendor=AMD,
    ),
    message(
        "xen-amd-on",
        XEN,
        MessageSeverity.NOTE,
        "Xen uses AMD's IOMMU",
        "AMD-Vi: IOMMU <number> Enabled",
        "AMD-Vi: IOMMU Extended Features:",
        "AMD-Vi: Disabled HAP memory map sharing with IOMMU",
        "AMD-Vi: Applying erratum 746 workaround for IOMMU at <sbdf>",
        "AMD-Vi: Guest Translation Enabled",
        "AMD-Vi: PPR Log Enabled",
        "AMD-Vi: using <number>-entry cmd ring(s)",
        ("AMD-Vi: Share p2m table with iommu: p2m table = <number>", "4.6 to 4.12"),
        releases="every release with AMD-Vi",
        meaning="Nothing is wrong: devices can be passed through.",
        advice="No action is needed.",
        source=f"{_INIT}, amd_iommu_init, amd_iommu_init_one; {_AMD}/iommu_detect.c, "
        f"get_iommu_features; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-amd-on-by-firmware",
        XEN,
        MessageSeverity.NOTE,
        "The firmware used AMD's IOMMU before it started Xen",
        "AMD-Vi: IOMMU <sbdf> enabled by firmware (ctrl <number>)",
        releases="Xen 4.20.4, 4.21.2 and 4.22",
        meaning="Pre-boot DMA protection is on in the firmware setup. Xen sets the IOMMU up again. "
        "Firmware with that setting is the kind that has IVMD blocks.",
        advice="No action is needed. If an IVMD block blocks a device, disable the setting.",
        source=f"{_INIT}, amd_iommu_prepare_one; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-amd-shared-interrupts",
        XEN,
        MessageSeverity.FIRMWARE,
        "All devices share one table of interrupts",
        "AMD-Vi: Using global interrupt remap table is not recommended (see XSA-36)",
        releases="every release with AMD-Vi",
        meaning="Xen's option iommu=no-amd-iommu-perdev-intremap is set. A guest could then send "
        "interrupts of other guests' devices." + NO_REGION,
        advice="Remove the option, unless Xen does not start without it.",
        source=f"{_PCI}, amd_iov_detect; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-amd-device-without-iommu",
        XEN,
        MessageSeverity.REFUSAL,
        "No IOMMU serves the device: Xen cannot assign it",
        ("no IOMMU for <sbdf>; cannot be handed to <domain>", "4.16 and later"),
        ("failed to find IOMMU: <sbdf> cannot be assigned to <domain>", "4.16 and later"),
        ("failed to find IOMMU: <sbdf> cannot be removed from <domain>", "4.16 and later"),
        ("No iommu for <sbdf>; cannot be handed to <domain>", "4.10 to 4.15"),
        ("Fail to find iommu. <sbdf> cannot be assigned to <domain>", "4.6 to 4.15"),
        ("Fail to find iommu. <sbdf> cannot be removed from <domain>", "4.6 to 4.15"),
        ("Fail to find iommu. <any> cannot be assigned to <domain>", "4.6 to 4.15, misprinted"),
        ("No iommu for device <sbdf>", "4.6 to 4.9"),
        ("AMD-Vi: {Warning: }can't find IOMMU for <sbdf>", "4.16 and later"),
        ("AMD-Vi: amd_iommu_flush_iotlb: Can't find iommu for <sbdf>", "4.6 to 4.15"),
        "AMD-Vi: No IOMMU for MSI dev = <sbdf>",
        releases=_ALL,
        meaning="No IVHD block of the firmware's table (IVRS) names the device's address (ENODEV). That "
        "is normal for the IOMMU itself and for the host bridge." + NO_REGION,
        advice="If a device that a guest is to get has no IOMMU, update the firmware.",
        source=f"{_PCI}, amd_iommu_add_device, reassign_device, amd_iommu_remove_device; "
        f"{_AMD}/iommu_cmd.c, amd_iommu_flush_iotlb; {_INTR}, _find_iommu_for_device; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-amd-function-added",
        XEN,
        MessageSeverity.NOTE,
        "The table does not name the function: Xen treats it as function 0 of its device",
        "<sbdf> not found in ACPI tables; using same IOMMU as function 0",
        releases="every release with AMD-Vi",
        meaning="The function gets the IOMMU of function 0, and its regions.",
        advice="No action is needed.",
        source=f"{_PCI}, find_iommu_for_device; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-amd-unity-failed",
        XEN,
        MessageSeverity.CONSEQUENCE,
        "Xen could not map or unmap the regions of a device",
        "<domain>: unity mapping failed for <sbdf>",
        "<domain>: unity unmapping failed for <sbdf>",
        "unity-unmap for <domain>/<sbdf> failed (<errno>)",
        ("<sbdf>: quarantine unity mapping failed", "4.13.5, 4.14.5, 4.15.3 and later"),
        releases="Xen 4.16 and later; security releases of 4.13 to 4.15",
        meaning="A region (IVMD block) of the device is not mapped for its domain, or stays mapped. "
        "If a unity map cannot be removed after a failed assignment, Xen crashes the guest.",
        advice="Read the lines before it in xl dmesg: they name the page or the error.",
        source=f"{_PCI}, amd_iommu_add_device, amd_iommu_remove_device, amd_iommu_assign_device; "
        f"{_MAP}, amd_iommu_quarantine_init; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-amd-map-failed",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen could not change the IOMMU's page tables, and crashes the guest",
        "oot table alloc failed, <any>fn = <number>",
        "nvalid IO pagetable entry <any>fn = <number>",
        "annot allocate I/O page table",
        ("Update page mode failed <any>fn = <number>", "4.6 to 4.12"),
        (
            "Merge iommu page failed at level <number>, gfn = <number2> mfn = <number3>",
            "4.6 to 4.11",
        ),
        ("update_paging_mode Fail to find iommu", "4.6 to 4.12"),
        (
            "update_paging_mode Try to access pdev_list without aquiring pcidevs_lock",
            "4.6 to 4.12",
        ),
        ("<domain>: unexpected DTE <any> (expected <any2>)", "4.13.5 and later"),
        ("(XEN) {[<any>] }unexpected IRTE <any2> (expected <any3>)", "4.18.5 and later"),
        releases=_ALL,
        meaning="Memory ran out, or an entry is not as Xen wrote it. The number is a page of 4 KiB."
        + NO_REGION,
        advice="Give the guest less memory, or Xen more. If memory is free, report it to the Xen project.",
        source=f"{_MAP}, amd_iommu_map_page, iommu_pde_from_dfn, update_paging_mode; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-amd-interrupts",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen cannot remap the interrupts of an I/O APIC or of the HPET",
        "(XEN) {[<any>] }Remapping IO-APIC <number> pin <number2> failed (<errno>)",
        "ailed to setup HPET MSI remapping{:}{.} <word> HPET",
        "ailed to setup HPET MSI remapping{:}{.} <word> IVRS HPET info",
        (
            "AMD-Vi: {Warning: }failed to find IOMMU for IO-APIC @ <number>:<number2>",
            "4.16 and later",
        ),
        ("Fail to find iommu for ioapic device id = <number>:<number2>", "4.6 to 4.15"),
        "AMD-Vi: {Warning: }<any> IOMMU for IO-APIC <number> (ID <number2>)",
        "No memory for shared IRT",
        "No memory for <sbdf>'s IRT",
        releases=_ALL,
        meaning="The firmware's table (IVRS) lacks the I/O APIC or the HPET, or no IOMMU serves it. "
        "Without an IOMMU for each I/O APIC, Xen does not use x2APIC." + NO_REGION,
        advice="Update the firmware. Xen's options ivrs_ioapic[ID]= and ivrs_hpet[ID]= name them by hand.",
        source=f"{_INTR}, amd_iommu_setup_ioapic_remapping, amd_setup_hpet_msi, iov_supports_xt; "
        f"{_AMD}/iommu_acpi.c, add_ivrs_mapping_entry; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-amd-fault-details",
        XEN,
        MessageSeverity.CONSEQUENCE,
        "The page tables for the fault in the previous lines, or a full log of faults",
        ("<sbdf> root @ <number> (<number2> levels) dfn=<page>", "4.17 and later"),
        ("(XEN) {[<any>] }<sbdf>: no root", "4.17 and later"),
        "AMD-Vi: No event written to log",
        "AMD-Vi: No ppr written to log",
        "AMD-Vi: No entry written to <word> Log",
        "Log Run bit <number> is not cleared",
        "AMD-Vi: no device found, something must be very wrong!",
        releases="every release with AMD-Vi; the page tables with iommu=verbose",
        meaning="They belong to a fault. dfn is the page of 4 KiB that the device wanted; the lines after"
        " it show how far the page tables reach.",
        advice="Read the line with IO_PAGE_FAULT.",
        source=f"{_MAP}, amd_iommu_print_entries; {_INIT}, iommu_read_log, iommu_reset_log; {_CHECKED}",
        vendor=AMD,
        address=MessageAddress.MEMORY,
    ),
    message(
        "xen-amd-command-ring-full",
        XEN,
        MessageSeverity.FAULT,
        "AMD's IOMMU does not take commands fast enough",
        "AMD IOMMU <sbdf>: no cmd slot available",
        releases="Xen 4.13.4 and later",
        meaning="The IOMMU or a device behind it hangs, as after a failed reset. The address is the "
        "IOMMU's own." + NO_REGION,
        advice="Find the device that was just reset or removed. Try it without ATS (Xen's option "
        "ats=0), and update the firmware.",
        source=f"{_AMD}/iommu_cmd.c, send_iommu_command; {_CHECKED}",
        vendor=AMD,
    ),
    message(
        "xen-amd-setup",
        XEN,
        MessageSeverity.NOTE,
        "Xen reports which domain gets a device",
        "AMD-Vi: Setup I/O page table: device id = <rid>, type = <number>, ",
        "AMD-Vi: Disable: device id = <rid>, domain = <domid>, paging mode = <number>",
        "AMD-Vi: Re-assign <sbdf> from <domain> to <any>",
        "AMD-Vi: Skipping host bridge <sbdf>",
        releases="every release with AMD-Vi, with iommu=debug",
        meaning="Nothing is wrong.",
        advice="No action is needed.",
        source=f"{_PCI}, amd_iommu_setup_domain_device, amd_iommu_disable_domain_device, "
        f"reassign_device; {_CHECKED}",
        vendor=AMD,
    ),
)
