"""``dmaragent diff`` as its user meets it: tables, recordings, guests, bad input, output."""

from pathlib import Path

import pytest

from dmaragent.collect import open_host as opening
from dmaragent.collect import open_tree
from dmaragent.collect.live import host as live
from support.cli import run
from support.comparisons import host_of
from support.hosts import Function
from support.machines import MACHINES, NAMES
from support.tables import andd, drhd, patched, resummed, rmrr, scope, structure, table
from support.wording import Worded, lines_about

Capture = pytest.CaptureFixture[str]
UNREADABLE = "synthetic-sosreport-without-table"
COMPARED = [name for name in NAMES if name != UNREADABLE]
PAIRS = list(zip(COMPARED, COMPARED[1:] + COMPARED[:1], strict=True))
"""Each machine and the next one."""
DELL, HP = MACHINES / "dell-r820", MACHINES / "hp-dl380e-gen8"
XHCI = scope(1, 0, (0x14, 0))
BEFORE = table(drhd(0xFED90000, flags=1), rmrr(0xBF458000, 0xBF46FFFF, XHCI))
GUEST = 'name = "{}"\ntype = "hvm"\nmemory = {}\npci = [ "00:14.0" ]\n'


def _file(path: Path, content: bytes | str) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", COMPARED)
def test_a_machine_does_not_differ_from_itself(name: str, capsys: Capture) -> None:
    ran = run(capsys, "diff", MACHINES / name, MACHINES / name, "--json")

    answer = ran.document["answer"]
    assert (answer["differs"], answer["facts"], answer["units"]) == (False, [], [])
    assert ran.code == (0 if answer["hindrance"] is None else 2)


@pytest.mark.parametrize("pair", PAIRS, ids=">".join)
def test_two_machines_give_a_sound_document(pair: tuple[str, str], capsys: Capture) -> None:
    ran = run(capsys, "diff", *(MACHINES / name for name in pair), "--json")

    comparable = ran.document["answer"]["hindrance"] is None
    assert ran.code == (1 if comparable else 2)
    assert ran.document["answer"]["differs"] or not comparable


@pytest.mark.parametrize("pair", PAIRS, ids=">".join)
def test_no_line_is_wider_than_a_terminal(pair: tuple[str, str], capsys: Capture) -> None:
    hosts = [MACHINES / name for name in pair]

    ran = run(capsys, "diff", *hosts, "--guest", HP / "guests", "--xen", "4.17")

    wide = [line for line in ran.out.splitlines() if len(line) > 80]
    assert [line for line in wide if str(MACHINES) not in line] == []


@pytest.mark.parametrize(
    "name", [name for name in COMPARED if list((MACHINES / name).glob("root/sys/firmware/acpi/tables/*"))]
)  # fmt: skip
def test_what_a_bare_table_does_not_know_is_not_told_as_gone(
    name: str, capsys: Capture, worded: Worded
) -> None:
    bare = next((MACHINES / name).glob("root/sys/firmware/acpi/tables/[DR]MA[RD]"), None)
    if bare is None:
        pytest.skip("the machine has no table")

    ran = run(capsys, "diff", MACHINES / name, bare)

    assert ran.code == 0
    worded(ran.out)


def test_two_servers_are_told_apart(capsys: Capture, worded: Worded) -> None:
    ran = run(capsys, "diff", DELL, HP)

    lines = ran.out.splitlines()
    assert ran.code == 1
    worded(" ".join(lines[:2]), "8 ", "2 ", "6 ")
    assert any({"0xbf450000-0xbf450fff,", "0000:00:1a.0"} <= set(line.split()) for line in lines)
    worded(lines)


def test_a_firmware_update_after_which_a_guest_no_longer_starts(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    before = _file(tmp_path / "before.bin", BEFORE)
    moved = rmrr(0x5FA2A000, 0x5FA41FFF, XHCI)
    after = _file(tmp_path / "after.bin", table(drhd(0xFED90000, flags=1), moved))
    _file(tmp_path / "usb.cfg", GUEST.format("usb", 2800))
    _file(tmp_path / "small.cfg", GUEST.format("small", 512))
    guests = [f"--guest={tmp_path / name}" for name in ("usb.cfg", "small.cfg")]

    ran = run(capsys, "diff", before, after, *guests, "--xen", "4.17")

    assert ran.code == 1
    lines = ran.out.splitlines()
    worded(lines[0], "1 guest", "1 region")
    text = " ".join(ran.out.split())
    assert "libxl" in text
    assert "rdm_mem_boundary" in text
    assert "0xbf458000-0xbf46ffff -> 0x5fa2a000-0x5fa41fff, 96 KiB" in text

    back = run(capsys, "diff", after, before, *guests, "--xen", "4.17", "--json")
    answer = back.document["answer"]
    assert [one["fate"] for one in answer["guests"]["changed"]][:1] == ["starts-now"]


def test_a_guest_whose_address_names_another_device_now_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, worded: Worded
) -> None:
    hosts = {
        name: host_of(BEFORE, [Function(sbdf="0000:00:14.0", ids=ids)])
        for name, ids in (("a", (0x8086, 0x9D2F)), ("b", (0x10EC, 0x8168)))
    }
    _file(tmp_path / "g.cfg", GUEST.format("g", 2800))
    monkeypatch.setattr(
        "dmaragent.question.ask_host.open_host",
        lambda path: opening.OpenedHost(hosts[path], open_tree.RECORDED, path),
    )

    ran = run(capsys, "diff", "a", "b", "--guest", tmp_path / "g.cfg")

    worded(ran.out.splitlines()[0], "1 guest")
    worded(lines_about(ran.out, "8086:9d2f"), "0000:00:14.0", "8086:9d2f -> 10ec:8168")


def test_a_guest_that_stops_is_told_as_such_even_where_its_device_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture, worded: Worded
) -> None:
    moved = table(drhd(0xFED90000, flags=1), rmrr(0x5FA2A000, 0x5FA41FFF, XHCI))
    hosts = {
        name: host_of(data, [Function(sbdf="0000:00:14.0", ids=ids)])
        for name, data, ids in (("a", BEFORE, (0x8086, 0x9D2F)), ("b", moved, (0x10EC, 0x8168)))
    }
    _file(tmp_path / "g.cfg", GUEST.format("g", 2800))
    monkeypatch.setattr(
        "dmaragent.question.ask_host.open_host",
        lambda path: opening.OpenedHost(hosts[path], open_tree.RECORDED, path),
    )

    ran = run(capsys, "diff", "a", "b", "--guest", tmp_path / "g.cfg", "--xen", "4.17")

    worded(ran.out.splitlines()[0], "1 guest")
    worded(lines_about(ran.out, "8086:9d2f"), "0000:00:14.0", "8086:9d2f -> 10ec:8168")


def test_a_guest_that_starts_with_other_warnings_shows_them(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    before = _file(tmp_path / "before.bin", BEFORE)
    moved = rmrr(0x5FA2A000, 0x5FA41FFF, XHCI)
    after = _file(tmp_path / "after.bin", table(drhd(0xFED90000, flags=1), moved))
    relaxed = GUEST.format("g", 2800) + 'rdm = "strategy=host,policy=relaxed"\n'
    guest = _file(tmp_path / "g.cfg", relaxed.replace("00:14.0", "00:14.0,rdm_policy=relaxed"))

    ran = run(capsys, "diff", before, after, "--guest", guest, "--xen", "4.17")

    lines = ran.out.splitlines()
    worded(lines[0], "1 guest")
    assert any(one.startswith("    B  ") for one in lines)


def test_a_file_of_a_folder_without_a_name_is_no_guest(tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "guests").mkdir()
    _file(tmp_path / "guests/pool.cfg", "memory = 512\n")

    ran = run(capsys, "diff", HP, HP, "--guest", tmp_path / "guests")

    _, _, after = ran.err.partition("pool.cfg")
    assert all(key in after for key in ("name", "memory", "type", "devices"))
    assert (ran.code, ran.out) == (2, "")  # no guest was compared


@pytest.mark.parametrize(("release", "severity"), [("4.17", "warning"), ("4.19", "critical")])
def test_findings_are_of_the_release_that_is_named(
    release: str, severity: str, capsys: Capture
) -> None:
    hosts = [MACHINES / "qemu-q35-rmrr", MACHINES / "dell-r820"]

    found = run(capsys, "diff", *hosts, "--xen", release, "--json").document["answer"]["findings"]

    in_ram = [one["a"]["severity"] for one in found if (one["a"] or {}).get("id") == "rmrr-in-ram"]
    assert set(in_ram) == {severity}


def test_without_b_it_is_this_machine(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setattr(live, "LiveHost", lambda: host_of(BEFORE, []))

    ran = run(capsys, "diff", DELL)

    assert "\nB  This machine\n" in ran.out
    assert run(capsys, "diff", "/").out == "No differences\nA  This machine\nB  This machine\n"


def test_the_list_of_the_hypervisor_is_not_held_against_a_predicted_one(capsys: Capture) -> None:
    dom0 = MACHINES / "xen-pv-dom0"

    ran = run(capsys, "diff", dom0, dom0, "--xen", "4.14", "--json")
    assert ran.document["answer"]["differs"] is False

    answer = run(capsys, "diff", dom0, MACHINES / "qemu-q35-rmrr", "--json").document["answer"]
    assert answer["xen"] == []
    assert "xen-list" in [one["what"] for one in answer["not_compared"]]
    assert all(each["what"] != "xen" for one in answer["regions"] for each in one["changes"])


def test_lists_of_two_hypervisors_are_compared_even_without_a_table(
    capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "diff", MACHINES / "synthetic-pvh-dom0", MACHINES / "xen-pv-dom0")

    assert ran.code == 1
    worded(ran.out, "0x7b890000-0x7b89ffff")


@pytest.mark.parametrize(
    "arguments",
    [
        (DELL, MACHINES / UNREADABLE),
        (DELL, "no-such-file"),
        (DELL, DELL, "--guest", "no-such.cfg"),
        (DELL, DELL, "--xen", "4.x"),
    ],
    ids=["no table", "no host", "no guest", "no release"],
)
def test_what_cannot_be_compared_is_one_line_and_a_next_step(
    arguments: tuple[object, ...], capsys: Capture, worded: Worded
) -> None:
    ran = run(capsys, "diff", *arguments)

    assert (ran.code, ran.out) == (2, "")
    worded(ran.err.splitlines()[0])
    worded(ran.err)


def test_a_side_that_cannot_be_compared_has_a_document_that_says_so(capsys: Capture) -> None:
    ran = run(capsys, "diff", DELL, MACHINES / UNREADABLE, "--json")

    answer = ran.document["answer"]
    assert ran.code == 2
    assert (answer["hindrance"]["side"], answer["regions"]) == ("b", [])


def test_what_a_firmware_or_a_guest_says_cannot_address_the_terminal(
    tmp_path: Path, capsys: Capture
) -> None:
    evil = b"\x1b[2Jx\n"
    after = table(
        rmrr(0xBF458000, 0xBF46FFFF, XHCI), andd(1, b"\\_SB.\x1b[2J\0"), structure(99, evil)
    )
    paths = [
        _file(tmp_path / "a\x1b[2J.bin", BEFORE),
        _file(tmp_path / "b.bin", resummed(patched(after, [(10, b"\x1b[2J\xff\0")]))),
    ]
    _file(tmp_path / "g.cfg", GUEST.format("\x1b[2J", 2800))

    ran = run(capsys, "diff", *paths, "--guest", tmp_path / "g.cfg")

    assert all(one.isprintable() for one in ran.out.split("\n"))
    assert "table OEM" in ran.out
