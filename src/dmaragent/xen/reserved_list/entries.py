"""The entries of Xen's list, each with its origin."""

from collections.abc import Collection, Iterable, Mapping

from dmaragent.addresses import AddressRange
from dmaragent.iommu.model import IommuTable, Source
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
    """Return an entry for each of `ranges`: its origin is the region or option with these pages.

    If Xen's rules drop the region, it is the option.
    """
    listed = listed_sources(prediction)
    options = option_ranges(prediction)
    regions: dict[AddressRange, int] = {}
    for region in () if table is None else table.regions:
        pages = listed_pages(region.first, region.last)
        if pages is None:
            continue
        if region.source in listed or not (pages in regions or pages in options):
            regions[pages] = region.number
    return tuple(
        ListEntry(
            range=pages,
            origin=_origin(pages, table, regions, options),
            region=regions.get(pages),
        )
        for pages in ranges
    )


def listed_sources(prediction: XenPrediction | None) -> frozenset[Source]:
    """Return the regions that Xen lists by its rules, or by those of a possible point release."""
    if prediction is None:
        return frozenset()
    listed = {fate.source for fate in prediction.fates if fate.fate is Acceptance.LISTED}
    return frozenset(listed.union(prediction.undecided))


def option_ranges(prediction: XenPrediction | None) -> frozenset[AddressRange | None]:
    """Return the ranges of `rmrr=` that Xen accepts or may accept."""
    options = prediction.options if prediction else ()
    return frozenset(option.range for option in options if option.accepted is not False)


def _origin(
    pages: AddressRange,
    table: IommuTable | None,
    regions: Mapping[AddressRange, int],
    options: Collection[AddressRange | None],
) -> Origin:
    if pages in regions:
        return Origin.TABLE
    if pages in options:
        return Origin.OPTION
    return Origin.UNKNOWN if table is None else Origin.UNEXPLAINED
