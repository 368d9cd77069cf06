"""Compare the predictions for the point releases of a series.

Pure.  If a host's point release is unknown, or from a development tree, the answer is what all
point releases agree on.
"""

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from dmaragent.addresses import PAGE, SBDF
from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.topology import PciTopology
from dmaragent.iommu.model import Source
from dmaragent.readings import Missing
from dmaragent.releases import Release
from dmaragent.xen.hypervisor import words
from dmaragent.xen.hypervisor.behaviour import XenBehaviour, releases_words
from dmaragent.xen.hypervisor.prediction import (
    Acceptance,
    ListAlternative,
    RegionAcceptance,
    XenPrediction,
)
from dmaragent.xen.hypervisor.rmrr_option import UserRange
from fwtables import DMAR, DRHD, RMRR, structure_name

Predicted = tuple[list[Release], XenPrediction]
"""The releases (members of ``STEPS``) with the same prediction, and the prediction."""
_MOST_UNITS = 32


class Matters(NamedTuple):
    """The properties of a table and a command line that releases treat differently."""

    many_units: bool
    empty_region: bool
    option: bool
    satc: bool = True
    devices: bool = True
    """Whether the presence of devices can matter."""
    memory: bool = True
    """Whether the memory map can matter."""


def matters(table: DMAR, command_line: str = "") -> Matters:
    """Return the properties of `table` and `command_line` that releases treat differently."""
    units = sum(isinstance(structure, DRHD) for structure in table.structures)
    empty = any(
        isinstance(structure, RMRR)
        and structure.base_address == structure.limit_address
        and structure.base_address % PAGE == 0
        for structure in table.structures
    )
    return Matters(units > _MOST_UNITS, empty, "rmrr=" in command_line)


def matters_to_fates(table: DMAR, topology: PciTopology, memory_map: MemoryMap | None) -> Matters:
    """Return the properties of `table` that can change the fates of its RMRRs on this host.

    If the PCI functions are unknown, only devices behind a bridge of a segment other than 0 can be
    absent.  If the memory map is unknown, no region counts as in RAM.
    """
    return matters(table)._replace(
        satc=any(structure_name(structure) == "SATC" for structure in table.structures),
        devices=not isinstance(topology.functions, Missing)
        or any(
            isinstance(structure, RMRR) and structure.segment_number
            for structure in table.structures
        ),
        memory=memory_map is not None,
    )


def treatment(behaviour: XenBehaviour, what: Matters) -> object:
    """Return a key of `behaviour`: behaviours with the same key predict the same list."""
    return (
        what.devices and behaviour.looks_for_devices,
        what.memory and behaviour.ram_disables_vtd,
        what.satc and behaviour.satc_parsed,
        what.empty_region and behaviour.lists_empty_regions,
        behaviour.most_units if what.many_units else None,
        what.option and behaviour.rmrr_option,
    )


def undecided_regions(predicted: Sequence[Predicted]) -> Mapping[Source, str]:
    """Return, by RMRR, why its fate is unknown: the predictions differ."""
    listing: dict[Source, list[Release]] = {}
    others: dict[Source, list[Release]] = {}
    for steps, prediction in predicted:
        for fate in prediction.fates:
            side = listing if fate.fate is Acceptance.LISTED else others
            side.setdefault(fate.source, []).extend(steps)
    return {
        source: words.listed_by_some(
            releases_words(listing[source]), releases_words(others[source])
        )
        for source in listing.keys() & others.keys()
    }


def agreed_prediction(predicted: Sequence[Predicted]) -> XenPrediction:
    """Return the last prediction, with everything that the others contradict marked as unknown."""
    newest = predicted[-1][1]
    if len(predicted) == 1:
        return newest
    working = [
        (steps, prediction) for steps, prediction in predicted if not prediction.iommu_disabled
    ]
    shown = working[-1][1] if working else newest
    lists = [
        ListAlternative(releases_words(steps), prediction.entries)
        for steps, prediction in _by_list(working)
    ]
    off = _off_words(predicted)
    own_doubt = next(
        (prediction.doubt for _, prediction in reversed(working) if prediction.doubt), ""
    )
    counts = [(alternative.releases, len(alternative.entries)) for alternative in lists]
    differs = [words.lists_by_release(counts)] if len(lists) > 1 else []
    return shown._replace(
        notes=(*shown.notes, *differs, *([off] if off else [])),
        fates=tuple(_fates(predicted, shown)),
        options=tuple(_options(predicted)),
        doubt=own_doubt or off,
        doubt_by_point=bool(off) and not own_doubt,
        undecided=MappingProxyType(dict(undecided_regions(predicted))),
        alternatives=tuple(lists) if len(lists) > 1 else (),
        open_devices=MappingProxyType(dict(_open_devices(working))),
    )


def _by_list(working: Sequence[Predicted]) -> list[Predicted]:
    """Merge the predictions with the same list."""
    distinct: list[Predicted] = []
    for steps, prediction in working:
        same = next((own for own, other in distinct if other.entries == prediction.entries), None)
        if same is None:
            distinct.append((list(steps), prediction))
        else:
            same.extend(steps)
    return distinct


def _fates(predicted: Sequence[Predicted], shown: XenPrediction) -> Iterator[RegionAcceptance]:
    """Yield the fates of `shown`; a note of only some releases begins with these."""
    for fate, *others in zip(
        shown.fates, *(prediction.fates for _, prediction in predicted), strict=True
    ):
        noted: dict[str, list[Release]] = {}
        for (steps, _), other in zip(predicted, others, strict=True):
            for note in other.notes:
                noted.setdefault(note, []).extend(steps)
        every = sum(len(steps) for steps, _ in predicted)
        notes = (
            note if len(steps) == every else words.note_of_releases(releases_words(steps), note)
            for note, steps in noted.items()
        )
        yield fate._replace(notes=tuple(notes))


def _off_words(predicted: Sequence[Predicted]) -> str:
    """Return the sentence that only some of the releases switch VT-d off; or empty."""
    off = [step for steps, prediction in predicted if prediction.iommu_disabled for step in steps]
    on = [
        step for steps, prediction in predicted if not prediction.iommu_disabled for step in steps
    ]
    if not off or not on:
        return ""
    why = next(
        prediction.iommu_disabled for _, prediction in predicted if prediction.iommu_disabled
    )
    return words.vtd_off_by_release(releases_words(off), why, releases_words(on))


def _options(predicted: Sequence[Predicted]) -> Iterator[UserRange]:
    """Yield the ranges of ``rmrr=``; unknown if the releases differ or one prediction is unknown."""
    for same in zip(*(prediction.options for _, prediction in predicted), strict=True):
        refused = [
            (steps, option)
            for (steps, _), option in zip(predicted, same, strict=True)
            if option.accepted is False
        ]
        unknown = next((option for option in same if option.accepted is None), None)
        if len(refused) == len(same) or not (refused or unknown):
            yield same[-1]
        elif refused:
            ignoring = releases_words([step for steps, _ in refused for step in steps])
            option = refused[0][1]
            reason = words.option_ignored_by_release(ignoring, option.reason)
            yield option._replace(accepted=None, reason=reason)
        elif unknown:
            yield unknown


def _open_devices(working: Sequence[Predicted]) -> Iterator[tuple[SBDF, str]]:
    """Yield the devices for which the releases report different regions."""
    every = dict.fromkeys(sbdf for _, prediction in working for sbdf in prediction.by_device)
    for sbdf in every:
        reports: dict[object, list[Release]] = {}
        for steps, prediction in working:
            reports.setdefault(prediction.by_device.get(sbdf, ()), []).extend(steps)
        if len(reports) > 1:
            yield sbdf, words.devices_by_release(list(map(releases_words, reports.values())))
