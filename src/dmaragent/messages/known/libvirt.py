"""Messages of libvirt and its tools about devices that they cannot assign."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import AMD, MessageSeverity, Program
from dmaragent.messages.words import IOMMU_ON, NO_REGION

LIBVIRT = Program.LIBVIRT
_PCI = "src/util/virpci.c"
_HOSTDEV = "src/hypervisor/virhostdev.c"
_CHECKED = "checked in the sources of libvirt 9.0 and 11.3"

MESSAGES = (
    message(
        "libvirt-no-passthrough",
        LIBVIRT,
        MessageSeverity.REFUSAL,
        "libvirt finds no IOMMU or no VFIO on this host",
        "host doesn't support passthrough of host PCI devices",
        "host doesn't support VFIO PCI passthrough",
        "VFIO device assignment is currently not supported on this system",
        "VFIO device assignment is not available on this platform",
        "VFIO PCI device assignment is not supported by the host",
        ("pci backend driver '<word>' is not supported", "before libvirt 10"),
        "pci backend driver type '<word>' is not supported",
        releases="every release with VFIO",
        meaning="libvirt needs IOMMU groups in /sys/kernel/iommu_groups and the file /dev/vfio/vfio. One"
        " of them is missing." + NO_REGION,
        advice="sudo modprobe vfio-pci. If /sys/kernel/iommu_groups is empty: " + IOMMU_ON,
        source="src/qemu/qemu_hostdev.c, qemuHostdevPreparePCIDevicesCheckSupport; "
        f"src/qemu/qemu_driver.c, nodeDeviceDetachFlags; {_HOSTDEV}, "
        f"virHostdevHostSupportsPassthroughVFIO; {_CHECKED}",
    ),
    message(
        "libvirt-no-legacy-passthrough",
        LIBVIRT,
        MessageSeverity.REFUSAL,
        "The guest requests KVM's old passthrough, which no longer exists",
        "host doesn't support legacy PCI passthrough",
        "KVM device assignment is currently not supported on this system",
        "KVM device assignment is no longer supported on this system",
        "VFIO PCI device assignment is not supported by this version of <word>",
        "VFIO PCI device assignment is not supported by this QEMU binary",
        releases="libvirt 0.x and later",
        meaning="Linux 4.12 and QEMU 2.9 dropped passthrough without VFIO, or this QEMU was built "
        "without VFIO." + NO_REGION,
        advice="Remove <driver name='kvm'/> from the <hostdev>: libvirt then uses VFIO.",
        source="src/qemu/qemu_hostdev.c, qemuHostdevPreparePCIDevicesCheckSupport; "
        f"src/qemu/qemu_validate.c; {_CHECKED}",
    ),
    message(
        "libvirt-validate-no-table",
        LIBVIRT,
        MessageSeverity.REFUSAL,
        "virt-host-validate finds no firmware table of an IOMMU",
        "No ACPI DMAR table found, IOMMU either disabled in BIOS or not supported by this "
        "hardware platform",
        (
            (
                "No ACPI IVRS table found, IOMMU either disabled in BIOS or not supported by this "
                "hardware platform"
            ),
            "",
            AMD,
        ),
        "Unknown if this platform has IOMMU support",
        releases="virt-host-validate of libvirt 1.x and later",
        meaning="It looks for /sys/firmware/acpi/tables/DMAR (AMD: IVRS). The file is missing if the "
        "IOMMU is off in the firmware setup. It is also missing in a Xen dom0, where Xen renames"
        " the table, and in a container, which may hide /sys/firmware." + NO_REGION,
        advice="Run virt-host-validate on the host, not in a container. If the table is missing there, "
        "enable VT-d (AMD: IOMMU) in the firmware setup and reboot.",
        source="tools/virt-host-validate-common.c, virHostValidateIOMMU; " + _CHECKED,
    ),
    message(
        "libvirt-validate-no-smmu",
        LIBVIRT,
        MessageSeverity.REFUSAL,
        "virt-host-validate finds no firmware table of an Arm host's IOMMU (SMMU)",
        "No ACPI IORT table found, IOMMU not supported by this hardware platform",
        "Failed to parse ACPI IORT table",
        "IORT table header ended early",
        "IORT table node header ended early",
        "IORT table node type <word> has invalid length",
        "No SMMU found",
        releases="virt-host-validate of libvirt 8.9 and later; the first release not checked",
        meaning="It looks for /sys/firmware/acpi/tables/IORT with an SMMU in it. The file is missing if "
        "the SMMU is off in the firmware setup or if the host boots by device tree. It is also "
        "missing in a container, which may hide /sys/firmware." + NO_REGION,
        advice="Run virt-host-validate on the host, not in a container. If the table is missing there, "
        "enable the SMMU in the firmware setup and reboot.",
        source="tools/virt-host-validate-common.c, virHostValidateIOMMU; checked in the source of "
        "libvirt 11.3",
    ),
    message(
        "libvirt-validate-kernel-off",
        LIBVIRT,
        MessageSeverity.REFUSAL,
        "virt-host-validate finds no IOMMU groups: the kernel does not use the IOMMU",
        "IOMMU appears to be disabled in kernel. Add <word> to kernel cmdline arguments",
        "IOMMU capability not compiled into kernel",
        releases="virt-host-validate of libvirt 1.x and later",
        meaning="The firmware has the table, but /sys/kernel/iommu_groups is empty." + NO_REGION,
        advice=IOMMU_ON,
        source="tools/virt-host-validate-common.c, virHostValidateIOMMU; " + _CHECKED,
    ),
    message(
        "libvirt-in-use",
        LIBVIRT,
        MessageSeverity.REFUSAL,
        "libvirt's list has the device as another guest's",
        "PCI device <sbdf> is in use by driver <word>, domain <word2>",
        "PCI device <sbdf> is in use",
        "Device <sbdf> is already in use",
        "PCI device <sbdf> allocated from network <word> is already in use by domain <word2>",
        "network '<word>' claims the PCI device at <any> is already in use",
        "network '<word>' doesn't have PCI device <sbdf> in use by",
        "PCI device '<sbdf>' can only be listed once in network",
        "NVMe device <sbdf> already in use by driver <word> domain <word2>",
        releases="every release with PCI passthrough",
        meaning="libvirt keeps its own list of devices in use. A guest that crashed, or that another "
        "toolstack stopped, can stay on the list." + NO_REGION,
        advice="Shut down the guest that is named. If it does not run, restart libvirtd (virtqemud, "
        "virtxend), which then reads the list again.",
        source=f"{_HOSTDEV}, virHostdevIsPCINodeDeviceUsed; {_PCI}, virPCIDeviceListAdd; "
        f"src/conf/virnetworkobj.c; {_CHECKED}",
    ),
    message(
        "libvirt-not-assignable",
        LIBVIRT,
        MessageSeverity.REFUSAL,
        "libvirt does not assign the device: a switch above it lacks ACS",
        "Requested operation is not valid: PCI device <sbdf> is not assignable",
        "Device <sbdf> is behind a switch lacking ACS and cannot be assigned",
        releases="every release with PCI passthrough",
        meaning="Devices below such a switch can reach each other without the IOMMU." + NO_REGION,
        advice="Move the device to a slot of the processor. Or set relaxed_acs_check = 1 in "
        "/etc/libvirt/qemu.conf: a guest can then reach neighbouring devices by DMA.",
        source=f"{_HOSTDEV}, virHostdevPreparePCIDevicesImpl; {_PCI}, virPCIDeviceIsAssignable; "
        f"{_CHECKED}",
    ),
    message(
        "libvirt-not-an-endpoint",
        LIBVIRT,
        MessageSeverity.REFUSAL,
        "libvirt assigns endpoints and virtual functions only",
        "Non-endpoint PCI devices cannot be assigned to guests",
        "Invalid attempt to reset PCI device <sbdf>. Only PCI endpoint devices can be reset",
        "Interface type hostdev is currently supported on SR-IOV Virtual Functions only",
        releases="every release with PCI passthrough",
        meaning="A bridge cannot be passed through; an <interface type='hostdev'> must be a "
        "virtual function." + NO_REGION,
        advice="Use the function behind the bridge. Use <hostdev> for a network card that is not a "
        "virtual function: libvirt then does not set its MAC address.",
        source=f"{_HOSTDEV}, virHostdevGetPCIHostDevice, virHostdevNetConfigReplace; {_PCI}, "
        f"virPCIDeviceReset; {_CHECKED}",
    ),
    message(
        "libvirt-unmanaged",
        LIBVIRT,
        MessageSeverity.REFUSAL,
        "A host driver still has the device",
        "Unmanaged PCI device <sbdf> must be manually detached from the host",
        releases="every release with PCI passthrough",
        meaning="With managed='no', you must bind the device to vfio-pci or pciback yourself."
        + NO_REGION,
        advice="Run virsh nodedev-detach pci_DDDD_BB_DD_F, or set managed='yes' in the <hostdev>. The "
        "host loses the device either way.",
        source=f"{_HOSTDEV}, virHostdevPreparePCIDevicesImpl; {_CHECKED}",
    ),
    message(
        "libvirt-not-bound",
        LIBVIRT,
        MessageSeverity.REFUSAL,
        "libvirt cannot bind the device to vfio-pci or pciback",
        "Failed to unbind PCI device '<sbdf>' from <word>",
        "Failed to trigger a probe for PCI device '<sbdf>'",
        "Failed to add driver '<word>' to driver_override interface of PCI device '<sbdf>'",
        "Attempting to use unknown stub driver",
        "cannot hot unplug multifunction PCI device: <sbdf>",
        "cannot hot unplug multifunction PCI device",
        "No stub driver configured for PCI device <sbdf>",
        "Unknown stub driver configured for PCI device <sbdf>",
        "Failed to load PCI driver module <word>",
        "modprobe reported success loading module '<word>', but module is missing",
        "Not detaching active device <sbdf>",
        "Not reattaching active device <sbdf>",
        "Failed to add PCI device <sbdf> to the inactive list",
        ("Failed to bind PCI device '<sbdf>' to <word>", "before libvirt 7"),
        ("Failed to add PCI device ID '<word>' to <word2>", "before libvirt 7"),
        ("Failed to remove PCI ID '<word>' from <word2>", "before libvirt 7"),
        ("Failed to add slot for PCI device '<sbdf>' to <word>", "before libvirt 7"),
        ("Failed to remove slot for PCI device '<sbdf>' from <word>", "before libvirt 7"),
        ("Failed to trigger a re-probe for PCI device '<sbdf>'", "before libvirt 7"),
        ("Failed to load PCI stub module <word>", "before libvirt 7"),
        releases="every release with PCI passthrough",
        meaning="The device stays with its driver. The error in the line has the reason."
        + NO_REGION,
        advice="Check dmesg of the same second, and run sudo modprobe vfio-pci (Xen: xen-pciback). If a"
        " guest uses the device, shut it down first.",
        source=f"{_PCI}, virPCIDeviceUnbind, virPCIDeviceBindWithDriverOverride, "
        f"virPCIProbeDriver, virPCIDeviceDetach; {_CHECKED}",
    ),
    message(
        "libvirt-not-given-back",
        LIBVIRT,
        MessageSeverity.CONSEQUENCE,
        "libvirt could not give the device back to the host",
        "Failed to re-attach PCI device: <any>",
        "Failed to reattach NVMe for disk target: <any>",
        "Failed to allocate PCI device list: <any>",
        releases="every release with PCI passthrough",
        meaning="The guest has ended, or did not start. The error in the line shows why the device stays"
        " with vfio-pci or pciback.",
        advice="Read the error in the line, and the lines before it.",
        source=f"{_HOSTDEV}, virHostdevReAttachPCIDevices; {_CHECKED}",
    ),
    message(
        "libvirt-detach-failed",
        LIBVIRT,
        MessageSeverity.CONSEQUENCE,
        "virsh could not take the device from the host",
        "Failed to detach device <nodedev>",
        "Failed to re-attach device <nodedev>",
        "Failed to reset device <nodedev>",
        releases="virsh, every release",
        meaning="The error in the next line is the reason.",
        advice="Read the next line.",
        source="tools/virsh-nodedev.c, cmdNodeDeviceDetach, cmdNodeDeviceReAttach, "
        "cmdNodeDeviceReset; checked in the strings of virsh 7.0 to 12.8",
    ),
    message(
        "libvirt-no-reset",
        LIBVIRT,
        MessageSeverity.REFUSAL,
        "libvirt cannot reset the device",
        "Unable to reset PCI device <sbdf>{: <any>no FLR, PM reset or bus reset available}",
        "Active <sbdf> devices on bus with <sbdf2>, not doing bus reset",
        "Not resetting active device <sbdf>",
        "Failed to reset PCI device: <any>",
        "no FLR, PM reset or bus reset available",
        releases="every release with PCI passthrough",
        meaning="This is not about reserved memory: the device cannot be reset without its neighbours. "
        "Qubes shows it together with the refusal of a shared region, because one option, "
        "no-strict-reset, changes both.",
        advice="On Qubes: qvm-pci attach --persistent --option no-strict-reset=True VM dom0:BB_DD.F; "
        "this also relaxes the device's region policy. Elsewhere, assign all devices of the bus "
        "to the guest.",
        source=f"{_PCI}, virPCIDeviceReset, virPCIDeviceTrySecondaryBusReset; {_CHECKED}; Qubes' "
        "option from its documentation",
    ),
    message(
        "libvirt-group-unreadable",
        LIBVIRT,
        MessageSeverity.REFUSAL,
        "libvirt finds no IOMMU group of the device",
        "Unable to resolve device <sbdf> iommu_group symlink",
        "Unable to resolve device <any> iommu_group symlink",
        "Invalid device <sbdf> iommu_group file <any> is not a symlink",
        "Invalid device <any> iommu_group file <any2> is not a symlink",
        "device <sbdf> iommu_group symlink <any> has invalid group number",
        "device <any> iommu_group symlink <any2> has invalid group number",
        "cannot open IOMMUFD device",
        releases="every release with VFIO",
        meaning="The iommu_group link of the device is missing or damaged in sysfs: the kernel does not "
        "use the IOMMU, or a container hides it." + NO_REGION,
        advice=IOMMU_ON,
        source=f"{_PCI}, virPCIDeviceAddressGetIOMMUGroupNum, virPCIDeviceGetIOMMUGroupDev; "
        f"{_CHECKED}",
    ),
    message(
        "libvirt-device-missing",
        LIBVIRT,
        MessageSeverity.REFUSAL,
        "The device that the guest names is not present",
        "Device <sbdf> not found: could not access <any>",
        "Failed to read product/vendor ID for <sbdf>",
        releases="every release with PCI passthrough",
        meaning="No PCI function is at that address. Addresses change if cards are added or "
        "firmware is updated." + NO_REGION,
        advice="Look the device up with lspci -D, and correct the <address> in the guest.",
        source=f"{_PCI}, virPCIDeviceNew; {_CHECKED}",
    ),
    message(
        "libvirt-libxl-failed",
        LIBVIRT,
        MessageSeverity.CONSEQUENCE,
        "libxl failed; libvirt reports that",
        "libxenlight failed to create new domain '<word>'",
        "libxenlight failed to restore domain '<word>'",
        "libxenlight failed to attach pci device{ <sbdf>}",
        "libxenlight failed to detach pci device{ <sbdf>}",
        releases="libvirt for Xen, and Qubes",
        meaning="libvirt reports that libxl failed. The reason is in libxl's log.",
        advice="sudo dmaragent why - < /var/log/libvirt/libxl/libxl-driver.log",
        source="src/libxl/libxl_domain.c, libxlDomainStart; src/libxl/libxl_driver.c, "
        f"libxlDomainAttachHostPCIDevice; {_CHECKED}",
    ),
    message(
        "libvirt-device-silent",
        LIBVIRT,
        MessageSeverity.REFUSAL,
        "The device does not respond: libvirt cannot read its configuration space",
        "Unknown PCI header type '<number>' for device '<sbdf>'",
        "Failed to read PCI config space for <sbdf>",
        releases="every release with PCI passthrough",
        meaning="Type 127 or 255 means that only ones are read: the device hangs after a failed reset, sleeps "
        "(D3cold) or was removed." + NO_REGION,
        advice="Power the host off and on. For graphics cards, look for a reset quirk (vendor-reset), or "
        "load vfio_pci with disable_idle_d3=1: unused devices then stay awake.",
        source=f"{_PCI}, virPCIGetHeaderType, virPCIDeviceReadN; checked in the source of 5.6",
    ),
)
