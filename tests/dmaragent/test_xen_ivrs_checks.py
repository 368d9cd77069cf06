"""What Xen checks in an IVRS: each IVMD, and what switches AMD-Vi off."""

import pytest

from dmaragent.host.memory_map import MemoryType
from dmaragent.xen.hypervisor import ivrs_words as words
from dmaragent.xen.hypervisor.ivrs_prediction import IvmdFate
from support.ivrs_hosts import (
    IOMMU,
    QEMU_ENTRIES,
    TWO_GIB,
    device,
    fates,
    memory,
    pages,
    predict,
    qemu,
    short_block,
)
from support.ivrs_tables import (
    ENTRIES,
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
from support.tables import patched, resummed


# One IVMD's checks
@pytest.mark.parametrize(
    ("data", "fate"),
    [
        (ivmd(0x90000000, 0x1000, flags=0, device=device("01:00.0")), IvmdFate.REFUSED),
        (ivmd(0x90000000, 0x1000, flags=6, device=device("01:00.0")), IvmdFate.REFUSED),
        (ivmd(0, 1, flags=7, device=device("01:00.0")), IvmdFate.REFUSED),
        (ivmd(1 << 48, 0x1000, flags=7, device=device("01:00.0")), IvmdFate.IGNORED),
        (ivmd(0x90000000, 0x1000, flags=7, device=device("05:00.0")), IvmdFate.REFUSED),
        (ivmd(0x90000000, 0, flags=7, device=device("01:00.0")), IvmdFate.EMPTY),
        (ivmd(0x90000800, 0x1000, flags=7, device=device("01:00.0")), IvmdFate.ACCEPTED),
        (ivmd(0x90000000, 0x1000, flags=0xF7, device=device("01:00.0")), IvmdFate.ACCEPTED),
        (ivmd(0, 0, flags=7, device=device("01:00.0")), IvmdFate.REFUSED),
        (short_block(0x21), IvmdFate.REFUSED),
        (
            ivmd(0x90000000, 0x1000, flags=7, device=device("01:00.0"), reserved=b"\1" + bytes(7)),
            IvmdFate.ACCEPTED,
        ),
    ],
)
def test_an_ivmd_is_checked_for_flags_memory_addresses_and_ids(data: bytes, fate: IvmdFate) -> None:
    prediction = predict(qemu(data))

    assert fates(prediction) == [fate]
    assert bool(prediction.iommu_disabled) is (fate is IvmdFate.REFUSED)


def test_a_region_across_pages_has_every_page_that_it_touches() -> None:
    table = qemu(ivmd(0x90000800, 0x1000, flags=7, device=device("01:00.0")))

    assert pages(predict(table)) == [(0x90000, 2)]


def test_with_a_virtual_size_of_0_every_region_is_ignored() -> None:
    table = qemu(ivmd(0x90000000, 0x1000, flags=7, device=device("01:00.0")), info=0x2800)

    assert fates(predict(table)) == [IvmdFate.IGNORED]


def test_a_region_beyond_64_bits_is_unknown() -> None:
    table = qemu(ivmd((1 << 64) - 0x1000, 0x2000, flags=7, device=device("01:00.0")))
    prediction = predict(table)

    assert fates(prediction) == [IvmdFate.UNKNOWN]
    assert prediction.doubt == words.WRAPS


def test_an_ivmd_before_the_ivhd_of_its_device_has_no_iommu() -> None:
    region = ivmd(0x90000000, 0x1000, flags=7, device=device("01:00.0"))
    table = ivrs(region, ivhd(*QEMU_ENTRIES, device=IOMMU), iv_info=0x203040)

    assert fates(predict(table, "4.17.7")) == [IvmdFate.REFUSED]
    assert fates(predict(table, "4.20.0")) == [IvmdFate.NO_IOMMU]


def test_a_hole_of_a_map_that_leaves_out_ram_is_unknown() -> None:
    table = qemu(ivmd(0x90000000, 0x1000, flags=7, device=device("01:00.0")))
    dom0 = TWO_GIB._replace(foreign_ram="dom0's map leaves out the RAM of others")
    cut = memory((0, 0x80000000, MemoryType.RAM))

    assert predict(table, memory_map=dom0).doubt
    assert predict(table, memory_map=cut).doubt
    unknown = predict(table, memory_map=None)
    assert (unknown.doubt, unknown.fates[0].notes) == ("", (words.MEMORY_NOT_CHECKED,))


@pytest.mark.parametrize(
    ("below", "noted"),
    [
        pytest.param([(0x80000000, 0x80001000, MemoryType.RESERVED)], False, id="joined"),
        pytest.param([], True, id="moved"),
    ],
)
def test_a_reserved_entry_loses_its_last_page_only_if_none_ends_before_the_added_page(
    below: list[tuple[int, int, MemoryType]], *, noted: bool
) -> None:
    first, last = (
        ivmd(at, 0x1000, flags=7, device=device("01:00.0")) for at in (0x80001000, 0x80003000)
    )
    reserved = (0x80002000, 0x80004000, MemoryType.RESERVED)
    high = (0x100000000, 0x140000000, MemoryType.RAM)
    known = memory((0, 0x80000000, MemoryType.RAM), *below, reserved, high)

    prediction = predict(qemu(first, last), memory_map=known)

    assert fates(prediction) == [IvmdFate.ACCEPTED] * 2
    assert bool(prediction.fates[1].notes) is noted


# What switches AMD-Vi off, or leaves it unknown
REGION = ivmd(0x90000000, 0x1000, flags=7, device=device("01:00.0"))


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param((entry(1),), id="all devices"),
        pytest.param((acpi_device(b"AMDI0020", 0xA5, b"1"),), id="acpi device"),
        pytest.param((bytes([0x41]) + bytes(7),), id="reserved entry"),
        pytest.param((entry(3, 0x10), entry(2, 0x20)), id="start without end"),
        pytest.param((entry(4, 0x20),), id="end without start"),
        pytest.param((entry(3, 0x10),), id="start at the end"),
        pytest.param((device_range(0x20, 0x20),), id="last not above first"),
        pytest.param((alias(0x42, 0x10, 0xFFFF),), id="alias above every ID"),
        pytest.param((entry(2, 0x1000), alias(0x42, 0x10, 0x1008)), id="alias just above"),
        pytest.param((special(3, 0, 0xA0),), id="unknown variety"),
        pytest.param((special(1, 0, 0xA1),), id="two ids of one I/O APIC"),
        pytest.param((entry(0x42),), id="entry cut short"),
    ],
)
def test_a_wrong_device_entry_switches_amd_vi_off(entries: tuple[bytes, ...]) -> None:
    table = ivrs(ivhd(*QEMU_ENTRIES, *entries, device=IOMMU), REGION, iv_info=0x203040)
    prediction = predict(table, "4.20.0")

    assert prediction.iommu_disabled
    assert fates(prediction) == [IvmdFate.NOT_REACHED]


@pytest.mark.parametrize(
    "entries",
    [
        (entry(0),),
        (bytes([0x40]) + bytes(7),),
        (extended(0x46, 0x10, 0),),
        (extended(0x47, 0x10, 0) + entry(4, 0x12),),
        (special(1, 0, 0xA0),),
        (special(2, 0, 0xA0),),
        (entry(2, 0x1000), alias(0x42, 0x10, 0x1007)),  # a function of the highest device
        (b"\xf0\0\0",),
    ],
)
def test_other_device_entries_do_not(entries: tuple[bytes, ...]) -> None:
    table = ivrs(ivhd(*QEMU_ENTRIES, *entries, device=IOMMU), REGION, iv_info=0x203040)

    assert fates(predict(table)) == [IvmdFate.ACCEPTED]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(patched(qemu(REGION), [(9, b"\x55")]), id="checksum"),
        pytest.param(qemu(block(0x51, bytes(4), length=99), REGION), id="block past the end"),
        pytest.param(ivrs(REGION), id="no ivhd"),
        pytest.param(ivrs(ivhd(*ENTRIES, kind=0x40)), id="0x40 alone"),
        pytest.param(ivrs(ivhd(), REGION, iv_info=0x203040), id="short ivhd"),
        pytest.param(ivrs(ivhd(*ENTRIES, base=0), REGION), id="registers at 0"),
        pytest.param(
            ivrs(ivhd(device_range(8, 0xFFFE), special(1, 0, 0xA1)), iv_info=0x203040),
            id="no southbridge",
        ),
    ],
)
def test_a_wrong_block_switches_amd_vi_off(data: bytes) -> None:
    assert predict(data, "4.20.0").iommu_disabled


def test_what_follows_the_last_six_bytes_is_not_seen() -> None:
    past_end = b"\x51\0\x63\0\0\0"  # a header of six bytes, whose block would have 99
    for rest, off in ((bytes(6), False), (past_end, False), (past_end + b"\0", True)):
        table = resummed(qemu(REGION) + rest)
        whole = patched(table, [(4, len(table).to_bytes(4, "little"))])
        prediction = predict(resummed(whole))
        assert (bool(prediction.iommu_disabled), prediction.doubt) == (off, ""), rest


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(qemu(block(0x51, bytes(4), length=0), REGION), id="length 0"),
        pytest.param(qemu(block(0x51, bytes(4), length=2), REGION), id="length 2"),
        pytest.param(ivrs(ivhd(*ENTRIES, segment=1), REGION), id="no IOMMU in segment 0"),
    ],
)
def test_what_no_walk_foresees_is_unknown(data: bytes) -> None:
    prediction = predict(data, "4.20.0")

    assert prediction.doubt
    assert (prediction.entries, prediction.iommu_disabled) == (0, "")
    assert set(fates(prediction)) <= {IvmdFate.UNKNOWN}


def test_without_interrupt_remapping_the_southbridge_is_not_needed() -> None:
    table = ivrs(ivhd(device_range(0x10, 0xFFFE), special(2, 0, 0xA0)), REGION, iv_info=0x203040)

    assert predict(table, "4.20.0").iommu_disabled
    assert not predict(table, "4.20.0", command_line="iommu=no-intremap").iommu_disabled
    named = predict(table, "4.20.0", command_line="ivrs_ioapic[4]=00:14.0 console=vga")
    assert (named.iommu_disabled, named.doubt) == ("", words.IOAPIC_OVERRIDDEN)


def test_a_table_of_too_many_overlaps_to_check_is_unknown() -> None:
    apart = (ivmd(0x90000000 + 0x2000 * n, 0x1000, kind=0x20, flags=7) for n in range(1500))
    prediction = predict(qemu(*apart), memory_map=None)

    assert (prediction.doubt, prediction.entries) == (words.TOO_MANY_STEPS, 0)
