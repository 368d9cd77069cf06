"""The agent's small parts: what systemd and the journal are told, what changed, what is heard."""

import errno
import io
import json
import os
import socket
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dmaragent.agent.changes import MOST_LINES, ChangeKind, changes
from dmaragent.agent.http_messages import ApiRequest, ApiResponse
from dmaragent.agent.journal import ERROR, Journal, encode
from dmaragent.agent.notify import Notifier, passed_sockets, watchdog_seconds
from dmaragent.agent.routes import PublishedFacts, Work, respond
from dmaragent.agent.scan import scan
from dmaragent.agent.watch import Events, UdevWatch
from dmaragent.errors import DmaragentError
from dmaragent.readings import Missing, MissingKind
from support.agents import EHCI, NIC, machine
from support.hosts import FakeHost, Function, fake_host
from support.published import answered
from support.tables import rmrr, scope, table
from support.wording import Worded

STDERR = f"{os.fstat(2).st_dev}:{os.fstat(2).st_ino}"
"""JOURNAL_STREAM of a process whose standard error is the journal."""


def test_systemd_is_told_at_the_address_it_gave(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "n"))
        Notifier({"NOTIFY_SOCKET": str(tmp_path / "n")}).say("READY=1", "STATUS=x")
        assert systemd.recv(100) == b"READY=1\nSTATUS=x"


def test_an_abstract_address_is_told_too() -> None:
    name = f"dmaragent-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"\0{name}")
        Notifier({"NOTIFY_SOCKET": f"@{name}"}).say("STOPPING=1")
        assert systemd.recv(100) == b"STOPPING=1"


def test_the_watchdog_does_not_wait_for_a_systemd_that_does_not_read(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "n"))
        notifier = Notifier({"NOTIFY_SOCKET": str(tmp_path / "n")})
        for _ in range(1000):  # more than a socket keeps (net.unix.max_dgram_qlen)
            notifier.ping()
        first = systemd.recv(4096)

    assert first == b"WATCHDOG=1"


def test_where_nobody_listens_nothing_is_said(tmp_path: Path) -> None:
    Notifier({}).say("READY=1")
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).say("READY=1")


@pytest.mark.parametrize(
    ("environment", "seconds"),
    [
        ({"WATCHDOG_USEC": "30000000"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, 30.0),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_the_watchdog_is_for_the_process_that_it_names(
    environment: dict[str, str], seconds: float | None
) -> None:
    assert watchdog_seconds(environment, 7) == seconds


@pytest.mark.parametrize(
    "environment",
    [{}, {"LISTEN_FDS": "1"}, {"LISTEN_FDS": "1", "LISTEN_PID": "8"}, {"LISTEN_PID": "7"}],
)
def test_sockets_of_others_are_not_taken(environment: dict[str, str]) -> None:
    assert passed_sockets(environment, 7) == []


def test_the_journal_gets_fields_and_standard_error_a_line(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.bind(str(tmp_path / "j"))
        journal = Journal({"JOURNAL_STREAM": STDERR}, str(tmp_path / "j"))
        journal.write("gone", ERROR, DMARAGENT_SBDF="0000:00:1d.0", DMARAGENT_REGION="")
        assert journald.recv(1000) == (
            b"MESSAGE=gone\nPRIORITY=3\nSYSLOG_IDENTIFIER=dmaragent\nDMARAGENT_SBDF=0000:00:1d.0\n"
        )
    out = io.StringIO()
    Journal({}, stream=out).write("gone", ERROR)
    Journal({"JOURNAL_STREAM": STDERR}, str(tmp_path / "no"), out).write("a\x1b[2Jb\nc")
    assert out.getvalue() == "<3>gone\n<6>a\\x1b[2Jb\\x0ac\n"


@pytest.mark.parametrize(
    "inherited", ["8:1", f"{STDERR}0", "", "x"], ids=["another", "longer", "empty", "odd"]
)
def test_a_journal_that_another_program_wrote_to_gets_no_line(
    tmp_path: Path, inherited: str
) -> None:
    """A shell in a service has JOURNAL_STREAM, but its standard error can be a terminal."""
    out = io.StringIO()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as journald:
        journald.bind(str(tmp_path / "j"))
        journald.settimeout(0)
        Journal({"JOURNAL_STREAM": inherited}, str(tmp_path / "j"), out).write("gone", ERROR)
        with pytest.raises(BlockingIOError):
            journald.recv(1000)
    assert out.getvalue() == "<3>gone\n"


def test_a_field_of_several_lines_has_its_length() -> None:
    assert encode({"A": "b\nc"}) == b"A\n\x03\0\0\0\0\0\0\0b\nc\n"


ABSENT = "Region 1 (0x3c000000-0x3c0fffff) names 0000:00:1d.0; nothing answers there."


def _said(before: FakeHost, after: FakeHost) -> list[str]:
    first = scan(before, None, 1.0)
    return [each.sentence for each in changes(first, scan(after, first, 2.0))]


def test_functions_that_come_go_and_change_hands_are_told(worded: Worded) -> None:
    taken = Function(sbdf=NIC.sbdf, driver=None)
    new = Function(sbdf="0000:04:00.0", driver="nvme")
    bare = Function(sbdf="0000:05:00.0")

    worded(_said(machine(EHCI, NIC), machine(taken, new, bare)))


def test_what_went_with_its_bridge_is_told_with_the_region_it_had(worded: Worded) -> None:
    """The table leads to it through the bridge: without that, it says not whose the region is."""
    bridge = Function(sbdf="0000:00:1c.0", class_code=0x060400, secondary_bus=4)
    below = Function(sbdf="0000:04:00.0")
    held = {"DMAR": table(rmrr(0x3C000000, 0x3C0FFFFF, scope(1, 0, (0x1C, 0), (0, 0))))}

    said = _said(fake_host([bridge, below], held), fake_host([], held))

    worded(said, "0000:04:00.0", "region 1")


def test_what_is_told_can_be_searched_for_and_what_came_is_bad_where_what_went_is_not(
    worded: Worded,
) -> None:
    absent, present = scan(machine(NIC), None, 1.0), scan(machine(EHCI, NIC), None, 2.0)
    found = [each for pair in ((present, absent), (absent, present)) for each in changes(*pair)]
    device = {"DMARAGENT_SBDF": EHCI.sbdf, "DMARAGENT_REGION": "1"}
    finding = {"DMARAGENT_FINDING": "rmrr-devices-absent"}

    findings = [each for each in found if "rmrr-devices-absent" in each.sentence]
    assert [each.bad for each in findings] == [True, False]
    worded(each.sentence for each in findings)
    assert [dict(each.fields) for each in found] == [device, finding, device, finding]


def test_nothing_is_told_where_nothing_changed() -> None:
    assert _said(machine(EHCI, NIC), machine(EHCI, NIC)) == []


def test_of_a_flood_the_rest_is_a_number(worded: Worded) -> None:
    many = [Function(sbdf=f"0000:04:{n >> 3:02x}.{n & 7}") for n in range(100)]
    said = _said(machine(EHCI), machine(EHCI, *many))

    assert len(said) == MOST_LINES + 1
    worded(said[-1], "68")


@pytest.mark.parametrize("number", [MOST_LINES - 1, MOST_LINES])
def test_changes_that_fit_are_all_told(number: int) -> None:
    many = [Function(sbdf=f"0000:04:{n >> 3:02x}.{n & 7}") for n in range(number)]
    first = scan(machine(EHCI), None, 1.0)
    found = changes(first, scan(machine(EHCI, *many), first, 2.0))

    assert [one.kind for one in found] == [ChangeKind.ADDED] * number


def test_a_table_that_is_gone_is_told_as_bad(worded: Worded) -> None:
    first = scan(machine(EHCI), None, 1.0)
    host = machine(EHCI)
    host.files["/sys/firmware/acpi/tables/DMAR"] = Missing(MissingKind.FAILED, "I/O error")
    found = changes(first, scan(host, first, 2.0))

    assert found[0].bad is True
    worded(found[0].sentence)


def test_the_generation_counts_changes_and_not_scans() -> None:
    first = scan(machine(EHCI), None, 1.0)
    same = scan(machine(EHCI), first, 2.0)
    other = scan(machine(EHCI, NIC), same, 3.0)

    assert [each.generation for each in (first, same, other)] == [1, 1, 2]
    assert [each.scans for each in (first, same, other)] == [1, 2, 3]
    assert first.document == same.document != other.document


def test_a_finding_of_the_log_alone_is_a_change() -> None:
    host = machine(EHCI)
    host.calls["boot-log"] = b"[ 1.0] DMAR: Host address width 39\n"
    first = scan(host, None, 1.0)
    host.calls["boot-log"] = (
        b"[ 1.0] DMAR: Host address width 39\n[ 9.0] DMAR: [DMA Read NO_PASID] Request device "
        b"[00:1d.0] fault addr 0x1000 [fault reason 0x06] PTE Read access is not set\n"
    )

    assert scan(host, first, 2.0).generation == 2


def test_a_line_of_the_log_without_a_finding_is_no_change() -> None:
    host = machine(EHCI)
    log = b"[ 1.0] DMAR: Host address width 39\n"
    host.calls["boot-log"] = log
    first = scan(host, None, 1.0)
    host.calls["boot-log"] = log + b"[ 9.0] DMAR: DRHD base: 0x000000fed91000 flags: 0x1\n"

    second = scan(host, first, 2.0)

    assert first.inventory.host.iommu_log != second.inventory.host.iommu_log
    assert (first.generation, second.generation) == (1, 1)


@pytest.mark.parametrize("target", ["/v1/devices", "/v1/report"])
def test_only_an_answer_has_the_tag_of_the_generation(target: str) -> None:
    published = scan(machine(EHCI), None, 1.0)
    work = respond(ApiRequest(method="GET", target=target), published, PublishedFacts())
    assert isinstance(work, Work)

    for status in (500, 503):
        failed = ApiResponse(status=status, headers=(("Retry-After", "9"),))
        assert work.tagged(failed) == failed
    tag = ("ETag", f'W/"{published.tag}"')
    assert work.tagged(ApiResponse(status=200)).headers == (tag,)


@pytest.mark.parametrize(
    ("setting", "xen", "status", "verdict"),
    [
        ("", "4.17", 200, "starts"),
        ("firmware = 'a\\q'", "4.6", 200, "starts"),
        ("firmware = 'a\\q'", "4.17", 200, "refused"),
        ("firmware = 'a", "4.6", 422, ""),
        ("firmware = 'a", "4.17", 422, ""),
    ],
)
def test_a_guest_that_only_older_releases_read_is_resolved(
    setting: str, xen: str, status: int, verdict: str
) -> None:
    guest = f"name = 'g'\nbuilder = 'hvm'\nmemory = 512\n{setting}\n"
    request = ApiRequest(
        method="POST",
        target="/v1/resolve",
        content_type="application/json",
        body=json.dumps({"guest": guest, "xen": xen}).encode(),
    )

    response = answered(request, scan(machine(EHCI), None, 1.0), PublishedFacts())

    assert response.status == status
    if verdict:
        (one,) = json.loads(response.body)["answer"]["guests"]
        assert one["verdict"] == verdict


class _Monitor:
    """A stand-in for pyudev's monitor."""

    def __init__(self, events: list[Any], *, may_enlarge: bool = True) -> None:
        self.events, self.may_enlarge, self.filters = events, may_enlarge, list[str]()

    def filter_by(self, subsystem: str) -> None:
        self.filters.append(subsystem)

    def set_receive_buffer_size(self, size: int) -> None:
        if not self.may_enlarge:
            raise OSError(errno.EPERM, f"not {size}")

    def start(self) -> None:
        pass

    def fileno(self) -> int:
        return 7

    def poll(self, timeout: float) -> Any:
        assert timeout == 0
        found = self.events.pop(0) if self.events else None
        if isinstance(found, OSError):
            raise found
        return None if found is None else SimpleNamespace(sys_name=found)


def _watch(monkeypatch: pytest.MonkeyPatch, monitor: _Monitor) -> UdevWatch:
    kind = SimpleNamespace(from_netlink=lambda *_: monitor)
    fake = SimpleNamespace(Context=lambda: None, Monitor=kind)
    monkeypatch.setitem(sys.modules, "pyudev", fake)
    return UdevWatch()


@pytest.mark.parametrize("may_enlarge", [True, False])
def test_each_function_is_named_once_and_lost_events_are_known(
    monkeypatch: pytest.MonkeyPatch,
    may_enlarge: bool,  # noqa: FBT001 - a case
) -> None:
    events = ["a", "b", OSError(errno.ENOBUFS, "full"), "a", None]
    watch = _watch(monkeypatch, _Monitor(events, may_enlarge=may_enlarge))

    assert (watch.fileno(), watch.drain()) == (7, Events(("a", "b"), lost=True))
    assert watch.drain() == Events(())


def test_an_error_of_the_monitor_is_no_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = _watch(monkeypatch, _Monitor([OSError(errno.EBADF, "closed")]))

    with pytest.raises(OSError, match="closed"):
        watch.drain()


def test_without_pyudev_the_agent_says_so(monkeypatch: pytest.MonkeyPatch, worded: Worded) -> None:
    monkeypatch.setitem(sys.modules, "pyudev", None)

    with pytest.raises(DmaragentError) as refused:
        UdevWatch()
    worded(str(refused.value))


@pytest.mark.parametrize(
    ("functions", "present"),
    [(None, "unknown"), ((), "none"), (("0000:03:00.0", "0000:03:00.1"), "both")],
)
def test_a_device_without_its_function_is_told_which_are_present(
    functions: tuple[str, ...] | None, present: str, worded: Worded
) -> None:
    host = machine(*(Function(sbdf=name) for name in functions or ()))
    if functions is None:
        host.directories["/sys/bus/pci/devices"] = Missing(MissingKind.FAILED, "I/O error")
        host.calls["udev-pci"] = Missing(MissingKind.FAILED, "I/O error")
    answer = respond(
        ApiRequest(method="GET", target="/v1/devices/03:00"),
        scan(host, None, 1.0),
        PublishedFacts(),
    )

    assert isinstance(answer, ApiResponse)
    hint = json.loads(answer.body)["hint"]
    assert hint.endswith(f"present: {' '.join(functions) if functions else present}")
    worded(hint)
