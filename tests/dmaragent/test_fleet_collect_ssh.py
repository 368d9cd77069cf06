"""Collecting with real ssh from real sshd, each host in a network namespace of its own."""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from dmaragent.fleet.documents import find_documents
from dmaragent.fleet.records import HostRecord, read_record
from dmaragent.question.context import Question
from support.namespaces import LISTENER, Hosts, hosts, lacking, program_of

pytestmark = pytest.mark.slow  # servers are started


USUAL_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ORIGINAL = 'sh -c "$SSH_ORIGINAL_COMMAND"'
FORCED = {
    # The connection is lost after a part of the document.
    "half": f"{ORIGINAL} | head -c 3000; kill -9 $PPID",
    "noisy": f"echo Authorized users only; printf x; {ORIGINAL}; echo Goodbye",
    "shellless": "echo This account is not available; exit 1",
}
"""What sshd runs in place of the command."""


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hosts]:
    """Make the hosts."""
    if why := lacking():
        if os.environ.get("CI") == "true":
            pytest.fail(why)
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("fleet")
    (folder / "tmp").mkdir()
    temporary = f"SetEnv TMPDIR={folder / 'tmp'} PATH="
    installed = program_of(folder / "installed")
    with hosts(folder) as made:
        for host in ("with", "bare", *FORCED, "locked", "wrong", "new", "closed", "silent"):
            made.add(host)
        made.serve("with", f"{temporary}{installed}:{USUAL_PATH}")
        made.serve("bare", f"{temporary}{USUAL_PATH}")
        for host, forced in FORCED.items():
            made.serve(host, f"{temporary}{USUAL_PATH}", f"ForceCommand {forced}")
        made.serve("locked", "AuthorizedKeysFile none")
        made.serve("wrong", known_as="bare")
        made.serve("new", known_as=None)
        silent = made.start("silent", "true", [sys.executable, "-c", LISTENER])
        assert silent.stdout is not None
        assert silent.stdout.readline() == "ready\n"
        bare = made.addresses["bare"]
        made.ssh_lines += [
            "Host behind", "ProxyJump bare", "HostName 127.0.0.1", f"HostKeyAlias {bare}",
            "Host shared", f"HostName {bare}", "ControlMaster auto", "ControlPersist 600",
            f"ControlPath {folder}/%C",
            "Host nowhere", "HostName 192.0.2.1",
        ]  # fmt: skip
        yield made


def collect(fleet: Hosts, pool: Path, names: str, *more: str) -> tuple[int, str, dict[str, Any]]:
    """Collect; return the exit code, what was printed, and the lines of the log by host."""
    cache = f"XDG_CACHE_HOME={fleet.folder / 'cache'}"
    words = ["fleet", "collect", "-w", names, "-o", str(pool), *more]
    done = fleet.run(["env", cache, sys.executable, "-m", "dmaragent", *words])
    assert "Traceback" not in done.stderr
    lines = (pool / "collect.ndjson").read_text("ascii").splitlines()
    return done.returncode, done.stderr, {row["host"]: row for row in map(json.loads, lines)}


def test_each_host_ends_as_it_does_beside_the_others(fleet: Hosts, tmp_path: Path) -> None:
    pool = tmp_path / "pool"
    pool.mkdir()
    (pool / "half.tar.gz").write_bytes(b"earlier")
    names = "with,bare,noisy,half,shellless,locked,wrong,new,closed,behind,nowhere,silent"
    code, errors, rows = collect(fleet, pool, names, "--timeout", "60")

    assert {host: row["result"] for host, row in rows.items()} == {
        "with": "collected",
        "bare": "collected",
        "noisy": "collected",
        "behind": "collected",
        "half": "half",
        "shellless": "no-shell",
        "locked": "no-login",
        "wrong": "wrong-host-key",
        "new": "unknown-host-key",
        "closed": "refused",
        "nowhere": "unreachable",
        "silent": "timeout",
    }
    assert code == 1
    assert rows["with"]["made_by"] == "dmaragent"
    assert {rows[host]["made_by"] for host in ("bare", "noisy", "behind")} == {"capture.sh"}
    assert sorted(path.name for path in pool.iterdir()) == [
        "bare.tar.gz",
        "behind.tar.gz",
        "collect.ndjson",
        "half.tar.gz",
        "noisy.tar.gz",
        "with.tar.xz",
    ]
    assert (pool / "half.tar.gz").read_bytes() == b"earlier"
    for host, row in rows.items():
        lines = [line for line in errors.splitlines() if line.startswith(f"{host}: ")]
        assert len(lines) == (row["result"] != "collected")
    assert "Permission denied" in rows["locked"]["detail"]
    assert list((fleet.folder / "tmp").iterdir()) == []


def test_what_was_collected_is_this_machine(fleet: Hosts, tmp_path: Path) -> None:
    """The document of dmaragent and that of capture.sh are of one kernel and one table."""
    pool = tmp_path / "pool"
    code, errors, _ = collect(fleet, pool, "with,bare")
    read = [read_record(document, Question()) for document in find_documents([str(pool)])]

    assert (code, errors) == (0, "")
    assert [record.name for record in read] == ["bare", "with"]
    assert all(isinstance(record, HostRecord) for record in read)
    (facts,) = {
        (record.linux, record.table, record.regions, record.xen)
        for record in read
        if isinstance(record, HostRecord)
    }
    assert facts[0] == os.uname().release


def test_a_shared_connection_that_stays_open_is_not_waited_for(
    fleet: Hosts, tmp_path: Path
) -> None:
    try:
        code, errors, rows = collect(fleet, tmp_path / "pool", "shared", "--timeout", "300")
        assert (code, errors) == (0, "")
        assert rows["shared"]["seconds"] < 300
        check = fleet.run(["ssh", "-O", "check", "shared"])
        assert "Master running" in check.stderr
    finally:
        fleet.run(["ssh", "-O", "exit", "shared"])


def test_the_second_time_each_document_is_replaced(fleet: Hosts, tmp_path: Path) -> None:
    pool = tmp_path / "pool"
    pool.mkdir()
    (pool / "with.tar.gz").write_bytes(b"earlier")
    (pool / "bare.tar.gz").write_bytes(b"earlier")

    assert collect(fleet, pool, "with,bare")[0] == 0
    assert sorted(path.name for path in pool.iterdir()) == [
        "bare.tar.gz",
        "collect.ndjson",
        "with.tar.xz",
    ]
    assert (pool / "bare.tar.gz").read_bytes() != b"earlier"


def test_if_no_host_is_collected_the_code_is_2(fleet: Hosts, tmp_path: Path) -> None:
    assert collect(fleet, tmp_path / "pool", "closed,locked")[0] == 2
