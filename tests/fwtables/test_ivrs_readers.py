"""Captured IVRS tables, as other programs read them: iasl of three Debian suites, and sid's fwts."""

from collections import Counter
from pathlib import Path

import pytest

from fwtables import (
    IVMD,
    IVRS,
    AnyIVHD,
    Block,
    HidEntry,
    UnknownBlock,
    block_length,
    decode,
    located_blocks,
)
from support.acpi_readers import command, disassembled, validated
from support.ivrs_fields import block_fields, header_fields

_SKIPPED = {"bookworm": {0x40, 0x51}, "trixie": {0x51}, "sid": {0x51}}
"""By suite: the types of the blocks that its iasl skips; no published specification has 0x51."""
_BLOCKS = {0x10: 57, 0x11: 54, 0x40: 31, 0x21: 3, 0x22: 5}
"""By type: the blocks of all captured tables, 0x51 left out."""


@pytest.fixture(params=_SKIPPED)
def iasl_of(request: pytest.FixtureRequest) -> str:
    """Give the name of a suite whose iasl is there."""
    suite: str = request.param
    if suite == "bookworm":
        request.getfixturevalue("iasl")
    return suite


def _table(data: bytes) -> IVRS:
    table = decode(data).table
    assert isinstance(table, IVRS)
    return table


def _as_iasl(value: int | bytes, theirs: int | str) -> int | str:
    """Return a value of a field as iasl prints it: bytes are a number, or a text up to a NUL."""
    if isinstance(value, int):
        return value
    if isinstance(theirs, int):
        return int.from_bytes(value, "little")
    return value.partition(b"\0")[0].decode("latin-1")


def test_every_captured_table_has_the_fields_that_iasl_finds(
    iasl_of: str, ivrs_corpus: dict[str, bytes], tmp_path: Path
) -> None:
    """Iasl prints neither format nor length of a UID of 0 bytes; both are 0."""
    iasl = ["iasl"] if iasl_of == "bookworm" else command(iasl_of, "iasl")
    blocks: Counter[int] = Counter()
    compared = left_out = devices = 0
    for name, (found, skipped) in disassembled(iasl, ivrs_corpus, tmp_path).items():
        table = _table(ivrs_corpus[name])
        ours = {field[0]: field for field in header_fields(table)}
        places: set[int] = set()
        for at, block in located_blocks(table):
            if block.type in skipped:
                places.update(range(at, at + block_length(block)))
                continue
            ours |= {field[0]: field for field in block_fields(at, block)}
            blocks[block.type] += 1
            devices += len(_acpi_devices(block))
        theirs = [field for field in found if field[0] not in places]

        assert skipped <= _SKIPPED[iasl_of]
        for at, size, called, value in theirs:
            _, own_size, own_name, own_value = ours.pop(at)
            assert own_name in _OF_IASL.get(called, {called.lower().replace(" ", "_")}), name
            assert (own_size, _as_iasl(own_value, value)) == (size, value), (name, called)
        assert [(field[2], field[3]) for field in ours.values()] == [
            ("uid_format", 0),
            ("uid_length", 0),
        ] * (len(ours) // 2), name
        compared += len(theirs)
        left_out += len(ours)
    assert blocks == {
        kind: count for kind, count in _BLOCKS.items() if kind not in _SKIPPED[iasl_of]
    }
    assert (compared, left_out, devices) == ((8181, 10, 109) if blocks[0x40] else (5873, 0, 0))


_OF_IASL = {
    "Table Length": {"length"},
    "Asl Compiler ID": {"creator_id"},
    "Asl Compiler Revision": {"creator_revision"},
    "Virtualization Info": {"iv_info", "info"},
    "Reserved": {"reserved", "reserved_2", "efr_2_image"},
    "Subtable Type": {"type"},
    "Entry Type": {"type"},
    "DeviceId": {"device_id"},
    "Base Address": {"register_base_address"},
    "PCI Segment Group": {"segment_number"},
    "Feature Reporting": {"features"},
    "EFR Image": {"efr_image"},
    "Data Setting": {"dte_settings"},
    "Source Used Device ID": {"source_device_id"},
    "Auxiliary Data": {"auxiliary"},
    "ACPI HID": {"hid"},
    "ACPI CID": {"cid"},
}
"""By the names of iasl: those of the fields, if they differ."""


def _acpi_devices(block: Block) -> list[HidEntry]:
    entries = block.entries if isinstance(block, AnyIVHD) else ()
    return [each for each in entries if isinstance(each, HidEntry)]


def test_every_captured_table_has_the_blocks_that_fwts_finds(
    ivrs_corpus: dict[str, bytes], tmp_path: Path
) -> None:
    """Fwts reads no device entry, no block of type 0x51, and addresses of an IVMD two bytes late."""
    fwts = command("sid", "fwts")
    read: Counter[int] = Counter()
    compared = 0
    for name, data in ivrs_corpus.items():
        blocks = [each for each in _table(data).blocks if not isinstance(each, UnknownBlock)]
        found = validated(fwts, data, tmp_path)

        assert len(found) == len(blocks), name
        for theirs, block in zip(found, blocks, strict=True):
            late = _LATE if isinstance(block, IVMD) else set()
            for field in theirs.keys() - late:
                assert theirs[field] == _as_fwts(block, _OF_FWTS[field]), (name, field)
            read[block.type] += 1
            compared += len(theirs.keys() - late)
    assert (read, compared) == (_BLOCKS, 1496)


_OF_FWTS = {
    "Type": "type",
    "Flags": "flags",
    "Length": "length",
    "DeviceID": "device_id",
    "Capability Offset": "capability_offset",
    "IOMMU Base Address": "register_base_address",
    "PCI Segment Group": "segment_number",
    "IOMMU Info": "info",
    "IOMMU Feature Reporting": "features",
    "IOMMU Attribute": "attributes",
    "EFR Register Image": "efr_image",
    "WFR Register Image 2": "efr_2_image",
    "Auxiliary data": "auxiliary",
    "Reserved": "reserved",
}
"""By the names of fwts: the fields of a block."""
_LATE = {"PCI Segment Group", "Start address", "Memory block length"}


def _as_fwts(block: Block, field: str) -> int:
    value = block_length(block) if field == "length" else getattr(block, field)
    return int.from_bytes(value, "little") if isinstance(value, bytes) else value
