"""Rules about the damage that fwtables finds in an IVRS: the effects of each kind on Xen and Linux.

``RULES`` is a table with an entry for the kinds of damage that have the same effect.
"""

from dmaragent.checks.amd.effects import FIRMWARE, LOAD_TABLE, XEN_OFF
from dmaragent.checks.amd.facts import IvrsFacts
from dmaragent.checks.common.damage import (
    COPY,
    REPORT,
    SHOWN,
    cut_effects,
    damage_rule,
    padding_rule,
    structure_at,
    unreadable_rule,
    within_table,
)
from dmaragent.checks.common.model import Rule, Severity
from dmaragent.xen.hypervisor.ivrs_blocks import UNSEEN
from dmaragent.xen.hypervisor.ivrs_entries import ENTRY_HEADER
from fwtables import AnyIVHD, Block, Damage, DamageKind, block_name
from fwtables.ivrs.constants import BlockType

_COPY_FROM = "The table is /sys/firmware/acpi/tables/IVRS, in a Xen dom0 too."
_WALKS = (
    "Xen amd/iommu_acpi.c, detect_iommu_acpi and parse_ivrs_table; Linux amd/init.c, init_iommu_all"
)
_ENTRIES = (
    "Xen amd/iommu_acpi.c, parse_ivhd_block; Linux amd/init.c, ivhd_entry_length, "
    "init_iommu_from_acpi"
)
_LINUX_UNKNOWN = "Unknown: Linux checks no length and reads what follows."
_UNSEEN = f"No effect: Xen does not see the last {UNSEEN} bytes of a table."
_IVMD_TYPES = frozenset(
    {BlockType.IVMD_ALL, BlockType.IVMD_ONE, BlockType.IVMD_RANGE, BlockType.IVMD_IOMMU}
)
_LENGTH_AT = 2
"""Where in a block its length is, which damage to it names."""


def _block_at(facts: IvrsFacts, offset: int) -> str:
    """Return the name of the block that contains `offset`."""
    return block_name(structure_at(facts.blocks, offset)[1])


def _type_at(facts: IvrsFacts, offset: int) -> str:
    """Return the name of the block whose length is at `offset`, two bytes after its type."""
    return f"Block of type {facts.content[offset - _LENGTH_AT]:#04x}"


def _is_seen(facts: IvrsFacts, damage: Damage) -> bool:
    """Return whether Xen sees the block whose length `damage` names."""
    assert facts.table is not None  # noqa: S101 - there is damage to its blocks
    return facts.table.length > damage.offset - _LENGTH_AT + UNSEEN


def _length_effects(facts: IvrsFacts, damage: Damage, _owner: str) -> tuple[str, str]:
    return ("" if _is_seen(facts, damage) else _UNSEEN), ""


def _past_end_effects(facts: IvrsFacts, damage: Damage, owner: str) -> tuple[str, str]:
    xen, linux = cut_effects(facts, damage, owner)
    return xen or _length_effects(facts, damage, owner)[0], linux


def _ivmd_cut(facts: IvrsFacts, damage: Damage) -> bool:
    return facts.content[damage.offset - _LENGTH_AT] in _IVMD_TYPES


def _ivhd_cut(facts: IvrsFacts, damage: Damage) -> bool:
    return not _ivmd_cut(facts, damage)


def _damaged_block(facts: IvrsFacts, damage: Damage) -> Block:
    return structure_at(facts.blocks, damage.offset)[1]


def _linux_uses(facts: IvrsFacts, block: Block) -> bool:
    return facts.linux is not None and facts.linux.block_type == block.type


def _used_effects(facts: IvrsFacts, damage: Damage, _owner: str) -> tuple[str, str]:
    """Return the effects of a damaged IVHD: none on a reader that uses another type."""
    block = _damaged_block(facts, damage)
    kind, xen, linux = f"{block.type:#04x}", "", ""
    if block.type != facts.xen_type:
        xen = f"No effect: Xen does not use blocks of type {kind} of this table."
    elif isinstance(block, AnyIVHD) and len(block.undecoded) < ENTRY_HEADER:
        xen = f"No effect: Xen does not read fewer than {ENTRY_HEADER} bytes as an entry."
    if not _linux_uses(facts, block):
        linux = f"No effect: Linux does not use blocks of type {kind} of this table."
    return xen, linux


def _is_unused(facts: IvrsFacts, damage: Damage) -> bool:
    block = _damaged_block(facts, damage)
    return block.type != facts.xen_type and not _linux_uses(facts, block)


RULES: tuple[Rule, ...] = (
    unreadable_rule(
        "ivrs-unreadable",
        "IVRS",
        "AMD-Vi",
        details=_COPY_FROM,
        source="ACPI 6.5, 5.2.6; Xen amd/iommu_acpi.c, amd_iommu_detect_acpi",
    ),
    damage_rule(
        "ivrs-length",
        Severity.CRITICAL,
        "The table's length does not match its blocks",
        DamageKind.TABLE_LENGTH_TOO_SHORT,
        DamageKind.TABLE_LENGTH_TOO_LONG,
        shown=4,
        xen="Unknown: Xen trusts the length. If a block ends beyond it, Xen switches AMD-Vi off (ENODEV).",
        linux=_LINUX_UNKNOWN,
        advice=COPY,
        details=_COPY_FROM,
        source=_WALKS,
    ),
    damage_rule(
        "ivrs-checksum",
        Severity.CRITICAL,
        "The table's checksum is wrong",
        DamageKind.CHECKSUM,
        shown=1,
        xen=XEN_OFF,
        linux="Linux uses no IOMMU.",
        advice="If someone patched the table, correct the checksum (dmaragent encode --seal); otherwise "
        "update the firmware.",
        details='Xen prints "IVRS: invalid checksum", Linux "IVRS invalid checksum".',
        source="ACPI 6.5, 5.2.6; Xen amd/iommu_acpi.c, detect_iommu_acpi; Linux amd/init.c, "
        "check_ivrs_checksum",
    ),
    damage_rule(
        "ivrs-zero-length-block",
        Severity.CRITICAL,
        "A block has length 0",
        DamageKind.STRUCTURE_LENGTH_ZERO,
        shown=2,
        owner=_type_at,
        effects=_length_effects,
        xen="Xen reads the block for ever and does not boot.",
        linux="Linux reads the block for ever and does not boot.",
        advice=f"Boot with iommu=0 (Xen) or amd_iommu=off (Linux). {FIRMWARE}",
        details=f"Read in the sources, not tried. {LOAD_TABLE}",
        source=_WALKS,
    ),
    damage_rule(
        "ivrs-block-without-header",
        Severity.CRITICAL,
        "A block is shorter than its own header",
        DamageKind.STRUCTURE_LENGTH_BELOW_HEADER,
        shown=2,
        owner=_type_at,
        effects=_length_effects,
        xen="Unknown: Xen reads the bytes of the block as other blocks.",
        linux="Unknown: Linux reads the bytes of the block as other blocks.",
        advice=FIRMWARE,
        details=LOAD_TABLE,
        source=_WALKS,
    ),
    damage_rule(
        "ivrs-block-past-end",
        Severity.CRITICAL,
        "A block runs past the table's end",
        DamageKind.STRUCTURE_PAST_END,
        shown=2,
        owner=_type_at,
        effects=_past_end_effects,
        xen=XEN_OFF,
        linux=_LINUX_UNKNOWN,
        advice=COPY,
        details=f'Xen prints "IVRS: table length exceeded". {_COPY_FROM} {LOAD_TABLE}',
        source=_WALKS,
    ),
    damage_rule(
        "ivrs-trailing-bytes",
        Severity.ERROR,
        "The table has bytes after its last block",
        DamageKind.TRAILING_BYTES,
        shown=SHOWN,
        where=within_table,
        xen=_UNSEEN,
        linux="Unknown: Linux reads them as a block. If it finds a length of 0, it does not boot.",
        advice=FIRMWARE,
        details=f"They are too few for a type and a length. {LOAD_TABLE}",
        source=_WALKS,
    ),
    padding_rule("ivrs-padded", source=_WALKS),
    damage_rule(
        "ivhd-cut",
        Severity.CRITICAL,
        "An IVHD block is too short for its fixed fields",
        DamageKind.STRUCTURE_LENGTH_BELOW_MINIMUM,
        shown=2,
        owner=_type_at,
        effects=_used_effects,
        harmless=_is_unused,
        where=_ivhd_cut,
        xen=XEN_OFF,
        linux=_LINUX_UNKNOWN,
        advice=FIRMWARE,
        details=LOAD_TABLE,
        source="Xen amd/iommu_detect.c, amd_iommu_detect_one_acpi; Linux amd/init.c, "
        "get_ivhd_header_size",
    ),
    damage_rule(
        "ivhd-entries-cut",
        Severity.CRITICAL,
        "The device entries of an IVHD block do not fill it",
        DamageKind.ENTRY_LENGTH_UNKNOWN,
        DamageKind.ENTRY_PAST_STRUCTURE,
        shown=1,
        owner=_block_at,
        effects=_used_effects,
        harmless=_is_unused,
        xen=XEN_OFF,
        linux=_LINUX_UNKNOWN,
        advice=FIRMWARE,
        details=f"The rest of the block is not decoded, so some findings about it may be missing. "
        f"{LOAD_TABLE}",
        source=_ENTRIES,
    ),
    damage_rule(
        "ivmd-cut",
        Severity.CRITICAL,
        "An IVMD block is too short for its fields",
        DamageKind.STRUCTURE_LENGTH_BELOW_MINIMUM,
        shown=2,
        owner=_type_at,
        where=_ivmd_cut,
        xen=XEN_OFF,
        linux=_LINUX_UNKNOWN,
        advice=FIRMWARE,
        details=LOAD_TABLE,
        source="Xen amd/iommu_acpi.c, parse_ivmd_block; Linux amd/init.c, init_memory_definitions",
    ),
    damage_rule(
        "ivmd-extra-bytes",
        Severity.INFO,
        "An IVMD block has bytes after its last field",
        DamageKind.STRUCTURE_TRAILING_BYTES,
        shown=1,
        owner=_block_at,
        xen="No effect: Xen goes by the block's length.",
        linux="No effect: Linux goes by the block's length.",
        advice=REPORT,
        source="Xen amd/iommu_acpi.c, parse_ivmd_block; Linux amd/init.c, init_memory_definitions",
    ),
)
