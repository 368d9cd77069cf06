"""Whether a guest's devices can be attached on other hosts, once it was migrated without them.

Every target is read, because devices and drivers differ within a class.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple

from dmaragent.errors import DmaragentError
from dmaragent.fleet import move_words as words
from dmaragent.fleet.engine import Engine, answers
from dmaragent.fleet.move_devices import (
    HostMove,
    Migration,
    MovedFrom,
    WantedDevice,
    devices_of,
    kvm_devices_of,
    move_xen,
    named_devices,
    ram_ends,
)
from dmaragent.fleet.move_either import either
from dmaragent.fleet.move_kvm import move_kvm
from dmaragent.fleet.records import HostRecord
from dmaragent.guests.config import GuestConfig, GuestType
from dmaragent.guests.formats import Guest
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.guests.rdm import Policy
from dmaragent.policy.assignment import added_functions, assign
from dmaragent.policy.decisions import Effect, Verdict
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.resolver import resolve
from dmaragent.present.words.guest import reason_words
from dmaragent.question.ask_host import OpenedContext, ask_host
from dmaragent.question.context import GuestResolver, Question


class Source(NamedTuple):
    """The host on which a guest was started."""

    name: str
    path: str


class NoStart(Enum):
    """Why a guest would not start on the source."""

    SETTING = "setting"
    """Its RAM or its policy, which a setting changes: regions refuse it, and nothing else."""
    OTHER = "other"
    """Something else, such as a device that is not present."""
    UNKNOWN = "unknown"
    """It is unknown whether it would."""


class Move(NamedTuple):
    """A guest, the host on which it was started, its devices, and the answer of each target."""

    guest: Guest
    source: Source
    devices: tuple[WantedDevice, ...]
    ram_ends: tuple[int, ...]
    """Where its RAM below 4 GiB can end; it keeps that.  None: unknown, or not an HVM guest."""
    targets: tuple[HostMove, ...]
    """By name."""
    ram_unknown: str = ""
    """Why it is unknown where the RAM of an HVM guest ends: the reason why it would not start on the
    source; or empty."""
    no_start: NoStart = NoStart.UNKNOWN
    """Which kind of reason that is."""

    def hosts(self, verdict: Verdict) -> int:
        """Return on how many hosts this is the answer."""
        return sum(target.verdict is verdict for target in self.targets)


class _Start(NamedTuple):
    """A guest as a toolstack may have started it on the source, and the devices that it needs."""

    known: MovedFrom
    devices: tuple[WantedDevice, ...]


class _Task(NamedTuple):
    record: HostRecord
    question: Question
    guest: Guest
    sources: tuple["_Start", ...]

    @property
    def path(self) -> str:
        """The document."""
        return self.record.path


def move_to(  # noqa: PLR0913 - two have names
    records: Iterable[HostRecord],
    guest: Guest,
    source: Source,
    question: Question,
    *,
    devices: Sequence[str] = (),
    engine: Engine = None,
) -> Move:
    """Return whether the devices of `guest` can be attached on the hosts of `records`.

    Args:
        records: the targets.
        guest: the guest, as it was started.
        source: the host on which it was started.
        question: for which releases.
        devices: the devices as IDs with settings for xl pci-attach, such as
            ``8086:1521,rdm_policy=relaxed``; none: those of the guest.
        engine: where the targets are read; None: here, one after the other.

    Raises:
        DmaragentError: the source cannot be read, a device is not an ID, or there is no device.

    """
    given = named_devices(devices)
    asked = ask_host(source.path, question, [guest])
    known = _known(asked, question, guest)
    ends: set[int] = set()
    unknown, no_start = "", NoStart.UNKNOWN
    starts = []
    for each in known:
        if isinstance(guest, KvmGuest):
            starts.append(_Start(each, given or kvm_devices_of(guest, each.facts)))
            continue
        resolution = resolve(guest, *each)
        starts.append(_Start(each, given or devices_of(resolution)))
        ends.update(ram_ends(resolution))
        refused = resolution.verdict is not Verdict.STARTS
        if refused and not unknown and guest.type is GuestType.HVM:
            unknown, no_start = reason_words(resolution.reasons[0]), _no_start(resolution)
    wanted = starts[0].devices
    if not wanted:
        raise words.no_device(guest.source)
    tasks = [
        _Task(record, question, guest, tuple(starts))
        for record in sorted(records, key=lambda record: record.name)
    ]
    targets = tuple(answers(_moved, tasks, engine))
    why = "" if ends else unknown
    return Move(guest, source, wanted, tuple(sorted(ends)), targets, why, no_start)


def _no_start(resolution: Resolution) -> NoStart:
    """Return why a guest does not start."""
    if resolution.verdict is not Verdict.REFUSED:
        return NoStart.UNKNOWN
    refusals = [each for each in resolution.reasons if each.effect is Effect.REFUSED]
    by_region = all(each.region is not None for each in refusals)
    return NoStart.SETTING if by_region and not _refused_anyway(resolution) else NoStart.OTHER


def _refused_anyway(resolution: Resolution) -> bool:
    """Return whether a device is refused with any RAM and either policy, such as an absent one."""
    pairs = [(device, Policy.RELAXED) for device in resolution.settings.devices]
    functions, _ = added_functions(pairs, resolution.host)
    return any(
        decision.effect is Effect.REFUSED
        for function in functions
        for decision in assign(function, resolution.host, None)
    )


def _known(asked: OpenedContext, question: Question, guest: Guest) -> tuple[MovedFrom, ...]:
    """Return what decides about `guest` on a host, with each toolstack that may build it there.

    Raises:
        DmaragentError: the toolstack of `question` does not build it.

    """
    resolver = GuestResolver(asked, question)
    resolver.check(guest)
    if not isinstance(guest, GuestConfig):
        return (MovedFrom(asked.facts, asked.stack),)
    return tuple(MovedFrom(each.facts, each.stack) for each in resolver.contexts_for(guest))


def _moved(task: _Task) -> HostMove:
    try:
        asked = ask_host(task.path, task.question, [task.guest])
        targets = _known(asked, task.question, task.guest)
    except DmaragentError as error:
        return HostMove(task.record.name, Verdict.UNDECIDED, (), task.record.shown(error.message))
    name, guest = task.record.name, task.guest
    moves = [
        move_kvm(name, guest, asked.inventory, target, start.devices)
        if isinstance(guest, KvmGuest)
        else move_xen(name, Migration(guest, start.known, target), start.devices)
        for start in task.sources
        for target in targets
    ]
    names = [
        words.toolstacks(start.known.stack.toolstack, target.stack.toolstack)
        for start in task.sources
        for target in targets
    ]
    return either(list(zip(names, moves, strict=True)))
