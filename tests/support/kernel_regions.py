"""The reserved regions that Linux on AMD publishes for an IOMMU group, by its own merging."""

from collections.abc import Iterable

from dmaragent.host.groups import DIRECT, KernelRegion
from dmaragent.linux.ivrs import DirectRegion


def published_direct(regions: Iterable[DirectRegion]) -> tuple[KernelRegion, ...]:
    """Return the ``direct`` lines of a group whose devices have `regions`, by address.

    Regions that overlap or touch become one line: drivers/iommu/iommu.c,
    ``iommu_insert_resv_region``.  A region without length has an end below its start.
    """
    lines: list[KernelRegion] = []
    for start, end in sorted({(region.start, region.end) for region in regions}):
        last = end - 1
        if lines and start <= lines[-1].limit + 1:
            lines[-1] = lines[-1]._replace(limit=max(lines[-1].limit, last))
        else:
            lines.append(KernelRegion(base=start, limit=last, type=DIRECT))
    return tuple(lines)
