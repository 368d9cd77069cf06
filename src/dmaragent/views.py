"""Xen's view of the reserved regions, and where it differs from the table's.

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
from dmaragent.platforms.xen import listed_pages, predict
from dmaragent.platforms.xen_model import (
    ERAS,
    Fate,
    RegionFate,
    XenBehaviour,
    XenPrediction,
    releases_words,
)
from dmaragent.platforms.xen_options import iommu_switched_off
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
    """Why it is not listed, or why that cannot be said; or empty."""
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
    devices: Mapping[SBDF, tuple[AddressRange, ...] | None]
    """What a guest with that device reserves; None: Xen cannot be asked.  Others: nothing."""
    devices_source: ListSource
    differences: tuple[Difference, ...]


def xen_views(host: Host) -> XenViews:
    """Take Xen's view of `host`: the hypervisor's own list where there is one."""
    table = host.table.table if isinstance(host.table, Decoded) else None
    prediction = None if table is None else _predict(host, table, _release(host))
    xen = host.xen
    if xen is not None and not isinstance(xen.reserved_memory, Missing):
        return _by_hypervisor(host, xen.reserved_memory, table, prediction)
    if prediction is None or table is None:
        unknown = XenList(
            source=ListSource.UNKNOWN, entries=(), release=None, vtd_disabled="", why_empty=()
        )
        return XenViews(
            list=unknown,
            regions={},
            devices={},
            devices_source=ListSource.UNKNOWN,
            differences=(),
        )
    return _by_prediction(host, table, prediction)


def _release(host: Host) -> tuple[int, int] | None:
    return host.xen.release if host.xen else None


def _command_line(host: Host) -> str:
    return (host.xen.command_line or "") if host.xen else ""


def _predict(host: Host, table: DMAR, release: tuple[int, int] | None) -> XenPrediction:
    assert isinstance(host.table, Decoded)  # noqa: S101 - the table was taken from it
    return predict(
        table,
        host.topology,
        None if isinstance(host.memory_map, Missing) else host.memory_map,
        release,
        _command_line(host),
        damage=host.table.damage,
    )


# Predicted -----------------------------------------------------------------------------


def _by_prediction(host: Host, table: DMAR, prediction: XenPrediction) -> XenViews:
    entries = _entries((each.range for each in prediction.entries), table, prediction)
    notes = prediction.notes
    regions = {fate.offset: _predicted_view(fate, prediction) for fate in prediction.fates}
    if _release(host) is None:
        undecided = _undecided(host, table, prediction)
        regions |= undecided
        if undecided:
            notes = (*notes, "releases differ on some regions")
    return XenViews(
        list=XenList(
            source=ListSource.PREDICTED,
            entries=entries,
            release=_release(host),
            vtd_disabled=prediction.vtd_disabled,
            why_empty=() if entries else tuple(_why_empty(host, prediction)),
            notes=notes,
        ),
        regions=regions,
        devices=_predicted_devices(prediction),
        devices_source=ListSource.PREDICTED,
        differences=(*_rounding(prediction, table), *_refused_options(prediction)),
    )


def _predicted_devices(prediction: XenPrediction) -> Mapping[SBDF, tuple[AddressRange, ...] | None]:
    return {
        sbdf: tuple(each.range for each in listed)
        for sbdf, listed in prediction.by_device.items()
        if listed
    }


def _predicted_view(fate: RegionFate, prediction: XenPrediction) -> XenView:
    listed = fate.fate is Fate.LISTED
    return XenView(
        listed=listed,
        range=fate.entry.range if listed and fate.entry else None,
        reason="" if listed else fate.reason or prediction.vtd_disabled,
        notes=fate.notes,
    )


def _undecided(host: Host, table: DMAR, newest: XenPrediction) -> dict[int, XenView]:
    """Find the regions that releases disagree on, where the release is not known.

    Eras that treat the regions of a table alike are asked once; `newest` is known.
    """
    asked = {_treatment(newest.behaviour): newest}
    listing: dict[int, list[XenBehaviour]] = {}
    dropping: dict[int, list[XenBehaviour]] = {}
    for era in ERAS:
        treatment = _treatment(era)
        if treatment not in asked:
            asked[treatment] = _predict(host, table, era.first)
        for fate in asked[treatment].fates:
            side = listing if fate.fate is Fate.LISTED else dropping
            side.setdefault(fate.offset, []).append(era)
    return {
        offset: XenView(
            listed=None,
            range=None,
            reason=(
                f"listed by {releases_words(listing[offset])}, "
                f"not by {releases_words(dropping[offset])}"
            ),
            notes=(),
        )
        for offset in listing.keys() & dropping.keys()
    }


def _treatment(era: XenBehaviour) -> tuple[bool, bool, bool]:
    """Give what of an era matters to the regions of a table without `rmrr=`."""
    return era.ram_disables_vtd, era.satc_parsed, era.looks_for_devices


# Told by the hypervisor ----------------------------------------------------------------


def _by_hypervisor(
    host: Host,
    told: tuple[RdmEntry, ...],
    table: DMAR | None,
    prediction: XenPrediction | None,
) -> XenViews:
    ranges = [each.range for each in told]
    entries = _entries(ranges, table, prediction)
    fates = {fate.offset: fate for fate in prediction.fates} if prediction else {}
    regions = {
        offset: _told_view(rmrr, frozenset(ranges), fates.get(offset))
        for offset, rmrr in _rmrrs(table)
    }
    differences: list[Difference] = []
    if table is not None and prediction is not None:
        differences += _surprises(host, entries, table, fates, regions)
        differences += _rounding(prediction, table)
        differences += _refused_options(prediction)
    devices, devices_source = _told_devices(host, prediction if entries else None)
    return XenViews(
        list=XenList(
            source=ListSource.HYPERVISOR,
            entries=entries,
            release=_release(host),
            vtd_disabled=prediction.vtd_disabled if prediction and not entries else "",
            why_empty=() if entries else tuple(_why_empty(host, prediction)),
        ),
        regions=regions,
        devices=devices,
        devices_source=devices_source,
        differences=tuple(differences),
    )


def _rmrrs(table: DMAR | None) -> Iterator[tuple[int, RMRR]]:
    for offset, structure in located(table) if table else ():
        if isinstance(structure, RMRR):
            yield offset, structure


def _told_view(rmrr: RMRR, told: frozenset[AddressRange], fate: RegionFate | None) -> XenView:
    """Say whether the hypervisor lists a region; the rules only explain why it does not."""
    mine = listed_pages(rmrr.base_address, rmrr.limit_address)
    if mine in told:
        return XenView(listed=True, range=mine, reason="", notes=())
    dropped = fate is not None and fate.fate is not Fate.LISTED
    reason = fate.reason if fate and dropped else "Xen does not list it"
    return XenView(listed=False, range=None, reason=reason, notes=())


def _told_devices(
    host: Host, prediction: XenPrediction | None
) -> tuple[Mapping[SBDF, tuple[AddressRange, ...] | None], ListSource]:
    """Give what each device reserves: told, else predicted where the list is not empty."""
    told = host.xen.device_reserved_memory if host.xen else None
    if told is not None and not isinstance(told, Missing):
        known = {
            sbdf: None if own is None else tuple(each.range for each in own)
            for sbdf, own in told.items()
            if own is None or own
        }
        return known, ListSource.HYPERVISOR
    if prediction is None:
        return {}, ListSource.UNKNOWN
    return _predicted_devices(prediction), ListSource.PREDICTED


# What both share -----------------------------------------------------------------------


def _entries(
    told: Iterable[AddressRange], table: DMAR | None, prediction: XenPrediction | None
) -> tuple[ListEntry, ...]:
    """Say why each of `told` is in the list: by the region or the option that has these pages."""
    fates = {fate.offset: fate.fate for fate in prediction.fates} if prediction else {}
    regions: dict[AddressRange, int] = {}
    for number, (offset, rmrr) in enumerate(_rmrrs(table), 1):
        pages = listed_pages(rmrr.base_address, rmrr.limit_address)
        if pages is not None and (pages not in regions or fates.get(offset) is Fate.LISTED):
            regions[pages] = number
    options = {
        option.range for option in (prediction.options if prediction else ()) if option.accepted
    }
    return tuple(
        ListEntry(
            range=one,
            origin=_origin(one, table, regions, options),
            region=regions.get(one),
        )
        for one in told
    )


def _origin(
    one: AddressRange,
    table: DMAR | None,
    regions: Mapping[AddressRange, int],
    options: set[AddressRange | None],
) -> Origin:
    if one in regions:
        return Origin.TABLE
    if one in options:
        return Origin.OPTION
    return Origin.UNKNOWN if table is None else Origin.UNEXPLAINED


def _surprises(
    host: Host,
    entries: tuple[ListEntry, ...],
    table: DMAR,
    fates: Mapping[int, RegionFate],
    regions: Mapping[int, XenView],
) -> Iterator[Difference]:
    """Explain where the hypervisor's list is not what the table predicts."""
    options_known = host.xen is not None and host.xen.command_line is not None
    for entry in entries:
        place = f"{entry.range.start:#x}-{entry.range.end - 1:#x}"
        if entry.origin is Origin.OPTION:
            yield Difference(None, f"Xen lists {place}: `rmrr=` on its command line adds it")
        elif entry.origin is Origin.UNEXPLAINED:
            option = "" if options_known else "`rmrr=` on Xen's command line, which is not known, "
            yield Difference(
                None,
                f"Xen lists {place}, which no RMRR structure has: {option}the XHCI debug console "
                "(dbc=xhci), or a rule not modelled here",
            )
    for number, (offset, _) in enumerate(_rmrrs(table), 1):
        fate, view = fates.get(offset), regions[offset]
        if fate is None or not entries:
            continue
        if fate.fate is Fate.LISTED and not view.listed:
            yield Difference(number, "the rules predict it in Xen's list; it is not there")
        elif fate.fate is not Fate.LISTED and view.listed:
            said = f"the rules predict that Xen drops it ({fate.reason}); it is listed all the same"
            yield Difference(number, said)
    in_table = [entry.region for entry in entries if entry.region is not None]
    if in_table != sorted(in_table, reverse=True):
        yield Difference(None, "Xen's list is not in reverse table order, as its rules predict")


def _rounding(prediction: XenPrediction, table: DMAR) -> Iterator[Difference]:
    """Explain where Xen's whole pages are not the bytes of the table."""
    structures = dict(_rmrrs(table))
    for number, fate in enumerate(prediction.fates, 1):
        rmrr = structures.get(fate.offset)
        if fate.fate is not Fate.LISTED or fate.entry is None or rmrr is None:
            continue
        mine = fate.entry.range
        if (mine.start, mine.end - 1) != (rmrr.base_address, rmrr.limit_address):
            yield Difference(
                number,
                f"Xen reserves {mine.start:#x}-{mine.end - 1:#x}: whole pages, and the page of a "
                "limit that is page aligned is lost",
            )


def _refused_options(prediction: XenPrediction) -> Iterator[Difference]:
    for option in prediction.options:
        if not option.accepted:
            said = f"Xen does not take {option.text} of `rmrr=`: {option.reason}"
            yield Difference(None, said)


def _why_empty(host: Host, prediction: XenPrediction | None) -> Iterator[str]:
    """Say why Xen's list is empty, so that strategy=host reserves nothing."""
    switch = iommu_switched_off(_command_line(host))
    whole = isinstance(host.table, Decoded) and not host.table.damage
    found = False
    for why, holds in (
        (prediction.vtd_disabled if prediction else "", bool(prediction)),
        (f"{switch} stands on Xen's command line", bool(switch) and prediction is None),
        (
            "the table has no RMRR structure",
            prediction is not None and not prediction.fates and whole,
        ),
        (
            "none in what could be decoded",
            prediction is not None and not prediction.fates and not whole,
        ),
        ("Xen accepts none of the table's regions", _accepts_none(prediction)),
        (
            "Xen's IOMMU is off: virt_caps of `xl info` has no directio",
            host.xen is not None and host.xen.iommu_enabled is False,
        ),
    ):
        if why and holds:
            found = True
            yield why
    if not found:
        yield "why is not known; `xl dmesg` may say"


def _accepts_none(prediction: XenPrediction | None) -> bool:
    return (
        prediction is not None
        and bool(prediction.fates)
        and not prediction.vtd_disabled
        and all(fate.fate is not Fate.LISTED for fate in prediction.fates)
    )
