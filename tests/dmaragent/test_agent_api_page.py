"""docs/api.md: every command on the page does what the page says."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from dmaragent.addresses import KIB, MIB
from dmaragent.agent.http import RESERVED_FILES
from dmaragent.agent.limits import (
    MOST_DEVICES,
    MOST_FUNCTIONS,
    MOST_GUESTS,
    MOST_REGIONS,
    MOST_WAIT,
    Limits,
)
from dmaragent.agent.routes import PublishedFacts
from support.cli import check_document
from support.served import published_machine, serving
from support.wording import Worded

NO_CLIENT_MEETS = {"chunked", "send_buffer", "worker_space"}
"""Limits that stand behind those of the page."""
PAGE = (Path(__file__).parents[2] / "docs/api.md").read_text("utf-8")
BLOCKS = [block for block in PAGE.split("```")[1::2] if "curl" in block]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    published = published_machine("lenovo-laptop")
    path = tmp_path_factory.mktemp("served") / "socket"
    with serving(path, lambda: (published, PublishedFacts(memory=1 << 25))) as served:
        yield served


@pytest.mark.parametrize("block", BLOCKS, ids=[block.split()[-1][16:] for block in BLOCKS])
def test_every_command_of_the_page_works(
    curl: None, service: Path, tmp_path: Path, block: str, worded: Worded
) -> None:
    for line in block.strip().splitlines():
        arguments = shlex.split(line)
        arguments[arguments.index("/run/dmaragent.socket")] = str(service)
        done = subprocess.run(
            [*arguments, "--silent", "--show-error", "--fail-with-body"],
            capture_output=True,
            cwd=tmp_path,
            text=True,
            check=False,
        )

        assert (done.returncode, done.stderr) == (0, "")
        if "--output inventory.json" in line:
            check_document(json.loads((tmp_path / "inventory.json").read_text("utf-8")))
        elif "report.html" in line:
            assert "</html>" in (tmp_path / "report.html").read_text("utf-8")
        elif "--etag-compare" in line:
            assert done.stdout == ""
        elif "metrics" in line:
            assert done.stdout.startswith("# HELP dmaragent_")
        else:
            document = json.loads(done.stdout)
            check_document(document)
            for guest in document["answer"].get("guests", ()) if "--json" in line else ():
                worded(guest["reasons"][0]["reason"])


def test_the_program_of_the_page_works(service: Path) -> None:
    (program,) = [
        block.removeprefix("python\n") for block in PAGE.split("```") if "Client()" in block
    ]
    done = subprocess.run(
        [sys.executable, "-c", program.replace("Client()", f"Client({str(service)!r}, 600)")],
        capture_output=True,
        check=True,
        text=True,
    )

    device, *_, refused, generation = done.stdout.splitlines()
    assert device.split()[0].endswith(".0")
    assert refused.startswith("404 ")
    assert generation == "generation 3"


def test_the_page_has_the_limits_that_hold() -> None:
    limits = Limits()
    rows = {
        "head": f"request line and headers | {limits.head // KIB} KiB",
        "body": f"body | {limits.body // KIB} KiB",
        "request_time": f"time to send the request | {limits.request_time:g} s",
        "response_time": f"time to read the response | {limits.response_time:g} s",
        "linger": f"time to close after the response | {limits.linger:g} s",
        "connections": f"connections | {limits.connections} |",
        "watching": f"clients that wait for a change | {limits.watching},",
        "watching_each": f"{limits.watching}, of one user {limits.watching_each}, besides",
        "pending": f"requests for workers that wait | {limits.pending},",
        "pending_each": f"{limits.pending}, of one user {limits.pending_each} |",
        "answer": f"size of an answer of a worker | {limits.answer // MIB} MiB |",
        "workers": f"requests that workers answer | {limits.workers},",
        "workers_each": f"{limits.workers}, of one user {limits.workers_each};",
        "turn": f"others wait {limits.turn:g} s | 503",
        "deadline": f"time of a worker | {limits.deadline:g} s |",
        "worker_memory": f"memory of a worker | {limits.worker_memory // MIB} MiB of data |",
    }
    of_requests = (
        f"guests in a request | {MOST_GUESTS} |",
        f"devices of all guests in a request | {MOST_DEVICES} |",
        f"regions that the answer would list | {MOST_REGIONS} |",
        f"time to wait for a change | {MOST_WAIT} s |",
        f"for `devices` and `report` | {MOST_FUNCTIONS} |",
        f"after {RESERVED_FILES}",
    )
    page = " ".join(PAGE.split())

    assert {limit.name for limit in fields(Limits)} == rows.keys() | NO_CLIENT_MEETS
    assert [row for row in (*rows.values(), *of_requests) if row not in page] == []
