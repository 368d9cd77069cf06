"""dmaragent watch: a line a change, nothing lost, and a clean end."""

import errno
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from dmaragent.addresses import SBDF
from dmaragent.agent.follow import Ended, Step, Waker, follow
from dmaragent.agent.watch import Events
from dmaragent.collect.recorded import published
from dmaragent.commands import watch
from dmaragent.commands.watch import step_lines
from dmaragent.errors import DmaragentError
from dmaragent.readings import Missing, MissingKind
from dmaragent.service_paths import INVENTORY, INVENTORY_TEXT
from support.agents import EHCI, NIC, FakeWatch, agent, machine
from support.cli import check_document
from support.hosts import FakeHost, Function
from support.wording import Worded

VFS = [
    Function(
        sbdf=f"0000:03:{number >> 3:02x}.{number & 7}",
        driver="igbvf",
        physical_function=NIC.sbdf,
    )
    for number in range(8, 72)
]


@dataclass
class Watched:
    """A host that is watched, and what a test does to it."""

    host: FakeHost
    events: FakeWatch
    steps: Iterator[Step]
    end: socket.socket

    def become(self, *functions: Function, lost: bool = False) -> Step:
        """Have the host get these functions, with an event for each; return what is shown."""
        self.host = machine(*functions)
        for function in functions:
            self.events.send(function.sbdf, lost=lost)
        return next(self.steps)


@pytest.fixture
def watched() -> Iterator[Watched]:
    here, there = socket.socketpair()
    events = FakeWatch()
    with here, there:
        watched = Watched(machine(EHCI, NIC), events, iter(()), there)
        watched.steps = follow(lambda: watched.host, events, Waker(events, here.fileno()))
        yield watched
    events.close()


def answers(step: Step) -> list[dict[str, object]]:
    """Return what ``--json`` prints of a step, each line with its schema."""
    documents = [json.loads(line) for line in step_lines(step, as_json=True)]
    for document in documents:
        check_document(document)
    return [document["answer"] for document in documents]


def test_the_first_line_says_what_is_watched(watched: Watched, worded: Worded) -> None:
    step = next(watched.steps)

    (answer,) = answers(step)
    assert answer["change"] == "watching"
    assert answer["watched"] == {"functions": 2, "regions": 1, "findings": 0, "unknown": []}
    worded(step_lines(step, as_json=False))


def test_a_new_driver_is_told_with_the_regions_of_the_device(
    watched: Watched, worded: Worded
) -> None:
    next(watched.steps)
    step = watched.become(replace(EHCI, driver="vfio-pci"), NIC)

    (answer,) = answers(step)
    assert answer["change"] == "driver-changed"
    assert (answer["driver_before"], answer["driver"]) == ("ehci-pci", "vfio-pci")
    assert (answer["devices"], answer["regions"]) == ([EHCI.sbdf], [1])
    (line,) = step_lines(step, as_json=False)
    worded(line[10:])


def test_virtual_functions_of_a_burst_share_a_line_and_none_is_lost(
    watched: Watched, worded: Worded
) -> None:
    next(watched.steps)
    came = watched.become(EHCI, NIC, *VFS)
    bound = watched.become(EHCI, NIC, *(replace(one, driver="vfio-pci") for one in VFS))
    went = watched.become(EHCI, NIC)

    names = [one.sbdf for one in VFS]
    found = [answers(step) for step in (came, bound, went)]
    assert [len(each) for each in found] == [1, 1, 1]
    assert [each[0]["change"] for each in found] == [
        "device-added",
        "driver-changed",
        "device-removed",
    ]
    assert all(each[0]["devices"] == names for each in found)
    assert all(each[0]["physical_function"] == NIC.sbdf for each in found)
    worded(line[10:] for step in (came, bound, went) for line in step_lines(step, as_json=False))


def test_more_changes_than_the_journal_has_are_all_told(watched: Watched) -> None:
    next(watched.steps)
    others = [replace(one, physical_function=None) for one in VFS]

    assert len(answers(watched.become(EHCI, NIC, *others))) == len(VFS)


def test_findings_appear_and_go(watched: Watched) -> None:
    next(watched.steps)
    gone, back = watched.become(NIC), watched.become(EHCI, NIC)

    changes = [(one["change"], one["finding"] is None) for one in answers(gone) + answers(back)]
    assert changes == [
        ("device-removed", True),
        ("finding-appeared", False),
        ("device-added", True),
        ("finding-gone", False),
    ]


def test_lost_events_are_told_and_everything_is_read_again(
    watched: Watched, worded: Worded
) -> None:
    next(watched.steps)
    step = watched.become(EHCI, lost=True)

    lost, removed = answers(step)
    assert lost["change"] == "events-lost"
    assert lost["watched"] == {"functions": 1, "regions": 1, "findings": 0, "unknown": []}
    assert (removed["change"], removed["devices"]) == ("device-removed", [NIC.sbdf])
    worded(line[10:] for line in step_lines(step, as_json=False))


def test_an_event_that_changes_nothing_prints_nothing(watched: Watched) -> None:
    next(watched.steps)

    assert answers(watched.become(EHCI, NIC)) == []


def test_it_ends_when_asked_and_after_what_it_reads(watched: Watched) -> None:
    watched.end.send(b"x")

    assert len(list(watched.steps)) == 1


def test_events_that_can_no_longer_be_read_are_an_error(watched: Watched) -> None:
    next(watched.steps)
    watched.events.fail(OSError(errno.EBADF, "Bad file descriptor"))

    with pytest.raises(DmaragentError, match="Bad file descriptor"):
        next(watched.steps)


def test_a_user_who_cannot_read_the_table_is_told_and_gets_published_regions(
    watched: Watched, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worded: Worded
) -> None:
    import asyncio  # noqa: PLC0415 - to publish once

    async def publish() -> None:
        async with agent(tmp_path, machine(EHCI, NIC)):
            for name in (INVENTORY, INVENTORY_TEXT):
                (tmp_path / name).rename(tmp_path / f"kept-{name}")

    asyncio.run(publish())
    for name in (INVENTORY, INVENTORY_TEXT):
        (tmp_path / f"kept-{name}").rename(tmp_path / name)
    read = published.read_published
    denied = Missing(MissingKind.DENIED, "Permission denied")
    table = "/sys/firmware/acpi/tables/DMAR"
    monkeypatch.setattr(watch, "read_published", lambda: read(str(tmp_path / "none")))
    watched.host.files[table] = denied
    first = next(watched.steps)
    without = list(step_lines(first, as_json=False))
    monkeypatch.setattr(watch, "read_published", lambda: read(str(tmp_path)))
    within = list(step_lines(first, as_json=False))

    (answer,) = answers(first)
    assert answer["watched"]["regions"] is None  # type: ignore[index]
    assert answer["watched"]["unknown"]  # type: ignore[index]
    worded([*without, *within])
    watched.host = machine(replace(EHCI, driver="vfio-pci"), NIC)
    watched.host.files[table] = denied
    watched.events.send(EHCI.sbdf)
    (changed,) = answers(next(watched.steps))
    assert changed["regions"] == [1]


def test_published_regions_are_for_a_table_that_only_root_can_read(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was published of a table that is no longer there is not true any more."""
    region = {"number": 1, "owners": [{"sbdf": EHCI.sbdf}]}
    one = json.dumps({"answer": {"regions": [region]}})
    kept = published.PublishedInventory(one, "", "", complete=True)
    monkeypatch.setattr(watch, "read_published", lambda: kept)
    table, found = "/sys/firmware/acpi/tables/DMAR", []
    next(watched.steps)
    for number, kind in enumerate((MissingKind.DENIED, MissingKind.ABSENT, MissingKind.FAILED)):
        steps = []
        for driver in (f"before-{number}", f"after-{number}"):
            watched.host = machine(replace(EHCI, driver=driver), NIC)
            watched.host.files[table] = Missing(kind, "no table")
            watched.events.send(EHCI.sbdf)
            steps.append(next(watched.steps))
        found += [answer["regions"] for answer in answers(steps[-1]) if answer["devices"]]

    assert found == [[1], [], []]


def test_published_regions_of_another_form_are_none() -> None:
    for text in ("{", "[]", '{"answer": {"regions": [{"owners": [{"sbdf": "x"}], "number": 1}]}}'):
        other = published.PublishedInventory(text, "", "", complete=True)
        assert published.regions_of_devices(other) == {}
    one = '{"answer": {"regions": [{"number": 2, "owners": [{"sbdf": "0000:00:1d.0"}]}]}}'
    found = published.regions_of_devices(published.PublishedInventory(one, "", "", complete=True))
    assert found == {SBDF.parse("0000:00:1d.0"): (2,)}


# The program ----------------------------------------------------------------------------


@pytest.fixture
def program() -> Iterator[subprocess.Popen[str]]:
    """Give the program on this machine; it has printed its first line, which was not buffered."""
    with subprocess.Popen(
        [sys.executable, "-m", "dmaragent", "watch", "--json"], stdout=subprocess.PIPE, text=True
    ) as child:
        assert child.stdout is not None
        document = json.loads(child.stdout.readline())
        check_document(document)
        assert document["answer"]["change"] == "watching"
        yield child
        child.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_success(program: subprocess.Popen[str], number: int) -> None:
    program.send_signal(number)

    assert program.wait(600) == 0


def test_a_reader_that_closes_ends_it_without_another_line(program: subprocess.Popen[str]) -> None:
    assert program.stdout is not None
    program.stdout.close()

    assert program.wait(600) == -signal.SIGPIPE


def test_a_reader_that_closes_a_socket_ends_it(watched: Watched) -> None:
    """The output of a command that sshd runs without a terminal is one: it hangs up, without an error."""
    output, reader = socket.socketpair()
    ending, ender = socket.socketpair()
    with output, ending, ender:
        waker = Waker(watched.events, ending.fileno(), output.fileno())
        assert not waker.wait(0)
        reader.close()
        with pytest.raises(BrokenPipeError):
            waker.wait(600)


class _Script:
    """A watch and a waker: the events of one burst, after which the program ends."""

    def __init__(self, *events: Events) -> None:
        self.left = list(events)
        self.quiet = 0

    def drain(self) -> Events:
        return self.left.pop(0)

    def wait(self, seconds: float | None) -> bool:
        if self.left:
            return True
        self.quiet += 1
        if seconds is None:
            raise Ended
        return False


def test_events_that_the_kernel_dropped_early_in_a_burst_are_not_forgotten() -> None:
    script = _Script(Events((), lost=True), Events((NIC.sbdf,)))

    steps = list(follow(lambda: machine(NIC), script, script))  # type: ignore[arg-type]

    assert [step.lost for step in steps] == [False, True]


@pytest.mark.parametrize("there", [(), (INVENTORY,), (INVENTORY_TEXT,)], ids=str)
def test_an_inventory_is_published_by_two_files(there: tuple[str, ...], tmp_path: Path) -> None:
    origin, answer = {"generation": 1}, {"table": {"state": "decoded"}, "complete": True}
    document = json.dumps({"origin": origin, "answer": answer})
    for name in (INVENTORY, INVENTORY_TEXT):
        (tmp_path / name).write_text(document)
    assert published.read_published(str(tmp_path)) is not None
    for name in {INVENTORY, INVENTORY_TEXT} - set(there):
        (tmp_path / name).unlink()

    assert published.read_published(str(tmp_path)) is None
