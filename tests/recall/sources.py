"""Which programs, releases and files the measurement reads, and what of them is on its paths.

The paths are those of reserved regions (RMRR, RDM), of an IOMMU that is refused, of DMA faults,
of VFIO, and of a device that is assigned, detached or reset.
"""

import re
from dataclasses import dataclass

XEN_TAG = re.compile(r"RELEASE-4\.(?:[6-9]|1\d|2[0-2])\.\d+")
"""The release tags of Xen: 4.6.0, where reserved device memory begins, to 4.22."""
DEBIAN = {"bullseye": "5.10", "bookworm": "6.1", "trixie": "6.12", "sid": "7.2"}
"""Debian's suites, and the kernel of each one's linux-source."""
ALL = ".*"


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a source tree, and which of its functions count."""

    path: str
    inside: str = ALL
    """The functions on the paths, a regular expression; what others print is not counted."""
    outside: str = ""
    """Functions that are not on the paths although `inside` matches them."""
    words: str = ALL
    """What a format string must have, where a file is about more than devices."""

    def counts(self, function: str, text: str) -> bool:
        """Return whether `text`, printed in `function`, is on the paths."""
        return (
            re.fullmatch(self.inside, function) is not None
            and not (self.outside and re.fullmatch(self.outside, function))
            and re.search(self.words, text, re.IGNORECASE) is not None
        )


_XEN = "xen/drivers/passthrough"
_X86 = "xen/arch/x86"
_DEVICE_WORDS = (
    r"rdm|reserved device|passthr|PoD enabled|with PoD|memory map|dtdev|assign|E820|mmio_hole"
    r"|iomem range|access to (?:irq|ioports)|_gsi|pci shutdown"
)
_XL_WORDS = (
    r"malformed|allocation failure|PCI(?: BDF|_SPEC)|passthrough option|passthru\"|mmio_hole\""
)

XEN = (
    Source(f"{_XEN}/vtd/dmar.c"),
    Source(f"{_XEN}/vtd/iommu.c", outside=r".*dump.*|print_.*"),
    Source(f"{_XEN}/vtd/dmar.h"),
    Source(f"{_XEN}/vtd/qinval.c", outside=r"print_.*"),
    Source(f"{_XEN}/vtd/utils.c", inside="disable_pmr"),
    Source(f"{_XEN}/vtd/quirks.c"),
    Source(
        f"{_XEN}/vtd/intremap.c",
        inside=r"enable_intremap|(?:intel_)?iommu_(?:enable_eim|supports_eim|enable_x2apic_IR)"
        r"|set_msi_source_id",
    ),
    Source(
        f"{_XEN}/pci.c",
        inside=r"pci_(?:add|remove)_device|(?:de)?assign_device|iommu_.*|pci_release_devices"
        r"|_?setup_.*|_scan_pci_devices|pt_pci_init|alloc_pdev|pci_size_mem_bar",
    ),
    Source(f"{_XEN}/iommu.c", outside=r".*dump.*"),
    *(
        Source(f"{_XEN}/amd/{file}", outside=r".*dump.*|get_iommu_features")
        for file in (
            "iommu_acpi.c",
            "iommu_cmd.c",
            "iommu_detect.c",
            "iommu_init.c",
            "iommu_intr.c",
            "iommu_map.c",
            "pci_amd_iommu.c",
        )
    ),
    Source(f"{_XEN}/x86/iommu.c"),
    Source(f"{_X86}/mm/p2m.c", inside=r".*identity.*"),
    Source(
        f"{_X86}/mm/p2m.c",
        inside=r"set_typed_p2m_entry|clear_mmio_p2m_entry|guest_physmap_add_entry|p2m_add_page",
        words=r"not permitted|p2m_set_entry|gfn_to_mfn|no mapping",
    ),
    Source(f"{_X86}/apic.c", inside="x2apic_bsp_setup", words=r"eim|IOMMU|remapping|firmware"),
    Source(f"{_X86}/domctl.c", words=r"pt_irq_\w+ failed|ioport_map"),
    Source(f"{_X86}/irq.c", inside="pirq_guest_bind"),
    *(
        Source(f"{_X86}/{file}", words=r"free pirq|create irq for msi|incorrect irq")
        for file in ("irq.c", "physdev.c")
    ),
    Source(f"{_X86}/msi.c", words=r"already in use on|mapped to MSI|MSI-X table page"),
    Source(f"{_X86}/hvm/dom0_build.c", words=r"identity (?:%s)?map "),
    Source(f"{_X86}/hvm/vmx/vmcs.c", words="VT-d"),
    Source(f"{_X86}/pv/dom0_build.c", inside="iommu_memory_setup"),
    Source("xen/drivers/vpci/header.c", inside="map_range", words=r"map \["),
    Source("xen/common/domain.c", inside="sanitise_domain_config", words="IOMMU"),
    Source("xen/common/domctl.c", words="memory_map"),
    Source("xen/common/kernel.c", inside="parse_params", words="invalid value"),
)
LIBXL = (
    *(
        Source(f"{folder}/{file}", words=words)
        for folder in ("tools/libxl", "tools/libs/light", "tools/libs/util", "tools/xl")
        for file, words in (
            ("libxl_pci.c", ALL),
            ("libxl_dm.c", _DEVICE_WORDS),
            ("libxl_x86.c", _DEVICE_WORDS),
            ("libxl_create.c", _DEVICE_WORDS),
            ("libxl_dom.c", _DEVICE_WORDS),
            ("libxl_domain.c", _DEVICE_WORDS),
            ("libxl.c", _DEVICE_WORDS),
            ("libxlu_pci.c", ALL),
            ("xl_cmdimpl.c", _XL_WORDS),
            ("xl_parse.c", _XL_WORDS),
            ("xl_pci.c", _XL_WORDS),
        )
    ),
    Source("tools/firmware/hvmloader/e820.c", inside="memory_map_setup"),
)
_VFIO = "drivers/vfio"
LINUX = (
    *(
        Source(
            f"drivers/iommu/{folder}dmar.c",
            outside=r"dmar_(?:hotplug|device_hotplug|get_dsm|alloc_pci).*|qi_flush.*",
        )
        for folder in ("", "intel/")
    ),
    Source(
        "drivers/iommu/intel/iommu.c",
        outside=r".*(?:sva|aux_|ioasid|pasid_alloc).*|__iommu_flush_.*|switch_to_super_page",
    ),
    Source(
        "drivers/iommu/intel/irq_remapping.c",
        inside=r"intel_(?:prepare|enable|cleanup)_irq_remapping|iommu_enable_irq_remapping",
    ),
    Source("drivers/iommu/iommu.c", outside=r"iommu_page_response"),
    *(Source(f"drivers/iommu/amd/{file}") for file in ("init.c", "iommu.c", "iommu_v2.c", "ppr.c")),
    Source("arch/x86/include/asm/iommu.h"),
    Source("drivers/iommu/iommufd/device.c"),
    Source("drivers/iommu/iommufd/main.c", outside="iommufd_object_.*"),
    Source(f"{_VFIO}/vfio.c", outside="vfio_init"),
    Source(f"{_VFIO}/vfio_main.c", outside="vfio_init|.*pm_runtime.*"),
    Source(f"{_VFIO}/group.c"),
    Source(f"{_VFIO}/vfio_iommu_type1.c", outside=".*dma_rw|vfio_iommu_type1_pin_pages"),
    *(
        Source(
            f"{_VFIO}/pci/{file}",
            outside="vfio_pci_fill_ids|vfio_pci_ioctl.*|vfio_pci_rw|vfio_pci_(?:core_)?disable",
        )
        for file in ("vfio_pci.c", "vfio_pci_core.c")
    ),
    Source("drivers/acpi/tables.c", inside=r"acpi_table_(?:upgrade|initrd.*)|acpi_.*override"),
    Source("security/lockdown/lockdown.c"),
)


@dataclass(frozen=True, slots=True)
class Binary:
    """The strings of one program of Debian's, and which of them are on the paths."""

    program: str
    package: str
    files: str
    """A pattern of paths within the unpacked package."""
    words: str
    """What a string must have."""
    not_words: str = r"(?!)"
    """What it must not have: options, traces, help."""


_HELP = r"^%d@|^(?:vfio|iommu\w*|ahci|vhost)_\w+ |^vhost|^-set|_ATTR failed|mapcache|does not support VFIO_U|^[a-z0-9_]+ .*=|^%s: .*igration|igration|isplay|dirty|DIRTY|virtio|VIRTIO|viommu|vIOMMU|CPR|cpr"
BINARIES = (
    Binary(
        "QEMU",
        "qemu-system-x86_*",
        "usr/bin/qemu-system-x86_64",
        r"iommu.?group|[Gg]roup %d|vfio bus driver|/dev/vfio|/dev/iommu|VFIO (?:group|container)"
        r"|VFIO_(?:UN)?MAP_DMA|IOMMU_IOAS_MAP|_dma_(?:un)?map\(|DMA mapping|in-use|ioas\b"
        r"|vfio: Cannot reset|hot reset|IOMMU models|IOMMU Type1|[Cc]aching-mode|iommufd=%d"
        r"|KVM VFIO device|stuck in D|VFIO_DEVICE_CDEV|iommu_group|set (?:group|iommu)"
        r"|vfio-dev",
        _HELP + r"|^Set |[Ss]pecify|on/off|^Use -device|spapr|SPAPR|uccessfully|^vfio device",
    ),
    Binary(
        "libvirt",
        "libvirt-l10n_*",
        "usr/share/locale/*/LC_MESSAGES/libvirt.mo",
        r"PCI dev|iommu_group|IOMMUFD|lacking ACS|passthrough of|VFIO PCI|legacy PCI pass"
        r"|VFIO device assignment|KVM device assignment|pci backend driver|Non-endpoint"
        r"|libxenlight failed to (?:attach|detach|re-attach) pci|create new domain"
        r"|no FLR|IOMMU.*kernel|SMMU|IORT|DMAR|IVRS|driver_override|stub driver|active device"
        r"|SR-IOV Virtual Functions only|doing bus reset|(?:re)?attach NVMe|^Device %.*already in use$|could not access %2|^Failed to (?:detach|re-attach) device %"
        r"|product/vendor ID",
        r"address|virtualport|ACPI index|hostdev was not|is not a PCI|in use by domain$|[Uu]sage"
        r"|network device|config space|VPD|function=0|SCSI|USB|vHBA|MDEV|mdev|is not supported with"
        r"|allocate new|ordinal|fwmark|vlan|name of|of type|^Checking|^if IOMMU|^list |^ROM|^Write|<hostdev>|XML|xml",
    ),
    Binary(
        "libxl",
        "libxenmisc4.*",
        "usr/lib/x86_64-linux-gnu/lib*.so*",
        r"\bRDM\b|\brdm\b|reserved device|pciback|quarantine|[Pp][Cc][Ii] device|assign_d"
        r"|passthrough (?:not|dis)|with PoD|VGA passthru|gfx_passthru_kind|iomem_permission"
        r"|ioport_permission|map_pirq|domain memory map|entries in the memory map",
        r"^Adding new|^c_info|^info->|USB|Write of",
    ),
    Binary(
        "DPDK",
        "librte-*",
        "usr/lib/x86_64-linux-gnu/librte_*.so*",
        r"VFIO|IOMMU|DMA remapping|for DMA|DMA window|vfio|[Ff]ailed to open group|IOVA (?:mode|as)",
        r"--|^VFIO interrupt|MSI|IRQ|mmap|region info|new DMA window|IOMMU info|received invalid|interrupt instance|IOVA mode'"
        r"|invalid vfio|DMA window size to|mp_sync|primary|requires",
    ),
)  # fmt: skip

ELSEWHERE = (
    (r"^Adding to iommu group|^%s %s: (?:.*)Adding to iommu group|Removing from iommu group",
     "one harmless line for each device at boot, which would hide other lines"),
    (r"%3d: %08x", "numbers of a dump, whose first line is recognised"),
    (r"Accessing %s|Checking if pciback",
     "a report of what libxl does, without a refusal"),
    (r"Masking broken INTx", "about interrupts of one device, without a refusal"),
    ((r"Couldn't open |realpath\(\) failed|Write of %s to node|^%s not ready"
     r"|^write to %s (?:returned|failed)|Name too long|Names may only include"),
     "an unusable file or value of dom0: the line is clear by itself"),
    (r"Invalid lockdown reason", "an error that no kernel can have"),
    (r"invalid vt-d flush type", "an error that no release of Xen can have"),
    (r"Could not mark config space", "without effect: dom0 could write the IOMMU's configuration"),
    (r"memory allocation failure", "xl ran out of memory: the line is clear by itself"),
    (r"^on dynamic reserved memory range", "the second half of a line whose first half is recognised"),
)  # fmt: skip
"""Why a format string on the paths is not recognised: what it has, and the reason."""
