"""A remapping unit in words: its structure, and on AMD the blocks that Linux and Xen use of it."""

from dmaragent.inventory import Inventory
from dmaragent.iommu.model import RemappingUnit
from dmaragent.readings import Missing


def unit_head(inventory: Inventory, unit: RemappingUnit) -> str:
    """Return the structure of `unit`, its segment or registers, and the blocks that are used."""
    node = "" if unit.proximity_domain is None else f", NUMA node {unit.proximity_domain}"
    return (
        f"{unit.source.structure} at 0x{unit.source.offset:x}  segment {unit.segment:04x}, "
        f"registers 0x{unit.registers:x}{node}{used_blocks(inventory, unit)}"
    )


def used_blocks(inventory: Inventory, unit: RemappingUnit) -> str:
    """Return the blocks that Linux and Xen use of an IOMMU that several describe; or empty."""
    table = None if isinstance(inventory.iommu, Missing) else inventory.iommu
    if table is None or not table.is_ivrs:
        return ""
    from dmaragent.iommu.amd import ivrs_of  # noqa: PLC0415 - for AMD hosts only
    from dmaragent.iommu.ivhd import block_of_type  # noqa: PLC0415 - as above
    from dmaragent.linux.ivrs import block_type_of  # noqa: PLC0415 - as above
    from dmaragent.xen.hypervisor.ivrs_blocks import ivhd_type_of  # noqa: PLC0415 - as above

    ivrs = ivrs_of(table)
    if ivrs is None:
        return ""
    used = (
        ("Linux", block_of_type(ivrs, unit.registers, block_type_of(ivrs))),
        (
            "Xen",
            block_of_type(ivrs, unit.registers, ivhd_type_of(ivrs, inventory.xen.list.release)),
        ),
    )
    known = [(who, block) for who, block in used if block is not None]
    if all(offset == unit.source.offset for _, (offset, _) in known):
        return ""
    if len(known) == 2 and known[0][1] == known[1][1]:
        offset, kind = known[0][1]
        return f"; Linux and Xen use IVHD {kind:#x} at {offset:#x}"
    return "".join(f"; {who} uses IVHD {kind:#x} at {offset:#x}" for who, (offset, kind) in known)
