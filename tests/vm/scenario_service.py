"""The service under systemd: order, rights, restarts, the socket, and what it publishes of changes."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from support.tables import rmrr
from vm.asking import PRELUDE
from vm.firmware import with_structures
from vm.machine import Boot, Booted
from vm.scenario_linux import RESERVED, UHCI
from vm.suites import BOOKWORM, SID, TRIXIE, Suite
from vm.truth import Truth

SUITES = (BOOKWORM, TRIXIE, SID)

INSIDE = Path(__file__).with_name("inside") / "service.sh"
BOOT = Boot(name="service", line="intel_iommu=on", inside=PRELUDE + INSIDE.read_text("utf-8"))
EXPECTED = {
    "order": ("which unit is up first", "capture first"),
    "state": ("both units after boot", "active active"),
    "socket": ("the socket, until it is switched on", "inactive"),
    "user": ("the user of the service", "dmaragent"),
    "capabilities": ("its capabilities, and those it could get", "0000000000000000"),
    "seccomp": ("its system calls are filtered (2)", "2"),
    "table": ("the user dmaragent reads the DMAR table", "Permission denied"),
    "unbound": ("functions, driver of 00:1a.0: unbound", "21 None"),
    "bound": ("functions, driver of 00:1a.0: bound again", "21 uhci_hcd"),
    "virtual": ("functions, driver of 00:1a.0: two virtual functions more", "23 uhci_hcd"),
    "stopped": ("the inventory, once the service is stopped", "gone"),
    "ready": ("the inventory, as soon as `systemctl start` is done", "published"),
    "root": ("the socket answers root", "200"),
    "member": ("the socket answers nobody in the group dmaragent", "200"),
    "nobody": ("the socket answers nobody", "000"),
    "guest": ("the socket answers about a guest", "200"),
    "name": ("the guest that the answer is about", "a"),
    "large": ("the socket answers about a guest of 300 devices", "422"),
    "processes": ("processes of the service, once all is answered", "1"),
    "while-killed": ("the inventory, after kill -9 and before the restart", "published"),
    "killed": ("the service, after kill -9", "started again"),
    "watchdog": ("the service, stopped for longer than its watchdog waits", "started again"),
    "after": ("functions, driver of 00:1a.0: after all that", "23 uhci_hcd"),
}
"""What dmaragent.service(8) and the units promise; 000 is curl's word for no connection."""


@pytest.fixture(scope="module")
def seen(boot: Callable[[Boot], Booted], suite: Suite) -> dict[str, str]:
    """Boot it once; give what was seen, by name."""
    machine = boot(
        with_structures(replace(BOOT, suite=suite), rmrr(RESERVED, RESERVED + 0xFFF, UHCI))
    )
    lines = (line.partition(" ") for line in machine.text("seen").splitlines())
    return {name: words.strip() for name, _, words in lines}


def test_the_service_does_what_its_manual_says(seen: dict[str, str], truth: Truth) -> None:
    section = truth.section(
        "The service, under systemd",
        """Left, what dmaragent.service(8) and the units promise. Right, what a booted system does.
        A drop-in shortens the watchdog and the pause before a restart to 20 s and 5 s.""",
        "what",
    )
    for name, (what, said) in EXPECTED.items():
        section.row(what, said, seen.get(name))
    section.hold()


@pytest.mark.parametrize("unit", ["dmaragent-capture.service", "dmaragent.service"])
def test_its_exposure_is_what_the_file_says(unit: str, seen: dict[str, str]) -> None:
    assert seen[unit].endswith("SAFE")
    assert seen[unit] == seen[f"offline-{unit}"]
