"""Lines of Xen and xl about a guest's memory and about units that hang, and what each names."""

from dmaragent.messages.model import Names
from support.message_names import names

LINES: list[tuple[str, str, Names]] = [
    (
        "xen-guest-page-taken",
        "(XEN) d5: GFN 0xad800 (0xad800,5,7) -> (0x23f400,0,7) not permitted",
        names("", (0xAD800000, 0xAD800FFF), domain=5),
    ),
    (
        "xen-guest-page-taken",
        "(XEN) [2024-03-01 10:00:00] d5: GFN 0xf3000 (0xad800,0,5,7) -> (0xdf200,9,5,7) not permitted",
        names("", (0xF3000000, 0xF3000FFF), domain=5),
    ),
    (
        "xen-guest-bar-not-mapped",
        "(XEN) memory_map:fail: dom5 gfn=f3000 mfn=df200 nr=20 ret:-1",
        names("", (0xF3000000, 0xF3000FFF), domain=5, error=1),
    ),
    (
        "xen-guest-bar-not-mapped",
        "(XEN) memory_map:fail: d5 gfn=f3000 mfn=df200 nr=20 ret:-1",
        names("", (0xF3000000, 0xF3000FFF), domain=5, error=1),
    ),
    (
        "xen-guest-bar-mapped",
        "(XEN) memory_map:add: dom5 gfn=f3000 mfn=df200 nr=20",
        names("", (0xF3000000, 0xF3000FFF), domain=5),
    ),
    (
        "xen-guest-interrupt-refused",
        "(XEN) Cannot bind IRQ19 to dom5. In use by 'ehci_hcd'.",
        names(domain=5),
    ),
    (
        "xen-guest-interrupt-refused",
        "(XEN) [VT-D]d5: no upstream bridge for 0000:06:00.0",
        names("06:00.0", domain=5),
    ),
    (
        "xen-guest-without-iommu",
        "(XEN) common/domain.c:335: IOMMU is not enabled",
        names(),
    ),
    (
        "xen-pvh-dom0-not-mapped",
        "(XEN) Failed to identity map [0xad800,0xad900) for d0: -16",
        names(domain=0, error=16),
    ),
    (
        "xen-pvh-dom0-not-mapped",
        "(XEN) Failed to unmap [f3000 f301f] -> [df200 df220] for d0: -16",
        names(domain=0, error=16),
    ),
    (
        "xen-unit-slow",
        "(XEN) [VT-D] IOMMU#1: QI dev wait descriptor taking too long",
        names(),
    ),
    ("xen-unit-slow", "(XEN) [VT-D] IOMMU#1: QI wait descriptor took 1200ms", names()),
    (
        "xen-unit-slow",
        "(XEN) [VT-D] IOMMU#0: write buffer flush took 1100ms",
        names(word="write buffer"),
    ),
    (
        "xen-iommu-option-unreadable",
        '(XEN) parameter "iommu" has invalid value "froce,verbose", rc=-22!',
        names(error=22, word="froce,verbose"),
    ),
    (
        "xen-iommu-option-unreadable",
        '(XEN) parameter "dom0-iommu" has invalid value "map_reserved", rc=-22!',
        names(error=22, word="map_reserved"),
    ),
    (
        "xen-context-conflict",
        "(XEN) [VT-D]d0: 0000:06:00.0 owned by d[XEN]!",
        names("06:00.0", domain=0),
    ),
    (
        "xen-region-not-mapped",
        "(XEN) [VT-D]d[XEN]: RMRR mapping failed",
        names(domain=0x7FF2),
    ),
    (
        "libxl-host-map-failed",
        (
            "libxl: error: libxl_x86.c:530:libxl__arch_domain_create: Domain 5:Failed while collecting "
            "E820 with: -3 (errno:14)"
        ),
        names(error=14, result=-3),
    ),
    (
        "xl-option-unreadable",
        "ERROR: unknown passthrough option 'on'",
        names(word="on"),
    ),
    (
        "xen-pvh-dom0-not-mapped",
        "(XEN) 0000:00:1f.5: not mapping BAR [fe010, fe010] invalid position",
        names("00:1f.5"),
    ),
    (
        "xen-pvh-dom0-not-mapped",
        "(XEN) arch/x86/pci.c:113:d0v0 0000:00:1f.5: BAR at [fe010, fe010] not in memory map hole",
        names("00:1f.5"),
    ),
    ("xen-memory-map-full", "(XEN) Ooops! Too many entries in the memory map!", names()),
    (
        "xen-memory-map-full",
        "(XEN) [    0.1] Ooops! Too many entries in the memory map!",
        names(),
    ),
    (
        "xen-memory-map-full",
        "(XEN) E820: overflow while adding region 7dffd000-7e000000",
        names("", (0x7DFFD000, 0x7DFFFFFF)),
    ),
    (
        "xen-memory-map-full",
        "(XEN) Overflow in e820 while reserving region 7dffd000-7e000000",
        names("", (0x7DFFD000, 0x7DFFFFFF)),
    ),
]
