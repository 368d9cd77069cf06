"""Messages of the Linux kernel's VFIO and iommufd about devices and memory."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageAddress, MessageSeverity, Program, VendorAnswer
from dmaragent.messages.words import INTERRUPTS_ON_AMD, IOMMU_ON

LINUX = Program.LINUX
_PCI = "drivers/vfio/pci/vfio_pci_core.c"
_CHECKED = "checked in the sources of 5.10, 6.1, 6.12 and 7.2"

MESSAGES = (
    message(
        "linux-memory-limit",
        LINUX,
        MessageSeverity.REFUSAL,
        "Guest memory exceeds the limit of locked memory",
        "RLIMIT_MEMLOCK (<number>) exceeded",
        releases="every release with VFIO",
        meaning="Memory that a device reaches by DMA must be locked, and the process may not lock that "
        "much. VFIO returns ENOMEM. A reserved region is not the reason.",
        advice="Raise the limit above the guest's memory: <memtune><hard_limit> in libvirt, "
        "LimitMEMLOCK= in a systemd unit, or memlock in /etc/security/limits.conf. That much "
        "memory can then not be swapped.",
        source="drivers/vfio/vfio_iommu_type1.c, vfio_pin_pages_remote, vfio_pin_page_external; "
        + _CHECKED,
    ),
    message(
        "linux-interrupts-not-isolated",
        LINUX,
        MessageSeverity.REFUSAL,
        "Linux blocks iommufd: interrupts of the device cannot be remapped",
        "MSI interrupts are not secure, they cannot be isolated by the platform",
        releases="Linux 6.2 and later with iommufd",
        meaning="Without interrupt remapping, a guest could send interrupts to the host with the device,"
        " so iommufd returns EPERM. A reserved region is not the reason.",
        advice="Enable VT-d and interrupt remapping in the firmware setup, update the firmware, and "
        "look for intremap=off on the kernel's command line. allow_unsafe_interrupts=1 of "
        "iommufd removes this protection: use it only for guests that you trust.",
        source="drivers/iommu/iommufd/device.c, iommufd_device_bind; checked in the sources of "
        "6.12 and 7.2",
        on_amd=VendorAnswer(advice=INTERRUPTS_ON_AMD),
    ),
    message(
        "linux-vf-token",
        LINUX,
        MessageSeverity.REFUSAL,
        "The virtual function needs a token",
        "VF token required to access device",
        "Incorrect VF token provided for device",
        "VF token incorrectly provided, PF not bound to vfio-pci",
        "VF token incorrectly provided, not a PF or VF",
        releases="Linux 5.7 and later",
        meaning="The physical function is bound to vfio-pci, so a program that uses a virtual function "
        "must present the same token (EACCES or EINVAL). A reserved region is not the reason.",
        advice="Use the same UUID in both programs: vf-token= of QEMU's -device, --vfio-vf-token of "
        "DPDK. No token is needed if the physical function has its own driver.",
        source=f"{_PCI}, vfio_pci_validate_vf_token; {_CHECKED}",
    ),
    message(
        "linux-vfio-not-bound",
        LINUX,
        MessageSeverity.REFUSAL,
        "vfio-pci does not bind the device",
        ("probe with driver vfio-pci failed with error <errno>", "newer"),
        ("vfio-pci: probe of <sbdf> failed with error <errno>", "older, 5.10 and 6.1"),
        releases="every release with VFIO",
        meaning="The device stays without this driver. A reserved region is not the reason: Linux checks"
        " regions when a program opens the device, not when vfio-pci is bound.",
        advice="If /sys/kernel/iommu_groups is empty: " + IOMMU_ON,
        source="drivers/base/dd.c, call_driver_probe (before: really_probe); "
        f"{_PCI}, vfio_pci_core_register_device; drivers/vfio/vfio_main.c; {_CHECKED}",
        by_error={
            16: "EBUSY: the device is a physical function with active virtual functions.",
            22: "EINVAL: Linux does not use the IOMMU, so the device is in no group. Or the device "
            "is a bridge. Or it is on vfio-pci's denylist, as another line reports.",
        },
    ),
    message(
        "linux-vfio-device-denied",
        LINUX,
        MessageSeverity.REFUSAL,
        "vfio-pci does not bind this device: it is on the denylist of faulty devices",
        "exists in vfio-pci device denylist, driver probing disallowed",
        ("exists in vfio-pci device blocklist, driver probing disallowed", "5.10"),
        releases="Linux 5.9 and later",
        meaning="A guest can crash the host with some Intel accelerators. A reserved region is not the "
        "reason.",
        advice="Use the vendor's driver for it. disable_denylist=1 of vfio-pci binds it anyway: the "
        "guest can then crash the host.",
        source="drivers/vfio/pci/vfio_pci.c, vfio_pci_is_denylisted; " + _CHECKED,
    ),
    message(
        "linux-vfio-denylist-off",
        LINUX,
        MessageSeverity.NOTE,
        "vfio-pci also binds faulty devices",
        "device denylist disabled",
        releases="Linux 5.9 and later",
        meaning="disable_denylist=1 is set: vfio-pci also binds accelerators with which a guest can "
        "crash the host. A reserved region is not the reason.",
        advice="Remove disable_denylist from the options of vfio-pci if no such device is used.",
        source="drivers/vfio/pci/vfio_pci.c, vfio_pci_init, vfio_pci_is_denylisted; " + _CHECKED,
    ),
    message(
        "linux-vfio-device-in-use",
        LINUX,
        MessageSeverity.CONSEQUENCE,
        "Linux waits until the guest releases the device",
        'Device is currently in use, task "<word>" (<number>) blocked until device is released',
        "Relaying device request to user (#<number>)",
        "No device request channel registered, blocked until released by user",
        releases="every release with VFIO",
        meaning="A user or program unbinds the device while a guest has it. The kernel requests it from "
        "QEMU and waits. A reserved region is not the reason.",
        advice="Stop the guest, or detach the device from it (virsh detach-device), then unbind it.",
        source=f"drivers/vfio/vfio_main.c, vfio_unregister_group_dev; {_PCI}, "
        f"vfio_pci_core_request; {_CHECKED}",
    ),
    message(
        "linux-vfio-pf-with-vfs",
        LINUX,
        MessageSeverity.REFUSAL,
        "vfio-pci does not bind a physical function with active virtual functions",
        "Cannot bind to PF with SR-IOV enabled",
        releases="Linux 5.7 and later",
        meaning="The virtual functions that a host driver created would get another owner (EBUSY). A "
        "reserved region is not the reason.",
        advice="Remove the virtual functions first: echo 0 > sriov_numvfs in the device's directory. "
        "Guests that use them lose them.",
        source=f"{_PCI}, vfio_pci_core_register_device; {_CHECKED}",
    ),
    message(
        "linux-vfio-vf-driver",
        LINUX,
        MessageSeverity.NOTE,
        "A virtual function and its physical one have different drivers",
        "Captured SR-IOV VF <sbdf> driver_override",
        "VF <sbdf> bound to driver <word> while PF bound to <word2>",
        releases="Linux 5.7 and later",
        meaning="The physical function is bound to vfio-pci, which binds its virtual functions as well. "
        "A reserved region is not the reason.",
        advice="Bind the virtual function to vfio-pci to use it in a guest.",
        source=f"{_PCI}, vfio_pci_bus_notifier; {_CHECKED}",
    ),
    message(
        "linux-vfio-without-iommu",
        LINUX,
        MessageSeverity.NOTE,
        "A program uses the device without an IOMMU",
        "vfio-noiommu device opened by user",
        "Adding kernel taint for vfio-noiommu group on device",
        ("Adding kernel taint for vfio-noiommu cdev", "7.3 and later"),
        releases="Linux 4.5 and later",
        meaning="enable_unsafe_noiommu_mode is set: the device reaches all of the host's memory, "
        "and no region is mapped or protected. A guest cannot have such a device.",
        advice="If the host has an IOMMU, remove the option and use it. Otherwise the program has the "
        "same power as the kernel.",
        source="drivers/vfio/group.c, vfio_group_find_or_alloc, vfio_device_open_file (before: "
        "vfio.c); drivers/vfio/vfio_main.c, __vfio_register_dev (7.3-rc7); " + _CHECKED,
    ),
    message(
        "linux-vfio-region-missing",
        LINUX,
        MessageSeverity.FIRMWARE,
        "vfio-pci cannot show the guest all of a graphics device",
        "Failed to setup Intel IGD regions",
        "Failed to setup NVIDIA NV2 RAM region",
        "Failed to setup NVIDIA NV2 ATSD region",
        releases="Linux 4.6 and later",
        meaning="The guest gets the device without its OpRegion or its own memory, so a display may stay"
        " dark. Reserved regions of the table are not concerned.",
        advice="Leave the host bridge and the ISA bridge to the host. Update the firmware.",
        source=f"{_PCI}, vfio_pci_core_enable (before: vfio_pci.c, vfio_pci_enable); {_CHECKED}",
    ),
    message(
        "linux-vfio-group-changed",
        LINUX,
        MessageSeverity.FAULT,
        "A device was added to a group that a guest has",
        "Device added to live group <group>",
        "Device already exists on group <group>",
        releases="Linux 3.6 to 6.1",
        meaning="A host driver binds a device of an IOMMU group while a guest has the group. Each could "
        "reach the other's memory. A reserved region is not the reason.",
        advice="Bind all of the group to vfio-pci before the guest starts.",
        source="drivers/vfio/vfio.c, vfio_group_nb_add_dev, vfio_register_group_dev; checked in "
        "the sources of 5.10 and 6.1",
    ),
    message(
        "linux-iommufd-for-vfio",
        LINUX,
        MessageSeverity.NOTE,
        "iommufd replaces VFIO's container",
        "IOMMUFD is providing /dev/vfio/vfio, not VFIO",
        releases="Linux 6.2 and later",
        meaning="The kernel was built with CONFIG_IOMMUFD_VFIO_CONTAINER. It blocks the same devices for"
        " the same regions.",
        advice="No action is needed.",
        source="drivers/iommu/iommufd/main.c, iommufd_fops_open; checked in the sources of 6.12 "
        "and 7.2",
    ),
    message(
        "linux-vfio-bar-taken",
        LINUX,
        MessageSeverity.REFUSAL,
        "The host still uses the memory (BAR) of the device, often for the screen of the firmware",
        "vfio-pci <sbdf>: BAR <number>: can't reserve [mem <base>-<limit>",
        releases="every release with VFIO",
        meaning="The range in the line is the device's own memory, not a reserved region of the firmware's "
        "table. A driver of the host has it, such as efifb or simplefb on the graphics device that showed "
        "the boot messages. The device works slowly or not at all in the guest.",
        advice="grep the range in /proc/iomem for its owner. For a framebuffer, boot the host with "
        "initcall_blacklist=sysfb_init (before 5.15: video=efifb:off): the host then shows nothing on "
        "that screen.",
        source="drivers/pci/pci.c, __pci_request_region; checked in the sources of 5.15 and 6.3",
        address=MessageAddress.MEMORY,
    ),
)
