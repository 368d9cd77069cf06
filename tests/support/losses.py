"""Recorded machines with a reading lost or damaged, and what is then answered about them.

A lost reading may leave an answer as it was or make it unknown.  It never turns one answer into
another: between yes, no and "on conditions" there is no step on less knowledge.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import LEDGER, HostRequest, LedgerEntry, Operation
from dmaragent.collect.open_host import open_host
from dmaragent.collect.recorded.recording import KeptHost, Recorder
from dmaragent.host import Host, join
from dmaragent.iommu.table import iommu_table
from dmaragent.messages import recogniser
from dmaragent.messages.model import Recognised
from dmaragent.messages.relate import relate
from dmaragent.passthrough.device_context import DeviceContext
from dmaragent.passthrough.linux import linux_verdict
from dmaragent.passthrough.model import Can
from dmaragent.passthrough.xen import xen_verdict
from dmaragent.policy.hotplug import attach
from dmaragent.policy.resolver import resolve
from dmaragent.question.context import Question, context_of, read_guests
from dmaragent.readings import Missing, MissingKind

Value = bytes | str | tuple[str, ...] | Missing
Answers = Mapping[HostRequest, Value]
_POLICIES = ("strict", "relaxed")
UNKNOWN = ("unknown", "undecided", "not-applicable", "no such device")


@dataclass(frozen=True, slots=True)
class Loss:
    """One reading with another answer than the recorded one."""

    request: HostRequest
    kind: str
    """How it was lost: a kind of Missing, ``empty`` or ``half``."""
    answer: Value

    @property
    def entry(self) -> str:
        """The ledger's path of the reading."""
        return entry_of(self.request).path

    def __str__(self) -> str:
        """Return it as a test names it."""
        return f"{self.request.operation.value} {self.request.path}: {self.kind}"


def recorded_answers(machine: Path) -> dict[HostRequest, Value]:
    """Return everything that a collection asks the recorded `machine`, with its answers."""
    recorder = Recorder(open_host(str(machine)).reader)
    collect(recorder)
    return dict(recorder.answers)


def entry_of(request: HostRequest) -> LedgerEntry:
    """Return the entry of the ledger that `request` was made from."""
    for entry in LEDGER:
        pattern = re.escape(entry.path).replace(r"\{\}", ".+")
        if entry.operation is request.operation and re.fullmatch(pattern, request.path):
            return entry
    raise LookupError(request.path)


def losses_of(answers: Answers) -> Iterator[Loss]:
    """Yield every loss of a single reading that has a value.

    A listing is read at once, so there is no half of one; an empty reading is a loss unless the
    ledger says what it means.
    """
    for request, value in answers.items():
        if isinstance(value, Missing):
            continue
        for kind in (MissingKind.NOT_COLLECTED, MissingKind.DENIED, MissingKind.FAILED):
            yield Loss(request, kind.value, Missing(kind, "lost by a test"))
        if request.operation is Operation.LINK:
            continue
        if not entry_of(request).may_be_empty:
            yield Loss(request, "empty", value[:0])
        if len(value) > 1 and request.operation is not Operation.LIST:
            yield Loss(request, "half", value[: len(value) // 2])


def with_losses(answers: Answers, *losses: Loss) -> Host:
    """Return the host of `answers` after the `losses`."""
    return join(collect(KeptHost({**answers, **{one.request: one.answer for one in losses}})))


LATER = Question(xen="4.20.4")
"""A release that decides by the memory map; most machines are asked about an earlier one."""


def verdicts(
    host: Host,
    devices: tuple[str, ...],
    guests: Mapping[str, str],
    messages: tuple[Recognised, ...] = (),
    asked: Question = Question(),  # noqa: B008 - it is frozen
) -> dict[str, str]:
    """Return every answer about `host`: of each device by each side, of each guest, message.

    `guests` are the texts of configurations by name.  What helps is not worked out: it is tried
    with the same rules.
    """
    found: dict[str, str] = {}
    for question in (asked, LATER):
        _add_verdicts(found, host, devices, guests, question)
    inventory = context_of(host, asked).inventory
    for message in messages:
        fits = relate(message, inventory).fits
        found[f"why {message.text}"] = "unknown" if fits is None else str(fits)
    return found


def _add_verdicts(
    found: dict[str, str],
    host: Host,
    devices: tuple[str, ...],
    guests: Mapping[str, str],
    question: Question,
) -> None:
    known = context_of(host, question)
    on = f" on {question.xen}" if question.xen else ""
    functions = {str(sbdf): sbdf for sbdf in host.topology.known}
    for name in devices:
        sbdf = functions.get(name)
        if sbdf is None:
            continue
        context = DeviceContext(
            sbdf=sbdf, inventory=known.inventory, facts=known.facts, stack=known.stack
        )
        xen, linux = xen_verdict(context), linux_verdict(context)
        for side, verdict in (("Xen", xen), ("Linux", linux)):
            # Of the chipset no verdict is given that could turn, except that VFIO takes no bridge.
            if not (context.in_chipset and verdict.can is Can.UNKNOWN):
                found[f"explain {name}{on}, {side}"] = verdict.can.value
        for case in xen.cases:
            if case.title in _POLICIES:
                found[f"explain {name}{on}, {case.title}, Xen"] = case.can.value
    for name, text in guests.items():
        for guest in read_guests(text, name):
            found[f"resolve {name}{on}"] = resolve(guest, known.facts, known.stack).verdict.value
            for device in devices:
                answer = attach(device, guest, known.facts, known.stack)
                found[f"hotplug {device} into {name}{on}"] = answer.verdict.value


def messages_of(host: Host, devices: tuple[str, ...]) -> tuple[Recognised, ...]:
    """Return messages about every device and region of `host`, as Linux and libxl print them."""
    locked = "Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring"
    lines = [f"vfio-pci {device}: {locked} the device without a 1:1 mapping" for device in devices]
    table = iommu_table(host)
    lines += [
        f"libxl: error: libxl_dm.c:529: RDM conflict at 0x{region.first:x}."
        for region in (() if isinstance(table, Missing) else table.regions)
    ]
    return tuple(found for line in lines for found in recogniser().recognise(line).found)


def turned(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the answers that a loss turned into another than "unknown"."""
    return {
        name: (answer, after[name])
        for name, answer in before.items()
        if name in after and after[name] != answer and after[name] not in UNKNOWN
    }


def kinds_made_unknown(before: Mapping[str, str], after: Mapping[str, str]) -> set[str]:
    """Return which kinds of answers became unknown: Xen, Linux, resolve, hotplug."""
    return {
        name.rpartition(" ")[2] if name.startswith("explain") else name.partition(" ")[0]
        for name, answer in before.items()
        if name in after and answer not in UNKNOWN and after[name] in UNKNOWN[:2]
    }


class Losing:
    """A recorded machine whose readings are lost, and its answers while none is."""

    def __init__(self, machine: Path) -> None:
        self._answers = recorded_answers(machine)
        self._host = with_losses(self._answers)._replace(problems=())
        self._devices = tuple(map(str, self._host.topology.known))
        self._guests = {
            path.name: path.read_text() for path in sorted(machine.glob("guests/*.cfg"))
        }
        self._said = messages_of(self._host, self._devices)
        self.before = verdicts(self._host, self._devices, self._guests, self._said)

    def losses(self) -> list[Loss]:
        """Return every loss of a single reading."""
        return list(losses_of(self._answers))

    def verdicts(self, *losses: Loss) -> dict[str, str] | None:
        """Return the answers after `losses`; None if the host is as before, or a table alone.

        What is said of a table alone is predicted, and labelled so.  If nothing shows the release
        of Xen any more, it is named: otherwise the newest would be assumed, and labelled so.
        """
        host = with_losses(self._answers, *losses)._replace(problems=())
        if host == self._host or host.is_table_alone:
            return None
        release = self._host.running_release
        named = release is not None and host.running_release is None
        asked = Question(xen=str(release)) if named else Question()
        return verdicts(host, self._devices, self._guests, self._said, asked)
