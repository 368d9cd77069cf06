"""Which hosts of a fleet can pass a device through."""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from dmaragent.addresses import SBDF
from dmaragent.answers.devices import DeviceRow, Verdict, device_rows
from dmaragent.errors import DmaragentError
from dmaragent.fleet import words
from dmaragent.fleet.classes import linux_classes
from dmaragent.fleet.engine import Engine, answers
from dmaragent.fleet.records import HostRecord
from dmaragent.passthrough.model import Can
from dmaragent.pci_classes import is_class_name, may_be_class
from dmaragent.present.words.devices import verdict_key
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question

_ID = re.compile(r"(?:0x)?([0-9a-f]{4}):(?:0x)?([0-9a-f]{4})", re.IGNORECASE)


class DeviceQuery(NamedTuple):
    """The devices that a question is about: by ID, by address, or by class."""

    text: str
    vendor: int | None = None
    device: int | None = None
    sbdf: SBDF | None = None

    @property
    def device_class(self) -> str:
        """The class, if the question has no ID and no address."""
        return "" if self.vendor is not None or self.sbdf is not None else self.text

    def fits(self, row: DeviceRow) -> bool | None:
        """Return whether the question is about the device of `row`; None: its ID or class is unknown."""
        function = row.function
        if self.sbdf is not None:
            return row.sbdf == self.sbdf and not row.absent
        if function is None:
            return False
        if self.vendor is not None and self.device is not None:
            return function.has_ids((self.vendor, self.device))
        return may_be_class(
            function.class_code, self.text, interface_known=function.interface_known
        )


def parse_query(text: str) -> DeviceQuery:
    """Return what `text` asks for.

    Raises:
        ValueError: it is neither an ID, an address nor the name of a class.

    """
    match = _ID.fullmatch(text)
    if match is not None:
        return DeviceQuery(text, int(match[1], 16), int(match[2], 16))
    try:
        return DeviceQuery(text, sbdf=SBDF.parse(text))
    except ValueError:
        if is_class_name(text):
            return DeviceQuery(text.lower())
        raise


class DeviceOnHost(NamedTuple):
    """A device of one host, with the verdict of the side that decides there."""

    sbdf: str
    verdict: str
    """``allowed``, ``blocked`` and so on, as `devices` shows it."""
    can: Can
    decides: tuple[str, ...]
    """Whose verdict it is: ``xen``, ``linux``, or both if it is unknown which of them runs there."""
    driver: str | None
    regions: int | None
    """None: unknown."""
    remedy: str
    """The best fix in a few words; or empty."""
    reasons: tuple[str, ...] = ()
    """Why the verdict is unknown, and what settles it."""

    @property
    def free(self) -> bool:
        """Whether it is allowed without conditions and without risk."""
        return self.verdict == verdict_key(Verdict(Can.YES))

    @property
    def conditional(self) -> bool:
        """Whether it is allowed on conditions, or only with risk."""
        return not self.free and self.can in (Can.YES, Can.CONDITIONS)


class DevicesOfHost(NamedTuple):
    """The devices of a host that a question is about."""

    host: str
    devices: tuple[DeviceOnHost, ...]
    unknown: str
    """Why there may be others; empty: there are none, or one of the devices is free."""


class _Task(NamedTuple):
    path: str
    query: DeviceQuery
    question: Question


def devices_on(
    records: Iterable[HostRecord],
    query: DeviceQuery,
    question: Question,
    engine: Engine = None,
) -> tuple[DevicesOfHost, ...]:
    """Return the devices of each host that `query` is about, by the host's name.

    One host of a class is read: hosts of a Linux class have equal functions, drivers and groups.
    """
    classes = linux_classes(tuple(records))
    tasks: Sequence[_Task] = [_Task(of.first.path, query, question) for of in classes]
    found = [
        DevicesOfHost(host.name, devices, of.first.shown(unknown))
        for of, (devices, unknown) in zip(classes, answers(_asked, tasks, engine), strict=True)
        for host in of.hosts
    ]
    return tuple(sorted(found, key=lambda host: host.host))


def _asked(task: _Task) -> tuple[tuple[DeviceOnHost, ...], str]:
    """Return the devices of a host, and why there may be others."""
    try:
        asked = ask_host(task.path, task.question)
    except DmaragentError as error:
        return (), error.message
    rows = device_rows(asked.inventory, asked.facts, asked.stack, side_of(task.question))
    fits = [task.query.fits(row) for row in rows]
    found = tuple(_on_host(row) for row, own in zip(rows, fits, strict=True) if own)
    if asked.facts.functions is None:
        return found, "" if found else words.FUNCTIONS_UNKNOWN
    unknown = [row.sbdf for row, own in zip(rows, fits, strict=True) if own is None]
    if not unknown or any(device.free for device in found):
        return found, ""
    return found, words.may_be_meant(str(unknown[0]), len(unknown) - 1)


def side_of(question: Question) -> tuple[str, ...] | None:
    """Return the side that `question` is about; None: the one that decides on each host.

    A named release of Xen is about Xen, also on a host that runs none.
    """
    return None if question.xen is None else ("xen",)


def deciding_verdict(row: DeviceRow) -> Verdict:
    """Return the verdict of the side that decides; unknown if it may be either and they differ.

    A risk that only one of them has counts.
    """
    first, *others = row.deciding
    risk = any(verdict.risk for verdict in row.deciding)
    same = all(verdict.can is first.can for verdict in others)
    return Verdict(first.can if same else Can.UNKNOWN, risk)


def _why_unknown(row: DeviceRow, verdict: Verdict) -> tuple[str, ...]:
    """Return why `verdict` is unknown: the reasons of a side, or that the two sides differ."""
    if verdict.can is not Can.UNKNOWN:
        return ()
    sides = zip(row.decides, row.deciding, strict=True)
    return row.unknown or (words.sides_differ((side, verdict_key(own)) for side, own in sides),)


def _on_host(row: DeviceRow) -> DeviceOnHost:
    verdict = deciding_verdict(row)
    return DeviceOnHost(
        sbdf=str(row.sbdf),
        verdict=verdict_key(verdict),
        can=verdict.can,
        decides=row.decides,
        driver=None if row.function is None else row.function.driver,
        regions=len(row.regions) + len(row.reported) if row.regions_known else None,
        remedy="" if row.remedy is None else row.remedy.words,
        reasons=_why_unknown(row, verdict),
    )
