"""The captured AMD machines of testdata: booted, and compared with what their expected.toml says.

``make vm-machines`` writes their recordings again. This scenario compares no answer of dmaragent:
the facts are the kernel's reserved_regions, its list of PCI functions and Xen's hypercall.
"""

import shutil
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from support.ivrs_tables import ivmd
from support.machines import MACHINES, load
from support.tables import patched, resummed
from vm import scenario_amd, scenario_amd_xen
from vm.asking import GROUPS, PRELUDE
from vm.dom0 import FILES, told_by_xen
from vm.firmware import with_structures
from vm.grub import xen
from vm.ingredients import remove
from vm.machine import AMD, Boot, Booted, linux
from vm.scenario_amd import device_id
from vm.suites import BOOKWORM, TRIXIE, Suite

SUITES = (BOOKWORM, TRIXIE)
IN_CI = ()
"""It compares no answer: ``make vm-machines`` runs it."""

RECORDING = ("manifest.json", "root", "calls")
RECORD = """\
uname -r >releases
ls /sys/bus/pci/devices >functions
dmesg >dmesg
udevadm settle
python3 -m dmaragent.collect.recorded.recording /share/out/recording || fail recording
"""
LINUX = Boot(name="recorded-amd", platform=AMD, inside=f"{PRELUDE}{GROUPS}{RECORD}")
ABSENT = ivmd(scenario_amd_xen.AT + 0xA00000, 0x1000, flags=7, device=device_id("01:00.5"))
"""For a function that the IOMMU serves and that is not present."""
XEN = replace(
    scenario_amd_xen.BOOT,
    name="recorded-amd-xen",
    mode="systemd",
    files=FILES,
    inside=f"""{PRELUDE}
assign 01:00.0
python3 /share/hypercall.py >hypercall.json || fail hypercall
xl dmesg >xen
{RECORD}
xl info | sed -n 's/^xen_version *: //p' >>releases
""",
)


@pytest.fixture(scope="module")
def kernel(suite: Suite, request: pytest.FixtureRequest) -> Booted:
    """Boot Linux on QEMU's table with IVMD blocks of all kinds."""
    boot = with_structures(replace(LINUX, suite=suite), *scenario_amd.IVMDS)
    return _kept(request, linux(boot), f"qemu-amd-{suite.name}")


@pytest.fixture(scope="module")
def plain(suite: Suite, request: pytest.FixtureRequest) -> Booted:
    """Boot Linux on QEMU's own table, which has no IVMD."""
    if suite is not BOOKWORM:
        pytest.skip("recorded with one kernel: the table has no region")
    return _kept(request, linux(replace(LINUX, name="recorded-amd-own")), "qemu-amd-own-table")


@pytest.fixture(scope="module")
def dom0(suite: Suite, request: pytest.FixtureRequest) -> Booted:
    """Boot Xen on a table all of whose blocks it accepts."""
    blocks = (*scenario_amd_xen.LISTED, ABSENT)
    boot = with_structures(replace(XEN, suite=suite), *blocks)
    assert boot.table is not None
    widths = scenario_amd_xen.IV_INFO.to_bytes(4, "little")
    table = resummed(patched(boot.table, [(36, widths)]))
    booted = xen(replace(boot, table=table), "dom0_mem=1024M,max:1024M iommu=debug,verbose")
    return _kept(request, booted, f"xen-amd-{suite.name}")


def test_linux_reports_the_regions_that_are_expected(kernel: Booted) -> None:
    _has_its_groups(kernel, load(f"qemu-amd-{kernel.suite.name}", "expected.toml"))


def test_linux_reports_no_region_of_qemus_own_table(plain: Booted) -> None:
    _has_its_groups(plain, load("qemu-amd-own-table", "expected.toml"))


def test_xen_reports_the_list_that_is_expected(dom0: Booted) -> None:
    expected = load(f"xen-amd-{dom0.suite.name}", "expected.toml")
    reported = told_by_xen(dom0)

    assert len(dom0.text("functions").split()) == expected["pci_functions"]
    assert Counter(reported["all"]) == expected["xen_entries"]
    assert {name: reported[name] for name in expected["xen_devices"]} == expected["xen_devices"]


def _has_its_groups(booted: Booted, expected: Mapping[str, Any]) -> None:
    """Compare the functions, and for each group its functions and its direct ranges."""
    assert len(booted.text("functions").split()) == expected["pci_functions"]
    devices: dict[str, set[str]] = {}
    direct: dict[str, set[str]] = {}
    for line in booted.text("reserved_regions").splitlines():
        group, device, first, last, kind = line.split()
        devices.setdefault(group, set()).add(device)
        ranges = direct.setdefault(group, set())
        if kind == "direct":
            ranges.add(f"{int(first, 16):#x}-{int(last, 16):#x}")
    reported = sorted((sorted(devices[group]), sorted(direct[group])) for group in devices)
    groups = expected["groups"]
    assert reported == sorted((sorted(each["devices"]), sorted(each["direct"])) for each in groups)


def _kept(request: pytest.FixtureRequest, booted: Booted, name: str) -> Booted:
    """Write the recording into testdata, if the command line says so; its origin has the releases."""
    if request.config.option.keep_machines:
        stated = load(name, "origin.toml")["machine"]
        missing = [each for each in booted.text("releases").split() if each not in stated]
        assert not missing, f"write {missing} into the origin.toml of {name}"
        for part in RECORDING:
            remove(MACHINES / name / part)
        shutil.copytree(booted.out / "recording", MACHINES / name, dirs_exist_ok=True)
    return booted
