"""The report of a fleet: one page, limited, with every host; hostile names stay text."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dmaragent.fleet.classes import linux_classes, xen_classes
from dmaragent.fleet.guests import ClassVerdict, GuestOnFleet
from dmaragent.fleet.html import FleetReport, fleet_html
from dmaragent.fleet.html.words import DIFFERS, XEN_UNKNOWN, more_classes
from dmaragent.fleet.html.words import part as part_words
from dmaragent.fleet.records import NoData, Why
from dmaragent.policy.decisions import Verdict
from support.cli import run
from support.fleets import made_up_fleet, made_up_guests, made_up_record
from support.machines import MACHINES
from support.pages import Page
from support.reports import HOSTILE

MOST = 2_000_000
"""Bytes of a page."""
GUEST = 'name = "win10"\ntype = "hvm"\nmemory = 2048\npci = ["00:1a.0"]\n'
KVM_GUEST = """\
<domain type='kvm'><name>vm1</name><memory unit='MiB'>2048</memory><os><type>hvm</type></os>
<devices><hostdev mode='subsystem' type='pci'>
<source><address domain='0' bus='0' slot='0x1a' function='0'/></source></hostdev></devices></domain>
"""


def guest_of(records: list, found: ClassVerdict, name: str = "g") -> GuestOnFleet:  # type: ignore[type-arg]
    """Return a guest with the same verdict on every class."""
    verdicts = tuple((of, found) for of in xen_classes(records))
    return GuestOnFleet(name=name, source="g.cfg", kvm=False, verdicts=verdicts)


def section_text(page: Page, key: str) -> str:
    """Return the text of a section, spaces made one."""
    source = page.source[page.source.index(f'<section id="{key}"') :]
    return Page(source[: source.index("</section>") + len("</section>")]).text


@pytest.mark.slow  # nine large pages
@pytest.mark.parametrize("guests", [0, 20, 500])
@pytest.mark.parametrize(
    "pattern", ["xen{:05}", "{0}-does-not-fold-{0}.site.example.com", "{0}&<'\x1b{0}"]
)
def test_a_page_of_10000_hosts_in_649_classes_stays_small(pattern: str, guests: int) -> None:
    records = made_up_fleet(10_000, 649, pattern)

    page = fleet_html(FleetReport(records, guests=made_up_guests(records, guests)))

    assert len(page.encode()) < MOST
    assert page.count('id="class-') == 649


def test_a_page_of_hosts_that_all_differ_is_limited_and_counts_what_it_leaves_out() -> None:
    name = "n" * 200
    records = [
        made_up_record(f"{number}{name}", number, firmware=f"{number}" * 100)
        for number in range(5000)
    ]
    without = [
        NoData(f"{number}-{name}{number}", Why.UNREADABLE, f"{number}" * 100)
        for number in range(5000)
    ]

    page = fleet_html(FleetReport(records, without))

    assert len(page.encode()) < MOST
    assert page.count('id="class-') == 702
    assert {one.attributes["href"] for one in Page(page).all("a")} <= {
        f"#{name}" for name in Page(page).ids
    }
    assert "4298 more rows" in Page(page).text


def test_long_names_are_limited_and_counted() -> None:
    records = made_up_fleet(10_000, 649, "{0}-" + "n" * 240 + "{0}")

    page = fleet_html(FleetReport(records))

    assert len(page.encode()) < MOST
    assert "15 more hosts" in page  # of the 16 of the largest class
    assert "16 more hosts" not in page


def test_every_host_is_on_the_page_with_its_class() -> None:
    records = made_up_fleet(300, 60, "host-{:03}-x")

    page = Page(fleet_html(FleetReport(records)))

    for of in xen_classes(records):
        assert page.all("span", id=f"class-{of.label}")[0].text == of.label
    assert "host-[000,060,120,180,240]-x" in section_text(page, "classes")


def test_the_largest_class_is_first_and_the_values_of_its_hosts_are_shown() -> None:
    records = [made_up_record(f"a{number}", 1, firmware=f"F{number}") for number in range(5)]
    records += [made_up_record("b", 2, firmware="G", incomplete="a bridge is unknown")]

    text = section_text(Page(fleet_html(FleetReport(records))), "classes")

    assert text.index("a[0-4]") < text.index("a bridge is unknown")
    assert "F0, F1, F2 and 2 more" in text


def test_firmware_drift_has_hosts_classes_and_the_hosts_that_start_a_guest() -> None:
    records = [made_up_record(f"a{number}", number // 3, model="M") for number in range(4)]
    classes = xen_classes(records)
    starts = ClassVerdict(Verdict.STARTS, (), risk=False, remedies=None)
    refused = ClassVerdict(Verdict.REFUSED, ("no",), risk=False, remedies=())
    guest = GuestOnFleet(
        name="win10",
        source="g.cfg",
        kvm=False,
        verdicts=tuple(zip(classes, (starts, refused), strict=True)),
    )

    page = Page(fleet_html(FleetReport(records, guests=[guest])))
    text = section_text(page, "firmware")

    assert "2.0 3" in text
    assert "A 3 of 3" in text
    assert "B 0 of 1" in text
    assert page.all("a", href="#class-A")


def test_hosts_on_which_a_guest_is_unknown_are_counted_apart() -> None:
    records = made_up_fleet(12, 12)
    found = ClassVerdict(Verdict.UNDECIDED, ("its list is unknown",), risk=False, remedies=None)

    page = Page(fleet_html(FleetReport(records, guests=[guest_of(records, found)])))

    assert "0 of 12 (12 unknown)" in section_text(page, "guests")
    assert "0 of 7 (7 unknown)" in section_text(page, "guests")  # beside the five largest
    assert "0 of 1 (1 unknown)" in section_text(page, "firmware")


@pytest.mark.parametrize(
    ("without", "tone"), [((), "good"), ((NoData("x", Why.ABSENT, "no file"),), "warned")]
)
def test_a_guest_starts_on_every_host_only_if_every_host_has_data(
    without: tuple[NoData, ...], tone: str
) -> None:
    records = made_up_fleet(3, 3)
    starts = ClassVerdict(Verdict.STARTS, (), risk=False, remedies=None)

    page = Page(fleet_html(FleetReport(records, without, [guest_of(records, starts)])))

    strip = [one for one in page.all("li") if "class" in one.attributes]
    assert strip[0].attributes["class"] == tone  # the tile of the guests is the first


def test_an_unknown_firmware_is_no_second_one() -> None:
    known = [made_up_record(name, 1, firmware="1") for name in "ab"]
    unknown = made_up_record("c", 1, firmware=None)

    glance = [
        section_text(Page(fleet_html(FleetReport(records))), "glance")
        for records in (known, [*known, unknown], [*known, replace(unknown, firmware="2")])
    ]

    assert len(set(glance)) == 3
    assert ["1 model has" in text for text in glance] == [False, False, True]


def test_odd_hosts_that_differ_alike_are_together() -> None:
    records = [made_up_record(f"a{number}", 1) for number in range(20)]
    records[3:5] = [replace(record, firmware="old") for record in records[3:5]]

    text = section_text(Page(fleet_html(FleetReport(records))), "odd")

    assert "a[3-4]" in text
    assert "old" in text


def test_hosts_without_data_are_listed_by_reason_with_the_next_step() -> None:
    without = [
        NoData("x1", Why.UNREADABLE, "damaged archive", "make it again"),
        NoData("x2", Why.UNREADABLE, "no table", ""),
        NoData("x3", Why.STALE, "the document is 9 days old", "collect again"),
    ]

    text = section_text(Page(fleet_html(FleetReport([], without))), "no-data")

    for part in ("x[1-2]", "x3", "damaged archive. Next: make it again.", "9 days old"):
        assert part in text


def test_a_host_without_data_and_without_a_detail_adds_no_item() -> None:
    without = [NoData("a", Why.ABSENT, ""), NoData("b", Why.ABSENT, "no file")]

    page = fleet_html(FleetReport([], without))

    section = page[page.index('<section id="no-data"') :]
    assert section[: section.index("</section>")].count("<li>") == 1


def test_errors_of_tables_are_counted() -> None:
    records = [made_up_record(f"a{number}", 1, findings=(2, 1)) for number in range(3)]

    page = Page(fleet_html(FleetReport([*records, made_up_record("b")])))

    assert "a[0-2] 3 2 1" in section_text(page, "errors")


def test_the_most_errors_are_first_and_a_host_without_a_model_has_no_firmware_row() -> None:
    records = [
        made_up_record("few", findings=(1, 9)),
        made_up_record("many", findings=(3, 0)),
        made_up_record("bare", 1, vendor=None, model=None, firmware="F9"),
        made_up_record("zero", 2, regions=0, xen=None),
    ]

    page = Page(fleet_html(FleetReport(records)))

    errors = section_text(page, "errors")
    assert errors.index("many 1 3 0") < errors.index("few 1 1 9")
    assert "F9" not in section_text(page, "firmware")
    classes = section_text(page, "classes")
    assert XEN_UNKNOWN in classes
    assert "DMAR 000000000002 0" in classes


def test_the_model_with_most_firmwares_is_first_and_its_largest_classes() -> None:
    records = [made_up_record(f"a{at}", 1, model="one", firmware="1") for at in range(5)]
    records += [made_up_record(f"b{at}", 2 + at, model="two", firmware=f"{at}") for at in range(2)]

    text = section_text(Page(fleet_html(FleetReport(records))), "firmware")

    assert text.index("Example two") < text.index("Example one")


def test_the_labels_of_a_firmware_are_counted_from_the_thirteenth_on_and_two_letters_are_links() -> (
    None
):
    records = made_up_fleet(28, 28)
    alike = [replace(record, model="M", firmware="1") for record in records]

    page = Page(fleet_html(FleetReport(alike)))

    text = section_text(page, "firmware")
    assert more_classes(16) in text
    assert " ".join(of.label for of in xen_classes(alike)[:12]) in text
    assert not page.all("a", href="#class-M")
    own = [replace(record, firmware=f"{at:02}") for at, record in enumerate(alike)]
    assert Page(fleet_html(FleetReport(own))).all("a", href="#class-AB")


def test_an_odd_host_has_the_fact_in_which_it_differs() -> None:
    records = [made_up_record(f"a{number}", 1) for number in range(8)]
    records[3] = replace(records[3], table="DMAR ffff")

    text = section_text(Page(fleet_html(FleetReport(records))), "odd")

    assert f"a3 {DIFFERS['table']} DMAR ffff" in text


def test_the_rows_that_are_folded_away_are_of_all_rows() -> None:
    """The page has 500 rows of firmware."""
    records = [made_up_record(f"n{at}x", 1, model="M", firmware=f"{at}") for at in range(501)]

    text = section_text(Page(fleet_html(FleetReport(records))), "firmware")

    assert [part_words(first, first + 99, 501) in text for first in (26, 126, 326, 426)] == [
        *[True] * 3,
        False,
    ]


@pytest.mark.parametrize("verdict", list(Verdict))
def test_each_verdict_has_its_mark_and_its_reason(verdict: Verdict) -> None:
    records = made_up_fleet(8, 8)
    found = ClassVerdict(verdict, ("because of it",), risk=False, remedies=None)

    page = Page(fleet_html(FleetReport(records, guests=[guest_of(records, found)])))

    marks = [one for one in page.all("span") if "badge" in one.attributes.get("class", "")]
    assert {one.attributes["class"] for one in marks} == {f"badge is-{verdict.value}"}
    assert len(marks) == 6  # five classes beside, and all together with the reason
    assert section_text(page, "guests").count("because of it") == 1


@pytest.mark.parametrize(
    ("remedies", "shown"),
    [(("Use less memory", "Other"), "Use less memory"), ((), "No fix"), (None, "not tried")],
)
def test_the_first_fix_is_shown_or_why_there_is_none(
    remedies: tuple[str, ...] | None, shown: str
) -> None:
    records = made_up_fleet(2, 2)
    found = ClassVerdict(Verdict.REFUSED, ("no",), risk=False, remedies=remedies)

    page = Page(fleet_html(FleetReport(records, guests=[guest_of(records, found)])))

    assert shown in section_text(page, "guests")
    assert "Other" not in section_text(page, "guests").replace("Other classes", "")


def test_a_start_with_risk_is_marked() -> None:
    records = made_up_fleet(2, 1)
    found = ClassVerdict(Verdict.STARTS, ("DMA",), risk=True, remedies=None)

    page = Page(fleet_html(FleetReport(records, guests=[guest_of(records, found)])))

    assert page.all("span", class_="badge is-warned")
    assert page.all("li", class_="warned")


def test_names_of_documents_stay_text() -> None:
    hosts = [
        made_up_record(
            f"{HOSTILE}{number}",
            number,
            **dict.fromkeys(("vendor", "firmware", "xen", "linux", "table"), HOSTILE),
            model=HOSTILE,
            incomplete=HOSTILE,
            findings=(1, 0),
        )
        for number in range(2)
    ]
    odd = [made_up_record(f"o{number}", 1, model=HOSTILE, vendor=HOSTILE) for number in range(8)]
    records = [*hosts, *odd]
    found = ClassVerdict(Verdict.REFUSED, (HOSTILE,), risk=False, remedies=(HOSTILE,))
    guests = [guest_of(records, found, HOSTILE)]
    report = FleetReport(records, [NoData(HOSTILE, Why.ABSENT, HOSTILE, HOSTILE)], guests)

    page = Page(fleet_html(report))

    assert not page.all("img")
    assert len(page.all("script")) == len(page.all("style")) == len(page.all("title")) == 1
    assert HOSTILE in page.text
    assert len(page.ids) == len(set(page.ids))


def test_a_page_is_the_same_for_hosts_in_another_order() -> None:
    records = made_up_fleet(50, 7)

    assert fleet_html(FleetReport(records)) == fleet_html(FleetReport(records[::-1]))


# The command ----------------------------------------------------------------------------


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """Make a folder with two alike hosts, another one, and a file that is no host."""
    for name, machine in {
        "xen001": "xen-pv-dom0",
        "xen002": "xen-pv-dom0",
        "hp": "hp-dl380e-gen8",
    }.items():
        shutil.copytree(MACHINES / machine, tmp_path / "pool" / name)
    (tmp_path / "pool" / "broken.tar.xz").write_bytes(b"\xfd7zXZ\0 damaged")
    return tmp_path / "pool"


def test_the_command_writes_xen_and_kvm_guests_with_classes_of_their_own(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "win10.cfg").write_text(GUEST)
    (tmp_path / "vm1.xml").write_text(KVM_GUEST)
    out = tmp_path / "fleet.html"
    guests = ("--guest", tmp_path / "win10.cfg", "--guest", tmp_path / "vm1.xml")

    ran = run(capsys, "fleet", "report", pool, "-o", out, *guests, "--xen", "4.17", "--no-cache")
    page = Page(out.read_text("utf-8"))
    again = run(capsys, "fleet", "report", pool, "-o", out)

    assert ran.code == 0
    assert (again.code, out.read_text("utf-8")) == (2, page.source)
    assert {"class-A", "class-B", "kvm-class-a", "kvm-class-b"} <= set(page.ids)
    assert {one.attributes["href"] for one in page.all("a")} <= {f"#{name}" for name in page.ids}
    for name in ("win10", "vm1"):
        assert name in section_text(page, "guests")
    assert "broken" in section_text(page, "no-data")


def test_without_a_host_the_page_has_the_reasons_and_the_exit_code_is_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / "broken.bin").write_bytes(b"x")

    ran = run(capsys, "fleet", "report", tmp_path / "pool", "-o", tmp_path / "f.html", "--no-cache")

    assert ran.code == 2
    assert "broken" in section_text(Page((tmp_path / "f.html").read_text("utf-8")), "no-data")


def test_classes_for_kvm_are_listed_only_for_kvm_guests() -> None:
    records = [replace(record, linux_class=record.name) for record in made_up_fleet(6, 3)]
    found = ClassVerdict(Verdict.STARTS, (), risk=False, remedies=())
    verdicts = tuple((of, found) for of in linux_classes(records))
    guest = GuestOnFleet(name="vm", source="vm.xml", kvm=True, verdicts=verdicts)

    page = Page(fleet_html(FleetReport(records, kvm_guests=[guest])))

    assert "kvm-class" not in fleet_html(FleetReport(records))
    assert [name for name in page.ids if name.startswith("kvm-class-")] == [
        f"kvm-class-{label}" for label in "abcdef"
    ]
