"""One host of a fleet, read from its document: what is shown of it, and the classes it is in."""

import time
from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from dmaragent.canonical import digest
from dmaragent.checks import check
from dmaragent.checks.common.model import Severity
from dmaragent.collect.ledger import CLOCK
from dmaragent.errors import DmaragentError, OtherFormatError
from dmaragent.fleet import words
from dmaragent.fleet.documents import REPORT, Document
from dmaragent.host.memory_map import MemoryMap
from dmaragent.host.topology import PciFunction
from dmaragent.inventory import Inventory
from dmaragent.iommu.kinds import CERTAINLY_NONE
from dmaragent.linux.view import LinuxState, LinuxView
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolution import Stack
from dmaragent.question.ask_host import OpenedContext, ask_host
from dmaragent.question.context import Question
from dmaragent.question.host_class import NAMES_OF_FUNCTION, as_written, table_digest, xen_class
from dmaragent.readings import Missing

NONE = "none"
"""A value of which it is known that the host has none."""
LOST_OR_NONE = {NONE, ""}
"""The values of a fact that is unknown of one host, and of which another has none: no difference."""
_CERTAINLY_NONE = frozenset(kind.value for kind in CERTAINLY_NONE)
_ERRORS = (Severity.CRITICAL, Severity.ERROR)
_LATEST = 1 << 40
"""A larger number of seconds since 1970 is not a date."""
_CLOCKS_DIFFER = 86_400.0
"""Seconds by which a host's clock can be ahead."""


class Why(Enum):
    """Why a host has no answer."""

    ABSENT = "absent"
    """It was expected, and has no document."""
    STALE = "stale"
    """Its document is too old."""
    UNREADABLE = "unreadable"
    NEWER_FORMAT = "newer-format"
    """A newer dmaragent made it."""
    REPLACED = "replaced"
    """Another document of the same name is newer."""


class NoData(NamedTuple):
    """A host without an answer, and why."""

    name: str
    why: Why
    detail: str
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HostRecord:
    """What a fleet keeps of a host: small, because there are many."""

    name: str
    path: str
    """The file or directory that is read."""
    where: str
    """Its place for the user: the path, or the archive and the path in it."""
    vendor: str | None
    model: str | None
    firmware: str | None
    xen: str | None
    """The running release as Xen reports it; None if it runs no Xen, or that is unknown."""
    xen_release: str
    """The same without a distribution's suffix: ``4.20`` for 4.20.5-pre; empty if unknown."""
    without_xen: bool
    """Whether Linux runs there without Xen."""
    runs_xen: bool
    """Whether Xen runs there, of whatever release."""
    linux: str | None
    """The kernel's release."""
    functions_known: bool
    """Whether its PCI functions were collected."""
    list_source: str
    """The source of Xen's list: hypervisor, predicted, unknown."""
    table: str
    """The table's signature and a digest of its bytes; empty without a table."""
    no_table: str
    """Why there is none, as a value of AbsenceKind; empty with a table."""
    regions: int | None
    """None: unknown, because there is no table or it is damaged."""
    shape: str
    """A digest of the sizes and claims of its regions: equal if they only lie elsewhere."""
    places: str
    """A digest of the ranges of its regions; empty without regions."""
    xen_class: str
    """Hosts of one class, and of one `library`, answer alike about every Xen guest."""
    library: str
    """A digest of libxlutil's recorded answers, which decide too; empty without them."""
    linux_class: str
    """Hosts of one class answer alike about every KVM guest."""
    linux_facts: str
    """The same without the drivers of devices, which change daily."""
    findings: tuple[int, int]
    """Errors (critical ones too) and warnings of its table."""
    errors: tuple[str, ...]
    """The IDs of the rules that found these errors, in alphabetical order."""
    incomplete: str
    """Why regions may be missing, or empty."""
    made: int | None
    """When it was made, in seconds since 1970; None: unknown."""
    beside: bool = False
    """Whether it was read from an archive that has something else beside the host."""
    table_only: bool = False
    """Whether that archive has nothing of the host but its table."""

    @property
    def running_xen(self) -> str:
        """The running release; ``none`` if Linux runs without Xen; empty if that is unknown."""
        return self.xen or (NONE if self.without_xen else "")

    @property
    def firmwares_table(self) -> str:
        """The table as in `table`; ``none`` if the host certainly has none; empty: unknown."""
        return self.table or (NONE if self.no_table in _CERTAINLY_NONE else "")

    def shown(self, text: str) -> str:
        """Return a message about its document with the document's place for the user."""
        return text.replace(self.path, self.where)


def read_record(document: Document, question: Question) -> HostRecord | NoData:
    """Return the record of the host in `document`, or why it cannot be read."""
    try:
        return record_of(document, ask_host(document.path, question))
    except OtherFormatError as error:
        return no_data(document, error.message, error.hint, why=Why.NEWER_FORMAT)
    except DmaragentError as error:
        return no_data(document, error.message, error.hint)
    except (ArithmeticError, OSError, RecursionError, ValueError) as error:
        return no_data(document, words.failed(error))


def no_data(
    document: Document, detail: str, next_step: str = "", *, why: Why = Why.UNREADABLE
) -> NoData:
    """Return why the host of `document` has no answer, with the document's place for the user."""
    return NoData(document.name, why, document.shown(detail), document.shown(next_step))


def record_of(document: Document, asked: OpenedContext) -> HostRecord:
    """Return the record of a host that was read."""
    host, inventory = asked.host, asked.inventory
    checked = None if inventory.absence is not None else check(inventory)
    found = checked.findings if checked else ()
    errors = [each.rule.id for each in found if each.severity in _ERRORS]
    return HostRecord(
        name=document.name,
        path=document.path,
        where=document.place,
        vendor=host.machine.vendor,
        model=host.machine.model,
        firmware=host.machine.firmware,
        xen=(host.xen.version if host.xen else "") or None,
        xen_release=str((host.xen and host.xen.release) or ""),
        without_xen=inventory.linux.state in (LinuxState.GROUPS, LinuxState.NO_GROUPS),
        runs_xen=inventory.linux.state is LinuxState.UNDER_XEN,
        linux=host.system.kernel_release,
        functions_known=asked.facts.functions is not None,
        list_source=inventory.xen.list.source.value,
        table=_table(inventory),
        no_table="" if inventory.absence is None else inventory.absence.kind.value,
        regions=_regions(inventory),
        shape=_shape(inventory),
        places=_places(inventory),
        xen_class=xen_class(asked),
        library=_library(asked.stack),
        linux_class=_linux_class(asked, _NOT_IN_LINUXS_CLASS),
        linux_facts=_linux_class(asked, _NOT_IN_LINUXS_CLASS | _NOT_COMPARED),
        findings=(len(errors), sum(each.severity is Severity.WARNING for each in found)),
        errors=tuple(sorted(set(errors))),
        incomplete=asked.facts.incomplete,
        made=_made(asked),
        beside=len(asked.opened.names) > 1 and REPORT.isdisjoint(asked.opened.names),
        table_only=bool(asked.opened.names) and _nothing_else(asked),
    )


def _nothing_else(asked: OpenedContext) -> bool:
    """Return whether nothing is known of a host but its table."""
    host = asked.host
    facts = (asked.facts.functions, host.system.kernel_release, host.machine.model)
    return all(fact is None for fact in facts)


def _table(inventory: Inventory) -> str:
    reading, of_bytes = inventory.host.reading, table_digest(inventory)
    if reading is None or not of_bytes or isinstance(reading.content, Missing):
        return ""
    return f"{as_written(reading.content)[:4].decode('latin-1')} {of_bytes}"


def _regions(inventory: Inventory) -> int | None:
    known = inventory.absence is None and inventory.complete
    return len(inventory.regions) if known else None


def _shape(inventory: Inventory) -> str:
    """Return the digest of what an update does not change if regions only move."""
    shape = [
        (region.segment, region.size, [claim.as_written for claim in region.reserved.claims])
        for region in inventory.regions
    ]
    return digest(sorted(shape)) if shape else ""


def _places(inventory: Inventory) -> str:
    places = sorted((region.segment, region.place) for region in inventory.regions)
    return digest(places) if places else ""


def _library(stack: Stack) -> str:
    return "" if stack.library_answers is None else digest(stack.library_answers)


_NOT_IN_LINUXS_CLASS: dict[type, frozenset[str]] = {
    LinuxView: frozenset({"ivrs"}),
    HostFacts: frozenset({"by_device"}),
}
"""The regions and groups by device are in the class by themselves."""
_NOT_COMPARED: dict[type, frozenset[str]] = {
    PciFunction: NAMES_OF_FUNCTION,
    HostFacts: frozenset({"assignable", "by_device"}),
    Stack: frozenset({"origin", "library_answers"}),
}
"""What a comparison of two documents leaves out too; libxlutil's answers are compared apart."""


def _linux_class(asked: OpenedContext, left_out: dict[type, frozenset[str]]) -> str:
    """Return the digest of all that an answer about a KVM guest can depend on."""
    host, inventory = asked.host, asked.inventory
    ram = host.memory_map.entries if isinstance(host.memory_map, MemoryMap) else None
    return digest(
        (
            asked.facts,
            asked.stack,
            host.topology.functions,
            host.groups,
            host.noiommu_groups,
            host.system._replace(memory_total=None, boot_time=None),
            (host.machine.vendor, host.machine.model),
            ram,
            inventory.linux,
            inventory.regions,
            inventory.gaps,
            inventory.absence,
            inventory.undetermined,
            _table(inventory),
        ),
        left_out,
    )


def _made(asked: OpenedContext) -> int | None:
    answer = asked.opened.reader.call(CLOCK.request())
    if isinstance(answer, Missing):
        return None
    try:
        seconds = float(answer.decode("ascii").split()[0])
    except (ValueError, IndexError):
        return None
    return int(seconds) if abs(seconds) < _LATEST else None  # nor infinity


def _same(one: HostRecord, other: HostRecord) -> bool:
    return replace(one, path=other.path, where=other.where) == other


def fresh(
    records: list[HostRecord], most_age: float | None, now: float | None = None
) -> tuple[list[HostRecord], list[NoData]]:
    """Return the newest document of each host that is not older than `most_age` seconds.

    A document of unknown age counts as old enough to be used: a table has no clock.
    """
    now = time.time() if now is None else now
    newest: dict[str, HostRecord] = {}
    without: list[NoData] = []
    for record in sorted(records, key=lambda record: (record.name, record.made or 0, record.where)):
        earlier = newest.get(record.name)
        if earlier is not None and not _same(earlier, record):
            known = earlier.made is not None and record.made is not None
            why = words.replaced if known and earlier.made != record.made else words.not_used
            without.append(NoData(record.name, Why.REPLACED, why(earlier.where)))
        newest[record.name] = record
    kept = []
    for record in newest.values():
        age = None if record.made is None else now - record.made
        if most_age is not None and age is not None and age < -_CLOCKS_DIFFER:
            without.append(NoData(record.name, Why.STALE, words.FUTURE, words.COLLECT_AGAIN))
        elif most_age is not None and age is not None and age > most_age:
            without.append(NoData(record.name, Why.STALE, words.stale(age), words.COLLECT_AGAIN))
        else:
            kept.append(record)
    return kept, without
