"""Tables with which Xen switches VT-d off, and VT-d switched off by hand: small dom0s.

The machine's bundle is asked, with the hypercall's answers and, for what is predicted, without.
Xen's own word is its console, `xl info`, and the hypercall made beside dmaragent.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from support.tables import rmrr
from vm.asking import PRELUDE, inventory_without, replayed
from vm.dom0 import ASK_XEN, CPU, EHCI, FILES, UHCI, platform, ranges, told_by_xen
from vm.firmware import with_structures
from vm.machine import Boot, Booted
from vm.suites import BOOKWORM, SID, TRIXIE, Suite
from vm.truth import Truth

SUITES = (BOOKWORM, TRIXIE, SID)

BOOT = Boot(
    name="xen-refuses",
    mode="script",
    memory=1536,
    cpu=CPU,
    files=FILES,
    limit=900,
    inside=f"""{PRELUDE}
modprobe -a xen-privcmd xenfs xen-evtchn
mount -t xenfs xenfs /proc/xen || fail "no xenfs"
cat /sys/firmware/acpi/tables/RMAD >rmad || fail "no RMAD"
{ASK_XEN}
xl info >info || fail "xl info"
dmaragent dump -o bundle.tar.xz >dump.txt 2>&1 || [ $? -eq 1 ] || fail "dump: $(cat dump.txt)"
""",
)
GOOD = rmrr(0x10001000, 0x10001FFF, UHCI)
OTHER = rmrr(0x12345000, 0x12347FFF, EHCI)
CASES = {
    "regions that share a byte": ((GOOD, rmrr(0x10001FFF, 0x10002FFE, EHCI)), "", "overlap"),
    "a region that ends before it starts": ((GOOD, rmrr(0x12348000, 0x12345FFF, EHCI)), "", "base"),
    "iommu=0 and a good table": ((GOOD, OTHER), "iommu=0", "iommu=0"),
}
"""By name the regions, Xen's command line, and a word of the reason that has to be told."""


@pytest.fixture(scope="module")
def machines(boot_xen: Callable[[Boot, str], Booted], suite: Suite) -> dict[str, Booted]:
    """Boot each once."""
    found = {}
    for number, (name, (structures, line, _)) in enumerate(CASES.items()):
        here = with_structures(
            replace(BOOT, name=f"xen-refuses-{number}", suite=suite, platform=platform(suite)),
            *structures,
        )
        found[name] = boot_xen(here, f"dom0_mem=768M,max:768M iommu=debug,verbose {line}".strip())
    return found


def test_xen_has_vtd_off_as_predicted(machines: dict[str, Booted], truth: Truth) -> None:
    section = truth.section(
        "Xen: tables and options that switch VT-d off",
        """Left, what dmaragent predicts from the table and the command line, on a bundle without
        the hypercall's answers: Xen's list, and whether VT-d is off. Right, the hypercall, Xen's
        console and `xl info`, which must agree.""",
        "machine",
    )
    for name, machine in machines.items():
        told = predicted(machine)
        said = [f"off: {bool(told['iommu_disabled'])}", *ranges(told["entries"])]
        section.row(name, said, [f"off: {has_vtd_off(machine)}", *told_by_xen(machine)["all"]])
    section.hold()


@pytest.mark.parametrize("name", CASES)
def test_the_empty_list_has_its_reason(machines: dict[str, Booted], name: str) -> None:
    """Xen's own list, and the predicted one."""
    word = CASES[name][2]
    own = replayed(machines[name].out / "bundle.tar.xz", "inventory")["xen"]
    assert (own["source"], own["entries"]) == ("hypervisor", [])
    assert word in " ".join(own["why_empty"])
    assert word in predicted(machines[name])["iommu_disabled"]


def predicted(machine: Booted) -> dict[str, Any]:
    """Give what is said of Xen's list without the hypercall."""
    told: dict[str, Any] = inventory_without(machine.out / "bundle.tar.xz", "xen-rdm")["xen"]
    assert told["source"] == "predicted"
    return told


def has_vtd_off(machine: Booted) -> bool:
    """Say whether Xen has VT-d off, by its console and by `xl info`."""
    (line,) = re.findall(r"I/O virtualisation (enabled|disabled)", machine.serial)
    (caps,) = re.findall(r"virt_caps +: (.*)", machine.text("info"))
    assert (line == "enabled") == ("hvm_directio" in caps.split())
    return bool(line == "disabled")
