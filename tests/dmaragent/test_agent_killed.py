"""An agent that is killed at any moment: what is published is there, whole and valid."""

import asyncio
import contextlib
import hashlib
import json
import os
import random
import signal
from pathlib import Path

import pytest

from dmaragent.agent.publish import Publisher
from support.agents import EHCI, NIC, agent, machine

pytestmark = pytest.mark.slow  # services run


KILLS = 300


def _work(runtime: Path) -> None:
    """Be an agent whose host changes all the time."""

    async def run() -> None:
        Publisher(runtime=str(runtime)).tidy()
        async with agent(runtime, machine(EHCI)) as one:
            states = [machine(EHCI, NIC).__dict__, machine(EHCI).__dict__]
            for number in range(10_000):
                scans = len(one.publisher.scans)
                one.host.__dict__ |= states[number % 2]
                one.watch.send(NIC.sbdf)
                await one.publisher.until(lambda each, more=scans: each.scans > more)  # type: ignore[misc]

    asyncio.run(run())


def _start(runtime: Path) -> int:
    child = os.fork()
    if child:
        return child
    with contextlib.suppress(BaseException):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        _work(runtime)
    os._exit(1)


def _read(runtime: Path) -> int:
    """Read what is published and hold it against its digest; give the generation."""
    document = json.loads((runtime / "inventory.json").read_bytes())
    answer = json.dumps(document["answer"], sort_keys=True).encode("ascii")
    assert document["origin"]["digest"] == hashlib.sha256(answer).hexdigest()
    assert "0x3c000000" in (runtime / "inventory.txt").read_text("utf-8")
    generation: int = document["origin"]["generation"]
    return generation


def test_what_is_published_survives_a_kill_at_any_moment(tmp_path: Path) -> None:
    chance = random.Random(20261124)  # noqa: S311 - which moment, not a secret
    written = set[int]()
    for _ in range(KILLS):
        child = _start(tmp_path)
        try:
            while not (tmp_path / "inventory.json").exists():
                assert os.waitpid(child, os.WNOHANG) == (0, 0)
            for _ in range(chance.randrange(300)):
                assert _read(tmp_path) >= 1
                written.add((tmp_path / "inventory.json").stat().st_ino)
        finally:
            os.kill(child, signal.SIGKILL)
            ended = os.waitpid(child, 0)[1]
        assert ended == signal.SIGKILL
        assert _read(tmp_path) >= 1

    Publisher(runtime=str(tmp_path)).tidy()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "dmaragent.prom",
        "inventory.json",
        "inventory.txt",
    ]
    assert len(written) > 2  # inodes are used again: more publications than these
