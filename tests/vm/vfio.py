"""Guests whose devices a real client of VFIO, the suite's QEMU, opens in a booted machine."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dmaragent.iommu.vendor import IommuVendor
from dmaragent.linux.vfio import VfioEffect, VfioOutcome, vfio_outcomes
from dmaragent.messages import recogniser
from dmaragent.messages.model import MessageSeverity
from vm.asking import CAPTURE, PRELUDE, bundle, replayed
from vm.machine import Boot, Booted
from vm.truth import PROGRAMS, Truth

_REFUSALS = (MessageSeverity.REFUSAL, MessageSeverity.CONSEQUENCE)
SCRIPT = Path(__file__).with_name("inside").joinpath("vfio.py")
BOOT = Boot(
    name="vfio",
    mode="script",
    files={**CAPTURE, "vfio.py": SCRIPT.read_bytes()},
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
"""Of Linux; a scenario adds its platform, its table and its guests."""


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


def with_guests(boot: Boot, cases: Mapping[str, Case]) -> Boot:
    """Return a boot in whose shared folder the guests are."""
    written = {name: case.written() for name, case in cases.items()}
    return replace(boot, files={**boot.files, "vfio.json": json.dumps(written).encode()})


@dataclass(frozen=True, slots=True)
class Guests:
    """The guests of a machine that was booted with them."""

    machine: Booted
    cases: Mapping[str, Case]
    vendor: IommuVendor

    @classmethod
    def of(
        cls, machine: Booted, cases: Mapping[str, Case], vendor: IommuVendor, truth: Truth
    ) -> "Guests":
        """Lay the guests in libvirt's form beside the machine's bundle; note QEMU's release."""
        (client,) = re.findall(r"version (\S+)", machine.text("client"))
        truth.programs[PROGRAMS[0]] = client
        for name, case in cases.items():
            (machine.out / f"{name}.xml").write_bytes(case.libvirts())
        return cls(machine, cases, vendor)

    def named(self, name: str) -> str:
        """Return a guest's name with its device and its memory."""
        case = self.cases[name]
        return f"{name}: {case.device}, {case.mib} MiB{', iommufd' if case.iommufd else ''}"

    def resolved(self, name: str) -> dict[str, Any]:
        """Return the answer of `resolve` about a guest."""
        guests = replayed(bundle(self.machine), "resolve", f"{name}.xml")["guests"]
        found: dict[str, Any] = guests[0]
        return found

    def predicted(self, name: str) -> str:
        """Return the verdict on a guest, with the error and the kernel's line if it is refused."""
        guest = self.resolved(name)
        if guest["verdict"] != "refused":
            return "opened" if guest["verdict"] == "starts" else str(guest["verdict"])
        rule = self.outcome("direct")
        line = guest["reasons"][0]["shown"] if rule.effect is VfioEffect.REFUSED else ""
        return refused(rule.error, line)

    def outcome(self, kind: str) -> VfioOutcome:
        """Return what dmaragent's rules for this kernel say of a range of `kind`."""
        major, minor = re.findall(r"\d+", self.machine.text("release"))[:2]
        (found,) = vfio_outcomes(kind, self.vendor, (int(major), int(minor)))
        return found

    def seen(self, name: str) -> str:
        """Return whether QEMU opened the device, with the error and the kernel's line if not."""
        if not self.status(name):
            return "opened"
        device = self.cases[name].device
        lines = [
            line.partition(f"{device}: ")[2].removeprefix("DMAR: ")
            for line in self.kernels_lines(name)
        ]
        return refused(error_in(self.qemus_lines(name)[-1]), " ".join(lines))

    def status(self, name: str) -> int:
        """Return the status with which QEMU ended."""
        return int(self.machine.text(f"{name}.status"))

    def qemus_lines(self, name: str) -> list[str]:
        """Return what QEMU printed of VFIO."""
        lines = dict.fromkeys(self.machine.text(f"{name}.stderr").splitlines())
        return [line for line in lines if re.search("vfio|iommu", shown(line), re.IGNORECASE)]

    def kernels_lines(self, name: str) -> list[str]:
        """Return what the kernel logged of the device when it refused it."""
        device = self.cases[name].device
        text = self.machine.text(f"{name}.dmesg")
        lines = [line.partition("] ")[2] for line in text.splitlines()]
        about = [line for line in lines if device in line and "platform vendor" in line]
        return list(dict.fromkeys(about))

    def lines(self) -> Iterator[tuple[str, str, str]]:
        """Return each line of QEMU and of the kernel with what `why` reports and what became of it."""
        for name in self.cases:
            for line in (*self.qemus_lines(name), *self.kernels_lines(name)):
                found = next(recogniser().occurrences(line), None)
                refusal = found and found.message.weight in _REFUSALS
                told = "ended" if refusal else "runs" if found else "not known"
                yield f"{name}: {shown(line)}", told, "ended" if self.status(name) else "runs"

    def regions_of_why(self, name: str) -> list[str]:
        """Return the regions that `why` names for the kernel's lines of a guest."""
        answer = replayed(bundle(self.machine), "why", f"{name}.dmesg")
        found = {
            region["base"]
            for line in answer["recognised"]
            for device in line["here"]["devices"]
            for region in device["regions"]
        }
        return sorted(found)


def refused(error: str | None, line: str) -> str:
    """Return a refusal in a cell: its error, and the kernel's line if there is one."""
    return ", ".join(filter(None, (f"refused: {error}", " ".join(line.split()))))


def error_in(line: str) -> str:
    """Return the name of the error in a line, or the line."""
    names = {"Invalid argument": "EINVAL", "Operation not permitted": "EPERM"}
    return next((names[words] for words in names if words in line), line)


def shown(line: str) -> str:
    """Return a line without what QEMU prints of its own command, and without its pointers."""
    line = re.sub(r"^qemu-system-x86_64: (-device \S+ )?", "", line)
    return re.sub(r"\b0x[0-9a-f]{12}\b", "...", line)
