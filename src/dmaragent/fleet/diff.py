"""What changed between two states of a fleet: hosts with the same change are one entry.

Pure.  The drivers of devices, which change daily, are not compared.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from dmaragent.fleet.diff_words import ELSEWHERE
from dmaragent.fleet.fleet import Fleet
from dmaragent.fleet.guests import GuestOnFleet
from dmaragent.fleet.records import LOST_OR_NONE, HostRecord, NoData, Why
from dmaragent.policy.decisions import Verdict


class Change(NamedTuple):
    """One fact of a host, before and after."""

    what: str
    """``model``, ``firmware``, ``xen``, ``linux``, ``list``, ``table``, ``regions`` or ``facts``."""
    before: str
    after: str


class GuestChange(NamedTuple):
    """The verdict on a guest, before and after."""

    guest: str
    before: Verdict
    after: Verdict


class ChangedHosts(NamedTuple):
    """Hosts that changed alike."""

    hosts: tuple[str, ...]
    """By name."""
    model: str
    changes: tuple[Change, ...]
    guests: tuple[GuestChange, ...]


class FleetDifference(NamedTuple):
    """What differs between two states of a fleet."""

    changed: tuple[ChangedHosts, ...]
    """Most hosts first."""
    same: int
    """How many hosts did not change."""
    only_before: tuple[str, ...]
    only_after: tuple[str, ...]
    not_compared: tuple[str, ...]
    """Hosts with a document in both, of which one has no data."""
    lost_before: tuple[NoData, ...] = ()
    """Why the earlier documents of such hosts have no data, by name."""
    lost_after: tuple[NoData, ...] = ()
    """Likewise the later ones."""


_FACTS: Mapping[str, Callable[[HostRecord], str]] = {
    "model": lambda record: " ".join(filter(None, (record.vendor, record.model))),
    "firmware": lambda record: record.firmware or "",
    "xen": lambda record: record.running_xen,
    "linux": lambda record: record.linux or "",
    "list": lambda record: record.list_source,
    "table": lambda record: record.firmwares_table,
}


def fleet_difference(
    before: Fleet,
    after: Fleet,
    guests_before: Sequence[GuestOnFleet] = (),
    guests_after: Sequence[GuestOnFleet] = (),
) -> FleetDifference:
    """Return what changed from `before` to `after`, and the verdicts on guests that changed.

    The guests are the same ones in the same order.
    """
    old, new = ({record.name: record for record in fleet.records} for fleet in (before, after))
    lost_before, lost_after = _lost(before, new) - old.keys(), _lost(after, old) - new.keys()
    verdicts = [_by_host(guests) for guests in (guests_before, guests_after)]
    groups: dict[tuple[object, ...], list[str]] = {}
    for name in sorted(old.keys() & new.keys()):
        changes = tuple(_changes(old[name], new[name]))
        guests = tuple(_guest_changes(guests_before, name, *verdicts))
        model = _FACTS["model"](new[name])
        groups.setdefault((model, changes, guests), []).append(name)
    changed = [
        ChangedHosts(tuple(names), *key)  # type: ignore[arg-type]
        for key, names in groups.items()
        if key[1] or key[2]
    ]
    return FleetDifference(
        changed=tuple(sorted(changed, key=lambda entry: (-len(entry.hosts), entry.hosts))),
        same=sum(len(names) for key, names in groups.items() if not (key[1] or key[2])),
        only_before=tuple(sorted(old.keys() - new.keys() - lost_after)),
        only_after=tuple(sorted(new.keys() - old.keys() - lost_before)),
        not_compared=tuple(sorted(lost_before | lost_after)),
        lost_before=_reasons(before, lost_before),
        lost_after=_reasons(after, lost_after),
    )


def _lost(fleet: Fleet, others: Collection[str]) -> set[str]:
    """Return the hosts without data; a host without a document that `others` has came or went."""
    return {
        host.name for host in fleet.without if host.why is not Why.ABSENT or host.name not in others
    }


def _reasons(fleet: Fleet, hosts: Collection[str]) -> tuple[NoData, ...]:
    return tuple(
        sorted((host for host in fleet.without if host.name in hosts), key=lambda host: host.name)
    )


def _changes(before: HostRecord, after: HostRecord) -> list[Change]:
    """Return the facts that differ; `facts` if the class does, and no other fact shows why."""
    changes = [
        Change(what, fact(before), fact(after))
        for what, fact in _FACTS.items()
        if fact(before) != fact(after) and {fact(before), fact(after)} != LOST_OR_NONE
    ]
    known = before.regions is not None
    moved = before.shape == after.shape and before.regions == after.regions
    if before.table != after.table and before.regions and moved:
        if before.places != after.places:
            changes.append(Change("regions", str(before.regions), ELSEWHERE))
    elif before.regions != after.regions or (known and before.shape != after.shape):
        changes.append(Change("regions", _number(before.regions), _number(after.regions)))
    digests = zip(_classes(before), _classes(after), strict=True)
    different = next(((old, new) for old, new in digests if old != new), None)
    if not changes and different is not None:
        changes.append(Change("facts", *different))
    return changes


def _number(regions: int | None) -> str:
    return "" if regions is None else str(regions)


def _classes(record: HostRecord) -> tuple[str, ...]:
    return record.xen_class, record.library, record.linux_facts


def _by_host(guests: Sequence[GuestOnFleet]) -> list[dict[str, Verdict]]:
    """Return, for each guest, its verdict by host."""
    return [
        {host.name: found.verdict for of, found in guest.verdicts for host in of.hosts}
        for guest in guests
    ]


def _guest_changes(
    guests: Sequence[GuestOnFleet],
    host: str,
    before: Sequence[Mapping[str, Verdict]],
    after: Sequence[Mapping[str, Verdict]],
) -> list[GuestChange]:
    return [
        GuestChange(guest.name, old[host], new[host])
        for guest, old, new in zip(guests, before, after, strict=True)
        if old[host] is not new[host]
    ]
