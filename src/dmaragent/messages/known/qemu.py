"""Messages of QEMU about devices and IOMMU groups that it cannot use."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageSeverity, Program, VendorAnswer
from dmaragent.messages.words import (
    AMD_WAYS_OUT,
    IOMMU_ON,
    NO_REMAPPING_ON_AMD,
)

_PREFIX = "{vfio{ error:} <sbdf>: }"
_CONTAINER = "hw/vfio/container.c (before: hw/vfio/common.c)"
_BY_ERROR = {
    1: "EPERM: a kernel before 6.6 blocks a device with a region, or interrupt remapping is "
    "missing.",
    22: "EINVAL: Linux 6.6 and later blocks a device with a region.",
}
_FIND_LINE_ON_AMD = (
    "Find the kernel's own line of the same second in dmesg and pass it to dmaragent why. If it "
    "requires a 1:1 mapping, these are the ways out, safest first:\n"
)
_ON_AMD = VendorAnswer(
    meaning="QEMU only reports the kernel's error. With EINVAL, the common reason is an IVMD block of "
    "the firmware's table (IVRS) for the device or for another device of its group. No kernel option "
    "changes that.",
    advice=_FIND_LINE_ON_AMD + AMD_WAYS_OUT,
    before_ways_out=_FIND_LINE_ON_AMD,
    by_error=NO_REMAPPING_ON_AMD,
)

MESSAGES = (
    message(
        "qemu-container-refused",
        Program.QEMU,
        MessageSeverity.CONSEQUENCE,
        "QEMU cannot use the device: the kernel blocks it",
        "{vfio {error: }<sbdf>: }failed to setup container for group <group>: Failed to set group "
        "container: <error>",
        "{vfio {error: }<sbdf>: }failed to setup container for group <group>: Failed to set iommu for "
        "container: <error>",
        "{vfio {error: }<sbdf>: }failed to setup container for group <group>: failed to set iommu for "
        "container: <error>",
        "vfio: failed to set iommu for container: <error>",
        "Failed to set iommu for container{: <error>}",
        "Failed to set group container{: <error>}",
        "Failed to add group to VFIO container{: <error>}",
        "Failed to set VFIO IOMMU type{: <error>}",
        releases="QEMU with VFIO; the words changed over time",
        meaning="QEMU only reports the kernel's error. The common reason is a region that firmware "
        "reserved for the device or for another device of its group.",
        advice="Find the kernel's own line of the same second in dmesg and pass it to dmaragent why.",
        source=f"{_CONTAINER}, vfio_init_container, checked in the source",
        by_error=_BY_ERROR,
        on_amd=_ON_AMD,
    ),
    message(
        "qemu-container-failed",
        Program.QEMU,
        MessageSeverity.CONSEQUENCE,
        "QEMU cannot set up the device's group",
        "{vfio {error: }<sbdf>: }failed to setup container for group <group>",
        "vfio: failed to setup container for group <group>",
        ("vfio: {RAM }memory listener initialization failed for container", "before QEMU 2.8"),
        releases="QEMU with VFIO",
        meaning="The error beside it, or in the line before, is the reason. If the error is "
        "vfio_dma_map, paste that line too: it can have other causes than a region.",
        advice="Read that error, and dmesg of the same second.",
        source=f"{_CONTAINER}, vfio_get_group, checked in the source",
    ),
    message(
        "qemu-group-not-viable",
        Program.QEMU,
        MessageSeverity.REFUSAL,
        "The host still uses another device of the same IOMMU group",
        _PREFIX + "group <group> is not viable",
        ("vfio: error, group <group> is not viable", "before QEMU 2.8"),
        "VFIO group is not viable",
        "lease ensure all devices within the iommu_group are bound to their vfio bus driver",
        releases="QEMU with VFIO",
        meaning="This is not about reserved memory. Devices of one group can reach each other without "
        "the IOMMU, so only one guest can have the group. One of them has a host driver.",
        advice="Bind every function of the group to vfio-pci (or to no driver). Or move the device to a"
        " slot with a smaller group.",
        source=f"{_CONTAINER}, vfio_get_group, checked in the source",
    ),
    message(
        "qemu-iommufd-bind-refused",
        Program.QEMU,
        MessageSeverity.CONSEQUENCE,
        "QEMU cannot use the device (iommufd): the kernel blocks it when it is bound",
        "{vfio {error: }<sbdf>: }error bind device fd=<number> to iommufd=<number2>{: <error>}",
        releases="QEMU 9.0 and later with iommufd",
        meaning="QEMU only reports the kernel's error. Linux 6.6 and later blocks a device with a region"
        " at this step.",
        advice="Find the kernel's own line of the same second in dmesg and pass it to dmaragent why.",
        source="hw/vfio/iommufd.c, iommufd_cdev_connect_and_bind, checked in the source; that "
        "the refusal of a region comes here, in drivers/iommu/iommu.c of Linux 6.6",
        by_error={
            1: "EPERM: interrupt remapping is missing, or the group is not free.",
            16: "EBUSY: another program has the device or its group.",
            22: "EINVAL: Linux 6.6 and later blocks a device with a region.",
        },
        on_amd=_ON_AMD._replace(by_error={}),
    ),
    message(
        "qemu-iommufd-refused",
        Program.QEMU,
        MessageSeverity.CONSEQUENCE,
        "QEMU cannot use the device (iommufd): the kernel blocks it",
        "error attach <sbdf> (<number>) to id=<number2>{: <error>}",
        "error attach <sbdf> (<number>) pasid <number2> to id=<number3>{: <error>}",
        releases="QEMU with iommufd",
        meaning="The meaning is that of a refused group container, with the newer interface. With a "
        "kernel before 6.6, the common reason is a region that firmware reserved for the device "
        "(EPERM). Newer kernels block such a device earlier, when it is bound.",
        advice="Find the kernel's own line of the same second in dmesg and pass it to dmaragent why.",
        source="hw/vfio/iommufd.c, iommufd_cdev_attach_ioas_hwpt, checked in the source",
        by_error={
            1: "EPERM: a kernel before 6.6 blocks a device with a region, or interrupt remapping is"
            " missing.",
        },
        on_amd=VendorAnswer(
            meaning="The meaning is that of a refused group container, with the newer interface. Linux "
            "6.6 and later blocks a device with a region earlier, when it is bound. Older kernels do "
            "not block it on AMD hosts.",
            by_error=NO_REMAPPING_ON_AMD,
        ),
    ),
    message(
        "qemu-no-iommu-group",
        Program.QEMU,
        MessageSeverity.REFUSAL,
        "The device is in no IOMMU group: the kernel does not use the IOMMU",
        _PREFIX + "no iommu_group found{: <error>}",
        ("vfio: error no iommu_group for device", "before QEMU 2.8"),
        ("Failed to find iommu group sysfs path", "NVMe by VFIO"),
        releases="QEMU with VFIO",
        meaning="Linux creates IOMMU groups only if it uses the IOMMU. A reserved region is not the "
        "reason. A container can hide an existing group.",
        advice=IOMMU_ON,
        source="hw/vfio/device.c, vfio_device_get_groupid (before: hw/vfio/pci.c, vfio_realize); "
        "util/vfio-helpers.c, sysfs_find_group_file; checked in the sources of 7.2 and 10.0",
    ),
    message(
        "qemu-group-not-opened",
        Program.QEMU,
        MessageSeverity.REFUSAL,
        "QEMU cannot open the device's IOMMU group",
        _PREFIX + "failed to open /dev/vfio/<group>{: <error>}",
        ("vfio: error opening /dev/vfio/<group>: <error>", "before QEMU 2.8"),
        _PREFIX + "failed to get group <group> status{: <error>}",
        ("vfio: error getting group status: <error>", "before QEMU 2.8"),
        "Failed to open VFIO group file: /dev/vfio/<group>{: <error>}",
        "Failed to get VFIO group status",
        "Failed to find iommu group number",
        releases="QEMU with VFIO",
        meaning="The file /dev/vfio/GROUP exists while a device of the group is bound to a VFIO driver. "
        "A reserved region is not the reason.",
        advice="Bind the device to vfio-pci: driverctl set-override SBDF vfio-pci. The host then loses "
        "the device. If another guest or program has the group, stop it.",
        source="hw/vfio/container.c, vfio_group_get (before: hw/vfio/common.c, vfio_get_group); "
        "checked in the sources of 7.2 and 10.0",
        by_error={
            2: "ENOENT: no device of this group is bound to vfio-pci, or the module vfio is not "
            "loaded.",
            13: "EACCES: QEMU's user may not open the file; libvirt sets its owner itself.",
            1: "EPERM: cgroups, AppArmor or a container deny QEMU access to the file.",
            16: "EBUSY: another program has the group open.",
        },
    ),
    message(
        "qemu-device-not-opened",
        Program.QEMU,
        MessageSeverity.REFUSAL,
        "QEMU opened the group but not the device",
        _PREFIX + "error getting device from group <group>{: <error>}",
        ("vfio: error getting device <sbdf> from group <group>: <error>", "before QEMU 2.8"),
        "Verify all devices in group <group> are bound to vfio-<word> and not already in use",
        "vfio{ error:} <sbdf>: error getting device info{: <error>}",
        "vfio{ error:} <sbdf>: device is already attached",
        ("vfio: error: device <sbdf> is already attached", "before QEMU 2.8"),
        "vfio{ error:} <sbdf>: no such host device",
        "vfio: error: no such host device",
        releases="QEMU with VFIO",
        meaning="The device itself is not bound to vfio-pci, is in use, or does not wake up. A reserved "
        "region is the reason only with EINVAL, and only if iommufd replaces VFIO's container "
        "(CONFIG_IOMMUFD_VFIO_CONTAINER). dmesg then names the device and a 1:1 mapping.",
        advice="Bind the device to vfio-pci (driverctl set-override SBDF vfio-pci; the host then loses "
        "it). Stop the program that has it. Look for vfio-pci in dmesg.",
        source="hw/vfio/container.c, vfio_device_get (before: hw/vfio/common.c, "
        "vfio_get_device); checked in the sources of 7.2 and 10.0",
        by_error={
            19: "ENODEV: the device is not bound to vfio-pci.",
            22: "EINVAL: the device is not bound to vfio-pci, needs a VF token, or, if iommufd "
            "replaces VFIO's container, has a region.",
            16: "EBUSY: another program has the device.",
            13: "EACCES: the device needs a VF token: vf-token= of QEMU's -device.",
            25: "ENOTTY: the group's file is not a VFIO group.",
        },
    ),
    message(
        "qemu-container-not-opened",
        Program.QEMU,
        MessageSeverity.REFUSAL,
        "QEMU finds no VFIO on this host",
        "failed to open /dev/vfio/vfio{: <error>}",
        "Failed to open /dev/vfio/vfio{: <error>}",
        "No available IOMMU models",
        "VFIO IOMMU Type1 is not supported",
        "supported vfio version: <number>, reported version: <number2>",
        "Invalid VFIO version",
        releases="QEMU with VFIO",
        meaning="The module vfio or vfio_iommu_type1 is not loaded, or the kernel uses no IOMMU. "
        "A reserved region is not the reason.",
        advice="sudo modprobe vfio-pci vfio_iommu_type1. If that fails: " + IOMMU_ON,
        source="hw/vfio/container.c, vfio_container_connect, vfio_get_iommu_type; "
        "util/vfio-helpers.c, qemu_vfio_init_pci; checked in the sources of 7.2 and 10.0",
    ),
    message(
        "qemu-iommufd-not-opened",
        Program.QEMU,
        MessageSeverity.REFUSAL,
        "QEMU finds no iommufd for the device",
        "failed to open /dev/iommu{: <error>}",
        "/dev/iommu does not exist",
        "failed to find vfio-dev/vfioX/dev",
        "couldn't open directory /sys/bus/pci/devices/<sbdf>/vfio-dev",
        'failed to load "<word>" (is your kernel config missing CONFIG_VFIO_DEVICE_CDEV?)',
        (
            'vfio /sys/bus/pci/devices/<sbdf>/vfio-dev: failed to load "<word>"',
            "QEMU 10.0, on a kernel without iommufd",
        ),
        "Use FD passing only with iommufd backend",
        "Failed to allocate ioas{: <error>}",
        ("error attach device to iommufd ioas", "reported; not in the sources that were read"),
        releases="QEMU 9.0 and later with iommufd",
        meaning="The kernel lacks iommufd or the device files of VFIO, or the device is not bound "
        "to vfio-pci. A reserved region is not the reason.",
        advice="Bind the device to vfio-pci. If the kernel has no CONFIG_VFIO_DEVICE_CDEV, remove "
        "iommufd= from QEMU's -device: the group interface does the same.",
        source="hw/vfio/iommufd.c, iommufd_cdev_getfd; backends/iommufd.c, "
        "iommufd_backend_connect, iommufd_backend_alloc_ioas; checked in the source of 10.0 and "
        "the strings of 11.1",
    ),
    message(
        "qemu-group-address-space",
        Program.QEMU,
        MessageSeverity.REFUSAL,
        "Two devices of one IOMMU group are behind different virtual IOMMUs",
        _PREFIX + "group <group> used in multiple address spaces",
        "Failed to set vIOMMU:",
        releases="QEMU with VFIO and a virtual IOMMU",
        meaning="With a virtual IOMMU each device gets its own address space, but devices of one group "
        "must share one. A reserved region is not the reason.",
        advice="Use one virtual slot for all functions of the group (multifunction=on). Or remove the "
        "virtual IOMMU: the guest then has none.",
        source="hw/vfio/container.c, vfio_group_get; checked in the sources of 7.2 and 10.0",
    ),
    message(
        "qemu-viommu-without-caching",
        Program.QEMU,
        MessageSeverity.REFUSAL,
        "The guest's virtual IOMMU does not report its mappings to VFIO",
        "We need to set caching-mode=on for intel-iommu to enable device assignment",
        "Device assignment is not allowed without enabling caching-mode=on for Intel IOMMU",
        "device <sbdf> requires iommu notifier which is not currently supported",
        "requires iommu notifier which is not currently supported",
        releases="QEMU with VFIO and a virtual IOMMU",
        meaning="This is a setting of the guest's virtual IOMMU. Reserved regions of the host are not "
        "concerned.",
        advice="Set caching-mode=on for intel-iommu (libvirt: <driver caching_mode='on'/>). DMA "
        "mappings in the guest then take longer.",
        source="hw/i386/intel_iommu.c, vtd_iommu_notify_flag_changed, vtd_machine_done_hook; "
        "checked in the strings of 5.2 to 11.1",
    ),
    message(
        "qemu-device-not-reset",
        Program.QEMU,
        MessageSeverity.FIRMWARE,
        "QEMU cannot reset the device between two guests",
        "vfio: Cannot reset device <sbdf>, depends on group <group> which is not owned",
        "vfio: Cannot reset device <sbdf>, depends on device <sbdf2> which is not owned",
        "vfio: Cannot reset device <sbdf>, no available reset mechanism",
        "vfio: Unable to power on device, stuck in D<number>",
        "vfio: hot reset info failed: <error>",
        releases="QEMU with VFIO",
        meaning="The guest starts anyway, with a device in the state that the last user left. A reserved"
        " region is not the reason.",
        advice="Assign all functions of the named slot or bus to the guest, so that QEMU can reset the "
        "bus. If the device does not work in the guest, restart the host.",
        source="hw/vfio/pci.c, vfio_pci_hot_reset, vfio_pci_pre_reset; checked in the sources of "
        "7.2 and 10.0",
    ),
    message(
        "qemu-kvm-not-told",
        Program.QEMU,
        MessageSeverity.NOTE,
        "KVM does not know of the device",
        "Failed to create KVM VFIO device",
        "Failed to add group <group> to KVM VFIO device",
        "Failed to remove group <group> from KVM VFIO device",
        "Failed to add fd <number> to KVM VFIO device",
        "Failed to remove fd <number> from KVM VFIO device",
        "KVM VFIO device isn't created yet",
        releases="QEMU with VFIO",
        meaning="The device works, but KVM does not know of non-coherent DMA. A reserved region is not "
        "the reason.",
        advice="No action is needed, unless a display device shows wrong pictures: then use the kernel "
        "that belongs to this QEMU.",
        source="hw/vfio/helpers.c, vfio_kvm_device_add_fd; checked in the sources of 7.2 and 10.0",
    ),
    message(
        "qemu-bar-not-mmapped",
        Program.QEMU,
        MessageSeverity.CONSEQUENCE,
        "QEMU cannot show the guest the memory (BAR) of the device directly",
        "Failed to mmap <sbdf> BAR <number>. Performance may be slow",
        releases="QEMU 2.6 and later with VFIO; the first release not checked",
        meaning="The host still uses this memory, often for the screen of its firmware. The device works "
        "slowly or not at all. A reserved region is not the reason.",
        advice="Find the kernel's own line of the same second in dmesg (BAR: can't reserve) and pass it to "
        "dmaragent why.",
        source="hw/vfio/pci.c, vfio_bar_register; checked in the source",
    ),
    message(
        "qemu-device-failed",
        Program.QEMU,
        MessageSeverity.FAULT,
        "QEMU stops the guest: its device reports an error that cannot be corrected",
        "vfio_err_notifier_handler(<sbdf>) Unrecoverable error detected",
        releases="QEMU 1.5 and later with VFIO; the first release not checked",
        meaning="The kernel got the error by PCIe (AER): a transfer of the device failed, or its link did.",
        advice="Look for AER in dmesg of the same second: it names the kind of error. Update the device's "
        "firmware, and check its slot and riser.",
        source="hw/vfio/pci.c, vfio_err_notifier_handler; checked in the source",
    ),
)
