"""Rules about the IVRS as a whole: its header, its kinds of blocks, blocks that contradict."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from dmaragent.checks.amd.effects import FIRMWARE, LOAD_TABLE, XEN_OFF
from dmaragent.checks.amd.facts import IvrsFacts
from dmaragent.checks.amd.fields import block_field, header_field, ivhd_words
from dmaragent.checks.common.damage import may_hold_more
from dmaragent.checks.common.model import Evidence, Hit, Rule, Severity
from dmaragent.checks.common.rules import rule
from dmaragent.iommu.ivhd import iommus_of
from dmaragent.linux.ivrs import block_type_of
from fwtables import (
    AnyIVHD,
    Block,
    Entry,
    HidEntry,
    UnknownBlock,
    block_length,
    block_name,
)
from fwtables.ivrs.constants import BlockType, EntryType
from fwtables.ivrs.layouts import BLOCK_HEADER
from fwtables.ivrs.structures import BLOCKS

_TYPE = "Xen amd/iommu_acpi.c, get_supported_ivhd_type; Linux amd/init.c, "
_IVHD_TYPES = frozenset({BlockType.IVHD, BlockType.IVHD_WITH_EFR, BlockType.IVHD_WITH_HID})
_SUBJECT = "IVinfo"


@rule(
    "ivrs-no-ivhd",
    Severity.CRITICAL,
    "The table has no IVHD block that Xen uses",
    xen=XEN_OFF,
    linux="No effect: Linux also uses blocks of type 0x40.",
    advice=FIRMWARE,
    details="Xen uses blocks of type 0x10, from 4.8 on those of type 0x11 if there are any, and from 4.16 "
    f"on those only if the table has the flag EFRSup. {LOAD_TABLE}",
    source=f"{_TYPE}get_highest_supported_ivhd_type",
)
def no_ivhd(facts: IvrsFacts) -> Iterator[Hit]:
    """Find a table without a block of the types that Xen uses."""
    if facts.table is None or facts.xen_type is not None or may_hold_more(facts):
        return
    kinds = sorted({block.type for _, block in facts.blocks if block.type in _IVHD_TYPES})
    names = ", ".join(f"{kind:#04x}" for kind in kinds)
    yield Hit(
        message=f"The table has IVHD blocks of type {names} only."
        if kinds
        else "The table has no IVHD block.",
        subject="IVHD",
        evidence=(header_field(facts, "length", f"{facts.table.length} bytes"),),
        linux="" if BlockType.IVHD_WITH_HID in kinds else "Linux uses no IOMMU.",
    )


@rule(
    "ivrs-efr-without-11",
    Severity.INFO,
    "The flag EFRSup and the types of IVHD blocks do not match",
    xen="Xen 4.16 and later uses the blocks of type 0x10.",
    linux="No effect: Linux does not read the flag.",
    advice="No action needed. Report it to the firmware's vendor.",
    details="The flag means that IVHD blocks have images of the extended feature register, which those of "
    "type 0x10 do not have.",
    source=f"{_TYPE}get_highest_supported_ivhd_type; Xen 87caa1c3fb (4.16)",
)
def efr_without_11(facts: IvrsFacts) -> Iterator[Hit]:
    """Find EFRSup without a block of type 0x11, or the other way round."""
    if facts.table is None:
        return
    types = {block.type for _, block in facts.blocks}
    extended = BlockType.IVHD_WITH_EFR in types
    if extended == facts.table.efr_images_valid or not types & _IVHD_TYPES:
        return
    message = (
        "has no EFRSup, but IVHD blocks of type 0x11"
        if extended
        else "has EFRSup, but no IVHD block of type 0x11"
    )
    yield Hit(
        message=f"The table {message}.",
        subject="EFRSup",
        evidence=(header_field(facts, "iv_info", f"{facts.table.iv_info:#x}"),),
    )


@rule(
    "ivrs-address-size-zero",
    Severity.ERROR,
    "The table gives devices no address bits",
    xen="Xen 4.16 and later ignores every IVMD and ivmd=, so DMA there fails.",
    linux="No effect: Linux does not read the field.",
    advice=FIRMWARE,
    details=f"QEMU's table has a virtual address size of 0. {LOAD_TABLE}",
    source="Xen amd/iommu_acpi.c, parse_ivmd_block (6f81a70baf, 4.16)",
)
def address_size_zero(facts: IvrsFacts) -> Iterator[Hit]:
    """Find a table whose physical or virtual addresses have 0 bits."""
    if facts.table is None or facts.address_bits:
        return
    sizes = facts.table.physical_address_bits, facts.table.virtual_address_bits
    value = f"{facts.table.iv_info:#x}: {sizes[0]} physical, {sizes[1]} virtual bits"
    yield Hit(
        message=f"IVinfo has {sizes[0]} bits of physical and {sizes[1]} of virtual address.",
        subject=_SUBJECT,
        evidence=(header_field(facts, "iv_info", value),),
        xen="" if facts.ivmds else "No effect: there is no IVMD. Xen would ignore ivmd= as well.",
        severity=None if facts.ivmds else Severity.INFO,
    )


@rule(
    "ivrs-duplicates-differ",
    Severity.WARNING,
    "The IVHD blocks of one IOMMU do not agree",
    xen="Xen uses the block of type 0x11, without EFRSup that of 0x10.",
    linux="Linux usually uses that of type 0x40: it sees other devices than Xen.",
    advice=FIRMWARE,
    details=f"ACPI HID entries, which only type 0x40 can have, and padding are not compared. {LOAD_TABLE}",
    source=f"{_TYPE}get_highest_supported_ivhd_type",
)
def duplicates_differ(facts: IvrsFacts) -> Iterator[Hit]:
    """Find IOMMUs whose blocks have different register addresses or device entries by type."""
    for iommu in () if facts.table is None else iommus_of(facts.table):
        by_type: dict[int, _OneType] = {}
        for offset, block in iommu.blocks:
            by_type.setdefault(block.type, []).append((offset, block))
        first, *others = by_type.values()
        for other in others:
            for hit in _contradictions(facts, first, other):
                yield hit if _matters(facts, by_type) else hit._replace(**_NO_EFFECT)


_OneType = list[tuple[int, AnyIVHD]]
"""The blocks of one IOMMU that have the same type, with their offsets."""
_NO_EFFECT: dict[str, Any] = {
    "xen": "No effect: what Xen uses is what Linux uses.",
    "linux": "No effect: what Linux uses is what Xen uses.",
    "severity": Severity.INFO,
}


def _matters(facts: IvrsFacts, by_type: Mapping[int, _OneType]) -> bool:
    """Return whether the blocks that Xen uses differ from those that Linux uses."""
    xen = by_type.get(facts.xen_type or 0)
    linux = by_type.get(0 if facts.linux is None else facts.linux.block_type)
    if xen is None or linux is None:
        return True
    return _addresses(xen) != _addresses(linux) or _entries(xen) != _entries(linux)


def _contradictions(facts: IvrsFacts, first: _OneType, other: _OneType) -> Iterator[Hit]:
    """Yield that the blocks of two types differ, in their addresses and in their devices."""
    pair = first[0], other[0]
    names = f"{block_name(pair[0][1])} and {ivhd_words(pair[1][1])}"
    if _addresses(first) != _addresses(other):
        yield Hit(
            message=f"{names} have different register addresses.",
            subject=f"{names}: registers",
            evidence=tuple(_registers(facts, *located) for located in pair),
        )
    if _entries(first) != _entries(other):
        yield Hit(
            message=f"{names} have different devices.",
            subject=f"{names}: devices",
            evidence=tuple(_type(facts, *located) for located in pair),
        )


def _addresses(blocks: _OneType) -> set[int]:
    return {block.register_base_address for _, block in blocks}


def _entries(blocks: _OneType) -> list[Entry]:
    """Return the device entries of `blocks` without padding and ACPI HID entries, in order."""
    return [
        entry
        for _, block in blocks
        for entry in block.entries
        if not isinstance(entry, HidEntry)
        and entry.type not in (EntryType.PADDING, EntryType.PADDING_8)
    ]


def _registers(facts: IvrsFacts, offset: int, block: AnyIVHD) -> Evidence:
    value = f"{block.register_base_address:#x}"
    return block_field(facts, offset, block, "register_base_address", value)


def _type(facts: IvrsFacts, offset: int, block: Block) -> Evidence:
    return block_field(facts, offset, block, "type", f"{block.type:#04x}")


@rule(
    "ivrs-unknown-block",
    Severity.INFO,
    "A block has a type that neither Xen nor Linux knows",
    xen="No effect: Xen skips it.",
    linux="No effect: Linux skips it.",
    advice="No action needed: newer firmware can have newer blocks.",
    details="Lenovo notebooks have a block of type 0x51 with the contents of an IVMD before it.",
    source="Xen amd/iommu_acpi.c, parse_ivrs_table; Linux amd/init.c, "
    "get_highest_supported_ivhd_type, init_memory_definitions",
)
def unknown_block(facts: IvrsFacts) -> Iterator[Hit]:
    """Find blocks of unknown types, and whether Linux uses other IVHD blocks for them."""
    if facts.table is None:
        return
    known = tuple(block for _, block in facts.blocks if block.type in BLOCKS)
    without = block_type_of(replace(facts.table, blocks=known))
    now = block_type_of(facts.table)
    ivmds = {_body(facts, ivmd.offset, ivmd.block): ivmd for ivmd in reversed(facts.ivmds)}
    for offset, block in facts.blocks:
        if not isinstance(block, UnknownBlock) or block.type in BLOCKS:
            continue
        size = f"{block_length(block)} bytes"
        twin = ivmds.get(block.body)
        same = "" if twin is None else f", a copy of region {twin.region.number}"
        linux, severity = "", None
        if now != without and now == block.type:
            linux = f"Linux treats blocks of type {now:#04x} as IVHD blocks and uses no IOMMU."
            severity = Severity.CRITICAL
        elif now != without:
            linux = (
                f"Linux stops here in its search and uses IVHD blocks of type {now:#04x}, not "
                f"{without:#04x}: it knows no ACPI devices."
            )
            severity = Severity.WARNING
        yield Hit(
            message=f"A block has type {block.type:#04x} ({size}{same}).",
            subject=block_name(block),
            evidence=(_type(facts, offset, block),),
            linux=linux,
            severity=severity,
        )


def _body(facts: IvrsFacts, offset: int, block: Block) -> bytes:
    """Return the bytes of a block after its type, flags and length."""
    return facts.content[offset + BLOCK_HEADER.size : offset + block_length(block)]


RULES: tuple[Rule, ...] = (
    no_ivhd,
    efr_without_11,
    address_size_zero,
    duplicates_differ,
    unknown_block,
)
