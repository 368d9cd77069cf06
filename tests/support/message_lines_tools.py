"""Lines as libxl, xl, hvmloader, xenopsd, QEMU and libvirt print them: the message each is, and what it names."""

from dmaragent.messages.model import Names
from support.message_names import names

LINES: list[tuple[str, str, Names]] = [
    (
        "libxl-rdm-conflict",
        "libxl: error: libxl_dm.c:555:libxl__domain_device_construct_rdm: Domain 5:RDM conflict at 0xad800000.",
        names("", 0xAD800000, domain=5),
    ),
    (
        "libxl-rdm-conflict-ignored",
        "libxl: warning: libxl_dm.c:559:libxl__domain_device_construct_rdm: Ignoring RDM conflict at 0xad800000.",
        names("", 0xAD800000),
    ),
    (
        "libxl-rdm-check-failed",
        "libxl: error: libxl_dom.c:1160:libxl__build_hvm: Domain 5:checking reserved device memory failed",
        names(domain=5),
    ),
    (
        "libxl-memory-map-full",
        "libxl: error: libxl_x86.c:560: Domain 5:Ooops! Too many entries in the memory map!",
        names(),
    ),
    (
        "libxl-assign-failed",
        "libxl: error: libxl_pci.c:1498:pci_add_dm_done: Domain 5:xc_assign_device failed: Operation not permitted",
        names(domain=5, error=1),
    ),
    (
        "libxl-assign-failed",
        "libxl: error: libxl_pci.c:1498:pci_add_dm_done: xc_assign_device failed: Device or resource busy",
        names(error=16),
    ),
    (
        "libxl-pci-add-failed",
        "libxl: libxl_pci.c:1875:device_pci_add_done: Domain 1:libxl__device_pci_add failed for PCI device 0:aa:0.0 (rc -3)",
        names("0000:aa:00.0", domain=1, result=-3),
    ),
    (
        "libxl-pci-add-failed",
        "libxl__device_pci_add failed for PCI device 'my-nic' (rc -3)",
        names(result=-3, word="my-nic"),
    ),
    (
        "libxl-pci-add-failed",
        "libxl: error: libxl_pci.c:1304:libxl__add_pcidevs: libxl_device_pci_add failed: -3",
        names(result=-3),
    ),
    (
        "libxl-no-iommu",
        "libxl: error: Domain 2:PCI device 0000:03:00.0 cannot be assigned - no IOMMU?",
        names("0000:03:00.0"),
    ),
    (
        "libxl-already-assigned",
        "PCI device 0000:03:00.0 already assigned to a different guest?",
        names("0000:03:00.0"),
    ),
    (
        "libxl-not-assignable",
        "libxl: error: libxl_pci.c:1234:libxl__device_pci_add: PCI device 0:2:0.0 is not assignable",
        names("0000:02:00.0"),
    ),
    (
        "libxl-not-assignable",
        "libxl: error: 0000:02:00.1 is not assigned to pciback driver",
        names("0000:02:00.1"),
    ),
    ("libxl-unknown-policy", "libxl: error: Domain 2:unknown rdm check flag.: Success", names()),
    (
        "hvmloader-reserved-conflict",
        "(d7) Fail to setup memory map due to conflict on dynamic reserved memory range.",
        names(),
    ),
    (
        "xenopsd-cannot-add",
        'Internal error: xenopsd internal error: Cannot_add(0000:00:1d.0, Xenctrlext.Unix_error(30, "1: Operation not permitted"))',
        names("0000:00:1d.0", error=1),
    ),
    ("xl-rdm-unreadable", "Unknown RDM state option: type", names(word="type")),
    ("xl-rdm-unreadable", "Unknown RDM strategy option: HOST", names(word="HOST")),
    ("xl-rdm-unreadable", "Unknown RDM property policy value: none", names(word="none")),
    ("xl-policy-unreadable", "Unknown RDM policy: none", names(word="none")),
    (
        "xl-policy-unreadable",
        "none is not an valid PCI RDM property policy: 'strict' or 'relaxed'.",
        names(word="none"),
    ),
    ("xl-pci-option-unknown", "Unknown PCI BDF option:  rdm_policy", names(word="rdm_policy")),
    (
        "xl-pci-option-unknown",
        "Unknown PCI_SPEC_STRING option:  rdm_policy",
        names(word="rdm_policy"),
    ),
    (
        "xl-pci-unreadable",
        "unable to parse PCI BDF `06.00.0' for passthrough",
        names(word="06.00.0"),
    ),
    (
        "xl-pci-unreadable",
        "unable to parse PCI_SPEC_STRING `06.00.0' for passthrough",
        names(word="06.00.0"),
    ),
    ("xl-pci-unreadable", 'pci-attach: malformed BDF specification "06"', names(word="06")),
    ("xl-pci-unreadable", 'pci-attach: malformed PCI_SPEC_STRING "06"', names(word="06")),
    (
        "qemu-container-refused",
        "qemu-system-x86_64: -device vfio-pci,host=01:00.0: vfio 0000:01:00.0: failed to setup container for group 13: Failed to set group container: Invalid argument",
        names("0000:01:00.0", group=13, error=22),
    ),
    (
        "qemu-container-refused",
        "vfio 0000:01:00.0: failed to setup container for group 13: Failed to set iommu for container: Operation not permitted",
        names("0000:01:00.0", group=13, error=1),
    ),
    (
        "qemu-container-refused",
        "vfio 0000:01:00.0: failed to setup container for group 13: failed to set iommu for container: Operation not permitted",
        names("0000:01:00.0", group=13, error=1),
    ),
    (
        "qemu-container-refused",
        "vfio: failed to set iommu for container: Operation not permitted",
        names(error=1),
    ),
    (
        "qemu-container-refused",
        "Failed to set iommu for container: Operation not permitted",
        names(error=1),
    ),
    ("qemu-container-refused", "Failed to set group container: Invalid argument", names(error=22)),
    (
        "qemu-container-failed",
        "vfio 0000:41:10.1: failed to setup container for group 258: memory listener initialization failed",
        names("0000:41:10.1", group=258),
    ),
    ("qemu-container-failed", "vfio: failed to setup container for group 7", names(group=7)),
    (
        "qemu-group-not-viable",
        "vfio: error, group 6 is not viable, please ensure all devices within the iommu_group are bound to their vfio bus driver.",
        names(group=6),
    ),
    (
        "qemu-group-not-viable",
        "Please ensure all devices within the iommu_group are bound to their vfio bus driver.",
        names(),
    ),
    (
        "qemu-iommufd-bind-refused",
        "qemu-system-x86_64: -device vfio-pci,host=01:00.0,iommufd=iommufd0: vfio 0000:01:00.0: error bind device fd=35 to iommufd=23: Invalid argument",
        names("0000:01:00.0", error=22),
    ),
    (
        "qemu-iommufd-refused",
        "vfio 0000:01:00.0: [iommufd=23] error attach 0000:01:00.0 (35) to id=2: Invalid argument",
        names("0000:01:00.0", error=22),
    ),
    (
        "libvirt-no-reset",
        "internal error: Unable to reset PCI device 0000:00:14.0: no FLR, PM reset or bus reset available",
        names("0000:00:14.0"),
    ),
    (
        "libxl-quarantine-failed",
        "libxl: error: libxl_pci.c:850:libxl__device_pci_assignable_add: failed to quarantine 0000:08:00.0",
        names("08:00.0"),
    ),
    (
        "libxl-quarantine-failed",
        "libxl: error: libxl_pci.c:910:libxl__device_pci_assignable_remove: failed to de-quarantine 0000:00:01.0",
        names("00:01.0"),
    ),
    ("libxl-no-pciback", "libxl: error: Looks like pciback driver is not loaded", names()),
    (
        "qemu-container-refused",
        "error: internal error: unable to execute QEMU command 'device_add': vfio error: 0000:03:00.0: failed to setup container for group 12: failed to set iommu for container: Operation not permitted",
        names("0000:03:00.0", group=12, error=1),
    ),
    (
        "qemu-container-failed",
        "kvm: -device vfio-pci,host=03:00.0: vfio error: 0000:03:00.0: failed to setup container for group 12",
        names("0000:03:00.0", group=12),
    ),
    (
        "qemu-container-failed",
        "qemu-kvm: -device vfio-pci,host=03:00.0: vfio: memory listener initialization failed for container",
        names(),
    ),
    ("qemu-map-failed", "qemu-kvm: VFIO_MAP_DMA: -12", names(error=12)),
    ("proxmox-not-bound", "TASK ERROR: Cannot bind 0000:03:00.0 to vfio", names("0000:03:00.0")),
    (
        "proxmox-not-bound",
        "error writing '0000:03:00.0' to '/sys/bus/pci/drivers/vfio-pci/bind': Invalid argument",
        names("0000:03:00.0", error=22),
    ),
    (
        "proxmox-reset-refused",
        "TASK ERROR: can't reset PCI device '0000:03:00.0'",
        names("0000:03:00.0"),
    ),
    (
        "proxmox-not-reset",
        "error writing '1' to '/sys/bus/pci/devices/0000:03:00.0/reset': Inappropriate ioctl for device",
        names("0000:03:00.0", error=25),
    ),
]
