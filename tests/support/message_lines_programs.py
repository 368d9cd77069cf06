"""Lines of DPDK, libvirt, Proxmox, Windows and others: the message each is, and what it names."""

from dmaragent.messages.model import Names
from support.message_names import names

GPU, RAID = "0000:01:00.0", "0000:0a:00.0"
LINES: list[tuple[str, str, Names]] = [
    (
        "dpdk-container-refused",
        "EAL: 0000:0a:00.0 cannot add VFIO group to container, error 22 (Invalid argument)",
        names(RAID, error=22),
    ),
    (
        "dpdk-container-refused",
        "EAL:   cannot set IOMMU type, error 1 (Operation not permitted)",
        names(error=1),
    ),
    (
        "dpdk-not-bound",
        "EAL: Cannot open /dev/vfio/21: Permission denied",
        names(group=21, error=13),
    ),
    (
        "dpdk-not-bound",
        "EAL: cannot open /dev/vfio/21: Device or resource busy",
        names(group=21, error=16),
    ),
    (
        "dpdk-not-bound",
        "EAL: 0000:0a:00.0 cannot get device info, error 19 (No such device)",
        names(RAID, error=19),
    ),
    (
        "spdk-not-bound",
        (
            "0000:0a:00.0 (8086 0a54): WARNING: detected multiple devices (3) under the same IOMMU "
            "group!"
        ),
        names(),
    ),
    (
        "spdk-not-bound",
        "0000:0a:00.0 (8086 0a54): WARNING: 0000:0a:00.1 not bound to vfio-pci (hpsa)",
        names("0000:0a:00.1", word="vfio-pci"),
    ),
    (
        "spdk-not-bound",
        (
            "0000:0a:00.0 (8086 0a54): WARNING All devices in the IOMMU group must be bound to the "
            "same driver or unbound"
        ),
        names(),
    ),
    ("spdk-not-bound", "0000:0a:00.0 (8086 0a54): failed to bind to vfio-pci, aborting", names()),
    (
        "spdk-not-bound",
        "0000:0a:00.0 (8086 0a54): failed to bind to vfio-pci, retrying (3)",
        names(),
    ),
    ("spdk-memory-limit", "## WARNING: memlock limit is less than 64MB", names()),
    (
        "spdk-memory-limit",
        '## DPDK with VFIO may not be able to initialize if run as user "spdk".',
        names(),
    ),
    (
        "hyperv-reserved-memory",
        "BIOS requires that this device remain attached to BIOS-owned memory.  Not assignable.",
        names(),
    ),
    (
        "hyperv-not-isolated",
        (
            "Traffic from this device may be redirected to other devices in the system.  Not "
            "assignable."
        ),
        names(),
    ),
    (
        "hyperv-not-isolated",
        "BIOS kept control of PCI Express for this device.  Not assignable.",
        names(),
    ),
    ("hyperv-not-isolated", "Old-style PCI device, switch port, etc.  Not assignable.", names()),
    (
        "hyperv-line-interrupts",
        "All of the interrupts are line-based, no assignment can work.",
        names(),
    ),
    (
        "hyperv-no-passthrough",
        "Unfortunately, this machine doesn't support using them in a VM.",
        names(),
    ),
    (
        "proxmox-no-iommu",
        "TASK ERROR: cannot prepare PCI pass-through, IOMMU not present",
        names(),
    ),
    ("proxmox-no-iommu", "TASK ERROR: IOMMU not present", names()),
    (
        "proxmox-no-iommu",
        "No IOMMU detected, please activate it.See Documentation for further information.",
        names(),
    ),
    (
        "proxmox-no-iommu",
        "TASK ERROR: Cannot open iommu_group: No such file or directory",
        names(error=2),
    ),
    ("proxmox-not-bound", "TASK ERROR: Cannot find vfio-pci module!", names()),
    (
        "proxmox-not-bound",
        "TASK ERROR: can't unbind/bind PCI group to VFIO '0000:01:00.0'",
        names(GPU),
    ),
    ("proxmox-not-bound", "can't unbind/bind pci group to vfio '0000:01:00.0'", names(GPU)),
    ("proxmox-no-device", "no pci device info for device '0000:01:00.0'", names(GPU)),
    ("proxmox-no-device", "no PCI device found for '0000:01:00.0'", names(GPU)),
    ("proxmox-no-device", "no PCI device found for '01:00'", names(word="01:00")),
    (
        "proxmox-no-device",
        (
            "PCI device mapping invalid (hardware probably changed): pci device '0000:01:00.0' not "
            "found"
        ),
        names(),
    ),
    ("proxmox-no-device", "PCI device mapping not found for 'gpu'", names(word="gpu")),
    ("proxmox-no-device", "could not find a free device for 'hostpci0'", names()),
    (
        "proxmox-not-reset",
        (
            "failed to reset PCI device '0000:01:00.0', but trying to continue as not all devices "
            "need a reset"
        ),
        names(GPU),
    ),
    ("proxmox-in-use", "PCI device '0000:01:00.0' already in use by VMID '101'", names(GPU)),
    (
        "proxmox-in-use",
        "PCI device '0000:01:00.0' already in use by running VMID '101'",
        names(GPU),
    ),
    (
        "proxmox-in-use",
        "PCI device '0000:01:00.0' is currently reserved for use by VMID '101'",
        names(GPU),
    ),
    ("proxmox-in-use", "device '0000:01:00.0' assigned more than once", names(GPU)),
    (
        "xenopsd-cannot-add",
        'Cannot_add(0000:01:00.0, Xenctrlext.Unix_error(1, "Operation not permitted"))',
        names(GPU, error=1),
    ),
    (
        "xenopsd-cannot-add",
        "Internal error: xenopsd internal error: Device.PCI.Cannot_add(_, _)",
        names(),
    ),
    ("xenopsd-cannot-add", "Cannot_add(0000:01:00.0;0000:01:00.1, Not_found)", names(GPU)),
    ("xenopsd-cannot-add", "Cannot_add(0000:01:00.0, Not_found)", names(GPU)),
    (
        "xenopsd-guest-not-running",
        "Domain_not_running(inserting pci=0000:01:00.0,domid=7)",
        names(GPU, domain=7),
    ),
    ("xenopsd-no-iommu", "Error code: VM_REQUIRES_IOMMU", names()),
    (
        "xenopsd-no-iommu",
        (
            "You attempted to run a VM on a host which doesn't have I/O virtualization (IOMMU/VT-d) "
            "enabled, which is needed by the VM."
        ),
        names(),
    ),
    (
        "xenopsd-no-iommu",
        "VM = 0d6c3f2e-9d24-4b8c-8f6f-0d1c5a5c1f11: IOMMU unavailable",
        names(),
    ),
    (
        "qubes-guest-not-hvm",
        "Got empty response: Can't attach PCI device to VM in pvh mode",
        names(),
    ),
    ("qubes-guest-not-hvm", "Can't attach PCI device to dom0", names()),
    ("qubes-no-device", "Invalid PCI device: 00_1a.0", names("0000:00:1a.0")),
    (
        "qubes-attach-later",
        "Failed to attach PCI device '00_1a.0' on the fly, changes will be seen after VM restart.",
        names("0000:00:1a.0"),
    ),
    ("dpdk-not-used", "EAL: Requested device 0000:0a:00.0 cannot be used", names(RAID)),
    (
        "dpdk-not-used",
        '{"level":"error","logger":"DPDK","msg":"EAL: Driver cannot attach the device (0000:0a:00.0)"}',
        names(RAID),
    ),
    ("spdk-memory-not-mapped", "Cannot update DMA mapping, error 22", names(error=22)),
    (
        "hyperv-not-secured",
        "The manufacturer of this device has not supplied any directives for securing this device while exposing it to a  ",
        names(),
    ),
    ("spdk-memory-not-mapped", "Cannot set up DMA mapping, error 12", names(error=12)),
    ("spdk-memory-not-mapped", "Cannot clear DMA mapping, error 22", names(error=22)),
    (
        "dpdk-memory-not-mapped",
        "EAL: Couldn't map user memory for DMA: va: 0x7f1234000000 iova: 0x100000000 len: 0x40000000",
        names("", 0x100000000),
    ),
]
