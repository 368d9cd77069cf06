"""Which settings are tried on all hosts of a fleet, and which of them is best.

Pure.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from dmaragent.addresses import FOUR_GIB, MIB, AddressRange
from dmaragent.fleet.classes import HostClass
from dmaragent.fleet.setting_trials import (
    EntryTexts,
    HostRegions,
    Setting,
    SettingTrial,
    with_relaxed,
)
from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.guests.rdm import SMALLEST_HOLE
from dmaragent.policy.decisions import Harm, Verdict
from dmaragent.remedies.xlcfg_lines import pci_lines

LEAST_HOLE = SMALLEST_HOLE // MIB
MOST_HOLE = 3840
"""The range of ``mmio_hole`` in MiB that xl accepts: HVM_BELOW_4G_MMIO_LENGTH, xl_parse.c."""
_ROUNDING = 2 * MIB
_MOST_HOLES = 12
"""The holes that are tried for a guest: the smallest ones, and the largest."""
Trials = Sequence[tuple[HostClass, SettingTrial]]


class Found(Enum):
    """Whether there is one setting for all hosts."""

    FOUND = "found"
    """The guest starts with it on every host: tried on every class."""
    NONE = "none"
    """With every setting that was tried, it does not start on some host."""
    UNKNOWN = "unknown"
    """It starts on every host with a known result; others are unknown or have no data."""


class RegionOnHost(NamedTuple):
    """A region of a host."""

    region: AddressRange
    host: str


class RegionsOfClass(NamedTuple):
    """The regions of the hosts of a class."""

    of: HostClass
    regions: HostRegions


class Request(NamedTuple):
    """What is requested for a guest."""

    guest: GuestConfig
    bar_room: int | None
    """The MiB to leave below the regions of all devices, for BARs; None: only the regions of the
    guest's own devices count."""
    without: int
    """How many hosts have no data."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OneSetting:
    """The setting with which a guest starts on most hosts."""

    request: Request
    found: Found
    setting: Setting
    lines: tuple[str, ...]
    """The lines of its xl.cfg to write; none: as written."""
    lowest: RegionOnHost | None
    """The region below which RAM ends; None if ``mmio_hole`` stays as it is."""
    no_room: RegionOnHost | None
    """The region below which the requested space cannot be left; None if it can."""
    trials: tuple[tuple[HostClass, SettingTrial], ...]
    """By class, the largest first."""
    less_memory: "OneSetting | None" = None
    """A better setting that needs less memory, tried on every class; None: not needed or none."""

    @property
    def name(self) -> str:
        """The guest's name, or its file."""
        return self.request.guest.name or self.request.guest.source

    def with_verdict(self, verdict: Verdict) -> Trials:
        """Return the classes on which this is the result."""
        return tuple((of, trial) for of, trial in self.trials if trial.verdict is verdict)

    def hosts(self, verdict: Verdict) -> int:
        """Return on how many hosts this is the result."""
        return _hosts(self.trials, verdict)

    @property
    def low_memory(self) -> int | None:
        """The MiB of guest memory below 4 GiB; None if ``mmio_hole`` stays as it is."""
        return None if self.setting.hole is None else FOUR_GIB // MIB - self.setting.hole


# What is tried ----------------------------------------------------------------------------


def entries_of(found: Iterable[RegionsOfClass]) -> tuple[EntryTexts, ...]:
    """Return each entry of ``pci=`` once, as the first class reads it."""
    entries: dict[str, EntryTexts] = {}
    for of_class in found:
        for entry in of_class.regions.entries:
            entries.setdefault(entry.text, entry)
    return tuple(entries.values())


def bases(
    request: Request, found: Sequence[RegionsOfClass], entries: Sequence[EntryTexts]
) -> Iterator[Setting]:
    """Yield the holes to try, each with the policies as written, and with all of them written."""
    strict = sorted((entry.text, entry.strict) for entry in entries if entry.strict != entry.text)
    for hole in _holes(request, found):
        yield Setting(hole)
        if strict:
            yield Setting(hole, tuple(strict))


def _holes(request: Request, found: Sequence[RegionsOfClass]) -> list[int | None]:
    """Return the holes to try in MiB; None: as written."""
    if request.guest.type is not GuestType.HVM:
        return [None]
    present = max((request.guest.mmio_hole or 0) // MIB, LEAST_HOLE)
    if request.bar_room is not None:
        lowest = _lowest_of_all(found)
        hole = 0 if lowest is None else _hole_for(lowest.region) + request.bar_room
        return [hole] if present < hole <= MOST_HOLE else [None]
    holes = {_hole_for(each.region) for each in _clearable(found, every=False)}
    new = sorted(hole for hole in holes if present < hole <= MOST_HOLE)
    return [None, *new[: _MOST_HOLES - 1], *new[_MOST_HOLES - 1 :][-1:]]


def _clearable(found: Iterable[RegionsOfClass], *, every: bool) -> Iterator[RegionOnHost]:
    """Yield the regions that a hole can clear: guests have RAM below 1 MiB, and above 4 GiB."""
    for of, regions in found:
        for region in regions.every if every else regions.own:
            if MIB <= region.start < FOUR_GIB:
                yield RegionOnHost(region, of.first.name)


def _lowest_of_all(found: Iterable[RegionsOfClass]) -> RegionOnHost | None:
    """Return the lowest region of all hosts that a hole can clear."""
    return min(_clearable(found, every=True), default=None)


def _hole_for(region: AddressRange) -> int:
    """Return the hole in MiB with which RAM ends at or below the start of `region`."""
    return (FOUR_GIB - (region.start - region.start % _ROUNDING)) // MIB


def candidates(
    tried: Sequence[Setting], needed: Sequence[Sequence[frozenset[EntryTexts]]]
) -> tuple[Setting, ...]:
    """Return each of `tried`, alone and with the entries relaxed that any class needs relaxed.

    `needed` has them for each class, in the order of `tried`.
    """
    settings: dict[Setting, None] = {}
    for number, base in enumerate(tried):
        relaxed = frozenset[EntryTexts]().union(*(of_class[number] for of_class in needed))
        settings[base] = None
        settings[with_relaxed(base, relaxed)] = None
    return tuple(settings)


def with_less_memory(
    best: OneSetting, results: Iterable[tuple[Setting, Trials]]
) -> tuple[Setting, ...]:
    """Return the settings to try with less memory, because RAM overlaps regions above 4 GiB."""
    if best.found is Found.FOUND and _harm(best.trials) < Harm.CORRUPTION:
        return ()
    limited: dict[Setting, None] = {}
    for setting, trials in results:
        limits = [trial.most_memory for _, trial in trials if trial.most_memory is not None]
        if limits:
            limited[setting._replace(memory=min(limits))] = None
    return tuple(limited)


# Which one is best ------------------------------------------------------------------------


def best_setting(
    request: Request,
    results: Sequence[tuple[Setting, Trials]],
    found: Sequence[RegionsOfClass],
) -> OneSetting:
    """Return the setting with the most hosts, then the least harm, then the fewest changes."""
    best, trials = min(results, key=_rank, default=(Setting(), ()))
    no_room = None
    if request.bar_room is not None:
        trials = _with_unknown_regions(trials, found)
        no_room = _no_room(request, found)
    unknown = _hosts(trials, Verdict.UNDECIDED) or request.without or not trials
    answer = Found.UNKNOWN if unknown else Found.FOUND
    return OneSetting(
        request=request,
        found=Found.NONE if _hosts(trials, Verdict.REFUSED) or no_room else answer,
        setting=best,
        lines=_lines(request.guest, best),
        lowest=_lowest(request, found, best),
        no_room=no_room,
        trials=tuple(trials),
    )


def better(alternative: OneSetting, best: OneSetting) -> OneSetting | None:
    """Return `alternative` if it starts on more hosts, or does less harm."""
    return alternative if _risk(alternative.trials) < _risk(best.trials) else None


def _rank(result: tuple[Setting, Trials]) -> tuple[int, ...]:
    setting, trials = result
    relaxed = sum("rdm_policy=relaxed" in new for _, new in setting.entries)
    exposed = sum(len(trial.exposed) for _, trial in trials)
    return (*_risk(trials), exposed, relaxed, setting.hole or 0, len(setting.entries))


def _risk(trials: Trials) -> tuple[int, int, int]:
    """Return the hosts without a start, those with an unknown one, and the worst harm."""
    refused, unknown = (_hosts(trials, each) for each in (Verdict.REFUSED, Verdict.UNDECIDED))
    return refused, unknown, _harm(trials)


def _harm(trials: Trials) -> Harm:
    return max((trial.harm for _, trial in trials), default=Harm.NONE)


def _hosts(trials: Trials, verdict: Verdict) -> int:
    return sum(len(of.hosts) for of, trial in trials if trial.verdict is verdict)


def _lines(guest: GuestConfig, setting: Setting) -> tuple[str, ...]:
    lines = [] if setting.hole is None else [f"mmio_hole = {setting.hole}"]
    if setting.memory is not None:
        names = ("memory",) if guest.maximum is None else ("memory", "maxmem")
        lines += [f"{name} = {setting.memory}" for name in names]
    if setting.entries:
        lines += pci_lines([entry.text for entry in setting.apply(guest).pci])
    return tuple(lines)


def _lowest(
    request: Request, found: Iterable[RegionsOfClass], setting: Setting
) -> RegionOnHost | None:
    """Return the region that the hole of `setting` is for."""
    if setting.hole is None:
        return None
    end = FOUR_GIB - (setting.hole - (request.bar_room or 0)) * MIB
    regions = _clearable(found, every=request.bar_room is not None)
    return min((each for each in regions if each.region.start >= end), default=None)


def _no_room(request: Request, found: Iterable[RegionsOfClass]) -> RegionOnHost | None:
    """Return the lowest region, if the largest hole does not leave the requested space below it."""
    lowest = _lowest_of_all(found)
    if lowest is None or request.guest.type is not GuestType.HVM:
        return None
    fits = _hole_for(lowest.region) + (request.bar_room or 0) <= MOST_HOLE
    return None if fits else lowest


def _with_unknown_regions(trials: Trials, found: Iterable[RegionsOfClass]) -> Trials:
    """Return the trials; a host whose regions may be incomplete is unknown, for all of them count."""
    incomplete = {of.label: regions.incomplete for of, regions in found}
    return [
        (
            of,
            trial._replace(
                verdict=Verdict.UNDECIDED, reasons=(incomplete[of.label], *trial.reasons)
            )
            if incomplete[of.label] and trial.verdict is Verdict.STARTS
            else trial,
        )
        for of, trial in trials
    ]
