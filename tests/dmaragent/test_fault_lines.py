"""One line of a DMA fault, three verbs: why, check and rmrr-option read it alike."""

import pytest

from dmaragent.addresses import SBDF
from dmaragent.boot_option.from_faults import option_of_faults
from dmaragent.boot_option.model import OptionHost
from dmaragent.checks.vtd import dma_faults as logged
from dmaragent.inventory import Inventory
from dmaragent.messages import recogniser
from dmaragent.messages.faults import read_faults
from dmaragent.messages.relate import relate_all
from support.checked_units import GOOD, NIC, host, told
from support.hosts import Function
from support.wording import Worded

REST = "fault addr bdf3e000 [fault reason 06] PTE Read access is not set"
LINES = {
    "two-lines": (
        (
            "dmar: DMAR:[DMA Read] Request device [00:1d.0] fault addr bdf3e000 \n"
            "DMAR:[fault reason 06] PTE Read access is not set"
        ),
        "00:1d.0",
    ),
    "one-line": (f"DMAR: [DMA Read] Request device [00:1d.0] {REST}", "00:1d.0"),
    "pasid-behind": (
        f"DMAR: [DMA Read] Request device [00:1d.0] PASID ffffffff {REST}",
        "00:1d.0",
    ),
    "no-pasid": (f"DMAR: [DMA Read NO_PASID] Request device [00:1d.0] {REST}", "00:1d.0"),
    "pasid": (f"DMAR: [DMA Read PASID 0x1] Request device [00:1d.0] {REST}", "00:1d.0"),
    "0x": (f"DMAR: [DMA Read NO_PASID] Request device [0x00:0x1d.0] {REST}", "00:1d.0"),
    "no-reason": (
        "DMAR: [DMA Read NO_PASID] Request device [0x00:0x1d.0] fault addr 0xbdf3e000",
        "00:1d.0",
    ),
    "uppercase": (
        "DMAR: [DMA Read NO_PASID] Request device [00:1D.0] fault addr 0xBDF3E000",
        "00:1d.0",
    ),
    "wide-segment": (f"DMAR: [DMA Read] Request device [10000:00:1d.0] {REST}", "10000:00:1d.0"),
    "colours": (f"\x1b[31mDMAR: [DMA Read] Request device\x1b[0m [00:1d.0] {REST}", "00:1d.0"),
    "two-blanks": (f"DMAR: [DMA Read]  Request device  [00:1d.0]  {REST}", "00:1d.0"),
    "split-at-a-word": (f"DMAR: [DMA Read] Request\ndevice [00:1d.0] {REST}", "00:1d.0"),
    "split-anywhere": (f"DMAR: [DMA Read] Requ\nest device [00:1d.0] {REST}", "00:1d.0"),
    "only-namesake": (f"DMAR: [DMA Read] Request device [05:00.0] {REST}", "0001:05:00.0"),
    "two-namesakes": (f"DMAR: [DMA Read] Request device [06:00.0] {REST}", "0000:06:00.0"),
    "segment-named": (f"DMAR: [DMA Read] Request device [0000:05:00.0] {REST}", "0000:05:00.0"),
    "xen": (
        (
            "(XEN) [VT-D]DMAR:[DMA Read] Request device [0000:00:1d.0] fault addr bdf3e000\n"
            "(XEN) [VT-D]DMAR: reason 06 - PTE Read access is not set"
        ),
        "00:1d.0",
    ),
    "xen-long-ago": (
        (
            "(XEN) [VT-D]DMAR:[DMA Read] Request device [0001:05:00.0] fault addr bdf3e000, "
            "iommu reg = ffff82c000203000"
        ),
        "0001:05:00.0",
    ),
}
OTHERS = (
    Function(sbdf="0001:05:00.0"),
    Function(sbdf="0001:06:00.0"),
    Function(sbdf="0002:06:00.0"),
)


def _host(log: str) -> Inventory:
    return host(GOOD, NIC, *OTHERS, log=log)


@pytest.mark.parametrize(("line", "device"), LINES.values(), ids=LINES)
def test_a_fault_is_read_alike_by_why_check_and_rmrr_option(
    line: str, device: str, worded: Worded
) -> None:
    expected = {(SBDF.parse(device), 0xBDF3E000)}
    inventory = _host(f"before\n{line}\nafter\n")

    by_why = {
        (one.sbdf, place.span.first)
        for match in relate_all(recogniser().recognise(line), inventory).matches
        for one in match.devices
        for place in match.spans
    }
    checked = told(inventory, logged.dma_fault)
    options = inventory.host.system._replace(options=("iommu=pt",))
    machine = inventory.host._replace(system=options)
    on = OptionHost(inventory=inventory._replace(host=machine), release=None)
    option = option_of_faults(on, read_faults(line)).option
    wanted = [*(one.wanted for one in option.written), *(one.wanted for one in option.refused)]

    assert by_why == expected
    assert [one.hit.device for one in checked] == [SBDF.parse(device)]
    worded(checked[0].hit.message, "0xbdf3e000")
    assert {(one, each.base) for each in wanted for one in each.devices} == expected


@pytest.mark.parametrize(
    "line",
    [
        "DMAR: [INTR-REMAP] Request device [00:1d.0] fault index 1f",
        "DMAR: [DMA Write] Request device [00:3d.0] fault addr bdf3e000",
        "DMAR: [DMA Write] Request device [00:1d.0] fault addr",
        "DMAR: [DMA Write] Request device [00:1d.0] fault addr 11111111111111111",
        "DMAR: [DMA Erase] Request device [00:1d.0] fault addr bdf3e000",
    ],
)
def test_what_is_none_is_none_to_all_three(line: str) -> None:
    inventory = _host(line)
    matches = relate_all(recogniser().recognise(line), inventory).matches

    assert [one for one in matches if one.spans and one.devices] == []
    assert told(inventory, logged.dma_fault) == []
    assert list(read_faults(line)) == []


@pytest.mark.parametrize("name", ["two-lines", "one-line", "no-pasid", "xen"])
def test_the_reason_is_read_from_its_line_or_the_next(name: str, worded: Worded) -> None:
    (found,) = read_faults(LINES[name][0])

    worded(found.reason, "06")
    assert not found.write


def test_the_reason_of_another_fault_is_not_taken() -> None:
    first, second = read_faults(
        "DMAR:[DMA Write] Request device [00:1d.0] fault addr 1000\n"
        f"DMAR: [DMA Read] Request device [00:1d.0] {REST}\n"
    )

    assert (first.reason, first.write) == ("", True)
    assert second.reason
