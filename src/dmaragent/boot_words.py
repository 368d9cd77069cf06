"""The boot options that dmaragent keeps of a host: those about reserved memory and passthrough.

Pure.  Answers show the same words of a command line as a bundle contains.  So the words that a
bundle leaves out change no answer.
"""

import re
from collections.abc import Iterator
from enum import Enum

LINUX_WORDS = (
    "intel_iommu", "amd_iommu", "iommu", "iommu.passthrough", "iommu.strict", "vfio-pci.ids",
    "pcie_acs_override", "pci", "xen-pciback.hide", "pciback.hide", "pci-stub.ids", "acpi",
    "intremap", "nointremap", "memmap", "vfio_iommu_type1.allow_unsafe_interrupts",
    "noapic", "nolapic", "disableapic", "nosmp", "maxcpus", "vfio-pci.disable_denylist",
)  # fmt: skip
"""The kernel's options about reserved memory and passthrough."""
XEN_WORDS = (
    "rmrr", "iommu", "dom0-iommu", "iommu_inclusive_mapping", "iommu_dev_iotlb_timeout", "ats",
    "pci", "pci-phantom", "mmcfg", "msi", "acpi", "apic", "x2apic", "x2apic_phys", "dom0",
    "dom0_mem", "hvm_debug", "e820-mtrr-clip", "e820-verbose", "loglvl", "guest_loglvl",
    "ivmd", "ivrs_ioapic", "ivrs_hpet", "mem", "availmem", "crashkernel", "placeholder",
    "dbgp", "com1", "com2",
)  # fmt: skip
"""Xen's options: docs/misc/xen-command-line.pandoc.

The log levels show which messages may be missing.  ``mem``, ``availmem`` and ``crashkernel``
decide for which pages Xen has a frame.  GRUB's 20_linux_xen puts ``placeholder`` first.
"""
XEN_REPORTS = 1023
"""Bytes of its command line that Xen reports: xen/include/public/version.h, ``xen_commandline_t``."""
_KERNEL_WORD = re.compile(r'(?:[^ \t\n\v\f\r"]|"[^"]*(?:"|\Z))+')
_PRIVATE = re.compile(r'[\s"]')
_WORD = re.compile(r"[^\s]+\s?")


class LoaderMark(Enum):
    """What a word of the kernel's command line shows about the boot loader.

    The value is all that a bundle keeps of such a word: paths can have private names.
    """

    GRUB = "BOOT_IMAGE="
    """GRUB put the kernel's path first: grub-core/loader/i386/linux.c, ``LINUX_IMAGE``."""
    PROXMOX_BOOT_TOOL = "initrd=\\EFI\\proxmox\\"
    """systemd-boot started an entry of proxmox-boot-tool: pve-docs, system-booting.adoc."""
    KERNEL_INSTALL = "initrd=\\...\\...\\"
    """systemd-boot started an entry of kernel-install: TOKEN, kernel release, file."""


_MARKS = (
    (LoaderMark.GRUB, re.compile(r"BOOT_IMAGE=")),
    (LoaderMark.PROXMOX_BOOT_TOOL, re.compile(r"initrd=\\EFI\\proxmox\\")),
    (LoaderMark.KERNEL_INSTALL, re.compile(r"initrd=\\[^\\]+\\[^\\]+\\")),
)


def _normal(word: str) -> str:
    """Return the option's name; Linux and Xen accept - for _ in most names."""
    return word.partition("=")[0].partition("[")[0].replace("_", "-")


_LINUX = frozenset(map(_normal, LINUX_WORDS))
_XEN = frozenset(map(_normal, XEN_WORDS)) | {f"no-{_normal(word)}" for word in XEN_WORDS}


def linux_words(line: str) -> tuple[str, ...]:
    """Return the words of a kernel's command line that matter, without their quotes.

    Such a word ends at white space or a quote in its value: what follows may be private.
    """
    return tuple(_plain(word) for word in _kernel_words(line) if _normal(word) in _LINUX)


def linux_words_and_marks(line: str) -> tuple[str, ...]:
    """Return what a bundle keeps of a kernel's command line, in order."""
    words = ((word, _mark(word)) for word in _kernel_words(line))
    return tuple(
        _plain(word) if mark is None else mark.value
        for word, mark in words
        if mark is not None or _normal(word) in _LINUX
    )


def loader_mark(line: str) -> LoaderMark | None:
    """Return what a kernel's command line shows about the boot loader; None: nothing."""
    return next((mark for word in _kernel_words(line) if (mark := _mark(word)) is not None), None)


def _kernel_words(line: str) -> Iterator[str]:
    """Yield the kernel's options, without the quotes around an option or its value.

    Quotes protect white space, and nothing protects a quote (lib/cmdline.c, ``next_arg``). Words
    after -- are for init (kernel/params.c, ``parse_args``).
    """
    for match in _KERNEL_WORD.finditer(line):
        word = match[0]
        quoted = word.startswith('"')
        name, equals, value = word.removeprefix('"').partition("=")
        if value.startswith('"'):
            value = value[1:].removesuffix('"')
        elif quoted and equals:
            value = value.removesuffix('"')
        elif quoted:
            name = name.removesuffix('"')
        if name == "--" and not equals:
            return
        yield f"{name}{equals}{value}"


def _plain(word: str) -> str:
    """Return an option with the part of its value that can stand without quotes."""
    name, equals, value = word.partition("=")
    return f"{name}{equals}{_PRIVATE.split(value, maxsplit=1)[0]}"


def _mark(word: str) -> LoaderMark | None:
    return next((mark for mark, pattern in _MARKS if pattern.match(word)), None)


def xen_words(line: str) -> tuple[str, ...]:
    """Return the words of Xen's command line that matter, as they were given.

    Only spaces separate words for Xen.  A word with other white space ends there in the result:
    what follows means nothing to Xen and may be private.  If Xen cut the line, the last word is
    left out.
    """
    words = line.split(" ")
    if len(line.encode("utf-8", "surrogateescape")) >= XEN_REPORTS:
        words.pop()
    starts = (_WORD.match(word) for word in words)
    return tuple(start[0] for start in starts if start and _normal(start[0].strip()) in _XEN)
