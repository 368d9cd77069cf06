"""What a scheduler can select hosts by: classes, the table's digest, regions, kinds of devices."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from dmaragent.answers.devices import DeviceRow, device_rows
from dmaragent.errors import DmaragentError
from dmaragent.fleet.classes import linux_classes
from dmaragent.fleet.devices import deciding_verdict, side_of
from dmaragent.fleet.engine import Engine, answers
from dmaragent.fleet.records import HostRecord
from dmaragent.passthrough.model import Can
from dmaragent.pci_classes import is_class
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question

KINDS = ("display", "network", "storage", "usb")
"""The classes of devices that guests often get; the first word of a PCI base class, and USB."""


class Kind(NamedTuple):
    """The devices of one class on a host, by their verdict."""

    allowed: int
    """Devices that can be passed through, without risk and without conditions."""
    conditional: int
    """Devices that are allowed on conditions, or only with risk."""
    blocked: int
    unknown: int


class HostFeatures(NamedTuple):
    """The features of one host; what is unknown is empty or None."""

    name: str
    made: int | None
    """When its document was made, in seconds since 1970."""
    xen_class: str
    """Empty if no Xen runs or its release is unknown, and no release was named."""
    linux_class: str
    """Empty if the kernel's release is unknown."""
    table_digest: str
    regions: int | None
    """None without a table, or if regions may be missing."""
    kinds: Mapping[str, Kind]
    """By name in `KINDS`, those of which the host has a device; empty if the PCI functions, or the
    class of one, are unknown."""


class _Task(NamedTuple):
    path: str
    question: Question


def features_of(
    records: Iterable[HostRecord], question: Question, engine: Engine = None
) -> tuple[HostFeatures, ...]:
    """Return the features of each host, by name; one host of a Linux class is read for its devices."""
    classes = linux_classes(tuple(records))
    tasks = [_Task(of.first.path, question) for of in classes]
    found = [
        _features(record, kinds, question)
        for of, kinds in zip(classes, answers(_devices, tasks, engine), strict=True)
        for record in of.hosts
    ]
    return tuple(sorted(found, key=lambda features: features.name))


def _features(record: HostRecord, kinds: Mapping[str, Kind], question: Question) -> HostFeatures:
    known_table = record.table and not record.incomplete
    return HostFeatures(
        name=record.name,
        made=record.made,
        xen_class=record.xen_class if record.xen or question.xen else "",
        linux_class=record.linux_class if record.linux else "",
        table_digest=record.table.partition(" ")[2],
        regions=record.regions if known_table else None,
        kinds=kinds,
    )


def _devices(task: _Task) -> Mapping[str, Kind]:
    """Return the devices of a host by kind; none if they are unknown."""
    try:
        asked = ask_host(task.path, task.question)
    except DmaragentError:  # it was read a moment ago, and is gone
        return {}
    if asked.facts.functions is None:
        return {}
    rows = device_rows(asked.inventory, asked.facts, asked.stack, side_of(task.question))
    return _kinds([row for row in rows if row.function is not None and not row.chipset])


def _kinds(rows: list[DeviceRow]) -> Mapping[str, Kind]:
    """Return the devices in `rows` by kind; none if the class of one is unknown."""
    found: dict[str, list[Can]] = {}
    for row in rows:
        code = None if row.function is None else row.function.class_code
        if code is None:
            return {}
        verdict = deciding_verdict(row)
        can = Can.CONDITIONS if verdict.can is Can.YES and verdict.risk else verdict.can
        for kind in KINDS:
            if is_class(code, kind):
                found.setdefault(kind, []).append(can)
    return {
        kind: Kind(*map(found[kind].count, (Can.YES, Can.CONDITIONS, Can.NO, Can.UNKNOWN)))
        for kind in KINDS
        if kind in found
    }
