"""The lines of the kernel's log that the collector keeps.  Pure."""

import re

_KEPT = re.compile(
    rb"BIOS-e820: |ACPI: (?:DMAR|RMAD|XMAR|IVRS)\b|\bDMAR\b|\bdmar\d*:|DMAR-IR:|AMD-Vi:|"
    rb"\bIOMMU\b|Booting paravirtualized kernel|Hypervisor detected"
)


def boot_lines(log: bytes) -> bytes:
    """Return the lines of `log` about the memory map, the IOMMU and the hypervisor."""
    return b"".join(line for line in log.splitlines(keepends=True) if _KEPT.search(line))
