"""docs/api.md: every command on the page does what the page says."""

import json
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from dmaragent.agent.connection import KIB, Limits
from dmaragent.agent.routes import Facts
from support.cli import check_document
from support.served import published_machine, serving

PAGE = (Path(__file__).parents[2] / "docs/api.md").read_text("utf-8")
BLOCKS = [block for block in PAGE.split("```")[1::2] if "curl" in block]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    published = published_machine("lenovo-laptop")
    path = tmp_path_factory.mktemp("served") / "socket"
    with serving(path, lambda: (published, Facts(memory=1 << 25))) as served:
        yield served


@pytest.mark.parametrize("block", BLOCKS, ids=[block.split()[-1][16:] for block in BLOCKS])
def test_every_command_of_the_page_works(
    curl: None, service: Path, tmp_path: Path, block: str
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
                assert "the guest has RAM in" in guest["reasons"][0]["reason"], "it is about memory"


def test_the_page_has_the_limits_that_hold() -> None:
    limits = Limits()

    for said in (
        f"request line and headers | {limits.head // KIB} KiB",
        f"body | {limits.body // KIB} KiB",
        f"a whole request | {limits.request:g} s",
        f"a connection at rest | {limits.idle:g} s",
        f"a response that nobody reads | {limits.response:g} s",
        f"connections | {limits.connections} |",
        f"{limits.workers} at a time, {limits.turn:g} s for a turn",
    ):
        assert said in PAGE
