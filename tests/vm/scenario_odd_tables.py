"""Odd and damaged tables: what Linux makes of them, in machines of busybox alone.

By -acpitable any bytes arrive as they are, and nothing of VT-d is there; by the kernel's table
override they meet a VT-d that works, so that what Linux then does can be seen.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from dmaragent.messages import recogniser
from dmaragent.messages.findings import FINDINGS
from support import damaged
from support.tables import andd, drhd, patched, resummed, rmrr, scope, structure
from vm.asking import CAPTURE, GROUPS, PRELUDE, replayed
from vm.firmware import table_of
from vm.machine import NO_IOMMU, Boot, Booted
from vm.suites import BUILD, Suite
from vm.truth import Truth

RESERVED = 0x3FFD0000
"""Where what SeaBIOS reserves begins, on a machine of 1 GiB."""
USB = scope(1, 0, (0x1A, 0))
REGION = rmrr(RESERVED, RESERVED + 0xFFF, USB)
OTHER = rmrr(RESERVED + 0x1000, RESERVED + 0x1FFF, scope(1, 0, (0x1D, 0)))
BOOT = Boot(
    name="odd",
    mode="mini",
    files=CAPTURE,
    inside=f"""{PRELUDE}
cat /sys/firmware/acpi/tables/DMAR >dmar
{GROUPS}
sh /share/capture.sh -o captured.tar.gz >capture.txt 2>&1 || fail "$(cat capture.txt)"
""",
)
BY_QEMU = (
    "structure length below its type's minimum",
    "structure past the end",
    "scope past its structure",
    "trailing bytes within the table",
)
"""Of the damaged tables that the ordinary tests have: those whose header QEMU leaves as it is."""
BY_KERNEL = {
    "a good region": (REGION,),
    "an unknown structure": (structure(99, b"newer than us...1234"), REGION),
    "a structure past the end": (REGION, structure(1, bytes(20), length=40)),
    "a region that ends before it starts": (rmrr(RESERVED + 0x2000, RESERVED + 0xFFF, USB), OTHER),
    "regions that overlap": (REGION, rmrr(RESERVED, RESERVED + 0x1FFF, scope(1, 0, (3, 0)))),
    "an endpoint called a bridge": (rmrr(RESERVED, RESERVED + 0xFFF, scope(2, 0, (0x1A, 0))),),
    "a name without an end": (andd(1, b"\\_SB.X"), REGION),
    "a unit at address 0": (drhd(0, scope(1, 0, (0x1D, 0))), REGION),
    "the same unit twice": (drhd(0xFED90000, scope(1, 0, (0x1D, 0))), REGION),
    "a region that is not in whole pages": (rmrr(RESERVED, RESERVED + 0x7FF, USB),),
    "a scope of an unknown type": (rmrr(RESERVED, RESERVED + 0xFFF, USB, scope(9, 0, (1, 0))),),
}
"""Structures after the machine's own, for a VT-d that works."""
LOCKUP = r"RIP: 0010:dmar_dev_scope_init"
BEFORE = "Freeing initrd memory"
"""The kernel's last line before it looks at scopes; later it is silent, if it is preempted there."""
STUCK = {
    "a structure of length 0": (
        (structure(1, bytes(20), length=0), REGION),
        LOCKUP,
    ),
    "two extra bytes before a DRHD, whose type is taken for a length": (
        (REGION + bytes(2), drhd(0xFED91000, scope(1, 0, (0x1D, 0)))),
        LOCKUP,
    ),
    "a scope entry of length 0": (
        (patched(rmrr(RESERVED, RESERVED + 0xFFF, USB), [(25, b"\0")]),),
        r"RMRR base: 0x0*3ffd0000 end: \S+\s*\Z",
    ),
    "a scope entry of length 6, whose function is taken for a length": (
        (patched(rmrr(RESERVED, RESERVED + 0xFFF, USB), [(25, b"\x06")]),),
        r"(?s)(?:Unsupported device scope.{1,40}){3}",
    ),
}
"""Likewise: with these Linux does not come up; and what its console shows of it."""
NO_VTD = re.compile(r"uses no IOMMU|starts without VT-d|[Dd]oes without VT-d")
HANGS = "hangs at boot"
"""Words of findings."""
CAME_UP = "Run /init as init process"
"""A line of the kernel's."""


@pytest.mark.parametrize("name", BY_QEMU)
def test_damaged_bytes_arrive_as_they_are_and_are_named(
    name: str, boot: Callable[[Boot], Booted], suite: Suite
) -> None:
    case, number = damaged.CASES[name], BY_QEMU.index(name)
    file = BUILD / "boot" / f"odd-bytes-{number}.dmar"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(case.data)
    here = replace(
        BOOT,
        suite=suite,
        name=f"odd-bytes-{number}",
        platform=NO_IOMMU,
        options=("-acpitable", f"file={file}"),
    )
    machine = boot(here)
    shown = machine.read("dmar")
    assert shown == resummed(case.data)
    (told,) = replayed(machine.out / "captured.tar.gz", "decode")["tables"]
    damage = told["damage"]
    assert [each["kind"] for each in damage] == list(case.kinds)
    assert [each["offset"] for each in damage] == list(case.offsets)


@pytest.fixture(scope="module")
def machines(boot: Callable[[Boot], Booted], suite: Suite) -> dict[str, Booted]:
    """Boot each table of BY_KERNEL once."""
    return {
        name: boot(
            replace(
                BOOT,
                suite=suite,
                name=f"odd-{number}",
                line="intel_iommu=on",
                table=table_of(BOOT, structures),
            )
        )
        for number, (name, structures) in enumerate(BY_KERNEL.items())
    }


def test_whether_linux_uses_vtd_is_as_check_says(machines: dict[str, Booted], truth: Truth) -> None:
    section = truth.section(
        "Linux: whether it uses VT-d with a damaged table",
        """Left, the effect on Linux in the findings of `dmaragent check`, on a bundle of capture.sh
        without the boot log. Right, whether the kernel made IOMMU groups.""",
        "table",
    )
    for name, machine in machines.items():
        said = not any(NO_VTD.search(each["linux"]) for each in found(machine))
        section.row(name, said, bool(machine.text("reserved_regions")))
    section.hold()


def test_of_a_table_with_which_linux_comes_up_check_does_not_say_that_it_hangs(
    machines: dict[str, Booted],
) -> None:
    for name, machine in machines.items():
        assert CAME_UP in machine.serial
        assert not [each["id"] for each in found(machine) if HANGS in each["linux"]], name


def test_what_the_kernel_complains_of_is_found(machines: dict[str, Booted], truth: Truth) -> None:
    section = truth.section(
        "Linux: its messages about a damaged table",
        """Left, the findings of `dmaragent check` for the table, without the log. Right, the
        findings that `dmaragent why` names for the kernel's line.""",
        "table, kernel's line",
    )
    for name, machine in machines.items():
        ids = {each["id"] for each in found(machine)}
        for line in complaints(machine):
            seen = next(recogniser().occurrences(line), None)
            speaks_of = FINDINGS[seen.message.id] if seen else ("a line that is not known",)
            said = [each for each in speaks_of if each in ids] or ["none of them"]
            section.row(f"{name}: {line}", said, [each for each in said if each in speaks_of])
    section.hold()


def test_a_length_of_zero_stops_linux(
    boot: Callable[[Boot], Booted], suite: Suite, truth: Truth, request: pytest.FixtureRequest
) -> None:
    """Boot each; `make vm` has time for one."""
    section = truth.section(
        "Linux: a structure of length 0",
        """Left, whether `dmaragent check` reports that Linux hangs at boot with the table. Right,
        whether Linux did not reach its first program. With other tables, Linux needs a few seconds
        for that. In the first two rows, a watchdog ends the boot, because it turns a stuck
        processor into a panic (softlockup_panic=1). It does not notice the loop if the kernel is
        preempted in it (Linux 7). In the other rows Linux hangs before there is a watchdog. Such a
        machine is switched off after half a minute.""",
        "table",
    )
    in_ci = request.config.option.suites == "ci"
    for number, (name, (structures, last)) in enumerate(
        list(STUCK.items())[: 1 if in_ci else None]
    ):
        watched = last == LOCKUP and not suite.preempts
        here = replace(
            BOOT,
            suite=suite,
            name=f"odd-stuck-{number}",
            line="intel_iommu=on softlockup_panic=1 watchdog_thresh=5",
            table=table_of(BOOT, structures),
            dies=BEFORE if last == LOCKUP and not watched else last,
            limit=BOOT.limit if watched else 30,
        )
        machine = boot(here)
        file = machine.out / "stuck.dmar"
        file.write_bytes(here.table or b"")
        linux = [each["linux"] for each in replayed(file, "check")["findings"]]
        said = any(HANGS in each for each in linux)
        section.row(name, said, CAME_UP not in machine.serial)
    section.hold()


def found(machine: Booted) -> list[dict[str, Any]]:
    """Give the findings of the captured machine that do not come from its log."""
    answer = replayed(machine.out / "captured.tar.gz", "check")
    return [each for each in answer["findings"] if not each["id"].endswith("-logged")]


def complaints(machine: Booted) -> list[str]:
    """Give what the kernel says is wrong with the table."""
    words = re.compile(r"\[Firmware Bug\]|does not match|Unsupported device scope|Can't reserve")
    lines = [line.partition("] ")[2] for line in machine.text("dmesg").splitlines()]
    return list(dict.fromkeys(line for line in lines if words.search(line)))
