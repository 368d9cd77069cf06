"""What a user reads when something fails under the program: docs/faults.md lists these lines.

The machine is a recorded one on real files, which are broken before or while they are read.
"""

import asyncio
import errno
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dmaragent.cli import main
from dmaragent.collect.bundling import ask_host, keep_answers, top_folder
from dmaragent.collect.collect import collect
from dmaragent.collect.live.hypercall import reserved_device_memory
from dmaragent.collect.live.udev import enumerate_pci
from dmaragent.collect.recorded.recording import KeptHost, Recorder
from dmaragent.errors import DmaragentError
from dmaragent.host import join
from dmaragent.iommu.table import iommu_table
from dmaragent.readings import Missing, MissingKind
from fuzz.machines import xen_host
from support.agents import EHCI, NIC, Agent, agent, machine
from support.cli import run
from support.faults import FAULTS, GPU, SAID, Break, table_becomes
from support.faulty import RootedHost, rooted, without_names
from support.machines import MACHINES
from support.wording import Worded

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RootedHost:
    """Give a laptop as the running machine."""
    made = rooted("lenovo-laptop", tmp_path / "root")
    monkeypatch.setattr("dmaragent.collect.live.host.LiveHost", lambda: made)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return made


def _unwrapped(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize(("breaks", "line"), FAULTS.values(), ids=FAULTS)
def test_what_fails_on_a_running_machine_is_a_line_of_its_inventory(
    breaks: Break, line: str, host: RootedHost, tmp_path: Path, capsys: Capture
) -> None:
    assert line not in _unwrapped(run(capsys, "inventory").out)
    breaks(host, tmp_path / "root")

    ran = run(capsys, "inventory")

    assert line in _unwrapped(ran.out)
    assert "Traceback" not in ran.out + ran.err
    assert max(map(len, ran.out.splitlines())) <= 80


def test_a_table_that_goes_after_it_was_listed_is_no_empty_inventory(
    host: RootedHost, tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    table_becomes(None)(host, tmp_path / "root")

    ran = run(capsys, "inventory")

    assert ran.code == 1  # what Linux itself reports is left
    worded(_unwrapped(ran.out))
    assert "Traceback" not in ran.err
    worded(ran.out)


def test_a_table_that_goes_on_a_host_without_groups_is_no_answer(
    host: RootedHost, tmp_path: Path, capsys: Capture
) -> None:
    shutil.rmtree(tmp_path / "root/sys/kernel/iommu_groups")
    table_becomes(None)(host, tmp_path / "root")

    ran = run(capsys, "inventory")

    assert (ran.code, ran.out) == (2, "")
    assert SAID["the table disappears after it was listed"] in _unwrapped(ran.err)


def test_without_udev_s_database_devices_are_told_by_their_numbers(
    host: RootedHost, capsys: Capture
) -> None:
    enumeration = host._calls["udev-pci"]()
    assert isinstance(enumeration, bytes)
    host._calls["udev-pci"] = lambda: without_names(enumeration)

    ran = run(capsys, "inventory", "--device", GPU)

    assert ran.code == 0
    assert SAID["udev's database is missing"] in ran.out


def test_without_libudev_the_answer_says_so_and_has_the_devices_all_the_same(
    host: RootedHost, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "pyudev", None)
    before = run(capsys, "inventory", "--json").document["answer"]["pci_functions"]
    host._calls["udev-pci"] = enumerate_pci

    ran = run(capsys, "inventory", "--json")

    (line,) = ran.document["answer"]["problems"]
    assert line.startswith(SAID["libudev, or pyudev, is missing"])
    assert ran.document["answer"]["pci_functions"] == before


def test_without_libxencall_the_list_is_predicted_and_says_why(
    host: RootedHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    for name, text in (("sys/hypervisor/type", "xen\n"), ("proc/xen/capabilities", "control_d\n")):
        path = tmp_path / "root" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    host._calls["xen-rdm"] = lambda: reserved_device_memory(None)

    ran = run(capsys, "inventory")

    assert "predicted" in ran.out
    assert SAID["libxencall and libxenctrl are missing in a dom0"] in _unwrapped(ran.out)


@pytest.mark.parametrize("kind", [MissingKind.FAILED, MissingKind.DENIED])
def test_no_reading_fails_without_a_line(kind: MissingKind) -> None:
    recorder = Recorder(xen_host())
    collect(recorder)
    answers = recorder.answers
    silent = []
    for request in answers:
        fault = Missing(kind, "it broke")
        host = join(collect(KeptHost({**answers, request: fault})))
        told = any("it broke" in line for line in host.problems)
        if not told and iommu_table(host) != fault:
            silent.append(request.path)

    assert len(answers) > 80
    # The kernel's log needs root, and what rests on it says so where it is asked for.
    assert silent == (["boot-log"] if kind is MissingKind.DENIED else [])


# Writing -------------------------------------------------------------------------------


def _failing(number: int) -> Callable[..., None]:
    def fail(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


@pytest.mark.parametrize(
    ("step", "number", "fault", "hint"),
    [
        ("fsync", errno.ENOSPC, "the disk is full", "free some space, or use another disk"),
        ("fsync", errno.EDQUOT, "the quota is exhausted", "free some space, or use another disk"),
        ("fsync", errno.EIO, "the disk fails", "check the folder"),
        ("open", errno.EROFS, "the file system is read-only", "check the folder"),
    ],
)
def test_a_bundle_that_cannot_be_written_is_one_line_and_a_next_step(  # noqa: PLR0913, PLR0917 - a case
    step: str,
    number: int,
    fault: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    goal = tmp_path / "b.tar.xz"
    place = "tempfile.mkstemp" if step == "open" else f"os.{step}"
    monkeypatch.setattr(place, _failing(number))

    ran = run(capsys, "dump", "--host", MACHINES / "lenovo-laptop", "-o", goal)

    assert ran.code == 2
    assert ran.err.splitlines() == [
        SAID[f"`dump`: {fault}"].replace("FILE", str(goal)),
        f"Next: {hint}",
    ]
    assert list(tmp_path.iterdir()) == []


def _ended(folder: Path, breaks: Callable[[Agent], None]) -> str:
    """Give the last line of an agent that fails after `breaks`."""
    said: list[str] = []

    async def told() -> None:
        async with agent(folder, machine(EHCI)) as one:
            breaks(one)
            one.host.__dict__ |= machine(EHCI, NIC).__dict__
            one.watch.send(NIC.sbdf)
            with pytest.raises(DmaragentError):
                await one.running
            said.extend(one.said.getvalue().splitlines())

    asyncio.run(told())
    return said[-1]


@pytest.mark.parametrize(
    ("number", "fault"),
    [(errno.ENOSPC, "/run is full"), (errno.EROFS, "/run becomes read-only")],
)
def test_an_agent_whose_run_is_full_or_read_only_says_so_and_ends(
    number: int, fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = _ended(tmp_path, lambda _: monkeypatch.setattr("tempfile.mkstemp", _failing(number)))

    assert line == "<3>" + SAID[f"the agent: {fault}"].replace("FOLDER", str(tmp_path))
    assert list(tmp_path.iterdir()) == []  # what was published may no longer be true


def test_an_agent_that_begins_on_a_read_only_run_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    (tmp_path / ".dmaragent-left").touch()
    monkeypatch.setattr(os, "unlink", _failing(errno.EROFS))

    code = main(["agent", "run", "--runtime", str(tmp_path)])

    assert code == 2
    said = SAID["the agent: /run is read-only when it starts"].replace("FOLDER", str(tmp_path))
    assert capsys.readouterr().err.splitlines()[0] == said


# Clocks --------------------------------------------------------------------------------


def test_a_clock_that_jumps_back_stops_no_agent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def told() -> None:
        async with agent(tmp_path, machine(EHCI)) as one:
            first = one.publisher.scans[-1]
            monkeypatch.setattr("time.time", lambda: -86400.0)
            one.host.__dict__ |= machine(EHCI, NIC).__dict__
            one.watch.send(NIC.sbdf)
            second = await one.publisher.until(lambda each: each.generation == 2)
            assert (first.scanned > 0, second.scanned) == (True, -86400.0)

    asyncio.run(told())
    document = json.loads((tmp_path / "inventory.json").read_bytes())
    assert document["origin"]["generation"] == 2
    metrics = (tmp_path / "dmaragent.prom").read_text()
    assert "\ndmaragent_last_scan_timestamp_seconds -86400" in metrics


def test_a_file_from_beyond_the_calendar_has_its_line_in_the_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    path = tmp_path / "inventory.json"
    answer = '{"table": {"state": "decoded", "damage": []}, "absence": null, "regions": []}'
    path.write_text(f'{{"origin": {{"generation": 1, "digest": "x"}}, "answer": {answer}}}')
    monkeypatch.setattr("dmaragent.agent.status._modification_time", lambda _: 1e18)

    ran = run(capsys, "status", "--runtime", tmp_path)

    assert "Traceback" not in ran.err
    assert SAID["`status`: an impossible time"] in _unwrapped(ran.out)


@pytest.mark.parametrize(
    ("clock", "name"),
    [
        (-5.0, "dmaragent-bundle"),
        (0.0, "dmaragent-bundle"),
        (4e9, "dmaragent-20961002-070640"),
        (1e15, "dmaragent-bundle"),
    ],
)
def test_a_bundle_of_a_mad_clock_has_a_name_all_the_same(
    clock: float, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time, "time", lambda: clock)
    from dmaragent.collect.ledger import CLOCK  # noqa: PLC0415 - likewise
    from dmaragent.collect.live.calls import call  # noqa: PLC0415 - with that clock

    host = machine(EHCI)
    answer = call(CLOCK.request())
    host.calls["clock"] = answer

    assert top_folder(keep_answers(ask_host(host, lambda _: ()), redact=True).taken) == name
