"""Linux with AMD-Vi: what the kernel maps 1:1 for each device, of IVMDs of all kinds.

The IVMDs are put into QEMU's own IVRS by the kernel's table override.  The prediction is made from
a bundle without iommu_groups, and held against the kernel's reserved_regions.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.inventory import Inventory
from support.ivrs_tables import block, ivmd
from vm.asking import CAPTURE, GROUPS, PRELUDE, inventory_without, taken_without
from vm.firmware import with_structures
from vm.machine import AMD, Boot, Booted
from vm.suites import Suite
from vm.truth import Truth


def device_id(name: str) -> int:
    """Return the requester ID of ``bb:dd.f``."""
    sbdf = SBDF.parse(name)
    return sbdf.bus << 8 | sbdf.device << 3 | sbdf.function


UHCI, EHCI, XHCI, SATA = "00:1a.0", "00:1d.0", "00:03.0", "00:1f.2"
NIC, NVME, ABSENT = "01:00.0", "02:00.0", "00:05.0"
AT = 0x3C000000
"""The first of the regions, which may be anywhere: Linux does not compare them with memory."""
IVMDS = (
    ivmd(AT, 0x2000, flags=7, device=device_id(UHCI)),
    ivmd(AT + 0x10000, 0x1000, flags=8, device=device_id(NIC)),
    ivmd(AT + 0x20000, 0x1000, flags=3, device=device_id(EHCI)),
    ivmd(
        AT + 0x30000,
        0x1000,
        flags=5,
        kind=0x22,
        device=device_id(NIC),
        auxiliary=device_id("01:00.7"),
    ),
    ivmd(AT + 0x40000, 0x1000, flags=8, kind=0x20),
    ivmd(AT + 0x50000, 0x1000, flags=0, device=device_id(UHCI)),
    ivmd(AT + 0x60000, 0x1000, flags=7, device=device_id(ABSENT)),
    ivmd(
        AT + 0x70000, 0x1000, flags=7, kind=0x22, device=device_id(NVME), auxiliary=device_id(NIC)
    ),
    ivmd(AT + 0x80800, 0x1000, flags=7, device=device_id(XHCI)),
    ivmd(AT + 0x90000, 0x1000, flags=7, device=device_id(SATA), reserved=b"\1" + bytes(7)),
    ivmd(AT + 0x2000, 0x1000, flags=7, device=device_id(UHCI)),
    block(0x51, bytes(28)),
)
"""Unity maps and exclusion ranges; without flags; of no device; of a range that ends before it
begins; not of whole pages; of segment 1; two that touch; of an unknown type."""
BOOT = Boot(
    name="amd",
    platform=AMD,
    mode="mini",
    files=CAPTURE,
    inside=f"""{PRELUDE}
cat /sys/firmware/acpi/tables/IVRS >ivrs
{GROUPS}
sh /share/capture.sh -o captured.tar.gz >capture.txt 2>&1 || fail "$(cat capture.txt)"
""",
)


@pytest.fixture(scope="module")
def machine(boot: Callable[[Boot], Booted], suite: Suite) -> Booted:
    """Boot it once."""
    return boot(with_structures(replace(BOOT, suite=suite), *IVMDS))


def test_the_kernel_took_the_table(machine: Booted) -> None:
    assert machine.read("ivrs") == with_structures(replace(BOOT, suite=machine.suite), *IVMDS).table


def test_every_devices_regions_are_the_kernels(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "AMD: the reserved regions of each device's IOMMU group",
        """Left, what dmaragent predicts from an IVRS with IVMD blocks of all kinds, on a bundle of
        capture.sh without iommu_groups. Right, the direct lines of
        /sys/kernel/iommu_groups/*/reserved_regions.""",
        "device",
    )
    predicted = taken_without(machine.out / "captured.tar.gz", "iommu_group")
    groups: dict[str, list[str]] = {}
    kernels: dict[str, set[str]] = {}
    for line in machine.text("reserved_regions").splitlines():
        group, device, first, last, kind = line.split()
        if device not in groups.setdefault(group, []):
            groups[group].append(device)
        if kind == "direct":
            kernels.setdefault(group, set()).add(f"{int(first, 16):#x}-{int(last, 16):#x}")
    assert len(groups) > 5
    for group, devices in groups.items():
        told = _merged(_ranges(predicted, devices))
        for device in devices:
            section.row(device, told, sorted(kernels.get(group, set())))
    section.hold()


def test_a_region_without_access_switches_the_iommu_off(
    boot: Callable[[Boot], Booted], suite: Suite, truth: Truth
) -> None:
    section = truth.section(
        "AMD: an IVMD that grants no access",
        """Left, whether dmaragent predicts that Linux uses the IOMMU. Right, whether Linux has IOMMU
        groups.""",
        "table",
    )
    without = ivmd(AT, 0x1000, flags=1, device=device_id(NIC))
    what = "a unity map for neither reading nor writing"
    for name, line, row in (("", "", what), ("-pt", "iommu=pt", f"{what}, with iommu=pt")):
        options = replace(BOOT, name=f"amd-no-access{name}", suite=suite, line=line)
        here = boot(with_structures(options, without))
        told = taken_without(here.out / "captured.tar.gz", "iommu_group")
        assert told.linux.ivrs is not None
        section.row(row, not told.linux.ivrs.error, bool(here.read("reserved_regions")))
    section.hold()


def test_the_bundle_has_no_difference_and_names_the_vendor(machine: Booted) -> None:
    told = inventory_without(machine.out / "captured.tar.gz", "nothing is hidden")

    assert told["table"]["signature"] == "IVRS"
    assert (told["absence"], told["differences"], told["linux"]["published"]) == (None, [], [])
    assert "AMD-Vi" in machine.text("dmesg")


def _ranges(inventory: Inventory, devices: Iterable[str]) -> list[AddressRange]:
    of = inventory.linux.ranges
    return sorted(place for device in devices for place in of.get(SBDF.parse(device), ()))


def _merged(ranges: Iterable[AddressRange]) -> list[str]:
    """Merge ranges that overlap or touch, as the kernel does (``iommu_insert_resv_region``)."""
    merged: list[AddressRange] = []
    for place in ranges:
        if merged and place.start <= merged[-1].end:
            merged[-1] = AddressRange(merged[-1].start, max(merged[-1].end, place.end))
        else:
            merged.append(place)
    return sorted(f"{place.start:#x}-{place.end - 1:#x}" for place in merged)
