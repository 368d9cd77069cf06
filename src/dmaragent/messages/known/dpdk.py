"""Messages of DPDK and SPDK about devices that they cannot use through VFIO."""

from dmaragent.messages.known.define import message
from dmaragent.messages.model import MessageAddress, MessageSeverity, Program, VendorAnswer
from dmaragent.messages.words import (
    AMD_WAYS_OUT,
    IOMMU_ON,
    NO_REMAPPING_ON_AMD,
)

DPDK = Program.DPDK
_VFIO = "lib/eal/linux/eal_vfio.c"
_CHECKED = "checked in the source and the strings of 20.11 to 25.11"
_BY_ERROR = {
    1: "EPERM: a kernel before 6.6 blocks a device with a region, or interrupt remapping is "
    "missing.",
    12: "ENOMEM: the limit of locked memory is reached (RLIMIT_MEMLOCK).",
    16: "EBUSY: another program has the group or the address.",
    17: "EEXIST: the address is mapped already.",
    22: "EINVAL: Linux 6.6 and later blocks a device with a region.",
}
_MAP_ERRORS = {
    **_BY_ERROR,
    22: "EINVAL: the IOMMU does not translate such an address, because it is too high or inside a "
    "range that Linux reserves. --iova-mode=pa or a smaller --base-virtaddr can help.",
}

_FIND_LINE_ON_AMD = (
    "Find the kernel's own line of the same second in dmesg and pass it to dmaragent why. If it "
    "requires a 1:1 mapping, these are the ways out, safest first:\n"
)

MESSAGES = (
    message(
        "dpdk-container-refused",
        DPDK,
        MessageSeverity.CONSEQUENCE,
        "DPDK cannot use the device: the kernel blocks it",
        "{<sbdf> }cannot add VFIO group to container, error <errno> (<error>)",
        "<sbdf> failed to select IOMMU type",
        "{<sbdf> }failed to select IOMMU type",
        "Set IOMMU type <number> (<word>) failed, error <errno> (<error>)",
        ("set IOMMU type <number> (<word>) failed, error <errno> (<error>)", "before 22.07"),
        "cannot set IOMMU type, error <errno> (<error>)",
        releases="every release with VFIO",
        meaning="DPDK only reports the kernel's error. The common reason is a region that firmware "
        "reserved for the device or for another device of its group.",
        advice="Find the kernel's own line of the same second in dmesg and pass it to dmaragent why.",
        source=f"{_VFIO}, rte_vfio_setup_device, vfio_set_iommu_type; {_CHECKED}",
        by_error=_BY_ERROR,
        on_amd=VendorAnswer(
            meaning="DPDK only reports the kernel's error. With EINVAL, the common reason is an IVMD "
            "block of the firmware's table (IVRS) for the device or for another device of its group. "
            "No kernel option changes that.",
            advice=_FIND_LINE_ON_AMD + AMD_WAYS_OUT,
            before_ways_out=_FIND_LINE_ON_AMD,
            by_error=NO_REMAPPING_ON_AMD,
        ),
    ),
    message(
        "dpdk-group-not-viable",
        DPDK,
        MessageSeverity.REFUSAL,
        "The host still uses another device of the same IOMMU group",
        "{<sbdf> }VFIO group is not viable!",
        releases="every release with VFIO",
        meaning="Devices of one group can reach each other without the IOMMU, so all of them must have "
        "the same owner. A reserved region is not the reason.",
        advice="Bind every function of the group to vfio-pci (dpdk-devbind.py -b vfio-pci), or to "
        "no driver. The host loses them.",
        source=f"{_VFIO}, rte_vfio_setup_device; {_CHECKED}",
    ),
    message(
        "dpdk-not-bound",
        DPDK,
        MessageSeverity.REFUSAL,
        "The device is not bound to vfio-pci",
        "<sbdf> not managed by VFIO driver{, skipping}",
        "not managed by VFIO driver, skipping",
        "Cannot open /dev/vfio/<group>: <error>",
        ("cannot open /dev/vfio/<group>: <error>", "before 22.07"),
        "Failed to open VFIO group <group>",
        ("Failed to open group <group>", "before 22.07"),
        "<sbdf> cannot get VFIO group status, error <errno> (<error>)",
        "Getting a vfio_dev_fd for <sbdf> failed",
        "<sbdf> cannot get device info, error <errno> (<error>)",
        "rte_vfio_get_group_fd failed for <word>",
        "Cannot request VFIO group fd",
        "Bad VFIO group fd",
        ("bad VFIO group fd", "before 22.07"),
        "Invalid VFIO group fd!",
        "Wrong VFIO group index (<number>)",
        ("wrong vfio_group index (<number>)", "before 22.07"),
        "No VFIO group free slot found",
        "Maximum number of VFIO groups reached!",
        "Specified VFIO group number not found",
        releases="every release with VFIO",
        meaning="Another driver has the device, another program has its group, or the process may not "
        "open the group's file. A reserved region is not the reason, unless iommufd replaces "
        "VFIO's container: dmesg then names the device and a 1:1 mapping.",
        advice="Run dpdk-devbind.py -b vfio-pci SBDF: the host then loses the device. Run DPDK as a "
        "user who may open /dev/vfio/GROUP.",
        source=f"{_VFIO}, rte_vfio_setup_device, vfio_open_group_fd; {_CHECKED}",
        by_error={
            2: "ENOENT: no device of the group is bound to vfio-pci.",
            13: "EACCES: this user may not open the group.",
            16: "EBUSY: another program has the group.",
        },
    ),
    message(
        "dpdk-no-vfio",
        DPDK,
        MessageSeverity.REFUSAL,
        "DPDK finds no VFIO or no IOMMU on this host",
        "No supported IOMMU extensions found!",
        ("no supported IOMMU extensions found!", "before 22.07"),
        "Cannot open VFIO container /dev/vfio/vfio, error <errno> (<error>)",
        ("cannot open VFIO container, error <errno> (<error>)", "before 22.07"),
        "VFIO modules not loaded, skipping VFIO support...",
        "VFIO directory does not exist, skipping VFIO support...",
        "VFIO PCI modules not loaded",
        "VFIO support could not be initialized",
        "VFIO support is not initialized",
        "VFIO support not initialized",
        "Cannot init VFIO",
        "<sbdf> cannot get IOMMU group",
        "{<sbdf> }cannot get IOMMU group",
        "error parsing IOMMU number!",
        "Could not get VFIO API version, error <errno> (<error>)",
        ("could not get VFIO API version, error <errno> (<error>)", "before 22.07"),
        "Unsupported VFIO API version!",
        ("unsupported VFIO API version!", "before 22.07"),
        "Could not get IOMMU type, error <errno> (<error>)",
        ("could not get IOMMU type, error <errno> (<error>)", "before 22.07"),
        "Could not get IOMMU type for default container",
        "Could not find IOMMU type id (<number>)",
        "Cannot request VFIO container fd",
        "Cannot request default VFIO container fd",
        "Invalid VFIO container fd",
        "Fail to create a new VFIO container",
        "Exceed max VFIO container limit",
        ("exceed max vfio container limit", "before 22.07"),
        "Cannot open VFIO noiommu file <errno> (<error>)",
        ("cannot open vfio noiommu file <errno> (<error>)", "before 22.07"),
        "Unable to read from VFIO noiommu file <errno> (<error>)",
        ("unable to read from vfio noiommu file <errno> (<error>)", "before 22.07"),
        releases="every release with VFIO",
        meaning="The module vfio is not loaded, the kernel does not use the IOMMU, or a container "
        "hides /dev/vfio. A reserved region is not the reason.",
        advice="sudo modprobe vfio-pci. If /sys/kernel/iommu_groups is empty: " + IOMMU_ON,
        source=f"{_VFIO}, rte_vfio_enable, vfio_get_default_container_fd, "
        f"rte_vfio_get_group_num; {_CHECKED}",
    ),
    message(
        "dpdk-memory-not-mapped",
        DPDK,
        MessageSeverity.REFUSAL,
        "DPDK cannot map its memory for the device's DMA",
        "Couldn't map user memory for DMA: va: <number> iova: <base> len: <number2>",
        "{<sbdf> }DMA remapping failed, error <errno> (<error>)",
        "Cannot set up DMA remapping, error <errno> (<error>)",
        ("cannot set up DMA remapping, error <errno> (<error>)", "before 22.07"),
        "Cannot map vaddr for IOMMU, error <errno> (<error>)",
        ("cannot map vaddr for IOMMU, error <errno> (<error>)", "before 22.07"),
        "Cannot register vaddr for IOMMU, error <errno> (<error>)",
        ("cannot register vaddr for IOMMU, error <errno> (<error>)", "before 22.07"),
        "DMA map attempt outside DMA window",
        ("dma map attempt outside DMA window", "before 22.07"),
        "Couldn't map new region for DMA",
        "Could not sync default VFIO container",
        "VFIO custom DMA region mapping not supported by IOMMU",
        ("VFIO custom DMA region maping not supported by IOMMU", "before 22.07"),
        "Failed to walk memseg list for DMA window size",
        "Detected user managed external memory which may not be managed by the IOMMU",
        releases="every release with VFIO",
        meaning="The kernel does not map DPDK's hugepages at the addresses that DPDK uses for DMA. A "
        "region of the device is not the reason, but an address range that Linux reserves can "
        "be.",
        advice="If the error is ENOMEM, raise the limit of locked memory. Else compare the "
        "addresses with reserved_regions of the IOMMU group.",
        source=f"{_VFIO}, vfio_type1_dma_mem_map, container_dma_map; {_CHECKED}",
        by_error=_MAP_ERRORS,
        address=MessageAddress.GUEST,
    ),
    message(
        "dpdk-memory-not-unmapped",
        DPDK,
        MessageSeverity.NOTE,
        "DPDK cannot remove a DMA mapping",
        "Cannot clear DMA remapping, error <errno> (<error>)",
        ("cannot clear DMA remapping, error <errno> (<error>)", "before 22.07"),
        "Cannot unmap vaddr for IOMMU, error <errno> (<error>)",
        ("cannot unmap vaddr for IOMMU, error <errno> (<error>)", "before 22.07"),
        "Cannot unregister vaddr for IOMMU, error <errno> (<error>)",
        ("cannot unregister vaddr for IOMMU, error <errno> (<error>)", "before 22.07"),
        "Unexpected size <number> of DMA remapping cleared instead of <number2>",
        ("unexpected size <number> of DMA remapping cleared instead of <number2>", "before 22.07"),
        "Couldn't unmap region for DMA",
        "Error when closing vfio_group_fd for <word>",
        "Error when closing vfio_dev_fd for <word>",
        "Cannot release VFIO device",
        releases="every release with VFIO",
        meaning="The device can reach the memory until the process ends. A reserved region is not the "
        "reason.",
        advice="No action is needed, unless DPDK fails afterwards: then look in dmesg.",
        source=f"{_VFIO}, vfio_type1_dma_mem_map, rte_vfio_release_device; {_CHECKED}",
    ),
    message(
        "dpdk-address-mode",
        DPDK,
        MessageSeverity.FIRMWARE,
        "DPDK's address mode does not fit the device or the IOMMU",
        "Expecting '<word>' IOVA mode but current mode is '<word2>', not initializing",
        "Some devices want 'VA' but IOMMU does not support 'VA'",
        "PCI driver <word> for device <sbdf> wants IOVA as '<word2>'",
        "IOMMU is not available, selecting IOVA as PA mode",
        "Cannot use IOVA as 'PA' since physical addresses are not available",
        "Unsupported IOVA mode",
        releases="DPDK 18.x and later",
        meaning="Devices use virtual addresses (VA) only if the IOMMU has enough address bits. Otherwise"
        " they use physical ones (PA), which need root. A reserved region is not the reason.",
        advice="Start DPDK with --iova-mode=pa as root, or enable the IOMMU and bind all devices to "
        "vfio-pci.",
        source="drivers/bus/pci/linux/pci.c, rte_pci_get_iommu_class; "
        "lib/eal/linux/eal.c, rte_eal_init; " + _CHECKED,
    ),
    message(
        "dpdk-not-used",
        DPDK,
        MessageSeverity.CONSEQUENCE,
        "DPDK continues without the device",
        "Requested device <sbdf> cannot be used",
        "Driver cannot attach the device (<sbdf>)",
        releases="every release",
        meaning="The error in the lines before it is the reason.",
        advice="Read the lines before it, and dmesg.",
        source="drivers/bus/pci/pci_common.c, pci_probe; lib/eal/common/eal_common_dev.c, "
        "local_dev_probe; checked in the source",
    ),
    message(
        "dpdk-vfio-used",
        DPDK,
        MessageSeverity.NOTE,
        "DPDK uses VFIO",
        "VFIO support initialized",
        "Probing VFIO support...",
        "Using IOMMU type <number> (<word>)",
        ("using IOMMU type <number> (<word>)", "before 22.07"),
        "IOMMU type <number> (<word>) is <word2>",
        "Selected IOVA mode '<word>'",
        "Buses did not request a specific IOVA mode",
        "Bus <word> wants IOVA as '<word2>'",
        "Physical addresses are unavailable, selecting IOVA as VA mode",
        "KNI is loaded, selecting IOVA as PA mode",
        "IOMMU is available, selecting IOVA as VA mode",
        "Installed memory event callback for VFIO",
        "Could not install memory event callback for VFIO",
        releases="every release with VFIO",
        meaning="Nothing is wrong.",
        advice="No action is needed.",
        source=f"{_VFIO}, rte_vfio_enable, vfio_set_iommu_type; {_CHECKED}",
    ),
    message(
        "spdk-not-bound",
        Program.SPDK,
        MessageSeverity.REFUSAL,
        "SPDK's setup.sh cannot bind all of an IOMMU group to vfio-pci",
        "WARNING: detected multiple devices (<number>) under the same IOMMU group!",
        "WARNING: <sbdf> not bound to <word> (<word2>)",
        "WARNING All devices in the IOMMU group must be bound to the same driver or unbound",
        "failed to bind to vfio-pci, aborting",
        "failed to bind to vfio-pci, retrying (<number>)",
        releases="SPDK 21.x and later",
        meaning="Devices of one group can reach each other without the IOMMU, so all of them must have "
        "the same owner. A reserved region is not the reason.",
        advice="UNBIND_ENTIRE_IOMMU_GROUP=yes scripts/setup.sh takes the whole group from the host. Or "
        "move the NVMe drive to another slot.",
        source="scripts/setup.sh, probe_driver, linux_bind_driver; checked in the source",
    ),
    message(
        "spdk-memory-not-mapped",
        Program.SPDK,
        MessageSeverity.REFUSAL,
        "The kernel refuses to map SPDK's memory for DMA",
        "Cannot set up DMA mapping, error <errno>",
        "Cannot update DMA mapping, error <errno>",
        "Cannot clear DMA mapping, error <errno>",
        releases="every release with VFIO",
        meaning="SPDK could not map its memory for the device, so the device cannot reach it.",
        advice="If the error is 12 (ENOMEM), raise the limit of locked memory. If it is 22 "
        "(EINVAL), compare the addresses with reserved_regions of the IOMMU group and with the "
        "address bits of the IOMMU; --iova-mode=pa uses other addresses.",
        source="lib/env_dpdk/memory.c (before: vtophys.c), vtophys_iommu_update; checked in the "
        "source",
        by_error={
            12: "ENOMEM: the limit of locked memory is reached (RLIMIT_MEMLOCK).",
            22: "EINVAL: the IOMMU does not translate such an address, or Linux reserves it.",
        },
    ),
    message(
        "spdk-memory-limit",
        Program.SPDK,
        MessageSeverity.FIRMWARE,
        "The limit of locked memory is too low for SPDK",
        "## WARNING: memlock limit is less than 64MB",
        "## DPDK with VFIO may not be able to initialize if run as user",
        releases="every release with VFIO",
        meaning="Memory for DMA must be locked, and this user may not lock enough. A reserved region is "
        "not the reason.",
        advice="Raise memlock for the user in /etc/security/limits.conf. That much memory can "
        "then not be swapped.",
        source="scripts/setup.sh, configure_linux; checked in the source",
    ),
)
