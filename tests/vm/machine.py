"""A virtual machine: QEMU in software, one at a time, with a time limit and one retry."""

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from vm.image import root_image
from vm.ingredients import LabError, kernel, remove
from vm.initrd import initrd, with_table
from vm.suites import BOOKWORM, BUILD, Suite

_OVMF = "/usr/share/OVMF/OVMF_CODE.fd"
_OVMF_VARIABLES = "/usr/share/OVMF/OVMF_VARS.fd"
_LOGS = BUILD / "logs"
_LOOK_EVERY, _STUCK_AFTER = 5, 120  # seconds
_NOTHING = 0.02
"""Seconds of processor time in `_STUCK_AFTER`; an idle guest uses more for its timers."""
_QEMU = (
    "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
    "-accel", "tcg,thread=multi", "-smp", "2",
)  # fmt: skip
VTD = (
    "-machine",
    "q35,kernel-irqchip=split",
    "-device",
    "intel-iommu,intremap=on,device-iotlb=on,aw-bits=48",
)
AMD = ("-machine", "q35", "-device", "amd-iommu")
NO_IOMMU = ("-machine", "q35")
DEVICES = (
    "VGA,bus=pcie.0,addr=02.0",
    "qemu-xhci,id=xhci,bus=pcie.0,addr=03.0",
    "pxb-pcie,id=pxb,bus=pcie.0,addr=04.0,bus_nr=128",
    "ich9-usb-uhci1,id=uhci,bus=pcie.0,addr=1a.0",
    "ich9-usb-ehci1,id=ehci,bus=pcie.0,addr=1d.0",
    "ioh3420,id=rp1,bus=pcie.0,addr=1c.0,multifunction=on,chassis=1,slot=1",
    "e1000e,bus=rp1,addr=00.0,romfile=",
    "pcie-root-port,id=rp2,bus=pcie.0,addr=1c.4,chassis=2,slot=2",
    "nvme-subsys,id=subsys0,nqn=lab",
    "nvme,serial=lab,bus=rp2,addr=00.0,subsys=subsys0,sriov_max_vfs=2,sriov_vq_flexible=4,sriov_vi_flexible=2",
    "i82801b11-bridge,id=br1,bus=pcie.0,addr=1e.0",
    "pci-bridge,id=br2,bus=br1,addr=01.0,chassis_nr=3",
    "e1000,bus=br2,addr=02.0,romfile=",
    "pcie-root-port,id=rp3,bus=pxb,addr=00.0,chassis=4,slot=4",
    "e1000e,bus=rp3,addr=00.0,romfile=",
)
"""A path over two bridges, a root bus of its own, virtual functions, USB, a display."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Boot:
    """One boot of a machine, and what its script is given."""

    name: str
    suite: Suite = BOOKWORM
    platform: tuple[str, ...] = VTD
    devices: tuple[str, ...] = DEVICES
    memory: int = 1024
    """In MiB."""
    cpu: str = "qemu64"
    options: tuple[str, ...] = ()
    """Of QEMU, besides."""
    mode: str = "systemd"
    """systemd; script: the scenario's script in the root file system, nothing else; mini: in
    the initial RAM disk, with busybox alone."""
    line: str = ""
    """Of the kernel, besides."""
    table: bytes | None = None
    """A DMAR or IVRS table for the kernel to take in place of the firmware's."""
    inside: str
    """The script that runs in the machine; its folder is shared."""
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Files in the shared folder."""
    limit: int = 900
    """In seconds; ten times what a machine with two cores of its own needs: some are slow for hours."""
    dies: str = ""
    """A pattern of the console's lines with which it ends or is stuck, where its script is not to
    run."""

    @property
    def label(self) -> str:
        """Return its name with that of its suite, as its files are called."""
        return f"{self.name}-{self.suite.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Booted:
    """A machine that was asked and is off again."""

    name: str
    suite: Suite
    out: Path
    """What the script left."""
    serial: str
    """The serial console."""
    seconds: float

    def read(self, name: str) -> bytes:
        """Give the bytes of a file that the script left."""
        return (self.out / name).read_bytes()

    def text(self, name: str) -> str:
        """Give the text of a file that the script left."""
        return self.read(name).decode("utf-8", "replace")


def linux(boot: Boot) -> Booted:
    """Boot Linux under SeaBIOS, as `boot` says."""
    line = f"console=ttyS0 panic=-1 net.ifnames=0 lab={boot.mode} {boot.line}"
    if boot.mode == "systemd":
        line += " systemd.show_status=no quiet loglevel=4"
    initial = BUILD / "boot" / f"{boot.label}.initrd"
    initial.parent.mkdir(exist_ok=True)
    initial.write_bytes(
        initrd(boot.suite).read_bytes()
        if boot.table is None
        else with_table(boot.table, boot.suite)
    )
    options = ("-kernel", str(kernel(boot.suite).image), "-initrd", str(initial), "-append", line)
    try:
        return _tried(boot, (*options, *_root(boot), *_disk("esp", "12.0", None)))
    finally:
        remove(initial)


def firmware_boot(boot: Boot, disk: Path) -> Booted:
    """Boot from `disk` by OVMF."""
    options = (
        "-drive", f"if=pflash,format=raw,unit=0,readonly=on,file={_OVMF}",
        "-drive", f"if=pflash,format=raw,unit=1,snapshot=on,file={_OVMF_VARIABLES}",
    )  # fmt: skip
    return _tried(boot, (*options, *_root(boot), *_disk("esp", "12.0", disk, "bootindex=0")))


def _disk(name: str, slot: str, file: Path | None, *more: str) -> tuple[str, ...]:
    """Give a disk, empty without `file`: each is always there, or the tables would differ."""
    source = "driver=null-co,size=1M" if file is None else f"format=raw,snapshot=on,file={file}"
    device = ",".join(("virtio-blk-pci", "bus=pcie.0", f"addr={slot}", f"drive={name}", *more))
    return ("-drive", f"if=none,id={name},{source}", "-device", device)


def _root(boot: Boot) -> tuple[str, ...]:
    return _disk("root", "11.0", None if boot.mode == "mini" else root_image(boot.suite))


def _tried(boot: Boot, options: tuple[str, ...]) -> Booted:
    """Run the machine, and once again where it did not come to its end."""
    try:
        return _run(boot, options, 1)
    except LabError as error:
        sys.stderr.write(f"{error}\nOnce again.\n")
    return _run(boot, options, 2)


def _run(boot: Boot, options: tuple[str, ...], attempt: int) -> Booted:
    share = BUILD / "share" / boot.label
    remove(share)
    out = share / "out"
    out.mkdir(parents=True)
    for name, data in {**boot.files, "inside": boot.inside.encode()}.items():
        (share / name).parent.mkdir(parents=True, exist_ok=True)
        (share / name).write_bytes(data)
    (share / "inside").chmod(0o755)
    _LOGS.mkdir(exist_ok=True)
    log = _LOGS / f"{boot.label}-{attempt}.log"
    devices = [word for device in boot.devices for word in ("-device", device)]
    command = [
        *_QEMU, *boot.platform, "-m", str(boot.memory), "-cpu", boot.cpu,
        "-serial", f"file:{log}", *devices, *boot.options, *options,
        "-fsdev", f"local,id=share,path={share},security_model=none",
        "-device", "virtio-9p-pci,bus=pcie.0,addr=10.0,fsdev=share,mount_tag=share",
    ]  # fmt: skip
    begin = time.monotonic()
    said = _waited(command, boot.limit)
    seconds = time.monotonic() - begin
    serial = log.read_text("utf-8", "replace") if log.exists() else ""
    status = out / "status"
    if boot.dies and not status.exists() and re.search(boot.dies, serial):
        return Booted(name=boot.label, suite=boot.suite, out=out, serial=serial, seconds=seconds)
    if said or boot.dies or not status.exists():
        tail = "\n".join(serial.splitlines()[-25:])
        why = said or "it went off before its script was done"
        raise LabError(f"{boot.label}: {why} ({seconds:.0f} s); its console is in {log}:\n{tail}")
    if (code := status.read_text().strip()) != "0":
        words = (out / "said.txt").read_text("utf-8", "replace")[-2000:]
        raise LabError(f"{boot.label}: its script exited with {code}:\n{words}")
    return Booted(name=boot.label, suite=boot.suite, out=out, serial=serial, seconds=seconds)


def _waited(command: Iterable[str], limit: int) -> str:
    """Run QEMU; give what went wrong.

    A machine that lost its timer waits forever, and so uses no processor time: it is ended early.
    """
    with (
        tempfile.TemporaryFile() as told,
        psutil.Popen(list(command), stdin=subprocess.DEVNULL, stdout=told, stderr=told) as qemu,
    ):
        used, since, end = 0.0, time.monotonic(), time.monotonic() + limit
        while time.monotonic() < end:
            try:
                code = qemu.wait(timeout=_LOOK_EVERY)
            except psutil.TimeoutExpired:
                times = qemu.cpu_times()
                if times.user + times.system > used + _NOTHING:
                    used, since = times.user + times.system, time.monotonic()
                elif time.monotonic() > since + _STUCK_AFTER:
                    qemu.kill()
                    return f"stuck: it used no processor time for {_STUCK_AFTER} s"
            else:
                told.seek(0)
                return f"QEMU exited with {code}: {told.read()[-500:]!r}" if code else ""
        qemu.kill()
        return f"not off after {limit} s"


def clear_logs() -> None:
    """Remove the logs of former runs."""
    shutil.rmtree(_LOGS, ignore_errors=True)
