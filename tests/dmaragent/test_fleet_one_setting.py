"""One setting for all hosts: tried on every class, never found where a host is unknown."""

import json
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from dmaragent.addresses import MIB, SBDF, AddressRange
from dmaragent.errors import DmaragentError
from dmaragent.fleet import one_setting
from dmaragent.fleet.classes import xen_classes
from dmaragent.fleet.fleet import Fleet, FleetQuery, read_fleet
from dmaragent.fleet.one_setting import one_setting_on
from dmaragent.fleet.setting_choice import (
    Found,
    OneSetting,
    RegionsOfClass,
    Request,
    Trials,
    bases,
    best_setting,
    better,
    with_less_memory,
)
from dmaragent.fleet.setting_text import setting_objects
from dmaragent.fleet.setting_trials import (
    HostRegions,
    KnownHost,
    Setting,
    SettingTrial,
    entries_to_relax,
    regions_of,
    try_setting,
)
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import Guest, read_all_guests
from dmaragent.policy.decisions import Harm, Verdict
from dmaragent.policy.resolution import Resolution
from dmaragent.policy.resolver import resolve
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question
from support.altered import altered, dom0_with_hap
from support.cli import run
from support.fleets import made_up_fleet
from support.machines import MACHINES

XL = Question(xen="4.17")
GUEST = 'name = "g"\ntype = "hvm"\nmemory = 4096\n'
THREE = ("xen-pv-dom0", "dell-r820", "hp-dl380e-gen8")


_WITH_HAP: dict[str, Path] = {}
"""Machines that run HVM guests only as altered here."""


@pytest.fixture(scope="module", autouse=True)
def _dom0_with_hap(tmp_path_factory: pytest.TempPathFactory) -> None:
    name = "xen-pv-dom0"
    _WITH_HAP[name] = dom0_with_hap(tmp_path_factory.mktemp("hap") / name)


def place_of(machine: str) -> Path:
    return _WITH_HAP.get(machine, MACHINES / machine)


def fleet_of(*machines: str, question: Question = XL) -> Fleet:
    return read_fleet([str(place_of(name)) for name in machines], FleetQuery(question=question))


def guest_of(text: str) -> Guest:
    (guest,) = read_all_guests(GUEST + text, "g.cfg")
    return guest


def found(
    text: str, *machines: str, bar_room: int | None = None, question: Question = XL
) -> OneSetting:
    fleet = fleet_of(*machines, question=question)
    (one,) = one_setting_on(
        fleet.records,
        [guest_of(text)],
        question,
        without=len(fleet.without),
        bar_room=bar_room,
    )
    return one


def as_written(one: OneSetting, machine: str, text: str, question: Question = XL) -> Resolution:
    """Resolve the file with the lines written into it, as its user would do."""
    names = [line.partition(" =")[0] for line in one.lines]
    kept = [line for line in (GUEST + text).splitlines() if line.partition(" =")[0] not in names]
    (guest,) = read_all_guests("\n".join([*kept, *one.lines]), "written.cfg")
    assert isinstance(guest, GuestConfig)
    asked = ask_host(str(place_of(machine)), question, [guest])
    return resolve(guest, asked.facts, asked.stack)


def test_the_lines_start_the_guest_on_every_host_and_ram_ends_below_the_lowest_region() -> None:
    text = 'pci = ["00:1a.0"]\n'
    one = found(text, *THREE)

    assert (one.found, one.setting.hole) == (Found.FOUND, 3136)
    assert one.lowest is not None
    assert (one.lowest.host, one.lowest.region.start) == ("xen-pv-dom0", 0x3C000000)
    for machine in THREE:
        assert resolve_alone(text, machine).verdict is Verdict.REFUSED
        after = as_written(one, machine, text)
        assert after.verdict is Verdict.STARTS
        for outcome in after.outcomes:
            assert outcome.built.layout is not None
            assert outcome.built.layout.after.lowmem_end == 0x3C000000 == 960 * MIB


def resolve_alone(text: str, machine: str) -> Resolution:
    guest = guest_of(text)
    assert isinstance(guest, GuestConfig)
    asked = ask_host(str(place_of(machine)), XL, [guest])
    return resolve(guest, asked.facts, asked.stack)


def test_a_device_is_relaxed_only_if_a_host_refuses_it_strict() -> None:
    one = found('pci = ["00:14.0"]\n', "lenovo-laptop")
    shared = found('pci = ["00:1a.0"]\n', *THREE)

    assert one.lines == ("mmio_hole = 2566",)
    assert [new for _, new in shared.setting.entries] == ["00:1a.0,rdm_policy=relaxed"]
    assert {of.first.name for of, trial in shared.trials if trial.harm is Harm.SHARED} == {
        "dell-r820",
        "hp-dl380e-gen8",
    }


def test_a_region_below_1_mib_stays_in_ram_and_is_a_risk() -> None:
    one = found('pci = ["0a:00.0"]\n', "hp-dl380e-gen8")

    ((_, trial),) = one.trials
    assert (one.found, one.setting.hole, trial.harm) == (Found.FOUND, 2210, Harm.CORRUPTION)
    assert {region.start for region in trial.exposed} == {0xE8000, 0xF4000}


def test_a_region_above_4_gib_limits_the_memory() -> None:
    machines = ("synthetic-segment-1-above-4g", "hp-dl380e-gen8")
    text = 'pci = ["00:1d.0"]\n'
    one = found(text, *machines)

    assert max(trial.harm for _, trial in one.trials) is Harm.CORRUPTION
    assert one.less_memory is not None
    assert max(trial.harm for _, trial in one.less_memory.trials) < Harm.CORRUPTION
    assert one.less_memory.setting.memory is not None
    more = f"memory = {one.less_memory.setting.memory + 1}"
    lines = tuple(more if "memory" in line else line for line in one.less_memory.lines)
    above = as_written(replace(one, lines=lines), machines[0], text)
    below = as_written(one.less_memory, machines[0], text)
    assert [
        any("overlaps" in reason.reason for reason in each.reasons) for each in (above, below)
    ] == [
        True,
        False,
    ]


def test_of_several_limits_the_lowest_is_tried_with_each_setting() -> None:
    guest = guest_of("")
    assert isinstance(guest, GuestConfig)
    classes = xen_classes(made_up_fleet(3, 3))

    def trials(*limits: int | None) -> Trials:
        return [
            (of, SettingTrial(Verdict.STARTS, (), Harm.CORRUPTION, most_memory=most))
            for of, most in zip(classes, limits, strict=True)
        ]

    results = [
        (Setting(), trials(30_000, None, 20_000)),
        (Setting(2566), trials(None, None, None)),
        (Setting(3136), trials(25_000, 26_000, None)),
    ]
    best = best_setting(Request(guest, None, 0), results, [])

    assert with_less_memory(best, results) == (
        Setting(memory=20_000),
        Setting(3136, memory=25_000),
    )


TRIED = SettingTrial(Verdict.STARTS, ())
RELAXED = (("00:1a.0", "00:1a.0,rdm_policy=relaxed"),)


@pytest.mark.parametrize(
    ("best", "other"),
    [
        (
            (Setting(3000), TRIED._replace(verdict=Verdict.UNDECIDED)),
            (Setting(), TRIED._replace(verdict=Verdict.REFUSED)),
        ),
        (
            (Setting(3000), TRIED._replace(harm=Harm.CORRUPTION)),
            (Setting(), TRIED._replace(verdict=Verdict.UNDECIDED)),
        ),
        ((Setting(3000), TRIED), (Setting(), TRIED._replace(harm=Harm.SHARED))),
        (
            (Setting(3000), TRIED),
            (Setting(), TRIED._replace(exposed=(AddressRange(0, 0x1000),))),
        ),
        ((Setting(3000), TRIED), (Setting(None, RELAXED), TRIED)),
        ((Setting(2600), TRIED), (Setting(3000), TRIED)),
        ((Setting(), TRIED), (Setting(2600), TRIED)),
        (
            (Setting(), TRIED),
            (Setting(None, (("00:1a.0", "00:1a.0,rdm_policy=strict"),)), TRIED),
        ),
    ],
    ids=["refused", "unknown", "harm", "exposed", "relaxed", "hole", "as written", "entries"],
)
def test_the_best_setting_is_the_safest_then_that_with_the_fewest_changes(
    best: tuple[Setting, SettingTrial], other: tuple[Setting, SettingTrial]
) -> None:
    guest = guest_of("")
    assert isinstance(guest, GuestConfig)
    (of,) = xen_classes(made_up_fleet(2, 1))
    results = [(setting, [(of, trial)]) for setting, trial in (best, other)]

    for order in (results, results[::-1]):
        assert best_setting(Request(guest, None, 0), order, []).setting == best[0]


def test_less_memory_is_better_only_if_it_is_safer() -> None:
    guest = guest_of("")
    assert isinstance(guest, GuestConfig)
    (of,) = xen_classes(made_up_fleet(2, 1))
    safe, as_safe, risky = (
        best_setting(Request(guest, None, 0), [(setting, [(of, trial)])], [])
        for setting, trial in (
            (Setting(memory=1024), TRIED),
            (Setting(), TRIED),
            (Setting(), TRIED._replace(harm=Harm.SHARED)),
        )
    )

    assert better(safe, risky) is safe
    assert better(safe, as_safe) is None
    assert better(risky, safe) is None


def test_a_host_without_the_device_prevents_it() -> None:
    one = found('pci = ["0a:00.0"]\n', "hp-dl380e-gen8", "dell-r820")

    assert one.found is Found.NONE
    assert [of.names for of, _ in one.with_verdict(Verdict.REFUSED)] == [("dell-r820",)]


def absent_owner(folder: Path) -> Path:
    """Copy lenovo-laptop with another owner of the region 0x5fa2a000: one that is not present.

    At 0x68 of its DMAR begins the RMRR; 00:14.0 in the path of its device scope becomes 00:1d.7. Xen
    4.20.0 and 4.20.1 list the region of an absent device, later ones do not.
    """
    place = "/sys/firmware/acpi/tables/DMAR"
    table = bytearray((MACHINES / f"lenovo-laptop/root{place}").read_bytes())
    assert table[0x68 + 30 : 0x68 + 32] == bytes([0x14, 0])
    table[0x68 + 30 : 0x68 + 32] = bytes([0x1D, 7])
    table[9] = (table[9] - sum(table)) & 0xFF
    return altered("lenovo-laptop", folder / "h1", {place: bytes(table)})


@pytest.mark.parametrize(
    ("text", "bar_room", "hole"),
    [
        ('pci = ["00:02.0"]\n', 64, 2630),
        ('pci = ["00:02.0,rdm_policy=strict"]\nrdm = "strategy=host"\n', None, 2566),
    ],
)
def test_a_region_that_one_point_release_lists_counts_if_the_series_is_known(
    tmp_path: Path, text: str, bar_room: int | None, hole: int
) -> None:
    """RAM must end at 0x5fa00000: 2566 MiB below 4 GiB, and 64 MiB more for BARs."""
    path = str(absent_owner(tmp_path))
    holes = {}
    for release in ("4.20", "4.20.1"):
        question = Question(xen=release)
        records = read_fleet([path], FleetQuery(question=question)).records
        (one,) = one_setting_on(records, [guest_of(text)], question, bar_room=bar_room)
        holes[release] = one.found, one.setting.hole

    assert holes == dict.fromkeys(("4.20", "4.20.1"), (Found.FOUND, hole))


def test_an_unknown_host_is_never_counted_as_yes() -> None:
    plain = found("", "hp-dl380e-gen8", "synthetic-sosreport-without-table")
    with_device = found(
        'pci = ["00:1d.0"]\n', "hp-dl380e-gen8", "synthetic-sosreport-without-table"
    )

    assert plain.found is Found.FOUND
    assert with_device.found is Found.UNKNOWN
    assert [of.names for of, _ in with_device.with_verdict(Verdict.UNDECIDED)] == [
        ("synthetic-sosreport-without-table",)
    ]


def test_a_guest_that_starts_everywhere_stays_as_it_is() -> None:
    one = found("", *THREE)

    assert (one.found, one.lines, one.lowest, one.low_memory) == (Found.FOUND, (), None, None)


def test_without_hosts_nothing_is_found() -> None:
    (one,) = one_setting_on([], [guest_of("")], XL, without=2)

    assert one.found is Found.UNKNOWN


def test_space_for_bars_is_below_the_regions_of_all_devices() -> None:
    one = found("", *THREE, bar_room=512)
    too_much = found("", *THREE, bar_room=3840)

    assert (one.found, one.setting.hole) == (Found.FOUND, 3136 + 512)
    assert too_much.found is Found.NONE
    assert too_much.no_room is not None
    assert too_much.no_room.region.start == 0x3C000000


def test_space_for_bars_is_unknown_if_the_regions_of_a_host_are() -> None:
    machines = ("hp-dl380e-gen8", "synthetic-sosreport-without-table")

    assert found("", *machines).found is Found.FOUND
    assert found("", *machines, bar_room=0).found is Found.UNKNOWN


@pytest.mark.parametrize(
    ("start", "hole"),
    [
        (0x10001000, 3840),  # booted: docs/truth.md, the guest hole-strict
        (0x3C000000, 3136),
        (0x7DF83000, 2082),
        (0x0FFFF000, None),  # xl accepts no larger hole
        (0xE8000, None),
        (0x1_8000_0000, None),
        (0xF000_1000, None),  # RAM ends there without it
    ],
)
def test_the_hole_ends_ram_below_the_region(start: int, hole: int | None) -> None:
    region = AddressRange(start, start + 0x1000)
    of_host = HostRegions(own=(region,), every=(region,), incomplete="", entries=())
    (of,) = xen_classes(fleet_of("dell-r820").records)
    guest = guest_of("")
    assert isinstance(guest, GuestConfig)
    holes = [
        setting.hole
        for setting in bases(Request(guest, None, 0), [RegionsOfClass(of, of_host)], [])
    ]

    assert holes == [None, *([hole] if hole else [])]


def _known(machine: str, xen: str) -> KnownHost:
    asked = ask_host(str(place_of(machine)), Question(xen=xen))
    return KnownHost(asked.facts, asked.stack)


@pytest.mark.parametrize(
    ("xen", "entry", "verdict"),
    [
        # its hvmloader checks only the lowest reserved entry reliably
        ("4.7.3", "00:02.0,rdm_policy=strict", Verdict.UNDECIDED),
        ("4.7.4", "00:02.0,rdm_policy=strict", Verdict.STARTS),
        # libxl leaves a region of an unset policy out of the guest's memory map
        ("4.12.0", "00:02.0", Verdict.UNDECIDED),
        ("4.12.0", "00:02.0,rdm_policy=strict", Verdict.STARTS),
    ],
)
def test_a_region_that_hvmloader_may_cover_with_a_bar_is_unknown(
    xen: str, entry: str, verdict: Verdict
) -> None:
    known = _known("lenovo-laptop", xen)
    more = '"00:14.0,rdm_policy=strict"' if xen < "4.8" else ""
    guest = guest_of(f'builder = "hvm"\npci = ["{entry}", {more}]\n')
    assert isinstance(guest, GuestConfig)

    assert try_setting(guest, known, Setting(2566)).verdict is verdict


def test_a_setting_is_applied_for_every_release_that_reads_the_file() -> None:
    text = 'pci = ["00:14.0"]\npci += ["00:02.0"]\n'
    guest = guest_of(text)
    assert isinstance(guest, GuestConfig)
    assert guest.older
    changed = Setting(2566, (("00:14.0", "00:14.0,rdm_policy=strict"),), 1024).apply(guest)

    for reading in (changed, *(older for _, older in changed.older)):
        assert (reading.mmio_hole, reading.memory) == (2566 * MIB, 1024 * MIB)
        assert "00:14.0" not in {entry.text for entry in reading.pci}


def test_no_setting_helps_a_region_in_the_range_of_hvmloader() -> None:
    known = _known("lenovo-laptop", "4.17")
    region = AddressRange(0xFC20_0000, 0xFC20_1000)
    own = {SBDF.parse("00:14.0"): (region,)}
    there = known._replace(facts=replace(known.facts, devices=own, listed=(region,), shared={}))
    guest = guest_of('pci = ["00:14.0"]\n')
    assert isinstance(guest, GuestConfig)

    for entry in ("00:14.0", "00:14.0,rdm_policy=strict", "00:14.0,rdm_policy=relaxed"):
        for hole in (None, 3840):
            setting = Setting(hole, (("00:14.0", entry),))
            assert try_setting(guest, there, setting).verdict is Verdict.REFUSED


def test_an_unset_policy_is_written_if_the_release_leaves_it_unset() -> None:
    one = found('pci = ["00:14.0"]\n', "lenovo-laptop", question=Question(xen="4.12"))

    assert one.found is Found.FOUND
    assert [new for _, new in one.setting.entries] == ["00:14.0,rdm_policy=strict"]


def test_relaxing_all_that_a_class_needs_never_refuses_another_class() -> None:
    """The entries of all classes are relaxed together, so that has to hold for every machine."""
    text = 'pci = ["00:1a.0", "00:1d.0"]\n'
    guest = guest_of(text)
    assert isinstance(guest, GuestConfig)
    for machine in THREE:
        known = _known(machine, "4.17")
        entries = regions_of(guest, known).entries
        needed = entries_to_relax(guest, known, Setting(), entries)
        all_relaxed = Setting(entries=tuple((each.text, each.relaxed) for each in entries))
        fewest = Setting(entries=tuple((each.text, each.relaxed) for each in needed))
        assert try_setting(guest, known, fewest).verdict is Verdict.STARTS
        assert try_setting(guest, known, all_relaxed).verdict is Verdict.STARTS


def test_processes_and_rereading_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    fleet, guests = fleet_of(*THREE), [guest_of('pci = ["00:1a.0"]\n'), guest_of("")]
    here = one_setting_on(fleet.records, guests, XL)
    with ProcessPoolExecutor(2) as executor:
        there = one_setting_on(fleet.records, guests, XL, engine=executor)
    monkeypatch.setattr(one_setting, "_MOST_KEPT", 0)
    again = one_setting_on(tuple(reversed(fleet.records)), guests, XL)

    assert setting_objects(here) == setting_objects(there) == setting_objects(again)


@pytest.mark.parametrize(
    "text",
    [
        "<domain type='kvm'><name>k</name><memory>1</memory><os><type>hvm</type></os></domain>",
        "<domain type='xen'><name>k</name><memory>1</memory><os><type>hvm</type></os></domain>",
        '{"c_info": {"type": "hvm", "name": "j"}, "b_info": {"max_memkb": 1048576}}',
        GUEST.replace("4096", "0b1000000000"),
    ],
)
def test_only_an_xl_cfg_can_have_the_setting(text: str) -> None:
    with pytest.raises(DmaragentError):
        one_setting_on(fleet_of("dell-r820").records, read_all_guests(text, "g"), XL)


def test_the_verb_and_its_exit_codes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)  # a path is never broken, so its length is part of the width
    pool, cfg = Path("pool"), Path("g.cfg")
    cfg.write_text(GUEST + 'pci = ["00:1a.0"]\n')
    for machine in THREE:
        shutil.copytree(place_of(machine), pool / machine)
    asked = ("fleet", "resolve", cfg, "--on", pool, "--xen", "4.17", "--one-setting")
    all_known = run(capsys, *asked, "--json")
    absent = run(capsys, *asked, "--hosts", "gone,dell-r820")
    shutil.copytree(MACHINES / "lenovo-laptop", pool / "lenovo-laptop")
    prevented = run(capsys, *asked, "--json")

    (one,) = json.loads(all_known.out)["answer"]["one_setting"]
    assert all_known.document
    assert (all_known.code, one["mmio_hole"], one["low_memory"]) == (0, 3136, 960)
    assert (one["tried"], one["prevented_by"]) == (3, [])
    assert absent.code == 2
    (none,) = prevented.document["answer"]["one_setting"]
    assert (prevented.code, none["found"]) == (1, "none")
    assert [each["hosts"] for each in none["prevented_by"]] == [["lenovo-laptop"]]
    assert "rmrr" not in all_known.out + prevented.out
    for text in (run(capsys, *asked).out, run(capsys, *asked, "--details").out):
        assert max(map(len, text.splitlines())) <= 80
    for wrong in (("--need", "1"), ("--bar-room", "-1")):
        assert run(capsys, *asked, *wrong).code == 2
    assert run(capsys, *asked[:-1], "--bar-room", "1").code == 2
