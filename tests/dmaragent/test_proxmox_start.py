"""The next start of a Proxmox guest makes its pending changes, and its lock can prevent it."""

from pathlib import Path

import pytest

from dmaragent.addresses import MIB
from dmaragent.guests.formats import read_all_guests
from dmaragent.guests.kvm_guest import KvmGuest
from support.cli import run
from support.machines import MACHINES
from support.wording import Worded

FIRST = "ostype: l26\nmemory: 4096\nmachine: q35\n"
HOST = ("--host", MACHINES / "qemu-q35-rmrr")
"""Linux refuses 81:00.0 there, and allows 00:03.0."""


def _guest(text: str, source: str = "101.conf") -> KvmGuest:
    (guest,) = read_all_guests(text, source)
    assert isinstance(guest, KvmGuest)
    return guest


def _devices(guest: KvmGuest) -> list[tuple[str, str]]:
    return [(str(one.sbdf), one.place) for one in guest.devices]


@pytest.mark.parametrize(
    ("first", "pending", "word"),
    [
        ("", "hostpci0: 81:00", "will not start"),
        ("hostpci0: 81:00.0\n", "delete: hostpci0", "will start"),
        ("hostpci0: 81:00.0\n", "hostpci0: 00:03.0", "will start"),
        ("hostpci0: 00:03.0\n", "hostpci0: 81:00.0", "will not start"),
        ("hostpci0: 00:03.0\n", "hostpci0: mapping=gpu", "unknown"),
        ("hostpci0: 00:03.0\n", "numa: 0\nhotplug: memory", "will not start"),
    ],
)
def test_the_verdict_is_that_of_the_next_start(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, first: str, pending: str, word: str
) -> None:
    conf = tmp_path / "101.conf"
    conf.write_text(f"{FIRST}{first}\n[PENDING]\n{pending}\n\n[before]\nhostpci5: 81:00.0\n")

    answer = run(capsys, "resolve", conf, *HOST)

    assert answer.code == {"will start": 0, "will not start": 1, "unknown": 2}[word]
    assert word in answer.out
    assert "[PENDING]" in answer.out


@pytest.mark.parametrize(
    "deletion",
    [
        "delete: hostpci0,hostpci1",
        "delete: !hostpci0,!hostpci1",
        "delete: hostpci1; hostpci0",
        "delete:   hostpci0 hostpci1",
        "delete: hostpci3\ndelete: hostpci0,hostpci1",  # the last one counts
    ],
)
def test_the_deletions_come_first(deletion: str) -> None:
    guest = _guest(
        f"{FIRST}hostpci0: 0a:00.0\nhostpci1: 0b:00.0\nhostpci2: 0c:00.0\n"
        f"\n[PENDING]\nhostpci1: 0d:00.0\n{deletion}\n"
    )

    assert _devices(guest) == [("0000:0c:00.0", "101.conf:6"), ("0000:0d:00.0", "101.conf:9")]
    assert [note.place for note in guest.notes] == ["101.conf:8"]


def test_pending_changes_are_read_like_other_settings(worded: Worded) -> None:
    """A value that Proxmox drops leaves the one of the first part."""
    guest = _guest(
        f"{FIRST}hostpci0: 0a:00.0\n\n[pending]  \n# a comment\nmemory: 2048\n"
        "hostpci0: 0b:00.0,foo=1\nno setting\nhostpci1: 0c:00.0,pcie=1\nvmgenid: 1\n"
        "machine: pc\n[snap]\nmemory: 1024\ndelete: hostpci0\n"
    )

    assert (guest.memory, guest.machine) == (2048 * MIB, "pc")
    assert _devices(guest) == [("0000:0a:00.0", "101.conf:4"), ("0000:0c:00.0", "101.conf:11")]
    assert [one.place for one in guest.refusals] == ["101.conf:11"]  # pcie=1 without q35
    assert [one.place for one in guest.notes] == ["101.conf:9", "101.conf:6"]
    worded(guest.notes[1].text)


def test_a_dropped_value_that_replaces_nothing_is_unknown() -> None:
    guest = _guest(f"{FIRST}hostpci0: 0a:00.0\n[PENDING]\ndelete: hostpci0\nhostpci0: 0b:00,x=1\n")

    assert [one.place for one in guest.unknown] == ["101.conf:7"]
    assert guest.devices == ()


def test_of_two_pending_parts_the_last_one_counts() -> None:
    guest = _guest(f"{FIRST}[PENDING]\nhostpci0: 0a:00.0\n[s]\n[PENDING]\nhostpci1: 0b:00.0\n")

    assert [device for device, _ in _devices(guest)] == ["0000:0b:00.0"]


@pytest.mark.parametrize("pending", ["cores: 4", "memory: 4096", "delete: hostpci7"])
def test_a_change_that_decides_nothing_is_not_named(pending: str) -> None:
    assert _guest(f"{FIRST}[PENDING]\n{pending}\n").notes == ()


@pytest.mark.parametrize("lock", ["backup", "migrate", "suspending", '"backup"', "something"])
def test_a_locked_guest_is_refused(lock: str, worded: Worded) -> None:
    guest = _guest(f"{FIRST}lock: {lock}\nhostpci0: 0a:00.0\nvmstate: local:1/s\n", "/x/101.conf")

    assert [one.place for one in guest.refusals] == ["/x/101.conf:4"]
    assert lock.strip('"') in guest.refusals[0].text
    assert "qm unlock 101" in guest.refusals[0].text
    worded(guest.refusals[0].text)


@pytest.mark.parametrize("lock", ["0", '""'])
def test_perls_false_is_no_lock(lock: str) -> None:
    assert _guest(f"{FIRST}lock: {lock}\n").refusals == ()


def test_the_id_in_the_step_is_that_of_the_file() -> None:
    assert "qm unlock VMID`" in _guest(f"{FIRST}lock: backup\n", "win.conf").refusals[0].text


def test_a_lock_in_a_snapshot_refuses_nothing() -> None:
    assert _guest(f"{FIRST}[snap]\nlock: backup\n[PENDING]\nlock: backup\n").refusals == ()


def test_the_verdict_on_a_locked_guest(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    conf = tmp_path / "101.conf"
    conf.write_text(f"{FIRST}lock: backup\nhostpci0: 00:03.0\n")

    answer = run(capsys, "resolve", conf, *HOST)

    assert answer.code == 1
    assert "Proxmox" in answer.out
    assert "qm unlock 101" in " ".join(answer.out.split())


@pytest.mark.parametrize(
    ("lines", "machine"),
    [
        ("lock: suspended\nvmstate: local:101/s.raw\n", "q35"),
        ("vmstate: local:101/s.raw\n", "q35"),
        ("lock: suspended\nvmstate: local:101/s.raw\nrunningmachine: pc-q35-8.1+pve0\n", None),
    ],
)
def test_a_guest_with_a_saved_state_is_resumed(
    lines: str, machine: str | None, worded: Worded
) -> None:
    """Without its pending changes; what becomes of an assigned device is unknown."""
    guest = _guest(f"{FIRST}{lines}hostpci0: 0a:00.0\n[PENDING]\ndelete: hostpci0\nmemory: 1024\n")

    assert guest.machine == (machine or "pc-q35-8.1+pve0")
    assert [device for device, _ in _devices(guest)] == ["0000:0a:00.0"]
    assert guest.memory == 4096 * MIB
    assert (guest.refusals, len(guest.unknown), len(guest.notes)) == ((), 1, 2)
    for complaint in (*guest.notes, *guest.unknown):
        worded(complaint.text)


def test_without_devices_a_resumed_guest_is_no_question() -> None:
    guest = _guest(f"{FIRST}lock: suspended\nvmstate: local:101/s.raw\n")

    assert (guest.refusals, guest.unknown, len(guest.notes)) == ((), (), 1)


def test_a_suspended_guest_without_a_state_starts_anew(worded: Worded) -> None:
    guest = _guest(f"{FIRST}lock: suspended\nhostpci0: 0a:00.0\n[PENDING]\nhostpci0: 0b:00.0\n")

    assert (_devices(guest), guest.refusals, guest.unknown) == (
        [("0000:0a:00.0", "101.conf:5")],
        (),
        (),
    )
    assert len(guest.notes) == 2
    worded(guest.notes[1].text)


@pytest.mark.parametrize(
    ("value", "template"), [("1", True), ("yes", True), ("ON", True), ("0", False)]
)
def test_a_template_is_named_by_any_true_value(value: str, *, template: bool) -> None:
    assert bool(_guest(f"{FIRST}template: {value}\n").notes) is template
