"""Which hosts of a fleet can run a guest: one resolution for each class and guest."""

from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import NamedTuple

from dmaragent.api import ask_host
from dmaragent.errors import DmaragentError
from dmaragent.fleet.classes import HostClass, linux_classes, xen_classes
from dmaragent.fleet.engine import answers
from dmaragent.fleet.records import HostRecord
from dmaragent.guests.formats import Guest
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.passthrough.kvm_resolution import AnyResolution, KvmResolution
from dmaragent.policy.decisions import Harm, Verdict, residual_risk
from dmaragent.present.words.guest import reason_words
from dmaragent.question.context import Question
from dmaragent.question.guest_resolver import GuestResolver
from dmaragent.remedies.guests import guest_remedies


class ClassVerdict(NamedTuple):
    """The verdict on a guest on the hosts of a class."""

    verdict: Verdict
    reasons: tuple[str, ...]
    """Why, the deciding one first; of a guest that starts its warnings."""
    risk: bool
    """Whether it starts with memory at risk."""
    remedies: tuple[str, ...]
    """The fixes that were tried on the class's first host, safest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuestOnFleet:
    """One guest, and its verdict on each class."""

    name: str
    source: str
    verdicts: tuple[tuple[HostClass, ClassVerdict], ...]
    """The largest class first."""

    def hosts(self, verdict: Verdict) -> int:
        """Return on how many hosts this is its verdict."""
        return sum(len(of.hosts) for of, found in self.verdicts if found.verdict is verdict)


class _Task(NamedTuple):
    path: str
    guests: tuple[Guest, ...]
    question: Question


def resolve_on(
    records: Sequence[HostRecord],
    guests: Sequence[Guest],
    question: Question,
    executor: Executor | None = None,
) -> tuple[GuestOnFleet, ...]:
    """Return the verdicts on `guests` on the hosts of `records`: one resolution a class and guest."""
    found: dict[int, list[tuple[HostClass, ClassVerdict]]] = {}
    for kvm, classes in ((False, xen_classes(records)), (True, linux_classes(records))):
        numbers = [
            number for number, guest in enumerate(guests) if isinstance(guest, KvmGuest) is kvm
        ]
        if not numbers:
            continue
        own = tuple(guests[number] for number in numbers)
        tasks = [_Task(of.first.path, own, question) for of in classes]
        for of, verdicts in zip(classes, answers(_resolved, tasks, executor), strict=True):
            for number, verdict in zip(numbers, verdicts, strict=True):
                found.setdefault(number, []).append((of, verdict))
    return tuple(
        GuestOnFleet(
            name=guest.name or guest.source,
            source=guest.source,
            verdicts=tuple(found.get(number, ())),
        )
        for number, guest in enumerate(guests)
    )


def _resolved(task: _Task) -> tuple[ClassVerdict, ...]:
    """Return the verdict on each guest of `task` on its host."""
    try:
        asked = ask_host(task.path, task.question, task.guests)
    except DmaragentError as error:  # it was read a moment ago
        gone = ClassVerdict(Verdict.UNDECIDED, (error.message,), risk=False, remedies=())
        return (gone,) * len(task.guests)
    resolver = GuestResolver(asked, task.question)
    return tuple(_verdict(resolver, guest) for guest in task.guests)


def _verdict(resolver: GuestResolver, guest: Guest) -> ClassVerdict:
    try:
        resolution = resolver.resolve(guest)
    except DmaragentError as error:
        return ClassVerdict(Verdict.UNDECIDED, (error.message,), risk=False, remedies=())
    starts = resolution.verdict is Verdict.STARTS
    risk = starts and residual_risk(tuple(resolution.reasons)).harm > Harm.NONE
    return ClassVerdict(
        verdict=resolution.verdict,
        reasons=tuple(dict.fromkeys(map(reason_words, resolution.reasons))),
        risk=risk,
        remedies=_remedies(resolution),
    )


def _remedies(resolution: AnyResolution) -> tuple[str, ...]:
    """Return the fixes of a refused Xen guest, which were tried on this host."""
    if isinstance(resolution, KvmResolution) or resolution.verdict is not Verdict.REFUSED:
        return ()
    ranked = guest_remedies(resolution).ranked
    return tuple(remedy.action for remedy in ranked if remedy.verdict is Verdict.STARTS)
