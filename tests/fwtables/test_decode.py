"""Decoding a DMAR: every structure of the specification."""

from dataclasses import replace

import pytest

from fwtables import (
    ANDD,
    ATSR,
    DMAR,
    DRHD,
    RHSA,
    RMRR,
    SATC,
    SIDP,
    DeviceScope,
    EncodeError,
    PathEntry,
    Structure,
    UnknownStructure,
    decode,
    encode,
    located,
    seal,
    structure_length,
    structure_name,
)
from fwtables.dmar.constants import flag_names
from fwtables.table import Decoded
from support.damaged import CASES
from support.tables import EVERY_STRUCTURE, drhd, rmrr, scope, structure, table
from support.wording import Worded


def _structures(data: bytes) -> tuple[object, ...]:
    decoded = decode(data)
    assert decoded.damage == ()
    assert isinstance(decoded.table, DMAR)
    return decoded.table.structures


def test_every_structure_of_the_specification_comes_out_with_its_values() -> None:
    endpoint = DeviceScope(type=1, start_bus_number=0, path=(PathEntry(0x1D, 0),))

    first, second, region, port, affinity, name, cache, property_, unknown = _structures(
        EVERY_STRUCTURE
    )

    assert first == DRHD(
        flags=0,
        size=4,
        segment_number=0,
        register_base_address=0xFED90000,
        device_scope=(endpoint,),
    )
    assert isinstance(second, DRHD)
    assert second.include_pci_all
    assert [each.type for each in second.device_scope] == [3, 4]
    assert second.device_scope[0].enumeration_id == 2
    assert second.device_scope[0].start_bus_number == 0xF0
    assert region == RMRR(
        segment_number=0,
        base_address=0x7DFFD000,
        limit_address=0x7DFFFFFF,
        device_scope=(
            endpoint,
            DeviceScope(type=1, start_bus_number=0, path=(PathEntry(0x1C, 7), PathEntry(0, 2))),
        ),
    )
    bridge = DeviceScope(type=2, start_bus_number=0, path=(PathEntry(1, 0),))
    assert port == ATSR(flags=0, segment_number=1, device_scope=(bridge,))
    assert affinity == RHSA(register_base_address=0xFED90000, proximity_domain=7)
    assert name == ANDD(acpi_device_number=1, acpi_object_name=b"\\_SB.PCI0.I2C0\0\0\0\0\0")
    assert cache == SATC(flags=1, segment_number=0, device_scope=(endpoint,))
    graphics = DeviceScope(type=1, flags=0x1F, start_bus_number=0, path=(PathEntry(2, 0),))
    assert property_ == SIDP(segment_number=0, device_scope=(graphics,))
    assert unknown == UnknownStructure(type=99, body=b"newer than us")


def test_the_header_comes_out_with_its_values() -> None:
    found = decode(EVERY_STRUCTURE).table

    assert isinstance(found, DMAR)
    assert (found.signature, found.length, found.revision) == (b"DMAR", len(EVERY_STRUCTURE), 1)
    assert (found.oem_id, found.oem_table_id, found.oem_revision) == (b"OEMID ", b"OEMTABLE", 2)
    assert (found.creator_id, found.creator_revision) == (b"CRTR", 3)
    assert (found.host_address_width, found.host_address_bits, found.flags) == (45, 46, 1)


@pytest.mark.parametrize("signature", [b"DMAR", b"RMAD", b"XMAR"])
def test_the_table_is_read_under_each_of_its_signatures(signature: bytes) -> None:
    found = decode(table(rmrr(0x1000, 0x1FFF), signature=signature))

    assert found.damage == ()
    assert isinstance(found.table, DMAR)
    assert found.table.signature == signature
    assert len(found.table.structures) == 1


def test_derived_facts_follow_from_the_fields() -> None:
    unit, _, _, port, _, name, *_ = _structures(EVERY_STRUCTURE)

    assert isinstance(unit, DRHD)
    assert unit.register_set_size == 64 * 1024  # 2^4 pages of 4 KiB
    assert not unit.include_pci_all
    assert isinstance(port, ATSR)
    assert not port.all_ports
    assert isinstance(name, ANDD)
    assert name.name == "\\_SB.PCI0.I2C0"


def test_structures_are_located_where_their_bytes_are() -> None:
    found = decode(EVERY_STRUCTURE).table

    assert isinstance(found, DMAR)
    places = [(offset, structure_length(each)) for offset, each in located(found)]
    for offset, length in places:
        assert EVERY_STRUCTURE[offset + 2 : offset + 4] == length.to_bytes(2, "little")
    assert sum(places[-1]) == len(EVERY_STRUCTURE)


def test_an_andd_name_that_is_not_ascii_is_escaped() -> None:
    assert ANDD(acpi_device_number=1, acpi_object_name=b"\xff\x1b[2J\0").name == "\\xff\x1b[2J"


def test_a_segment_other_than_0_and_an_address_above_4_gib_survive() -> None:
    (region,) = _structures(table(rmrr(1 << 40, (1 << 40) + 0xFFF, segment=0xFFFF)))

    assert isinstance(region, RMRR)
    assert (region.segment_number, region.base_address) == (0xFFFF, 1 << 40)


def test_a_structure_too_short_for_its_type_is_kept_whole_and_keeps_its_name() -> None:
    found = decode(CASES["structure length below its type's minimum"].data)

    assert isinstance(found.table, DMAR)
    assert found.table.structures[1] == UnknownStructure(type=1, body=bytes(16))
    assert structure_name(found.table.structures[1]) == "RMRR"


def test_a_scope_of_odd_length_keeps_its_path_and_the_entry_after_it() -> None:
    found = decode(CASES["scope length odd"].data)

    assert isinstance(found.table, DMAR)
    region = found.table.structures[0]
    assert isinstance(region, RMRR)
    first, second = region.device_scope
    assert (first.path, first.undecoded) == ((PathEntry(0x1D, 0),), b"\xaa")
    assert second.path == (PathEntry(0x1D, 0),)


def test_the_reason_for_a_wrong_checksum_names_the_right_one(worded: Worded) -> None:
    case = CASES["wrong checksum"].data
    right = case[9] ^ 1

    (one,) = decode(case).damage

    worded(one.reason, f"0x{case[9]:02x}", f"0x{right:02x}")


def test_sealing_makes_length_and_checksum_right() -> None:
    wrong = table(rmrr(0x1000, 0x1FFF, scope(1, 0, (0x1D, 0))), length=60)

    sealed = encode(seal(decode(wrong)))

    assert decode(sealed).damage == ()
    assert len(sealed) == len(wrong)


def test_sealing_leaves_what_is_no_table_alone() -> None:
    assert seal(decode(b"not a table")) == decode(b"not a table")


@pytest.mark.parametrize(
    ("broken", "where"),
    [
        (RMRR(segment_number=1 << 16, base_address=0, limit_address=0), "segment_number"),
        (RMRR(segment_number=0, base_address=-1, limit_address=0), "base_address"),
        (RHSA(reserved=b"\0", register_base_address=0, proximity_domain=0), "reserved"),
        (UnknownStructure(type=9, body=bytes(1 << 16)), "length"),
        (
            SATC(
                flags=0,
                segment_number=0,
                device_scope=(DeviceScope(type=1, start_bus_number=0, path=(PathEntry(256, 0),)),),
            ),
            "device_scope[0].path[0].device",
        ),
    ],
)
def test_a_value_that_does_not_fit_its_field_is_refused_by_name(
    broken: Structure, where: str
) -> None:
    found = decode(table(drhd(0xFED90000))).table
    assert isinstance(found, DMAR)
    changed = replace(found, structures=(broken,))

    with pytest.raises(EncodeError) as caught:
        encode(Decoded(table=changed))

    assert caught.value.where == f"structures[0].{where}"


def test_flags_are_named_and_reserved_bits_are_not_hidden() -> None:
    assert flag_names("DMAR", 0x7) == (
        "INTR_REMAP",
        "X2APIC_OPT_OUT",
        "DMA_CTRL_PLATFORM_OPT_IN_FLAG",
    )
    assert flag_names("DRHD", 0x81) == ("INCLUDE_PCI_ALL", "reserved bit 7")
    assert flag_names("DRHD", 0) == ()


def test_a_structure_type_newer_than_the_specification_is_named_by_its_number() -> None:
    (unknown,) = _structures(table(structure(99, b"")))

    assert isinstance(unknown, UnknownStructure)
    assert structure_name(unknown) == "type 99"
