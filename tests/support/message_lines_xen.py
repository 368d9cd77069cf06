"""Lines as the Xen hypervisor prints them: the message each is, and what it names."""

from dmaragent.messages.model import Names
from support.message_names import names

LINES: list[tuple[str, str, Names]] = [
    (
        "xen-shared-rmrr-refused",
        "(XEN) [VT-D] It's disallowed to assign 0000:00:1a.0 with shared RMRR at dbe9a000 for Dom19.",
        names("0000:00:1a.0", 0xDBE9A000, domain=19),
    ),
    (
        "xen-shared-rmrr-refused",
        "(XEN) [  297.542134] [VT-D] It's disallowed to assign 0000:08:00.0 with shared RMRR at 7ba77000 for d[IO].",
        names("0000:08:00.0", 0x7BA77000, domain=32753),
    ),
    (
        "xen-shared-rmrr-risky",
        "(XEN) [VT-D] It's risky to assign 0000:00:1d.0 with shared RMRR at db7d7000 for d10.",
        names("0000:00:1d.0", 0xDB7D7000, domain=10),
    ),
    (
        "xen-assign-failed",
        "(XEN) XEN_DOMCTL_assign_device: assign 0000:05:00.0 to dom10 failed (-1)",
        names("0000:05:00.0", domain=10, error=1),
    ),
    (
        "xen-assign-failed",
        "[2020-08-22 10:09:03] (XEN) [  297.542136] d[IO]: assign (0000:08:00.0) failed (-16)",
        names("0000:08:00.0", domain=32753, error=16),
    ),
    (
        "xen-identity-map-conflict",
        "(XEN) Cannot setup identity map d5:ad800, gfn already mapped to 23f400.",
        names("", (0xAD800000, 0xAD800FFF), domain=5),
    ),
    (
        "xen-dma-fault",
        "(XEN) [   37.201160] [VT-D]DMAR:[DMA Write] Request device [0000:04:00.4] fault addr bdf80000",
        names("0000:04:00.4", 0xBDF80000),
    ),
    (
        "xen-dma-fault",
        "(XEN) [VT-D]DMAR:[DMA Read] Request device [0001:04:00.4] fault addr bdf80000, iommu reg = ffff82c000203000",
        names("0001:04:00.4", 0xBDF80000),
    ),
    (
        "xen-fault-reason",
        "(XEN) [   37.201164] [VT-D]DMAR: reason 02 - Present bit in context entry is clear",
        names(reason=2),
    ),
    (  # 4.23-unstable
        "xen-fault-reason",
        "(XEN) [VT-D]DMAR: reason 05 - PTE Write access is not set on iommu:1",
        names(reason=5),
    ),
    ("xen-dmar-refused", "(XEN) Failed to parse ACPI DMAR.  Disabling VT-d.", names()),
    (
        "xen-overlapping-rmrrs",
        "(XEN) [VT-D]Overlapping RMRRs [7b000000,7f7fffff] and [7b800000,7f7fffff]",
        names("", (0x7B000000, 0x7F7FFFFF), (0x7B800000, 0x7F7FFFFF)),
    ),
    (
        "xen-rmrr-not-reserved",
        "(XEN) RMRR: [0x4d800000, 0x4ffff000] is not (entirely) in reserved memory",
        names("", (0x4D800000, 0x4FFFF000)),
    ),
    (
        "xen-rmrr-not-reserved",
        '(XEN) [VT-D]  RMRR address range e8000..e8fff not in reserved memory; need "iommu_inclusive_mapping=1"?',
        names("", (0xE8000, 0xE8FFF)),
    ),
    (
        "xen-rmrr-not-reserved",
        "(XEN) [VT-D]dmar.c:614:  RMRR address range not in reserved memory base = e8000 end = e8fff; iommu_inclusive_mapping=1 parameter may be needed.",
        names("", (0xE8000, 0xE8FFF)),
    ),
    (
        "xen-rmrr-in-ram",
        "(XEN) RMRR: page at 0x4d800 can't be converted (type 0x1)",
        names("", (0x4D800000, 0x4D800FFF)),
    ),
    (
        "xen-rmrr-in-ram",
        "(XEN) RMRR: page at 0x4d800 couldn't be reserved",
        names("", (0x4D800000, 0x4D800FFF)),
    ),
    (
        "xen-rmrr-ignored",
        "(XEN) [VT-D]d0  Ignore RMRR [e8000,e8fff] as no device under its scope is PCI discoverable!",
        names("", (0xE8000, 0xE8FFF)),
    ),
    (
        "xen-rmrr-ignored",
        "(XEN) [VT-D]dmar.c:676:   Ignore the RMRR (e8000, e8fff) due to devices under its scope are not PCI discoverable!",
        names("", (0xE8000, 0xE8FFF)),
    ),
    ("xen-rmrr-incorrect", "(XEN) RMRR [e8000,e7fff] is incorrect!", names("", (0xE8000, 0xE7FFF))),
    (
        "xen-rmrr-incorrect",
        "(XEN) [VT-D]dmar.c:684:   The RMRR (e8000, e7fff) is incorrect!",
        names("", (0xE8000, 0xE7FFF)),
    ),
    (
        "xen-scope-absent-device",
        " Non-existent device (0000:00:16.7) is reported in RMRR [e8000, e8fff]'s scope!",
        names("0000:00:16.7", (0xE8000, 0xE8FFF)),
    ),
    (
        "xen-scope-absent-device",
        " Non-existent device (0000:00:16.7) is reported in RMRR (e8000, e8fff)'s scope!",
        names("0000:00:16.7", (0xE8000, 0xE8FFF)),
    ),
    (
        "xen-scope-absent-device",
        "[VT-D] Non-existent device (0000:00:16.7) in this DRHD's scope!",
        names("0000:00:16.7"),
    ),
    (
        "xen-scope-absent-device",
        " Non-existent device (0000:00:16.7) is reported in this DRHD's scope!",
        names("0000:00:16.7"),
    ),
    (
        "xen-scope-absent-device",
        "(XEN) [VT-D] Non-existent device (0000:00:16.7) reported in RMRR (e8000, e8fff)'s scope!",
        names("0000:00:16.7", (0xE8000, 0xE8FFF)),
    ),
    (
        "xen-rmrr-ignored",
        "(XEN) [VT-D]  Ignore RMRR (e8000, e8fff) (some devices in its scope are not PCI discoverable)",
        names("", (0xE8000, 0xE8FFF)),
    ),
    (
        "xen-rmrr-incorrect",
        "(XEN) [VT-D]  RMRR (e8000, e7fff) is incorrect",
        names("", (0xE8000, 0xE7FFF)),
    ),
    (
        "xen-unit-invalid",
        "(XEN) [VT-D]  DRHD is invalid (some devices in its scope are not PCI discoverable)",
        names(),
    ),
    (
        "xen-unit-invalid",
        "(XEN) [VT-D]dmar.c:480:   The DRHD is invalid due to there are devices under its scope are not PCI discoverable! Pls try option iommu=force or iommu=workaround_bios_bug if you really want VT-d",
        names(),
    ),
    ("xen-scope-invalid", "(XEN) [VT-D]Invalid device scope", names()),
    ("xen-structure-length", "(XEN) [VT-D]Invalid ACPI DMAR entry length: 0x3", names()),
    ("xen-include-all-twice", "(XEN) [VT-D]Only one INCLUDE_ALL device scope is allowed", names()),
    ("xen-include-all-twice", "(XEN) [VT-D]Only one ALL_PORTS device scope is allowed", names()),
    ("xen-width-zero", "(XEN) [VT-D]Zero: Invalid DMAR width", names()),
    ("xen-width-zero", "(XEN) [VT-D]Zero: Invalid DMAR haw", names()),
    (
        "xen-option-overlap",
        "(XEN) [VT-D]Overlapping RMRRs: [e8-e9] and [e8-e8]",
        names("", (0xE8000, 0xE9FFF), (0xE8000, 0xE8FFF)),
    ),
    ("xen-option-range", "(XEN) [VT-D]Invalid RMRR Range [e9-e8]", names("", (0xE9000, 0xE8FFF))),
    (
        "xen-option-range",
        "(XEN) [VT-D]RMRR range [0-ffff] exceeds 16 pages",
        names("", (0x0, 0xFFFFFFF)),
    ),
    (
        "xen-option-range",
        "(XEN) [VT-D]Invalid pfn in RMRR range [e8-e9]",
        names("", (0xE8000, 0xE9FFF)),
    ),
    (
        "xen-option-range",
        "(XEN) [VT-D]Segments are not equal for RMRR range [e8-e9]",
        names("", (0xE8000, 0xE9FFF)),
    ),
    (
        "xen-option-range",
        "(XEN) [VT-D]Could not register RMMR range [e8-e9]",
        names("", (0xE8000, 0xE9FFF)),
    ),
    (
        "xen-option-unreadable",
        '(XEN) parameter "rmrr" has invalid value "0xe8000=0:1d.0", rc=-22!',
        names(error=22, word="0xe8000=0:1d.0"),
    ),
    ("xen-rmrr-listed", "(XEN) [VT-D]found ACPI_DMAR_RMRR:", names()),
    (
        "xen-rmrr-listed",
        "(XEN) [VT-D]dmar.c:615:  RMRR: [e8000,e8fff]",
        names("", (0xE8000, 0xE8FFF)),
    ),
    (
        "xen-rmrr-listed",
        "(XEN) [VT-D]dmar.c:698:   RMRR region: base_addr e8000 end_address e8fff",
        names("", (0xE8000, 0xE8FFF)),
    ),
    (
        "xen-interrupt-fault",
        "(XEN) [VT-D]INTR-REMAP: Request device [0000:f0:1f.0] fault index 0, iommu reg = ffff",
        names("f0:1f.0"),
    ),
    (
        "xen-deassign-failed",
        "(XEN) d[IO]: deassign (0000:00:01.0) failed (-3)",
        names("00:01.0", domain=32753, error=3),
    ),
    ("xen-fault-status", "(XEN) [VT-D]iommu.c:691: iommu_fault_status: Fault Overflow", names()),
    (
        "xen-fault-status",
        "(XEN) [VT-D]iommu.c:722: iommu_page_fault: iommu->reg = ffff828bfff54000",
        names(),
    ),
    ("xen-fault-status", "(XEN) [VT-D]iommu_fault_status: Primary Pending Fault", names()),
    ("xen-fault-status", "(XEN) [VT-D]iommu_fault_status: Advanced Fault Overflow", names()),
    ("xen-fault-status", "(XEN) [VT-D]iommu_fault_status: Advanced Pending Fault", names()),
    ("xen-fault-status", "(XEN) [VT-D]iommu_fault_status: Invalidation Queue Error", names()),
    ("xen-fault-status", "(XEN) [VT-D]iommu_fault_status: Invalidation Completion Error", names()),
    ("xen-fault-status", "(XEN) [VT-D]iommu_fault_status: Invalidation Time-out Error", names()),
]
