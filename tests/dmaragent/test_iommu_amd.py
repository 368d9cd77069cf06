"""An IVRS as core values: units by segment and ID, claims, regions, damage."""

import pytest

from dmaragent.host.topology import PciTopology, Presence
from dmaragent.iommu.amd import ivrs_of, read_ivrs
from dmaragent.iommu.claims import ClaimKind, DeviceIds, DeviceKind
from dmaragent.iommu.ivhd import AcpiDevice, ServedIds, SpecialDevice, described_by, iommus_of
from dmaragent.iommu.model import Access, IommuTable, Meaning, TableEntry
from dmaragent.readings import Missing
from fwtables import DamageKind
from support.ivrs_hosts import UNKNOWN_FUNCTIONS, device, functions_at, read
from support.ivrs_tables import (
    ENTRIES,
    EVERY_BLOCK,
    acpi_device,
    alias,
    block,
    device_range,
    entry,
    extended,
    ivhd,
    ivmd,
    ivrs,
    special,
)


def test_blocks_of_one_iommu_are_one_unit_and_equal_entries_one_claim() -> None:
    three = [ivhd(*ENTRIES, kind=kind) for kind in (0x10, 0x11, 0x40)]
    table = read(ivrs(*three, ivhd(*ENTRIES, segment=1), ivhd(*ENTRIES, device=0x6002)))

    assert [(unit.segment, unit.registers) for unit in table.units] == [
        (0, 0xFEB80000),
        (1, 0xFEB80000),
        (0, 0xFEB80000),
    ]
    assert [claim.as_written for claim in table.units[0].claims] == [
        "00:01.0-ff:1f.6",
        "ff:00.0-ff:1f.7 as 00:14.5",
        "00:14.0",
        "00:14.0",
    ]
    ivrs_table = ivrs_of(table)
    assert ivrs_table is not None
    assert [len(iommu.blocks) for iommu in iommus_of(ivrs_table)] == [3, 1, 1]
    assert dict(table.structures) == {"IVHD 0x10": 3, "IVHD 0x11": 1, "IVHD 0x40": 1}


def test_each_device_entry_is_what_it_says() -> None:
    data = ivrs(
        ivhd(
            entry(0),
            entry(1),
            entry(2, 0x10),
            alias(0x42, 0x300, 0x200),
            extended(0x46, 0x400, 0),
            extended(0x47, 0x500, 0) + entry(4, 0x5FF),
            special(1, 33, 0xA0),
            acpi_device(b"AMDI0020", 0xA5, b"\\_SB.FUR0"),
            acpi_device(b"PNP0D40\0", 0x99, b"\x07\x01", uid_format=1),
            entry(4, 0x10),
            entry(3, 0x20),
            kind=0x40,
        )
    )
    table = ivrs_of(read(data))
    assert table is not None
    ((_, only),) = iommus_of(table)[0].blocks

    assert list(described_by(only)) == [
        ServedIds(DeviceIds(0, 0, 0xFFFF), ClaimKind.ALL),
        ServedIds(DeviceIds(0, 0x10, 0x10), ClaimKind.DEVICE),
        ServedIds(DeviceIds(0, 0x300, 0x300, 0x200), ClaimKind.DEVICE),
        ServedIds(DeviceIds(0, 0x400, 0x400), ClaimKind.DEVICE),
        ServedIds(DeviceIds(0, 0x500, 0x5FF), ClaimKind.RANGE),
        SpecialDevice(1, 33, 0xA0),
        AcpiDevice("AMDI0020", "", "\\_SB.FUR0", 0xA5),
        AcpiDevice("PNP0D40", "", "263", 0x99),
    ]


def test_a_range_is_one_claim_with_the_functions_that_are_present_in_it() -> None:
    topology = functions_at("00:00.0", "00:00.2", "00:14.0", "01:00.0", "10:00.0", "0001:01:00.0")
    region = ivmd(0x9B000000, 1, kind=0x22, device=0, auxiliary=0x0FFF)
    table = read(ivrs(ivhd(*ENTRIES), region), topology)

    (claim,) = table.regions[0].claims
    assert (claim.kind, claim.as_written) == (ClaimKind.RANGE, "00:00.0-0f:1f.7")
    assert [str(owner.sbdf) for owner in claim.claimants] == [
        "0000:00:00.0",
        "0000:00:00.2",
        "0000:00:14.0",
        "0000:01:00.0",
    ]
    served = [str(owner.sbdf) for owner in table.units[0].claims[0].claimants]
    assert served == ["0000:00:14.0", "0000:01:00.0", "0000:10:00.0"]
    assert read(ivrs(ivhd(*ENTRIES), region)).regions[0].claims[0].claimants == ()


@pytest.mark.parametrize(
    ("topology", "presence"),
    [
        (functions_at("01:00.0"), Presence.PRESENT),
        (functions_at("02:00.0"), Presence.ABSENT),
        (UNKNOWN_FUNCTIONS, Presence.UNKNOWN),
    ],
)
def test_one_device_is_a_claimant_whether_it_is_present_or_not(
    topology: PciTopology, presence: Presence
) -> None:
    table = read(ivrs(ivhd(*ENTRIES), ivmd(0x9A000000, 0x1000)), topology)

    (claimant,) = table.regions[0].claims[0].claimants
    assert (str(claimant.sbdf), claimant.presence) == ("0000:01:00.0", presence)
    assert bool(claimant.reason) is (presence is not Presence.PRESENT)


def test_regions_keep_meaning_access_segment_and_place() -> None:
    table = read(
        ivrs(
            ivhd(*ENTRIES),
            ivmd(0x9A000000, 0x28000),
            ivmd(0x9B000000, 1, flags=0x07),
            ivmd(0x9C000000, 0x1000, flags=0x03, kind=0x20),
            ivmd(0x9D000000, 0x1000, flags=0x05),
            ivmd(0x9E000000, 0x1000, flags=0x06, reserved=b"\1" + bytes(7)),
            ivmd(0x9F000000, 0, flags=0x0F),
        )
    )

    assert [(region.meaning, region.access) for region in table.regions] == [
        (Meaning.EXCLUSION, Access.READ | Access.WRITE),
        (Meaning.IDENTITY, Access.READ | Access.WRITE),
        (Meaning.IDENTITY, Access.READ),
        (Meaning.IDENTITY, Access.WRITE),
        (Meaning.UNSTATED, Access.READ | Access.WRITE),
        (Meaning.EXCLUSION, Access.READ | Access.WRITE),
    ]
    assert [region.segment for region in table.regions] == [0, 0, 0, 0, 1, 0]
    assert [region.size for region in table.regions] == [0x28000, 1, 0x1000, 0x1000, 0x1000, 0]
    offset = 48 + len(ivhd(*ENTRIES))
    assert table.regions[0].source == TableEntry("IVRS", "IVMD 0x21", offset, 32)
    fields = table.regions[1].fields
    assert fields is not None
    assert (fields.first.offset, fields.last.offset) == (offset + 32 + 16, offset + 32 + 24)


def test_the_devices_of_one_iommu_are_those_that_its_blocks_name() -> None:
    topology = functions_at("00:00.2", "01:00.0", "40:00.0", "41:00.0")
    table = read(
        ivrs(
            ivhd(device_range(8, 0x3FFF)),
            ivhd(entry(2, 0x4100), device_range(0x4000, 0x5FFF), device=0x4002),
            ivhd(entry(2, 0x4200), device=0x4002, kind=0x11),  # not present
            ivmd(0x9A000000, 0x1000, kind=0x23, flags=7, device=0x4002, auxiliary=0x40),
        ),
        topology,
    )

    (claim,) = table.regions[0].claims
    assert claim.kind is ClaimKind.IOMMU
    assert [str(owner.sbdf) for owner in claim.claimants] == ["0000:40:00.0", "0000:41:00.0"]


def test_a_block_for_an_iommu_is_for_the_devices_of_its_segment() -> None:
    """Both segments have an IOMMU 00:00.2, and each block names one of them."""
    topology = functions_at("01:00.0", "0001:02:00.0")
    table = read(
        ivrs(
            ivhd(device_range(8, 0xFFFF)),
            ivhd(device_range(8, 0xFFFF), segment=1),
            ivmd(0x9A000000, 0x1000, kind=0x23, flags=7, device=2),
            ivmd(0x9B000000, 0x1000, kind=0x23, flags=7, device=2, reserved=b"\1" + bytes(7)),
        ),
        topology,
    )

    owners = [
        [str(owner.sbdf) for claim in region.claims for owner in claim.claimants]
        for region in table.regions
    ]
    assert owners == [["0000:01:00.0"], ["0001:02:00.0"]]


def test_special_and_acpi_devices_are_claims_of_the_unit() -> None:
    table = read(
        ivrs(ivhd(special(1, 33, 0xA0), special(2, 0, 0xA0), special(9, 0, 0xA0))),
        functions_at("00:14.0"),
    )

    assert [claim.device for claim in table.units[0].claims] == [
        DeviceKind.IOAPIC,
        DeviceKind.HPET,
        DeviceKind.UNKNOWN,
    ]
    acpi = read(ivrs(ivhd(acpi_device(b"MSFT0201", 0x60), kind=0x40)))
    (claim,) = acpi.units[0].claims
    assert (claim.kind, claim.as_written) == (ClaimKind.ACPI_NAME, "MSFT0201")


def test_damage_and_what_is_no_unit_and_no_region_is_kept() -> None:
    table = read(ivrs(ivhd(*ENTRIES), block(0x21, bytes(4)), block(0x51, bytes(28))))

    assert [flaw.kind for flaw in table.damage] == [DamageKind.STRUCTURE_LENGTH_BELOW_MINIMUM]
    assert (table.regions, table.whole) == ((), False)
    assert [other.name for other in table.others] == ["IVMD 0x21", "type 0x51"]
    assert read(b"IVRS").header is None


def test_the_header_has_the_size_of_a_physical_address() -> None:
    header = read(EVERY_BLOCK).header

    assert header is not None
    assert (header.signature, header.address_bits) == (b"IVRS", 48)
    assert header.flags == ("EFR_SUP", "DMA_REMAP_SUP")
    assert header.address_bits_field.offset == 36


def test_a_table_of_too_many_blocks_is_not_examined() -> None:
    many = ivrs(*[ivmd(0x9A000000, 0x1000)] * 4097)

    assert isinstance(read_ivrs(many, UNKNOWN_FUNCTIONS), Missing)
    assert isinstance(read_ivrs(EVERY_BLOCK, UNKNOWN_FUNCTIONS), IommuTable)


def test_how_many_regions_are_examined_depends_on_the_functions_that_each_may_be_for() -> None:
    functions = functions_at(*(f"{n >> 5:02x}:{n & 31:02x}.0" for n in range(2048)))

    for regions, examined in ((32, True), (33, False)):
        data = ivrs(*[ivmd(0x9A000000, 0x1000, kind=0x20)] * regions)
        assert isinstance(read_ivrs(data, functions), IommuTable) is examined


def test_each_captured_table_has_its_iommus_and_regions(ivrs_corpus: dict[str, bytes]) -> None:
    units = []
    for name, data in ivrs_corpus.items():
        table = read(data)
        assert table.whole, name
        units.append(len(table.units))
        assert {unit.registers & 0xFFF for unit in table.units} == {0}
        for region in table.regions:
            assert region.meaning is Meaning.EXCLUSION, name
    assert max(units) == 2
    assert sum(units) == 57


def test_a_device_id_is_bus_device_and_function() -> None:
    assert device("c4:00.7") == 0xC407


def test_an_iommu_in_its_own_range_does_not_serve_itself() -> None:
    own = device("00:02.0")
    table = read(
        ivrs(ivhd(device_range(0, 0xFFFF), device=own)), functions_at("00:02.0", "01:00.0")
    )

    (claim,) = table.units[0].claims
    assert [str(claimant.sbdf) for claimant in claim.claimants] == ["0000:01:00.0"]
