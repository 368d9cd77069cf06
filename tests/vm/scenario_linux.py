"""Plain Linux with VT-d: what the kernel reserves for each device, and what it complains of.

The RMRRs are put in by the kernel's table override.  All but one lie in what SeaBIOS reserves at
the end of memory.  The kernel's own word (reserved_regions) is what dmaragent reports where there
is one; so its prediction is held against it too, on the same bundle without iommu_groups.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from support.tables import rmrr, scope
from vm.asking import (
    BUNDLES,
    CAPTURE,
    GROUPS,
    PRELUDE,
    answer,
    bundle,
    differing,
    inventory_without,
    only_inside,
    replayed,
    without_names,
)
from vm.firmware import with_structures
from vm.machine import Boot, Booted
from vm.suites import BOOKWORM, TRIXIE, Suite
from vm.truth import Truth

IN_CI = (BOOKWORM, TRIXIE)

UHCI, EHCI, XHCI = (scope(1, 0, (device, 0)) for device in (0x1A, 0x1D, 0x03))
DISPLAY, SATA, ABSENT = scope(1, 0, (0x02, 0)), scope(1, 0, (0x1F, 2)), scope(1, 0, (0x05, 0))
BEHIND_TWO_BRIDGES = scope(1, 0, (0x1E, 0), (1, 0), (2, 0))
BEHIND_ROOT_PORT, NVME = scope(1, 0, (0x1C, 0), (0, 0)), scope(1, 0, (0x1C, 4), (0, 0))
ON_BUS_80 = scope(1, 0x80, (0, 0), (0, 0))
BELOW_BRIDGE, BELOW_ROOT_PORT = scope(2, 0, (0x1E, 0)), scope(2, 0, (0x1C, 4))
"""All below the first is of its own group; what is below the root port, of another."""
RESERVED = 0x3FFD0000
"""Where what SeaBIOS reserves begins, on a machine of 1 GiB."""
IN_RAM = 0x3C800000
RMRRS = (
    rmrr(RESERVED, RESERVED + 0xFFF, UHCI),
    rmrr(RESERVED + 0x1000, RESERVED + 0x2FFF, BEHIND_TWO_BRIDGES),
    rmrr(RESERVED + 0x3000, RESERVED + 0x3FFF, EHCI, BEHIND_ROOT_PORT),
    rmrr(RESERVED + 0x4000, RESERVED + 0x4FFF, ON_BUS_80),
    rmrr(RESERVED + 0x5000, RESERVED + 0x5FFF, BELOW_BRIDGE),
    rmrr(RESERVED + 0x6000, RESERVED + 0x6FFF, ABSENT),
    rmrr(RESERVED + 0x7000, RESERVED + 0x7FFF, DISPLAY),
    rmrr(RESERVED + 0x8000, RESERVED + 0x8FFF, NVME, NVME),
    rmrr(RESERVED + 0xA000, RESERVED + 0xAFFF, BELOW_ROOT_PORT),
    rmrr(0xF0000, 0xFFFFF, SATA),
    rmrr(IN_RAM, IN_RAM + 0xFFFFF, XHCI),
)
INSIDE = f"""{PRELUDE}
cat /sys/firmware/acpi/tables/DMAR >dmar
{GROUPS}
ask inventory inventory
ask check check
ask explain explain 04:02.0
printf 'type = "hvm"\\nmemory = 512\\npci = ["02:00.0"]\\n' >guest.cfg
ask resolve resolve guest.cfg
{BUNDLES}"""
BOOT = Boot(name="linux", line="intel_iommu=on", inside=INSIDE, files=CAPTURE)
FLOPPY = "0x0-0xffffff direct-relaxable"
"""On the ISA bridge: Linux' workaround, not a region of the table."""
COMPLAINTS = {
    r"No firmware reserved region can cover this RMRR \[0x0*(\w+)-": "rmrr-in-ram",
    r"Your BIOS is broken; bad RMRR \[0x0*(\w+)-": "rmrr-in-ram",
}
"""The kernel's lines and the finding that says the same of the table and the memory map alone."""


@pytest.fixture(scope="module")
def machine(boot: Callable[[Boot], Booted], suite: Suite) -> Booted:
    """Boot it once."""
    return boot(with_structures(replace(BOOT, suite=suite), *RMRRS))


def test_the_kernel_took_the_table(machine: Booted) -> None:
    assert machine.read("dmar") == with_structures(BOOT, *RMRRS).table


def test_every_devices_regions_are_the_kernels(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "Linux: the reserved regions of each device's IOMMU group",
        """Left, what `dmaragent inventory` predicts from the table and the PCI topology, on a
        recording without iommu_groups. Right, /sys/kernel/iommu_groups/*/reserved_regions, in which
        direct means locked. The region 0x0-0xffffff of the ISA bridge's group is the kernel's
        floppy workaround. dmaragent reports it as that, and for no device.""",
        "device",
    )
    predicted = inventory_without(bundle(machine), "iommu_group")
    assert not any(view["by_kernel"] for each in predicted["regions"] for view in each["linux"])
    seen = reserved_by_group(machine)
    groups = answer(machine, "inventory")["linux"]["groups"]
    floppy = next(group["devices"] for group in groups if "0000:00:1f.0" in group["devices"])
    for device, (group, regions) in sorted(seen.items()):
        told = told_regions(predicted, group)
        if device in floppy:
            told.add(FLOPPY)
        section.row(device, sorted(told), sorted(regions))
    section.hold()


def test_the_floppy_workaround_is_explained(machine: Booted) -> None:
    inventory = answer(machine, "inventory")
    (told,) = (
        each["explanation"]
        for each in inventory["differences"]
        if "floppy workaround" in each["explanation"]
    )
    (group,) = (
        each["number"] for each in inventory["linux"]["groups"] if "0000:00:1f.0" in each["devices"]
    )
    assert FLOPPY.split(maxsplit=1)[0] in told
    assert f"IOMMU group {group} " in told


def test_the_kernels_own_word_is_reported(machine: Booted) -> None:
    views = [each for region in answer(machine, "inventory")["regions"] for each in region["linux"]]
    assert len(views) >= len(RMRRS)
    assert all(each["by_kernel"] for each in views), views


def test_check_says_what_the_kernel_complains_of(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "Linux: the kernel's lines about firmware bugs",
        """Left, the findings of `dmaragent check` from the table and the firmware's memory map,
        without the boot log. Right, the lines that the kernel logged with [Firmware Bug].""",
        "kernel's line",
    )
    found = answer(machine, "check")["findings"]
    said = {(each["id"], each["subject"].split("-")[0]) for each in found}
    logged = [line for line in machine.text("dmesg").splitlines() if "[Firmware Bug]" in line]
    for line in logged:
        words = line.partition("[Firmware Bug]: ")[2]
        matches = [
            (rule, f"0x{match[1]}")
            for pattern, rule in COMPLAINTS.items()
            if (match := re.search(pattern, words))
        ]
        section.row(words, [" ".join(each) for each in matches if each in said], told(matches))
    assert {each for each in said if each[0] == "rmrr-in-ram"} == {("rmrr-in-ram", f"{IN_RAM:#x}")}
    section.hold()


@pytest.mark.parametrize("verb", ["inventory", "check", "explain", "resolve"])
def test_the_bundle_answers_as_the_machine_did(machine: Booted, verb: str) -> None:
    only_inside(machine)
    words = {"explain": ["04:02.0"], "resolve": ["guest.cfg"]}
    live = answer(machine, verb)
    again = replayed(machine.out / "bundle.tar.xz", verb, *words.get(verb, []))
    assert not differing(live, again)


@pytest.mark.parametrize("verb", ["inventory", "check"])
def test_the_shells_bundle_answers_as_the_machine_did(machine: Booted, verb: str) -> None:
    only_inside(machine)
    live, again = answer(machine, verb), replayed(machine.out / "captured.tar.gz", verb)
    assert not differing(without_names(live), without_names(again))


def told(matches: list[tuple[str, str]]) -> list[str]:
    """Give what a finding has to say, or that nothing is known to say it."""
    return [" ".join(each) for each in matches] or ["a line that no finding is known for"]


def reserved_by_group(booted: Booted) -> dict[str, tuple[frozenset[str], set[str]]]:
    """Give by device the devices of its group, and the firmware's regions reserved for them."""
    lines = [line.split() for line in booted.text("reserved_regions").splitlines()]
    members: dict[str, set[str]] = {}
    regions: dict[str, set[str]] = {}
    for group, device, start, end, kind in lines:
        members.setdefault(group, set()).add(device)
        if kind.startswith("direct"):
            range_ = f"{int(start, 16):#x}-{int(end, 16):#x} {kind}"
            regions.setdefault(group, set()).add(range_)
    return {
        device: (frozenset(devices), regions.get(group, set()))
        for group, devices in members.items()
        for device in devices
    }


def told_regions(inventory: dict[str, Any], devices: frozenset[str]) -> set[str]:
    """Give what dmaragent says that Linux reserves for any of `devices`."""
    return {
        f"{int(region['base'], 16):#x}-{int(region['limit'], 16):#x} {view['type']}"
        for region in inventory["regions"]
        for view in region["linux"]
        if view["sbdf"] in devices
    }
