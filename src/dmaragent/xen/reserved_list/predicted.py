"""Xen's view of a host, predicted from the table."""

from collections.abc import Mapping

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.host import Host
from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.xen import RdmEntry
from dmaragent.iommu.model import IommuTable, Source
from dmaragent.iommu.vtd import dmar_of
from dmaragent.readings import Missing, MissingKind
from dmaragent.releases import Release
from dmaragent.xen.hypervisor.acceptance import predict_table
from dmaragent.xen.hypervisor.behaviour import STEPS, behaviour_of, releases_words
from dmaragent.xen.hypervisor.points import (
    Predicted,
    matters_to_fates,
    treatment,
    undecided_regions,
)
from dmaragent.xen.hypervisor.prediction import (
    Acceptance,
    RegionAcceptance,
    XenPrediction,
)
from dmaragent.xen.hypervisor.rmrr_option import UserRange
from dmaragent.xen.reserved_list import words
from dmaragent.xen.reserved_list.entries import list_entries
from dmaragent.xen.reserved_list.explain import (
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


def predict_list(host: Host, table: IommuTable, release: Release | None) -> XenPrediction:
    """Return the prediction for `table`; at least its fixed part must be decoded."""
    memory_map = memory_map_of(host, reported=bool(reported_list(host, release)))
    return predict_table(table, host.topology, memory_map, release, host.xen_command_line)


def reported_list(host: Host, release: Release | None) -> tuple[RdmEntry, ...] | None:
    """Return the list that the running hypervisor reported, if `release` is its release."""
    xen = host.xen
    if xen is None or release != xen.release or isinstance(xen.reserved_memory, Missing):
        return None
    return xen.reserved_memory


def reported_devices(host: Host) -> Mapping[SBDF, tuple[AddressRange, ...] | None] | None:
    """Return the ranges that the running hypervisor reported for each device; None if not read.

    A device that it cannot report, or of which that was not read, has None.  One without ranges is
    absent.
    """
    reported = host.xen.device_reserved_memory if host.xen else None
    if reported is None or isinstance(reported, Missing):
        return None
    known = {
        sbdf: None if own is None else tuple(entry.range for entry in own)
        for sbdf, own in reported.items()
        if own is None or own
    }
    return {**dict.fromkeys(host.topology.known.keys() - reported.keys()), **known}


def memory_map_of(host: Host, *, reported: bool = False) -> MemoryMap | None:
    """Return the memory map for the prediction; None for a table without its host.

    Of a host, a map that was not collected is an incomplete one without entries, because releases
    decide by it.  If the hypervisor `reported` entries, it found no region in RAM, so the result is
    then None.
    """
    known = host.ram_map
    if not isinstance(known, Missing):
        return known
    if known.kind in (MissingKind.DENIED, MissingKind.FAILED):
        why = known.detail or known.kind.value
        return MemoryMap((), incomplete=words.memory_map_unreadable(why))
    if reported or host.is_table_alone:
        return None
    return MemoryMap((), incomplete=words.MEMORY_MAP_LOST)


def predicted_views(
    host: Host, table: IommuTable, prediction: XenPrediction, release: Release | None
) -> XenViews:
    """Return Xen's view of `host` by a `prediction` for `release`."""
    entries = list_entries((entry.range for entry in prediction.entries), table, prediction)
    notes = prediction.notes
    regions = {fate.source: _predicted_view(fate, prediction) for fate in prediction.fates}
    why_open = prediction.undecided if release else _by_release(host, table, prediction)
    regions |= {source: _open_view(reason) for source, reason in why_open.items()}
    if why_open and release is None:
        notes = (*notes, words.RELEASES_DIFFER)
    doubt = prediction.doubt
    if release is None and not doubt:
        doubt = _options_doubt(host, table, prediction)
    unread = options_unread(host)
    if unread or (doubt and (entries or _may_add(prediction, release))):
        notes = (*notes, words.list_uncertain(doubt or unread))
    return XenViews(
        list=XenList(
            source=ListSource.PREDICTED,
            entries=entries,
            release=release,
            iommu_disabled=prediction.iommu_disabled,
            why_empty=() if entries else tuple(why_empty(host, table, prediction)),
            notes=notes,
            doubt=doubt,
            doubt_by_point=prediction.doubt_by_point,
            unread=unread,
            alternatives=prediction.alternatives,
        ),
        regions=regions,
        devices=predicted_devices(prediction),
        devices_source=ListSource.PREDICTED,
        open_devices=prediction.open_devices,
        differences=(
            *rounding_differences(prediction, table),
            *refused_option_differences(prediction),
        ),
    )


def options_unread(host: Host) -> str:
    """Return that the command line of the Xen that `host` runs is unknown; or empty.

    It can add regions and switch the IOMMU off.
    """
    xen = host.xen
    unread = xen is not None and xen.dom0 is not False and xen.command_line is None
    return words.COMMAND_LINE_UNKNOWN if unread else ""


def _may_add(prediction: XenPrediction, release: Release | None) -> bool:
    """Return whether a range of `rmrr=` that is not in the list may be: of another release, too."""
    return any(option.accepted is None or release is None for option in prediction.options)


def predicted_devices(prediction: XenPrediction) -> Mapping[SBDF, tuple[AddressRange, ...] | None]:
    """Return the ranges that a guest with each device reserves, by `prediction`."""
    return {
        sbdf: tuple(entry.range for entry in listed)
        for sbdf, listed in prediction.by_device.items()
        if listed
    }


def _predicted_view(fate: RegionAcceptance, prediction: XenPrediction) -> XenView:
    listed = fate.fate is Acceptance.LISTED
    return XenView(
        listed=listed,
        range=fate.entry.range if listed and fate.entry else None,
        reason="" if listed else fate.reason or prediction.iommu_disabled,
        notes=fate.notes,
    )


def _open_view(reason: str) -> XenView:
    return XenView(listed=None, range=None, reason=reason, notes=(), by_release=True)


def _by_release(host: Host, table: IommuTable, newest: XenPrediction) -> Mapping[Source, str]:
    """Return, by RMRR, why its fate is unknown because releases differ.

    Releases that treat `table` alike are predicted once; `newest` is the newest release's.
    """
    dmar = dmar_of(table)
    assert dmar is not None  # noqa: S101 - xen_views passes only such tables
    what = matters_to_fates(dmar, host.topology, memory_map_of(host))
    predicted: dict[object, Predicted] = {treatment(newest.behaviour, what): ([], newest)}
    for step in STEPS:
        key = treatment(behaviour_of(step), what)
        if key not in predicted:
            predicted[key] = ([], predict_list(host, table, step))
        predicted[key][0].append(step)
    return undecided_regions(list(predicted.values()))


def _options_doubt(host: Host, table: IommuTable, newest: XenPrediction) -> str:
    """Return the sentence that releases accept different ranges of `rmrr=`; or empty."""
    if not newest.options:
        return ""
    accepted = _accepted_ranges(newest)
    others = [
        step
        for step in STEPS
        if behaviour_of(step).rmrr_option
        and _accepted_ranges(predict_list(host, table, step)) != accepted
    ]
    if not others:
        return ""
    return words.options_by_release(releases_words(others))


def _accepted_ranges(prediction: XenPrediction) -> list[UserRange]:
    return [user._replace(text="", reason="") for user in prediction.options if user.accepted]
