"""QEMU's amd-iommu: a table of another kind, and the answer that says so."""

from collections.abc import Callable
from dataclasses import replace

from vm.asking import CAPTURE, PRELUDE, inventory_without
from vm.machine import AMD, Boot, Booted
from vm.suites import Suite
from vm.truth import Truth

BOOT = Boot(
    name="amd",
    platform=AMD,
    mode="mini",
    files=CAPTURE,
    inside=f"""{PRELUDE}
ls /sys/firmware/acpi/tables >tables
dmesg >dmesg
sh /share/capture.sh -o captured.tar.gz >capture.txt 2>&1 || fail "$(cat capture.txt)"
""",
)


def test_a_host_with_ivrs_is_said_to_be_amds(
    boot: Callable[[Boot], Booted], suite: Suite, truth: Truth
) -> None:
    machine = boot(replace(BOOT, suite=suite))
    section = truth.section(
        "AMD: why there is no DMAR table",
        """Left, the reason that `dmaragent inventory` reports for a bundle of capture.sh. Right,
        the tables of the firmware and the kernel's log.""",
        "what",
    )
    names = machine.text("tables").split()
    # Not by the verb: without a table its exit code is 2.
    told = inventory_without(machine.out / "captured.tar.gz", "nothing is hidden")
    section.row("the IOMMU", told["absence"]["kind"], "amd" if "IVRS" in names else "not amd")
    section.row("a DMAR table", told["table"]["name"] is not None, "DMAR" in names)
    section.hold()
    assert "AMD-Vi" in machine.text("dmesg")
