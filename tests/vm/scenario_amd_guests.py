"""HVM guests of a Xen dom0 with AMD-Vi: what `resolve` and `hotplug` say, and what xl and Xen did.

The processor's nested paging and the IOMMU are QEMU's. The regions are in the hole below 4 GiB,
which begins at 192 MiB, so small guests reach beyond them.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from support.ivrs_tables import ivmd
from support.tables import patched, resummed
from vm.asking import PRELUDE, bundle, replayed
from vm.dom0 import FILES
from vm.firmware import with_structures
from vm.guests import files, said, seen
from vm.machine import Boot, Booted
from vm.scenario_amd import device_id
from vm.scenario_amd_xen import BOOT, IV_INFO
from vm.scenario_guests import row
from vm.suites import BOOKWORM, TRIXIE, Suite
from vm.truth import Truth

SUITES = (BOOKWORM, TRIXIE)
IN_CI = ()
"""Its guests take as long as ten other boots; `make vm-all` runs it."""

PLATFORM = ("-machine", "q35,max-ram-below-4g=192M", "-device", "amd-iommu")
UNITY, OTHER, EXCLUDED, FREE = "00:1a.0", "81:00.0", "01:00.0", "02:00.0"
EQUAL, PARTLY = "00:1d.0", "00:03.0"
"""Devices whose regions are that of OTHER, and one that overlaps it."""
IVMDS = (
    ivmd(0x10001000, 0x1000, flags=7, device=device_id(UNITY)),
    ivmd(0x12345000, 0x3000, flags=7, device=device_id(OTHER)),
    ivmd(0x14001000, 0x1000, flags=8, device=device_id(EXCLUDED)),
    ivmd(0x12345000, 0x3000, flags=7, device=device_id(EQUAL)),
    ivmd(0x12346000, 0x3000, flags=7, device=device_id(PARTLY)),
)
ABOVE = "rdm_mem_boundary = 64"
GUESTS = {
    "none": (),
    "host": ('rdm = "strategy=host"', ABOVE),
    "free": (f"pci = ['{FREE}']",),
    "strict": (f"pci = ['{UNITY},rdm_policy=strict']",),
    "strict-above": (f"pci = ['{UNITY},rdm_policy=strict']", ABOVE),
    "relaxed": (f"pci = ['{UNITY},rdm_policy=relaxed']",),
    "relaxed-three-pages": (f"pci = ['{OTHER},rdm_policy=relaxed']",),
    "unset": (f"pci = ['{UNITY}']", ABOVE),
    "exclusion-strict": (f"pci = ['{EXCLUDED},rdm_policy=strict']",),
    "exclusion-strict-above": (f"pci = ['{EXCLUDED},rdm_policy=strict']", ABOVE),
    "exclusion-relaxed": (f"pci = ['{EXCLUDED},rdm_policy=relaxed']",),
    "two": (f"pci = ['{UNITY},rdm_policy=relaxed', '{OTHER},rdm_policy=strict']", ABOVE),
    "equal": (f"pci = ['{OTHER}', '{EQUAL}']", ABOVE),
    "overlapping": (f"pci = ['{OTHER}', '{PARTLY}']", ABOVE),
    "overlapping-turned": (f"pci = ['{PARTLY}', '{OTHER}']", ABOVE),
    "hotplug": ('passthrough = "enabled"',),
    "hotplug-beside": (f"pci = ['{OTHER}']", ABOVE),
}
ATTACHED = {
    "hotplug": (
        f"{UNITY},rdm_policy=strict",
        f"{OTHER},rdm_policy=relaxed",
        f"{EXCLUDED},rdm_policy=strict",
        FREE,
    ),
    "hotplug-beside": (f"{EQUAL},rdm_policy=relaxed", f"{PARTLY},rdm_policy=relaxed"),
}


@pytest.fixture(scope="module")
def machine(boot_xen: Callable[[Boot, str], Booted], suite: Suite) -> Booted:
    """Boot it once, and lay the configurations beside its bundle."""
    configurations = files(GUESTS, ATTACHED)
    devices = f"{UNITY} {OTHER} {EXCLUDED} {FREE} {EQUAL} {PARTLY}"
    boot = replace(
        BOOT,
        name="amd-guests",
        suite=suite,
        platform=PLATFORM,
        mode="systemd",
        files={**FILES, **configurations},
        inside=f"""{PRELUDE}
dump
assign {devices}
xl info >info
python3 /share/guests.py || fail guests
""",
    )
    boot = with_structures(boot, *IVMDS)
    assert boot.table is not None
    table = resummed(patched(boot.table, [(36, IV_INFO.to_bytes(4, "little"))]))
    line = "dom0_mem=1024M,max:1024M iommu=debug,verbose conring_size=512k"
    booted = boot_xen(replace(boot, table=table), line)
    for path, data in configurations.items():
        (booted.out / path.rpartition("/")[2]).write_bytes(data)
    return booted


def test_guests_start_or_not_as_resolve_says(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "Xen on AMD: guests: whether they start, and the messages about regions",
        """Left, `dmaragent resolve` on dom0's bundle. Right, `xl create`: whether the guest starts,
        and its error or exit status. The messages compared are libxl's about RDM conflicts, and
        Xen's about pages that it does not map.""",
        "guest",
    )
    for name in GUESTS:
        possible = said(replayed(bundle(machine), "resolve", f"{name}.cfg")["guests"][0])
        row(section, named(name), possible, seen(machine, name, 3), str)
    section.hold()


def test_their_memory_is_laid_out_as_resolve_says(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "Xen on AMD: guests: their memory map",
        """Left, the memory map that `dmaragent resolve` predicts. Right, the E820 table that
        hvmloader printed in the guest, from 1 MiB. What hvmloader itself adds from 0xfc000000 to 4
        GiB is left out, and so are guests that did not start.""",
        "guest",
    )
    for name in GUESTS:
        found = seen(machine, name, 3)
        if found.starts:
            assert found.map, f"{name}: hvmloader told no memory map"
            possible = said(replayed(bundle(machine), "resolve", f"{name}.cfg")["guests"][0])
            row(section, named(name), possible, found, lambda each: "; ".join(each.map))
    section.hold()


def test_devices_are_attached_or_not_as_hotplug_says(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "Xen on AMD: guests: devices attached while they run",
        """Left, `dmaragent hotplug` on dom0's bundle. Right, `xl pci-attach`, after hvmloader had
        set up the guest's memory.""",
        "guest, device",
    )
    for name, specs in ATTACHED.items():
        for number, spec in enumerate(specs):
            answer = replayed(bundle(machine), "hotplug", spec, "--into", f"{name}.cfg")
            row(section, f"{name}: {spec}", said(answer), seen(machine, f"{name}.{number}", 1), str)
    section.hold()


def named(name: str) -> str:
    """Give a guest's name with what its configuration has besides."""
    return f"{name}: {', '.join(GUESTS[name]) or 'nothing'}"
