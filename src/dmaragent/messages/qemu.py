"""Messages of QEMU and libvirt about devices that they cannot have."""

from dmaragent.messages.making import message
from dmaragent.messages.model import Printer, Weight

_CONTAINER = "hw/vfio/container.c (before: hw/vfio/common.c)"
_BY_ERROR = {
    1: "EPERM comes from a kernel before 6.6 for a device with a region, or from missing "
    "interrupt remapping.",
    22: "EINVAL comes from Linux 6.6 and later for a device with a region.",
}

MESSAGES = (
    message(
        "qemu-container-refused",
        Printer.QEMU,
        Weight.CONSEQUENCE,
        "QEMU cannot have the device: the kernel refuses it",
        "{vfio <sbdf>: }failed to setup container for group <group>: Failed to set group "
        "container: <error>",
        "{vfio <sbdf>: }failed to setup container for group <group>: Failed to set iommu for "
        "container: <error>",
        "{vfio <sbdf>: }failed to setup container for group <group>: failed to set iommu for "
        "container: <error>",
        "vfio: failed to set iommu for container: <error>",
        "Failed to set iommu for container: <error>",
        "Failed to set group container: <error>",
        releases="QEMU with VFIO; the words changed over time",
        meaning="QEMU only passes on what the kernel answered. A region that firmware reserved "
        "for the device, or for another one of its group, is the common reason.",
        advice="Look in dmesg for the kernel's own line of the same second, and give it to "
        "dmaragent why.",
        source=f"{_CONTAINER}, vfio_init_container, checked in the source",
        by_error=_BY_ERROR,
    ),
    message(
        "qemu-container-failed",
        Printer.QEMU,
        Weight.CONSEQUENCE,
        "QEMU cannot set up the device's group",
        "{vfio <sbdf>: }failed to setup container for group <group>",
        "vfio: failed to setup container for group <group>",
        releases="QEMU with VFIO",
        meaning="It follows from the error named beside it or in the line before; memory that "
        "cannot be mapped (vfio_dma_map) is another one than a region.",
        advice="Look at that error, and in dmesg of the same second.",
        source=f"{_CONTAINER}, vfio_get_group, checked in the source",
    ),
    message(
        "qemu-group-not-viable",
        Printer.QEMU,
        Weight.REFUSAL,
        "Another device of the same IOMMU group is still the host's",
        "group <group> is not viable",
        "lease ensure all devices within the iommu_group are bound to their vfio bus driver",
        releases="QEMU with VFIO",
        meaning="It is not about reserved memory: devices of one group can reach each other "
        "past the IOMMU, so they go to a guest together. One of them has a host driver.",
        advice="Bind every function of the group to vfio-pci (or to no driver), or put the "
        "device into a slot whose group is smaller.",
        source=f"{_CONTAINER}, vfio_get_group, checked in the source",
    ),
    message(
        "qemu-iommufd-bind-refused",
        Printer.QEMU,
        Weight.CONSEQUENCE,
        "QEMU cannot have the device (iommufd): the kernel refuses to hand it over",
        "{vfio <sbdf>: }error bind device fd=<number> to iommufd=<number2>{: <error>}",
        releases="QEMU 9.0 and later with iommufd",
        meaning="QEMU only passes on what the kernel answered. Linux 6.6 and later refuses "
        "already here where firmware reserved a region for the device.",
        advice="Look in dmesg for the kernel's own line of the same second, and give it to "
        "dmaragent why.",
        source="hw/vfio/iommufd.c, iommufd_cdev_connect_and_bind, checked in the source; that "
        "the refusal of a region comes here, in drivers/iommu/iommu.c of Linux 6.6",
        by_error={
            1: "EPERM is missing interrupt remapping, or a group that is not free.",
            16: "EBUSY: another program has the device or its group.",
            22: "EINVAL comes from Linux 6.6 and later for a device with a region.",
        },
    ),
    message(
        "qemu-iommufd-refused",
        Printer.QEMU,
        Weight.CONSEQUENCE,
        "QEMU cannot have the device (iommufd): the kernel refuses it",
        "error attach <sbdf> (<number>) to id=<number2>{: <error>}",
        releases="QEMU with iommufd",
        meaning="The same as a group container that is refused, by the newer way. With a kernel "
        "before 6.6 a region that firmware reserved for the device is the common reason (EPERM); "
        "newer ones refuse such a device earlier, when it is bound.",
        advice="Look in dmesg for the kernel's own line of the same second, and give it to "
        "dmaragent why.",
        source="hw/vfio/iommufd.c, iommufd_cdev_attach_ioas_hwpt, checked in the source",
        by_error={
            1: "EPERM comes from a kernel before 6.6 for a device with a region, or from missing "
            "interrupt remapping.",
        },
    ),
    message(
        "libvirt-no-reset",
        Printer.LIBVIRT,
        Weight.REFUSAL,
        "libvirt cannot reset the device",
        "Unable to reset PCI device <sbdf>{: <any>no FLR, PM reset or bus reset available}",
        releases="every release with PCI passthrough",
        meaning="It is not about reserved memory: the device has no way to be reset that would "
        "leave its neighbours alone. Qubes shows it together with the refusal of a shared "
        "region, because one option, no-strict-reset, changes both.",
        advice="On Qubes: qvm-pci attach --persistent --option no-strict-reset=True VM "
        "dom0:BB_DD.F; it makes the device's region policy relaxed as well.",
        source="the words from Qubes' documentation of USB troubles; libvirt's source not read",
    ),
)
