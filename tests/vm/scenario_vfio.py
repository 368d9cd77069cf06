"""Linux with VT-d: devices that a real client of VFIO, the suite's QEMU, opens.

`resolve` on the machine's bundle predicts what becomes of each guest.  The client's error and the
kernel's lines show what became of it, and `why` has to know them.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from dmaragent.iommu.vendor import IommuVendor
from dmaragent.passthrough.kvm_words import FIRMWARE_DMA_FAULTS, RAM_MAY_BE_OVERWRITTEN
from support.tables import rmrr, scope
from vm.firmware import with_structures
from vm.machine import Boot, Booted
from vm.suites import SID, TRIXIE, Suite
from vm.truth import Truth
from vm.vfio import BOOT as VFIO
from vm.vfio import Case, Guests, error_in, with_guests

REGIONS = 0x6000000
"""Where the regions are: memory that the kernel's command line reserves."""
USB_REGION = REGIONS + 0x4000
MSI = 0xFEE00000
LOCKED, RELAXABLE, FREE = "0000:01:00.0", "0000:00:1a.0", "0000:81:00.0"
RMRRS = (
    rmrr(REGIONS, REGIONS + 0xFFF, scope(1, 0, (0x1C, 0), (0, 0))),
    rmrr(USB_REGION, USB_REGION + 0x1FFF, scope(1, 0, (0x1A, 0))),
)
IOMMUFD = {TRIXIE, SID}
"""The suites whose QEMU can use iommufd; no kernel of Debian's has it (CONFIG_IOMMUFD)."""


CASES: Mapping[str, Case] = {
    "locked": Case(LOCKED, 64),
    "relaxable-in-ram": Case(RELAXABLE, 128, more=(("usb", USB_REGION),)),
    "relaxable-above-ram": Case(RELAXABLE, 64, more=(("usb", USB_REGION),)),
    "free": Case(FREE, 128),
    "over-msi": Case(
        FREE,
        64,
        # Without the processor's own APIC, which would be over that memory.
        ("-cpu", "qemu64,-apic", "-object", "memory-backend-ram,id=memory,size=2M",
         "-device", "ivshmem-plain,memdev=memory,addr=06.0"),
        more=(("over", MSI),),
    ),
}  # fmt: skip
BOOT = replace(VFIO, line=f"intel_iommu=on memmap=2M${REGIONS:#x}")


def cases(suite: Suite) -> dict[str, Case]:
    """Return the guests of a suite: if its QEMU has iommufd, one that asks for it."""
    wanting = {"iommufd": replace(CASES["free"], iommufd=True)} if suite in IOMMUFD else {}
    return {**CASES, **wanting}


@pytest.fixture(scope="module")
def guests(boot: Callable[[Boot], Booted], suite: Suite, truth: Truth) -> Guests:
    """Boot it once."""
    here = with_structures(replace(BOOT, suite=suite), *RMRRS)
    found = cases(suite)
    return Guests.of(boot(with_guests(here, found)), found, IommuVendor.INTEL, truth)


def test_qemu_opens_a_device_or_not_as_resolve_says(guests: Guests, truth: Truth) -> None:
    section = truth.section(
        "Linux: guests with a device, by VFIO",
        """Left, `dmaragent resolve` on the machine's bundle, for the same guest in libvirt's form:
        the verdict, the error and the kernel's line. Right, what QEMU and the kernel printed when
        QEMU opened the device.""",
        "guest",
    )
    for name in opened(guests):
        section.row(guests.named(name), guests.predicted(name), guests.seen(name))
    section.hold()


def test_why_knows_what_qemu_and_the_kernel_print(guests: Guests, truth: Truth) -> None:
    section = truth.section(
        "Linux: the lines of QEMU and of the kernel about VFIO",
        """Left, whether `dmaragent why` reports that the line refuses the device or a mapping.
        Right, whether QEMU ended with it.""",
        "guest, line",
    )
    for row in guests.lines():
        section.row(*row)
    section.hold()


def test_why_names_the_region_that_a_line_is_about(guests: Guests, truth: Truth) -> None:
    section = truth.section(
        "Linux: the region to which `why` relates a refusal and a fault",
        """Left, the regions that `dmaragent why` names for the kernel's lines, on the machine's bundle.
        Right, the region with which the machine was booted.""",
        "guest",
    )
    for name, base in {"locked": REGIONS, "relaxable-above-ram": USB_REGION}.items():
        section.row(guests.named(name), guests.regions_of_why(name), [f"{base:#x}"])
    section.hold()


def test_dma_of_a_relaxable_region_goes_where_resolve_says(guests: Guests, truth: Truth) -> None:
    section = truth.section(
        "Linux: DMA of a device with a relaxable region, once VFIO has it",
        """Left, the warning of `dmaragent resolve`. Right, what a USB controller did whose schedule
        was in the region: it wrote to the guest's memory, or the kernel logged a fault there.""",
        "guest",
    )
    for name in ("relaxable-in-ram", "relaxable-above-ram"):
        (reason,) = (each["reason"] for each in guests.resolved(name)["reasons"])
        words = {RAM_MAY_BE_OVERWRITTEN: "guest memory", FIRMWARE_DMA_FAULTS: "fault"}
        told = [place for sentence, place in words.items() if sentence in reason]
        section.row(guests.named(name), told, [dma(guests, name)])
    section.hold()


def test_memory_over_a_reserved_range_is_not_mapped(guests: Guests, truth: Truth) -> None:
    section = truth.section(
        "Linux: guest memory over a range that the kernel reserves",
        """Left, the error that dmaragent's rules name for the type of the range. Right, the error in
        QEMU's line.""",
        "range",
    )
    (line,) = (line for line in guests.qemus_lines("over-msi") if f"{MSI:#x}" in line)
    section.row(f"{MSI:#x} (msi)", guests.outcome("msi").error, error_in(line))
    section.hold()


def opened(guests: Guests) -> list[str]:
    """Return the guests about which `resolve` is asked."""
    found = guests.cases.items()
    return [name for name, case in found if "over" not in dict(case.more) and not case.iommufd]


def dma(guests: Guests, name: str) -> str:
    """Return where the DMA went."""
    if guests.machine.text(f"{name}.usb") == "written":
        return "guest memory"
    pattern = rf"Request device \[(?:0000:)?{RELAXABLE[5:]}\].* fault addr (?:0x)?{USB_REGION:x}\b"
    return "fault" if re.search(pattern, guests.machine.text(f"{name}.dmesg")) else "nowhere"
