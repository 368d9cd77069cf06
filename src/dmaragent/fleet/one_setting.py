"""One setting for all hosts: an ``mmio_hole`` and policies with which one xl.cfg starts on each.

Each class returns the regions that decide the number, then the entries that must be relaxed, then
the result of each candidate. Nothing is offered that was not tried on every class.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeVar

from dmaragent.errors import DmaragentError
from dmaragent.fleet import setting_words as words
from dmaragent.fleet.classes import HostClass, xen_classes
from dmaragent.fleet.engine import Engine, answers
from dmaragent.fleet.records import HostRecord
from dmaragent.fleet.setting_choice import (
    OneSetting,
    RegionsOfClass,
    Request,
    Trials,
    bases,
    best_setting,
    better,
    candidates,
    entries_of,
    with_less_memory,
)
from dmaragent.fleet.setting_trials import (
    EntryTexts,
    HostRegions,
    KnownHost,
    Setting,
    SettingTrial,
    entries_to_relax,
    regions_of,
    try_setting,
)
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import Guest
from dmaragent.guests.kvm_guest import KvmGuest
from dmaragent.policy.decisions import Verdict
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question

_MOST_KEPT = 256
"""The hosts whose facts are kept between the questions; with more, all are read again."""
_Result = TypeVar("_Result")


class _Task(NamedTuple):
    """One question to one class, about each guest."""

    path: str
    question: Question
    guests: tuple[GuestConfig, ...]
    keep: bool
    """Whether to return the facts."""
    known: KnownHost | None = None
    """The facts from an earlier question; None: read the host."""
    settings: tuple[tuple[Setting, ...], ...] = ()
    """The settings to try, by guest."""
    entries: tuple[tuple[EntryTexts, ...], ...] = ()
    """The entries that can be relaxed, by guest."""
    where: str = ""
    """The document's place for the user."""


class _Regions(NamedTuple):
    known: KnownHost | None
    by_guest: tuple[HostRegions, ...]


def one_setting_on(  # noqa: PLR0913 - four have names
    records: Sequence[HostRecord],
    guests: Sequence[Guest],
    question: Question,
    *,
    without: int = 0,
    bar_room: int | None = None,
    engine: Engine = None,
) -> tuple[OneSetting, ...]:
    """Return for each guest the setting that starts on most hosts of `records`.

    Args:
        records: the hosts.
        guests: guests of xl.
        question: for which releases.
        without: how many hosts have no data.
        bar_room: the MiB to leave for BARs below the regions of all devices of all hosts; None:
            only the regions of the guest's own devices count.
        engine: where the hosts are read; None: here.

    Raises:
        DmaragentError: a guest is not one that xl builds from an xl.cfg.

    """
    requests = [Request(of_xl(guest), bar_room, without) for guest in guests]
    classes = xen_classes(records)
    xl_guests = tuple(request.guest for request in requests)
    keep = len(classes) <= _MOST_KEPT
    tasks = [
        _Task(of.first.path, question, xl_guests, keep, where=of.first.where) for of in classes
    ]
    read = list(answers(_regions, tasks, engine))
    found = [
        [RegionsOfClass(of, regions) for of, regions in zip(classes, column, strict=True)]
        for column in _by_guest([regions.by_guest for regions in read], len(requests))
    ]
    entries = tuple(map(entries_of, found))
    to_try = tuple(tuple(bases(*asked)) for asked in zip(requests, found, entries, strict=True))
    tasks = [
        task._replace(known=regions.known, settings=to_try, entries=entries)
        for task, regions in zip(tasks, read, strict=True)
    ]
    needed = _by_guest(list(answers(_relaxed, tasks, engine)), len(requests))
    settings = tuple(map(candidates, to_try, needed))
    results = _try_all(tasks, settings, classes, engine)
    best = list(map(best_setting, requests, results, found))
    less = tuple(map(with_less_memory, best, results))
    if any(less):
        others = map(best_setting, requests, _try_all(tasks, less, classes, engine), found)
        best = [
            replace(own, less_memory=better(other, own)) if tried else own
            for own, other, tried in zip(best, others, less, strict=True)
        ]
    return tuple(best)


def of_xl(guest: Guest) -> GuestConfig:
    """Return `guest`, if its settings can be changed in an xl.cfg.

    Raises:
        DmaragentError: they cannot.

    """
    if isinstance(guest, KvmGuest):
        raise words.only_for_xl(guest.source, words.IS_KVM)
    if guest.format != "xl":
        raise words.only_for_xl(guest.source, words.IS_LIBVIRT)
    if guest.saved_rdm is not None or any(entry.read is not None for entry in guest.pci):
        raise words.only_for_xl(guest.source, words.IS_SAVED)
    if guest.binary is not None:
        raise words.only_for_xl(guest.source, words.HAS_BINARY_NUMBERS)
    return guest


def _by_guest(by_class: Sequence[Sequence[_Result]], guests: int) -> list[list[_Result]]:
    """Return for each guest the results of each class."""
    return [[results[number] for results in by_class] for number in range(guests)]


def _try_all(
    tasks: Sequence[_Task],
    settings: tuple[tuple[Setting, ...], ...],
    classes: Sequence[HostClass],
    engine: Engine,
) -> list[list[tuple[Setting, Trials]]]:
    """Return for each guest each of its `settings` with the result on every class."""
    asked = [task._replace(settings=settings) for task in tasks]
    tried = _by_guest(list(answers(_tried, asked, engine)), len(settings))
    return [
        [
            (setting, tuple(zip(classes, (results[number] for results in of_guest), strict=True)))
            for number, setting in enumerate(own)
        ]
        for own, of_guest in zip(settings, tried, strict=True)
    ]


# The questions to each class --------------------------------------------------------------


def _asked(
    task: _Task, ask: Callable[[KnownHost], _Result], gone: Callable[[str], _Result]
) -> _Result:
    """Return the answer of a host; `gone` makes it if the host cannot be read any more."""
    known = task.known
    if known is None:
        try:
            asked = ask_host(task.path, task.question, task.guests)
        except DmaragentError as error:
            return gone(error.message.replace(task.path, task.where))
        known = KnownHost(asked.facts, asked.stack)
    return ask(known)


def _regions(task: _Task) -> _Regions:
    return _asked(
        task,
        lambda known: _Regions(
            known if task.keep else None, tuple(regions_of(guest, known) for guest in task.guests)
        ),
        lambda why: _Regions(None, (HostRegions((), (), why, ()),) * len(task.guests)),
    )


def _relaxed(task: _Task) -> list[list[frozenset[EntryTexts]]]:
    """Return the entries to relax for each guest and setting."""
    rows = list(zip(task.guests, task.settings, task.entries, strict=True))
    return _asked(
        task,
        lambda known: [
            [entries_to_relax(guest, known, setting, entries) for setting in settings]
            for guest, settings, entries in rows
        ],
        lambda _: [[frozenset() for _ in settings] for settings in task.settings],
    )


def _tried(task: _Task) -> list[list[SettingTrial]]:
    """Return the result of each guest with each setting."""
    rows = list(zip(task.guests, task.settings, strict=True))
    return _asked(
        task,
        lambda known: [
            [try_setting(guest, known, setting) for setting in settings] for guest, settings in rows
        ],
        lambda why: [
            [SettingTrial(Verdict.UNDECIDED, (why,)) for _ in settings]
            for settings in task.settings
        ],
    )
