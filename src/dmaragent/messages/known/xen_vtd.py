"""Messages of the Xen hypervisor when it starts VT-d or disables it."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageSeverity, Program, VendorAnswer
from dmaragent.messages.words import NO_REGION

XEN = Program.XEN
_VTD = "xen/drivers/passthrough/vtd/iommu.c"
_DMAR = "xen/drivers/passthrough/vtd/dmar.c"
_QUIRKS = "xen/drivers/passthrough/vtd/quirks.c"
_COMMON = "xen/drivers/passthrough/iommu.c"
_CHECKED = "checked at every release tag from 4.6.0 to 4.22.0"
_SEE_BEFORE = "Read the lines before it in xl dmesg: they have the reason."

MESSAGES = (
    message(
        "xen-igd-off",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen leaves the graphics device's remapping unit off",
        ("BIOS did not enable IGD for VT properly. Disabling IGD VT-d engine", "4.6 to 4.15"),
        ("firmware did not enable IGD for VT properly; disabling IGD VT-d engine", "4.16 on"),
        ("Passed iommu=no-igfx option. Disabling IGD VT-d engine", "4.7.4 to 4.15"),
        ("passed iommu=no-igfx option; disabling IGD VT-d engine", "4.16 and later"),
        releases="every release with VT-d",
        meaning="The unit that serves 00:02.0 stays off, because the firmware did not prepare it for "
        "VT-d or because of iommu=no-igfx. The graphics device cannot be passed through. Others "
        "are not affected. With iommu=force, Xen panics instead.",
        advice="Update the firmware. Remove iommu=no-igfx or iommu=force from Xen's command line if it "
        "is there. The graphics device then always uses the IOMMU, and some firmware does not "
        "work with that.",
        source=f"{_VTD}, iommu_enable_translation; {_CHECKED}",
    ),
    message(
        "xen-igd-panic",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen panics: the graphics device's unit is off, and iommu=force forbids that",
        ("BIOS did not enable IGD for VT properly, crash Xen for security purpose", "4.6 to 4.15"),
        ("firmware did not enable IGD for VT properly; crash Xen for security purpose", "4.16 on"),
        releases="every release with VT-d",
        meaning="The firmware did not prepare the unit that serves 00:02.0, and with iommu=force or "
        "iommu=required Xen uses all units or none." + NO_REGION,
        advice="Remove force (required) from Xen's iommu= option: Xen then starts without the graphics "
        "device's unit. Update the firmware.",
        source=f"{_VTD}, iommu_enable_translation; {_CHECKED}",
    ),
    message(
        "xen-isoch-off",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen leaves the sound device's remapping unit off: the firmware set it up wrong",
        "firmware did not enable TLB for sound device; disabling ISOCH VT-d engine",
        "firmware did not enable TLB for sound device; crash Xen for security purpose",
        "Cannot access VTISOCHCTRL at this time",
        "Inconsistency between chipset registers and ACPI tables",
        "Recommended TLB entries for ISOCH unit is 16; firmware set <number>",
        releases="Xen 4.16 and later, Intel 5500 and X58 chipsets",
        meaning="A remapping unit for sound has too few entries, or the table does not describe the "
        "chipset's behaviour. Other devices are not affected." + NO_REGION,
        advice="Update the firmware.",
        source=f"{_QUIRKS}, is_azalia_tlb_enabled; {_VTD}, iommu_enable_translation; {_CHECKED}",
    ),
    message(
        "xen-iommu-required",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen panics: it could not enable the IOMMU, and iommu=force or required forbids that",
        "Couldn't enable IOMMU and iommu=required/force",
        "Couldn't enable Interrupt Remapping and iommu=required/force",
        "(XEN) {[<any>] }Could not set up quarantine",
        releases="every release with VT-d",
        meaning="The lines before show why the IOMMU or interrupt remapping stayed off. Without force, "
        "Xen starts but cannot pass through any device.",
        advice=_SEE_BEFORE
        + " To start the host, remove force (required) from Xen's iommu= option.",
        source=f"{_COMMON}, iommu_setup; {_CHECKED}",
    ),
    message(
        "xen-iommu-off",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen runs without the IOMMU: no device can be passed through",
        "I/O virtualisation disabled",
        releases="every release",
        meaning="VT-d or AMD-Vi is off in the firmware setup, iommu=off is on Xen's command line, or Xen"
        " rejected the firmware's table. The lines before show which." + NO_REGION,
        advice=_SEE_BEFORE
        + " If there are none, enable VT-d (AMD: IOMMU) in the firmware setup, and look for "
        "iommu=off or iommu=no on Xen's command line.",
        source=f"{_COMMON}, iommu_setup; {_CHECKED}",
        on_amd=VendorAnswer(
            advice=_SEE_BEFORE
            + " Up to 4.15, they need iommu=debug. If there are none, enable the IOMMU "
            "in the firmware setup, and look for iommu=off or iommu=no on Xen's command line."
        ),
    ),
    message(
        "xen-iommu-on",
        XEN,
        MessageSeverity.NOTE,
        "Xen uses the IOMMU",
        "I/O virtualisation enabled",
        "- Dom0 mode: <word>",
        "(XEN) {[<any>] }Interrupt remapping enabled",
        "Intel VT-d iommu <number> supported page sizes: 4kB",
        "Intel VT-d Snoop Control <word>",
        "Disabled protected memory registers",
        ("QI: using <number>-entry ring(s)", "4.13.4 and later; debug builds"),
        "Intel VT-d Posted Interrupt is disabled for CPU-side Posted Interrupt is not enabled",
        releases="every release",
        meaning="Nothing is wrong: devices can be passed through unless a region blocks them.",
        advice="No action is needed.",
        source=f"{_COMMON}, iommu_setup; {_VTD}, vtd_setup; {_CHECKED}",
    ),
    message(
        "xen-interrupts-not-remapped",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen does not remap interrupts",
        "(XEN) {[<any>] }Interrupt remapping disabled",
        "Interrupt Remapping not enabled",
        "Interrupt Remapping disabled since Queued Invalidation isn't supported or enabled",
        "Platform firmware does not support interrupt remapping",
        "Should not enable interrupt remapping",
        "Compatibility Format Interrupts permitted on IOMMU #<number>",
        "Cannot allocate memory for ir_ctrl->iremap_maddr",
        "is NULL! Will not try to enable Interrupt Remapping",
        "There is not a DRHD for IOAPIC <number>",
        "Failed to enable Queued Invalidation!",
        "Failed to enable Interrupt Remapping",
        ("Not enabling x2APIC: depends on iommu_supports_eim", "4.6 to 4.12"),
        ("Not enabling x2APIC: depends on IOMMU support", "4.13"),
        "Cannot allocate memory for qi_ctrl->qinval_maddr",
        releases="every release with VT-d",
        meaning="Devices can be passed through, but a guest could send interrupts to the host with one: "
        "assign them only to guests that you trust." + NO_REGION,
        advice="Enable interrupt remapping (x2APIC) in the firmware setup, update the firmware, and "
        "look for intremap=off (no-intremap) on Xen's command line.",
        source="xen/drivers/passthrough/vtd/intremap.c, enable_intremap, "
        f"intel_iommu_supports_eim, intel_iommu_enable_eim; {_VTD}, init_vtd_hw; "
        f"xen/arch/x86/apic.c, x2apic_bsp_setup; {_CHECKED}",
        on_amd=VendorAnswer(
            advice="Look for lines about an IO-APIC before it: the firmware's table (IVRS) may lack one, "
            "which ivrs_ioapic[ID]= on Xen's command line names. Look for iommu=no-intremap there. "
            "Update the firmware."
        ),
    ),
    message(
        "xen-chipset-erratum",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen disables the IOMMU: this chipset revision has a bug",
        ("Disabling IOMMU due to Intel 5500/5520/X58 Chipset errata #47, #53", "up to 4.15.0"),
        ("Disabling IOMMU due to Intel 5500/5520 chipset errata #47 and #53", "4.13.4 and later"),
        ("Disabling IOMMU due to Intel X58 chipset <word>", "4.13.4 and later"),
        releases="every release with VT-d",
        meaning="Interrupt remapping of these revisions loses interrupts. No device can be "
        "passed through." + NO_REGION,
        advice="The Xen option iommu=no-intremap keeps the IOMMU without interrupt remapping. A guest "
        "can then send interrupts to the host: use it only with guests that you trust.",
        source=f"{_QUIRKS}, tylersburg_intremap_quirk; {_CHECKED}",
    ),
    message(
        "xen-unit-unusable",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen cannot use a remapping unit, and disables VT-d",
        "[VT-D]{<file>}{ }IOMMU: unsupported",
        "IOMMU: unsupported sagaw <number>",
        "Unhandled bits in SAGAW <number>",
        "IOMMU: nr_iommus <number> > MAX_IOMMUS",
        "IOMMU <number>: cannot disable Queued Invalidation",
        "IOMMU: no irq available!",
        "IOMMU: can't request irq",
        "IOMMU: interrupt setup failed",
        "IOMMU: set root entry failed",
        "IOMMU: page size mask <number> unsupported",
        "No available invalidation interface",
        "no CMPXCHG16B support, disabling IOMMU",
        "IOMMU: flush IOTLB failed",
        "Set iommu interrupt affinity error!",
        releases="every release with VT-d",
        meaning="A unit of the firmware's table lacks a feature that Xen needs, so no device can be "
        "passed through." + NO_REGION,
        advice="Update the firmware and Xen. Report it with xl dmesg and the output of dmaragent check.",
        source=f"{_VTD}, iommu_alloc, iommu_set_interrupt, init_vtd_hw, vtd_setup; {_CHECKED}",
    ),
    message(
        "xen-resume-panic",
        XEN,
        MessageSeverity.REFUSAL,
        "Xen panics on resume: a remapping unit does not start again",
        "IOMMU setup failed, crash Xen for security purpose",
        "suspend: IOMMU flush all failed: <errno>",
        "crash shutdown: IOMMU flush all failed",
        releases="every release with VT-d",
        meaning="After sleep, Xen could not set up the unit again, and iommu=force forbids running "
        "without it." + NO_REGION,
        advice="Update the firmware, or do not let the host sleep.",
        source=f"{_VTD}, vtd_resume, vtd_suspend, vtd_crash_shutdown; {_CHECKED}",
    ),
    message(
        "xen-table-listed",
        XEN,
        MessageSeverity.NOTE,
        "Xen lists the firmware's table",
        "found ACPI_DMAR_DRHD",
        "found ACPI_DMAR_ATSR",
        "found ACPI_DMAR_RHSA",
        "found ACPI_DMAR_SATC",
        "[VT-D]{<file>}{ }endpoint: ",
        "[VT-D]{<file>}{ }bridge: ",
        "[VT-D]{<file>}{ }IOAPIC: ",
        "[VT-D]{<file>}{ }MSI HPET: ",
        "dmaru->address = <number>",
        "drhd->address = <number>",
        "cap = <number> ecap = <number2>",
        "iommu_enable_translation: iommu->reg = <number>",
        "[VT-D]{<file>}{ }flags: INCLUDE_ALL",
        "[VT-D]{<file>}{ }flags: ALL_PORTS",
        "[VT-D]{<file>}{ }Host address width <number>",
        "atsru->all_ports: <number>",
        "rhsau->address: <number> rhsau->proximity_domain: <number2>",
        "[VT-D]{<file>}{ }ATC required: <number>",
        releases="with iommu=verbose or iommu=debug",
        meaning="Nothing is wrong: Xen lists the structures of the table and their devices at boot.",
        advice="dmaragent inventory shows which regions these devices own.",
        source=f"{_DMAR}, acpi_parse_dmar, acpi_parse_dev_scope; {_VTD}, iommu_alloc; {_CHECKED}",
    ),
    message(
        "xen-table-odd",
        XEN,
        MessageSeverity.FIRMWARE,
        "Xen ignores a part of the firmware's table that it does not know or use",
        "Ignore unknown DMAR structure type (<number>)",
        "Unknown scope type <number>",
        "Non-existent device (<sbdf>) is reported in SATC scope",
        "Ignore SATC for seg <number> as no device under its scope is PCI discoverable",
        "Workaround BIOS bug: ignore the DRHD due to all devices under its scope are not PCI "
        "discoverable",
        "Workaround BIOS bug: ignoring DRHD (no devices in its scope are PCI discoverable)",
        'Try "iommu=force" or "iommu=workaround_bios_bug" if you really want VT-d',
        releases="every release with VT-d; SATC since 4.19, the DRHD's until 4.11",
        meaning="Xen skips a structure or an entry of one. No region is lost. If it is an entry in the "
        "scope of a region, Xen does not apply the region to that device.",
        advice="No action is needed, unless a device cannot be passed through because its unit is "
        "missing: then update the firmware.",
        source=f"{_DMAR}, acpi_parse_dmar, acpi_parse_dev_scope, register_one_satc, "
        f"acpi_parse_one_drhd; {_CHECKED}",
    ),
    message(
        "xen-chipset-quirk",
        XEN,
        MessageSeverity.NOTE,
        "Xen works around a bug of the chipset",
        "[VT-D]{<file>}{ }DMAR: Forcing write-buffer flush",
        "snb_vtd_ops_preamble: failed to disable idle handshake",
        "Masked VT-d error signaling on <sbdf>",
        "<sbdf> without AER capability?",
        "Masked UR signaling on <sbdf>",
        "UR signaling on <sbdf>",
        "Bogus DMIBAR <number> on <sbdf>",
        "Could not map <number> for <sbdf>",
        ("<sbdf> looks to be a real device; bumping", "4.15.3 and later"),
        releases="every release with VT-d",
        meaning="Nothing is wrong for guests." + NO_REGION,
        advice="No action is needed.",
        source=f"{_QUIRKS}, platform_quirks_init, pci_vtd_quirk; {_CHECKED}",
    ),
)
