"""The agent's loop: what an event, a burst, a lost event and a signal lead to."""

import asyncio
import errno
import json
import os
import signal
import socket
from pathlib import Path

import pytest

from dmaragent.errors import DmaragentError
from dmaragent.readings import Missing, MissingKind
from support.agent_hostile import post
from support.agent_workers import Held
from support.agents import EHCI, NIC, agent, machine
from support.cli import check_document
from support.hosts import Function
from support.wording import Worded

pytestmark = pytest.mark.slow  # services run


PCIBACK = Function(sbdf=EHCI.sbdf, class_code=EHCI.class_code, driver="pciback")


def test_what_is_published_is_the_inventory_with_its_generation(tmp_path: Path) -> None:
    async def run() -> None:
        async with agent(tmp_path, machine(EHCI, NIC)) as one:
            document = json.loads((tmp_path / "inventory.json").read_bytes())
            check_document(document)
            assert document["origin"]["generation"] == 1
            assert document["origin"]["digest"] == one.publisher.scans[0].digest
            assert document["answer"]["pci_functions"] == 2
            assert "0x3c000000-0x3c0fffff" in (tmp_path / "inventory.txt").read_text()

    asyncio.run(run())


def test_everybody_may_read_what_is_published(tmp_path: Path) -> None:
    async def run() -> None:
        mask = os.umask(0o022)
        async with agent(tmp_path, machine(EHCI)):
            modes = _modes(tmp_path)
        os.umask(mask)
        assert modes == {
            "dmaragent.prom": 0o644,
            "inventory.json": 0o644,
            "inventory.txt": 0o644,
        }

    asyncio.run(run())


def test_a_driver_that_changes_is_published_and_told_once(tmp_path: Path, worded: Worded) -> None:
    async def run() -> None:
        async with agent(tmp_path, machine(EHCI, NIC)) as one:
            changed = machine(PCIBACK, NIC)
            one.host.links = changed.links
            one.watch.send(EHCI.sbdf)
            after = await one.publisher.until(lambda each: each.generation == 2)
            document = json.loads((tmp_path / "inventory.json").read_bytes())
            assert document["origin"]["digest"] == after.digest
            owners = document["answer"]["regions"][0]["owners"]
            assert [each["device"]["driver"] for each in owners] == ["pciback"]
        lines = one.said.getvalue().splitlines()
        worded([line for line in lines if EHCI.sbdf in line])

    asyncio.run(run())


def test_an_event_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with agent(tmp_path, machine(EHCI)) as one:
            before, said = (tmp_path / "inventory.json").stat(), one.said.getvalue()
            one.watch.send(EHCI.sbdf)
            after = await one.publisher.until(lambda each: each.scans == 2)
            assert after.generation == 1
            assert (tmp_path / "inventory.json").stat().st_ino == before.st_ino
            assert one.said.getvalue() == said

    asyncio.run(run())


def test_a_burst_ends_in_the_right_inventory(tmp_path: Path) -> None:
    functions = [Function(sbdf=f"0000:04:{n >> 3:02x}.{n & 7}") for n in range(100)]

    async def run() -> None:
        async with agent(tmp_path, machine(EHCI)) as one:
            for number in range(10_000):
                known = machine(EHCI, *functions[: number % 101])
                if number % 1000 == 0 or number == 9_999:
                    one.host.__dict__ |= known.__dict__
                one.watch.send(f"0000:04:00.{number % 8}")
                if number % 500 == 0:
                    await asyncio.sleep(0)
            final = machine(EHCI, *functions)
            one.host.__dict__ |= final.__dict__
            one.watch.send("0000:04:0c.3")
            await one.publisher.until(lambda each: _functions(each.document) == 101)
            assert len(one.publisher.scans) < 1000
        assert _functions((tmp_path / "inventory.json").read_bytes()) == 101

    asyncio.run(run())


def _modes(folder: Path) -> dict[str, int]:
    return {path.name: path.stat().st_mode & 0o777 for path in folder.iterdir()}


def _functions(document: bytes) -> int:
    count: int = json.loads(document)["answer"]["pci_functions"]
    return count


def test_an_agent_that_hears_nothing_does_nothing(tmp_path: Path) -> None:
    async def run() -> None:
        async with agent(tmp_path, machine(EHCI)) as one:
            one.watch.send(EHCI.sbdf)
            await one.publisher.until(lambda each: each.scans == 2)
            await asyncio.sleep(0)  # let the loop come to rest
            waiting = [timer for timer in _timers() if not timer.cancelled()]
            assert waiting == []

    asyncio.run(run())


def _timers() -> list[asyncio.TimerHandle]:
    loop = asyncio.get_running_loop()
    timers: list[asyncio.TimerHandle] = loop._scheduled  # type: ignore[attr-defined]
    return timers


def test_lost_events_are_told_and_answered_by_reading_all_again(
    tmp_path: Path, worded: Worded
) -> None:
    async def run() -> None:
        async with agent(tmp_path, machine(EHCI)) as one:
            one.host.__dict__ |= machine(EHCI, NIC).__dict__
            one.watch.send(lost=True)
            await one.publisher.until(lambda each: _functions(each.document) == 2)
            worded(one.said.getvalue())

    asyncio.run(run())


def test_an_agent_that_can_hear_nothing_more_ends_with_the_reason(
    tmp_path: Path, worded: Worded
) -> None:
    async def run() -> None:
        async with agent(tmp_path, machine(EHCI)) as one:
            one.watch.fail(OSError(errno.EBADF, "Bad file descriptor"))
            with pytest.raises(DmaragentError) as refused:
                await one.running
            worded(str(refused.value))

    asyncio.run(run())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_stop_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    async def run() -> None:
        async with agent(tmp_path, machine(EHCI)) as one:
            os.kill(os.getpid(), number)
            await one.running

    asyncio.run(run())


def test_a_signal_to_stop_does_not_wait_for_a_worker(tmp_path: Path) -> None:
    held, runtime = Held(tmp_path), tmp_path / "run"
    runtime.mkdir()

    async def run() -> None:
        with socket.socket(socket.AF_UNIX) as listening, socket.socket(socket.AF_UNIX) as client:
            listening.bind(str(tmp_path / "api"))
            listening.listen()
            async with agent(runtime, machine(EHCI), api=listening, worker=held.command) as one:
                client.connect(str(tmp_path / "api"))
                client.sendall(post("type = 'hvm'"))
                await asyncio.to_thread(held.wait_began)
                os.kill(os.getpid(), signal.SIGTERM)
                await one.running  # the worker is held for good
                held.wait_ended()
                assert client.recv(1) == b""

    asyncio.run(run())
    held.close()


def test_a_hangup_reads_the_host_again_and_tells_systemd(tmp_path: Path) -> None:
    async def run() -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
            systemd.bind(str(tmp_path / "notify"))
            runtime = tmp_path / "run"
            runtime.mkdir()
            async with agent(runtime, machine(EHCI), str(tmp_path / "notify")) as one:
                assert systemd.recv(4096) == b"READY=1\nSTATUS=generation 1, 1 region"
                one.host.__dict__ |= machine(EHCI, NIC).__dict__
                os.kill(os.getpid(), signal.SIGHUP)
                await one.publisher.until(lambda each: each.scans == 2)
                assert systemd.recv(4096).startswith(b"RELOADING=1\nMONOTONIC_USEC=")
                loop = asyncio.get_running_loop()
                again = await loop.run_in_executor(None, systemd.recv, 4096)
                assert again == b"READY=1\nSTATUS=generation 2, 1 region"
                one.watch.send(EHCI.sbdf)  # what nobody asked for is not told to systemd
                await one.publisher.until(lambda each: each.scans == 3)
                await asyncio.sleep(0)
            assert systemd.recv(4096) == b"STOPPING=1"

    asyncio.run(run())


def test_a_host_without_a_table_is_published_as_that(tmp_path: Path, worded: Worded) -> None:
    host = machine(EHCI)
    host.files["/sys/firmware/acpi/tables/DMAR"] = Missing(MissingKind.DENIED, "Permission denied")

    async def run() -> None:
        async with agent(tmp_path, host) as one:
            document = json.loads((tmp_path / "inventory.json").read_bytes())
            check_document(document)
            assert document["answer"]["table"]["state"] == "denied"
            worded(one.said.getvalue())

    asyncio.run(run())


def test_what_a_killed_agent_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".dmaragent-abc").touch()
    (tmp_path / "other").touch()

    async def run() -> None:
        async with agent(tmp_path, machine(EHCI)) as one:
            one.publisher.tidy()

    asyncio.run(run())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "dmaragent.prom",
        "inventory.json",
        "inventory.txt",
        "other",
    ]
