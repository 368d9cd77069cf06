"""Recorded machines with a reading lost or damaged, and what is then answered about them.

A lost reading may leave an answer as it was or make it unknown.  It never turns one answer into
another: between yes, no and "on conditions" there is no step on less knowledge.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from dmaragent.asking import Question, ask_known, read_guests
from dmaragent.collect.collect import collect
from dmaragent.collect.ledger import Operation, Request
from dmaragent.collect.opening import open_host
from dmaragent.collect.recording import KeptHost, Recorder
from dmaragent.host import Host, join
from dmaragent.policy.hotplug import hotplug
from dmaragent.policy.resolver import resolve
from dmaragent.snapshot import Missing, MissingKind
from dmaragent.verdict import explain

Value = bytes | str | tuple[str, ...] | Missing
Answers = Mapping[Request, Value]
UNKNOWN = ("unknown", "undecided", "not-applicable", "no such device")


@dataclass(frozen=True, slots=True)
class Loss:
    """One reading with another answer than the recorded one."""

    request: Request
    kind: str
    """How it was lost: a kind of Missing, ``empty`` or ``half``."""
    answer: Value

    def __str__(self) -> str:
        """Return it as a test names it."""
        return f"{self.request.operation.value} {self.request.path}: {self.kind}"


def recorded_answers(machine: Path) -> dict[Request, Value]:
    """Return everything that a collection asks the recorded `machine`, with its answers."""
    recorder = Recorder(open_host(str(machine)).reader)
    collect(recorder)
    return dict(recorder.answers)


def losses_of(answers: Answers) -> Iterator[Loss]:
    """Yield every loss of a single reading that has a value."""
    for request, value in answers.items():
        if isinstance(value, Missing):
            continue
        for kind in (MissingKind.NOT_COLLECTED, MissingKind.DENIED, MissingKind.FAILED):
            yield Loss(request, kind.value, Missing(kind, "lost by a test"))
        if request.operation is Operation.LINK:
            continue
        yield Loss(request, "empty", value[:0])
        if len(value) > 1:
            yield Loss(request, "half", value[: len(value) // 2])


def with_losses(answers: Answers, *losses: Loss) -> Host:
    """Return the host of `answers` after the `losses`."""
    return join(collect(KeptHost({**answers, **{one.request: one.answer for one in losses}})))


def verdicts(host: Host, devices: tuple[str, ...], guests: Mapping[str, str]) -> dict[str, str]:
    """Return every answer about `host`: of each device by each side, of each guest.

    `guests` are the texts of configurations by name.
    """
    known = ask_known(host, Question())
    functions = {str(sbdf): sbdf for sbdf in host.topology.known}
    found: dict[str, str] = {}
    for name in devices:
        sbdf = functions.get(name)
        if sbdf is None:
            continue
        told = explain(known.inventory, known.facts, known.stack, sbdf)
        found[f"explain {name}, Xen"] = told.xen.can.value
        found[f"explain {name}, Linux"] = told.linux.can.value
    for name, text in guests.items():
        for guest in read_guests(text, name):
            found[f"resolve {name}"] = resolve(guest, known.facts, known.stack).verdict.value
            for device in devices:
                answer = hotplug(device, guest, known.facts, known.stack)
                found[f"hotplug {device} into {name}"] = answer.verdict.value
    return found


def turned(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the answers that a loss turned into another than "unknown"."""
    return {
        name: (answer, after[name])
        for name, answer in before.items()
        if name in after and after[name] != answer and after[name] not in UNKNOWN
    }
