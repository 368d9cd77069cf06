"""Messages of libxl, hvmloader and other parts of the toolstack."""

from dmaragent.messages.known.define import message
from dmaragent.messages.known.xen import ASSIGN_ERRORS, ASSIGN_ON_AMD
from dmaragent.messages.model import MessageSeverity, Program, VendorAnswer

LIBXL = Program.LIBXL
_PCI = "tools/libs/light/libxl_pci.c"
_DM = "tools/libs/light/libxl_dm.c"
_DOMAIN = "{Domain <domid>:}"
_CHECKED = "checked at every release tag from 4.6.0 to 4.22.0"

MESSAGES = (
    message(
        "libxl-rdm-conflict",
        LIBXL,
        MessageSeverity.REFUSAL,
        "libxl does not create the guest: guest RAM overlaps a region",
        _DOMAIN + "RDM conflict at <address>",
        releases="Xen 4.6 and later",
        meaning="The region at that address is for the guest's device, or strategy=host reserves it, and"
        " its policy is strict. libxl moves RAM out of the way only above rdm_mem_boundary, "
        "which is 2048 MiB by default.",
        advice="dmaragent resolve GUEST shows the fixes. Usually a lower rdm_mem_boundary "
        "helps; otherwise set rdm_policy=relaxed for the device. The risk of relaxed: the guest does not "
        "know of the region and uses its memory.",
        source=f"{_DM}, libxl__domain_device_construct_rdm; checked in the source",
    ),
    message(
        "libxl-rdm-conflict-ignored",
        LIBXL,
        MessageSeverity.NOTE,
        "libxl creates the guest although guest RAM overlaps a region",
        _DOMAIN + "Ignoring RDM conflict at <address>",
        releases="Xen 4.6 and later",
        meaning="The region's policy is relaxed: the guest has RAM there and does not know of the "
        "region. DMA of the device to these addresses overwrites guest memory.",
        advice="dmaragent resolve GUEST shows whether a lower rdm_mem_boundary avoids the overlap.",
        source=f"{_DM}, libxl__domain_device_construct_rdm; checked in the source",
        on_amd=VendorAnswer(
            meaning="The region's policy is relaxed: the guest has RAM there and does not know of the "
            "region. If the region is a unity range, DMA of the device there overwrites guest memory. "
            "If it is an exclusion range, the IOMMU does not translate it: the device reads and "
            "writes the firmware's memory of the host, and data of the guest is lost.",
        ),
    ),
    message(
        "libxl-rdm-check-failed",
        LIBXL,
        MessageSeverity.CONSEQUENCE,
        "libxl does not create the guest: a region is in the way",
        _DOMAIN + "checking reserved device memory failed",
        releases="Xen 4.6 and later",
        meaning="The line before, RDM conflict, has the reason. Without such a line, libxl could not "
        "read Xen's regions.",
        advice="Read the line before it. dmaragent resolve GUEST shows the fixes.",
        source="tools/libs/light/libxl_dom.c, libxl__build_hvm; checked in the source",
    ),
    message(
        "libxl-memory-map-full",
        LIBXL,
        MessageSeverity.REFUSAL,
        "libxl does not create the guest: its memory map has too many entries",
        "Too many entries in the memory map",
        releases="Xen 4.6 and later",
        meaning="Each region needs an entry of the guest's memory map, which has room for 127. A host "
        "with very many regions exceeds that with strategy=host.",
        advice='Remove rdm = "strategy=host": then the map has only the regions of the guest\'s own '
        "devices.",
        source="tools/libs/light/libxl_x86.c, domain_construct_memmap; checked in the source",
        on_amd=VendorAnswer(
            meaning="With strategy=host, each entry of Xen's list needs an entry of the guest's memory "
            "map, which has room for 127. On AMD hosts the list has a range (IVMD block) once for each "
            "device ID that it covers: a block for 16 buses alone gives 4,096 entries.",
        ),
    ),
    message(
        "libxl-mmio-hole-ignored",
        LIBXL,
        MessageSeverity.FIRMWARE,
        "libxl does not pass the size of the memory hole to the guest's QEMU",
        "mmio_hole_memkb=<number> invalid ignored",
        releases="Xen 4.6 and later",
        meaning="mmio_hole is smaller than the hole that QEMU always keeps (256 MiB).",
        advice="Set mmio_hole to 256 or more, or remove it.",
        source=f"{_DM}, libxl__build_device_model_args_new; {_CHECKED}",
    ),
    message(
        "libxl-host-map-failed",
        LIBXL,
        MessageSeverity.FIRMWARE,
        "libxl cannot give the PV guest the memory map of the host",
        "Failed while collecting E820 with: <result> (errno:<errno>)",
        ("Computed E820 wrongly. Continuing on", "the map is given, with an entry left out"),
        releases="every release with passthrough",
        meaning="A PV guest with a device gets the holes of the host's memory map (e820_host=1), so that"
        " RAM does not cover the device's memory. Without the map, the device may not work, or "
        "the guest does not start.",
        advice="Read xl dmesg and report it to the Xen project. e820_host=0 starts the guest without "
        "the map.",
        source=f"tools/libs/light/libxl_x86.c, libxl__arch_domain_create, e820_sanitize; {_CHECKED}",
    ),
    message(
        "libxl-assign-failed",
        LIBXL,
        MessageSeverity.CONSEQUENCE,
        "Xen did not assign the device",
        _DOMAIN + "xc_assign_device failed{: <error>}",
        releases="every release with passthrough",
        meaning="libxl reports Xen's error. xl dmesg has Xen's own line.",
        advice="sudo xl dmesg | sudo dmaragent why -",
        source=f"{_PCI}, pci_add_dm_done; checked in the source",
        by_error=ASSIGN_ERRORS,
        on_amd=ASSIGN_ON_AMD,
    ),
    message(
        "libxl-pci-add-failed",
        LIBXL,
        MessageSeverity.CONSEQUENCE,
        "libxl did not add the device to the guest",
        (
            _DOMAIN + "libxl__device_pci_add failed for PCI device <sbdf> (rc <result>)",
            "4.13 and later",
        ),
        (
            _DOMAIN + "libxl__device_pci_add failed for PCI device '<word>' (rc <result>)",
            "4.15 and later",
        ),
        ("libxl_device_pci_add failed: <result>", "up to 4.12"),
        ("unable to add pci devices", "4.8 and later, in the line after it"),
        releases="every release with passthrough",
        meaning="The error in the lines before it is the reason. rc -3 alone means only that an "
        "operation failed.",
        advice="Read the lines before it, and xl dmesg.",
        source=f"{_PCI}, device_pci_add_done (before 4.13: libxl__add_pcidevs); {_CHECKED}",
    ),
    message(
        "libxl-no-iommu",
        LIBXL,
        MessageSeverity.REFUSAL,
        "The guest has no IOMMU",
        "PCI device <sbdf> cannot be assigned - no IOMMU",
        releases="every release with passthrough",
        meaning="Xen runs without VT-d (disabled, absent, or the firmware's table was rejected). Or the "
        'guest was started without a device and without passthrough="enabled".',
        advice="sudo xl dmesg | sudo dmaragent why - shows whether Xen disabled VT-d. If VT-d works, "
        "virt_caps in xl info has hvm_directio.",
        source=f"{_PCI}, libxl__device_pci_add; checked in the source",
    ),
    message(
        "libxl-already-assigned",
        LIBXL,
        MessageSeverity.REFUSAL,
        "libxl reports that another guest has the device",
        "PCI device <sbdf> already assigned to a different guest",
        releases="every release with passthrough",
        meaning="Xen did not report the device as free: another guest has it, or Xen does not know it. "
        "Regions are not checked here.",
        advice="Run xl pci-list for the other guests, and xl pci-assignable-list.",
        source=f"{_PCI}, libxl__device_pci_add; checked in the source",
    ),
    message(
        "libxl-not-assignable",
        LIBXL,
        MessageSeverity.REFUSAL,
        "The device still belongs to a driver of dom0",
        "PCI device <sbdf> is not assignable",
        "<sbdf> is not assigned to pciback driver",
        releases="every release with passthrough",
        meaning="This is not about reserved memory: the device must first be bound to pciback.",
        advice="Run xl pci-assignable-add SBDF, or set seize=1 in the device's entry. dom0 then loses "
        "the device.",
        source=f"{_PCI}, libxl__device_pci_add, pci_multifunction_check; checked in the source",
    ),
    message(
        "libxl-quarantine-failed",
        LIBXL,
        MessageSeverity.CONSEQUENCE,
        "Xen did not move the device into its quarantine, or out of it",
        "failed to quarantine <sbdf>",
        "failed to de-quarantine <sbdf>",
        releases="Xen 4.11.3 and later",
        meaning="xl pci-assignable-add moves a device into Xen's quarantine, which is domain 32753 and "
        "not a guest. pci-assignable-remove takes it back. xl dmesg has Xen's own line. xl "
        "requests the relaxed policy, so a shared region is not the reason.",
        advice="sudo xl dmesg | sudo dmaragent why -",
        source=f"{_PCI}, libxl__device_pci_assignable_add; checked in the source",
    ),
    message(
        "libxl-no-pciback",
        LIBXL,
        MessageSeverity.REFUSAL,
        "dom0 has no pciback driver",
        "Looks like pciback driver is not loaded",
        "Looks like pciback driver not loaded",
        "Can't access /sys/bus/pci/drivers/pciback",
        releases="every release with passthrough",
        meaning="This is not about reserved memory: without xen-pciback no device can be assigned.",
        advice="sudo modprobe xen-pciback",
        source=f"{_PCI}, pciback_dev_is_assigned; checked in the source",
    ),
    message(
        "libxl-unknown-policy",
        LIBXL,
        MessageSeverity.REFUSAL,
        "The device's policy is neither strict nor relaxed",
        "unknown rdm check flag",
        releases="Xen 4.6 and later",
        meaning="libxl got a policy that is not in the configuration: if rdm= has only strategy, xl "
        "passes on memory that it never set.",
        advice="Write the policy into the device's own entry: rdm_policy=strict or relaxed. dmaragent "
        "resolve GUEST shows how this xl reads the configuration.",
        source=f"{_PCI}, pci_add_dm_done; checked in the source",
    ),
    message(
        "hvmloader-reserved-conflict",
        Program.HVMLOADER,
        MessageSeverity.REFUSAL,
        "The guest stops at once: a region overlaps memory of its firmware",
        "due to conflict on dynamic reserved memory range",
        "Fail to setup memory map due to conflict",
        "Get guest memory maps[<number>] failed",
        releases="Xen 4.6 and later",
        meaning="hvmloader needs 0xfc100000-0xfdffffff for itself, and libxl reserved a region there. "
        "Before Xen 4.12.4, 4.13.2 and 4.14.1, hvmloader needs 0xfc001000-0xfdffffff. "
        "The guest crashes before its BIOS starts.",
        advice="Do not reserve that region: remove strategy=host, or pass through another device.",
        source="tools/firmware/hvmloader/e820.c, memory_map_setup; checked in the source",
    ),
    message(
        "hvmloader-no-space",
        Program.HVMLOADER,
        MessageSeverity.REFUSAL,
        "A device does not work in the guest: the hole below 4 GiB has no space for its memory (BAR)",
        "pci dev <any> bar <number> size <number2>: no space for resource!",
        releases="every release",
        meaning="hvmloader places BARs in the hole, and none is free that is large enough. Reserved regions "
        "in the hole take space as well. The device and the BAR in the line are the guest's.",
        advice="Set a larger mmio_hole (in MiB) in the guest's configuration: guest RAM then begins "
        "to move above 4 GiB earlier. dmaragent resolve GUEST shows whether the regions then fit.",
        source="tools/firmware/hvmloader/pci.c, pci_setup; checked at releases from 4.6 to 4.22",
    ),
    message(
        "hvmloader-hole",
        Program.HVMLOADER,
        MessageSeverity.NOTE,
        "hvmloader reports how it makes space for the memory of devices",
        "Low MMIO hole not large enough for all devices, relocating some BARs to 64-bit",
        "max_ram_below_4g=<number> too big for mmio_hole_size=<number2> has been ignored.",
        releases="every release",
        meaning="Large BARs are above 4 GiB, or mmio_hole is smaller than the hole that the guest needs "
        "anyway. Nothing is wrong if the device works.",
        advice="No action is needed, unless a device does not work in the guest: then set a larger "
        "mmio_hole in its configuration.",
        source="tools/firmware/hvmloader/pci.c, pci_setup; checked at releases from 4.6 to 4.22",
    ),
)
