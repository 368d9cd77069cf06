"""Xen's view of the reserved regions, and where it differs from the table's.

Pure.  Xen's list by hypercall is the authority where it can be had, even when it is
empty; otherwise it is predicted from the table by the rules in ``platforms/xen.py`` and
labelled so.
"""

from collections.abc import Iterable, Mapping

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import Host
from dmaragent.host.xen import RdmEntry
from dmaragent.memory_map import MemoryMap
from dmaragent.platforms.xen import predict
from dmaragent.platforms.xen_model import (
    ERAS,
    Fate,
    RegionFate,
    XenBehaviour,
    XenPrediction,
    releases_words,
)
from dmaragent.platforms.xen_options import iommu_switched_off
from dmaragent.platforms.xen_units import listed_pages
from dmaragent.snapshot import Missing, MissingKind
from dmaragent.views.explain import (
    command_line,
    refused_options,
    rmrrs,
    rounding,
    surprises,
    why_empty,
)
from dmaragent.views.model import (
    Difference,
    ListEntry,
    ListSource,
    Origin,
    XenList,
    XenView,
    XenViews,
)
from fwtables import DMAR, RMRR, Decoded


def xen_views(host: Host, release: tuple[int, int] | None = None) -> XenViews:
    """Take Xen's view of `host`: the hypervisor's own list where there is one.

    With `release`, the list that release would have: predicted, unless it is the one running.
    """
    table = host.table.table if isinstance(host.table, Decoded) else None
    asked = release or _release(host)
    prediction = None if table is None else _predict(host, table, asked)
    xen = host.xen
    if xen is not None and asked == xen.release and not isinstance(xen.reserved_memory, Missing):
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
    return _by_prediction(host, table, prediction, asked)


def _release(host: Host) -> tuple[int, int] | None:
    return host.xen.release if host.xen else None


def _predict(host: Host, table: DMAR, release: tuple[int, int] | None) -> XenPrediction:
    assert isinstance(host.table, Decoded)  # noqa: S101 - the table was taken from it
    return predict(
        table,
        host.topology,
        _memory_map(host),
        release,
        command_line(host),
        damage=host.table.damage,
    )


def _memory_map(host: Host) -> MemoryMap | None:
    """Return the map to predict by; None if nobody collected one.

    A map that is there and could not be read is one without entries.
    """
    known = host.memory_map
    if not isinstance(known, Missing):
        return known
    if known.kind in (MissingKind.DENIED, MissingKind.FAILED):
        why = known.detail or known.kind.value
        return MemoryMap((), incomplete=f"the firmware's memory map could not be read ({why})")
    return None


# Predicted -----------------------------------------------------------------------------


def _by_prediction(
    host: Host, table: DMAR, prediction: XenPrediction, release: tuple[int, int] | None
) -> XenViews:
    entries = _entries((each.range for each in prediction.entries), table, prediction)
    notes = prediction.notes
    regions = {fate.offset: _predicted_view(fate, prediction) for fate in prediction.fates}
    if release is None:
        undecided = _undecided(host, table, prediction)
        regions |= undecided
        if undecided:
            notes = (*notes, "releases differ on some regions")
    return XenViews(
        list=XenList(
            source=ListSource.PREDICTED,
            entries=entries,
            release=release,
            vtd_disabled=prediction.vtd_disabled,
            why_empty=() if entries else tuple(why_empty(host, prediction)),
            notes=notes,
            doubt=prediction.doubt,
        ),
        regions=regions,
        devices=_predicted_devices(prediction),
        devices_source=ListSource.PREDICTED,
        differences=(*rounding(prediction, table), *refused_options(prediction)),
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

    Eras that treat the regions of a table alike are asked once; `newest` is known.  They do if
    they are alike in what `newest` consulted.
    """
    known = _treatment(newest.behaviour, newest.consulted)
    asked = {known: newest}
    listing: dict[int, list[XenBehaviour]] = {}
    dropping: dict[int, list[XenBehaviour]] = {}
    for era in ERAS:
        treatment = _treatment(era, newest.consulted)
        if treatment != known:
            treatment = _treatment(era, _TREATMENT)
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


_TREATMENT = frozenset({"ram_disables_vtd", "satc_parsed", "looks_for_devices"})
"""What of an era matters to the regions of a table without `rmrr=`."""


def _treatment(era: XenBehaviour, names: frozenset[str]) -> frozenset[tuple[str, bool]]:
    """Return the fields `names` of `era`."""
    return frozenset((name, getattr(era, name)) for name in names)


# Told by the hypervisor ----------------------------------------------------------------


def _by_hypervisor(
    host: Host,
    told: tuple[RdmEntry, ...],
    table: DMAR | None,
    prediction: XenPrediction | None,
) -> XenViews:
    ranges = [each.range for each in told]
    listed = frozenset(ranges)
    entries = _entries(ranges, table, prediction)
    fates = {fate.offset: fate for fate in prediction.fates} if prediction else {}
    regions = {offset: _told_view(rmrr, listed, fates.get(offset)) for offset, rmrr in rmrrs(table)}
    differences: list[Difference] = []
    if table is not None and prediction is not None:
        differences += surprises(host, entries, table, fates, regions)
        differences += rounding(prediction, table)
        differences += refused_options(prediction)
    devices, devices_source = _told_devices(host, prediction if entries else None)
    return XenViews(
        list=XenList(
            source=ListSource.HYPERVISOR,
            entries=entries,
            release=_release(host),
            vtd_disabled=prediction.vtd_disabled if prediction and not entries else "",
            why_empty=() if entries else tuple(why_empty(host, prediction)),
        ),
        regions=regions,
        devices=devices,
        devices_source=devices_source,
        differences=tuple(differences),
        unlisted=_unlisted(host, fates, regions),
        unlisted_options={
            option.range: option.devices
            for option in (prediction.options if prediction else ())
            if option.accepted and not option.reason and option.range is not None
            if option.range not in listed
        },
    )


def _unlisted(
    host: Host, fates: Mapping[int, RegionFate], regions: Mapping[int, XenView]
) -> frozenset[int]:
    """Return the regions that the rules predict in Xen's list and that it lacks, unexplained."""
    off = host.xen is not None and host.xen.iommu_enabled is False
    if off or iommu_switched_off(command_line(host)):
        return frozenset()
    return frozenset(
        offset
        for offset, view in regions.items()
        if not view.listed and offset in fates and fates[offset].fate is Fate.LISTED
    )


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
    for number, (offset, rmrr) in enumerate(rmrrs(table), 1):
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
