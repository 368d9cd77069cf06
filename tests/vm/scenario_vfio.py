"""Linux with VT-d: devices that a real client of VFIO, the suite's QEMU, opens.

`resolve` on the machine's bundle predicts what becomes of each guest.  The client's error and the
kernel's lines show what became of it, and `why` has to know them.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.vfio import VfioOutcome, vfio_outcomes
from dmaragent.messages import recogniser
from dmaragent.messages.model import MessageSeverity
from dmaragent.passthrough.kvm_words import FIRMWARE_DMA_FAULTS, RAM_MAY_BE_OVERWRITTEN
from support.tables import rmrr, scope
from vm.asking import CAPTURE, PRELUDE, bundle, replayed
from vm.firmware import with_structures
from vm.machine import Boot, Booted
from vm.suites import BOOKWORM, SID, TRIXIE, Suite
from vm.truth import PROGRAMS, Truth

IN_CI = (BOOKWORM, TRIXIE)

REGIONS = 0x6000000
"""Where the regions are: memory that the kernel's command line reserves."""
USB_REGION = REGIONS + 0x4000
MSI = 0xFEE00000
LOCKED, RELAXABLE, FREE = "0000:01:00.0", "0000:00:1a.0", "0000:81:00.0"
RMRRS = (
    rmrr(REGIONS, REGIONS + 0xFFF, scope(1, 0, (0x1C, 0), (0, 0))),
    rmrr(USB_REGION, USB_REGION + 0x1FFF, scope(1, 0, (0x1A, 0))),
)
REFUSALS = (MessageSeverity.REFUSAL, MessageSeverity.CONSEQUENCE)
IOMMUFD = {TRIXIE, SID}
"""The suites whose QEMU can use iommufd; no kernel of Debian's has it (CONFIG_IOMMUFD)."""


@dataclass(frozen=True, slots=True)
class Case:
    """A guest with one device."""

    device: str
    mib: int
    """Its memory."""
    options: tuple[str, ...] = ()
    """Of QEMU, besides."""
    iommufd: bool = False
    more: tuple[tuple[str, int], ...] = ()
    """What is done in it: inside/vfio.py."""

    def written(self) -> dict[str, Any]:
        """Return it as inside/vfio.py reads it."""
        backend = ("-object", "iommufd,id=iommufd") if self.iommufd else ()
        device = f"vfio-pci,host={self.device},addr=05.0"
        if self.iommufd:
            device += ",iommufd=iommufd"
        options = ["-m", str(self.mib), *backend, "-device", device, *self.options]
        return {"device": self.device, "options": options, **dict(self.more)}

    def libvirts(self) -> bytes:
        """Return the same guest as libvirt has it."""
        segment, bus, slot, function = re.split("[:.]", self.device)
        place = f'domain="0x{segment}" bus="0x{bus}" slot="0x{slot}" function="0x{function}"'
        return f"""\
<domain type="kvm"><name>guest</name><memory unit="MiB">{self.mib}</memory>
<os><type arch="x86_64" machine="q35">hvm</type></os><devices>
<hostdev mode="subsystem" type="pci"><source><address {place}/></source></hostdev>
</devices></domain>
""".encode()


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
BOOT = Boot(
    name="vfio",
    mode="script",
    line=f"intel_iommu=on memmap=2M${REGIONS:#x}",
    files={
        **CAPTURE,
        "vfio.py": Path(__file__).with_name("inside").joinpath("vfio.py").read_bytes(),
    },
    inside=f"""{PRELUDE}
uname -r >release
qemu-system-x86_64 --version >client
if has_dmaragent; then
    dump
else
    sh /share/capture.sh -o captured.tar.gz >capture.txt 2>&1 || fail "$(cat capture.txt)"
fi
modprobe -a vfio-pci vfio_iommu_type1 || fail "no VFIO"
python3 /share/vfio.py || fail "QEMU"
""",
)


def cases(suite: Suite) -> dict[str, Case]:
    """Return the guests of a suite: if its QEMU has iommufd, one that asks for it."""
    wanting = {"iommufd": replace(CASES["free"], iommufd=True)} if suite in IOMMUFD else {}
    return {**CASES, **wanting}


@pytest.fixture(scope="module")
def machine(boot: Callable[[Boot], Booted], suite: Suite, truth: Truth) -> Booted:
    """Boot it once, and lay the guests beside its bundle."""
    here = with_structures(replace(BOOT, suite=suite), *RMRRS)
    written = {name: case.written() for name, case in cases(suite).items()}
    files = {**here.files, "vfio.json": json.dumps(written).encode()}
    booted = boot(replace(here, files=files))
    (client,) = re.findall(r"version (\S+)", booted.text("client"))
    truth.programs[PROGRAMS[0]] = client
    for name, case in cases(suite).items():
        (booted.out / f"{name}.xml").write_bytes(case.libvirts())
    return booted


def test_qemu_opens_a_device_or_not_as_resolve_says(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "Linux: guests with a device, by VFIO",
        """Left, `dmaragent resolve` on the machine's bundle, for the same guest in libvirt's form:
        the verdict, the error and the kernel's line. Right, what QEMU and the kernel printed when
        QEMU opened the device.""",
        "guest",
    )
    for name in opened(machine.suite):
        case = cases(machine.suite)[name]
        section.row(named(name, case), predicted(machine, name), seen(machine, name))
    section.hold()


def test_why_knows_what_qemu_and_the_kernel_print(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "Linux: the lines of QEMU and of the kernel about VFIO",
        """Left, whether `dmaragent why` reports that the line refuses the device or a mapping.
        Right, whether QEMU ended with it.""",
        "guest, line",
    )
    for name in cases(machine.suite):
        for line in (*qemus_lines(machine, name), *kernels_lines(machine, name)):
            found = next(recogniser().occurrences(line), None)
            refused = found and found.message.weight in REFUSALS
            told = "ended" if refused else "runs" if found else "not known"
            ended = "ended" if status(machine, name) else "runs"
            section.row(f"{name}: {shown(line)}", told, ended)
    section.hold()


def test_why_names_the_region_that_a_line_is_about(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "Linux: the region to which `why` relates a refusal and a fault",
        """Left, the regions that `dmaragent why` names for the kernel's lines, on the machine's bundle.
        Right, the region with which the machine was booted.""",
        "guest",
    )
    for name, base in {"locked": REGIONS, "relaxable-above-ram": USB_REGION}.items():
        answer = replayed(bundle(machine), "why", f"{name}.dmesg")
        found = {
            region["base"]
            for line in answer["recognised"]
            for device in line["here"]["devices"]
            for region in device["regions"]
        }
        section.row(named(name, CASES[name]), sorted(found), [f"{base:#x}"])
    section.hold()


def test_dma_of_a_relaxable_region_goes_where_resolve_says(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "Linux: DMA of a device with a relaxable region, once VFIO has it",
        """Left, the warning of `dmaragent resolve`. Right, what a USB controller did whose schedule
        was in the region: it wrote to the guest's memory, or the kernel logged a fault there.""",
        "guest",
    )
    for name in ("relaxable-in-ram", "relaxable-above-ram"):
        (reason,) = (each["reason"] for each in resolved(machine, name)["reasons"])
        words = {RAM_MAY_BE_OVERWRITTEN: "guest memory", FIRMWARE_DMA_FAULTS: "fault"}
        told = [place for sentence, place in words.items() if sentence in reason]
        section.row(named(name, CASES[name]), told, [dma(machine, name)])
    section.hold()


def test_memory_over_a_reserved_range_is_not_mapped(machine: Booted, truth: Truth) -> None:
    section = truth.section(
        "Linux: guest memory over a range that the kernel reserves",
        """Left, the error that dmaragent's rules name for the type of the range. Right, the error in
        QEMU's line.""",
        "range",
    )
    (line,) = (line for line in qemus_lines(machine, "over-msi") if f"{MSI:#x}" in line)
    section.row(f"{MSI:#x} (msi)", outcome("msi", machine).error, error_in(line))
    section.hold()


def opened(suite: Suite) -> list[str]:
    """Return the guests about which `resolve` is asked."""
    found = cases(suite).items()
    return [name for name, case in found if "over" not in dict(case.more) and not case.iommufd]


def named(name: str, case: Case) -> str:
    """Return a guest's name with its device and its memory."""
    return f"{name}: {case.device}, {case.mib} MiB{', iommufd' if case.iommufd else ''}"


def resolved(machine: Booted, name: str) -> dict[str, Any]:
    """Return the answer about a guest."""
    guests = replayed(bundle(machine), "resolve", f"{name}.xml")["guests"]
    found: dict[str, Any] = guests[0]
    return found


def predicted(machine: Booted, name: str) -> str:
    """Return the verdict on a guest, with the error and the line if it is refused."""
    guest = resolved(machine, name)
    if guest["verdict"] != "refused":
        return "opened" if guest["verdict"] == "starts" else str(guest["verdict"])
    line = guest["reasons"][0]["shown"]
    return f"refused: {outcome('direct', machine).error}, {' '.join(line.split())}"


def outcome(kind: str, machine: Booted) -> VfioOutcome:
    """Return what dmaragent's rules for this kernel say of a range of `kind`."""
    major, minor = re.findall(r"\d+", machine.text("release"))[:2]
    (found,) = vfio_outcomes(kind, IommuVendor.INTEL, (int(major), int(minor)))
    return found


def seen(machine: Booted, name: str) -> str:
    """Return whether QEMU opened the device, with the error and the kernel's line if not."""
    if not status(machine, name):
        return "opened"
    error = error_in(qemus_lines(machine, name)[-1])
    lines = [
        line.partition(f"{cases(machine.suite)[name].device}: ")[2].removeprefix("DMAR: ")
        for line in kernels_lines(machine, name)
    ]
    return f"refused: {error}, {' '.join(' '.join(lines).split())}"


def error_in(line: str) -> str:
    """Return the name of the error in a line, or the line."""
    names = {"Invalid argument": "EINVAL", "Operation not permitted": "EPERM"}
    return next((names[words] for words in names if words in line), line)


def dma(machine: Booted, name: str) -> str:
    """Return where the DMA went."""
    if machine.text(f"{name}.usb") == "written":
        return "guest memory"
    pattern = rf"Request device \[(?:0000:)?{RELAXABLE[5:]}\].* fault addr (?:0x)?{USB_REGION:x}\b"
    return "fault" if re.search(pattern, machine.text(f"{name}.dmesg")) else "nowhere"


def status(machine: Booted, name: str) -> int:
    """Return the status with which QEMU ended."""
    return int(machine.text(f"{name}.status"))


def qemus_lines(machine: Booted, name: str) -> list[str]:
    """Return what QEMU printed of VFIO."""
    lines = dict.fromkeys(machine.text(f"{name}.stderr").splitlines())
    return [line for line in lines if re.search("vfio|iommu", shown(line), re.IGNORECASE)]


def kernels_lines(machine: Booted, name: str) -> list[str]:
    """Return what the kernel logged of the device when it refused it."""
    device = cases(machine.suite)[name].device
    lines = [line.partition("] ")[2] for line in machine.text(f"{name}.dmesg").splitlines()]
    about = [line for line in lines if device in line and "platform vendor" in line]
    return list(dict.fromkeys(about))


def shown(line: str) -> str:
    """Return a line without what QEMU prints of its own command, and without its pointers."""
    line = re.sub(r"^qemu-system-x86_64: (-device \S+ )?", "", line)
    return re.sub(r"\b0x[0-9a-f]{12}\b", "...", line)
