"""The entries of Xen's list, each with its origin."""

from collections.abc import Iterable, Mapping

from dmaragent.addresses import AddressRange
from dmaragent.iommu.model import IommuTable
from dmaragent.xen.hypervisor.prediction import (
    Acceptance,
    XenPrediction,
)
from dmaragent.xen.hypervisor.registered import listed_pages
from dmaragent.xen.reserved_list.model import (
    ListEntry,
    Origin,
)


def list_entries(
    ranges: Iterable[AddressRange], table: IommuTable | None, prediction: XenPrediction | None
) -> tuple[ListEntry, ...]:
    """Return an entry for each of `ranges`: its origin is the region or option with these pages."""
    fates = {fate.source: fate.fate for fate in prediction.fates} if prediction else {}
    regions: dict[AddressRange, int] = {}
    for region in () if table is None else table.regions:
        pages = listed_pages(region.first, region.last)
        listed = fates.get(region.source) is Acceptance.LISTED
        if pages is not None and (pages not in regions or listed):
            regions[pages] = region.number
    options = {
        option.range
        for option in (prediction.options if prediction else ())
        if option.accepted is not False
    }
    return tuple(
        ListEntry(
            range=pages,
            origin=_origin(pages, table, regions, options),
            region=regions.get(pages),
        )
        for pages in ranges
    )


def _origin(
    pages: AddressRange,
    table: IommuTable | None,
    regions: Mapping[AddressRange, int],
    options: set[AddressRange | None],
) -> Origin:
    if pages in regions:
        return Origin.TABLE
    if pages in options:
        return Origin.OPTION
    return Origin.UNKNOWN if table is None else Origin.UNEXPLAINED
