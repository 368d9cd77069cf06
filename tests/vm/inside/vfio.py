"""Runs on Linux: QEMU opens devices by VFIO, and one of them reads and writes guest memory.

Nothing runs in these guests.  Each case of /share/vfio.json leaves NAME.status and NAME.stderr of
QEMU, and NAME.dmesg, the lines that the kernel logged meanwhile.  A case with ``usb`` is a guest
whose UHCI controller is told, by QEMU's qtest protocol, to read its schedule from an address; it
leaves NAME.usb, what the controller wrote there.  A case with ``over`` places memory at an address.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

QEMU = (
    "qemu-system-x86_64", "-nodefaults", "-no-user-config", "-display", "none", "-machine", "q35",
)  # fmt: skip
SLOT = 5
"""Of the device in the guest; memory that is placed at an address is in the next slot."""
IO = 0xC000
"""Where the guest has the registers of its USB controller."""
ACTIVE, TIMEOUT = 1 << 23, 1 << 18
"""Bits of a transfer descriptor: to be done; nobody answered."""


def main() -> None:
    """Do the cases in order."""
    cases = json.loads(Path("/share/vfio.json").read_text("utf-8"))
    for name, case in cases.items():
        bind(case["device"])
        before = log()
        begin = time.monotonic()
        machine = Machine(case)
        if "usb" in case and machine.runs():
            Path(f"{name}.usb").write_text(machine.run_usb(case["usb"]), "utf-8")
        if "over" in case and machine.runs():
            machine.place(case["over"])
        status, stderr = machine.end()
        Path(f"{name}.status").write_text(str(status), "utf-8")
        Path(f"{name}.stderr").write_text(stderr, "utf-8")
        Path(f"{name}.dmesg").write_text("\n".join(log()[len(before) :]), "utf-8")
        sys.stdout.write(f"{name}: {status}, {time.monotonic() - begin:.1f} s\n{stderr}\n")


def bind(device: str) -> None:
    """Give a device to vfio-pci."""
    folder = Path("/sys/bus/pci/devices", device)
    driver = folder / "driver"
    if driver.exists() and driver.resolve().name == "vfio-pci":
        return
    (folder / "driver_override").write_text("vfio-pci")
    if driver.exists():
        (driver / "unbind").write_text(device)
    Path("/sys/bus/pci/drivers_probe").write_text(device)


def log() -> "list[str]":
    """Return the kernel's lines."""
    done = subprocess.run(["dmesg"], capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace").splitlines()


class Machine:
    """A guest in which nothing runs, and what QEMU is told to do in it."""

    def __init__(self, case: "dict[str, object]") -> None:
        """Start QEMU."""
        words = [str(word) for word in case["options"]]  # type: ignore[attr-defined]
        self.qemu = subprocess.Popen(
            [*QEMU, "-accel", "tcg,tb-size=16", "-S", "-qtest", "stdio", "-qtest-log", "/dev/null", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
        )  # fmt: skip

    def ask(self, words: str) -> str:
        """Tell QEMU something; return its answer, empty if it has ended."""
        try:
            self.qemu.stdin.write(f"{words}\n".encode())  # type: ignore[union-attr]
        except BrokenPipeError:
            return ""
        return self.qemu.stdout.readline().decode().strip()  # type: ignore[union-attr]

    def runs(self) -> bool:
        """Return whether QEMU has opened its devices."""
        return self.ask("readl 0").startswith("OK")

    def configure(self, slot: int, register: int, value: int, width: str = "l") -> None:
        """Write a register of PCI configuration."""
        self.ask(f"outl 0xcf8 {0x80000000 | slot << 11 | register:#x}")
        self.ask(f"out{width} 0xcfc {value:#x}")

    def run_usb(self, at: int) -> str:
        """Let the USB controller read its schedule from `at`; return what it wrote, or nothing."""
        transfer = at + 0x1000
        self.ask(f"write {at:#x} 0x1000 0x{transfer.to_bytes(4, 'little').hex() * 1024}")
        # To a device that is not there: the controller marks that in the descriptor.
        for offset, value in enumerate((1, ACTIVE, 0x69 | 1 << 8 | 7 << 21, 0)):
            self.ask(f"writel {transfer + 4 * offset:#x} {value:#x}")
        self.configure(SLOT, 0x20, IO | 1)
        self.configure(SLOT, 0x04, 5, "w")
        self.ask(f"outl {IO + 8:#x} {at:#x}")
        self.ask(f"outw {IO:#x} 1")
        time.sleep(2)
        self.ask(f"outw {IO:#x} 0")
        word = int(self.ask(f"readl {transfer + 4:#x}").split()[-1], 16)
        return "written" if word & TIMEOUT and not word & ACTIVE else f"not written: {word:#x}"

    def place(self, at: int) -> None:
        """Place the memory of the next slot at `at`."""
        self.configure(SLOT + 1, 0x18, at)
        self.configure(SLOT + 1, 0x1C, 0)
        self.configure(SLOT + 1, 0x04, 2, "w")

    def end(self) -> "tuple[int, str]":
        """End QEMU, which exits with 0 if it came so far; return its status and its words."""
        self.runs()
        self.qemu.stdin.close()  # type: ignore[union-attr]
        ended = self.qemu.poll()
        if ended is None:
            try:
                ended = self.qemu.wait(3)
            except subprocess.TimeoutExpired:
                self.qemu.terminate()
                ended = self.qemu.wait(20)
        return ended, self.qemu.stderr.read().decode("utf-8", "replace")  # type: ignore[union-attr]


if __name__ == "__main__":
    main()
