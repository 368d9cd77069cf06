"""Xen's view of the reserved regions of an AMD host: the hypervisor's own list, else a prediction.

Pure.  Entries that repeat for several devices are one entry with their number.  No region is
shared on AMD: Xen has no rule that refuses a device because others have its region.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import Host
from dmaragent.host.xen import RdmEntry
from dmaragent.iommu.model import (
    BootOption,
    Difference,
    IommuTable,
    ReservedRegion,
    Source,
    TableEntry,
)
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.ivrs_acceptance import predict_ivrs, undecided_without_release
from dmaragent.xen.hypervisor.ivrs_behaviour import RELEASES, ivrs_behaviour_of
from dmaragent.xen.hypervisor.ivrs_ids import ListRun
from dmaragent.xen.hypervisor.ivrs_prediction import IvmdAcceptance, IvmdFate, IvrsPrediction
from dmaragent.xen.hypervisor.memory import whole_pages
from dmaragent.xen.hypervisor.prediction import ListAlternative
from dmaragent.xen.reserved_list import words
from dmaragent.xen.reserved_list.explain import iommu_known_off
from dmaragent.xen.reserved_list.ivrs_served import served_by_xen
from dmaragent.xen.reserved_list.model import (
    ListEntry,
    ListSource,
    Origin,
    XenList,
    XenView,
    XenViews,
)
from dmaragent.xen.reserved_list.predicted import (
    memory_map_of,
    options_unread,
    reported_devices,
    reported_list,
)

_LISTED = frozenset({IvmdFate.ACCEPTED})
_UNKNOWN = frozenset({IvmdFate.UNKNOWN})
_USELESS = frozenset({IvmdFate.IGNORED, IvmdFate.NO_IOMMU, IvmdFate.EMPTY})


def ivrs_xen_views(
    host: Host,
    table: IommuTable,
    release: Release | None = None,
) -> XenViews:
    """Return Xen's view of `host` with `table`, an IVRS whose fixed part was decoded.

    With `release`, the list that release would have: predicted, unless it is the one running.
    """
    running = host.running_release
    wanted = release or running
    if wanted is not None and running is not None and _is_running(wanted, running):
        wanted = running
    reported = reported_list(host, wanted)
    memory_map = memory_map_of(host, reported=bool(reported))
    prediction = predict_ivrs(table, host.topology, memory_map, wanted, host.xen_command_line)
    if reported is not None:
        views = _reported(host, reported, table, prediction)
    else:
        views = _predicted(host, table, prediction, wanted)
    served = served_by_xen(host.topology, table, prediction, wanted)
    return views._replace(served=served, ivrs=prediction)


def _is_running(wanted: Release, running: Release) -> bool:
    """Return whether `wanted` is what runs, or another point of its series that behaves alike."""
    behaviours = [
        {ivrs_behaviour_of(step) for step in RELEASES.steps_of(release)}
        for release in (wanted, running)
    ]
    alike = behaviours[0] == behaviours[1]
    return wanted.covers(running) or (wanted.series == running.series and alike)


# Predicted ------------------------------------------------------------------------------


def _predicted(
    host: Host, table: IommuTable, prediction: IvrsPrediction, release: Release | None
) -> XenViews:
    entries = tuple(_folded(prediction.runs, _numbers(table)))
    regions = {fate.source: _predicted_view(fate, prediction) for fate in prediction.fates}
    undecided, notes = prediction.undecided, prediction.notes
    if release is None:
        undecided = undecided_without_release(
            table, host.topology, memory_map_of(host), host.xen_command_line
        )
        notes = (*notes, words.NOTHING_BEFORE_4_16)
    doubt, unread = prediction.doubt, options_unread(host)
    if (entries and doubt) or unread:
        others = (note for note in notes if note != doubt)
        notes = (*others, words.list_uncertain(doubt or unread))
    regions |= {
        source: XenView(listed=None, range=None, reason=reason, notes=(), by_release=True)
        for source, reason in undecided.items()
        if source in regions
    }
    return XenViews(
        list=XenList(
            source=ListSource.PREDICTED,
            entries=entries,
            release=release,
            iommu_disabled=prediction.iommu_disabled,
            why_empty=() if entries else tuple(_why_empty(table, prediction)),
            notes=notes,
            doubt=doubt,
            doubt_by_point=prediction.doubt_by_point,
            unread=unread,
            alternatives=tuple(
                ListAlternative(other.releases, tuple(_each_entry(other.runs)))
                for other in prediction.alternatives
            ),
        ),
        regions=MappingProxyType(regions),
        devices=PredictedDevices(prediction, host, table),
        devices_source=ListSource.PREDICTED,
        differences=tuple(_option_differences(prediction)),
    )


def _each_entry(runs: Iterable[ListRun]) -> Iterator[RdmEntry]:
    for run in runs:
        for _ in range(run.devices):
            yield from (listed.entry for listed in run.ranges)


def _numbers(table: IommuTable) -> Mapping[Source, int]:
    return {region.source: region.number for region in table.regions}


def _folded(runs: Iterable[ListRun], numbers: Mapping[Source, int]) -> Iterator[ListEntry]:
    """Yield the entries of `runs`, each with the number of devices that it repeats for."""
    for run in runs:
        for listed in run.ranges:
            source = listed.sources[0]
            yield ListEntry(
                range=listed.entry.range,
                origin=_origin(source),
                region=numbers.get(source),
                devices=run.devices,
            )


def _origin(source: Source) -> Origin:
    return Origin.IVMD_OPTION if isinstance(source, BootOption) else Origin.TABLE


def _predicted_view(fate: IvmdAcceptance, prediction: IvrsPrediction) -> XenView:
    if fate.fate in _UNKNOWN:
        return XenView(listed=None, range=None, reason=fate.reason, notes=fate.notes)
    listed = fate.fate in _LISTED
    return XenView(
        listed=listed,
        range=fate.pages if listed else None,
        reason="" if listed else fate.reason or prediction.iommu_disabled,
        notes=(fate.reason, *fate.notes) if listed else fate.notes,
    )


class PredictedDevices(Mapping[SBDF, tuple[AddressRange, ...] | None]):
    """What a guest with each device reserves, by a prediction.

    The devices that it lists are those that are present or that a region names alone; it has an
    answer for every other too, as a range of device IDs needs no device.
    """

    def __init__(self, prediction: IvrsPrediction, host: Host, table: IommuTable) -> None:
        self._prediction = prediction
        named = (
            claimant.sbdf
            for region in table.regions
            for claim in region.claims
            for claimant in claim.claimants
        )
        known = {*host.topology.known, *(sbdf for sbdf in named if sbdf is not None)}
        self._listed = [sbdf for sbdf in sorted(known) if prediction.ranges_of(sbdf)]

    def __getitem__(self, sbdf: SBDF) -> tuple[AddressRange, ...]:
        """Return the ranges that Xen reports for `sbdf`; a KeyError if it reports nothing."""
        ranges = self._prediction.ranges_of(sbdf)
        if not ranges:
            raise KeyError(sbdf)
        return tuple(listed.entry.range for listed in ranges)

    def __iter__(self) -> Iterator[SBDF]:
        """Iterate over the devices that are known, by address."""
        return iter(self._listed)

    def __len__(self) -> int:
        """Return how many devices are known."""
        return len(self._listed)


def _option_differences(prediction: IvrsPrediction) -> Iterator[Difference]:
    """Explain which ranges of ``ivmd=`` Xen does not take, or has no use for."""
    for option in prediction.unread_options:
        yield Difference(None, words.ivmd_not_read(option.text, option.reason))
    for taken in prediction.options:
        if taken.fate in _USELESS and isinstance(taken.source, BootOption):
            yield Difference(None, words.ivmd_without_effect(taken.source.text, taken.reason))


def _why_empty(table: IommuTable, prediction: IvrsPrediction) -> Iterator[str]:
    """Yield why Xen's list is empty."""
    if prediction.iommu_disabled:
        yield prediction.iommu_disabled
    elif prediction.doubt:
        yield prediction.doubt
    elif not prediction.fates and not prediction.options:
        yield words.NO_IVMD if table.whole else words.NO_IVMD_DECODED
    else:
        fates = (*prediction.fates, *prediction.options)
        reasons = (fate.reason for fate in fates if fate.fate not in _LISTED and fate.reason)
        yield from dict.fromkeys(reasons)


def _why_reported_empty(
    host: Host, table: IommuTable, prediction: IvrsPrediction
) -> tuple[str, ...]:
    """Return why the hypervisor's list is empty."""
    reasons = [*_why_empty(table, prediction)]
    if host.xen is not None and host.xen.iommu_enabled is False:
        reasons.append(words.IOMMU_OFF)
    return tuple(reasons) or (words.EMPTY_UNEXPLAINED_ON_AMD,)


# Reported -------------------------------------------------------------------------------


class _Folded(NamedTuple):
    """An entry of the hypervisor's list, and how often it has it."""

    range: AddressRange
    times: int


def _reported(
    host: Host,
    reported: tuple[RdmEntry, ...],
    table: IommuTable,
    prediction: IvrsPrediction,
) -> XenViews:
    """Return Xen's view of `host`, whose hypervisor `reported` this list."""
    times: dict[AddressRange, int] = {}
    for entry in reported:
        times[entry.range] = times.get(entry.range, 0) + 1
    sources = {
        listed.entry.range: listed.sources[0] for run in prediction.runs for listed in run.ranges
    }
    fates = {fate.source: fate for fate in prediction.fates}
    regions: dict[Source, XenView] = {
        region.source: _reported_view(region, fates[region.source], times, sources)
        for region in table.regions
        if region.source in fates
    }
    named = {view.range: source for source, view in regions.items() if view.listed}
    entries = tuple(
        _reported_entry(_Folded(place, count), sources.get(place) or named.get(place), table)
        for place, count in times.items()
    )
    decided = {source: fate for source, fate in fates.items() if source not in prediction.undecided}
    expected = frozenset(
        source
        for source, fate in decided.items()
        if fate.fate in _LISTED and _is_in(sources.keys(), fate)
    )
    devices, devices_source = _reported_devices(host, prediction, table, listed=bool(entries))
    contradicted: Mapping[SBDF, str] = {}
    if devices_source is ListSource.HYPERVISOR:
        contradicted = dict(_contradicted_devices(host, devices, times, prediction))
        devices = {**devices, **dict.fromkeys(contradicted)}
    return XenViews(
        list=XenList(
            source=ListSource.HYPERVISOR,
            entries=entries,
            release=host.running_release,
            iommu_disabled="" if entries else prediction.iommu_disabled,
            why_empty=() if entries else _why_reported_empty(host, table, prediction),
        ),
        regions=MappingProxyType(regions),
        devices=devices,
        devices_source=devices_source,
        differences=(
            *_list_differences(entries, decided, regions, expected, table),
            *_option_differences(prediction),
        ),
        unlisted=frozenset(
            source
            for source, view in regions.items()
            if view.listed is False and source in expected
            if not iommu_known_off(host)
        ),
        contradicted=contradicted,
        unlisted_options=_unlisted_options(host, times, prediction),
    )


def _reported_devices(
    host: Host, prediction: IvrsPrediction, table: IommuTable, *, listed: bool
) -> tuple[Mapping[SBDF, tuple[AddressRange, ...] | None], ListSource]:
    """Return the ranges of each device: reported by Xen, else predicted if it `listed` any."""
    reported = reported_devices(host)
    if reported is not None:
        return reported, ListSource.HYPERVISOR
    if listed and not prediction.doubt:
        return PredictedDevices(prediction, host, table), ListSource.PREDICTED
    return {}, ListSource.UNKNOWN


def _unlisted_options(
    host: Host, reported: Mapping[AddressRange, int], prediction: IvrsPrediction
) -> Mapping[AddressRange, tuple[SBDF, ...]]:
    """Return the ranges of `ivmd=` that Xen accepts by its rules and does not list."""
    if iommu_known_off(host) or prediction.doubt:
        return {}
    return {
        option.pages: tuple(
            sbdf
            for sbdf in sorted(host.topology.known)
            if any(option.source in own.sources for own in prediction.ranges_of(sbdf))
        )
        for option in prediction.options
        if option.fate in _LISTED and option.source not in prediction.undecided
        if option.pages is not None and not _is_in(reported, option)
    }


def _contradicted_devices(
    host: Host,
    devices: Mapping[SBDF, tuple[AddressRange, ...] | None],
    reported: Mapping[AddressRange, int],
    prediction: IvrsPrediction,
) -> Iterator[tuple[SBDF, str]]:
    """Yield the devices whose own list has unexplained additional or missing entries.

    By Xen's rules, the list of a device can have an exclusion range that the whole list lacks: of
    ranges for all devices of an IOMMU, the whole list has those of the first IOMMU (amd/iommu_map.c,
    ``amd_iommu_get_reserved_device_memory``).
    """
    for sbdf, own in devices.items():
        mine = {one.entry.range for one in prediction.ranges_of(sbdf)}
        strange = [place for place in own or () if place not in reported and place not in mine]
        if strange:
            yield sbdf, words.device_list_has_more(strange[0])
    if prediction.doubt or prediction.alternatives or prediction.undecided:
        return
    for sbdf in host.topology.known:
        listed = devices.get(sbdf, ())
        if listed is None:
            continue
        predicted = [one.entry.range for one in prediction.ranges_of(sbdf)]
        lost = [place for place in predicted if place in reported and place not in listed]
        if lost:
            yield sbdf, words.device_list_lacks(lost[0])


def _is_in(ranges: Collection[AddressRange], fate: IvmdAcceptance) -> bool:
    """Return whether `ranges` have the pages of `fate`; in registers, maybe as part of others."""
    place = fate.pages
    return place in ranges or (
        place is not None
        and fate.in_registers
        and any(own.start <= place.start and place.end <= own.end for own in ranges)
    )


def _reported_entry(folded: _Folded, source: Source | None, table: IommuTable) -> ListEntry:
    numbers = _numbers(table)
    origin = Origin.UNEXPLAINED if source is None else _origin(source)
    region = numbers.get(source) if isinstance(source, TableEntry) else None
    return ListEntry(range=folded.range, origin=origin, region=region, devices=folded.times)


def _reported_view(
    region: ReservedRegion,
    fate: IvmdAcceptance,
    reported: Mapping[AddressRange, int],
    predicted: Mapping[AddressRange, Source],
) -> XenView:
    """Return whether the hypervisor lists a region; the rules only explain why it does not.

    A region in exclusion registers may be part of a larger range there.  Pages that are
    `predicted` for others are not listed for a region that the rules drop.
    """
    place = fate.pages
    if place is not None and _is_in(reported, fate):
        return XenView(listed=True, range=place, reason="", notes=(fate.reason, *fate.notes))
    own = None if region.range is None else whole_pages(region.range)
    if place is None and own in reported and own not in predicted:
        return XenView(listed=True, range=own, reason="", notes=fate.notes)
    if place is None and fate.fate in _UNKNOWN:
        return XenView(listed=None, range=None, reason=fate.reason, notes=fate.notes)
    reason = words.NOT_LISTED if fate.fate in _LISTED else fate.reason
    return XenView(listed=False, range=None, reason=reason, notes=())


def _list_differences(
    entries: tuple[ListEntry, ...],
    fates: Mapping[Source, IvmdAcceptance],
    regions: Mapping[Source, XenView],
    expected: Collection[Source],
    table: IommuTable,
) -> Iterator[Difference]:
    """Explain where the hypervisor's list is not what the table predicts: the `expected` regions."""
    for entry in entries:
        if entry.origin is Origin.UNEXPLAINED:
            yield Difference(None, words.no_ivmd_has(entry.range))
        elif entry.origin is Origin.IVMD_OPTION:
            yield Difference(None, words.listed_by_ivmd(entry.range))
    for region in table.regions:
        view, fate = regions.get(region.source), fates.get(region.source)
        if view is None or fate is None or not entries:
            continue
        if region.source in expected and view.listed is False:
            yield Difference(region.number, words.PREDICTED_AND_NOT_LISTED)
        elif fate.fate not in _LISTED | _UNKNOWN and view.listed:
            yield Difference(region.number, words.listed_all_the_same(fate.reason))
