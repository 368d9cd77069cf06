"""The Xen host of the scenarios: a dom0 with regions in its table and on Xen's command line.

Xen 4.17 takes an RMRR wherever it lies.  These lie low in memory, so that small guests reach
beyond them; none is at the beginning of 2 MiB, to which xl rounds, and one at that of a megabyte, as
a boundary can be.
"""

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

from support.tables import rmrr, scope
from vm.asking import CAPTURE, PRELUDE
from vm.firmware import with_structures
from vm.guests import files
from vm.ingredients import LabError
from vm.machine import VTD, Boot, Booted
from vm.suites import Suite

CPU = "qemu64,+npt,+nrip-save"
"""As much of a processor as guests need: with all of it dom0 does not come up."""
UHCI, EHCI, ABSENT = (scope(1, 0, (device, 0)) for device in (0x1A, 0x1D, 0x05))
BEHIND_TWO_BRIDGES = scope(1, 0, (0x1E, 0), (1, 0), (2, 0))
BEHIND_ROOT_PORT, NVME = scope(1, 0, (0x1C, 0), (0, 0)), scope(1, 0, (0x1C, 4), (0, 0))
ON_BUS_80, SATA = scope(1, 0x80, (0, 0), (0, 0)), scope(1, 0, (0x1F, 2))
BRIDGE = scope(2, 0, (0x1C, 4))
RMRRS = (
    rmrr(0x10001000, 0x10001FFF, UHCI),
    rmrr(0x12345000, 0x12347FFF, ON_BUS_80),
    rmrr(0x14001000, 0x14001FFF, EHCI, BEHIND_ROOT_PORT),
    rmrr(0x0E007000, 0x0E00FFFF, BEHIND_TWO_BRIDGES),
    rmrr(0x15001000, 0x15001FFF, BRIDGE),
    rmrr(0x15801000, 0x15801FFF, ABSENT),
    rmrr(0x16001000, 0x16001FFF, ABSENT, NVME),
    rmrr(0x17001800, 0x17003000, SATA),
    rmrr(0x11100000, 0x11100FFF, EHCI),
)
IN_OPTION = (0x16801, 0x17801)
"""Pages of ranges on Xen's command line; they have to be RAM: xen/drivers/passthrough/vtd/dmar.c,
``add_user_rmrr``."""
IN_LOW_RAM = (0x0A801, 0x0B801)
"""Likewise, if low RAM ends at 192 MiB."""
ABSENT_DEVICE = "0000:00:05.0"
ASSIGNABLE = ("00:1a.0", "81:00.0", "01:00.0", "04:02.0")
INSIDE = Path(__file__).with_name("inside")
FILES = {name: (INSIDE / name).read_bytes() for name in ("hypercall.py", "guests.py")}
ASK_XEN = f"python3 /share/hypercall.py {ABSENT_DEVICE} >hypercall.json || fail hypercall"
SCRIPT = f"""{PRELUDE}
cat /sys/firmware/acpi/tables/RMAD >rmad
{ASK_XEN}
# The shell's capture takes half a minute, and dmaragent one of the two processors.
sh /share/capture.sh -o captured.tar.gz >capture.txt 2>&1 &
captured=$!
if has_dmaragent; then
    systemctl is-active dmaragent-capture.service dmaragent.service xen.service >active
    setpriv --reuid=nobody --regid=nogroup --clear-groups \\
        dmaragent inventory --json >published.json 2>published.err
    echo $? >published.code
fi
ask inventory inventory
ask check check
ask explain explain 01:00.0
cp /share/guests/two.cfg guest.cfg
ask resolve resolve guest.cfg
dump
wait $captured || fail "capture.sh: $(cat capture.txt)"
xl info >info
assign {" ".join(ASSIGNABLE)}
python3 /share/guests.py || fail guests
"""


def option_pages(suite: Suite) -> tuple[int, int]:
    """Return the first pages of the ranges on Xen's command line."""
    return IN_OPTION if suite.rmrrs_in_ram else IN_LOW_RAM


def by_option(suite: Suite) -> tuple[str, str]:
    """Return those ranges."""
    first, second = (page << 12 for page in option_pages(suite))
    return (f"{first:#x}-{first + 0x3FFF:#x}", f"{second:#x}-{second + 0xFFF:#x}")


def xen_line(suite: Suite) -> str:
    """Return Xen's command line."""
    first, second = option_pages(suite)
    option = f"rmrr={first:#x}-{first + 3:#x}=0:3.0;{second:#x}=0:1f.3,0:1f.2"
    return f"dom0_mem=1024M,max:1024M iommu=debug,verbose conring_size=512k {option}"


def platform(suite: Suite) -> tuple[str, ...]:
    """Return the machine whose memory has the regions where this Xen wants them."""
    if suite.rmrrs_in_ram:
        return VTD
    return tuple(f"{word},max-ram-below-4g=192M" if "q35" in word else word for word in VTD)


def dom0(boot_xen: Callable[[Boot, str], Booted], suite: Suite) -> Booted:
    """Boot it once for all scenarios, also if it does not come up; guests are created last."""
    found = _tried(boot_xen, suite)
    if isinstance(found, LabError):
        raise found
    return found


@cache
def _tried(boot_xen: Callable[[Boot, str], Booted], suite: Suite) -> Booted | LabError:
    boot = Boot(
        name="xen",
        suite=suite,
        platform=platform(suite),
        memory=2048,
        cpu=CPU,
        inside=SCRIPT,
        files={**FILES, **CAPTURE, **files()},
        limit=1800,
    )
    try:
        return boot_xen(with_structures(boot, *RMRRS), xen_line(suite))
    except LabError as error:
        return error


def told_by_xen(booted: Booted) -> Mapping[str, list[str]]:
    """Give Xen's lists, asked without dmaragent: "all" and each device's, as ranges."""
    loaded = json.loads(booted.text("hypercall.json"))
    return {
        name: [f"{start << 12:#x}-{(start + pages << 12) - 1:#x}" for start, pages in entries]
        for name, entries in loaded.items()
    }


def ranges(entries: list[dict[str, str]]) -> list[str]:
    """Give the ranges of an answer in the same form."""
    return [f"{each['base']}-{each['limit']}" for each in entries]
