"""The devices of a fleet: whose verdict is shown, why it is unknown, and what is counted."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from dmaragent.answers.devices import Verdict, device_rows
from dmaragent.fleet.devices import DeviceOnHost, DevicesOfHost, deciding_verdict
from dmaragent.fleet.records import NoData, Why
from dmaragent.fleet.text import devices_text
from dmaragent.fleet.words import NOT_THERE
from dmaragent.passthrough.model import Can
from dmaragent.pci_classes import class_names, is_class_name, may_be_class
from dmaragent.question.ask_host import ask_host
from dmaragent.question.context import Question
from support.altered import Answers, altered
from support.cli import run
from support.machines import MACHINES

LOST = (NoData("x", Why.STALE, "old"),)
Capture = pytest.CaptureFixture[str]
BLOCKED_BY_XEN = "synthetic-ivmd-flags-zero"
"""Linux allows its devices; a Xen that runs there switches AMD-Vi off."""


def folder_of(tmp_path: Path, *machines: str) -> Path:
    for name in machines:
        shutil.copytree(MACHINES / name, tmp_path / "pool" / name)
    return tmp_path / "pool"


def asked(
    capsys: Capture, device: str, folder: Path, *options: str
) -> tuple[str, dict[str, object]]:
    """Return the text about a device, and the answer as an object."""
    ask = ("fleet", "device", device, "--on", str(folder), "--no-cache", *options)
    text = run(capsys, *ask).out
    answer: dict[str, object] = json.loads(run(capsys, *ask, "--json").out)["answer"]
    return text, answer


def test_xen_decides_if_its_release_is_named(tmp_path: Path, capsys: Capture) -> None:
    pool = folder_of(tmp_path, BLOCKED_BY_XEN)

    plain, of_linux = asked(capsys, "00:14.0", pool)
    named, of_xen = asked(capsys, "00:14.0", pool, "--xen", "4.17")

    assert [(row["can"], row["decides"]) for row in of_linux["devices"]] == [  # type: ignore[attr-defined]
        ("yes", ["linux"])
    ]
    assert [(row["can"], row["decides"]) for row in of_xen["devices"]] == [  # type: ignore[attr-defined]
        ("no", ["xen"])
    ]
    assert "allowed (Linux): 0000:00:14.0" in plain
    assert "blocked (Xen): 0000:00:14.0" in named


def test_labels_for_schedulers_are_xens_if_its_release_is_named(
    tmp_path: Path, capsys: Capture
) -> None:
    pool = folder_of(tmp_path, BLOCKED_BY_XEN)
    export = ("fleet", "export", str(pool), "--nfd", "--no-cache")

    assert "storage-blocked=0" in run(capsys, *export).out
    assert "storage-blocked=0" not in run(capsys, *export, "--xen", "4.17").out


def test_an_unknown_verdict_has_its_reason(tmp_path: Path, capsys: Capture) -> None:
    """As in `explain`; and a table alone, of which it is unknown whether Xen runs."""
    pool = folder_of(tmp_path, "asus-nuc14-satc")
    table = MACHINES / "hp-dl380e-gen8/root/sys/firmware/acpi/tables/DMAR"
    shutil.copy(table, pool / "table.bin")

    text, answer = asked(capsys, "00:14.0", pool)
    rows: list[dict[str, object]] = answer["devices"]  # type: ignore[assignment]

    assert [row["can"] for row in rows] == ["unknown"] * len(rows)
    assert all(row["reasons"] for row in rows)
    assert "Reason: " in text
    assert "IOMMU group" in text


def device(host: str, address: str, key: str, can: Can) -> DevicesOfHost:
    found = DeviceOnHost(address, key, can, ("linux",), None, 0, "")
    return DevicesOfHost(host, (found,), "")


def test_equal_verdicts_are_together_and_the_best_is_first() -> None:
    answers = [
        device("a", "0000:00:01.0", "blocked", Can.NO),
        device("b", "0000:00:02.0", "blocked", Can.NO)._replace(host="b"),
        device("c", "0000:00:03.0", "allowed", Can.YES),
        device("d", "0000:00:04.0", "allowed-if", Can.CONDITIONS),
        device("e", "0000:00:05.0", "allowed-with-risk", Can.CONDITIONS),
    ]

    headline, *lines = devices_text("ethernet", answers, ())

    assert headline.startswith(
        "ethernet: 1 of 5 hosts can pass such a device through, 2 more on conditions"
    )
    text = "\n".join(lines)
    places = [text.find(own) for own in ("00:03.0 on c", "00:05.0 on e", "00:04.0 on d", "blocked")]
    assert -1 not in places
    assert places == sorted(places)
    assert "2 devices (0000:00:01.0" in text


def test_the_verdict_of_most_devices_is_first_and_hosts_without_one_are_before_unknown_ones() -> (
    None
):
    few = device("a", "0000:00:01.0", "allowed-if", Can.CONDITIONS)
    fix = few.devices[0]._replace(remedy="a fix")
    others = [DevicesOfHost("z", (), ""), DevicesOfHost("y", (), "a reason")]
    doubtful = few._replace(devices=(fix,), unknown="another may be one")
    many = [
        device(host, "0000:00:02.0", "allowed-if", Can.CONDITIONS)._replace(
            devices=(few.devices[0]._replace(remedy="z fix"),)
        )
        for host in "bc"
    ]

    text = " ".join(" ".join(devices_text("usb", [*others, doubtful, *many], LOST)).split())

    assert text.startswith("usb: 0 of 6 hosts ")
    order = [text.find(part) for part in ("z fix", "a fix", NOT_THERE, "a reason: 1", "another")]
    assert -1 not in order
    assert order == sorted(order)
    assert "0000:00:01.0 on b c" in text


def test_a_device_that_is_free_needs_no_fix_and_is_named_by_its_address_once() -> None:
    free = DeviceOnHost("0000:00:01.0", "allowed", Can.YES, ("linux",), None, 0, "")
    answers = [
        DevicesOfHost("a", (free,), ""),
        DevicesOfHost("b", (free._replace(remedy="a fix"),), ""),
    ]

    text = " ".join(devices_text("usb", answers, ()))

    assert "0000:00:01.0 on a b" in text
    assert "a fix" not in text
    assert not free.conditional


def test_many_devices_of_a_host_are_not_only_a_number() -> None:
    many = tuple(
        DeviceOnHost(f"0000:00:0{at}.0", "allowed", Can.YES, ("linux",), None, 0, "")
        for at in range(6)
    )

    text = "\n".join(devices_text("usb", [DevicesOfHost("a", many, "")], ()))

    assert "0000:00:03.0 and 2 more" in " ".join(text.split())


def test_the_manual_lists_every_class() -> None:
    page = " ".join((MACHINES.parents[1] / "docs/manual.md").read_text().split())

    assert [name for name in class_names() if name not in page] == []
    assert all(map(is_class_name, class_names()))


@pytest.mark.parametrize("name", ["", "-", " () ", "nic"])
def test_marks_and_other_words_name_no_class(name: str) -> None:
    assert not is_class_name(name)
    assert may_be_class(0x020000, name) is False


def test_an_unknown_class_names_others(tmp_path: Path, capsys: Capture) -> None:
    ran = run(capsys, "fleet", "device", "nic", "--on", str(tmp_path))

    assert ran.code == 2
    assert "network" in ran.err
    assert "dmaragent(8)" in ran.err


XHCI = "/sys/devices/pci0000:00/0000:00:14.0"


@pytest.mark.parametrize(
    ("device", "files", "code"),
    [
        ("8086:9ded", {"vendor": None, "device": None}, 2),
        ("8086:9ded", {"device": None}, 2),
        ("1234:9ded", {"device": None}, 1),
        ("uhci", {"class": b"0x0c03\n"}, 2),
        ("usb", {"class": b"0x0c03\n"}, 0),
    ],
)
def test_a_device_of_unknown_id_or_class_may_be_the_one(
    tmp_path: Path, capsys: Capture, device: str, files: Answers, code: int
) -> None:
    """00:14.0 is 8086:9ded, an xHCI controller."""
    pool = tmp_path / "pool"
    altered("lenovo-laptop", pool / "h", {f"{XHCI}/{name}": own for name, own in files.items()})

    text, answer = asked(capsys, device, pool)

    assert run(capsys, "fleet", "device", device, "--on", str(pool), "--no-cache").code == code
    assert ("the ID or class of 0000:00:14.0" in text) is (code == 2)
    assert answer["functions_unknown"] == (["h"] if code == 2 else [])
    assert answer["without_device"] == (["h"] if code == 1 else [])


@pytest.mark.parametrize(
    ("device", "options", "verdict"),
    [
        ("144d:a808", (), "allowed"),
        ("8086:9db0", (), "blocked"),
        ("8086:3ea0", (), "allowed"),
        ("8086:3ea0", ("--xen", "4.17"), "allowed-if"),
    ],
)
def test_a_host_whose_device_is_not_free_may_have_another_that_is(
    tmp_path: Path, capsys: Capture, device: str, options: tuple[str, ...], verdict: str
) -> None:
    """The ID of 00:14.0 is unknown; an SSD, a bridge and a display device have known ones."""
    pool = tmp_path / "pool"
    altered("lenovo-laptop", pool / "h", {f"{XHCI}/vendor": None, f"{XHCI}/device": None})

    text, answer = asked(capsys, device, pool, *options)
    rows: list[dict[str, object]] = answer["devices"]  # type: ignore[assignment]

    assert [row["verdict"] for row in rows] == [verdict]
    assert answer["functions_unknown"] == (["h"] if verdict != "allowed" else [])
    assert ("0000:00:14.0" in text) is (verdict != "allowed")


def test_a_class_of_which_only_a_part_is_known_may_be_another() -> None:
    assert may_be_class(None, "usb") is None
    assert may_be_class(0x0C0330, "uhci") is False
    assert may_be_class(0x0C0300, "usb", interface_known=False) is True
    assert may_be_class(0x0C0300, "xhci", interface_known=False) is None
    assert may_be_class(0x0C0300, "network", interface_known=False) is False


def test_a_risk_that_one_of_two_sides_has_is_in_the_verdict_of_both() -> None:
    asked = ask_host(str(MACHINES / "hp-dl380e-gen8"), Question())
    row = device_rows(asked.inventory, asked.facts, asked.stack)[0]
    both = replace(row, decides=("xen", "linux"), xen=Verdict(Can.CONDITIONS))

    found = deciding_verdict(replace(both, linux=Verdict(Can.CONDITIONS, risk=True)))

    assert found == Verdict(Can.CONDITIONS, risk=True)


PROXMOX = {
    "/proc/sys/kernel/osrelease": b"6.8.12-4-pve\n",
    "/proc/cmdline": b"intel_iommu=on,relax_rmrr\n",
    "/sys/kernel/iommu_groups/15/reserved_regions": (
        b"0x000000003c120000 0x000000003c12ffff direct-relaxable\n"
    ),
}


def test_a_device_that_is_allowed_with_risk_only_is_not_free(
    tmp_path: Path, capsys: Capture
) -> None:
    """A kernel with relax_rmrr passes 81:00.0 through, and firmware can overwrite guest RAM."""
    altered("qemu-q35-rmrr", tmp_path / "pool/h", PROXMOX)
    text, answer = asked(capsys, "81:00.0", tmp_path / "pool")
    rows: list[dict[str, object]] = answer["devices"]  # type: ignore[assignment]
    on = ("--on", str(tmp_path / "pool"), "--no-cache")

    assert [(row["verdict"], row["can"]) for row in rows] == [("allowed-with-risk", "yes")]
    assert "0 of 1 host can pass such a device through, 1 more on conditions" in " ".join(
        text.split()
    )
    assert run(capsys, "fleet", "device", "81:00.0", *on).code == 2


@pytest.mark.parametrize(("need", "code"), [(1, 0), (2, 1)])
def test_a_host_with_a_free_and_a_conditional_device_is_one_host(
    tmp_path: Path, capsys: Capture, need: int, code: int
) -> None:
    """The only host has three NVMe disks: one with conditions, and two without."""
    pool = folder_of(tmp_path, "qemu-q35-seabios")
    _, answer = asked(capsys, "NVM controller", pool)
    rows: list[dict[str, object]] = answer["devices"]  # type: ignore[assignment]

    ran = run(
        capsys,
        "fleet",
        "device",
        "NVM controller",
        "--on",
        str(pool),
        "--no-cache",
        "--need",
        str(need),
    )

    assert sorted(str(row["can"]) for row in rows) == ["on-conditions", "yes", "yes"]
    assert ran.code == code


def test_a_host_with_an_allowed_and_a_risky_device_counts_as_free() -> None:
    risky, free = (
        DeviceOnHost(f"0000:00:0{at}.0", key, Can.YES, ("linux",), None, 0, "")
        for at, key in enumerate(("allowed-with-risk", "allowed"))
    )
    answers = [DevicesOfHost("a", (risky,), ""), DevicesOfHost("b", (risky, free), "")]

    headline = next(devices_text("usb", answers, ()))

    assert headline.startswith("usb: 1 of 2 hosts can pass such a device through, 1 more on")


def test_a_device_that_only_a_region_names_is_not_there(tmp_path: Path, capsys: Capture) -> None:
    """The firmware of the HP names 00:1f.5, which is not present; a table alone cannot tell."""
    pool = folder_of(tmp_path, "hp-dl380e-gen8")
    table = MACHINES / "hp-dl380e-gen8/root/sys/firmware/acpi/tables/DMAR"
    shutil.copy(table, pool / "table.bin")

    text, answer = asked(capsys, "00:1f.5", pool)

    assert answer["without_device"] == ["hp-dl380e-gen8"]
    assert [row["host"] for row in answer["devices"]] == ["table"]  # type: ignore[attr-defined]
    assert "1 has one" in " ".join(text.split())
