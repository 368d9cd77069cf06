"""Messages about memory that need not be in a region, and lines that Linux prints on any host."""

import pytest

from dmaragent.inventory import Inventory
from dmaragent.messages import recogniser
from dmaragent.messages.faults import read_faults
from dmaragent.messages.host_match import HostMatch
from dmaragent.messages.relate import relate_all
from dmaragent.present.words.messages import here_words
from support.inventories import UNIT, XEN, inventory_of
from support.tables import rmrr, scope

REGION = rmrr(0xBDF3E000, 0xBDF5DFFF, scope(1, 0, (0x14, 0)))
"""The table's only region; no line below has an address in it."""


def match(text: str, inventory: Inventory) -> HostMatch:
    (found,) = relate_all(recogniser().recognise(text), inventory).matches
    return found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("(XEN) d3: IOMMU mapping dfn 0x12345 to mfn 0x99999 failed: -12", "xen-dma-not-mapped"),
        (
            "(XEN) d3: GFN 0xf2000 (0x1,0x2,0x3) -> (0x4,0x5,0x6) not permitted",
            "xen-guest-page-taken",
        ),
        ("(XEN) IOMMU identity mapping of [0xfed00, 0xfed0f] failed: -16", "xen-dom0-map-failed"),
        ("(XEN) Failed to identity map PFN fed00: -16", "xen-pvh-dom0-not-mapped"),
        (
            "libxl: error: failed to give dom5 access to iomem range 0xa0-0xbf for VGA passthru",
            "libxl-resource-refused",
        ),
        (
            "DMAR: ERROR: DMA PTE for vPFN 0xf1234 already set (to 111803 not 22803)",
            "linux-pte-taken",
        ),
        (
            "DMAR: ERROR: DMA PTE for vPFN 0xf1234 already set (to 111803 not 111801)",
            "linux-pte-set-twice",
        ),
        ("DMAR: ERROR: DMA PTE for vPFN 0xf1234 already set", "linux-pte-already-set"),
        (
            "iommu: unaligned: iova 0x1234 pa 0x5678 size 0x10 min_pagesz 0x1000",
            "linux-map-unaligned",
        ),
        ("DMAR: Setting identity map [0xfed00000 - 0xfed0ffff]", "linux-identity-map"),
        ("DMAR: Setting identity map [0x0 - 0xffffff]", "linux-isa-identity-map"),
    ],
)
def test_memory_in_no_region_does_not_show_that_another_host_printed_a_message(
    text: str, name: str
) -> None:
    found = match(text, inventory_of(UNIT, REGION, files=XEN if "XEN" in text else {}))

    assert found.recognised.message.id == name
    assert found.fits is None


def test_a_region_that_the_host_does_not_have_still_shows_it() -> None:
    inventory = inventory_of(UNIT, REGION)

    assert match("DMAR: RMRR base: 0x1000 end: 0x1fff", inventory).fits is False
    assert match("DMAR: RMRR base: 0xbdf3e000 end: 0xbdf5dfff", inventory).fits is True


def test_ram_that_was_added_is_no_region_of_the_firmware() -> None:
    found = match("DMAR: Failed to build identity map for [100000-107fff]", inventory_of(UNIT))

    assert found.recognised.message.id == "linux-added-ram-not-mapped"
    assert (found.spans, found.fits) == ((), None)


@pytest.mark.parametrize(
    "text",
    [
        "DMAR: IOMMU enabled",
        "iommu: Default domain type: Translated",
        "iommu: Default domain type: Passthrough (set via kernel command line)",
        "iommu: DMA domain TLB invalidation policy: lazy mode",
    ],
)
def test_a_line_of_every_boot_does_not_prove_that_linux_uses_the_iommu(text: str) -> None:
    (found,) = recogniser().recognise(text).found

    assert found.message.id == "linux-iommu-setting"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("AMD-Vi: Unknown option - 'foo'", "linux-amd-option-unknown"),
        ("DMAR: Unknown option - 'foo", "linux-option-unknown"),
    ],
)
def test_an_unknown_option_is_of_the_driver_that_prints_it(text: str, name: str) -> None:
    assert [found.message.id for found in recogniser().recognise(text).found] == [name]


def test_a_line_of_amds_without_its_last_quotation_mark_is_not_of_intels_option() -> None:
    found = recogniser().recognise("AMD-Vi: Unknown option - 'foo").found

    assert "linux-option-unknown" not in {each.message.id for each in found}


def test_a_write_is_one_in_a_line_that_was_retyped_too() -> None:
    text = "DMAR: [DMA Write NO_PASID] Request device [01:00.0] fault addr 0x1000 [fault reason 0x05] x"

    for line in (text, text.lower()):
        assert [fault.write for fault in read_faults(line)] == [True]
        read = line.replace("Write", "Read").replace("write", "read")
        assert [fault.write for fault in read_faults(read)] == [False]


@pytest.mark.parametrize(
    ("mapped", "partly"),
    [
        ("0xbdf3e000 - 0xbdf5dfff", False),
        ("0xbdf40000 - 0xbdf40fff", False),
        ("0xbdf3d000 - 0xbdf5dfff", True),
        ("0xbdf3e000 - 0xbdf5efff", True),
        ("0x0 - 0xbfffffff", True),
    ],
)
def test_a_range_that_is_larger_than_a_region_is_not_in_it(mapped: str, *, partly: bool) -> None:
    found = match(f"DMAR: Setting identity map [{mapped}]", inventory_of(UNIT, REGION))

    (words,) = here_words(found, table_known=True)
    assert (" is partly in region 1" in words) == partly
    assert "region 1" in words


def test_ranges_of_two_regions_that_touch_are_in_both() -> None:
    upper = rmrr(0xBDF5E000, 0xBDF5FFFF, scope(1, 0, (0x14, 0)))
    line = "DMAR: Setting identity map [0xbdf3e000 - 0xbdf5ffff]"

    (words,) = here_words(match(line, inventory_of(UNIT, REGION, upper)), table_known=True)

    assert "partly" not in words


def test_the_first_16_mib_of_the_isa_bridge_are_no_region() -> None:
    low = rmrr(0xE8000, 0xE8FFF, scope(1, 0, (0x14, 0)))
    line = "IOMMU: Setting identity map for device 0000:00:1f.0 [0x0 - 0xffffff]"

    found = match(line, inventory_of(UNIT, low))

    assert found.recognised.message.id == "linux-isa-identity-map"
    assert not found.spans
