"""Hosts that answer alike are one class, and nothing that decides is left out of it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dmaragent.addresses import SBDF, AddressRange
from dmaragent.collect.collect import collect
from dmaragent.fleet.classes import folded, linux_classes, odd_hosts, xen_classes
from dmaragent.fleet.documents import Document
from dmaragent.fleet.fleet import FleetQuery, read_fleet
from dmaragent.fleet.guests import resolve_on
from dmaragent.fleet.records import Why, record_of
from dmaragent.fleet.text import show_text
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import read_all_guests
from dmaragent.host import join
from dmaragent.host.topology import PciFunction
from dmaragent.inventory.by_device import by_device
from dmaragent.policy.decisions import Verdict
from dmaragent.policy.host_facts import HostFacts
from dmaragent.policy.resolver import resolve
from dmaragent.present.words.guest import reason_words
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import GuestResolver, Question, context_of
from dmaragent.question.host_class import as_written, xen_class
from dmaragent.question.words import NEWEST_KNOWN, without_xen
from dmaragent.releases import Release
from support.altered import dom0_with_hap
from support.fleet_pool import XL, fleet_of, guests
from support.fleets import made_up_fleet, made_up_record, write_fleet
from support.hosts import fake_host
from support.machines import MACHINES, NAMES
from support.tables import table


def test_alike_hosts_are_one_class_and_the_damaged_one_has_no_data(pool: Path) -> None:
    fleet = fleet_of(pool)
    classes = xen_classes(fleet.records)

    assert [of.names for of in classes] == [("xen001", "xen002"), ("amd",), ("hp",)]
    assert [(host.name, host.why) for host in fleet.without] == [("broken", Why.UNREADABLE)]


def test_a_host_of_a_class_answers_for_all_of_it(pool: Path) -> None:
    """Equal class, equal answer: for every guest and every pair of recorded machines."""
    records = fleet_of(pool).records
    (found,) = resolve_on(records, guests(), XL)
    for of, verdict in found.verdicts:
        for record in of.hosts:
            asked = ask_host(record.path, XL, guests())
            alone = resolve(guests()[0], asked.facts, asked.stack)  # type: ignore[arg-type]
            assert alone.verdict is verdict.verdict


@pytest.mark.parametrize("name", NAMES)
def test_a_field_that_a_rule_reads_makes_another_class(name: str) -> None:
    asked = ask_host(str(MACHINES / name), XL)
    facts = asked.facts

    def of(changed: HostFacts) -> str:
        return xen_class(replace(asked, facts=changed))

    page = AddressRange(0x7000_0000, 0x7000_1000)
    others = [
        replace(facts, listed=(*facts.listed, page)),
        replace(facts, hap=not facts.hap),
        replace(facts, iommu_off="off"),
        replace(facts, incomplete="a region may be missing"),
        replace(facts, owners={page: ()}),
    ]
    assert len({of(facts), *map(of, others)}) == 1 + len(others)
    assert of(facts) == of(replace(facts, assignable=frozenset()))


def test_a_region_that_xen_does_not_use_makes_no_other_class(tmp_path: Path) -> None:
    """Xen 4.20.4 lists none of the regions, which name absent devices too: one more is alike."""
    write_fleet(tmp_path / "pool", 2, classes=2, functions=8)
    query = FleetQuery(question=Question(xen="4.20.4"))
    records = read_fleet([str(tmp_path / "pool")], query).records

    assert [record.regions for record in records] == [8, 9]
    assert len(xen_classes(records)) == 1
    assert len(linux_classes(records)) == 2


def test_a_host_that_differs_from_its_model_is_odd(pool: Path) -> None:
    record = fleet_of(pool).records[0]
    alike = [
        replace(record, name=f"h{number}", model="M", firmware="1", table="DMAR a")
        for number in range(4)
    ]
    odd = odd_hosts([*alike, replace(alike[0], name="odd", firmware="2")])

    assert [(host.host.name, host.differs, host.value) for host in odd] == [
        ("odd", "firmware", "2")
    ]
    assert odd_hosts(alike[:2]) == ()


@pytest.mark.parametrize(("number", "odd"), [(2, 0), (3, 1), (4, 1)])
def test_three_of_four_hosts_show_what_is_usual(number: int, odd: int) -> None:
    usual = [made_up_record(f"h{at}", model="M", firmware="1") for at in range(number)]
    others = [
        made_up_record(f"o{at}", model="M", firmware=f"9{at}") for at in range(4 - number or 1)
    ]

    assert [host.differs for host in odd_hosts([*usual, *others])] == ["firmware"] * odd


def test_the_release_of_a_record_is_that_of_the_distributions_build() -> None:
    """The rules are those of 4.17.3 and later; but 4.17.3_02 and 4.17.5_02 are not alike."""
    version = "/sys/hypervisor/version/"
    files = {
        "/sys/hypervisor/type": b"xen\n",
        f"{version}major": b"4\n",
        f"{version}minor": b"17\n",
    }
    host = fake_host([], {"DMAR": table()})
    host.files |= {**files, f"{version}extra": b".3_02\n"}
    joined = join(collect(host))

    assert joined.running_release == Release(4, 17, None, 3)
    assert joined.xen is not None
    assert joined.xen.version == "4.17.3_02"


def test_names_are_folded_by_their_last_number() -> None:
    names = ["xen001", "xen002", "xen004", "db", "a9b", "a10b"]

    assert folded(names) == "a[10]b a[9]b db xen[001-002,004]".replace("[10]", "10").replace(
        "[9]", "9"
    )
    assert folded(["n9", "n10", "n11", "n9", "n7"]) == "n[10-11] n[7,9]"


def test_after_z_labels_have_two_letters() -> None:
    classes = xen_classes(made_up_fleet(54, 54))

    assert [classes[at].label for at in (0, 25, 26, 51, 52)] == ["A", "Z", "AA", "AZ", "BA"]


def test_recorded_answers_of_libxlutil_make_another_class(pool: Path) -> None:
    """They decide about the texts that they are of, so one host of a class must not lend its own."""
    record = fleet_of(pool).records[0]
    apart = [replace(record, name="a", library="1"), replace(record, name="b", library="2")]

    assert [of.names for of in xen_classes([*apart, replace(apart[0], name="c")])] == [
        ("a", "c"),
        ("b",),
    ]


def _may_display(function: PciFunction) -> bool:
    return function.class_code is None or function.class_code >> 16 == 0x03


def test_the_vendor_of_a_display_controller_makes_another_class() -> None:
    """With gfx_passthru, libxl looks for one of Intel."""
    asked = ask_host(str(MACHINES / "lenovo-laptop"), XL)
    functions = dict(asked.facts.functions or {})
    graphics = SBDF(0, 0, 2, 0)
    functions[graphics] = functions[graphics]._replace(vendor_id=0x10DE)
    other = replace(asked.facts, functions=functions)

    assert functions[graphics].class_code == 0x030000
    assert xen_class(replace(asked, facts=other)) != xen_class(asked)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_left_out_of_a_class_decides_about_no_guest(name: str) -> None:
    asked = ask_host(str(MACHINES / name), XL)
    functions = {
        sbdf: function._replace(
            driver="other",
            driver_known=True,
            vendor_name="other",
            device_name="other",
            slot=None,
            iommu_group=4711,
            vendor_id=function.vendor_id if _may_display(function) else 0x4711,
            device_id=0x4711,
        )
        for sbdf, function in (asked.facts.functions or {}).items()
    }
    facts = asked.facts
    other = replace(
        facts,
        assignable=frozenset(),
        by_device=by_device((), ()),
        functions=None if facts.functions is None else functions,
    )
    assert xen_class(replace(asked, facts=other)) == xen_class(asked)
    for path in sorted((MACHINES / name / "guests").glob("*.cfg")):
        for guest in read_all_guests(path.read_text(), path.name):
            before, after = (resolve(guest, each, asked.stack) for each in (facts, other))  # type: ignore[arg-type]
            assert after.verdict is before.verdict
            assert [*map(reason_words, after.reasons)] == [*map(reason_words, before.reasons)]


LIBVIRT = """<domain type="xen"><name>v</name><memory unit="MiB">2048</memory>
<os><type arch="x86_64" machine="xenfv">hvm</type></os><devices>
<hostdev mode="subsystem" type="pci" managed="yes" nostrictreset="yes"><source>
<address domain="0" bus="0" slot="0x1d" function="0"/></source></hostdev></devices></domain>"""
"""A guest of libvirt with a setting that only the libvirt of Qubes reads."""


def test_a_host_of_qubes_is_not_in_the_class_of_another(tmp_path: Path) -> None:
    """Only the kernel's release differs: 6.6.65-1.qubes.fc37.x86_64 and that of Debian."""
    dom0_with_hap(tmp_path / "debian")
    release = {"/proc/sys/kernel/osrelease": b"6.6.65-1.qubes.fc37.x86_64\n"}
    dom0_with_hap(tmp_path / "a-qubes", release)
    guest = read_all_guests(LIBVIRT, "v.xml")

    (found,) = resolve_on(fleet_of(tmp_path).records, guest, XL)

    assert {of.names: own.verdict for of, own in found.verdicts} == {
        ("debian",): Verdict.UNDECIDED,
        ("a-qubes",): Verdict.STARTS,
    }


def test_the_release_of_libxlutil_is_that_of_an_unknown_xen_for_every_toolstack() -> None:
    """The running release is unknown or 4.17, and libxlutil is that of 4.17."""
    host = ask_host(str(MACHINES / "xen-pv-dom0"), Question()).host
    assert host.xen is not None
    library = b'["library", "4.17"]\n'
    hosts = [
        host._replace(xen=host.xen._replace(release=release))
        for release in (None, Release.parse("4.17"))
    ]
    unknown, running = (context_of(each, Question(), library) for each in hosts)

    (guest,) = read_all_guests(LIBVIRT, "v.xml")
    stacks = []
    for context in (unknown, running):
        assert isinstance(guest, GuestConfig)
        stacks.append(GuestResolver(context, Question()).context_for(guest).stack)

    assert unknown.stack.hypervisor == running.stack.hypervisor
    assert replace(stacks[0], origin="") == replace(stacks[1], origin="")


def test_classes_of_kvm_guests_have_labels_of_their_own(pool: Path) -> None:
    records = fleet_of(pool).records

    assert {of.label for of in xen_classes(records)}.isdisjoint(
        of.label for of in linux_classes(records)
    )


def test_a_table_that_xen_renamed_is_the_same_table() -> None:
    table = (MACHINES / "hp-dl380e-gen8/root/sys/firmware/acpi/tables/DMAR").read_bytes()
    checksum = (table[9] - (ord("X") - ord("D"))) & 0xFF
    zapped = b"XMAR" + table[4:9] + bytes([checksum]) + table[10:]

    assert sum(zapped) & 0xFF == 0
    assert as_written(b"RMAD" + table[4:]) == as_written(zapped) == as_written(table) == table
    assert as_written(b"XMAR cut") == b"XMAR cut"


@pytest.mark.parametrize(
    ("name", "without"),
    [("qemu-amd-trixie", True), ("xen-amd-trixie", False), ("xen-pv-dom0", False)],
)
def test_an_answer_about_a_xen_guest_says_where_no_xen_runs(name: str, *, without: bool) -> None:
    asked = ask_host(str(MACHINES / name), Question())
    record = record_of(Document(name, str(MACHINES / name), name), asked)
    assumed = without_xen(asked.stack.hypervisor, NEWEST_KNOWN)

    assert record.without_xen is without
    assert (assumed in asked.stack.origin) is without


@pytest.mark.parametrize(
    ("facts", "differs", "value"),
    [
        ({"xen": None, "without_xen": True, "runs_xen": False}, "xen", "none"),
        ({"xen": None}, "xen", ""),
        ({"table": "", "no_table": "vtd-off"}, "table", "none"),
        ({"table": "", "no_table": "denied"}, "table", ""),
        ({"table": "", "no_table": "unknown"}, "table", ""),
    ],
)
def test_a_host_without_xen_or_table_is_odd_and_not_unknown(
    facts: dict[str, Any], differs: str, value: str
) -> None:
    alike = [made_up_record(f"h{number}") for number in range(4)]
    usual = {"xen": "4.14.4", "table": "DMAR 000000000000"}[differs]

    (odd,) = odd_hosts([*alike, made_up_record("odd", **facts)])
    (text,) = (line for line in show_text((), [odd], (), details=False) if "odd:" in line)

    assert (odd.differs, odd.value, odd.usual) == (differs, value, usual)
    assert f"{value or 'unknown'}, most have {usual}" in text


def test_hosts_of_a_model_mostly_without_xen_have_none() -> None:
    none: dict[str, Any] = {"xen": None, "without_xen": True, "runs_xen": False}
    hosts = [made_up_record(f"h{number}", **none) for number in range(4)]

    (odd,) = odd_hosts([*hosts, made_up_record("odd")])

    assert (odd.value, odd.usual) == ("4.14.4", "none")


@pytest.mark.parametrize(
    ("usual", "other"),
    [
        ({"table": "", "no_table": "denied"}, {"table": "", "no_table": "vtd-off"}),
        ({"table": "", "no_table": "vtd-off"}, {"table": "", "no_table": "denied"}),
        ({"table": "", "no_table": "denied"}, {}),
        ({"firmware": None}, {"firmware": "2"}),
    ],
    ids=["none among unknown", "unknown among none", "known among unknown", "firmware"],
)
def test_what_is_unknown_makes_no_host_odd(usual: dict[str, Any], other: dict[str, Any]) -> None:
    hosts = [made_up_record(f"h{number}", **usual) for number in range(4)]

    assert odd_hosts([*hosts, made_up_record("odd", **other)]) == ()


@pytest.mark.parametrize(
    "other", [{"vendor": "Other"}, {"model": None}], ids=["another vendor", "unknown model"]
)
def test_a_host_of_another_model_is_not_odd(other: dict[str, Any]) -> None:
    """Two vendors can have a model of one name, and hosts of unknown models are not alike."""
    facts: dict[str, Any] = {"model": "M"} | {name: None for name in other if name == "model"}
    alike = [made_up_record(f"h{number}", firmware="1", **facts) for number in range(4)]
    odd = made_up_record("odd", firmware="2", **{**facts, **other})

    assert odd_hosts([*alike, odd]) == ()
