"""Which hosts of a fleet can run a guest: one resolution for each class and kind of guest."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from dmaragent.canonical import canonical
from dmaragent.errors import DmaragentError
from dmaragent.fleet.classes import HostClass, linux_classes, xen_classes
from dmaragent.fleet.engine import Engine, answers
from dmaragent.fleet.records import HostRecord
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import Guest
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.passthrough.kvm_resolution import AnyResolution, KvmResolution
from dmaragent.policy.decisions import Decision, Harm, Verdict, residual_risk
from dmaragent.policy.words import HARM_WORDS
from dmaragent.present.words.guest import reason_words
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import GuestResolver, Question
from dmaragent.remedies.guests import guest_remedies
from dmaragent.remedies.remedy import GuestRemedy

REMEDIES_OF = 8
"""The classes that refuse a guest whose fixes are tried, the largest first, unless all are wanted: a
fix is a resolution of its own, and a guest has several."""
_NOT_IN_KIND: dict[type, frozenset[str]] = {
    GuestConfig: frozenset({"name", "source"}),
    KvmGuest: frozenset({"name", "source"}),
}


class ClassVerdict(NamedTuple):
    """The verdict on a guest on the hosts of a class."""

    verdict: Verdict
    reasons: tuple[str, ...]
    """Why, the deciding one first; of a guest that starts its warnings."""
    risk: bool
    """Whether it starts with memory at risk."""
    remedies: tuple[str, ...] | None
    """The fixes that were tried on the class's first host, safest first; None: none was tried."""
    lines: tuple[tuple[str, ...], ...] = ()
    """The lines to write for each of these fixes; none for a fix that removes a line."""
    absent: bool = False
    """Whether it is refused because a device is not at its address there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestOnFleet:
    """One guest, and its verdict on each class."""

    name: str
    source: str
    kvm: bool
    """Whether KVM runs it, not Xen."""
    verdicts: tuple[tuple[HostClass, ClassVerdict], ...]
    """The largest class first."""

    @property
    def at_risk(self) -> int:
        """On how many hosts it starts with memory at risk."""
        return sum(len(of.hosts) for of, found in self.verdicts if found.risk)

    def hosts(self, verdict: Verdict) -> int:
        """Return on how many hosts this is its verdict."""
        return sum(len(of.hosts) for of, found in self.verdicts if found.verdict is verdict)


class _Task(NamedTuple):
    record: HostRecord
    guests: tuple[Guest, ...]
    question: Question
    remedies: bool = False

    @property
    def path(self) -> str:
        """The document."""
        return self.record.path


def resolve_on(
    records: Sequence[HostRecord],
    guests: Sequence[Guest],
    question: Question,
    engine: Engine = None,
    *,
    all_remedies: bool = False,
) -> tuple[GuestOnFleet, ...]:
    """Return the verdicts on `guests` on the hosts of `records`.

    There is one resolution for each class of hosts and each kind of guest: guests that differ in
    their name alone are one kind.  Fixes are tried for the largest classes, or for all.
    """
    kinds: dict[str, list[int]] = {}
    for number, guest in enumerate(guests):
        kinds.setdefault(kind_of(guest), []).append(number)
    verdicts: dict[int, tuple[tuple[HostClass, ClassVerdict], ...]] = {}
    for kvm, classes in ((False, xen_classes(records)), (True, linux_classes(records))):
        own = [like for like in kinds.values() if isinstance(guests[like[0]], KvmGuest) is kvm]
        if not own:
            continue
        first = tuple(guests[like[0]] for like in own)
        few = all_remedies or len(classes) <= REMEDIES_OF
        tasks = [_Task(of.first, first, question, remedies=few) for of in classes]
        table = [list(row) for row in answers(_resolved, tasks, engine)]
        if not few:
            _try_remedies(table, tasks, engine)
        for column, like in enumerate(own):
            found = tuple((of, row[column]) for of, row in zip(classes, table, strict=True))
            verdicts |= dict.fromkeys(like, found)
    return tuple(
        GuestOnFleet(
            name=guest.name or guest.source,
            source=guest.source,
            kvm=isinstance(guest, KvmGuest),
            verdicts=verdicts.get(number, ()),
        )
        for number, guest in enumerate(guests)
    )


def kind_of(guest: Guest) -> str:
    """Return a key that guests share if they differ in their names alone.

    The place of a setting is its line, whatever file it is in.
    """
    place = re.compile(rf"{re.escape(guest.source)}(?=:[0-9]+\Z)")
    return json.dumps(_without_file(canonical(guest, _NOT_IN_KIND), place))


def _without_file(value: Any, place: re.Pattern[str]) -> Any:
    """Return a canonical value in which a text that is a place begins at the line."""
    if isinstance(value, str):
        return place.sub("", value) if place.match(value) else value
    if isinstance(value, list):
        return [_without_file(part, place) for part in value]
    if isinstance(value, dict):
        return {name: _without_file(part, place) for name, part in value.items()}
    return value


_Table = list[list[ClassVerdict]]
"""By class, then by guest."""


def _try_remedies(table: _Table, tasks: Sequence[_Task], engine: Engine) -> None:
    """Add fixes to `table`, which `tasks` made, for the largest classes that refuse a guest."""
    wanted: dict[int, list[int]] = {}
    for column in range(len(tasks[0].guests)):
        refusing = [row for row in range(len(table)) if _is_refused(table[row][column])]
        for row in refusing[:REMEDIES_OF]:
            wanted.setdefault(row, []).append(column)
    again = [
        tasks[row]._replace(guests=tuple(tasks[row].guests[at] for at in columns), remedies=True)
        for row, columns in wanted.items()
    ]
    for (row, columns), found in zip(
        wanted.items(), answers(_resolved, again, engine), strict=True
    ):
        for column, verdict in zip(columns, found, strict=True):
            table[row][column] = verdict


def _is_refused(found: ClassVerdict) -> bool:
    return found.verdict is Verdict.REFUSED


def _resolved(task: _Task) -> tuple[ClassVerdict, ...]:
    """Return the verdict on each guest of `task` on its host."""
    try:
        asked = ask_host(task.path, task.question, task.guests)
    except DmaragentError as error:  # it was read a moment ago
        why = task.record.shown(error.message)
        gone = ClassVerdict(Verdict.UNDECIDED, (why,), risk=False, remedies=None)
        return (gone,) * len(task.guests)
    resolver = GuestResolver(asked, task.question)
    return tuple(_verdict(resolver, guest, remedies=task.remedies) for guest in task.guests)


def _verdict(resolver: GuestResolver, guest: Guest, *, remedies: bool) -> ClassVerdict:
    try:
        resolution = resolver.resolve(guest)
    except DmaragentError as error:
        return ClassVerdict(Verdict.UNDECIDED, (error.message,), risk=False, remedies=None)
    starts = resolution.verdict is Verdict.STARTS
    fixes = _remedies(resolution) if remedies else ()
    risk = starts and residual_risk(tuple(resolution.reasons)).harm > Harm.NONE
    return ClassVerdict(
        verdict=resolution.verdict,
        reasons=tuple(dict.fromkeys(map(reason_of, resolution.reasons))),
        risk=risk,
        remedies=tuple(map(_remedy, fixes)) if remedies else None,
        lines=tuple(fix.lines for fix in fixes),
        absent=resolution.verdict is Verdict.REFUSED and _lacks_device(resolution),
    )


def _lacks_device(resolution: AnyResolution) -> bool:
    """Return whether the first reason is about a device that is not present."""
    functions, device = resolution.host.functions, resolution.reasons[0].device
    return functions is not None and device is not None and device not in functions


def reason_of(decision: Decision) -> str:
    """Return a reason without its file, because guests of one kind share it: ``(line 4)``."""
    _, _, line = decision.place.rpartition(":")
    place = f"line {line}" if line.isdecimal() else decision.place
    return reason_words(decision._replace(place=place))


def _remedies(resolution: AnyResolution) -> tuple[GuestRemedy, ...]:
    """Return the fixes of a refused Xen guest, which were tried on this host."""
    if isinstance(resolution, KvmResolution) or resolution.verdict is not Verdict.REFUSED:
        return ()
    ranked = guest_remedies(resolution).ranked
    return tuple(remedy for remedy in ranked if remedy.verdict is Verdict.STARTS)


def _remedy(remedy: GuestRemedy) -> str:
    """Return a fix, and the risk that it leaves."""
    risk = f" (with risk: {HARM_WORDS[remedy.harm]})" if remedy.harm > Harm.NONE else ""
    return f"{remedy.action}{risk}"
