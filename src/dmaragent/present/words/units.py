"""A remapping unit in words: its structure, and on AMD the blocks that Linux and Xen use of it."""

from dmaragent.inventory import Inventory
from dmaragent.iommu.model import RemappingUnit
from dmaragent.readings import Missing


def unit_head(inventory: Inventory, unit: RemappingUnit) -> str:
    """Return the structure of `unit`, its segment or registers, and the blocks that are used."""
    node = "" if unit.proximity_domain is None else f", NUMA node {unit.proximity_domain}"
    return (
        f"{unit.source.structure} at 0x{unit.source.offset:x}  segment {unit.segment:04x}, "
        f"registers 0x{unit.registers:x}{node}{used_block_words(inventory, unit)}"
    )


def used_block_words(inventory: Inventory, unit: RemappingUnit) -> str:
    """Return which blocks Linux and Xen use of an IOMMU; empty if both use that of `unit`."""
    table = None if isinstance(inventory.iommu, Missing) else inventory.iommu
    if table is None or not table.is_ivrs:
        return ""
    from dmaragent.inventory.amd import used_blocks  # noqa: PLC0415 - for AMD hosts only

    used = used_blocks(inventory, unit)
    if all(block.offset == unit.source.offset for block in used):
        return ""
    places = {(block.offset, block.type) for block in used}
    if len(used) == 2 and len(places) == 1:
        return f"; Linux and Xen use IVHD {used[0].type:#x} at {used[0].offset:#x}"
    return "".join(
        f"; {block.system} uses IVHD {block.type:#x} at {block.offset:#x}" for block in used
    )
