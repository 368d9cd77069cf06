"""Linux with AMD-Vi: devices that IVMD blocks name, opened by a real client of VFIO or refused.

Linux 6.6 and later refuse such a device.  Before, memory of the guest over the range is refused.
"""

from collections.abc import Callable
from dataclasses import replace

import pytest

from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.vfio import VfioEffect
from support.ivrs_tables import ivmd
from vm.firmware import with_structures
from vm.machine import AMD, Boot, Booted
from vm.suites import Suite
from vm.truth import Truth
from vm.vfio import BOOT as VFIO
from vm.vfio import Case, Guests, with_guests

REGIONS = 0x6000000
"""Where the regions are: memory that the kernel's command line reserves."""
UNITY, USB, EXCLUDED, FREE = "0000:01:00.0", "0000:00:1a.0", "0000:81:00.0", "0000:02:00.0"
PLACES = {UNITY: REGIONS, USB: REGIONS + 0x2000, EXCLUDED: REGIONS + 0x4000}
IVMDS = (
    ivmd(PLACES[UNITY], 0x1000, flags=7, device=0x0100),
    ivmd(PLACES[USB], 0x1000, flags=7, device=0x00D0),
    ivmd(PLACES[EXCLUDED], 0x1000, flags=8, device=0x8100),
)
CASES = {
    "unity-in-ram": Case(UNITY, 128),
    "unity-above-ram": Case(UNITY, 64),
    "usb-in-ram": Case(USB, 128),
    "usb-above-ram": Case(USB, 64),
    "exclusion-in-ram": Case(EXCLUDED, 128),
    "exclusion-above-ram": Case(EXCLUDED, 64),
    "free": Case(FREE, 128),
}
BOOT = replace(VFIO, name="amd-vfio", platform=AMD, line=f"memmap=2M${REGIONS:#x}")


@pytest.fixture(scope="module")
def guests(boot: Callable[[Boot], Booted], suite: Suite, truth: Truth) -> Guests:
    """Boot it once."""
    here = with_structures(replace(BOOT, suite=suite), *IVMDS)
    return Guests.of(boot(with_guests(here, CASES)), CASES, IommuVendor.AMD, truth)


def test_qemu_opens_a_device_or_not_as_resolve_says(guests: Guests, truth: Truth) -> None:
    section = truth.section(
        "AMD: guests with a device, by VFIO",
        """Left, `dmaragent resolve` on the machine's bundle, for the same guest in libvirt's form:
        the verdict, the error and the kernel's line. Right, what QEMU and the kernel printed when
        QEMU opened the device.""",
        "guest",
    )
    for name in CASES:
        section.row(guests.named(name), guests.predicted(name), guests.seen(name))
    section.hold()


def test_why_knows_what_qemu_and_the_kernel_print(guests: Guests, truth: Truth) -> None:
    section = truth.section(
        "AMD: the lines of QEMU and of the kernel about VFIO",
        """Left, whether `dmaragent why` reports that the line refuses the device or a mapping.
        Right, whether QEMU ended with it.""",
        "guest, line",
    )
    for row in guests.lines():
        section.row(*row)
    section.hold()


def test_why_names_the_region_that_a_line_is_about(guests: Guests, truth: Truth) -> None:
    if guests.outcome("direct").effect is not VfioEffect.REFUSED:
        pytest.skip("this kernel has no line about the device")
    section = truth.section(
        "AMD: the region to which `why` relates a refusal",
        """Left, the regions that `dmaragent why` names for the kernel's line, on the machine's bundle.
        Right, the region with which the machine was booted.""",
        "guest",
    )
    for name in ("unity-above-ram", "usb-above-ram", "exclusion-above-ram"):
        section.row(
            guests.named(name), guests.regions_of_why(name), [f"{PLACES[CASES[name].device]:#x}"]
        )
    section.hold()
