"""Guests that are saved and restored without devices: what `fleet move` says, and what xl did then.

The guests are restored on the host on which they were started.
"""

from collections.abc import Callable
from pathlib import Path

from vm import fleet, moved
from vm.asking import bundle
from vm.dom0 import CPU, FILES, platform
from vm.firmware import with_structures
from vm.guests import seen
from vm.machine import Boot, Booted
from vm.scenario_fleet import INSIDE, LINE
from vm.suites import BOOKWORM, Suite
from vm.truth import Truth

SUITES = (BOOKWORM,)
IN_CI = ()
"""It takes as long as five other boots; `make vm-all` runs it."""


def test_devices_are_attached_to_a_restored_guest_as_the_fleet_says(
    boot_xen: Callable[[Boot, str], Booted], suite: Suite, tmp_path: Path, truth: Truth
) -> None:
    section = truth.section(
        moved.TITLE,
        """Left, `dmaragent fleet move`. Right, `xl pci-attach` to a guest that `xl save` and `xl
        restore` moved to the same host. The guest that was started with a device was saved without
        it: `xl pci-detach` took it, and QEMU's monitor wrote the register by which a guest ejects a
        device, because no operating system ran.""",
        "guest; device",
    )
    boot = Boot(
        name="moved",
        suite=suite,
        platform=platform(suite),
        memory=2048,
        cpu=CPU,
        inside=INSIDE,
        files={**FILES, **moved.share_files()},
        limit=1800,
    )
    machine = boot_xen(with_structures(boot, *fleet.RMRRS[suite.name]), LINE)
    for name in moved.GUESTS:
        steps = ("detach", "save", "restore") if name == moved.DETACHED else ("save", "restore")
        done = [machine.text(f"guests/{name}.{step}.status") for step in steps]
        assert done == ["0"] * len(steps), f"{name}: {steps} ended with {done}"
    for name, answer in moved.predicted(tmp_path, bundle(machine)):
        section.row(moved.named(name), answer, moved.attached(seen(machine, f"{name}.0", 1)))
    section.hold()
