"""``rmrr=`` from the DMA faults of a log: the lines, their pages, what is left out."""

import pytest

from dmaragent.addresses import SBDF
from dmaragent.boot_option.fault_pages import regions_of
from dmaragent.boot_option.from_faults import option_of_faults
from dmaragent.boot_option.model import FaultOption, OptionHost
from dmaragent.collect.collect import collect
from dmaragent.collect.open_host import open_host
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.linux.dma_faults import Fault
from dmaragent.messages.faults import read_faults
from dmaragent.releases import Release
from support.machines import MACHINES
from support.rmrr_hosts import option_host
from support.tables import rmrr, scope
from support.wording import Worded

A, B = SBDF.parse("00:1a.0"), SBDF.parse("00:1d.0")


@pytest.mark.parametrize(
    ("line", "device", "address", "by_xen"),
    [
        (
            "DMAR:[DMA Write] Request device [00:02.0] fault addr 6df084000 ",
            "00:02.0",
            0x6DF084000,
            0,
        ),
        (
            (
                "[    1.2] DMAR: [DMA Write] Request device [00:1d.0] fault addr bdf3e000 "
                "[fault reason 05] PTE Write access is not set"
            ),
            "00:1d.0",
            0xBDF3E000,
            0,
        ),
        (
            (
                "DMAR: [DMA Read] Request device [00:12.0] PASID ffffffff fault addr 0 "
                "[fault reason 06]"
            ),
            "00:12.0",
            0,
            0,
        ),
        (
            (
                "DMAR: [DMA Write NO_PASID] Request device [00:1d.0] fault addr 0xbdf3e010 "
                "[fault reason 0x05] PTE Write access is not set"
            ),
            "00:1d.0",
            0xBDF3E010,
            0,
        ),
        (
            "DMAR: [DMA Read NO_PASID] Request device [0x00:0x1d.0] fault addr 0xbdf3e000",
            "00:1d.0",
            0xBDF3E000,
            0,
        ),
        (
            "(XEN) [VT-D]DMAR:[DMA Write] Request device [0000:00:1d.0] fault addr bdf3e000",
            "00:1d.0",
            0xBDF3E000,
            1,
        ),
        (
            (
                "[VT-D]DMAR:[DMA Write] Request device [0001:04:00.4] fault addr bdf80000, "
                "iommu reg = ffff82c000201000"
            ),
            "0001:04:00.4",
            0xBDF80000,
            1,
        ),
    ],
)
def test_a_fault_is_read(line: str, device: str, address: int, by_xen: int) -> None:
    (found,) = read_faults(f"before\n{line}\nafter")

    assert (found.device, found.address) == (SBDF.parse(device), address)
    assert found.by_xen is bool(by_xen)


@pytest.mark.parametrize(
    "line",
    [
        "DMAR: [INTR-REMAP] Request device [00:1d.0] fault index 1f",
        "DMAR: [DMA Write] Request device [zz] fault addr bdf3e000",
        "DMAR: [DMA Write] Request device [00:3d.0] fault addr bdf3e000",
        "DMAR: [DMA Write] Request device [00:1d.0] fault addr",
        "DMAR: [DMA Write] Request device [00:1d.0] fault addr 11111111111111111",
    ],
)
def test_what_is_no_dma_fault_is_passed_over(line: str) -> None:
    assert list(read_faults(line)) == []


def _fault(device: SBDF, address: int, *, by_xen: bool = True) -> Fault:
    return Fault(device=device, address=address, by_xen=by_xen)


def test_pages_in_a_row_of_the_same_devices_are_one_region() -> None:
    faults = [
        _fault(A, 0x2FF0),
        _fault(A, 0x1000),
        _fault(A, 0x1800),
        _fault(B, 0x3000),
        _fault(A, 0x5000),
        _fault(B, 0x6000),
        _fault(A, 0x6000),
    ]

    assert [(str(one), one.devices) for one in regions_of(faults)] == [
        ("0x1000-0x2fff", (A,)),
        ("0x3000-0x3fff", (B,)),
        ("0x5000-0x5fff", (A,)),
        ("0x6000-0x6fff", (A, B)),
    ]


def _option(*faults: Fault) -> FaultOption:
    host = join(collect(open_host(str(MACHINES / "xen-pv-dom0")).reader))
    on = OptionHost(inventory=take_inventory(host, Release(4, 17)), release=Release(4, 17))
    return option_of_faults(on, faults)


def test_a_fault_in_a_region_of_the_device_is_no_reason_for_an_option(worded: Worded) -> None:
    found = _option(_fault(A, 0x3C000000), _fault(A, 0x3C0FFFFF), _fault(A, 0xB0000000))

    worded(found.faults.given, "0000:00:1a.0", "region 1", "0x3c000000-0x3c0fffff")
    assert [one.text for one in found.option.ranges] == ["0xb0000=00:1a.0"]


def test_on_intel_a_fault_beside_a_region_in_the_same_page_is_not_in_it() -> None:
    host = option_host(rmrr(0xB0000000, 0xB00007FF, scope(1, 0, (0x1A, 0))))
    on = OptionHost(inventory=take_inventory(host, Release(4, 17)), release=Release(4, 17))

    given = [
        bool(option_of_faults(on, [_fault(A, address)]).faults.given)
        for address in (0xB0000000, 0xB00007FF, 0xB0000800)
    ]
    assert given == [True, True, False]


def test_a_fault_in_the_region_of_another_device_is_refused_with_its_name(worded: Worded) -> None:
    (refused,) = _option(_fault(B, 0x3C000000)).option.refused

    worded(refused.reason, "region 1")


def test_ram_is_not_offered(worded: Worded) -> None:
    found = _option(_fault(B, 0x1000000))

    assert (found.faults.by_xen, found.faults.by_linux, found.option.ranges) == (1, 0, ())
    worded(found.faults.dropped[0], "0x900000-0x60151fff")


@pytest.mark.parametrize(
    ("options", "taken"),
    [
        ("", False),
        ("iommu=pt", True),
        ("iommu=soft,pt", True),
        ("iommu=pt,force", True),
        ("iommu=pt iommu=nopt", False),
        ("iommu.passthrough=1", True),
        ("iommu.passthrough=0", False),
        ("intel_iommu=on", False),
    ],
)
def test_linuxs_faults_count_only_in_passthrough_mode(options: str, taken: bool) -> None:  # noqa: FBT001 - a case
    host = join(collect(open_host(str(MACHINES / "xen-pv-dom0")).reader))
    host = host._replace(system=host.system._replace(options=tuple(options.split())))
    on = OptionHost(inventory=take_inventory(host, Release(4, 17)), release=Release(4, 17))

    found = option_of_faults(on, [_fault(A, 0xB0000000, by_xen=False)])

    assert bool(found.option.written) is taken
    assert any("iommu=pt" in one for one in found.faults.dropped) is not taken


@pytest.mark.parametrize(
    "address",
    [
        0,
        0xFFF,
        0xFEE00000,
        0xFEEFFFFC,
        1 << 52,
    ],
)
def test_what_is_no_memory_is_dropped(address: int, worded: Worded) -> None:
    found = _option(_fault(A, address))

    worded(found.faults.dropped[0])
    assert (found.option.written, found.option.refused) == ((), ())
