"""Xen's view of the reserved regions, and where it differs from the table's.

Pure.  Xen's list by hypercall is the authority where it can be had, even when it is
empty; otherwise it is predicted from the table by the rules in ``xen/hypervisor/acceptance.py`` and
labelled so.
"""

from collections.abc import Iterable, Iterator, Mapping

from dmaragent.addresses import SBDF, AddressRange, span
from dmaragent.host import Host
from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.xen import RdmEntry
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.acceptance import predict
from dmaragent.xen.hypervisor.behaviour import STEPS, behaviour_of, behaviours_of, releases_words
from dmaragent.xen.hypervisor.option_words import iommu_switched_off
from dmaragent.xen.hypervisor.points import Predicted, matters, treatment, undecided
from dmaragent.xen.hypervisor.prediction import Acceptance, RegionAcceptance, XenPrediction
from dmaragent.xen.hypervisor.registered import listed_pages
from dmaragent.xen.hypervisor.rmrr_words import UserRange
from dmaragent.xen.reserved_list.explain import (
    command_line,
    refused_options,
    rmrrs,
    rounding,
    surprises,
    why_empty,
)
from dmaragent.xen.reserved_list.model import (
    Difference,
    ListEntry,
    ListSource,
    Origin,
    XenList,
    XenView,
    XenViews,
)
from fwtables import DMAR, RMRR, Decoded


def xen_views(host: Host, release: Release | None = None) -> XenViews:
    """Take Xen's view of `host`: the hypervisor's own list where there is one.

    With `release`, the list that release would have: predicted, unless it is the one running.
    """
    table = host.table.table if isinstance(host.table, Decoded) else None
    running = _release(host)
    asked = release or running
    if asked is not None and running is not None and _is_same(asked, running):
        asked = running
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


def _is_same(asked: Release, running: Release) -> bool:
    """Return whether `asked` is what runs, or another point of its series that behaves alike."""
    alike = behaviours_of(asked) == behaviours_of(running)
    return asked.covers(running) or (asked.series == running.series and alike)


def _release(host: Host) -> Release | None:
    return host.xen.release if host.xen else None


def _predict(host: Host, table: DMAR, release: Release | None) -> XenPrediction:
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
    known = host.ram_map
    if not isinstance(known, Missing):
        return known
    if known.kind in (MissingKind.DENIED, MissingKind.FAILED):
        why = known.detail or known.kind.value
        return MemoryMap((), incomplete=f"the firmware's memory map could not be read ({why})")
    return None


# Predicted -----------------------------------------------------------------------------


def _by_prediction(
    host: Host, table: DMAR, prediction: XenPrediction, release: Release | None
) -> XenViews:
    entries = _entries((each.range for each in prediction.entries), table, prediction)
    notes = prediction.notes
    regions = {fate.offset: _predicted_view(fate, prediction) for fate in prediction.fates}
    why_open = prediction.undecided if release else _by_release(host, table, prediction)
    regions |= {offset: _open_view(reason) for offset, reason in why_open.items()}
    if why_open and release is None:
        notes = (*notes, "releases differ on some regions")
    doubt = prediction.doubt
    if release is None and not doubt:
        doubt = _options_doubt(host, table, prediction)
    return XenViews(
        list=XenList(
            source=ListSource.PREDICTED,
            entries=entries,
            release=release,
            vtd_disabled=prediction.vtd_disabled,
            why_empty=() if entries else tuple(why_empty(host, prediction)),
            notes=notes,
            doubt=doubt,
            alternatives=prediction.alternatives,
        ),
        regions=regions,
        devices=_predicted_devices(prediction),
        devices_source=ListSource.PREDICTED,
        open_devices=prediction.open_devices,
        differences=(*rounding(prediction, table), *refused_options(prediction)),
    )


def _predicted_devices(prediction: XenPrediction) -> Mapping[SBDF, tuple[AddressRange, ...] | None]:
    return {
        sbdf: tuple(each.range for each in listed)
        for sbdf, listed in prediction.by_device.items()
        if listed
    }


def _predicted_view(fate: RegionAcceptance, prediction: XenPrediction) -> XenView:
    listed = fate.fate is Acceptance.LISTED
    return XenView(
        listed=listed,
        range=fate.entry.range if listed and fate.entry else None,
        reason="" if listed else fate.reason or prediction.vtd_disabled,
        notes=fate.notes,
    )


def _open_view(reason: str) -> XenView:
    return XenView(listed=None, range=None, reason=reason, notes=())


def _by_release(host: Host, table: DMAR, newest: XenPrediction) -> Mapping[int, str]:
    """Return why the fate of an RMRR is unknown, by its offset, if the release is unknown.

    Releases that treat the regions of `table` alike are predicted once; `newest` is known.
    """
    what = matters(table)
    predicted: dict[object, Predicted] = {treatment(newest.behaviour, what): ([], newest)}
    for step in STEPS:
        key = treatment(behaviour_of(step), what)
        if key not in predicted:
            predicted[key] = ([], _predict(host, table, step))
        predicted[key][0].append(step)
    return undecided(list(predicted.values()))


def _options_doubt(host: Host, table: DMAR, newest: XenPrediction) -> str:
    """Return which releases accept other ranges of `rmrr=` than the newest; empty if none does."""
    if not newest.options:
        return ""
    accepted = _accepted(newest)
    others = [
        step
        for step in STEPS
        if behaviour_of(step).rmrr_option and _accepted(_predict(host, table, step)) != accepted
    ]
    if not others:
        return ""
    return f"{releases_words(others)} accept other ranges of rmrr= than the newest release"


def _accepted(prediction: XenPrediction) -> list[UserRange]:
    return [user._replace(text="", reason="") for user in prediction.options if user.accepted]


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
    fates = _settled(prediction)
    every = {fate.offset: fate for fate in prediction.fates} if prediction else {}
    regions = {offset: _told_view(rmrr, listed, every.get(offset)) for offset, rmrr in rmrrs(table)}
    differences: list[Difference] = []
    if table is not None and prediction is not None:
        differences += surprises(host, entries, table, fates, regions)
        differences += rounding(prediction, table)
        differences += refused_options(prediction, listed)
    devices, devices_source = _told_devices(host, prediction if entries else None)
    predicted = prediction is not None and devices_source is ListSource.PREDICTED
    contradicted: dict[SBDF, str] = {}
    if devices_source is ListSource.HYPERVISOR:
        contradicted = dict(_contradicted(host, devices, listed, prediction))
        devices = {**devices, **dict.fromkeys(contradicted)}
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
        open_devices=prediction.open_devices if prediction and predicted else {},
        unlisted=_unlisted(host, fates, regions),
        contradicted=contradicted,
        unlisted_options={
            option.range: option.devices
            for option in (prediction.options if prediction else ())
            if option.accepted is None or (option.accepted and not option.reason)
            if option.range is not None
            if option.range not in listed
        },
    )


def _settled(prediction: XenPrediction | None) -> Mapping[int, RegionAcceptance]:
    """Return the fates by offset, without those that the running release leaves open."""
    if prediction is None:
        return {}
    open_ones = prediction.undecided
    return {fate.offset: fate for fate in prediction.fates if fate.offset not in open_ones}


def _unlisted(
    host: Host, fates: Mapping[int, RegionAcceptance], regions: Mapping[int, XenView]
) -> frozenset[int]:
    """Return the regions that the rules predict in Xen's list and that it lacks, unexplained."""
    off = host.xen is not None and host.xen.iommu_enabled is False
    if off or iommu_switched_off(command_line(host), _release(host)):
        return frozenset()
    return frozenset(
        offset
        for offset, view in regions.items()
        if not view.listed and offset in fates and fates[offset].fate is Acceptance.LISTED
    )


def _contradicted(
    host: Host,
    devices: Mapping[SBDF, tuple[AddressRange, ...] | None],
    listed: frozenset[AddressRange],
    prediction: XenPrediction | None,
) -> Iterator[tuple[SBDF, str]]:
    """Yield the devices whose own list lacks or adds what nothing explains.

    Xen makes the list of a device from the whole list: common/memory.c and vtd/dmar.c,
    ``intel_iommu_get_reserved_device_memory``.
    """
    predicted = prediction.by_device if prediction else {}
    for sbdf, own in devices.items():
        mine = {one.range for one in predicted.get(sbdf, ())}
        strange = [place for place in own or () if place not in listed and place not in mine]
        if strange:
            yield sbdf, f"Xen reports {span(strange[0])} for it, which its whole list lacks"
    for sbdf in predicted.keys() & host.topology.known.keys():
        own = devices.get(sbdf, ())
        if own is None or (prediction and sbdf in prediction.open_devices):
            continue
        lost = [one.range for one in predicted[sbdf] if one.range in listed.difference(own)]
        if lost:
            yield sbdf, f"Xen's list for it lacks {span(lost[0])}, which is its by Xen's rules"


def _told_view(rmrr: RMRR, told: frozenset[AddressRange], fate: RegionAcceptance | None) -> XenView:
    """Say whether the hypervisor lists a region; the rules only explain why it does not."""
    mine = listed_pages(rmrr.base_address, rmrr.limit_address)
    if mine in told:
        return XenView(listed=True, range=mine, reason="", notes=())
    dropped = fate is not None and fate.fate is not Acceptance.LISTED
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
        return {**dict.fromkeys(host.topology.known.keys() - told.keys()), **known}, (
            ListSource.HYPERVISOR
        )
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
        if pages is not None and (pages not in regions or fates.get(offset) is Acceptance.LISTED):
            regions[pages] = number
    options = {
        option.range
        for option in (prediction.options if prediction else ())
        if option.accepted is not False
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
