"""The reserved regions that Linux publishes and no table here names, for people."""

from collections.abc import Iterator

from dmaragent.host.groups import IommuGroup
from dmaragent.inventory import Inventory
from dmaragent.iommu.vendor import IommuVendor, iommu_vendor
from dmaragent.linux.published import PublishedRegion
from dmaragent.present.escaping import visible
from dmaragent.present.text.tables import paragraph
from dmaragent.present.wording import size_words, span_words

_MOST = 6
"""More devices than that are counted."""


def published_text(inventory: Inventory) -> Iterator[str]:
    """Yield a heading and a line a region, or nothing if Linux publishes none of these."""
    if not inventory.published:
        return
    yield from ["", "Reserved regions that Linux reports and no table here names"]
    for region in inventory.published:
        yield from paragraph(_line(region), indent=2, hang=2)
    yield from paragraph(_source(inventory), indent=2)


def _line(region: PublishedRegion) -> str:
    where = f"{region.range.start:#010x}-{region.range.end - 1:#010x}"
    return (
        f"{where}  {size_words(region.range.size)}  {visible(region.type)}  "
        f"{_groups(region.groups)}"
    )


def _groups(groups: tuple[IommuGroup, ...]) -> str:
    if len(groups) > 1:
        return f"IOMMU groups {span_words(group.number for group in groups)}"
    devices = groups[0].devices
    told = " ".join(map(str, devices[:_MOST]))
    if len(devices) > _MOST:
        told += f" and {len(devices) - _MOST} more"
    which = ", unknown which of them" if len(devices) > 1 else ""
    return f"IOMMU group {groups[0].number}: {told or 'no PCI function'}{which}"


def _source(inventory: Inventory) -> str:
    vendor = iommu_vendor(inventory.host)
    file = "/sys/kernel/iommu_groups/*/reserved_regions"
    if vendor is IommuVendor.AMD:
        return f"From {file}. They come from the IVRS table (IVMD), which is not decoded."
    if vendor is IommuVendor.ARM:
        return (
            f"From {file}. They come from the IORT table (RMR) or the device tree, which are "
            "not decoded."
        )
    if inventory.absence is not None:
        return f"From {file}, which every user may read. The table would name the devices."
    return f"From {file}. Linux has them from elsewhere, or patched."
