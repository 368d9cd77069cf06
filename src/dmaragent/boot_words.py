"""The words of a boot command line that matter here; no other is kept of any host.

Pure.  What an answer shows of a command line, and what a bundle holds of it, are the same
words: so leaving the others out of a bundle changes no answer.
"""

import re

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
    "ivmd", "ivrs_ioapic", "ivrs_hpet", "mem", "availmem", "crashkernel",
)  # fmt: skip
"""Xen's: docs/misc/xen-command-line.pandoc.  The log levels say which messages may be missing,
the last three which pages Xen has a frame for."""
XEN_REPORTS = 1023
"""Bytes of its command line: xen/include/public/version.h, ``xen_commandline_t``."""
_WORD = re.compile(r"[^\s]+\s?")


def _normal(word: str) -> str:
    """Give the option's name; Linux and Xen take - for _ in most names."""
    return word.partition("=")[0].partition("[")[0].replace("_", "-")


_LINUX = frozenset(map(_normal, LINUX_WORDS))
_XEN = frozenset(map(_normal, XEN_WORDS)) | {f"no-{_normal(word)}" for word in XEN_WORDS}


def linux_words(line: str) -> tuple[str, ...]:
    """Give the words of a kernel's command line that matter, as they were given."""
    return tuple(word for word in line.split() if _normal(word) in _LINUX)


def xen_words(line: str) -> tuple[str, ...]:
    """Return the words of Xen's command line that matter, as they were given.

    Spaces alone separate words for Xen.  A word with other white space ends with it here: what
    follows means nothing to Xen and may be private.  The last word is left out if Xen has cut it.
    """
    words = line.split(" ")
    if len(line.encode("utf-8", "surrogateescape")) >= XEN_REPORTS:
        words.pop()
    starts = (_WORD.match(word) for word in words)
    return tuple(start[0] for start in starts if start and _normal(start[0].strip()) in _XEN)
