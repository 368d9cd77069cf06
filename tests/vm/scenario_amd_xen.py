"""Xen with AMD-Vi: its list, order and repetitions, and tables with which it switches AMD-Vi off.

Xen's own word is the hypercall, made by a script beside dmaragent, its console, and `xl info`.
The prediction is made from dom0's bundle without the hypercall's answers.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from dmaragent.addresses import SBDF
from dmaragent.inventory import Inventory
from support.ivrs_tables import ivmd
from support.tables import patched, resummed
from vm.asking import PRELUDE, replayed, taken_without
from vm.dom0 import CPU, FILES, told_by_xen
from vm.firmware import with_structures
from vm.machine import AMD, DEVICES, Boot, Booted
from vm.scenario_amd import device_id
from vm.scenario_xen_refuses import has_vtd_off
from vm.suites import BOOKWORM, SID, TRIXIE, Suite
from vm.truth import Truth

SUITES = (BOOKWORM, TRIXIE, SID)

IV_INFO = 0x203040
"""Widths of 48 and 64 bits; QEMU has no width of virtual addresses, so Xen would take no IVMD."""
NIC, NVME, UHCI, EHCI, BEHIND = "01:00.0", "02:00.0", "00:1a.0", "00:1d.0", "81:00.0"
AT = 0x90000000
"""In the hole below 4 GiB, which Xen makes reserved."""
GOOD = ivmd(AT, 0x200000, flags=7, device=device_id(EHCI))
LISTED = (
    GOOD,
    ivmd(AT + 0x200000, 0x26000, flags=8, device=device_id(NIC)),
    ivmd(AT + 0x300000, 1, flags=8, device=device_id(NVME)),
    ivmd(
        AT + 0x400000,
        0x1000,
        kind=0x22,
        flags=7,
        device=device_id(NIC),
        auxiliary=device_id("01:00.7"),
    ),
    ivmd(AT + 0x500000, 0x1000, kind=0x20, flags=7),
    ivmd(AT + 0x600000, 0x1000, flags=3, device=device_id(UHCI)),
    ivmd(AT + 0x800000, 0x1000, flags=7, device=device_id(BEHIND)),
)
OPTION = f"ivmd={(AT + 0x900000) >> 12:#x}=1:0.0"
CASES = {
    "a list": (LISTED, OPTION),
    "at address 0": ((GOOD, ivmd(0, 1, flags=8, device=device_id(NIC))), ""),
    "without flags": ((GOOD, ivmd(AT + 0x200000, 0x1000, flags=0, device=device_id(NIC))), ""),
    "of IDs without an IOMMU": (
        (GOOD, ivmd(AT + 0x200000, 0x1000, kind=0x22, device=0, auxiliary=0x0FFF)),
        "",
    ),
    "that overlap": ((GOOD, ivmd(AT + 0x1000, 0x400000, flags=7, device=device_id(EHCI))), ""),
}
"""By name the IVMDs, and Xen's options."""
BOOT = Boot(
    name="amd-xen",
    platform=AMD,
    devices=tuple(word for word in DEVICES if "br1" not in word and "br2" not in word),
    mode="script",
    memory=2048,
    cpu=CPU,
    files=FILES,
    limit=1800,
    inside=f"""{PRELUDE}
modprobe -a xen-privcmd xenfs xen-evtchn
mount -t xenfs xenfs /proc/xen || fail "no xenfs"
cat /sys/firmware/acpi/tables/IVRS >ivrs || fail "no IVRS"
python3 /share/hypercall.py >hypercall.json || fail hypercall
xl info >info || fail "xl info"
dmaragent dump -o bundle.tar.xz >dump.txt 2>&1 || [ $? -eq 1 ] || fail "dump: $(cat dump.txt)"
""",
)


@pytest.fixture(scope="module")
def machines(
    boot_xen: Callable[[Boot, str], Booted], suite: Suite, request: pytest.FixtureRequest
) -> dict[str, Booted]:
    """Boot each once; `make vm` has time for one."""
    booted = {}
    in_ci = request.config.option.suites == "ci"
    for number, (name, (blocks, line)) in enumerate(list(CASES.items())[: 1 if in_ci else None]):
        here = with_structures(replace(BOOT, name=f"amd-xen-{number}", suite=suite), *blocks)
        assert here.table is not None
        table = resummed(patched(here.table, [(36, IV_INFO.to_bytes(4, "little"))]))
        options = f"dom0_mem=1024M,max:1024M iommu=debug,verbose {line}".strip()
        booted[name] = boot_xen(replace(here, table=table), options)
    return booted


def test_the_list_is_predicted_in_its_order(machines: dict[str, Booted], truth: Truth) -> None:
    section = truth.section(
        "Xen on AMD: its list of reserved device memory",
        """Left, what dmaragent predicts from an IVRS and `ivmd=`, on dom0's bundle without the
        hypercall's answers. Right, XENMEM_reserved_device_memory_map: all entries in order with
        their repetitions, then the entries of each PCI function.""",
        "asked for",
    )
    machine = machines["a list"]
    told = _predicted(machine)
    for name, entries in told_by_xen(machine).items():
        section.row(name, _list(told) if name == "all" else _of_device(told, name), entries)
    section.hold()


def test_amd_vi_is_on_or_off_as_predicted(machines: dict[str, Booted], truth: Truth) -> None:
    section = truth.section(
        "Xen on AMD: IVMD blocks that switch AMD-Vi off",
        """Left, whether dmaragent predicts that Xen switches AMD-Vi off, and the list. Right, the
        hypercall, Xen's console and `xl info`, which must agree.""",
        "an IVMD",
    )
    for name, machine in machines.items():
        told = _predicted(machine)
        off = bool(told.xen.list.iommu_disabled)
        said = [f"off: {off}", *_list(told)]
        section.row(name, said, [f"off: {has_vtd_off(machine)}", *told_by_xen(machine)["all"]])
    section.hold()


def test_in_dom0_the_list_is_xens(machines: dict[str, Booted]) -> None:
    for machine in machines.values():
        told = replayed(machine.out / "bundle.tar.xz", "inventory")["xen"]
        entries = sum(entry["devices"] for entry in told["entries"])
        assert told["source"] == "hypervisor"
        assert entries == len(told_by_xen(machine)["all"])


def _predicted(machine: Booted) -> Inventory:
    return taken_without(machine.out / "bundle.tar.xz", "xen-rdm")


def _list(told: Inventory) -> list[str]:
    assert told.xen.ivrs is not None
    return [_words(entry.start_pfn, entry.nr_pages) for entry in told.xen.ivrs.listed()]


def _of_device(told: Inventory, name: str) -> list[str]:
    assert told.xen.ivrs is not None
    listed = told.xen.ivrs.ranges_of(SBDF.parse(name))
    return [_words(own.entry.start_pfn, own.entry.nr_pages) for own in listed]


def _words(start: int, pages: int) -> str:
    return f"{start << 12:#x}-{(start + pages << 12) - 1:#x}"
