"""docs/api.md: every command on the page does what the page says."""

import json
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from dmaragent.addresses import KIB, MIB
from dmaragent.agent.http import RESERVED_FILES
from dmaragent.agent.limits import MOST_DEVICES, MOST_GUESTS, MOST_REGIONS, Limits
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
        if "--etag-save" in line:
            check_document(json.loads((tmp_path / "inventory.json").read_text("utf-8")))
        elif "--etag-compare" in line:
            assert done.stdout == ""
        elif "metrics" in line:
            assert done.stdout.startswith("# HELP dmaragent_")
        else:
            document = json.loads(done.stdout)
            check_document(document)
            for guest in document["answer"].get("guests", ()) if "--json" in line else ():
                worded(guest["reasons"][0]["reason"])


def test_the_page_has_the_limits_that_hold() -> None:
    limits = Limits()
    rows = {
        "head": f"request line and headers | {limits.head // KIB} KiB",
        "body": f"body | {limits.body // KIB} KiB",
        "request_time": f"time to send the request | {limits.request_time:g} s",
        "response_time": f"time to read the response | {limits.response_time:g} s",
        "linger": f"time to close after the response | {limits.linger:g} s",
        "connections": f"connections | {limits.connections} |",
        "pending": f"requests about guests that wait | {limits.pending},",
        "pending_each": f"{limits.pending}, of one user {limits.pending_each} |",
        "answer": f"size of an answer about guests | {limits.answer // MIB} MiB |",
        "workers": f"guests being resolved | {limits.workers} requests,",
        "workers_each": f"{limits.workers} requests, of one user {limits.workers_each};",
        "turn": f"others wait {limits.turn:g} s | 503",
        "deadline": f"time to resolve | {limits.deadline:g} s |",
        "worker_memory": f"memory to resolve | {limits.worker_memory // MIB} MiB of data |",
    }
    of_requests = (
        f"guests in a request | {MOST_GUESTS} |",
        f"devices of all guests in a request | {MOST_DEVICES} |",
        f"regions that the answer would list | {MOST_REGIONS} |",
        f"after {RESERVED_FILES}",
    )
    page = " ".join(PAGE.split())

    assert {limit.name for limit in fields(Limits)} == rows.keys() | NO_CLIENT_MEETS
    assert [row for row in (*rows.values(), *of_requests) if row not in page] == []
