"""A report is well formed, loads nothing, and shows every region."""

import json
import re
from pathlib import Path

import pytest

from support.cli import run
from support.machines import MACHINES, NAMES
from support.pages import Page

Capture = pytest.CaptureFixture[str]
GUEST = """\
name = "win10"
type = "hvm"
memory = 4096
rdm = "strategy=host"
pci = [ "0a:00.0,rdm_policy=relaxed", "81:00.0" ]
"""


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    """Give a guest's configuration."""
    path = tmp_path / "win10.cfg"
    path.write_text(GUEST)
    return path


def _report(tmp_path: Path, capsys: Capture, *arguments: object) -> str:
    """Write a report, and read it."""
    path = tmp_path / "report.html"
    ran = run(capsys, "report", "-o", path, "--force", *arguments)
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    return path.read_text("utf-8")


@pytest.mark.parametrize("machine", NAMES)
def test_every_machine_has_a_sound_page_with_every_region(
    machine: str, guest: Path, tmp_path: Path, capsys: Capture
) -> None:
    host = MACHINES / machine
    page = Page(_report(tmp_path, capsys, "--host", host, "--guest", guest))
    document = json.loads(run(capsys, "inventory", "--host", host, "--json").out)

    drawn = [
        one.attributes["data-region"] for one in page.elements if "data-region" in one.attributes
    ]
    assert sorted(drawn, key=int) == [str(one["number"]) for one in document["answer"]["regions"]]
    assert len(page.ids) == len(set(page.ids))
    assert str(tmp_path) not in page.source
    assert str(MACHINES) not in page.source


@pytest.mark.parametrize("machine", NAMES)
def test_a_page_names_no_address_outside_itself(
    machine: str, tmp_path: Path, capsys: Capture
) -> None:
    page = Page(_report(tmp_path, capsys, "--host", MACHINES / machine))

    for one in page.elements:
        assert not {"src", "style", "action"} & one.attributes.keys()
        link = one.attributes.get("href")
        assert link is None or (link.startswith("#") and link[1:] in page.ids)
    assert "url(" not in re.sub(r"url\(#[a-z0-9-]+\)", "", page.source)
    outside = set(re.findall(r"[a-z]+://[^\"<\s]*", page.source))
    assert outside <= {"http://www.w3.org/2000/svg"}
