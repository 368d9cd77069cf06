"""Decoding an IVRS: every block and device entry, with values, errors and large tables."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from fwtables import (
    DMAR,
    IVHD,
    IVMD,
    IVRS,
    AliasEntry,
    Block,
    DamageKind,
    Decoded,
    DeviceEntry,
    EncodeError,
    Entry,
    ExtendedEntry,
    ExtendedIVHD,
    HidEntry,
    SpecialEntry,
    UnknownBlock,
    UnknownEntry,
    block_length,
    decode,
    decode_as,
    device_name,
    encode,
    from_document,
    located_blocks,
    to_document,
)
from fwtables.errors import DocumentError
from fwtables.ivrs.constants import BlockType, EntryType, flag_names
from support.damaged_ivrs import CASES
from support.ivrs_tables import (
    ENTRIES,
    EVERY_BLOCK,
    acpi_device,
    block,
    entry,
    every_device,
    ivhd,
    ivmd,
    ivrs,
)
from support.tables import EVERY_STRUCTURE, table
from support.wording import Worded
from support.work import calls

SEGMENT_1 = b"\1" + bytes(7)


def _table(data: bytes) -> IVRS:
    decoded = decode(data)
    assert decoded.damage == ()
    assert isinstance(decoded.table, IVRS)
    return decoded.table


def _entries(block: Block) -> tuple[Entry, ...]:
    assert isinstance(block, IVHD | ExtendedIVHD)
    return block.entries


# Values ---------------------------------------------------------------------------------


def test_the_header_comes_out_with_its_values() -> None:
    header = _table(EVERY_BLOCK)

    assert (header.signature, header.length, header.revision) == (b"IVRS", len(EVERY_BLOCK), 2)
    assert (header.oem_id, header.oem_table_id, header.oem_revision) == (b"OEMID ", b"OEMTABLE", 2)
    assert (header.creator_id, header.creator_revision) == (b"CRTR", 3)
    assert header.efr_images_valid
    assert header.dma_remapping_before_boot
    assert (header.physical_address_bits, header.virtual_address_bits) == (48, 64)
    assert header.guest_address_bits == 48


def test_an_iv_info_of_the_oldest_tables() -> None:
    header = _table(ivrs(iv_info=0x203400, revision=1))

    assert not header.efr_images_valid
    assert not header.dma_remapping_before_boot
    assert (header.physical_address_bits, header.virtual_address_bits) == (52, 64)
    assert header.guest_address_bits == 0


def test_physical_addresses_of_64_bits() -> None:
    header = _table(ivrs(iv_info=0x204000))

    assert (header.physical_address_bits, header.virtual_address_bits) == (64, 64)


def test_blocks_come_out_with_their_values() -> None:
    unit, extended, device, devices, with_hid, everything, of_unit, none, past, unknown = _table(
        EVERY_BLOCK
    ).blocks

    assert isinstance(unit, IVHD)
    assert (unit.device_id, unit.capability_offset, unit.flags) == (2, 0x40, 0xB0)
    assert (unit.register_base_address, unit.segment_number) == (0xFEB80000, 0)
    assert (unit.info, unit.features) == (0x0300, 0x80048824)
    assert isinstance(extended, ExtendedIVHD)
    assert (extended.type, extended.attributes) == (BlockType.IVHD_WITH_EFR, 0x80048824)
    assert (extended.efr_image, extended.efr_2_image) == (0x246577EFA2254ADA, 0x10)
    assert isinstance(with_hid, ExtendedIVHD)
    assert with_hid.type == BlockType.IVHD_WITH_HID
    assert device == IVMD(
        type=0x21, flags=8, device_id=0x0100, start_address=0x9A000000, memory_length=0x28000
    )
    assert devices == IVMD(
        type=0x22, flags=8, auxiliary=0x0FFF, start_address=0x9B000000, memory_length=1
    )
    assert isinstance(everything, IVMD)
    assert not everything.is_exclusion
    assert isinstance(of_unit, IVMD)
    assert (of_unit.device_id, of_unit.auxiliary) == (2, 0x40)
    assert isinstance(none, IVMD)
    assert none.reserved == SEGMENT_1
    assert isinstance(past, IVMD)
    assert unknown == UnknownBlock(type=0x51, flags=8, body=ivmd(0x9A000000, 0x28000)[4:])


def test_entries_come_out_with_their_values() -> None:
    blocks = _table(EVERY_BLOCK).blocks
    start, end, alias, alias_end, io_apic, hpet, padding = _entries(blocks[0])

    assert start == DeviceEntry(type=EntryType.RANGE_START, device_id=0x0008)
    assert end == DeviceEntry(type=EntryType.RANGE_END, device_id=0xFFFE)
    assert alias == AliasEntry(type=0x43, device_id=0xFF00, source_device_id=0x00A5)
    assert alias_end == DeviceEntry(type=EntryType.RANGE_END, device_id=0xFFFF)
    assert io_apic == SpecialEntry(handle=33, source_device_id=0x00A0, variety=1)
    assert hpet == SpecialEntry(handle=0, source_device_id=0x00A0, variety=2)
    assert padding == DeviceEntry(type=EntryType.PADDING)
    everything, one, fill, reserved, other, late, late_range, _, four, eight = _entries(blocks[1])[
        6:
    ]
    assert everything == DeviceEntry(type=EntryType.ALL, dte_settings=0xC7)
    assert one == DeviceEntry(type=EntryType.SELECT, device_id=0x0010, dte_settings=0x30)
    assert fill == UnknownEntry(type=0x40, body=bytes(range(7)))
    assert reserved == UnknownEntry(type=0x41, body=bytes(7))
    assert other == AliasEntry(type=0x42, device_id=0x0300, source_device_id=0x0200)
    assert late == ExtendedEntry(type=0x46, device_id=0x0400, extended_settings=1 << 31)
    assert late_range == ExtendedEntry(type=0x47, device_id=0x0500)
    assert (four, eight) == (
        UnknownEntry(type=0x05, body=b"abc"),
        UnknownEntry(type=0x7F, body=b"abcdefg"),
    )
    named, unnamed, numbered = _entries(blocks[4])[6:]
    assert named == HidEntry(device_id=0x00A5, hid=b"AMDI0020", uid_format=2, uid=b"\\_SB.FUR0")
    assert unnamed == HidEntry(device_id=0x0060, hid=b"MSFT0201")
    assert numbered == HidEntry(device_id=0x0099, hid=b"PNP0D40\0", uid_format=1, uid=b"\x07\x01")


def test_blocks_are_located_where_their_bytes_are() -> None:
    places = [(offset, block_length(each)) for offset, each in located_blocks(_table(EVERY_BLOCK))]

    for offset, length in places:
        assert EVERY_BLOCK[offset + 2 : offset + 4] == length.to_bytes(2, "little")
    assert sum(places[-1]) == len(EVERY_BLOCK)


def test_a_device_id_is_written_as_a_pci_function() -> None:
    assert device_name(0x00A5) == "00:14.5"
    assert device_name(0xFFFF) == "ff:1f.7"


def test_flags_are_named_and_reserved_bits_are_not_hidden() -> None:
    assert flag_names("IVRS", 0x203043) == ("EFR_SUP", "DMA_REMAP_SUP")
    assert flag_names("IVRS", 0x80000004) == ("reserved bit 2", "reserved bit 31")
    assert flag_names("IVMD", 0x18) == ("EXCLUSION_RANGE", "reserved bit 4")
    assert flag_names("IVHD", 0xC0) == ("PREF_SUP", "PPR_SUP")
    assert flag_names("entry", 0x09) == ("INIT_PASS", "reserved bit 3")


def test_a_table_is_decoded_by_its_signature() -> None:
    assert isinstance(decode(EVERY_STRUCTURE).table, DMAR)
    assert isinstance(decode(EVERY_BLOCK).table, IVRS)


def test_a_table_of_another_kind_than_asked_for_is_damage() -> None:
    for other in (decode_as(DMAR, EVERY_BLOCK), decode_as(IVRS, EVERY_STRUCTURE)):
        assert other.table is None
        assert [damage.kind.value for damage in other.damage] == ["another-table"]


def test_a_refusal_names_every_signature(worded: Worded) -> None:
    (either,) = decode(b"no table at all").damage
    (one,) = decode_as(IVRS, table(signature=b"APIC")).damage

    worded(f"{either}\n{one}", "DMAR", "IVRS")


def test_a_block_after_damaged_entries_is_decoded() -> None:
    decoded = decode(CASES["entry of unknown length"].data)

    assert isinstance(decoded.table, IVRS)
    unit, memory = decoded.table.blocks
    assert isinstance(unit, IVHD)
    assert unit.entries == (DeviceEntry(type=2, device_id=8),)
    assert unit.undecoded == entry(0x80, 1) + entry(2, 9)
    assert isinstance(memory, IVMD)


# Values that cannot be written -------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (IVMD(type=0x21, flags=0, start_address=-1, memory_length=1), "start_address"),
        (IVMD(type=0x10, flags=0, start_address=0, memory_length=1), "type"),
        (IVMD(type=0x20, flags=256, start_address=0, memory_length=1), "flags"),
        (UnknownBlock(type=0x51, body=bytes(1 << 16)), "length"),
        (
            IVHD(flags=0, device_id=2, capability_offset=0, register_base_address=1 << 64),
            "register_base_address",
        ),
    ],
)
def test_a_block_that_does_not_fit_is_refused_by_name(broken: Block, where: str) -> None:
    header = _table(EVERY_BLOCK)

    with pytest.raises(EncodeError) as caught:
        encode(Decoded(table=replace(header, blocks=(broken,))))

    assert caught.value.where == f"blocks[0].{where}"


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (DeviceEntry(type=2, device_id=1 << 16), ".device_id"),
        (DeviceEntry(type=0x42), ".type"),
        (UnknownEntry(type=5, body=b""), ""),
        (UnknownEntry(type=0x80, body=bytes(3)), ""),
        (UnknownEntry(type=-1, body=bytes(3)), ""),
        (HidEntry(device_id=0, hid=b"SHORT"), ".hid"),
        (HidEntry(device_id=0, hid=bytes(8), uid=bytes(256)), ".uid_length"),
    ],
)
def test_an_entry_that_does_not_fit_is_refused_by_name(broken: Entry, where: str) -> None:
    header = _table(ivrs(ivhd()))
    (unit,) = header.blocks
    assert isinstance(unit, IVHD)

    with pytest.raises(EncodeError) as caught:
        encode(Decoded(table=replace(header, blocks=(replace(unit, entries=(broken,)),))))

    assert caught.value.where == f"blocks[0].entries[0]{where}"


# Plain data ------------------------------------------------------------------------------


def test_addresses_and_lengths_of_64_bits_are_hexadecimal_strings() -> None:
    document = json.loads(json.dumps(to_document(decode(EVERY_BLOCK))))
    unit, extended, device = document["table"]["blocks"][:3]

    assert document["table"]["signature"] == "IVRS"
    assert (unit["block"], unit["type"], unit["offset"]) == ("IVHD", 0x10, 48)
    assert unit["register_base_address"] == "0xfeb80000"
    assert unit["entries"][4]["entry"] == "SpecialEntry"
    assert (extended["block"], extended["efr_image"]) == ("ExtendedIVHD", "0x246577efa2254ada")
    assert (device["start_address"], device["memory_length"]) == ("0x9a000000", "0x28000")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("block", "IVHX"),
        ("entries", 3),
        ("entries[0]", 3),
        ("entries[0].entry", "Entry"),
        ("entries[0].device_id", "8"),
        ("register_base_address", 8),
    ],
)
def test_wrong_data_is_refused_with_its_place(place: str, value: object, worded: Worded) -> None:
    document = json.loads(json.dumps(to_document(decode(EVERY_BLOCK))))
    unit = document["table"]["blocks"][0]
    if place == "entries[0]":
        unit["entries"][0] = value
    elif place.startswith("entries["):
        unit["entries"][0][place.partition(".")[2]] = value
    else:
        unit[place] = value

    with pytest.raises(DocumentError) as caught:
        from_document(document)
    worded(str(caught.value))

    assert caught.value.where == f"table.blocks[0].{place}"


# Size -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [0x10, 0x11, 0x40])
def test_a_table_of_every_device_id_is_decoded(kind: int) -> None:
    data = every_device(kind)
    entries = [each for block in _table(data).blocks for each in _entries(block)]

    assert [each.device_id for each in entries if isinstance(each, DeviceEntry)] == [
        *range(0x10000)
    ]
    assert encode(decode(data)) == data


SHAPES: dict[str, Callable[[int], bytes]] = {
    "IVMDs": lambda size: ivrs(*[ivmd(page << 12, 0x1000) for page in range(size)]),
    "IVHDs of one entry": lambda size: ivrs(*[ivhd(entry(2, each)) for each in range(size)]),
    "entries": lambda size: ivrs(ivhd(*(entry(2, each) for each in range(size)))),
    "unknown blocks": lambda size: ivrs(*[block(0x51, bytes(28))] * size),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_work_grows_with_the_table_alone(shape: str) -> None:
    small, large = (SHAPES[shape](size) for size in (608, 4864))  # 4,864 IVMDs are 152 KiB

    def work(data: bytes) -> None:
        assert encode(decode(data)) == data

    assert calls(lambda: work(large)) < 8.5 * calls(lambda: work(small))


@pytest.mark.parametrize("size", range(4, 22))
def test_an_acpi_hid_entry_without_its_uid_length_is_damage(size: int) -> None:
    cut = acpi_device(b"AMDI0020", 0x00A5)[:size]
    decoded = decode(ivrs(ivhd(*ENTRIES, cut, kind=0x40)))

    assert [damage.offset for damage in decoded.damage] == [len(ivrs(ivhd(*ENTRIES, kind=0x40)))]


@pytest.mark.parametrize("size", range(22, 31))
def test_an_acpi_hid_entry_takes_no_byte_of_its_uid_from_the_next_block(size: int) -> None:
    cut = acpi_device(b"AMDI0020", 0x00A5, b"\\_SB.FUR0")[:size]
    data = ivrs(ivhd(*ENTRIES, cut, kind=0x40), ivmd(0x90000000, 0x1000))
    decoded = decode(data)

    assert [damage.kind for damage in decoded.damage] == [DamageKind.ENTRY_PAST_STRUCTURE]
    assert encode(decoded) == data
