"""A table without some of its reserved regions, which an operating system loads instead.

An override is only loaded instead of the firmware's table if its OEM revision is higher: Linux
drivers/acpi/tables.c, ``acpi_table_initrd_override``.
"""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import NamedTuple

from fwtables.damage import DamageKind
from fwtables.dmar.layouts import located
from fwtables.dmar.structures import DMAR, RMRR
from fwtables.errors import EncodeError
from fwtables.ivrs.layouts import located_blocks
from fwtables.ivrs.structures import IVMD, IVRS
from fwtables.signatures import SIGNATURES
from fwtables.table import Decoded, Table, seal

_HIGHEST_REVISION = 0xFFFFFFFF


class TableRegion(NamedTuple):
    """A reserved region of a table, by its place."""

    number: int
    """Its number in table order, from 1."""
    offset: int
    """The offset of its structure in bytes."""
    structure: RMRR | IVMD


def regions_of(table: Table) -> tuple[TableRegion, ...]:
    """Return the reserved regions of `table`: the RMRR of a DMAR, the IVMD of an IVRS."""
    return tuple(
        TableRegion(number, offset, structure)
        for number, (offset, structure) in enumerate(_region_structures(table), 1)
    )


def _region_structures(table: Table) -> Iterator[tuple[int, RMRR | IVMD]]:
    located_structures = located(table) if isinstance(table, DMAR) else located_blocks(table)
    for offset, structure in located_structures:
        if isinstance(structure, RMRR | IVMD):
            yield offset, structure


def without_regions(decoded: Decoded[Table], numbers: Collection[int]) -> Decoded[Table]:
    """Return `decoded` without the regions `numbers`, with a higher OEM revision, and sealed.

    All other structures keep their bytes and their order.  A table that Xen renamed (RMAD, XMAR)
    gets the firmware's name again, which an override must have.

    Raises:
        EncodeError: the table is damaged, has no such region, or has the highest OEM revision.

    """
    table = decoded.table
    flaws = [flaw for flaw in decoded.damage if flaw.kind is not DamageKind.CHECKSUM]
    if table is None or decoded.undecoded or flaws:
        reason = str(flaws[0]) if flaws else "not all of it was decoded"
        raise EncodeError(f"is damaged, so nothing can be left out of it: {reason}", "table")
    regions = regions_of(table)
    unknown = sorted(set(numbers) - {region.number for region in regions})
    if unknown:
        raise EncodeError(f"has {len(regions)} regions, and no region {unknown[0]}", "table")
    if table.oem_revision >= _HIGHEST_REVISION:
        raise EncodeError("is the highest there is, so no override is newer", "table.oem_revision")
    left_out = {region.offset for region in regions if region.number in numbers}
    revision = table.oem_revision + 1
    if isinstance(table, IVRS):
        blocks = tuple(block for at, block in located_blocks(table) if at not in left_out)
        shorter: Table = replace(table, blocks=blocks, oem_revision=revision)
    else:
        kept = tuple(structure for at, structure in located(table) if at not in left_out)
        shorter = replace(table, structures=kept, oem_revision=revision, signature=SIGNATURES[0])
    return seal(Decoded(table=shorter))
