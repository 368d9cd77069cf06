"""Rules about the ranges of RMRR structures: order, alignment, size, overlap, where they lie."""

from collections.abc import Iterator

from dmaragent.checks.facts import Facts
from dmaragent.checks.model import Hit, Severity
from dmaragent.checks.rules import evidence, rule
from dmaragent.inventory import Region

# VT-d 8.4: base and limit of an RMRR structure.
_BASE_AT = 8
_LIMIT_AT = 16


def _place(region: Region) -> str:
    """Name a region by its addresses, as the table has them."""
    return f"{region.base:#x}-{region.limit:#x}"


@rule(
    "rmrr-limit-below-base",
    Severity.CRITICAL,
    "A region's limit is below its base",
    xen="Xen switches VT-d off for the whole host (EFAULT): no device can be passed through. "
    "From 4.21 on it ignores the region where none of its devices answers.",
    linux='Linux warns ("Your BIOS is broken; bad RMRR"), taints the kernel and goes on; the '
    "region reserves nothing.",
    advice="Update the firmware, or disable the device that the region is for. To go on "
    "without: Xen starts with iommu=0, and then passes nothing through.",
    source="VT-d 8.4; Xen vtd/dmar.c, register_one_rmrr; Linux intel/iommu.c, rmrr_sanity_check",
)
def limit_below_base(facts: Facts) -> Iterator[Hit]:
    """Find regions that end before they begin."""
    for region in facts.inventory.all_regions:
        if region.limit < region.base:
            at = region.offset
            yield Hit(
                said=f"Region {region.number} runs from {region.base:#x} to {region.limit:#x}.",
                subject=_place(region),
                region=region.number,
                evidence=(
                    evidence(facts, at + _BASE_AT, 8, "RMRR base_address", f"{region.base:#x}"),
                    evidence(facts, at + _LIMIT_AT, 8, "RMRR limit_address", f"{region.limit:#x}"),
                ),
            )


RULES = (limit_below_base,)
