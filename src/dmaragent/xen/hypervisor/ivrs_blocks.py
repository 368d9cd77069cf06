"""The blocks of an IVRS that Xen sees and uses, and the IVMDs whose addresses it accepts.

Pure.  The rules are those of Xen 4.16 and later: drivers/passthrough/amd/iommu_acpi.c,
``get_supported_ivhd_type``, ``parse_ivrs_table``, ``parse_ivmd_block``.
"""

from dmaragent.addresses import PAGE
from dmaragent.releases import Release
from dmaragent.xen.hypervisor import ivrs_words as words
from fwtables import IVMD, IVRS, Block, block_name, located_blocks
from fwtables.ivrs.constants import BlockType

FIRST_WITH_EXTENDED = (4, 8)
"""The first release that knows IVHD blocks of type 0x11: eb48587210."""
FIRST_WITH_EFR_TEST = (4, 16)
"""The first that uses them only if the table has EFRSup: 87caa1c3fb."""
UNSEEN = 6
"""The bytes of a block's header: Xen does not see a block unless more are left."""
SMALLEST_IVHD = 40
"""Xen refuses a shorter IVHD block, of type 0x10 too."""
_WRAP = 1 << 64


class Refusal(Exception):  # noqa: N818 - it is no error of this program
    """What switches AMD-Vi off; the walk ends."""


class Unpredictable(Exception):  # noqa: N818 - likewise
    """Why it is unknown what Xen does from there on; the walk ends."""


def refused(block: Block, offset: int, reason: str) -> Refusal:
    """Return the refusal of the table for `block` at `offset`."""
    return Refusal(words.block_refused(block_name(block), offset, reason))


def ivhd_type_of(table: IVRS, release: Release | None) -> int | None:
    """Return the type of the IVHD blocks that Xen uses of `table`; None if it has none of them.

    The release None is the newest.  No release knows type 0x40, nor what it names by ACPI HID.
    """
    series = FIRST_WITH_EFR_TEST if release is None else release.series
    extended = series >= FIRST_WITH_EXTENDED and (
        series < FIRST_WITH_EFR_TEST or table.efr_images_valid
    )
    known = {BlockType.IVHD, *([BlockType.IVHD_WITH_EFR] if extended else [])}
    seen = seen_blocks(table)
    return max((block.type for _, block in seen if block.type in known), default=None)


def seen_blocks(table: IVRS) -> tuple[tuple[int, Block], ...]:
    """Return the blocks that Xen sees, with their offsets: those before the last six bytes."""
    blocks = located_blocks(table)
    return tuple((offset, block) for offset, block in blocks if table.length > offset + UNSEEN)


def address_bits_of(table: IVRS) -> int:
    """Return the bits of an address that devices can use by IVinfo; 0 ignores every IVMD."""
    return min(table.physical_address_bits, table.virtual_address_bits)


def is_addressable(ivmd: IVMD, address_bits: int) -> bool:
    """Return whether devices with `address_bits` reach the end of `ivmd`; else Xen ignores it."""
    return address_bits >= 64 or not end_of(ivmd) - 1 >> address_bits


def stops_xen(ivmd: IVMD) -> bool:
    """Return whether the end of `ivmd` is so near 64 bits of address that Xen stops with a BUG."""
    end = end_of(ivmd)
    return not end or end > _WRAP - PAGE


def wraps_around(ivmd: IVMD) -> bool:
    """Return whether the last page of `ivmd` is so far before its first that the rest is unknown."""
    return ivmd.start_address & -PAGE > (end_of(ivmd) - 1 & -PAGE) + PAGE


def end_of(ivmd: IVMD) -> int:
    """Return the address after the last byte of `ivmd`, in 64 bits."""
    return (ivmd.start_address + ivmd.memory_length) % _WRAP
