"""Three views of the reserved regions: the table's, Xen's, Linux'; and where they differ.

Pure.  Xen's list by hypercall is the authority where it can be had, even when it is
empty; otherwise it is predicted from the table by the rules in ``platforms/xen.py`` and
labelled so.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import Host
from dmaragent.host.xen import RdmEntry
from dmaragent.memory_map import MemoryMap
from dmaragent.platforms.xen import predict
from dmaragent.platforms.xen_model import Fate, RegionFate, XenEntry, XenPrediction
from dmaragent.snapshot import Missing
from fwtables import DMAR, RMRR, Decoded, located


class ListSource(Enum):
    """Where Xen's list comes from."""

    HYPERVISOR = "hypervisor"
    """By hypercall: what strategy=host uses."""
    PREDICTED = "predicted"
    """From the table, by Xen's acceptance rules."""
    UNKNOWN = "unknown"
    """There is neither a hypervisor that answers nor a table."""


class Origin(Enum):
    """Why an entry is in Xen's list."""

    TABLE = "table"
    OPTION = "rmrr-option"
    UNEXPLAINED = "unexplained"
    """Neither the table nor `rmrr=`: the XHCI debug console, or a rule not modelled."""
    UNKNOWN = "unknown"
    """There is no table to explain it by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """One entry of Xen's list."""

    range: AddressRange
    origin: Origin
    region: int | None
    """The region it comes from, from 1 in table order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XenList:
    """The list of reserved device memory that strategy=host uses, in the hypervisor's order."""

    source: ListSource
    entries: tuple[ListEntry, ...]
    release: tuple[int, int] | None
    vtd_disabled: str
    """Why Xen switches VT-d off for the whole host, as predicted; or empty."""
    why_empty: tuple[str, ...]
    """Where there are no entries: why strategy=host reserves nothing."""
    notes: tuple[str, ...] = ()
    """What limits a prediction as a whole: the release taken, what was not known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XenView:
    """What Xen makes of one region.  `listed` is None where it cannot be said."""

    listed: bool | None
    range: AddressRange | None
    """What Xen reserves, in whole pages."""
    reason: str
    """Why it is not listed, or empty."""
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference between the views, explained; `region` is from 1, None: of the host."""

    region: int | None
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class XenViews:
    """Xen's view of the host: the list, each region, each device, the differences."""

    list: XenList
    regions: Mapping[int, XenView]
    """By the offset of the RMRR structure."""
    devices: Mapping[SBDF, tuple[AddressRange, ...]]
    """What a guest with that device reserves; devices without any are left out."""
    differences: tuple[Difference, ...]


def xen_views(host: Host) -> XenViews:
    """Take Xen's view of `host`: the hypervisor's own list where there is one."""
    table = _decoded(host)
    prediction = None
    if table is not None and isinstance(host.table, Decoded):
        prediction = predict(
            table,
            host.topology,
            None if isinstance(host.memory_map, Missing) else host.memory_map,
            host.xen.release if host.xen else None,
            (host.xen.command_line or "") if host.xen else "",
            damage=host.table.damage,
        )
    xen = host.xen
    if xen is not None and not isinstance(xen.reserved_memory, Missing):
        return _by_hypervisor(host, xen.reserved_memory, prediction)
    return _by_prediction(host, prediction)


def _by_prediction(host: Host, prediction: XenPrediction | None) -> XenViews:
    table = _decoded(host)
    if prediction is None or table is None:
        unknown = XenList(
            source=ListSource.UNKNOWN, entries=(), release=None, vtd_disabled="", why_empty=()
        )
        return XenViews(list=unknown, regions={}, devices={}, differences=())
    entries = _entries((each.range for each in prediction.entries), prediction)
    return XenViews(
        list=XenList(
            source=ListSource.PREDICTED,
            entries=entries,
            release=host.xen.release if host.xen else None,
            vtd_disabled=prediction.vtd_disabled,
            why_empty=() if entries else tuple(_why_empty(host, prediction)),
            notes=prediction.notes,
        ),
        regions={fate.offset: _predicted_view(fate, prediction) for fate in prediction.fates},
        devices={
            sbdf: tuple(each.range for each in listed)
            for sbdf, listed in prediction.by_device.items()
            if listed
        },
        differences=tuple(_rounding(prediction, table)),
    )


def _by_hypervisor(
    host: Host, told: tuple[RdmEntry, ...], prediction: XenPrediction | None
) -> XenViews:
    ranges = [_pages(each) for each in told]
    table = _decoded(host)
    numbers = _numbers(prediction) if prediction else {}
    entries = _entries(ranges, prediction)
    listed = frozenset(ranges)
    regions: dict[int, XenView] = {}
    for fate in prediction.fates if prediction else ():
        regions[fate.offset] = _told_view(fate, listed)
    differences = list(_surprises(entries, prediction, regions, numbers))
    if prediction and table:
        differences += _rounding(prediction, table)
    devices = host.xen.device_reserved_memory if host.xen else Missing
    return XenViews(
        list=XenList(
            source=ListSource.HYPERVISOR,
            entries=entries,
            release=host.xen.release if host.xen else None,
            vtd_disabled=prediction.vtd_disabled if prediction else "",
            why_empty=() if entries else tuple(_why_empty(host, prediction)),
        ),
        regions=regions,
        devices=(
            {sbdf: tuple(map(_pages, own)) for sbdf, own in devices.items() if own}
            if isinstance(devices, Mapping)
            else {}
        ),
        differences=tuple(differences),
    )


def _decoded(host: Host) -> DMAR | None:
    return host.table.table if isinstance(host.table, Decoded) else None


def _numbers(prediction: XenPrediction) -> dict[int, int]:
    return {fate.offset: number for number, fate in enumerate(prediction.fates, 1)}


def _pages(entry: RdmEntry | XenEntry) -> AddressRange:
    start = entry.start_pfn << 12
    return AddressRange(start, start + (entry.nr_pages << 12))


def _entries(
    told: Iterable[AddressRange], prediction: XenPrediction | None
) -> tuple[ListEntry, ...]:
    """Say why each of `told` is in the list: by the region or the option that predicts it."""
    if prediction is None:
        return tuple(ListEntry(range=one, origin=Origin.UNKNOWN, region=None) for one in told)
    numbers = _numbers(prediction)
    regions = {
        fate.entry.range: numbers[fate.offset]
        for fate in prediction.fates
        if fate.entry is not None
    }
    options = {
        AddressRange(option.start_pfn << 12, (option.end_pfn + 1) << 12)
        for option in prediction.options
        if option.accepted and option.start_pfn is not None and option.end_pfn is not None
    }
    return tuple(
        ListEntry(
            range=one,
            origin=(
                Origin.TABLE
                if one in regions
                else Origin.OPTION
                if one in options
                else Origin.UNEXPLAINED
            ),
            region=regions.get(one),
        )
        for one in told
    )


def _predicted_view(fate: RegionFate, prediction: XenPrediction) -> XenView:
    listed = fate.fate is Fate.LISTED and not prediction.vtd_disabled
    reason = "" if listed else (fate.reason or prediction.vtd_disabled)
    return XenView(
        listed=listed,
        range=fate.entry.range if listed and fate.entry else None,
        reason=reason if fate.fate is not Fate.LISTED else prediction.vtd_disabled,
        notes=fate.notes,
    )


def _told_view(fate: RegionFate, ranges: frozenset[AddressRange]) -> XenView:
    mine = fate.entry.range if fate.entry else None
    listed = mine in ranges
    reason = (
        "" if listed else fate.reason if fate.fate is not Fate.LISTED else "Xen does not list it"
    )
    return XenView(listed=listed, range=mine if listed else None, reason=reason, notes=fate.notes)


def _surprises(
    entries: tuple[ListEntry, ...],
    prediction: XenPrediction | None,
    regions: Mapping[int, XenView],
    numbers: Mapping[int, int],
) -> Iterator[Difference]:
    """Explain where the hypervisor's list is not what the table predicts."""
    for entry in entries:
        place = f"{entry.range.start:#x}-{entry.range.end - 1:#x}"
        if entry.origin is Origin.OPTION:
            yield Difference(None, f"Xen lists {place}: `rmrr=` on its command line adds it")
        elif entry.origin is Origin.UNEXPLAINED:
            yield Difference(
                None,
                f"Xen lists {place}, which no RMRR structure has: the XHCI debug console "
                "(dbc=xhci) reserves such a range, or Xen has a rule not modelled here",
            )
    for fate in prediction.fates if prediction else ():
        if fate.fate is Fate.LISTED and not regions[fate.offset].listed and entries:
            yield Difference(
                numbers[fate.offset], "the rules predict it in Xen's list; it is not there"
            )
        elif fate.fate is not Fate.LISTED and regions[fate.offset].listed:
            yield Difference(
                numbers[fate.offset], "the rules predict that Xen drops it; it is listed"
            )
    in_table = [entry.region for entry in entries if entry.region is not None]
    if in_table and in_table != sorted(in_table, reverse=True):
        yield Difference(None, "Xen's list is not in reverse table order, as its rules predict")


def _rounding(prediction: XenPrediction, table: DMAR) -> Iterator[Difference]:
    """Explain where Xen's whole pages are not the bytes of the table."""
    structures = dict(located(table))
    for number, fate in enumerate(prediction.fates, 1):
        rmrr = structures.get(fate.offset)
        if fate.entry is None or not isinstance(rmrr, RMRR) or prediction.vtd_disabled:
            continue
        mine = fate.entry.range
        if (mine.start, mine.end - 1) != (rmrr.base_address, rmrr.limit_address):
            yield Difference(
                number,
                f"Xen reserves {mine.start:#x}-{mine.end - 1:#x}: whole pages, and the page of a "
                "limit that is page aligned is lost",
            )


def _why_empty(host: Host, prediction: XenPrediction | None) -> Iterator[str]:
    """Say why Xen's list is empty, so that strategy=host reserves nothing."""
    if prediction is not None and prediction.vtd_disabled:
        yield prediction.vtd_disabled
    elif prediction is not None and not prediction.fates:
        whole = isinstance(host.table, Decoded) and not host.table.damage
        yield "the table has no RMRR structure" if whole else "none in what could be decoded"
    elif prediction is not None and all(fate.fate is not Fate.LISTED for fate in prediction.fates):
        yield "Xen accepts none of the table's regions"
    if host.xen is not None and host.xen.iommu_enabled is False:
        yield "Xen's IOMMU is off: virt_caps of `xl info` has no directio"


def memory_words(memory_map: MemoryMap | Missing, region: AddressRange) -> str | None:
    """Name what the firmware's map says of `region`; None where there is no map."""
    if isinstance(memory_map, Missing):
        return None
    words = list(dict.fromkeys(entry.words for entry in memory_map.within(region)))
    whole = memory_map.covered(region, frozenset(entry.type for entry in memory_map.entries))
    return ", ".join(words if whole else [*words, "not in the map"])
