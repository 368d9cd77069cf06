"""Faults of AMD's IOMMU, of ESXi, FreeBSD and Xen's debug builds, tied to a host."""

import pytest

from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import Inventory, take_inventory
from dmaragent.messages import recogniser
from dmaragent.messages.faults import read_faults
from dmaragent.messages.host_match import HostMatch
from dmaragent.messages.relate import relate_all
from dmaragent.present.words.messages import here_words
from support import tables
from support.hosts import Function, fake_host
from support.ivmd_hosts import amd_host, with_xen
from support.ivrs_hosts import qemu
from support.rmrr_hosts import on_host
from support.wording import Worded

DEVICE = "0000:0a:00.0"
BASE = 0x7DF83000
AMD = f"nvme {DEVICE}: AMD-Vi: Event logged [IO_PAGE_FAULT domain=0x000d address={BASE:#x} flags=0x0070]"


def intel() -> Inventory:
    """Make a host whose table has one region of one device."""
    table = tables.table(
        tables.drhd(0xFED90000, flags=1),
        tables.rmrr(BASE, BASE + 0x1FFF, tables.scope(1, 0xA, (0, 0))),
    )
    host = fake_host([Function(sbdf=DEVICE, driver="hpsa")], {"DMAR": table})
    return take_inventory(join(collect(host)))


def amd() -> Inventory:
    """Make a host without a DMAR table."""
    return take_inventory(join(collect(fake_host([Function(sbdf=DEVICE)], {}))))


def only(text: str, inventory: Inventory) -> HostMatch:
    (match,) = relate_all(recogniser().recognise(text), inventory).matches
    return match


@pytest.mark.parametrize(
    "line",
    [
        f"PCI passthru device {DEVICE} caused an IOMMU fault type 5 at address {BASE:#x}.",
        f"@BlueScreen: IOMMU Fault detected for {DEVICE} (vmgfx0/x) IOaddr: {BASE:#x} Mask: 0x6",
        f"DMAR0: hpsa0: pci10:0:0 sid a00 fault acc 1 adt 0x0 reason 0x6 addr {BASE:x}",
        f"(XEN) [VT-D]iommu.c:837: DMAR:[DMA Read] Request device [0a:00.0] fault addr {BASE:x}, iommu reg = ffff",
    ],
    ids=["esxi", "esxi-screen", "freebsd", "xen-debug"],
)
def test_a_fault_of_another_system_is_tied_to_device_and_region(line: str) -> None:
    each = only(line, intel())

    assert [str(one.sbdf) for one in each.devices] == [DEVICE]
    assert [one.number for one in each.spans[0].regions] == [1]
    assert each.fits is True
    assert each.commands == (f"dmaragent explain {DEVICE}",)
    assert not each.translated


def test_an_address_of_esxi_in_no_region_is_not_taken_for_a_forgotten_region() -> None:
    line = f"PCI passthru device {DEVICE} caused an IOMMU fault type 5 at address 0xe0041000."

    each = only(line, intel())

    assert each.forgotten is None
    assert each.commands == (f"dmaragent explain {DEVICE}",)


VTD_FAULT = "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:1d.0] fault addr {:x}"
AMD_FAULT = "(XEN) AMD-Vi: IO_PAGE_FAULT: 0000:00:1d.0 d0 addr {:016x} flags 0x20"


@pytest.mark.parametrize("vendor", ["VT-d", "AMD-Vi"])
@pytest.mark.parametrize(
    ("address", "covered"),
    [(0x91FFFFFF, False), (0x92000000, True), (0x92001FFF, True), (0x92002000, False)],
)
def test_a_page_that_an_option_of_xen_reserves_is_not_forgotten(
    vendor: str,
    address: int,
    covered: bool,  # noqa: FBT001 - a case
) -> None:
    """The table has no region; the option has the two pages from 0x92000000, reserved memory."""
    if vendor == "VT-d":
        line, inventory = VTD_FAULT, on_host(line="rmrr=0x92000-0x92001=00:1d.0").inventory
    else:
        host = with_xen(amd_host(qemu()), "ivmd=0x92000-0x92001=0:1d.0")
        line, inventory = AMD_FAULT, take_inventory(host)
    assert inventory.all_regions == ()

    each = only(line.format(address), inventory)

    assert (each.forgotten is None) is covered
    assert any("boot-option" in command for command in each.commands) is not covered


def test_a_page_that_is_mapped_twice_is_tied_to_the_region_of_its_addresses() -> None:
    page = BASE >> 12
    line = f"DMAR: ERROR: DMA PTE for vPFN {page:#x} already set (to {page:x}003 not {page:x}003)"

    each = only(line, intel())

    assert [one.number for one in each.spans[0].regions] == [1]
    assert each.spans[0].span.last == BASE + 0xFFF


@pytest.mark.parametrize(
    "line", [AMD, f"(XEN) AMD-Vi: IO_PAGE_FAULT: {DEVICE} d0 addr {BASE:016x} flags 0x8"]
)
def test_amds_fault_is_not_answered_from_intels_table(line: str) -> None:
    each = only(line, intel())

    assert [str(one.sbdf) for one in each.devices] == [DEVICE]
    assert each.other_iommu
    assert each.fits is False
    assert each.spans[0].regions == ()
    assert (each.forgotten, each.commands, each.translated) == (None, (), False)
    assert not any("region 1" in words for words in here_words(each, table_known=True))


@pytest.mark.parametrize(
    "line", [AMD, f"(XEN) AMD-Vi: IO_PAGE_FAULT: {DEVICE} d0 addr {BASE:016x} flags 0x8"]
)
def test_amds_fault_on_a_host_without_dmar_names_the_device(line: str) -> None:
    each = only(line, amd())

    assert not each.other_iommu
    assert each.devices[0].function is not None
    assert each.commands == (f"dmaragent explain {DEVICE}",)


def test_amds_faults_give_no_option_of_vt_d() -> None:
    assert list(read_faults(AMD)) == []


def test_xens_debug_fault_is_xens_with_its_reason(worded: Worded) -> None:
    log = (
        "(XEN) [VT-D]iommu.c:837: DMAR:[DMA Read] Request device [00:02.0] fault addr 6b080000, "
        "iommu reg = ffff82c00021d000\n(XEN) DMAR:[fault reason 06h] PTE Read access is not set\n"
    )
    (fault,) = read_faults(log)
    found = recogniser().recognise(log).found

    assert fault.by_xen
    worded(fault.reason, "06")
    assert [(one.message.id, one.names.reason) for one in found] == [
        ("xen-dma-fault", 6),
        ("xen-fault-reason", 6),
    ]


@pytest.mark.parametrize(
    ("below", "reason"),
    [
        ("DMAR:[fault reason 06] PTE Read access is not set", 6),
        ("dmar: DMAR:[fault reason 12] non-zero reserved fields in PTE", 12),
        ("(XEN) [VT-D]DMAR: reason 06 - PTE Read access is not set", 6),
        ("(XEN) DMAR:[fault reason 0ch] non-zero reserved fields", 12),
        ("DMAR:[DMA Read] Request device [00:1a.0] fault addr 1000", None),
        ("", None),
    ],
)
def test_the_reason_below_a_fault_is_the_faults(below: str, reason: int | None) -> None:
    line = "DMAR:[DMA Read] Request device [00:1d.0] fault addr bdf3e000"

    found = recogniser().recognise(f"{line}\n{below}\n").found

    assert {one.names.reason for one in found if one.names.spans == found[0].names.spans} == {
        reason
    }


def test_faults_of_a_device_are_one_message_whatever_the_lines_below_say() -> None:
    line = "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:0a:00.0] fault addr 7df83000\n"
    five = "(XEN) [VT-D]DMAR: reason 05 - PTE Write access is not set\n"
    six = "(XEN) [VT-D]DMAR: reason 06 - PTE Read access is not set\n"

    one = recogniser().recognise(line + five + line).found[0]
    two = recogniser().recognise(line + five + line + six).found[0]

    assert (one.count, one.names.reason) == (2, 5)
    assert (two.count, two.names.reason) == (2, None)
