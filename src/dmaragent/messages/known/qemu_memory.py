"""Messages of QEMU about memory that it cannot map for a device's DMA."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageAddress, MessageSeverity, Program
from dmaragent.messages.words import IOMMU_ON

_MAP_ERRORS = {
    12: "ENOMEM: the limit of locked memory is reached (RLIMIT_MEMLOCK). It must be larger than the "
    "guest's memory.",
    14: "EFAULT: it is not RAM but another device's BAR. Harmless, unless devices must reach each "
    "other.",
    16: "EBUSY: the address is already mapped.",
    17: "EEXIST: the address is already mapped.",
    22: "EINVAL: the IOMMU does not translate such an address, because it is too high or inside "
    "a range that Linux reserves (reserved_regions of the IOMMU group).",
    28: "ENOSPC: too many mappings. Raise dma_entry_limit of vfio_iommu_type1.",
}
_NOT_MAPPED = (
    "Memory or a BAR of the guest is not mapped for DMA. If it is RAM, QEMU ends; if it is a "
    "BAR of another device, only DMA between these devices fails."
)

MESSAGES = (
    message(
        "qemu-not-assigned",
        Program.QEMU,
        MessageSeverity.REFUSAL,
        "The kernel does not assign the device (pci-assign, before VFIO)",
        'Failed to assign device "<word>" : <error>',
        'Failed to assign device "<word>": <error>',
        'Failed to assign device "<word>"',
        releases="qemu-kvm and older QEMU, with pci-assign or -pcidevice",
        meaning="QEMU only reports the error of KVM's own device assignment, which newer kernels do not "
        "have.",
        advice="Find the kernel's line of the same second in dmesg and pass it to dmaragent why.",
        source="hw/i386/kvm/pci-assign.c, assign_device; checked in the source",
        by_error={
            1: "EPERM: firmware reserved memory for the device (Linux 3.17 and later), or "
            "interrupt remapping is missing.",
            16: "EBUSY: a driver of the host, or another guest, has the device.",
            19: "ENODEV: the kernel does not use the IOMMU.",
        },
    ),
    message(
        "qemu-no-iommu",
        Program.QEMU,
        MessageSeverity.REFUSAL,
        "The kernel does not use the IOMMU",
        'No IOMMU found. Unable to assign device "<word>"',
        releases="qemu-kvm and older QEMU, with pci-assign or -pcidevice",
        meaning="KVM reports that it has no IOMMU (KVM_CAP_IOMMU). A reserved region is not the reason.",
        advice=IOMMU_ON,
        source="hw/i386/kvm/pci-assign.c, assign_device; checked in the source",
    ),
    message(
        "qemu-memory-not-mapped",
        Program.QEMU,
        MessageSeverity.REFUSAL,
        "QEMU cannot map guest memory for the device's DMA",
        "vfio_dma_map(<number>, <base>, <size>, <number2>) = <errno> (<error>)",
        "vfio_container_dma_map(<number>, <base>, <size>, <number2>) = <errno> (<error>)",
        releases="QEMU with VFIO; vfio_container_dma_map from 7.1 on",
        meaning=_NOT_MAPPED + " The second and third number are the guest's address and the size.",
        advice="If the address is above what the IOMMU translates, reduce the guest's address bits: "
        "-cpu host,host-phys-bits-limit=39 (Proxmox: args: of the guest; libvirt: <maxphysaddr "
        "mode='passthrough' limit='39'/>). Replace 39 with the IOMMU's bits. The guest's memory "
        "must fit into that.",
        source="hw/vfio/common.c, vfio_listener_region_add (10.1 and later: hw/vfio/listener.c); "
        "checked in the sources of 7.2 and 10.0; the limit in drivers/vfio/vfio_iommu_type1.c, "
        "vfio_iommu_iova_dma_valid",
        by_error=_MAP_ERRORS,
        address=MessageAddress.GUEST,
    ),
    message(
        "qemu-map-failed",
        Program.QEMU,
        MessageSeverity.CONSEQUENCE,
        "The kernel refuses to map memory for the device's DMA",
        "VFIO_MAP_DMA failed{: <error>}",
        ("VFIO_MAP_DMA: <errno>", "before QEMU 5.2"),
        "IOMMU_IOAS_MAP failed: <error>",
        "IOMMU_IOAS_MAP_FILE failed: <error>",
        "vfio: DMA mapping failed, unable to continue",
        "vfio: Memory registering failed, unable to continue",
        "failed to vfio_dma_map. pci p2p may not work",
        "possibly running out of DMA mappings",
        "Cannot possibly preregister IOMMU memory",
        "qemu_vfio_dma_map(<number>, <number2>) failed",
        releases="QEMU with VFIO",
        meaning=_NOT_MAPPED + " The line with vfio_dma_map( names the address.",
        advice="Paste the line with vfio_dma_map( or vfio_container_dma_map( as well: it has the "
        "address. If the error is ENOMEM, raise the limit of locked memory (libvirt: "
        "<memtune><hard_limit>) to more than the guest's memory.",
        source="hw/vfio/container.c, vfio_legacy_dma_map; backends/iommufd.c, "
        "iommufd_backend_map_dma; hw/vfio/common.c, vfio_listener_region_add; checked in the "
        "sources of 7.2 and 10.0",
        by_error=_MAP_ERRORS,
    ),
    message(
        "qemu-memory-not-unmapped",
        Program.QEMU,
        MessageSeverity.NOTE,
        "QEMU cannot remove a DMA mapping",
        "VFIO_UNMAP_DMA failed{: <error>}",
        "VFIO_UNMAP_DMA with DIRTY_BITMAP : <error>",
        "vfio_dma_unmap(<number>, <base>, <size>) = <errno> (<error>)",
        "vfio_container_dma_unmap(<number>, <base>, <size>) = <errno> (<error>)",
        "vfio_container_dma_unmap() failed: <error>",
        "vfio_dma_unmap() failed: <error>",
        "vfio: error disconnecting group <group> from container",
        releases="QEMU with VFIO",
        meaning="The device can reach the memory until the guest ends. A reserved region is not the "
        "reason.",
        advice="No action is needed, unless the guest also loses devices: then check dmesg of the same "
        "second.",
        source="hw/vfio/container.c, vfio_legacy_dma_unmap; checked in the sources of 7.2 and 10.0",
        address=MessageAddress.GUEST,
    ),
)
