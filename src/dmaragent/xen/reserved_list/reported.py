"""Xen's view of a host, as the hypervisor reports it; predictions only explain it."""

from collections.abc import Iterator, Mapping

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import Host
from dmaragent.host.xen import RdmEntry
from dmaragent.iommu.model import Difference, IommuTable, ReservedRegion, Source
from dmaragent.xen.hypervisor.prediction import (
    Acceptance,
    RegionAcceptance,
    XenPrediction,
)
from dmaragent.xen.hypervisor.registered import listed_pages
from dmaragent.xen.reserved_list import words
from dmaragent.xen.reserved_list.entries import list_entries, listed_sources, option_ranges
from dmaragent.xen.reserved_list.explain import (
    iommu_known_off,
    listing_differences,
    refused_option_differences,
    rounding_differences,
    why_empty,
)
from dmaragent.xen.reserved_list.model import (
    ListSource,
    XenList,
    XenView,
    XenViews,
)
from dmaragent.xen.reserved_list.predicted import predicted_devices, reported_devices


def reported_views(
    host: Host,
    reported: tuple[RdmEntry, ...],
    table: IommuTable | None,
    prediction: XenPrediction | None,
) -> XenViews:
    """Return Xen's view of `host`, whose hypervisor `reported` this list."""
    ranges = [entry.range for entry in reported]
    listed = frozenset(ranges)
    entries = list_entries(ranges, table, prediction)
    fates = _decided_fates(prediction)
    every = {fate.source: fate for fate in prediction.fates} if prediction else {}
    others = _explained_pages(table, prediction)
    regions = {
        region.source: _reported_view(
            region,
            listed,
            every.get(region.source),
            others if region.source in fates else frozenset(),
        )
        for region in (() if table is None else table.regions)
    }
    differences: list[Difference] = []
    if table is not None and prediction is not None:
        differences += listing_differences(host, entries, table, fates, regions)
        differences += rounding_differences(prediction, table)
        settled = None if iommu_known_off(host) else listed
        differences += refused_option_differences(prediction, settled)
    devices, devices_source = _reported_devices(host, prediction if entries else None)
    predicted = prediction is not None and devices_source is ListSource.PREDICTED
    contradicted: dict[SBDF, str] = {}
    if devices_source is ListSource.HYPERVISOR:
        contradicted = dict(_contradicted_devices(host, devices, listed, prediction))
        devices = {**devices, **dict.fromkeys(contradicted)}
    return XenViews(
        list=XenList(
            source=ListSource.HYPERVISOR,
            entries=entries,
            release=host.running_release,
            iommu_disabled=prediction.iommu_disabled if prediction and not entries else "",
            why_empty=() if entries else tuple(why_empty(host, table, prediction)),
        ),
        regions=regions,
        devices=devices,
        devices_source=devices_source,
        differences=tuple(differences),
        open_devices=prediction.open_devices if prediction and predicted else {},
        unlisted=_unlisted_regions(host, fates, regions),
        contradicted=contradicted,
        unlisted_options=_unlisted_options(host, prediction, listed),
    )


def _explained_pages(
    table: IommuTable | None, prediction: XenPrediction | None
) -> frozenset[AddressRange | None]:
    """Return the pages that Xen lists by its rules, for a region or a range of `rmrr=`."""
    listed = listed_sources(prediction)
    regions = () if table is None else table.regions
    pages = {listed_pages(own.first, own.last) for own in regions if own.source in listed}
    return option_ranges(prediction) | pages


def _decided_fates(prediction: XenPrediction | None) -> Mapping[Source, RegionAcceptance]:
    """Return the fates by region, except those that depend on the unknown point release."""
    if prediction is None:
        return {}
    open_ones = prediction.undecided
    return {fate.source: fate for fate in prediction.fates if fate.source not in open_ones}


def _unlisted_regions(
    host: Host, fates: Mapping[Source, RegionAcceptance], regions: Mapping[Source, XenView]
) -> frozenset[Source]:
    """Return the regions that are predicted in Xen's list and missing from it without a reason."""
    if iommu_known_off(host):
        return frozenset()
    return frozenset(
        source
        for source, view in regions.items()
        if not view.listed and source in fates and fates[source].fate is Acceptance.LISTED
    )


def _unlisted_options(
    host: Host, prediction: XenPrediction | None, listed: frozenset[AddressRange]
) -> Mapping[AddressRange, tuple[SBDF, ...]]:
    """Return the ranges of `rmrr=` that Xen accepts by its rules and does not list, likewise."""
    if prediction is None or iommu_known_off(host):
        return {}
    return {
        option.range: option.devices
        for option in prediction.options
        if option.accepted and not option.reason
        if option.range is not None and option.range not in listed
    }


def _contradicted_devices(
    host: Host,
    devices: Mapping[SBDF, tuple[AddressRange, ...] | None],
    listed: frozenset[AddressRange],
    prediction: XenPrediction | None,
) -> Iterator[tuple[SBDF, str]]:
    """Yield the devices whose own list has unexplained additional or missing entries.

    Xen makes the list of a device from the whole list: common/memory.c and vtd/dmar.c,
    ``intel_iommu_get_reserved_device_memory``.
    """
    predicted = prediction.by_device if prediction else {}
    for sbdf, own in devices.items():
        mine = {entry.range for entry in predicted.get(sbdf, ())}
        strange = [place for place in own or () if place not in listed and place not in mine]
        if strange:
            yield sbdf, words.device_list_has_more(strange[0])
    for sbdf in predicted.keys() & host.topology.known.keys():
        own = devices.get(sbdf, ())
        if own is None or (prediction and sbdf in prediction.open_devices):
            continue
        lost = [entry.range for entry in predicted[sbdf] if entry.range in listed.difference(own)]
        if lost:
            yield sbdf, words.device_list_lacks(lost[0])


def _reported_view(
    region: ReservedRegion,
    reported: frozenset[AddressRange],
    fate: RegionAcceptance | None,
    others: frozenset[AddressRange | None],
) -> XenView:
    """Return whether the hypervisor lists a region; the prediction only explains why not.

    If Xen's rules drop it and list its pages for one of the `others`, the entry is theirs.  None are
    given if the unknown point release decides about the region.
    """
    mine = listed_pages(region.first, region.last)
    dropped = fate is not None and fate.fate is not Acceptance.LISTED
    if mine in reported and not (dropped and mine in others):
        return XenView(listed=True, range=mine, reason="", notes=())
    reason = fate.reason if fate and dropped else words.NOT_LISTED
    return XenView(listed=False, range=None, reason=reason, notes=())


def _reported_devices(
    host: Host, prediction: XenPrediction | None
) -> tuple[Mapping[SBDF, tuple[AddressRange, ...] | None], ListSource]:
    """Return the ranges of each device: reported by Xen, else predicted if its list has entries."""
    reported = reported_devices(host)
    if reported is not None:
        return reported, ListSource.HYPERVISOR
    if prediction is None:
        return {}, ListSource.UNKNOWN
    return predicted_devices(prediction), ListSource.PREDICTED
