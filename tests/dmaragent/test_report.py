"""A report is well formed, loads nothing, shows every region, and takes no name for markup."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from dmaragent.present.html import own_file
from support.cli import run
from support.machines import MACHINES, NAMES
from support.pages import Page
from support.reports import GUEST, HOSTILE, RELAXED, hostile_guest, hostile_host, recorded
from support.wording import Worded

Capture = pytest.CaptureFixture[str]
HP = MACHINES / "hp-dl380e-gen8"


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
    assert (ran.code, ran.out[:6], ran.err) == (0, "Wrote ", "")
    return path.read_text("utf-8")


@pytest.mark.parametrize("machine", NAMES)
def test_every_machine_has_a_sound_page_with_every_region(
    machine: str, guest: Path, tmp_path: Path, capsys: Capture
) -> None:
    host = MACHINES / machine
    page = Page(_report(tmp_path, capsys, "--host", host, "--guest", guest))
    document = json.loads(run(capsys, "inventory", "--host", host, "--json").out)

    drawn = [one.attributes for one in page.elements if "data-region" in one.attributes]
    assert sorted(int(one["data-region"]) for one in drawn) == [
        one["number"] for one in document["answer"]["regions"]
    ]
    for one, region in zip(
        sorted(drawn, key=lambda each: int(each["data-region"])),
        document["answer"]["regions"],
        strict=True,
    ):
        assert one["tabindex"] == "0"
        assert f"{int(region['base'], 16):#x}-{int(region['limit'], 16):#x}" in one["aria-label"]
        for owner in region["owners"]:
            assert (owner["sbdf"] or "absent") in one["aria-label"]
    assert len(page.ids) == len(set(page.ids))
    assert str(tmp_path) not in page.source
    assert str(MACHINES) not in page.source


@pytest.mark.parametrize("machine", NAMES)
def test_a_page_names_no_address_outside_itself(
    machine: str, guest: Path, tmp_path: Path, capsys: Capture
) -> None:
    page = Page(_report(tmp_path, capsys, "--host", MACHINES / machine, "--guest", guest))

    for one in page.elements:
        assert not {"src", "style", "action"} & one.attributes.keys()
        link = one.attributes.get("href")
        assert link is None or (link.startswith("#") and link[1:] in page.ids)
    assert "url(" not in re.sub(r"url\(#[a-z0-9-]+\)", "", page.source)
    outside = set(re.findall(r"[a-z]+://[^\"<\s]*", page.source))
    assert outside <= {"http://www.w3.org/2000/svg"}


@pytest.mark.parametrize("machine", NAMES)
def test_headings_follow_each_other_and_landmarks_are_there(
    machine: str, guest: Path, tmp_path: Path, capsys: Capture
) -> None:
    page = Page(_report(tmp_path, capsys, "--host", MACHINES / machine, "--guest", guest))

    levels = [int(one.name[1]) for one in page.elements if re.fullmatch("h[1-6]", one.name)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    for landmark in ("header", "nav", "main", "footer"):
        assert len(page.all(landmark)) == 1
    assert [one.attributes["href"] for one in page.all("a", class_="skip")] == ["#report"]
    assert all(one.text for one in page.all("caption"))
    assert len(page.all("caption")) == len(page.all("table"))
    assert {one.attributes["scope"] for one in page.all("th")} <= {"row", "col"}
    for one in page.all("section"):
        assert one.attributes["aria-labelledby"] in page.ids


def test_names_of_strangers_stay_text(tmp_path: Path, capsys: Capture) -> None:
    cfg = tmp_path / "evil.cfg"
    cfg.write_text(hostile_guest())

    host = recorded(hostile_host(), tmp_path)
    page = Page(_report(tmp_path, capsys, "--host", host, "--guest", cfg))

    assert page.all("img") == []
    assert (len(page.all("script")), len(page.all("style"))) == (1, 1)
    assert page.text.count("<img src=x onerror=alert(1)>") > 10
    assert HOSTILE in page.all("h1")[0].text
    assert f"Guest {HOSTILE.replace(chr(34), chr(39))}" in page.text


def test_the_same_host_gives_the_same_bytes(tmp_path: Path, capsys: Capture) -> None:
    first = _report(tmp_path, capsys, "--host", HP)
    (tmp_path / "elsewhere").mkdir()

    assert _report(tmp_path / "elsewhere", capsys, "--host", HP) == first


def test_the_head_says_who_what_and_the_worst(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    page = Page(_report(tmp_path, capsys, "--host", HP))

    lead = page.all("p", class_="lead")[0].text
    worded(lead, "HP ProLiant DL380e Gen8", "9 ", "128.1 MiB", "13 ")
    assert page.all("a", href="#rule-warning-rmrr-below-1mib")


def test_a_host_without_a_table_says_why_and_what_to_do(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    host = MACHINES / "synthetic-sosreport-without-table"
    page = Page(_report(tmp_path, capsys, "--host", host))

    assert "No table: " in page.text
    worded(page.text)
    assert "copy /sys/firmware/acpi/tables/DMAR" in page.text
    assert "regions" not in page.ids


def test_a_damaged_table_is_called_damaged(tmp_path: Path, capsys: Capture, worded: Worded) -> None:
    source = next((HP / "root").rglob("DMAR"))
    (tmp_path / "DMAR").write_bytes(source.read_bytes()[:700])

    page = Page(_report(tmp_path, capsys, "--host", tmp_path / "DMAR"))

    assert len(page.all("div", class_="notice")) == 1
    worded(next(strong.text for strong in page.all("strong") if strong.text.endswith(": ")))


def test_what_xen_adds_to_its_list_is_drawn(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    page = Page(_report(tmp_path, capsys, "--host", MACHINES / "xen-pv-dom0"))

    labels = [one.text for one in page.all("text") if "rmrr=" in one.text]
    worded(labels, "Xen", "8 KiB")


def test_a_guest_is_told_with_its_verdict_and_memory(tmp_path: Path, capsys: Capture) -> None:
    cfg = tmp_path / "win10.cfg"
    cfg.write_text(RELAXED)

    page = Page(_report(tmp_path, capsys, "--host", HP, "--guest", cfg))

    assert page.all("span", class_="badge is-starts") == []
    assert "win10.cfg:4: libxl: " in page.text
    assert {"0xe8000-0xe8fff", "0xf4000-0xf4fff,"} <= set(page.text.split())
    assert page.all("code") != []
    assert "rdm_mem_boundary = 1887" in page.text
    assert [one.text for one in page.all("text", class_="column")] == [
        "memory",
        "regions",
        "before",
        "after",
        "regions",
    ]


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ('type = "hvm"\nmemory = 512\n', "is-starts", ()),
        ('type = "hvm"\nmemory = 4096\npci = [ "03:00.0" ]\n', "is-refused", ()),
        # 7 regions are shared, and 7 that hold RAM are told of twice
        (RELAXED.partition("\n")[2], "is-corrupting", ("21 warnings", "guest RAM")),
        ('type = "pv"\npci = [ "03:00.0,rdm_policy=relaxed" ]\n', "is-warned", ("7 warnings",)),
    ],
    ids=["starts", "refused", "dma in guest RAM", "shared"],
)
def test_the_mark_of_a_guest_carries_its_warnings_in_words_and_colour(
    text: str, kind: str, told: tuple[str, ...], tmp_path: Path, capsys: Capture
) -> None:
    cfg = tmp_path / "g.cfg"
    cfg.write_text(f'name = "g"\n{text}')

    page = Page(_report(tmp_path, capsys, "--host", HP, "--xen", "4.17", "--guest", cfg))

    marks = page.all("span", class_=f"badge {kind}")
    assert len(marks) == 2  # in the head of the page, and in the guest's section
    assert all(words in one.text for words in told for one in marks)
    assert f".{kind}" in own_file("style.css")


def test_several_guests_have_a_section_each(tmp_path: Path, guest: Path, capsys: Capture) -> None:
    other = tmp_path / "other.cfg"
    other.write_text(RELAXED.replace("win10", "other"))

    page = Page(_report(tmp_path, capsys, "--host", HP, "--guest", guest, "--guest", other))

    assert {"guest-1", "guest-2"} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_a_table_alone_has_its_devices_told_and_calls_none_absent(
    tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "DMAR").write_bytes(next((HP / "root").rglob("DMAR")).read_bytes())

    page = Page(_report(tmp_path, capsys, "--host", tmp_path / "DMAR"))

    told = {one.text for one in page.all("strong") if one.text.startswith("0000:")}
    assert {"0000:00:1a.0", "0000:00:1d.0"} <= told
    assert "0000:00:1c.7>00.0" in page.text.replace(" ", "")
    assert " absent" not in " ".join(
        one.attributes["aria-label"] for one in page.elements if "data-region" in one.attributes
    )
