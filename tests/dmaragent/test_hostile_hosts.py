"""Hosts that lie, loop or attack: nothing hangs, crashes, or reaches the terminal unescaped."""

import json
from pathlib import Path

import pytest

from dmaragent.collect.recorded.recording import record, write_files
from support.cli import run
from support.faults import SAID
from support.hosts import FakeHost, Function, fake_host
from support.machines import MACHINES
from support.tables import drhd, rmrr, scope, table
from support.wording import Worded, lines_about

Capture = pytest.CaptureFixture[str]
EVIL = "\x1b]0;evil\x07\x1b[2J\u202e"
BRIDGES = [
    Function(sbdf=f"0000:01:{n:02x}.0", class_code=0x060400, secondary_bus=1, subordinate_bus=255)
    for n in range(16)
]


def _recorded(host: FakeHost, tmp_path: Path) -> Path:
    write_files(record(host)[1], str(tmp_path / "machine"))
    return tmp_path / "machine"


def _evil() -> FakeHost:
    data = table(drhd(0xFED91000, flags=1), rmrr(0x1000000, 0x100FFFF, scope(1, 1, (0, 0))))
    host = fake_host(
        [Function(sbdf="0000:01:00.0", driver=EVIL, names={"ID_MODEL_FROM_DATABASE": EVIL})],
        {"DMAR": data},
    )
    text = f"{EVIL}\n".encode()
    base = "/sys/firmware/memmap"
    host.directories |= {base: ("0",), "/sys/bus/pci/slots": (EVIL,)}
    host.files |= {
        f"/sys/bus/pci/slots/{EVIL}/address": b"0000:01:00\n",
        f"{base}/0/start": b"0x0\n",
        f"{base}/0/end": b"0xffffffff\n",
        f"{base}/0/type": text,
        "/sys/class/dmi/id/sys_vendor": text,
        "/proc/sys/kernel/osrelease": text,
        "/proc/cmdline": f"intel_iommu={EVIL}\n".encode(),
        "/sys/hypervisor/type": b"xen\n",
        "/proc/xen/capabilities": b"control_d\n",
        "/sys/hypervisor/version/extra": text,
    }
    host.calls |= {
        "xl-info": f"xen_commandline : rmrr={EVIL}=0:1.0\nxen_extra : {EVIL}\n".encode(),
        "xen-rdm": b'{"entries": [[1, 1]]}',
    }
    return host


@pytest.mark.parametrize(
    "options",
    [(), ("--details",), ("--tree",), ("--wide",), ("--device", "01:00.0"), ("--json",)],
)
def test_no_control_character_of_a_host_reaches_the_terminal(
    options: tuple[str, ...], tmp_path: Path, capsys: Capture
) -> None:
    host = _evil()
    # A slot's name is a path of the recording; only plain ones can be recorded.
    host.directories["/sys/bus/pci/slots"] = ("1",)
    host.files["/sys/bus/pci/slots/1/address"] = b"0000:01:00\n"

    ran = run(capsys, "inventory", "--host", _recorded(host, tmp_path), *options)

    assert ran.code == 0
    assert all(line.isprintable() for line in ran.out.splitlines())
    if "--wide" not in options and "--json" not in options:
        lines = [line for line in ran.out.splitlines() if "--host" not in line]
        assert [line for line in lines[1:] if len(line) > 80] == []
    if "--json" in options:
        assert ran.document["answer"]["machine"]["vendor"]


def test_bridges_in_a_ring_are_shown_once(tmp_path: Path, capsys: Capture) -> None:
    data = table(drhd(0xFED91000, *[scope(2, 1, (n, 0)) for n in range(16)]))

    ran = run(
        capsys,
        "inventory",
        "--host",
        _recorded(fake_host(BRIDGES, {"DMAR": data}), tmp_path),
        "--tree",
    )

    assert ran.code == 0
    assert len([line for line in ran.out.splitlines() if "PCI bridge" in line]) == 16


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("class", b"-0x10\n"),
        ("class", b"0x123456789abc\n"),
        ("vendor", b"0x80861\n"),
        ("device", b"9" * 5000),
        ("sriov_totalvfs", b"-3\n"),
        ("secondary_bus_number", b"-1\n"),
    ],
)
def test_numbers_out_of_range_never_make_an_invalid_document(
    file: str, content: bytes, tmp_path: Path, capsys: Capture
) -> None:
    data = table(drhd(0xFED91000, flags=1), rmrr(0x1000, 0x1FFF, scope(1, 1, (0, 0))))
    host = fake_host(BRIDGES, {"DMAR": data})
    host.files[f"/sys/devices/pci0000:01/0000:01:00.0/{file}"] = content

    assert run(capsys, "inventory", "--host", _recorded(host, tmp_path), "--json").document


def test_a_group_mate_that_is_locked_is_named_on_the_card(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    data = table(drhd(0xFED91000, flags=1), rmrr(0x1000, 0x1FFF, scope(1, 0, (1, 0))))
    host = fake_host([Function(sbdf="0000:00:01.0"), Function(sbdf="0000:00:02.0")], {"DMAR": data})
    base = "/sys/kernel/iommu_groups"
    host.directories |= {base: ("4",), f"{base}/4/devices": ("0000:00:01.0", "0000:00:02.0")}
    host.files[f"{base}/4/reserved_regions"] = b"0x1000 0x1fff direct\n"

    ran = run(capsys, "inventory", "--host", _recorded(host, tmp_path), "--device", "00:02.0")

    worded(lines_about(ran.out, "0000:00:01.0"))


def test_the_tree_says_what_is_wrong_with_the_table(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    path = tmp_path / "DMAR"
    whole = (MACHINES / "dell-r820/root/sys/firmware/acpi/tables/DMAR").read_bytes()
    path.write_bytes(whole[:100])

    ran = run(capsys, "inventory", "--host", path, "--tree")

    assert ran.code == 1
    worded(ran.out)


def test_the_tree_of_a_host_without_a_table_says_why(capsys: Capture, worded: Worded) -> None:
    ran = run(capsys, "inventory", "--host", MACHINES / "synthetic-pvh-dom0", "--tree")

    worded(ran.out)


def test_an_internal_error_is_no_answer(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("\x1b[2J")

    monkeypatch.setattr("dmaragent.commands.shared.hosts.collect", fail)

    ran = run(capsys, "inventory")

    assert ran.code == 2
    assert "RuntimeError: \\x1b[2J" in ran.err.splitlines()[0]


def test_too_little_memory_is_said_in_two_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def fail(_: object) -> None:
        raise MemoryError

    monkeypatch.setattr("dmaragent.commands.shared.hosts.collect", fail)

    ran = run(capsys, "inventory")

    assert (ran.code, ran.out) == (2, "")
    assert ran.err.splitlines()[0] == SAID["memory is limited (`ulimit -v`)"]
    assert "Traceback" not in ran.err


def test_xen_without_its_library_says_why_the_list_is_predicted(
    tmp_path: Path, capsys: Capture, worded: Worded
) -> None:
    data = table(drhd(0xFED91000, flags=1), rmrr(0x1000, 0x1FFF, scope(1, 0, (1, 0))))
    host = fake_host([Function(sbdf="0000:00:01.0")], {"DMAR": data})
    host.complete = ("/", "x")
    host.files |= {"/sys/hypervisor/type": b"xen\n", "/proc/xen/capabilities": b"control_d\n"}

    ran = run(capsys, "inventory", "--host", _recorded(host, tmp_path), "--json")

    problems = json.dumps(ran.document["answer"]["problems"])
    worded(problems)
