"""A report is well formed, loads nothing, has every region, and treats no name as markup."""

import json
import re
from itertools import pairwise
from pathlib import Path

import pytest

from dmaragent.collect.collect import collect
from dmaragent.host import join
from dmaragent.inventory import take_inventory
from dmaragent.present.html import report_html
from dmaragent.present.html.picture import FILLS
from dmaragent.present.html.whole_page import own_file
from support.cli import run
from support.kvm import domain, hostdev, publishing, resolved
from support.machines import MACHINES, NAMES
from support.pages import Element, Page
from support.reports import GUEST, HOSTILE, RELAXED, hostile_guest, hostile_host, recorded
from support.wording import Worded

Capture = pytest.CaptureFixture[str]
HP = MACHINES / "hp-dl380e-gen8"
_IN_LEGEND = "1"
"""Where a box of a legend begins."""


@pytest.fixture
def guest(tmp_path: Path) -> Path:
    """Return a guest's configuration."""
    path = tmp_path / "win10.cfg"
    path.write_text(GUEST)
    return path


def _report(tmp_path: Path, capsys: Capture, *arguments: object) -> str:
    """Write a report and return it."""
    path = tmp_path / "report.html"
    ran = run(capsys, "report", "-o", path, "--force", *arguments)
    assert (ran.code, ran.out[:6], ran.err) == (0, "Wrote ", "")
    return path.read_text("utf-8")


def _drawn_regions(page: Page) -> list[tuple[int, Element, str]]:
    """Return number, box and description of each region of the host in its picture, by number."""
    boxes = [
        (int(box.attributes["data-region"]), box, title.text)
        for box, title in pairwise(page.elements)
        if "data-region" in box.attributes
    ]
    return sorted(boxes, key=lambda drawn: drawn[0])


@pytest.mark.parametrize("machine", NAMES)
def test_every_machine_has_a_sound_page_with_every_region(
    machine: str, guest: Path, tmp_path: Path, capsys: Capture
) -> None:
    host = MACHINES / machine
    page = Page(_report(tmp_path, capsys, "--host", host, "--guest", guest))
    document = json.loads(run(capsys, "inventory", "--host", host, "--json").out)

    drawn = _drawn_regions(page)
    assert [number for number, _, _ in drawn] == [
        one["number"] for one in document["answer"]["regions"]
    ]
    for (_, box, description), region in zip(drawn, document["answer"]["regions"], strict=True):
        assert box.attributes["tabindex"] == "0"
        assert f"{int(region['base'], 16):#x}-{int(region['limit'], 16):#x}" in description
        for owner in region["owners"]:
            assert (owner["sbdf"] or "absent") in description
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


def test_the_head_has_the_host_and_a_strip_of_verdicts(
    tmp_path: Path, guest: Path, capsys: Capture, worded: Worded
) -> None:
    page = Page(_report(tmp_path, capsys, "--host", HP, "--guest", guest))

    lead = page.all("p", class_="lead")[0].text
    worded(lead, "HP ProLiant DL380e Gen8", "9 ", "128.1 MiB", "13 ")
    strip = [one for one in page.elements if one.name == "li" and "class" in one.attributes]
    tones = [one.attributes["class"] for one in strip]
    assert tones == ["bad", "warned", "bad", "warned"]
    headlines = [
        link.text
        for strong, link in pairwise(page.elements)
        if strong.name == "strong" and link.name == "a"
    ]
    worded(headlines, "8 of 11", "11", "win10", "3 warnings")
    assert page.all("a", href="#rule-warning-rmrr-not-reserved")


def test_the_answers_come_before_what_is_unknown_and_that_before_the_facts(
    tmp_path: Path, guest: Path, capsys: Capture
) -> None:
    page = Page(_report(tmp_path, capsys, "--host", HP, "--guest", guest))

    assert [one.attributes["id"] for one in page.all("section")] == [
        "glance",
        "devices",
        "guests",
        "unknown",
        "host",
        "map",
        "regions",
        "findings",
        "units",
        "raw",
    ]


def test_devices_that_are_alike_share_a_row_or_their_reasons(
    tmp_path: Path, capsys: Capture
) -> None:
    page = Page(_report(tmp_path, capsys, "--host", HP))

    start = page.elements.index(page.all("section", id="devices")[0])
    table = next(one for one in page.elements[start:] if one.name == "table")
    inside = page.elements[page.elements.index(table) :]
    inside = inside[: next(n for n, one in enumerate(inside[1:], 1) if one.name == "table")]
    addresses = [
        cell.text
        for head, cell in pairwise(inside)
        if head.attributes.get("scope") == "row" and cell.name == "span"
    ]
    assert addresses == [
        "0000:00:1a.0",
        "0000:00:1d.0",
        "0000:00:1f.2",
        "0000:03:00.0-3",
        "0000:01:00.0",
        "0000:01:00.2",
        "0000:01:00.4",
        "0000:0a:00.0",
    ]
    assert len([one for one in inside if one.attributes.get("class") == "note-row"]) == 5


def test_a_warning_of_lost_disks_is_in_view(tmp_path: Path, capsys: Capture) -> None:
    page = Page(_report(tmp_path, capsys, "--host", HP))

    labels = [one.text for one in page.all("dt") if one.text.startswith("0000:")]
    assert labels == ["0000:00:1f.2", "0000:0a:00.0"]


def test_regions_that_are_alike_share_a_row(tmp_path: Path, capsys: Capture) -> None:
    page = Page(_report(tmp_path, capsys, "--host", HP))

    assert {f"region-{number}" for number in range(1, 10)} <= set(page.ids)
    start = page.elements.index(page.all("section", id="regions")[0])
    rows = [
        cell.text
        for head, cell in pairwise(page.elements[start:])
        if head.attributes.get("data-column") == "Region" and cell.name == "span"
    ]
    assert rows == ["1", "2", "3-8", "9"]


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

    labels = [one.text for one in page.all("text") if "option" in one.text]
    worded(labels, "Xen", "8 KiB")


def test_a_guest_has_its_verdict_reasons_fixes_and_memory(tmp_path: Path, capsys: Capture) -> None:
    cfg = tmp_path / "win10.cfg"
    cfg.write_text(RELAXED)

    page = Page(_report(tmp_path, capsys, "--host", HP, "--guest", cfg))

    assert page.all("span", class_="badge is-starts") == []
    assert "libxl: " in page.text
    assert "win10.cfg:4)" in page.text
    assert "rdm_mem_boundary = 1887" in page.text
    assert [one.text for one in page.all("text", class_="column")] == [
        "RAM",
        "regions",
        "memory",
        "regions",
    ]


@pytest.mark.parametrize(
    ("policy", "kind"),
    [(",rdm_policy=relaxed", "overwritten"), ("", "conflict")],
    ids=["relaxed", "strict"],
)
def test_ram_in_a_region_is_drawn_in_the_column_of_the_ram(
    policy: str, kind: str, tmp_path: Path, capsys: Capture
) -> None:
    cfg = tmp_path / "win10.cfg"
    cfg.write_text(RELAXED.replace(",rdm_policy=relaxed", policy))

    page = Page(_report(tmp_path, capsys, "--host", HP, "--guest", cfg))

    boxes = page.all("rect", class_=f"box {kind}")
    ram = {box.attributes["x"] for box in page.all("rect", class_="box ram")} - {_IN_LEGEND}
    marked = [box for box in boxes if box.attributes["x"] in ram]
    assert len(marked) == 7
    assert len(boxes) == 7 + 7 + 1  # those of the regions, and one in the legend
    # no kind is recognised by its colour alone
    patterns = {box.attributes["fill"] for box in page.all("rect", class_="over")}
    assert {f"url(#{one.attributes['id']})" for one in page.all("pattern")} == patterns
    assert FILLS["overwritten"] != FILLS["conflict"]


def test_a_guest_that_linux_runs_has_dma_drawn_into_its_ram() -> None:
    regions = "0x000000007c000000 0x000000007dffffff direct-relaxable\n"
    host = publishing(regions, "", "6.1.0-13-amd64")
    resolution = resolved(domain(hostdev()), host)

    page = Page(report_html(take_inventory(join(collect(host))), None, guests=[resolution]))

    assert len(page.all("rect", class_="box overwritten")) == 2 + 1  # and one in the legend
    assert len(page.all("span", class_="badge is-corrupting")) == 2
    assert len(page.all("rect", class_="box published")) == 1 + 1


@pytest.mark.parametrize(
    ("text", "kind", "told"),
    [
        ('type = "hvm"\nmemory = 512\n', "is-starts", ()),
        ('type = "hvm"\nmemory = 4096\npci = [ "03:00.0" ]\n', "is-refused", ()),
        # 7 regions are shared, and 7 with RAM have two warnings each
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


def test_many_guests_are_folded_below_their_verdicts(tmp_path: Path, capsys: Capture) -> None:
    options: list[object] = []
    for number in range(4):
        path = tmp_path / f"g{number}.cfg"
        path.write_text(GUEST.replace("win10", f"g{number}"))
        options += ["--guest", path]

    page = Page(_report(tmp_path, capsys, "--host", HP, *options))

    guests = page.all("article", class_="guest")
    assert len(guests) == 4
    after = [page.elements[page.elements.index(one) + 1].name for one in guests]
    assert after == ["details"] * 4


def test_what_can_be_pasted_has_a_button_that_only_a_script_shows(
    tmp_path: Path, guest: Path, capsys: Capture
) -> None:
    page = Page(_report(tmp_path, capsys, "--host", HP, "--guest", guest))

    buttons = page.all("button", class_="copy")
    assert len(buttons) == len(page.all("pre")) > 10
    assert all("hidden" in one.attributes for one in buttons)


def test_several_guests_have_an_article_each(tmp_path: Path, guest: Path, capsys: Capture) -> None:
    other = tmp_path / "other.cfg"
    other.write_text(RELAXED.replace("win10", "other"))

    page = Page(_report(tmp_path, capsys, "--host", HP, "--guest", guest, "--guest", other))

    assert {"guest-1", "guest-2"} <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))


def test_a_table_alone_lists_its_devices_and_calls_none_absent(
    tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "DMAR").write_bytes(next((HP / "root").rglob("DMAR")).read_bytes())

    page = Page(_report(tmp_path, capsys, "--host", tmp_path / "DMAR"))

    rows = {cell.text for head, cell in pairwise(page.elements) if head.name == "th"}
    assert {"0000:00:1a.0", "0000:00:1d.0"} <= rows
    assert "0000:00:1c.7>00.0" in page.text.replace(" ", "")
    assert " absent" not in " ".join(description for _, _, description in _drawn_regions(page))
