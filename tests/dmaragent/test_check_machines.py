"""What is wrong with the recorded machines: written by hand from their facts, not from our output."""

import pytest

from dmaragent.checks import check
from dmaragent.commands.shared.hosts import take_host
from dmaragent.readings import Missing
from support.machines import MACHINES, NAMES

Expected = list[tuple[str, str, str]]
_NO_INCLUDE_ALL = ("no-include-all", "info", "segment 0x0")
"""QEMU's tables name every function of the root bus in their one unit instead."""
_RMRR_MACHINE: Expected = [
    _NO_INCLUDE_ALL,
    ("structure-order", "info", "RMRR 0x3c000000"),
    # origin.toml: a table put in by hand, in memory that the firmware has as RAM.
    ("rmrr-bridge", "warning", "0x3c140000-0x3c14ffff 0000:00:1e.0"),
    ("rmrr-devices-absent", "info", "0x3c130000-0x3c130fff"),  # 00:19.0
    ("rmrr-shared", "info", "0x3c110000-0x3c11ffff"),  # 01:00.0 and 00:1d.0
]
_RMRR_REGIONS = (
    "0x3c000000-0x3c0fffff",
    "0x3c100000-0x3c10ffff",
    "0x3c110000-0x3c11ffff",
    "0x3c120000-0x3c12ffff",
    "0x3c130000-0x3c130fff",
    "0x3c140000-0x3c14ffff",
)
_AM5 = ("0x9cf3e000-0x9cf3efff", "0x9a27b000-0x9a27cfff", "0x9a1c4000-0x9a1c4fff")
_WUJIE = tuple(
    f"{start}-{start}"
    for start in ("0x9618e000", "0x97d9d000", "0x97d9c000", "0x97b98000", "0x97b97000")
)
_TABLE_A: Expected = [
    # QEMU's IVinfo has no width of virtual addresses. So Xen ignores all blocks, also those that
    # would switch AMD-Vi off.
    ("ivrs-address-size-zero", "error", "IVinfo"),
    ("ivmd-flags-none", "warning", "0x3c050000-0x3c050fff"),
    ("ivmd-one-way", "warning", "0x3c020000-0x3c020fff"),  # flags 3
    ("ivmd-one-way", "warning", "0x3c030000-0x3c030fff"),  # flags 5
    ("ivmd-unaligned", "warning", "0x3c080800-0x3c0817ff"),
    ("ivmd-segment", "warning", "0x3c090000-0x3c090fff"),  # segment 1
    ("ivmd-range-inverted", "warning", "0x3c070000-0x3c070fff"),
    ("ivrs-unknown-block", "info", "type 0x51"),
    ("ivmd-absent-device", "info", "0x3c060000-0x3c060fff"),  # 00:05.0
]
_LISTED_BY_XEN: Expected = [
    ("ivmd-one-way", "warning", "0x90600000-0x90600fff"),  # flags 3: no write
    ("ivmd-range-wide", "warning", "0x90500000-0x90500fff"),  # all devices; Xen runs
    ("ivmd-length-tiny", "info", "0x90300000-0x90300000"),
    ("ivmd-absent-device", "info", "0x90a00000-0x90a00fff"),  # 01:00.5
    ("ivmd-second-exclusion", "info", "0x90300000-0x90300000"),
]
EXPECTED: dict[str, Expected] = {
    "asus-nuc14-satc": [],
    "dell-r820": [("rmrr-shared", "info", "0xbf458000-0xbf46ffff")],  # two EHCI controllers
    "hp-dl380e-gen8": [
        ("rmrr-below-1mib", "warning", "0xe8000-0xe8fff"),
        ("rmrr-below-1mib", "warning", "0xf4000-0xf4fff"),
        # A hole of the memory map; the other regions are reserved.
        ("rmrr-not-reserved", "warning", "0xe8000-0xe8fff"),
        # Seven regions name a slot that is empty (07:00.0) and the hidden 00:1f.5.
        ("rmrr-device-absent", "info", "0000:00:1f.5"),
        ("rmrr-device-absent", "info", "0000:07:00.0"),
        # Every region has two present devices or more.
        ("rmrr-shared", "info", "0x75f6f000-0x79f6efff"),
        ("rmrr-shared", "info", "0x79f6f000-0x7df6efff"),
        ("rmrr-shared", "info", "0x7df6f000-0x7df7efff"),
        ("rmrr-shared", "info", "0x7df7f000-0x7df82fff"),
        ("rmrr-shared", "info", "0x7df83000-0x7df84fff"),
        ("rmrr-shared", "info", "0x7dff6000-0x7dffcfff"),
        ("rmrr-shared", "info", "0x7dffd000-0x7dffffff"),
        ("rmrr-shared", "info", "0xe8000-0xe8fff"),
        ("rmrr-shared", "info", "0xf4000-0xf4fff"),
    ],
    "lenovo-laptop": [],
    # An exclusion range of all devices: Linux 6.6 and later lets VFIO have none of them.
    "qemu-amd-bookworm": [*_TABLE_A, ("ivmd-range-wide", "warning", "0x3c040000-0x3c040fff")],
    "qemu-amd-own-table": [("ivrs-address-size-zero", "info", "IVinfo")],  # 0x2800, and no IVMD
    "qemu-amd-trixie": [*_TABLE_A, ("ivmd-range-wide", "error", "0x3c040000-0x3c040fff")],
    "qemu-q35-ovmf": [_NO_INCLUDE_ALL],
    # The release of Xen is not known, so it counts as one that switches VT-d off.
    "qemu-q35-rmrr": [
        *_RMRR_MACHINE,
        *(("rmrr-in-ram", "critical", place) for place in _RMRR_REGIONS),
    ],
    "qemu-q35-seabios": [_NO_INCLUDE_ALL],
    "synthetic-limit-below-base": [("rmrr-limit-below-base", "critical", "0x7b810000-0x7b800fff")],
    "synthetic-odd-scopes": [
        ("andd-unused", "warning", "ANDD 1"),  # named in an RMRR alone
        ("rmrr-bridge", "warning", "0x7b800000-0x7b80ffff 0000:00:1c.0"),
        ("rmrr-limit-page-aligned", "warning", "0x7b830000-0x7b83f000"),
        ("rmrr-scope-empty", "error", "0x7b820000-0x7b82ffff"),
        ("rmrr-scope-twice", "warning", "0x7b830000-0x7b83f000 0000:00:1d.0"),
        ("rmrr-scope-uncounted", "error", "0x7b810000-0x7b81ffff"),
    ],
    "synthetic-overlap": [
        ("rmrr-overlap", "critical", "0x7b800000-0x7b80ffff 0x7b808000-0x7b817fff")
    ],
    "synthetic-segment-1-above-4g": [],
    "xen-amd-bookworm": _LISTED_BY_XEN,
    "xen-amd-trixie": _LISTED_BY_XEN,
    # 4.17.7 lists all of the table's regions: it only warned of the RAM they are in.
    "xen-pv-dom0": [
        *_RMRR_MACHINE,
        ("renamed-by-xen", "info", "RMAD"),
        *(("rmrr-in-ram", "warning", place) for place in _RMRR_REGIONS),
    ],
    # The host bridge and the IOMMU are in the ranges and in no IVHD. Only the first exclusion range
    # is in the IOMMU's registers.
    "synthetic-am5-desktop": [
        *(("ivmd-range-wide", "error", place) for place in _AM5),
        *(("ivmd-no-iommu", "warning", place) for place in _AM5),
        *(("ivmd-second-exclusion", "info", place) for place in _AM5[1:]),
        ("ivmd-many-entries", "error", "entries"),
    ],
    "synthetic-epyc-segments": [("ivmd-segment", "warning", "0x9e200000-0x9e20ffff")],
    "synthetic-ivmd-acpi-device": [("ivmd-absent-device", "info", "0x9b000000-0x9b0fffff")],
    "synthetic-ivmd-at-zero": [
        ("ivmd-at-zero", "critical", "0x0-0x0"),  # page 0 is RAM
        ("ivmd-length-tiny", "info", "0x0-0x0"),
        ("ivmd-absent-device", "info", "0x9b000000-0x9b0fffff"),  # 00:0c.0
    ],
    "synthetic-ivmd-duplicates": [],  # equal maps are accepted, ranges that touch are joined
    "synthetic-ivmd-flags-zero": [("ivmd-flags-none", "critical", "0x9b000000-0x9b001fff")],
    "synthetic-ivmd-overlap": [("ivmd-overlap", "critical", "0x9b008000-0x9b017fff")],
    "synthetic-thinkpad-l14-gen3": [
        ("ivmd-in-nvs", "warning", "0xc9f42000-0xc9f67fff"),
        ("ivrs-unknown-block", "info", "type 0x51"),
    ],
    "synthetic-wujie14xa": [
        *(("ivmd-range-wide", "error", place) for place in _WUJIE),
        *(("ivmd-no-iommu", "warning", place) for place in _WUJIE),
        *(("ivmd-length-tiny", "info", place) for place in _WUJIE),
        *(("ivmd-second-exclusion", "info", place) for place in _WUJIE[1:]),
        ("ivmd-many-entries", "error", "entries"),
    ],
}
"""By machine: rule id, severity, subject.  Machines without a table are not here."""


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_machine_has_the_findings_that_its_facts_give(name: str) -> None:
    _, inventory = take_host(str(MACHINES / name))
    if isinstance(inventory.iommu, Missing):
        assert name not in EXPECTED
        return

    found = [
        (one.rule.id, one.severity.value, one.hit.subject) for one in check(inventory).findings
    ]
    assert sorted(found) == sorted(EXPECTED[name])
