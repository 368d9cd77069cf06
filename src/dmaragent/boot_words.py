"""The words of a boot command line that matter here; no other is kept of any host.

Pure.  What an answer shows of a command line, and what a bundle holds of it, are the same
words: so leaving the others out of a bundle changes no answer.
"""

LINUX_WORDS = (
    "intel_iommu", "amd_iommu", "iommu", "iommu.passthrough", "iommu.strict", "vfio-pci.ids",
    "pcie_acs_override", "pci", "xen-pciback.hide", "pciback.hide", "pci-stub.ids", "acpi",
    "intremap", "memmap", "vfio_iommu_type1.allow_unsafe_interrupts",
)  # fmt: skip
"""The kernel's options about reserved memory and passthrough."""
XEN_WORDS = (
    "rmrr", "iommu", "dom0-iommu", "iommu_inclusive_mapping", "iommu_dev_iotlb_timeout", "ats",
    "pci", "pci-phantom", "mmcfg", "msi", "acpi", "apic", "x2apic", "x2apic_phys", "dom0",
    "dom0_mem", "hvm_debug", "e820-mtrr-clip", "e820-verbose", "loglvl", "guest_loglvl",
)  # fmt: skip
"""Xen's: docs/misc/xen-command-line.pandoc.  The log levels say which messages may be missing."""


def _normal(word: str) -> str:
    """Give the option's name; Linux and Xen take - for _ in most names."""
    return word.partition("=")[0].replace("_", "-")


_LINUX = frozenset(map(_normal, LINUX_WORDS))
_XEN = frozenset(map(_normal, XEN_WORDS)) | {f"no-{_normal(word)}" for word in XEN_WORDS}


def linux_words(line: str) -> tuple[str, ...]:
    """Give the words of a kernel's command line that matter, as they were given."""
    return tuple(word for word in line.split() if _normal(word) in _LINUX)


def xen_words(line: str) -> tuple[str, ...]:
    """Give the words of Xen's command line that matter, as they were given."""
    return tuple(word for word in line.split() if _normal(word) in _XEN)
