"""A guest's devices on other hosts: the layout of the host where it was started decides."""

import json
import shutil
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dmaragent.addresses import SBDF
from dmaragent.collect.recorded.recording import write_files
from dmaragent.errors import DmaragentError
from dmaragent.fleet.fleet import FleetQuery, read_fleet
from dmaragent.fleet.move import Move, Source, move_to
from dmaragent.fleet.move_devices import (
    DeviceMove,
    HostMove,
    WantedDevice,
    best_of,
    host_move,
    ids_on_source,
    named_devices,
    unless_another,
)
from dmaragent.fleet.move_either import either
from dmaragent.fleet.move_text import move_object, move_text
from dmaragent.fleet.move_words import may_be_wanted
from dmaragent.guests.config import GuestConfig
from dmaragent.guests.formats import Guest, read_all_guests
from dmaragent.policy.decisions import Harm, Verdict
from dmaragent.policy.hotplug import attach, attach_migrated
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question
from support import machines
from support.altered import altered, dom0_with_hap
from support.cli import run
from support.fleets import made_up_record
from support.kvm import domain, hostdev
from support.machines import MACHINES

XL = Question(xen="4.17")
GUEST = 'name = "g"\ntype = "hvm"\nmemory = 4096\n'
USB = 'pci = ["00:14.0,rdm_policy=strict"]\npassthrough = "enabled"\n'
BELOW = "rdm_mem_boundary = 1500\n"
"""RAM of the guest ends at 0x5fa00000 on the laptop, whose region begins at 0x5fa2a000."""
XHCI = "8086:9ded"


def laptop(pool: Path, name: str, monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    """Make a laptop in `pool` whose facts have other texts: the region of 00:14.0, for example."""
    text = (MACHINES / "lenovo-laptop/machine.toml").read_text("utf-8")
    for old, new in changes.items():
        assert old.replace("_", ":") in text
        text = text.replace(old.replace("_", ":"), new)
    with monkeypatch.context() as patch:
        facts = pool.parent / "facts"
        (facts / name).mkdir(parents=True)
        (facts / name / "machine.toml").write_text(text, "utf-8")
        patch.setattr(machines, "MACHINES", facts)
        write_files(machines.rebuild(name), str(pool / name))


def at(start: int) -> dict[str, str]:
    """Return the changes that move the region of 00:14.0 to `start`."""
    return {"0x5fa2a000": f"{start:#x}", "0x5fa49fff": f"{start + 0x1FFFF:#x}"}


@pytest.fixture
def pool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with the laptop, and laptops whose region of 00:14.0 is elsewhere."""
    folder = tmp_path / "pool"
    for name, changes in {
        "source": {},
        "alike": {},
        "lower": at(0x5000_0000),
        "middle": at(0x6000_0000),
        "higher": at(0x9000_0000),
        "above": at(0xF800_0000),
        "absent": {"8086_9ded": "8086:a36d"},
    }.items():
        laptop(folder, name, monkeypatch, **changes)
    return folder


def moved(
    pool: Path,
    text: str,
    *,
    source: str = "source",
    devices: tuple[str, ...] = (),
    xen: str = "4.17",
) -> dict[str, HostMove]:
    return {target.host: target for target in move(pool, text, source, devices, xen).targets}


def move(
    pool: Path, text: str, source: str = "source", devices: tuple[str, ...] = (), xen: str = "4.17"
) -> Move:
    question = Question(xen=xen)
    records = read_fleet([str(pool)], FleetQuery(question=question)).records
    targets = [record for record in records if record.name != source]
    place = Source(source, str(pool / source))
    return move_to(targets, guest_of(text), place, question, devices=devices)


def guest_of(text: str) -> Guest:
    (guest,) = read_all_guests(text if text.startswith("<") else GUEST + text, "g.cfg")
    return guest


def verdicts(found: dict[str, HostMove]) -> dict[str, Verdict]:
    return {name: host.verdict for name, host in found.items()}


def test_the_layout_of_the_source_decides_on_each_target(pool: Path) -> None:
    found = moved(pool, USB + BELOW)

    assert verdicts(found) == {
        "alike": Verdict.STARTS,  # its region is reserved in the guest's memory map
        "lower": Verdict.REFUSED,  # RAM is there
        "middle": Verdict.STARTS,  # nothing is there: BARs begin at 2 GiB or above
        "higher": Verdict.UNDECIDED,  # BARs may be there
        "above": Verdict.UNDECIDED,
        "absent": Verdict.REFUSED,
    }
    assert found["lower"].devices[0].shown == ("EBUSY",)
    assert move(pool, USB + BELOW).ram_ends == (0x5FA0_0000,)


def test_the_layout_of_the_target_does_not_decide(pool: Path) -> None:
    """Built on `lower`, the guest has its RAM below that region; it keeps what `source` laid out."""
    lower = "rdm_mem_boundary = 1000\n"

    assert verdicts(moved(pool, USB + lower, source="lower"))["source"] is Verdict.STARTS
    assert move(pool, USB + lower, "lower").ram_ends == (0x5000_0000,)
    assert verdicts(moved(pool, USB + lower))["lower"] is Verdict.REFUSED


def test_ram_in_a_region_is_overwritten_if_the_device_is_relaxed(pool: Path) -> None:
    (strict,) = moved(pool, USB + BELOW)["lower"].devices
    (relaxed,) = moved(pool, USB.replace("strict", "relaxed") + BELOW)["lower"].devices

    assert (strict.verdict, strict.relaxed) == (Verdict.REFUSED, Harm.CORRUPTION)
    assert (relaxed.verdict, relaxed.harm) == (Verdict.STARTS, Harm.CORRUPTION)
    assert relaxed.spec == "0000:00:14.0,rdm_policy=relaxed"


def test_space_for_bars_below_the_regions_lets_a_device_be_attached_later(pool: Path) -> None:
    """As booted: docs/truth.md, the guests hole and hole-videoram."""
    without = 'passthrough = "enabled"\n'
    device = (XHCI,)
    at_region = moved(pool, f"{without}mmio_hole = 2560\n", devices=device)
    with_room = moved(pool, f"{without}mmio_hole = 3072\n", devices=device)

    assert verdicts(at_region)["middle"] is Verdict.REFUSED
    assert at_region["middle"].devices[0].shown == ("EBUSY",)  # the framebuffer is there
    assert {verdicts(with_room)[name] for name in ("alike", "middle")} == {Verdict.STARTS}


@pytest.mark.parametrize(
    ("passthrough", "xen", "verdict"),
    [
        ('passthrough = "enabled"\n', "4.17", Verdict.STARTS),
        ("", "4.17", Verdict.REFUSED),  # the guest is created again without a device
        ("", "4.12", Verdict.STARTS),  # Xen makes the context with the first device
        ('passthrough = "disabled"\n', "4.17", Verdict.REFUSED),
    ],
)
def test_a_migrated_guest_needs_an_iommu_context_of_its_own(
    pool: Path, passthrough: str, xen: str, verdict: Verdict
) -> None:
    text = USB.partition("\n")[0] + "\n" + passthrough + BELOW
    found = moved(pool, text, xen=xen)["alike"]

    assert found.verdict is verdict


def test_more_than_one_scope_entry_needs_a_relaxed_device() -> None:
    records = read_fleet([str(MACHINES / "hp-dl380e-gen8")], FleetQuery(question=XL)).records
    source = Source("dell-r820", str(MACHINES / "dell-r820"))
    small = 'name = "g"\ntype = "hvm"\nmemory = 1024\npassthrough = "enabled"\n'
    (guest,) = read_all_guests(small, "g.cfg")
    ehci = ("8086:1d2d,rdm_policy=relaxed", "8086:1d2d")
    relaxed, strict = (
        move_to(records, guest, source, XL, devices=(each,)).targets[0] for each in ehci
    )

    assert (relaxed.verdict, relaxed.devices[0].harm) == (Verdict.STARTS, Harm.SHARED)
    assert (strict.verdict, strict.devices[0].relaxed) == (Verdict.REFUSED, Harm.SHARED)
    assert strict.devices[0].shown == ("EPERM",)


def test_the_device_is_found_by_its_id_at_another_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "pool"
    laptop(folder, "source", monkeypatch)
    other = {"0000_00_14.0": "0000:00:15.0", "14.0": "15.0"}
    laptop(folder, "other", monkeypatch, **other)
    (device,) = moved(folder, USB + BELOW)["other"].devices

    assert str(device.device) == "0000:00:15.0"
    assert device.verdict is Verdict.STARTS


def test_two_devices_of_one_id_need_two_on_the_target(pool: Path) -> None:
    found = moved(pool, USB + BELOW, devices=(XHCI, XHCI))["alike"]

    assert [device.verdict for device in found.devices] == [Verdict.STARTS, Verdict.REFUSED]
    assert [device.device is None for device in found.devices] == [False, True]
    assert found.verdict is Verdict.REFUSED


@pytest.mark.parametrize("policies", [("relaxed", "strict"), ("strict", "relaxed")])
def test_of_two_devices_of_one_id_the_relaxed_one_gets_the_region_that_conflicts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, policies: tuple[str, ...]
) -> None:
    folder = tmp_path / "pool"
    laptop(folder, "source", monkeypatch)
    laptop(folder, "two", monkeypatch, **at(0x5000_0000), **{"144d_a808": XHCI})
    wanted = tuple(f"{XHCI},rdm_policy={policy}" for policy in policies)

    found = moved(folder, USB + BELOW, devices=wanted)["two"]

    assert found.verdict is Verdict.STARTS
    assert {device.spec: device.harm for device in found.devices} == {
        "0000:3d:00.0,rdm_policy=strict": Harm.NONE,
        "0000:00:14.0,rdm_policy=relaxed": Harm.CORRUPTION,
    }


def test_unknown_functions_and_unknown_regions_stay_unknown(pool: Path) -> None:
    table = "root/sys/firmware/acpi/tables/DMAR"
    shutil.copy(pool / "alike" / table, pool / "table.bin")
    shutil.copytree(MACHINES / "synthetic-sosreport-without-table", pool / "sos")
    found = moved(pool, USB + BELOW)
    usb = moved(pool, USB + BELOW, devices=("8086:1d26",))

    assert found["table"].verdict is Verdict.UNDECIDED
    assert usb["sos"].verdict is Verdict.UNDECIDED


def test_a_guest_that_would_not_start_has_an_unknown_layout(pool: Path) -> None:
    found = moved(pool, USB)

    assert {found[name].verdict for name in ("alike", "lower", "higher")} == {Verdict.UNDECIDED}
    assert move(pool, USB).ram_ends == ()


def test_a_device_of_a_table_alone_has_no_id(pool: Path) -> None:
    table = "root/sys/firmware/acpi/tables/DMAR"
    shutil.copy(pool / "alike" / table, pool / "table.bin")
    question = Question(xen="4.17")
    records = read_fleet([str(pool / "alike")], FleetQuery(question=question)).records
    place = Source("table", str(pool / "table.bin"))
    (unknown,) = move_to(records, guest_of(USB + BELOW), place, question).targets
    (given,) = move_to(records, guest_of(USB + BELOW), place, question, devices=(XHCI,)).targets

    assert (unknown.verdict, given.verdict) == (Verdict.UNDECIDED, Verdict.STARTS)


def test_commands_before_the_device_is_attached_are_those_of_the_target() -> None:
    dom0 = MACHINES / "xen-pv-dom0"
    records = read_fleet([str(dom0)], FleetQuery(question=Question())).records
    text = (
        'pci = ["00:1a.0", "81:00.0"]\npassthrough = "enabled"\n'
        "memory = 1000\nrdm_mem_boundary = 64\n"
    )
    (target,) = move_to(records, guest_of(text), Source("a", str(dom0)), Question()).targets

    assert [(str(each.device), each.bound, each.needs) for each in target.devices] == [
        ("0000:00:1a.0", False, ("xl pci-assignable-add 0000:00:1a.0",)),
        ("0000:81:00.0", True, ()),
    ]


def test_linux_decides_for_a_kvm_guest_with_any_layout(pool: Path) -> None:
    usb = domain(hostdev("bus='0x00' slot='0x14' function='0x0'"))
    nic = domain(hostdev("bus='0x03' slot='0x00' function='0x0'"))
    shutil.copytree(MACHINES / "hp-dl380e-gen8", pool / "hp1")
    shutil.copytree(MACHINES / "hp-dl380e-gen8", pool / "hp2")
    of_usb, of_nic = move(pool, usb), move(pool, nic, "hp1")
    found = {target.host: target for target in of_usb.targets}

    assert of_usb.ram_ends == ()
    assert found["absent"].verdict is Verdict.REFUSED
    assert found["alike"].verdict is Verdict.STARTS
    (locked,) = [target for target in of_nic.targets if target.host == "hp2"]
    assert locked.verdict is Verdict.REFUSED
    assert locked.devices[0].device is not None


@pytest.mark.parametrize("more", ["", BELOW, "mmio_hole = 3072\n", 'rdm = "strategy=host"\n'])
@pytest.mark.parametrize("name", ["lenovo-laptop", "xen-pv-dom0", "xen-amd-bookworm"])
def test_a_move_to_the_same_host_is_a_hotplug(name: str, more: str) -> None:
    """Of a guest whose IOMMU context does not come from a device."""
    asked = ask_host(str(MACHINES / name), XL)
    guest = guest_of('passthrough = "enabled"\n' + more)
    assert isinstance(guest, GuestConfig)
    known = (asked.facts, asked.stack)
    for sbdf in asked.facts.functions or ():
        for policy in ("", ",rdm_policy=relaxed"):
            text = f"{sbdf}{policy}"
            assert attach_migrated(text, guest, known, known) == attach(text, guest, *known)


def test_processes_change_nothing(pool: Path) -> None:
    records = read_fleet([str(pool)], FleetQuery(question=XL)).records
    place, guest = Source("source", str(pool / "source")), guest_of(USB + BELOW)
    here = move_to(records, guest, place, XL)
    with ProcessPoolExecutor(2) as executor:
        there = move_to(tuple(reversed(records)), guest, place, XL, engine=executor)

    assert move_object(here, 0) == move_object(there, 0)


def test_an_id_is_needed_and_a_guest_without_devices_has_none(pool: Path) -> None:
    with pytest.raises(DmaragentError):
        moved(pool, USB, devices=("00:14.0",))
    with pytest.raises(DmaragentError):
        moved(pool, "")


def test_the_verb_and_its_exit_codes(
    pool: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cfg = tmp_path / "g.cfg"
    cfg.write_text(GUEST + USB + BELOW)
    asked = ("fleet", "move", cfg, "--from", "source", "--on", pool, "--xen", "4.17")
    ran = run(capsys, *asked, "--json")
    counts = ran.document["answer"]["move"]["counts"]

    assert (ran.code, counts) == (1, {"attached": 2, "refused": 2, "undecided": 2, "no_data": 0})
    assert [run(capsys, *asked, "--need", need).code for need in (2, 4, 5)] == [0, 2, 1]
    assert run(capsys, *asked, "--hosts", "alike,gone").code == 2
    text = run(capsys, *asked, "--hosts", "alike,lower").out
    assert all(len(line) <= 80 for line in text.splitlines())
    assert run(capsys, *asked[:4], "nowhere", *asked[5:]).code == 2
    assert run(capsys, *asked, "--hosts", "source").code == 2


def test_hosts_without_the_device_are_one_entry_whatever_their_model() -> None:
    (guest,) = read_all_guests('name = "g"\nmemory = 512\npci = ["00:1a.0"]\n', "g.cfg")
    wanted = WantedDevice("0000:00:1a.0", (0x8086, 0x1D2D))
    missing = DeviceMove(wanted, None, "", Verdict.REFUSED, ("no device 8086:1d2d",))
    records = [made_up_record(f"h{number:02}", number) for number in range(12)]
    targets = tuple(HostMove(record.name, Verdict.REFUSED, (missing,)) for record in records)

    move = Move(guest, Source("hp", "hp"), (wanted,), (), targets)
    text = "\n".join(move_text(move, records, (), details=False))

    assert text.count("no device 8086:1d2d") == 1
    assert "h[00-11] (12 hosts)" in text
    assert "0000:00:1a.0: not present" in text
    assert "refused" not in text


@pytest.mark.parametrize(
    ("devices", "step"),
    [
        ("00:1a.0", "--one-setting finds the setting"),
        ("00:14.0", "check that the guest was started on hp"),
        ('00:1a.0", "00:14.0', "check that the guest was started on hp"),
    ],
    ids=["RAM", "device absent", "both"],
)
def test_a_guest_that_would_not_start_on_its_source_has_the_reason_and_a_step_that_fits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], devices: str, step: str
) -> None:
    folder = tmp_path / "hosts"
    for name, machine in {"hp": "hp-dl380e-gen8", "xen1": "xen-pv-dom0"}.items():
        shutil.copytree(MACHINES / machine, folder / name)
    guest = tmp_path / "g.cfg"
    guest.write_text(f'name = "g"\ntype = "hvm"\nmemory = 2048\npci = ["{devices}"]\n')
    move = ("fleet", "move", str(guest), "--from", "hp", "--on", str(folder), "--xen", "4.17")

    ran = run(capsys, *move, "--no-cache")
    answer = json.loads(run(capsys, *move, "--no-cache", "--json").out)["answer"]["move"]

    assert answer["ram_ends"] == []
    assert answer["ram_unknown"]
    assert f"Reason: {answer['ram_unknown']}"[:60] in " ".join(ran.out.split())
    assert step in " ".join(ran.out.split())
    assert ran.out.count("Next: ") == 1


def test_of_devices_that_are_attached_alike_the_bound_one_is_taken() -> None:
    (wanted,) = named_devices(["8086:1d2d"])
    bound, unbound, unknown = (
        DeviceMove(wanted, SBDF(0, 0, number, 0), "", Verdict.STARTS, (), bound=state)
        for number, state in ((3, True), (2, False), (1, None))
    )
    risky = bound._replace(harm=Harm.CORRUPTION)

    assert best_of([unknown, unbound, bound]) is bound
    assert best_of([risky, unbound]) is unbound


def test_one_refused_device_refuses_the_target_whatever_is_unknown() -> None:
    (wanted,) = named_devices(["8086:1d2d"])
    starts, unknown, refused = (
        DeviceMove(wanted, SBDF(0, 0, number, 0), "", verdict, ())
        for number, verdict in enumerate((Verdict.STARTS, Verdict.UNDECIDED, Verdict.REFUSED))
    )

    assert host_move("h", [unknown, refused, starts]).verdict is Verdict.REFUSED
    assert host_move("h", [starts, unknown]).verdict is Verdict.UNDECIDED
    assert best_of([refused, unknown]) is unknown


def _row(**facts: Any) -> DeviceMove:
    """Return a device that is attached at 00:14.0, with other `facts`."""
    wanted = WantedDevice("0000:00:14.0", (0x8086, 0x9DED))
    row = DeviceMove(wanted, SBDF(0, 0, 0x14, 0), "00:14.0", Verdict.STARTS, ())
    return row._replace(**facts)


def test_a_target_is_at_risk_only_if_all_devices_are_attached() -> None:
    risky, refused = _row(harm=Harm.SHARED), _row(verdict=Verdict.REFUSED)

    assert host_move("h", [_row(), risky]).at_risk
    assert not host_move("h", [_row()]).at_risk
    assert not host_move("h", [risky, refused]).at_risk


def test_only_a_refused_device_without_an_address_is_absent() -> None:
    assert _row(verdict=Verdict.REFUSED, device=None).absent
    assert not _row(verdict=Verdict.REFUSED).absent
    assert not _row(verdict=Verdict.UNDECIDED, device=None).absent


def test_the_best_device_has_the_least_harm_then_is_bound() -> None:
    bound = _row(harm=Harm.CORRUPTION, bound=True)
    harmless = _row(bound=False)

    assert best_of([bound, harmless]) is harmless


def test_an_id_of_which_a_half_is_unknown_is_unknown() -> None:
    facts = ask_host(str(MACHINES / "lenovo-laptop"), XL).facts
    sbdf = SBDF(0, 0, 0x14, 0)
    assert facts.functions is not None
    assert ids_on_source(sbdf, facts) == ((0x8086, 0x9DED), "")
    for lost in ("vendor_id", "device_id"):
        unread: dict[str, Any] = {lost: None}
        function = facts.functions[sbdf]._replace(**unread)
        ids, why = ids_on_source(sbdf, replace(facts, functions={sbdf: function}))

        assert ids is None
        assert why


def test_only_a_refusal_becomes_unknown_if_another_device_may_be_meant() -> None:
    """Two others have an unknown device ID; reasons are those of a device that was tried."""
    facts = ask_host(str(MACHINES / "lenovo-laptop"), XL).facts
    assert facts.functions is not None
    function = facts.functions[SBDF(0, 0, 0x14, 0)]
    unread = {
        sbdf: function._replace(sbdf=sbdf, device_id=None)
        for sbdf in (SBDF(0, 0, 3, 0), SBDF(0, 0, 2, 0))
    }
    facts = replace(facts, functions=unread)
    attached, refused = _row(), _row(verdict=Verdict.REFUSED, reasons=("RAM is there",))

    assert unless_another(attached, facts) == attached
    for row, kept in ((refused, ("RAM is there",)), (refused._replace(device=None), ())):
        found = unless_another(row, facts)
        assert (found.verdict, found.device, found.reasons[1:]) == (Verdict.UNDECIDED, None, kept)
        assert found.reasons[0] == may_be_wanted(XHCI, SBDF(0, 0, 2, 0), 1)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ({"bound": True}, {"bound": False}, {"bound": None}),
        ({"spec": "00:14.0"}, {"spec": "00:14.0,rdm_policy=relaxed"}, {"spec": ""}),
        (
            {"verdict": Verdict.REFUSED, "relaxed": Harm.SHARED},
            {"verdict": Verdict.REFUSED, "relaxed": Harm.CORRUPTION},
            {"verdict": Verdict.REFUSED, "relaxed": Harm.CORRUPTION},
        ),
        (
            {"verdict": Verdict.REFUSED, "relaxed": Harm.SHARED},
            {"verdict": Verdict.REFUSED},
            {"verdict": Verdict.REFUSED, "relaxed": None},
        ),
        ({"needs": ("a",)}, {"needs": ("a", "b")}, {"needs": ("a", "b")}),
        ({"device": None}, {}, {}),
    ],
    ids=["bound", "entry", "relaxed", "relaxed with one", "commands", "address"],
)
def test_what_two_toolstacks_do_not_share_is_unknown(
    one: dict[str, Any], other: dict[str, Any], expected: dict[str, Any]
) -> None:
    moves = [(name, host_move("h", [_row(**facts)])) for name, facts in (("a", one), ("b", other))]

    (row,) = either(moves).devices

    assert row == _row(**expected)


XHCI_FILES = "/sys/devices/pci0000:00/0000:00:14.0"


def test_a_device_of_unknown_id_may_be_the_one(tmp_path: Path) -> None:
    unknown = {f"{XHCI_FILES}/vendor": None, f"{XHCI_FILES}/device": None}
    altered("lenovo-laptop", tmp_path / "source")
    altered("lenovo-laptop", tmp_path / "target", unknown)
    usb = domain(hostdev("bus='0x00' slot='0x14' function='0x0'"))

    for text, devices in (("", (XHCI,)), (usb, ())):
        (target,) = moved(tmp_path, text, devices=devices).values()
        assert target.verdict is Verdict.UNDECIDED
        assert "0000:00:14.0" in target.devices[0].reasons[0]


def test_a_kvm_guest_without_devices_has_none_that_libvirt_binds(tmp_path: Path) -> None:
    """00:02.0 is 1234:1111, with a driver of the host on `source`, and without one on `free`."""
    driver = "/sys/devices/pci0000:00/0000:00:02.0/driver"
    for name in ("source", "host"):
        altered("qemu-q35-rmrr", tmp_path / name)
    altered("qemu-q35-rmrr", tmp_path / "free", absent=[("link", driver)])
    found = moved(tmp_path, domain(), devices=("1234:1111",))
    own = {name: (each.bound, each.needs) for name, host in found.items() for each in host.devices}

    assert {bound for bound, _ in own.values()} == {False}
    for name in ("free", "host"):
        assert "bind 0000:00:02.0 to vfio-pci" in own[name][1][0]


def test_the_ram_of_a_pv_guest_is_not_unknown() -> None:
    """It starts with a warning, which is no reason why its RAM would be unknown."""
    dom0 = str(MACHINES / "xen-pv-dom0")
    (guest,) = read_all_guests(
        'name = "pv"\ntype = "pv"\nmemory = 1024\nkernel = "/x"\n'
        'pci = ["00:1d.0,rdm_policy=relaxed"]\n',
        "pv.cfg",
    )
    found = move_to((), guest, Source("a", dom0), Question())

    assert (found.ram_ends, found.ram_unknown) == ((), "")


LIBVIRT = """<domain type="xen"><name>v</name><memory unit="MiB">2048</memory>
<os><type arch="x86_64" machine="xenfv">hvm</type></os>
<features><xen><passthrough state="on" mode="sync_pt"/></xen></features><devices>
<hostdev mode="subsystem" type="pci" managed="yes" nostrictreset="yes"><source>
<address domain="0" bus="0" slot="0x1d" function="0"/></source></hostdev></devices></domain>"""
"""A guest with a setting that only the libvirt of Qubes reads."""


@pytest.mark.parametrize("qubes", [False, True])
def test_it_is_unknown_which_libvirt_built_a_guest(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, qubes: bool
) -> None:
    """The guest starts with that of Qubes alone; a kernel of Qubes has no other one."""
    release = {"/proc/sys/kernel/osrelease": b"6.6.65-1.qubes.fc37.x86_64\n"} if qubes else {}
    for name in ("source", "target"):
        dom0_with_hap(tmp_path / "pool" / name, release)
    guest = tmp_path / "v.xml"
    guest.write_text(LIBVIRT)
    host = str(tmp_path / "pool/target")
    spec = "00:1a.0,rdm_policy=relaxed"

    ran = run(capsys, "hotplug", spec, "--into", str(guest), "--host", host)
    (target,) = moved(tmp_path / "pool", LIBVIRT).values()

    depends = "depends on which libvirt"
    assert (depends in " ".join(ran.out.split())) is (not qubes)
    assert (depends in target.reason) is (not qubes)
    assert (target.verdict is Verdict.UNDECIDED) is (ran.code == 2) is (not qubes)


def test_the_rows_have_the_answer_with_either_libvirt(tmp_path: Path) -> None:
    """Xen's libvirt does not start the guest; that of Qubes makes its device relaxed."""
    for name in ("source", "target"):
        dom0_with_hap(tmp_path / name)
    (target,) = moved(tmp_path, LIBVIRT).values()
    (row,) = target.devices

    assert row.verdict is Verdict.UNDECIDED
    assert [reason.partition(": ")[0] for reason in row.reasons] == [
        "with Xen's libvirt",
        "with Xen's libvirt on the source and Qubes' libvirt here",
        "with Qubes' libvirt on the source and Xen's libvirt here",
        "with Qubes' libvirt",
    ]
    assert any("can be attached" in reason for reason in row.reasons)


def test_what_two_toolstacks_share_is_certain_and_the_worst_harm_counts() -> None:
    def row(verdict: Verdict, harm: Harm = Harm.NONE, *reasons: str) -> DeviceMove:
        wanted = WantedDevice("0000:00:14.0", (0x8086, 0x9DED))
        return DeviceMove(wanted, SBDF(0, 0, 0x14, 0), "", verdict, reasons, harm=harm)

    def of(*rows: DeviceMove) -> HostMove:
        verdicts = [each.verdict for each in rows]
        worst = Verdict.REFUSED if Verdict.REFUSED in verdicts else Verdict.STARTS
        return HostMove("h", worst, rows)

    no, yes = row(Verdict.REFUSED, Harm.NONE, "RAM"), row(Verdict.STARTS)
    risky = row(Verdict.STARTS, Harm.CORRUPTION, "risk")

    alike = either([("a", of(yes)), ("b", of(risky))])
    crossed = either([("a", of(no, yes)), ("b", of(risky, no))])

    assert (alike.verdict, alike.devices[0].verdict) == (Verdict.STARTS, Verdict.STARTS)
    assert (alike.at_risk, alike.devices[0].reasons) == (True, ("risk",))
    assert crossed.verdict is Verdict.REFUSED  # one device is refused with each
    assert "refuses a device, but not the same one" in crossed.reason
    assert alike.reason == ""
    assert [each.verdict for each in crossed.devices] == [Verdict.UNDECIDED] * 2
    assert crossed.devices[0].reasons == ("with a: refused: RAM", "with b: can be attached: risk")
    assert either([("a", of(no))]) == of(no)


def test_the_reasons_of_each_toolstack_are_kept_if_all_leave_the_answer_open() -> None:
    one, other = (HostMove("h", Verdict.UNDECIDED, (), reason) for reason in ("", "no memory map"))

    assert either([("a", one), ("b", other)]).reason == "no memory map"
    assert either([("a", other), ("b", one), ("c", other)]).reason == "no memory map"
