"""A PVH dom0: without the firmware's table, so that the hypercall is the only source of regions.

Its memory has addresses of its own: QEMU's virtio devices have to use the IOMMU there.  A range of
``rmrr=`` in dom0's RAM ends such a dom0 ("not permitted"), so there is none.
"""

from collections.abc import Callable

import pytest

from vm.asking import PRELUDE, replayed
from vm.dom0 import ABSENT_DEVICE, CPU, FILES, RMRRS, platform, ranges, told_by_xen
from vm.firmware import with_structures
from vm.machine import Boot, Booted
from vm.suites import SID, TRIXIE, Suite
from vm.truth import Truth

SUITES = (TRIXIE, SID)
IN_CI = ()
INSIDE = f"""{PRELUDE}
modprobe -a xen-privcmd xenfs xen-evtchn
mount -t xenfs xenfs /proc/xen || fail "no xenfs"
ls /sys/firmware/acpi/tables >tables
cat /sys/hypervisor/guest_type >guest_type
python3 /share/hypercall.py {ABSENT_DEVICE} >hypercall.json || fail hypercall
dump
"""


@pytest.fixture(scope="module")
def machine(boot_xen: Callable[[Boot, str], Booted], suite: Suite) -> Booted:
    """Boot it once."""
    boot = Boot(
        name="pvh",
        suite=suite,
        platform=platform(suite),
        memory=2048,
        cpu=CPU,
        mode="script",
        files=FILES,
        limit=1800,
        options=(
            "-global", "virtio-device.iommu_platform=on", "-global", "virtio-pci.disable-legacy=on",
        ),
        inside=INSIDE,
    )  # fmt: skip
    line = "dom0=pvh dom0_mem=1024M,max:1024M iommu=debug,verbose"
    return boot_xen(with_structures(boot, *RMRRS), line)


def test_dom0_is_pvh_and_has_no_table(machine: Booted) -> None:
    assert machine.text("guest_type").strip() == "PVH"
    assert not {"DMAR", "RMAD"} & set(machine.text("tables").split())


def test_the_hypercall_is_the_only_source(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "Xen: the list in a PVH dom0, which has no table",
        """Left, `dmaragent inventory` on dom0's bundle. Right, XENMEM_reserved_device_memory_map,
        called by a separate script: all entries in order, then the entries of each PCI
        function.""",
        "asked for",
    )
    told, seen = replayed(machine.out / "bundle.tar.xz", "inventory"), told_by_xen(machine)
    assert told["table"]["name"] is None
    assert (told["xen"]["source"], told["regions"]) == ("hypervisor", [])
    section.row("all", ranges(told["xen"]["entries"]), seen["all"])
    for name in sorted(seen.keys() - {"all", ABSENT_DEVICE}):
        section.row(name, ranges(told["xen"]["devices"].get(name, [])), seen[name])
    section.hold()
