"""The agent as systemd starts it: a process, told by its environment, asked over its socket."""

import contextlib
import gc
import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dmaragent.agent import main, status
from dmaragent.collect.collect import collect
from dmaragent.collect.live.commands import Ended
from dmaragent.collect.open_host import open_host
from dmaragent.errors import DmaragentError
from dmaragent.readings import Missing
from dmaragent.service_paths import INVENTORY, INVENTORY_TEXT, METRICS
from support.agent_hostile import get, post
from support.agent_process import running_agent
from support.cli import check_document, run
from support.served import exchange
from support.wording import Worded


def test_it_publishes_answers_lives_and_stops(tmp_path: Path) -> None:
    with running_agent(tmp_path, watchdog=0.1) as agent:
        document = json.loads((tmp_path / "run/inventory.json").read_bytes())
        check_document(document)
        assert agent.heard(b"WATCHDOG=1")
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "api"))
            client.sendall(b"GET /v1/inventory HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b"".join(iter(lambda: client.recv(65536), b""))
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200")
        assert json.loads(body) == document

        agent.child.send_signal(signal.SIGHUP)
        assert agent.heard(b"RELOADING=1")
        assert agent.heard(b"READY=1")
        agent.child.send_signal(signal.SIGTERM)
        assert agent.heard(b"STOPPING=1")
        assert agent.child.wait(60) == 0
        assert (tmp_path / "api").exists()


def test_its_end_does_not_collect_garbage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def served(*_: object) -> None:
        """End at once."""

    monkeypatch.setattr(main, "_serve", served)
    main.main(str(tmp_path), "", None)
    kept = gc.get_freeze_count()
    gc.unfreeze()

    assert kept > 0


@pytest.mark.parametrize("lacks", ["events", "runtime"])
def test_if_it_cannot_begin_the_files_of_a_killed_agent_are_removed(
    lacks: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise DmaragentError("no netlink socket")

    monkeypatch.setattr(main, "UdevWatch", fail)
    runtime, metrics = tmp_path / "run", tmp_path / "metrics"
    metrics.mkdir()
    places = [metrics / METRICS]
    if lacks == "events":
        runtime.mkdir()
        places += [runtime / name for name in (INVENTORY, INVENTORY_TEXT, METRICS)]
    for place in places:
        place.write_text("old")

    with pytest.raises(DmaragentError):
        main.main(str(runtime), str(tmp_path / "capture.tar"), str(metrics))

    assert [place for place in places if place.exists()] == []


def test_with_few_descriptors_it_goes_on_and_says_little(tmp_path: Path) -> None:
    with (
        running_agent(tmp_path, before="ulimit -n 30; ") as agent,
        contextlib.ExitStack() as stack,
    ):
        for _ in range(60):
            client = stack.enter_context(socket.socket(socket.AF_UNIX))
            client.connect(str(agent.api))
        for _ in range(3):
            agent.child.send_signal(signal.SIGHUP)
            agent.heard(b"READY=1")
        stack.close()
        for asked in (get("/v1/health"), post("type = 'hvm'\nmemory = 512\n")):
            assert exchange(agent.api, asked).startswith(b"HTTP/1.1 200 ")
        agent.child.send_signal(signal.SIGTERM)
        assert agent.child.wait(60) == 0
    assert len(agent.log.read_text("utf-8").splitlines()) < 10


def test_status_tells_what_is_published(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_agent(tmp_path):
        ran = run(capsys, "status", "--json", "--runtime", tmp_path / "run")
        answer = ran.document["answer"]
        assert (answer["published"], answer["generation"]) == (True, 1)
        monkeypatch.setattr(status, "_SYSTEMD", str(tmp_path / "none"))
        unknown = run(capsys, "status", "--runtime", tmp_path / "run")
        assert unknown.code == 2  # it publishes; nothing reports whether it runs
        assert run(capsys, "status", "--runtime", tmp_path / "none").code == 1
    monkeypatch.setattr("os.path.isdir", lambda _: True)
    monkeypatch.setattr(
        status,
        "run_within",
        lambda _, command: Ended(code=0, output=command[-1][-7:].encode(), errors=b""),
    )
    ran = run(capsys, "status", "--runtime", tmp_path / "run")
    assert [line.split()[-1] for line in ran.out.splitlines()[:3]] == [
        "service",
        "service",
        ".socket",
    ]
    assert ran.code == 1
    for state in (b"reloading", b"refreshing", b"active"):
        runs = Ended(code=0, output=state + b"\n", errors=b"")
        monkeypatch.setattr(status, "run_within", lambda _, __, runs=runs: runs)
        ran = run(capsys, "status", "--runtime", tmp_path / "run")
        assert ran.code == 0
        assert ran.out.splitlines()[0].split()[-1] == state.decode()
    assert run(capsys, "status", "--runtime", tmp_path / "none").code == 1


def test_status_does_not_wait_for_a_pipe_in_the_place_of_the_inventory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / INVENTORY)
    ran = run(capsys, "status", "--json", "--runtime", tmp_path)
    assert (ran.code, ran.document["answer"]["published"]) == (1, False)


def test_status_says_what_systemctl_complains_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.path.isdir", lambda _: True)
    for ended, expected in (
        (Ended(code=1, output=b"", errors=b"no bus\n"), "no bus"),
        (Ended(code=None, output=b"", errors=b""), "10 s"),
    ):
        monkeypatch.setattr(status, "run_within", lambda _, __, ended=ended: ended)
        units = run(capsys, "status", "--json", "--runtime", tmp_path).document["answer"]["units"]
        assert all(expected in state and "unknown" in state for state in units.values())


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[]",
        "null",
        '{"origin": []}',
        '{"origin": {"generation": "\\u001b", "digest": ""}}',
        '{"origin": {"generation": 1e999, "digest": ""}, "answer": {"regions": []}}',
    ],
)
def test_status_says_that_something_else_is_no_inventory(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], document: str, worded: Worded
) -> None:
    (tmp_path / "inventory.json").write_text(document)

    ran = run(capsys, "status", "--runtime", tmp_path)

    assert ran.code == 1
    worded(ran.out)


def test_without_a_place_to_publish_it_says_so(tmp_path: Path, worded: Worded) -> None:
    command = [sys.executable, "-m", "dmaragent", "agent", "run", "--runtime", f"{tmp_path}/none"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    worded(done.stderr, f"{tmp_path}/none")


def test_capture_writes_a_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    goal = tmp_path / "capture.tar"
    mask = os.umask(0)
    assert run(capsys, "agent", "capture", "--output", goal).code == 0
    assert os.umask(mask) == 0
    assert goal.stat().st_mode & 0o777 == 0o640
    opened = open_host(str(goal))
    assert opened.kind == "bundle"
    assert isinstance(collect(opened.reader).pci, Missing)
