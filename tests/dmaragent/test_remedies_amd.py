"""The fixes on AMD: for a device under an IVMD block, and for a Xen that switches AMD-Vi off."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dmaragent.answers.explain import Explanation
from dmaragent.host import Host
from dmaragent.inventory import take_inventory
from dmaragent.passthrough.region_coverage import BOARDS
from dmaragent.releases import Release
from dmaragent.remedies.devices import amd_words as words
from dmaragent.remedies.devices.amd import refused_by_xen
from dmaragent.remedies.remedy import DeviceRemedy
from dmaragent.remedies.table_override import OverrideReader, TableOverride, table_override
from fwtables import IVMD, IVRS, decode, encode
from fwtables.without_regions import without_regions
from support.amd_inventories import WIDE, amd_host
from support.explained import told
from support.ivmd_hosts import with_xen
from support.ivrs_hosts import predict
from support.ivrs_tables import ivmd

VGA, NIC = "01:00.0", "11:00.0"
KERNELS = {
    "debian": "6.12.0-1-amd64",
    "proxmox": "6.8.12-4-pve",
    "fedora": "6.12.4-200.fc41.x86_64",
    "qubes": "6.12.4-1.qubes.fc37.x86_64",
    "suse": "6.4.0-150600.23.25-default",
    "unknown": "6.12.0",
}
NO_FLAGS = ivmd(0x90000000, 0x1000, flags=0, device=0x0100)


def titles(answer: Explanation) -> list[str]:
    return [remedy.title for remedy in answer.remedies]


def override_of(host: Host, reader: OverrideReader, *numbers: int) -> TableOverride:
    found = table_override(take_inventory(host), numbers, reader)
    assert found is not None
    return found


def of_table(host: Host) -> bytes:
    assert host.reading is not None
    assert isinstance(host.reading.content, bytes)
    return host.reading.content


# Linux ------------------------------------------------------------------------------------


def test_the_ways_out_are_in_order_and_name_the_regions() -> None:
    answer = told(amd_host(*WIDE), VGA)

    assert titles(answer) == [
        words.SETUP,
        "Boot with a copy of the table without regions 1-2",
        words.WITHOUT,
    ]
    assert "--without all" in " ".join(answer.remedies[1].lines)


def test_a_device_without_a_region_is_named_and_has_no_such_fixes() -> None:
    assert answer_lines(told(amd_host(*WIDE), VGA), words.WITHOUT) == (
        f"dmaragent explain 0000:{NIC}",
    )
    assert words.SETUP not in titles(told(amd_host(*WIDE), NIC))


def answer_lines(answer: Explanation, title: str) -> tuple[str, ...]:
    return next(remedy.lines for remedy in answer.remedies if remedy.title == title)


def test_an_old_kernel_is_not_offered_where_it_runs() -> None:
    host = amd_host(ivmd(0x180000000, 0x1000, device=0x0100), kernel="6.1.0-1-amd64")

    assert words.WITHOUT not in titles(told(host, VGA))


def test_only_the_regions_of_the_devices_group_are_left_out() -> None:
    other = ivmd(0x9B000000, 0x1000, device=0x1100)
    mate = ivmd(0x9C000000, 0x1000, device=0x0101)

    lines = answer_lines(
        told(amd_host(other, WIDE[0], mate), VGA),
        "Boot with a copy of the table without regions 2-3",
    )

    assert any(line.endswith(" --without 2 --without 3") for line in lines)


@pytest.mark.parametrize("preboot", [True, False])
def test_the_table_shows_whether_the_setting_is_the_cause(preboot: bool) -> None:  # noqa: FBT001
    info = 0x203041 | 2 * preboot
    setup = told(amd_host(*WIDE, info=info), VGA).remedies[0]

    assert "likely to help" in setup.explanation
    assert ("less likely" in setup.explanation) is not preboot


# The commands -----------------------------------------------------------------------------


def run(lines: tuple[str, ...], folder: Path, host: Host) -> None:
    """Run `lines` in a shell whose absolute paths are below `folder`, with other tools as stubs."""
    for name in ("bin", "etc/grub.d", "etc/dracut.conf.d", "boot/grub", "boot/grub2", "var/lib"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "IVRS").write_bytes(of_table(host))
    python = f'exec {shlex.quote(sys.executable)} -m dmaragent "$@"'
    stubs = ("apt", "update-initramfs", "dracut", "update-grub", "grub2-mkconfig")
    for name, body in {"dmaragent": python, **dict.fromkeys(stubs, "exit 0")}.items():
        stub = folder / "bin" / name
        stub.write_text(f"#!/bin/sh\n{body}\n")
        stub.chmod(0o755)
    assert host.reading is not None
    here = "\n".join(lines).replace(host.reading.path, f"{folder}/IVRS")
    for place in ("/etc/", "/boot/", "/var/lib/"):
        here = here.replace(f" {place}", f" {folder}{place}")
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    subprocess.run(["sh", "-ec", here], cwd=folder, env={**os.environ, "PATH": path}, check=True)


@pytest.mark.parametrize(
    ("kernel", "place"),
    [
        ("debian", "var/lib/acpi-override/ivrs.aml"),
        ("proxmox", "var/lib/acpi-override/ivrs.aml"),
        ("fedora", "etc/acpi-override/ivrs.aml"),
        ("qubes", "etc/acpi-override/ivrs.aml"),
        ("suse", "etc/acpi-override/ivrs.aml"),
    ],
)
def test_the_commands_for_linux_put_the_cut_table_where_its_initrd_takes_it(
    kernel: str, place: str, tmp_path: Path
) -> None:
    host = amd_host(*WIDE, kernel=KERNELS[kernel])
    found = override_of(host, OverrideReader.LINUX, 1)

    run(found.lines, tmp_path, host)

    written = (tmp_path / place).read_bytes()
    assert written == encode(without_regions(decode(of_table(host)), {1}))
    conf = tmp_path / "etc/dracut.conf.d/acpi.conf"
    assert conf.exists() is (kernel in ("fedora", "qubes", "suse"))
    run(found.undo, tmp_path, host)
    assert not conf.exists()


def test_an_archive_for_other_loaders_has_the_table_in_the_kernels_place(tmp_path: Path) -> None:
    host = amd_host(*WIDE, kernel=KERNELS["unknown"])
    found = override_of(host, OverrideReader.LINUX, 1)
    *before, archive = found.lines
    assert archive.startswith("find kernel | cpio -o -H newc > ")

    run(tuple(before), tmp_path, host)

    assert (tmp_path / "kernel/firmware/acpi/ivrs.aml").exists()
    assert "acpi-override.cpio" in found.edit


@pytest.mark.parametrize(
    ("kernel", "folder"),
    [("debian", "boot/grub"), ("fedora", "boot/grub2"), ("unknown", "boot/grub")],
)
def test_the_commands_for_xen_write_grubs_command(kernel: str, folder: str, tmp_path: Path) -> None:
    host = with_xen(amd_host(*WIDE, kernel=KERNELS[kernel]), "")
    found = override_of(host, OverrideReader.XEN, 1, 2)

    run(found.lines, tmp_path, host)

    script = tmp_path / "etc/grub.d/09_ivrs"
    printed = subprocess.run([script], capture_output=True, text=True, check=True).stdout
    assert printed == "acpi --exclude=IVRS $prefix/ivrs.aml\n"
    table = decode((tmp_path / folder / "ivrs.aml").read_bytes()).table
    assert isinstance(table, IVRS)
    assert not any(isinstance(block, IVMD) for block in table.blocks)
    run(found.undo, tmp_path, host)
    assert not script.exists()


def test_many_regions_are_left_out_by_one_command_of_several_lines(tmp_path: Path) -> None:
    blocks = [ivmd(0x90000000 + 0x1000 * n, 0x1000, device=0x0100 + n) for n in range(9)]
    host = amd_host(*blocks)
    found = override_of(host, OverrideReader.LINUX, *range(1, 9))

    run(found.make, tmp_path, host)

    assert max(map(len, found.make)) <= 74
    table = decode((tmp_path / "ivrs.aml").read_bytes()).table
    assert isinstance(table, IVRS)
    assert sum(isinstance(block, IVMD) for block in table.blocks) == 1


def test_a_damaged_table_and_no_region_have_no_override() -> None:
    damaged = amd_host(b"\x21\x08\x00\x00" + bytes(28))

    assert table_override(take_inventory(damaged), [1], OverrideReader.LINUX) is None
    assert table_override(take_inventory(amd_host(*WIDE)), [], OverrideReader.LINUX) is None


# Xen --------------------------------------------------------------------------------------


def under_xen(*blocks: bytes, release: str = "4.17.7") -> Host:
    return with_xen(amd_host(*blocks), "", release=release)


def xen_fixes(host: Host, release: str) -> list[DeviceRemedy]:
    return list(told(host, NIC, release).remedies)


def test_a_newer_xen_mends_a_range_over_devices_without_an_iommu() -> None:
    found = xen_fixes(under_xen(*WIDE), "4.17.7")

    assert found[0].title.startswith("Update Xen to")
    assert [remedy.title for remedy in found[1:]] == [
        words.SETUP,
        "Boot with a copy of the table without regions 1-2",
    ]
    for release in ("4.18.4", "4.19.1", "4.22"):
        assert release in found[0].explanation
    assert "4.19.0" not in found[0].explanation


def test_no_release_mends_a_block_without_flags() -> None:
    found = xen_fixes(under_xen(WIDE[0], NO_FLAGS, release="4.20.0"), "4.20.0")

    assert [remedy.title for remedy in found] == [
        words.SETUP,
        "Boot with a copy of the table without region 2",
    ]


@pytest.mark.parametrize(
    ("blocks", "release", "expected"),
    [
        ((*WIDE, NO_FLAGS), "4.20.0", (3,)),
        ((NO_FLAGS, WIDE[0], NO_FLAGS), "4.20.0", (1, 3)),
        (WIDE, "4.20.0", ()),
        (WIDE, "4.17.7", (1, 2)),
        ((NO_FLAGS,) * 16, "4.20.0", tuple(range(1, 17))),
        ((NO_FLAGS,) * 17, "4.20.0", ()),
    ],
)
def test_the_regions_that_xen_refuses_are_those_without_which_it_works(
    blocks: tuple[bytes, ...], release: str, expected: tuple[int, ...]
) -> None:
    host = under_xen(*blocks, release=release)

    cut = refused_by_xen(take_inventory(host, Release.parse(release)))

    assert cut == expected
    if cut:
        shorter = encode(without_regions(decode(of_table(host)), cut))
        assert not predict(shorter, release, topology=host.topology).iommu_disabled


# What the host rules out --------------------------------------------------------------------

EVERY = ivmd(0x9618E000, 1, kind=0x22, device=0, auxiliary=0xFFFF)


def test_another_device_is_not_offered_if_every_device_has_a_region() -> None:
    host = amd_host(EVERY)

    assert words.ALL_COVERED in titles(told(host, VGA))
    assert words.WITHOUT not in titles(told(host, VGA))


def test_the_short_form_of_the_setting_has_what_is_known_of_the_board() -> None:
    known = told(amd_host(*WIDE, board="MPG X870E CARBON WIFI (MS-7E49)"), VGA)
    other = told(amd_host(*WIDE), VGA)
    without = told(amd_host(*WIDE, info=0x203041), VGA)

    assert BOARDS["MPG X870E CARBON WIFI"] in known.remedies[-1].cost
    costs = {setting_of(answer).cost for answer in (known, other, without)}
    assert len(costs) == 3


def setting_of(answer: Explanation) -> DeviceRemedy:
    return next(remedy for remedy in answer.remedies if remedy.title == words.SETUP)


def test_a_setting_that_the_board_is_known_not_to_have_comes_last() -> None:
    known = told(amd_host(*WIDE, board="MPG X870E CARBON WIFI (MS-7E49)"), VGA)

    assert titles(known)[-1] == words.SETUP
    assert titles(told(amd_host(*WIDE), VGA))[0] == words.SETUP
    assert "likely to help" not in setting_of(known).explanation


@pytest.mark.parametrize(
    ("firmware", "fact"),
    [
        (None, "version is unknown"),
        ("AMI 1.A80 01/02/2025", "This host has that version"),
        ("AMI 1.A90 01/02/2026", "This host has AMI 1.A90"),
    ],
)
def test_the_firmware_of_the_host_is_only_claimed_if_it_is_known(
    firmware: str | None, fact: str
) -> None:
    host = amd_host(*WIDE, board="MPG X870E CARBON WIFI (MS-7E49)")
    host = host._replace(machine=host.machine._replace(firmware=firmware))

    setting = setting_of(told(host, VGA))

    assert fact in setting.explanation
    assert fact.lower() in setting.cost.lower()
